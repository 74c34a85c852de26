//! Layers that do not stay: what each of the two slots holds, and how the file's rows come to it, when a step needs them
//! or ahead of that. It knows files and chunks; where the bytes go is the player's.

use std::sync::Arc;

use crate::Result;
use crate::blueprint::Blueprint;
use crate::formats::Checkpoint;
use crate::loader::{Chunk, Sink, chunks};
use crate::memory::{is_read_every_step, slot_of};

/// The streamed layers of a model and the file they come from.
#[derive(Debug)]
pub(crate) struct Stream {
    checkpoint: Arc<Checkpoint>,
    /// For each streamed layer, what is copied.
    layers: Vec<Vec<Chunk>>,
    slots: [Held; 2],
    /// A chunk on its way, as long as the longest so far.
    bytes: Vec<u8>,
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
                layer
                    .clone()
                    .flat_map(|weight| chunks(checkpoint, list, weight, memory.staging))
                    .collect()
            })
            .collect();
        (!layers.is_empty()).then(|| Self {
            checkpoint: checkpoint.clone(),
            layers,
            slots: Default::default(),
            bytes: Vec::new(),
        })
    }

    /// Copies what its slot lacks of a layer, but at most `most` chunks of it.
    pub fn bring(&mut self, layer: usize, most: usize, sink: &mut Sink<'_>) -> Result<()> {
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
        for chunk in chunks[held.chunks..].iter().take(most) {
            let sections = chunk.pack(&self.checkpoint, &mut self.bytes);
            chunk.release(&self.checkpoint);
            sink(chunk.weight, &self.bytes, &sections)?;
            held.chunks += 1;
        }
        Ok(())
    }
}
