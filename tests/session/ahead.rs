//! A token's step is on its way before the token is told. Where an answer ends there, nothing of that step is left: the
//! session is as one whose tokens the host chooses, one step behind the other. When steps are submitted is counted in
//! `lean`.

use lorgnette::{Event, GenerateOptions, Prompt, Session, StopReason};

use super::{Answer, CONTEXT, answer, greedy, prompt, seeded, session};

/// The same answer without any step ahead.
fn by_host(options: &GenerateOptions) -> GenerateOptions {
    GenerateOptions {
        log_probabilities: true,
        ..options.clone()
    }
}

/// Bit for bit the same behind the same further tokens, and the same next answer.
fn are_alike(mut one: Session, mut other: Session) {
    assert_eq!(one.ids(), other.ids());
    let before = [one.prefilled(), other.prefilled()];
    for more in [1, 20] {
        let longer = [one.ids(), &prompt(7, more)].concat();
        let found = one.logits(&longer).expect("logits");
        assert_eq!(found, other.logits(&longer).expect("logits"));
    }
    assert_eq!(one.prefilled() - before[0], other.prefilled() - before[1]);
    let next = [one.ids(), &[5]].concat();
    let found = answer(&mut one, &next, &seeded(6, 4));
    let expected = answer(&mut other, &next, &by_host(&seeded(6, 4)));
    assert_eq!(found.ids, expected.ids);
    assert_eq!(one.ids(), other.ids());
}

/// Both ways of the same answer, of which `cut` takes as many events as it likes.
fn both_ways(options: &GenerateOptions, cut: impl Fn(&mut dyn Iterator<Item = Event>)) {
    let ids = prompt(2, 20);
    let [one, other] = [options.clone(), by_host(options)].map(|options| {
        let mut session = session();
        let generation = session
            .generate(Prompt::Ids(&ids), &options)
            .expect("starts");
        cut(&mut generation.map(|event| event.expect("no error")));
        session
    });
    are_alike(one, other);
}

#[test]
fn dropped_after_any_event() {
    for options in [greedy(24), seeded(24, 9)] {
        for events in [1, 2, 3, 7] {
            both_ways(&options, |all| assert_eq!(all.take(events).count(), events));
        }
    }
}

#[test]
fn stopped_by_a_string() {
    let ids = prompt(2, 20);
    let whole = answer(&mut session(), &ids, &greedy(24)).text();
    for length in [2, 12] {
        let stop: String = whole.chars().skip(1).take(length).collect();
        let options = GenerateOptions {
            stop: vec![stop],
            ..greedy(24)
        };
        both_ways(&options, |all| {
            assert_eq!(Answer::of(all).stop, StopReason::Stop);
        });
    }
}

/// The step behind a token that ends is not one of the answer.
#[test]
fn ended_by_the_model() {
    let hot = |seed| GenerateOptions {
        sampling: lorgnette::Sampling {
            temperature: 50.0,
            top_k: 0,
            top_p: 1.0,
            min_p: 0.0,
            seed,
            ..Default::default()
        },
        ..greedy(60)
    };
    let ends = |seed: &u64| {
        let ended = answer(&mut session(), &prompt(2, 20), &hot(*seed));
        ended.stop == StopReason::Eos
    };
    let seed = (0..40).find(ends).expect("one of 2400 tokens ends");
    both_ways(&hot(seed), |all| {
        assert_eq!(Answer::of(all).stop, StopReason::Eos);
    });
}

/// The last position of the context has no step behind it.
#[test]
fn at_the_end_of_the_context() {
    let ids = prompt(2, CONTEXT - 3);
    let options = GenerateOptions {
        max_tokens: None,
        ignore_end: true,
        ..greedy(0)
    };
    let [one, other] = [options.clone(), by_host(&options)].map(|options| {
        let mut session = session();
        let answer = answer(&mut session, &ids, &options);
        assert_eq!((answer.ids.len(), answer.stop), (4, StopReason::Context));
        (answer.ids, session.ids().to_vec())
    });
    assert_eq!(one, other);
}
