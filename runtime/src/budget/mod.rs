//! How many bytes an app gives a model, GPU and host together, and how far from what is wanted a plan may go to stay
//! within them. What is chosen is in `search`, what is said where nothing fits in `refusal`.

mod refusal;
mod search;

use lorgnette_shaders::CacheFormat;

use crate::{Error, Result};

pub use refusal::{Price, Refusal};
pub(crate) use search::{choose, least};

/// Bytes for a model with one session open, GPU and host together; what the driver takes for itself is not in them
/// ([`crate::MemoryPlan::total`]). The options of a load say what is wanted, a budget says what will do: nothing is ever
/// chosen outside of the two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Bytes.
    pub bytes: u64,
    /// The fewest positions that will do. If not given: exactly those of the options, or 512 where these leave it open.
    pub least_context: Option<u32>,
    /// The worst precision of keys and values that will do.
    pub worst_kv: CacheFormat,
    /// The fewest tokens of a prompt that may go through the model at once.
    pub least_prefill_chunk: u32,
    /// The smallest upload ring that will do, in bytes; two rows of the widest matrix have to fit each of its buffers.
    pub least_staging: u64,
    /// Whether layers may stay in the file, to be read from there for every token.
    pub streaming: bool,
}

/// The context below which nobody goes unasked.
const LEAST_CONTEXT: u32 = 512;
/// Below this a prompt is read hardly faster than it would be token by token.
const LEAST_PREFILL_CHUNK: u32 = 16;

impl Budget {
    /// So many bytes, and whatever fits them: at least 512 positions (or all of a model that has fewer), keys and values
    /// down to the smallest format, prompts in chunks of 16 or more, layers streamed where they must be.
    pub fn bytes(bytes: u64) -> Self {
        Self {
            bytes,
            least_context: None,
            worst_kv: CacheFormat::Q4_0,
            least_prefill_chunk: LEAST_PREFILL_CHUNK,
            least_staging: 0,
            streaming: true,
        }
    }

    /// At least so many positions.
    pub fn context_at_least(self, positions: u32) -> Self {
        Self {
            least_context: Some(positions),
            ..self
        }
    }

    /// Keys and values at least this precise.
    pub fn kv_no_worse_than(self, worst_kv: CacheFormat) -> Self {
        Self { worst_kv, ..self }
    }

    /// At least so many tokens of a prompt at once.
    pub fn prefill_chunk_at_least(self, least_prefill_chunk: u32) -> Self {
        Self {
            least_prefill_chunk,
            ..self
        }
    }

    /// All weights in memory.
    pub fn resident(self) -> Self {
        Self {
            streaming: false,
            ..self
        }
    }
}

/// Bytes as people write them: a number, whole or not, with `B`, `kB`, `MB`, `GB`, `KiB`, `MiB` or `GiB` behind it, or
/// nothing for bytes.
impl std::str::FromStr for Budget {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let unreadable = || Error::Input {
            what: "budget".into(),
            expected: "bytes above 0, as in 600MiB, 600MB, 1.5GiB or 629145600".into(),
            found: format!("\"{text}\""),
        };
        let digits = |c: char| c.is_ascii_digit() || c == '.';
        let unit_at = text.find(|c| !digits(c)).unwrap_or(text.len());
        let (number, unit) = text.split_at(unit_at);
        let unit = match unit.trim_start().to_ascii_lowercase().as_str() {
            "" | "b" => 1.0,
            "kb" => 1e3,
            "mb" => 1e6,
            "gb" => 1e9,
            "kib" => 1024.0,
            "mib" => 1024.0 * 1024.0,
            "gib" => 1024.0 * 1024.0 * 1024.0,
            _ => return Err(unreadable()),
        };
        let number: f64 = number.parse().map_err(|_| unreadable())?;
        // Exact up to 2^53 bytes; more than that is no budget.
        match number * unit {
            bytes if (1.0..9e15).contains(&bytes) => Ok(Self::bytes(bytes as u64)),
            _ => Err(unreadable()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_as_people_write_them() {
        for (text, bytes) in [
            ("600MiB", 600 << 20),
            ("600 mib", 600 << 20),
            ("600MB", 600_000_000),
            ("1.5GiB", 3 << 29),
            ("2GB", 2_000_000_000),
            ("512KiB", 512 << 10),
            ("3kB", 3000),
            ("629145600", 629_145_600),
            ("1B", 1),
        ] {
            assert_eq!(text.parse::<Budget>().expect(text), Budget::bytes(bytes));
        }
        for text in [
            "",
            "MiB",
            "0",
            "-1",
            "1e9",
            "600M",
            "6 0MiB",
            "1..5GiB",
            "0.4B",
            "99999999GiB",
        ] {
            let error = text.parse::<Budget>().expect_err(text).to_string();
            assert!(error.contains("600MiB") && error.contains(text), "{error}");
        }
    }
}
