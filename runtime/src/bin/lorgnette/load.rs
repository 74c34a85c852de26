//! From options to things: the file, the device, the loaded model, with progress bars where a person looks on.

use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use lorgnette::formats::Checkpoint;
use lorgnette::{
    Blueprint, Budget, LoadOptions, Model, Progress, Runtime, RuntimeOptions, Stage, Variants,
};

use crate::args::{Device, File, Load};
use crate::output::{Failure, Result, input};

impl File {
    pub fn named(model: &str) -> Self {
        let model = model.to_owned();
        Self { model }
    }

    /// The file behind the name.
    pub fn path(&self) -> Result<PathBuf> {
        #[cfg(feature = "pull")]
        return Ok(lorgnette::pull::resolve(&self.model)?);
        #[cfg(not(feature = "pull"))]
        match Path::new(&self.model) {
            path if path.is_file() => Ok(path.to_owned()),
            _ => Err(input(
                "model",
                "a file; names need a build with the feature `pull`",
                &self.model,
            )),
        }
    }

    pub fn open(&self) -> Result<Checkpoint> {
        Ok(Checkpoint::open(&self.path()?)?)
    }
}

impl Device {
    pub fn runtime(&self) -> Result<Runtime> {
        Ok(Runtime::new(self.options()?)?)
    }

    pub fn options(&self) -> Result<RuntimeOptions> {
        Ok(RuntimeOptions {
            adapter: self.adapter.clone().unwrap_or_default(),
            profile: self.profile,
            max_binding_bytes: self.max_binding,
            cache_dir: lorgnette::cache_dir().ok(),
            variants: self.variants()?,
            ..RuntimeOptions::default()
        })
    }

    /// Bytes that one binding may have: on the named adapter, or on paper.
    pub fn binding_bytes(&self) -> Result<u64> {
        if self.adapter.is_some() {
            return Ok(self.runtime()?.max_binding_bytes());
        }
        let binding = self.profile.binding_bytes();
        Ok(self.max_binding.map_or(binding, |asked| asked.min(binding)))
    }

    fn variants(&self) -> Result<Variants> {
        let Some(given) = &self.variants else {
            return Ok(Variants::default());
        };
        let path = Path::new(given);
        match path.is_file() {
            true => Ok(text(None, Some(path), "--variants")?.parse()?),
            false => Ok(given.parse()?),
        }
    }
}

impl Load {
    pub fn options(&self, context: Option<u32>) -> LoadOptions {
        let usual = LoadOptions::default().on(&self.device.profile);
        let budget = self.budget.clone().or(usual.budget);
        LoadOptions {
            context,
            kv: self.kv.unwrap_or(usual.kv),
            prefill_chunk: self.prefill_chunk.unwrap_or(usual.prefill_chunk),
            budget: budget.map(|budget| self.pinned(budget)),
            ..usual
        }
    }

    /// The budget with what the command line asks for: what has an option of its own is never chosen otherwise.
    fn pinned(&self, budget: Budget) -> Budget {
        let kv = self.min_kv.or(self.kv);
        let chunk = self.prefill_chunk;
        Budget {
            least_context: self.min_context,
            worst_kv: kv.unwrap_or(budget.worst_kv),
            least_prefill_chunk: chunk.unwrap_or(budget.least_prefill_chunk),
            streaming: !self.resident,
            ..budget
        }
    }

    /// The model on its device. `peak` looks when a part of the load is done.
    pub fn model(&self, context: Option<u32>, peak: &mut AllocatorPeak) -> Result<Model> {
        self.model_on(&self.device.runtime()?, context, peak)
    }

    /// The same on a runtime that is there.
    pub fn model_on(
        &self,
        runtime: &Runtime,
        context: Option<u32>,
        peak: &mut AllocatorPeak,
    ) -> Result<Model> {
        let path = self.file.path()?;
        model(runtime, &path, &self.options(context), peak)
    }

    /// The model on paper: for the named device where one is named, else for what most phones can bind.
    pub fn blueprint(&self, options: &LoadOptions) -> Result<(Checkpoint, Blueprint)> {
        let checkpoint = self.file.open()?;
        let binding = self.device.binding_bytes()?;
        let blueprint = Blueprint::new(&checkpoint, options, binding)?;
        Ok((checkpoint, blueprint))
    }
}

/// A model on a device. `peak` looks when a part of the load is done: all that the load takes is there with the last chunk of
/// weights.
pub fn model(
    runtime: &Runtime,
    path: &Path,
    options: &LoadOptions,
    peak: &mut AllocatorPeak,
) -> Result<Model> {
    let mut bars = LoadBars::default();
    let model = Model::load(runtime, path, options, |progress| {
        if progress.done == progress.total {
            peak.sample(runtime);
        }
        bars.show(progress);
    });
    bars.clear();
    Ok(model?)
}

/// The most that wgpu's allocator was seen to have handed out and to hold, where it keeps an account.
#[derive(Debug, Default)]
pub struct AllocatorPeak {
    pub allocated: Option<u64>,
    pub reserved: Option<u64>,
}

impl AllocatorPeak {
    /// Not for every chunk or token: the allocator makes a list of all that it has, which made a load half as long again.
    pub fn sample(&mut self, runtime: &Runtime) {
        if let Some((allocated, reserved)) = runtime.allocator() {
            self.allocated = self.allocated.max(Some(allocated));
            self.reserved = self.reserved.max(Some(reserved));
        }
    }
}

/// A bar for each stage that has begun: trials, then pipelines and weights beside each other.
#[derive(Default)]
struct LoadBars {
    all: MultiProgress,
    bars: Vec<(Stage, ProgressBar)>,
}

impl LoadBars {
    fn show(&mut self, progress: Progress) {
        let known = self.bars.iter().find(|(stage, _)| *stage == progress.stage);
        let bar = match known {
            Some((_, bar)) => bar.clone(),
            None => {
                let bar = match progress.stage {
                    Stage::Trials => count_bar("trying kernels", progress.total),
                    Stage::Pipelines => count_bar("pipelines", progress.total),
                    Stage::Weights => byte_bar("weights", progress.total),
                };
                let bar = self.all.add(bar);
                self.bars.push((progress.stage, bar.clone()));
                bar
            }
        };
        bar.set_position(progress.done);
        if progress.done == progress.total {
            bar.finish_and_clear();
        }
    }

    fn clear(&self) {
        self.bars.iter().for_each(|(_, bar)| bar.finish_and_clear());
    }
}

/// A bar that counts; on standard error, and only where that is a terminal.
pub fn count_bar(what: &'static str, total: u64) -> ProgressBar {
    bar(what, total, "{msg} [{bar:40}] {pos}/{len} {eta}")
}

/// The same for bytes.
pub fn byte_bar(what: &'static str, total: u64) -> ProgressBar {
    bar(
        what,
        total,
        "{msg} [{bar:40}] {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec} {eta}",
    )
}

fn bar(what: &'static str, total: u64, template: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(template).expect("our own templates are sound");
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
    bar.set_style(style.progress_chars("=> "));
    bar.set_message(what);
    bar.enable_steady_tick(Duration::from_millis(250));
    bar
}

/// Text that was given, or is in a file, or comes from standard input where no person sits at it.
pub fn text(given: Option<&str>, file: Option<&Path>, option: &str) -> Result<String> {
    let named = |path: &Path, source| {
        Failure::Library(lorgnette::Error::Io {
            path: path.to_owned(),
            source,
        })
    };
    if let Some(text) = given {
        return Ok(text.to_owned());
    }
    if let Some(path) = file {
        return std::fs::read_to_string(path).map_err(|source| named(path, source));
    }
    let mut stdin = std::io::stdin();
    if stdin.is_terminal() {
        return Err(Failure::Usage(format!(
            "no text: give {option}, -f FILE, or standard input"
        )));
    }
    let mut text = String::new();
    stdin
        .read_to_string(&mut text)
        .map_err(|source| named(Path::new("standard input"), source))?;
    match text.is_empty() {
        true => Err(input(
            "text",
            format!("{option}, -f FILE, or standard input"),
            "nothing",
        )),
        false => Ok(text),
    }
}
