//! What belongs into a bug report: the adapters, the one that is used, and for each kernel what was found out about it.

use lorgnette::every_shader;
use lorgnette::trust::{Judged, Outcome};

use crate::{AdapterFacts, Result, adapters, version};

/// A way to compute a kernel, and what was found out about it on this device.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
pub struct VariantVerdict {
    /// Its name; with `@texture` where it reads its weights from one.
    pub name: String,
    /// `right`, `wrong`, `refused` or `barred`.
    pub outcome: String,
    /// The worst case: mean squared error over the mean square of what was expected.
    pub error: f64,
    /// Seconds of a common size, where there was a choice to be made.
    pub seconds: Option<f64>,
    /// What is wrong; empty where nothing is.
    pub message: String,
}

/// A kernel with the parts it takes.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
pub struct KernelVerdict {
    /// Its name.
    pub kernel: String,
    /// The variant that is used; none where no variant is right.
    pub used: Option<String>,
    /// All that were tried.
    pub variants: Vec<VariantVerdict>,
}

impl From<&Judged> for KernelVerdict {
    fn from(judged: &Judged) -> Self {
        let variants = judged
            .found
            .iter()
            .map(|(program, finding)| VariantVerdict {
                name: program.name(),
                outcome: finding.outcome.name().to_owned(),
                error: finding.nmse,
                seconds: finding.seconds,
                message: finding.message.clone(),
            });
        Self {
            kernel: judged.shader.label(),
            used: judged.used.map(|program| program.name()),
            variants: variants.collect(),
        }
    }
}

/// The report.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
pub struct Doctor {
    /// The library's version.
    pub version: String,
    /// Operating system and processor.
    pub system: String,
    /// Every adapter there is.
    pub adapters: Vec<AdapterFacts>,
    /// The one that is used.
    pub used: AdapterFacts,
    /// Every kernel; none where the references play.
    pub kernels: Vec<KernelVerdict>,
    /// All of it in lines, to be pasted.
    pub text: String,
}

impl Doctor {
    pub(crate) fn of(runtime: &lorgnette::Runtime) -> Result<Self> {
        let judged = runtime.judge(&every_shader(), None, &mut |_, _| ())?;
        let mut report = Self {
            version: version(),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            adapters: adapters(),
            used: runtime.adapter().into(),
            kernels: judged.iter().map(Into::into).collect(),
            text: String::new(),
        };
        report.text = report.page();
        Ok(report)
    }

    fn page(&self) -> String {
        let mut page = format!("lorgnette {} on {}\n", self.version, self.system);
        for adapter in &self.adapters {
            let used = if adapter.name == self.used.name {
                "used: "
            } else {
                ""
            };
            page += &format!(
                "{used}{} ({}, {}, {}): bindings of {} bytes, {} bytes of workgroup memory, subgroups of {} to {}, {}\n",
                adapter.name,
                adapter.driver,
                adapter.backend,
                adapter.kind,
                adapter.max_binding_bytes,
                adapter.max_workgroup_bytes,
                adapter.least_subgroup,
                adapter.largest_subgroup,
                adapter.features.join(", "),
            );
        }
        for kernel in &self.kernels {
            let used = kernel.used.as_deref().unwrap_or("NOTHING IS RIGHT");
            page += &format!("{}: {used}\n", kernel.kernel);
            let right = Outcome::Right.name();
            for wrong in kernel
                .variants
                .iter()
                .filter(|variant| variant.outcome != right)
            {
                page += &format!("  {} {}: {}\n", wrong.name, wrong.outcome, wrong.message);
            }
        }
        page
    }
}
