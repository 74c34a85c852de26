//! An invented byte-level vocabulary of any size: the 256 byte tokens, pronounceable words built by merges, and the
//! special tokens of the family. Self-consistent: every word token is what byte-pair encoding makes of its own text.

use super::shape::{Family, SynthShape, input};
use crate::Result;

/// Kinds of tokens, as in `tokenizer.ggml.token_type`.
const NORMAL: i32 = 1;
const CONTROL: i32 = 3;

/// Special tokens of Llama 3 from the first on, by their place; the others are reserved and numbered.
const LLAMA3: [(usize, &str); 8] = [
    (0, "<|begin_of_text|>"),
    (1, "<|end_of_text|>"),
    (4, "<|finetune_right_pad_id|>"),
    (6, "<|start_header_id|>"),
    (7, "<|end_header_id|>"),
    (8, "<|eom_id|>"),
    (9, "<|eot_id|>"),
    (10, "<|python_tag|>"),
];

/// The special tokens of SmolLM2, which come before all others.
const SMOLLM2: [&str; 17] = [
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<repo_name>",
    "<reponame>",
    "<file_sep>",
    "<filename>",
    "<gh_stars>",
    "<issue_start>",
    "<issue_comment>",
    "<issue_closed>",
    "<jupyter_start>",
    "<jupyter_text>",
    "<jupyter_code>",
    "<jupyter_output>",
    "<jupyter_script>",
    "<empty_output>",
];

/// Tokens by id, their kinds, and the merges by rank.
pub(super) struct Vocabulary {
    pub tokens: Vec<String>,
    pub kinds: Vec<i32>,
    pub merges: Vec<String>,
    /// The id of the first special token.
    pub special: u32,
}

impl Vocabulary {
    pub fn new(shape: &SynthShape) -> Result<Self> {
        let special = special_tokens(shape);
        let parts = syllables();
        let least = 256 + special.len();
        let most = least + parts.len() + parts.len() * parts.len();
        let size = shape.vocabulary as usize;
        if !(least..=most).contains(&size) {
            return Err(input(
                "vocabulary",
                format!("{least} to {most} tokens"),
                size,
            ));
        }
        let singles = parts.iter().map(|s| (&s[..1], &s[1..]));
        let pairs = parts
            .iter()
            .flat_map(|one| parts.iter().map(move |two| (one.as_str(), two.as_str())));
        let words: Vec<(&str, &str)> = singles.chain(pairs).take(size - least).collect();
        let merges = words.iter().map(|(a, b)| format!("{a} {b}")).collect();
        let mut tokens: Vec<String> = byte_tokens().map(String::from).collect();
        tokens.extend(words.iter().map(|(a, b)| format!("{a}{b}")));
        let mut kinds = vec![NORMAL; tokens.len()];
        let at = match shape.family {
            Family::Llama3 => tokens.len(),
            Family::Smollm2 => 0,
        };
        kinds.splice(at..at, special.iter().map(|_| CONTROL));
        tokens.splice(at..at, special);
        Ok(Self {
            tokens,
            kinds,
            merges,
            special: at as u32,
        })
    }
}

/// Llama 3 has 256 of them; a vocabulary that is smaller than Llama's has 16.
fn special_tokens(shape: &SynthShape) -> Vec<String> {
    if shape.family == Family::Smollm2 {
        return SMOLLM2.map(String::from).to_vec();
    }
    let count = if shape.vocabulary >= 128_256 { 256 } else { 16 };
    let mut reserved = 0;
    (0..count)
        .map(|place| match LLAMA3.iter().find(|(p, _)| *p == place) {
            Some((_, name)) => (*name).to_owned(),
            None => {
                reserved += 1;
                format!("<|reserved_special_token_{}|>", reserved - 1)
            }
        })
        .collect()
}

/// The characters that stand for the bytes, in the order of GPT-2's vocabulary (Radford et al. 2019): first the bytes
/// that are visible characters of Latin-1, as themselves, then the others as the characters from U+0100 on.
fn byte_tokens() -> impl Iterator<Item = char> {
    let visible = ('!'..='~').chain('¡'..='¬').chain('®'..='ÿ');
    visible.chain(('\u{100}'..).take(256 - 188))
}

/// A consonant and a vowel each. No merge begins with a vowel, so the order in which merges apply cannot lead astray:
/// whatever a word's syllables, they form first and then the word.
fn syllables() -> Vec<String> {
    let mut all = Vec::new();
    for vowels in ["aeiou", "AEIOU"] {
        for consonants in ["bcdfghjklmnpqrstvwxyz", "BCDFGHJKLMNPQRSTVWXYZ"] {
            for consonant in consonants.chars() {
                all.extend(vowels.chars().map(|vowel| format!("{consonant}{vowel}")));
            }
        }
    }
    all
}
