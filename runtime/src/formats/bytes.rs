//! The bytes of a model file: mapped from a file or a part of one, or in memory. The only place with `unsafe`.

use std::fs::{File, Metadata};
use std::ops::{Deref, Range};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use memmap2::{Mmap, MmapOptions};

use super::broken;
use super::source::Source;
use crate::{Error, Result};

/// What a file without a path is called in errors.
const GIVEN: &str = "the given file";

/// Announced ranges start at multiples of this: a multiple of the page sizes in use (4, 16 and 64 KiB).
#[cfg(unix)]
const GRANULE: usize = 64 * 1024;

/// Released ranges start and end at multiples of this. Linux brings more than the page that is touched: what else lies in
/// the same 64 KiB, since 6.18 all that the page cache holds in one piece with it, which is at most this with pages of 4 KiB.
#[cfg(unix)]
const REACH: usize = 2 << 20;

/// Linux reads at most so much ahead for one call (`read_ahead_kb`'s default), and drops the rest without a word.
#[cfg(unix)]
const READ_AHEAD: usize = 128 * 1024;

#[derive(Debug)]
pub(super) enum Bytes {
    Mapped(Mapped),
    Memory(Vec<u8>),
}

/// A mapped file, and how it was when it was mapped.
#[derive(Debug)]
pub(super) struct Mapped {
    map: Mmap,
    file: File,
    path: PathBuf,
    /// Bytes of the whole file, also where a part is mapped.
    length: u64,
    modified: Option<SystemTime>,
}

impl Bytes {
    /// Maps what the source says. Where its file is positioned does not matter, and stays.
    pub fn map(source: Source) -> Result<Self> {
        let (path, file, part) = match source {
            Source::Path(path) => {
                let file = File::open(&path);
                (path.clone(), file.map_err(|e| io_error(&path, e))?, None)
            }
            Source::File(file) => (PathBuf::from(GIVEN), file, None),
            Source::Part {
                file,
                offset,
                length,
            } => (PathBuf::from(GIVEN), file, Some((offset, length))),
        };
        let io = |source| io_error(&path, source);
        let info = file.metadata().map_err(io)?;
        if !info.is_file() {
            return Err(Error::Input {
                what: "model file".into(),
                expected: "a regular file".into(),
                found: path.display().to_string(),
            });
        }
        let (offset, length) = part.unwrap_or((0, info.len()));
        if offset
            .checked_add(length)
            .is_none_or(|end| end > info.len())
        {
            return Err(Error::Input {
                what: "part of a file".into(),
                expected: format!("a part of its {} bytes", info.len()),
                found: format!("{length} bytes from byte {offset} on"),
            });
        }
        if length == 0 {
            return Err(broken("file", "a GGUF file", "an empty file"));
        }
        let length = usize::try_from(length).map_err(|_| Error::Limit {
            what: "address space for the model file".into(),
            needed: length,
            limit: usize::MAX as u64,
        })?;
        let mut options = MmapOptions::new();
        options.offset(offset).len(length);
        // SAFETY: the map is read-only and private, and only plain bytes are read from it. A map has no other owner
        // in this process; another process that shortens the file meanwhile ends the program with SIGBUS, as for
        // every program that maps files: model files are written once and replaced by renaming.
        #[allow(unsafe_code)]
        let map = unsafe { options.map(&file) }.map_err(io)?;
        Ok(Self::Mapped(Mapped {
            map,
            file,
            length: info.len(),
            modified: modified(&info),
            path,
        }))
    }

    /// The file still has the length that it had, and nobody wrote to it since.
    pub fn expect_unchanged(&self) -> Result<()> {
        let Self::Mapped(mapped) = self else {
            return Ok(());
        };
        let info = mapped.file.metadata();
        let info = info.map_err(|source| io_error(&mapped.path, source))?;
        let (expected, found) = (mapped.length, info.len());
        let written = modified(&info) != mapped.modified;
        if expected == found && !written {
            return Ok(());
        }
        Err(broken(
            format!("{}, read again", mapped.path.display()),
            format!("{expected} bytes, not changed since it was opened"),
            format!(
                "{found} bytes{}",
                if written { ", written to since" } else { "" }
            ),
        ))
    }

    /// Lets the system read `range` from storage ahead of its use.
    pub fn announce(&self, range: Range<usize>) {
        #[cfg(unix)]
        if let Self::Mapped(Mapped { map, .. }) = self {
            let first = range.start / GRANULE * GRANULE;
            for start in (first..range.end).step_by(READ_AHEAD) {
                let length = READ_AHEAD.min(range.end - start);
                if let Err(e) = map.advise_range(memmap2::Advice::WillNeed, start, length) {
                    return log::debug!("{range:?} of the model file is not read ahead: {e}");
                }
            }
        }
        #[cfg(not(unix))]
        let _ = range;
    }

    /// Lets the system take back the memory behind `range`; the bytes are read from the file again when needed.
    ///
    /// Outwards to [`REACH`], so that nothing stays of what came along with its first and last bytes, whoever is done last
    /// with a neighbour. What others are reading there comes back at their next access.
    pub fn release(&self, range: Range<usize>) {
        #[cfg(unix)]
        if let Self::Mapped(Mapped { map, .. }) = self {
            let start = range.start / REACH * REACH;
            let end = range.end.next_multiple_of(REACH).min(map.len());
            if start < end {
                let dont_need = memmap2::UncheckedAdvice::DontNeed;
                // SAFETY: dropping pages loses what was written to them. Nothing writes to this map, so the same
                // bytes come back from the file at the next access.
                #[allow(unsafe_code)]
                let dropped = unsafe { map.unchecked_advise_range(dont_need, start, end - start) };
                if let Err(e) = dropped {
                    log::debug!("pages {start}..{end} of the model file stay in memory: {e}");
                }
            }
        }
        #[cfg(not(unix))]
        let _ = range;
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Mapped(mapped) => &mapped.map,
            Self::Memory(bytes) => bytes,
        }
    }
}

fn io_error(path: &Path, source: std::io::Error) -> Error {
    Error::Io {
        path: path.to_path_buf(),
        source,
    }
}

/// When the file was last written to, where the system says so.
fn modified(info: &Metadata) -> Option<SystemTime> {
    info.modified().ok()
}
