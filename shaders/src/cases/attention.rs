//! Cases of an attention layer: rotation, the cache, and attending to it, of any heads at any position.

use std::fmt::Debug;

use super::{Case, GUARD, Noise, Values, shader};
use crate::cache::CacheFormat;
use crate::kernel::{Parts, Step};
use crate::kernels::{attend, hadamard, kv_write, rope};
use crate::weights::BLOCK;

/// The heads of an attention layer at a position.
#[derive(Clone, Copy, Debug)]
pub struct Attention {
    /// Of keys and values.
    pub cache: CacheFormat,
    /// Query heads.
    pub heads: usize,
    /// Key heads.
    pub kv_heads: usize,
    /// Elements of a head.
    pub size: usize,
    /// Of the step's first row.
    pub position: usize,
    /// Rows of the step.
    pub count: usize,
    /// Size of queries; the larger, the fewer positions matter.
    pub sharpness: f32,
}

impl Attention {
    /// Elements of a row of queries, keys, values and shifted queries.
    pub const fn stride(&self) -> usize {
        (2 * self.heads + 2 * self.kv_heads) * self.size
    }

    pub(super) const fn kv_width(&self) -> usize {
        self.kv_heads * self.size
    }

    /// Words of a row of the cache.
    pub(super) const fn row_words(&self) -> usize {
        self.cache.row_bytes(self.kv_width()) / 4
    }

    pub(super) fn step(&self) -> Step {
        Step::new(self.position as u32, self.count as u32)
    }

    /// (cos, sin) of every pair, base 500 000, in f64 until the end.
    pub fn angles(&self) -> Vec<f64> {
        let pairs = self.size / 2;
        let angle = |t: usize, pair: usize| {
            (self.position + t) as f64 * 500_000f64.powf(-(pair as f64) / pairs as f64)
        };
        let rows = 0..self.count;
        rows.flat_map(|t| (0..pairs).map(move |pair| (t, pair)))
            .flat_map(|(t, pair)| [angle(t, pair).cos(), angle(t, pair).sin()])
            .collect()
    }

    /// Those of the step's rows; and where positions have left, of the shifted queries.
    pub(super) fn angle_words(&self, step: Step) -> Vec<u32> {
        let mut angles = self.angles();
        if step.dropped > 0 {
            let position = self.position - step.dropped as usize;
            angles.extend(Self { position, ..*self }.angles());
        }
        angles.iter().map(|v| (*v as f32).to_bits()).collect()
    }

    /// Rotates queries and keys; values stay as they are.
    pub fn rope(&self) -> Case {
        self.rope_of(self, self.step())
    }

    pub(super) fn rope_of(&self, what: &dyn Debug, step: Step) -> Case {
        let params = rope::Params {
            heads: (self.heads + self.kv_heads) as u32,
            quads: self.size as u32 / 4,
            stride: self.stride() as u32 / 4,
            queries: self.heads as u32,
        };
        let angles = self.angle_words(step);
        let mut qkv = Noise::new(3).f32s(self.count * self.stride(), 4.0);
        for row in qkv.chunks_exact_mut(self.stride()) {
            row[(self.heads + self.kv_heads) * self.size..].fill(GUARD);
        }
        let shader = shader(&rope::KERNEL, Parts::default());
        let mut case = Case::new(what, shader, params, step, vec![angles, qkv]);
        // Rounding of two products and a sum of numbers up to 4.
        case.max_abs = 2e-6;
        case
    }

    /// Turns every head, in place.
    pub fn hadamard(&self) -> Case {
        let params = hadamard::Params {
            row_blocks: (self.stride() / BLOCK) as u32,
            head_blocks: (self.size / BLOCK) as u32,
            scale: 1.0 / (self.size as f32).sqrt(),
            unused: 0,
        };
        let heads = Noise::new(9).f32s(self.count * self.stride(), self.sharpness);
        let shader = shader(&hadamard::KERNEL, Parts::default());
        Case::new(self, shader, params, self.step(), vec![heads])
    }

    /// Puts keys and values into the cache, before and behind other rows.
    pub fn kv_write(&self) -> Case {
        self.kv_write_of(self, self.step(), self.position + self.count + 1)
    }

    pub(super) fn kv_write_of(&self, what: &dyn Debug, step: Step, context: usize) -> Case {
        let params = kv_write::Params {
            row_blocks: (self.kv_width() / BLOCK) as u32,
            keys_offset: (self.heads * self.size) as u32 / 4,
            values_offset: ((self.heads + self.kv_heads) * self.size) as u32 / 4,
            stride: self.stride() as u32 / 4,
            context: context as u32,
            ..Default::default()
        };
        let mut qkv = Noise::new(4).f32s(self.count * self.stride(), self.sharpness);
        for row in qkv.chunks_exact_mut(self.stride()) {
            let (queries, rest) = row.split_at_mut(self.heads * self.size);
            queries.fill(GUARD);
            rest[2 * self.kv_width()..].fill(GUARD);
        }
        let cache = vec![GUARD; context * self.row_words()];
        let shader = shader(&kv_write::KERNEL, self.cache);
        let buffers = vec![qkv, cache.clone(), cache];
        let mut case = Case::new(what, shader, params, step, buffers);
        let (format, elements) = (self.cache, self.kv_width());
        case.values = Values::Cache { format, elements };
        case.nmse = format.rounding();
        case
    }

    /// Attends to everything up to each row's own position.
    pub fn attend(&self) -> Case {
        self.attend_of(self, self.step(), self.position + self.count)
    }

    pub(super) fn attend_of(&self, what: &dyn Debug, step: Step, context: usize) -> Case {
        let params = attend::Params {
            group: (self.heads / self.kv_heads) as u32,
            row_blocks: (self.kv_width() / BLOCK) as u32,
            quads: self.size as u32 / 4,
            stride: self.stride() as u32 / 4,
            scale: 1.0 / (self.size as f32).sqrt(),
            heads: self.heads as u32,
            context: context as u32,
            unused: 0,
        };
        let mut noise = Noise::new(5);
        let mut qkv = noise.f32s(self.count * self.stride(), self.sharpness);
        for row in qkv.chunks_exact_mut(self.stride()) {
            let (_, rest) = row.split_at_mut(self.heads * self.size);
            let unseen = match step.dropped {
                0 => rest.len(),
                _ => 2 * self.kv_width(),
            };
            rest[..unseen].fill(GUARD);
        }
        let mut cache = || self.filled(&mut noise, step, context);
        let out = vec![GUARD; self.count * self.heads * self.size];
        let buffers = vec![qkv, cache(), cache(), out];
        let shader = shader(&attend::KERNEL, self.cache);
        Case::new(what, shader, params, step, buffers)
    }

    /// Keys or values of every position that is in the cache; other rows hold no numbers.
    pub(super) fn filled(&self, noise: &mut Noise, step: Step, context: usize) -> Vec<u32> {
        let row = self.row_words();
        let mut cache = vec![GUARD; context * row];
        for number in 0..(self.position + self.count) as u32 - step.dropped {
            let at = step.cache_row(step.cached(number).0, context as u32) as usize * row;
            let values = noise.f32s(self.kv_width(), 2.0);
            self.cache
                .store_row(&mut cache[at..at + row], bytemuck::cast_slice(&values));
        }
        cache
    }
}
