//! Everything about a model that needs no device: its numbers, its plans, and where every byte will go.

use lorgnette_shaders::{CacheFormat, Step};

use crate::budget::{self, Budget};
use crate::formats::Checkpoint;
use crate::host::{self, TextBytes};
use crate::memory::{
    MemoryPlan, Residence, STAGING_BYTES, SessionShape, is_read_every_step, least_staging, place,
};
use crate::models::Config;
use crate::models::llama::{Recording, Style, Weights, record};
use crate::plan::Plan;
use crate::profiles::Profile;
use crate::weights::{Shape, WeightList};
use crate::{Error, Result};

/// How a model is loaded.
#[derive(Clone, Debug)]
pub struct LoadOptions {
    /// Positions a session can hold; the model's own, but at most 2048, if not given.
    pub context: Option<u32>,
    /// How keys and values are stored.
    pub kv: CacheFormat,
    /// The most tokens of a prompt that go through the model at once.
    pub prefill_chunk: u32,
    /// Layers, from the last one back, that stay in the file and are read from there whenever a step comes to them,
    /// through two slots of a layer each. The numbers stay the same.
    pub streamed_layers: usize,
    /// Bytes of the ring that weights pass through on their way to the device: at least eight rows in each of its three
    /// buffers.
    pub staging_bytes: u64,
    /// The bytes that everything together may take, and how far from the options a plan may go for that.
    pub budget: Option<Budget>,
    /// Residual additions are part of the matrix products before them. The unfused plan gives the same numbers.
    pub fused: bool,
}

impl Default for LoadOptions {
    /// The model's context up to 2048, f16 keys and values, 128 tokens a chunk, nothing streamed, 3 MiB of staging,
    /// no budget, fused.
    fn default() -> Self {
        Self {
            context: None,
            kv: CacheFormat::F16,
            prefill_chunk: 128,
            streamed_layers: 0,
            staging_bytes: STAGING_BYTES,
            budget: None,
            fused: true,
        }
    }
}

impl LoadOptions {
    /// The options for such a device: what it can hope to hold is the budget, where none is stated.
    pub fn on(&self, profile: &Profile) -> Self {
        let hoped = profile.memory_bytes.map(Budget::bytes);
        Self {
            budget: self.budget.clone().or(hoped),
            ..self.clone()
        }
    }
}

/// The context that is planned where none is asked for.
const DEFAULT_CONTEXT: u32 = 2048;
/// The most rows that are scored at once, and the most bytes their logits may take.
const SCORE_ROWS: u32 = 32;
const SCORE_LOGITS_BYTES: u64 = 8 << 20;
/// A short chunk is chosen to save memory: scores, whose logits are the largest of all scratch, follow it.
const CHUNK_TO_SCORE: u32 = 4;

/// A model on paper: from the header of its file, before anything is allocated.
#[derive(Debug)]
pub struct Blueprint {
    /// The model's numbers.
    pub config: Config,
    /// Positions a session can hold.
    pub context: u32,
    /// How keys and values are stored.
    pub kv: CacheFormat,
    /// The most tokens of a prompt that go through the model at once.
    pub prefill_chunk: u32,
    /// The fewest bytes that a plan within the options takes; known where they hold a budget.
    pub minimum_bytes: Option<u64>,
    /// Bytes of the file that every step reads: those of streamed layers that share their slot with another one.
    pub streamed_bytes_per_token: u64,
    /// Per-dimension divisors of the rotary frequencies, if the file has them.
    pub rope_factors: Option<Vec<f32>>,
    /// Decode, prefill and score.
    pub plans: Vec<Plan>,
    /// Where every byte goes.
    pub memory: MemoryPlan,
    /// Which rows of which tensors make up each buffer of weights.
    pub weights: WeightList,
}

/// Indices in [`Blueprint::plans`].
pub(crate) const DECODE: usize = 0;
pub(crate) const PREFILL: usize = 1;
pub(crate) const SCORE: usize = 2;

impl Blueprint {
    /// Plans the model for a device that binds at most `max_binding_bytes` at once.
    ///
    /// # Errors
    /// [`Error::Format`] and [`Error::Unsupported`] for what the file says, [`Error::Input`] for the options,
    /// [`Error::Limit`] where something cannot be cut to fit the limit, [`Error::Budget`] where nothing that will do
    /// stays within the budget.
    pub fn new(
        checkpoint: &Checkpoint,
        options: &LoadOptions,
        max_binding_bytes: u64,
    ) -> Result<Self> {
        let draw = Self::draw(checkpoint, max_binding_bytes)?;
        match &options.budget {
            Some(budget) => budget::choose(options, budget, &draw),
            None => draw(options),
        }
    }

    /// The plan that takes the fewest bytes of those that the options allow, whatever their budget is: what
    /// [`Blueprint::new`] refuses to go below.
    ///
    /// # Errors
    /// As [`Blueprint::new`], but for [`Error::Budget`].
    pub fn least(
        checkpoint: &Checkpoint,
        options: &LoadOptions,
        max_binding_bytes: u64,
    ) -> Result<Self> {
        let draw = Self::draw(checkpoint, max_binding_bytes)?;
        let any = Budget::bytes(0);
        budget::least(options, options.budget.as_ref().unwrap_or(&any), &draw)
    }

    /// Makes the plan of options as they are.
    fn draw(
        checkpoint: &Checkpoint,
        max_binding_bytes: u64,
    ) -> Result<impl Fn(&LoadOptions) -> Result<Self>> {
        let text = TextBytes::new(checkpoint.metadata())?;
        Ok(
            move |options: &LoadOptions| {
                Self::exactly(checkpoint, text, options, max_binding_bytes)
            },
        )
    }

    /// The plan with the options as they are, whatever it takes.
    fn exactly(
        checkpoint: &Checkpoint,
        text: TextBytes,
        options: &LoadOptions,
        max_binding_bytes: u64,
    ) -> Result<Self> {
        let vocabulary = checkpoint
            .tensor("token_embd.weight")
            .map_or(0, |tensor| tensor.rows as usize);
        let config = Config::from_metadata(checkpoint.metadata(), vocabulary)?;
        refuse_biases(checkpoint)?;
        let mut list = WeightList::new(max_binding_bytes);
        let shapes = |name: &str| {
            checkpoint.tensor(name).map(|tensor| Shape {
                format: tensor.format,
                rows: tensor.rows,
                cols: tensor.cols,
            })
        };
        let weights = Weights::describe(&config, &mut list, &shapes)?;
        let rope_factors = rope_factors(checkpoint, &config)?;
        let context = context(&config, options, max_binding_bytes)?;
        let prefill_chunk = rows_that_bind(
            &config,
            options.prefill_chunk.min(context),
            max_binding_bytes,
        )?;
        let residence = residence(&list, options)?;
        let heads = config.heads(context, options.kv);
        let logits = config.vocabulary as u64 * 4;
        let score_rows = SCORE_ROWS
            .min((SCORE_LOGITS_BYTES.min(max_binding_bytes) / logits) as u32)
            .min(prefill_chunk / CHUNK_TO_SCORE)
            .max(1);
        let recordings = [
            Recording::Decode,
            Recording::Prefill(prefill_chunk),
            Recording::Score(score_rows),
        ];
        let style = Style {
            fused: options.fused,
            resident_layers: config.layers - residence.streamed_layers,
        };
        let mut plans: Vec<Plan> = recordings
            .into_iter()
            .map(|recording| record(&config, &weights, &heads, recording, style))
            .collect();
        let shape = SessionShape {
            context,
            kv_row_bytes: heads.kv_row_bytes(),
            layers: config.layers,
            head_size: config.head_size,
        };
        let mut memory = place(&mut plans, &list, residence, shape);
        memory.host = host::estimate(checkpoint, text, &config, &plans, &list, &memory);
        Ok(Self {
            context,
            kv: options.kv,
            prefill_chunk,
            minimum_bytes: None,
            streamed_bytes_per_token: streamed_bytes(checkpoint, &list, residence.streamed_layers),
            rope_factors,
            plans,
            memory,
            weights: list,
            config,
        })
    }

    /// (cos, sin) of the step's rows; and where positions have left the cache, those of the queries that meet the kept
    /// keys: as if the rows came directly behind what is left.
    pub(crate) fn angles(&self, step: &Step) -> Vec<f32> {
        let of = |position| {
            self.config
                .angles(self.rope_factors.as_deref(), position, step.count)
        };
        let mut angles = of(step.position);
        if step.dropped > 0 {
            angles.extend(of(step.position - step.dropped));
        }
        angles
    }
}

/// Positions: what was asked for, or the model's own up to the default, as far as one layer's keys can be bound.
fn context(config: &Config, options: &LoadOptions, max_binding_bytes: u64) -> Result<u32> {
    let row = config.heads(1, options.kv).kv_row_bytes();
    let most = u32::try_from(max_binding_bytes / row)
        .unwrap_or(u32::MAX)
        .min(config.trained_context);
    if most == 0 {
        return Err(Error::Limit {
            what: "one position of a layer's keys".into(),
            needed: row,
            limit: max_binding_bytes,
        });
    }
    match options.context {
        None => Ok(most.min(DEFAULT_CONTEXT)),
        Some(asked) if asked >= 1 && asked <= most => Ok(asked),
        Some(asked) => Err(Error::Input {
            what: "context".into(),
            expected: format!(
                "1 to {most} (trained for {}, and a layer's keys must fit a binding of {max_binding_bytes} bytes)",
                config.trained_context
            ),
            found: asked.to_string(),
        }),
    }
}

/// The most rows, up to `asked`, whose widest activations can be bound.
fn rows_that_bind(config: &Config, asked: u32, max_binding_bytes: u64) -> Result<u32> {
    let qkv = (2 * config.heads + 2 * config.kv_heads) * config.head_size;
    let widest = 4 * config.width.max(2 * config.feed_forward).max(qkv) as u64;
    let rows = (max_binding_bytes / widest).min(u64::from(asked)) as u32;
    let one_row = widest.max(4 * config.vocabulary as u64);
    if one_row > max_binding_bytes {
        return Err(Error::Limit {
            what: "one row of activations".into(),
            needed: one_row,
            limit: max_binding_bytes,
        });
    }
    if rows == 0 {
        return Err(Error::Input {
            what: "prefill chunk".into(),
            expected: "at least 1".into(),
            found: asked.to_string(),
        });
    }
    Ok(rows)
}

/// What is streamed, and through how much.
fn residence(list: &WeightList, options: &LoadOptions) -> Result<Residence> {
    let (streamed_layers, staging) = (options.streamed_layers, options.staging_bytes);
    let input = |what: &str, expected: String, found: u64| Error::Input {
        what: what.into(),
        expected,
        found: found.to_string(),
    };
    let most = list.layers.len();
    if streamed_layers > most {
        let expected = format!("at most the model's {most}");
        return Err(input("streamed layers", expected, streamed_layers as u64));
    }
    let least = least_staging(list);
    if staging < least {
        let expected = format!("at least {least} bytes, for eight rows in each of its buffers");
        return Err(input("staging", expected, staging));
    }
    Ok(Residence {
        streamed_layers,
        staging,
    })
}

/// Bytes in the file of the layers that are read in every step.
fn streamed_bytes(checkpoint: &Checkpoint, list: &WeightList, streamed_layers: usize) -> u64 {
    let streamed = &list.layers[list.layers.len() - streamed_layers..];
    let read = streamed
        .iter()
        .enumerate()
        .filter(|(index, _)| is_read_every_step(*index, streamed_layers));
    let sources = read.flat_map(|(_, layer)| &list.weights[layer.clone()]);
    let sources = sources.flat_map(|weight| &weight.sources);
    sources
        .filter_map(|source| {
            let tensor = checkpoint.tensor(&source.tensor)?;
            Some((source.rows.end - source.rows.start) * tensor.row_bytes())
        })
        .sum()
}

/// `rope_freqs.weight`: one divisor for each pair of a head (Llama 3.1 and later).
fn rope_factors(checkpoint: &Checkpoint, config: &Config) -> Result<Option<Vec<f32>>> {
    let Some(tensor) = checkpoint.tensor("rope_freqs.weight") else {
        return Ok(None);
    };
    let pairs = config.head_size / 2;
    let factors = tensor
        .format
        .dequantize_file(checkpoint.rows(tensor, 0..tensor.rows));
    let usable = |factor: &f32| factor.is_finite() && *factor > 0.0;
    if factors.len() != pairs || !factors.iter().all(usable) {
        return Err(Error::Format {
            what: "tensor rope_freqs.weight".into(),
            expected: format!("{pairs} positive finite numbers"),
            found: format!(
                "{} numbers, {} of them usable",
                factors.len(),
                factors.iter().filter(|factor| usable(factor)).count()
            ),
        });
    }
    Ok(Some(factors))
}

/// A bias that is not applied would give wrong numbers without a word.
fn refuse_biases(checkpoint: &Checkpoint) -> Result<()> {
    match checkpoint
        .tensors()
        .iter()
        .find(|tensor| tensor.name.ends_with(".bias"))
    {
        Some(tensor) => Err(Error::Unsupported {
            what: "tensor".into(),
            expected: "no biases, as in Llama 3 and SmolLM2".into(),
            found: tensor.name.clone(),
        }),
        None => Ok(()),
    }
}
