//! Cuts text into the pieces inside which merges happen. Two patterns serve three splits; both are the published ones
//! less their look-ahead, so that a linear-time engine, which cannot fail or give up on long text, runs them.
//! What `\s+(?!\S)` did is done by hand: a run of white space leaves its last character to the word after it.

use regex::{Regex, RegexBuilder};

/// How text is cut before merging: `tokenizer.ggml.pre` of a GGUF file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// `llama-bpe`: up to three digits together, contractions in any case, and a piece that is itself a token is
    /// taken whole, whatever the merges say.
    Llama3,
    /// `smollm`: digits one by one, then as GPT-2.
    Smollm,
    /// `gpt-2`.
    Gpt2,
}

impl Split {
    /// Whether a piece that is itself a token is that token, without a look at the merges.
    pub(super) fn takes_whole(self) -> bool {
        self == Self::Llama3
    }
}

const LLAMA3: &str = concat!(
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|",
    r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+",
);
const GPT2: &str = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+";

/// Bytes of what the engine keeps of text that it has seen, in each direction: enough for text in a few scripts. Without
/// a limit, text in many would make it 2 MiB.
const SEEN: usize = 512 << 10;

/// A split with its pattern ready.
pub(super) struct Splitter {
    split: Split,
    pattern: Regex,
}

impl Splitter {
    /// The most bytes that come to be held while text is split, beside the pattern.
    pub(super) const SEEN: u64 = 3 * SEEN as u64;

    pub(super) fn new(split: Split) -> Self {
        let pattern = match split {
            Split::Llama3 => LLAMA3,
            Split::Smollm | Split::Gpt2 => GPT2,
        };
        Self {
            split,
            // Two constant patterns, both built by the tests below.
            pattern: RegexBuilder::new(pattern)
                .dfa_size_limit(SEEN)
                .build()
                .expect("a valid constant pattern"),
        }
    }

    /// Calls `each` with every piece in turn. The pieces joined are the text.
    pub(super) fn pieces<'t>(&self, text: &'t str, mut each: impl FnMut(&'t str)) {
        if self.split != Split::Smollm {
            return self.words(text, &mut each);
        }
        let mut rest = text;
        while let Some((at, digit)) = rest.char_indices().find(|(_, c)| c.is_numeric()) {
            self.words(&rest[..at], &mut each);
            let end = at + digit.len_utf8();
            each(&rest[at..end]);
            rest = &rest[end..];
        }
        self.words(rest, &mut each);
    }

    fn words<'t>(&self, text: &'t str, each: &mut impl FnMut(&'t str)) {
        let mut start = 0;
        while let Some(found) = self.pattern.find_at(text, start) {
            let end =
                found.end() - self.left_to_next_word(found.as_str(), found.end() == text.len());
            each(&text[start..end]);
            start = end;
        }
    }

    /// Bytes that a piece leaves to the word after it: the last character of a run of white space, unless it is
    /// alone, the text ends here, or (Llama 3) the run was taken by the rule for line ends.
    fn left_to_next_word(&self, piece: &str, last: bool) -> usize {
        let line_end = self.split == Split::Llama3 && piece.ends_with(['\r', '\n']);
        if last || line_end || !piece.chars().all(char::is_whitespace) {
            return 0;
        }
        match piece.char_indices().next_back() {
            Some((at, _)) if at > 0 => piece.len() - at,
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(split: Split, text: &str) -> Vec<&str> {
        let mut out = Vec::new();
        Splitter::new(split).pieces(text, |piece| out.push(piece));
        assert_eq!(out.concat(), text);
        out
    }

    #[test]
    fn white_space_leaves_one_character_to_the_next_word() {
        for split in [Split::Llama3, Split::Smollm, Split::Gpt2] {
            assert_eq!(pieces(split, "a   b \t"), ["a", "  ", " b", " \t"]);
            assert_eq!(
                pieces(split, "a\u{a0}\u{a0}!"),
                ["a", "\u{a0}", "\u{a0}", "!"]
            );
        }
        assert_eq!(
            pieces(Split::Llama3, "a \n\n  b"),
            ["a", " \n\n", " ", " b"]
        );
        assert_eq!(pieces(Split::Gpt2, "a \n\n  b"), ["a", " \n\n ", " b"]);
        assert_eq!(pieces(Split::Gpt2, "a \n\nb"), ["a", " \n", "\n", "b"]);
    }

    #[test]
    fn digits_and_contractions() {
        assert_eq!(
            pieces(Split::Llama3, "x 12345 I'LL"),
            ["x", " ", "123", "45", " I", "'LL"]
        );
        assert_eq!(
            pieces(Split::Smollm, "x  12٣ I'LL"),
            ["x", "  ", "1", "2", "٣", " I", "'", "LL"]
        );
        assert_eq!(
            pieces(Split::Gpt2, "x  12345 I'll"),
            ["x", " ", " 12345", " I", "'ll"]
        );
    }

    #[test]
    fn a_megabyte_of_white_space_is_one_piece() {
        let text = " ".repeat(1 << 20);
        assert_eq!(pieces(Split::Llama3, &text), [text.as_str()]);
    }
}
