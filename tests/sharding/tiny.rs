//! Small models under a binding limit of 64 KiB: bit for bit what they give without it. Llama-like files, another
//! geometry, and the references.

use std::path::Path;

use lorgnette::synth::{Family, SynthShape, synth};
use lorgnette::{
    Adapter, Event, GenerateOptions, KvFormat, LoadOptions, Model, Prompt, Runtime, Sampling,
    WeightFormat,
};
use lorgnette_tests::{Scratch, data, load, own_runtime, runtime};

use super::pieces;

const LIMIT: u64 = 64 << 10;

/// Everything that a session gives, as bits: logits behind a prompt, scores of it, and what it continues with.
fn numbers(model: &Model) -> (Vec<u32>, Vec<[u32; 3]>, Vec<u32>) {
    let vocabulary = model.config().vocabulary as u32;
    // The first and the last token are in the first and the last piece of the embedding.
    let ids: Vec<u32> = (0..37)
        .map(|i| (i * 97 + vocabulary - 1) % vocabulary)
        .collect();
    let mut session = model.session().expect("a session");
    let logits = session.logits(&ids).expect("logits");
    let scores = session.score(&ids).expect("scores");
    let options = GenerateOptions {
        max_tokens: Some(12),
        sampling: Sampling::greedy(),
        ..Default::default()
    };
    let answer = session
        .generate(Prompt::Ids(&ids), &options)
        .expect("starts");
    let chosen = answer.filter_map(|event| match event.expect("no error") {
        Event::Token { id, .. } => Some(id),
        _ => None,
    });
    (
        logits.into_iter().map(f32::to_bits).collect(),
        scores
            .iter()
            .map(|s| {
                [
                    s.best,
                    s.best_log_probability.to_bits(),
                    s.next_log_probability.to_bits(),
                ]
            })
            .collect(),
        chosen.collect(),
    )
}

fn check(path: &Path, kv: KvFormat, runtimes: [&Runtime; 2]) {
    let options = LoadOptions {
        context: Some(64),
        kv,
        prefill_chunk: 8,
        ..Default::default()
    };
    let [whole, cut] = runtimes.map(|runtime| load(runtime, path, &options));
    for label in [
        "token_embd",
        "output",
        "layer 0 gate_up",
        "layer 1 ffn_down",
    ] {
        assert_eq!(
            pieces(whole.blueprint(), label),
            1,
            "{label} without a limit"
        );
        let count = pieces(cut.blueprint(), label);
        assert!(count > 1, "{label} has {count} piece at {LIMIT} bytes");
    }
    let memory = cut.memory();
    let buffers = [&memory.weights, &memory.slots, &memory.session.keys];
    let largest = buffers.into_iter().flatten().max().expect("buffers");
    assert!(*largest <= LIMIT, "a buffer of {largest} bytes");
    assert_eq!(whole.blueprint().prefill_chunk, 8);
    assert_eq!(cut.blueprint().prefill_chunk, 8);
    let (whole, cut) = (numbers(&whole), numbers(&cut));
    assert!(whole.2.len() > 1, "tokens to compare: {:?}", whole.2);
    assert_eq!(whole, cut, "{}", path.display());
}

#[test]
fn llama_like_files() {
    let limited = own_runtime(Adapter::Auto, Some(LIMIT));
    for name in ["llama3-tiny/q4_0.gguf", "llama3-tiny/q4_k_m.gguf"] {
        check(&data(name), KvFormat::F16, [runtime(), &limited]);
    }
}

/// Heads of 128, three of them to a key, wider than the stream; an own head of another type; an odd number of tokens.
#[test]
fn another_geometry() {
    let shape = SynthShape {
        name: "odd".into(),
        family: Family::Llama3,
        layers: 2,
        dim: 512,
        ffn: 1024,
        heads: 6,
        kv_heads: 2,
        head_dim: 128,
        vocabulary: 701,
        context: 4096,
        rope_base: 500_000.0,
        rope_factor: Some(32.0),
        tied: false,
        head: Some(WeightFormat::Q8_0),
    };
    let path = Scratch::new("odd.gguf");
    synth(&shape, WeightFormat::Q5_1, 3, path.as_ref(), &mut |_, _| ()).expect("written");
    let limited = own_runtime(Adapter::Auto, Some(LIMIT));
    check(path.as_ref(), KvFormat::F32, [runtime(), &limited]);
}

/// The references read the same pieces.
#[test]
fn the_references() {
    let [whole, cut] = [None, Some(LIMIT)].map(|limit| own_runtime(Adapter::Cpu, limit));
    check(
        &data("llama3-tiny/q4_0.gguf"),
        KvFormat::F16,
        [&whole, &cut],
    );
}
