//! From nothing to the first token, and what each part of the way takes: on a device that was never seen (no verdict and
//! no pipelines of ours on the disk), on one that was, and on one that is open and has the pipelines, so that the weights
//! are alone; and how fast weights stream then. What a driver itself has kept of earlier runs is not ours to empty: a
//! first run of all is slower still. Only for `bench`.

use std::path::PathBuf;
use std::time::Instant;

use lorgnette::{GenerateOptions, LoadTimings, Model, Prompt, Runtime, RuntimeOptions, Sampling};
use serde::Serialize;

use crate::load::AllocatorPeak;
use crate::output::{Failure, Result, input, table};
use crate::weights_alone::WeightsAlone;
use crate::{args, bench};

/// All three ways, and the weights by themselves.
#[derive(Debug, Serialize)]
pub struct FirstToken {
    cold: Parts,
    warm: Parts,
    again: Parts,
    #[serde(flatten)]
    weights_alone: WeightsAlone,
}

/// Seconds of each part, and of all. Pipelines and weights go on at once.
#[derive(Debug, Serialize)]
struct Parts {
    device_s: f64,
    #[serde(flatten)]
    load: Load,
    /// Keys, values and bind groups.
    session_s: f64,
    prefill_s: f64,
    total_s: f64,
}

/// The parts of a load. Pipelines and weights go on at once.
#[derive(Debug, Serialize)]
pub struct Load {
    open_s: f64,
    text_s: f64,
    trials_s: f64,
    /// Shaders that were tried.
    tried: u64,
    pipelines_s: f64,
    weights_s: f64,
}

impl Load {
    pub fn new(timings: &LoadTimings) -> Self {
        Self {
            open_s: timings.open_s,
            text_s: timings.text_s,
            trials_s: timings.trials_s,
            tried: timings.tried,
            pipelines_s: timings.pipelines_s,
            weights_s: timings.weights_s,
        }
    }

    /// The parts on one line, for people.
    pub fn text(&self) -> String {
        format!(
            "file {:.3}, text {:.3}, trials {:.3}, pipelines {:.3} and meanwhile weights {:.3}",
            self.open_s, self.text_s, self.trials_s, self.pipelines_s, self.weights_s
        )
    }
}

impl FirstToken {
    /// Goes the whole way with an empty folder of our own, with what the first time left in it, and on an open device.
    pub fn measure(load: &args::Load, context: Option<u32>, prompt: usize) -> Result<Self> {
        let folder = Folder::new()?;
        let open = || -> Result<_> {
            let start = Instant::now();
            let runtime = Runtime::new(RuntimeOptions {
                cache_dir: Some(folder.0.clone()),
                ..load.device.options()?
            })?;
            Ok((runtime, start.elapsed().as_secs_f64()))
        };
        let parts =
            |runtime: &Runtime, device_s| Parts::measure(load, runtime, device_s, context, prompt);
        let (runtime, device_s) = open()?;
        let cold = parts(&runtime, device_s)?;
        drop(runtime);
        let (runtime, device_s) = open()?;
        let warm = parts(&runtime, device_s)?;
        let again = parts(&runtime, 0.0)?;
        Ok(Self {
            cold,
            warm,
            again,
            weights_alone: WeightsAlone::measure(load, &runtime, context)?,
        })
    }

    pub fn table(&self) -> String {
        let heads = ["first token, s", "cold", "warm", "again"];
        let mut rows = vec![heads.map(str::to_owned).to_vec()];
        let ways = [&self.cold, &self.warm, &self.again].map(Parts::rows);
        for (i, (name, _)) in ways[0].iter().enumerate() {
            let times = ways.iter().map(|way| format!("{:.3}", way[i].1));
            rows.push([(*name).to_owned()].into_iter().chain(times).collect());
        }
        format!("{}{}", table(&rows, 1), self.weights_alone.text())
    }
}

impl Parts {
    fn measure(
        load: &args::Load,
        runtime: &Runtime,
        device_s: f64,
        context: Option<u32>,
        prompt: usize,
    ) -> Result<Self> {
        let start = Instant::now();
        let model = load.model_on(runtime, context, &mut AllocatorPeak::default())?;
        let loaded = Instant::now();
        let mut session = model.session()?;
        let session_s = loaded.elapsed().as_secs_f64();
        let prefill_s = prefill(&model, &mut session, prompt)?;
        Ok(Self {
            device_s,
            load: Load::new(model.load_timings()),
            session_s,
            prefill_s,
            total_s: device_s + start.elapsed().as_secs_f64(),
        })
    }

    fn rows(&self) -> [(&'static str, f64); 9] {
        let load = &self.load;
        [
            ("device", self.device_s),
            ("file and plans", load.open_s),
            ("tokenizer and template", load.text_s),
            ("trials", load.trials_s),
            ("pipelines", load.pipelines_s),
            ("weights, meanwhile", load.weights_s),
            ("session", self.session_s),
            ("prompt", self.prefill_s),
            ("all", self.total_s),
        ]
    }
}

/// Seconds until the first token of an answer.
fn prefill(model: &Model, session: &mut lorgnette::Session, prompt: usize) -> Result<f64> {
    let ids = bench::prompt(model, prompt);
    let options = GenerateOptions {
        max_tokens: Some(1),
        sampling: Sampling::greedy(),
        ignore_end: true,
        ..GenerateOptions::default()
    };
    let start = Instant::now();
    for event in session.generate(Prompt::Ids(&ids), &options)? {
        event?;
    }
    Ok(start.elapsed().as_secs_f64())
}

/// An empty folder that goes away again.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self> {
        let name = format!("lorgnette-first-token-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        if path.exists() {
            let expected = "a name that is free, for an empty folder";
            return Err(input("temporary folder", expected, path.display()));
        }
        let named = |source| lorgnette::Error::Io {
            path: path.clone(),
            source,
        };
        std::fs::create_dir_all(&path).map_err(|source| Failure::Library(named(source)))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is the system's to clean up.
        std::fs::remove_dir_all(&self.0).unwrap_or(());
    }
}
