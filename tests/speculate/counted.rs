//! What drafts cost and save, counted on a device of their own.

use lorgnette::{
    Adapter, Event, GenerateOptions, LoadOptions, Prompt, Sampling, Speculation, Timings,
};
use lorgnette_tests::{data, load, own_runtime};

use super::{answer, drafted_by, drafting, greedy, options, prompt, tiny};

/// Text that repeats itself, as random models do before long.
#[test]
fn what_repeats_takes_half_of_the_passes_or_less() {
    let mut session = drafting(Speculation::Lookup);
    for seed in [0, 6] {
        let (_, timings) = answer(&mut session, &prompt(seed, 20), &greedy(64));
        assert!(
            timings.decode_passes * 2 <= timings.decode_tokens,
            "{timings:?}"
        );
    }
    let (_, timings) = answer(&mut drafted_by(tiny()), &prompt(1, 20), &greedy(64));
    // Two are drafted, then four, then seven at a time.
    assert_eq!((timings.decode_tokens, timings.decode_passes), (63, 9));
}

/// Text that nobody can foresee: drafts stop, are tried again now and then, and cost little. A model that drafts is not
/// asked in between.
#[test]
fn what_is_never_accepted_is_hardly_drafted() {
    let options = GenerateOptions {
        sampling: Sampling {
            temperature: 50.0,
            top_k: 0,
            top_p: 1.0,
            min_p: 0.0,
            ..Default::default()
        },
        ..greedy(120)
    };
    let (_, timings) = answer(&mut drafted_by(tiny()), &prompt(3, 20), &options);
    assert!(timings.drafted > 2, "tried again: {timings:?}");
    let saved = 2 * timings.accepted;
    let most = 2 + timings.decode_tokens / 16 + saved;
    assert!(timings.drafted <= most, "{timings:?}");
    assert!(timings.accepted <= 3, "{timings:?}");
}

/// A step of several rows is one submit and brings back four bytes a row. Nothing is made for it.
#[test]
fn a_check_is_one_step() {
    let runtime = own_runtime(Adapter::Auto, None);
    let model = load(&runtime, data("llama3-tiny/q4_0.gguf"), &options());
    let mut session = model.session().expect("a session");
    session.set_speculation(Speculation::Lookup).expect("on");
    let ids = prompt(6, 20);
    let mut events = session
        .generate(Prompt::Ids(&ids), &greedy(40))
        .expect("starts");
    events.next().expect("a token").expect("no error");
    let before = runtime.counters();
    let mut timings = Timings::default();
    for event in events {
        if let Event::Done { timings: all, .. } = event.expect("no error") {
            timings = all;
        }
    }
    let counted = runtime.counters() - before;
    assert!(timings.accepted > 10, "{timings:?}");
    let rows = timings.decode_passes + timings.drafted;
    assert_eq!(counted.read_back_bytes, 4 * rows as u64);
    // The first of them may have been submitted before the token was told.
    let passes = timings.decode_passes as u64;
    assert!(
        (passes - 1..=passes).contains(&counted.submits),
        "{counted:?}"
    );
    let made = (counted.buffers, counted.bind_groups, counted.pipelines);
    assert_eq!(made, (0, 0, 0));
}

/// Who does not ask for speculation has no plan for it and pays nothing.
#[test]
fn only_who_asks_pays() {
    let with = tiny().blueprint();
    let runtime = own_runtime(Adapter::Cpu, None);
    let options = LoadOptions {
        speculation: false,
        ..options()
    };
    let model = load(&runtime, data("llama3-tiny/q4_0.gguf"), &options);
    let without = model.blueprint();
    let names = |plans: &[lorgnette::plan::Plan]| -> Vec<&str> {
        plans.iter().map(|plan| plan.name).collect()
    };
    assert_eq!(names(&without.plans), ["decode", "prefill", "score"]);
    assert_eq!(names(&with.plans), ["decode", "prefill", "score", "few"]);
    let row = 4 * with.config.vocabulary as u64;
    assert_eq!(without.memory.session.readback, row);
    assert_eq!(with.memory.session.readback, 8 * row);
    assert!(with.memory.total(1) > without.memory.total(1));
}
