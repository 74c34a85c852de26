//! Layers that do not stay: what each of the two slots holds, and how the file's rows come to it, when a step needs them
//! or ahead of that. It knows files and chunks; where the bytes go is the player's.

use std::sync::Arc;

use crate::Result;
use crate::blueprint::Blueprint;
use crate::chunk::{Chunk, chunk_count, chunks, largest_chunk};
use crate::formats::Checkpoint;
use crate::memory::{STAGING_BUFFERS, is_read_every_step, slot_of, staging_buffer};
use crate::packer::{Packer, STREAMING, Sink};

/// The streamed layers of a model and the file they come from.
#[derive(Debug)]
pub(crate) struct Stream {
    checkpoint: Arc<Checkpoint>,
    /// For each streamed layer, what is copied.
    layers: Vec<Vec<Chunk>>,
    slots: [Held; 2],
    packer: Packer,
    /// As many chunks as the upload ring holds, whichever they are.
    ring_full: usize,
}

/// How much is brought at once.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part {
    /// All that is lacking.
    Whole,
    /// At most what the upload ring takes without waiting.
    RingFull,
}

/// What is in a slot: so many chunks of a layer.
#[derive(Clone, Copy, Debug, Default)]
struct Held {
    layer: Option<usize>,
    chunks: usize,
}

impl Stream {
    /// Both slots are empty. `None` where every layer stays.
    pub fn new(checkpoint: &Arc<Checkpoint>, blueprint: &Blueprint) -> Option<Self> {
        let (list, memory) = (&blueprint.weights, &blueprint.memory);
        let resident = list.layers.len() - memory.streamed_layers;
        let layers: Vec<Vec<Chunk>> = list.layers[resident..]
            .iter()
            .map(|layer| {
                let counts = list.weights[layer.clone()].iter();
                let count: u64 = counts
                    .map(|weight| chunk_count(weight, memory.staging))
                    .sum();
                let mut all = Vec::with_capacity(count as usize);
                for weight in layer.clone() {
                    all.extend(chunks(checkpoint, list, weight, memory.staging));
                }
                all
            })
            .collect();
        let largest = largest_chunk(list, memory.staging);
        (!layers.is_empty()).then(|| Self {
            checkpoint: checkpoint.clone(),
            layers,
            slots: Default::default(),
            packer: Packer::new(STREAMING),
            ring_full: STAGING_BUFFERS * (staging_buffer(memory.staging) / largest) as usize,
        })
    }

    /// Copies what its slot lacks of a layer, or a part of it.
    pub fn bring(&mut self, layer: usize, part: Part, sink: &mut Sink<'_>) -> Result<()> {
        let chunks = &self.layers[layer];
        let held = &mut self.slots[slot_of(layer)];
        if held.layer != Some(layer) {
            *held = Held {
                layer: Some(layer),
                chunks: 0,
            };
        }
        if held.chunks == chunks.len() {
            return Ok(());
        }
        // To read behind the end of a file that was cut off would end the program.
        self.checkpoint.expect_unchanged()?;
        if held.chunks == 0 {
            let next = (layer + 1) % self.layers.len();
            if is_read_every_step(next, self.layers.len()) {
                let announced = self.layers[next].iter();
                announced.for_each(|chunk| chunk.announce(&self.checkpoint));
            }
        }
        let lacking = &chunks[held.chunks..];
        let brought = match part {
            Part::Whole => lacking,
            Part::RingFull => &lacking[..self.ring_full.min(lacking.len())],
        };
        // Those that came before an error come once more: to copy a chunk twice does no harm.
        self.packer.pour(
            &self.checkpoint,
            brought.iter().cloned(),
            |_| Ok(true),
            sink,
            |_| Ok(()),
        )?;
        held.chunks += brought.len();
        Ok(())
    }
}
