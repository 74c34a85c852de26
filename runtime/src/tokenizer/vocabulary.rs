//! What a model file says about its tokenizer, checked once. Plain values in, so that this room knows no file format;
//! the keys in the messages are GGUF's, which is where the values come from.

use super::Split;
use crate::{Error, Result};

/// The tokenizer's values as a GGUF file holds them, unchecked.
#[derive(Clone, Debug, Default)]
pub struct RawVocabulary<'a> {
    /// `tokenizer.ggml.model`: `gpt2` is byte-level BPE, the only one understood.
    pub model: &'a str,
    /// `tokenizer.ggml.pre`: the name of the split.
    pub pre: Option<&'a str>,
    /// `tokenizer.ggml.tokens`: by id; normal tokens in the byte-level alphabet, others as they are.
    pub tokens: Vec<&'a str>,
    /// `tokenizer.ggml.token_type`: one for each token; all normal where the file has none.
    pub types: Option<Vec<i32>>,
    /// `tokenizer.ggml.merges`: `left right`, the first merges first.
    pub merges: Vec<&'a str>,
    /// `tokenizer.ggml.bos_token_id`.
    pub bos: Option<u32>,
    /// `tokenizer.ggml.eos_token_id`.
    pub eos: Option<u32>,
    /// `tokenizer.ggml.eot_token_id`.
    pub eot: Option<u32>,
    /// `tokenizer.ggml.eom_token_id`.
    pub eom: Option<u32>,
    /// `tokenizer.ggml.add_bos_token`: where a file has none, yes for Llama 3 and no for the others, as llama.cpp does.
    pub add_bos: Option<bool>,
}

/// What a token is for. The discriminants are GGUF's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum TokenKind {
    /// Text.
    Normal = 1,
    /// Stands for what the vocabulary cannot write; parsed like a control token.
    Unknown = 2,
    /// Structure: never made from text of users.
    Control = 3,
    /// Text that is always one token.
    UserDefined = 4,
    /// Reserved.
    Unused = 5,
    /// A single byte.
    Byte = 6,
}

impl TokenKind {
    fn from_gguf(value: i32) -> Option<Self> {
        use TokenKind::*;
        [Normal, Unknown, Control, UserDefined, Unused, Byte]
            .into_iter()
            .find(|kind| *kind as i32 == value)
    }

    /// Whether only text that is trusted may become such a token.
    pub(super) fn is_control(self) -> bool {
        matches!(self, Self::Control | Self::Unknown)
    }
}

/// A checked vocabulary: one kind for each token, every id inside.
#[derive(Clone, Debug)]
pub struct Vocabulary<'a> {
    /// By id; normal tokens in the byte-level alphabet, others as they are.
    pub tokens: Vec<&'a str>,
    /// By id.
    pub kinds: Vec<TokenKind>,
    /// `left right`, the first merges first.
    pub merges: Vec<&'a str>,
    /// How text is cut before merging.
    pub split: Split,
    /// Beginning of a sequence.
    pub bos: Option<u32>,
    /// End of a sequence.
    pub eos: Option<u32>,
    /// End of a turn.
    pub eot: Option<u32>,
    /// End of a message that expects an answer from a tool.
    pub eom: Option<u32>,
    /// Whether a prompt begins with `bos`.
    pub add_bos: bool,
}

/// Names that end a generation in the models of this family. A file may mark them as text by mistake: they are
/// control tokens all the same.
pub(super) const END_NAMES: [&str; 6] = [
    "<|eot_id|>",
    "<|eom_id|>",
    "<|end_of_text|>",
    "<|im_end|>",
    "<|endoftext|>",
    "<|end|>",
];

const SPLITS: [(&str, Split); 6] = [
    ("llama-bpe", Split::Llama3),
    ("llama3", Split::Llama3),
    ("llama-v3", Split::Llama3),
    ("smollm", Split::Smollm),
    ("gpt-2", Split::Gpt2),
    ("gpt2", Split::Gpt2),
];

impl<'a> Vocabulary<'a> {
    /// Checks the values of a file.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for another model than `gpt2` and for an unknown split. A file without a split, or with
    /// `default`, is refused too: such files come from before the key existed, and their split can only be guessed.
    /// [`Error::Format`] where counts, kinds or ids do not fit together.
    pub fn new(raw: RawVocabulary<'a>) -> Result<Self> {
        if raw.model != "gpt2" {
            return Err(unsupported("tokenizer.ggml.model", "gpt2", raw.model));
        }
        let split = split(raw.pre)?;
        let kinds = kinds(&raw.tokens, raw.types)?;
        let count = raw.tokens.len();
        if count == 0 || u32::try_from(count).is_err() {
            return Err(format(
                "tokenizer.ggml.tokens",
                "1 to 4294967295 tokens",
                count,
            ));
        }
        for (name, id) in [
            ("tokenizer.ggml.bos_token_id", raw.bos),
            ("tokenizer.ggml.eos_token_id", raw.eos),
            ("tokenizer.ggml.eot_token_id", raw.eot),
            ("tokenizer.ggml.eom_token_id", raw.eom),
        ] {
            if let Some(id) = id.filter(|&id| id as usize >= count) {
                return Err(format(
                    name,
                    format!("an id below {count}, the number of tokens"),
                    id,
                ));
            }
        }
        if raw.add_bos == Some(true) && raw.bos.is_none() {
            let expected = "an id, because tokenizer.ggml.add_bos_token is true";
            return Err(format("tokenizer.ggml.bos_token_id", expected, "none"));
        }
        Ok(Self {
            add_bos: raw
                .add_bos
                .unwrap_or(split == Split::Llama3 && raw.bos.is_some()),
            tokens: raw.tokens,
            kinds,
            merges: raw.merges,
            split,
            bos: raw.bos,
            eos: raw.eos,
            eot: raw.eot,
            eom: raw.eom,
        })
    }
}

pub(super) fn split(pre: Option<&str>) -> Result<Split> {
    let found = pre.unwrap_or("none");
    match SPLITS.iter().find(|(name, _)| *name == found) {
        Some((_, split)) => Ok(*split),
        None => {
            let names: Vec<_> = SPLITS.iter().map(|(name, _)| *name).collect();
            let expected = format!("one of {}", names.join(", "));
            Err(unsupported("tokenizer.ggml.pre", expected, found))
        }
    }
}

fn kinds(tokens: &[&str], types: Option<Vec<i32>>) -> Result<Vec<TokenKind>> {
    let Some(types) = types else {
        return Ok(tokens
            .iter()
            .map(|text| kind(text, TokenKind::Normal))
            .collect());
    };
    if types.len() != tokens.len() {
        let expected = format!("{} types, one for each token", tokens.len());
        return Err(format("tokenizer.ggml.token_type", expected, types.len()));
    }
    std::iter::zip(tokens, types)
        .enumerate()
        .map(|(id, (text, value))| match TokenKind::from_gguf(value) {
            Some(found) => Ok(kind(text, found)),
            None => Err(format(
                format!("tokenizer.ggml.token_type of token {id}"),
                "1 to 6",
                value,
            )),
        })
        .collect()
}

fn kind(text: &str, stated: TokenKind) -> TokenKind {
    if END_NAMES.contains(&text) {
        TokenKind::Control
    } else {
        stated
    }
}

pub(super) fn format(what: impl ToString, expected: impl ToString, found: impl ToString) -> Error {
    Error::Format {
        what: what.to_string(),
        expected: expected.to_string(),
        found: found.to_string(),
    }
}

fn unsupported(what: impl ToString, expected: impl ToString, found: impl ToString) -> Error {
    Error::Unsupported {
        what: what.to_string(),
        expected: expected.to_string(),
        found: found.to_string(),
    }
}
