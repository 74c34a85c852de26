//! The player a model was given: the GPU's, or the CPU's that plays the same plans with the plain references.

use lorgnette_shaders::{Program, Step};

use crate::Result;
use crate::cpu::{CpuPlayer, CpuSession};
use crate::frames::Frames;
use crate::gate::Gate;
use crate::gpu::{GpuPlayer, GpuSession};
use crate::memory::MemoryPlan;
use crate::plan::Plan;

/// What a step gives back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    /// Nothing: more of the prompt follows.
    Nothing,
    /// The next id, chosen as the step says; of a recording with several rows of logits the likeliest of each. 4 bytes
    /// a row.
    NextId,
    /// The logits, f32: of one row, or of all where the recording makes so many.
    Logits,
    /// Four words for each row.
    Scores,
}

/// What a step that has begun will give back.
#[derive(Debug)]
pub(crate) enum Awaited {
    /// Nothing, or what comes through that readback buffer of the session.
    Gpu(Option<usize>),
    /// It is here already.
    Cpu(Vec<u8>),
}

/// One step to play.
pub(crate) struct Turn<'a> {
    /// Index of the plan.
    pub plan: usize,
    /// Its position and rows.
    pub step: Step,
    /// Ids to write from the step's position on; empty where the GPU has chosen the id itself.
    pub ids: &'a [u32],
    /// (cos, sin) of the step's rows; and where positions have left the cache, those of the shifted queries.
    pub angles: &'a [f32],
    /// What comes back.
    pub want: Want,
    /// Asked between submits, and while they wait.
    pub cancelled: &'a dyn Fn() -> bool,
    /// What every submit passes.
    pub gate: &'a Gate,
}

impl<'a> Turn<'a> {
    /// Where the ids go in a buffer of so many words, round which positions go: one stretch, or two.
    pub fn id_writes(&self, words: u32) -> impl Iterator<Item = (usize, &'a [u32])> {
        let first = (self.step.position % words) as usize;
        let (ids, rest) = self
            .ids
            .split_at(self.ids.len().min(words as usize - first));
        let stretches = [(first, ids), (0, rest)].into_iter();
        stretches.filter(|(_, ids)| !ids.is_empty())
    }

    /// Where the greedy next ids are in such a buffer. A step that makes several does not reach its end.
    pub fn next_ids(&self, plan: &Plan) -> std::ops::Range<usize> {
        let rows = plan.tensor(plan.logits).rows.most(self.step.count);
        let first = (self.step.position + self.step.count + 1 - rows) % plan.id_words();
        first as usize..(first + rows) as usize
    }

    /// Bytes of the logits that the step makes.
    pub fn logits_bytes(&self, plan: &Plan) -> u64 {
        let logits = plan.tensor(plan.logits);
        u64::from(logits.rows.most(self.step.count)) * logits.row_bytes
    }
}

/// Plays a model's plans.
#[derive(Debug)]
pub(crate) enum Player {
    Gpu(GpuPlayer),
    Cpu(CpuPlayer),
}

/// What a session holds on a player.
#[derive(Debug)]
pub(crate) enum PlayerSession {
    Gpu(GpuSession),
    Cpu(CpuSession),
}

impl Player {
    pub fn open(&self, plans: &[Plan], memory: &MemoryPlan) -> Result<PlayerSession> {
        match self {
            Self::Gpu(player) => player.open(plans, memory).map(PlayerSession::Gpu),
            Self::Cpu(_) => Ok(PlayerSession::Cpu(CpuSession::new(memory))),
        }
    }

    /// Begins one step, on the GPU within a frame budget where one is set. `None` if it was cancelled on the way. The next
    /// may begin before this one's result is taken, but no third.
    pub fn begin(
        &mut self,
        session: &mut PlayerSession,
        plan: &Plan,
        turn: &Turn<'_>,
        frames: Option<&mut Frames>,
    ) -> Result<Option<Awaited>> {
        match (self, session) {
            (Self::Gpu(player), PlayerSession::Gpu(session)) => {
                player.begin(session, plan, turn, frames)
            }
            (Self::Cpu(player), PlayerSession::Cpu(session)) => {
                let played = player.play(session, plan, turn)?;
                Ok(played.map(Awaited::Cpu))
            }
            _ => unreachable!("a session is opened by the player that plays it"),
        }
    }

    /// Plays one step, each dispatch by the clock; nothing without a GPU.
    pub fn laps(
        &mut self,
        session: &PlayerSession,
        plan: &Plan,
        turn: &Turn<'_>,
    ) -> Result<Vec<(Program, f64)>> {
        match (self, session) {
            (Self::Gpu(player), PlayerSession::Gpu(session)) => player.laps(session, plan, turn),
            _ => Ok(Vec::new()),
        }
    }

    /// Whether its device is gone.
    pub fn is_lost(&self) -> bool {
        match self {
            Self::Gpu(player) => player.is_lost(),
            Self::Cpu(_) => false,
        }
    }

    /// Bytes that it holds between two steps.
    pub fn bytes(&self) -> u64 {
        match self {
            Self::Gpu(player) => player.bytes(),
            Self::Cpu(player) => player.bytes(),
        }
    }
}

impl PlayerSession {
    /// What a step gives back, once it has ended.
    pub fn finish(&mut self, awaited: Awaited) -> Result<Vec<u8>> {
        match (self, awaited) {
            (_, Awaited::Cpu(bytes)) => Ok(bytes),
            (Self::Gpu(session), Awaited::Gpu(Some(back))) => session.finish(back),
            (_, Awaited::Gpu(_)) => Ok(Vec::new()),
        }
    }

    /// The words of a layer's keys. For tests; slow.
    pub fn keys(&self, layer: usize) -> Result<Vec<u32>> {
        match self {
            Self::Gpu(session) => session.keys(layer),
            Self::Cpu(session) => Ok(session.keys(layer).to_vec()),
        }
    }

    /// Bytes that it holds.
    pub fn bytes(&self) -> u64 {
        match self {
            Self::Gpu(session) => session.bytes(),
            Self::Cpu(session) => session.bytes(),
        }
    }
}
