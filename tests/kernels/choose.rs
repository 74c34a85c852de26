//! Cases of `choose`: drawn ids, which are those of the host to the last one: every filter alone and together, ties
//! across slices, cold and hot, first and last luck.

use lorgnette_shaders::Draw;
use lorgnette_shaders::cases::{Case, Logits, Noise};
use lorgnette_shaders::kernels::argmax::NOT_FINITE;
use lorgnette_tests::kernels::play;

fn noise(vocabulary: usize, size: f32) -> Vec<f32> {
    let mut noise = Noise::new(vocabulary as u64 + 1);
    (0..vocabulary).map(|_| noise.unit() * size).collect()
}

fn logits(what: &str, row: Vec<f32>) -> Logits<'_> {
    Logits {
        what,
        rows: vec![row],
        position: 3,
    }
}

/// Likely and unlikely tokens in the proportions of a text: few are near the best.
fn text_like(vocabulary: usize, seed: u64) -> Vec<f32> {
    let mut noise = Noise::new(seed);
    let logit = |_| {
        let sum: f32 = (0..6).map(|_| noise.unit()).sum();
        sum * 2.5
    };
    (0..vocabulary).map(logit).collect()
}

fn draws(random: u32) -> Vec<Draw> {
    let of = |temperature, top_k, top_p, min_p| Draw::new(temperature, top_k, top_p, min_p, random);
    vec![
        of(0.8, 40, 0.95, 0.05),
        of(1.0, 0, 1.0, 0.0),
        of(1.5, 0, 0.9, 0.0),
        of(2.0, 300, 1.0, 0.0),
        of(0.3, 0, 1.0, 0.02),
        of(40.0, 7, 1.0, 0.0),
        of(1.0, 2, 0.5, 0.0),
        of(5000.0, 0, 0.5, 0.0),
        of(0.01, 50, 0.99, 0.0),
    ]
}

const LUCK: [u32; 5] = [0, 1, 0x5555_5555, 0xc000_0001, u32::MAX];

#[test]
fn vocabularies_and_settings() {
    let mut cases = Vec::new();
    for vocabulary in [1, 2, 255, 256, 257, 1000, 3000] {
        let row = text_like(vocabulary, 5);
        let luck = LUCK.into_iter().flat_map(draws);
        cases.extend(luck.map(|draw| logits("text-like", row.clone()).choose(1, draw)));
    }
    play(cases);
}

#[test]
fn real_vocabularies() {
    for vocabulary in [49_152, 128_256] {
        let row = text_like(vocabulary, 6);
        let draws = draws(0x9e37_79b9).into_iter().take(3);
        play(draws.map(|draw| logits("text-like", row.clone()).choose(1, draw)));
    }
}

/// Many seeds on one row: the ids differ, and are the host's.
#[test]
fn luck() {
    let row = text_like(700, 7);
    let mut noise = Noise::new(8);
    let cases: Vec<Case> = (0..150)
        .map(|_| Draw::new(1.2, 60, 0.98, 0.01, noise.bits()))
        .map(|draw| logits("text-like", row.clone()).choose(2, draw))
        .collect();
    let mut ids: Vec<u32> = cases.iter().map(|case| case.expected()[2][2]).collect();
    ids.sort_unstable();
    ids.dedup();
    assert!(ids.len() > 10, "{ids:?}");
    play(cases);
}

/// Quantised logits: most are tied with others, in other slices too, and the cut goes through them.
#[test]
fn ties() {
    let row: Vec<f32> = text_like(1500, 9).iter().map(|v| v.round()).collect();
    let same = vec![2.5; 900];
    let mut cases = Vec::new();
    for luck in LUCK {
        for top_k in [1, 2, 30, 31, 257, 899] {
            for top_p in [1.0, 0.7] {
                let draw = Draw::new(1.5, top_k, top_p, 0.0, luck);
                cases.push(logits("rounded", row.clone()).choose(1, draw));
                cases.push(logits("all the same", same.clone()).choose(1, draw));
            }
        }
    }
    play(cases);
}

/// Logits that no model should have: beyond the units of a distance, and far apart.
#[test]
fn large_logits() {
    let rows = [1e-6, 300.0, 3e4, 1e30].map(|size| noise(600, size));
    let cases = rows.into_iter().flat_map(|row| {
        let of = move |draw| logits("of one size", row.clone()).choose(1, draw);
        draws(0x7fff_ffff).into_iter().map(of)
    });
    play(cases);
}

#[test]
fn what_is_not_finite_is_reported() {
    for value in [f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let cases = [0, 1, 256, 999].map(|at| {
            let mut row = noise(1000, 10.0);
            row[at] = value;
            let case = logits("not finite", row).choose(1, draws(77)[0]);
            assert!(case.expected()[2].contains(&NOT_FINITE));
            case
        });
        play(cases);
    }
}
