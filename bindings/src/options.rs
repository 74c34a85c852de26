//! What an app may ask for: plain records with defaults, and the runtime's options made of them.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;

use lorgnette::{Adapter, GenerateOptions, Profile, Sampling, Variants};

use crate::{BindingError, Model, Result};

/// How a device is opened.
#[derive(Clone, Debug, Default, uniffi::Record)]
pub struct RuntimeOptions {
    /// A part of the adapter's name, driver or backend; `cpu` plays the plain references, very slowly. If not given, the
    /// best there is.
    #[uniffi(default = None)]
    pub adapter: Option<String>,
    /// The kind of device to ask for, exactly: one of [`crate::profiles`]. If not given, all that the adapter has.
    #[uniffi(default = None)]
    pub profile: Option<String>,
    /// A folder of the app's own for what is learned of the device and for compiled pipelines; made if it is not there.
    #[uniffi(default = None)]
    pub cache_dir: Option<String>,
    /// Which variants of kernels may be used, as `lorgnette --variants` takes it. If not given, the fastest right ones.
    #[uniffi(default = None)]
    pub variants: Option<String>,
}

impl RuntimeOptions {
    pub(crate) fn into_runtime(self) -> Result<lorgnette::RuntimeOptions> {
        Ok(lorgnette::RuntimeOptions {
            adapter: match self.adapter {
                None => Adapter::Auto,
                Some(name) if name == "cpu" => Adapter::Cpu,
                Some(name) => Adapter::Named(name),
            },
            profile: profile(self.profile.as_deref())?,
            cache_dir: self.cache_dir.map(Into::into),
            variants: match self.variants {
                None => Variants::default(),
                Some(text) => text.parse()?,
            },
            ..Default::default()
        })
    }
}

/// The profile of that name; `native` without one.
pub(crate) fn profile(name: Option<&str>) -> Result<Profile> {
    let Some(name) = name else {
        return Ok(Profile::NATIVE);
    };
    Profile::named(name).ok_or_else(|| {
        let known = Profile::ALL.map(|profile| profile.name).join(", ");
        BindingError::Input(format!(
            "invalid profile: expected one of {known}, found \"{name}\""
        ))
    })
}

/// How keys and values are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum KvFormat {
    /// Exact; 128 bytes for 32 elements.
    F32,
    /// 64 bytes for 32 elements; what is taken if nothing else is said.
    F16,
    /// 34 bytes for 32 elements, and hardly worse.
    Q8,
    /// 18 bytes for 32 elements; it costs some quality.
    Q4,
}

impl From<KvFormat> for lorgnette::KvFormat {
    fn from(format: KvFormat) -> Self {
        match format {
            KvFormat::F32 => Self::F32,
            KvFormat::F16 => Self::F16,
            KvFormat::Q8 => Self::Q8_0,
            KvFormat::Q4 => Self::Q4_0,
        }
    }
}

impl From<lorgnette::KvFormat> for KvFormat {
    fn from(format: lorgnette::KvFormat) -> Self {
        match format {
            lorgnette::KvFormat::F32 => Self::F32,
            lorgnette::KvFormat::F16 => Self::F16,
            lorgnette::KvFormat::Q8_0 => Self::Q8,
            lorgnette::KvFormat::Q4_0 => Self::Q4,
        }
    }
}

/// What a model may take, GPU and host together, and how far a plan may go for that.
#[derive(Clone, Debug, uniffi::Record)]
pub struct Budget {
    /// Bytes, with one session open.
    pub bytes: u64,
    /// The fewest positions that will do; 512 if not given, or exactly those of the options.
    #[uniffi(default = None)]
    pub least_context: Option<u32>,
    /// The worst keys and values that will do; the smallest if not given.
    #[uniffi(default = None)]
    pub worst_kv: Option<KvFormat>,
    /// Keep all layers in memory.
    #[uniffi(default = false)]
    pub resident: bool,
}

impl From<Budget> for lorgnette::Budget {
    fn from(budget: Budget) -> Self {
        let any = Self::bytes(budget.bytes);
        Self {
            least_context: budget.least_context,
            worst_kv: budget.worst_kv.map_or(any.worst_kv, Into::into),
            streaming: !budget.resident,
            ..any
        }
    }
}

/// How a model is loaded.
#[derive(Clone, Debug, Default, uniffi::Record)]
pub struct LoadOptions {
    /// Positions of a session; the model's own, but at most 2048, if not given.
    #[uniffi(default = None)]
    pub context: Option<u32>,
    /// How keys and values are stored; f16, if not given, or what fits the budget.
    #[uniffi(default = None)]
    pub kv: Option<KvFormat>,
    /// The bytes that everything together may take. If not given: what a device of the profile can hope to hold.
    #[uniffi(default = None)]
    pub budget: Option<Budget>,
    /// The most tokens of a prompt that go through the model at once; 128 if not given.
    #[uniffi(default = None)]
    pub prefill_chunk: Option<u32>,
    /// Layers that stay in the file, from the last one back.
    #[uniffi(default = 0)]
    pub streamed_layers: u32,
    /// Whether sessions may speculate: a little more memory.
    #[uniffi(default = false)]
    pub speculation: bool,
}

impl From<LoadOptions> for lorgnette::LoadOptions {
    fn from(options: LoadOptions) -> Self {
        let default = Self::default();
        // What is asked for by name is pinned: the budget must not go below it.
        let pinned = options.kv.map(lorgnette::KvFormat::from);
        let budget = options.budget.map(|budget| {
            let worst_kv = pinned.unwrap_or(
                budget
                    .worst_kv
                    .map_or(lorgnette::KvFormat::Q4_0, Into::into),
            );
            lorgnette::Budget::from(budget).kv_no_worse_than(worst_kv)
        });
        Self {
            context: options.context,
            kv: pinned.unwrap_or(default.kv),
            prefill_chunk: options.prefill_chunk.unwrap_or(default.prefill_chunk),
            streamed_layers: options.streamed_layers as usize,
            budget,
            speculation: options.speculation,
            ..default
        }
    }
}

/// One message of a conversation.
#[derive(Clone, Debug, uniffi::Record)]
pub struct Message {
    /// Who speaks: `system`, `user`, `assistant`, or another word that the model's template knows.
    pub role: String,
    /// What is said. Never parsed for special tokens.
    pub content: String,
}

impl From<Message> for lorgnette::Message {
    fn from(message: Message) -> Self {
        Self {
            role: message.role,
            content: message.content,
        }
    }
}

/// What a model is asked.
#[derive(Clone, Debug, uniffi::Enum)]
pub enum Prompt {
    /// Plain text, continued as it is.
    Text {
        /// The text.
        text: String,
    },
    /// A conversation, in the words of the model's chat template.
    Chat {
        /// All of it; what the session knows already is not computed again.
        messages: Vec<Message>,
    },
    /// Token ids.
    Ids {
        /// The ids.
        ids: Vec<u32>,
    },
}

impl Prompt {
    /// The token ids of it.
    pub(crate) fn encode(self, model: &lorgnette::Model) -> Result<Vec<u32>> {
        match self {
            Self::Text { text } => Ok(model.encode(lorgnette::Prompt::Text(&text))?),
            Self::Chat { messages } => {
                let messages: Vec<_> = messages.into_iter().map(Into::into).collect();
                Ok(model.encode(lorgnette::Prompt::Chat(&messages))?)
            }
            Self::Ids { ids } => Ok(ids),
        }
    }
}

/// How an answer is made.
#[derive(Clone, Debug, uniffi::Record)]
pub struct AnswerOptions {
    /// The most tokens; if not given, until the model ends it or the context is full.
    #[uniffi(default = None)]
    pub max_tokens: Option<u32>,
    /// 0 always takes the likeliest token.
    #[uniffi(default = 0.8)]
    pub temperature: f32,
    /// Only the likeliest so many tokens; 0 is off.
    #[uniffi(default = 40)]
    pub top_k: u32,
    /// Only the likeliest tokens that together have this probability; 1 is off.
    #[uniffi(default = 0.95)]
    pub top_p: f32,
    /// Only tokens at least this likely, beside the likeliest; 0 is off.
    #[uniffi(default = 0.05)]
    pub min_p: f32,
    /// Makes recent tokens less likely; 1 is off.
    #[uniffi(default = 1.0)]
    pub repeat_penalty: f32,
    /// How many tokens are recent.
    #[uniffi(default = 64)]
    pub repeat_last_n: u32,
    /// The same seed gives the same answer on the same device; another one each time, if not given.
    #[uniffi(default = None)]
    pub seed: Option<u64>,
    /// Texts that end the answer and are no part of it.
    #[uniffi(default = [])]
    pub stop: Vec<String>,
    /// Whether each token comes with its log-probability, which takes the logits off the GPU.
    #[uniffi(default = false)]
    pub log_probabilities: bool,
    /// Whether the answer goes on where the model would end it, for measurements.
    #[uniffi(default = false)]
    pub ignore_end: bool,
}

impl From<AnswerOptions> for GenerateOptions {
    fn from(options: AnswerOptions) -> Self {
        // The keys of a new hasher are the system's random numbers.
        let any = || RandomState::new().build_hasher().finish();
        Self {
            max_tokens: options.max_tokens.map(|most| most as usize),
            sampling: Sampling {
                temperature: options.temperature,
                top_k: options.top_k,
                top_p: options.top_p,
                min_p: options.min_p,
                repeat_penalty: options.repeat_penalty,
                repeat_last_n: options.repeat_last_n,
                seed: options.seed.unwrap_or_else(any),
            },
            stop: options.stop,
            log_probabilities: options.log_probabilities,
            ignore_end: options.ignore_end,
        }
    }
}

/// What happens when the context is full.
#[derive(Clone, Copy, Debug, uniffi::Enum)]
pub enum Overflow {
    /// The answer ends, and a longer prompt is refused.
    Stop,
    /// The oldest tokens leave, in the same memory, without end.
    Slide {
        /// First tokens that never leave: those of a system prompt ([`Model::opening_tokens`]); four if not given.
        keep: Option<u32>,
    },
}

impl From<Overflow> for lorgnette::Overflow {
    fn from(overflow: Overflow) -> Self {
        match overflow {
            Overflow::Stop => Self::Stop,
            Overflow::Slide { keep: None } => Self::slide(),
            Overflow::Slide { keep: Some(keep) } => Self::Slide { keep },
        }
    }
}

/// Where drafted tokens come from; the answer is the same.
#[derive(Clone, Debug, uniffi::Enum)]
pub enum Speculation {
    /// Nowhere.
    Off,
    /// From the text so far: for answers that quote or edit.
    Lookup,
    /// From a smaller model with the same vocabulary.
    Draft {
        /// That model; a session of it is opened.
        model: Arc<Model>,
    },
}
