//! The filters of sampling, each by hand-made examples.

use lorgnette::Sampling;

use crate::sampler::{counts, free, logs};

/// The tokens that are drawn at all.
fn kept(sampling: &Sampling, logits: &[f32]) -> Vec<usize> {
    let counts = counts(sampling, logits, 3000);
    (0..logits.len()).filter(|&id| counts[id] > 0).collect()
}

#[test]
fn top_k_keeps_the_likeliest_and_of_equals_the_lowest_ids() {
    let logits = [1.0, 3.0, 2.0, 3.0, 2.0, 2.0];
    assert_eq!(kept(&Sampling { top_k: 2, ..free() }, &logits), [1, 3]);
    assert_eq!(
        kept(&Sampling { top_k: 4, ..free() }, &logits),
        [1, 2, 3, 4]
    );
    assert_eq!(
        kept(
            &Sampling {
                top_k: 60,
                ..free()
            },
            &logits
        ),
        [0, 1, 2, 3, 4, 5]
    );
}

#[test]
fn top_p_keeps_the_fewest_that_reach_it() {
    let logits = logs(&[0.05, 0.5, 0.3, 0.15]);
    for (top_p, expected) in [
        (0.0, vec![1]),
        (0.49, vec![1]),
        (0.51, vec![1, 2]),
        (0.79, vec![1, 2]),
        (0.81, vec![1, 2, 3]),
        (1.0, vec![0, 1, 2, 3]),
    ] {
        assert_eq!(
            kept(&Sampling { top_p, ..free() }, &logits),
            expected,
            "top_p {top_p}"
        );
        // Before the temperature: a flatter draw does not widen the choice.
        assert_eq!(
            kept(
                &Sampling {
                    top_p,
                    temperature: 3.0,
                    ..free()
                },
                &logits
            ),
            expected
        );
    }
    // Of what top-k left: 0.5 and 0.3 are 0.625 and 0.375 of it.
    assert_eq!(
        kept(
            &Sampling {
                top_p: 0.6,
                top_k: 2,
                ..free()
            },
            &logits
        ),
        [1]
    );
}

#[test]
fn min_p_keeps_what_is_likely_enough_beside_the_likeliest() {
    let logits = logs(&[0.05, 0.5, 0.3, 0.15]);
    for (min_p, expected) in [
        (0.05, vec![0, 1, 2, 3]),
        (0.11, vec![1, 2, 3]),
        (0.31, vec![1, 2]),
        (0.61, vec![1]),
        (1.0, vec![1]),
    ] {
        assert_eq!(
            kept(&Sampling { min_p, ..free() }, &logits),
            expected,
            "min_p {min_p}"
        );
        assert_eq!(
            kept(
                &Sampling {
                    min_p,
                    temperature: 3.0,
                    ..free()
                },
                &logits
            ),
            expected
        );
    }
}

#[test]
fn the_penalty_meets_each_recent_token_once() {
    let sampling = Sampling {
        repeat_penalty: 2.0,
        repeat_last_n: 3,
        ..Sampling::greedy()
    };
    let mut logits = [4.0, -1.0, 3.0, 0.0, 5.0];
    // Token 4 is too long ago, token 9 has no logit.
    assert_eq!(sampling.choose(&mut logits, &[4, 0, 0, 1], 0).unwrap(), 4);
    assert_eq!(logits, [2.0, -2.0, 3.0, 0.0, 5.0]);
    sampling.choose(&mut logits, &[9, 9, 9], 0).unwrap();
    assert_eq!(logits, [2.0, -2.0, 3.0, 0.0, 5.0]);
    let off = Sampling {
        repeat_last_n: 0,
        ..sampling
    };
    off.choose(&mut logits, &[0, 1], 0).unwrap();
    assert_eq!(logits[0], 2.0);
}

#[test]
fn excluded_tokens_are_never_drawn() {
    let logits = [f32::NEG_INFINITY, 0.0, f32::NEG_INFINITY, 0.0];
    assert_eq!(kept(&free(), &logits), [1, 3]);
    assert_eq!(
        kept(
            &Sampling {
                top_k: 3,
                top_p: 0.999,
                ..free()
            },
            &logits
        ),
        [1, 3]
    );
    let penalised = Sampling {
        repeat_penalty: 0.5,
        ..free()
    };
    assert_eq!(
        penalised
            .choose(&mut [f32::NEG_INFINITY, f32::MAX], &[0, 1], 0)
            .unwrap(),
        1
    );
}
