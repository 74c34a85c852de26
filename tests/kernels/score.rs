//! Cases of `score`, and its logarithm of sums against f64.

use lorgnette_shaders::cases::{Logits, Noise};
use lorgnette_shaders::kernels::argmax::NOT_FINITE;
use lorgnette_tests::kernels::{found, play};

fn noise(rows: usize, vocabulary: usize, size: f32) -> Vec<Vec<f32>> {
    let mut noise = Noise::new(vocabulary as u64);
    let mut row = || (0..vocabulary).map(|_| noise.unit() * size).collect();
    (0..rows).map(|_| row()).collect()
}

#[test]
fn rows_and_vocabularies() {
    let mut cases = Vec::new();
    for vocabulary in [1, 2, 255, 256, 257, 1000] {
        cases.extend([1, 2, 31, 32, 33].map(|rows| {
            let rows = noise(rows, vocabulary, 20.0);
            let logits = Logits {
                what: "noise",
                rows,
                position: 7,
            };
            logits.score()
        }));
    }
    play(cases);
}

#[test]
fn large_and_small_logits() {
    // 0: all the same. 1000: exp of all but one is 0. -1e30 and below: nothing may overflow.
    play([0.0, 1e-3, 1000.0, 1e30].map(|size| {
        let rows = noise(3, 1000, size);
        let logits = Logits {
            what: "of one size",
            rows,
            position: 0,
        };
        logits.score()
    }));
}

#[test]
fn the_logarithm_of_sums_is_that_of_f64() {
    for vocabulary in [32_000, 128_256] {
        let logits = Logits {
            what: "noise",
            rows: noise(2, vocabulary, 10.0),
            position: 0,
        };
        for (program, words) in found(&logits.score()) {
            for (row, words) in logits.rows.iter().zip(words[2].chunks_exact(4)) {
                let exact = row.iter().map(|v| f64::from(*v).exp()).sum::<f64>().ln();
                let distance = (f64::from(f32::from_bits(words[2])) - exact).abs();
                let what = format!("{} of {vocabulary}", program.label());
                println!("{what}: |d| {distance:.1e} of {exact}");
                assert!(distance <= 1e-5, "{what}: {distance} of {exact}");
            }
        }
    }
}

#[test]
fn only_the_broken_row_is_reported() {
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut rows = noise(3, 600, 5.0);
        rows[1][599] = value;
        let case = Logits {
            what: "not finite",
            rows,
            position: 2,
        }
        .score();
        for (program, words) in found(&case) {
            let (out, what) = (&words[2], format!("{} {value}", program.label()));
            assert_eq!(out[4], NOT_FINITE, "{what}");
            assert!(out[0] < 600 && out[8] < 600, "{what}: the others are fine");
        }
        play([case]);
    }
}
