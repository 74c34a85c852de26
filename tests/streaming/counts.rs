//! What streaming costs: bytes held, copies and submits of a token, and nothing made on the way.

use lorgnette::formats::Checkpoint;
use lorgnette::{
    Adapter, Blueprint, COMMON_BINDING_BYTES, Counters, Error, GenerateOptions, LoadOptions,
    Prompt, Sampling,
};
use lorgnette_shaders::Step;
use lorgnette_tests::{load, own_runtime};

use super::{LAYERS, mixed, options, prompt};

/// What each token of an answer cost behind the first two: a prompt leaves another part of the first layer in its slot than
/// a token does.
fn tokens(streamed: usize) -> (Blueprint, Vec<Counters>) {
    let runtime = own_runtime(Adapter::Auto, None);
    // Room enough that the peak is the model's, and not that of the trials of its kernels before it.
    let options = LoadOptions {
        context: Some(256),
        ..options(streamed)
    };
    let model = load(&runtime, mixed::path(), &options);
    let memory = model.memory().clone();
    assert_eq!(
        runtime.counters().live_bytes,
        memory.held(),
        "behind a load"
    );
    let mut session = model.session().expect("a session");
    let open = memory.held() + memory.session.total();
    assert_eq!(runtime.counters().live_bytes, open, "with a session");
    let greedy = GenerateOptions {
        max_tokens: Some(6),
        sampling: Sampling::greedy(),
        ..Default::default()
    };
    let mut costs = Vec::new();
    let mut before = runtime.counters();
    let ids = prompt(1, 11);
    for event in session
        .generate(Prompt::Ids(&ids), &greedy)
        .expect("starts")
    {
        event.expect("no error");
        let now = runtime.counters();
        if now.dispatches > before.dispatches {
            costs.push(now - before);
        }
        before = now;
    }
    assert_eq!(runtime.counters().peak_bytes, memory.peak(1), "at the peak");
    drop((session, model));
    assert_eq!(runtime.counters().live_bytes, 0, "everything is given back");
    for cost in &costs {
        let made = (cost.buffers, cost.bind_groups, cost.pipelines);
        assert_eq!(made, (0, 0, 0), "{streamed} streamed");
        assert_eq!(cost.live_bytes, open, "{streamed} streamed");
    }
    costs.drain(..2);
    assert!(costs.len() > 2, "tokens to count: {}", costs.len());
    (blueprint(&options).expect("fits"), costs)
}

fn blueprint(options: &LoadOptions) -> Result<Blueprint, Error> {
    let file = Checkpoint::open(mixed::path()).expect("opens");
    Blueprint::new(&file, options, COMMON_BINDING_BYTES)
}

/// Bytes of a layer's matrices in the file; its two gains are always held.
fn layer_bytes(layer: usize) -> u64 {
    let file = Checkpoint::open(mixed::path()).expect("opens");
    let prefix = format!("blk.{layer}.");
    let own = file
        .tensors()
        .iter()
        .filter(|t| t.name.starts_with(&prefix) && t.rows > 1);
    own.map(|tensor| tensor.bytes).sum()
}

/// One submit, and one more for each streamed layer; the bytes that were said. Two slots hold two layers for good, and a
/// third shares its slot with the first.
#[test]
fn of_a_token() {
    let cases: [(usize, &[usize]); 5] = [
        (0, &[]),
        (2, &[]),
        (3, &[3, 5]),
        (4, &[2, 3, 4, 5]),
        (LAYERS, &[0, 1, 2, 3, 4, 5]),
    ];
    for (streamed, read) in cases {
        let (blueprint, costs) = tokens(streamed);
        let expected: u64 = read.iter().map(|layer| layer_bytes(*layer)).sum();
        assert_eq!(blueprint.streamed_bytes_per_token, expected, "{streamed}");
        for cost in costs {
            assert_eq!(cost.submits, 1 + streamed as u64, "{streamed} streamed");
            assert_eq!(cost.copied_bytes, expected, "{streamed} streamed");
            assert_eq!(cost.copies > 0, expected > 0, "{streamed} streamed");
            let greedy = Step::new(0, 1);
            let all = blueprint.plans[0].dispatches();
            let dispatches = all.filter(|dispatch| dispatch.is_played(&greedy)).count();
            assert_eq!(cost.dispatches, dispatches as u64);
        }
    }
}

/// Bytes of a layer in memory, where each matrix takes whole rows of a texture.
fn held_bytes(layer: usize) -> u64 {
    let list = blueprint(&options(0)).expect("fits").weights;
    let own = &list.weights[list.layers[layer].clone()];
    own.iter().map(|weight| weight.bytes).sum()
}

/// What is saved is what the layers take that are not held.
#[test]
fn of_memory() {
    let held = |streamed| blueprint(&options(streamed)).expect("fits").memory;
    let resident = held(0);
    let [most, least] = {
        let bytes = (0..LAYERS).map(held_bytes);
        [bytes.clone().max(), bytes.min()].map(|bytes| bytes.expect("layers"))
    };
    for streamed in 3..=LAYERS {
        let saved = resident.weights_bytes() - held(streamed).weights_bytes();
        let away = streamed as u64 - 2;
        assert!(saved <= away * most, "{streamed}: {saved}");
        // Layers of several types do not share a slot without loss.
        assert!(
            saved + 2 * (most - least) >= away * least,
            "{streamed}: {saved}"
        );
        let ring = held(streamed).staging;
        assert!(ring <= options(streamed).staging_bytes);
        assert_eq!(held(streamed).held(), held(streamed).peak(0));
    }
    assert_eq!(resident.peak(0), resident.held() + resident.staging);
}

#[test]
fn what_cannot_be_is_refused() {
    let refused = |options: &LoadOptions, words: &[&str]| {
        let error = blueprint(options).expect_err("refused");
        assert!(matches!(error, Error::Input { .. }), "{error}");
        let text = error.to_string();
        for word in words {
            assert!(text.contains(word), "{text}");
        }
    };
    refused(
        &options(LAYERS + 1),
        &["streamed layers", "at most", "6", "7"],
    );
    let ring = |staging_bytes| LoadOptions {
        staging_bytes,
        ..options(3)
    };
    // Eight rows of 160 Q5_1, and the ends of four planes, three times.
    let least = 3 * (8 * 160 / 32 * 24 + 64);
    refused(
        &ring(least - 1),
        &["staging", "at least 3072 bytes", "3071"],
    );
    refused(&ring(0), &["staging"]);
    assert_eq!(blueprint(&ring(least)).expect("fits").memory.staging, least);
}
