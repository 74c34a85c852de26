//! Far behind the end of the context: the numbers depend on what is in the window and on nothing before it, the references
//! agree, and nothing grows.

use std::path::Path;

use lorgnette::synth::{SynthShape, synth};
use lorgnette::{
    Adapter, Counters, Event, GenerateOptions, Model, Prompt, Runtime, Sampling, StopReason,
    WeightFormat,
};
use lorgnette_tests::{load, max_distance, own_runtime, runtime};

use super::{KEEP, options, sliding, tiny, tokens};

/// Half of the ring: many tokens are read. The window is one tile of the attention.
const CHUNK: u32 = 30;
const CONTEXT: u32 = 2 * CHUNK + KEEP;
/// Tokens of the answer behind 20,000.
const ANSWER: u32 = 40;

/// Two layers of next to nothing: 20,000 tokens are many for a software driver.
fn tinier(runtime: &Runtime) -> Model {
    let shape = SynthShape {
        layers: 2,
        dim: 64,
        ffn: 64,
        heads: 2,
        kv_heads: 1,
        head_dim: 32,
        vocabulary: 480,
        ..SynthShape::like("llama-3.2-1b").expect("a known shape")
    };
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("endless.gguf");
    synth(&shape, WeightFormat::F32, 5, &path, &mut |_, _| ()).expect("a file");
    load(runtime, path, &options(CONTEXT, CHUNK))
}

/// What is seen of two layers reaches back two windows. So whoever read 20,000 tokens and whoever read their first few and
/// their last few hundred say the same, though all positions differ.
#[test]
fn past_position_20_000_as_near_the_beginning() {
    let runtime = own_runtime(Adapter::Auto, None);
    let model = tinier(&runtime);
    let mut session = sliding(&model);
    let opened = runtime.counters();
    let chunk = CHUNK as usize;
    let ids = tokens(667 * chunk + 5);
    assert!(ids.len() > 20_000);
    let logits = session.logits(&ids).expect("logits");
    assert!(logits.iter().all(|logit| logit.is_finite()));
    is_flat(opened, runtime.counters());

    let keep = KEEP as usize;
    // The same chunks: what is left out is a number of whole ones.
    let left_out = (667 - 7) * chunk;
    let near = [&ids[..keep], &ids[keep + left_out..]].concat();
    let mut fresh = sliding(&model);
    let expected = fresh.logits(&near).expect("logits");
    let apart = max_distance(&logits, &expected);
    println!("20,000 positions further on: max |d| {apart:.1e}");
    assert!(apart <= 1e-3, "max |d| {apart}");
    // The window matters: other tokens in it, other numbers.
    let other = sliding(&model)
        .logits(&near[..near.len() - chunk])
        .expect("logits");
    assert!(max_distance(&expected, &other) > 0.1);
    drop(fresh);

    // An answer goes on from there, in the same memory.
    let options = GenerateOptions {
        max_tokens: Some(ANSWER as usize),
        sampling: Sampling::greedy(),
        ignore_end: true,
        ..Default::default()
    };
    let answering = runtime.counters();
    let mut stop = None;
    for event in session
        .generate(Prompt::Ids(&ids), &options)
        .expect("starts")
    {
        if let Event::Done { stop: reason, .. } = event.expect("finite numbers") {
            stop = Some(reason);
        }
    }
    assert_eq!(stop, Some(StopReason::Length));
    is_flat(answering, runtime.counters());
    assert_eq!(session.ids().len(), ids.len() + ANSWER as usize - 1);
    let cost = runtime.counters() - answering;
    // The first has its id from the host. A step with its angles twice is still small.
    assert_eq!(cost.uploads, u64::from(ANSWER) + 1);
    assert!(cost.uploaded_bytes <= u64::from(ANSWER) * 1024);
}

/// Nothing was made, nothing given back, and there never was more.
fn is_flat(before: Counters, now: Counters) {
    let made = now - before;
    assert_eq!((made.buffers, made.bind_groups, made.pipelines), (0, 0, 0));
    assert_eq!(now.live_bytes, before.live_bytes);
    assert_eq!(now.peak_bytes, before.peak_bytes);
}

/// Token by token, and in scores, on the device and by the references.
#[test]
fn the_references_slide_alike() {
    let cpu = own_runtime(Adapter::Cpu, None);
    let [on_device, by_references] = [runtime(), &cpu].map(|runtime| tiny(runtime, 48));
    let ids = tokens(120);
    let [found, expected] = [&on_device, &by_references].map(|model| {
        let mut session = sliding(model);
        let mut logits = Vec::new();
        for length in [40, 47, 48, 49, 50, 51, 90, 91, 92, 118, 120] {
            logits.extend(session.logits(&ids[..length]).expect("logits"));
        }
        let scores = session.score(&ids).expect("scores");
        assert_eq!(scores.len(), 119);
        logits.extend(scores.iter().map(|score| score.next_log_probability));
        logits
    });
    let apart = max_distance(&found, &expected);
    println!("device and references: max |d| {apart:.1e}");
    assert!(apart <= 1e-3, "max |d| {apart}");
}

/// Until the context is full, a session that may slide is one that may not.
#[test]
fn nothing_is_different_before_it_is_full() {
    let model = tiny(runtime(), 64);
    let ids = tokens(64);
    let [slides, stops] = [sliding(&model), model.session().expect("a session")].map(|mut s| {
        let logits = s.logits(&ids).expect("logits");
        let scores = s.score(&ids).expect("scores");
        (logits, scores)
    });
    assert_eq!(slides, stops);
}
