//! Sampling: the draw by its distribution, the greedy choice, the seed, and what is refused. Filters: `filters.rs`.

use lorgnette::{Error, Sampling, log_probability};

use crate::given::said;

/// Temperature 1 and no filter.
pub fn free() -> Sampling {
    Sampling {
        temperature: 1.0,
        top_k: 0,
        top_p: 1.0,
        min_p: 0.0,
        ..Sampling::default()
    }
}

/// How often each token is drawn over `draws` positions.
pub fn counts(sampling: &Sampling, logits: &[f32], draws: u64) -> Vec<u64> {
    let mut counts = vec![0; logits.len()];
    for position in 0..draws {
        counts[sampling
            .choose(&mut logits.to_vec(), &[], position)
            .unwrap() as usize] += 1;
    }
    counts
}

/// Logits of probabilities.
pub fn logs(probabilities: &[f32]) -> Vec<f32> {
    probabilities.iter().map(|p| p.ln()).collect()
}

#[test]
fn the_draw_follows_softmax() {
    let logits: Vec<f32> = (0..50).map(|id| ((id * 37 % 50) as f32) / 12.0).collect();
    let draws = 200_000;
    for (temperature, seed) in [(0.5, 1), (1.0, 2), (1.0, u64::MAX), (2.0, 3)] {
        for top_k in [0, 50] {
            let counts = counts(
                &Sampling {
                    temperature,
                    top_k,
                    seed,
                    ..free()
                },
                &logits,
                draws,
            );
            let weights: Vec<f64> = logits
                .iter()
                .map(|&l| (f64::from(l) / f64::from(temperature)).exp())
                .collect();
            let sum: f64 = weights.iter().sum();
            let chi_square: f64 = std::iter::zip(&counts, &weights)
                .map(|(&count, weight)| {
                    let expected = weight / sum * draws as f64;
                    (count as f64 - expected).powi(2) / expected
                })
                .sum();
            // 49 degrees of freedom: beyond 100 once in 40,000 times, and far beyond with any bias worth the name.
            assert!(
                chi_square < 100.0,
                "temperature {temperature}, seed {seed}: {chi_square}"
            );
        }
    }
}

#[test]
fn the_same_seed_and_position_give_the_same_token() {
    let logits = vec![0.0; 1000];
    let run = |seed| -> Vec<u32> {
        let sampling = Sampling { seed, ..free() };
        (0..64)
            .map(|position| sampling.choose(&mut logits.clone(), &[], position).unwrap())
            .collect()
    };
    assert_eq!(run(7), run(7));
    // Neither another seed nor a shift of the positions repeats the tokens.
    for other in [8, 6, 7 + 0x9e37_79b9_7f4a_7c15] {
        let same = std::iter::zip(run(7), run(other))
            .filter(|(a, b)| a == b)
            .count();
        let shifted = std::iter::zip(&run(7)[1..], &run(other))
            .filter(|(a, b)| a == b)
            .count();
        assert!(
            same < 4 && shifted < 4,
            "seed {other}: {same} and {shifted} of 64"
        );
    }
}

#[test]
fn greedy_takes_the_largest_and_of_equals_the_lowest_id() {
    let logits = [0.5, 2.0, -1.0, 2.0];
    for sampling in [
        Sampling::greedy(),
        Sampling {
            top_k: 1,
            temperature: 5.0,
            ..free()
        },
    ] {
        assert!(sampling.is_greedy());
        for position in 0..100 {
            assert_eq!(
                sampling
                    .choose(&mut logits.to_vec(), &[], position)
                    .unwrap(),
                1
            );
        }
    }
    assert!(!free().is_greedy() && !Sampling::default().is_greedy());
    // A penalty needs the logits.
    let penalised = Sampling {
        repeat_penalty: 1.5,
        ..Sampling::greedy()
    };
    assert!(!penalised.is_greedy());
    assert_eq!(penalised.choose(&mut logits.to_vec(), &[1], 0).unwrap(), 3);
}

#[test]
fn logits_that_are_not_numbers_are_refused() {
    for sampling in [Sampling::greedy(), Sampling::default()] {
        for bad in [f32::NAN, f32::INFINITY] {
            let result = sampling.choose(&mut [0.0, bad, 1.0], &[], 0);
            assert!(
                matches!(&result, Err(Error::NotFinite { .. })),
                "{result:?}"
            );
            assert!(said(result).contains("token 1"));
        }
        let none_left = sampling.choose(&mut [f32::NEG_INFINITY; 3], &[], 0);
        assert!(matches!(none_left, Err(Error::NotFinite { .. })));
        assert!(matches!(
            sampling.choose(&mut [], &[], 0),
            Err(Error::Input { .. })
        ));
    }
}

#[test]
fn options_out_of_range_are_named() {
    let cases = [
        (
            "temperature",
            Sampling {
                temperature: -0.1,
                ..free()
            },
        ),
        (
            "temperature",
            Sampling {
                temperature: f32::INFINITY,
                ..free()
            },
        ),
        (
            "top_p",
            Sampling {
                top_p: 1.1,
                ..free()
            },
        ),
        (
            "top_p",
            Sampling {
                top_p: f32::NAN,
                ..free()
            },
        ),
        (
            "min_p",
            Sampling {
                min_p: -0.5,
                ..free()
            },
        ),
        (
            "repeat_penalty",
            Sampling {
                repeat_penalty: 0.0,
                ..free()
            },
        ),
    ];
    for (name, sampling) in cases {
        let found = said(sampling.check());
        assert!(
            found.starts_with(&format!("invalid {name}: expected a")),
            "{found}"
        );
        assert!(sampling.choose(&mut [1.0], &[], 0).is_err());
    }
    assert!(Sampling::default().check().is_ok() && Sampling::greedy().check().is_ok());
}

#[test]
fn log_probability_is_log_softmax() {
    let logits = logs(&[0.1, 0.2, 0.7])
        .iter()
        .map(|l| l + 50.0)
        .collect::<Vec<_>>();
    for (id, p) in [(0, 0.1_f32), (1, 0.2), (2, 0.7)] {
        assert!((log_probability(&logits, id) - p.ln()).abs() < 1e-5);
    }
    assert_eq!(log_probability(&logits, 3), f32::NEG_INFINITY);
    // A million equal logits: an f32 sum would have stopped counting.
    let many = vec![20.0; 1 << 20];
    assert!((log_probability(&many, 5) + 20.0 * 2_f32.ln()).abs() < 1e-5);
    assert_eq!(log_probability(&[1e30, 0.0], 0), 0.0);
}
