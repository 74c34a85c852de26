//! Keeps the text of messages from becoming control tokens, whatever the template does with it.
//!
//! Before rendering, a mark follows every character of a message that could begin the name of a control token. After
//! rendering the marks go, and each marked character becomes a piece of its own that is not special. So no name can
//! begin in text of a message, even where the template trims it or joins what it cut. A template that looks into a
//! message for a tag which begins like a control token does not find it. A name that the template itself begins and
//! leaves to a message to end is beyond this; the templates of this family have none.

use crate::tokenizer::Piece;

/// The characters that begin a control token's name: `<` in most vocabularies.
#[derive(Debug)]
pub(super) struct Guard {
    first: Vec<char>,
}

impl Guard {
    pub(super) fn new<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let mut first: Vec<char> = names.filter_map(|name| name.chars().next()).collect();
        first.sort_unstable();
        first.dedup();
        Self { first }
    }

    /// `content` with `mark` after each character that could begin a name.
    pub(super) fn mark(&self, content: &str, mark: char) -> String {
        let mut marked = String::with_capacity(content.len());
        for char in content.chars() {
            marked.push(char);
            if self.first.contains(&char) {
                marked.push(mark);
            }
        }
        marked
    }
}

/// A noncharacter that no content holds. Unicode keeps these 32 for such use inside programs.
pub(super) fn unused_mark<'a>(contents: impl Iterator<Item = &'a str> + Clone) -> Option<char> {
    ('\u{fdd0}'..='\u{fdef}').find(|&mark| !contents.clone().any(|content| content.contains(mark)))
}

/// Rendered text without its marks: trusted, but for the characters that were marked.
pub(super) fn pieces(rendered: &str, mark: char) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut add = |text: &str, special| {
        if !text.is_empty() {
            let text = text.to_owned();
            pieces.push(Piece { text, special });
        }
    };
    let mut stretches = rendered.split(mark).peekable();
    while let Some(stretch) = stretches.next() {
        let marked = match stretch.char_indices().next_back() {
            Some((at, _)) if stretches.peek().is_some() => at,
            _ => stretch.len(),
        };
        add(&stretch[..marked], true);
        add(&stretch[marked..], false);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marked_characters_are_pieces_that_are_not_special() {
        let guard = Guard::new(["<|a|>", "[b]", "<c>"].into_iter());
        let marked = guard.mark("x<|a|>[b]<", '\u{fdd0}');
        assert_eq!(marked, "x<\u{fdd0}|a|>[\u{fdd0}b]<\u{fdd0}");
        let pieces: Vec<_> = pieces(&format!("<c>{marked}|a|>"), '\u{fdd0}')
            .into_iter()
            .map(|piece| (piece.text, piece.special))
            .collect();
        let expected = [
            ("<c>x", true),
            ("<", false),
            ("|a|>", true),
            ("[", false),
            ("b]", true),
            ("<", false),
            ("|a|>", true),
        ];
        assert_eq!(
            pieces,
            expected.map(|(text, special)| (text.to_owned(), special))
        );
    }

    #[test]
    fn a_mark_that_a_message_holds_is_not_taken() {
        let contents = ["\u{fdd0} \u{fdd1}", "\u{fdd3}"];
        assert_eq!(unused_mark(contents.into_iter()), Some('\u{fdd2}'));
        let all: String = ('\u{fdd0}'..='\u{fdef}').collect();
        assert_eq!(unused_mark([all.as_str()].into_iter()), None);
    }
}
