//! The maths words of a model page: each picks a kernel and records it. No sizes of any one model, no device.
//!
//! Here are norms, matrix products and what goes on between them, row by row; attention, the ends of a page, and the
//! stream that carries its norms are in files of their own.

use lorgnette_shaders::kernels::{add, matmul, matvec, rms_norm, swiglu};
use lorgnette_shaders::weights::BLOCK;
use lorgnette_shaders::{Parts, WeightFormat};

use crate::plan::{Home, Recorder, Rows, TensorId};
use crate::weights::{Linear, Piece};

mod attend;
mod attend_step;
mod ends;
mod heads;
mod stream;

pub use heads::Heads;

impl Recorder {
    /// RMSNorm of every row, or of the step's last one only.
    pub fn norm(
        &mut self,
        what: &str,
        x: TensorId,
        gain: usize,
        epsilon: f32,
        last_only: bool,
    ) -> TensorId {
        let cols = self.cols_of(x);
        let gain = self.tensor(what, Home::Weight(gain), Rows::Fixed(1), cols as u64 * 4);
        let rows = if last_only {
            Rows::Fixed(1)
        } else {
            self.rows_of(x)
        };
        let out = self.scratch("normed", rows, cols);
        let params = rms_norm::Params {
            quads: quads(cols),
            last_only: last_only.into(),
            epsilon,
            unused: 0,
        };
        self.dispatch(
            what,
            &rms_norm::KERNEL,
            Parts::default(),
            params,
            &[x, gain, out],
        );
        out
    }

    /// W x: [rows of x, rows of W].
    pub fn linear(&mut self, what: &str, x: TensorId, matrix: &Linear) -> TensorId {
        let out = self.scratch(what, self.rows_of(x), matrix.rows);
        self.products(what, x, matrix, out, false, 1);
        out
    }

    /// Queries, keys and values: W x, with room behind them for the queries once more: [rows of x, rows of W + queries].
    pub fn qkv(&mut self, x: TensorId, matrix: &Linear, heads: &Heads) -> TensorId {
        let cols = matrix.rows + heads.heads * heads.size;
        let out = self.scratch("qkv", self.rows_of(x), cols);
        self.products("qkv", x, matrix, out, false, 1);
        out
    }

    /// residual += W x, in the matrix product itself.
    pub fn linear_add(&mut self, what: &str, x: TensorId, matrix: &Linear, residual: TensorId) {
        self.products(what, x, matrix, residual, true, 1);
    }

    /// out += x.
    pub fn add(&mut self, what: &str, x: TensorId, out: TensorId) {
        let params = add::Params {
            quads: quads(self.cols_of(x)),
            ..Default::default()
        };
        self.dispatch(what, &add::KERNEL, Parts::default(), params, &[x, out]);
    }

    /// silu(gate) * up of a row [gate | up].
    pub fn swiglu(&mut self, gate_up: TensorId) -> TensorId {
        let width = self.cols_of(gate_up) / 2;
        let out = self.scratch("gated", self.rows_of(gate_up), width);
        let params = swiglu::Params {
            quads: quads(width),
            ..Default::default()
        };
        self.dispatch(
            "swiglu",
            &swiglu::KERNEL,
            Parts::default(),
            params,
            &[gate_up, out],
        );
        out
    }

    /// Where these are several rows, `lanes` share the blocks of one.
    fn products(
        &mut self,
        what: &str,
        x: TensorId,
        matrix: &Linear,
        out: TensorId,
        add: bool,
        lanes: u32,
    ) {
        let stride = self.cols_of(out);
        for piece in &matrix.pieces {
            let weights = self.weights(piece, matrix.cols);
            let (rows, blocks) = (piece.rows as u32, (matrix.cols / BLOCK) as u32);
            let (planes, out_offset, accumulate) =
                (planes(piece, matrix.cols), piece.first as u32, add.into());
            let tensors = [weights, x, out];
            if self.is_one_row(x) {
                let params = matvec::Params {
                    planes,
                    rows,
                    blocks,
                    out_offset,
                    accumulate,
                };
                self.dispatch(what, &matvec::KERNEL, piece.format, params, &tensors);
            } else {
                let out_stride = stride as u32;
                let params = matmul::Params {
                    planes,
                    rows,
                    blocks,
                    out_offset,
                    out_stride,
                    accumulate,
                    x_stride: quads(matrix.cols),
                    lanes,
                    ..Default::default()
                };
                self.dispatch(what, &matmul::KERNEL, piece.format, params, &tensors);
            }
        }
    }

    fn weights(&mut self, piece: &Piece, cols: usize) -> TensorId {
        let row: usize = piece.format.plane_row_bytes(cols).iter().sum();
        self.tensor(
            "weights",
            Home::Weight(piece.weight),
            Rows::Fixed(piece.rows as u32),
            row as u64,
        )
    }
}

fn quads(elements: usize) -> u32 {
    (elements / 4) as u32
}

fn planes(piece: &Piece, cols: usize) -> [u32; 4] {
    let format: WeightFormat = piece.format;
    format.layout(piece.rows, cols).planes
}
