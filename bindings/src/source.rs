//! Where a model comes from: a path, or a descriptor that the platform has opened for the app.

use crate::{BindingError, Result};

/// Where a model comes from.
#[derive(Clone, Debug, uniffi::Enum)]
pub enum Source {
    /// A GGUF file.
    Path {
        /// Where it is.
        path: String,
    },
    /// An open file, by the number of its descriptor. It is duplicated: the caller's own can be closed behind the call.
    Descriptor {
        /// The number.
        descriptor: i32,
        /// Where the model begins in the file, in bytes.
        #[uniffi(default = 0)]
        offset: u64,
        /// Bytes of the model; all that is behind the offset, if not given.
        #[uniffi(default = None)]
        length: Option<u64>,
    },
}

impl Source {
    pub(crate) fn open(self) -> Result<lorgnette::Source> {
        let (file, offset, length) = match self {
            Self::Path { path } => return Ok(path.into()),
            Self::Descriptor {
                descriptor,
                offset,
                length,
            } => (duplicate(descriptor)?, offset, length),
        };
        if (offset, length) == (0, None) {
            return Ok(file.into());
        }
        let length = match length {
            Some(length) => length,
            None => {
                let all = file.metadata().map_err(|error| unusable(&error))?.len();
                all.saturating_sub(offset)
            }
        };
        Ok(lorgnette::Source::Part {
            file,
            offset,
            length,
        })
    }
}

fn unusable(error: &std::io::Error) -> BindingError {
    BindingError::Input(format!(
        "invalid descriptor: expected one of an open file, found: {error}"
    ))
}

#[cfg(unix)]
fn duplicate(descriptor: i32) -> Result<std::fs::File> {
    use std::os::fd::BorrowedFd;
    if descriptor < 0 {
        return Err(unusable(&std::io::Error::other(descriptor.to_string())));
    }
    // SAFETY: the number is not -1. It is the caller's and open during this call; where it is not, the system says so, and
    // nothing else is done with it than to duplicate it.
    let borrowed = unsafe { BorrowedFd::borrow_raw(descriptor) };
    let owned = borrowed.try_clone_to_owned();
    Ok(owned.map_err(|error| unusable(&error))?.into())
}

#[cfg(not(unix))]
fn duplicate(_descriptor: i32) -> Result<std::fs::File> {
    let error = std::io::Error::from(std::io::ErrorKind::Unsupported);
    Err(unusable(&error))
}
