//! `lorgnette doctor`: which adapters this machine has, which one would be used, and the verdict on it: whether it
//! computes rightly, by which variant of each kernel, how fast. Made to be pasted into a report.

use lorgnette::trust::{Judged, Outcome};
use lorgnette::{Adapter, AdapterKind, AdapterReport, Medium, adapters, every_shader};
use serde::Serialize;

use crate::args;
use crate::load::count_bar;
use crate::output::{Failure, Result, bytes, json, table, write};

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    device: args::Device,
    /// Forget what was found out before, and try everything again
    #[arg(long)]
    fresh: bool,
    /// One object with the same
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Report {
    version: &'static str,
    system: String,
    adapters: Vec<Found>,
    chosen: Option<Chosen>,
    /// What matrices lie in on the chosen adapter, where they are read by kernels that were tried: buffer or texture.
    weights: Option<&'static str>,
    /// Every kernel with every part it takes, on the chosen adapter; none where the references play.
    kernels: Vec<Kernel>,
}

#[derive(Debug, Serialize)]
struct Kernel {
    kernel: String,
    /// The variant that is used; none if no variant is right.
    used: Option<String>,
    variants: Vec<Variant>,
}

#[derive(Debug, Serialize)]
struct Variant {
    /// With `@texture` where it reads its weights from one.
    name: String,
    /// right, wrong, refused, or barred
    outcome: &'static str,
    /// The worst case: mean squared error over the mean square of what was expected.
    nmse: f64,
    /// Seconds of dispatches of a common size, where there was a choice.
    seconds: Option<f64>,
    /// What is wrong, empty where nothing is.
    message: String,
}

#[derive(Debug, Serialize)]
struct Found {
    name: String,
    driver: String,
    backend: String,
    kind: &'static str,
    limits: Limits,
    features: Vec<&'static str>,
}

#[derive(Debug, Serialize)]
struct Limits {
    max_binding_bytes: u64,
    max_buffer_bytes: u64,
    max_texture_side: u32,
    max_workgroup_bytes: u32,
    max_workgroup_invocations: u32,
    subgroup_sizes: (u32, u32),
}

#[derive(Debug, Serialize)]
struct Chosen {
    name: String,
    why: &'static str,
}

const NO_ADAPTER: &str = "no adapter: expected a Vulkan or Metal driver, found none. A software driver is enough to try \
                          (on Debian and Ubuntu: apt-get install mesa-vulkan-drivers); --adapter cpu needs none";

pub fn run(args: &Args) -> Result<()> {
    let adapters = adapters();
    let asked = args.device.adapter.clone().unwrap_or_default();
    let mut report = Report {
        version: env!("CARGO_PKG_VERSION"),
        system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        adapters: adapters.into_iter().map(Found::from).collect(),
        chosen: None,
        weights: None,
        kernels: Vec::new(),
    };
    if report.adapters.is_empty() && asked != Adapter::Cpu {
        return tell(args, &report).and(Err(Failure::Verdict(NO_ADAPTER.to_owned())));
    }
    let runtime = args.device.runtime()?;
    if args.fresh {
        runtime.forget_verdict();
    }
    let bar = count_bar("trying kernels", 0);
    let judged = runtime.judge(&every_shader(), None, &mut |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    let judged = judged?;
    report.kernels = judged.iter().map(Kernel::from).collect();
    report.weights = judged.iter().find_map(Judged::medium).map(Medium::name);
    report.chosen = Some(Chosen {
        name: runtime.adapter().name.clone(),
        why: why(&asked, runtime.adapter().kind),
    });
    tell(args, &report)?;
    match report.unusable() {
        0 => Ok(()),
        unusable => Err(Failure::Verdict(format!(
            "{unusable} kernels have no variant that is right on {}",
            runtime.adapter().name
        ))),
    }
}

impl From<&Judged> for Kernel {
    fn from(judged: &Judged) -> Self {
        let variants = judged.found.iter().map(|(program, finding)| Variant {
            name: program.name(),
            outcome: finding.outcome.name(),
            nmse: finding.nmse,
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

fn tell(args: &Args, report: &Report) -> Result<()> {
    match args.json {
        true => json(report),
        false => write(&report.page()),
    }
}

fn why(asked: &Adapter, kind: AdapterKind) -> &'static str {
    match (asked, kind) {
        (Adapter::Named(_) | Adapter::Cpu, _) => "asked for",
        (Adapter::Auto, AdapterKind::Software) => {
            "there is no hardware; the numbers are right, the speed is low"
        }
        (Adapter::Auto, _) => "the best hardware here",
    }
}

const fn kind(kind: AdapterKind) -> &'static str {
    match kind {
        AdapterKind::Discrete => "discrete",
        AdapterKind::Integrated => "integrated",
        AdapterKind::Virtual => "virtual",
        AdapterKind::Software => "software",
        AdapterKind::Reference => "reference",
        AdapterKind::Unknown => "unknown",
    }
}

impl From<AdapterReport> for Found {
    fn from(report: AdapterReport) -> Self {
        Self {
            kind: kind(report.kind),
            name: report.name,
            driver: report.driver,
            backend: report.backend,
            limits: Limits {
                max_binding_bytes: report.max_binding_bytes,
                max_buffer_bytes: report.max_buffer_bytes,
                max_texture_side: report.max_texture_side,
                max_workgroup_bytes: report.max_workgroup_bytes,
                max_workgroup_invocations: report.max_workgroup_invocations,
                subgroup_sizes: report.subgroup_sizes,
            },
            features: report.features,
        }
    }
}

impl Report {
    fn page(&self) -> String {
        let mut page = format!("lorgnette {} on {}\n", self.version, self.system);
        for adapter in &self.adapters {
            let (limits, (low, high)) = (&adapter.limits, adapter.limits.subgroup_sizes);
            let workgroup = bytes(limits.max_workgroup_bytes.into());
            let invocations = limits.max_workgroup_invocations;
            page += &format!("{}\n", adapter.name);
            for (name, value) in [
                ("kind", format!("{}, {}", adapter.kind, adapter.backend)),
                ("driver", adapter.driver.clone()),
                (
                    "binding",
                    format!("at most {}", bytes(limits.max_binding_bytes)),
                ),
                (
                    "buffer",
                    format!("at most {}", bytes(limits.max_buffer_bytes)),
                ),
                (
                    "texture",
                    format!("at most {} texels wide and high", limits.max_texture_side),
                ),
                (
                    "workgroup",
                    format!("at most {workgroup} and {invocations} invocations"),
                ),
                ("subgroups", format!("of {low} to {high}")),
                ("features", adapter.features.join(", ")),
            ] {
                page += &format!("  {name:<11}{value}\n");
            }
        }
        if let Some(chosen) = &self.chosen {
            page += &format!("used: {} ({})\n", chosen.name, chosen.why);
        }
        if !self.kernels.is_empty() {
            page += &self.verdict();
        }
        page
    }

    fn unusable(&self) -> usize {
        self.kernels.iter().filter(|k| k.used.is_none()).count()
    }

    /// A row for each variant, with `*` before the one that is used.
    fn verdict(&self) -> String {
        let all = self.kernels.len();
        let mut page = format!("kernels right here: {} of {all}\n", all - self.unusable());
        if let Some(weights) = self.weights {
            page += &format!("matrices lie in: {weights}\n");
        }
        let head = ["  kernel", "variant", "found", "error", "time", ""];
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        for kernel in &self.kernels {
            for (at, variant) in kernel.variants.iter().enumerate() {
                let used = kernel.used.as_ref() == Some(&variant.name);
                let right = variant.outcome == Outcome::Right.name();
                let name = if at == 0 { kernel.kernel.as_str() } else { "" };
                let mark = if used { '*' } else { ' ' };
                let time = variant
                    .seconds
                    .map(|seconds| format!("{:.3} ms", seconds * 1e3));
                rows.push(vec![
                    format!("  {name}"),
                    format!("{mark}{}", variant.name),
                    if right {
                        "right".to_owned()
                    } else {
                        variant.outcome.to_uppercase()
                    },
                    format!("{:.0e}", variant.nmse),
                    time.unwrap_or_default(),
                    variant.message.clone(),
                ]);
            }
        }
        page += &table(&rows, 3);
        page += "time: products of 1024 x 512, matmul by 64 rows; attention at position 500, of 32 rows and of 32 single ones\n";
        page
    }
}
