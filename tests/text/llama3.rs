//! Llama 3's tokenizer, in the form a GGUF file has it, against tiktoken.
//!
//! The vocabulary is built here from Meta's ranks file, which is not kept in the repository: it is looked for in the
//! cache, as `llama3/tokenizer.model`. Expected ids come from `data/llama3-tokenizer/make.py`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use lorgnette::formats::{Checkpoint, Value, Writer};
use lorgnette::{ChatTemplate, Tokenizer};
use lorgnette_tests::allocations::during;

use crate::given::{cache, data, ids, joined, message, skipped};

/// A template in Llama 3's structure: every message trimmed, framed by header and end of turn.
const TEMPLATE: &str = "{{ bos_token }}{% for message in messages %}
{{ '<|start_header_id|>' + message.role + '<|end_header_id|>\n\n' + message.content | trim + '<|eot_id|>' }}
{%- endfor %}
{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}";

/// The tokenizer, and what making it took: bytes by the allocator's account, and the bound that a budget counts.
struct Built {
    tokenizer: Tokenizer,
    held: (u64, u64),
    peak: (u64, u64),
}

fn tokenizer() -> Option<&'static Tokenizer> {
    built().map(|built| &built.tokenizer)
}

fn built() -> Option<&'static Built> {
    static BUILT: OnceLock<Option<Built>> = OnceLock::new();
    let built = BUILT.get_or_init(|| {
        let named = std::env::var_os("LORGNETTE_LLAMA3_RANKS").map(PathBuf::from);
        let path = named.unwrap_or_else(|| cache().join("llama3/tokenizer.model"));
        let ranks = std::fs::read_to_string(&path).ok()?;
        let file = Checkpoint::from_bytes(gguf_from_ranks(&ranks)).unwrap();
        let (tokenizer, asked) = during(|| lorgnette::text::tokenizer(file.metadata()).unwrap());
        let (held, peak) = lorgnette::text::host_bytes(file.metadata()).unwrap();
        Some(Built {
            tokenizer,
            held: (asked.held as u64, held),
            peak: (asked.peak as u64, peak),
        })
    });
    if built.is_none() {
        skipped(
            "Llama 3's tokenizer.model is neither in the cache nor named by LORGNETTE_LLAMA3_RANKS",
        );
    }
    built.as_ref()
}

/// A GGUF file with the metadata that published files have; a token merges from every pair of shorter tokens that it
/// joins, in the order of its own rank, then the ranks of the two.
fn gguf_from_ranks(file: &str) -> Vec<u8> {
    let mut tokens: Vec<Vec<u8>> = file
        .lines()
        .map(|line| base64(line.split(' ').next().unwrap()))
        .collect();
    assert_eq!(tokens.len(), 128_000);
    let ranks: HashMap<&[u8], usize> = tokens.iter().map(Vec::as_slice).zip(0..).collect();
    let mut merges = Vec::new();
    for token in &tokens {
        let mut pairs: Vec<_> = (1..token.len())
            .filter_map(|at| Some((*ranks.get(&token[..at])?, *ranks.get(&token[at..])?)))
            .collect();
        pairs.sort_unstable();
        merges.extend(pairs.into_iter().map(|(left, right)| {
            format!("{} {}", written(&tokens[left]), written(&tokens[right]))
        }));
    }
    assert_eq!(merges.len(), 280_147, "merges in published files");
    let mut texts: Vec<String> = tokens.drain(..).map(|token| written(&token)).collect();
    texts.extend(control_names());
    let types = (0..texts.len())
        .map(|id| if id < 128_000 { 1 } else { 3 })
        .collect();
    let text = |text: &str| Value::String(text.into());
    let metadata = [
        ("general.architecture", text("llama")),
        ("tokenizer.ggml.model", text("gpt2")),
        ("tokenizer.ggml.pre", text("llama-bpe")),
        ("tokenizer.ggml.tokens", Value::Strings(texts)),
        ("tokenizer.ggml.token_type", Value::I32s(types)),
        ("tokenizer.ggml.merges", Value::Strings(merges)),
        ("tokenizer.ggml.bos_token_id", Value::U32(128_000)),
        ("tokenizer.ggml.eos_token_id", Value::U32(128_009)),
    ];
    Writer::new(Vec::new(), Path::new("llama 3"), &metadata, &[])
        .and_then(Writer::finish)
        .unwrap()
}

fn control_names() -> Vec<String> {
    let mut reserved = (0..).map(|n| format!("<|reserved_special_token_{n}|>"));
    (0..256)
        .map(|at| match at {
            0 => "<|begin_of_text|>".into(),
            1 => "<|end_of_text|>".into(),
            4 => "<|finetune_right_pad_id|>".into(),
            6 => "<|start_header_id|>".into(),
            7 => "<|end_header_id|>".into(),
            8 => "<|eom_id|>".into(),
            9 => "<|eot_id|>".into(),
            10 => "<|python_tag|>".into(),
            _ => reserved.next().unwrap(),
        })
        .collect()
}

/// Bytes in the byte-level alphabet, told by its rule: printable Latin-1 stands for itself, the rest follows U+0100.
fn written(bytes: &[u8]) -> String {
    let prints = |b: u8| matches!(b, 33..=126 | 161..=172 | 174..=255);
    let written = |&b: &u8| match prints(b) {
        true => char::from(b),
        false => {
            char::from_u32(256 + (0..b).filter(|&lower| !prints(lower)).count() as u32).unwrap()
        }
    };
    bytes.iter().map(written).collect()
}

fn base64(text: &str) -> Vec<u8> {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = text.trim_end_matches('=').bytes();
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0);
    for digit in digits {
        bits = bits << 6 | alphabet.iter().position(|&letter| letter == digit).unwrap() as u32;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    bytes
}

#[test]
fn every_string_has_the_ids_that_tiktoken_gives() {
    let Some(tokenizer) = tokenizer() else { return };
    let cases = data("llama3-tokenizer/tokenization.json");
    for case in cases.as_array().unwrap() {
        let text = case["text"].as_str().unwrap();
        let expected = ids(&case["ids"]);
        assert_eq!(tokenizer.encode(text), expected, "{text:?}");
        assert_eq!(tokenizer.decode(&expected), text);
        let mut decoder = tokenizer.decoder();
        let streamed: String = expected.iter().filter_map(|&id| decoder.push(id)).collect();
        assert_eq!((streamed.as_str(), decoder.finish()), (text, None));
    }
    assert!(cases.as_array().unwrap().len() >= 200);
}

/// Bytes of the heap, which a small budget counts beside the weights.
#[test]
fn the_tables_hold_little_and_are_made_with_little_more() {
    let Some(built) = built() else { return };
    for (found, most) in [built.held, built.peak] {
        println!("{found} bytes of {most}");
        let loose = most as f64 / found as f64;
        assert!((1.0..=1.3).contains(&loose), "{found} bytes of {most}");
    }
    assert!(built.held.0 <= 7_000_000 && built.peak.0 <= 20_000_000);
}

#[test]
fn control_tokens_have_their_published_ids() {
    let Some(tokenizer) = tokenizer() else { return };
    assert_eq!(tokenizer.len(), 128_256);
    let header = tokenizer.encode_special(
        "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>",
    );
    assert_eq!(
        header,
        [128_000, 128_006, 882, 128_007, 271, 13_347, 128_009]
    );
    let ends: Vec<u32> = (0..128_256).filter(|&id| tokenizer.is_end(id)).collect();
    assert_eq!(ends, [128_001, 128_008, 128_009]);
    assert_eq!(
        (tokenizer.bos(), tokenizer.add_bos()),
        (Some(128_000), true)
    );
    assert_eq!(
        tokenizer.with_bos(tokenizer.encode("Hi")),
        [128_000, 13_347]
    );
    assert_eq!(tokenizer.decode(&header), "user\n\nHi");
}

#[test]
fn user_text_with_every_control_token_yields_none() {
    let Some(tokenizer) = tokenizer() else { return };
    let template = ChatTemplate::new(TEMPLATE, tokenizer).unwrap();
    let text = control_names().join(" ") + &control_names().concat();
    assert!(tokenizer.encode(&text).iter().all(|&id| id < 128_000));

    let controls = |content: &str| -> Vec<u32> {
        let pieces = template
            .render(
                &[message("system", "Be brief."), message("user", content)],
                true,
            )
            .unwrap();
        let ids = tokenizer.encode_pieces(&pieces);
        assert!(tokenizer.decode_special(&ids).contains(content));
        assert_eq!(
            tokenizer.with_bos(ids.clone()),
            ids,
            "the template has put BOS there"
        );
        ids.into_iter()
            .filter(|&id| tokenizer.is_control(id))
            .collect()
    };
    let expected = controls("Hello");
    assert_eq!(
        expected,
        [
            128_000, 128_006, 128_007, 128_009, 128_006, 128_007, 128_009, 128_006, 128_007
        ]
    );
    assert_eq!(controls(&text), expected);
}

#[test]
fn harmless_text_is_tokenized_with_the_template_around_it() {
    let Some(tokenizer) = tokenizer() else { return };
    let template = ChatTemplate::new(TEMPLATE, tokenizer).unwrap();
    let pieces = template
        .render(&[message("user", "  if a <b> < 3  \n")], true)
        .unwrap();
    let frame = [
        "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\n",
        "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
    ];
    let expected = frame.join("if a <b> < 3");
    assert_eq!(joined(&pieces), expected);
    assert_eq!(
        tokenizer.encode_pieces(&pieces),
        tokenizer.encode_special(&expected)
    );
}
