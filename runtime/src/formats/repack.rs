//! File bytes of whole rows in, the bytes of those rows in each plane of the GPU layout out: a pure function of a range
//! of rows, so that loading and streaming share it. Nothing is rounded: bits only move. Where they move to is described
//! by the WGSL parts in `lorgnette-shaders`.

use lorgnette_shaders::weights::WeightFormat;

/// Re-orders rows of `cols` weights from the file's blocks to the planes of
/// [`layout`](WeightFormat::layout). Each plane gets exactly its
/// [`plane_row_bytes`](WeightFormat::plane_row_bytes) times the number of rows; planes that the format does not have
/// are empty.
///
/// # Panics
/// If the lengths of `file_rows` and `planes` do not belong to the same number of whole rows.
pub fn repack(format: WeightFormat, cols: usize, file_rows: &[u8], planes: [&mut [u8]; 4]) {
    let row_bytes = cols / format.file_block_len() * format.file_block_bytes();
    let rows = file_rows.len() / row_bytes;
    assert_eq!(
        file_rows.len(),
        rows * row_bytes,
        "file bytes of whole rows"
    );
    assert_eq!(
        planes.each_ref().map(|plane| plane.len()),
        format.plane_row_bytes(cols).map(|bytes| bytes * rows),
        "plane bytes of {rows} rows of {cols} {} weights",
        format.name()
    );
    let [p0, p1, p2, p3] = planes;
    match format {
        WeightFormat::F32 | WeightFormat::F16 | WeightFormat::Bf16 => p0.copy_from_slice(file_rows),
        WeightFormat::Q4_0 | WeightFormat::Iq4Nl => {
            split::<18, 2, 0, 16>(file_rows, p2, &mut [], p0)
        }
        WeightFormat::Q4_1 => split::<20, 4, 0, 16>(file_rows, p2, &mut [], p0),
        WeightFormat::Q5_0 => split::<22, 2, 4, 16>(file_rows, p2, p1, p0),
        WeightFormat::Q5_1 => split::<24, 4, 4, 16>(file_rows, p2, p1, p0),
        WeightFormat::Q8_0 => split::<34, 2, 0, 32>(file_rows, p2, &mut [], p0),
        WeightFormat::Iq4Xs => split::<136, 4, 4, 128>(file_rows, p3, p2, p0),
        WeightFormat::Q4K => q4_k(file_rows, p0, p2, p3),
        WeightFormat::Q5K => q5_k(file_rows, p0, p1, p2, p3),
        WeightFormat::Q6K => q6_k(file_rows, p0, p1, p2, p3),
    }
}

/// Blocks of `A + B + C` bytes that are in the right order already: each section goes to a plane of its own.
fn split<const BLOCK: usize, const A: usize, const B: usize, const C: usize>(
    blocks: &[u8],
    a: &mut [u8],
    b: &mut [u8],
    c: &mut [u8],
) {
    const { assert!(BLOCK == A + B + C) };
    for (i, block) in blocks.as_chunks::<BLOCK>().0.iter().enumerate() {
        a[i * A..][..A].copy_from_slice(&block[..A]);
        b[i * B..][..B].copy_from_slice(&block[A..A + B]);
        c[i * C..][..C].copy_from_slice(&block[A + B..]);
    }
}

fn word(bytes: &[u8], index: usize) -> u32 {
    let at = index * 4;
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// 32 bytes with weight i of one block in the low and of the next in the high nibble of byte i: the two blocks, each
/// with weight i in the low and weight i + 16 in the high nibble of byte i.
fn two_blocks(bytes: &[u8; 32]) -> [u8; 32] {
    let mut out = [0; 32];
    for i in 0..16 {
        out[i] = bytes[i] & 15 | bytes[i + 16] << 4;
        out[i + 16] = bytes[i] >> 4 | bytes[i + 16] & 0xf0;
    }
    out
}

/// The 6-bit scales of Q4_K and Q5_K: all the low nibbles first (bytes 8..12 of the file are that for the last four
/// blocks already), then the upper pairs of bits.
fn k_scales(file: &[u8]) -> [u8; 12] {
    let (scales, mins, last) = (word(file, 0), word(file, 1), word(file, 2));
    let low = scales & 0x0f0f_0f0f | (mins & 0x0f0f_0f0f) << 4;
    let high = scales >> 4 & 0x0303_0303
        | mins >> 2 & 0x0c0c_0c0c
        | scales >> 2 & 0x3030_3030
        | mins & 0xc0c0_c0c0;
    let mut out = [0; 12];
    out[..4].copy_from_slice(&low.to_le_bytes());
    out[4..8].copy_from_slice(&last.to_le_bytes());
    out[8..].copy_from_slice(&high.to_le_bytes());
    out
}

/// File: d and dmin, 12 bytes of scales, 128 of quants.
fn q4_k(blocks: &[u8], quants: &mut [u8], scales: &mut [u8], super_scales: &mut [u8]) {
    for (i, block) in blocks.as_chunks::<144>().0.iter().enumerate() {
        super_scales[i * 4..][..4].copy_from_slice(&block[..4]);
        scales[i * 12..][..12].copy_from_slice(&k_scales(&block[4..16]));
        let out = &mut quants[i * 128..][..128];
        for (pair, out) in block[16..].as_chunks().0.iter().zip(out.as_chunks_mut().0) {
            *out = two_blocks(pair);
        }
    }
}

/// File: d and dmin, 12 bytes of scales, 32 of fifth bits (byte i: bit j is that of weight i in block j), 128 of quants.
fn q5_k(
    blocks: &[u8],
    quants: &mut [u8],
    fifths: &mut [u8],
    scales: &mut [u8],
    super_scales: &mut [u8],
) {
    for (i, block) in blocks.as_chunks::<176>().0.iter().enumerate() {
        super_scales[i * 4..][..4].copy_from_slice(&block[..4]);
        scales[i * 12..][..12].copy_from_slice(&k_scales(&block[4..16]));
        let bits = &mut fifths[i * 32..][..32];
        for (j, bytes) in block[16..48].as_chunks::<8>().0.iter().enumerate() {
            for (k, byte) in transpose(u64::from_le_bytes(*bytes))
                .into_iter()
                .enumerate()
            {
                bits[k * 4 + j] = byte;
            }
        }
        let out = &mut quants[i * 128..][..128];
        for (pair, out) in block[48..].as_chunks().0.iter().zip(out.as_chunks_mut().0) {
            *out = two_blocks(pair);
        }
    }
}

/// Bit k of byte i becomes bit i of byte k. Swaps ever larger squares of bits about the diagonal (Hacker's Delight, 7-3).
fn transpose(mut x: u64) -> [u8; 8] {
    for (shift, mask) in [
        (7, 0x00aa_00aa_00aa_00aa),
        (14, 0x0000_cccc_0000_cccc),
        (28, 0x0000_0000_f0f0_f0f0),
    ] {
        let swapped = (x ^ (x >> shift)) & mask;
        x ^= swapped ^ (swapped << shift);
    }
    x.to_le_bytes()
}

/// File: 128 bytes of low nibbles, 64 of upper pairs of bits, 16 scales, d. In each half of 128 weights, byte i of 32
/// holds the upper bits of weight i of four blocks; the first 32 bytes of nibbles are blocks 0 and 2, the others 1 and 3.
fn q6_k(
    blocks: &[u8],
    quants: &mut [u8],
    uppers: &mut [u8],
    scales: &mut [u8],
    super_scales: &mut [u8],
) {
    for (i, block) in blocks.as_chunks::<210>().0.iter().enumerate() {
        scales[i * 16..][..16].copy_from_slice(&block[192..208]);
        super_scales[i * 2..][..2].copy_from_slice(&block[208..]);
        let out = &mut quants[i * 128..][..128];
        for (nibbles, out) in block[..128]
            .as_chunks::<64>()
            .0
            .iter()
            .zip(out.as_chunks_mut::<64>().0)
        {
            let [first, second] =
                [0, 32].map(|at| two_blocks(nibbles[at..][..32].try_into().expect("32 bytes")));
            out[..16].copy_from_slice(&first[..16]);
            out[16..32].copy_from_slice(&second[..16]);
            out[32..48].copy_from_slice(&first[16..]);
            out[48..].copy_from_slice(&second[16..]);
        }
        let out = &mut uppers[i * 64..][..64];
        for (pairs, out) in block[128..192]
            .as_chunks::<32>()
            .0
            .iter()
            .zip(out.as_chunks_mut::<32>().0)
        {
            *out = upper_pairs(pairs);
        }
    }
}

/// Pairs of bits of four blocks, from byte i for weight i to two words for each block: word i / 16, byte i % 4, pair
/// i % 16 / 4.
fn upper_pairs(file: &[u8; 32]) -> [u8; 32] {
    let mut out = [0; 32];
    for block in 0..4 {
        for half in 0..2 {
            let mut packed = 0;
            for quad in 0..4 {
                packed |= (word(file, half * 4 + quad) >> (2 * block) & 0x0303_0303) << (2 * quad);
            }
            out[block * 8 + half * 4..][..4].copy_from_slice(&packed.to_le_bytes());
        }
    }
    out
}
