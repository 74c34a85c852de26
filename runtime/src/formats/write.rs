//! Writes GGUF version 3: the header at once, then the tensors' bytes as they come, so that a file of several GB never
//! sits in memory. Does not quantise and does not check what the weights mean.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use lorgnette_shaders::weights::WeightFormat;

use super::tensor::{extent, id_of};
use super::value::{ARRAY, Kind};
use super::{ALIGNMENT_KEY, DEFAULT_ALIGNMENT, MAGIC, quote};
use crate::{Error, Result};

const VERSION: u32 = 3;

/// A metadata value to write.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Value {
    U32(u32),
    I32(i32),
    U64(u64),
    F32(f32),
    Bool(bool),
    String(String),
    U32s(Vec<u32>),
    I32s(Vec<i32>),
    F32s(Vec<f32>),
    Strings(Vec<String>),
}

/// A tensor to write: the contiguous dimension first, as in [`super::TensorInfo`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct TensorSpec {
    pub name: String,
    pub format: WeightFormat,
    pub shape: Vec<u64>,
}

impl TensorSpec {
    /// Bytes of all its rows.
    ///
    /// # Errors
    /// `Input` where the shape has no or too many dimensions, or rows that are no whole blocks.
    pub fn bytes(&self) -> Result<u64> {
        let (_, _, bytes) = extent(self.format, &self.shape).map_err(|(expected, found)| {
            let what = format!("shape of tensor {}", quote(&self.name));
            input(what, expected, found)
        })?;
        Ok(bytes)
    }
}

/// A file being written.
#[derive(Debug)]
pub struct Writer<W: Write> {
    out: W,
    path: PathBuf,
    alignment: u64,
    /// Name and bytes of each tensor.
    tensors: Vec<(String, u64)>,
    /// The tensor being written, and how much of it was.
    current: usize,
    written: u64,
}

impl Writer<BufWriter<File>> {
    /// Starts a file at `path`, over what may be there, and writes its header.
    ///
    /// # Errors
    /// `Io`; `Input` where a tensor's shape does not fit its format or the alignment is not one.
    pub fn create(path: &Path, metadata: &[(&str, Value)], tensors: &[TensorSpec]) -> Result<Self> {
        let file = File::create(path).map_err(|source| Error::Io {
            path: path.to_path_buf(),
            source,
        })?;
        Self::new(BufWriter::new(file), path, metadata, tensors)
    }
}

impl<W: Write> Writer<W> {
    /// Writes the header to `out`; `path` is what errors call it.
    ///
    /// # Errors
    /// As [`Writer::create`].
    pub fn new(
        out: W,
        path: &Path,
        metadata: &[(&str, Value)],
        tensors: &[TensorSpec],
    ) -> Result<Self> {
        let alignment = match metadata.iter().find(|(key, _)| *key == ALIGNMENT_KEY) {
            None => DEFAULT_ALIGNMENT,
            Some((_, Value::U32(n))) if n.is_power_of_two() && *n >= 8 => u64::from(*n),
            Some((_, other)) => {
                let found = format!("{other:?}");
                return Err(input(ALIGNMENT_KEY, "a power of two of at least 8", found));
            }
        };
        let mut header = Vec::new();
        header.extend(MAGIC);
        header.extend(VERSION.to_le_bytes());
        header.extend((tensors.len() as u64).to_le_bytes());
        header.extend((metadata.len() as u64).to_le_bytes());
        for (key, value) in metadata {
            text(&mut header, key);
            value.encode(&mut header);
        }
        let mut offset = 0u64;
        let mut sizes = Vec::with_capacity(tensors.len());
        for t in tensors {
            let bytes = t.bytes()?;
            text(&mut header, &t.name);
            header.extend((t.shape.len() as u32).to_le_bytes());
            header.extend(t.shape.iter().flat_map(|d| d.to_le_bytes()));
            header.extend(id_of(t.format).to_le_bytes());
            header.extend(offset.to_le_bytes());
            sizes.push((t.name.clone(), bytes));
            offset = bytes
                .checked_next_multiple_of(alignment)
                .and_then(|padded| offset.checked_add(padded))
                .ok_or_else(|| input("tensors", "fewer than 2^64 bytes", "more"))?;
        }
        header.resize(header.len().next_multiple_of(alignment as usize), 0);
        let mut writer = Self {
            out,
            path: path.to_path_buf(),
            alignment,
            tensors: sizes,
            current: 0,
            written: 0,
        };
        writer.put(&header)?;
        Ok(writer)
    }

    /// Writes the next bytes of the tensors: whole rows or not, but never past the end of one tensor.
    ///
    /// # Errors
    /// `Io`; `Input` where the tensor takes less than `bytes`.
    pub fn append(&mut self, bytes: &[u8]) -> Result<()> {
        let Some((name, size)) = self.tensors.get(self.current) else {
            let found = format!("{} bytes more", bytes.len());
            return Err(input(
                "tensor data",
                "no more: all tensors are written",
                found,
            ));
        };
        let (size, left) = (*size, size - self.written);
        if bytes.len() as u64 > left {
            let what = format!("data of tensor {}", quote(name));
            let expected = format!("at most {left} bytes more");
            return Err(input(what, expected, bytes.len()));
        }
        self.put(bytes)?;
        self.written += bytes.len() as u64;
        if self.written == size {
            let padding = size.next_multiple_of(self.alignment) - size;
            self.put(&vec![0; padding as usize])?;
            self.current += 1;
            self.written = 0;
        }
        Ok(())
    }

    /// Ends the file and gives back what it was written to, flushed.
    ///
    /// # Errors
    /// `Io`; `Input` where a tensor was not written in full.
    pub fn finish(mut self) -> Result<W> {
        if let Some((name, size)) = self.tensors.get(self.current) {
            let what = format!("data of tensor {}", quote(name));
            return Err(input(what, format!("{size} bytes"), self.written));
        }
        self.out.flush().map_err(|source| self.io(source))?;
        Ok(self.out)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.out.write_all(bytes).map_err(|source| self.io(source))
    }

    fn io(&self, source: std::io::Error) -> Error {
        Error::Io {
            path: self.path.clone(),
            source,
        }
    }
}

impl Value {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::U32(x) => one(out, Kind::U32, &x.to_le_bytes()),
            Self::I32(x) => one(out, Kind::I32, &x.to_le_bytes()),
            Self::U64(x) => one(out, Kind::U64, &x.to_le_bytes()),
            Self::F32(x) => one(out, Kind::F32, &x.to_le_bytes()),
            Self::Bool(x) => one(out, Kind::Bool, &[u8::from(*x)]),
            Self::String(x) => {
                out.extend(Kind::String.id().to_le_bytes());
                text(out, x);
            }
            Self::U32s(xs) => many(out, Kind::U32, xs, |out, x| out.extend(x.to_le_bytes())),
            Self::I32s(xs) => many(out, Kind::I32, xs, |out, x| out.extend(x.to_le_bytes())),
            Self::F32s(xs) => many(out, Kind::F32, xs, |out, x| out.extend(x.to_le_bytes())),
            Self::Strings(xs) => many(out, Kind::String, xs, |out, x| text(out, x)),
        }
    }
}

fn one(out: &mut Vec<u8>, kind: Kind, value: &[u8]) {
    out.extend(kind.id().to_le_bytes());
    out.extend(value);
}

fn many<T>(out: &mut Vec<u8>, kind: Kind, values: &[T], put: impl Fn(&mut Vec<u8>, &T)) {
    out.extend(ARRAY.to_le_bytes());
    out.extend(kind.id().to_le_bytes());
    out.extend((values.len() as u64).to_le_bytes());
    for value in values {
        put(out, value);
    }
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u64).to_le_bytes());
    out.extend(text.as_bytes());
}

fn input(what: impl ToString, expected: impl ToString, found: impl ToString) -> Error {
    Error::Input {
        what: what.to_string(),
        expected: expected.to_string(),
        found: found.to_string(),
    }
}
