//! Cases of `rope`, `kv_write`, `attend` and its splits where positions have left the cache; and attention held against
//! one that numbers what is left anew, rotates every key there, and knows nothing of rings and shifted queries.

use lorgnette::{Adapter, KvFormat, Runtime};
use lorgnette_shaders::cases::{Attention, Case, GUARDS, Noise, Sliding};
use lorgnette_shaders::kernels::attend;
use lorgnette_shaders::{Step, Variant};
use lorgnette_tests::kernels::play;
use lorgnette_tests::{own_runtime, runtime};

/// Those that are exact enough for a comparison in f64.
const CACHES: [KvFormat; 2] = [KvFormat::F32, KvFormat::F16];

/// Positions 0 to `position + count` in a cache of `context` rows.
fn sliding(keep: usize, context: usize, position: usize, count: usize) -> Sliding {
    let layer = Attention {
        cache: KvFormat::F32,
        heads: 6,
        kv_heads: 2,
        size: 64,
        position,
        count,
        sharpness: 2.0,
    };
    Sliding {
        layer,
        keep,
        dropped: (position + count).saturating_sub(context),
        context,
    }
}

/// Nothing kept, one, a whole tile, all but one; nothing dropped, one, rounds of the ring; windows that are not full.
fn windows() -> Vec<Sliding> {
    let mut windows = vec![
        sliding(0, 70, 70, 1),
        sliding(4, 70, 66, 4),
        sliding(4, 70, 67, 4),
        sliding(1, 65, 20_000, 3),
        sliding(4, 70, 134, 3),
        sliding(64, 200, 1000, 33),
        sliding(70, 130, 4_000_000_000, 60),
        sliding(69, 70, 300, 1),
        sliding(0, 1, 9, 1),
    ];
    // What a session leaves that went back a little: less than fits is seen.
    windows.push(Sliding {
        dropped: 90,
        ..sliding(4, 70, 110, 2)
    });
    windows.push(Sliding {
        dropped: 106,
        ..sliding(4, 70, 110, 2)
    });
    windows
}

fn variants(caches: &[KvFormat]) -> impl Iterator<Item = Sliding> {
    windows().into_iter().flat_map(|window| {
        caches.iter().flat_map(move |cache| {
            [64, 128].map(|size| Sliding {
                layer: Attention {
                    cache: *cache,
                    size,
                    ..window.layer
                },
                ..window
            })
        })
    })
}

#[test]
fn rotation() {
    play(variants(&[KvFormat::F32]).map(|sliding| sliding.rope()));
}

#[test]
fn writing() {
    play(variants(&KvFormat::ALL).map(|sliding| sliding.kv_write()));
}

#[test]
fn attending() {
    play(variants(&KvFormat::ALL).map(|sliding| sliding.attend()));
}

#[test]
fn attending_in_splits() {
    let few = variants(&KvFormat::ALL).filter(|sliding| sliding.layer.count <= 8);
    let wide = |sliding: Sliding| Sliding {
        context: sliding.context + 300,
        dropped: sliding.dropped.saturating_sub(300),
        ..sliding
    };
    // As they are, and with splits behind the first.
    play(few.flat_map(|sliding| [sliding, wide(sliding)].map(|sliding| sliding.attend_split())));
}

#[test]
fn attention_is_that_of_positions_numbered_anew() {
    let cpu = own_runtime(Adapter::Cpu, None);
    let mut furthest = 0.0;
    for sliding in variants(&CACHES) {
        let expected = numbered_anew(&sliding);
        for runtime in [runtime(), &cpu] {
            for by in attend::KERNEL.variants.iter().map(Some).chain([None]) {
                let found = played(runtime, &sliding, by);
                assert_eq!(found.len(), expected.len());
                let far = |(a, b): (&f32, &f64)| (f64::from(*a) - b).abs();
                let far = found.iter().zip(&expected).map(far).fold(0.0, f64::max);
                let player = &runtime.adapter().name;
                // Keys and values of 11 bits are the furthest.
                let exact = sliding.layer.cache == KvFormat::F32;
                let bound = if exact { 1e-5 } else { 1e-3 };
                assert!(far <= bound, "{player}: {sliding:?}: max |d| {far}");
                furthest = far.max(furthest);
            }
        }
    }
    println!("max |d| {furthest:.1e}");
}

/// A head of a position as the model makes it, not rotated: 0 are queries, 1 keys, 2 values.
fn vector(part: usize, position: usize, head: usize, size: usize) -> Vec<f32> {
    let mut noise = Noise::new(((position * 32 + head) * 3 + part) as u64);
    let scale = [4.0, 1.0, 1.0][part];
    (0..size).map(|_| noise.unit() * scale).collect()
}

/// The same in f64, rotated where it is a query or a key.
fn rotated(part: usize, position: usize, head: usize, size: usize, at: usize) -> Vec<f64> {
    let angles = Attention {
        position: at,
        count: 1,
        size,
        ..sliding(0, 1, 0, 1).layer
    }
    .angles();
    let vector: Vec<f64> = vector(part, position, head, size)
        .into_iter()
        .map(f64::from)
        .collect();
    let pairs = vector.chunks_exact(2).zip(angles.chunks_exact(2));
    let turned = pairs.flat_map(|(v, a)| [v[0] * a[0] - v[1] * a[1], v[0] * a[1] + v[1] * a[0]]);
    turned.collect()
}

/// Softmax over the positions that are left, each counted as if there had never been others, in f64.
fn numbered_anew(sliding: &Sliding) -> Vec<f64> {
    let Sliding {
        layer,
        keep,
        dropped,
        ..
    } = sliding;
    let (size, group) = (layer.size, layer.heads / layer.kv_heads);
    let mut out = Vec::new();
    for position in layer.position..layer.position + layer.count {
        let left: Vec<usize> = (0..*keep).chain(keep + dropped..=position).collect();
        for head in 0..layer.heads {
            let query = rotated(0, position, head, size, left.len() - 1);
            let score = |(number, position): (usize, &usize)| {
                let key = rotated(1, *position, head / group, size, number);
                let product: f64 = query.iter().zip(key).map(|(q, k)| q * k).sum();
                (product / (size as f64).sqrt()).exp()
            };
            let shares: Vec<f64> = left.iter().enumerate().map(score).collect();
            let total: f64 = shares.iter().sum();
            let mut sum = vec![0.0; size];
            for (share, position) in shares.iter().zip(&left) {
                let value = vector(2, *position, head / group, size);
                let weighed = value.iter().map(|v| share / total * f64::from(*v));
                sum.iter_mut().zip(weighed).for_each(|(sum, v)| *sum += v);
            }
            out.extend(sum);
        }
    }
    out
}

/// Angles of some rows and their queries, keys and values as the model makes them, in rows of `stride` elements.
fn made(layer: &Attention, step: Step, stride: usize) -> [Vec<u32>; 2] {
    let (position, count) = (step.position as usize, step.count as usize);
    let rows = |position| {
        let layer = Attention {
            position,
            count,
            ..*layer
        };
        layer.angles()
    };
    let angles = [rows(position), rows(position - step.dropped as usize)].concat();
    let mut qkv = Vec::new();
    for position in position..position + count {
        let parts = [layer.heads, layer.kv_heads, layer.kv_heads];
        for (part, heads) in parts.into_iter().enumerate() {
            let heads = (0..heads).flat_map(|head| vector(part, position, head, layer.size));
            qkv.extend(heads.map(f32::to_bits));
        }
        qkv.resize(qkv.len().next_multiple_of(stride), 0);
    }
    let angles = angles.iter().map(|v| (*v as f32).to_bits()).collect();
    [angles, qkv]
}

/// By the kernels: the positions that are left are read in three steps, the last of which attends: by a variant of
/// `attend`, or in splits.
fn played(runtime: &Runtime, sliding: &Sliding, by: Option<&'static Variant>) -> Vec<f32> {
    let Sliding { layer, keep, .. } = sliding;
    let play = |case: &Case, variant: &'static Variant, step: Step, buffers: &mut [Vec<u32>]| {
        let program = case.shader.by(variant);
        runtime
            .run_kernel(&program, &case.params, step, buffers)
            .expect("plays");
    };
    let wanted = |case: &Case, step: Step, buffers: &mut [Vec<u32>]| {
        play(case, &case.shader.kernel.variants[0], step, buffers);
    };
    let [rope, write] = [sliding.rope(), sliding.kv_write()];
    let mut cache = [1, 2].map(|i| write.buffers[i].clone());
    let mut read = |step: Step| {
        let mut buffers = made(layer, step, layer.stride());
        wanted(&rope, step, &mut buffers);
        let [_, qkv] = buffers;
        let [keys, values] = std::mem::take(&mut cache);
        let mut buffers = [qkv, keys, values];
        wanted(&write, step, &mut buffers);
        let [qkv, keys, values] = buffers;
        cache = [keys, values];
        (qkv, cache.clone())
    };
    let before = |position: usize, count: usize| Step {
        position: position as u32,
        count: count as u32,
        dropped: 0,
        ..sliding.step()
    };
    if *keep > 0 {
        read(before(0, *keep));
    }
    let oldest = keep + sliding.dropped;
    if oldest < layer.position {
        read(before(oldest, layer.position - oldest));
    }
    let step = sliding.step();
    let out = if let Some(variant) = by {
        let case = sliding.attend();
        let (qkv, [keys, values]) = read(step);
        let mut buffers = [qkv, keys, values, case.buffers[3].clone()];
        play(&case, variant, step, &mut buffers);
        buffers[3].clone()
    } else {
        let [split, merge] = [sliding.attend_split(), sliding.attend_merge()];
        let stride = (split.buffers[1].len() - GUARDS) / layer.count;
        let [angles, qkv] = made(layer, step, stride);
        let [keys, values] = cache;
        let mut buffers = [angles, qkv, keys, values];
        wanted(&split, step, &mut buffers);
        let mut buffers = [buffers[1].clone(), merge.buffers[1].clone()];
        wanted(&merge, step, &mut buffers);
        buffers[1].clone()
    };
    let out = &out[..layer.count * layer.heads * layer.size];
    out.iter().map(|word| f32::from_bits(*word)).collect()
}
