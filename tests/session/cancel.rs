//! Cancelling: in the middle of a prompt, in the middle of an answer, by dropping it, before it begins. Every time the
//! next answer is that of a fresh session.

use lorgnette::{Adapter, Error, Event, Prompt, Session, StopReason};
use lorgnette_tests::{cancelled_within, own_runtime};

use super::{Answer, CONTEXT, answer, greedy, prompt, session, tiny_on};

/// The session answers as one that nothing has happened to.
fn is_as_fresh(session: &mut Session) {
    for ids in [prompt(9, 40), prompt(8, 5)] {
        let mut fresh = session.model().session().expect("a session");
        let expected = answer(&mut fresh, &ids, &greedy(12));
        assert!(
            expected.ids.len() > 3,
            "tokens to compare: {:?}",
            expected.ids
        );
        assert_eq!(answer(session, &ids, &greedy(12)).ids, expected.ids);
        assert_eq!(session.ids(), fresh.ids());
    }
}

/// Dispatches of the first two chunks, and a few of the third.
fn two_chunks(session: &Session) -> u64 {
    let prefill = &session.model().blueprint().plans[1];
    assert_eq!(prefill.name, "prefill");
    2 * prefill.dispatches().count() as u64 + 1
}

fn is_in_the_middle(session: &Session) {
    let read = session.ids().len();
    assert!(
        (32..CONTEXT as usize).contains(&read) && read.is_multiple_of(16),
        "{read} tokens were read: whole chunks, but not all"
    );
}

#[test]
fn in_the_middle_of_a_prompt() {
    let runtime = own_runtime(Adapter::Auto, None);
    let mut session = tiny_on(&runtime).session().expect("a session");
    let long = prompt(1, CONTEXT);
    let chunks = two_chunks(&session);
    let events: Vec<Event> = cancelled_within(&runtime, &mut session, chunks, |session| {
        let answer = session
            .generate(Prompt::Ids(&long), &greedy(8))
            .expect("starts");
        answer.map(|event| event.expect("no error")).collect()
    });
    let answer = Answer::of(events);
    assert_eq!(answer.stop, StopReason::Cancelled);
    assert!(answer.ids.is_empty() && answer.pieces.is_empty());
    is_in_the_middle(&session);
    assert_eq!(session.ids(), &long[..session.ids().len()]);
    is_as_fresh(&mut session);
}

#[test]
fn in_the_middle_of_logits() {
    let runtime = own_runtime(Adapter::Auto, None);
    let mut session = tiny_on(&runtime).session().expect("a session");
    let long = prompt(1, CONTEXT);
    let chunks = two_chunks(&session);
    let result = cancelled_within(&runtime, &mut session, chunks, |session| {
        session.logits(&long)
    });
    assert!(matches!(result, Err(Error::Cancelled)), "{result:?}");
    is_in_the_middle(&session);
    // What was read is used again, and the end of it is right.
    let expected = session.model().session().expect("a session").logits(&long);
    let again = session.logits(&long).expect("logits");
    assert_eq!(again, expected.expect("logits"));
    is_as_fresh(&mut session);
}

#[test]
fn in_the_middle_of_an_answer() {
    let mut session = session();
    let canceller = session.canceller();
    let ids = prompt(2, 20);
    let whole = answer(&mut session, &ids, &greedy(24));
    assert!(
        whole.ids.len() > 8,
        "tokens to cancel between: {:?}",
        whole.ids
    );
    for kept in [1, 3] {
        let generation = session
            .generate(Prompt::Ids(&ids), &greedy(24))
            .expect("starts");
        let events: Vec<Event> = generation
            .map(|event| event.expect("no error"))
            .scan(0, |tokens, event| {
                *tokens += usize::from(matches!(event, Event::Token { .. }));
                if *tokens == kept {
                    canceller.cancel();
                }
                Some(event)
            })
            .collect();
        let part = Answer::of(events);
        assert_eq!(part.stop, StopReason::Cancelled);
        assert_eq!(part.ids, whole.ids[..kept]);
        assert!(whole.text().starts_with(&part.text()));
        is_as_fresh(&mut session);
    }
}

#[test]
fn before_it_begins() {
    let mut session = session();
    let canceller = session.canceller();
    // Meant for an answer that is over already: the next one does not feel it.
    canceller.cancel();
    let ids = prompt(2, 20);
    assert_eq!(
        answer(&mut session, &ids, &greedy(4)).stop,
        StopReason::Length
    );
    let generation = session
        .generate(Prompt::Ids(&ids), &greedy(4))
        .expect("starts");
    canceller.cancel();
    let part = Answer::of(generation.map(|event| event.expect("no error")));
    assert_eq!(part.stop, StopReason::Cancelled);
    assert!(part.ids.is_empty());
    is_as_fresh(&mut session);
}

#[test]
fn by_dropping_it() {
    let mut session = session();
    let ids = prompt(3, 20);
    for events in [0, 1, 2, 5] {
        let generation = session
            .generate(Prompt::Ids(&ids), &greedy(24))
            .expect("starts");
        assert_eq!(generation.take(events).count(), events);
        is_as_fresh(&mut session);
    }
}
