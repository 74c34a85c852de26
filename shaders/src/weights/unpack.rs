//! The reference of the WGSL parts: one block of 32 weights out of the GPU layout, written from the same description,
//! not for speed. Arithmetic is f32 in the order of the format's definition.

use half::{bf16, f16};

use super::{BLOCK, IQ4_VALUES, WeightFormat};

/// A buffer of weights and the starts of its planes, in units of 16 bytes.
#[derive(Clone, Copy)]
struct Planes<'a> {
    words: &'a [u32],
    starts: [u32; 4],
}

impl Planes<'_> {
    fn word(self, plane: usize, index: usize) -> u32 {
        self.words[self.starts[plane] as usize * 4 + index]
    }

    fn bits16(self, plane: usize, index: usize) -> u16 {
        (self.word(plane, index / 2) >> (16 * (index % 2))) as u16
    }

    fn byte(self, plane: usize, index: usize) -> u8 {
        (self.word(plane, index / 4) >> (8 * (index % 4))) as u8
    }

    fn half(self, plane: usize, index: usize) -> f32 {
        f16::from_bits(self.bits16(plane, index)).to_f32()
    }

    /// The low four bits of weight `i`: byte `i % 16` of the block, its high nibble for the 16 last weights.
    fn nibble(self, block: usize, i: usize) -> u8 {
        (self.byte(0, block * 16 + i % 16) >> (4 * (i / 16))) & 15
    }

    /// Five bits: the fifth is bit `i` of the block's word in plane 1.
    fn five_bits(self, block: usize, i: usize) -> u8 {
        let fifth = (self.word(1, block) >> i) as u8 & 1;
        self.nibble(block, i) | fifth << 4
    }

    /// Six bits: the upper two are in word `i / 16` of the block's two in plane 1, byte `i % 4`, field `i % 16 / 4`.
    fn six_bits(self, block: usize, i: usize) -> u8 {
        let upper = self.byte(1, block * 8 + i / 16 * 4 + i % 4) >> (2 * (i % 16 / 4)) & 3;
        self.nibble(block, i) | upper << 4
    }

    /// Scale and min of a block of Q4_K or Q5_K: `(d * scale, dmin * min)`, six bits each, of which byte `j` of the
    /// super-block's 12 holds the low four, and the nibble `j / 4` of byte `8 + j % 4` the high two.
    fn k_scales(self, block: usize) -> (f32, f32) {
        let (super_block, j) = (block / 8, block % 8);
        let low = self.byte(2, super_block * 12 + j);
        let high = self.byte(2, super_block * 12 + 8 + j % 4) >> (4 * (j / 4));
        let scale = low & 15 | (high & 3) << 4;
        let min = low >> 4 | (high >> 2 & 3) << 4;
        (
            self.half(3, super_block * 2) * f32::from(scale),
            self.half(3, super_block * 2 + 1) * f32::from(min),
        )
    }
}

impl WeightFormat {
    /// The 32 weights of block `row * (cols / 32) + column / 32` of a buffer in the GPU layout; `planes` is
    /// [`Layout::planes`](super::Layout::planes). What [`Self::part`] does in WGSL.
    ///
    /// # Panics
    /// If the block is not in `words`.
    pub fn unpack(self, words: &[u32], planes: [u32; 4], block: usize) -> [f32; BLOCK] {
        let p = Planes {
            words,
            starts: planes,
        };
        match self {
            Self::F32 => std::array::from_fn(|i| f32::from_bits(p.word(0, block * BLOCK + i))),
            Self::F16 => std::array::from_fn(|i| p.half(0, block * BLOCK + i)),
            Self::Bf16 => {
                std::array::from_fn(|i| bf16::from_bits(p.bits16(0, block * BLOCK + i)).to_f32())
            }
            Self::Q4_0 => {
                let d = p.half(2, block);
                std::array::from_fn(|i| d * (f32::from(p.nibble(block, i)) - 8.0))
            }
            Self::Q4_1 => {
                let (d, m) = (p.half(2, block * 2), p.half(2, block * 2 + 1));
                std::array::from_fn(|i| d * f32::from(p.nibble(block, i)) + m)
            }
            Self::Q5_0 => {
                let d = p.half(2, block);
                std::array::from_fn(|i| d * (f32::from(p.five_bits(block, i)) - 16.0))
            }
            Self::Q5_1 => {
                let (d, m) = (p.half(2, block * 2), p.half(2, block * 2 + 1));
                std::array::from_fn(|i| d * f32::from(p.five_bits(block, i)) + m)
            }
            Self::Q8_0 => {
                let d = p.half(2, block);
                std::array::from_fn(|i| d * f32::from(p.byte(0, block * BLOCK + i) as i8))
            }
            Self::Q4K => {
                let (scale, min) = p.k_scales(block);
                std::array::from_fn(|i| scale * f32::from(p.nibble(block, i)) - min)
            }
            Self::Q5K => {
                let (scale, min) = p.k_scales(block);
                std::array::from_fn(|i| scale * f32::from(p.five_bits(block, i)) - min)
            }
            Self::Q6K => {
                let d = p.half(3, block / 8);
                let scale = [0, 1].map(|half| d * f32::from(p.byte(2, block * 2 + half) as i8));
                std::array::from_fn(|i| scale[i / 16] * (f32::from(p.six_bits(block, i)) - 32.0))
            }
            Self::Iq4Nl => {
                let d = p.half(2, block);
                std::array::from_fn(|i| d * IQ4_VALUES[usize::from(p.nibble(block, i))])
            }
            Self::Iq4Xs => {
                let (super_block, j) = (block / 8, block % 8);
                let low = p.word(2, super_block) >> (4 * j) & 15;
                let high = p.bits16(3, super_block * 2 + 1) >> (2 * j) & 3;
                let scale =
                    p.half(3, super_block * 2) * (low as f32 + f32::from(high) * 16.0 - 32.0);
                std::array::from_fn(|i| scale * IQ4_VALUES[usize::from(p.nibble(block, i))])
            }
        }
    }
}
