//! What one token of a greedy answer costs: dispatches by a formula over the file's tensors, one submit, one small
//! upload, one id back, and nothing created.

use std::path::Path;

use lorgnette::formats::Checkpoint;
use lorgnette::{Adapter, Counters, LoadOptions, Runtime, WeightFormat};
use lorgnette_tests::{data, load, own_runtime, smollm2};

use super::generate;

/// Dispatches of a token: 7 a layer and 4, and one more for each further type of weights among Q, K and V or gate and
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
    // Embedding, what the first norm needs, head, argmax.
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
        // RoPE, cache, attention.
        dispatches += 3 + buffers(&["attn_q", "attn_k", "attn_v"]) + gate_up;
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

/// What each event of an answer cost; the first is the prompt's.
fn costs(runtime: &Runtime, path: &Path, tokens: usize) -> Vec<Counters> {
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
    generate(&mut session, tokens, || {
        let now = runtime.counters();
        costs.push(now - before);
        before = now;
    });
    costs
}

fn check(path: &Path, limit: Option<u64>, tokens: usize) -> u64 {
    let runtime = own_runtime(Adapter::Auto, limit);
    let file = Checkpoint::open(path).expect("opens");
    let expected = formula(&file, runtime.max_binding_bytes());
    let costs = costs(&runtime, path, tokens);
    // A token's text and the end of the answer are events that cost nothing.
    let decoded: Vec<&Counters> = costs[1..]
        .iter()
        .filter(|cost| cost.dispatches > 0)
        .collect();
    assert_eq!(decoded.len(), tokens - 1, "the first token is the prompt's");
    for cost in decoded {
        assert_eq!(cost.dispatches, expected, "by the formula");
        assert_eq!((cost.submits, cost.uploads), (1, 1));
        assert!(
            cost.uploaded_bytes <= 4096,
            "{} bytes up",
            cost.uploaded_bytes
        );
        assert!(
            (1..=8).contains(&cost.read_back_bytes),
            "{} bytes back",
            cost.read_back_bytes
        );
        assert_eq!((cost.buffers, cost.bind_groups, cost.pipelines), (0, 0, 0));
    }
    // The prompt creates nothing either: all that was done when the model was loaded and the session opened.
    let prompt = costs[0];
    assert!(prompt.dispatches > 0 && prompt.read_back_bytes <= 8);
    assert_eq!(
        (prompt.buffers, prompt.bind_groups, prompt.pipelines),
        (0, 0, 0)
    );
    expected
}

#[test]
fn of_tiny_models() {
    let [one, mixed] = ["q4_0", "q4_k_m"].map(|quant| data(&format!("llama3-tiny/{quant}.gguf")));
    assert_eq!(check(&one, None, 6), 2 * 7 + 4);
    let mixed_types = check(&mixed, None, 6);
    assert!(mixed_types > 18, "this file mixes types: {mixed_types}");
    assert!(
        check(&one, Some(64 << 10), 6) > 18 + 4,
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
    assert!((214..=214 + 60).contains(&dispatches), "{dispatches}");
}
