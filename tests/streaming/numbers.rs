//! Bit for bit the numbers of the model that is all in memory: prompts, scores and answers, sessions in turns, behind a
//! cancelled prompt, on the device and by the references.

use std::time::{Duration, Instant};

use lorgnette::{
    Adapter, Error, Event, GenerateOptions, LoadOptions, Model, Prompt, Runtime, Sampling, Session,
};
use lorgnette_tests::{data, load, own_runtime, runtime};

use super::{LAYERS, mixed, options, prompt};

pub fn bits(logits: Vec<f32>) -> Vec<u32> {
    logits.into_iter().map(f32::to_bits).collect()
}

fn answer(session: &mut Session, ids: &[u32]) -> Vec<u32> {
    let options = GenerateOptions {
        max_tokens: Some(6),
        sampling: Sampling::greedy(),
        ..Default::default()
    };
    let events = session
        .generate(Prompt::Ids(ids), &options)
        .expect("starts");
    let chosen = events.filter_map(|event| match event.expect("no error") {
        Event::Token { id, .. } => Some(id),
        _ => None,
    });
    chosen.collect()
}

/// What a model gives: logits behind prompts of several chunks and of one token, scores, an answer.
pub fn numbers(model: &Model) -> Vec<Vec<u32>> {
    let mut session = model.session().expect("a session");
    let long = prompt(1, 21);
    let mut all = vec![bits(session.logits(&long).expect("logits"))];
    for length in [1, 2, 3] {
        let logits = session.logits(&prompt(2, length)).expect("logits");
        all.push(bits(logits));
    }
    let scores = session.score(&long).expect("scores");
    all.push(scores.iter().map(|score| score.best).collect());
    let next = scores.iter().map(|score| score.next_log_probability);
    all.push(bits(next.collect()));
    let chosen = answer(&mut session, &long);
    assert!(chosen.len() > 1, "tokens to compare: {chosen:?}");
    all.push(chosen);
    all
}

fn check(runtime: &Runtime, path: &std::path::Path, counts: &[usize]) {
    let resident = numbers(&load(runtime, path, &options(0)));
    let logits = resident[0].iter().map(|bits| f32::from_bits(*bits).abs());
    assert!(logits.fold(0.0, f32::max) > 0.05, "logits to compare");
    for streamed in counts {
        let model = load(runtime, path, &options(*streamed));
        assert_eq!(model.memory().streamed_layers, *streamed);
        assert_eq!(numbers(&model), resident, "{streamed} layers streamed");
    }
}

#[test]
fn some_and_all_layers() {
    check(runtime(), mixed::path(), &[1, 2, 3, 5, LAYERS]);
}

#[test]
fn super_blocks() {
    check(runtime(), &data("llama3-tiny/q4_k_m.gguf"), &[1, 2]);
}

#[test]
fn the_references() {
    let cpu = own_runtime(Adapter::Cpu, None);
    check(&cpu, mixed::path(), &[3, LAYERS]);
}

/// A ring of the least size that is accepted, the same matrices cut at a small binding limit, and the unfused recording.
#[test]
fn the_smallest_ring_and_shards() {
    let limited = own_runtime(Adapter::Auto, Some(6 << 10));
    for fused in [true, false] {
        let with = |streamed| {
            let small = LoadOptions {
                context: Some(32),
                staging_bytes: 4 << 10,
                fused,
                ..options(streamed)
            };
            load(&limited, mixed::path(), &small)
        };
        let streamed = with(LAYERS - 1);
        assert!(streamed.memory().staging <= 4 << 10);
        let weights = streamed.blueprint().weights.layers[1].len();
        assert!(weights > 6, "the layers are cut: {weights} buffers");
        let resident = with(0);
        let ids = prompt(4, 10);
        let logits = |model: &Model| {
            let mut session = model.session().expect("a session");
            [&ids[..9], &ids].map(|ids| bits(session.logits(ids).expect("logits")))
        };
        assert_eq!(logits(&streamed), logits(&resident), "fused: {fused}");
    }
}

/// Dispatch by dispatch, with each layer in its slot when it is its turn.
#[test]
fn the_trace() {
    let report = lorgnette::trace(runtime(), mixed::path(), &options(5), &prompt(1, 7));
    let report = report.expect("a trace");
    assert_eq!(report.difference, None);
    let dispatches = (10 + 7) * LAYERS + 2 * 4;
    assert!(report.dispatches > dispatches, "{}", report.dispatches);
}

/// Each step finds in the slots what the other session's step left there.
#[test]
fn sessions_in_turns() {
    let [resident, streamed] = [0, 5].map(|count| load(runtime(), mixed::path(), &options(count)));
    let alone = |seed| -> Vec<Vec<u32>> {
        let mut session = resident.session().expect("a session");
        let lengths = 9..14;
        lengths
            .map(|length| bits(session.logits(&prompt(seed, length)).expect("logits")))
            .collect()
    };
    let expected = [1, 2].map(alone);
    let mut sessions = [(); 2].map(|()| streamed.session().expect("a session"));
    for (turn, length) in (9..14).enumerate() {
        for (i, session) in sessions.iter_mut().enumerate() {
            let logits = session.logits(&prompt(i as u32 + 1, length));
            let found = bits(logits.expect("logits"));
            assert_eq!(found, expected[i][turn], "session {i}, {length} tokens");
        }
    }
}

/// Sessions of one model on threads of their own.
#[test]
fn sessions_at_once() {
    let [resident, streamed] = [0, 4].map(|count| load(runtime(), mixed::path(), &options(count)));
    let of = |model: &Model, seed| {
        let mut session = model.session().expect("a session");
        answer(&mut session, &prompt(seed, 12))
    };
    std::thread::scope(|scope| {
        let (of, streamed) = (&of, &streamed);
        let threads = [1, 2, 3].map(|seed| (seed, scope.spawn(move || of(streamed, seed))));
        for (seed, thread) in threads {
            let found = thread.join().expect("it ends");
            assert_eq!(found, of(&resident, seed), "prompt {seed}");
        }
    });
}

#[test]
fn behind_a_cancelled_prompt() {
    let runtime = own_runtime(Adapter::Auto, None);
    let [resident, streamed] = [0, 5].map(|count| load(&runtime, mixed::path(), &options(count)));
    let long = prompt(3, 60);
    let mut session = streamed.session().expect("a session");
    let before = runtime.counters().dispatches;
    let chunk = streamed.blueprint().plans[1].dispatches().count() as u64;
    // In the third chunk, with layers of it in the slots.
    let until = before + 2 * chunk + chunk / 2;
    let result = std::thread::scope(|scope| {
        let canceller = session.canceller();
        let runtime = &runtime;
        scope.spawn(move || {
            let start = Instant::now();
            while runtime.counters().dispatches < until {
                assert!(start.elapsed() < Duration::from_secs(60), "work goes on");
                std::thread::sleep(Duration::from_micros(20));
            }
            canceller.cancel();
        });
        session.logits(&long)
    });
    assert!(matches!(result, Err(Error::Cancelled)), "{result:?}");
    let read = session.ids().len();
    assert!((16..60).contains(&read), "{read} tokens were read");
    let mut fresh = resident.session().expect("a session");
    for ids in [&long, &prompt(5, 3)] {
        let found = bits(session.logits(ids).expect("logits"));
        assert_eq!(found, bits(fresh.logits(ids).expect("logits")));
    }
}
