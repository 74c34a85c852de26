//! Two tiny random models in the form of Llama 3.2, Q4_0 and Q4_K_M, and an independent engine's logits behind a short
//! and a long sequence.

use lorgnette::{LoadOptions, Runtime};

use crate::{data, f32s, ids, json, load, max_distance};

/// Name and max |d| of the logits behind each sequence.
pub fn logit_distances(runtime: &Runtime, options: &LoadOptions) -> Vec<(String, f32)> {
    logit_distances_of(runtime, options, &["short", "long"])
}

/// The same of the sequences of these names: `short` has 16 tokens, `long` 320.
pub fn logit_distances_of(
    runtime: &Runtime,
    options: &LoadOptions,
    names: &[&str],
) -> Vec<(String, f32)> {
    let all = logits(runtime, options, names).into_iter();
    all.map(|(name, found, expected)| (name, max_distance(&found, &expected)))
        .collect()
}

/// Name, logits and the reference's behind each sequence of these names.
pub fn logits(
    runtime: &Runtime,
    options: &LoadOptions,
    names: &[&str],
) -> Vec<(String, Vec<f32>, Vec<f32>)> {
    let goldens = json("llama3-tiny/goldens.json");
    let text = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
    let mut all = Vec::new();
    for golden in goldens["sequences"].as_array().expect("sequences") {
        let (quant, sequence) = (text(&golden["model"]), text(&golden["name"]));
        if !names.contains(&sequence.as_str()) {
            continue;
        }
        let model = load(runtime, data(&format!("llama3-tiny/{quant}.gguf")), options);
        let mut session = model.session().expect("a session");
        let found = session.logits(&ids(&golden["ids"])).expect("logits");
        let expected = f32s(&format!("llama3-tiny/{quant}-{sequence}.exact.f32"));
        all.push((format!("{quant} {sequence}"), found, expected));
    }
    assert_eq!(all.len(), 2 * names.len(), "two files");
    all
}
