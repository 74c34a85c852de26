//! Which of the plans that will do is the one: the first in a fixed order that stays within the budget. A pure function
//! of the file's header, the device's limits and the options; every candidate is a whole plan, so that what is chosen is
//! proved to the byte before anything is allocated.
//!
//! What costs least comes first. A shorter chunk and a smaller ring only cost time before the first token. Keys and
//! values in 8 bits cost a fraction of a percent in perplexity. A shorter context is felt only in long conversations.
//! Streaming costs speed in every token, and finer keys and values are no help there. Keys and values in 4 bits cost
//! quality in every token, which nobody sees happen: they come last.

use lorgnette_shaders::CacheFormat;

use super::{Budget, LEAST_CONTEXT, Refusal};
use crate::blueprint::{Blueprint, LoadOptions};
use crate::memory::{least_staging, place_weights};
use crate::{Error, Result};

/// Makes the plan of options as they are.
pub(super) type Draw<'a> = dyn Fn(&LoadOptions) -> Result<Blueprint> + 'a;

/// Chosen only where nothing else will do, unless nothing better is wanted.
const LAST_RESORT: CacheFormat = CacheFormat::Q4_0;
/// Rings are not made smaller than this: every copy through one is a submit.
const LEAST_RING: u64 = 768 << 10;
/// Contexts between the least and the wanted one are multiples of this.
const CONTEXT_STEP: u32 = 64;

/// The first plan within the budget, or a refusal with the numbers.
pub(crate) fn choose(wanted: &LoadOptions, budget: &Budget, draw: &Draw<'_>) -> Result<Blueprint> {
    let search = Search::new(wanted, budget, draw)?;
    let least = search.least()?;
    let minimum_bytes = search.total(&least)?;
    if minimum_bytes > budget.bytes {
        let refusal = Refusal::new(&search, &least, minimum_bytes)?;
        return Err(Error::Budget(Box::new(refusal)));
    }
    Ok(Blueprint {
        minimum_bytes: Some(minimum_bytes),
        ..draw(&search.first()?.unwrap_or(least))?
    })
}

/// The plan that takes the fewest bytes of those that will do, whether it is within the budget or not.
pub(crate) fn least(wanted: &LoadOptions, budget: &Budget, draw: &Draw<'_>) -> Result<Blueprint> {
    let plan = draw(&Search::new(wanted, budget, draw)?.least()?)?;
    Ok(Blueprint {
        minimum_bytes: Some(plan.memory.total(1)),
        ..plan
    })
}

/// What may be chosen from, each list with the wanted first.
pub(super) struct Search<'a> {
    pub budget: &'a Budget,
    pub draw: &'a Draw<'a>,
    /// As wanted, each choice said.
    pub wanted: LoadOptions,
    pub least_context: u32,
    pub formats: Vec<CacheFormat>,
    /// Rows of a chunk and bytes of the ring.
    pub trims: Vec<(u32, u64)>,
    /// Bytes of weights held with so many layers streamed; only the first where none may be.
    held: Vec<u64>,
}

impl<'a> Search<'a> {
    pub fn new(wanted: &LoadOptions, budget: &'a Budget, draw: &'a Draw<'a>) -> Result<Self> {
        let drawn = draw(wanted)?;
        let formats = formats(wanted.kv, budget.worst_kv);
        let (most, least_context) = contexts(wanted.context, drawn.context, budget)?;
        let staging = wanted.staging_bytes;
        let least_ring = least_staging(&drawn.weights)
            .max(budget.least_staging)
            .max(LEAST_RING);
        let wanted = LoadOptions {
            context: Some(most),
            kv: formats[0],
            prefill_chunk: drawn.prefill_chunk,
            ..wanted.clone()
        };
        let layers = match budget.streaming {
            true => drawn.config.layers,
            false => wanted.streamed_layers,
        };
        let held = (wanted.streamed_layers..=layers)
            .map(|streamed| place_weights(&drawn.weights, streamed).0.iter().sum());
        Ok(Self {
            least_context,
            formats,
            trims: trims(
                drawn.prefill_chunk,
                budget.least_prefill_chunk,
                staging,
                least_ring.min(staging),
            ),
            held: held.collect(),
            wanted,
            budget,
            draw,
        })
    }

    /// Bytes that the plan of these options takes with one session open.
    pub fn total(&self, options: &LoadOptions) -> Result<u64> {
        Ok((self.draw)(options)?.memory.total(1))
    }

    fn fits(&self, options: &LoadOptions) -> Result<bool> {
        Ok(self.total(options)? <= self.budget.bytes)
    }

    /// Everything as small as will do, but for the streamed layers.
    pub fn smallest(&self, kv: CacheFormat) -> LoadOptions {
        let (prefill_chunk, staging_bytes) = self.trims[self.trims.len() - 1];
        LoadOptions {
            context: Some(self.least_context),
            kv,
            prefill_chunk,
            staging_bytes,
            ..self.wanted.clone()
        }
    }

    /// The fewest bytes of all. Not always the smallest format with the most layers streamed: where the trials of
    /// kernels are the peak, the dispatches that these add to the plans are more than what they save.
    pub fn least(&self) -> Result<LoadOptions> {
        let fewest = (0..self.held.len()).min_by_key(|more| self.held[*more]);
        let mut least = self.smallest(self.formats[self.formats.len() - 1]);
        let mut bytes = self.total(&least)?;
        for kv in self.formats.iter().rev() {
            for more in [0, fewest.unwrap_or(0)] {
                let options = LoadOptions {
                    streamed_layers: self.wanted.streamed_layers + more,
                    ..self.smallest(*kv)
                };
                let total = self.total(&options)?;
                if total < bytes {
                    (least, bytes) = (options, total);
                }
            }
        }
        Ok(least)
    }

    /// Formats without the last resort.
    fn usual_formats(&self) -> &[CacheFormat] {
        match self.formats.as_slice() {
            [usual @ .., LAST_RESORT] if !usual.is_empty() => usual,
            all => all,
        }
    }

    fn first(&self) -> Result<Option<LoadOptions>> {
        let usual = self.usual_formats();
        for kv in usual {
            let here = LoadOptions {
                kv: *kv,
                ..self.wanted.clone()
            };
            if let Some(found) = self.loosest(&here)? {
                return Ok(Some(found));
            }
        }
        let rest = &self.formats[usual.len()..];
        for kv in usual[usual.len() - 1..].iter().chain(rest) {
            let found = match self.shorter(*kv)? {
                None => self.streamed(*kv)?,
                found => found,
            };
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// The longest chunk, then the largest ring, with the rest as it is.
    fn loosest(&self, options: &LoadOptions) -> Result<Option<LoadOptions>> {
        for (prefill_chunk, staging_bytes) in &self.trims {
            let trimmed = LoadOptions {
                prefill_chunk: *prefill_chunk,
                staging_bytes: *staging_bytes,
                ..options.clone()
            };
            if self.fits(&trimmed)? {
                return Ok(Some(trimmed));
            }
        }
        Ok(None)
    }

    /// The longest context that fits, if the least one does.
    fn longest(&self, options: &LoadOptions) -> Result<Option<LoadOptions>> {
        let most = self.wanted.context.unwrap_or(self.least_context);
        let at = |step: u32| LoadOptions {
            // The least, multiples of the step above it, and the wanted.
            context: Some(match step {
                0 => self.least_context,
                _ => ((self.least_context / CONTEXT_STEP + step) * CONTEXT_STEP).min(most),
            }),
            ..options.clone()
        };
        if !self.fits(&at(0))? {
            return Ok(None);
        }
        let (mut fits, mut too_long) = (0, (most - self.least_context).div_ceil(CONTEXT_STEP) + 1);
        while too_long - fits > 1 {
            let middle = fits + (too_long - fits) / 2;
            match self.fits(&at(middle))? {
                true => fits = middle,
                false => too_long = middle,
            }
        }
        Ok(Some(at(fits)))
    }

    /// No layer more streamed than wanted, but a context as short as it must be.
    fn shorter(&self, kv: CacheFormat) -> Result<Option<LoadOptions>> {
        match self.longest(&self.smallest(kv))? {
            Some(found) => self.loosest(&found),
            None => Ok(None),
        }
    }

    /// As few layers streamed as must be. Each chunk of a prompt reads them again, so that the chunk comes before the
    /// context here; what is left then is for finer keys and values.
    fn streamed(&self, kv: CacheFormat) -> Result<Option<LoadOptions>> {
        let smallest = self.smallest(kv);
        let drawn = (self.draw)(&smallest)?.memory;
        // Streaming adds to all but the weights, so that this much is needed beside them at the least.
        let beside = drawn.peak(1) - drawn.weights_bytes() - drawn.staging + drawn.host.held(1);
        for (more, held) in self.held.iter().enumerate().skip(1) {
            let streamed = LoadOptions {
                streamed_layers: smallest.streamed_layers + more,
                ..smallest.clone()
            };
            if held + beside > self.budget.bytes || !self.fits(&streamed)? {
                continue;
            }
            let Some(chunk) = self.loosest(&streamed)? else {
                continue;
            };
            let Some(found) = self.longest(&chunk)? else {
                continue;
            };
            for finer in &self.formats {
                let finer = LoadOptions {
                    kv: *finer,
                    ..found.clone()
                };
                if self.fits(&finer)? {
                    return Ok(Some(finer));
                }
            }
        }
        Ok(None)
    }
}

/// From the wanted format, or the worst that will do where that is better, to the worst.
fn formats(wanted: CacheFormat, worst: CacheFormat) -> Vec<CacheFormat> {
    let all = CacheFormat::ALL;
    let at = |wanted: CacheFormat| all.iter().position(|format| *format == wanted);
    let worst = at(worst).unwrap_or(all.len() - 1);
    let best = at(wanted).unwrap_or(worst).min(worst);
    all[best..=worst].to_vec()
}

/// The most and the least positions.
fn contexts(asked: Option<u32>, drawn: u32, budget: &Budget) -> Result<(u32, u32)> {
    let most = match asked {
        Some(asked) => asked,
        None => drawn.max(budget.least_context.unwrap_or(0)),
    };
    let unasked = match asked {
        Some(asked) => asked,
        None => LEAST_CONTEXT.min(most),
    };
    let least = budget.least_context.unwrap_or(unasked);
    if !(1..=most).contains(&least) {
        return Err(Error::Input {
            what: "least context".into(),
            expected: format!("1 to {most}, the context that is wanted"),
            found: least.to_string(),
        });
    }
    Ok((most, least))
}

/// Chunks from the wanted one down by halves, then the smaller ring.
fn trims(chunk: u32, least_chunk: u32, ring: u64, least_ring: u64) -> Vec<(u32, u64)> {
    let least = least_chunk.clamp(1, chunk);
    let halves = std::iter::successors(Some(chunk), |chunk| {
        (*chunk > least).then(|| (chunk / 2).max(least))
    });
    let mut trims: Vec<(u32, u64)> = halves.map(|chunk| (chunk, ring)).collect();
    if least_ring < ring {
        trims.push((least, least_ring));
    }
    trims
}
