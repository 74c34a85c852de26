//! Everything about a model that needs no device: its numbers, its plans, and where every byte will go.

use lorgnette_shaders::{CacheFormat, Step};

use crate::Result;
use crate::budget::{self, Budget};
use crate::formats::Checkpoint;
use crate::host::{self, TextBytes};
use crate::memory::{MemoryPlan, SessionShape, place};
use crate::models::Config;
use crate::models::llama::{Style, Weights, record};
use crate::plan::Plan;
use crate::weights::{Shape, WeightList};

mod header;
mod limits;
mod options;

use header::{refuse_biases, rope_factors, streamed_bytes};
use limits::{StepRows, context, residence};
pub use options::LoadOptions;

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
    /// Decode, prefill and score; and few, where the options ask for speculation.
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
pub(crate) const FEW: usize = 3;

impl Blueprint {
    /// Plans the model for a device that binds at most `max_binding_bytes` at once.
    ///
    /// # Errors
    /// [`crate::Error::Format`] and [`crate::Error::Unsupported`] for what the file says, [`crate::Error::Input`] for
    /// the options, [`crate::Error::Limit`] where something cannot be cut to fit the limit, [`crate::Error::Budget`]
    /// where nothing that will do stays within the budget.
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
    /// As [`Blueprint::new`], but for [`crate::Error::Budget`].
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
        let heads = config.heads(context, options.kv);
        let rows = StepRows::new(&config, &heads, options, max_binding_bytes)?;
        let residence = residence(&list, options)?;
        let style = Style {
            fused: options.fused,
            resident_layers: config.layers - residence.streamed_layers,
        };
        let recordings = rows.recordings(options.speculation);
        let mut plans: Vec<Plan> = recordings
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
            prefill_chunk: rows.prefill,
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
