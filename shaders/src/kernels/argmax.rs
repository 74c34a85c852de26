//! `argmax`: the greedy next id, written behind the step's ids so that the next step can read it there.

use crate::kernel::{Access, Kernel, Part, Step, Variant, bind, params};
use crate::reference::Call;

params! {
    /// Logits in a row.
    vocabulary: u32,
    /// Words of `ids`, round which positions go.
    ids: u32,
    /// Padding of the uniform.
    unused_0: u32,
    /// Padding of the uniform.
    unused_1: u32,
}

/// What is written where a logit is not finite.
pub const NOT_FINITE: u32 = u32::MAX;

/// logits `[vocabulary]`, ids [context + 1].
pub static KERNEL: Kernel = Kernel {
    name: "argmax",
    binds: &[bind("logits", Access::Read), bind("ids", Access::Write)],
    params: FIELDS,
    params_bytes: size_of::<Params>(),
    variants: &[Variant {
        name: "plain",
        wgsl: include_str!("argmax.wgsl"),
        parts: &[Part::ReduceBest],
        constants: &[],
        grid: |_, _: &Step| [1, 1, 1],
    }],
    reference,
};

/// The index of the largest logit, the lowest on a tie, or [`NOT_FINITE`].
pub(crate) fn best(logits: &[f32]) -> u32 {
    if logits.iter().any(|v| !v.is_finite()) {
        return NOT_FINITE;
    }
    let highest = logits.iter().copied().fold(f32::MIN, f32::max);
    logits
        .iter()
        .position(|v| *v == highest)
        .map_or(NOT_FINITE, |i| i as u32)
}

fn reference(call: Call<'_>) {
    let step = call.step;
    let (p, [logits, mut ids]) = call.open::<Params, 2>();
    ids.words_mut()[((step.position + step.count) % p.ids) as usize] =
        best(&logits.f32s()[..p.vocabulary as usize]);
}
