//! The metadata of a model file: typed lookups by key. Strings are borrowed from the file and arrays are read when
//! asked for, so that a vocabulary of 128k tokens costs nothing until somebody wants it.
//!
//! Integers are taken from any integer type that holds the same number, floats from either width: files differ.

use std::sync::Arc;

use super::broken;
use super::bytes::Bytes;
use super::value::{Entry, Kind};
use crate::Result;

/// Keys and typed values of a model file.
#[derive(Debug)]
pub struct Metadata {
    pub(super) bytes: Arc<Bytes>,
    pub(super) entries: Vec<Entry>,
    pub(super) by_key: Vec<u32>,
}

/// Getters in pairs: one where the key must be there, one where it may be missing.
macro_rules! getters {
    ($($name:ident, $opt:ident, $type:ty, $expected:literal, $read:expr;)*) => {$(
        #[doc = concat!("The ", $expected, " at `key`.\n\n# Errors\n`Format` where there is no such key, or where it holds something else.")]
        pub fn $name(&self, key: &str) -> Result<$type> {
            self.$opt(key)?.ok_or_else(|| missing(key, $expected))
        }

        #[doc = concat!("The ", $expected, " at `key`, or `None` where there is no such key.\n\n# Errors\n`Format` where it holds something else.")]
        pub fn $opt(&self, key: &str) -> Result<Option<$type>> {
            self.read(key, $expected, $read)
        }
    )*};
}

impl Metadata {
    getters! {
        string, opt_string, &str, "string", |e, bytes| e.string(bytes);
        u32, opt_u32, u32, "u32", |e, bytes| e.integer(bytes)?.try_into().ok();
        f32, opt_f32, f32, "f32", |e, bytes| e.float(bytes).map(|x| x as f32);
        bool, opt_bool, bool, "bool", |e, bytes| e.boolean(bytes);
        strings, opt_strings, Strings<'_>, "array of string",
            |e, bytes| e.strings(bytes).map(|(count, rest)| Strings::new(count, rest));
        u32s, opt_u32s, Vec<u32>, "array of u32",
            |e, bytes| e.array(bytes, |kind, b| kind.integer(b)?.try_into().ok());
        i32s, opt_i32s, Vec<i32>, "array of i32",
            |e, bytes| e.array(bytes, |kind, b| kind.integer(b)?.try_into().ok());
        f32s, opt_f32s, Vec<f32>, "array of f32",
            |e, bytes| e.array(bytes, |kind, b| kind.float(b).map(|x| x as f32));
        bools, opt_bools, Vec<bool>, "array of bool",
            |e, bytes| e.array(bytes, |kind, b| (kind == Kind::Bool).then_some(b == [1]));
    }

    /// Every key in the file's order, with its type and value in a few words: for people, not for parsing.
    pub fn iter(&self) -> impl Iterator<Item = (&str, String)> {
        self.entries.iter().map(|e| {
            let key = std::str::from_utf8(e.key(&self.bytes)).unwrap_or_default();
            (key, e.describe(&self.bytes))
        })
    }

    fn read<'a, T>(
        &'a self,
        key: &str,
        expected: &str,
        read: impl FnOnce(&Entry, &'a [u8]) -> Option<T>,
    ) -> Result<Option<T>> {
        let bytes: &[u8] = &self.bytes;
        let place = self
            .by_key
            .binary_search_by(|&i| self.entries[i as usize].key(bytes).cmp(key.as_bytes()));
        let Ok(place) = place else {
            return Ok(None);
        };
        let entry = &self.entries[self.by_key[place] as usize];
        match read(entry, bytes) {
            Some(value) => Ok(Some(value)),
            None => {
                let what = format!("metadata key `{key}`");
                Err(broken(what, expected, entry.describe(bytes)))
            }
        }
    }
}

fn missing(key: &str, expected: &str) -> crate::Error {
    broken(
        format_args!("metadata key `{key}`"),
        expected,
        "no such key",
    )
}

/// The strings of an array, borrowed from the file one after the other.
#[derive(Clone, Debug)]
pub struct Strings<'a> {
    left: usize,
    bytes: &'a [u8],
}

impl<'a> Strings<'a> {
    pub(super) fn new(left: usize, bytes: &'a [u8]) -> Self {
        Self { left, bytes }
    }
}

impl<'a> Iterator for Strings<'a> {
    type Item = &'a str;

    /// Checked when the file was opened; ends early rather than panics where somebody changed the file since.
    fn next(&mut self) -> Option<&'a str> {
        if self.left == 0 {
            return None;
        }
        let (len, rest) = self.bytes.split_first_chunk()?;
        let len = usize::try_from(u64::from_le_bytes(*len)).ok()?;
        let (text, rest) = rest.split_at_checked(len)?;
        self.left -= 1;
        self.bytes = rest;
        std::str::from_utf8(text).ok()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Strings<'_> {}
