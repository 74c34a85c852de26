//! The tables of a vocabulary: the bytes of each token, and one piece of split text to ids. To the latter, control tokens
//! are unknown, so that no text can become one. Made from names as in a file, of which it says which line is broken.

use super::alphabet::{byte_of, char_of};
use super::index::Index;
use super::merges::{Merges, Pair, Word};
use super::texts::Texts;
use super::vocabulary::format;
use super::{Split, TokenKind};
use crate::Result;

/// Tokens and how they merge.
pub(super) struct Table {
    texts: Texts,
    /// The token of each byte. Not every vocabulary has all: the rest cannot be written.
    bytes: [Option<u32>; 256],
    merges: Merges,
    /// Tokens by their bytes, where a piece that is a token is taken whole.
    whole: Option<Index>,
}

impl Table {
    /// # Errors
    /// [`crate::Error::Format`] where a token occurs twice or a merge names none.
    pub fn new(
        tokens: &[&str],
        kinds: &[TokenKind],
        merges: &[&str],
        split: Split,
    ) -> Result<Self> {
        let texts = Texts::new(tokens, kinds)?;
        let names = Names::new(tokens, kinds)?;
        let bytes = std::array::from_fn(|byte| {
            let mut text = [0; 4];
            names.id(char_of(byte as u8).encode_utf8(&mut text))
        });
        let merges = names.merges(merges)?;
        drop(names);
        let whole = split.takes_whole().then(|| by_bytes(tokens, kinds, &texts));
        Ok(Self {
            texts,
            bytes,
            merges,
            whole,
        })
    }

    /// The most bytes that it takes for so many tokens, whose names have so many bytes, and merges.
    pub fn most_bytes(tokens: usize, names: usize, merges: usize, takes_whole: bool) -> usize {
        let whole = if takes_whole { Index::bytes(tokens) } else { 0 };
        names + tokens * size_of::<u32>() + Merges::bytes(tokens, merges) + whole
    }

    /// The most bytes that it takes beside that, and beside the names in the file, while it is made.
    pub fn most_bytes_beside(tokens: usize, merges: usize) -> usize {
        Index::bytes(tokens) + merges * size_of::<Pair>()
    }

    /// The bytes of a token; none for an id that there is not.
    pub fn text(&self, id: u32) -> &[u8] {
        self.texts.get(id)
    }

    /// Appends the ids of one piece. A byte without a token is left out and nothing merges across it, as in llama.cpp.
    pub fn encode(&self, piece: &str, word: &mut Word, ids: &mut Vec<u32>) {
        let unknown = |byte: &u8| self.bytes[usize::from(*byte)].is_none();
        for part in piece.as_bytes().split(unknown) {
            let whole = self.whole.as_ref();
            if let Some(id) = whole.and_then(|whole| whole.find(part, |id| self.text(id))) {
                ids.push(id);
            } else {
                word.fill(
                    part.iter()
                        .filter_map(|byte| self.bytes[usize::from(*byte)]),
                );
                self.merges.apply(word, ids);
            }
        }
    }
}

/// The tokens that text may become whole, by their bytes: those whose name is in the alphabet, so that no two have the
/// same. Tokens of the user are found before text is split.
fn by_bytes(tokens: &[&str], kinds: &[TokenKind], texts: &Texts) -> Index {
    let mut index = Index::with_room(tokens.len());
    for ((name, kind), id) in std::iter::zip(tokens, kinds).zip(0..) {
        let is_text = !kind.is_control() && *kind != TokenKind::UserDefined;
        if is_text && !name.is_empty() && name.chars().all(|char| byte_of(char).is_some()) {
            index.insert(texts.get(id), id, |id| texts.get(id));
        }
    }
    index
}

/// The names of tokens in the file, while merges are read.
struct Names<'a> {
    tokens: &'a [&'a str],
    index: Index,
    controls: Vec<&'a str>,
}

impl<'a> Names<'a> {
    fn new(tokens: &'a [&'a str], kinds: &[TokenKind]) -> Result<Self> {
        let mut names = Self {
            tokens,
            index: Index::with_room(tokens.len()),
            controls: Vec::new(),
        };
        for ((name, kind), id) in std::iter::zip(tokens, kinds).zip(0..) {
            let name_of = |id: u32| tokens[id as usize].as_bytes();
            if kind.is_control() {
                names.controls.push(name);
            } else if !name.is_empty()
                && let Some(first) = names.index.insert(name.as_bytes(), id, name_of)
            {
                return Err(format(
                    format!("tokenizer.ggml.tokens, token {id}"),
                    "a text of its own",
                    format!("that of token {first}"),
                ));
            }
        }
        names.controls.sort_unstable();
        Ok(names)
    }

    fn id(&self, name: &str) -> Option<u32> {
        let name_of = |id: u32| self.tokens[id as usize].as_bytes();
        self.index.find(name.as_bytes(), name_of)
    }

    /// Merges with a control token are left out: text never becomes one.
    fn merges(&self, merges: &[&str]) -> Result<Merges> {
        let mut pairs = Vec::with_capacity(merges.len());
        let mut made = Vec::with_capacity(merges.len());
        let mut joined = String::new();
        for (line, merge) in merges.iter().enumerate() {
            let broken = |expected, found: &str| {
                let what = format!("tokenizer.ggml.merges, merge {line}");
                format(what, expected, format!("{found:?}"))
            };
            let Some((left, right)) = merge.split_once(' ') else {
                return Err(broken("two names with a blank between", merge));
            };
            joined.clear();
            joined.extend([left, right]);
            let names = [left, right, &joined];
            if names
                .iter()
                .any(|name| self.controls.binary_search(name).is_ok())
            {
                continue;
            }
            let ids = names.map(|name| self.id(name));
            let [Some(left), Some(right), Some(both)] = ids else {
                let unknown = std::iter::zip(names, ids).find(|(_, id)| id.is_none());
                let name = unknown.map_or("", |(name, _)| name);
                return Err(broken("names of tokens in the vocabulary", name));
            };
            pairs.push((left, right, made.len() as u32));
            made.push(both);
        }
        Ok(Merges::new(self.tokens.len(), pairs, made))
    }
}
