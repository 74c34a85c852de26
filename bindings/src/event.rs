//! What an answer is made of while it is made, and how it ended: what goes out of [`crate::Answer`].

use lorgnette::Event;

/// A token of an answer.
#[derive(Clone, Copy, Debug, PartialEq, uniffi::Record)]
pub struct Token {
    /// Its id.
    pub id: u32,
    /// Its natural log-probability, if it was asked for.
    pub log_probability: Option<f32>,
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum StopReason {
    /// The model said that it is done.
    End,
    /// `max_tokens` were made.
    Length,
    /// A stop string came.
    Stop,
    /// The context is full.
    Context,
    /// Someone cancelled.
    Cancelled,
}

impl From<lorgnette::StopReason> for StopReason {
    fn from(reason: lorgnette::StopReason) -> Self {
        match reason {
            lorgnette::StopReason::Eos => Self::End,
            lorgnette::StopReason::Length => Self::Length,
            lorgnette::StopReason::Stop => Self::Stop,
            lorgnette::StopReason::Context => Self::Context,
            lorgnette::StopReason::Cancelled => Self::Cancelled,
        }
    }
}

/// How long an answer took. Seconds, tokens, tokens a second.
#[derive(Clone, Copy, Debug, PartialEq, uniffi::Record)]
pub struct Timings {
    /// Seconds that the model took to load.
    pub load_s: f64,
    /// Seconds from the call to the first token.
    pub first_token_s: f64,
    /// Tokens of the prompt that went through the model; those it still knew did not.
    pub prompt_tokens: u64,
    /// The same per second.
    pub prompt_tokens_per_s: f64,
    /// Tokens of the answer that went through the model.
    pub answer_tokens: u64,
    /// The same per second, with the time in which the app was busy and nothing was to be made ahead.
    pub answer_tokens_per_s: f64,
    /// Forward passes that they took.
    pub passes: u64,
    /// Tokens that were drafted.
    pub drafted: u64,
    /// How many of them the answer went on with.
    pub accepted: u64,
}

impl From<lorgnette::Timings> for Timings {
    fn from(timings: lorgnette::Timings) -> Self {
        Self {
            load_s: timings.load_s,
            first_token_s: timings.ttft_s,
            prompt_tokens: timings.prefill_tokens as u64,
            prompt_tokens_per_s: timings.prefill_tokens_per_s,
            answer_tokens: timings.decode_tokens as u64,
            answer_tokens_per_s: timings.decode_tokens_per_s,
            passes: timings.decode_passes as u64,
            drafted: timings.drafted as u64,
            accepted: timings.accepted as u64,
        }
    }
}

/// The end of an answer.
#[derive(Clone, Copy, Debug, PartialEq, uniffi::Record)]
pub struct Done {
    /// Why it ended.
    pub stop: StopReason,
    /// How long it took.
    pub timings: Timings,
}

/// What was ready of an answer.
#[derive(Clone, Debug, Default, PartialEq, uniffi::Record)]
pub struct Batch {
    /// Whole characters, never a part of a stop string; may be empty.
    pub text: String,
    /// The tokens that were chosen since the last batch. Their characters may come later.
    pub tokens: Vec<Token>,
    /// In the last batch.
    pub done: Option<Done>,
}

impl Batch {
    pub(crate) fn add(&mut self, event: Event) {
        match event {
            Event::Text(text) => self.text.push_str(&text),
            Event::Token {
                id,
                log_probability,
            } => self.tokens.push(Token {
                id,
                log_probability,
            }),
            Event::Done { stop, timings } => {
                self.done = Some(Done {
                    stop: stop.into(),
                    timings: timings.into(),
                });
            }
        }
    }

    /// Goes on with what came next.
    pub(crate) fn append(&mut self, next: Self) {
        self.text += &next.text;
        self.tokens.extend(next.tokens);
        self.done = next.done;
    }
}
