//! Pausing and cancelling from another thread: how many submits come after that is counted.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use lorgnette::{Adapter, Prompt, Runtime, StopReason, Trim};
use lorgnette_tests::own_runtime;

use super::{Told, answer, fuse, greedy, options, prompt, seeded, tiny, tiny_on};

/// Everything submitted so far.
fn submits(runtime: &Runtime) -> u64 {
    let counters = runtime.counters();
    counters.submits + counters.copies
}

/// What would come would come within that.
const A_WHILE: Duration = Duration::from_millis(40);

/// Tokens of an answer that is not done before another thread gets to cancel it.
const LONG: usize = 150;

/// Does `work` on another thread, and once the device has done so many dispatches of it, `then` here.
fn meanwhile<T: Send>(
    runtime: &Runtime,
    dispatches: u64,
    work: impl FnOnce() -> T + Send,
    then: impl FnOnce(),
) -> T {
    let before = runtime.counters().dispatches;
    thread::scope(|scope| {
        let working = scope.spawn(work);
        while runtime.counters().dispatches < before + dispatches && !working.is_finished() {
            thread::yield_now();
        }
        then();
        working.join().expect("no panic")
    })
}

/// Nothing is submitted from here to the end of the pause.
fn is_quiet(runtime: &Runtime) {
    runtime.pause();
    assert!(runtime.is_paused());
    let before = submits(runtime);
    thread::sleep(A_WHILE);
    assert_eq!(submits(runtime), before, "while it is paused");
}

#[test]
fn in_a_prompt_and_in_an_answer() {
    let _alone = fuse::alone();
    let runtime = fuse::runtime();
    let ids = prompt(5, 40);
    for options in [greedy(4), seeded(4, 3)] {
        let mut session = tiny().session().expect("a session");
        let expected = answer(&mut session, &ids, &options);
        for dispatches in [5, 40, 80] {
            session.truncate(0);
            let work = || answer(&mut session, &ids, &options);
            let told = meanwhile(runtime, dispatches, work, || {
                is_quiet(runtime);
                runtime.resume();
            });
            assert_eq!(told, expected);
        }
    }
    assert!(!runtime.is_paused());
}

/// A cancel ends what waits, also where another session is in the middle of a step.
#[test]
fn cancelled_in_a_pause() {
    let _alone = fuse::alone();
    let runtime = fuse::runtime();
    let ids = prompt(5, 60);
    let mut sessions = [tiny(), tiny()].map(|model| model.session().expect("a session"));
    let cancellers = [0, 1].map(|i: usize| sessions[i].canceller());
    let [one, two] = &mut sessions;
    thread::scope(|scope| {
        let started = submits(runtime);
        let working = [one, two].map(|session| {
            let ids = &ids;
            scope.spawn(move || {
                let told = answer(session, ids, &greedy(LONG));
                (told, answer(session, ids, &greedy(0)).stop)
            })
        });
        while submits(runtime) < started + 4 {
            thread::yield_now();
        }
        is_quiet(runtime);
        let before = submits(runtime);
        for canceller in cancellers {
            canceller.cancel();
        }
        // The answers end; the next ones wait.
        thread::sleep(A_WHILE);
        assert_eq!(submits(runtime), before, "while it is paused");
        runtime.resume();
        for working in working {
            let (told, next) = working.join().expect("no panic");
            assert_eq!(told.stop, Some(StopReason::Cancelled));
            assert_eq!(next, Some(StopReason::Length), "the next one is answered");
        }
    });
}

/// Behind a cancel comes at most the submit that was being made.
#[test]
fn a_cancel_is_one_submit_away() {
    let _alone = fuse::alone();
    let runtime = fuse::runtime();
    let ids = prompt(5, 60);
    let mut session = tiny().session().expect("a session");
    let expected = answer(&mut session, &ids, &greedy(LONG));
    for dispatches in [5, 60] {
        session.truncate(0);
        let canceller = session.canceller();
        let mut at_cancel = 0;
        let work = || answer(&mut session, &ids, &greedy(LONG));
        let told = meanwhile(runtime, dispatches, work, || {
            canceller.cancel();
            at_cancel = submits(runtime);
        });
        let behind = submits(runtime) - at_cancel;
        assert_eq!(told.stop, Some(StopReason::Cancelled));
        assert!(behind <= 1, "{behind} submits behind the cancel");
        assert_eq!(answer(&mut session, &ids, &greedy(LONG)), expected);
    }
}

/// Loads and sessions wait too; what needs no GPU does not.
#[test]
fn what_begins_in_a_pause() {
    let _alone = fuse::alone();
    let runtime = fuse::runtime();
    let expected = answer(
        &mut tiny().session().expect("one"),
        &prompt(1, 9),
        &greedy(2),
    );
    tiny().trim(Trim::Weights);
    is_quiet(runtime);
    let before = submits(runtime);
    let (tell, told) = mpsc::channel();
    thread::scope(|scope| {
        let tell_other = tell.clone();
        scope.spawn(move || {
            let mut session = tiny().session().expect("a session");
            tell.send(answer(&mut session, &prompt(1, 9), &greedy(2)))
        });
        scope.spawn(move || {
            let model = tiny_on(runtime, &options());
            let mut session = model.session().expect("a session");
            tell_other.send(answer(&mut session, &prompt(1, 9), &greedy(2)))
        });
        thread::sleep(A_WHILE);
        assert_eq!(submits(runtime), before, "both wait");
        assert!(told.try_recv().is_err());
        runtime.resume();
    });
    assert_eq!(
        told.iter().collect::<Vec<Told>>(),
        [expected.clone(), expected]
    );
}

#[test]
fn without_a_gpu() {
    let runtime = own_runtime(Adapter::Cpu, None);
    let model = tiny_on(&runtime, &options());
    let mut session = model.session().expect("a session");
    let expected = answer(&mut session, &prompt(1, 5), &greedy(2));
    session.truncate(0);
    assert!(model.trim(Trim::Sessions) > 0);
    runtime.pause();
    let (tell, told) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(|| {
            let ids = prompt(1, 5);
            let generation = session.generate(Prompt::Ids(&ids), &greedy(2));
            let mut heard = Told::default();
            generation
                .expect("starts")
                .for_each(|event| heard.hear(event.expect("no error")));
            tell.send(heard)
        });
        thread::sleep(A_WHILE);
        assert!(told.try_recv().is_err(), "it waits");
        runtime.resume();
        assert_eq!(told.recv(), Ok(expected));
    });
}
