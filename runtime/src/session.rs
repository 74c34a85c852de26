//! A session: one sequence of tokens with its keys and values. It moves tokens through the model and keeps the position.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use lorgnette_shaders::Step;

use crate::blueprint::{DECODE, PREFILL};
use crate::canceller::Canceller;
use crate::frames::Frames;
use crate::model::Model;
use crate::pace::Pace;
use crate::player::Want;
use crate::present::{Busy, Seat};
use crate::record::Record;
use crate::speculate::Drafter;
use crate::steps::Begun;
use crate::submits::{bound, rows_within};
use crate::window::{Overflow, Window};
use crate::{Error, Result, Sampling};

/// A sequence of tokens and its keys and values.
#[derive(Debug)]
pub struct Session {
    pub(crate) model: Model,
    /// What it has on the player.
    pub(crate) seat: Arc<Seat>,
    /// Tokens read, from the first: those whose keys and values have left among them.
    pub(crate) ids: Vec<u32>,
    /// How they went through the model.
    pub(crate) record: Record,
    /// Which of them are in the cache.
    pub(crate) window: Window,
    /// How the device chooses next ids.
    pub(crate) sampling: Sampling,
    pub(crate) canceller: Canceller,
    prefilled: u64,
    pub(crate) frames: Option<Frames>,
    pub(crate) pace: Pace,
    /// Guesses what comes next.
    pub(crate) drafter: Drafter,
    /// Steps that have begun and whose results nobody has taken, the oldest first.
    pub(crate) pending: VecDeque<Begun>,
    /// Recording and step of the one that began last.
    pub(crate) last: (usize, Step),
    /// How often in a row a device was lost before a result came.
    pub(crate) losses: u32,
}

impl Session {
    pub(crate) fn new(model: Model) -> Result<Self> {
        let shared = &model.shared;
        let context = shared.blueprint.context;
        let mut session = Self {
            seat: shared.present.seat(),
            ids: Vec::with_capacity(context as usize),
            record: Record::default(),
            window: Window::new(context, Overflow::Stop)?,
            sampling: Sampling::greedy(),
            canceller: Canceller::default(),
            prefilled: 0,
            frames: None,
            pace: Pace::Full,
            drafter: Drafter::default(),
            pending: VecDeque::new(),
            last: (DECODE, Step::new(0, 1)),
            losses: 0,
            model,
        };
        session.catch_up()?;
        Ok(session)
    }

    /// The model it talks to.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Tokens that it has read, from the first of the sequence; where it slides, the oldest of them are no longer seen.
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// Tokens that went through the model as a prompt since the session was opened.
    pub fn prefilled(&self) -> u64 {
        self.prefilled
    }

    /// A handle that stops this session from another thread.
    pub fn canceller(&self) -> Canceller {
        self.canceller.clone()
    }

    /// What happens when the context is full.
    pub fn overflow(&self) -> Overflow {
        self.window.overflow()
    }

    /// Says what happens when the context is full. Where that is not what was said before, the session begins anew: which
    /// token is in which row of the cache depends on it.
    ///
    /// # Errors
    /// [`Error::Input`] where the tokens to keep leave no room for others; nothing is changed then.
    pub fn set_overflow(&mut self, overflow: Overflow) -> Result<()> {
        let window = Window::new(self.model.shared.blueprint.context, overflow)?;
        if overflow != self.overflow() {
            self.truncate(0);
            self.window = window;
        }
        Ok(())
    }

    /// Keeps each piece of GPU work shorter than `budget`, where one dispatch can be, and leaves the GPU free between two,
    /// so that an app draws while the model thinks. How much fits is learned from piece to piece; with `None`, the
    /// default, pieces are as large as the device's profile allows, and faster.
    pub fn set_frame_budget(&mut self, budget: Option<Duration>) {
        self.frames = budget.map(Frames::new);
        if let Some(drafting) = self.drafter.session() {
            drafting.set_frame_budget(budget);
        }
    }

    /// Says how fast the answers that follow come. [`Session::generate`] refuses a rate that is none.
    pub fn set_pace(&mut self, pace: Pace) {
        self.pace = pace;
    }

    /// How fast its answers come.
    pub fn pace(&self) -> Pace {
        self.pace
    }

    /// From one token to the next, as things are now; `None` at full speed.
    pub(crate) fn period(&self) -> Option<Duration> {
        self.pace.period(self.model.shared.runtime.thermal())
    }

    /// Forgets every token from `length` on. Where it slides, and some before `length` have left already, only the kept
    /// ones remain.
    pub fn truncate(&mut self, length: usize) {
        let length = self.window.rewind(length.min(self.ids.len()));
        self.ids.truncate(length);
        self.record.truncate(length as u32, &self.window);
    }

    /// Nothing of it, or of what drafts for it, is trimmed as long as these live.
    pub(crate) fn busy(&mut self) -> [Option<Busy>; 2] {
        let drafting = self.drafter.session().map(|session| session.seat.busy());
        [Some(self.seat.busy()), drafting]
    }

    /// The most tokens that it can read.
    pub(crate) fn most_tokens(&self) -> usize {
        self.window.most_tokens()
    }

    /// The keys of a layer as the cache holds them: a row for each position of the context, all key heads side by side.
    /// For tests and for the curious; slow.
    ///
    /// # Errors
    /// [`Error::Input`] for a layer that the model does not have, [`Error::Device`].
    pub fn keys(&mut self, layer: usize) -> Result<Vec<f32>> {
        let model = self.model.clone();
        let blueprint = &model.shared.blueprint;
        let config = &blueprint.config;
        if layer >= config.layers {
            return Err(Error::Input {
                what: "layer".into(),
                expected: format!("less than {}", config.layers),
                found: layer.to_string(),
            });
        }
        self.canceller.reset();
        let _busy = self.seat.busy();
        self.abandon();
        let words = match self.catch_up()? {
            true => self
                .seat
                .lock()
                .as_ref()
                .map(|held| held.session.keys(layer)),
            false => None,
        };
        let words = words.ok_or(Error::Cancelled)??;
        let elements = config.kv_heads * config.head_size;
        Ok(words
            .chunks_exact(blueprint.kv.row_bytes(elements) / 4)
            .take(blueprint.context as usize)
            .flat_map(|row| blueprint.kv.load_row(row, elements))
            .collect())
    }

    /// Logits, one for each token of the vocabulary, behind the last of `ids`, from an empty sequence or from what both
    /// have in common.
    ///
    /// # Errors
    /// [`Error::Input`] for no ids or ids outside the vocabulary, [`Error::Context`] for too many, and
    /// [`Error::NotFinite`].
    pub fn logits(&mut self, ids: &[u32]) -> Result<Vec<f32>> {
        self.canceller.reset();
        let _busy = self.seat.busy();
        let rest = self.rewind(ids)?;
        let bytes = match self.prefill(rest, Want::Logits)? {
            true => self.finish()?,
            false => None,
        };
        let bytes = bytes.ok_or(Error::Cancelled)?;
        let logits: Vec<f32> = bytemuck::pod_collect_to_vec(&bytes);
        finite(&logits, self.ids.len())?;
        Ok(logits)
    }

    /// Keeps what `ids` and the cache have in common, at least one token short of all, and returns the rest of `ids`.
    /// Where the session slides and needs tokens that have left, the rest begins behind the kept ones.
    pub(crate) fn rewind<'a>(&mut self, ids: &'a [u32]) -> Result<&'a [u32]> {
        self.check_ids(ids)?;
        self.abandon();
        let common = self.ids.iter().zip(ids).take_while(|(a, b)| a == b).count();
        self.truncate(common.min(ids.len() - 1));
        Ok(&ids[self.ids.len()..])
    }

    /// Sends the prompt's `rest`, which is not empty, through the model in chunks. False if cancelled: the chunks before it
    /// stay.
    pub(crate) fn prefill(&mut self, mut rest: &[u32], want: Want) -> Result<bool> {
        while !rest.is_empty() {
            let (chunk, later) = rest.split_at(self.rows(PREFILL, rest.len()));
            rest = later;
            let plan = if chunk.len() == 1 { DECODE } else { PREFILL };
            let want = if rest.is_empty() { want } else { Want::Nothing };
            if !self.begin(plan, chunk, chunk.len(), want)? {
                return Ok(false);
            }
            self.read(chunk);
            self.prefilled += chunk.len() as u64;
        }
        Ok(true)
    }

    /// Rows of the next step of a plan, of `left`: as many as it takes, or fewer where one dispatch would be too much work
    /// for a submit, or where more than half of the window would go at once.
    pub(crate) fn rows(&self, plan: usize, left: usize) -> usize {
        let shared = &self.model.shared;
        let bound = bound(&shared.runtime.profile().submit, self.frames.as_ref());
        let plan = &shared.blueprint.plans[plan];
        let most = left.min(self.window.step_rows(plan.rows)) as u32;
        rows_within(plan, &bound, self.ids.len() as u32, most) as usize
    }

    pub(crate) fn check_ids(&self, ids: &[u32]) -> Result<()> {
        let blueprint = &self.model.shared.blueprint;
        let input = |expected: String, found: String| {
            Err(Error::Input {
                what: "prompt".into(),
                expected,
                found,
            })
        };
        if ids.is_empty() {
            return input("at least one token".into(), "none".into());
        }
        if ids.len() > self.most_tokens() {
            return Err(Error::Context {
                needed: ids.len(),
                available: self.most_tokens(),
            });
        }
        match ids
            .iter()
            .find(|id| **id as usize >= blueprint.config.vocabulary)
        {
            Some(id) => input(
                format!("ids below {}", blueprint.config.vocabulary),
                id.to_string(),
            ),
            None => Ok(()),
        }
    }
}

fn finite(logits: &[f32], position: usize) -> Result<()> {
    if logits.iter().all(|logit| logit.is_finite()) {
        Ok(())
    } else {
        Err(not_finite(position))
    }
}

pub(crate) fn not_finite(position: usize) -> Error {
    Error::NotFinite {
        what: format!("logits behind position {position}"),
        found: "infinite or NaN; the weights are broken, or this device computes wrongly".into(),
    }
}
