//! Cases of the kernels that read or write the residual stream with its sums of squares and its gain beside it.

use super::{Case, GUARD, Noise, shader};
use crate::kernel::{Parts, Step};
use crate::kernels::scale::{self, normed, renew, stride};
use crate::kernels::{matmul, matvec_add, matvec_gate, matvec_norm};
use crate::weights::{BLOCK, WeightFormat};

/// A matrix and a few rows of the stream.
#[derive(Clone, Copy, Debug)]
pub struct Stream {
    /// Of the weights.
    pub format: WeightFormat,
    /// Of the matrix; of each of the two that a gate has.
    pub rows: usize,
    /// Of 32 columns.
    pub blocks: usize,
    /// Rows of activations, of which decode's kernels take the first.
    pub count: usize,
    /// First element of a row of the result.
    pub offset: usize,
    /// Elements of a row of the result behind the last one written.
    pub behind: usize,
    /// Lanes that share rows, where they do.
    pub lanes: u32,
}

const EPSILON: f32 = 1e-5;
const ONE: Step = Step::new(7, 1);

impl Stream {
    const fn cols(&self) -> usize {
        self.blocks * BLOCK
    }

    fn planes(&self, rows: usize) -> [u32; 4] {
        self.format.layout(rows, self.cols()).planes
    }

    /// Rows of a stream of `cols`, whole.
    fn streams(noise: &mut Noise, cols: usize, count: usize) -> Vec<u32> {
        let gain = f32s(&noise.f32s(cols, 1.5));
        let mut rows = Vec::new();
        for _ in 0..count {
            let mut row = f32s(&noise.f32s(cols, 0.3));
            row.resize(stride(cols), 0.0);
            renew(&mut row, cols, &gain);
            rows.extend(row.iter().map(|value| value.to_bits()));
        }
        rows
    }

    /// Weights, rows of x, and room for the result.
    fn product(&self, count: usize) -> Vec<Vec<u32>> {
        let mut noise = Noise::new(21);
        let weights = noise.weights(self.format, self.rows, self.cols(), 0.02);
        let x = Self::streams(&mut noise, self.cols(), count);
        vec![weights, x, vec![GUARD; count * self.out_stride()]]
    }

    /// Elements from one row of a result to the next.
    pub const fn out_stride(&self) -> usize {
        self.offset + self.rows + self.behind
    }

    /// W norm(x).
    pub fn matvec_norm(&self) -> Case {
        let params = matvec_norm::Params {
            planes: self.planes(self.rows),
            rows: self.rows as u32,
            blocks: self.blocks as u32,
            out_offset: self.offset as u32,
            x_stride: stride(self.cols()) as u32 / 4,
            epsilon: EPSILON,
            lanes: self.lanes,
            ..Default::default()
        };
        let shader = shader(&matvec_norm::KERNEL, self.format);
        let mut case = Case::new(self, shader, params, ONE, self.product(1));
        case.typical = self.typical(&case.buffers, self.rows);
        case
    }

    /// W norm(x) of all rows at once.
    pub fn matmul(&self) -> Case {
        let params = matmul::Params {
            planes: self.planes(self.rows),
            rows: self.rows as u32,
            blocks: self.blocks as u32,
            out_offset: self.offset as u32,
            out_stride: self.out_stride() as u32,
            accumulate: 0,
            x_stride: stride(self.cols()) as u32 / 4,
            epsilon: EPSILON,
            lanes: self.lanes,
        };
        let shader = shader(&matmul::KERNEL, self.format);
        let step = Step::new(ONE.position, self.count as u32);
        let mut case = Case::new(self, shader, params, step, self.product(self.count));
        case.typical = self.typical(&case.buffers, self.rows);
        case
    }

    /// The sum of the squares of the terms of a product with one of so many rows.
    fn typical(&self, buffers: &[Vec<u32>], rows: usize) -> f64 {
        let first = f32s(&buffers[1][..stride(self.cols())]);
        let x = normed(&first, self.cols(), EPSILON);
        let terms = x.chunks_exact(BLOCK).enumerate().flat_map(|(block, x)| {
            let weights = self.format.unpack(&buffers[0], self.planes(rows), block);
            std::array::from_fn::<_, BLOCK, _>(|i| weights[i] * x[i])
        });
        terms.map(|term| f64::from(term).powi(2)).sum()
    }

    /// SwiGLU of two matrices times norm(x); or of what is there and one.
    pub fn matvec_gate(&self, gated: bool) -> Case {
        let mut noise = Noise::new(22);
        let rows = if gated { self.rows } else { 2 * self.rows };
        let weights = noise.weights(self.format, rows, self.cols(), 0.02);
        let x = Self::streams(&mut noise, self.cols(), 1);
        let params = matvec_gate::Params {
            planes: self.planes(rows),
            rows: rows as u32,
            blocks: self.blocks as u32,
            gated: gated.into(),
            elements: self.rows as u32,
            x_stride: stride(self.cols()) as u32 / 4,
            epsilon: EPSILON,
            lanes: self.lanes,
            unused: 0,
        };
        let out = match gated {
            true => noise.f32s(self.rows, 3.0),
            false => vec![GUARD; self.rows],
        };
        let shader = shader(&matvec_gate::KERNEL, self.format);
        let what = (self, if gated { "gated" } else { "both" });
        let mut case = Case::new(&what, shader, params, ONE, vec![weights, x, out]);
        // A gate is open, or it is shut and its error is as small as its result; what is there is a gate of about 1.
        let product = self.typical(&case.buffers, rows);
        case.typical = if gated {
            product
        } else {
            product * product / 4.0
        };
        case
    }

    /// stream + W x.
    pub fn matvec_add(&self) -> Case {
        let mut noise = Noise::new(23);
        let weights = noise.weights(self.format, self.rows, self.cols(), 0.02);
        let x = noise.f32s(self.cols(), 1.0);
        let stream = Self::streams(&mut noise, self.rows, 1);
        let gain = noise.f32s(self.rows, 1.5);
        let params = matvec_add::Params {
            planes: self.planes(self.rows),
            rows: self.rows as u32,
            blocks: self.blocks as u32,
            stride: stride(self.rows) as u32,
            unused: 0,
        };
        let shader = shader(&matvec_add::KERNEL, self.format);
        let buffers = vec![weights, x, stream, gain];
        Case::new(self, shader, params, ONE, buffers)
    }

    /// The rest of rows of a stream of `cols`.
    pub fn scale(&self) -> Case {
        let mut noise = Noise::new(24);
        let mut stream = Self::streams(&mut noise, self.cols(), self.count);
        for row in stream.chunks_exact_mut(stride(self.cols())) {
            row[self.cols()..].fill(GUARD);
        }
        let gain = noise.f32s(self.cols(), 1.5);
        let params = scale::Params {
            cols: self.cols() as u32,
            stride: stride(self.cols()) as u32,
            ..Default::default()
        };
        let shader = shader(&scale::KERNEL, Parts::default());
        let step = Step::new(ONE.position, self.count as u32);
        Case::new(self, shader, params, step, vec![stream, gain])
    }
}

fn f32s(words: &[u32]) -> Vec<f32> {
    words.iter().map(|word| f32::from_bits(*word)).collect()
}
