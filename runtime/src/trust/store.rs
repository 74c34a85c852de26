//! Where a verdict lies between two starts: a file that is replaced whole, and beside it a note of what is being tried. A
//! note that nobody holds is what a process was trying when it ended. It knows text and files, not what is in them.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long another process may take to finish its own trials on the same device before this one goes its own way.
const PATIENCE: Duration = Duration::from_secs(10);

/// The files of one device.
#[derive(Debug)]
pub(super) struct Store {
    verdict: PathBuf,
    note: PathBuf,
}

/// The store while this process, and no other, tries programs.
#[derive(Debug)]
pub(super) struct Desk<'a> {
    store: &'a Store,
    note: File,
}

impl Store {
    /// In `folder`, which is made when something is written; `name` is the device's.
    pub fn new(folder: &Path, name: &str) -> Self {
        Self {
            verdict: folder.join(format!("verdict-{name}.json")),
            note: folder.join(format!("verdict-{name}.trying")),
        }
    }

    /// The stored text. A file that is not there or cannot be read is no text.
    pub fn read(&self) -> Option<String> {
        fs::read_to_string(&self.verdict).ok()
    }

    /// Takes the desk. `None`, with a warning, where the folder cannot be used or another process keeps it too long.
    pub fn sit_down(&self) -> Option<Desk<'_>> {
        match self.lock() {
            Ok(note) => Some(Desk { store: self, note }),
            Err(error) => {
                log::warn!("{}: {error}; nothing is kept", self.note.display());
                None
            }
        }
    }

    fn lock(&self) -> io::Result<File> {
        if let Some(folder) = self.note.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut options = OpenOptions::new();
        let note = options.read(true).write(true).create(true).truncate(false);
        let note = note.open(&self.note)?;
        let start = Instant::now();
        loop {
            match note.try_lock() {
                Ok(()) => return Ok(note),
                Err(TryLockError::WouldBlock) if start.elapsed() < PATIENCE => {
                    sleep(Duration::from_millis(20));
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(io::Error::other("another process holds it"));
                }
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
    }
}

impl Desk<'_> {
    /// What a process was trying here when it ended, if it ended so.
    pub fn left(&mut self) -> Option<String> {
        let mut text = String::new();
        self.note.rewind().ok()?;
        self.note.read_to_string(&mut text).ok()?;
        // Without its end, the note itself was cut off, and nothing was tried yet.
        text.strip_suffix('\n').map(str::to_owned)
    }

    /// Says, on the disk, what is tried next.
    pub fn trying(&mut self, what: &str) {
        let written = self.clear().and_then(|()| {
            self.note.write_all(format!("{what}\n").as_bytes())?;
            self.note.sync_all()
        });
        if let Err(error) = written {
            log::warn!("{}: {error}", self.store.note.display());
        }
    }

    fn clear(&mut self) -> io::Result<()> {
        self.note.set_len(0)?;
        self.note.rewind()
    }

    /// Replaces the verdict whole, so that a reader sees the old one or the new one.
    pub fn save(&self, text: &str) {
        let path = &self.store.verdict;
        let part = path.with_extension("part");
        let written = File::create(&part).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&part, path)
        });
        if let Err(error) = written {
            log::warn!("{}: {error}", path.display());
        }
    }

    /// Nothing is being tried any more.
    pub fn stand_up(mut self) {
        if let Err(error) = self.clear() {
            log::warn!("{}: {error}", self.store.note.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_sits_at_the_desk_and_the_next_sees_what_was_written() {
        let folder = std::env::temp_dir().join(format!("lorgnette-desk-{}", std::process::id()));
        let store = Store::new(&folder, "device");
        let mut first = store.sit_down().unwrap();
        assert_eq!((first.left(), store.read()), (None, None));
        first.trying("a");
        std::thread::scope(|scope| {
            let second = scope.spawn(|| {
                let mut second = store.sit_down().unwrap();
                (second.left(), store.read())
            });
            first.trying("b");
            first.save("found");
            assert_eq!(first.left().as_deref(), Some("b"));
            first.stand_up();
            assert_eq!(second.join().unwrap(), (None, Some("found".into())));
        });
        let mut third = store.sit_down().unwrap();
        third.trying("c");
        // As if the process had ended.
        drop(third);
        assert_eq!(store.sit_down().unwrap().left().as_deref(), Some("c"));
        fs::remove_dir_all(&folder).unwrap();
    }
}
