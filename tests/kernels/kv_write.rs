//! Cases of `kv_write`, in f32 and f16.

use lorgnette::KvFormat;
use lorgnette_shaders::cases::{Attention, Case};
use lorgnette_tests::kernels::play;

fn cases(cache: KvFormat) -> Vec<Case> {
    let mut cases = Vec::new();
    for (heads, kv_heads, size) in [(1, 1, 32), (9, 3, 64), (32, 8, 64), (24, 8, 128)] {
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
fn large_and_small_halves() {
    // Up to the largest half; and around the smallest normal one, below which a device may round to zero.
    play([65_000.0, 1e-2, 1e-3].map(|sharpness| {
        let layer = Attention {
            cache: KvFormat::F16,
            heads: 2,
            kv_heads: 2,
            size: 64,
            position: 3,
            count: 5,
            sharpness,
        };
        layer.kv_write()
    }));
}
