//! `embed`: rows of the embedding table, dequantised. Reads the ids that the session keeps on the GPU.

use crate::kernel::{Access, Kernel, Part, Step, Variant, bind, params};
use crate::reference::Call;
use crate::weights::BLOCK;

params! {
    /// Where the planes of the weights start, in 16-byte units.
    planes: [u32; 4],
    /// First row of the table in this shard.
    first: u32,
    /// Rows in this shard.
    rows: u32,
    /// Blocks of 32 in a row.
    blocks: u32,
    /// Words of `ids`, round which positions go.
    ids: u32,
    /// Elements of a row of `out` / 4.
    stride: u32,
    /// Padding of the uniform.
    unused_0: u32,
    /// Padding of the uniform.
    unused_1: u32,
    /// Padding of the uniform.
    unused_2: u32,
}

/// weights [rows, 32 * blocks], ids [context + 1], out [count, 4 * stride], of which the
/// first 32 * blocks are written.
pub static KERNEL: Kernel = Kernel {
    name: "embed",
    binds: &[
        bind("weights", Access::Gather),
        bind("ids", Access::Gather),
        bind("out", Access::Write),
    ],
    params: FIELDS,
    params_bytes: size_of::<Params>(),
    variants: &[Variant {
        name: "plain",
        wgsl: include_str!("embed.wgsl"),
        parts: &[Part::Weights],
        constants: &[],
        needs: &[],
        grid: |_, step: &Step| [step.count, 1, 1],
    }],
    reference,
};

fn reference(call: Call<'_>) {
    let format = call.parts.weights.expect("a weight format");
    let step = call.step;
    let (p, [weights, ids, mut out]) = call.open::<Params, 3>();
    let (blocks, out) = (p.blocks as usize, out.f32s_mut());
    for t in 0..step.count as usize {
        let id = ids.words()[((step.position + t as u32) % p.ids) as usize];
        let Some(row) = id.checked_sub(p.first).filter(|row| *row < p.rows) else {
            continue;
        };
        for block in 0..blocks {
            let values = format.unpack(weights.words(), p.planes, row as usize * blocks + block);
            out[t * p.stride as usize * 4 + block * BLOCK..][..BLOCK].copy_from_slice(&values);
        }
    }
}
