//! `choose`: the next id, drawn by chance as the step's `Draw` says, and written behind the step's ids so that the next
//! step can read it there.

use super::argmax::{NOT_FINITE, best};
use super::peaks::SLICE;
use crate::kernel::{Access, Kernel, Part, Step, Variant, bind, params};
use crate::reference::Call;

params! {
    /// Logits in a row; at most [`MOST_TOKENS`].
    vocabulary: u32,
    /// Words of `ids`, round which positions go.
    ids: u32,
    /// Padding of the uniform.
    unused_0: u32,
    /// Padding of the uniform.
    unused_1: u32,
}

/// Four slices for each lane.
pub const MOST_TOKENS: usize = 4 * 256 * SLICE;

/// logits `[vocabulary]`, peaks [slices, 2] as of the kernel of that name, ids [context + 1].
pub static KERNEL: Kernel = Kernel {
    name: "choose",
    binds: &[
        bind("logits", Access::Read),
        bind("peaks", Access::Read),
        bind("ids", Access::Write),
    ],
    params: FIELDS,
    params_bytes: size_of::<Params>(),
    variants: &[Variant {
        name: "plain",
        wgsl: include_str!("choose.wgsl"),
        parts: &[
            Part::ReduceBest,
            Part::Wide,
            Part::Likelihood,
            Part::Tally,
            Part::Slices,
        ],
        constants: &[],
        needs: &[],
        grid: |_, _: &Step| [1, 1, 1],
    }],
    reference,
};

fn reference(call: Call<'_>) {
    let (step, draw) = (call.step, call.step.draw);
    let (p, [logits, _, mut ids]) = call.open::<Params, 3>();
    let logits = &logits.f32s()[..p.vocabulary as usize];
    let id = match best(logits) {
        NOT_FINITE => NOT_FINITE,
        _ => draw.choose(logits),
    };
    ids.words_mut()[((step.position + step.count) % p.ids) as usize] = id;
}
