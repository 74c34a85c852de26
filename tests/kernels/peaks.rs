//! Cases of `peaks`: slices that are not full, ties, and logits that are not numbers.

use lorgnette_shaders::cases::{Logits, Noise};
use lorgnette_shaders::kernels::argmax::NOT_FINITE;
use lorgnette_tests::kernels::{found, play};

fn logits(what: &str, row: Vec<f32>) -> Logits<'_> {
    Logits {
        what,
        rows: vec![row],
        position: 3,
    }
}

fn noise(vocabulary: usize) -> Vec<f32> {
    let mut noise = Noise::new(vocabulary as u64);
    (0..vocabulary).map(|_| noise.unit() * 10.0).collect()
}

#[test]
fn vocabularies() {
    let sizes = [1, 63, 64, 65, 255, 256, 257, 1000, 49_152, 128_256];
    play(sizes.map(|vocabulary| logits("noise", noise(vocabulary)).peaks()));
}

#[test]
fn ties_and_very_low_logits() {
    let mut tied = noise(1000);
    for at in [700, 600, 300, 3, 258] {
        tied[at] = 11.0;
    }
    let rows = [tied, vec![0.0; 700], vec![f32::MIN; 300]];
    play(rows.map(|row| logits("ties", row).peaks()));
}

#[test]
fn only_the_broken_slice_is_reported() {
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut row = noise(600);
        row[599] = value;
        let case = logits("not finite", row).peaks();
        for (program, words) in found(&case) {
            let ids = [1, 3, 5].map(|at| words[1][at]);
            let what = format!("{} {value}: {ids:?}", program.label());
            assert!(
                ids[2] == NOT_FINITE && ids[..2].iter().all(|id| *id < 512),
                "{what}"
            );
        }
        play([case]);
    }
}
