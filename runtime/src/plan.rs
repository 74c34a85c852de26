//! A plan: the dispatches of one forward pass as plain data. It knows tensors, kernels and order; no device, no file.
//!
//! A model page records into a [`Recorder`] through the words of `ops`; `memory` gives scratch tensors their slots; a
//! player (GPU or CPU) plays the result for a [`Step`].

mod recorder;

pub use lorgnette_shaders::{Access, Step};
use lorgnette_shaders::{Shader, Variant};

pub use recorder::Recorder;

/// A tensor of a plan, by its index there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TensorId(pub usize);

/// Where a tensor lives, and so who owns its buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Home {
    /// The model: weight `0` of its weight list.
    Weight(usize),
    /// The model's scratch: a slot that `memory` chooses, shared by tensors whose lives do not meet.
    Scratch(usize),
    /// The session: keys of a layer.
    Keys(usize),
    /// The session: values of a layer.
    Values(usize),
    /// The session: token ids, one word a position; later ones go round.
    Ids,
    /// The session: (cos, sin) of the step's rows, and where positions have left the cache, of the shifted queries.
    Angles,
}

/// How many rows of a tensor a step touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// As many as the step has.
    Step,
    /// All positions up to the step's last one; the tensor holds this many.
    Context(u32),
    /// Always this many.
    Fixed(u32),
}

impl Rows {
    /// The most there can be in a recording of at most `step` rows a step.
    pub const fn most(self, step: u32) -> u32 {
        match self {
            Self::Step => step,
            Self::Context(rows) | Self::Fixed(rows) => rows,
        }
    }
}

/// A tensor: rows of a fixed number of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tensor {
    /// For people.
    pub name: String,
    /// Whose buffer it is in.
    pub home: Home,
    /// Its rows.
    pub rows: Rows,
    /// Bytes of one row.
    pub row_bytes: u64,
}

/// One kernel with its params and buffers.
#[derive(Clone, Debug)]
pub struct Dispatch {
    /// What it is in the model: `layer 3 attn_norm`.
    pub label: String,
    /// The kernel and its parts.
    pub shader: Shader,
    /// The params uniform, as uploaded.
    pub params: Vec<u8>,
    /// The storage buffers, in binding order.
    pub tensors: Vec<TensorId>,
    /// Steps that play it, where not all do.
    pub only: Option<Luck>,
}

/// How a step chooses the next id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Luck {
    /// It takes the likeliest.
    Unused,
    /// It draws.
    Used,
}

impl Dispatch {
    /// Workgroups for a step, by one of the kernel's variants.
    pub fn grid(&self, variant: &Variant, step: &Step) -> [u32; 3] {
        (variant.grid)(&self.params, step)
    }

    /// Whether such a step plays it.
    pub fn is_played(&self, step: &Step) -> bool {
        let luck = match step.draw.is_drawn() {
            true => Luck::Used,
            false => Luck::Unused,
        };
        self.only.is_none_or(|only| only == luck)
    }

    /// The tensors with how the kernel uses each.
    pub fn uses(&self) -> impl Iterator<Item = (TensorId, Access)> {
        self.tensors
            .iter()
            .copied()
            .zip(self.shader.kernel.binds.iter().map(|bind| bind.access))
    }
}

/// Dispatches that are played in one go: one compute pass.
#[derive(Clone, Debug, Default)]
pub struct Segment {
    /// The dispatches, in order.
    pub dispatches: Vec<Dispatch>,
    /// The streamed layer whose weights must be in their slot, counted from the first streamed one.
    pub needs: Option<usize>,
}

/// One forward pass. A submit and a look at the cancel flag come between segments.
#[derive(Clone, Debug)]
pub struct Plan {
    /// `decode`, `prefill`, `score` or `few`.
    pub name: &'static str,
    /// The most rows a step may have.
    pub rows: u32,
    /// Every tensor that a dispatch names.
    pub tensors: Vec<Tensor>,
    /// The dispatches, in order.
    pub segments: Vec<Segment>,
    /// Where the logits are.
    pub logits: TensorId,
    /// Where the scores are, if this recording makes them.
    pub scores: Option<TensorId>,
}

impl Plan {
    /// Every dispatch in order.
    pub fn dispatches(&self) -> impl Iterator<Item = &Dispatch> {
        self.segments.iter().flat_map(|segment| &segment.dispatches)
    }

    /// The streamed layer that a dispatch reads, by its index in [`Plan::dispatches`].
    pub fn needs(&self, dispatch: usize) -> Option<usize> {
        let all = self.segments.iter();
        all.flat_map(|segment| std::iter::repeat_n(segment.needs, segment.dispatches.len()))
            .nth(dispatch)?
    }

    /// The streamed layer that is needed next behind a segment; behind the last one, the first of the next step.
    pub fn needs_behind(&self, segment: usize) -> Option<usize> {
        let (before, behind) = self.segments.split_at(segment + 1);
        behind
            .iter()
            .chain(before)
            .find_map(|segment| segment.needs)
    }

    /// A tensor of this plan.
    pub fn tensor(&self, id: TensorId) -> &Tensor {
        &self.tensors[id.0]
    }

    /// Bytes the tensor needs at most.
    pub fn bytes(&self, id: TensorId) -> u64 {
        let tensor = self.tensor(id);
        u64::from(tensor.rows.most(self.rows)) * tensor.row_bytes
    }

    /// Words of the session's ids, round which positions go.
    pub fn id_words(&self) -> u32 {
        let ids = self.tensors.iter().find(|tensor| tensor.home == Home::Ids);
        ids.map_or(0, |ids| ids.rows.most(self.rows))
    }

    /// Bytes that a dispatch reads and writes in a step.
    pub fn traffic(&self, dispatch: &Dispatch, step: &Step) -> (u64, u64) {
        let moved = dispatch
            .uses()
            .map(|(id, access)| self.moved(id, access, step));
        moved.fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1))
    }

    /// The same of one of its tensors.
    pub(crate) fn moved(&self, id: TensorId, access: Access, step: &Step) -> (u64, u64) {
        let tensor = self.tensor(id);
        let step_bytes = u64::from(step.count) * tensor.row_bytes;
        let all = match tensor.rows {
            Rows::Step => step_bytes,
            Rows::Context(rows) => {
                u64::from((step.position + step.count).min(rows)) * tensor.row_bytes
            }
            Rows::Fixed(rows) => u64::from(rows) * tensor.row_bytes,
        };
        match access {
            Access::Read => (all, 0),
            Access::Gather => (step_bytes, 0),
            Access::Write => (0, step_bytes.min(all)),
            Access::Update => (all, step_bytes.min(all)),
        }
    }

    /// Rows that a dispatch makes: as many as the step has, or fewer where its results are for fewer.
    pub(crate) fn rows_made(&self, dispatch: &Dispatch, step: &Step) -> u32 {
        let written = dispatch.uses().filter(|(_, access)| access.writes());
        let rows = written.map(|(id, _)| match self.tensor(id).rows {
            Rows::Step | Rows::Context(_) => step.count,
            Rows::Fixed(rows) => rows.min(step.count),
        });
        rows.max().unwrap_or(0)
    }
}
