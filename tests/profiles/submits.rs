//! Submits of a step, counted: never more work in one than the profile allows, and no more of them than that takes.

use std::path::Path;
use std::time::Duration;

use lorgnette::plan::{Dispatch, Plan, Step};
use lorgnette::synth::{SynthShape, synth};
use lorgnette::{
    Blueprint, Error, Event, LoadOptions, Model, Profile, Progress, Prompt, Runtime, Session,
    Stage, SubmitBound, WeightFormat,
};
use lorgnette_tests::asking::{self, endless};
use lorgnette_tests::{data, load, open, skipped};

use super::changed;

fn ids(count: usize) -> Vec<u32> {
    (0..count as u32).map(|i| (i * 37 + 11) % 500).collect()
}

fn model(runtime: &Runtime) -> Model {
    let path = data("llama3-tiny/q4_k_m.gguf");
    load(runtime, path, &LoadOptions::default())
}

fn bounded(submit: SubmitBound) -> Runtime {
    open(changed(|profile, _| profile.submit = submit)).expect("opens")
}

fn by_count(dispatches: u32) -> SubmitBound {
    SubmitBound {
        dispatches: Some(dispatches),
        bytes: None,
    }
}

fn by_bytes(bytes: u64) -> SubmitBound {
    SubmitBound {
        dispatches: None,
        bytes: Some(bytes),
    }
}

fn plan<'a>(blueprint: &'a Blueprint, name: &str) -> &'a Plan {
    let mut plans = blueprint.plans.iter();
    plans.find(|plan| plan.name == name).expect("a recording")
}

/// As many of these as a step plays that draws nothing.
fn greedy<'a>(dispatches: impl Iterator<Item = &'a Dispatch>) -> u64 {
    let step = Step::new(0, 1);
    dispatches.filter(|d| d.is_played(&step)).count() as u64
}

/// Submits and logits of a token behind the others, and (steps, submits) of the prompt before it.
fn played(runtime: &Runtime, session: &mut Session, prompt: usize) -> (u64, Vec<f32>, (u64, u64)) {
    let all = ids(prompt + 1);
    session.truncate(0);
    let before = runtime.counters();
    session.logits(&all[..prompt]).expect("logits");
    let between = runtime.counters();
    let logits = session.logits(&all).expect("logits");
    let prefill = between - before;
    // A step goes up, and its ids.
    let steps = prefill.uploads / 2;
    (
        (runtime.counters() - between).submits,
        logits,
        (steps, prefill.submits),
    )
}

#[test]
fn a_token_takes_as_few_as_the_bound_allows() {
    let free = bounded(SubmitBound::NONE);
    let free_model = model(&free);
    let mut session = free_model.session().expect("a session");
    let (one, expected, prefill) = played(&free, &mut session, 40);
    assert_eq!(one, 1, "unbounded");
    let segments = plan(free_model.blueprint(), "prefill").segments.len() as u64;
    assert_eq!(prefill, (1, segments), "a prompt in one chunk");
    let dispatches = greedy(plan(free_model.blueprint(), "decode").dispatches());
    for bound in [1, 5, dispatches - 1, dispatches] {
        let runtime = bounded(by_count(bound as u32));
        let model = model(&runtime);
        let mut session = model.session().expect("a session");
        let (submits, logits, prefill) = played(&runtime, &mut session, 40);
        assert_eq!(submits, dispatches.div_ceil(bound), "{bound} a submit");
        let segments = plan(model.blueprint(), "prefill").segments.iter();
        let expected_submits: u64 = segments
            .map(|s| greedy(s.dispatches.iter()).div_ceil(bound))
            .sum();
        assert_eq!(prefill, (1, expected_submits), "{bound} a submit");
        assert_eq!(logits, expected, "cutting changes no bit");
    }
}

/// A token's step is submitted before its id is read only where it is one submit: more than two are never in flight.
#[test]
fn a_token_in_pieces_is_not_gone_ahead_of() {
    let free = bounded(SubmitBound::NONE);
    let dispatches = greedy(plan(model(&free).blueprint(), "decode").dispatches());
    for (bound, behind) in [(dispatches, [1, 1, 0]), (dispatches - 1, [0, 2, 2])] {
        let runtime = bounded(by_count(bound as u32));
        let model = model(&runtime);
        let segments = plan(model.blueprint(), "prefill").segments.iter();
        let prompt: u64 = segments
            .map(|s| greedy(s.dispatches.iter()).div_ceil(bound))
            .sum();
        let mut session = model.session().expect("a session");
        let ids = ids(9);
        let mut before = runtime.counters().submits;
        let options = endless(asking::greedy(3));
        let generation = session.generate(Prompt::Ids(&ids), &options);
        let mut submits = Vec::new();
        for event in generation.expect("starts") {
            if let Event::Token { .. } = event.expect("no error") {
                let now = runtime.counters().submits;
                submits.push(now - before);
                before = now;
            }
        }
        let expected = [prompt + behind[0], behind[1], behind[2]];
        assert_eq!(submits, expected, "{bound} a submit");
    }
}

/// A streamed layer begins a segment, and with it a submit.
#[test]
fn a_streamed_layer_takes_one_more() {
    let options = |streamed_layers| LoadOptions {
        streamed_layers,
        ..Default::default()
    };
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("profiles-six-layers.gguf");
    let shape = SynthShape {
        layers: 6,
        dim: 64,
        ffn: 128,
        heads: 2,
        kv_heads: 1,
        head_dim: 32,
        vocabulary: 512,
        ..SynthShape::like("llama-3.2-1b").expect("a known shape")
    };
    synth(&shape, WeightFormat::Q4_0, 3, &path, &mut |_, _| ()).expect("a file");
    let resident = {
        let runtime = bounded(SubmitBound::NONE);
        let model = load(&runtime, &path, &options(0));
        played(&runtime, &mut model.session().expect("a session"), 20)
    };
    for bound in [3, 16, 1000] {
        let runtime = bounded(by_count(bound));
        let model = load(&runtime, &path, &options(4));
        let mut session = model.session().expect("a session");
        let (submits, logits, _) = played(&runtime, &mut session, 20);
        let dispatches = greedy(plan(model.blueprint(), "decode").dispatches());
        let least = dispatches.div_ceil(bound.into());
        assert!(
            (least..=least + 4).contains(&submits),
            "{bound}: {submits} for {least}"
        );
        assert_eq!(logits, resident.1, "{bound}: the same bits");
    }
}

#[test]
fn on_every_profile() {
    for profile in Profile::ALL {
        let runtime = match open(profile) {
            Err(error @ Error::Unsupported { .. }) => {
                skipped("submits::on_every_profile", &error.to_string());
                continue;
            }
            opened => opened.expect("opens"),
        };
        let model = model(&runtime);
        let mut session = model.session().expect("a session");
        let (submits, _, _) = played(&runtime, &mut session, 40);
        let dispatches = greedy(plan(model.blueprint(), "decode").dispatches());
        let most = profile.submit.dispatches.map_or(dispatches, u64::from);
        // This model is far below every bound of bytes.
        assert_eq!(submits, dispatches.div_ceil(most), "{}", profile.name);
        println!(
            "{}: {dispatches} dispatches in {submits} submits a token",
            profile.name
        );
    }
}

#[test]
fn bytes_bound_a_submit_and_the_chunk_of_a_prompt() {
    let free = bounded(SubmitBound::NONE);
    let free_model = model(&free);
    let mut session = free_model.session().expect("a session");
    let (_, expected, (steps, _)) = played(&free, &mut session, 100);
    assert_eq!(steps, 1);
    let dispatches = greedy(plan(free_model.blueprint(), "decode").dispatches());
    let mut submits_before = dispatches + 1;
    let mut steps_before = u64::MAX;
    for (bytes, steps_expected) in [(1, 7..=7), (700 << 10, 2..=7), (1 << 30, 1..=1)] {
        let runtime = bounded(by_bytes(bytes));
        let model = model(&runtime);
        let mut session = model.session().expect("a session");
        let (submits, logits, (steps, _)) = played(&runtime, &mut session, 100);
        assert!(steps_expected.contains(&steps), "{bytes}: {steps} chunks");
        assert!(
            submits < submits_before && steps <= steps_before,
            "{bytes}: {submits}"
        );
        (submits_before, steps_before) = (submits, steps);
        // Other chunks, other orders of some sums.
        let apart = lorgnette_tests::max_distance(&logits, &expected);
        assert!(apart < 1e-2, "{bytes}: {apart}");
    }
    assert_eq!(submits_before, 1, "all of a token fits a gigabyte");
}

#[test]
fn a_frame_budget_cuts_until_it_is_kept() {
    let runtime = bounded(SubmitBound::NONE);
    let model = model(&runtime);
    let dispatches = greedy(plan(model.blueprint(), "decode").dispatches());
    let mut session = model.session().expect("a session");
    let token = |session: &mut Session| played(&runtime, session, 20).0;
    let whole = token(&mut session);
    // Nothing ends within a nanosecond: one dispatch each, and chunks as small as they get.
    session.set_frame_budget(Some(Duration::from_nanos(1)));
    token(&mut session);
    assert_eq!(token(&mut session), dispatches);
    // Anything ends within an hour: the work grows from token to token until it is one submit again.
    session.set_frame_budget(Some(Duration::from_secs(3600)));
    let later: Vec<u64> = (0..4).map(|_| token(&mut session)).collect();
    assert!(later.is_sorted_by(|a, b| a >= b), "{later:?}");
    assert_eq!(later.last(), Some(&whole), "{later:?}");
    session.set_frame_budget(None);
    assert_eq!(token(&mut session), whole);
}

#[test]
fn pipelines_are_told_of_one_by_one() {
    let runtime = bounded(SubmitBound::NONE);
    let mut told = Vec::new();
    let path = data("llama3-tiny/q4_k_m.gguf");
    let model = Model::load(
        &runtime,
        path,
        &LoadOptions::default(),
        |progress: Progress| {
            if progress.stage == Stage::Pipelines {
                told.push((progress.done, progress.total));
            }
        },
    );
    model.expect("loads");
    let made = runtime.counters().pipelines;
    assert!(made > 8, "{made} pipelines");
    assert_eq!(
        told,
        (1..=made).map(|done| (done, made)).collect::<Vec<_>>()
    );
}
