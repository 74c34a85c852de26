//! Cases of attention in splits: the step that writes its own keys and values and attends, and the joining of splits.

use std::fmt::Debug;

use super::{Attention, Case, GUARD, Noise, Sliding, Values, shader};
use crate::kernel::{Parts, Step};
use crate::kernels::{attend_merge, attend_split};
use crate::weights::BLOCK;

impl Attention {
    /// Elements of a row of queries, keys and values, and with the partial sums behind them.
    const fn split_row(&self, context: usize) -> [usize; 2] {
        let made = (self.heads + 2 * self.kv_heads) * self.size;
        let left = attend_split::partials(context as u32, self.heads, self.size);
        [made, made + left]
    }

    fn turn(&self) -> f32 {
        match self.cache.is_turned() {
            true => 1.0 / (self.size as f32).sqrt(),
            false => 0.0,
        }
    }

    /// Rotates, writes keys and values, and attends to everything up to each row's own position, split by split.
    pub fn attend_split(&self) -> Case {
        self.attend_split_of(self, self.step(), self.position + self.count)
    }

    fn attend_split_of(&self, what: &dyn Debug, step: Step, context: usize) -> Case {
        let [made, stride] = self.split_row(context);
        let params = attend_split::Params {
            group: (self.heads / self.kv_heads) as u32,
            heads: self.heads as u32,
            row_blocks: (self.kv_width() / BLOCK) as u32,
            quads: self.size as u32 / 4,
            stride: stride as u32 / 4,
            partials: made as u32 / 4,
            span: attend_split::span(context as u32),
            context: context as u32,
            scale: 1.0 / (self.size as f32).sqrt(),
            turn: self.turn(),
            ..Default::default()
        };
        let mut noise = Noise::new(11);
        let mut qkv = noise.f32s(self.count * stride, 2.0);
        for row in qkv.chunks_exact_mut(stride) {
            let queries = noise.f32s(self.heads * self.size, self.sharpness);
            row[..queries.len()].copy_from_slice(&queries);
            row[made..].fill(GUARD);
        }
        // What the step writes is not there yet.
        let mut cache = || {
            let mut cache = self.filled(&mut noise, step, context);
            for t in 0..self.count as u32 {
                let row = step.cache_row(step.position + t, context as u32) as usize;
                cache[row * self.row_words()..][..self.row_words()].fill(GUARD);
            }
            cache
        };
        let buffers = vec![self.angle_words(step), qkv, cache(), cache()];
        let shader = shader(&attend_split::KERNEL, self.cache);
        let mut case = Case::new(what, shader, params, step, buffers);
        let (format, elements) = (self.cache, self.kv_width());
        case.values = Values::Cache { format, elements };
        case.nmse = case.nmse.max(format.rounding());
        case
    }

    /// Joins the splits that each row sees.
    pub fn attend_merge(&self) -> Case {
        self.attend_merge_of(self, self.step(), self.position + self.count)
    }

    fn attend_merge_of(&self, what: &dyn Debug, step: Step, context: usize) -> Case {
        let [made, stride] = self.split_row(context);
        let span = attend_split::span(context as u32);
        let params = attend_merge::Params {
            heads: self.heads as u32,
            quads: self.size as u32 / 4,
            stride: stride as u32 / 4,
            partials: made as u32 / 4,
            span,
            turn: self.turn(),
            ..Default::default()
        };
        let mut noise = Noise::new(12);
        let mut qkv = vec![GUARD; self.count * stride];
        for (t, row) in qkv.chunks_exact_mut(stride).enumerate() {
            let seen = step.position + t as u32 + 1 - step.dropped;
            let left = row[made..].chunks_exact_mut(self.size + 4);
            for left in left.take(seen.div_ceil(span) as usize * self.heads) {
                left.copy_from_slice(&noise.f32s(self.size + 4, self.sharpness));
                // At least the share of the highest score.
                left[self.size + 1] = (1.0 + noise.unit().abs()).to_bits();
            }
        }
        let out = vec![GUARD; self.count * self.heads * self.size];
        let shader = shader(&attend_merge::KERNEL, Parts::default());
        Case::new(what, shader, params, step, vec![qkv, out])
    }
}

impl Sliding {
    /// Rotates, writes into the ring, and attends to the kept positions and to the ring, split by split.
    pub fn attend_split(&self) -> Case {
        self.layer.attend_split_of(self, self.step(), self.context)
    }

    /// Joins the splits.
    pub fn attend_merge(&self) -> Case {
        self.layer.attend_merge_of(self, self.step(), self.context)
    }
}
