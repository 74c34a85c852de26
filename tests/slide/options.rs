//! What happens when the context is full is said to a session, which begins anew where that changes.

use lorgnette::{Error, Event, GenerateOptions, Overflow, Prompt, Sampling, Session, StopReason};
use lorgnette_tests::runtime;

use super::{sliding, tiny, tokens};

const CONTEXT: u32 = 32;

fn stop(session: &mut Session, ids: &[u32], max_tokens: usize) -> (usize, StopReason) {
    let options = GenerateOptions {
        max_tokens: Some(max_tokens),
        sampling: Sampling::greedy(),
        ignore_end: true,
        ..Default::default()
    };
    let (mut told, mut stop) = (0, None);
    for event in session
        .generate(Prompt::Ids(ids), &options)
        .expect("starts")
    {
        match event.expect("no error") {
            Event::Token { .. } => told += 1,
            Event::Done { stop: reason, .. } => stop = Some(reason),
            Event::Text(_) => {}
        }
    }
    (told, stop.expect("an end"))
}

#[test]
fn stopping_is_the_default_and_sliding_goes_on() {
    let model = tiny(runtime(), CONTEXT);
    let mut session = model.session().expect("a session");
    assert_eq!(session.overflow(), Overflow::Stop);
    let ids = tokens(30);
    assert_eq!(stop(&mut session, &ids, 50), (3, StopReason::Context));
    let long = tokens(33);
    match session.logits(&long).expect_err("too long") {
        Error::Context { needed, available } => assert_eq!((needed, available), (33, 32)),
        error => panic!("{error:?}"),
    }
    session.set_overflow(Overflow::slide()).expect("room");
    assert_eq!(stop(&mut session, &ids, 50), (50, StopReason::Length));
    assert_eq!(stop(&mut session, &long, 50), (50, StopReason::Length));
}

#[test]
fn another_overflow_begins_anew_and_the_same_does_not() {
    let model = tiny(runtime(), CONTEXT);
    let mut session = sliding(&model);
    session.logits(&tokens(20)).expect("logits");
    session.set_overflow(session.overflow()).expect("the same");
    assert_eq!(session.ids().len(), 20);
    let refused = session.set_overflow(Overflow::Slide { keep: CONTEXT });
    let text = refused.expect_err("no room to slide").to_string();
    assert!(
        text.contains("fewer than the context of 32") && text.contains("found 32"),
        "{text}"
    );
    assert_eq!(session.ids().len(), 20, "nothing was changed");
    session
        .set_overflow(Overflow::Slide { keep: CONTEXT - 1 })
        .expect("one row is room");
    assert!(session.ids().is_empty());
    assert!(
        session
            .logits(&tokens(70))
            .expect("logits")
            .iter()
            .all(|v| v.is_finite())
    );
}

/// BOS and the system's words, as the template puts them; and never fewer than the sinks.
#[test]
fn the_opening_of_a_conversation() {
    let model = tiny(runtime(), CONTEXT);
    let message = |role: &str, content: &str| lorgnette::Message {
        role: role.into(),
        content: content.into(),
    };
    let system = [message("system", "Answer in one word.")];
    let opening = model.opening_tokens(&system) as usize;
    let whole = |user: &str| {
        let messages = [system[0].clone(), message("user", user)];
        model.encode(Prompt::Chat(&messages)).expect("encodes")
    };
    let (one, other) = (whole("Why?"), whole("and then"));
    assert_eq!(one[..opening], other[..opening]);
    let text = model.tokenizer().decode(&one[..opening]);
    assert!(text.contains("Answer in one word."), "{text}");
    assert!(
        opening > 10 && opening < one.len() - 3,
        "{opening} of {}",
        one.len()
    );
    assert_eq!(model.opening_tokens(&[]), 4);
}

#[test]
fn keys_of_a_layer_that_is_none() {
    let mut session = tiny(runtime(), CONTEXT).session().expect("a session");
    let error = session.keys(2).expect_err("two layers").to_string();
    assert!(
        error.contains("less than 2") && error.contains("found 2"),
        "{error}"
    );
}
