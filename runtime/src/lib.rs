//! Lorgnette runs 4-bit small Llama 3 models on the GPU, inside a memory budget.

mod chat;
mod error;
pub mod formats;
mod sampler;
mod stop;
pub mod text;
mod tokenizer;

pub use chat::{ChatTemplate, Message};
pub use error::{Error, Result};
pub use sampler::{Sampling, log_probability};
pub use stop::{Passed, StopStrings};
pub use tokenizer::{Piece, RawVocabulary, Split, StreamDecoder, TokenKind, Tokenizer, Vocabulary};
