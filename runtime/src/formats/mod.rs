//! Model files: bytes in, named tensors and metadata out. Knows nothing of GPUs, models or what a weight means.
//!
//! GGUF versions 2 and 3 (the ggml project's `docs/gguf.md`), little-endian. Whatever the bytes are, reading ends in
//! a value or in an error that names the field, what the format asks for and what was found.

mod bytes;
mod gguf;
mod header;
mod metadata;
mod reader;
pub mod repack;
mod source;
mod tensor;
mod value;
mod write;

pub use gguf::Checkpoint;
pub use header::Header;
pub use metadata::{Metadata, Strings};
pub use source::Source;
pub use tensor::TensorInfo;
pub use write::{TensorSpec, Value, Writer};

use std::fmt::Display;

use crate::Error;

/// The first four bytes of every GGUF file.
const MAGIC: &[u8; 4] = b"GGUF";

/// Where tensors start is a multiple of this, unless the file says otherwise.
pub(crate) const DEFAULT_ALIGNMENT: u64 = 32;

/// The key with which a file says otherwise.
const ALIGNMENT_KEY: &str = "general.alignment";

/// The file breaks the format.
fn broken(what: impl Display, expected: impl Display, found: impl Display) -> Error {
    Error::Format {
        what: what.to_string(),
        expected: expected.to_string(),
        found: found.to_string(),
    }
}

/// The file is sound, but asks for something that is not there.
fn unsupported(what: impl Display, expected: impl Display, found: impl Display) -> Error {
    Error::Unsupported {
        what: what.to_string(),
        expected: expected.to_string(),
        found: found.to_string(),
    }
}

/// Text of a file made fit for a one-line message: cut to 64 characters, those that cannot be seen escaped.
fn quote(text: &str) -> String {
    let mut cut = String::from("`");
    for c in text.chars().take(64) {
        match c {
            '\'' | '"' => cut.push(c),
            _ => cut.extend(c.escape_debug()),
        }
    }
    if text.chars().nth(64).is_some() {
        cut.push('…');
    }
    cut + "`"
}
