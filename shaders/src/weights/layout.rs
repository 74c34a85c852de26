//! Where the planes of a matrix of weights lie in its GPU buffer. What the bits of a plane mean is said by the WGSL
//! part of the format, and in Rust by `unpack`.

use super::{BLOCK, WeightFormat};

/// The place of a matrix in one buffer of `vec4<u32>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Where each plane starts, in units of 16 bytes: quants, high bits, scales, super-block scales. A plane that the
    /// format does not have is empty, and its offset is never read.
    pub planes: [u32; 4],
    /// Bytes of the whole, a multiple of 16.
    pub bytes: u64,
}

impl WeightFormat {
    /// Bytes of a row of `cols` weights in each plane; 0 for planes that the format does not have. They add up to the
    /// bytes of the row in the file. Rows follow each other without padding; a row is a multiple of 2 bytes, two rows
    /// are a multiple of 4.
    ///
    /// # Panics
    /// If `cols` is not a multiple of 32, or of the file's block length.
    pub const fn plane_row_bytes(self, cols: usize) -> [usize; 4] {
        assert!(
            cols.is_multiple_of(BLOCK) && cols.is_multiple_of(self.file_block_len()),
            "a row is whole blocks"
        );
        let n = cols / BLOCK;
        // Super-blocks: 8 blocks of 32.
        let s = n / 8;
        match self {
            Self::F32 => [128 * n, 0, 0, 0],
            Self::F16 | Self::Bf16 => [64 * n, 0, 0, 0],
            Self::Q4_0 | Self::Iq4Nl => [16 * n, 0, 2 * n, 0],
            Self::Q4_1 => [16 * n, 0, 4 * n, 0],
            Self::Q5_0 => [16 * n, 4 * n, 2 * n, 0],
            Self::Q5_1 => [16 * n, 4 * n, 4 * n, 0],
            Self::Q8_0 => [32 * n, 0, 2 * n, 0],
            Self::Q4K => [16 * n, 0, 12 * s, 4 * s],
            Self::Q5K => [16 * n, 4 * n, 12 * s, 4 * s],
            Self::Q6K => [16 * n, 8 * n, 2 * n, 2 * s],
            Self::Iq4Xs => [16 * n, 0, 4 * s, 4 * s],
        }
    }

    /// The layout of `rows` x `cols` weights: the bytes of the file, and up to 15 bytes of padding behind each plane.
    ///
    /// # Panics
    /// As [`Self::plane_row_bytes`], and beyond 64 GiB.
    pub fn layout(self, rows: usize, cols: usize) -> Layout {
        let mut planes = [0; 4];
        let mut end: u64 = 0;
        for (start, row_bytes) in planes.iter_mut().zip(self.plane_row_bytes(cols)) {
            *start = u32::try_from(end).expect("a buffer of weights is below 64 GiB");
            end += (row_bytes as u64 * rows as u64).div_ceil(16);
        }
        Layout {
            planes,
            bytes: end * 16,
        }
    }
}
