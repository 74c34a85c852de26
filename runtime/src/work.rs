//! What a step must cost whatever device plays it: bytes of weights, keys and values, and operations. Counted from the
//! plan and the weights; nothing is measured here.

use crate::blueprint::{Blueprint, DECODE, PREFILL};
use crate::plan::{Access, Dispatch, Home, Plan, Step};

/// What a dispatch or a step must do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Bytes of weights, keys and values that it reads and writes, each once. Activations are not counted: a device may
    /// keep them in its caches, and a plan may do without.
    pub bytes: u64,
    /// Additions and multiplications of matrix products and attention.
    pub operations: u64,
}

impl std::ops::Add for Work {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            bytes: self.bytes + other.bytes,
            operations: self.operations + other.operations,
        }
    }
}

impl std::iter::Sum for Work {
    fn sum<I: Iterator<Item = Self>>(works: I) -> Self {
        works.fold(Self::default(), |all, work| all + work)
    }
}

impl Blueprint {
    /// What decoding one token at a position must cost.
    pub fn decode_work(&self, position: u32) -> Work {
        self.step_work(&self.plans[DECODE], &Step::new(position, 1))
    }

    /// What reading a prompt of so many tokens must cost, in chunks as long as they may be.
    pub fn prefill_work(&self, tokens: u32) -> Work {
        let starts = (0..tokens).step_by(self.prefill_chunk.max(1) as usize);
        let chunk = |start| {
            let count = self.prefill_chunk.min(tokens - start);
            let plan = if count == 1 { DECODE } else { PREFILL };
            self.step_work(&self.plans[plan], &Step::new(start, count))
        };
        starts.map(chunk).sum()
    }

    fn step_work(&self, plan: &Plan, step: &Step) -> Work {
        let dispatches = plan.dispatches();
        dispatches
            .map(|dispatch| self.work(plan, dispatch, step))
            .sum()
    }

    /// What one dispatch of a plan must do in a step.
    pub(crate) fn work(&self, plan: &Plan, dispatch: &Dispatch, step: &Step) -> Work {
        let mut work = Work::default();
        for (id, access) in dispatch.uses() {
            let home = plan.tensor(id).home;
            if matches!(home, Home::Weight(_) | Home::Keys(_) | Home::Values(_)) {
                let (read, written) = plan.moved(id, access, step);
                work.bytes += read + written;
            }
            work.operations += match (home, access) {
                (Home::Weight(weight), Access::Read) => {
                    2 * self.matrix_elements(weight) * u64::from(plan.rows_made(dispatch, step))
                }
                // Keys that are read stand for both: scores with them, and as many products with the values.
                (Home::Keys(_), Access::Read | Access::Update) => self.attention_operations(step),
                _ => 0,
            };
        }
        work
    }

    /// Elements of a matrix; a vector is not multiplied with rows.
    fn matrix_elements(&self, weight: usize) -> u64 {
        let weight = &self.weights.weights[weight];
        match weight.rows {
            1 => 0,
            rows => (rows * weight.cols) as u64,
        }
    }

    /// Two products of each query head with every position that its row sees.
    fn attention_operations(&self, step: &Step) -> u64 {
        let seen = |row: u32| u64::from(step.position + row + 1 - step.dropped);
        let positions: u64 = (0..step.count).map(seen).sum();
        4 * (self.config.heads * self.config.head_size) as u64 * positions
    }
}
