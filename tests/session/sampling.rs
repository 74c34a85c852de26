//! Seeds and log-probabilities, through a generation. Which token a sampler chooses from given logits is tested with the
//! sampler.

use lorgnette::{GenerateOptions, Sampling, log_probability};

use super::{answer, greedy, prompt, seeded, session};

#[test]
fn the_same_seed_gives_the_same_text() {
    let ids = prompt(1, 20);
    let texts: Vec<_> = [1, 1, 2]
        .into_iter()
        .map(|seed| answer(&mut session(), &ids, &seeded(24, seed)))
        .collect();
    assert!(texts[0].ids.len() > 8, "{:?}", texts[0].ids);
    assert_eq!(texts[0].ids, texts[1].ids);
    assert_eq!(texts[0].text(), texts[1].text());
    assert_ne!(texts[0].ids, texts[2].ids);
}

/// Random numbers are counted by position: the rest of an answer comes out the same from its middle.
#[test]
fn an_answer_can_be_replayed_from_its_middle() {
    let ids = prompt(1, 20);
    let whole = answer(&mut session(), &ids, &seeded(24, 3));
    assert!(whole.ids.len() > 12, "{:?}", whole.ids);
    let middle = [ids.as_slice(), &whole.ids[..10]].concat();
    let mut one_by_one = session();
    for length in 20..middle.len() {
        one_by_one.logits(&middle[..length]).expect("logits");
    }
    let rest = answer(&mut one_by_one, &middle, &seeded(whole.ids.len() - 10, 3));
    assert_eq!(rest.ids, whole.ids[10..]);
}

#[test]
fn log_probabilities_are_those_of_the_logits() {
    let ids = prompt(4, 20);
    for options in [greedy(10), seeded(10, 7)] {
        let options = GenerateOptions {
            log_probabilities: true,
            ..options
        };
        let told = answer(&mut session(), &ids, &options);
        assert!(told.ids.len() > 4, "{:?}", told.ids);
        let mut all = ids.clone();
        let mut other = session();
        for (id, log_probability_told) in told.ids.iter().zip(&told.log_probabilities) {
            let found = log_probability_told.expect("it was asked for");
            assert!(found <= 0.0, "{found}");
            let logits = other.logits(&all).expect("logits");
            let total: f64 = logits.iter().map(|logit| f64::from(*logit).exp()).sum();
            let expected = f64::from(logits[*id as usize]) - total.ln();
            assert!(
                (f64::from(found) - expected).abs() < 1e-4,
                "{found} for {expected}"
            );
            all.push(*id);
        }
        // The scores of the same tokens, made on the device in one go.
        let scores = other.score(&all).expect("scores");
        for (score, found) in scores[ids.len() - 1..].iter().zip(&told.log_probabilities) {
            let found = found.expect("it was asked for");
            assert!((score.next_log_probability - found).abs() < 1e-3);
            assert!(score.best_log_probability >= score.next_log_probability - 1e-6);
        }
    }
}

#[test]
fn probabilities_sum_to_one() {
    let logits = session().logits(&prompt(5, 9)).expect("logits");
    let sum: f64 = (0..logits.len() as u32)
        .map(|id| f64::from(log_probability(&logits, id)).exp())
        .sum();
    assert!((sum - 1.0).abs() < 1e-4, "{sum}");
}

/// A drawn token is the same whether the device or the host draws it: with every filter, cold and hot, for many seeds.
#[test]
fn device_and_host_draw_alike() {
    let ids = prompt(6, 30);
    let with = |temperature, top_k, top_p, min_p| Sampling {
        temperature,
        top_k,
        top_p,
        min_p,
        ..Default::default()
    };
    let settings = [
        Sampling::default(),
        with(1.0, 0, 1.0, 0.0),
        with(1.5, 0, 0.8, 0.0),
        with(3.0, 100, 1.0, 0.01),
        with(0.3, 5, 0.99, 0.0),
        with(30.0, 3, 1.0, 0.0),
    ];
    let (mut on_device, mut on_host) = (session(), session());
    let mut different = std::collections::BTreeSet::new();
    for (i, sampling) in settings.into_iter().enumerate() {
        for seed in 0..6 {
            let seed = seed * 0x1234_5678_9abc + i as u64;
            let options = |log_probabilities| GenerateOptions {
                sampling: Sampling {
                    seed,
                    ..sampling.clone()
                },
                log_probabilities,
                ignore_end: true,
                ..greedy(4)
            };
            let device = answer(&mut on_device, &ids, &options(false));
            let host = answer(&mut on_host, &ids, &options(true));
            assert_eq!(device.ids, host.ids, "{sampling:?}, seed {seed}");
            different.insert(device.ids);
        }
    }
    assert!(different.len() > 20, "{} answers", different.len());
}

/// The likeliest token is the same whether the device or the host chooses it, and unasked log-probabilities are not told.
#[test]
fn device_and_host_choose_alike() {
    let ids = prompt(6, 30);
    let on_device = answer(&mut session(), &ids, &greedy(20));
    let options = GenerateOptions {
        log_probabilities: true,
        ..greedy(20)
    };
    let on_host = answer(&mut session(), &ids, &options);
    assert_eq!(on_device.ids, on_host.ids);
    assert!(on_device.log_probabilities.iter().all(Option::is_none));
    assert!(on_host.log_probabilities.iter().all(Option::is_some));
}
