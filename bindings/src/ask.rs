//! What a session is asked and how it answers: plain records with defaults, and the runtime's options made of them.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;

use lorgnette::{GenerateOptions, Sampling};

use crate::{Model, Result};

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
