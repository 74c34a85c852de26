//! What an answer is made of while it is made: events, why it ended, and how long it took.

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// The model said that it is done.
    Eos,
    /// `max_tokens` were made.
    Length,
    /// A stop string came.
    Stop,
    /// The context is full.
    Context,
    /// Someone cancelled.
    Cancelled,
}

impl StopReason {
    /// `eos`, `length`, `stop`, `context` or `cancelled`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Eos => "eos",
            Self::Length => "length",
            Self::Stop => "stop",
            Self::Context => "context",
            Self::Cancelled => "cancelled",
        }
    }
}

/// How long an answer took.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Timings {
    /// Seconds that the model took to load.
    pub load_s: f64,
    /// Seconds from the call to the first token.
    pub ttft_s: f64,
    /// Tokens of the prompt that went through the model; those it still knew did not.
    pub prefill_tokens: usize,
    /// The same per second.
    pub prefill_tokens_per_s: f64,
    /// Tokens of the answer that went through the model.
    pub decode_tokens: usize,
    /// The same per second.
    pub decode_tokens_per_s: f64,
    /// Forward passes that they took: as many, or fewer where drafts were accepted.
    pub decode_passes: usize,
    /// Tokens that were drafted ([`crate::Speculation`]).
    pub drafted: usize,
    /// How many of them the answer went on with.
    pub accepted: usize,
}

/// What happens while an answer is made.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A token was chosen.
    Token {
        /// Its id.
        id: u32,
        /// Its natural log-probability, before sampling options, if it was asked for.
        log_probability: Option<f32>,
    },
    /// A piece of text: whole characters, never a part of a stop string.
    Text(String),
    /// The answer is complete. The last event.
    Done {
        /// Why.
        stop: StopReason,
        /// How long it took.
        timings: Timings,
    },
}
