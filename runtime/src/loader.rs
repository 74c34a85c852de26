//! Weights on their way: mapped file rows -> repacked in a small buffer -> the player. No weight is ever held twice:
//! file pages are given back as soon as they are copied.

use crate::formats::repack::repack;
use crate::formats::{Checkpoint, TensorInfo};
use crate::memory::{STAGING_BYTES, Section};
use crate::weights::{Weight, WeightList};
use crate::{Error, Result};

/// Where repacked sections go: weight, bytes, and (offset in bytes, offset in the weight's buffer, length) of each.
pub(crate) type Sink<'a> = dyn FnMut(usize, &[u8], &[Section]) -> Result<()> + 'a;

/// Streams every weight from the checkpoint into `sink`, in file rows that fit one staging buffer.
pub(crate) fn stream(
    checkpoint: &Checkpoint,
    list: &WeightList,
    sink: &mut Sink<'_>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<()> {
    let total = list.weights.iter().map(|weight| weight.bytes).sum();
    let mut done = 0;
    for (index, weight) in list.weights.iter().enumerate() {
        let mut row = 0;
        for source in &weight.sources {
            let tensor = checkpoint
                .tensor(&source.tensor)
                .expect("the weight list names tensors of this checkpoint");
            let mut from = source.rows.start;
            while from < source.rows.end {
                let until = (from + rows_per_chunk(weight)).min(source.rows.end);
                let (bytes, sections) = chunk(checkpoint, tensor, weight, from..until, row)?;
                sink(index, &bytes, &sections)?;
                checkpoint.release(tensor, from..until);
                row += (until - from) as usize;
                from = until;
                done += bytes.len() as u64;
                progress(done.min(total), total);
            }
        }
    }
    Ok(())
}

/// Even, so that every plane of a chunk starts on a whole word.
fn rows_per_chunk(weight: &Weight) -> u64 {
    ((STAGING_BYTES / 3 - 16) / weight.row_bytes() / 2 * 2).max(2)
}

/// Rows `range` of a tensor as sections of the weight's planes, the first of them being row `at` of the weight.
fn chunk(
    checkpoint: &Checkpoint,
    tensor: &TensorInfo,
    weight: &Weight,
    range: std::ops::Range<u64>,
    at: usize,
) -> Result<(Vec<u8>, Vec<Section>)> {
    let rows = (range.end - range.start) as usize;
    let start = range.start;
    let file = checkpoint.rows(tensor, range);
    if let Some(at) = tensor.format.first_non_finite(file) {
        return Err(not_finite(tensor, start, at));
    }
    if tensor.format != weight.format {
        return vector(tensor, file);
    }
    let row_bytes = weight.format.plane_row_bytes(weight.cols);
    let layout = weight.format.layout(weight.rows, weight.cols);
    // A last chunk with an odd number of rows may end inside a word: the plane's own padding takes the rest.
    let lengths = row_bytes.map(|bytes| (bytes * rows).next_multiple_of(4));
    let mut bytes = vec![0; lengths.iter().sum()];
    let mut rest = bytes.as_mut_slice();
    let mut sections = Vec::new();
    let mut offset = 0;
    let planes = std::array::from_fn(|plane| {
        let (section, tail) = std::mem::take(&mut rest).split_at_mut(lengths[plane]);
        rest = tail;
        if lengths[plane] > 0 {
            let to = u64::from(layout.planes[plane]) * 16 + (at * row_bytes[plane]) as u64;
            sections.push((offset, to, lengths[plane] as u64));
        }
        offset += lengths[plane] as u64;
        &mut section[..row_bytes[plane] * rows]
    });
    repack(weight.format, weight.cols, file, planes);
    Ok((bytes, sections))
}

/// A norm's gain, in f32 whatever the file has.
fn vector(tensor: &TensorInfo, file: &[u8]) -> Result<(Vec<u8>, Vec<Section>)> {
    debug_assert_eq!(tensor.rows, 1, "only vectors change their format");
    let values = tensor.format.dequantize_file(file);
    let bytes: Vec<u8> = bytemuck::cast_slice(&values).to_vec();
    let length = bytes.len() as u64;
    Ok((bytes, vec![(0, 0, length)]))
}

fn not_finite(tensor: &TensorInfo, start: u64, at: usize) -> Error {
    let at = at as u64;
    Error::NotFinite {
        what: format!("tensor {}", tensor.name),
        found: format!(
            "a weight that is infinite or NaN in row {}, at column {}",
            start + at / tensor.cols,
            at % tensor.cols
        ),
    }
}
