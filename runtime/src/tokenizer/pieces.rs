//! Which text is trusted, and where the tokens lie that are found by name and not by merging.

use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};

use crate::Result;
use crate::tokenizer::vocabulary::format;

/// A stretch of a prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// What it says.
    pub text: String,
    /// Whether it is the template's own, so that names of control tokens in it are those tokens. Text of users and
    /// documents never is.
    pub special: bool,
}

/// Where a named token lies in a text, in bytes, and its id.
pub(super) type Found = (Range<usize>, u32);

/// Finds tokens by name: the leftmost first, and of those the longest.
pub(super) struct Finder {
    names: AhoCorasick,
    ids: Vec<u32>,
}

impl Finder {
    pub(super) fn new<'a>(named: impl Iterator<Item = (&'a str, u32)>) -> Result<Self> {
        let (names, ids): (Vec<_>, Vec<_>) = named.unzip();
        let names = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(&names)
            .map_err(|error| {
                format(
                    "tokenizer.ggml.tokens",
                    "names that can be searched for",
                    error,
                )
            })?;
        Ok(Self { names, ids })
    }

    /// The tokens in `text`, which begins at byte `base` of the whole.
    pub(super) fn find(&self, text: &str, base: usize) -> Vec<Found> {
        if self.ids.is_empty() {
            return Vec::new();
        }
        self.names
            .find_iter(text)
            .map(|m| (base + m.start()..base + m.end(), self.ids[m.pattern()]))
            .collect()
    }
}
