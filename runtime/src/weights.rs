//! The model's weights as the GPU will hold them: which rows of which file tensors make up each buffer.
//!
//! Matrices of one format that read the same input are joined by row; a buffer that would pass the device's binding
//! limit, or what a texture can hold, is cut by row. Device-free and file-free: it only reads shapes.

use std::ops::Range;

use lorgnette_shaders::WeightFormat;
use lorgnette_shaders::weights::{BLOCK, Texels};

use crate::{Error, Result};

/// Rows of one tensor of the checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The tensor's name in the file.
    pub tensor: String,
    /// Its rows.
    pub rows: Range<u64>,
}

/// Pieces of a matrix start at multiples of so many rows: each plane's row is a multiple of 2 bytes, so that these rows are
/// whole texels.
pub(crate) const ROWS: u64 = 8;

/// One GPU buffer of weights, or texture: rows of one format, from one or more tensors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weight {
    /// For people: the tensors' names, with the first row where it is a shard.
    pub name: String,
    /// Its format.
    pub format: WeightFormat,
    /// Its rows.
    pub rows: usize,
    /// Weights in a row.
    pub cols: usize,
    /// What it is made of, in row order.
    pub sources: Vec<Source>,
    /// Whether it is a matrix, which a device may have in a texture; a vector is always in a buffer.
    pub matrix: bool,
    /// Bytes of the buffer; of a matrix, those of the texture too.
    pub bytes: u64,
}

impl Weight {
    /// Bytes of one row in all planes.
    pub fn row_bytes(&self) -> u64 {
        let planes = self.format.plane_row_bytes(self.cols);
        planes.iter().sum::<usize>() as u64
    }
}

/// A part of a [`Linear`] that is one buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Index in [`WeightList`].
    pub weight: usize,
    /// Its format.
    pub format: WeightFormat,
    /// First output row.
    pub first: usize,
    /// Output rows.
    pub rows: usize,
}

/// A matrix [rows, cols] in one or more pieces that cover its rows once, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linear {
    /// The pieces.
    pub pieces: Vec<Piece>,
    /// Output width.
    pub rows: usize,
    /// Input width.
    pub cols: usize,
}

/// The shape and format of a tensor in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Its format.
    pub format: WeightFormat,
    /// Rows.
    pub rows: u64,
    /// Weights in a row.
    pub cols: u64,
}

/// Every weight buffer of a model, in the order they are read from the file.
#[derive(Debug, Default)]
pub struct WeightList {
    /// The buffers.
    pub weights: Vec<Weight>,
    /// For each layer, which of them are its own.
    pub layers: Vec<Range<usize>>,
    binding_limit: u64,
}

impl WeightList {
    /// An empty list for a device that binds at most `binding_limit` bytes at once. No matrix is larger than a texture.
    pub fn new(binding_limit: u64) -> Self {
        Self {
            weights: Vec::new(),
            layers: Vec::new(),
            binding_limit,
        }
    }

    /// A vector of `cols` weights, held in f32 whatever the file has.
    pub fn vector(
        &mut self,
        find: &dyn Fn(&str) -> Result<Shape>,
        name: &str,
        cols: usize,
    ) -> Result<usize> {
        let shape = find(name)?;
        expect_shape(name, shape, 1, cols)?;
        let bytes = (cols * 4) as u64;
        let source = Source {
            tensor: name.to_owned(),
            rows: 0..1,
        };
        self.push(WeightFormat::F32, cols, vec![source], false, bytes)
    }

    /// A matrix made of tensors of `rows` each, one above the other, all with `cols` columns.
    pub fn linear(
        &mut self,
        find: &dyn Fn(&str) -> Result<Shape>,
        names: &[(String, usize)],
        cols: usize,
    ) -> Result<Linear> {
        let mut linear = Linear {
            pieces: Vec::new(),
            rows: 0,
            cols,
        };
        let mut run: Vec<Source> = Vec::new();
        let mut run_format = None;
        for (name, rows) in names {
            let shape = find(name)?;
            expect_shape(name, shape, *rows, cols)?;
            let joins = run_format.is_none_or(|format| format == shape.format)
                && run
                    .iter()
                    .all(|source| source.rows.end.is_multiple_of(ROWS));
            if !joins {
                self.close(&mut linear, run_format, std::mem::take(&mut run))?;
            }
            run_format = Some(shape.format);
            run.push(Source {
                tensor: name.clone(),
                rows: 0..shape.rows,
            });
        }
        self.close(&mut linear, run_format, run)?;
        Ok(linear)
    }

    /// Cuts a run of one format into buffers under the binding limit, and adds them as pieces.
    fn close(
        &mut self,
        linear: &mut Linear,
        format: Option<WeightFormat>,
        run: Vec<Source>,
    ) -> Result<()> {
        let Some(format) = format else { return Ok(()) };
        let total: u64 = run.iter().map(|source| source.rows.end).sum();
        let most = self.rows_per_buffer(format, linear.cols, total, &run)?;
        let mut first = 0;
        while first < total {
            let rows = most.min(total - first);
            let bytes = matrix_bytes(format, rows, linear.cols);
            let sources = take_rows(&run, first..first + rows);
            let weight = self.push(format, linear.cols, sources, true, bytes)?;
            linear.pieces.push(Piece {
                weight,
                format,
                first: linear.rows,
                rows: rows as usize,
            });
            linear.rows += rows as usize;
            first += rows;
        }
        Ok(())
    }

    /// The most rows that fit in one binding and in a texture, a multiple of [`ROWS`].
    fn rows_per_buffer(
        &self,
        format: WeightFormat,
        cols: usize,
        total: u64,
        run: &[Source],
    ) -> Result<u64> {
        let limit = Texels::within(self.binding_limit);
        if format.layout(total as usize, cols).bytes <= limit {
            return Ok(total);
        }
        let row: usize = format.plane_row_bytes(cols).iter().sum();
        // Up to 15 bytes of alignment behind each of the four planes.
        let most = limit.saturating_sub(64) / row as u64 / ROWS * ROWS;
        if most == 0 {
            return Err(Error::Limit {
                what: format!("{ROWS} rows of {}", run[0].tensor),
                needed: Texels::holding(ROWS * row as u64 + 64).bytes(),
                limit: self.binding_limit,
            });
        }
        Ok(most)
    }

    fn push(
        &mut self,
        format: WeightFormat,
        cols: usize,
        sources: Vec<Source>,
        matrix: bool,
        bytes: u64,
    ) -> Result<usize> {
        if bytes > self.binding_limit {
            return Err(Error::Limit {
                what: format!("binding {}", sources[0].tensor),
                needed: bytes,
                limit: self.binding_limit,
            });
        }
        let names: Vec<String> = sources
            .iter()
            .map(|source| {
                if source.rows.start == 0 {
                    source.tensor.clone()
                } else {
                    format!("{}[{}..]", source.tensor, source.rows.start)
                }
            })
            .collect();
        let rows = sources
            .iter()
            .map(|source| source.rows.end - source.rows.start)
            .sum::<u64>() as usize;
        self.weights.push(Weight {
            name: names.join("+"),
            format,
            rows,
            cols,
            sources,
            matrix,
            bytes,
        });
        Ok(self.weights.len() - 1)
    }
}

/// Bytes of a matrix in whole rows of texels, whatever it will lie in: so no plan depends on that.
fn matrix_bytes(format: WeightFormat, rows: u64, cols: usize) -> u64 {
    Texels::holding(format.layout(rows as usize, cols).bytes).bytes()
}

fn expect_shape(name: &str, found: Shape, rows: usize, cols: usize) -> Result<()> {
    if (found.rows, found.cols) != (rows as u64, cols as u64) {
        let shape = |rows: u64, cols: u64| format!("[{cols}, {rows}]");
        return Err(Error::Format {
            what: format!("shape of tensor {name}"),
            expected: shape(rows as u64, cols as u64),
            found: shape(found.rows, found.cols),
        });
    }
    if rows > 1 && !cols.is_multiple_of(BLOCK) {
        return Err(Error::Unsupported {
            what: format!("width of tensor {name}"),
            expected: format!("a multiple of {BLOCK}"),
            found: cols.to_string(),
        });
    }
    Ok(())
}

/// Rows `range` of tensors that lie one above the other.
fn take_rows(run: &[Source], range: Range<u64>) -> Vec<Source> {
    let mut taken = Vec::new();
    let mut above = 0;
    for source in run {
        let height = source.rows.end;
        let start = range.start.max(above);
        let end = range.end.min(above + height);
        if start < end {
            taken.push(Source {
                tensor: source.tensor.clone(),
                rows: start - above..end - above,
            });
        }
        above += height;
    }
    taken
}
