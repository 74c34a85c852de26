//! Where a model file is: what an app has in hand. Nothing is opened or read here.

use std::fs::File;
use std::path::{Path, PathBuf};

/// A model file by its path, or open already.
#[derive(Debug)]
pub enum Source {
    /// The file at that path.
    Path(PathBuf),
    /// An open file, for those that have no path: on Android of a content URI, by its descriptor. It is read by mapping,
    /// so that it does not matter where it is positioned, and it stays open as long as the model lives: who needs the
    /// descriptor gives a duplicate.
    File(File),
    /// A part of an open file: on Android of an asset that is stored uncompressed in its package.
    Part {
        /// The whole file.
        file: File,
        /// Where the model begins in it, in bytes; any number will do.
        offset: u64,
        /// Bytes of the model.
        length: u64,
    },
}

impl From<PathBuf> for Source {
    fn from(path: PathBuf) -> Self {
        Self::Path(path)
    }
}

impl From<&PathBuf> for Source {
    fn from(path: &PathBuf) -> Self {
        Self::Path(path.clone())
    }
}

impl From<&Path> for Source {
    fn from(path: &Path) -> Self {
        Self::Path(path.to_path_buf())
    }
}

impl From<String> for Source {
    fn from(path: String) -> Self {
        Self::Path(path.into())
    }
}

impl From<&str> for Source {
    fn from(path: &str) -> Self {
        Self::Path(path.into())
    }
}

impl From<File> for Source {
    fn from(file: File) -> Self {
        Self::File(file)
    }
}
