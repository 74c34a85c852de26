//! The folder where the program keeps what it need not make or fetch again. A library does not choose it for an app: it
//! is told by `RuntimeOptions::cache_dir`.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::{Error, Result};

/// The folder where pulled files and what was found out about devices lie: `$LORGNETTE_CACHE`, else `lorgnette` in
/// `$XDG_CACHE_HOME`, in `~/.cache`, or on Windows in `%LOCALAPPDATA%`.
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
}
