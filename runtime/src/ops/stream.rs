//! The words of a page for a row or a few at a time, where the norms are inside the matrix products: a row of the
//! residual stream carries its sums of squares and itself with the gain of the next norm (see the kernel `scale`).

use lorgnette_shaders::kernels::{matmul, matvec, matvec_add, matvec_gate, matvec_norm, scale};
use lorgnette_shaders::weights::BLOCK;

use super::{Heads, planes, quads};
use crate::plan::{Home, Recorder, Rows, TensorId};
use crate::weights::{Linear, Piece};

/// Lanes of a workgroup that share rows of a matrix with so many blocks in a row.
const LANES: [u32; 3] = [16, 8, 4];

impl Recorder {
    /// Rows of the embedding table for the step's ids, with room for what a norm needs: [step, scale::stride(cols)].
    pub fn embed_stream(&mut self, ids: TensorId, table: &Linear) -> TensorId {
        self.embed_into(ids, table, scale::stride(table.cols))
    }

    /// Makes what the norm with this gain needs of a stream of `cols`.
    pub fn scale(&mut self, what: &str, stream: TensorId, gain: usize, cols: usize) {
        let gain = self.gain(what, gain, cols);
        let params = scale::Params {
            cols: cols as u32,
            stride: self.cols_of(stream) as u32,
            ..Default::default()
        };
        let parts = lorgnette_shaders::Parts::default();
        self.dispatch(what, &scale::KERNEL, parts, params, &[stream, gain]);
    }

    /// W norm(x): [rows of x, rows of W].
    pub fn linear_norm(
        &mut self,
        what: &str,
        x: TensorId,
        matrix: &Linear,
        epsilon: f32,
    ) -> TensorId {
        let out = self.scratch(what, self.rows_of(x), matrix.rows);
        self.norm_products(what, x, matrix, &matrix.pieces, out, epsilon);
        out
    }

    /// Queries, keys and values: W norm(x), with room behind them for what [`Recorder::attend_step`] leaves.
    pub fn qkv_norm(
        &mut self,
        x: TensorId,
        matrix: &Linear,
        heads: &Heads,
        epsilon: f32,
    ) -> TensorId {
        let out = self.scratch("qkv", self.rows_of(x), heads.step_cols());
        self.norm_products("qkv", x, matrix, &matrix.pieces, out, epsilon);
        out
    }

    /// silu(W_gate norm(x)) * W_up norm(x), of the matrices one below the other: [rows of x, half of their rows].
    pub fn gate(&mut self, x: TensorId, matrix: &Linear, epsilon: f32) -> TensorId {
        let (width, one) = (matrix.rows / 2, self.is_one_row(x));
        let (gate, up) = match matrix.pieces.as_slice() {
            [both] if one => (None, *both),
            [gate, up] if one && up.first == width => (Some(*gate), *up),
            // Several rows, or cut within one of the two.
            _ => {
                let gate_up = self.linear_norm("gate_up", x, matrix, epsilon);
                return self.swiglu(gate_up);
            }
        };
        let out = self.scratch("gated", self.rows_of(x), width);
        if let Some(gate) = &gate {
            let pieces = std::slice::from_ref(gate);
            self.norm_products("gate_up", x, matrix, pieces, out, epsilon);
        }
        let weights = self.weights(&up, matrix.cols);
        let params = matvec_gate::Params {
            planes: planes(&up, matrix.cols),
            rows: up.rows as u32,
            blocks: (matrix.cols / BLOCK) as u32,
            gated: gate.is_some().into(),
            elements: width as u32,
            x_stride: quads(self.cols_of(x)),
            epsilon,
            lanes: lanes(matrix.cols),
            unused: 0,
        };
        let tensors = [weights, x, out];
        self.dispatch("gate_up", &matvec_gate::KERNEL, up.format, params, &tensors);
        out
    }

    /// stream += W x, and what the norm with this gain needs of it.
    pub fn stream_add(
        &mut self,
        what: &str,
        x: TensorId,
        matrix: &Linear,
        stream: TensorId,
        gain: usize,
    ) {
        let piece = match matrix.pieces.as_slice() {
            [piece] if self.is_one_row(x) => piece,
            pieces => {
                let lanes = match pieces {
                    [_] => matvec_add::LANES,
                    _ => matvec::LANES,
                };
                self.products(what, x, matrix, stream, true, lanes);
                return self.scale("norm", stream, gain, matrix.rows);
            }
        };
        let weights = self.weights(piece, matrix.cols);
        let gain = self.gain(what, gain, matrix.rows);
        let params = matvec_add::Params {
            planes: planes(piece, matrix.cols),
            rows: piece.rows as u32,
            blocks: (matrix.cols / BLOCK) as u32,
            stride: self.cols_of(stream) as u32,
            unused: 0,
        };
        let tensors = [weights, x, stream, gain];
        self.dispatch(what, &matvec_add::KERNEL, piece.format, params, &tensors);
    }

    fn gain(&mut self, what: &str, gain: usize, cols: usize) -> TensorId {
        self.tensor(what, Home::Weight(gain), Rows::Fixed(1), cols as u64 * 4)
    }

    fn norm_products(
        &mut self,
        what: &str,
        x: TensorId,
        matrix: &Linear,
        pieces: &[Piece],
        out: TensorId,
        epsilon: f32,
    ) {
        for piece in pieces {
            let weights = self.weights(piece, matrix.cols);
            let planes = planes(piece, matrix.cols);
            let (rows, blocks) = (piece.rows as u32, (matrix.cols / BLOCK) as u32);
            let (out_offset, out_stride) = (piece.first as u32, self.cols_of(out) as u32);
            let (x_stride, lanes) = (quads(self.cols_of(x)), lanes(matrix.cols));
            let tensors = [weights, x, out];
            if self.is_one_row(x) {
                let params = matvec_norm::Params {
                    planes,
                    rows,
                    blocks,
                    out_offset,
                    x_stride,
                    epsilon,
                    lanes,
                    ..Default::default()
                };
                self.dispatch(what, &matvec_norm::KERNEL, piece.format, params, &tensors);
            } else {
                let params = matmul::Params {
                    planes,
                    rows,
                    blocks,
                    out_offset,
                    out_stride,
                    x_stride,
                    epsilon,
                    lanes,
                    accumulate: 0,
                };
                self.dispatch(what, &matmul::KERNEL, piece.format, params, &tensors);
            }
        }
    }
}

/// The most lanes of which three quarters have a block in every round: more workgroups, and none idle for it.
fn lanes(cols: usize) -> u32 {
    let blocks = (cols / BLOCK) as u32;
    let busy = |lanes: &u32| blocks * 4 >= blocks.next_multiple_of(*lanes) * 3;
    LANES.into_iter().find(busy).unwrap_or(LANES[2])
}
