//! The `.part` file that a download grows in, its hash, and the ways in which a source can fail.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::Error;

/// Why a source gave no file.
#[derive(Debug)]
pub(super) enum Failure {
    /// No byte of the file came: another source may be tried.
    NotReached(String),
    /// It broke off on the way, or the disk failed: another source would not help, or would waste what came.
    Broken(Error),
}

impl Failure {
    pub(super) fn broken(why: String) -> Self {
        Self::Broken(Error::Download(why))
    }

    pub(super) fn disk(path: &Path, source: io::Error) -> Self {
        Self::Broken(io_error(path, source))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Broken(error)
    }
}

pub(super) fn io_error(path: &Path, source: io::Error) -> Error {
    Error::Io {
        path: path.to_owned(),
        source,
    }
}

/// The bytes that are there, 0 where there is no file.
pub(super) fn length(path: &Path) -> Result<u64, Error> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(metadata.len()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(io_error(path, error)),
    }
}

/// Opens the file for writing behind its first `start` bytes; 0 empties it.
pub(super) fn open(path: &Path, start: u64) -> Result<File, Error> {
    let mut options = File::options();
    if start == 0 {
        options.write(true).create(true).truncate(true);
    } else {
        options.append(true);
    }
    options.open(path).map_err(|source| io_error(path, source))
}

pub(super) fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error(path, error)),
        _ => Ok(()),
    }
}

/// The SHA-256 of a whole file, as 64 lower-case hexadecimal digits.
pub(super) fn sha256(path: &Path) -> Result<String, Error> {
    let failed = |source| io_error(path, source);
    let mut file = File::open(path).map_err(failed)?;
    let mut hash = Sha256::new();
    let mut chunk = vec![0; 1 << 20];
    loop {
        match file.read(&mut chunk).map_err(failed)? {
            0 => break,
            read => hash.update(&chunk[..read]),
        }
    }
    Ok(hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}
