//! What a file can say that no Llama model is: sizes, keys, names and tensors. What makes it no GGUF file at all is tested
//! with the formats.

use lorgnette::formats::Value;
use lorgnette::{Error, LoadOptions, Model, Prompt};

use super::altered::Altered;
use super::{cpu, refusal, refused};

fn header(name: &str, file: Altered) -> Error {
    refusal(&file, name, &LoadOptions::default())
}

#[test]
fn the_file_itself_is_good() {
    let path = Altered::tiny().write("good");
    let model = Model::load(&cpu(), path.as_ref(), &LoadOptions::default(), |_| ());
    let mut session = model.expect("loads").session().expect("a session");
    assert!(session.logits(&[1, 2]).expect("logits").len() > 2);
}

/// Such a file has no words for a conversation.
#[test]
fn a_chat_without_a_template() {
    let path = Altered::tiny().write("plain");
    let model = Model::load(&cpu(), path.as_ref(), &LoadOptions::default(), |_| ()).expect("loads");
    let error = model
        .encode(Prompt::Chat(&[]))
        .expect_err("the file has no template");
    assert!(matches!(error, Error::Template(_)), "{error:?}");
    assert!(
        error.to_string().contains("tokenizer.chat_template"),
        "{error}"
    );
}

#[test]
fn another_architecture() {
    let file = Altered::tiny().set("general.architecture", Value::String("mamba".into()));
    refused!(
        header("architecture", file),
        Error::Unsupported,
        "general.architecture",
        "llama",
        "mamba"
    );
}

#[test]
fn sizes_that_do_not_fit_together() {
    let set = |key, number| Altered::tiny().set(key, Value::U32(number));
    refused!(
        header("width", set("llama.embedding_length", 224)),
        Error::Format,
        "token_embd.weight",
        "[224, 512]",
        "[256, 512]"
    );
    refused!(
        header("blocks", set("llama.block_count", 3)),
        Error::Format,
        "blk.2.attn_norm.weight",
        "none"
    );
    refused!(
        header("no-blocks", set("llama.block_count", 0)),
        Error::Format,
        "llama.block_count",
        "found 0"
    );
    refused!(
        header("kv-heads", set("llama.attention.head_count_kv", 3)),
        Error::Format,
        "llama.attention.head_count_kv",
        "divisor",
        "found 3"
    );
    refused!(
        header("head-size", set("llama.attention.key_length", 48)),
        Error::Unsupported,
        "head size",
        "64",
        "found 48"
    );
    refused!(
        header("rope", set("llama.rope.dimension_count", 16)),
        Error::Unsupported,
        "llama.rope.dimension_count",
        "found 16"
    );
    let scaled = Altered::tiny().set("llama.rope.scaling.type", Value::String("yarn".into()));
    refused!(
        header("scaling", scaled),
        Error::Unsupported,
        "llama.rope.scaling.type",
        "yarn"
    );
}

#[test]
fn numbers_that_are_none() {
    for (name, key, number) in [
        (
            "epsilon",
            "llama.attention.layer_norm_rms_epsilon",
            f32::NAN,
        ),
        ("epsilon-0", "llama.attention.layer_norm_rms_epsilon", 0.0),
        ("base", "llama.rope.freq_base", f32::INFINITY),
        ("base-negative", "llama.rope.freq_base", -1.0),
    ] {
        let file = Altered::tiny().set(key, Value::F32(number));
        refused!(
            header(name, file),
            Error::Format,
            "epsilon",
            "freq_base",
            "positive"
        );
    }
}

#[test]
fn missing_tensors() {
    for name in [
        "token_embd.weight",
        "blk.1.ffn_up.weight",
        "blk.0.attn_norm.weight",
        "output_norm.weight",
    ] {
        refused!(
            header("missing", Altered::tiny().without(name)),
            Error::Format,
            name,
            "none"
        );
    }
}

#[test]
fn missing_keys() {
    for key in [
        "llama.block_count",
        "llama.context_length",
        "llama.attention.head_count",
        "llama.attention.layer_norm_rms_epsilon",
        "general.architecture",
    ] {
        let mut file = Altered::tiny();
        file.metadata.retain(|(present, _)| *present != key);
        refused!(header("key", file), Error::Format, key, "no such key");
    }
}

#[test]
fn tensors_of_other_shapes() {
    // The same bytes as 128 longer rows.
    let file = Altered::tiny().change("blk.0.attn_q.weight", |spec, _| {
        spec.shape = vec![spec.shape[0] * 2, spec.shape[1] / 2];
    });
    refused!(
        header("longer-rows", file),
        Error::Format,
        "blk.0.attn_q.weight",
        "[256, 256]",
        "[512, 128]"
    );
    let file = Altered::tiny().change("blk.1.ffn_norm.weight", |spec, bytes| {
        spec.shape = vec![255];
        bytes.truncate(255 * 4);
    });
    refused!(
        header("shorter-norm", file),
        Error::Format,
        "blk.1.ffn_norm.weight",
        "256",
        "255"
    );
}

#[test]
fn biases() {
    let mut file = Altered::tiny();
    let (mut spec, bytes) = file.tensors[0].clone();
    spec.name = "blk.0.attn_q.bias".into();
    file.tensors.push((spec, bytes));
    refused!(
        header("bias", file),
        Error::Unsupported,
        "biases",
        "blk.0.attn_q.bias"
    );
}

#[test]
fn a_vocabulary_of_another_size() {
    let mut file = Altered::tiny();
    for (_, value) in &mut file.metadata {
        match value {
            // A control token, so that no merge needs it.
            Value::Strings(tokens) if tokens.len() == 512 => tokens.truncate(511),
            Value::I32s(kinds) => kinds.truncate(511),
            _ => {}
        }
    }
    refused!(
        header("vocabulary", file),
        Error::Format,
        "tokenizer.ggml.tokens",
        "512",
        "511"
    );
}

#[test]
fn rope_factors() {
    let count = |tensors: &[f32]| {
        let mut file = Altered::tiny();
        file.tensors
            .retain(|(spec, _)| spec.name != "rope_freqs.weight");
        let (mut spec, _) = file.tensors[0].clone();
        spec.name = "rope_freqs.weight".into();
        spec.format = lorgnette::WeightFormat::F32;
        spec.shape = vec![tensors.len() as u64];
        let bytes = tensors.iter().flat_map(|number| number.to_le_bytes());
        file.tensors.push((spec, bytes.collect()));
        header("factors", file)
    };
    let (what, pairs) = ("rope_freqs.weight", "32 positive finite numbers");
    refused!(
        count(&[1.0; 8]),
        Error::Format,
        what,
        pairs,
        "found 8 numbers"
    );
    let mut factors = [1.0; 32];
    factors[3] = f32::NAN;
    refused!(
        count(&factors),
        Error::Format,
        what,
        pairs,
        "31 of them usable"
    );
    factors[3] = 0.0;
    refused!(
        count(&factors),
        Error::Format,
        what,
        pairs,
        "31 of them usable"
    );
}
