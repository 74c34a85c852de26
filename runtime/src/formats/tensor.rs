//! One tensor of a file: its name, type, shape and place. Reads its entry in the header, never its weights.

use std::ops::Range;

use lorgnette_shaders::weights::WeightFormat;

use super::reader::Reader;
use super::{broken, quote, unsupported};
use crate::Result;

/// The least bytes of an entry: length and one byte of name, dimension count, one dimension, type, offset.
pub(super) const LEAST_ENTRY: u64 = 8 + 1 + 4 + 8 + 4 + 8;

/// The longest name that ggml takes, in bytes.
const LONGEST_NAME: usize = 64;

/// The types that are read, by their ids in the file.
const TYPES: [(u32, WeightFormat); 13] = [
    (0, WeightFormat::F32),
    (1, WeightFormat::F16),
    (2, WeightFormat::Q4_0),
    (3, WeightFormat::Q4_1),
    (6, WeightFormat::Q5_0),
    (7, WeightFormat::Q5_1),
    (8, WeightFormat::Q8_0),
    (12, WeightFormat::Q4K),
    (13, WeightFormat::Q5K),
    (14, WeightFormat::Q6K),
    (20, WeightFormat::Iq4Nl),
    (23, WeightFormat::Iq4Xs),
    (30, WeightFormat::Bf16),
];

/// Types that ggml has and that are not read, so that an error can call them by name.
const OTHER_TYPES: [(u32, &str); 21] = [
    (9, "q8_1"),
    (10, "q2_k"),
    (11, "q3_k"),
    (15, "q8_k"),
    (16, "iq2_xxs"),
    (17, "iq2_xs"),
    (18, "iq3_xxs"),
    (19, "iq1_s"),
    (21, "iq3_s"),
    (22, "iq2_s"),
    (24, "i8"),
    (25, "i16"),
    (26, "i32"),
    (27, "i64"),
    (28, "f64"),
    (29, "iq1_m"),
    (34, "tq1_0"),
    (35, "tq2_0"),
    (39, "mxfp4"),
    (40, "nvfp4"),
    (41, "q1_0"),
];

/// A tensor in a model file: a matrix of `rows` x `cols` weights, each row a whole number of blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorInfo {
    /// The name, as `blk.0.attn_q.weight`.
    pub name: String,
    /// The type of its weights.
    pub format: WeightFormat,
    /// Weights in a row: the first dimension, the one that is contiguous in the file.
    pub cols: u64,
    /// Rows: the product of the other dimensions.
    pub rows: u64,
    /// One to four dimensions, the contiguous one first.
    pub shape: Vec<u64>,
    /// The first byte, counted from the start of the file.
    pub offset: u64,
    /// Bytes of all rows.
    pub bytes: u64,
}

impl TensorInfo {
    /// Bytes of one row.
    pub fn row_bytes(&self) -> u64 {
        self.bytes / self.rows
    }

    /// The place in the file of whole rows.
    pub(super) fn range(&self, rows: Range<u64>) -> Range<usize> {
        assert!(
            rows.start <= rows.end && rows.end <= self.rows,
            "rows {rows:?} asked of {}, which has {}",
            self.name,
            self.rows
        );
        let at = |row: u64| (self.offset + row * self.row_bytes()) as usize;
        at(rows.start)..at(rows.end)
    }

    /// Reads the entry number `index`; its offset is still counted from the start of the tensor data.
    pub(super) fn parse(r: &mut Reader, index: usize) -> Result<Self> {
        let name = r.text(&format_args!("name of tensor {index}"))?;
        if name.is_empty() || name.len() > LONGEST_NAME {
            let what = format!("name of tensor {index}");
            let expected = format!("1 to {LONGEST_NAME} bytes");
            return Err(broken(what, expected, format_args!("{} bytes", name.len())));
        }
        let named = quote(name);
        let dims = r.u32(&format_args!("dimension count of tensor {named}"))?;
        if !(1..=4).contains(&dims) {
            let what = format!("tensor {named}");
            return Err(broken(what, "1 to 4 dimensions", dims));
        }
        let shape = (0..dims)
            .map(|d| r.u64(&format_args!("dimension {d} of tensor {named}")))
            .collect::<Result<Vec<u64>>>()?;
        let id = r.u32(&format_args!("type of tensor {named}"))?;
        let offset = r.u64(&format_args!("offset of tensor {named}"))?;
        let format = format_of(id).ok_or_else(|| unknown_type(&named, id))?;
        let (cols, rows, bytes) = extent(format, &shape).map_err(|(expected, found)| {
            broken(format_args!("shape of tensor {named}"), expected, found)
        })?;
        Ok(Self {
            name: name.to_owned(),
            format,
            cols,
            rows,
            shape,
            offset,
            bytes,
        })
    }
}

/// The id of a format in GGUF files.
pub(super) fn id_of(format: WeightFormat) -> u32 {
    TYPES
        .iter()
        .find(|(_, f)| *f == format)
        .map_or(u32::MAX, |(id, _)| *id)
}

fn format_of(id: u32) -> Option<WeightFormat> {
    TYPES.iter().find(|(i, _)| *i == id).map(|(_, f)| *f)
}

fn unknown_type(tensor: &str, id: u32) -> crate::Error {
    let known: Vec<&str> = TYPES.iter().map(|(_, f)| f.name()).collect();
    let name = OTHER_TYPES.iter().find(|(i, _)| *i == id);
    let found = match name {
        Some((_, name)) => format!("{name} (id {id})"),
        None => format!("the unknown id {id}"),
    };
    let expected = format!("one of {}", known.join(", "));
    unsupported(format_args!("type of tensor {tensor}"), expected, found)
}

/// Columns, rows and bytes of a shape, or what was expected and what was found.
pub(super) fn extent(
    format: WeightFormat,
    shape: &[u64],
) -> Result<(u64, u64, u64), (String, String)> {
    let found = || format!("{shape:?}");
    if shape.is_empty() || shape.len() > 4 || shape.contains(&0) {
        return Err(("1 to 4 dimensions of at least 1".into(), found()));
    }
    let block = format.file_block_len() as u64;
    let cols = shape[0];
    if !cols.is_multiple_of(block) {
        let expected = format!("rows of a multiple of {block} weights ({})", format.name());
        return Err((expected, found()));
    }
    let rows = shape[1..].iter().try_fold(1u64, |n, &d| n.checked_mul(d));
    let bytes = rows.and_then(|rows| {
        let row = (cols / block).checked_mul(format.file_block_bytes() as u64)?;
        row.checked_mul(rows)
    });
    match (rows, bytes) {
        // Every product of sizes up to the count of weights stays a 64-bit number for those who use it.
        (Some(rows), Some(bytes)) if rows.checked_mul(cols).is_some() => Ok((cols, rows, bytes)),
        _ => Err(("fewer than 2^64 weights and bytes".into(), found())),
    }
}
