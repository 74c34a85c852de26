//! `argmax`: the greedy next id, written behind the id of its row so that the next step can read it there.

use crate::kernel::{Access, Kernel, Part, Step, Variant, bind, params, read};
use crate::reference::Call;

params! {
    /// Logits in a row.
    vocabulary: u32,
    /// Words of `ids`, round which positions go.
    ids: u32,
    /// 1: there are logits of every row of the step; 0: of its last one only.
    all_rows: u32,
    /// Padding of the uniform.
    unused: u32,
}

/// What is written where a logit is not finite.
pub const NOT_FINITE: u32 = u32::MAX;

/// logits [count or 1, vocabulary], ids [context + 1].
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
        needs: &[],
        grid: |params, step: &Step| [read::<Params>(params).rows(step), 1, 1],
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

impl Params {
    fn rows(&self, step: &Step) -> u32 {
        if self.all_rows == 0 { 1 } else { step.count }
    }
}

fn reference(call: Call<'_>) {
    let step = call.step;
    let (p, [logits, mut ids]) = call.open::<Params, 2>();
    let rows = p.rows(&step);
    // The last row's id is behind the step's.
    let first = step.position + step.count + 1 - rows;
    let logits = logits.f32s().chunks_exact(p.vocabulary as usize);
    for (at, row) in (first..).zip(logits.take(rows as usize)) {
        ids.words_mut()[(at % p.ids) as usize] = best(row);
    }
}
