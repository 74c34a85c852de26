//! A model made real on a player: its programs chosen, buffers and pipelines made, weights brought. At a load, and again
//! whenever a device was lost or memory was given back; what is played on it is not known here.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use lorgnette_shaders::{Program, Shader};

use crate::blueprint::Blueprint;
use crate::cpu::CpuPlayer;
use crate::formats::Checkpoint;
use crate::gpu::{AdapterKind, Gpu, GpuPlayer};
use crate::loader::load;
use crate::memory::Section;
use crate::plan::Plan;
use crate::runtime::Runtime;
use crate::stream::Stream;
use crate::trust::TRIAL_TIME;
use crate::{Error, Result};

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
    pub(crate) fn at(self, done: u64, total: u64) -> Progress {
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

/// Who looks on while a model is made real.
pub(crate) struct Watch<'a> {
    /// Told how far it is.
    pub progress: &'a mut dyn FnMut(Progress),
    /// Asked whether it is still wanted.
    pub given_up: &'a dyn Fn() -> bool,
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
    watch: &mut Watch<'_>,
) -> Result<GpuPlayer> {
    let Watch { progress, given_up } = watch;
    let start = Instant::now();
    let (list, memory) = (&blueprint.weights, &blueprint.memory);
    let mut player = GpuPlayer::new(gpu.clone(), programs, &blueprint.plans, memory, given_up)?;
    let mut ring = player.upload(memory.staging)?;
    let dispatches = blueprint.plans.iter().flat_map(Plan::dispatches);
    let used = dispatches.map(|dispatch| &programs[&dispatch.shader]);
    gpu.build(used, |mut building| {
        let mut sink = |index: usize, bytes: &[u8], sections: &[Section]| {
            ring.write(bytes, sections, player.weight(index), given_up)
        };
        let mut report = |done, total| {
            building.look(&mut |done, total| progress(Stage::Pipelines.at(done, total)))?;
            progress(Stage::Weights.at(done, total));
            match given_up() {
                true => Err(Error::Cancelled),
                false => Ok(()),
            }
        };
        load(checkpoint, list, memory, &mut sink, &mut report)?;
        ring.flush(given_up)?;
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
