//! Headers put together byte by byte, right or wrong, without the writer of the project: the two check each other.

use lorgnette::Error;
use lorgnette::formats::Checkpoint;

/// Type ids of metadata values.
pub const U32: u32 = 4;
pub const BOOL: u32 = 7;
pub const STRING: u32 = 8;
pub const ARRAY: u32 = 9;

/// Type ids of tensors.
pub const F32: u32 = 0;
pub const Q4_0: u32 = 2;

/// A file in the making. The parts are public so that a test can spoil any of them.
#[derive(Clone)]
pub struct Raw {
    pub start: Vec<u8>,
    pub tensor_count: u64,
    pub entry_count: u64,
    pub body: Vec<u8>,
    pub data: usize,
}

impl Raw {
    pub fn new() -> Self {
        Self {
            start: [b"GGUF".as_slice(), &3u32.to_le_bytes()].concat(),
            tensor_count: 0,
            entry_count: 0,
            body: Vec::new(),
            data: 0,
        }
    }

    /// An entry of type `id` with the bytes of its value.
    pub fn entry(mut self, key: &[u8], id: u32, value: &[u8]) -> Self {
        self.entry_count += 1;
        self.text(key);
        self.body.extend(id.to_le_bytes());
        self.body.extend(value);
        self
    }

    pub fn tensor(mut self, name: &[u8], shape: &[u64], id: u32, offset: u64) -> Self {
        self.tensor_count += 1;
        self.text(name);
        self.body.extend((shape.len() as u32).to_le_bytes());
        self.body.extend(shape.iter().flat_map(|d| d.to_le_bytes()));
        self.body.extend(id.to_le_bytes());
        self.body.extend(offset.to_le_bytes());
        self
    }

    /// This many bytes of tensor data, after padding to 32.
    pub fn data(mut self, bytes: usize) -> Self {
        self.data = bytes;
        self
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut out = self.start.clone();
        out.extend(self.tensor_count.to_le_bytes());
        out.extend(self.entry_count.to_le_bytes());
        out.extend(&self.body);
        out.resize(out.len().next_multiple_of(32) + self.data, 0);
        out
    }

    fn text(&mut self, text: &[u8]) {
        self.body.extend(string(text));
    }
}

/// Text as it is in a file: its length, then its bytes.
pub fn string(text: &[u8]) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes(), text].concat()
}

/// The value of an array of type `id`.
pub fn array(id: u32, count: u64, elements: &[u8]) -> Vec<u8> {
    [&id.to_le_bytes(), &count.to_le_bytes() as &[u8], elements].concat()
}

/// Opening must fail, and the message must hold every part.
#[track_caller]
pub fn refused(file: &Raw, parts: &[&str]) -> Error {
    refused_bytes(file.bytes(), parts)
}

#[track_caller]
pub fn refused_bytes(bytes: Vec<u8>, parts: &[&str]) -> Error {
    let error = Checkpoint::from_bytes(bytes).expect_err("a broken file was opened");
    let message = error.to_string();
    for part in parts {
        assert!(message.contains(part), "no {part:?} in {message:?}");
    }
    error
}
