//! What a session holds on the device, and what comes back from it.

use std::sync::Arc;

use super::buffers::Buffer;
use super::device::Gpu;
use super::readback::Readback;
use super::transfer::copy_back;
use crate::Result;
use crate::player::Want;

/// A session on the GPU.
#[derive(Debug)]
pub(crate) struct GpuSession {
    pub(super) gpu: Arc<Gpu>,
    pub(super) keys: Vec<Buffer>,
    pub(super) values: Vec<Buffer>,
    pub(super) ids: Buffer,
    pub(super) step: Buffer,
    /// The large one, for logits and scores; then two that ids take turns in.
    pub(super) readback: Vec<Readback>,
    /// Which of the two is next.
    pub(super) ids_next: bool,
    /// For each plan, for each dispatch in order.
    pub(super) bind_groups: Vec<Vec<wgpu::BindGroup>>,
}

impl GpuSession {
    /// Bytes of its buffers.
    pub fn bytes(&self) -> u64 {
        let caches = self.keys.iter().chain(&self.values);
        let buffers = caches.chain([&self.ids, &self.step]).map(Buffer::bytes);
        let readback = self.readback.iter().map(Readback::bytes);
        buffers.chain(readback).sum()
    }

    /// Where such results are read back: the two for ids take turns.
    pub(super) fn readback_for(&mut self, want: Want) -> usize {
        if want != Want::NextId {
            return 0;
        }
        self.ids_next = !self.ids_next;
        1 + usize::from(self.ids_next)
    }

    /// What a step that has begun gives back.
    pub fn finish(&mut self, back: usize) -> Result<Vec<u8>> {
        let result = self.readback[back].take(&self.gpu);
        self.gpu.blamed(result)
    }

    /// The words of a layer's keys. For tests; slow.
    pub fn keys(&self, layer: usize) -> Result<Vec<u32>> {
        self.gpu.blamed(copy_back(&self.gpu, &self.keys[layer]))
    }
}
