//! What a device can do at most: bytes a second that a plain kernel reads, and operations a second of a plain f32 matrix
//! product. Measured, each the best of a few; nothing of a model.

use lorgnette_shaders::Program;
use lorgnette_shaders::cases::{Case, Multiply, Sweep};

use crate::gpu::best_seconds;
use crate::trust::{Finding, Outcome};
use crate::{Result, Runtime};

/// The most bytes that are read for the bandwidth: more than caches hold, and what most devices can bind.
const SWEEP_BYTES: u64 = 128 << 20;
/// 16-byte units that a lane reads.
const SWEEP_ROUNDS: usize = 32;
/// A chunk of a prompt times a matrix of a small model; where that takes less than [`SHORT`], of a large one.
const PRODUCTS: [Multiply; 2] = [product(1024, 1024), product(2048, 8192)];
const SHORT: f64 = 5e-3;

const fn product(depth: usize, cols: usize) -> Multiply {
    let count = 128;
    Multiply { count, depth, cols }
}

/// A device's limits.
#[derive(Clone, Debug, PartialEq)]
pub struct Roofline {
    /// Bytes a second that a plain kernel reads, each once.
    pub read_bytes_per_s: f64,
    /// Bytes of the buffer that it read.
    pub read_bytes: u64,
    /// Additions and multiplications a second of a plain product of f32 matrices.
    pub matmul_operations_per_s: f64,
    /// Rows of the first, columns of the first, columns of the second.
    pub matmul_shape: [usize; 3],
    /// The variant that was the fastest here.
    pub matmul_program: String,
}

impl Runtime {
    /// Measures the device, with programs that are right on it. `None` without a GPU.
    ///
    /// # Errors
    /// [`crate::Error::Device`] where it has no memory for it, and as [`Runtime::judge`].
    pub fn roofline(&self) -> Result<Option<Roofline>> {
        if self.gpu().is_none() {
            return Ok(None);
        }
        let most = SWEEP_BYTES.min(self.max_binding_bytes()) as usize;
        let sweep = Sweep {
            // Guard words lie behind the buffer.
            groups: most / Sweep::group_bytes(SWEEP_ROUNDS) - 1,
            rounds: SWEEP_ROUNDS,
        };
        let (swept, _) = self.fastest(&sweep.case())?;
        let [small, large] = PRODUCTS;
        let (mut product, mut multiplied) = (small, self.fastest(&small.case())?);
        if multiplied.0 < SHORT {
            (product, multiplied) = (large, self.fastest(&large.case())?);
        }
        Ok(Some(Roofline {
            read_bytes_per_s: sweep.bytes() as f64 / swept,
            read_bytes: sweep.bytes(),
            matmul_operations_per_s: product.operations() as f64 / multiplied.0,
            matmul_shape: [product.count, product.depth, product.cols],
            matmul_program: multiplied.1,
        }))
    }

    /// Seconds of a case by the fastest program that is right for its shader, and the program.
    fn fastest(&self, case: &Case) -> Result<(f64, String)> {
        let gpu = self.gpu().expect("looked at before");
        let judged = self.judge(&[case.shader], None, &mut |_, _| ())?;
        let used = judged[0].program()?;
        let right = |(program, finding): &(Program, Finding)| {
            (finding.outcome == Outcome::Right).then_some(*program)
        };
        let mut best = (f64::INFINITY, used.label());
        for program in judged[0].found.iter().filter_map(right) {
            let seconds = best_seconds(&gpu, &program, &case.params, case.step, &case.buffers)?;
            if seconds < best.0 {
                best = (seconds, program.label());
            }
        }
        Ok(best)
    }
}
