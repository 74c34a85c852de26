//! `score`: per row of logits the greedy id, its logit, the log of the sum of exponentials, and the logit of the id that
//! really came next. 16 bytes a row come back instead of the logits.

use super::argmax::best;
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

/// logits [count, vocabulary], ids [context + 1], out [count, 4]: (id, logit, log sum exp, logit of the next id).
pub static KERNEL: Kernel = Kernel {
    name: "score",
    binds: &[
        bind("logits", Access::Read),
        bind("ids", Access::Gather),
        bind("out", Access::Write),
    ],
    params: FIELDS,
    params_bytes: size_of::<Params>(),
    variants: &[Variant {
        name: "plain",
        wgsl: include_str!("score.wgsl"),
        parts: &[Part::ReduceBest, Part::ReduceAdd],
        constants: &[],
        needs: &[],
        grid: |_, step: &Step| [step.count, 1, 1],
    }],
    reference,
};

fn reference(call: Call<'_>) {
    let step = call.step;
    let (p, [logits, ids, mut out]) = call.open::<Params, 3>();
    let vocabulary = p.vocabulary as usize;
    for (t, row) in logits
        .f32s()
        .chunks_exact(vocabulary)
        .take(step.count as usize)
        .enumerate()
    {
        let highest = row.iter().copied().fold(f32::MIN, f32::max);
        let sum: f64 = row.iter().map(|v| f64::from(v - highest).exp()).sum();
        let next = ids.words()[((step.position + t as u32 + 1) % p.ids) as usize] as usize;
        out.words_mut()[t * 4..][..4].copy_from_slice(&[
            best(row),
            highest.to_bits(),
            ((f64::from(highest) + sum.ln()) as f32).to_bits(),
            row[next.min(vocabulary - 1)].to_bits(),
        ]);
    }
}
