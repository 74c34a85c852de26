//! Cases of an attention layer: rotation, the cache, and attending to it, of any heads at any position.

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
    const fn stride(&self) -> usize {
        (self.heads + 2 * self.kv_heads) * self.size
    }

    const fn kv_width(&self) -> usize {
        self.kv_heads * self.size
    }

    const fn row_words(&self) -> usize {
        self.cache.row_bytes(self.kv_width()) / 4
    }

    fn step(&self) -> Step {
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

    /// Rotates queries and keys; values stay as they are.
    pub fn rope(&self) -> Case {
        let params = rope::Params {
            heads: (self.heads + self.kv_heads) as u32,
            quads: self.size as u32 / 4,
            stride: self.stride() as u32 / 4,
            unused: 0,
        };
        let angles = self
            .angles()
            .iter()
            .map(|v| (*v as f32).to_bits())
            .collect();
        let mut qkv = Noise::new(3).f32s(self.count * self.stride(), 4.0);
        for row in qkv.chunks_exact_mut(self.stride()) {
            row[self.stride() - self.kv_width()..].fill(GUARD);
        }
        let shader = shader(&rope::KERNEL, Parts::default());
        let mut case = Case::new(self, shader, params, self.step(), vec![angles, qkv]);
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
        let params = kv_write::Params {
            row_blocks: (self.kv_width() / BLOCK) as u32,
            keys_offset: (self.heads * self.size) as u32 / 4,
            values_offset: ((self.heads + self.kv_heads) * self.size) as u32 / 4,
            stride: self.stride() as u32 / 4,
        };
        let mut qkv = Noise::new(4).f32s(self.count * self.stride(), self.sharpness);
        for row in qkv.chunks_exact_mut(self.stride()) {
            row[..self.heads * self.size].fill(GUARD);
        }
        let cache = vec![GUARD; (self.position + self.count + 1) * self.row_words()];
        let shader = shader(&kv_write::KERNEL, self.cache);
        let buffers = vec![qkv, cache.clone(), cache];
        let mut case = Case::new(self, shader, params, self.step(), buffers);
        let (format, elements) = (self.cache, self.kv_width());
        case.values = Values::Cache { format, elements };
        case.nmse = format.rounding();
        case
    }

    /// Attends to everything up to each row's own position.
    pub fn attend(&self) -> Case {
        let params = attend::Params {
            group: (self.heads / self.kv_heads) as u32,
            row_blocks: (self.kv_width() / BLOCK) as u32,
            quads: self.size as u32 / 4,
            stride: self.stride() as u32 / 4,
            scale: 1.0 / (self.size as f32).sqrt(),
            heads: self.heads as u32,
            ..Default::default()
        };
        let mut noise = Noise::new(5);
        let mut qkv = noise.f32s(self.count * self.stride(), self.sharpness);
        for row in qkv.chunks_exact_mut(self.stride()) {
            row[self.heads * self.size..].fill(GUARD);
        }
        let mut cache = || {
            let mut rows = vec![GUARD; (self.position + self.count) * self.row_words()];
            for row in rows.chunks_exact_mut(self.row_words()) {
                let values = noise.f32s(self.kv_width(), 2.0);
                self.cache.store_row(row, bytemuck::cast_slice(&values));
            }
            rows
        };
        let out = vec![GUARD; self.count * self.heads * self.size];
        let buffers = vec![qkv, cache(), cache(), out];
        let shader = shader(&attend::KERNEL, self.cache);
        Case::new(self, shader, params, self.step(), buffers)
    }
}
