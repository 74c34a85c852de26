//! How far an answer is made ahead of an app that is busy: counted in submits, and never a part of a token.

use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::{Duration, Instant};

use lorgnette_bindings::{Listener, Pulled, Speculation, StopReason};

use super::{ask, greedy, load, open, prompt, rest, runtime, stop};

#[test]
fn no_more_is_made_ahead_than_may_be() {
    let runtime = open();
    let model = load(&runtime);
    let submits = || runtime.counters().submits;
    let before = submits();
    // No step is submitted behind the only token.
    rest(&ask(&model.session().expect("a session"), 20, greedy(1)));
    let asking = submits() - before;
    for ahead in [0, 1, 3, 8] {
        let session = model.session().expect("a session");
        let before = submits();
        let answer = session.answer(prompt(20), greedy(200), ahead, None);
        let answer = answer.expect("starts");
        let mut taken = 0;
        for _ in 0..6 {
            // The app is busy: the prompt, and the step behind each token that was taken or waits, which is one more.
            let made = match taken + u64::from(ahead) {
                0 => 0,
                tokens => asking + tokens + 1,
            };
            let late = Instant::now() + Duration::from_secs(60);
            while submits() - before < made && Instant::now() < late {
                sleep(Duration::from_millis(1));
            }
            // Long enough for more.
            sleep(Duration::from_millis(40));
            assert_eq!(submits() - before, made, "{ahead} ahead");
            let batch = answer.next().expect("no error").expect("a batch");
            taken += batch.tokens.len() as u64;
        }
        let at_cancel = submits();
        answer.cancel();
        let rest = rest(&answer);
        assert_eq!(stop(&rest), Some(StopReason::Cancelled));
        let behind = submits() - at_cancel;
        assert!(behind <= 1, "{behind} submits behind the cancel");
    }
}

#[test]
fn nothing_is_made_ahead_where_a_token_is_not_one_submit() {
    let runtime = open();
    let session = load(&runtime).session().expect("a session");
    // Each of its submits is waited for.
    session
        .set_frame_budget(Some(Duration::from_micros(1)))
        .expect("idle");
    let answer = session
        .answer(prompt(20), greedy(200), 0, None)
        .expect("starts");
    for _ in 0..6 {
        answer.next().expect("no error").expect("a batch");
        let taken = runtime.counters().submits;
        sleep(Duration::from_millis(40));
        assert_eq!(runtime.counters().submits, taken);
    }
}

#[test]
fn what_comes_with_a_token_comes_with_it() {
    let model = load(runtime());
    for speculation in [Speculation::Off, Speculation::Lookup] {
        let session = model.session().expect("a session");
        session.set_speculation(speculation).expect("loaded for it");
        let answer = session
            .answer(prompt(20), greedy(40), 0, None)
            .expect("starts");
        let mut taken = 0;
        while taken < 40 {
            let batch = answer.next().expect("no error").expect("a batch");
            assert!(!batch.tokens.is_empty());
            taken += batch.tokens.len();
            assert_eq!(batch.done.is_some(), taken == 40, "{taken}");
        }
        assert_eq!(answer.next().expect("no error"), None);
    }
}

struct Told(Mutex<Sender<()>>);

impl Listener for Told {
    fn ready(&self) {
        // Nobody listens behind the end.
        self.0.lock().expect("no panic").send(()).unwrap_or(());
    }
}

#[test]
fn who_is_told_need_not_wait() {
    let model = load(runtime());
    let expected = rest(&ask(&model.session().expect("a session"), 20, greedy(40)));
    for ahead in [0, 8] {
        let session = model.session().expect("a session");
        let (sender, told) = channel();
        let listener: Arc<dyn Listener> = Arc::new(Told(Mutex::new(sender)));
        let answer = session.answer(prompt(20), greedy(40), ahead, Some(listener));
        let answer = answer.expect("starts");
        let (mut tokens, mut text, mut done) = (Vec::new(), String::new(), None);
        loop {
            match answer.pull().expect("no error") {
                Pulled::Ready { batch } => {
                    tokens.extend(batch.tokens);
                    text += &batch.text;
                    done = batch.done.or(done);
                }
                // What comes behind this is told.
                Pulled::Later => told.recv_timeout(Duration::from_secs(60)).expect("told"),
                Pulled::Ended => break,
            }
            if done.is_some() {
                // The session is free behind the last batch.
                assert_eq!(session.tokens().expect("idle").len(), 59);
            }
        }
        assert_eq!(
            (tokens, text),
            (expected.tokens.clone(), expected.text.clone())
        );
        assert_eq!(done.map(|done| done.stop), Some(StopReason::Length));
    }
}
