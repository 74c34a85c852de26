//! Stop strings over streamed text: what might become one is held back, so that no part of one is ever given out.

use crate::{Error, Result};

/// Watches a stream of text for strings that end it.
#[derive(Clone, Debug)]
pub struct StopStrings {
    strings: Vec<String>,
    /// A beginning of one of them, at the end of the text so far.
    held: String,
}

/// What a step let through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// Text that no stop string begins in; may be empty.
    pub text: String,
    /// Whether a stop string came. Then `text` is all that was before it, and what was after it is gone.
    pub stopped: bool,
}

impl StopStrings {
    /// # Errors
    /// [`Error::Input`] for an empty string, which would stop at once.
    pub fn new(strings: Vec<String>) -> Result<Self> {
        if let Some(at) = strings.iter().position(String::is_empty) {
            return Err(Error::Input {
                what: format!("stop string {at}"),
                expected: "at least one character".to_owned(),
                found: "an empty string".to_owned(),
            });
        }
        let held = String::new();
        Ok(Self { strings, held })
    }

    /// Adds `text`. Of several stop strings the one that begins first counts.
    pub fn push(&mut self, text: &str) -> Passed {
        self.held.push_str(text);
        let first = self
            .strings
            .iter()
            .filter_map(|string| self.held.find(string.as_str()))
            .min();
        if let Some(at) = first {
            self.held.truncate(at);
            return Passed {
                text: std::mem::take(&mut self.held),
                stopped: true,
            };
        }
        let held = self.held.split_off(self.undecided_from());
        Passed {
            text: std::mem::replace(&mut self.held, held),
            stopped: false,
        }
    }

    /// What is still held, when the stream ends for another reason.
    pub fn finish(&mut self) -> String {
        std::mem::take(&mut self.held)
    }

    /// Where the longest end of the text lies that begins a stop string.
    fn undecided_from(&self) -> usize {
        let longest = self.strings.iter().map(String::len).max().unwrap_or(0);
        let len = self.held.len();
        (len.saturating_sub(longest)..len)
            .filter(|&at| self.held.is_char_boundary(at))
            .find(|&at| {
                self.strings
                    .iter()
                    .any(|string| string.starts_with(&self.held[at..]))
            })
            .unwrap_or(len)
    }
}
