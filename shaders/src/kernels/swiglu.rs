//! `swiglu`: silu(gate) * up (Shazeer, 2020), gate and up side by side in each row.

use crate::kernel::{Access, Kernel, Step, Variant, bind, params, read};
use crate::reference::Call;

params! {
    /// Elements of gate (and of up) / 4.
    quads: u32,
    /// Padding of the uniform.
    unused_0: u32,
    /// Padding of the uniform.
    unused_1: u32,
    /// Padding of the uniform.
    unused_2: u32,
}

/// gate_up [count, 8 * quads], out [count, 4 * quads].
pub static KERNEL: Kernel = Kernel {
    name: "swiglu",
    binds: &[bind("gate_up", Access::Read), bind("out", Access::Write)],
    params: FIELDS,
    params_bytes: size_of::<Params>(),
    variants: &[Variant {
        name: "plain",
        wgsl: include_str!("swiglu.wgsl"),
        parts: &[],
        constants: &[],
        needs: &[],
        grid: |params, step: &Step| [read::<Params>(params).quads.div_ceil(64), step.count, 1],
    }],
    reference,
};

fn reference(call: Call<'_>) {
    let count = call.step.count as usize;
    let (p, [gate_up, mut out]) = call.open::<Params, 2>();
    let width = p.quads as usize * 4;
    for (row, out) in gate_up
        .f32s()
        .chunks_exact(2 * width)
        .zip(out.f32s_mut().chunks_exact_mut(width))
        .take(count)
    {
        for (i, out) in out.iter_mut().enumerate() {
            *out = silu(row[i]) * row[width + i];
        }
    }
}

/// x times the logistic function of x.
pub(super) fn silu(x: f32) -> f32 {
    x / (1.0 + (-x).exp())
}
