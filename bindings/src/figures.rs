//! Figures of a model: what would be planned, from the header of its file alone, and where the bytes of a loaded one are.

use lorgnette::formats::Checkpoint;
use lorgnette::{Blueprint, Error, MemoryPlan};

use crate::runtime::profile;
use crate::{KvFormat, LoadOptions, Result, Source};

/// The plan of a model, before or after it is loaded. Bytes are those of a model with one session open.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
pub struct PlanFigures {
    /// Whether the plan stays within the budget; if not, these are the figures of the smallest plan that will do.
    pub fits: bool,
    /// Why it does not fit, with what each choice would cost; empty where it does.
    pub refusal: String,
    /// Bytes on the GPU and the host at the peak.
    pub total_bytes: u64,
    /// The fewest bytes that will do.
    pub minimum_bytes: u64,
    /// Bytes by purpose.
    pub memory: Purposes,
    /// Positions of a session.
    pub context: u32,
    /// Positions that the model was trained for.
    pub trained_context: u32,
    /// How keys and values are stored.
    pub kv: KvFormat,
    /// The most tokens of a prompt at once.
    pub prefill_chunk: u32,
    /// Layers.
    pub layers: u32,
    /// How many of them are read from the file for every token.
    pub streamed_layers: u32,
    /// Bytes of the file that every token reads.
    pub streamed_bytes_per_token: u64,
    /// Tokens of the vocabulary.
    pub vocabulary: u32,
}

/// Planned bytes by purpose. On the GPU, unless it says host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Purposes {
    /// Weights.
    pub weights: u64,
    /// Keys and values of one session.
    pub kv: u64,
    /// What every step overwrites, and a session's small buffers.
    pub scratch: u64,
    /// What weights pass through.
    pub staging: u64,
    /// What the GPU's allocator may hold beside these, at most.
    pub reserve: u64,
    /// On the host's heap, at most.
    pub host: u64,
}

impl Purposes {
    fn of(memory: &MemoryPlan) -> Self {
        let session = &memory.session;
        Self {
            weights: memory.weights_bytes(),
            kv: session.kv(),
            scratch: memory.scratch_bytes() + session.total() - session.kv(),
            staging: memory.staging,
            reserve: memory.reserve(1),
            host: memory.host.held(1),
        }
    }
}

impl PlanFigures {
    pub(crate) fn of(blueprint: &Blueprint) -> Self {
        let (memory, config) = (&blueprint.memory, &blueprint.config);
        let total_bytes = memory.total(1);
        Self {
            fits: true,
            refusal: String::new(),
            total_bytes,
            minimum_bytes: blueprint.minimum_bytes.unwrap_or(total_bytes),
            memory: Purposes::of(memory),
            context: blueprint.context,
            trained_context: config.trained_context,
            kv: blueprint.kv.into(),
            prefill_chunk: blueprint.prefill_chunk,
            layers: config.layers as u32,
            streamed_layers: memory.streamed_layers as u32,
            streamed_bytes_per_token: blueprint.streamed_bytes_per_token,
            vocabulary: config.vocabulary as u32,
        }
    }
}

/// What would be planned for a model on a device of that profile, from the header of its file alone: without a GPU, in
/// milliseconds. A plan that does not fit is no error here, but is said in the figures.
#[uniffi::export]
pub fn inspect(
    source: Source,
    options: LoadOptions,
    profile_name: Option<String>,
) -> Result<PlanFigures> {
    let profile = profile(profile_name.as_deref())?;
    let checkpoint = Checkpoint::from_source(source.open()?)?;
    let options = lorgnette::LoadOptions::from(options).on(&profile);
    let binding = profile.binding_bytes();
    let least = || Blueprint::least(&checkpoint, &options, binding);
    match Blueprint::new(&checkpoint, &options, binding) {
        Ok(blueprint) => {
            let minimum_bytes = match blueprint.minimum_bytes {
                Some(bytes) => bytes,
                None => least()?.memory.total(1),
            };
            Ok(PlanFigures {
                minimum_bytes,
                ..PlanFigures::of(&blueprint)
            })
        }
        Err(Error::Budget(refusal)) => Ok(PlanFigures {
            fits: false,
            refusal: refusal.to_string(),
            minimum_bytes: refusal.minimum_bytes,
            ..PlanFigures::of(&least()?)
        }),
        Err(error) => Err(error.into()),
    }
}

/// Where the bytes of a loaded model are: as planned, and as its runtime counts them, other models of that included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Memory {
    /// As planned, with one session, on the GPU and the host.
    pub planned_bytes: u64,
    /// What each further session takes on the GPU.
    pub session_bytes: u64,
    /// As planned, by purpose.
    pub purposes: Purposes,
    /// On the GPU now.
    pub gpu_bytes: u64,
    /// On the GPU at the most so far.
    pub gpu_peak_bytes: u64,
}

impl Memory {
    pub(crate) fn of(model: &lorgnette::Model) -> Self {
        let (plan, counters) = (model.memory(), model.runtime().counters());
        Self {
            planned_bytes: plan.total(1),
            session_bytes: plan.session.total(),
            purposes: Purposes::of(plan),
            gpu_bytes: counters.live_bytes,
            gpu_peak_bytes: counters.peak_bytes,
        }
    }
}
