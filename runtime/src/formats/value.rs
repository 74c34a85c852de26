//! One metadata entry: its key, type and where its value lies. Values stay in the file; this knows how to read them
//! there and how to name them in messages.

use std::ops::Range;

use super::reader::Reader;
use super::{broken, quote, unsupported};
use crate::Result;

/// The least bytes of an entry: length and one byte of key, type, one byte of value.
pub(super) const LEAST_ENTRY: u64 = 8 + 1 + 4 + 1;

/// The longest key of the format, in bytes.
const LONGEST_KEY: usize = 65535;

/// The type id of arrays; a second id says of what.
pub(super) const ARRAY: u32 = 9;

/// The types of values that are not arrays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    F32,
    Bool,
    String,
    U64,
    I64,
    F64,
}

/// Type id, type, name, and bytes of one value (of a string: of its length alone), in the order of [`Kind`].
static KINDS: [(u32, Kind, &str, usize); 12] = [
    (0, Kind::U8, "u8", 1),
    (1, Kind::I8, "i8", 1),
    (2, Kind::U16, "u16", 2),
    (3, Kind::I16, "i16", 2),
    (4, Kind::U32, "u32", 4),
    (5, Kind::I32, "i32", 4),
    (6, Kind::F32, "f32", 4),
    (7, Kind::Bool, "bool", 1),
    (8, Kind::String, "string", 8),
    (10, Kind::U64, "u64", 8),
    (11, Kind::I64, "i64", 8),
    (12, Kind::F64, "f64", 8),
];

impl Kind {
    fn from_id(id: u32, key: &str) -> Result<Self> {
        KINDS
            .iter()
            .find(|row| row.0 == id)
            .map(|row| row.1)
            .ok_or_else(|| {
                let what = format!("type of metadata key {}", quote(key));
                if id == ARRAY {
                    return unsupported(what, "an array of plain values", "an array of arrays");
                }
                broken(what, "a type id from 0 to 12", id)
            })
    }

    pub fn id(self) -> u32 {
        KINDS[self as usize].0
    }

    pub fn name(self) -> &'static str {
        KINDS[self as usize].2
    }

    fn size(self) -> usize {
        KINDS[self as usize].3
    }

    /// The number in `bytes`, where this is an integer type.
    pub fn integer(self, bytes: &[u8]) -> Option<i128> {
        Some(match self {
            Self::U8 => i128::from(*bytes.first()?),
            Self::I8 => i128::from(*bytes.first()? as i8),
            Self::U16 => u16::from_le_bytes(bytes.try_into().ok()?).into(),
            Self::I16 => i16::from_le_bytes(bytes.try_into().ok()?).into(),
            Self::U32 => u32::from_le_bytes(bytes.try_into().ok()?).into(),
            Self::I32 => i32::from_le_bytes(bytes.try_into().ok()?).into(),
            Self::U64 => u64::from_le_bytes(bytes.try_into().ok()?).into(),
            Self::I64 => i64::from_le_bytes(bytes.try_into().ok()?).into(),
            Self::F32 | Self::F64 | Self::Bool | Self::String => return None,
        })
    }

    /// The number in `bytes`, where this is a floating-point type.
    pub fn float(self, bytes: &[u8]) -> Option<f64> {
        match self {
            Self::F32 => Some(f32::from_le_bytes(bytes.try_into().ok()?).into()),
            Self::F64 => Some(f64::from_le_bytes(bytes.try_into().ok()?)),
            _ => None,
        }
    }
}

/// One entry of the metadata, as places in the file.
#[derive(Debug)]
pub(super) struct Entry {
    key: Range<usize>,
    kind: Kind,
    /// How many values, where this is an array.
    count: Option<usize>,
    /// The bytes of the value, or of all values; of a single string, without its length.
    value: Range<usize>,
}

impl Entry {
    /// Reads the entry number `index` and checks its value: text is UTF-8, truth values are 0 or 1.
    pub fn parse(r: &mut Reader, index: usize) -> Result<Self> {
        let key = r.text(&format_args!("key of metadata entry {index}"))?;
        if key.is_empty() || key.len() > LONGEST_KEY {
            let what = format!("key of metadata entry {index}");
            let expected = format!("1 to {LONGEST_KEY} bytes");
            return Err(broken(what, expected, format_args!("{} bytes", key.len())));
        }
        let key_range = r.at() - key.len()..r.at();
        let named = format_args!("metadata key {}", quote(key)).to_string();
        let id = r.u32(&format_args!("type of {named}"))?;
        if id != ARRAY {
            let kind = Kind::from_id(id, key)?;
            let value = single(r, kind, &named)?;
            return Ok(Self {
                key: key_range,
                kind,
                count: None,
                value,
            });
        }
        let id = r.u32(&format_args!("element type of {named}"))?;
        let kind = Kind::from_id(id, key)?;
        let count = r.count(kind.size() as u64, &format_args!("length of {named}"))?;
        let start = r.at();
        match kind {
            Kind::String | Kind::Bool => {
                for i in 0..count {
                    single(r, kind, &format_args!("element {i} of {named}"))?;
                }
            }
            _ => {
                r.take((count * kind.size()) as u64, &named)?;
            }
        }
        Ok(Self {
            key: key_range,
            kind,
            count: Some(count),
            value: start..r.at(),
        })
    }

    pub fn key<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        &bytes[self.key.clone()]
    }

    fn value<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        &bytes[self.value.clone()]
    }

    /// The value, where it is a single integer.
    pub fn integer(&self, bytes: &[u8]) -> Option<i128> {
        self.single()?.integer(self.value(bytes))
    }

    /// The value, where it is a single floating-point number.
    pub fn float(&self, bytes: &[u8]) -> Option<f64> {
        self.single()?.float(self.value(bytes))
    }

    pub fn boolean(&self, bytes: &[u8]) -> Option<bool> {
        (self.single()? == Kind::Bool).then(|| self.value(bytes) == [1])
    }

    pub fn string<'a>(&self, bytes: &'a [u8]) -> Option<&'a str> {
        if self.single()? != Kind::String {
            return None;
        }
        std::str::from_utf8(self.value(bytes)).ok()
    }

    /// How many strings there are and the bytes that hold them, each with its length before it.
    pub fn strings<'a>(&self, bytes: &'a [u8]) -> Option<(usize, &'a [u8])> {
        let count = self.count.filter(|_| self.kind == Kind::String)?;
        Some((count, self.value(bytes)))
    }

    /// The values of an array of fixed-size elements, each read by `read`, which may refuse one and so all.
    pub fn array<T>(
        &self,
        bytes: &[u8],
        read: impl Fn(Kind, &[u8]) -> Option<T>,
    ) -> Option<Vec<T>> {
        let count = self.count.filter(|_| self.kind != Kind::String)?;
        let mut out = Vec::with_capacity(count);
        for element in self.value(bytes).chunks_exact(self.kind.size()) {
            out.push(read(self.kind, element)?);
        }
        Some(out)
    }

    /// Type and value in a few words: `u32 7`, ``string `llama` ``, ``512 x string [`a`, `b`, …]``.
    pub fn describe(&self, bytes: &[u8]) -> String {
        let name = self.kind.name();
        let Some(count) = self.count else {
            return format!("{name} {}", self.print(self.value(bytes)));
        };
        let mut shown: Vec<String> = match self.strings(bytes) {
            Some((_, rest)) => super::metadata::Strings::new(3.min(count), rest)
                .map(quote)
                .collect(),
            None => self
                .value(bytes)
                .chunks_exact(self.kind.size())
                .take(3)
                .map(|element| self.print(element))
                .collect(),
        };
        if count > shown.len() {
            shown.push("…".into());
        }
        format!("{count} x {name} [{}]", shown.join(", "))
    }

    fn print(&self, value: &[u8]) -> String {
        if let Some(n) = self.kind.integer(value) {
            return n.to_string();
        }
        match self.kind {
            Kind::String => quote(&String::from_utf8_lossy(value)),
            Kind::Bool => (value == [1]).to_string(),
            Kind::F32 => f32::from_le_bytes(value.try_into().unwrap_or_default()).to_string(),
            _ => self.kind.float(value).unwrap_or(f64::NAN).to_string(),
        }
    }

    fn single(&self) -> Option<Kind> {
        self.count.is_none().then_some(self.kind)
    }
}

/// Reads one value and says where it is.
fn single(r: &mut Reader, kind: Kind, what: &dyn std::fmt::Display) -> Result<Range<usize>> {
    let len = match kind {
        Kind::String => r.text(what)?.len(),
        Kind::Bool => {
            let value = r.take(1, what)?[0];
            if value > 1 {
                return Err(broken(what, "a truth value of 0 or 1", value));
            }
            1
        }
        _ => r.take(kind.size() as u64, what)?.len(),
    };
    Ok(r.at() - len..r.at())
}
