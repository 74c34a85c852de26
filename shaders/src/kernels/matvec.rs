//! `matvec`: a quantised matrix times one row of activations, optionally added to what is there. Decode and the head.

use crate::kernel::{Access, Kernel, Part, Step, bind, params, read};
use crate::reference::Call;
use crate::weights::BLOCK;

params! {
    /// Where the planes of the weights start, in 16-byte units.
    planes: [u32; 4],
    /// Rows of the matrix.
    rows: u32,
    /// Blocks of 32 in a row.
    blocks: u32,
    /// First element of `out` that is written.
    out_offset: u32,
    /// 1: add to what `out` holds.
    accumulate: u32,
}

/// Lanes that share 16 rows; at least four, since one lane stores four rows.
const LANES: u32 = 4;
const ROWS_PER_WORKGROUP: u32 = 64 / LANES * 16;

/// weights [rows, 32 * blocks], x [32 * blocks], out [>= out_offset + rows].
pub static KERNEL: Kernel = Kernel {
    name: "matvec",
    wgsl: include_str!("matvec.wgsl"),
    parts: &[Part::Weights, Part::Products, Part::ReduceRows],
    binds: &[
        bind("weights", Access::Read),
        bind("x", Access::Read),
        bind("out", Access::Update),
    ],
    params: FIELDS,
    params_bytes: size_of::<Params>(),
    constants: &[("LANES", LANES)],
    grid: |params, _: &Step| {
        [
            read::<Params>(params).rows.div_ceil(ROWS_PER_WORKGROUP),
            1,
            1,
        ]
    },
    reference,
};

fn reference(call: Call<'_>) {
    let format = call.parts.weights.expect("a weight format");
    let (p, [weights, x, mut out]) = call.open::<Params, 3>();
    for row in 0..p.rows as usize {
        let mut sum = 0.0f32;
        for block in 0..p.blocks as usize {
            let w = format.unpack(weights.words(), p.planes, row * p.blocks as usize + block);
            sum += w
                .iter()
                .zip(&x.f32s()[block * BLOCK..])
                .map(|(w, x)| w * x)
                .sum::<f32>();
        }
        let out = &mut out.f32s_mut()[p.out_offset as usize + row];
        *out = if p.accumulate == 1 { *out + sum } else { sum };
    }
}
