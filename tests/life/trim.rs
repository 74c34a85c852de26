//! Memory that is given back: as many bytes as the plan has for it, and the same answers behind it.

use lorgnette::{LoadOptions, Prompt, Trim};

use super::{answer, fuse, greedy, options, prompt, seeded, tiny_on};

#[test]
fn by_the_bytes_of_the_plan() {
    let _alone = fuse::alone();
    let runtime = fuse::runtime();
    for options in [
        options(),
        LoadOptions {
            streamed_layers: 2,
            ..options()
        },
    ] {
        let others = runtime.counters().live_bytes;
        let live = || runtime.counters().live_bytes - others;
        let model = tiny_on(runtime, &options);
        let memory = model.memory().clone();
        let mut sessions = [1, 2].map(|seed| {
            let mut session = model.session().expect("a session");
            let told = answer(&mut session, &prompt(seed, 20), &seeded(3, 4));
            (session, told)
        });
        assert_eq!(live(), memory.held() + 2 * memory.session.total());
        assert_eq!(model.trim(Trim::Sessions), 2 * memory.session.total());
        assert_eq!(live(), memory.held());
        assert_eq!(model.trim(Trim::Sessions), 0);
        // One of them comes back and goes on: only its new tokens are a prompt.
        let (session, told) = &mut sessions[0];
        let before = session.prefilled();
        let next = [session.ids(), &prompt(7, 4)].concat();
        let after = answer(session, &next, &seeded(3, 4));
        assert_eq!(session.prefilled() - before, 4);
        assert_eq!(live(), memory.held() + memory.session.total());
        assert_eq!(
            model.trim(Trim::Weights),
            memory.held() + memory.session.total()
        );
        assert_eq!(live(), 0);
        assert_eq!(model.trim(Trim::Weights), 0);
        session.truncate(0);
        assert_eq!(&answer(session, &prompt(1, 20), &seeded(3, 4)), told);
        assert_eq!(answer(session, &next, &seeded(3, 4)), after);
        assert_eq!(live(), memory.held() + memory.session.total());
        // Nobody waits for sessions that are gone.
        drop(sessions);
        assert_eq!(model.trim(Trim::Sessions), 0);
        assert_eq!(live(), memory.held());
    }
}

/// What is in use stays, whatever is asked for.
#[test]
fn in_the_middle_of_an_answer() {
    let _alone = fuse::alone();
    let model = tiny_on(fuse::runtime(), &options());
    let memory = model.memory().clone();
    let mut idle = model.session().expect("a session");
    let expected = answer(&mut idle, &prompt(3, 20), &greedy(6));
    let mut session = model.session().expect("a session");
    let ids = prompt(3, 20);
    let mut generation = session
        .generate(Prompt::Ids(&ids), &greedy(6))
        .expect("starts");
    let mut told = super::Told::default();
    for turn in 0.. {
        let Some(event) = generation.next() else {
            break;
        };
        told.hear(event.expect("no error"));
        let level = if turn % 2 == 0 {
            Trim::Weights
        } else {
            Trim::Sessions
        };
        let others = if turn == 0 { memory.session.total() } else { 0 };
        assert_eq!(model.trim(level), others, "the other session, once");
    }
    drop(generation);
    assert_eq!(told, expected);
    assert_eq!(
        model.trim(Trim::Weights),
        memory.held() + memory.session.total()
    );
}
