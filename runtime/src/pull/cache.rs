//! What was pulled before: names or paths to files in the cache folder. Never touches the network.

use std::fs;
use std::path::{Path, PathBuf};

use super::entries::{Entry, entries};
use crate::{Error, Result, cache_dir};

/// Where the model of that name lies, if it was pulled before. It was verified then.
pub fn cached(name: &str) -> Option<PathBuf> {
    find(name)?.in_folder(&cache_dir().ok()?)
}

/// The file for what a user gave: the path of an existing file, or a name in the cache.
///
/// # Errors
/// [`Error::Input`] for anything else; for a known name it says how to pull it.
pub fn resolve(name_or_path: &str) -> Result<PathBuf> {
    let path = Path::new(name_or_path);
    if path.is_file() {
        return Ok(path.to_owned());
    }
    resolve_in(name_or_path, &cache_dir()?)
}

fn resolve_in(name: &str, folder: &Path) -> Result<PathBuf> {
    let entry = find(name).ok_or_else(|| unknown(name))?;
    entry.in_folder(folder).ok_or_else(|| Error::Input {
        what: "model".to_owned(),
        expected: format!("a pulled model; run `lorgnette pull {name}` first"),
        found: format!("no {} in {}", entry.file, folder.display()),
    })
}

pub(super) fn find(name: &str) -> Option<&'static Entry> {
    entries().iter().find(|entry| entry.name == name)
}

pub(super) fn unknown(name: &str) -> Error {
    let names: Vec<_> = entries().iter().map(|entry| entry.name).collect();
    Error::Input {
        what: "model".to_owned(),
        expected: format!("a file, or one of {}", names.join(", ")),
        found: name.to_owned(),
    }
}

impl Entry {
    /// The whole file in that folder. Only verified files have that name, so the length is enough.
    pub(super) fn in_folder(&self, folder: &Path) -> Option<PathBuf> {
        let path = folder.join(self.file);
        let length = fs::metadata(&path)
            .ok()
            .filter(|file| file.is_file())?
            .len();
        let whole = self.pin.is_none_or(|pin| pin.bytes == length);
        whole.then_some(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_resolves_only_to_a_whole_file() {
        let folder = std::env::temp_dir().join(format!("lorgnette-resolve-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let entry = find("llama-3.2-1b").unwrap();
        let error = resolve_in("llama-3.2-1b", &folder).unwrap_err().to_string();
        assert!(error.contains("lorgnette pull llama-3.2-1b"), "{error}");
        fs::write(folder.join(entry.file), "whole").unwrap();
        assert_eq!(
            resolve_in("llama-3.2-1b", &folder).unwrap(),
            folder.join(entry.file)
        );
        // The length of this one is pinned.
        fs::write(folder.join(find("smollm2-135m").unwrap().file), "short").unwrap();
        assert!(resolve_in("smollm2-135m", &folder).is_err());
        let error = resolve_in("llama-9", &folder).unwrap_err().to_string();
        assert!(
            error.contains("smollm2-135m") && error.contains("llama-9"),
            "{error}"
        );
        fs::remove_dir_all(&folder).unwrap();
    }
}
