//! The merge table: one piece of split text to ids. A thin coat over the library's BPE that speaks bytes, leaves
//! control tokens out and says which line of a broken file is wrong.

use tokenizers::Model;
use tokenizers::models::bpe::{BPE, Vocab};

use super::alphabet::{byte_of, char_of};
use super::vocabulary::format;
use super::{Split, TokenKind};
use crate::Result;

/// Normal tokens and how they merge.
pub(super) struct Table {
    bpe: BPE,
    /// Whether the vocabulary has a token for the byte. Not every vocabulary has all: the rest cannot be written.
    known: [bool; 256],
}

impl Table {
    /// # Errors
    /// [`crate::Error::Format`] where a token occurs twice or a merge names none.
    pub(super) fn new(
        tokens: Vec<String>,
        kinds: &[TokenKind],
        merges: Vec<String>,
        split: Split,
    ) -> Result<Self> {
        let mut ids = Vocab::default();
        let mut controls = Vec::new();
        for ((text, kind), id) in std::iter::zip(tokens, kinds).zip(0..) {
            if kind.is_control() {
                controls.push(text);
            } else if !text.is_empty()
                && let Some(first) = ids.insert(text, id)
            {
                let what = format!("tokenizer.ggml.tokens, token {id}");
                return Err(format(
                    what,
                    "a text of its own",
                    format!("that of token {first}"),
                ));
            }
        }
        controls.sort_unstable();
        let merges = merges_of_text(&ids, &controls, merges)?;
        let known = std::array::from_fn(|byte| {
            let mut text = [0; 4];
            ids.contains_key(&*char_of(byte as u8).encode_utf8(&mut text))
        });
        let bpe = BPE::builder()
            .vocab_and_merges(ids, merges)
            .ignore_merges(split == Split::Llama3)
            // The library's cache belongs to the thread and outlives the table.
            .cache_capacity(0)
            .build()
            .map_err(|error| format("tokenizer.ggml.merges", "merges of known tokens", error))?;
        Ok(Self { bpe, known })
    }

    /// Appends the ids of one piece. A byte without a token is left out and nothing merges across it, as in llama.cpp.
    pub(super) fn encode(&self, piece: &str, ids: &mut Vec<u32>) {
        for part in piece
            .as_bytes()
            .split(|&byte| !self.known[usize::from(byte)])
        {
            let text: String = part.iter().map(|&byte| char_of(byte)).collect();
            // Without dropout and unknown tokens the library has nothing to fail on.
            let tokens = self.bpe.tokenize(&text).unwrap_or_default();
            ids.extend(tokens.iter().map(|token| token.id));
        }
    }
}

/// Splits every merge into its two names. Merges with a control token are left out: text never becomes one.
fn merges_of_text(
    ids: &Vocab,
    controls: &[String],
    merges: Vec<String>,
) -> Result<Vec<(String, String)>> {
    let is_control = |text: &String| controls.binary_search(text).is_ok();
    let mut pairs = Vec::with_capacity(merges.len());
    for (rank, merge) in merges.into_iter().enumerate() {
        let what = || format!("tokenizer.ggml.merges, merge {rank}");
        let Some((left, right)) = merge.split_once(' ') else {
            return Err(format(
                what(),
                "two names with a blank between",
                format!("{merge:?}"),
            ));
        };
        let names = [left.to_owned(), right.to_owned(), format!("{left}{right}")];
        if names.iter().any(is_control) {
            continue;
        }
        if let Some(unknown) = names.iter().find(|name| !ids.contains_key(*name)) {
            let found = format!("{unknown:?}");
            return Err(format(what(), "names of tokens in the vocabulary", found));
        }
        let [left, right, _] = names;
        pairs.push((left, right));
    }
    Ok(pairs)
}

/// The bytes of all tokens joined, and where each one ends. Only text is in the byte-level alphabet.
pub(super) fn token_bytes(tokens: &[String], kinds: &[TokenKind]) -> Result<(Vec<u8>, Vec<u32>)> {
    let mut bytes = Vec::with_capacity(tokens.iter().map(String::len).sum());
    let mut ends = Vec::with_capacity(tokens.len());
    for (text, kind) in std::iter::zip(tokens, kinds) {
        if kind.is_control() || *kind == TokenKind::UserDefined {
            bytes.extend_from_slice(text.as_bytes());
        } else {
            for char in text.chars() {
                match byte_of(char) {
                    Some(byte) => bytes.push(byte),
                    None => bytes.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes()),
                }
            }
        }
        let end = u32::try_from(bytes.len()).map_err(|_| {
            format(
                "tokenizer.ggml.tokens",
                "at most 4 GiB of text",
                bytes.len(),
            )
        })?;
        ends.push(end);
    }
    Ok((bytes, ends))
}
