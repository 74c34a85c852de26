//! Second turns: what a session has read is not read again. Counted in tokens, by the session and by the answer's own
//! timings.

use lorgnette::{Event, Prompt};

use super::{Answer, answer, greedy, prompt, session};

/// The next prompt of a chat: all that was said, and more.
#[test]
fn only_new_tokens_are_read() {
    let mut session = session();
    let first = prompt(1, 40);
    let one = answer(&mut session, &first, &greedy(8));
    assert_eq!(one.timings.prefill_tokens, 40);
    assert_eq!(session.prefilled(), 40);
    assert_eq!(one.ids.len(), 8);
    // The last token of an answer was told, but has not gone through the model.
    assert_eq!(one.timings.decode_tokens, 7);
    assert_eq!(session.ids(), [first.as_slice(), &one.ids[..7]].concat());

    let second = [first.as_slice(), &one.ids, &prompt(7, 20)].concat();
    let two = answer(&mut session, &second, &greedy(8));
    assert_eq!(two.timings.prefill_tokens, 21);
    assert_eq!(session.prefilled(), 61);
    let mut fresh = super::session();
    assert_eq!(two.ids, answer(&mut fresh, &second, &greedy(8)).ids);
    assert_eq!(fresh.prefilled(), 68);
}

/// A regenerated answer: one token has to be read for the logits behind it.
#[test]
fn the_same_prompt_again() {
    let mut session = session();
    let ids = prompt(2, 40);
    let one = answer(&mut session, &ids, &greedy(8));
    let again = answer(&mut session, &ids, &greedy(8));
    assert_eq!(again.timings.prefill_tokens, 1);
    assert_eq!(session.prefilled(), 41);
    assert_eq!(one.ids, again.ids);
}

/// An edited message: what was before it stays.
#[test]
fn a_prompt_that_parts_in_the_middle() {
    let mut session = session();
    let mut ids = prompt(3, 40);
    answer(&mut session, &ids, &greedy(4));
    ids[25] = 479;
    ids.truncate(30);
    let edited = answer(&mut session, &ids, &greedy(8));
    assert_eq!(edited.timings.prefill_tokens, 5);
    let fresh = answer(&mut super::session(), &ids, &greedy(8));
    assert_eq!(edited.ids, fresh.ids);
}

#[test]
fn a_truncated_session() {
    let mut session = session();
    let ids = prompt(4, 40);
    let expected = session.logits(&ids).expect("logits");
    session.truncate(10);
    assert_eq!(session.ids(), &ids[..10]);
    // Other chunks give the same numbers but for rounding.
    let again = session.logits(&ids).expect("logits");
    assert_eq!(session.prefilled(), 40 + 30);
    assert!(lorgnette_tests::max_distance(&again, &expected) < 1e-3);
}

/// Scores start from nothing and leave what they read.
#[test]
fn scores_then_an_answer() {
    let mut session = session();
    let ids = prompt(5, 40);
    assert_eq!(session.score(&ids).expect("scores").len(), 39);
    assert_eq!(session.ids(), &ids[..39]);
    let scored = answer(&mut session, &ids, &greedy(8));
    assert_eq!(scored.timings.prefill_tokens, 1);
    let fresh = answer(&mut super::session(), &ids, &greedy(8));
    assert_eq!(scored.ids, fresh.ids);
}

#[test]
fn the_prompt_s_ids_are_told() {
    let mut session = session();
    let ids = prompt(6, 12);
    let mut generation = session
        .generate(Prompt::Ids(&ids), &greedy(2))
        .expect("starts");
    assert_eq!(generation.prompt_ids(), ids);
    let events: Vec<Event> = generation
        .by_ref()
        .map(|event| event.expect("no error"))
        .collect();
    assert_eq!(generation.prompt_ids(), ids);
    assert_eq!(Answer::of(events).ids.len(), 2);
}
