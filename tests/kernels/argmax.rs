//! Cases of `argmax`: ties, both ends, and logits that are not numbers.

use lorgnette_shaders::cases::{Case, Logits, Noise};
use lorgnette_shaders::kernels::argmax::NOT_FINITE;
use lorgnette_tests::kernels::{found, play};

fn noise(vocabulary: usize) -> Vec<f32> {
    let mut noise = Noise::new(vocabulary as u64);
    (0..vocabulary).map(|_| noise.unit() * 10.0).collect()
}

fn logits(what: &str, row: Vec<f32>) -> Logits<'_> {
    Logits {
        what,
        rows: vec![row],
        position: 3,
    }
}

fn case(what: &str, row: Vec<f32>) -> Case {
    logits(what, row).argmax(2)
}

/// Plays the case, and expects this id whatever the reference says.
fn expect(what: &str, row: Vec<f32>, id: u32) {
    let logits = logits(what, row);
    let case = logits.argmax(2);
    for (program, words) in found(&case) {
        assert_eq!(
            words[1][logits.next_id(2)],
            id,
            "{}: {}",
            program.label(),
            case.name
        );
    }
    play([case]);
}

#[test]
fn vocabularies() {
    let sizes = [1, 2, 255, 256, 257, 1000, 49_152, 128_256];
    play(sizes.map(|vocabulary| case("noise", noise(vocabulary))));
}

#[test]
fn positions() {
    play([(0, 1), (0, 33), (1000, 1)].map(|(position, count)| {
        let rows = vec![noise(300)];
        let logits = Logits {
            what: "noise",
            rows,
            position,
        };
        logits.argmax(count)
    }));
}

#[test]
fn rows() {
    let mut cases = Vec::new();
    for rows in [1, 2, 8] {
        for position in [0, 5, 1000] {
            let rows = (0..rows).map(|row| noise(300 + row)).map(|mut row| {
                row.truncate(300);
                row
            });
            let logits = Logits {
                what: "all rows",
                rows: rows.collect(),
                position,
            };
            cases.push(logits.argmax_of_all());
        }
    }
    play(cases);
}

#[test]
fn only_the_broken_row_is_reported() {
    let mut rows = vec![noise(300); 3];
    rows[1][299] = f32::NAN;
    rows[2][7] = 11.0;
    let logits = Logits {
        what: "NaN in one of three rows",
        rows,
        position: 0,
    };
    for (program, words) in found(&logits.argmax_of_all()) {
        let ids = &words[1];
        assert!(ids[1] < 300, "{}: {ids:?}", program.label());
        assert_eq!(ids[2..4], [NOT_FINITE, 7], "{}", program.label());
    }
}

#[test]
fn the_first_and_the_last() {
    for at in [0, 255, 256, 999] {
        let mut row = noise(1000);
        row[at] = 11.0;
        expect("highest placed", row, at as u32);
    }
}

#[test]
fn the_lowest_index_wins_a_tie() {
    for at in [&[3, 4][..], &[300, 44], &[256, 512, 0], &[999, 998]] {
        let mut row = noise(1000);
        at.iter().for_each(|at| row[*at] = 11.0);
        let lowest = *at.iter().min().expect("some");
        expect("tie", row, lowest as u32);
    }
    expect("all the same", vec![0.0; 700], 0);
    expect("zeros of both signs", vec![-0.0, 0.0, -0.0], 0);
}

#[test]
fn very_low_logits() {
    // Fewer logits than lanes: what an idle lane holds may not win.
    expect("very low", vec![-3.3e38, -3.2e38, -3.4e38], 1);
    expect("lowest of all", vec![f32::MIN; 5], 0);
    expect("very low", vec![-3.3e38; 700], 0);
}

#[test]
fn what_is_not_finite_is_reported() {
    for (what, value) in [
        ("NaN", f32::NAN),
        ("-NaN", -f32::NAN),
        ("inf", f32::INFINITY),
        ("-inf", f32::NEG_INFINITY),
    ] {
        for at in [0, 1, 256, 999] {
            let mut row = noise(1000);
            row[at] = value;
            expect(what, row, NOT_FINITE);
        }
    }
}
