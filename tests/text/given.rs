//! What these tests are given: small vocabularies, and the real ones where they are on this machine.

use std::io::Write;
use std::path::PathBuf;

use lorgnette::formats::Checkpoint;
use lorgnette::{ChatTemplate, Error, Message, Piece, RawVocabulary, Tokenizer, Vocabulary};

/// Byte tokens for ASCII from `!` on and for the blank, a few merges, control tokens `<|a|>` and `<|eot_id|>` and the
/// user-defined `<think>`.
pub fn small_raw() -> RawVocabulary<'static> {
    const ASCII: &str = concat!(
        "!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"
    );
    let mut tokens: Vec<_> = (0..ASCII.len()).map(|at| &ASCII[at..=at]).collect();
    tokens.extend(["Ġ", "he", "Ġhe", "ll", "<|a|>", "<|eot_id|>", "<think>"]);
    let types = tokens
        .iter()
        .map(|text| match *text {
            "<|a|>" | "<|eot_id|>" => 3,
            "<think>" => 4,
            _ => 1,
        })
        .collect();
    RawVocabulary {
        model: "gpt2",
        pre: Some("gpt-2"),
        tokens,
        types: Some(types),
        merges: vec!["h e", "Ġ he", "l l"],
        ..RawVocabulary::default()
    }
}

pub fn small() -> Tokenizer {
    Tokenizer::new(Vocabulary::new(small_raw()).unwrap()).unwrap()
}

/// The folder with fetched files: `LORGNETTE_CACHE`, or `~/.cache/lorgnette`.
pub fn cache() -> PathBuf {
    let home =
        || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache/lorgnette");
    std::env::var_os("LORGNETTE_CACHE").map_or_else(home, PathBuf::from)
}

/// Says why a test checks nothing, past the test harness, which would keep it to itself.
pub fn skipped(reason: &str) {
    let line = format!("SKIPPED: {reason}\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}

/// SmolLM2's tokenizer and template out of its GGUF file, or a printed reason why not.
pub fn smollm2() -> Option<(Tokenizer, ChatTemplate)> {
    let path = cache().join("SmolLM2-135M-Instruct.Q4_1.gguf");
    if !path.exists() {
        skipped(&format!("{} is not there", path.display()));
        return None;
    }
    let checkpoint = Checkpoint::open(&path).unwrap();
    let tokenizer = lorgnette::text::tokenizer(checkpoint.metadata()).unwrap();
    let template = lorgnette::text::chat_template(checkpoint.metadata(), &tokenizer)
        .unwrap()
        .unwrap();
    Some((tokenizer, template))
}

pub fn message(role: &str, content: &str) -> Message {
    Message {
        role: role.into(),
        content: content.into(),
    }
}

pub fn joined(pieces: &[Piece]) -> String {
    pieces.iter().map(|piece| piece.text.as_str()).collect()
}

pub fn data(name: &str) -> serde_json::Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("data")
        .join(name);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

pub fn ids(value: &serde_json::Value) -> Vec<u32> {
    serde_json::from_value(value.clone()).unwrap()
}

/// What an error says, after checking that it is one.
pub fn said<T>(result: Result<T, Error>) -> String {
    match result {
        Ok(_) => panic!("expected an error"),
        Err(error) => error.to_string(),
    }
}
