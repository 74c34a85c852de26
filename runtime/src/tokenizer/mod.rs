//! Text to ids and back: byte-level BPE with the vocabulary of the model file.
//!
//! The tables are made for little memory: with Llama 3's 128256 tokens and 280147 merges they hold 6.3 MB. The splits
//! are two patterns on a linear-time engine, since engines with look-ahead give up on long runs. Control tokens are not
//! in the tables that text is merged with, so that no text can become one by merging: only [`Piece`]s marked as special
//! are searched for them.

mod alphabet;
mod index;
mod merges;
mod pieces;
mod split;
mod stream;
mod table;
mod texts;
mod vocabulary;

use std::sync::Arc;

use crate::Result;
use merges::Word;
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
    table: Table,
    splitter: Splitter,
    /// Finds control and user-defined tokens in text that is trusted.
    special: Finder,
    /// Finds user-defined tokens in any text.
    user_defined: Finder,
    kinds: Vec<TokenKind>,
    /// Every id that ends a generation.
    end: Vec<u32>,
    bos: Option<u32>,
    eos: Option<u32>,
    add_bos: bool,
}

impl Tokenizer {
    /// Builds the tables. With Llama 3's vocabulary 16 MB are held at the peak of that.
    ///
    /// # Errors
    /// [`crate::Error::Format`] where a merge is not two names, names a token that the vocabulary lacks, or a token
    /// occurs twice.
    pub fn new(vocabulary: Vocabulary<'_>) -> Result<Self> {
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
                .map(|((text, _), id)| (*text, id))
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
        Ok(Self(Arc::new(Tables {
            table: Table::new(&tokens, &kinds, &merges, vocabulary.split)?,
            splitter: Splitter::new(vocabulary.split),
            special,
            user_defined,
            kinds,
            end,
            bos: vocabulary.bos,
            eos: vocabulary.eos,
            add_bos: vocabulary.add_bos,
        })))
    }

    /// The most bytes that come to be held beside the tables once text is encoded.
    pub(crate) const SEEN: u64 = Splitter::SEEN;

    /// The most bytes that the tables take for a vocabulary of these `tokens` and so many `merges`, split as `pre` says,
    /// and the most that are held at once while they are made. A test measures that the first is no less than what is
    /// held, and at most a tenth more, for vocabularies of 49152 and 128256 tokens.
    pub(crate) fn most_bytes<'a>(
        tokens: impl ExactSizeIterator<Item = &'a str>,
        merges: usize,
        pre: Option<&str>,
    ) -> (u64, u64) {
        // The split's pattern and the searches for named tokens, and compiling them, as measured and a little more.
        const PATTERNS: usize = 256 << 10;
        const COMPILING: usize = 640 << 10;
        let count = tokens.len();
        let names = tokens.map(str::len).sum();
        // A split that is unknown is refused later.
        let takes_whole = vocabulary::split(pre).map_or(true, Split::takes_whole);
        let table = Table::most_bytes(count, names, merges, takes_whole);
        let held = PATTERNS + table + count * size_of::<TokenKind>();
        let borrowed = (count + merges) * size_of::<&str>() + count * size_of::<i32>();
        let beside = borrowed + Table::most_bytes_beside(count, merges);
        (held as u64, (held + beside + COMPILING) as u64)
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
        let mut word = Word::default();
        let mut from = 0;
        for (range, id) in found {
            self.encode_stretch(&text[from..range.start], &mut word, &mut ids);
            ids.push(*id);
            from = range.end;
        }
        self.encode_stretch(&text[from..], &mut word, &mut ids);
        ids
    }

    fn encode_stretch(&self, text: &str, word: &mut Word, ids: &mut Vec<u32>) {
        let Tables {
            table, splitter, ..
        } = &*self.0;
        let mut from = 0;
        for (range, id) in self.0.user_defined.find(text, 0) {
            let before = &text[from..range.start];
            splitter.pieces(before, |piece| table.encode(piece, word, ids));
            ids.push(id);
            from = range.end;
        }
        splitter.pieces(&text[from..], |piece| table.encode(piece, word, ids));
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
        self.0.table.text(id)
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

impl std::fmt::Debug for Tokenizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tokenizer({} tokens)", self.len())
    }
}
