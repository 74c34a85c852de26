//! `matvec`: a quantised matrix times one row of activations, optionally added to what is there. Decode and the head.

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
    /// First element of `out` that is written.
    out_offset: u32,
    /// 1: add to what `out` holds.
    accumulate: u32,
}

/// Lanes that share 16 rows; at least four, since one lane stores four rows.
const LANES: u32 = 4;

/// Workgroups where each makes that many rows.
fn workgroups(params: &[u8], rows: u32) -> [u32; 3] {
    [read::<Params>(params).rows.div_ceil(rows), 1, 1]
}

/// Params, bindings and the end of every variant.
const SHARED: Part = Part::Shared(include_str!("../parts/matvec_shared.wgsl"));

/// weights [rows, 32 * blocks], x [32 * blocks], out [>= out_offset + rows].
pub static KERNEL: Kernel = Kernel {
    name: "matvec",
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
            wgsl: include_str!("matvec_wide.wgsl"),
            parts: &[SHARED, Part::Weights, Part::Products, Part::ReduceRows],
            constants: &[("LANES", LANES)],
            grid: |params, _: &Step| workgroups(params, 64 / LANES * 16),
        },
        Variant {
            name: "plain",
            wgsl: include_str!("matvec.wgsl"),
            parts: &[SHARED, Part::Weights],
            constants: &[],
            grid: |params, _: &Step| workgroups(params, 64),
        },
    ],
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
