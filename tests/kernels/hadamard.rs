//! Cases of `hadamard`, and that it is its own inverse.

use lorgnette::KvFormat;
use lorgnette_shaders::cases::{Attention, Case};
use lorgnette_tests::kernels::{found, play};
use lorgnette_tests::max_distance;

use super::COUNTS;

fn turned(heads: usize, kv_heads: usize, size: usize, count: usize) -> Case {
    let layer = Attention {
        cache: KvFormat::Q4_0,
        heads,
        kv_heads,
        size,
        position: 7,
        count,
        sharpness: 10.0,
    };
    layer.hadamard()
}

#[test]
fn heads() {
    // Up to 48 heads of 4 blocks: three workgroups a row.
    play(
        [(1, 1), (9, 3), (32, 8)]
            .into_iter()
            .flat_map(|(heads, kv_heads)| {
                [32, 64, 128].map(|size| turned(heads, kv_heads, size, 2))
            }),
    );
    play(COUNTS.map(|count| turned(4, 1, 64, count)));
}

#[test]
fn twice_is_as_before() {
    for size in [32, 64, 128] {
        let case = turned(9, 3, size, 3);
        // Queries, keys, values, and queries once more.
        let elements = 3 * (9 + 3 + 3 + 9) * size;
        let numbers = |words: &[Vec<u32>]| bytemuck::cast_slice(&words[0][..elements]).to_vec();
        let before = numbers(&case.buffers);
        for (_, once) in found(&case) {
            let buffers = once.clone();
            for (_, twice) in found(&Case {
                buffers,
                ..case.clone()
            }) {
                assert!(max_distance(&numbers(&once), &before) > 1.0, "{size}");
                assert!(max_distance(&numbers(&twice), &before) < 1e-5, "{size}");
            }
        }
    }
}
