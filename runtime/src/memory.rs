//! Where every byte goes, before any is allocated: weights, scratch slots, params, staging, and what a session adds.
//! A pure function of plans and weights; no device.

use std::collections::HashMap;

use crate::plan::{Home, Plan, TensorId};
use crate::reserve::IDLE;
use crate::weights::{ROWS, Weight, WeightList};
use lorgnette_shaders::Step;

/// Every buffer is a multiple of this.
pub const ALIGNMENT: u64 = 16;
/// A uniform buffer is bound at multiples of this on every device.
pub const UNIFORM_ALIGNMENT: u64 = 256;
/// Buffers of the upload ring.
pub const STAGING_BUFFERS: usize = 3;
/// Bytes of all of them, where nothing else is asked for.
pub const STAGING_BYTES: u64 = 3 << 20;
/// What a chunk of rows may be longer than its rows: each of its planes ends on a whole unit of 16 bytes.
pub(crate) const CHUNK_PADDING: u64 = 64;
/// Bytes of the most ids that one step chooses: eight.
const NEXT_IDS: u64 = 32;
/// Where a stretch of staged bytes goes: offset in the bytes, offset in the weight, length.
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
    /// Where logits and scores are read back.
    pub readback: u64,
    /// Where ids are read back: two of these, as the next step is submitted before an id is read.
    pub next_ids: u64,
}

impl SessionMemory {
    /// Bytes of keys and values.
    pub fn kv(&self) -> u64 {
        2 * self.keys.iter().sum::<u64>()
    }

    /// All bytes.
    pub fn total(&self) -> u64 {
        self.kv() + self.ids + self.step + self.readback + 2 * self.next_ids
    }
}

/// Bytes on the host's heap, by purpose. Each is an upper bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HostMemory {
    /// The tokenizer's tables and the chat template.
    pub text: u64,
    /// The file's header, the plans and the list of weights.
    pub plans: u64,
    /// What wgpu keeps of pipelines and buffers for the model.
    pub device: u64,
    /// What each session adds: its ids and how they were read, and wgpu's bind groups and buffers.
    pub session: u64,
    /// The most that a step, or a chunk of weights on its way, makes and drops.
    pub passing: u64,
    /// The most that is held while the tokenizer is made, before any other byte of the model is there.
    pub reading: u64,
    /// The most that is held while kernels are tried on a device that is new, before the model is on it.
    pub trying: u64,
}

impl HostMemory {
    /// The most bytes held with `sessions` open, once the tokenizer is made.
    pub fn held(&self, sessions: u64) -> u64 {
        self.text + self.plans + self.device + sessions * self.session + self.passing
    }
}

/// The bytes of a model and of one session on it, GPU unless it says host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryPlan {
    /// Each buffer of weights: of those that stay, in the order of the list, then of the two slots that streamed layers
    /// take turns in.
    pub weights: Vec<u64>,
    /// For each weight of the list, which of these buffers it is in.
    pub weight_buffers: Vec<usize>,
    /// How many layers, the last ones, are brought into a slot when a step comes to them.
    pub streamed_layers: usize,
    /// Each scratch slot.
    pub slots: Vec<u64>,
    /// The params of all dispatches.
    pub params: u64,
    /// The ring that weights pass through: while they are loaded, and as long as the model lives where it streams.
    pub staging: u64,
    /// What each session adds.
    pub session: SessionMemory,
    /// What is on the host's heap beside all that.
    pub host: HostMemory,
}

impl MemoryPlan {
    /// Bytes of weights that are held at once.
    pub fn weights_bytes(&self) -> u64 {
        self.weights.iter().sum()
    }

    /// Bytes of scratch and params.
    pub fn scratch_bytes(&self) -> u64 {
        self.slots.iter().sum::<u64>() + self.params
    }

    /// Bytes held between two steps, without sessions.
    pub fn held(&self) -> u64 {
        let streaming = if self.streamed_layers > 0 {
            self.staging
        } else {
            0
        };
        self.weights_bytes() + self.scratch_bytes() + streaming
    }

    /// The most bytes held at once with `sessions` open: staging is given back before the first session opens, unless
    /// layers are streamed through it.
    pub fn peak(&self, sessions: u64) -> u64 {
        let loading = self.weights_bytes() + self.scratch_bytes() + self.staging;
        loading.max(self.held() + sessions * self.session.total())
    }

    /// The most bytes held at once on the GPU and the host together, with `sessions` open, and with what the GPU's
    /// allocator holds in reserve: what a budget is held against. The tokenizer is made, and kernels are tried, before
    /// anything of the model is on the GPU; cases of trials are small enough to share a block.
    pub fn total(&self, sessions: u64) -> u64 {
        let held = self.reserved(sessions) + self.host.held(sessions);
        held.max(self.host.reading.max(self.host.trying) + IDLE)
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

/// What of the weights is in memory.
#[derive(Clone, Copy, Debug)]
pub struct Residence {
    /// Layers that do not stay, from the last one back.
    pub streamed_layers: usize,
    /// Bytes of the upload ring.
    pub staging: u64,
}

/// Gives every scratch tensor of the plans its slot and every weight its buffer, and adds up the bytes. Slots are shared
/// between plans: only one plays at a time.
pub fn place(
    plans: &mut [Plan],
    weights: &WeightList,
    residence: Residence,
    shape: SessionShape,
) -> MemoryPlan {
    let mut slots = Vec::new();
    for plan in plans.iter_mut() {
        place_scratch(plan, &mut slots);
    }
    let dispatches: u64 = plans
        .iter()
        .map(|plan| plan.dispatches().count() as u64)
        .sum();
    let rows = plans.iter().map(|plan| plan.rows).max().unwrap_or(1);
    let results = plans
        .iter()
        .map(|plan| plan.bytes(plan.scores.unwrap_or(plan.logits)));
    let keys = aligned(u64::from(shape.context) * shape.kv_row_bytes);
    let (buffers, weight_buffers) = place_weights(weights, residence.streamed_layers);
    MemoryPlan {
        weights: buffers,
        weight_buffers,
        streamed_layers: residence.streamed_layers,
        slots,
        params: dispatches * UNIFORM_ALIGNMENT,
        staging: STAGING_BUFFERS as u64 * staging_buffer(residence.staging),
        session: SessionMemory {
            keys: vec![keys; shape.layers],
            ids: aligned((u64::from(shape.context) + 1) * 4),
            step: step_bytes(rows, shape.head_size),
            readback: aligned(results.max().unwrap_or(0)),
            next_ids: NEXT_IDS,
        },
        host: HostMemory::default(),
    }
}

/// Bytes of one buffer of a ring of `staging` bytes.
pub fn staging_buffer(staging: u64) -> u64 {
    staging / STAGING_BUFFERS as u64 / ALIGNMENT * ALIGNMENT
}

/// The smallest ring that these weights pass through: eight rows of each (or all of fewer) in each buffer.
pub fn least_staging(weights: &WeightList) -> u64 {
    let chunk = |weight: &Weight| weight.row_bytes() * ROWS.min(weight.rows as u64);
    let widest = weights.weights.iter().map(chunk).max().unwrap_or(0);
    STAGING_BUFFERS as u64 * aligned(widest + CHUNK_PADDING)
}

/// Which of the two slots a streamed layer uses, counted from the first streamed one.
pub fn slot_of(streamed: usize) -> usize {
    streamed % 2
}

/// Whether a streamed layer is read again for every step: whether another one uses its slot.
pub fn is_read_every_step(streamed: usize, streamed_layers: usize) -> bool {
    let sharing = |other: &usize| slot_of(*other) == slot_of(streamed);
    (0..streamed_layers).filter(sharing).count() > 1
}

/// Bytes of each buffer, and which of them each weight is in. What stays has a buffer of its own. In a slot, the largest
/// matrices of its layers share a buffer, then the next, and so on: layers of several formats differ in number and sizes.
/// So do vectors, but not with matrices, which may lie in textures.
pub(crate) fn place_weights(list: &WeightList, streamed_layers: usize) -> (Vec<u64>, Vec<usize>) {
    let streamed = &list.layers[list.layers.len() - streamed_layers..];
    let bytes = |weight: usize| aligned(list.weights[weight].bytes);
    let mut buffers = Vec::new();
    let mut homes = vec![0; list.weights.len()];
    for (weight, home) in homes.iter_mut().enumerate() {
        if !streamed.iter().any(|layer| layer.contains(&weight)) {
            *home = buffers.len();
            buffers.push(bytes(weight));
        }
    }
    for (slot, matrices) in [(0, true), (0, false), (1, true), (1, false)] {
        let first = buffers.len();
        let layers = streamed.iter().enumerate();
        for (_, layer) in layers.filter(|(index, _)| slot_of(*index) == slot) {
            let weights = layer.clone();
            let mut weights: Vec<usize> = weights
                .filter(|weight| list.weights[*weight].matrix == matrices)
                .collect();
            weights.sort_by_key(|weight| std::cmp::Reverse(bytes(*weight)));
            for (home, weight) in (first..).zip(weights) {
                if home == buffers.len() {
                    buffers.push(0);
                }
                buffers[home] = buffers[home].max(bytes(weight));
                homes[weight] = home;
            }
        }
    }
    (buffers, homes)
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
