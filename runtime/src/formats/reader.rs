//! A cursor over the bytes of a header: every read is checked against what is left and names what it was after.
//! Not a parser: it knows little-endian numbers and length-prefixed text, nothing of their order.

use std::fmt::Display;

use super::{broken, quote};
use crate::Result;

pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Bytes read so far.
    pub fn at(&self) -> usize {
        self.at
    }

    /// Bytes not read yet.
    pub fn left(&self) -> u64 {
        (self.bytes.len() - self.at) as u64
    }

    pub fn take(&mut self, len: u64, what: &dyn Display) -> Result<&'a [u8]> {
        if len > self.left() {
            let found = format!("{} (the file ends there)", self.left());
            return Err(broken(
                format_args!("{what}, at byte {}", self.at),
                format_args!("{len} bytes"),
                found,
            ));
        }
        // `len` is at most the length of a slice, so it fits.
        let start = self.at;
        self.at += len as usize;
        Ok(&self.bytes[start..self.at])
    }

    fn array<const N: usize>(&mut self, what: &dyn Display) -> Result<[u8; N]> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N as u64, what)?);
        Ok(out)
    }

    pub fn u32(&mut self, what: &dyn Display) -> Result<u32> {
        self.array(what).map(u32::from_le_bytes)
    }

    pub fn u64(&mut self, what: &dyn Display) -> Result<u64> {
        self.array(what).map(u64::from_le_bytes)
    }

    /// How many items follow, where each takes at least `least` bytes: a count that the rest of the file cannot hold
    /// is refused before anything is allocated for it.
    pub fn count(&mut self, least: u64, what: &dyn Display) -> Result<usize> {
        let found = self.u64(what)?;
        let most = self.left() / least;
        if found > most {
            let expected = format!("at most {most} (what the rest of the file can hold)");
            return Err(broken(what, expected, found));
        }
        Ok(found as usize)
    }

    /// Text with its length before it.
    pub fn text(&mut self, what: &dyn Display) -> Result<&'a str> {
        let len = self.u64(&format_args!("length of {what}"))?;
        let bytes = self.take(len, what)?;
        std::str::from_utf8(bytes).map_err(|e| {
            let start = String::from_utf8_lossy(&bytes[..bytes.len().min(64)]);
            let found = format!("a bad byte at {} of {}", e.valid_up_to(), quote(&start));
            broken(what, "valid UTF-8", found)
        })
    }
}
