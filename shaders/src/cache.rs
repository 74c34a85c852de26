//! How keys and values are stored: the bytes of a row, the WGSL that reads and writes blocks, and the same in Rust as
//! the reference.
//!
//! A row is one position of one layer: the heads side by side, in blocks of 32 elements. A quantised row is the quants
//! of its blocks, in order, then one f16 scale a block, filled up to 16 bytes. What a block means is ggml's `q8_0` and
//! `q4_0`; element i of a `q4_0` block is nibble i % 8 of word i / 8.

use half::f16;

use crate::weights::BLOCK;

/// How keys and values are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CacheFormat {
    /// Four bytes an element.
    F32,
    /// Two bytes an element (IEEE binary16), two packed in a word.
    F16,
    /// 34 bytes for 32 elements: d * q with q from -127 to 127.
    Q8_0,
    /// 18 bytes for 32 elements: d * (q - 8) with q from 0 to 15.
    Q4_0,
}

impl CacheFormat {
    /// Every format, from the most exact to the smallest.
    pub const ALL: [Self; 4] = [Self::F32, Self::F16, Self::Q8_0, Self::Q4_0];

    /// `f32`, `f16`, `q8_0` or `q4_0`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Q8_0 => "q8_0",
            Self::Q4_0 => "q4_0",
        }
    }

    /// Bytes of a row of `elements`, a multiple of 32: always a multiple of 16.
    pub const fn row_bytes(self, elements: usize) -> usize {
        let blocks = elements / BLOCK;
        match self {
            Self::F32 => 4 * elements,
            Self::F16 => 2 * elements,
            Self::Q8_0 => (34 * blocks).next_multiple_of(16),
            Self::Q4_0 => (18 * blocks).next_multiple_of(16),
        }
    }

    /// Whether heads go into the cache turned by the `hadamard` kernel, and what is attended to comes back so: four bits
    /// hold no head of which a few elements are much larger than the others, as keys have them.
    pub const fn is_turned(self) -> bool {
        matches!(self, Self::Q4_0)
    }

    /// The normalised mean squared error that two right ways of rounding may put between two caches: WGSL lets f16 be
    /// rounded either way, and promises little of a division, so that a number in the middle may get either quant.
    pub const fn rounding(self) -> f64 {
        match self {
            Self::F32 => 0.0,
            Self::F16 => 1e-6,
            Self::Q8_0 => 1e-5,
            Self::Q4_0 => 1e-3,
        }
    }

    /// The WGSL that both reading and packing need.
    pub const fn scale_part(self) -> &'static str {
        match self {
            Self::F32 | Self::F16 => "",
            Self::Q8_0 | Self::Q4_0 => include_str!("parts/cache_scale.wgsl"),
        }
    }

    /// The WGSL that reads a cache. The kernel declares `keys` and `values`, both `array<CacheWord>`, and in `params`
    /// the `row_blocks`: blocks in a row. It gets `fn keys_block(row: u32, block: u32) -> array<vec4<f32>, 8>`, a block
    /// of a row of keys, `fn keys_half(row: u32, half: u32) -> mat4x4<f32>`, half a block,
    /// `fn values_quad(row: u32, quad: u32) -> vec4<f32>`, four neighbours of a row of values, and
    /// `fn values_eight(row: u32, eight: u32) -> mat2x4<f32>`.
    pub const fn load_part(self) -> &'static str {
        match self {
            Self::F32 => include_str!("parts/cache_f32.wgsl"),
            Self::F16 => include_str!("parts/cache_f16.wgsl"),
            Self::Q8_0 => include_str!("parts/cache_q8_0.wgsl"),
            Self::Q4_0 => include_str!("parts/cache_q4_0.wgsl"),
        }
    }

    /// The WGSL that packs a block: `fn cache_pack(x: array<vec4<f32>, 8>) -> CacheBlock`, which is `CACHE_WORDS` words
    /// and, where `CACHE_SCALED`, the 16 bits of a scale. `fn cache_start(row: u32, row_blocks: u32) -> u32` is the
    /// first word of a row.
    pub const fn pack_part(self) -> &'static str {
        macro_rules! part {
            ($file:literal) => {
                concat!(
                    include_str!("parts/cache_block.wgsl"),
                    include_str!(concat!("parts/", $file, ".wgsl"))
                )
            };
        }
        match self {
            Self::F32 => part!("cache_pack_f32"),
            Self::F16 => part!("cache_pack_f16"),
            Self::Q8_0 => part!("cache_pack_q8_0"),
            Self::Q4_0 => part!("cache_pack_q4_0"),
        }
    }

    /// The WGSL that writes a word to a cache which is read too: `fn keys_put(at: u32, word: u32)` and `values_put`.
    pub const fn put_part(self) -> &'static str {
        match self {
            Self::F32 => include_str!("parts/cache_put_f32.wgsl"),
            Self::F16 => include_str!("parts/cache_put_f16.wgsl"),
            Self::Q8_0 | Self::Q4_0 => include_str!("parts/cache_put_quants.wgsl"),
        }
    }

    /// The `elements` of a row.
    pub fn load_row(self, row: &[u32], elements: usize) -> Vec<f32> {
        let half = |index: usize| f16::from_bits((row[index / 2] >> (index % 2 * 16)) as u16);
        let bits = |index: usize, width: usize| row[index * width / 32] >> (index * width % 32);
        let scale =
            |index: usize, width: usize| half(elements * width / 16 + index / BLOCK).to_f32();
        let element = |index: usize| match self {
            Self::F32 => f32::from_bits(row[index]),
            Self::F16 => half(index).to_f32(),
            Self::Q8_0 => scale(index, 8) * f32::from(bits(index, 8) as i8),
            Self::Q4_0 => scale(index, 4) * ((bits(index, 4) & 15) as f32 - 8.0),
        };
        (0..elements).map(element).collect()
    }

    /// Stores the elements of a row. The words that fill it up are left alone.
    pub fn store_row(self, row: &mut [u32], values: &[f32]) {
        if self == Self::F32 {
            row[..values.len()].copy_from_slice(bytemuck::cast_slice(values));
            return;
        }
        let elements = values.len();
        for (index, value) in values.iter().enumerate().filter(|_| self == Self::F16) {
            put(row, index, 16, f16::from_f32(*value).to_bits().into());
        }
        for (block, values) in values.chunks_exact(BLOCK).enumerate() {
            let (width, scale) = match self {
                Self::F32 | Self::F16 => break,
                Self::Q8_0 => (8, largest(values).abs() * (1.0 / 127.0)),
                Self::Q4_0 => (4, largest(values) * -0.125),
            };
            let scale = half_scale(scale);
            if block % 2 == 0 {
                // The other half is nobody's where the blocks are odd.
                put(row, elements * width / 32 + block / 2, 32, 0);
            }
            put(
                row,
                elements * width / 16 + block,
                16,
                scale.to_bits().into(),
            );
            let inverse = match scale.to_f32() {
                0.0 => 0.0,
                scale => 1.0 / scale,
            };
            for (i, value) in values.iter().enumerate() {
                let quant = match self {
                    Self::Q8_0 => {
                        (value * inverse).clamp(-127.0, 127.0).round_ties_even() as i32 as u32
                    }
                    _ => (value * inverse + 8.5).clamp(0.0, 15.0) as u32,
                };
                put(row, block * BLOCK + i, width, quant);
            }
        }
    }
}

/// The element furthest from zero, with its sign, of two the positive one; not a number where one of them is none.
fn largest(values: &[f32]) -> f32 {
    let further = |a: f32, b: f32| match b.abs() == a.abs() {
        true => a.max(b),
        false if b.abs() > a.abs() || b.is_nan() => b,
        false => a,
    };
    values.iter().copied().fold(0.0, further)
}

/// The nearest half; the largest half where that is too small, and not a number where there is none.
fn half_scale(scale: f32) -> f16 {
    match scale.is_finite() {
        true => f16::from_f32(scale.clamp(-65504.0, 65504.0)),
        false => f16::NAN,
    }
}

/// Puts the low `width` bits of `value` at number `index` of such fields.
fn put(row: &mut [u32], index: usize, width: usize, value: u32) {
    let (word, shift) = (&mut row[index * width / 32], index * width % 32);
    let mask = (u32::MAX >> (32 - width)) << shift;
    *word = *word & !mask | (value << shift) & mask;
}
