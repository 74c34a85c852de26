//! What is said where nothing that will do stays within the budget: what it needs at the least, what each choice would
//! cost, and what would fit.

use std::fmt::{Display, Formatter};

use super::Budget;
use super::search::Search;
use crate::blueprint::LoadOptions;
use crate::{KvFormat, Result};

/// A plan that was looked at, and its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Price {
    /// What it is beside the others.
    pub what: String,
    /// Positions.
    pub context: u32,
    /// How keys and values are stored.
    pub kv: KvFormat,
    /// The most tokens of a prompt at once.
    pub prefill_chunk: u32,
    /// Layers that are read from the file for every token.
    pub streamed_layers: usize,
    /// Bytes of GPU and host at the peak, with one session open.
    pub total_bytes: u64,
}

/// Why a model was not loaded within a budget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Bytes that were given.
    pub budget: u64,
    /// The fewest bytes that will do.
    pub minimum_bytes: u64,
    /// As wanted; each thing that may be chosen alone; all of them, which is the minimum; and where that is less, the
    /// least of all with nothing pinned.
    pub prices: Vec<Price>,
}

impl Refusal {
    pub(super) fn new(
        search: &Search<'_>,
        least: &LoadOptions,
        minimum_bytes: u64,
    ) -> Result<Self> {
        let mut prices = Vec::new();
        let mut price = |what: String, options: &LoadOptions| -> Result<()> {
            prices.push(Price {
                what,
                context: options.context.unwrap_or_default(),
                kv: options.kv,
                prefill_chunk: options.prefill_chunk,
                streamed_layers: options.streamed_layers,
                total_bytes: search.total(options)?,
            });
            Ok(())
        };
        price("as wanted".into(), &search.wanted)?;
        for (what, options) in steps(search, least) {
            price(format!("only {what}"), &options)?;
        }
        price("all of that".into(), least)?;
        let free = LoadOptions {
            context: None,
            ..search.wanted.clone()
        };
        let unpinned = Budget::bytes(search.budget.bytes);
        let free = Search::new(&free, &unpinned, search.draw)?.least()?;
        if search.total(&free)? < minimum_bytes {
            price("nothing pinned".into(), &free)?;
        }
        Ok(Self {
            budget: search.budget.bytes,
            minimum_bytes,
            prices,
        })
    }
}

/// From the wanted options, each single step towards the least.
fn steps(search: &Search<'_>, least: &LoadOptions) -> Vec<(String, LoadOptions)> {
    let wanted = || search.wanted.clone();
    let mut steps = Vec::new();
    if least.prefill_chunk < search.wanted.prefill_chunk {
        let options = LoadOptions {
            prefill_chunk: least.prefill_chunk,
            staging_bytes: least.staging_bytes,
            ..wanted()
        };
        steps.push((format!("chunks of {}", least.prefill_chunk), options));
    }
    for kv in &search.formats[1..] {
        let options = LoadOptions {
            kv: *kv,
            ..wanted()
        };
        steps.push((format!("{} keys and values", kv.name()), options));
    }
    if least.context < search.wanted.context {
        let options = LoadOptions {
            context: least.context,
            ..wanted()
        };
        steps.push((format!("{} positions", search.least_context), options));
    }
    if least.streamed_layers > search.wanted.streamed_layers {
        let options = LoadOptions {
            streamed_layers: least.streamed_layers,
            ..wanted()
        };
        steps.push((
            format!("{} layers streamed", least.streamed_layers),
            options,
        ));
    }
    steps
}

/// Bytes for people.
fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

/// A line with the two numbers, and a line for each price.
impl Display for Refusal {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let [least, given] = [self.minimum_bytes, self.budget].map(mebibytes);
        write!(
            f,
            "{least} needed at the least, {given} given ({} and {} bytes)",
            self.minimum_bytes, self.budget
        )?;
        for price in &self.prices {
            write!(f, "\n{:>12}  {}", mebibytes(price.total_bytes), price.what)?;
            // A single step says itself what it is.
            if !price.what.starts_with("only ") {
                let layers = match price.streamed_layers {
                    0 => "all layers in memory".to_owned(),
                    streamed => format!("{streamed} layers streamed"),
                };
                write!(
                    f,
                    ": {} positions, {} keys and values, chunks of {}, {layers}",
                    price.context,
                    price.kv.name(),
                    price.prefill_chunk,
                )?;
            }
            if price.total_bytes <= self.budget {
                write!(f, " (fits)")?;
            }
        }
        Ok(())
    }
}
