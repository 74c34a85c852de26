//! Cases of `attend`: heads, groups, cache formats and positions, and that a row does not depend on its neighbours.

use lorgnette::KvFormat;
use lorgnette_shaders::Step;
use lorgnette_shaders::cases::{Attention, Case};
use lorgnette_tests::kernels::{found, play};
use lorgnette_tests::runtime;

const CACHES: [KvFormat; 4] = KvFormat::ALL;

fn layer(cache: KvFormat, position: usize, count: usize) -> Attention {
    Attention {
        cache,
        heads: 3,
        kv_heads: 1,
        size: 64,
        position,
        count,
        sharpness: 2.0,
    }
}

fn heads_and_groups(cache: KvFormat) -> Vec<Case> {
    let mut cases = Vec::new();
    let all = [(0, 1), (62, 3), (1000, 1), (0, 5), (63, 1), (64, 2)];
    // How a block is read has nothing to do with where tiles end: fewer positions for those that are read blockwise.
    let positions = match cache {
        KvFormat::F32 | KvFormat::F16 => &all[..],
        KvFormat::Q8_0 | KvFormat::Q4_0 => &all[..3],
    };
    for size in [32, 64, 128] {
        for (heads, kv_heads) in [(3, 3), (6, 2), (4, 1), (16, 2)] {
            for (position, count) in positions.iter().copied() {
                let layer = layer(cache, position, count);
                cases.push(
                    Attention {
                        heads,
                        kv_heads,
                        size,
                        ..layer
                    }
                    .attend(),
                );
            }
        }
    }
    cases
}

#[test]
fn f32() {
    play(heads_and_groups(KvFormat::F32));
}

#[test]
fn f16() {
    play(heads_and_groups(KvFormat::F16));
}

#[test]
fn q8_0() {
    play(heads_and_groups(KvFormat::Q8_0));
}

#[test]
fn q4_0() {
    play(heads_and_groups(KvFormat::Q4_0));
}

#[test]
fn a_long_cache() {
    play(CACHES.map(|cache| layer(cache, 8191, 2).attend()));
    // The last position of Llama 3.1's context, in 65,535 loop rounds or fewer: llvmpipe ends an invocation there.
    for size in [64, 128] {
        let last = layer(KvFormat::F16, 131_071, 1);
        play([Attention {
            heads: 1,
            size,
            ..last
        }
        .attend()]);
    }
}

#[test]
fn flat_and_steep_scores() {
    // 0: every position counts the same. 1000: one position takes all, and exp goes to 0 for the others.
    play(CACHES.into_iter().flat_map(|cache| {
        [0.0, 30.0, 1000.0].map(|sharpness| {
            let layer = layer(cache, 200, 2);
            Attention { sharpness, ..layer }.attend()
        })
    }));
}

#[test]
fn many_rows() {
    play(
        CACHES
            .into_iter()
            .flat_map(|cache| [31, 33, 63, 65].map(|count| layer(cache, 0, count).attend())),
    );
}

/// A later row may not be seen: the keys and values behind a row are not numbers here.
#[test]
fn nothing_behind_a_row_is_seen() {
    for cache in CACHES {
        let case = layer(cache, 70, 1).attend();
        for (program, words) in found(&case) {
            assert_eq!(words[3].len() - 64, 3 * 64, "the result and its guard");
            let finite = |word: &u32| f32::from_bits(*word).is_finite();
            let all = words[3][..3 * 64].iter().all(finite);
            assert!(all, "{}: {}", program.label(), case.name);
        }
    }
}

#[test]
fn a_row_is_the_same_alone() {
    for cache in CACHES {
        let many = layer(cache, 61, 5).attend();
        let (stride, width) = (layer(cache, 61, 5).stride(), 3 * 64);
        for (program, words) in found(&many) {
            for (t, row) in words[3][..5 * width].chunks_exact(width).enumerate() {
                let mut buffers = many.buffers.clone();
                buffers[0].copy_within(t * stride..(t + 1) * stride, 0);
                let step = Step::new(61 + t as u32, 1);
                runtime()
                    .run_kernel(&program, &many.params, step, &mut buffers)
                    .expect("one row");
                let what = format!("{}: {} row {t}", program.label(), many.name);
                assert_eq!(buffers[3][..width], *row, "{what}");
            }
        }
    }
}
