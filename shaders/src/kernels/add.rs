//! `add`: the residual connection, where it is not part of a matrix product.

use crate::kernel::{Access, Kernel, Step, Variant, bind, params, read};
use crate::reference::Call;

params! {
    /// Row length / 4.
    quads: u32,
    /// Padding of the uniform.
    unused_0: u32,
    /// Padding of the uniform.
    unused_1: u32,
    /// Padding of the uniform.
    unused_2: u32,
}

/// x and out [count, 4 * quads].
pub static KERNEL: Kernel = Kernel {
    name: "add",
    binds: &[bind("x", Access::Read), bind("out", Access::Update)],
    params: FIELDS,
    params_bytes: size_of::<Params>(),
    variants: &[Variant {
        name: "plain",
        wgsl: include_str!("add.wgsl"),
        parts: &[],
        constants: &[],
        needs: &[],
        grid: |params, step: &Step| [read::<Params>(params).quads.div_ceil(64), step.count, 1],
    }],
    reference,
};

fn reference(call: Call<'_>) {
    let count = call.step.count as usize;
    let (p, [x, mut out]) = call.open::<Params, 2>();
    let elements = count * p.quads as usize * 4;
    for (out, x) in out.f32s_mut()[..elements].iter_mut().zip(x.f32s()) {
        *out += x;
    }
}
