//! What each dispatch of a step costs and takes, for measurements. The step is played behind what the session holds, and
//! the session holds the same afterwards.

use crate::blueprint::{DECODE, PREFILL};
use crate::player::{Turn, Want};
use crate::session::Session;
use crate::work::Work;
use crate::{Error, Result};

/// One dispatch of a step.
#[derive(Clone, Debug, PartialEq)]
pub struct Lap {
    /// What it is in the model: `layer 3 attn_norm`.
    pub label: String,
    /// Kernel, parts and variant: `matvec[q4_0].wide`.
    pub program: String,
    /// What it must do.
    pub work: Work,
    /// What it took.
    pub seconds: f64,
}

/// All dispatches of a step, in order.
#[derive(Clone, Debug, PartialEq)]
pub struct Laps {
    /// `decode` or `prefill`.
    pub plan: &'static str,
    /// Its dispatches; none without a GPU.
    pub laps: Vec<Lap>,
}

impl Laps {
    /// Seconds of all dispatches together.
    pub fn seconds(&self) -> f64 {
        self.laps.iter().map(|lap| lap.seconds).sum()
    }
}

impl Session {
    /// The most tokens of a prompt that one step takes, from where the session is.
    pub fn most_rows(&self) -> usize {
        let room = self.most_tokens().saturating_sub(self.ids.len());
        self.rows(PREFILL, room)
    }

    /// Plays a step of these ids, one to decode or a chunk of a prompt, `rounds` times behind the tokens read so far, each
    /// dispatch by the clock of a device that was opened with [`crate::RuntimeOptions::timestamps`], and else by
    /// submitting it again and again and waiting; gives the round that took the least.
    ///
    /// # Errors
    /// [`Error::Input`] for no ids, ids outside the vocabulary, or more than a step takes here; [`Error::Device`].
    pub fn laps(&mut self, ids: &[u32], rounds: usize) -> Result<Laps> {
        self.check_ids(ids)?;
        let index = if ids.len() == 1 { DECODE } else { PREFILL };
        let most = self.most_rows();
        if ids.len() > most {
            return Err(Error::Input {
                what: "ids of a step".into(),
                expected: format!("at most {most}"),
                found: ids.len().to_string(),
            });
        }
        self.canceller.reset();
        let _busy = self.seat.busy();
        self.abandon();
        if !self.catch_up()? {
            return Err(Error::Cancelled);
        }
        let shared = &self.model.shared;
        let blueprint = &shared.blueprint;
        let plan = &blueprint.plans[index];
        let step = self.window.step(self.ids.len() as u32, ids.len() as u32);
        let angles = blueprint.angles(&step);
        let turn = Turn {
            plan: index,
            step,
            ids,
            angles: &angles,
            want: Want::Nothing,
            cancelled: &|| false,
            gate: shared.runtime.gate(),
        };
        let gone = || Error::DeviceLost("between two steps".into());
        let mut player = shared.present.enter(shared, &|| false)?.ok_or_else(gone)?;
        let player = player.as_mut().ok_or_else(gone)?;
        let seat = self.seat.lock();
        let held = seat.as_ref().ok_or_else(gone)?;
        let mut best: Option<Laps> = None;
        for _ in 0..rounds.max(1) {
            let timed = player.laps(&held.session, plan, &turn)?;
            let laps = plan.dispatches().zip(timed);
            let laps = laps.map(|(dispatch, (program, seconds))| Lap {
                label: dispatch.label.clone(),
                program: program.label(),
                work: blueprint.work(plan, dispatch, &step),
                seconds,
            });
            let found = Laps {
                plan: plan.name,
                laps: laps.collect(),
            };
            if best
                .as_ref()
                .is_none_or(|best| found.seconds() < best.seconds())
            {
                best = Some(found);
            }
        }
        Ok(best.expect("at least one round"))
    }
}
