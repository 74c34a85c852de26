//! Which variants the caller allows: pinned by kernel, what weights may lie in, and whether the fastest or the first right
//! one is taken.

use std::str::FromStr;

use lorgnette_shaders::kernel::WEIGHTS;
use lorgnette_shaders::{Medium, Shader, Variant, shaders};

use crate::gpu::refuse_lacking;
use crate::{Error, Result};

/// Which variants of kernels may be used. By default the fastest that is right on this device.
///
/// As text: items with commas or lines between them, `#` before a remark. An item is `KERNEL=VARIANT` for all parts,
/// `KERNEL[PART]=VARIANT` for one, `weights=buffer` or `weights=texture` for what matrices lie in, or `in-order`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variants {
    in_order: bool,
    pinned: Vec<(String, String)>,
}

impl Variants {
    /// The first right one of each kernel, without looking at the clock, with matrices in buffers where nothing else is
    /// pinned: the same choice every time.
    pub fn in_order() -> Self {
        Self {
            in_order: true,
            pinned: Vec::new(),
        }
    }

    /// The same with a pin: only that variant of the kernel (`matmul`) or the shader (`matmul[q4_0]`) may be used, or only
    /// that medium for `weights`.
    pub fn pin(mut self, kernel: &str, variant: &str) -> Self {
        self.pinned.push((kernel.to_owned(), variant.to_owned()));
        self
    }

    pub(super) fn timed(&self) -> bool {
        !self.in_order
    }

    /// The variant that the shader is pinned to. What was said last counts.
    pub(super) fn of(&self, shader: &Shader) -> Option<&str> {
        let pins = self.pinned.iter().rev();
        pins.filter(|(kernel, _)| names(kernel, shader))
            .map(|(_, variant)| variant.as_str())
            .next()
    }

    /// What matrices may lie in. What was said last counts.
    pub(super) fn media(&self) -> Vec<Medium> {
        let mut pins = self.pinned.iter().rev();
        let pinned = pins.find(|(name, _)| name == WEIGHTS);
        match pinned.and_then(|(_, medium)| Medium::named(medium)) {
            Some(medium) => vec![medium],
            None if self.in_order => vec![Medium::Buffer],
            None => Medium::ALL.to_vec(),
        }
    }

    /// Every pin names a kernel and a variant of it that a device with these features can have, or a medium; `known` are
    /// a shader's variants on all devices.
    pub(super) fn check(
        &self,
        known: &dyn Fn(&Shader) -> Vec<&'static Variant>,
        features: &[&str],
    ) -> Result<()> {
        for (kernel, variant) in &self.pinned {
            if kernel == WEIGHTS {
                if Medium::named(variant).is_none() {
                    let media = Medium::ALL.map(Medium::name).join(" or ");
                    return Err(unknown(format!("{media} for {WEIGHTS}"), variant));
                }
                continue;
            }
            let all = shaders();
            let Some(shader) = all.iter().find(|shader| names(kernel, shader)) else {
                let mut kernels: Vec<&str> = all.iter().map(|s| s.kernel.name).collect();
                kernels.dedup();
                return Err(unknown(format!("one of {}", kernels.join(", ")), kernel));
            };
            let variants = known(shader);
            let Some(pinned) = variants.iter().find(|known| known.name == variant) else {
                let mut names: Vec<&str> = variants.iter().map(|known| known.name).collect();
                names.dedup();
                let expected = format!("one of {} for {kernel}", names.join(", "));
                return Err(unknown(expected, variant));
            };
            refuse_lacking(&format!("{kernel}={variant}"), pinned, features)?;
        }
        Ok(())
    }
}

fn names(kernel: &str, shader: &Shader) -> bool {
    kernel == shader.kernel.name || kernel == shader.label()
}

fn unknown(expected: String, found: &str) -> Error {
    Error::Input {
        what: "variants".into(),
        expected,
        found: format!("\"{found}\""),
    }
}

impl FromStr for Variants {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut variants = Self::default();
        let lines = text
            .lines()
            .map(|line| line.split('#').next().unwrap_or_default());
        let items = lines.flat_map(|line| line.split(',')).map(str::trim);
        for item in items.filter(|item| !item.is_empty()) {
            variants = match item.split_once('=') {
                None if item == "in-order" => Self {
                    in_order: true,
                    ..variants
                },
                None => return Err(unknown("KERNEL=VARIANT, or in-order".into(), item)),
                Some((kernel, variant)) => variants.pin(kernel.trim(), variant.trim()),
            };
        }
        Ok(variants)
    }
}
