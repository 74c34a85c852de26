//! Lorgnette runs 4-bit small Llama 3 models on the GPU, inside a memory budget.

mod error;
#[cfg(feature = "pull")]
pub mod pull;

pub use error::{Error, Result};
