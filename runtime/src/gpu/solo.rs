//! One dispatch alone, on buffers of its own that are filled before and read back after, or one many times by the clock.
//! For tests and for a device's trials of programs; nothing of a model.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use lorgnette_shaders::kernel::FIRST_STORAGE;
use lorgnette_shaders::{Program, Step};
use wgpu::BufferUsages as Usage;

use super::buffers::Buffer;
use super::device::Gpu;
use super::pipelines::Pipeline;
use super::transfer::{Upload, copy_back};
use crate::Result;

/// Bytes that the buffers are filled through: little beside a model's own.
const STAGING: u64 = 192 << 10;

/// Plays one dispatch. The buffers that the kernel may write come back changed.
pub(crate) fn play(
    gpu: &Arc<Gpu>,
    program: &Program,
    params: &[u8],
    step: Step,
    buffers: &mut [Vec<u32>],
) -> Result<()> {
    let alone = Alone::new(gpu, program, params, step, buffers)?;
    alone.play(1)?;
    let storage = &alone.bound[FIRST_STORAGE as usize..];
    for ((bind, words), buffer) in program.shader.kernel.binds.iter().zip(buffers).zip(storage) {
        if bind.access.writes() {
            *words = copy_back(gpu, buffer)?;
        }
    }
    Ok(())
}

/// What one submit of a measurement should take: much more than the submit itself.
const SUBMIT: Duration = Duration::from_millis(5);
/// The most dispatches in it.
const DISPATCHES: u32 = 64;
/// Submits that are measured, and the dispatch that takes so long that one says enough.
const SUBMITS: usize = 4;
const LONG: Duration = Duration::from_millis(100);

/// Seconds that a dispatch on buffers of its own takes.
pub(crate) fn seconds_alone(
    gpu: &Arc<Gpu>,
    program: &Program,
    params: &[u8],
    step: Step,
    buffers: &[Vec<u32>],
) -> Result<f64> {
    let alone = Alone::new(gpu, program, params, step, buffers)?;
    seconds(&mut |dispatches| alone.play(dispatches))
}

/// The same, the best of a few whatever one takes, and after one that does not count: a driver may compile only then.
pub(crate) fn fastest_alone(
    gpu: &Arc<Gpu>,
    program: &Program,
    params: &[u8],
    step: Step,
    buffers: &[Vec<u32>],
) -> Result<f64> {
    let alone = Alone::new(gpu, program, params, step, buffers)?;
    alone.play(1)?;
    let dispatches = in_a_submit(alone.play(1)?);
    fastest(&mut |dispatches| alone.play(dispatches), dispatches)
}

/// Seconds that a dispatch takes, from `play`, which plays it so many times in one submit: the fastest of a few submits,
/// after a first one that counts only where it says enough.
pub(super) fn seconds(play: &mut dyn FnMut(u32) -> Result<Duration>) -> Result<f64> {
    let first = play(1)?;
    if first >= LONG {
        return Ok(first.as_secs_f64());
    }
    fastest(play, in_a_submit(first))
}

/// As many dispatches as make a submit long enough.
fn in_a_submit(one: Duration) -> u32 {
    let dispatches = SUBMIT.div_duration_f64(one) as u32;
    dispatches.clamp(1, DISPATCHES)
}

fn fastest(play: &mut dyn FnMut(u32) -> Result<Duration>, dispatches: u32) -> Result<f64> {
    let mut fastest = Duration::MAX;
    for _ in 0..SUBMITS {
        fastest = fastest.min(play(dispatches)?);
    }
    Ok(fastest.as_secs_f64() / f64::from(dispatches))
}

/// Encodes something so many times in one submit; how long that took.
pub(super) fn repeated(
    gpu: &Gpu,
    times: u32,
    encode: &dyn Fn(&mut wgpu::ComputePass<'_>),
) -> Result<Duration> {
    let mut encoder = gpu.device.create_command_encoder(&Default::default());
    {
        let mut pass = encoder.begin_compute_pass(&Default::default());
        for _ in 0..times {
            encode(&mut pass);
        }
    }
    gpu.counts.submits.fetch_add(1, Relaxed);
    let start = Instant::now();
    let submission = gpu.queue.submit([encoder.finish()]);
    gpu.check()?;
    gpu.wait(submission)?;
    Ok(start.elapsed())
}

/// A program with everything bound for one dispatch.
struct Alone {
    gpu: Arc<Gpu>,
    pipeline: Arc<Pipeline>,
    bound: Vec<Buffer>,
    group: wgpu::BindGroup,
    grid: [u32; 3],
}

impl Alone {
    fn new(
        gpu: &Arc<Gpu>,
        program: &Program,
        params: &[u8],
        step: Step,
        buffers: &[Vec<u32>],
    ) -> Result<Self> {
        let pipeline = gpu.pipeline(program)?;
        let mut upload = Upload::new(gpu.clone(), STAGING)?;
        let mut filled = |label: &str, bytes: &[u8], usage: Usage| {
            let usage = usage | Usage::COPY_DST | Usage::COPY_SRC;
            let buffer = gpu.buffer(label, bytes.len() as u64, usage)?;
            upload.fill(bytes, &buffer)?;
            Ok(buffer)
        };
        let mut bound = vec![
            filled("params", params, Usage::UNIFORM)?,
            filled("step", bytemuck::bytes_of(&step), Usage::UNIFORM)?,
        ];
        for (bind, words) in program.shader.kernel.binds.iter().zip(buffers) {
            let bytes = bytemuck::cast_slice(words);
            bound.push(filled(bind.name, bytes, Usage::STORAGE)?);
        }
        upload.finish()?;
        let entries: Vec<_> = (0..)
            .zip(&bound)
            .map(|(binding, buffer)| wgpu::BindGroupEntry {
                binding,
                resource: buffer.raw().as_entire_binding(),
            })
            .collect();
        let group = gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some(&program.label()),
            layout: &pipeline.layout,
            entries: &entries,
        });
        gpu.counts.bind_groups.fetch_add(1, Relaxed);
        Ok(Self {
            gpu: gpu.clone(),
            grid: (program.variant.grid)(params, &step),
            pipeline,
            bound,
            group,
        })
    }

    /// Plays it so many times in one submit; how long that took.
    fn play(&self, dispatches: u32) -> Result<Duration> {
        let counts = &self.gpu.counts;
        counts.dispatches.fetch_add(dispatches.into(), Relaxed);
        repeated(&self.gpu, dispatches, &|pass| {
            pass.set_pipeline(&self.pipeline.raw);
            pass.set_bind_group(0, &self.group, &[]);
            let [x, y, z] = self.grid;
            pass.dispatch_workgroups(x, y, z);
        })
    }
}
