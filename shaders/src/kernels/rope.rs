//! `rope`: rotary position embedding (Su et al., 2021) of queries and keys, in place, by a host-made table of angles.

use crate::kernel::{Access, Kernel, Step, Variant, bind, params, read};
use crate::reference::Call;

params! {
    /// Query heads and key heads together: they lie side by side in a row.
    heads: u32,
    /// Head size / 4.
    quads: u32,
    /// Row length / 4.
    stride: u32,
    /// Padding of the uniform.
    unused: u32,
}

/// angles [count, head size / 2, (cos, sin)], qkv [count, 4 * stride].
pub static KERNEL: Kernel = Kernel {
    name: "rope",
    binds: &[bind("angles", Access::Read), bind("qkv", Access::Update)],
    params: FIELDS,
    params_bytes: size_of::<Params>(),
    variants: &[Variant {
        name: "plain",
        wgsl: include_str!("rope.wgsl"),
        parts: &[],
        constants: &[],
        grid: |params, step: &Step| {
            let p: Params = read(params);
            [(p.heads * p.quads).div_ceil(64), step.count, 1]
        },
    }],
    reference,
};

fn reference(call: Call<'_>) {
    let count = call.step.count as usize;
    let (p, [angles, mut qkv]) = call.open::<Params, 2>();
    let (head, stride) = (p.quads as usize * 4, p.stride as usize * 4);
    for t in 0..count {
        let row = &mut qkv.f32s_mut()[t * stride..][..p.heads as usize * head];
        for (i, pair) in row.chunks_exact_mut(2).enumerate() {
            let at = t * head + i * 2 % head;
            let (cos, sin) = (angles.f32s()[at], angles.f32s()[at + 1]);
            (pair[0], pair[1]) = (pair[0] * cos - pair[1] * sin, pair[0] * sin + pair[1] * cos);
        }
    }
}
