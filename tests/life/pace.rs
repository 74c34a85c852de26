//! A pace: the text is the same, tokens are no faster than that, and nothing is on the GPU between them. The schedule's own
//! arithmetic is tested where it is.

use std::thread;
use std::time::{Duration, Instant};

use lorgnette::{
    Error, Event, GenerateOptions, LoadOptions, Pace, Prompt, Session, Speculation, StopReason,
    Thermal,
};

use super::{Told, answer, fuse, greedy, options, prompt, seeded, tiny, tiny_on};

/// What a paced answer told, and when each token came, from the first; and that each token but the last has its one step,
/// which no call before it has submitted.
fn paced(session: &mut Session, options: &GenerateOptions, lone: bool) -> (Told, Vec<Duration>) {
    let runtime = fuse::runtime();
    let ids = prompt(2, 20);
    let chunk = session.model().blueprint().plans[1].segments.len() as u64;
    let (mut told, mut times) = (Told::default(), Vec::new());
    let mut generation = session
        .generate(Prompt::Ids(&ids), options)
        .expect("starts");
    loop {
        let before = runtime.counters().submits;
        let Some(event) = generation.next() else {
            break;
        };
        let event = event.expect("no error");
        let submits = runtime.counters().submits - before;
        if matches!(event, Event::Token { .. }) {
            // The prompt is two chunks.
            let most = if told.ids.is_empty() { chunk * 2 } else { 1 };
            assert!(
                submits <= most && (submits > 0 || !lone),
                "{submits} submits"
            );
            times.push(Instant::now());
        } else {
            assert_eq!(submits, 0, "nothing ahead of its time");
        }
        told.hear(event);
    }
    let first = times[0];
    (told, times.into_iter().map(|time| time - first).collect())
}

/// Tokens 0 to n take n periods at least, but for what the first one was told late.
fn are_slow(times: &[Duration], period: Duration) {
    let slack = Duration::from_millis(1);
    let all = times.last().expect("tokens");
    assert!(
        *all + period + slack >= period * (times.len() as u32 - 1),
        "{times:?}"
    );
}

#[test]
fn the_same_text_and_nothing_between() {
    let _alone = fuse::alone();
    let period = Duration::from_millis(50);
    for options in [greedy(6), seeded(6, 2)] {
        let mut session = tiny().session().expect("a session");
        let expected = answer(&mut session, &prompt(2, 20), &options);
        session.truncate(0);
        session.set_pace(Pace::TokensPerSecond(20.0));
        let (told, times) = paced(&mut session, &options, true);
        assert_eq!(told, expected);
        are_slow(&times, period);
    }
}

/// Drafted tokens that are accepted come one by one all the same.
#[test]
fn with_drafts() {
    let _alone = fuse::alone();
    let options = LoadOptions {
        speculation: true,
        ..options()
    };
    let model = tiny_on(fuse::runtime(), &options);
    let mut session = model.session().expect("a session");
    let expected = answer(&mut session, &prompt(2, 20), &greedy(24));
    session.truncate(0);
    session
        .set_speculation(Speculation::Lookup)
        .expect("drafts");
    session.set_pace(Pace::TokensPerSecond(50.0));
    let (told, times) = paced(&mut session, &greedy(24), false);
    assert_eq!(told, expected);
    are_slow(&times, Duration::from_millis(20));
}

/// A token an hour: only a change ends the waiting.
#[test]
fn waiting_ends_at_once() {
    let _alone = fuse::alone();
    let runtime = fuse::runtime();
    let mut session = tiny().session().expect("a session");
    let expected = answer(&mut session, &prompt(2, 20), &greedy(4));
    session.truncate(0);
    session.set_pace(Pace::TokensPerSecond(1.0 / 3600.0));
    let canceller = session.canceller();
    let told = thread::scope(|scope| {
        let working = scope.spawn(|| answer(&mut session, &prompt(2, 20), &greedy(4)));
        let before = runtime.counters().read_back_bytes;
        while runtime.counters().read_back_bytes == before {
            thread::yield_now();
        }
        runtime.pause();
        runtime.resume();
        canceller.cancel();
        working.join().expect("no panic")
    });
    assert_eq!(told.stop, Some(StopReason::Cancelled));
    assert_eq!(told.ids, expected.ids[..1]);
    // The next answer is of a device that cools down.
    session.set_pace(Pace::Thermal);
    runtime.set_thermal(Thermal::Critical);
    assert_eq!(runtime.thermal(), Thermal::Critical);
    let told = thread::scope(|scope| {
        let working = scope.spawn(|| answer(&mut session, &prompt(2, 20), &greedy(4)));
        runtime.set_thermal(Thermal::Nominal);
        working.join().expect("no panic")
    });
    assert_eq!(told, expected);
}

#[test]
fn a_pace_that_is_none() {
    let _alone = fuse::alone();
    let mut session = tiny().session().expect("a session");
    for rate in [0.0, -5.0, f32::NAN] {
        session.set_pace(Pace::TokensPerSecond(rate));
        let refused = session.generate(Prompt::Ids(&[1]), &greedy(1)).map(drop);
        let error = refused.expect_err("no rate");
        assert!(matches!(error, Error::Input { .. }), "{error}");
        assert!(error.to_string().contains("pace"), "{error}");
    }
    session.set_pace(Pace::Full);
    assert_eq!(session.pace(), Pace::Full);
    answer(&mut session, &[1], &greedy(1));
}
