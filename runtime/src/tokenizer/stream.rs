//! Ids back to text, one at a time, never half a character: bytes wait until their character is complete, and what
//! can no longer become UTF-8 turns into U+FFFD.

use super::Tokenizer;

/// Turns ids into text as they come. Made by [`Tokenizer::decoder`]; control tokens show nothing.
#[derive(Clone, Debug)]
pub struct StreamDecoder {
    tokenizer: Tokenizer,
    /// At most three bytes between calls: the beginning of a character.
    waiting: Vec<u8>,
}

impl StreamDecoder {
    pub(super) fn new(tokenizer: Tokenizer) -> Self {
        Self {
            tokenizer,
            waiting: Vec::new(),
        }
    }

    /// The text that `id` completes; none where it completes nothing. An id outside the vocabulary shows nothing.
    pub fn push(&mut self, id: u32) -> Option<String> {
        if !self.tokenizer.is_control(id) {
            self.waiting.extend_from_slice(self.tokenizer.bytes(id));
        }
        some(take_characters(&mut self.waiting))
    }

    /// What still waits, as U+FFFD. The decoder can be used again afterwards.
    pub fn finish(&mut self) -> Option<String> {
        some(String::from_utf8_lossy(&std::mem::take(&mut self.waiting)).into_owned())
    }
}

fn some(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

/// Removes every decided character from the front of `bytes`; an unfinished one at the end stays.
fn take_characters(bytes: &mut Vec<u8>) -> String {
    let mut text = String::new();
    let mut undecided = 0;
    let mut chunks = bytes.utf8_chunks().peekable();
    while let Some(chunk) = chunks.next() {
        text.push_str(chunk.valid());
        // Only at the very end may a beginning still become a character.
        let unfinished = chunks.peek().is_none()
            && std::str::from_utf8(chunk.invalid()).is_err_and(|error| error.error_len().is_none());
        if unfinished {
            undecided = chunk.invalid().len();
        } else if !chunk.invalid().is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
    bytes.drain(..bytes.len() - undecided);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds single bytes and gives what came out at each, then what was left.
    fn steps(bytes: &[u8]) -> Vec<String> {
        let mut waiting = Vec::new();
        let mut out: Vec<_> = bytes
            .iter()
            .map(|&byte| {
                waiting.push(byte);
                assert!(waiting.len() <= 4);
                take_characters(&mut waiting)
            })
            .collect();
        out.push(String::from_utf8_lossy(&waiting).into_owned());
        out
    }

    #[test]
    fn characters_come_out_whole() {
        assert_eq!(steps("é😀".as_bytes()), ["", "é", "", "", "", "😀", ""]);
    }

    #[test]
    fn bytes_that_cannot_become_a_character_are_replaced_at_once() {
        assert_eq!(steps(b"\xffa"), ["\u{fffd}", "a", ""]);
        assert_eq!(steps(b"\xf0\x9fa"), ["", "", "\u{fffd}a", ""]);
        assert_eq!(steps(b"\xe2\xe2\x82\xac"), ["", "\u{fffd}", "", "€", ""]);
        assert_eq!(steps(b"\xf0\x9f"), ["", "", "\u{fffd}"]);
        // A surrogate is not a character: wrong from its second byte on.
        assert_eq!(steps(b"\xed\xa0")[..2], ["", "\u{fffd}\u{fffd}"]);
    }
}
