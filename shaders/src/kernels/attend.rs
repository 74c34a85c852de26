//! `attend`: causal attention with grouped queries over the KV cache, for each of the step's rows. Softmax is kept
//! online (Milakov and Gimelshein, 2018), so that nothing grows with the context.

use crate::kernel::{Access, Kernel, Part, Step, Variant, bind, params, read};
use crate::reference::Call;

params! {
    /// Query heads that share a key head.
    group: u32,
    /// Key heads.
    kv_heads: u32,
    /// Head size / 4: 8, 16 or 32.
    quads: u32,
    /// Row length of qkv / 4.
    stride: u32,
    /// 1 / sqrt(head size).
    scale: f32,
    /// Query heads.
    heads: u32,
    /// Padding of the uniform.
    unused_0: u32,
    /// Padding of the uniform.
    unused_1: u32,
}

/// qkv [count, 4 * stride], keys and values [context, kv_heads, head size], out [count, heads, head size].
pub static KERNEL: Kernel = Kernel {
    name: "attend",
    binds: &[
        bind("qkv", Access::Read),
        bind("keys", Access::Read),
        bind("values", Access::Read),
        bind("out", Access::Write),
    ],
    params: FIELDS,
    params_bytes: size_of::<Params>(),
    variants: &[Variant {
        name: "plain",
        wgsl: include_str!("attend.wgsl"),
        parts: &[Part::Cache],
        constants: &[],
        grid: |params, step: &Step| [read::<Params>(params).heads, step.count, 1],
    }],
    reference,
};

fn reference(call: Call<'_>) {
    let (step, cache) = (call.step, call.parts.cache.expect("a cache format"));
    let (p, [qkv, keys, values, mut out]) = call.open::<Params, 4>();
    let (size, heads) = (p.quads as usize * 4, p.heads as usize);
    for t in 0..step.count as usize {
        let positions = step.position as usize + t + 1;
        for head in 0..heads {
            let query = &qkv.f32s()[t * p.stride as usize * 4 + head * size..][..size];
            let at =
                |position: usize| (position * p.kv_heads as usize + head / p.group as usize) * size;
            let score = |position: usize| {
                let key = (0..size).map(|i| cache.load(keys.words(), at(position) + i));
                query.iter().zip(key).map(|(q, k)| q * k).sum::<f32>() * p.scale
            };
            let scores: Vec<f32> = (0..positions).map(score).collect();
            let highest = scores.iter().copied().fold(f32::MIN, f32::max);
            let shares: Vec<f32> = scores.iter().map(|s| (s - highest).exp()).collect();
            let total: f64 = shares.iter().map(|s| f64::from(*s)).sum();
            for i in 0..size {
                let value =
                    |position: usize| f64::from(cache.load(values.words(), at(position) + i));
                let sum: f64 = shares
                    .iter()
                    .enumerate()
                    .map(|(n, share)| f64::from(*share) * value(n))
                    .sum();
                out.f32s_mut()[(t * heads + head) * size + i] = (sum / total) as f32;
            }
        }
    }
}
