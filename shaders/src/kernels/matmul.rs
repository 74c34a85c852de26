//! `matmul`: a quantised matrix times the step's rows of activations, or times their RMSNorm where they are of the stream
//! (see `scale`), optionally added to what is there. Prefill, and a few rows at once.

use super::matvec_norm::NORMED;
use super::scale::normed;
use crate::kernel::{Access, Kernel, Part, Step, Variant, bind, params, read};
use crate::reference::Call;
use crate::weights::BLOCK;

params! {
    /// Where the planes of the weights start, in 16-byte units.
    planes: [u32; 4],
    /// Rows of the matrix.
    rows: u32,
    /// Blocks of 32 in a row.
    blocks: u32,
    /// First element of each row of `out` that is written.
    out_offset: u32,
    /// Elements from one row of `out` to the next.
    out_stride: u32,
    /// 1: add to what `out` holds.
    accumulate: u32,
    /// Row length of x / 4: 8 * `blocks`, or [`super::scale::stride`] / 4 where x is the stream.
    x_stride: u32,
    /// Added to the mean square of the stream.
    epsilon: f32,
    /// Lanes that share the blocks of a row, every so many-th its own; at 4, 8 or 16 a row of the result is what decode's
    /// kernels make of it. 1 is best for many rows.
    lanes: u32,
}

/// Workgroups where each makes `tile`: rows of W, rows of x.
fn tiles(params: &[u8], step: &Step, tile: [u32; 2]) -> [u32; 3] {
    let rows = read::<Params>(params).rows;
    [rows.div_ceil(tile[0]), step.count.div_ceil(tile[1]), 1]
}

/// Params, bindings and the end of every variant.
const SHARED: Part = Part::Shared(include_str!("../parts/matmul_shared.wgsl"));

/// weights [rows, 32 * blocks], x [count, 4 * x_stride], out [count, out_stride].
pub static KERNEL: Kernel = Kernel {
    name: "matmul",
    binds: &[
        bind("weights", Access::Read),
        bind("x", Access::Read),
        bind("out", Access::Update),
    ],
    params: FIELDS,
    params_bytes: size_of::<Params>(),
    variants: &[
        Variant {
            name: "wide",
            wgsl: include_str!("matmul_wide.wgsl"),
            parts: &[
                SHARED,
                NORMED,
                Part::Weights,
                Part::Products,
                Part::ReduceRows,
            ],
            constants: &[],
            needs: &[],
            grid: |params, step: &Step| {
                let width = 64 / read::<Params>(params).lanes;
                let across = step
                    .count
                    .div_ceil(4)
                    .next_power_of_two()
                    .min(width.min(32));
                tiles(params, step, [width / across * 16, across * 4])
            },
        },
        Variant {
            name: "plain",
            wgsl: include_str!("matmul.wgsl"),
            parts: &[SHARED, NORMED, Part::Weights],
            constants: &[],
            needs: &[],
            grid: |params, step: &Step| tiles(params, step, [64, 4]),
        },
    ],
    reference,
};

fn reference(call: Call<'_>) {
    let format = call.parts.weights.expect("a weight format");
    let count = call.step.count as usize;
    let (p, [weights, x, mut out]) = call.open::<Params, 3>();
    let (blocks, cols) = (p.blocks as usize, p.blocks as usize * BLOCK);
    let rows = x.f32s().chunks_exact(p.x_stride as usize * 4).take(count);
    let of = |row: &[f32]| match row.len() > cols {
        true => normed(row, cols, p.epsilon),
        false => row.to_vec(),
    };
    let rows: Vec<Vec<f32>> = rows.map(of).collect();
    let mut row = vec![0.0; cols];
    for r in 0..p.rows as usize {
        for block in 0..blocks {
            row[block * BLOCK..][..BLOCK].copy_from_slice(&format.unpack(
                weights.words(),
                p.planes,
                r * blocks + block,
            ));
        }
        for (t, x) in rows.iter().enumerate() {
            let sum: f32 = x
                .chunks(BLOCK)
                .zip(row.chunks(BLOCK))
                .map(|(x, w)| x.iter().zip(w).map(|(x, w)| x * w).sum::<f32>())
                .sum();
            let out = &mut out.f32s_mut()[t * p.out_stride as usize + p.out_offset as usize + r];
            *out = if p.accumulate == 1 { *out + sum } else { sum };
        }
    }
}
