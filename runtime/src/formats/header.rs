//! The header of a GGUF file, from the magic to the last tensor entry: a pure function over bytes. Everything that
//! later code relies on is checked here, so that neither a lookup nor a read of weights can go wrong.

use super::reader::Reader;
use super::tensor::{self, TensorInfo};
use super::value::{self, Entry};
use super::{ALIGNMENT_KEY, DEFAULT_ALIGNMENT, MAGIC, broken, quote, unsupported};
use crate::Result;

/// What a header says: where the metadata are and what the tensors are.
#[derive(Debug)]
pub struct Header {
    /// The version of the format: 2 or 3.
    pub version: u32,
    /// Tensors start at multiples of this many bytes.
    pub alignment: u64,
    /// Where the tensor data begin, in bytes from the start of the file.
    pub data_offset: u64,
    /// The tensors in the file's order, with offsets from the start of the file.
    pub tensors: Vec<TensorInfo>,
    pub(super) entries: Vec<Entry>,
    /// The entries sorted by key.
    pub(super) by_key: Vec<u32>,
    /// The tensors sorted by name.
    pub(super) by_name: Vec<u32>,
}

impl Header {
    /// Reads a header from the start of a file of `file_len` bytes, of which `bytes` are the first.
    ///
    /// Allocates at most about five times the length of `bytes`, whatever they are.
    ///
    /// # Errors
    /// `Format` where the bytes break the format, `Unsupported` for another version, byte order, value or tensor type.
    pub fn parse(bytes: &[u8], file_len: u64) -> Result<Self> {
        let mut r = Reader::new(bytes);
        let version = preamble(&mut r)?;
        let tensor_count = r.count(tensor::LEAST_ENTRY, &"tensor count")?;
        let entry_count = r.count(value::LEAST_ENTRY, &"metadata count")?;
        let mut entries = Vec::with_capacity(entry_count);
        for index in 0..entry_count {
            entries.push(Entry::parse(&mut r, index)?);
        }
        let by_key = sorted(&entries, |e| e.key(bytes), "metadata keys")?;
        // Counted again: the metadata took their part of the file.
        let most = r.left() / tensor::LEAST_ENTRY;
        if tensor_count as u64 > most {
            let expected = format!("at most {most} (what the rest of the file can hold)");
            return Err(broken("tensor count", expected, tensor_count));
        }
        let mut tensors = Vec::with_capacity(tensor_count);
        for index in 0..tensor_count {
            tensors.push(TensorInfo::parse(&mut r, index)?);
        }
        let by_name = sorted(&tensors, |t| t.name.as_bytes(), "tensor names")?;
        let alignment = alignment(&entries, bytes)?;
        let data_offset = (r.at() as u64).next_multiple_of(alignment);
        place(&mut tensors, alignment, data_offset, file_len)?;
        Ok(Self {
            version,
            alignment,
            data_offset,
            tensors,
            entries,
            by_key,
            by_name,
        })
    }
}

/// Reads the magic and the version.
fn preamble(r: &mut Reader) -> Result<u32> {
    let magic = r.take(4, &"magic")?;
    if magic != MAGIC {
        let found = format!("\"{}\"", magic.escape_ascii());
        return Err(broken("magic", "\"GGUF\"", found));
    }
    let version = r.u32(&"version")?;
    match version {
        2 | 3 => Ok(version),
        // A big-endian file has its version the other way round.
        _ if (1..=3).contains(&version.swap_bytes()) => {
            let found = format!("big-endian (version {})", version.swap_bytes());
            Err(unsupported("byte order", "little-endian", found))
        }
        _ => Err(unsupported("GGUF version", "2 or 3", version)),
    }
}

/// The items' places in the order of their names, of which no two may be the same.
fn sorted<'a, T>(items: &'a [T], name: impl Fn(&'a T) -> &'a [u8], what: &str) -> Result<Vec<u32>> {
    // A file with more than 2^32 entries would have to be larger than 56 GB of header.
    let count = u32::try_from(items.len())
        .map_err(|_| unsupported(what, format_args!("at most {}", u32::MAX), items.len()))?;
    let mut order: Vec<u32> = (0..count).collect();
    order.sort_unstable_by_key(|&i| name(&items[i as usize]));
    for pair in order.windows(2) {
        let one = name(&items[pair[0] as usize]);
        if one == name(&items[pair[1] as usize]) {
            let found = format!("{} twice", quote(&String::from_utf8_lossy(one)));
            return Err(broken(what, "each only once", found));
        }
    }
    Ok(order)
}

fn alignment(entries: &[Entry], bytes: &[u8]) -> Result<u64> {
    let key = ALIGNMENT_KEY.as_bytes();
    let Some(entry) = entries.iter().find(|e| e.key(bytes) == key) else {
        return Ok(DEFAULT_ALIGNMENT);
    };
    entry
        .integer(bytes)
        .and_then(|n| u32::try_from(n).ok())
        .filter(|n| n.is_power_of_two() && *n >= 8)
        .map(u64::from)
        .ok_or_else(|| {
            let found = entry.describe(bytes);
            broken(ALIGNMENT_KEY, "a power of two of at least 8", found)
        })
}

/// Turns offsets into places in the file and checks that each tensor has its own, inside the file.
fn place(
    tensors: &mut [TensorInfo],
    alignment: u64,
    data_offset: u64,
    file_len: u64,
) -> Result<()> {
    for t in tensors.iter_mut() {
        let what = || format!("offset of tensor {}", quote(&t.name));
        if t.offset % alignment != 0 {
            let expected = format!("a multiple of {alignment}");
            return Err(broken(what(), expected, t.offset));
        }
        let start = t.offset.checked_add(data_offset);
        match start.and_then(|s| s.checked_add(t.bytes)) {
            Some(end) if end <= file_len => t.offset += data_offset,
            _ => {
                let expected = format!("{} bytes inside a file of {file_len} bytes", t.bytes);
                let found = match start {
                    Some(start) => format!(
                        "a start at byte {start}: the file is cut short or the entry is wrong"
                    ),
                    None => format!("{}", t.offset),
                };
                return Err(broken(what(), expected, found));
            }
        }
    }
    let mut order: Vec<&TensorInfo> = tensors.iter().collect();
    order.sort_unstable_by_key(|t| t.offset);
    for pair in order.windows(2) {
        let end = pair[0].offset + pair[0].bytes;
        if end > pair[1].offset {
            let what = format!("offset of tensor {}", quote(&pair[1].name));
            let expected = format!("at least {end}, where {} ends", quote(&pair[0].name));
            return Err(broken(what, expected, pair[1].offset));
        }
    }
    Ok(())
}
