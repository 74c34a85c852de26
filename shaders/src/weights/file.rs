//! The formats as files hold them: what a block of GGUF bytes means, written plainly from ggml's definitions. The tests
//! hold the other layout against it; nothing here knows the GPU layout.

use half::{bf16, f16};

use super::{IQ4_VALUES, WeightFormat};

fn half(block: &[u8], at: usize) -> f32 {
    f16::from_le_bytes([block[at], block[at + 1]]).to_f32()
}

/// Bit `i` of a little-endian string of bits.
fn bit(bytes: &[u8], i: usize) -> u8 {
    bytes[i / 8] >> (i % 8) & 1
}

/// Weight `i` of 32 in 16 bytes: the low nibbles come first.
fn nibble(quants: &[u8], i: usize) -> u8 {
    quants[i % 16] >> (4 * (i / 16)) & 15
}

/// Weight `i` of a super-block of 256: every 32 bytes hold 64 weights, the low nibbles first.
fn k_nibble(quants: &[u8], i: usize) -> u8 {
    quants[i / 64 * 32 + i % 32] >> (4 * (i / 32 % 2)) & 15
}

/// The 6-bit scale and min of block `j` of 8 in Q4_K and Q5_K: four whole in the low bits of bytes 0..4 and 4..8, four
/// with the low bits in bytes 8..12 and the high ones on top of those.
fn k_scale_min(scales: &[u8], j: usize) -> (f32, f32) {
    let (scale, min) = if j < 4 {
        (scales[j] & 63, scales[j + 4] & 63)
    } else {
        (
            scales[j + 4] & 15 | scales[j - 4] >> 6 << 4,
            scales[j + 4] >> 4 | scales[j] >> 6 << 4,
        )
    };
    (f32::from(scale), f32::from(min))
}

/// Weight `i` of 256 of Q6_K: every half of 128 has 64 bytes of low nibbles and 32 bytes of upper pairs of bits.
fn q6_k(block: &[u8], i: usize) -> f32 {
    let (half_block, quarter, lane) = (i / 128, i / 32 % 4, i % 32);
    let low = block[half_block * 64 + quarter % 2 * 32 + lane] >> (4 * (quarter / 2)) & 15;
    let upper = block[128 + half_block * 32 + lane] >> (2 * quarter) & 3;
    let scale = block[192 + i / 16] as i8;
    half(block, 208) * f32::from(scale) * (f32::from(low | upper << 4) - 32.0)
}

/// Weight `i` of 256 of IQ4_XS.
fn iq4_xs(block: &[u8], i: usize) -> f32 {
    let j = i / 32;
    let low = block[4 + j / 2] >> (4 * (j % 2)) & 15;
    let high = block[2 + j / 4] >> (2 * (j % 4)) & 3;
    let code = nibble(&block[8 + 16 * j..], i % 32);
    half(block, 0) * (f32::from(low | high << 4) - 32.0) * IQ4_VALUES[usize::from(code)]
}

/// The first block of `BLOCK` bytes with a half that is not finite at one of the offsets `at`.
fn broken_half<const BLOCK: usize, const N: usize>(bytes: &[u8], at: [usize; N]) -> Option<usize> {
    let broken = |block: &[u8; BLOCK]| at.iter().any(|at| block[at + 1] & 0x7c == 0x7c);
    bytes.as_chunks().0.iter().position(broken)
}

impl WeightFormat {
    /// The f32 weights of whole blocks as a GGUF file holds them, in order.
    ///
    /// # Panics
    /// If `bytes` is not whole blocks.
    pub fn dequantize_file(self, bytes: &[u8]) -> Vec<f32> {
        assert!(
            bytes.len().is_multiple_of(self.file_block_bytes()),
            "whole blocks of {}: {} bytes",
            self.name(),
            bytes.len()
        );
        bytes
            .chunks_exact(self.file_block_bytes())
            .flat_map(|block| (0..self.file_block_len()).map(move |i| self.file_weight(block, i)))
            .collect()
    }

    /// The first of these weights that a NaN or an infinity reaches: of a quantised block, the first weight of the block
    /// if one of its floating-point scales is not finite. The kernels read such halves as finite numbers, so this is
    /// where a broken file is found out.
    ///
    /// # Panics
    /// If `bytes` is not whole blocks.
    pub fn first_non_finite(self, bytes: &[u8]) -> Option<usize> {
        assert!(
            bytes.len().is_multiple_of(self.file_block_bytes()),
            "whole blocks of {}: {} bytes",
            self.name(),
            bytes.len()
        );
        let block = match self {
            Self::F32 => bytes
                .as_chunks::<4>()
                .0
                .iter()
                .position(|b| !f32::from_le_bytes(*b).is_finite()),
            Self::Bf16 => bytes
                .as_chunks::<2>()
                .0
                .iter()
                .position(|b| !bf16::from_le_bytes(*b).is_finite()),
            Self::F16 => broken_half::<2, 1>(bytes, [0]),
            Self::Q4_0 | Self::Iq4Nl => broken_half::<18, 1>(bytes, [0]),
            Self::Q4_1 => broken_half::<20, 2>(bytes, [0, 2]),
            Self::Q5_0 => broken_half::<22, 1>(bytes, [0]),
            Self::Q5_1 => broken_half::<24, 2>(bytes, [0, 2]),
            Self::Q8_0 => broken_half::<34, 1>(bytes, [0]),
            Self::Q4K => broken_half::<144, 2>(bytes, [0, 2]),
            Self::Q5K => broken_half::<176, 2>(bytes, [0, 2]),
            Self::Q6K => broken_half::<210, 1>(bytes, [208]),
            Self::Iq4Xs => broken_half::<136, 1>(bytes, [0]),
        };
        block.map(|block| block * self.file_block_len())
    }

    /// Weight `i` of one block of the file.
    fn file_weight(self, b: &[u8], i: usize) -> f32 {
        match self {
            Self::F32 => f32::from_le_bytes([b[0], b[1], b[2], b[3]]),
            Self::F16 => half(b, 0),
            Self::Bf16 => bf16::from_le_bytes([b[0], b[1]]).to_f32(),
            Self::Q4_0 => half(b, 0) * (f32::from(nibble(&b[2..], i)) - 8.0),
            Self::Q4_1 => half(b, 0) * f32::from(nibble(&b[4..], i)) + half(b, 2),
            Self::Q5_0 => {
                half(b, 0) * (f32::from(nibble(&b[6..], i) | bit(&b[2..], i) << 4) - 16.0)
            }
            Self::Q5_1 => {
                half(b, 0) * f32::from(nibble(&b[8..], i) | bit(&b[4..], i) << 4) + half(b, 2)
            }
            Self::Q8_0 => half(b, 0) * f32::from(b[2 + i] as i8),
            Self::Q4K => {
                let (scale, min) = k_scale_min(&b[4..16], i / 32);
                half(b, 0) * scale * f32::from(k_nibble(&b[16..], i)) - half(b, 2) * min
            }
            Self::Q5K => {
                let (scale, min) = k_scale_min(&b[4..16], i / 32);
                // Byte `lane` of the high bits holds those of 8 blocks.
                let fifth = b[16 + i % 32] >> (i / 32) & 1;
                half(b, 0) * scale * f32::from(k_nibble(&b[48..], i) | fifth << 4)
                    - half(b, 2) * min
            }
            Self::Q6K => q6_k(b, i),
            Self::Iq4Nl => half(b, 0) * IQ4_VALUES[usize::from(nibble(&b[2..], i))],
            Self::Iq4Xs => iq4_xs(b, i),
        }
    }
}
