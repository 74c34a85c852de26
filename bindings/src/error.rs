//! What goes wrong, folded to the few cases that an app tells apart. The message is the runtime's own, whole.

use lorgnette::Error as Cause;

/// A result with [`BindingError`].
pub type Result<T, E = BindingError> = std::result::Result<T, E>;

/// What went wrong, with the full message: what was expected, and what was found.
#[derive(Debug, thiserror::Error, uniffi::Error)]
#[uniffi(flat_error)]
#[non_exhaustive]
pub enum BindingError {
    /// The model's file cannot be read, is broken, or asks for what this version does not do.
    #[error("{0}")]
    Model(String),
    /// An argument cannot be used, or the prompt is longer than the context. Nothing was changed.
    #[error("{0}")]
    Input(String),
    /// The budget or a limit of the device would be passed. Nothing was allocated.
    #[error("{0}")]
    Memory(String),
    /// The GPU or its driver refused, failed or computes wrongly.
    #[error("{0}")]
    Device(String),
    /// The session is making an answer: it makes one at a time.
    #[error("{0}")]
    Busy(String),
    /// The caller cancelled it.
    #[error("{0}")]
    Cancelled(String),
}

impl From<Cause> for BindingError {
    fn from(cause: Cause) -> Self {
        let message = cause.to_string();
        match cause {
            Cause::Input { .. } | Cause::Context { .. } => Self::Input(message),
            Cause::Limit { .. } | Cause::Budget(_) => Self::Memory(message),
            Cause::Device(_) | Cause::DeviceLost(_) | Cause::NotFinite { .. } => {
                Self::Device(message)
            }
            Cause::Cancelled => Self::Cancelled(message),
            // Io, Format, Unsupported, Template, Download, and what comes: a model that cannot be used as it is.
            _ => Self::Model(message),
        }
    }
}
