//! What an answer tells: its tokens, their text up to a stop string, and the end with its timings. No token is chosen here.

use super::{Generation, State};
use crate::event::{Event, StopReason};

impl Generation<'_> {
    pub(super) fn tell(&mut self, id: u32, log_probability: Option<f32>) {
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

    /// Gives out text up to a stop string; true if one came.
    fn emit(&mut self, text: &str) -> bool {
        let passed = self.stops.push(text);
        if !passed.text.is_empty() {
            self.events.push_back(Event::Text(passed.text));
        }
        passed.stopped
    }

    pub(super) fn end(&mut self, mut stop: StopReason) {
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
