//! `attend`: causal attention with grouped queries over the KV cache, for each of the step's rows. Softmax is kept
//! online (Milakov and Gimelshein, 2018), so that nothing grows with the context.

use crate::kernel::{Access, Kernel, Part, Step, Variant, bind, params, read};
use crate::reference::Call;
use crate::weights::BLOCK;

params! {
    /// Query heads that share a key head.
    group: u32,
    /// Blocks of 32 elements in a row of keys (and of values).
    row_blocks: u32,
    /// Head size / 4: 8, 16 or 32.
    quads: u32,
    /// Row length of qkv / 4.
    stride: u32,
    /// 1 / sqrt(head size).
    scale: f32,
    /// Query heads.
    heads: u32,
    /// Rows of the cache.
    context: u32,
    /// Padding of the uniform.
    unused: u32,
}

/// Queries of one key head that a workgroup of the tiled variant makes.
const QUERIES: u32 = 16;

/// Params and bindings of every variant.
const SHARED: Part = Part::Shared(include_str!("../parts/attend_shared.wgsl"));

/// qkv [count, 4 * stride] ending in the shifted queries, keys and values [context, kv_heads, head size],
/// out [count, heads, head size].
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
    variants: &[
        Variant {
            name: "tiled",
            wgsl: include_str!("attend_tiled.wgsl"),
            parts: &[SHARED, Part::Cache, Part::Window, Part::QueryTile],
            constants: &[],
            needs: &[],
            grid: |params, step: &Step| {
                let p = read::<Params>(params);
                let queries = (p.group * step.count).div_ceil(QUERIES);
                [p.heads / p.group, queries, 1]
            },
        },
        Variant {
            name: "plain",
            wgsl: include_str!("attend.wgsl"),
            parts: &[SHARED, Part::Cache, Part::Window],
            constants: &[],
            needs: &[],
            grid: |params, step: &Step| [read::<Params>(params).heads, step.count, 1],
        },
    ],
    reference,
};

fn reference(call: Call<'_>) {
    let (step, cache) = (call.step, call.parts.cache.expect("a cache format"));
    let (p, [qkv, keys, values, mut out]) = call.open::<Params, 4>();
    let (size, heads) = (p.quads as usize * 4, p.heads as usize);
    let elements = p.row_blocks as usize * BLOCK;
    let words = cache.row_bytes(elements) / 4;
    // By their numbers, from the kept ones to the step's last.
    let load = |cached: &[u32]| -> Vec<Vec<f32>> {
        let numbers = 0..step.position + step.count - step.dropped;
        let rows = numbers.map(|number| step.cache_row(step.cached(number).0, p.context) as usize);
        rows.map(|row| cache.load_row(&cached[row * words..][..words], elements))
            .collect()
    };
    let (keys, values) = (load(keys.words()), load(values.words()));
    for t in 0..step.count as usize {
        let seen = (step.position + t as u32 + 1 - step.dropped) as usize;
        for head in 0..heads {
            let stride = p.stride as usize * 4;
            let queries = [0, stride - heads * size]
                .map(|part| &qkv.f32s()[t * stride + part + head * size..][..size]);
            let at = head / p.group as usize * size;
            let score = |(number, key): (u32, &Vec<f32>)| {
                let query = queries[usize::from(step.cached(number).1)];
                let products = query.iter().zip(&key[at..]).map(|(q, k)| q * k);
                products.sum::<f32>() * p.scale
            };
            let scores: Vec<f32> = (0..).zip(&keys[..seen]).map(score).collect();
            let highest = scores.iter().copied().fold(f32::MIN, f32::max);
            let shares: Vec<f32> = scores.iter().map(|s| (s - highest).exp()).collect();
            let total: f64 = shares.iter().map(|s| f64::from(*s)).sum();
            for i in 0..size {
                let shared = shares.iter().zip(&values);
                let sum: f64 = shared
                    .map(|(share, value)| f64::from(*share) * f64::from(value[at + i]))
                    .sum();
                out.f32s_mut()[(t * heads + head) * size + i] = (sum / total) as f32;
            }
        }
    }
}
