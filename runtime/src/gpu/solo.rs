//! One dispatch alone, on buffers of its own that are filled before and read back after, or one many times by the clock.
//! For tests and for a device's trials of programs; nothing of a model.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use lorgnette_shaders::kernel::FIRST_STORAGE;
use lorgnette_shaders::weights::Texels;
use lorgnette_shaders::{Program, Step};
use wgpu::BufferUsages as Usage;

use super::buffers::{Storage, Texture};
use super::counters::Counts;
use super::device::Gpu;
use super::pipelines::Pipeline;
use super::transfer::{Upload, copy_back};
use crate::{Error, Result};

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
    for ((bind, words), bound) in program.shader.kernel.binds.iter().zip(buffers).zip(storage) {
        match bound {
            Storage::Buffer(buffer) if bind.access.writes() => *words = copy_back(gpu, buffer)?,
            _ => {}
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

/// Seconds that a dispatch takes, `None` if that is not to be found out within `limit`. Past the limit goes a single
/// dispatch at the most.
pub(crate) fn seconds(
    gpu: &Arc<Gpu>,
    program: &Program,
    params: &[u8],
    step: Step,
    buffers: &[Vec<u32>],
    limit: Duration,
) -> Result<Option<f64>> {
    let start = Instant::now();
    let alone = Alone::new(gpu, program, params, step, buffers)?;
    let left = limit.saturating_sub(start.elapsed());
    fastest(left, |dispatches| alone.play(dispatches))
}

/// Seconds that a dispatch takes, the best of a few times, and after one that does not count: a driver may compile only
/// then.
pub(crate) fn best_seconds(
    gpu: &Arc<Gpu>,
    program: &Program,
    params: &[u8],
    step: Step,
    buffers: &[Vec<u32>],
) -> Result<f64> {
    let alone = Alone::new(gpu, program, params, step, buffers)?;
    alone.play(1)?;
    let mut best = f64::INFINITY;
    for _ in 0..SUBMITS {
        best = best.min(without_limit(|dispatches| alone.play(dispatches))?);
    }
    Ok(best)
}

/// Seconds of a dispatch, however long they are.
pub(super) fn without_limit(play: impl FnMut(u32) -> Result<Duration>) -> Result<f64> {
    let seconds = fastest(Duration::MAX, play)?;
    Ok(seconds.expect("there is time for all submits"))
}

/// Seconds of a dispatch in the fastest of a few submits, after a first one that counts only where it says enough.
/// `play` says how long a submit of so many took; none is begun that would not end within `limit`.
fn fastest(limit: Duration, mut play: impl FnMut(u32) -> Result<Duration>) -> Result<Option<f64>> {
    if limit.is_zero() {
        return Ok(None);
    }
    let first = play(1)?;
    if first >= LONG {
        return Ok(Some(first.as_secs_f64()));
    }
    let dispatches = SUBMIT.div_duration_f64(first) as u32;
    let dispatches = dispatches.clamp(1, DISPATCHES);
    let (mut spent, mut fastest) = (first, None);
    for _ in 0..SUBMITS {
        if spent + first * dispatches > limit {
            break;
        }
        let took = play(dispatches)?;
        spent += took;
        fastest = Some(fastest.map_or(took, |fastest: Duration| fastest.min(took)));
    }
    Ok(fastest.map(|fastest| fastest.as_secs_f64() / f64::from(dispatches)))
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
    let (start, submission) = gpu.submit(encoder, Counts::submitted, &|| false)?;
    gpu.wait(submission)?;
    Ok(start.elapsed())
}

/// A program with everything bound for one dispatch.
struct Alone {
    gpu: Arc<Gpu>,
    pipeline: Arc<Pipeline>,
    bound: Vec<Storage>,
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
        let filled = |upload: &mut Upload, label: &str, bytes: &[u8], usage: Usage| {
            let usage = usage | Usage::COPY_DST | Usage::COPY_SRC;
            let buffer = gpu.buffer(label, bytes.len() as u64, usage)?;
            upload.fill(bytes, &buffer, &|| false)?;
            Ok::<_, Error>(Storage::Buffer(buffer))
        };
        let mut bound = vec![
            filled(&mut upload, "params", params, Usage::UNIFORM)?,
            filled(
                &mut upload,
                "step",
                bytemuck::bytes_of(&step),
                Usage::UNIFORM,
            )?,
        ];
        for (bind, words) in program.shader.kernel.binds.iter().zip(buffers) {
            bound.push(match program.samples(bind) {
                true => Storage::Texture(texture(gpu, bind.name, words, &mut upload)?),
                false => filled(
                    &mut upload,
                    bind.name,
                    bytemuck::cast_slice(words),
                    Usage::STORAGE,
                )?,
            });
        }
        upload.finish()?;
        let entries: Vec<_> = (0..)
            .zip(&bound)
            .map(|(binding, storage)| wgpu::BindGroupEntry {
                binding,
                resource: storage.resource(),
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

/// A texture that begins with these words. What is behind them in the last row is like the last word: a guard of the case.
fn texture(gpu: &Gpu, label: &str, words: &[u32], upload: &mut Upload) -> Result<Texture> {
    let bytes = Texels::holding(words.len() as u64 * 4).bytes();
    let texture = gpu.texture(label, bytes)?;
    let mut whole = words.to_vec();
    whole.resize(
        bytes as usize / 4,
        words.last().copied().unwrap_or_default(),
    );
    upload.fill(bytemuck::cast_slice(&whole), &texture, &|| false)?;
    Ok(texture)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found within `limit` of a dispatch that takes `each`, and how long all submits took.
    fn found(limit: Duration, each: Duration) -> (Option<f64>, Duration) {
        let mut spent = Duration::ZERO;
        let seconds = fastest(limit, |dispatches| {
            spent += each * dispatches;
            Ok(each * dispatches)
        });
        (seconds.expect("nothing fails"), spent)
    }

    #[test]
    fn measuring_ends_with_its_time() {
        let ms = Duration::from_millis;
        assert_eq!(found(ms(0), ms(1)), (None, ms(0)));
        // One dispatch, then four submits of five.
        assert_eq!(found(ms(100), ms(1)), (Some(1e-3), ms(21)));
        assert_eq!(found(ms(12), ms(1)), (Some(1e-3), ms(11)), "two submits");
        assert_eq!(found(ms(5), ms(1)), (None, ms(1)), "none");
        assert_eq!(found(ms(50), ms(30)), (None, ms(30)));
        assert_eq!(found(ms(50), ms(400)), (Some(0.4), ms(400)));
        for limit in 1..200 {
            let limit = Duration::from_micros(limit * 500);
            for each in 1..99 {
                let spent = found(limit, ms(each)).1;
                assert!(spent <= limit.max(ms(each)), "{limit:?} of {each} ms");
            }
        }
    }
}
