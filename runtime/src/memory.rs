//! Where every byte goes, before any is allocated: weights, scratch slots, params, staging, and what a session adds.
//! A pure function of plans and weights; no device.

use std::collections::HashMap;

use crate::plan::{Home, Plan, TensorId};
use crate::weights::WeightList;
use lorgnette_shaders::Step;

/// Every buffer is a multiple of this.
pub const ALIGNMENT: u64 = 16;
/// A uniform buffer is bound at multiples of this on every device.
pub const UNIFORM_ALIGNMENT: u64 = 256;
/// Buffers of the upload ring.
pub const STAGING_BUFFERS: usize = 3;
/// Bytes of each of them.
pub const STAGING_BYTES: u64 = 1 << 20;
/// Where a stretch of staged bytes goes: offset in the bytes, offset in the weight's buffer, length.
pub(crate) type Section = (u64, u64, u64);

/// The bytes of one session, buffer by buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionMemory {
    /// Keys of each layer; values take the same.
    pub keys: Vec<u64>,
    /// Token ids: one word for each position of the context, and one for the id after the last.
    pub ids: u64,
    /// The step and the angles of its rows, which it may have twice.
    pub step: u64,
    /// Where results are read back.
    pub readback: u64,
}

impl SessionMemory {
    /// Bytes of keys and values.
    pub fn kv(&self) -> u64 {
        2 * self.keys.iter().sum::<u64>()
    }

    /// All bytes.
    pub fn total(&self) -> u64 {
        self.kv() + self.ids + self.step + self.readback
    }
}

/// The bytes of a model and of one session on it, GPU unless it says host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryPlan {
    /// Each weight buffer.
    pub weights: Vec<u64>,
    /// Each scratch slot.
    pub slots: Vec<u64>,
    /// The params of all dispatches.
    pub params: u64,
    /// The ring that weights pass through while they are loaded.
    pub staging: u64,
    /// What each session adds.
    pub session: SessionMemory,
}

impl MemoryPlan {
    /// Bytes of weights.
    pub fn weights_bytes(&self) -> u64 {
        self.weights.iter().sum()
    }

    /// Bytes of scratch and params.
    pub fn scratch_bytes(&self) -> u64 {
        self.slots.iter().sum::<u64>() + self.params
    }

    /// The most bytes held at once with `sessions` open: staging is given back before the first session opens.
    pub fn peak(&self, sessions: u64) -> u64 {
        self.weights_bytes()
            + self.scratch_bytes()
            + self.staging.max(sessions * self.session.total())
    }
}

/// What sets the size of a session.
#[derive(Clone, Copy, Debug)]
pub struct SessionShape {
    /// Positions.
    pub context: u32,
    /// Bytes of a layer's row of keys.
    pub kv_row_bytes: u64,
    /// Layers.
    pub layers: usize,
    /// Elements of a head.
    pub head_size: usize,
}

/// Gives every scratch tensor of the plans its slot, and adds up the bytes. Slots are shared between plans: only one
/// plays at a time.
pub fn place(plans: &mut [Plan], weights: &WeightList, shape: SessionShape) -> MemoryPlan {
    let mut slots = Vec::new();
    for plan in plans.iter_mut() {
        place_scratch(plan, &mut slots);
    }
    let dispatches: u64 = plans
        .iter()
        .map(|plan| plan.dispatches().count() as u64)
        .sum();
    let rows = plans.iter().map(|plan| plan.rows).max().unwrap_or(1);
    let logits = plans
        .iter()
        .map(|plan| plan.tensor(plan.logits).row_bytes)
        .max()
        .unwrap_or(0);
    let scores = plans
        .iter()
        .filter_map(|plan| plan.scores.map(|scores| plan.bytes(scores)))
        .max()
        .unwrap_or(0);
    let keys = aligned(u64::from(shape.context) * shape.kv_row_bytes);
    MemoryPlan {
        weights: weights
            .weights
            .iter()
            .map(|weight| aligned(weight.bytes))
            .collect(),
        slots,
        params: dispatches * UNIFORM_ALIGNMENT,
        staging: STAGING_BUFFERS as u64 * STAGING_BYTES,
        session: SessionMemory {
            keys: vec![keys; shape.layers],
            ids: aligned((u64::from(shape.context) + 1) * 4),
            step: step_bytes(rows, shape.head_size),
            readback: aligned(logits.max(scores)),
        },
    }
}

/// Bytes of a step's upload at most: the step, then the angles of its rows, and those of the shifted queries.
pub fn step_bytes(rows: u32, head_size: usize) -> u64 {
    UNIFORM_ALIGNMENT.max(size_of::<Step>() as u64) + 2 * u64::from(rows) * head_size as u64 * 4
}

fn aligned(bytes: u64) -> u64 {
    bytes.next_multiple_of(ALIGNMENT)
}

/// First fit by size over the tensors' lives: from the dispatch that first names one to the last that does.
fn place_scratch(plan: &mut Plan, slots: &mut Vec<u64>) {
    let mut last_use: HashMap<TensorId, usize> = HashMap::new();
    for (at, dispatch) in plan.dispatches().enumerate() {
        last_use.extend(dispatch.tensors.iter().map(|id| (*id, at)));
    }
    // Results are read after the last dispatch.
    let end = plan.dispatches().count();
    last_use.extend(
        [Some(plan.logits), plan.scores]
            .into_iter()
            .flatten()
            .map(|id| (id, end)),
    );

    let mut homes: HashMap<TensorId, usize> = HashMap::new();
    let mut busy_until: Vec<Option<usize>> = vec![None; slots.len()];
    for (at, dispatch) in plan.dispatches().enumerate() {
        for id in &dispatch.tensors {
            if !matches!(plan.tensor(*id).home, Home::Scratch(_)) || homes.contains_key(id) {
                continue;
            }
            let bytes = aligned(plan.bytes(*id));
            let slot = choose_slot(slots, &busy_until, at, bytes);
            if slot == slots.len() {
                slots.push(0);
                busy_until.push(None);
            }
            slots[slot] = slots[slot].max(bytes);
            busy_until[slot] = Some(last_use[id]);
            homes.insert(*id, slot);
        }
    }
    for (id, slot) in homes {
        plan.tensors[id.0].home = Home::Scratch(slot);
    }
}

/// The smallest free slot that is large enough, else the largest free one (it grows), else a new one.
fn choose_slot(slots: &[u64], busy_until: &[Option<usize>], at: usize, bytes: u64) -> usize {
    let free = || (0..slots.len()).filter(|slot| busy_until[*slot].is_none_or(|until| until < at));
    let fitting = free()
        .filter(|slot| slots[*slot] >= bytes)
        .min_by_key(|slot| slots[*slot]);
    fitting
        .or_else(|| free().max_by_key(|slot| slots[*slot]))
        .unwrap_or(slots.len())
}
