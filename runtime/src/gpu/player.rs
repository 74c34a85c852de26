//! Plays plans on the GPU: the model's buffers, a session's buffers and bind groups, and the walk over segments.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};

use lorgnette_shaders::Step;
use lorgnette_shaders::kernel::FIRST_STORAGE;
use wgpu::BufferUsages as Usage;

use super::buffers::Buffer;
use super::device::Gpu;
use super::pipelines::Pipeline;
use super::transfer::{Upload, copy_back, read_back};
use crate::Result;
use crate::memory::{MemoryPlan, UNIFORM_ALIGNMENT};
use crate::plan::{Dispatch, Home, Plan, TensorId};
use crate::player::{Turn, Want};

/// A model on the GPU.
#[derive(Debug)]
pub(crate) struct GpuPlayer {
    gpu: Arc<Gpu>,
    weights: Vec<Buffer>,
    slots: Vec<Buffer>,
    params: Buffer,
    /// For each plan, for each dispatch in order.
    pipelines: Vec<Vec<Arc<Pipeline>>>,
    /// A step owns the scratch from its first segment to its last.
    scratch: Mutex<()>,
}

/// A session on the GPU.
#[derive(Debug)]
pub(crate) struct GpuSession {
    keys: Vec<Buffer>,
    values: Vec<Buffer>,
    ids: Buffer,
    step: Buffer,
    readback: Buffer,
    /// For each plan, for each dispatch in order.
    bind_groups: Vec<Vec<wgpu::BindGroup>>,
}

impl GpuPlayer {
    /// Creates every buffer and pipeline that the plans need; the weights are still empty.
    pub fn new(
        gpu: Arc<Gpu>,
        plans: &[Plan],
        memory: &MemoryPlan,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Self> {
        let storage = Usage::STORAGE | Usage::COPY_DST;
        let weights = memory
            .weights
            .iter()
            .map(|bytes| gpu.buffer("weights", *bytes, storage))
            .collect::<Result<_>>()?;
        let slots = memory
            .slots
            .iter()
            .map(|bytes| gpu.buffer("scratch", *bytes, storage | Usage::COPY_SRC))
            .collect::<Result<_>>()?;
        let params = gpu.buffer("params", memory.params, Usage::UNIFORM | Usage::COPY_DST)?;
        let total = plans
            .iter()
            .map(|plan| plan.dispatches().count() as u64)
            .sum();
        let mut done = 0;
        let mut pipelines = Vec::new();
        for plan in plans {
            let mut made = Vec::new();
            for dispatch in plan.dispatches() {
                made.push(gpu.pipeline(&dispatch.shader)?);
                done += 1;
                progress(done, total);
            }
            pipelines.push(made);
        }
        let player = Self {
            gpu,
            weights,
            slots,
            params,
            pipelines,
            scratch: Mutex::new(()),
        };
        player.upload_params(plans)?;
        Ok(player)
    }

    fn upload_params(&self, plans: &[Plan]) -> Result<()> {
        let mut bytes = Vec::new();
        for dispatch in plans.iter().flat_map(Plan::dispatches) {
            bytes.extend_from_slice(&dispatch.params);
            bytes.resize(bytes.len().next_multiple_of(UNIFORM_ALIGNMENT as usize), 0);
        }
        let mut upload = Upload::new(self.gpu.clone())?;
        let chunk = crate::memory::STAGING_BYTES as usize;
        for (i, part) in bytes.chunks(chunk).enumerate() {
            upload.write(
                part,
                &[(0, (i * chunk) as u64, part.len() as u64)],
                &self.params,
            )?;
        }
        upload.finish()
    }

    /// A ring to fill the weights through.
    pub fn upload(&self) -> Result<Upload> {
        Upload::new(self.gpu.clone())
    }

    /// A weight buffer, to be filled.
    pub fn weight(&self, index: usize) -> &Buffer {
        &self.weights[index]
    }

    /// Creates a session's buffers and all of its bind groups.
    pub fn open(&self, plans: &[Plan], memory: &MemoryPlan) -> Result<GpuSession> {
        let sizes = &memory.session;
        let gpu = &self.gpu;
        let cache = || {
            sizes
                .keys
                .iter()
                .map(|bytes| gpu.buffer("cache", *bytes, Usage::STORAGE | Usage::COPY_SRC))
                .collect::<Result<Vec<_>>>()
        };
        let mut session = GpuSession {
            keys: cache()?,
            values: cache()?,
            ids: gpu.buffer(
                "ids",
                sizes.ids,
                Usage::STORAGE | Usage::COPY_DST | Usage::COPY_SRC,
            )?,
            step: gpu.buffer(
                "step",
                sizes.step,
                Usage::UNIFORM | Usage::STORAGE | Usage::COPY_DST,
            )?,
            readback: gpu.buffer(
                "readback",
                sizes.readback,
                Usage::MAP_READ | Usage::COPY_DST,
            )?,
            bind_groups: Vec::new(),
        };
        let mut at = 0;
        for (plan, pipelines) in plans.iter().zip(&self.pipelines) {
            let mut groups = Vec::new();
            for (dispatch, pipeline) in plan.dispatches().zip(pipelines) {
                groups.push(self.bind(&session, plan, dispatch, pipeline, at));
                at += UNIFORM_ALIGNMENT;
            }
            session.bind_groups.push(groups);
        }
        gpu.check()?;
        Ok(session)
    }

    fn bind(
        &self,
        session: &GpuSession,
        plan: &Plan,
        dispatch: &Dispatch,
        pipeline: &Pipeline,
        at: u64,
    ) -> wgpu::BindGroup {
        let part = |buffer: &'_ Buffer, offset: u64, size: Option<u64>| {
            (
                buffer.raw().clone(),
                offset,
                size.and_then(std::num::NonZeroU64::new),
            )
        };
        let mut bound = vec![
            part(&self.params, at, Some(dispatch.params.len() as u64)),
            part(&session.step, 0, Some(size_of::<Step>() as u64)),
        ];
        bound.extend(dispatch.tensors.iter().map(|id| {
            let (buffer, offset) = self.buffer_of(session, plan, *id);
            part(buffer, offset, None)
        }));
        let entries: Vec<_> = bound
            .iter()
            .enumerate()
            .map(|(binding, (buffer, offset, size))| wgpu::BindGroupEntry {
                binding: binding as u32,
                resource: wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                    buffer,
                    offset: *offset,
                    size: *size,
                }),
            })
            .collect();
        debug_assert_eq!(
            entries.len(),
            FIRST_STORAGE as usize + dispatch.shader.kernel.binds.len()
        );
        self.gpu.counts.bind_groups.fetch_add(1, Relaxed);
        self.gpu
            .device
            .create_bind_group(&wgpu::BindGroupDescriptor {
                label: Some(&dispatch.label),
                layout: &pipeline.layout,
                entries: &entries,
            })
    }

    fn buffer_of<'a>(
        &'a self,
        session: &'a GpuSession,
        plan: &Plan,
        id: TensorId,
    ) -> (&'a Buffer, u64) {
        match plan.tensor(id).home {
            Home::Weight(index) => (&self.weights[index], 0),
            Home::Scratch(slot) => (&self.slots[slot], 0),
            Home::Keys(layer) => (&session.keys[layer], 0),
            Home::Values(layer) => (&session.values[layer], 0),
            Home::Ids => (&session.ids, 0),
            Home::Angles => (&session.step, UNIFORM_ALIGNMENT),
        }
    }

    /// Plays one step. `None` if it was cancelled between two segments.
    pub fn play(
        &self,
        session: &GpuSession,
        plan: &Plan,
        turn: &Turn<'_>,
    ) -> Result<Option<Vec<u8>>> {
        let _scratch = self.scratch.lock().unwrap_or_else(PoisonError::into_inner);
        self.upload_step(session, turn);
        let want = self.wanted(session, plan, turn);
        let mut at = 0;
        let mut before: Option<wgpu::SubmissionIndex> = None;
        let mut last = None;
        for (i, segment) in plan.segments.iter().enumerate() {
            if (turn.cancelled)() {
                return Ok(None);
            }
            let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
            self.encode(&mut encoder, session, turn, segment, at);
            at += segment.len();
            if let Some((buffer, offset, bytes)) = &want
                && i + 1 == plan.segments.len()
            {
                encoder.copy_buffer_to_buffer(
                    buffer.raw(),
                    *offset,
                    session.readback.raw(),
                    0,
                    Some(*bytes),
                );
            }
            let submission = self.submit(encoder)?;
            // Two segments in flight keep the GPU busy and a cancel near.
            if let Some(before) = before.replace(submission.clone()) {
                self.gpu.wait(before)?;
            }
            last = Some(submission);
        }
        match (want, last) {
            (Some((_, _, bytes)), Some(last)) => {
                read_back(&self.gpu, &session.readback, bytes, last).map(Some)
            }
            _ => Ok(Some(Vec::new())),
        }
    }

    fn encode(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        session: &GpuSession,
        turn: &Turn<'_>,
        segment: &[Dispatch],
        at: usize,
    ) {
        let mut pass = encoder.begin_compute_pass(&Default::default());
        for (i, dispatch) in segment.iter().enumerate() {
            pass.set_pipeline(&self.pipelines[turn.plan][at + i].raw);
            pass.set_bind_group(0, &session.bind_groups[turn.plan][at + i], &[]);
            let [x, y, z] = dispatch.grid(&turn.step);
            pass.dispatch_workgroups(x, y, z);
        }
        self.gpu
            .counts
            .dispatches
            .fetch_add(segment.len() as u64, Relaxed);
    }

    /// The only uploads of a step: its uniform with the angles, and ids where the host chose them.
    fn upload_step(&self, session: &GpuSession, turn: &Turn<'_>) {
        let mut bytes = bytemuck::bytes_of(&turn.step).to_vec();
        bytes.resize(UNIFORM_ALIGNMENT as usize, 0);
        bytes.extend_from_slice(bytemuck::cast_slice(turn.angles));
        self.write(&session.step, 0, &bytes);
        if !turn.ids.is_empty() {
            self.write(
                &session.ids,
                u64::from(turn.step.position) * 4,
                bytemuck::cast_slice(turn.ids),
            );
        }
    }

    fn write(&self, buffer: &Buffer, offset: u64, bytes: &[u8]) {
        self.gpu.queue.write_buffer(buffer.raw(), offset, bytes);
        self.gpu.counts.uploaded(bytes.len() as u64);
    }

    fn submit(&self, encoder: wgpu::CommandEncoder) -> Result<wgpu::SubmissionIndex> {
        self.gpu.counts.submits.fetch_add(1, Relaxed);
        let submission = self.gpu.queue.submit([encoder.finish()]);
        self.gpu.check()?;
        Ok(submission)
    }

    fn wanted<'a>(
        &'a self,
        session: &'a GpuSession,
        plan: &Plan,
        turn: &Turn<'_>,
    ) -> Option<(&'a Buffer, u64, u64)> {
        let step = &turn.step;
        match turn.want {
            Want::Nothing => None,
            Want::NextId => Some((&session.ids, u64::from(step.position + step.count) * 4, 4)),
            Want::Logits => Some((
                self.buffer_of(session, plan, plan.logits).0,
                0,
                plan.tensor(plan.logits).row_bytes,
            )),
            Want::Scores => plan.scores.map(|scores| {
                (
                    self.buffer_of(session, plan, scores).0,
                    0,
                    u64::from(step.count) * plan.tensor(scores).row_bytes,
                )
            }),
        }
    }

    /// Plays one dispatch alone and reads back the tensors it wrote, in binding order. For the trace; slow.
    pub fn play_one(
        &self,
        session: &GpuSession,
        plan: &Plan,
        turn: &Turn<'_>,
        at: usize,
    ) -> Result<Vec<Vec<u32>>> {
        let _scratch = self.scratch.lock().unwrap_or_else(PoisonError::into_inner);
        if at == 0 {
            self.upload_step(session, turn);
        }
        let dispatch = plan.dispatches().nth(at).expect("a dispatch of the plan");
        let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
        self.encode(
            &mut encoder,
            session,
            turn,
            std::slice::from_ref(dispatch),
            at,
        );
        let submission = self.submit(encoder)?;
        self.gpu.wait(submission)?;
        let mut written = Vec::new();
        for (id, _) in dispatch.uses().filter(|(_, access)| access.writes()) {
            written.push(copy_back(&self.gpu, self.buffer_of(session, plan, id).0)?);
        }
        Ok(written)
    }
}
