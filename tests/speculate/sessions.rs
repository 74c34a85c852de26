//! A session that drafts is afterwards as one that does not: whatever ended its answer, and on other answers.

use lorgnette::{Event, Prompt, Speculation, StopReason};
use lorgnette_tests::max_distance;

use super::{all_sources, answer, drafted_by, greedy, plain, prompt, tiny};

#[test]
fn turn_by_turn() {
    let mut without = plain();
    let mut with = all_sources();
    let mut said = Vec::new();
    for turn in 0..3 {
        said.extend(prompt(turn, 15));
        let (expected, _) = answer(&mut without, &said, &greedy(14));
        for (name, session) in &mut with {
            let before = session.prefilled();
            let (found, _) = answer(session, &said, &greedy(14));
            assert_eq!(found, expected, "{name}, turn {turn}");
            assert_eq!(session.ids(), without.ids(), "{name}, turn {turn}");
            // What was drafted and accepted counts as read; the last token was told only.
            let new = if turn == 0 { 15 } else { 16 };
            assert_eq!(session.prefilled() - before, new, "{name}, turn {turn}");
        }
        said.extend(&expected.ids);
    }
    let logits = without.logits(&said).expect("logits");
    for (name, session) in &mut with {
        let found = session.logits(&said).expect("logits");
        assert!(max_distance(&found, &logits) < 2e-2, "{name}");
        let keys = [session.keys(1), without.keys(1)].map(|keys| keys.expect("keys"));
        let read = keys[0].len() / 256 * said.len();
        assert!(
            max_distance(&keys[0][..read], &keys[1][..read]) < 2e-2,
            "{name}"
        );
    }
}

/// A prompt that leaves the answer somewhere among accepted and refused drafts.
#[test]
fn a_prompt_that_parts_from_the_answer() {
    let ids = prompt(10, 20);
    let mut with = drafted_by(super::other());
    let (first, _) = answer(&mut with, &ids, &greedy(30));
    for kept in [5, 16, 29] {
        let next = [&ids, &first.ids[..kept], &prompt(kept as u32, 7)].concat();
        let (expected, _) = answer(&mut plain(), &next, &greedy(8));
        assert_eq!(answer(&mut with, &next, &greedy(8)).0, expected, "{kept}");
    }
}

/// Dropped or cancelled behind any token, the session has read what a plain one has.
#[test]
fn an_answer_that_ends_anywhere() {
    let ids = prompt(2, 20);
    let whole = answer(&mut plain(), &ids, &greedy(16)).0;
    let mut session = drafted_by(tiny());
    for told in 1..14 {
        for cancels in [false, true] {
            let canceller = session.canceller();
            let mut answer = session
                .generate(Prompt::Ids(&ids), &greedy(16))
                .expect("starts");
            let mut tokens = 0;
            while tokens < told {
                let event = answer.next().expect("goes on").expect("no error");
                tokens += usize::from(matches!(event, Event::Token { .. }));
            }
            if cancels {
                canceller.cancel();
                let rest: Vec<Event> = answer.map(|event| event.expect("no error")).collect();
                let more = rest
                    .iter()
                    .any(|event| matches!(event, Event::Token { .. }));
                assert!(!more, "{rest:?}");
                assert!(
                    matches!(
                        rest.last(),
                        Some(Event::Done {
                            stop: StopReason::Cancelled,
                            ..
                        })
                    ),
                    "{rest:?}"
                );
            } else {
                drop(answer);
            }
            let read = [&ids, &whole.ids[..told - 1]].concat();
            assert_eq!(session.ids(), read, "{told}, cancelled {cancels}");
        }
    }
    assert_eq!(answer(&mut session, &ids, &greedy(16)).0, whole);
}

#[test]
fn off_again() {
    let ids = prompt(2, 20);
    let mut session = drafted_by(tiny());
    let (expected, timings) = answer(&mut session, &ids, &greedy(12));
    assert!(timings.drafted > 0);
    assert!(matches!(session.speculation(), Speculation::Model(_)));
    session.set_speculation(Speculation::Off).expect("off");
    let (found, timings) = answer(&mut session, &ids, &greedy(12));
    assert_eq!(found, expected);
    let counts = (timings.drafted, timings.accepted, timings.decode_passes);
    assert_eq!(counts, (0, 0, timings.decode_tokens));
}
