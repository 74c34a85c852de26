//! What one token costs, the likeliest or one drawn by chance: dispatches by a formula over the file's tensors, one
//! submit, one small upload, one id back, and nothing created. And when: its step is submitted before the token in front
//! of it is known.

use std::path::Path;

use lorgnette::formats::Checkpoint;
use lorgnette::{
    Adapter, Counters, Event, GenerateOptions, LoadOptions, Runtime, Sampling, WeightFormat,
};
use lorgnette_shaders::{Draw, Step};
use lorgnette_tests::{data, load, own_runtime, smollm2};

use super::{events, greedy};

/// Dispatches of a token: 6 a layer and 4, and one more for each further type of weights among Q, K and V or gate and
/// up, and for each further buffer of a tensor that is larger than a binding.
fn formula(file: &Checkpoint, limit: u64) -> u64 {
    let tensor = |name: &str| file.tensor(name).unwrap_or_else(|| panic!("no {name}"));
    let buffers = |names: &[String]| -> u64 {
        let mut runs: Vec<(WeightFormat, u64)> = Vec::new();
        for tensor in names.iter().map(|name| tensor(name)) {
            match runs.last_mut() {
                Some((format, bytes)) if *format == tensor.format => *bytes += tensor.bytes,
                _ => runs.push((tensor.format, tensor.bytes)),
            }
        }
        runs.iter().map(|(_, bytes)| bytes.div_ceil(limit)).sum()
    };
    let layers = file.metadata().u32("llama.block_count").expect("layers");
    let head = if file.tensor("output.weight").is_some() {
        "output.weight"
    } else {
        "token_embd.weight"
    };
    let one = |name: &str| buffers(&[name.to_owned()]);
    // Embedding, what the first norm needs, head, the peaks of the logits, the choice.
    let mut dispatches = one("token_embd.weight") + 1 + one(head) + 1;
    for layer in 0..layers {
        let names = |parts: &[&str]| -> Vec<String> {
            parts
                .iter()
                .map(|part| format!("blk.{layer}.{part}.weight"))
                .collect()
        };
        let buffers = |parts: &[&str]| buffers(&names(parts));
        let gate_up = buffers(&["ffn_gate", "ffn_up"]);
        // Attention, and the joining of its splits.
        dispatches += 2 + buffers(&["attn_q", "attn_k", "attn_v"]) + gate_up;
        // SwiGLU is apart where gate and up are cut within one of them.
        let apart = buffers(&["ffn_gate"]) + buffers(&["ffn_up"]);
        dispatches += u64::from(gate_up > 1 && (gate_up, apart) != (2, 2));
        for part in ["attn_output", "ffn_down"] {
            // So is what the next norm needs where the stream is made in pieces.
            let pieces = buffers(&[part]);
            dispatches += pieces + u64::from(pieces > 1);
        }
    }
    dispatches
}

/// What each token of an answer cost until it was told, with the prompt in front of the first; and the prompt's dispatches.
fn costs(runtime: &Runtime, path: &Path, options: &GenerateOptions) -> (Vec<Counters>, u64) {
    let model = load(
        runtime,
        path,
        &LoadOptions {
            context: Some(512),
            ..Default::default()
        },
    );
    let mut session = model.session().expect("a session");
    let mut before = runtime.counters();
    let mut costs = Vec::new();
    events(&mut session, options, |event| {
        let now = runtime.counters();
        let cost = now - before;
        match event {
            Event::Token { .. } => costs.push(cost),
            // A token's text and the end of the answer cost nothing.
            _ => assert_eq!((cost.dispatches, cost.read_back_bytes), (0, 0)),
        }
        before = now;
    });
    // Of a step that draws, or takes the likeliest.
    let mut step = Step::new(0, 1);
    if options.sampling.temperature > 0.0 {
        step.draw = Draw::new(1.0, 0, 1.0, 0.0, 0);
    }
    let prefill = model.blueprint().plans[1].dispatches();
    let prefill = prefill.filter(|dispatch| dispatch.is_played(&step)).count();
    (costs, prefill as u64)
}

fn check(path: &Path, limit: Option<u64>, tokens: usize) -> u64 {
    let drawn = GenerateOptions {
        sampling: Sampling {
            temperature: 1.5,
            ..Default::default()
        },
        ignore_end: true,
        ..greedy(tokens)
    };
    check_of(path, limit, &drawn);
    check_of(path, limit, &greedy(tokens))
}

fn check_of(path: &Path, limit: Option<u64>, options: &GenerateOptions) -> u64 {
    let tokens = options.max_tokens.expect("as many");
    let runtime = own_runtime(Adapter::Auto, limit);
    let file = Checkpoint::open(path).expect("opens");
    // What draws a token takes two dispatches.
    let drawn = u64::from(options.sampling.temperature > 0.0);
    let expected = formula(&file, runtime.max_binding_bytes()) + drawn;
    let (costs, prefill) = costs(&runtime, path, options);
    assert_eq!(costs.len(), tokens);
    let [first, middle @ .., last] = &costs[..] else {
        panic!("{tokens} tokens")
    };
    // Whenever a token is told, the next one's step is on its way; behind the last there is none.
    assert_eq!(first.dispatches, prefill + expected);
    assert_eq!((last.dispatches, last.submits, last.uploads), (0, 0, 0));
    for cost in middle {
        assert_eq!(cost.dispatches, expected, "by the formula");
        assert_eq!((cost.submits, cost.uploads), (1, 1));
        let bytes = cost.uploaded_bytes;
        assert!(bytes <= 512, "{bytes} bytes up");
    }
    for cost in &costs {
        assert_eq!(cost.read_back_bytes, 4);
        // The prompt creates nothing either: all that was done when the model was loaded and the session opened.
        assert_eq!((cost.buffers, cost.bind_groups, cost.pipelines), (0, 0, 0));
    }
    expected
}

#[test]
fn of_tiny_models() {
    let [one, mixed] = ["q4_0", "q4_k_m"].map(|quant| data(&format!("llama3-tiny/{quant}.gguf")));
    assert_eq!(check(&one, None, 6), 2 * 6 + 4);
    let mixed_types = check(&mixed, None, 6);
    assert!(mixed_types > 16, "this file mixes types: {mixed_types}");
    assert!(
        check(&one, Some(64 << 10), 6) > 16 + 4,
        "and this one is cut"
    );
}

#[test]
fn of_smollm2() {
    let Some(path) = smollm2::path("of_smollm2") else {
        return;
    };
    let dispatches = check(&path, None, 4);
    println!("{dispatches} dispatches a token");
    assert!((184..=184 + 60).contains(&dispatches), "{dispatches}");
}
