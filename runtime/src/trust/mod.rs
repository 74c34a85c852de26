//! What a device is trusted with: before a program plays in a model, it is tried on this very device against its plain
//! reference, and among those that are right the fastest is taken. What was found out is kept for the next start.
//!
//! A trial can end the process: a compiler crashes, a driver hangs. So each is announced on the disk first, and what is
//! found announced at the next start is barred. Nothing here names a model or a GPU interface.

mod clock;
mod store;
mod trial;
mod trying;
mod variants;
mod verdict;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lorgnette_shaders::kernels::{embed, matmul};
use lorgnette_shaders::weights::Texels;
use lorgnette_shaders::{Medium, Program, Shader, Variant, fingerprint};

use crate::gpu::{AdapterReport, Gpu};
use crate::{Error, Result};
use store::Store;
use verdict::Verdict;

pub use trial::{Trial, check};
pub use variants::Variants;
pub use verdict::{Finding, Outcome};

/// A shader, what is known of its programs on this device, and which one is used.
#[derive(Clone, Debug)]
pub struct Judged {
    /// What is computed.
    pub shader: Shader,
    /// The program that is used: the choice among the right ones. `None` if there is no right one.
    pub used: Option<Program>,
    /// Each program that was looked at, the most wanted first.
    pub found: Vec<(Program, Finding)>,
}

/// What the trials of a load may take on a GPU before nothing is measured any more. What comes behind that are the small
/// cases of the rest, so that all of it is within 2 seconds.
pub(crate) const TRIAL_TIME: Duration = Duration::from_millis(1500);
/// The verdict on one device.
#[derive(Debug)]
pub(crate) struct Trust {
    variants: Variants,
    extra: Vec<(&'static str, &'static Variant)>,
    /// What matrices may lie in on this device.
    media: Vec<Medium>,
    /// What the device has beyond what all have.
    features: Vec<&'static str>,
    device: String,
    store: Option<Store>,
    /// Read when it is first asked for.
    verdict: Mutex<Option<Verdict>>,
}

impl Trust {
    /// Nothing is tried yet. `extra` are variants of kernels, by name, that are wanted before the kernel's own.
    pub fn new(
        report: &AdapterReport,
        variants: Variants,
        extra: Vec<(&'static str, &'static Variant)>,
        cache_dir: Option<&Path>,
    ) -> Result<Self> {
        // A driver's next version, or ours, is another device.
        let device = format!("lorgnette {} on {report:?}", env!("CARGO_PKG_VERSION"));
        let name = format!("{:016x}", fingerprint(device.as_bytes()));
        let mut media = variants.media();
        // A pinned medium is what was asked for: where it cannot be had, a load says so.
        if report.max_texture_side < Texels::SIDE && media.len() > 1 {
            media.retain(|medium| *medium != Medium::Texture);
        }
        let trust = Self {
            variants,
            media,
            features: report.features.clone(),
            extra,
            store: cache_dir.map(|folder| Store::new(folder, &name)),
            device,
            verdict: Mutex::default(),
        };
        let known = |shader: &Shader| trust.known(*shader).map(|p| p.variant).collect();
        trust.variants.check(&known, &trust.features)?;
        Ok(trust)
    }

    /// What may be used for a shader, the most wanted first.
    fn candidates(&self, shader: &Shader) -> Vec<Program> {
        let mut programs = self.programs(*shader);
        let weightless = shader.parts.weights.is_none();
        programs.retain(|program| weightless || self.media.contains(&program.medium));
        if let Some(pinned) = self.variants.of(shader) {
            programs.retain(|program| program.variant.name == pinned);
        }
        programs
    }

    /// Every program of a shader that the device can have.
    fn programs(&self, shader: Shader) -> Vec<Program> {
        let known = self.known(shader);
        known.filter(|p| p.variant.fits(&self.features)).collect()
    }

    /// Every program of a shader, on whichever device.
    fn known(&self, shader: Shader) -> impl Iterator<Item = Program> {
        let extra = self.extra.iter();
        let extra = extra.filter(move |(name, _)| *name == shader.kernel.name);
        let extra = extra.flat_map(move |(_, variant)| shader.by(variant).in_media());
        extra.chain(shader.programs())
    }

    /// Tries what is not known yet of these shaders' programs, and says what is to be used. Whether programs are right is
    /// always found out; which is the fastest only as long as all of it has taken less than `limit`, compiling apart.
    /// `progress` gets how many are tried, of how many.
    ///
    /// # Errors
    /// [`Error::DeviceLost`] if that happened; the program it happened with is barred from then on.
    pub fn judge(
        &self,
        gpu: &Arc<Gpu>,
        shaders: &[Shader],
        limit: Option<Duration>,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Vec<Judged>> {
        let mut verdict = self.verdict.lock().unwrap_or_else(PoisonError::into_inner);
        let verdict = verdict.get_or_insert_with(|| self.read());
        let open: Vec<&Shader> = shaders
            .iter()
            .filter(|s| self.is_open(verdict, s, limit.is_none()))
            .collect();
        if !open.is_empty() {
            let mut desk = self.store.as_ref().and_then(Store::sit_down);
            if desk.is_some() {
                // Another process may have written since.
                *verdict = self.read();
            }
            if let Some(desk) = &mut desk {
                self.mourn(verdict, desk);
            }
            let tried = self.try_all(gpu, verdict, &mut desk, &open, limit, progress);
            if let Some(desk) = desk {
                desk.save(&verdict.to_json(&self.device).to_string());
                desk.stand_up();
            }
            tried?;
        }
        let medium = self.medium(verdict, shaders);
        let judged = |shader: &Shader| {
            let of = |program: &Program| Some((*program, verdict.of(program)?.clone()));
            Judged {
                shader: *shader,
                used: self.best(verdict, shader, medium),
                found: self.programs(*shader).iter().filter_map(of).collect(),
            }
        };
        let judged: Vec<Judged> = shaders.iter().map(judged).collect();
        // Of each shader the best was kept until here, in whichever medium.
        for judged in &judged {
            let mut others = self.programs(judged.shader);
            others.retain(|program| judged.used != Some(*program));
            others.iter().for_each(|program| gpu.forget(program));
        }
        Ok(judged)
    }

    /// The best right program of a shader, with its weights, if it has any, in that medium.
    fn best(&self, verdict: &Verdict, shader: &Shader, medium: Medium) -> Option<Program> {
        let mut candidates = self.candidates(shader);
        let weightless = shader.parts.weights.is_none();
        candidates.retain(|program| weightless || program.medium == medium);
        verdict.choose(&candidates, self.variants.timed())
    }

    /// What all matrices lie in: of the media in which every one of the shaders can be played, textures where products of
    /// single rows are clearly faster in them, since these bound every token, else buffers. Where there is none, the first.
    fn medium(&self, verdict: &Verdict, shaders: &[Shader]) -> Medium {
        let playable = |medium: &Medium| {
            let mut best = shaders.iter().map(|s| self.best(verdict, s, *medium));
            best.all(|best| best.is_some())
        };
        // Prompts and single rows of the embedding are left out.
        let others = [&matmul::KERNEL, &embed::KERNEL];
        let products = || {
            let with_weights = shaders.iter().filter(|s| s.parts.weights.is_some());
            with_weights.filter(|shader| !others.contains(&shader.kernel))
        };
        let seconds = |medium| -> Option<f64> {
            let of = |shader| verdict.of(&self.best(verdict, shader, medium)?)?.seconds;
            products().map(of).sum()
        };
        let media: Vec<Medium> = self.media.iter().copied().filter(playable).collect();
        match media.as_slice() {
            [] => self.media[0],
            [only] => *only,
            _ if clearly_faster(seconds(Medium::Texture), seconds(Medium::Buffer)) => {
                Medium::Texture
            }
            _ => Medium::Buffer,
        }
    }

    /// Forgets everything about this device, also what is stored.
    pub fn forget(&self) {
        let mut verdict = self.verdict.lock().unwrap_or_else(PoisonError::into_inner);
        *verdict = Some(Verdict::default());
        if let Some(desk) = self.store.as_ref().and_then(Store::sit_down) {
            desk.save(&Verdict::default().to_json(&self.device).to_string());
            desk.stand_up();
        }
    }

    fn read(&self) -> Verdict {
        let text = self.store.as_ref().and_then(Store::read);
        let stored = text.and_then(|text| Verdict::from_json(&text, &self.device));
        stored.unwrap_or_default()
    }

    fn is_open(&self, verdict: &Verdict, shader: &Shader, time_now: bool) -> bool {
        let candidates = self.candidates(shader);
        let next = self.next(verdict, &candidates).is_some();
        next || (self.variants.timed() && !verdict.untimed(&candidates, time_now).is_empty())
    }
}

/// Whether textures are worth it: a trial differs by some percent from the next, and a buffer is quicker to fill. Without
/// a time of each, nothing is known.
fn clearly_faster(texture: Option<f64>, buffer: Option<f64>) -> bool {
    const CLEARLY: f64 = 1.1;
    let pair = texture.zip(buffer);
    pair.is_some_and(|(texture, buffer)| texture * CLEARLY < buffer)
}

impl Judged {
    /// What the matrices of the program that is used lie in, if it reads any.
    pub fn medium(&self) -> Option<Medium> {
        self.shader.parts.weights?;
        self.used.map(|program| program.medium)
    }

    /// The program to use.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if none is right, with what was found of each.
    pub(crate) fn program(&self) -> Result<Program> {
        self.used.ok_or_else(|| {
            let found = self.found.iter().map(|(program, finding)| {
                let (name, outcome) = (program.name(), finding.outcome.name());
                format!("{name} is {outcome} ({})", finding.message)
            });
            Error::Unsupported {
                what: format!("device for kernel {}", self.shader.label()),
                expected: "a variant that computes here as its reference does".into(),
                found: found.collect::<Vec<_>>().join("; "),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_texture_is_chosen_where_it_is_clearly_faster() {
        for (texture, buffer, expected) in [
            (Some(1.0), Some(1.0), false),
            (Some(0.95), Some(1.0), false),
            (Some(0.85), Some(1.0), true),
            (Some(1.0), Some(0.5), false),
            (None, None, false),
            (Some(1.0), None, false),
            (None, Some(1.0), false),
        ] {
            let found = clearly_faster(texture, buffer);
            assert_eq!(found, expected, "{texture:?} {buffer:?}");
        }
    }
}
