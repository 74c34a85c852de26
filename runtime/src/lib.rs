//! Lorgnette runs 4-bit small Llama 3 models on the GPU, inside a memory budget.

mod error;
pub mod formats;
pub mod synth;

pub use error::{Error, Result};
