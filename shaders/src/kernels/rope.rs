//! `rope`: rotary position embedding (Su et al., 2021) of queries and keys, in place, by a host-made table of angles.

use crate::kernel::{Access, Kernel, Part, Step, Variant, bind, params, read};
use crate::reference::Call;

params! {
    /// Query heads and key heads together: they lie side by side in a row.
    heads: u32,
    /// Head size / 4.
    quads: u32,
    /// Row length / 4.
    stride: u32,
    /// Query heads.
    queries: u32,
}

/// `rotate`: two pairs by their angles.
pub(super) const ROTATE: Part = Part::Shared(include_str!("../parts/rotate.wgsl"));

/// angles [count, head size / 2, (cos, sin)], twice as many where positions have left the cache;
/// qkv [count, 4 * stride], a row of which ends in room for the shifted queries.
pub static KERNEL: Kernel = Kernel {
    name: "rope",
    binds: &[bind("angles", Access::Read), bind("qkv", Access::Update)],
    params: FIELDS,
    params_bytes: size_of::<Params>(),
    variants: &[Variant {
        name: "plain",
        wgsl: include_str!("rope.wgsl"),
        parts: &[ROTATE],
        constants: &[],
        needs: &[],
        grid: |params, step: &Step| {
            let p: Params = read(params);
            [(p.heads * p.quads).div_ceil(64), step.count, 1]
        },
    }],
    reference,
};

fn reference(call: Call<'_>) {
    let step = call.step;
    let count = step.count as usize;
    let (p, [angles, mut qkv]) = call.open::<Params, 2>();
    let (head, stride) = (p.quads as usize * 4, p.stride as usize * 4);
    for t in 0..count {
        let row = &mut qkv.f32s_mut()[t * stride..][..stride];
        let queries = p.queries as usize * head;
        if step.dropped > 0 {
            let (from, shifted) = row.split_at_mut(stride - queries);
            shifted.copy_from_slice(&from[..queries]);
            rotate(shifted, &angles.f32s()[(count + t) * head..][..head]);
        }
        rotate(
            &mut row[..p.heads as usize * head],
            &angles.f32s()[t * head..][..head],
        );
    }
}

/// Every head of a row by the same angles.
pub(super) fn rotate(heads: &mut [f32], angles: &[f32]) {
    for head in heads.chunks_exact_mut(angles.len()) {
        for (pair, angle) in head.chunks_exact_mut(2).zip(angles.chunks_exact(2)) {
            let (cos, sin) = (angle[0], angle[1]);
            (pair[0], pair[1]) = (pair[0] * cos - pair[1] * sin, pair[0] * sin + pair[1] * cos);
        }
    }
}
