//! `peaks`: the largest logit of every slice of the vocabulary and its id. What it is for is `choose`, which has one
//! workgroup and looks first at these.

use super::argmax::{NOT_FINITE, best};
use crate::kernel::{Access, Kernel, Part, Step, Variant, bind, params, read};
use crate::reference::Call;

params! {
    /// Logits in a row.
    vocabulary: u32,
    /// Padding of the uniform.
    unused_0: u32,
    /// Padding of the uniform.
    unused_1: u32,
    /// Padding of the uniform.
    unused_2: u32,
}

/// Tokens of a slice.
pub const SLICE: usize = 256;

/// logits `[vocabulary]`, out [slices, 2]: (logit, id), or [`NOT_FINITE`] for the id.
pub static KERNEL: Kernel = Kernel {
    name: "peaks",
    binds: &[bind("logits", Access::Read), bind("out", Access::Write)],
    params: FIELDS,
    params_bytes: size_of::<Params>(),
    variants: &[Variant {
        name: "plain",
        wgsl: include_str!("peaks.wgsl"),
        parts: &[Part::ReduceBest],
        constants: &[],
        needs: &[],
        grid: |params, _: &Step| {
            let vocabulary = read::<Params>(params).vocabulary;
            [vocabulary.div_ceil(SLICE as u32), 1, 1]
        },
    }],
    reference,
};

fn reference(call: Call<'_>) {
    let (p, [logits, mut out]) = call.open::<Params, 2>();
    let slices = logits.f32s()[..p.vocabulary as usize].chunks(SLICE);
    for ((i, slice), peak) in slices.enumerate().zip(out.words_mut().chunks_exact_mut(2)) {
        let at = best(slice);
        let (logit, id) = match at {
            NOT_FINITE => (0.0, NOT_FINITE),
            at => (slice[at as usize], (i * SLICE) as u32 + at),
        };
        peak.copy_from_slice(&[logit.to_bits(), id]);
    }
}
