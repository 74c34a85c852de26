//! `attend_split`: rotary positions, the step's keys and values to the cache, and attention over one split of the
//! positions (Flash-Decoding, Dao et al., 2023), in one pass per key head for all its query heads. For steps of one or a
//! few rows; `attend_merge` joins the splits. It computes what `rope`, `hadamard`, `kv_write` and `attend` do apart.

use super::{hadamard, rope};
use crate::cache::CacheFormat;
use crate::kernel::{Access, Kernel, Part, Step, Variant, bind, params, read};
use crate::reference::{Call, View};
use crate::weights::BLOCK;

params! {
    /// Query heads that share a key head.
    group: u32,
    /// Query heads.
    heads: u32,
    /// Blocks of 32 elements in a row of keys (and of values).
    row_blocks: u32,
    /// Head size / 4: 8, 16 or 32.
    quads: u32,
    /// Row length of qkv / 4.
    stride: u32,
    /// Where the partial sums start in a row of qkv, / 4.
    partials: u32,
    /// Positions of a split.
    span: u32,
    /// Rows of the cache.
    context: u32,
    /// 1 / sqrt(head size).
    scale: f32,
    /// The same where the cache has its heads turned, else 0.
    turn: f32,
    /// Padding of the uniform.
    unused_0: u32,
    /// Padding of the uniform.
    unused_1: u32,
}

/// Positions of a tile, which a split is at least.
const TILE: u32 = 256;
/// Splits at most, however long the cache is: their sums have to be held, and joined.
const SPLITS: u32 = 32;
/// Queries of one key head that a workgroup takes.
const QUERIES: u32 = 4;

/// Positions of a split in a cache of `context` rows: of the cache alone, so that the numbers of a row do not depend on
/// the step that it is in.
pub const fn span(context: u32) -> u32 {
    let span = context.div_ceil(SPLITS).next_multiple_of(TILE);
    if span < TILE { TILE } else { span }
}

/// Elements behind the values in a row of qkv, for what the splits of a cache of `context` rows leave of `heads` query
/// heads of `size` elements.
pub const fn partials(context: u32, heads: usize, size: usize) -> usize {
    context.div_ceil(span(context)) as usize * heads * (size + 4)
}

/// angles [count, head size / 2, (cos, sin)], twice as many where positions have left the cache;
/// qkv [count, 4 * stride], a row of which ends in [splits, heads, head size + 4]: sums, highest score, total, two unused;
/// keys and values [context, kv_heads, head size].
pub static KERNEL: Kernel = Kernel {
    name: "attend_split",
    binds: &[
        bind("angles", Access::Read),
        bind("qkv", Access::Update),
        bind("keys", Access::Update),
        bind("values", Access::Update),
    ],
    params: FIELDS,
    params_bytes: size_of::<Params>(),
    variants: &[Variant {
        name: "plain",
        wgsl: include_str!("attend_split.wgsl"),
        parts: &[
            Part::Shared(include_str!("../parts/attend_split_shared.wgsl")),
            Part::Cache,
            Part::CachePack,
            Part::CachePut,
            Part::Window,
            rope::ROTATE,
            hadamard::TURN,
            Part::Shared(include_str!("../parts/new_rows.wgsl")),
            Part::Shared(include_str!("../parts/query_four.wgsl")),
            Part::Shared(include_str!("../parts/partials.wgsl")),
        ],
        constants: &[],
        needs: &[],
        grid: |params, step: &Step| {
            let p = read::<Params>(params);
            let splits = (step.position + step.count - step.dropped).div_ceil(p.span);
            let fours = (p.group * step.count).div_ceil(QUERIES);
            [p.heads / p.group, splits, fours]
        },
    }],
    reference,
};

fn reference(call: Call<'_>) {
    let (step, cache) = (call.step, call.parts.cache.expect("a cache format"));
    let (p, [angles, mut qkv, mut keys, mut values]) = call.open::<Params, 4>();
    write_rows(
        &p,
        step,
        cache,
        angles.f32s(),
        qkv.f32s(),
        [&mut keys, &mut values],
    );
    let elements = p.row_blocks as usize * BLOCK;
    let words = cache.row_bytes(elements) / 4;
    let load = |cached: &[u32]| -> Vec<Vec<f32>> {
        let numbers = 0..step.position + step.count - step.dropped;
        let rows = numbers.map(|number| step.cache_row(step.cached(number).0, p.context) as usize);
        rows.map(|row| cache.load_row(&cached[row * words..][..words], elements))
            .collect()
    };
    let (keys, values) = (load(keys.words()), load(values.words()));
    let (size, stride, heads) = (
        p.quads as usize * 4,
        p.stride as usize * 4,
        p.heads as usize,
    );
    let count = step.count as usize;
    for (t, head) in (0..count).flat_map(|t| (0..heads).map(move |head| (t, head))) {
        let query = |angle_row: usize| {
            let mut query = qkv.f32s()[t * stride + head * size..][..size].to_vec();
            ready(&p, &mut query, &angles.f32s()[angle_row * size..][..size]);
            query
        };
        let own = query(t);
        let shifted = if step.dropped > 0 {
            query(count + t)
        } else {
            Vec::new()
        };
        let part = head / p.group as usize * size..(head / p.group as usize + 1) * size;
        let seen = (step.position + t as u32 + 1 - step.dropped) as usize;
        for (split, first) in (0..seen).step_by(p.span as usize).enumerate() {
            let numbers = first..seen.min(first + p.span as usize);
            let query = |number: usize| match step.cached(number as u32).1 {
                true => &shifted,
                false => &own,
            };
            let pairs =
                numbers.map(|n| (query(n), &keys[n][part.clone()], &values[n][part.clone()]));
            let left = attended(pairs, p.scale, size);
            let at = p.partials as usize * 4 + (split * heads + head) * (size + 4);
            qkv.f32s_mut()[t * stride + at..][..size + 4].copy_from_slice(&left);
        }
    }
}

/// A query or a key as the scores want it.
fn ready(p: &Params, heads: &mut [f32], angles: &[f32]) {
    rope::rotate(heads, angles);
    if p.turn != 0.0 {
        hadamard::turn(heads, angles.len(), p.turn);
    }
}

/// The step's keys and values go to the cache.
fn write_rows(
    p: &Params,
    step: Step,
    cache: CacheFormat,
    angles: &[f32],
    qkv: &[f32],
    [keys, values]: [&mut View<'_>; 2],
) {
    let (size, stride) = (p.quads as usize * 4, p.stride as usize * 4);
    let elements = p.row_blocks as usize * BLOCK;
    let words = cache.row_bytes(elements) / 4;
    for t in 0..step.count as usize {
        let row = &qkv[t * stride + p.heads as usize * size..][..2 * elements];
        let (mut k, mut v) = (row[..elements].to_vec(), row[elements..].to_vec());
        ready(p, &mut k, &angles[t * size..][..size]);
        if p.turn != 0.0 {
            hadamard::turn(&mut v, size, p.turn);
        }
        let at = step.cache_row(step.position + t as u32, p.context) as usize * words;
        cache.store_row(&mut keys.words_mut()[at..at + words], &k);
        cache.store_row(&mut values.words_mut()[at..at + words], &v);
    }
}

/// What one split leaves of a query: sums of values, the highest score, the total, two unused.
fn attended<'a>(
    rows: impl Iterator<Item = (&'a Vec<f32>, &'a [f32], &'a [f32])>,
    scale: f32,
    size: usize,
) -> Vec<f32> {
    let score = |(query, key, value): (&Vec<f32>, &[f32], &'a [f32])| {
        let products = query.iter().zip(key).map(|(q, k)| q * k);
        (products.sum::<f32>() * scale, value)
    };
    let scores: Vec<(f32, &[f32])> = rows.map(score).collect();
    let highest = scores.iter().map(|(s, _)| *s).fold(f32::MIN, f32::max);
    let (mut sums, mut total) = (vec![0f64; size], 0f64);
    for (score, value) in scores {
        let share = f64::from((score - highest).exp());
        total += share;
        let weighed = value.iter().map(|v| share * f64::from(*v));
        sums.iter_mut().zip(weighed).for_each(|(sum, v)| *sum += v);
    }
    let sums = sums.into_iter().map(|sum| sum as f32);
    sums.chain([highest, total as f32, 0.0, 0.0]).collect()
}
