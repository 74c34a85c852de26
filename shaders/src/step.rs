//! What changes from one step to the next: where the rows are, what of the sequence is in the cache, how the next id is
//! chosen.

use crate::draw::Draw;

/// What changes from one step to the next: the uniform at binding 1 of every kernel.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
pub struct Step {
    /// Position of the step's first row in the sequence.
    pub position: u32,
    /// Rows (tokens) in this step.
    pub count: u32,
    /// First positions of the sequence that never leave the cache.
    pub keep: u32,
    /// Positions that have left it: those from `keep` on. The rows of the step see what is left when all of them are in.
    pub dropped: u32,
    /// How the next token is chosen.
    pub draw: Draw,
}

impl Step {
    /// `count` rows from `position` on, with everything before them in the cache.
    pub const fn new(position: u32, count: u32) -> Self {
        Self {
            position,
            count,
            keep: 0,
            dropped: 0,
            draw: Draw::LIKELIEST,
        }
    }

    /// The row of a cache of `context` rows that a position is in: the kept positions have rows of their own, the others
    /// follow each other round a ring of the rest. As `cache_row` of the kernels has it.
    pub const fn cache_row(&self, position: u32, context: u32) -> u32 {
        if position < self.keep {
            return position;
        }
        self.keep + (position - self.keep) % (context - self.keep)
    }

    /// The position that has this number among those in the cache, and whether it is a kept one in front of a gap:
    /// the shifted query meets it.
    pub const fn cached(&self, number: u32) -> (u32, bool) {
        if number < self.keep {
            (number, self.dropped > 0)
        } else {
            (number + self.dropped, false)
        }
    }
}
