//! The same answer: for every source of drafts, every way of choosing, every end.

use std::time::Duration;

use lorgnette::{
    Adapter, GenerateOptions, LoadOptions, Overflow, Sampling, Speculation, StopReason,
};
use lorgnette_tests::{data, load, own_runtime, runtime};

use super::{
    Answer, CONTEXT, all_sources, answer, drafted_by, drafting, greedy, options, plain, prompt,
    tiny,
};

/// What every source drafts for gives the plain answer and the plain session. Returns how many tokens each drafted and
/// how many were accepted.
fn expect_same(ids: &[u32], options: &GenerateOptions) -> [(usize, usize); 3] {
    let mut without = plain();
    let (expected, _) = answer(&mut without, ids, options);
    all_sources().map(|(name, mut session)| {
        let (found, timings) = answer(&mut session, ids, options);
        assert_eq!(found, expected, "{name}: {options:?}");
        assert_eq!(session.ids(), without.ids(), "{name}: {options:?}");
        let (drafted, accepted) = (timings.drafted, timings.accepted);
        assert_eq!(timings.decode_passes + accepted, timings.decode_tokens);
        assert!(accepted <= drafted, "{name}: {accepted} of {drafted}");
        (drafted, accepted)
    })
}

#[test]
fn greedily() {
    let mut all = [(0, 0); 3];
    for seed in [2, 10] {
        let counts = expect_same(&prompt(seed, 20), &greedy(32));
        for (sum, (drafted, accepted)) in all.iter_mut().zip(counts) {
            *sum = (sum.0 + drafted, sum.1 + accepted);
        }
    }
    println!("drafted and accepted: {all:?}");
    let [lookup, other, same] = all;
    for (drafted, accepted) in [lookup, other] {
        assert!(0 < accepted && accepted < drafted, "both ways: {all:?}");
    }
    assert_eq!(same.0, same.1, "a model drafts what it says itself");
}

fn sampled(sampling: Sampling) -> GenerateOptions {
    GenerateOptions {
        sampling,
        ..greedy(20)
    }
}

/// The random number of a token depends on the seed and its position alone: drawn from the same logits, it is the same.
#[test]
fn by_chance() {
    let warm = |temperature, top_k, seed| Sampling {
        temperature,
        top_k,
        seed,
        ..Default::default()
    };
    let (mut drafted, mut accepted) = (0, 0);
    for sampling in [warm(1.5, 40, 3), warm(0.1, 0, 5)] {
        for (of, taken) in expect_same(&prompt(4, 24), &sampled(sampling)) {
            (drafted, accepted) = (drafted + of, accepted + taken);
        }
    }
    println!("{accepted} of {drafted}");
    assert!(
        0 < accepted && accepted < drafted,
        "{accepted} of {drafted}"
    );
}

/// A penalty depends on the tokens before: on drafted ones as if they had come one by one.
#[test]
fn with_a_penalty() {
    let sampling = Sampling {
        repeat_penalty: 1.05,
        repeat_last_n: 8,
        ..Sampling::greedy()
    };
    expect_same(&prompt(5, 20), &sampled(sampling.clone()));
    let sampling = Sampling {
        temperature: 0.3,
        seed: 8,
        ..sampling
    };
    expect_same(&prompt(6, 20), &sampled(sampling));
}

#[test]
fn log_probabilities_are_told() {
    let options = GenerateOptions {
        log_probabilities: true,
        ..greedy(20)
    };
    let (expected, _) = answer(&mut plain(), &prompt(1, 20), &options);
    let (found, timings) = answer(&mut drafted_by(tiny()), &prompt(1, 20), &options);
    assert_eq!(found.ids, expected.ids);
    assert!(timings.accepted > 5, "{timings:?}");
    let both = found
        .log_probabilities
        .iter()
        .zip(&expected.log_probabilities);
    for (found, expected) in both {
        let (found, expected) = (found.expect("asked for"), expected.expect("asked for"));
        assert_eq!(
            found, expected,
            "a row of several has the bits of one alone"
        );
    }
}

/// Nothing is drafted that cannot be told any more.
#[test]
fn of_every_length() {
    let ids = prompt(2, 20);
    let (whole, _) = answer(&mut plain(), &ids, &greedy(12));
    let mut session = drafted_by(tiny());
    for most in 0..12 {
        let (some, timings) = answer(&mut session, &ids, &greedy(most));
        assert_eq!(
            (some.stop, &some.ids[..]),
            (StopReason::Length, &whole.ids[..most])
        );
        assert_eq!(timings.drafted, timings.accepted);
        assert_eq!(session.ids().len(), ids.len() + most.saturating_sub(1));
    }
}

#[test]
fn up_to_a_stop_string() {
    let ids = prompt(10, 20);
    let (whole, _) = answer(&mut plain(), &ids, &greedy(40));
    let starts: Vec<usize> = whole.text.char_indices().map(|(at, _)| at).collect();
    for nth in [3, 7, 12] {
        let at = starts[nth * starts.len() / 16];
        let stop: String = whole.text[at..].chars().take(3).collect();
        let options = GenerateOptions {
            stop: vec![stop.clone()],
            ..greedy(40)
        };
        let (mut without, mut with) = (plain(), drafted_by(tiny()));
        let (expected, _) = answer(&mut without, &ids, &options);
        assert_eq!(expected.stop, StopReason::Stop, "{stop:?}");
        assert_eq!(answer(&mut with, &ids, &options).0, expected, "{stop:?}");
        assert_eq!(with.ids(), without.ids(), "{stop:?}");
    }
}

/// Hot enough, some seed comes upon a token that ends.
#[test]
fn up_to_the_model_s_own_end() {
    let hot = |seed| GenerateOptions {
        sampling: Sampling {
            temperature: 50.0,
            top_k: 0,
            top_p: 1.0,
            min_p: 0.0,
            seed,
            ..Default::default()
        },
        ignore_end: false,
        ..greedy(100)
    };
    let ids = prompt(3, 20);
    let mut session = plain();
    let ended = (0..40)
        .map(|seed| (seed, answer(&mut session, &ids, &hot(seed)).0))
        .find(|(_, answer)| answer.stop == StopReason::Eos);
    let (seed, expected): (u64, Answer) = ended.expect("one of 4000 tokens");
    let (found, _) = answer(&mut drafted_by(tiny()), &ids, &hot(seed));
    assert_eq!(found, expected);
}

#[test]
fn up_to_the_end_of_the_context() {
    for room in [0, 6] {
        let ids = prompt(2, CONTEXT - room);
        let options = GenerateOptions {
            max_tokens: None,
            ..greedy(0)
        };
        expect_same(&ids, &options);
    }
}

/// Until the window is full, drafts are checked; past it, tokens that leave for a draft could not be brought back.
#[test]
fn while_it_slides() {
    let ids = prompt(1, CONTEXT - 20);
    let mut without = plain();
    without.set_overflow(Overflow::slide()).expect("room");
    let (expected, _) = answer(&mut without, &ids, &greedy(45));
    let mut with = drafted_by(tiny());
    with.set_overflow(Overflow::slide()).expect("room");
    let (found, timings) = answer(&mut with, &ids, &greedy(45));
    assert_eq!(found, expected);
    assert!(timings.accepted > 3 && timings.drafted < 20, "{timings:?}");
    assert!(timings.decode_passes >= 25, "{timings:?}");
}

/// Work in pieces that are measured, with a model that drafts in pieces as well.
#[test]
fn within_a_frame_budget() {
    let ids = prompt(2, 20);
    let (expected, _) = answer(&mut plain(), &ids, &greedy(12));
    let mut session = drafted_by(tiny());
    session.set_frame_budget(Some(Duration::from_millis(1)));
    assert_eq!(answer(&mut session, &ids, &greedy(12)).0, expected);
    session.set_speculation(Speculation::Off).expect("off");
    session.set_speculation(Speculation::Lookup).expect("on");
    assert_eq!(answer(&mut session, &ids, &greedy(12)).0, expected);
}

/// Layers that are read from the file again for every step are read once for a token and its drafts.
#[test]
fn from_streamed_layers() {
    let options = LoadOptions {
        streamed_layers: 2,
        ..options()
    };
    let model = load(runtime(), data("llama3-tiny/q4_0.gguf"), &options);
    let mut session = model.session().expect("a session");
    session.set_speculation(Speculation::Lookup).expect("on");
    let ids = prompt(2, 20);
    let (expected, _) = answer(&mut plain(), &ids, &greedy(24));
    let (found, timings) = answer(&mut session, &ids, &greedy(24));
    assert_eq!(found, expected);
    assert!(timings.accepted > 3, "{timings:?}");
}

#[test]
fn by_the_references() {
    let cpu = own_runtime(Adapter::Cpu, None);
    let model = load(&cpu, data("llama3-tiny/q4_0.gguf"), &options());
    let mut session = model.session().expect("a session");
    session.set_speculation(Speculation::Lookup).expect("on");
    let ids = prompt(2, 20);
    let (expected, _) = answer(&mut drafting(Speculation::Off), &ids, &greedy(24));
    let (found, timings) = answer(&mut session, &ids, &greedy(24));
    assert_eq!(found, expected);
    assert!(timings.accepted > 3, "{timings:?}");
}
