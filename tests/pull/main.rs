//! Fetching models by name, against servers written here that listen on 127.0.0.1 only: what arrives, what is asked
//! for, what is kept when it breaks, and what each error says. No request of these tests leaves the machine.

mod broken;
mod hub;
mod package;
mod server;
mod whole;

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use lorgnette::Error;
use lorgnette::pull::{Entry, Licence, Pin, PullOptions, pull_entry};
use sha2::{Digest, Sha256};

/// A folder of its own for each test, removed when it ends.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("lorgnette-pull-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn part(&self) -> PathBuf {
        self.0.join("model.gguf.part")
    }

    fn model(&self) -> PathBuf {
        self.0.join("model.gguf")
    }

    /// What lies in the folder, without the lock file.
    fn files(&self) -> Vec<String> {
        let names = fs::read_dir(&self.0).unwrap();
        let mut names: Vec<_> = names
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| !name.ends_with(".lock"))
            .collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A model of a length that is no multiple of anything, different for each seed.
fn model(seed: u64) -> Vec<u8> {
    let mut state = seed;
    let step = |_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..700_001).map(step).collect()
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// An entry whose hash and length are those of `bytes`.
fn pinned(bytes: &[u8]) -> Entry {
    Entry {
        pin: Some(Pin {
            bytes: bytes.len() as u64,
            sha256: hash(bytes).leak(),
        }),
        ..unpinned()
    }
}

/// An entry whose hash only the hub knows.
fn unpinned() -> Entry {
    Entry {
        name: "model",
        repository: "somebody/model-GGUF",
        file: "model.gguf",
        pin: None,
        licence: Licence {
            name: "Free Licence",
            url: "https://example.org/licence",
            must_be_accepted: false,
        },
        package: None,
    }
}

fn options(hub: &str, folder: &Folder) -> PullOptions {
    PullOptions {
        cache: Some(folder.0.clone()),
        hub: hub.to_owned(),
        token: None,
        python: None,
        offline: false,
        accept_licence: false,
    }
}

fn pull(entry: &Entry, options: &PullOptions) -> Result<PathBuf, Error> {
    pull_entry(entry, options, &mut |_, _| {})
}

/// The message of a download that must fail.
fn failure(entry: &Entry, options: &PullOptions) -> String {
    match pull(entry, options) {
        Err(Error::Download(why)) => why,
        other => panic!("expected a download error, found {other:?}"),
    }
}
