//! Prompts and options that cannot be used: an error says so, and the session goes on. Broken model files are tried in
//! `badinput`.

use lorgnette::{Error, GenerateOptions, Prompt, Sampling, Session};

use super::{CONTEXT, answer, greedy, prompt, session, tiny};

type Refusal = Result<(), Error>;

/// By each way in.
fn refusals(session: &mut Session, ids: &[u32]) -> [Refusal; 3] {
    [
        session.logits(ids).map(drop),
        session.score(ids).map(drop),
        session.generate(Prompt::Ids(ids), &greedy(1)).map(drop),
    ]
}

#[test]
fn no_prompt() {
    let mut session = session();
    for refusal in refusals(&mut session, &[]) {
        let error = refusal.expect_err("nothing to read");
        assert!(matches!(error, Error::Input { .. }), "{error:?}");
        assert!(error.to_string().contains("at least one token"), "{error}");
    }
}

#[test]
fn a_prompt_longer_than_the_context() {
    let mut session = session();
    for refusal in refusals(&mut session, &prompt(1, CONTEXT + 1)) {
        match refusal.expect_err("too long") {
            Error::Context { needed, available } => assert_eq!((needed, available), (257, 256)),
            error => panic!("{error:?}"),
        }
    }
}

#[test]
fn ids_that_are_none() {
    let mut session = session();
    let vocabulary = tiny().config().vocabulary as u32;
    for id in [vocabulary, u32::MAX] {
        for refusal in refusals(&mut session, &[1, id]) {
            let error = refusal.expect_err("no such token");
            assert!(matches!(error, Error::Input { .. }), "{error:?}");
            let text = error.to_string();
            assert!(
                text.contains("below 512") && text.contains(&id.to_string()),
                "{text}"
            );
        }
    }
    session
        .logits(&[vocabulary - 1])
        .expect("the last token is one");
}

#[test]
fn options_that_are_none() {
    let mut session = session();
    let hot = |temperature| GenerateOptions {
        sampling: Sampling {
            temperature,
            ..Default::default()
        },
        ..greedy(1)
    };
    let empty_stop = GenerateOptions {
        stop: vec![String::new()],
        ..greedy(1)
    };
    for (options, part) in [
        (hot(-1.0), "temperature"),
        (hot(f32::NAN), "temperature"),
        (empty_stop, "stop string"),
    ] {
        let refusal = session.generate(Prompt::Ids(&[1]), &options).map(drop);
        let error = refusal.expect_err("no such option");
        assert!(matches!(error, Error::Input { .. }), "{error:?}");
        assert!(error.to_string().contains(part), "{error}");
    }
}

/// An error changes nothing: what was read before is still there.
#[test]
fn the_session_goes_on() {
    let mut session = session();
    let ids = prompt(4, 20);
    let expected = answer(&mut session, &ids, &greedy(6));
    let before = session.ids().to_vec();
    for bad in [vec![], prompt(1, CONTEXT + 1), vec![1, 512]] {
        for refusal in refusals(&mut session, &bad) {
            refusal.expect_err("a bad prompt");
        }
    }
    assert_eq!(session.ids(), before);
    let again = answer(&mut session, &ids, &greedy(6));
    assert_eq!(again.timings.prefill_tokens, 1);
    assert_eq!(again.ids, expected.ids);
}
