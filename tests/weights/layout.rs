//! Rows re-ordered to the GPU layout hold the very weights of the file, whatever range of rows was re-ordered at once,
//! and take no more room.

use std::ops::Range;

use lorgnette::formats::repack::repack;
use lorgnette_shaders::weights::{BLOCK, WeightFormat};

use super::{bits, fixture};

const ROWS: [usize; 3] = [1, 3, 7];
const COLS: [usize; 5] = [32, 96, 576, 256, 768];

fn cases() -> impl Iterator<Item = (WeightFormat, usize, usize)> {
    WeightFormat::ALL.into_iter().flat_map(|format| {
        COLS.into_iter()
            .filter(move |cols| cols.is_multiple_of(format.file_block_len()))
            .flat_map(move |cols| ROWS.map(|rows| (format, rows, cols)))
    })
}

/// A matrix of the fixture's blocks, over and over. The stride is odd, so that no two rows are alike.
fn file_rows(format: WeightFormat, rows: usize, cols: usize) -> Vec<u8> {
    let blocks = fixture(format, "blocks");
    let blocks: Vec<&[u8]> = blocks.chunks_exact(format.file_block_bytes()).collect();
    (0..rows * cols / format.file_block_len())
        .flat_map(|i| blocks[i * 7 % blocks.len()])
        .copied()
        .collect()
}

/// The GPU buffer, loaded as a loader does: each range of rows into planes of its own, then each to its place.
fn load(
    format: WeightFormat,
    rows: usize,
    cols: usize,
    file: &[u8],
    ranges: &[Range<usize>],
) -> Vec<u32> {
    let layout = format.layout(rows, cols);
    let row_bytes = format.plane_row_bytes(cols);
    let file_row_bytes = file.len() / rows;
    let mut buffer = vec![0_u8; layout.bytes as usize];
    for range in ranges {
        let mut staged = row_bytes.map(|bytes| vec![0xa5_u8; bytes * range.len()]);
        let rows = &file[range.start * file_row_bytes..range.end * file_row_bytes];
        repack(format, cols, rows, staged.each_mut().map(Vec::as_mut_slice));
        for (plane, bytes) in staged.iter().enumerate() {
            let at = layout.planes[plane] as usize * 16 + range.start * row_bytes[plane];
            buffer[at..at + bytes.len()].copy_from_slice(bytes);
        }
    }
    buffer
        .chunks_exact(4)
        .map(|bytes| u32::from_le_bytes(bytes.try_into().unwrap()))
        .collect()
}

#[test]
fn repacked_rows_unpack_to_the_weights_of_the_file() {
    for (format, rows, cols) in cases() {
        let file = file_rows(format, rows, cols);
        let expected = bits(&format.dequantize_file(&file));
        let planes = format.layout(rows, cols).planes;
        let words = load(format, rows, cols, &file, std::slice::from_ref(&(0..rows)));
        for (block, expected) in expected.chunks_exact(BLOCK).enumerate() {
            let found = bits(&format.unpack(&words, planes, block));
            assert_eq!(
                found,
                expected,
                "{} {rows} x {cols}, block {block}",
                format.name()
            );
        }
    }
}

#[test]
fn ranges_of_rows_make_the_same_buffer() {
    for (format, rows, cols) in cases() {
        let file = file_rows(format, rows, cols);
        let whole = load(format, rows, cols, &file, std::slice::from_ref(&(0..rows)));
        let last_first = [rows / 2..rows, 0..rows / 2];
        let single: Vec<_> = (0..rows).map(|row| row..row + 1).collect();
        for ranges in [&last_first[..], &single] {
            assert_eq!(
                load(format, rows, cols, &file, ranges),
                whole,
                "{} {rows} x {cols}",
                format.name()
            );
        }
    }
}

#[test]
fn the_gpu_layout_is_no_larger_than_the_file() {
    let large = [(2048, 2048), (128_256, 2048), (49_152, 768)].into_iter();
    let large = large.flat_map(|(rows, cols)| WeightFormat::ALL.map(|format| (format, rows, cols)));
    for (format, rows, cols) in cases().chain(large) {
        let file_bytes = (rows * cols / format.file_block_len() * format.file_block_bytes()) as u64;
        let layout = format.layout(rows, cols);
        // At most 15 bytes behind each of four planes: that is all, and not seen in real sizes.
        assert!(
            layout.bytes >= file_bytes && layout.bytes <= file_bytes + 60,
            "{} {rows} x {cols}: {} bytes for {file_bytes}",
            format.name(),
            layout.bytes
        );
        let ends = layout
            .planes
            .iter()
            .skip(1)
            .map(|&start| u64::from(start) * 16);
        for ((plane, end), row_bytes) in ends
            .chain([layout.bytes])
            .enumerate()
            .zip(format.plane_row_bytes(cols))
        {
            let used = end - u64::from(layout.planes[plane]) * 16;
            let needed = (row_bytes * rows) as u64;
            assert!(
                used >= needed && used - needed < 16,
                "{} plane {plane}",
                format.name()
            );
        }
    }
}

#[test]
fn two_rows_are_whole_words_in_every_plane() {
    for (format, _, cols) in cases() {
        for bytes in format.plane_row_bytes(cols) {
            assert_eq!(bytes * 2 % 4, 0, "{} {cols}", format.name());
        }
    }
}
