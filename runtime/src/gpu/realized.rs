//! A plan made real: the model's buffers and pipelines on the device, a session's buffers and its bind groups. Made at
//! load and when a session opens; nothing here happens during a token.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use lorgnette_shaders::kernel::FIRST_STORAGE;
use lorgnette_shaders::{Medium, Program, Shader, Step};
use wgpu::BufferUsages as Usage;

use super::buffers::{Buffer, Storage};
use super::device::Gpu;
use super::pipelines::Pipeline;
use super::readback::Readback;
use super::session::GpuSession;
use super::transfer::Upload;
use crate::Result;
use crate::memory::{MemoryPlan, UNIFORM_ALIGNMENT};
use crate::plan::{Dispatch, Home, Plan, TensorId};
use crate::stream::Stream;

/// A model on the GPU.
#[derive(Debug)]
pub(crate) struct GpuPlayer {
    pub(super) gpu: Arc<Gpu>,
    pub(super) weights: Vec<Storage>,
    /// For each weight of the list, which of these it is in.
    pub(super) weight_buffers: Vec<usize>,
    slots: Vec<Buffer>,
    params: Buffer,
    /// For each plan, for each dispatch in order.
    pub(super) pipelines: Vec<Vec<Arc<Pipeline>>>,
    /// Where layers are streamed.
    pub(super) streaming: Option<Streaming>,
    /// What was submitted last, of any session: all before it has ended.
    pub(super) in_flight: Option<wgpu::SubmissionIndex>,
}

/// Streamed layers, and the ring they come through.
#[derive(Debug)]
pub(super) struct Streaming {
    pub stream: Stream,
    pub ring: Upload,
}

impl GpuPlayer {
    /// Creates every buffer that the plans need; the weights are still empty, and the pipelines still to be taken.
    /// `programs` has one for each shader of the plans.
    pub fn new(
        gpu: Arc<Gpu>,
        programs: &HashMap<Shader, Program>,
        plans: &[Plan],
        memory: &MemoryPlan,
        given_up: &dyn Fn() -> bool,
    ) -> Result<Self> {
        let storage = Usage::STORAGE | Usage::COPY_DST;
        let sampled = sampled(programs, plans, memory);
        let weights = memory.weights.iter().enumerate().map(|(i, bytes)| {
            let medium = match sampled.contains(&i) {
                true => Medium::Texture,
                false => Medium::Buffer,
            };
            gpu.weights(medium, *bytes)
        });
        let weights = weights.collect::<Result<_>>()?;
        let slots = memory
            .slots
            .iter()
            .map(|bytes| gpu.buffer("scratch", *bytes, storage | Usage::COPY_SRC))
            .collect::<Result<_>>()?;
        let params = gpu.buffer("params", memory.params, Usage::UNIFORM | Usage::COPY_DST)?;
        let player = Self {
            gpu,
            weights,
            weight_buffers: memory.weight_buffers.clone(),
            slots,
            params,
            pipelines: Vec::new(),
            streaming: None,
            in_flight: None,
        };
        player.upload_params(plans, memory.staging, given_up)?;
        Ok(player)
    }

    /// Takes the pipelines of the plans, which the device has by now.
    pub fn take_pipelines(
        &mut self,
        programs: &HashMap<Shader, Program>,
        plans: &[Plan],
    ) -> Result<()> {
        let of = |dispatch: &Dispatch| self.gpu.pipeline(&programs[&dispatch.shader]);
        let of_plan = |plan: &Plan| plan.dispatches().map(of).collect();
        self.pipelines = plans.iter().map(of_plan).collect::<Result<_>>()?;
        Ok(())
    }

    fn upload_params(
        &self,
        plans: &[Plan],
        staging: u64,
        given_up: &dyn Fn() -> bool,
    ) -> Result<()> {
        let mut bytes = Vec::with_capacity(self.params.raw().size() as usize);
        for dispatch in plans.iter().flat_map(Plan::dispatches) {
            bytes.extend_from_slice(&dispatch.params);
            bytes.resize(bytes.len().next_multiple_of(UNIFORM_ALIGNMENT as usize), 0);
        }
        let mut upload = Upload::new(self.gpu.clone(), staging)?;
        upload.fill(&bytes, &self.params, given_up)?;
        upload.finish()
    }

    /// A ring of `staging` bytes to fill the weights through.
    pub fn upload(&self, staging: u64) -> Result<Upload> {
        Upload::new(self.gpu.clone(), staging)
    }

    /// From now on, layers are streamed through `ring`.
    pub fn keep(&mut self, stream: Stream, ring: Upload) {
        self.streaming = Some(Streaming { stream, ring });
    }

    /// Whether its device is gone.
    pub fn is_lost(&self) -> bool {
        self.gpu.is_lost()
    }

    /// Bytes of its buffers and textures.
    pub fn bytes(&self) -> u64 {
        let weights = self.weights.iter().map(Storage::bytes);
        let buffers = self.slots.iter().chain([&self.params]).map(Buffer::bytes);
        let ring = self
            .streaming
            .as_ref()
            .map(|streaming| streaming.ring.bytes());
        weights.chain(buffers).chain(ring).sum()
    }

    /// What a weight of the list lies in.
    pub fn weight(&self, index: usize) -> &Storage {
        &self.weights[self.weight_buffers[index]]
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
        let back = |bytes: u64| {
            let usage = Usage::MAP_READ | Usage::COPY_DST;
            Ok(Readback::new(gpu.buffer("readback", bytes, usage)?))
        };
        let mut session = GpuSession {
            gpu: gpu.clone(),
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
            readback: vec![
                back(sizes.readback)?,
                back(sizes.next_ids)?,
                back(sizes.next_ids)?,
            ],
            ids_next: false,
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
        gpu.check().map(|()| session)
    }

    fn bind(
        &self,
        session: &GpuSession,
        plan: &Plan,
        dispatch: &Dispatch,
        pipeline: &Pipeline,
        at: u64,
    ) -> wgpu::BindGroup {
        let mut bound = vec![
            part(&self.params, at, Some(dispatch.params.len())),
            part(&session.step, 0, Some(size_of::<Step>())),
        ];
        bound.extend(
            dispatch
                .tensors
                .iter()
                .map(|id| match plan.tensor(*id).home {
                    Home::Weight(index) => self.weight(index).resource(),
                    _ => {
                        let (buffer, offset) = self.buffer_of(session, plan, *id);
                        part(buffer, offset, None)
                    }
                }),
        );
        let entries: Vec<_> = (0..)
            .zip(bound)
            .map(|(binding, resource)| wgpu::BindGroupEntry { binding, resource })
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

    /// Where a tensor is that is not the model's weights.
    pub(super) fn buffer_of<'a>(
        &'a self,
        session: &'a GpuSession,
        plan: &Plan,
        id: TensorId,
    ) -> (&'a Buffer, u64) {
        match plan.tensor(id).home {
            Home::Weight(_) => unreachable!("no kernel writes weights, so none are read back"),
            Home::Scratch(slot) => (&self.slots[slot], 0),
            Home::Keys(layer) => (&session.keys[layer], 0),
            Home::Values(layer) => (&session.values[layer], 0),
            Home::Ids => (&session.ids, 0),
            Home::Angles => (&session.step, UNIFORM_ALIGNMENT),
        }
    }
}

/// A part of a buffer; all from `offset` on where no size is given.
fn part(buffer: &Buffer, offset: u64, size: Option<usize>) -> wgpu::BindingResource<'_> {
    wgpu::BindingResource::Buffer(wgpu::BufferBinding {
        buffer: buffer.raw(),
        offset,
        size: size.and_then(|size| std::num::NonZeroU64::new(size as u64)),
    })
}

/// Which buffers of weights are textures: those that a program reads as one.
fn sampled(
    programs: &HashMap<Shader, Program>,
    plans: &[Plan],
    memory: &MemoryPlan,
) -> HashSet<usize> {
    let mut sampled = HashSet::new();
    for plan in plans {
        for dispatch in plan.dispatches() {
            let program = &programs[&dispatch.shader];
            let binds = dispatch.shader.kernel.binds.iter().zip(&dispatch.tensors);
            for (_, id) in binds.filter(|(bind, _)| program.samples(bind)) {
                if let Home::Weight(index) = plan.tensor(*id).home {
                    sampled.insert(memory.weight_buffers[index]);
                }
            }
        }
    }
    sampled
}
