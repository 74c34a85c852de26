//! `lorgnette doctor`: which adapters this machine has, which one would be used, and whether it computes rightly.

use std::collections::BTreeMap;

use lorgnette::selftest::{SelfTest, Verdict, selftest};
use lorgnette::{Adapter, AdapterKind, AdapterReport, adapters};
use serde::Serialize;

use crate::args;
use crate::output::{Failure, Result, bytes, json, write};

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    device: args::Device,
    /// One object with the same
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Report {
    adapters: Vec<Found>,
    chosen: Option<Chosen>,
    /// Every kernel with every part it takes, on the chosen adapter against its reference.
    kernels: Vec<Kernel>,
}

#[derive(Debug, Default, Serialize)]
struct Kernel {
    kernel: String,
    passed: bool,
    cases: usize,
    /// The worst case: mean squared error over the mean square of what was expected.
    nmse: f64,
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
    if adapters.is_empty() && asked != Adapter::Cpu {
        return tell(
            args,
            &Report {
                adapters: Vec::new(),
                chosen: None,
                kernels: Vec::new(),
            },
        )
        .and(Err(Failure::Verdict(NO_ADAPTER.to_owned())));
    }
    let runtime = args.device.runtime()?;
    let report = Report {
        adapters: adapters.into_iter().map(Found::from).collect(),
        chosen: Some(Chosen {
            name: runtime.adapter().name.clone(),
            why: why(&asked, runtime.adapter().kind),
        }),
        kernels: kernels(&selftest(&runtime)),
    };
    tell(args, &report)?;
    match report
        .kernels
        .iter()
        .filter(|kernel| !kernel.passed)
        .count()
    {
        0 => Ok(()),
        failed => Err(Failure::Verdict(format!(
            "{failed} kernels are wrong on {}",
            runtime.adapter().name
        ))),
    }
}

/// One line for each kernel and part, over all of its cases.
fn kernels(tests: &[SelfTest]) -> Vec<Kernel> {
    let mut all: BTreeMap<&str, Kernel> = BTreeMap::new();
    for test in tests {
        let kernel = all.entry(&test.program).or_insert_with(|| Kernel {
            kernel: test.program.clone(),
            passed: true,
            ..Kernel::default()
        });
        kernel.cases += 1;
        kernel.nmse = kernel.nmse.max(test.distance.nmse);
        if test.verdict != Verdict::Passed && kernel.passed {
            kernel.passed = false;
            kernel.message = format!("{}: {}", test.case, test.message);
        }
    }
    all.into_values().collect()
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
        let mut page = String::new();
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
        let passed = self.kernels.iter().filter(|kernel| kernel.passed).count();
        if !self.kernels.is_empty() {
            page += &format!("kernels right here: {passed} of {}\n", self.kernels.len());
        }
        for kernel in &self.kernels {
            let verdict = if kernel.passed { "right" } else { "WRONG" };
            page += &format!(
                "  {:<18}{verdict}  error {:.0e}  {}\n",
                kernel.kernel, kernel.nmse, kernel.message
            );
        }
        page
    }
}
