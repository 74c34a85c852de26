//! A model file, open for reading: its header checked, its weights mapped and read as rows of bytes. Nothing of the
//! weights is copied or touched here.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::bytes::Bytes;
use super::header::Header;
use super::metadata::Metadata;
use super::source::Source;
use super::tensor::TensorInfo;
use super::unsupported;
use super::value::Entry;
use crate::Result;

/// An open GGUF file. Every tensor lies inside it: checked at opening.
#[derive(Debug)]
pub struct Checkpoint {
    bytes: Arc<Bytes>,
    metadata: Metadata,
    version: u32,
    tensors: Vec<TensorInfo>,
    /// The tensors sorted by name.
    by_name: Vec<u32>,
}

impl Checkpoint {
    /// Maps the file at `path` and reads its header.
    ///
    /// # Errors
    /// `Io` where it cannot be read, `Input` where it is no regular file, else as [`Header::parse`].
    pub fn open(path: &Path) -> Result<Self> {
        Self::from_source(path.into())
    }

    /// The same of a file that is open already, or a part of one. It stays open as long as the checkpoint lives.
    ///
    /// # Errors
    /// As [`Checkpoint::open`], and `Input` for a part that is not within its file.
    pub fn from_source(source: Source) -> Result<Self> {
        Self::new(Bytes::map(source)?)
    }

    /// The same over bytes in memory, for files that come from somewhere else than a file system.
    ///
    /// # Errors
    /// As [`Header::parse`].
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self> {
        Self::new(Bytes::Memory(bytes))
    }

    fn new(bytes: Bytes) -> Result<Self> {
        let header = Header::parse(&bytes, bytes.len() as u64)?;
        let bytes = Arc::new(bytes);
        let metadata = Metadata {
            bytes: Arc::clone(&bytes),
            entries: header.entries,
            by_key: header.by_key,
        };
        let parts = metadata.opt_u32("split.count")?.unwrap_or(1);
        if parts > 1 {
            let found = format!("one of {parts} parts: join them first");
            return Err(unsupported(
                "model file",
                "a whole model in one file",
                found,
            ));
        }
        Ok(Self {
            bytes,
            metadata,
            version: header.version,
            tensors: header.tensors,
            by_name: header.by_name,
        })
    }

    /// The version of the GGUF format: 2 or 3.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// Bytes of the whole file.
    pub fn file_bytes(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Bytes on the heap: where keys and tensors are, not what they hold.
    pub(crate) fn header_bytes(&self) -> u64 {
        let entries = self.metadata.entries.capacity() * size_of::<Entry>();
        let tensors = self.tensors.iter().map(|tensor| {
            size_of::<TensorInfo>() + tensor.name.capacity() + tensor.shape.capacity() * 8
        });
        let orders = (self.metadata.by_key.capacity() + self.by_name.capacity()) * 4;
        (entries + tensors.sum::<usize>() + orders) as u64
    }

    /// Keys and values.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Every tensor, in the file's order.
    pub fn tensors(&self) -> &[TensorInfo] {
        &self.tensors
    }

    /// The tensor of that name.
    pub fn tensor(&self, name: &str) -> Option<&TensorInfo> {
        self.position(name).map(|i| &self.tensors[i])
    }

    /// The index of the tensor of that name in [`Checkpoint::tensors`].
    pub fn position(&self, name: &str) -> Option<usize> {
        let place = self
            .by_name
            .binary_search_by(|&i| self.tensors[i as usize].name.as_str().cmp(name));
        place.ok().map(|p| self.by_name[p] as usize)
    }

    /// The bytes of whole rows of `t`, as they are in the file: `rows.len() * t.row_bytes()` of them.
    ///
    /// # Panics
    /// Where `t` is not of this file or has fewer rows: a mistake of the caller.
    pub fn rows(&self, t: &TensorInfo, rows: Range<u64>) -> &[u8] {
        &self.bytes[t.range(rows)]
    }

    /// The file is what it was when it was opened: as long, and not written to. Asks the system, which is quick.
    ///
    /// # Errors
    /// `Format` where it is not, `Io` where the system does not say.
    pub fn expect_unchanged(&self) -> Result<()> {
        self.bytes.expect_unchanged()
    }

    /// Says that those rows will be read soon, so that they can be brought from storage meanwhile. They take no memory
    /// of this process until they are read. Does nothing where the system has no such call.
    ///
    /// # Panics
    /// As [`Checkpoint::rows`].
    pub fn announce(&self, t: &TensorInfo, rows: Range<u64>) {
        self.bytes.announce(t.range(rows));
    }

    /// Says that those rows are not needed any more, so that the memory behind them can be taken back. They can
    /// still be read: they come from the file again. Does nothing where the system has no such call.
    ///
    /// Neighbours go too, by up to 2 MiB.
    ///
    /// # Panics
    /// As [`Checkpoint::rows`].
    pub fn release(&self, t: &TensorInfo, rows: Range<u64>) {
        self.bytes.release(t.range(rows));
    }
}
