//! The generate loop: a prompt in, events out. It decides when to stop; the session moves the tokens.

use std::collections::VecDeque;
use std::time::Instant;

use lorgnette_shaders::kernels::argmax::NOT_FINITE;

use crate::event::{Event, StopReason, Timings};
use crate::pace::Schedule;
use crate::player::Want;
use crate::present::Busy;
use crate::session::{Session, not_finite};
use crate::speculate::Checked;
use crate::steps::Next;
use crate::stop::StopStrings;
use crate::{Result, Sampling, StreamDecoder, log_probability};

mod due;
mod prompt;
mod tell;

pub use prompt::Prompt;

/// How an answer is made.
#[derive(Clone, Debug, Default)]
pub struct GenerateOptions {
    /// The most tokens of an answer. If not given, as many as the context has room for; in a session that slides, as many
    /// as the model makes before it ends by itself.
    pub max_tokens: Option<usize>,
    /// How tokens are chosen.
    pub sampling: Sampling,
    /// Texts that end the answer; they are not part of it.
    pub stop: Vec<String>,
    /// Whether each token comes with its log-probability.
    pub log_probabilities: bool,
    /// Whether the answer goes on where the model would end it, for measurements.
    pub ignore_end: bool,
}

impl Session {
    /// Answers a prompt. What the prompt has in common with the session's tokens is not computed again.
    /// The work is done as the events are taken; dropping the generation ends it and leaves the session usable.
    ///
    /// # Errors
    /// For a prompt or options that cannot be used. What the device says comes with the events.
    pub fn generate(
        &mut self,
        prompt: Prompt<'_>,
        options: &GenerateOptions,
    ) -> Result<Generation<'_>> {
        let started = Instant::now();
        options.sampling.check()?;
        self.pace.check()?;
        let stops = StopStrings::new(options.stop.clone())?;
        let prompt = self.model.encode(prompt)?;
        self.check_ids(&prompt)?;
        self.canceller().reset();
        self.sampling = options.sampling.clone();
        let decoder = self.model.tokenizer().decoder();
        Ok(Generation {
            _busy: self.busy(),
            session: self,
            options: options.clone(),
            prompt,
            decoder,
            stops,
            state: State::Start,
            checked: Checked::default(),
            is_ahead: false,
            schedule: Schedule::default(),
            events: VecDeque::new(),
            tokens: 0,
            timings: Timings::default(),
            started,
            first_token: started,
        })
    }
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// The prompt has not been read yet.
    Start,
    /// This token was chosen and not yet told.
    Chosen(u32, Option<f32>),
    /// This token was told and has not gone through the model.
    Told(u32),
    Ended,
}

/// An answer being made: an iterator over its events.
#[derive(Debug)]
pub struct Generation<'s> {
    _busy: [Option<Busy>; 2],
    session: &'s mut Session,
    options: GenerateOptions,
    prompt: Vec<u32>,
    decoder: StreamDecoder,
    stops: StopStrings,
    state: State,
    /// Rows behind the token that is told next, or was just told, where it was drafted.
    checked: Checked,
    /// Whether the step of the token that is told next, or was just told, is submitted already.
    is_ahead: bool,
    /// When the next token is due.
    schedule: Schedule,
    events: VecDeque<Event>,
    tokens: usize,
    timings: Timings,
    started: Instant,
    first_token: Instant,
}

impl Iterator for Generation<'_> {
    type Item = Result<Event>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(Ok(event));
            }
            let advanced = match self.state {
                State::Ended => return None,
                State::Start => self.read_prompt(),
                State::Chosen(id, log_probability) => {
                    self.tell(id, log_probability);
                    Ok(())
                }
                State::Told(id) => self.decode(id),
            };
            if let Err(error) = advanced {
                self.state = State::Ended;
                return Some(Err(error));
            }
        }
    }
}

impl Generation<'_> {
    /// The token ids of the prompt.
    pub fn prompt_ids(&self) -> &[u32] {
        &self.prompt
    }

    /// Whether the next event is there already. Where it is not, taking it makes the next token: those of one token come
    /// together.
    pub fn is_ready(&self) -> bool {
        !self.events.is_empty()
    }

    /// Whether the next token takes at most one submit: that of the token behind it, since its own was submitted before.
    /// Without a GPU nothing is submitted. False where it may take more.
    pub fn is_within_a_submit(&self) -> bool {
        self.is_ahead || !self.session.model().shared.runtime.has_gpu()
    }

    /// The device chooses by itself where nobody asks for more than its ids.
    fn on_device(&self) -> bool {
        self.options.sampling.is_on_device() && !self.options.log_probabilities
    }

    fn want(&self) -> Want {
        if self.on_device() {
            Want::NextId
        } else {
            Want::Logits
        }
    }

    /// Of rows with drafts the device finds the likeliest ids alone.
    fn want_of_drafts(&self) -> Want {
        match self.options.sampling.is_greedy() {
            true => self.want(),
            false => Want::Logits,
        }
    }

    fn read_prompt(&mut self) -> Result<()> {
        let prompt = std::mem::take(&mut self.prompt);
        let want = self.want();
        let before = self.session.prefilled();
        let rest = self.session.rewind(&prompt)?;
        let begun = self.session.prefill(rest, want)?;
        self.timings.prefill_tokens = (self.session.prefilled() - before) as usize;
        self.prompt = prompt;
        let bytes = self.finish(begun)?;
        self.first_token = Instant::now();
        self.schedule.begin(self.first_token, self.session.period());
        let Some(bytes) = bytes else {
            self.end(StopReason::Cancelled);
            return Ok(());
        };
        let took = self.first_token.duration_since(self.started).as_secs_f64();
        self.timings.ttft_s = took;
        self.timings.prefill_tokens_per_s = self.timings.prefill_tokens as f64 / took;
        if self.options.max_tokens == Some(0) {
            self.end(StopReason::Length);
            return Ok(());
        }
        self.choose(bytes, want)
    }

    /// What a step gives back, if it was not cancelled. The step of the token that is not known yet, and that the device
    /// has at hand, is submitted before: it computes while the token is told.
    fn finish(&mut self, begun: bool) -> Result<Option<Vec<u8>>> {
        if !begun {
            return Ok(None);
        }
        let most = self.options.max_tokens.unwrap_or(usize::MAX);
        // Two more tokens: the one that comes, and the one behind it.
        let more = most - self.tokens >= 2;
        if self.on_device() && more && !self.session.foresees() && self.may_go_ahead() {
            self.is_ahead = self.session.decode(Next::Ahead, Want::NextId)?;
            if !self.is_ahead {
                return Ok(None);
            }
        }
        self.session.finish()
    }

    fn choose(&mut self, bytes: Vec<u8>, came: Want) -> Result<()> {
        let position = self.session.ids().len();
        if came == Want::NextId {
            let id = bytemuck::pod_collect_to_vec::<u8, u32>(&bytes)[0];
            if id == NOT_FINITE {
                return Err(not_finite(position));
            }
            self.state = State::Chosen(id, None);
            return Ok(());
        }
        let mut logits: Vec<f32> = bytemuck::pod_collect_to_vec(&bytes);
        drop(bytes);
        let raw = self.options.log_probabilities.then(|| logits.clone());
        let id = self
            .options
            .sampling
            .choose(&mut logits, self.session.ids(), position as u64)?;
        self.state = State::Chosen(id, raw.map(|logits| log_probability(&logits, id)));
        Ok(())
    }

    fn decode(&mut self, id: u32) -> Result<()> {
        if !self.wait_for_due() {
            self.end(StopReason::Cancelled);
            return Ok(());
        }
        if let Some(bytes) = self.checked.follow(id) {
            self.session.accept(id);
            self.timings.accepted += 1;
            self.timings.decode_tokens += 1;
            return self.choose(bytes, self.want_of_drafts());
        }
        // The last token does not go through the model, so that the draft of it would be for nothing.
        let most = self.options.max_tokens.unwrap_or(usize::MAX) - self.tokens - 1;
        let is_ahead = std::mem::take(&mut self.is_ahead);
        let drafts = match is_ahead {
            true => Vec::new(),
            false => self.session.draft(id, most)?,
        };
        if drafts.is_empty() {
            return self.decode_alone(id, is_ahead);
        }
        let want = self.want_of_drafts();
        let Some(rows) = self.session.check(id, &drafts, want)? else {
            self.end(StopReason::Cancelled);
            return Ok(());
        };
        self.timings.decode_tokens += 1;
        self.timings.decode_passes += 1;
        self.timings.drafted += drafts.len();
        let (checked, bytes) = Checked::new(drafts, rows);
        self.checked = checked;
        self.choose(bytes, want)
    }

    /// One token goes through the model, if it did not ahead of its being known.
    fn decode_alone(&mut self, id: u32, is_ahead: bool) -> Result<()> {
        let begun = if is_ahead {
            self.session.foresee(id);
            true
        } else {
            // What was drafted is not what the device would have at hand.
            let at_hand = self.on_device() && !self.session.is_drafting();
            let next = if at_hand {
                Next::AtHand(id)
            } else {
                Next::Known(id)
            };
            self.session.decode(next, self.want())?
        };
        if begun {
            self.session.read(&[id]);
        }
        let Some(bytes) = self.finish(begun)? else {
            self.end(StopReason::Cancelled);
            return Ok(());
        };
        self.timings.decode_tokens += 1;
        self.timings.decode_passes += 1;
        self.choose(bytes, self.want())
    }
}
