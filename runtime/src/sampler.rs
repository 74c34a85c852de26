//! How the next token is chosen, and the choice on the host where a penalty, or log-probabilities, bring the logits here.
//!
//! The order is llama.cpp's: repetition penalty, top-k, top-p, min-p, temperature, draw. Top-p and min-p look at the
//! probabilities before the temperature. Equal logits count as ordered by id, the lowest first. The random number is a
//! pure function of (seed, position): an answer can be replayed from any token. What is behind the penalty is whole
//! numbers (`Draw` of the shaders): the device gives the same id for the same logits.

use lorgnette_shaders::Draw;

use crate::{Error, Result};

/// How tokens are chosen. The defaults are llama-cli's, but for the seed, which is 0 until the caller sets one.
#[derive(Clone, Debug, PartialEq)]
pub struct Sampling {
    /// Logits are divided by it: 0 always takes the likeliest token. 0 or more; default 0.8.
    pub temperature: f32,
    /// Only the `top_k` likeliest tokens; 0 is off. Default 40.
    pub top_k: u32,
    /// Only the likeliest tokens that together reach this probability; 1 is off. 0 to 1; default 0.95.
    pub top_p: f32,
    /// Only tokens at least this likely, relative to the likeliest; 0 is off. 0 to 1; default 0.05.
    pub min_p: f32,
    /// Positive logits of recent tokens are divided by it, others multiplied (CTRL, arXiv 1909.05858); 1 is off.
    /// Above 0; default 1.
    pub repeat_penalty: f32,
    /// How many tokens are recent. Default 64.
    pub repeat_last_n: u32,
    /// The same seed gives the same tokens for the same logits, on any device.
    pub seed: u64,
}

impl Default for Sampling {
    fn default() -> Self {
        Self {
            temperature: 0.8,
            top_k: 40,
            top_p: 0.95,
            min_p: 0.05,
            repeat_penalty: 1.0,
            repeat_last_n: 64,
            seed: 0,
        }
    }
}

impl Sampling {
    /// Always the likeliest token.
    pub fn greedy() -> Self {
        Self {
            temperature: 0.0,
            ..Self::default()
        }
    }

    /// # Errors
    /// [`Error::Input`] names the option that is outside its range.
    pub fn check(&self) -> Result<()> {
        let unit = 0.0..=1.0;
        let options = [
            (
                "temperature",
                self.temperature,
                "a finite number of at least 0",
                self.temperature >= 0.0,
            ),
            (
                "top_p",
                self.top_p,
                "a number from 0 to 1",
                unit.contains(&self.top_p),
            ),
            (
                "min_p",
                self.min_p,
                "a number from 0 to 1",
                unit.contains(&self.min_p),
            ),
            (
                "repeat_penalty",
                self.repeat_penalty,
                "a finite number above 0",
                self.repeat_penalty > 0.0,
            ),
        ];
        for (what, found, expected, in_range) in options {
            if !(in_range && found.is_finite()) {
                return Err(Error::Input {
                    what: what.to_owned(),
                    expected: expected.to_owned(),
                    found: found.to_string(),
                });
            }
        }
        Ok(())
    }

    /// Whether the choice is the largest of the logits as they are, so that they need not leave the GPU.
    pub fn is_greedy(&self) -> bool {
        self.takes_likeliest() && !self.penalises()
    }

    fn takes_likeliest(&self) -> bool {
        self.temperature == 0.0 || self.top_k == 1
    }

    fn penalises(&self) -> bool {
        self.repeat_penalty != 1.0 && self.repeat_last_n != 0
    }

    /// The token for `position`, from one logit per token. `recent` are the ids so far, the newest last; more than
    /// `repeat_last_n` may be given. Minus infinity excludes a token. The penalty is written into `logits`.
    ///
    /// # Errors
    /// As [`Self::check`]; [`Error::Input`] without logits; [`Error::NotFinite`] for NaN, plus infinity, and where
    /// every token is excluded.
    pub fn choose(&self, logits: &mut [f32], recent: &[u32], position: u64) -> Result<u32> {
        self.check()?;
        let best = largest(logits)?;
        if self.is_greedy() {
            return Ok(best);
        }
        self.penalise(logits, recent);
        if self.takes_likeliest() {
            return largest(logits);
        }
        Ok(self.draw(position).choose(logits))
    }

    /// How the token for `position` is chosen where the device does it, which knows no penalty.
    pub(crate) fn draw(&self, position: u64) -> Draw {
        if self.takes_likeliest() {
            return Draw::LIKELIEST;
        }
        let random = (random(self.seed, position) >> 32) as u32;
        Draw::new(self.temperature, self.top_k, self.top_p, self.min_p, random)
    }

    /// Whether the device can choose.
    pub(crate) fn is_on_device(&self) -> bool {
        !self.penalises()
    }

    fn penalise(&self, logits: &mut [f32], recent: &[u32]) {
        if !self.penalises() {
            return;
        }
        let from = recent.len().saturating_sub(self.repeat_last_n as usize);
        let mut ids = recent[from..].to_vec();
        ids.sort_unstable();
        ids.dedup();
        for id in ids {
            if let Some(logit) = logits.get_mut(id as usize) {
                // A small penalty must not make infinity of a large logit.
                *logit = if *logit > 0.0 {
                    (*logit / self.repeat_penalty).min(f32::MAX)
                } else {
                    *logit * self.repeat_penalty
                };
            }
        }
    }
}

/// The lowest id with the largest logit.
fn largest(logits: &[f32]) -> Result<u32> {
    let mut best = (f32::NEG_INFINITY, 0);
    for (&logit, id) in logits.iter().zip(0..) {
        if logit.is_nan() || logit == f32::INFINITY {
            return Err(not_finite(format!("{logit} for token {id}")));
        }
        if logit > best.0 {
            best = (logit, id);
        }
    }
    if logits.is_empty() {
        return Err(Error::Input {
            what: "logits".to_owned(),
            expected: "one for each token".to_owned(),
            found: "none".to_owned(),
        });
    }
    if best.0 == f32::NEG_INFINITY {
        return Err(not_finite("minus infinity for every token".to_owned()));
    }
    Ok(best.1)
}

fn not_finite(found: String) -> Error {
    let what = "logits".to_owned();
    Error::NotFinite { what, found }
}

/// 64 random bits: output number `position` of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014), begun at the mixed seed
/// so that neighbouring seeds do not share outputs.
fn random(seed: u64, position: u64) -> u64 {
    const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |mut z: u64| {
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    let start = mix(seed.wrapping_add(STEP));
    mix(start.wrapping_add(position.wrapping_add(1).wrapping_mul(STEP)))
}

/// The natural logarithm of the probability of `id` under softmax, summed in f64; minus infinity for an id without a
/// logit.
pub fn log_probability(logits: &[f32], id: u32) -> f32 {
    let Some(&logit) = logits.get(id as usize) else {
        return f32::NEG_INFINITY;
    };
    let largest = f64::from(logits.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    let sum: f64 = logits
        .iter()
        .map(|&other| (f64::from(other) - largest).exp())
        .sum();
    (f64::from(logit) - largest - sum.ln()) as f32
}
