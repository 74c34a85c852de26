//! One dispatch alone, on buffers of its own that are filled before and read back after. For tests and for a device's
//! check of the kernels; nothing of a model.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use lorgnette_shaders::{Shader, Step};
use wgpu::BufferUsages as Usage;

use super::buffers::Buffer;
use super::device::Gpu;
use super::pipelines::Pipeline;
use super::transfer::{Upload, copy_back};
use crate::Result;
use crate::memory::STAGING_BYTES;

/// Plays one dispatch. The buffers that the kernel may write come back changed.
pub(crate) fn play(
    gpu: &Arc<Gpu>,
    shader: &Shader,
    params: &[u8],
    step: Step,
    buffers: &mut [Vec<u32>],
) -> Result<()> {
    let pipeline = gpu.pipeline(shader)?;
    let mut upload = Upload::new(gpu.clone(), STAGING_BYTES)?;
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
    for (bind, words) in shader.kernel.binds.iter().zip(buffers.iter()) {
        let bytes = bytemuck::cast_slice(words);
        bound.push(filled(bind.name, bytes, Usage::STORAGE)?);
    }
    upload.finish()?;
    dispatch(gpu, shader, &pipeline, &bound, params, step)?;
    let storage = &bound[bound.len() - buffers.len()..];
    for ((bind, words), buffer) in shader.kernel.binds.iter().zip(buffers).zip(storage) {
        if bind.access.writes() {
            *words = copy_back(gpu, buffer)?;
        }
    }
    Ok(())
}

fn dispatch(
    gpu: &Gpu,
    shader: &Shader,
    pipeline: &Pipeline,
    bound: &[Buffer],
    params: &[u8],
    step: Step,
) -> Result<()> {
    let entries: Vec<_> = (0..)
        .zip(bound)
        .map(|(binding, buffer)| wgpu::BindGroupEntry {
            binding,
            resource: buffer.raw().as_entire_binding(),
        })
        .collect();
    let label = shader.label();
    let group = gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: Some(&label),
        layout: &pipeline.layout,
        entries: &entries,
    });
    gpu.counts.bind_groups.fetch_add(1, Relaxed);
    let mut encoder = gpu.device.create_command_encoder(&Default::default());
    {
        let mut pass = encoder.begin_compute_pass(&Default::default());
        pass.set_pipeline(&pipeline.raw);
        pass.set_bind_group(0, &group, &[]);
        let [x, y, z] = (shader.kernel.grid)(params, &step);
        pass.dispatch_workgroups(x, y, z);
    }
    gpu.counts.dispatches.fetch_add(1, Relaxed);
    gpu.counts.submits.fetch_add(1, Relaxed);
    let submission = gpu.queue.submit([encoder.finish()]);
    gpu.wait(submission)
}
