//! Cases of the kernels that read or write the residual stream with its sums of squares and its gain beside it.

use super::{Case, GUARD, Noise, shader};
use crate::kernel::{Parts, Step};
use crate::kernels::scale::{self, normed, renew, stride};
use crate::kernels::{matvec_add, matvec_gate, matvec_norm};
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
    /// Rows of activations.
    pub count: usize,
    /// First element of a row of the result.
    pub offset: usize,
    /// Elements of a row of the result behind the last one written.
    pub behind: usize,
    /// Lanes that share rows, where they do.
    pub lanes: u32,
}

const EPSILON: f32 = 1e-5;

impl Stream {
    const fn cols(&self) -> usize {
        self.blocks * BLOCK
    }

    const fn step(&self) -> Step {
        Step::new(7, self.count as u32)
    }

    fn planes(&self, rows: usize) -> [u32; 4] {
        self.format.layout(rows, self.cols()).planes
    }

    /// Rows of a stream of `cols`, whole.
    fn streams(&self, noise: &mut Noise, cols: usize) -> Vec<u32> {
        let gain = f32s(&noise.f32s(cols, 1.5));
        let mut rows = Vec::new();
        for _ in 0..self.count {
            let mut row = f32s(&noise.f32s(cols, 0.3));
            row.resize(stride(cols), 0.0);
            renew(&mut row, cols, &gain);
            rows.extend(row.iter().map(|value| value.to_bits()));
        }
        rows
    }

    /// W norm(x).
    pub fn matvec_norm(&self) -> Case {
        let mut noise = Noise::new(21);
        let weights = noise.weights(self.format, self.rows, self.cols(), 0.02);
        let x = self.streams(&mut noise, self.cols());
        let out_stride = self.offset + self.rows + self.behind;
        let params = matvec_norm::Params {
            planes: self.planes(self.rows),
            rows: self.rows as u32,
            blocks: self.blocks as u32,
            out_offset: self.offset as u32,
            out_stride: out_stride as u32,
            x_stride: stride(self.cols()) as u32 / 4,
            epsilon: EPSILON,
            lanes: self.lanes,
            unused: 0,
        };
        let shader = shader(&matvec_norm::KERNEL, self.format);
        let out = vec![GUARD; self.count * out_stride];
        let mut case = Case::new(self, shader, params, self.step(), vec![weights, x, out]);
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
        let x = self.streams(&mut noise, self.cols());
        let params = matvec_gate::Params {
            planes: self.planes(rows),
            rows: rows as u32,
            blocks: self.blocks as u32,
            gated: gated.into(),
            out_stride: self.rows as u32,
            x_stride: stride(self.cols()) as u32 / 4,
            epsilon: EPSILON,
            lanes: self.lanes,
            unused: 0,
        };
        let elements = self.count * self.rows;
        let out = match gated {
            true => noise.f32s(elements, 3.0),
            false => vec![GUARD; elements],
        };
        let shader = shader(&matvec_gate::KERNEL, self.format);
        let what = (self, if gated { "gated" } else { "both" });
        let mut case = Case::new(&what, shader, params, self.step(), vec![weights, x, out]);
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
        let x = noise.f32s(self.count * self.cols(), 1.0);
        let stream = self.streams(&mut noise, self.rows);
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
        Case::new(self, shader, params, self.step(), buffers)
    }

    /// The rest of rows of a stream of `cols`.
    pub fn scale(&self) -> Case {
        let mut noise = Noise::new(24);
        let mut stream = self.streams(&mut noise, self.cols());
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
        Case::new(self, shader, params, self.step(), vec![stream, gain])
    }
}

fn f32s(words: &[u32]) -> Vec<f32> {
    words.iter().map(|word| f32::from_bits(*word)).collect()
}
