//! A model: its weights on the device, and everything its sessions share.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use lorgnette_shaders::{Program, Shader};

use crate::blueprint::{Blueprint, LoadOptions};
use crate::cpu::CpuPlayer;
use crate::formats::{Checkpoint, Source};
use crate::gpu::{AdapterKind, Gpu, GpuPlayer};
use crate::loader::load;
use crate::memory::{MemoryPlan, Section};
use crate::models::Config;
use crate::plan::Plan;
use crate::player::Player;
use crate::runtime::Runtime;
use crate::session::Session;
use crate::stream::Stream;
use crate::trust::TRIAL_TIME;
use crate::{ChatTemplate, Result, Tokenizer, text};

/// What a load is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Trying kernels that this device was not tried with yet; counted in shaders.
    Trials,
    /// Making pipelines, on threads of their own while weights are on their way; counted in programs.
    Pipelines,
    /// Bringing weights to the device; counted in bytes.
    Weights,
}

impl Stage {
    fn at(self, done: u64, total: u64) -> Progress {
        Progress {
            stage: self,
            done,
            total,
        }
    }
}

/// How far a load is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub stage: Stage,
    /// How much of it.
    pub done: u64,
    /// Out of how much.
    pub total: u64,
}

/// What the parts of a load took.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LoadTimings {
    /// Seconds for opening the file, reading its header, drawing the plans.
    pub open_s: f64,
    /// Making the tokenizer and the chat template.
    pub text_s: f64,
    /// Trying kernels that the device was not tried with yet.
    pub trials_s: f64,
    /// Shaders that were tried.
    pub tried: u64,
    /// Making pipelines, beside the weights.
    pub pipelines_s: f64,
    /// Bringing weights to the device, beside the pipelines.
    pub weights_s: f64,
    /// All of it.
    pub load_s: f64,
}

/// A loaded model. Cloning it is cheap and gives the same model; it can be shared between threads.
#[derive(Clone, Debug)]
pub struct Model {
    pub(crate) shared: Arc<Shared>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub runtime: Runtime,
    pub tokenizer: Tokenizer,
    pub template: Option<ChatTemplate>,
    pub blueprint: Blueprint,
    pub player: Player,
    pub timings: LoadTimings,
}

impl Model {
    /// Loads a GGUF file of the `llama` architecture onto the runtime's device: from a path, an open file, or a part of one.
    /// The file stays open as long as the model lives, and must not be written to.
    ///
    /// # Errors
    /// Whatever is wrong with the file or does not fit the device; nothing stays allocated then.
    pub fn load(
        runtime: &Runtime,
        source: impl Into<Source>,
        options: &LoadOptions,
        mut progress: impl FnMut(Progress),
    ) -> Result<Self> {
        let start = Instant::now();
        let mut part = start;
        let mut timings = LoadTimings::default();
        let checkpoint = Arc::new(Checkpoint::from_source(source.into())?);
        let options = options.on(runtime.profile());
        let blueprint = Blueprint::new(&checkpoint, &options, runtime.max_binding_bytes())?;
        timings.open_s = lap(&mut part);
        let tokenizer = text::tokenizer(checkpoint.metadata())?;
        let template = text::chat_template(checkpoint.metadata(), &tokenizer)?;
        expect_vocabulary(&tokenizer, &blueprint.config)?;
        timings.text_s = lap(&mut part);
        let player = match runtime.gpu() {
            Some(gpu) => {
                let mut watched = |now: Progress| {
                    timings.tried = now.total;
                    progress(now);
                };
                let programs = programs(runtime, &blueprint, &mut watched)?;
                timings.trials_s = lap(&mut part);
                Player::Gpu(load_gpu(
                    gpu,
                    &programs,
                    &checkpoint,
                    &blueprint,
                    &mut timings,
                    &mut progress,
                )?)
            }
            None => {
                let player = load_cpu(&checkpoint, &blueprint, &mut progress)?;
                timings.weights_s = lap(&mut part);
                Player::Cpu(player)
            }
        };
        timings.load_s = start.elapsed().as_secs_f64();
        Ok(Self {
            shared: Arc::new(Shared {
                runtime: runtime.clone(),
                tokenizer,
                template,
                blueprint,
                player,
                timings,
            }),
        })
    }

    /// The model's numbers.
    pub fn config(&self) -> &Config {
        &self.shared.blueprint.config
    }

    /// Its tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.shared.tokenizer
    }

    /// Its chat template, if the file has one.
    pub fn chat_template(&self) -> Option<&ChatTemplate> {
        self.shared.template.as_ref()
    }

    /// Its plans and where its bytes are.
    pub fn blueprint(&self) -> &Blueprint {
        &self.shared.blueprint
    }

    /// Where its bytes are.
    pub fn memory(&self) -> &MemoryPlan {
        &self.shared.blueprint.memory
    }

    /// The runtime it was loaded on.
    pub fn runtime(&self) -> &Runtime {
        &self.shared.runtime
    }

    /// Seconds that the load took.
    pub fn load_s(&self) -> f64 {
        self.shared.timings.load_s
    }

    /// What the parts of the load took.
    pub fn load_timings(&self) -> &LoadTimings {
        &self.shared.timings
    }

    /// A new, empty session.
    ///
    /// # Errors
    /// [`crate::Error::Device`] if its keys and values cannot be had.
    pub fn session(&self) -> Result<Session> {
        Session::new(self.clone())
    }
}

/// Seconds since the last lap.
fn lap(since: &mut Instant) -> f64 {
    let before = std::mem::replace(since, Instant::now());
    since.duration_since(before).as_secs_f64()
}

/// An id that the model can choose must have a token, and a token that text encodes to must have a row.
fn expect_vocabulary(tokenizer: &Tokenizer, config: &Config) -> Result<()> {
    if tokenizer.len() == config.vocabulary {
        return Ok(());
    }
    Err(crate::Error::Format {
        what: "tokenizer.ggml.tokens".into(),
        expected: format!(
            "{} tokens, one for each row of token_embd.weight",
            config.vocabulary
        ),
        found: tokenizer.len().to_string(),
    })
}

/// What this device is trusted to play each shader of the plans with.
pub(crate) fn programs(
    runtime: &Runtime,
    blueprint: &Blueprint,
    progress: &mut dyn FnMut(Progress),
) -> Result<HashMap<Shader, Program>> {
    let mut shaders: Vec<Shader> = Vec::new();
    for dispatch in blueprint.plans.iter().flat_map(Plan::dispatches) {
        if !shaders.contains(&dispatch.shader) {
            shaders.push(dispatch.shader);
        }
    }
    let mut report = |done, total| progress(Stage::Trials.at(done, total));
    // A software driver takes seconds for what is a moment on a GPU, and is used by those who can wait.
    let waits = runtime.adapter().kind == AdapterKind::Software;
    let limit = (!waits).then_some(TRIAL_TIME);
    let judged = runtime.judge(&shaders, limit, &mut report)?;
    let used = judged
        .iter()
        .map(|judged| Ok((judged.shader, judged.program()?)));
    used.collect()
}

/// The model's buffers and pipelines on the GPU, with its weights in them: pipelines are made while weights are uploaded.
pub(crate) fn load_gpu(
    gpu: &Arc<Gpu>,
    programs: &HashMap<Shader, Program>,
    checkpoint: &Arc<Checkpoint>,
    blueprint: &Blueprint,
    timings: &mut LoadTimings,
    progress: &mut dyn FnMut(Progress),
) -> Result<GpuPlayer> {
    let start = Instant::now();
    let (list, memory) = (&blueprint.weights, &blueprint.memory);
    let mut player = GpuPlayer::new(gpu.clone(), programs, &blueprint.plans, memory)?;
    let mut ring = player.upload(memory.staging)?;
    let dispatches = blueprint.plans.iter().flat_map(Plan::dispatches);
    let used = dispatches.map(|dispatch| &programs[&dispatch.shader]);
    gpu.build(used, |mut building| {
        let mut sink = |index: usize, bytes: &[u8], sections: &[Section]| {
            ring.write(bytes, sections, player.weight(index))
        };
        let mut report = |done, total| {
            building.look(&mut |done, total| progress(Stage::Pipelines.at(done, total)))?;
            progress(Stage::Weights.at(done, total));
            Ok(())
        };
        load(checkpoint, list, memory, &mut sink, &mut report)?;
        ring.settle()?;
        timings.weights_s = start.elapsed().as_secs_f64();
        let made =
            building.finish(&mut |done, total| progress(Stage::Pipelines.at(done, total)))?;
        timings.pipelines_s = made.duration_since(start).as_secs_f64();
        Ok(())
    })?;
    player.take_pipelines(programs, &blueprint.plans)?;
    match Stream::new(checkpoint, blueprint) {
        Some(stream) => player.keep(stream, ring),
        None => ring.finish()?,
    }
    Ok(player)
}

/// The model's buffers in host memory, with its weights in them.
pub(crate) fn load_cpu(
    checkpoint: &Arc<Checkpoint>,
    blueprint: &Blueprint,
    progress: &mut dyn FnMut(Progress),
) -> Result<CpuPlayer> {
    let mut player = CpuPlayer::new(&blueprint.memory);
    let mut report = |done, total| {
        progress(Stage::Weights.at(done, total));
        Ok(())
    };
    let mut sink = |index: usize, bytes: &[u8], sections: &[Section]| {
        player.fill(index, bytes, sections);
        Ok(())
    };
    let (list, memory) = (&blueprint.weights, &blueprint.memory);
    load(checkpoint, list, memory, &mut sink, &mut report)?;
    if let Some(stream) = Stream::new(checkpoint, blueprint) {
        player.keep(stream);
    }
    Ok(player)
}
