//! `sweep`: reads a buffer once and writes little, to measure a device's bandwidth. No model plays it.

use crate::kernel::{Access, Kernel, Variant, bind, params, read};
use crate::reference::Call;

params! {
    /// Workgroups.
    groups: u32,
    /// 16-byte units that a lane reads: a multiple of 4.
    rounds: u32,
    /// Padding of the uniform.
    unused_0: u32,
    /// Padding of the uniform.
    unused_1: u32,
}

/// Lanes of a workgroup.
pub const LANES: usize = 128;

/// x: `groups * rounds * LANES` units of four words; out: the sum of what each lane read, wrapping.
pub static KERNEL: Kernel = Kernel {
    name: "sweep",
    binds: &[bind("x", Access::Read), bind("out", Access::Write)],
    params: FIELDS,
    params_bytes: size_of::<Params>(),
    variants: &[Variant {
        name: "plain",
        wgsl: include_str!("sweep.wgsl"),
        parts: &[],
        constants: &[],
        needs: &[],
        grid: |params, _| [read::<Params>(params).groups, 1, 1],
    }],
    reference,
};

fn reference(call: Call<'_>) {
    let (p, [x, mut out]) = call.open::<Params, 2>();
    let lanes = p.groups as usize * LANES;
    let out = &mut out.words_mut()[..lanes];
    out.fill(0);
    let of_group = LANES * p.rounds as usize;
    for (at, quad) in x
        .words()
        .chunks_exact(4)
        .take(of_group * p.groups as usize)
        .enumerate()
    {
        let sum = &mut out[at / of_group * LANES + at % LANES];
        *sum = quad.iter().fold(*sum, |sum, word| sum.wrapping_add(*word));
    }
}
