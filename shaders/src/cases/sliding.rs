//! Cases of an attention layer whose cache is smaller than the sequence: some first positions stay, the oldest of the
//! others have left, and the ring of the latest has gone round.

use super::{Attention, Case};
use crate::kernel::Step;

/// An attention layer from which positions have left.
#[derive(Clone, Copy, Debug)]
pub struct Sliding {
    /// The layer, at an absolute position.
    pub layer: Attention,
    /// First positions that stay.
    pub keep: usize,
    /// Positions that have left; at least as many as do not fit.
    pub dropped: usize,
    /// Rows of the cache.
    pub context: usize,
}

impl Sliding {
    /// The step that all cases of it are played with.
    pub const fn step(&self) -> Step {
        Step {
            keep: self.keep as u32,
            dropped: self.dropped as u32,
            ..Step::new(self.layer.position as u32, self.layer.count as u32)
        }
    }

    /// Rotates queries, keys, and the queries once more for the kept keys.
    pub fn rope(&self) -> Case {
        self.layer.rope_of(self, self.step())
    }

    /// Puts keys and values into the ring.
    pub fn kv_write(&self) -> Case {
        self.layer.kv_write_of(self, self.step(), self.context)
    }

    /// Attends to the kept positions and to the ring up to each row's own position.
    pub fn attend(&self) -> Case {
        self.layer.attend_of(self, self.step(), self.context)
    }
}
