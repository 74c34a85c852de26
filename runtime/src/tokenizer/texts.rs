//! The bytes of all tokens, one after the other in a single allocation. Not their names in the file: there, text is
//! written in the byte-level alphabet.

use super::TokenKind;
use super::alphabet::byte_of;
use super::vocabulary::format;
use crate::Result;

/// Bytes by id.
pub(super) struct Texts {
    bytes: Vec<u8>,
    /// Token `id` ends here, where the next one begins.
    ends: Vec<u32>,
}

impl Texts {
    /// # Errors
    /// [`crate::Error::Format`] for more than 4 GiB.
    pub fn new(tokens: &[&str], kinds: &[TokenKind]) -> Result<Self> {
        let mut bytes = Vec::with_capacity(tokens.iter().map(|text| text.len()).sum());
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
        bytes.shrink_to_fit();
        Ok(Self { bytes, ends })
    }

    /// The bytes of a token; none for an id that there is not.
    pub fn get(&self, id: u32) -> &[u8] {
        let at = id as usize;
        let Some(&end) = self.ends.get(at) else {
            return &[];
        };
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.bytes[start as usize..end as usize]
    }
}
