//! Numbers that look random and are the same every time, and weights made of them in the GPU layout.

use half::{bf16, f16};

use super::GUARD;
use crate::weights::WeightFormat;

/// A sequence of numbers (SplitMix64: Steele, Lea and Flood, 2014).
#[derive(Clone, Debug)]
pub struct Noise(u64);

impl Noise {
    /// The sequence of a seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// 32 bits.
    pub fn bits(&mut self) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed >> 32) as u32
    }

    /// Evenly from -1 to 1.
    pub fn unit(&mut self) -> f32 {
        // 24 bits: each is a different f32.
        (self.bits() >> 8) as f32 / (1 << 23) as f32 - 1.0
    }

    /// `count` f32 as words, evenly from `-size` to `size`.
    pub fn f32s(&mut self, count: usize, size: f32) -> Vec<u32> {
        (0..count).map(|_| (self.unit() * size).to_bits()).collect()
    }

    /// From half of `size` to `size`, of either sign: a scale that does not vanish.
    fn scale(&mut self, size: f32) -> f32 {
        let unit = self.unit();
        (unit * 0.5 + 0.5f32.copysign(unit)) * size
    }

    /// A matrix [rows, cols] in the layout of `format`: any bits where any are valid, and scales (or plain weights) up to
    /// `size`. What lies between the planes is guarded.
    pub fn weights(
        &mut self,
        format: WeightFormat,
        rows: usize,
        cols: usize,
        size: f32,
    ) -> Vec<u32> {
        let layout = format.layout(rows, cols);
        let mut words = vec![GUARD; (layout.bytes / 4) as usize];
        let bytes: &mut [u8] = bytemuck::cast_slice_mut(&mut words);
        for (plane, row_bytes) in format.plane_row_bytes(cols).into_iter().enumerate() {
            let start = layout.planes[plane] as usize * 16;
            let section = &mut bytes[start..start + row_bytes * rows];
            match (format, plane) {
                (WeightFormat::F32, 0) => fill(section, || self.scale(size).to_le_bytes()),
                (WeightFormat::Bf16, 0) => {
                    fill(section, || bf16::from_f32(self.scale(size)).to_le_bytes());
                }
                (WeightFormat::Iq4Xs, 3) => fill(section, || {
                    let [low, high] = f16::from_f32(self.scale(size)).to_le_bytes();
                    let [a, b, ..] = self.bits().to_le_bytes();
                    [low, high, a, b]
                }),
                (format, plane) if is_halves(format, plane) => {
                    fill(section, || f16::from_f32(self.scale(size)).to_le_bytes());
                }
                _ => fill(section, || (self.bits() as u16).to_le_bytes()),
            }
        }
        words
    }
}

fn fill<const N: usize>(section: &mut [u8], mut next: impl FnMut() -> [u8; N]) {
    for bytes in section.chunks_exact_mut(N) {
        bytes.copy_from_slice(&next());
    }
}

fn is_halves(format: WeightFormat, plane: usize) -> bool {
    match format {
        WeightFormat::F16 => plane == 0,
        WeightFormat::Q4_0
        | WeightFormat::Q4_1
        | WeightFormat::Q5_0
        | WeightFormat::Q5_1
        | WeightFormat::Q8_0
        | WeightFormat::Iq4Nl => plane == 2,
        WeightFormat::Q4K | WeightFormat::Q5K | WeightFormat::Q6K => plane == 3,
        WeightFormat::F32 | WeightFormat::Bf16 | WeightFormat::Iq4Xs => false,
    }
}
