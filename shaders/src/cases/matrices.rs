//! Cases of kernels that read weights: matrix products and embedding rows, of any shape.

use super::{Case, GUARD, Noise, shader};
use crate::kernel::Step;
use crate::kernels::{embed, matmul, matvec};
use crate::program::Shader;
use crate::weights::{BLOCK, WeightFormat};

/// A matrix product.
#[derive(Clone, Copy, Debug)]
pub struct Product {
    /// Of the weights.
    pub format: WeightFormat,
    /// Of the matrix.
    pub rows: usize,
    /// Of 32 columns.
    pub blocks: usize,
    /// Rows of activations; a `matvec` takes the first.
    pub count: usize,
    /// First element of a row of the result.
    pub offset: usize,
    /// Elements of a row of the result behind the last one written.
    pub behind: usize,
    /// Whether it is added to what is there.
    pub accumulate: bool,
    /// Lanes that share the blocks of a row of W, for several rows of activations.
    pub lanes: u32,
}

impl Product {
    fn buffers(&self, count: usize) -> Vec<Vec<u32>> {
        let mut noise = Noise::new(1);
        let cols = self.blocks * BLOCK;
        let weights = noise.weights(self.format, self.rows, cols, 0.02);
        let x = noise.f32s(count * cols, 1.0);
        let mut out = vec![GUARD; count * self.stride()];
        if self.accumulate {
            for row in out.chunks_exact_mut(self.stride()) {
                row[self.offset..][..self.rows].copy_from_slice(&noise.f32s(self.rows, 1.0));
            }
        }
        vec![weights, x, out]
    }

    /// Elements from one row of the result to the next.
    pub const fn stride(&self) -> usize {
        self.offset + self.rows + self.behind
    }

    fn planes(&self) -> [u32; 4] {
        self.format.layout(self.rows, self.blocks * BLOCK).planes
    }

    /// With one row of activations.
    pub fn matvec(&self) -> Case {
        let params = matvec::Params {
            planes: self.planes(),
            rows: self.rows as u32,
            blocks: self.blocks as u32,
            out_offset: self.offset as u32,
            accumulate: self.accumulate.into(),
        };
        let shader = shader(&matvec::KERNEL, self.format);
        self.case(shader, params, Step::new(7, 1))
    }

    /// With `count` rows of activations.
    pub fn matmul(&self) -> Case {
        let params = matmul::Params {
            planes: self.planes(),
            rows: self.rows as u32,
            blocks: self.blocks as u32,
            out_offset: self.offset as u32,
            out_stride: self.stride() as u32,
            accumulate: self.accumulate.into(),
            x_stride: self.blocks as u32 * 8,
            lanes: self.lanes,
            ..Default::default()
        };
        let step = Step::new(7, self.count as u32);
        let shader = shader(&matmul::KERNEL, self.format);
        self.case(shader, params, step)
    }

    fn case<P: bytemuck::Pod>(&self, shader: Shader, params: P, step: Step) -> Case {
        let mut case = Case::new(
            self,
            shader,
            params,
            step,
            self.buffers(step.count as usize),
        );
        case.typical = self.typical(&case.buffers);
        case
    }

    /// The sum of the squares of a result's terms.
    fn typical(&self, buffers: &[Vec<u32>]) -> f64 {
        let terms = (0..self.blocks).flat_map(|block| {
            let weights = self.format.unpack(&buffers[0], self.planes(), block);
            let x = &buffers[1][block * BLOCK..];
            std::array::from_fn::<_, BLOCK, _>(|i| weights[i] * f32::from_bits(x[i]))
        });
        terms.map(|term| f64::from(term).powi(2)).sum()
    }
}

/// Rows of an embedding table, or of a shard of it.
#[derive(Clone, Debug)]
pub struct Embedding {
    /// Of the table.
    pub format: WeightFormat,
    /// First row of the table in this shard.
    pub first: usize,
    /// Rows in this shard.
    pub rows: usize,
    /// Of 32 columns.
    pub blocks: usize,
    /// Of the step's first id.
    pub position: usize,
    /// The step's ids.
    pub ids: Vec<u32>,
    /// Of the scales.
    pub size: f32,
}

impl Embedding {
    /// The rows of the ids that the shard has; the others stay as they are.
    pub fn embed(&self) -> Case {
        let cols = self.blocks * BLOCK;
        // As few as the step needs: a later position goes round.
        let slots = self.ids.len() + 1;
        let params = embed::Params {
            planes: self.format.layout(self.rows, cols).planes,
            first: self.first as u32,
            rows: self.rows as u32,
            blocks: self.blocks as u32,
            ids: slots as u32,
            stride: (cols / 4) as u32,
            ..Default::default()
        };
        let weights = Noise::new(2).weights(self.format, self.rows, cols, self.size);
        let mut ids = vec![GUARD; slots];
        for (id, position) in self.ids.iter().zip(self.position..) {
            ids[position % slots] = *id;
        }
        let out = vec![GUARD; self.ids.len() * cols];
        let step = Step::new(self.position as u32, self.ids.len() as u32);
        let shader = shader(&embed::KERNEL, self.format);
        Case::new(self, shader, params, step, vec![weights, ids, out])
    }
}
