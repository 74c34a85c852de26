//! Cases of `attend_merge`: one split and many, all sizes of heads, turned and not.

use lorgnette::KvFormat;
use lorgnette_shaders::cases::Attention;
use lorgnette_tests::kernels::play;

#[test]
fn splits_and_sizes() {
    let mut cases = Vec::new();
    for cache in [KvFormat::F16, KvFormat::Q4_0] {
        for (heads, size) in [(3, 32), (9, 64), (2, 128)] {
            for (position, count) in [(0, 1), (254, 5), (1023, 1), (5000, 8)] {
                for sharpness in [0.0, 2.0, 1000.0] {
                    let layer = Attention {
                        cache,
                        heads,
                        kv_heads: 1,
                        size,
                        position,
                        count,
                        sharpness,
                    };
                    cases.push(layer.attend_merge());
                }
            }
        }
    }
    play(cases);
}
