//! Cases of `rope`, and its rotation against f64 at far positions.

use lorgnette::{Config, KvFormat};
use lorgnette_shaders::cases::Attention;
use lorgnette_tests::kernels::{found, play};

const FAR: [usize; 5] = [0, 1, 100, 8191, 131_071];

fn layer(size: usize, position: usize, count: usize) -> Attention {
    Attention {
        cache: KvFormat::F32,
        heads: 6,
        kv_heads: 2,
        size,
        position,
        count,
        sharpness: 1.0,
    }
}

#[test]
fn heads_and_positions() {
    let mut cases = Vec::new();
    for size in [32, 64, 128] {
        for position in FAR {
            cases.extend([1, 2, 5, 33].map(|count| layer(size, position, count).rope()));
        }
    }
    for (heads, kv_heads) in [(1, 1), (3, 1), (9, 3), (32, 8)] {
        let layer = layer(64, 17, 3);
        cases.push(
            Attention {
                heads,
                kv_heads,
                ..layer
            }
            .rope(),
        );
    }
    play(cases);
}

/// Angles as a session makes them; the rotation they give is that of f64 to the rounding of f32.
#[test]
fn the_angles_of_a_model_are_exact_at_far_positions() {
    for position in FAR {
        let layer = layer(64, position, 2);
        let config = Config {
            vocabulary: 1,
            layers: 1,
            width: 384,
            feed_forward: 32,
            heads: layer.heads,
            kv_heads: layer.kv_heads,
            head_size: layer.size,
            epsilon: 1e-5,
            rope_base: 500_000.0,
            trained_context: 131_072,
        };
        let mut case = layer.rope();
        let angles = config.angles(None, position as u32, 2);
        case.buffers[0][..angles.len()].copy_from_slice(bytemuck::cast_slice(&angles));
        let exact = layer.angles();
        for (program, words) in found(&case) {
            let max = farthest(&case.buffers[1], &words[1], &exact, layer.stride());
            println!("{} position {position}: max |d| {max:.1e}", program.label());
            assert!(max <= 2e-6, "position {position}: max |d| {max}");
        }
    }
}

/// The largest distance of two rows of 8 heads from the rotation in f64.
fn farthest(before: &[u32], after: &[u32], exact: &[f64], stride: usize) -> f64 {
    let rotated = 8 * 64;
    let mut max = 0f64;
    for t in 0..2 {
        for i in (0..rotated).step_by(2) {
            let at = t * stride + i;
            let pair = |words: &[u32]| [0, 1].map(|n| f64::from(f32::from_bits(words[at + n])));
            let ([x, y], [a, b]) = (pair(before), pair(after));
            let (cos, sin) = (exact[t * 64 + i % 64], exact[t * 64 + i % 64 + 1]);
            max = max.max((a - (x * cos - y * sin)).abs());
            max = max.max((b - (x * sin + y * cos)).abs());
        }
    }
    max
}
