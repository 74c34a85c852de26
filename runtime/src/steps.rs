//! A session's steps: each begins once everything before it is on the player, and is begun again where a device was lost
//! before its result came. So what a session has read, and not what a device holds, is the truth.

use std::time::{Duration, Instant};

use lorgnette_shaders::Step;

use crate::blueprint::{Blueprint, DECODE};
use crate::frames::Frames;
use crate::gate::Gate;
use crate::player::{Player, Turn, Want};
use crate::present::Held;
use crate::session::Session;
use crate::{Error, Result, wait};

/// How often a device that is lost before a result comes may be opened anew.
const TRIES: u32 = 3;
/// What a driver is given to come back, from the second time on.
const RECOVERY: Duration = Duration::from_millis(200);

/// A step that has begun and whose result nobody has taken.
#[derive(Debug)]
pub(crate) struct Begun {
    plan: usize,
    step: Step,
    /// Its ids, as far as they were known.
    ids: Vec<u32>,
    /// Whether the device has chosen its id in the step before.
    at_hand: bool,
    want: Want,
}

/// The token of a step.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Next {
    /// This one.
    Known(u32),
    /// This one, which the device has chosen itself in the last step.
    AtHand(u32),
    /// The one that the device chooses in the last step, whose result is not there yet.
    Ahead,
}

impl Session {
    /// Sends one token through the model. False if cancelled.
    pub(crate) fn decode(&mut self, next: Next, want: Want) -> Result<bool> {
        let (ids, at_hand) = match next {
            Next::Known(id) => (vec![id], false),
            Next::AtHand(id) => (vec![id], true),
            Next::Ahead => (Vec::new(), true),
        };
        self.start(DECODE, ids, at_hand, 1, want)
    }

    /// Begins one step behind the tokens read so far, which it does not add to. False if cancelled.
    pub(crate) fn begin(
        &mut self,
        plan: usize,
        ids: &[u32],
        count: usize,
        want: Want,
    ) -> Result<bool> {
        self.start(plan, ids.to_vec(), false, count, want)
    }

    /// Plays one step behind the tokens read so far, which it does not add to. `None` if cancelled.
    pub(crate) fn play(
        &mut self,
        plan: usize,
        ids: &[u32],
        count: usize,
        want: Want,
    ) -> Result<Option<Vec<u8>>> {
        match self.begin(plan, ids, count, want)? {
            true => self.finish(),
            false => Ok(None),
        }
    }

    fn start(
        &mut self,
        plan: usize,
        ids: Vec<u32>,
        at_hand: bool,
        count: usize,
        want: Want,
    ) -> Result<bool> {
        let position = self.ids.len() as u32;
        let mut step = self.window.step(position, count as u32);
        if want == Want::NextId {
            step.draw = self.sampling.draw(u64::from(position) + count as u64);
        }
        self.pending.push_back(Begun {
            plan,
            step,
            ids,
            at_hand,
            want,
        });
        let started = self.catch_up();
        if want == Want::Nothing || !matches!(started, Ok(true)) {
            self.pending.pop_back();
        }
        self.last = (plan, step);
        started
    }

    /// What the oldest step that has begun gives back. `None` if it had to be begun again and was cancelled.
    pub(crate) fn finish(&mut self) -> Result<Option<Vec<u8>>> {
        loop {
            let result = {
                let mut seat = self.seat.lock();
                let held = seat.as_mut();
                let awaited = held.and_then(|held| Some((held.awaited.pop_front()?, held)));
                awaited.map(|(awaited, held)| held.session.finish(awaited))
            };
            match result {
                // Others have dropped it with its device.
                None if self.catch_up()? => {}
                None => return Ok(None),
                Some(Err(Error::DeviceLost(why))) => {
                    *self.seat.lock() = None;
                    self.bear(why)?;
                }
                Some(result) => {
                    self.pending.pop_front();
                    self.losses = 0;
                    return result.map(Some);
                }
            }
        }
    }

    /// Nobody waits any more for the results of steps that have begun.
    pub(crate) fn abandon(&mut self) {
        self.pending.clear();
        if let Some(held) = self.seat.lock().as_mut() {
            held.awaited.clear();
        }
        self.losses = 0;
    }

    /// These ids went through the model in the step that began last, behind those before.
    pub(crate) fn read(&mut self, ids: &[u32]) {
        let (plan, step) = &self.last;
        let count = ids.len() as u32;
        self.record.push(*plan, step, count, &self.window);
        self.ids.extend_from_slice(ids);
    }

    /// Has on the player what was read before the oldest step that has begun, and begins every one that has not begun
    /// there: usually the last. On a new device, where the old one is lost. False if cancelled.
    pub(crate) fn catch_up(&mut self) -> Result<bool> {
        loop {
            match self.catch_up_once() {
                Err(Error::DeviceLost(why)) => self.bear(why)?,
                other => return other,
            }
        }
    }

    /// A device is lost once more.
    ///
    /// # Errors
    /// [`Error::DeviceLost`] where that was too often without a result between.
    fn bear(&mut self, why: String) -> Result<()> {
        self.losses += 1;
        if self.losses > TRIES {
            self.losses = 0;
            return Err(Error::DeviceLost(why));
        }
        log::warn!("the device was lost and is opened anew: {why}");
        if self.losses > 1 {
            let canceller = &self.canceller;
            wait::until(Some(Instant::now() + RECOVERY), || canceller.is_cancelled());
        }
        Ok(())
    }

    fn catch_up_once(&mut self) -> Result<bool> {
        let model = self.model.clone();
        let shared = &model.shared;
        let canceller = self.canceller.clone();
        let cancelled = || canceller.is_cancelled();
        let Some(mut player) = shared.present.enter(shared, &cancelled)? else {
            return Ok(false);
        };
        let player = player.as_mut().expect("made when it was entered");
        let (blueprint, gate) = (&shared.blueprint, shared.runtime.gate());
        let mut seat = self.seat.lock();
        let held = match seat.take() {
            Some(held) => held,
            None => Held::new(player.open(&blueprint.plans, &blueprint.memory)?),
        };
        let mut there = There {
            player,
            held: seat.insert(held),
            frames: &mut self.frames,
            blueprint,
            gate,
            cancelled: &cancelled,
        };
        let known = |step: &Step| {
            let ids = self.ids.get(step.position as usize..).unwrap_or_default();
            &ids[..ids.len().min(step.count as usize)]
        };
        let first = self.pending.front().map(|begun| begun.step.position);
        let end = first.unwrap_or(self.ids.len() as u32);
        let missing = self.record.steps(there.held.positions, end, self.window);
        for (plan, step) in missing {
            if !there.begin(plan, step, known(&step), Want::Nothing)? {
                return Ok(false);
            }
        }
        for begun in self.pending.iter().skip(there.held.awaited.len()) {
            let ids = match (begun.at_hand && there.held.has_chosen, &*begun.ids) {
                (true, _) => &[],
                (false, []) => known(&begun.step),
                (false, ids) => ids,
            };
            if !there.begin(begun.plan, begun.step, ids, begun.want)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The player, and a session on it.
struct There<'a> {
    player: &'a mut Player,
    held: &'a mut Held,
    frames: &'a mut Option<Frames>,
    blueprint: &'a Blueprint,
    gate: &'a Gate,
    cancelled: &'a dyn Fn() -> bool,
}

impl There<'_> {
    /// Begins a step there. False if cancelled.
    fn begin(&mut self, plan: usize, step: Step, ids: &[u32], want: Want) -> Result<bool> {
        let turn = Turn {
            plan,
            step,
            ids,
            angles: &self.blueprint.angles(&step),
            want,
            cancelled: self.cancelled,
            gate: self.gate,
        };
        let plan = &self.blueprint.plans[plan];
        let frames = self.frames.as_mut();
        let begun = self
            .player
            .begin(&mut self.held.session, plan, &turn, frames)?;
        let Some(awaited) = begun else {
            return Ok(false);
        };
        self.held.positions = step.position + step.count;
        self.held.has_chosen = want == Want::NextId;
        if want != Want::Nothing {
            self.held.awaited.push_back(awaited);
        }
        Ok(true)
    }
}
