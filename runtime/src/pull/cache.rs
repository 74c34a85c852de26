//! What was pulled before: the cache folder, and names or paths to files in it. Never touches the network.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::entries::{Entry, entries};
use crate::{Error, Result};

/// The folder where pulled files lie: `$LORGNETTE_CACHE`, else `lorgnette` in `$XDG_CACHE_HOME`, in `~/.cache`,
/// or on Windows in `%LOCALAPPDATA%`.
///
/// # Errors
/// [`Error::Input`] where none of these is known.
pub fn cache_dir() -> Result<PathBuf> {
    cache_from(&|name| std::env::var_os(name), std::env::home_dir()).ok_or_else(|| Error::Input {
        what: "cache folder".to_owned(),
        expected: "LORGNETTE_CACHE or a home folder".to_owned(),
        found: "neither".to_owned(),
    })
}

fn cache_from(get: &dyn Fn(&str) -> Option<OsString>, home: Option<PathBuf>) -> Option<PathBuf> {
    let set = |name| {
        get(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let parent = || {
        if cfg!(windows) {
            return set("LOCALAPPDATA");
        }
        set("XDG_CACHE_HOME").or_else(|| Some(home?.join(".cache")))
    };
    set("LORGNETTE_CACHE").or_else(|| Some(parent()?.join("lorgnette")))
}

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
    fn the_cache_folder_follows_the_environment() {
        let with = |set: &[(&str, &str)], home: Option<&str>| {
            let get = |name: &str| {
                let found = set.iter().find(|(key, _)| *key == name)?;
                Some(OsString::from(found.1))
            };
            cache_from(&get, home.map(PathBuf::from))
        };
        let path = |text: &str| Some(PathBuf::from(text));
        let both = [("LORGNETTE_CACHE", "/a"), ("XDG_CACHE_HOME", "/b")];
        assert_eq!(with(&both, Some("/h")), path("/a"));
        if !cfg!(windows) {
            assert_eq!(with(&both[1..], Some("/h")), path("/b/lorgnette"));
            assert_eq!(
                with(&[("XDG_CACHE_HOME", "")], Some("/h")),
                path("/h/.cache/lorgnette")
            );
            assert_eq!(with(&[], None), None);
        }
    }

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
