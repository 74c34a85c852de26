//! Cases of `attend_split`: heads, groups, cache formats and positions around splits, and that a row is the same bits
//! alone. That with `attend_merge` it is attention by any measure is in `sliding`.

use lorgnette::KvFormat;
use lorgnette_shaders::Step;
use lorgnette_shaders::cases::{Attention, Case, GUARDS};
use lorgnette_tests::kernels::{found, play};
use lorgnette_tests::runtime;

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
    for size in [32, 64, 128] {
        // Groups of 1 to 8; blocks of two heads that share a word of scales, and one without a neighbour.
        for (heads, kv_heads) in [
            (3, 3),
            (4, 2),
            (3, 1),
            (8, 2),
            (5, 1),
            (6, 1),
            (14, 2),
            (8, 1),
        ] {
            let positions = [(0, 1), (30, 1), (62, 3), (255, 1), (256, 1), (250, 8)];
            for (position, count) in positions {
                cases.push(
                    Attention {
                        heads,
                        kv_heads,
                        size,
                        ..layer(cache, position, count)
                    }
                    .attend_split(),
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

/// Whatever the number of rows, what a row leaves is the same to the last bit: one of eight rows, and alone after those
/// before it. Rows in front of a split's end, across it, and behind it.
#[test]
fn a_row_is_the_same_alone() {
    for cache in KvFormat::ALL {
        for position in [100, 252, 256] {
            let many = layer(cache, position, 8).attend_split();
            let all = &found(&many)[0].1;
            let (stride, angles) = (words(&many, 1) / 8, words(&many, 0) / 8);
            let mut buffers = many.buffers.clone();
            for t in 0..8 {
                for (buffer, row) in [(0, angles), (1, stride)] {
                    let own = &many.buffers[buffer][t * row..(t + 1) * row];
                    buffers[buffer][..row].copy_from_slice(own);
                }
                let step = Step::new((position + t) as u32, 1);
                let program = many.shader.wanted();
                runtime()
                    .run_kernel(&program, &many.params, step, &mut buffers)
                    .expect("one row");
                let together = &all[1][t * stride..(t + 1) * stride];
                assert!(buffers[1][..stride] == *together, "{} row {t}", many.name);
            }
            for buffer in [2, 3] {
                assert!(buffers[buffer] == all[buffer], "{}: the cache", many.name);
            }
        }
    }
}

/// Words of a buffer without its guard.
fn words(case: &Case, buffer: usize) -> usize {
    case.buffers[buffer].len() - GUARDS
}

#[test]
fn a_long_cache() {
    // 32 splits of one tile; and the last position of Llama 3.1's context, in splits of 16 tiles.
    play(KvFormat::ALL.map(|cache| layer(cache, 8190, 2).attend_split()));
    let last = layer(KvFormat::F16, 131_071, 1);
    play([last.attend_split()]);
}

#[test]
fn flat_and_steep_scores() {
    play(KvFormat::ALL.into_iter().flat_map(|cache| {
        [0.0, 30.0, 1000.0].map(|sharpness| {
            let layer = layer(cache, 300, 2);
            Attention { sharpness, ..layer }.attend_split()
        })
    }));
}
