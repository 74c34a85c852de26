//! Text to ids and back: byte-level BPE with the vocabulary of the model file.
//!
//! The merges are the `tokenizers` library's. The splits are our own two patterns on a linear-time engine: the
//! library's look-ahead engine gives up on long runs without saying so. Control tokens are not in the table that text
//! is merged with, so that no text can become one by merging: only [`Piece`]s marked as special are searched for them.

mod alphabet;
mod pieces;
mod split;
mod stream;
mod table;
mod vocabulary;

use std::sync::Arc;

use crate::Result;
use pieces::Finder;
use split::Splitter;
use table::Table;

pub use pieces::Piece;
pub use split::Split;
pub use stream::StreamDecoder;
pub use vocabulary::{RawVocabulary, TokenKind, Vocabulary};

/// A vocabulary made ready. Cheap to clone; every clone shares the tables.
#[derive(Clone)]
pub struct Tokenizer(Arc<Tables>);

struct Tables {
    merging: Table,
    splitter: Splitter,
    /// Finds control and user-defined tokens in text that is trusted.
    special: Finder,
    /// Finds user-defined tokens in any text.
    user_defined: Finder,
    /// The bytes of every token, one after the other; token `id` ends at `ends[id]`.
    bytes: Vec<u8>,
    ends: Vec<u32>,
    kinds: Vec<TokenKind>,
    /// Every id that ends a generation.
    end: Vec<u32>,
    bos: Option<u32>,
    eos: Option<u32>,
    add_bos: bool,
}

impl Tokenizer {
    /// Builds the tables. With Llama 3's 128256 tokens and 280147 merges they hold 31 MB, and
    /// building them takes 29 MB beside the vocabulary's own 20, and half a second or less.
    ///
    /// # Errors
    /// [`crate::Error::Format`] where a merge is not two names, names a token that the vocabulary lacks, or a token
    /// occurs twice.
    pub fn new(vocabulary: Vocabulary) -> Result<Self> {
        let Vocabulary {
            tokens,
            kinds,
            merges,
            ..
        } = vocabulary;
        let texts = |wanted: fn(TokenKind) -> bool| {
            std::iter::zip(&tokens, &kinds)
                .zip(0..)
                .filter(move |((text, kind), _)| wanted(**kind) && !text.is_empty())
                .map(|((text, _), id)| (text.as_str(), id))
        };
        let special = Finder::new(texts(|kind| {
            kind.is_control() || kind == TokenKind::UserDefined
        }))?;
        let user_defined = Finder::new(texts(|kind| kind == TokenKind::UserDefined))?;
        let named_ends = texts(TokenKind::is_control)
            .filter(|(text, _)| vocabulary::END_NAMES.contains(text))
            .map(|(_, id)| id);
        let mut end: Vec<u32> = named_ends
            .chain(
                [vocabulary.eos, vocabulary.eot, vocabulary.eom]
                    .into_iter()
                    .flatten(),
            )
            .collect();
        end.sort_unstable();
        end.dedup();
        let (bytes, ends) = table::token_bytes(&tokens, &kinds)?;
        Ok(Self(Arc::new(Tables {
            merging: Table::new(tokens, &kinds, merges, vocabulary.split)?,
            splitter: Splitter::new(vocabulary.split),
            special,
            user_defined,
            bytes,
            ends,
            kinds,
            end,
            bos: vocabulary.bos,
            eos: vocabulary.eos,
            add_bos: vocabulary.add_bos,
        })))
    }

    /// The most bytes that the tables take for a vocabulary of these `tokens` and so many `merges`: what the library's
    /// three hash maps (text to id, id to text, merge to rank) come to, the texts, and ours. A test measures that it is
    /// no less, and at most a tenth more, for vocabularies of 49152 and 128256 tokens.
    pub(crate) fn estimated_bytes<'a>(
        tokens: impl ExactSizeIterator<Item = &'a str>,
        merges: usize,
    ) -> u64 {
        // The split's pattern and the searches for named tokens, as measured and a little more.
        const PATTERNS: usize = 300 << 10;
        let count = tokens.len();
        let text: usize = tokens.map(str::len).sum();
        let of_texts = 2 * map_bytes(count, 32) + 2 * text;
        let ours = text + count * (size_of::<u32>() + size_of::<TokenKind>());
        (PATTERNS + of_texts + map_bytes(merges, 16) + ours) as u64
    }

    /// The most bytes that are held at once while the tables are made: beside them the merges as pairs of texts, the
    /// smaller map that the one of the merges grows out of, and what compiling the patterns takes.
    pub(crate) fn estimated_reading_bytes<'a>(
        tokens: impl ExactSizeIterator<Item = &'a str> + Clone,
        merges: usize,
    ) -> u64 {
        const COMPILING: usize = 640 << 10;
        // A merge's text is about a token's, with a blank; and each is made anew before the old one goes.
        let text: usize = tokens.clone().map(str::len).sum();
        let beside = merges * size_of::<(String, String)>() + 2 * text + map_bytes(merges, 16) / 2;
        Self::estimated_bytes(tokens, merges) + (beside + COMPILING) as u64
    }

    /// The ids of text that nobody vouches for. No control token comes out, whatever the text. Adds no BOS.
    pub fn encode(&self, text: &str) -> Vec<u32> {
        self.encode_with(text, &[])
    }

    /// The ids of trusted text: the names of control tokens become those tokens, the leftmost first and of those the
    /// longest. Adds no BOS.
    pub fn encode_special(&self, text: &str) -> Vec<u32> {
        self.encode_with(text, &self.0.special.find(text, 0))
    }

    /// The ids of trusted and other text joined. Where two pieces meet, text merges across as if it were one string;
    /// only control tokens have to lie inside one trusted piece. Adds no BOS: see [`Self::with_bos`].
    pub fn encode_pieces(&self, pieces: &[Piece]) -> Vec<u32> {
        let mut text = String::new();
        let mut found = Vec::new();
        for piece in pieces {
            if piece.special {
                found.extend(self.0.special.find(&piece.text, text.len()));
            }
            text.push_str(&piece.text);
        }
        self.encode_with(&text, &found)
    }

    /// The ids of a whole prompt: with BOS in front where the vocabulary asks for it and no template has put it there.
    pub fn with_bos(&self, mut ids: Vec<u32>) -> Vec<u32> {
        match self.bos() {
            Some(bos) if self.add_bos() && ids.first() != Some(&bos) => ids.insert(0, bos),
            _ => {}
        }
        ids
    }

    /// Encodes `text`, in which the ranges `found`, in order, are decided already.
    fn encode_with(&self, text: &str, found: &[pieces::Found]) -> Vec<u32> {
        let mut ids = Vec::with_capacity(text.len() / 3);
        let mut from = 0;
        for (range, id) in found {
            self.encode_stretch(&text[from..range.start], &mut ids);
            ids.push(*id);
            from = range.end;
        }
        self.encode_stretch(&text[from..], &mut ids);
        ids
    }

    fn encode_stretch(&self, text: &str, ids: &mut Vec<u32>) {
        let tables = &*self.0;
        let mut from = 0;
        for (range, id) in tables.user_defined.find(text, 0) {
            let before = &text[from..range.start];
            tables
                .splitter
                .pieces(before, |piece| tables.merging.encode(piece, ids));
            ids.push(id);
            from = range.end;
        }
        let rest = &text[from..];
        tables
            .splitter
            .pieces(rest, |piece| tables.merging.encode(piece, ids));
    }

    /// Turns ids into text as they come.
    pub fn decoder(&self) -> StreamDecoder {
        StreamDecoder::new(self.clone())
    }

    /// The text of `ids`, without control tokens. Bytes that are not UTF-8 become U+FFFD.
    pub fn decode(&self, ids: &[u32]) -> String {
        let shown = ids.iter().filter(|&&id| !self.is_control(id));
        let bytes: Vec<u8> = shown.flat_map(|&id| self.bytes(id)).copied().collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// As [`Self::decode`], with the names of control tokens.
    pub fn decode_special(&self, ids: &[u32]) -> String {
        let bytes: Vec<u8> = ids.iter().flat_map(|&id| self.bytes(id)).copied().collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The bytes of a token; none for an id outside the vocabulary.
    pub fn bytes(&self, id: u32) -> &[u8] {
        let at = id as usize;
        let Some(&end) = self.0.ends.get(at) else {
            return &[];
        };
        let start = if at == 0 { 0 } else { self.0.ends[at - 1] };
        &self.0.bytes[start as usize..end as usize]
    }

    /// Whether a generation ends with this token.
    pub fn is_end(&self, id: u32) -> bool {
        self.0.end.binary_search(&id).is_ok()
    }

    /// Whether this token is structure, which only trusted text can become.
    pub fn is_control(&self, id: u32) -> bool {
        self.0
            .kinds
            .get(id as usize)
            .is_some_and(|kind| kind.is_control())
    }

    /// The names of all control tokens, in the order of their ids.
    pub fn control_names(&self) -> impl Iterator<Item = &str> {
        (0..self.len() as u32)
            .filter(|&id| self.is_control(id))
            .filter_map(|id| std::str::from_utf8(self.bytes(id)).ok())
    }

    /// The token at the beginning of a sequence.
    pub fn bos(&self) -> Option<u32> {
        self.0.bos
    }

    /// The token at the end of a sequence, as the file names it; [`Self::is_end`] knows them all.
    pub fn eos(&self) -> Option<u32> {
        self.0.eos
    }

    /// Whether a prompt begins with [`Self::bos`].
    pub fn add_bos(&self) -> bool {
        self.0.add_bos
    }

    /// Tokens in the vocabulary.
    #[allow(clippy::len_without_is_empty)] // A vocabulary has at least one.
    pub fn len(&self) -> usize {
        self.0.kinds.len()
    }
}

/// A hash map has a power of two of buckets, at most 7 of 8 in use, each with a byte of its own.
fn map_bytes(entries: usize, bytes: usize) -> usize {
    (entries * 8).div_ceil(7).next_power_of_two() * (bytes + 1)
}

impl std::fmt::Debug for Tokenizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tokenizer({} tokens)", self.len())
    }
}
