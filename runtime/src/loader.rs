//! Weights on their way: mapped file rows -> repacked in a small buffer -> the player. No weight is ever held twice: file
//! pages are given back as soon as they are copied. A load goes this way as streamed layers do.

use crate::Result;
use crate::chunk::{Chunk, chunks};
use crate::formats::Checkpoint;
use crate::memory::MemoryPlan;
use crate::packer::{LOADING, Packer, Sink};
use crate::weights::{Weight, WeightList};

/// Sends every weight that stays from the checkpoint into `sink`, saying how far it is, and looks at those that will be
/// streamed: what is broken is refused here, once.
pub(crate) fn load(
    checkpoint: &Checkpoint,
    list: &WeightList,
    memory: &MemoryPlan,
    sink: &mut Sink<'_>,
    progress: &mut dyn FnMut(u64, u64) -> Result<()>,
) -> Result<()> {
    let bytes = |weight: &Weight| weight.rows as u64 * weight.row_bytes();
    let total = list.weights.iter().map(bytes).sum();
    let resident = list.layers.len() - memory.streamed_layers;
    let streamed = |weight| {
        list.layers[resident..]
            .iter()
            .any(|layer| layer.contains(&weight))
    };
    let weights = 0..list.weights.len();
    let chunks = weights.flat_map(|weight| chunks(checkpoint, list, weight, memory.staging));
    let wanted = |chunk: &Chunk| {
        chunk.check(checkpoint)?;
        Ok(!streamed(chunk.weight))
    };
    let mut done = 0;
    let passed = |chunk: &Chunk| {
        let rows = chunk.rows.end - chunk.rows.start;
        done += rows * list.weights[chunk.weight].row_bytes();
        progress(done, total)
    };
    Packer::new(LOADING).pour(checkpoint, chunks, wanted, sink, passed)
}
