//! The generate loop: a prompt in, events out. It decides when to stop; the session moves the tokens.

use std::collections::VecDeque;
use std::time::Instant;

use lorgnette_shaders::kernels::argmax::NOT_FINITE;

use crate::event::{Event, StopReason, Timings};
use crate::player::{Awaited, Want};
use crate::session::{Session, not_finite};
use crate::stop::StopStrings;
use crate::window::SINKS;
use crate::{
    ChatTemplate, Error, Message, Model, Result, Sampling, StreamDecoder, log_probability,
};

/// What the model is asked.
#[derive(Clone, Copy, Debug)]
pub enum Prompt<'a> {
    /// Plain text, continued as it is. Never parsed for special tokens.
    Text(&'a str),
    /// A conversation, put into the words of the model's chat template.
    Chat(&'a [Message]),
    /// Token ids.
    Ids(&'a [u32]),
}

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

impl Model {
    /// The token ids of a prompt, with the model's own beginning-of-text rule.
    ///
    /// # Errors
    /// [`Error::Template`] if the model has no chat template or it refuses the messages.
    pub fn encode(&self, prompt: Prompt<'_>) -> Result<Vec<u32>> {
        match prompt {
            Prompt::Ids(ids) => Ok(ids.to_vec()),
            Prompt::Text(text) => Ok(self.tokenizer().with_bos(self.tokenizer().encode(text))),
            Prompt::Chat(messages) => {
                let template = self.chat_template().ok_or_else(|| {
                    Error::Template("this model file has none: expected tokenizer.chat_template, or a raw prompt".into())
                })?;
                Ok(self.tokenizer().with_bos(
                    self.tokenizer()
                        .encode_pieces(&template.render(messages, true)?),
                ))
            }
        }
    }
}

impl Model {
    /// How many tokens every conversation that starts with these messages begins with: what [`crate::Overflow::Slide`] is
    /// to keep of a system prompt. The four sinks at the least, and where the template does not take them alone.
    pub fn opening_tokens(&self, messages: &[Message]) -> u32 {
        let alone = |template: &ChatTemplate| template.render(messages, false).ok();
        let pieces = self.chat_template().and_then(alone).unwrap_or_default();
        let tokenizer = self.tokenizer();
        let ids = tokenizer.with_bos(tokenizer.encode_pieces(&pieces));
        (ids.len() as u32).max(SINKS)
    }
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
        let stops = StopStrings::new(options.stop.clone())?;
        let prompt = self.model.encode(prompt)?;
        self.check_ids(&prompt)?;
        self.canceller().reset();
        self.sampling = options.sampling.clone();
        let decoder = self.model.tokenizer().decoder();
        Ok(Generation {
            session: self,
            options: options.clone(),
            prompt,
            decoder,
            stops,
            state: State::Start,
            ahead: None,
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
    session: &'s mut Session,
    options: GenerateOptions,
    prompt: Vec<u32>,
    decoder: StreamDecoder,
    stops: StopStrings,
    state: State,
    /// The step of the token that is told next, or was just told, where it is submitted already.
    ahead: Option<Awaited>,
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
        self.choose(bytes)
    }

    /// What a step gives back, if it was not cancelled. The step of the token that is not known yet, and that the device
    /// has at hand, is submitted before: it computes while the token is told.
    fn finish(&mut self, begun: Option<Awaited>) -> Result<Option<Vec<u8>>> {
        let Some(awaited) = begun else {
            return Ok(None);
        };
        let most = self.options.max_tokens.unwrap_or(usize::MAX);
        // Two more tokens: the one that comes, and the one behind it.
        if self.on_device() && most - self.tokens >= 2 && self.session.may_go_ahead() {
            self.ahead = self.session.decode(None, Want::NextId)?;
            if self.ahead.is_none() {
                return Ok(None);
            }
        }
        self.session.finish(awaited).map(Some)
    }

    fn choose(&mut self, bytes: Vec<u8>) -> Result<()> {
        let position = self.session.ids().len();
        if self.on_device() {
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

    fn tell(&mut self, id: u32, log_probability: Option<f32>) {
        if !self.options.ignore_end && self.session.model().tokenizer().is_end(id) {
            return self.end(StopReason::Eos);
        }
        self.tokens += 1;
        self.state = State::Told(id);
        self.events.push_back(Event::Token {
            id,
            log_probability,
        });
        if let Some(text) = self.decoder.push(id)
            && self.emit(&text)
        {
            return self.end(StopReason::Stop);
        }
        if self
            .options
            .max_tokens
            .is_some_and(|most| self.tokens >= most)
        {
            self.end(StopReason::Length);
        } else if self.session.ids().len() >= self.session.most_tokens() {
            self.end(StopReason::Context);
        }
    }

    fn decode(&mut self, id: u32) -> Result<()> {
        if self.session.canceller().is_cancelled() {
            self.end(StopReason::Cancelled);
            return Ok(());
        }
        let begun = match self.ahead.take() {
            Some(awaited) => Some(awaited),
            None => {
                let unknown = (!self.on_device()).then_some(id);
                self.session.decode(unknown, self.want())?
            }
        };
        if begun.is_some() {
            self.session.ids.push(id);
        }
        match self.finish(begun)? {
            Some(bytes) => {
                self.timings.decode_tokens += 1;
                self.choose(bytes)
            }
            None => {
                self.end(StopReason::Cancelled);
                Ok(())
            }
        }
    }

    /// Gives out text up to a stop string; true if one came.
    fn emit(&mut self, text: &str) -> bool {
        let passed = self.stops.push(text);
        if !passed.text.is_empty() {
            self.events.push_back(Event::Text(passed.text));
        }
        passed.stopped
    }

    fn end(&mut self, mut stop: StopReason) {
        if stop != StopReason::Stop {
            if let Some(text) = self.decoder.finish()
                && self.emit(&text)
            {
                stop = StopReason::Stop;
            } else {
                let held = self.stops.finish();
                if !held.is_empty() {
                    self.events.push_back(Event::Text(held));
                }
            }
        }
        let decoding = self.first_token.elapsed().as_secs_f64();
        self.timings.load_s = self.session.model().load_s();
        if self.timings.decode_tokens > 0 {
            self.timings.decode_tokens_per_s = self.timings.decode_tokens as f64 / decoding;
        }
        self.events.push_back(Event::Done {
            stop,
            timings: self.timings,
        });
        self.state = State::Ended;
    }
}
