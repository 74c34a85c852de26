//! The one error type. Every variant says what was expected and what was found.

use std::path::PathBuf;

/// A result with [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read or written.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A model file breaks its own format.
    #[error("broken model file: {what}: expected {expected}, found {found}")]
    Format {
        /// The field, key or tensor.
        what: String,
        /// What the format asks for.
        expected: String,
        /// What the file holds.
        found: String,
    },
    /// A well-formed file, device or template asks for something that this version does not do.
    #[error("unsupported {what}: expected {expected}, found {found}")]
    Unsupported {
        /// The feature, key, tensor or limit.
        what: String,
        /// What would work.
        expected: String,
        /// What was asked for.
        found: String,
    },
    /// An argument of the caller cannot be used. Nothing was changed.
    #[error("invalid {what}: expected {expected}, found {found}")]
    Input {
        /// The argument.
        what: String,
        /// What is accepted.
        expected: String,
        /// What was given.
        found: String,
    },
    /// More positions than the context has.
    #[error("the context is too short: {needed} positions needed, {available} available")]
    Context {
        /// Positions needed.
        needed: usize,
        /// Positions that the session can hold.
        available: usize,
    },
    /// A limit of the device or of the budget would be passed.
    #[error("{what}: {needed} bytes needed, the limit is {limit} bytes")]
    Limit {
        /// The buffer or purpose.
        what: String,
        /// Bytes needed.
        needed: u64,
        /// Bytes allowed.
        limit: u64,
    },
    /// A model does not fit the bytes it was given. Nothing was allocated.
    #[error("budget: {0}")]
    Budget(Box<crate::Refusal>),
    /// The weights or the logits hold a number that is not finite.
    #[error("{what}: expected finite numbers, found {found}")]
    NotFinite {
        /// The tensor or step.
        what: String,
        /// The number.
        found: String,
    },
    /// The chat template could not be read or rendered.
    #[error("chat template: {0}")]
    Template(String),
    /// The GPU or its driver refused or failed.
    #[error("GPU: {0}")]
    Device(String),
    /// The device is gone, with everything on it: a reset, a driver that gave up. Answers open it anew and go on by
    /// themselves; where it does not come back in a few tries, or is lost again each time, they end with this. The session
    /// can be asked again, or a new [`crate::Runtime`] be made.
    #[error("GPU: the device was lost: {0}; make a new runtime and load the model again")]
    DeviceLost(String),
    /// A model could not be fetched. What was there before is still there.
    #[error("download: {0}")]
    Download(String),
    /// The caller cancelled it. What was done before stays.
    #[error("cancelled")]
    Cancelled,
}
