//! The paper pages: one per architecture, each the weights with their shapes and the forward pass; and the config.

mod config;
pub mod llama;

pub use config::Config;

use crate::Error;

pub(crate) fn unsupported(what: &str, expected: &str, found: impl ToString) -> Error {
    Error::Unsupported {
        what: what.to_owned(),
        expected: expected.to_owned(),
        found: found.to_string(),
    }
}

pub(crate) fn format_error(what: &str, expected: &str, found: impl ToString) -> Error {
    Error::Format {
        what: what.to_owned(),
        expected: expected.to_owned(),
        found: found.to_string(),
    }
}
