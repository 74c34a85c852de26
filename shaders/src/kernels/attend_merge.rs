//! `attend_merge`: joins what the splits of `attend_split` left of each query head (Flash-Decoding, Dao et al., 2023).

use super::hadamard;
use crate::kernel::{Access, Kernel, Step, Variant, bind, params, read};
use crate::reference::Call;

params! {
    /// Query heads.
    heads: u32,
    /// Head size / 4: 8, 16 or 32.
    quads: u32,
    /// Row length of qkv / 4.
    stride: u32,
    /// Where the partial sums start in a row of qkv, / 4.
    partials: u32,
    /// Positions of a split.
    span: u32,
    /// 1 / sqrt(head size) where the cache has its heads turned, else 0.
    turn: f32,
    /// Padding of the uniform.
    unused_0: u32,
    /// Padding of the uniform.
    unused_1: u32,
}

/// qkv [count, 4 * stride] as `attend_split` leaves it, out [count, heads, head size].
pub static KERNEL: Kernel = Kernel {
    name: "attend_merge",
    binds: &[bind("qkv", Access::Read), bind("out", Access::Write)],
    params: FIELDS,
    params_bytes: size_of::<Params>(),
    variants: &[Variant {
        name: "plain",
        wgsl: include_str!("attend_merge.wgsl"),
        parts: &[hadamard::TURN],
        constants: &[],
        needs: &[],
        grid: |params, step: &Step| [read::<Params>(params).heads, step.count, 1],
    }],
    reference,
};

fn reference(call: Call<'_>) {
    let step = call.step;
    let (p, [qkv, mut out]) = call.open::<Params, 2>();
    let (size, heads) = (p.quads as usize * 4, p.heads as usize);
    for t in 0..step.count as usize {
        let splits = (step.position + t as u32 - step.dropped) / p.span + 1;
        let row = &qkv.f32s()[(t * p.stride as usize + p.partials as usize) * 4..];
        for head in 0..heads {
            let left = |split: usize| &row[(split * heads + head) * (size + 4)..][..size + 4];
            let left = || (0..splits as usize).map(left);
            let highest = left().map(|left| left[size]).fold(f32::MIN, f32::max);
            let share = |left: &[f32]| f64::from((left[size] - highest).exp());
            let total: f64 = left()
                .map(|left| share(left) * f64::from(left[size + 1]))
                .sum();
            let joined = &mut out.f32s_mut()[(t * heads + head) * size..][..size];
            for (i, to) in joined.iter_mut().enumerate() {
                let sum: f64 = left().map(|left| share(left) * f64::from(left[i])).sum();
                *to = (sum / total) as f32;
            }
            if p.turn != 0.0 {
                hadamard::turn(joined, size, p.turn);
            }
        }
    }
}
