//! Chunks: file rows that are repacked and copied in one piece. Which there are of a weight, and how one is checked, packed
//! and given back.

use std::ops::Range;

use lorgnette_shaders::WeightFormat;

use crate::formats::repack::repack;
use crate::formats::{Checkpoint, TensorInfo};
use crate::memory::{ALIGNMENT, CHUNK_PADDING, Section, staging_buffer};
use crate::weights::{ROWS, Weight, WeightList};
use crate::{Error, Result};

/// File rows of one tensor that go to one weight in one staging buffer.
#[derive(Clone, Debug)]
pub(crate) struct Chunk {
    /// Index in the weight list.
    pub weight: usize,
    /// Index in the checkpoint.
    tensor: usize,
    /// Of the tensor.
    pub rows: Range<u64>,
    format: WeightFormat,
    cols: usize,
    /// Where the first row goes in each plane of the weight, in bytes.
    to: [u64; 4],
}

/// The chunks of one weight, in row order.
pub(crate) fn chunks(
    checkpoint: &Checkpoint,
    list: &WeightList,
    weight: usize,
    staging: u64,
) -> Vec<Chunk> {
    let index = weight;
    let weight = &list.weights[index];
    let row_bytes = weight.format.plane_row_bytes(weight.cols);
    let planes = weight.format.layout(weight.rows, weight.cols).planes;
    let most = rows_per_chunk(weight, staging);
    let mut chunks = Vec::new();
    let mut at = 0;
    for source in &weight.sources {
        let tensor = checkpoint
            .position(&source.tensor)
            .expect("the weight list names tensors of this checkpoint");
        let mut rows = source.rows.clone();
        while rows.start < rows.end {
            let end = (rows.start + most).min(rows.end);
            chunks.push(Chunk {
                weight: index,
                tensor,
                rows: rows.start..end,
                format: weight.format,
                cols: weight.cols,
                to: std::array::from_fn(|plane| {
                    u64::from(planes[plane]) * 16 + at * row_bytes[plane] as u64
                }),
            });
            at += end - rows.start;
            rows.start = end;
        }
    }
    chunks
}

/// Chunks that a staging buffer holds, where eight rows of each weight are no more than that: small enough to stay in a
/// core's cache on their way, and to share among cores.
const CHUNKS: u64 = 4;

/// So that every plane of a chunk starts on a whole texel: tensors that are joined have a multiple of so many rows too.
fn rows_per_chunk(weight: &Weight, staging: u64) -> u64 {
    let bytes = staging_buffer(staging) / CHUNKS / ALIGNMENT * ALIGNMENT;
    (bytes.saturating_sub(CHUNK_PADDING) / weight.row_bytes() / ROWS * ROWS).max(ROWS)
}

/// How many [`chunks`] a weight has.
pub(crate) fn chunk_count(weight: &Weight, staging: u64) -> u64 {
    let most = rows_per_chunk(weight, staging);
    let rows = weight
        .sources
        .iter()
        .map(|source| source.rows.end - source.rows.start);
    rows.map(|rows| rows.div_ceil(most)).sum()
}

/// The most bytes that a chunk of these weights has.
pub(crate) fn largest_chunk(list: &WeightList, staging: u64) -> u64 {
    let chunk = |weight: &Weight| {
        let rows = rows_per_chunk(weight, staging).min(weight.rows as u64);
        rows * weight.row_bytes() + CHUNK_PADDING
    };
    list.weights.iter().map(chunk).max().unwrap_or(0)
}

impl Chunk {
    fn tensor<'a>(&self, checkpoint: &'a Checkpoint) -> &'a TensorInfo {
        &checkpoint.tensors()[self.tensor]
    }

    /// Every weight is a number.
    pub fn check(&self, checkpoint: &Checkpoint) -> Result<()> {
        let tensor = self.tensor(checkpoint);
        let file = checkpoint.rows(tensor, self.rows.clone());
        match tensor.format.first_non_finite(file) {
            Some(at) => Err(not_finite(tensor, self.rows.start, at)),
            None => Ok(()),
        }
    }

    /// The rows as sections of the weight's planes, in `bytes`, whatever was there before; empty sections are of planes
    /// that the format does not have.
    pub fn pack(&self, checkpoint: &Checkpoint, bytes: &mut Vec<u8>) -> [Section; 4] {
        let tensor = self.tensor(checkpoint);
        let file = checkpoint.rows(tensor, self.rows.clone());
        if tensor.format != self.format {
            // A norm's gain, in f32 whatever the file has.
            debug_assert_eq!(tensor.rows, 1, "only vectors change their format");
            bytes.clear();
            bytes.extend_from_slice(bytemuck::cast_slice(&tensor.format.dequantize_file(file)));
            let mut sections = [(0, 0, 0); 4];
            sections[0] = (0, self.to[0], bytes.len() as u64);
            return sections;
        }
        let rows = (self.rows.end - self.rows.start) as usize;
        let plane_bytes = self.format.plane_row_bytes(self.cols).map(|row| row * rows);
        // The last chunk may end inside a unit of 16 bytes: the plane's own padding takes the rest.
        let lengths = plane_bytes.map(|bytes| bytes.next_multiple_of(16));
        let total = lengths.iter().sum::<usize>();
        // Not by doubling: the budget counts whole chunks.
        bytes.reserve_exact(total.saturating_sub(bytes.len()));
        bytes.resize(total, 0);
        let mut rest = bytes.as_mut_slice();
        let mut offset = 0;
        let mut sections = [(0, 0, 0); 4];
        let planes = std::array::from_fn(|plane| {
            let (section, tail) = std::mem::take(&mut rest).split_at_mut(lengths[plane]);
            rest = tail;
            if lengths[plane] > 0 {
                sections[plane] = (offset, self.to[plane], lengths[plane] as u64);
            }
            offset += lengths[plane] as u64;
            let (rows, padding) = section.split_at_mut(plane_bytes[plane]);
            padding.fill(0);
            rows
        });
        repack(self.format, self.cols, file, planes);
        sections
    }

    /// Says that the rows will be read soon.
    pub fn announce(&self, checkpoint: &Checkpoint) {
        checkpoint.announce(self.tensor(checkpoint), self.rows.clone());
    }

    /// Gives the file's pages behind the rows back.
    pub fn release(&self, checkpoint: &Checkpoint) {
        checkpoint.release(self.tensor(checkpoint), self.rows.clone());
    }
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
