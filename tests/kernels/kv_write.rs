//! Cases of `kv_write`, in every cache format.

use lorgnette::KvFormat;
use lorgnette_shaders::cases::{Attention, Case};
use lorgnette_tests::kernels::{found, play};

fn cases(cache: KvFormat) -> Vec<Case> {
    let mut cases = Vec::new();
    for (heads, kv_heads, size) in [
        (1, 1, 32),
        (6, 3, 32),
        (9, 3, 64),
        (32, 8, 64),
        (24, 8, 128),
    ] {
        for position in [0, 1, 63, 1000] {
            cases.extend([1, 2, 31, 33].map(|count| {
                let layer = Attention {
                    cache,
                    heads,
                    kv_heads,
                    size,
                    position,
                    count,
                    sharpness: 20.0,
                };
                layer.kv_write()
            }));
        }
    }
    cases
}

#[test]
fn f32() {
    play(cases(KvFormat::F32));
}

#[test]
fn f16() {
    play(cases(KvFormat::F16));
}

#[test]
fn q8_0() {
    play(cases(KvFormat::Q8_0));
}

#[test]
fn q4_0() {
    play(cases(KvFormat::Q4_0));
}

/// Keys and values up to `size`. Two blocks a head, and three of one block: the last scale has no neighbour.
fn sized(cache: KvFormat, size: f32) -> [Case; 2] {
    [(2, 64), (3, 32)].map(|(kv_heads, head)| {
        let layer = Attention {
            cache,
            heads: 3,
            kv_heads,
            size: head,
            position: 3,
            count: 5,
            sharpness: size,
        };
        layer.kv_write()
    })
}

#[test]
fn large_and_small_halves() {
    // Up to the largest half; and around the smallest normal one, below which a device may round to zero.
    play([65_000.0, 1e-2, 1e-3].map(|size| sized(KvFormat::F16, size)[0].clone()));
}

#[test]
fn large_and_small_blocks() {
    // Scales from the largest half over subnormal ones, which no device may flush here, to those that round to nothing.
    let sizes = [8e6, 5e5, 1.0, 1e-3, 1e-4, 1e-6, 1e-8, 1e-30, 0.0];
    for cache in [KvFormat::Q8_0, KvFormat::Q4_0] {
        play(sizes.into_iter().flat_map(|size| sized(cache, size)));
    }
}

/// Zeros beside numbers, and a block whose largest numbers are equally far from zero.
#[test]
fn blocks_of_one_kind() {
    for cache in KvFormat::ALL {
        play(sized(cache, 2.0).map(|mut case| {
            // Queries are guarded; keys and values are behind them.
            for (at, word) in case.buffers[0].iter_mut().enumerate() {
                *word = match (at / 32 % 4, f32::from_bits(*word)) {
                    (_, value) if !value.is_finite() => *word,
                    (0, _) => 0,
                    (1, value) => (-0.0f32).copysign(value).to_bits(),
                    (2, value) => 1.5f32.copysign(value).to_bits(),
                    (_, value) => value.to_bits(),
                };
            }
            case
        }));
    }
}

/// A block with a number that is none may not look as if it were all right; its neighbours are.
#[test]
fn what_is_not_finite_stays_so() {
    for cache in [KvFormat::Q8_0, KvFormat::Q4_0] {
        for broken in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let [mut case, _] = sized(cache, 2.0);
            // Rows of 3 query heads, 2 of keys and 2 of values, of 64: the last number of the first block of keys.
            case.buffers[0][3 * 64 + 31] = broken.to_bits();
            let played = found(&case).into_iter().map(|(_, buffers)| buffers);
            for buffers in played.chain([case.expected()]) {
                let words = cache.row_bytes(2 * 64) / 4;
                let row = cache.load_row(&buffers[1][3 * words..4 * words], 2 * 64);
                let finite: Vec<bool> = row.iter().map(|value| value.is_finite()).collect();
                assert!(!finite[31], "{cache:?} {broken}");
                assert!(finite[32..].iter().all(|is| *is), "{cache:?} {broken}");
            }
        }
    }
}
