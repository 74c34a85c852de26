//! Plays a plan with the plain references, on the same buffers and params. It is the measure of the GPU, not a fast path.

use lorgnette_shaders::reference::{Call, View};

use crate::memory::{MemoryPlan, Section, UNIFORM_ALIGNMENT};
use crate::plan::{Dispatch, Home, Plan, TensorId};
use crate::player::{Turn, Want};
use crate::stream::{Part, Stream};
use crate::{Error, Result};

/// A model in host memory.
#[derive(Debug)]
pub(crate) struct CpuPlayer {
    /// For each weight of the list, which buffer it is in.
    weight_buffers: Vec<usize>,
    memory: Memory,
}

/// What a step owns from its first segment to its last.
#[derive(Debug)]
struct Memory {
    weights: Vec<Vec<u32>>,
    slots: Vec<Vec<u32>>,
    stream: Option<Stream>,
}

/// A session in host memory.
#[derive(Debug)]
pub(crate) struct CpuSession {
    keys: Vec<Vec<u32>>,
    values: Vec<Vec<u32>>,
    ids: Vec<u32>,
    angles: Vec<u32>,
}

fn words(bytes: u64) -> Vec<u32> {
    vec![0; (bytes / 4) as usize]
}

fn bytes(words: &[u32]) -> u64 {
    words.len() as u64 * 4
}

impl CpuSession {
    pub fn new(memory: &MemoryPlan) -> Self {
        let cache = || {
            memory
                .session
                .keys
                .iter()
                .map(|bytes| words(*bytes))
                .collect()
        };
        let angles = words(memory.session.step - UNIFORM_ALIGNMENT);
        Self {
            keys: cache(),
            values: cache(),
            ids: words(memory.session.ids),
            angles,
        }
    }

    fn begin(&mut self, plan: &Plan, turn: &Turn<'_>) {
        self.angles[..turn.angles.len()].copy_from_slice(bytemuck::cast_slice(turn.angles));
        for (at, ids) in turn.id_writes(plan.id_words()) {
            self.ids[at..at + ids.len()].copy_from_slice(ids);
        }
    }

    /// Bytes of its buffers.
    pub fn bytes(&self) -> u64 {
        let caches = self.keys.iter().chain(&self.values);
        let all = caches.chain([&self.ids, &self.angles]);
        all.map(|words| bytes(words)).sum()
    }

    /// The words of a layer's keys.
    pub fn keys(&self, layer: usize) -> &[u32] {
        &self.keys[layer]
    }
}

impl CpuPlayer {
    pub fn new(memory: &MemoryPlan) -> Self {
        let all = |sizes: &[u64]| sizes.iter().map(|bytes| words(*bytes)).collect();
        Self {
            weight_buffers: memory.weight_buffers.clone(),
            memory: Memory {
                weights: all(&memory.weights),
                slots: all(&memory.slots),
                stream: None,
            },
        }
    }

    /// Copies sections of `bytes` to a weight of the list.
    pub fn fill(&mut self, weight: usize, bytes: &[u8], sections: &[Section]) {
        let buffer = &mut self.memory.weights[self.weight_buffers[weight]];
        copy(bytes, sections, buffer);
    }

    /// From now on, layers are streamed.
    pub fn keep(&mut self, stream: Stream) {
        self.memory.stream = Some(stream);
    }

    /// Bytes of its weights and slots.
    pub fn bytes(&self) -> u64 {
        let Memory { weights, slots, .. } = &self.memory;
        weights.iter().chain(slots).map(|words| bytes(words)).sum()
    }

    /// Copies the streamed layer that is needed, if any, to its slot.
    fn bring(&mut self, needed: Option<usize>) -> Result<()> {
        let Memory {
            weights, stream, ..
        } = &mut self.memory;
        let (Some(stream), Some(layer)) = (stream, needed) else {
            return Ok(());
        };
        let mut sink = |weight: usize, bytes: &[u8], sections: &[Section]| {
            copy(bytes, sections, &mut weights[self.weight_buffers[weight]]);
            Ok(())
        };
        stream.bring(layer, Part::Whole, &mut sink)
    }

    /// Plays one step. `None` if it was cancelled between two segments.
    pub fn play(
        &mut self,
        session: &mut CpuSession,
        plan: &Plan,
        turn: &Turn<'_>,
    ) -> Result<Option<Vec<u8>>> {
        session.begin(plan, turn);
        for segment in &plan.segments {
            if (turn.cancelled)() {
                return Ok(None);
            }
            let _passing = match turn.gate.pass(turn.cancelled) {
                Err(Error::Cancelled) => return Ok(None),
                passing => passing?,
            };
            self.bring(segment.needs)?;
            for dispatch in &segment.dispatches {
                self.play_dispatch(session, plan, dispatch, turn);
            }
        }
        let words = |id: TensorId, bytes: u64| {
            let Home::Scratch(slot) = plan.tensor(id).home else {
                unreachable!("results are scratch tensors")
            };
            self.memory.slots[slot][..bytes as usize / 4].to_vec()
        };
        let result = match turn.want {
            Want::Nothing => Vec::new(),
            Want::NextId => session.ids[turn.next_ids(plan)].to_vec(),
            Want::Logits => words(plan.logits, turn.logits_bytes(plan)),
            Want::Scores => plan.scores.map_or(Vec::new(), |scores| {
                let row = plan.tensor(scores).row_bytes;
                words(scores, u64::from(turn.step.count) * row)
            }),
        };
        Ok(Some(bytemuck::cast_slice(&result).to_vec()))
    }

    fn play_dispatch(
        &mut self,
        session: &mut CpuSession,
        plan: &Plan,
        dispatch: &Dispatch,
        turn: &Turn<'_>,
    ) {
        if !dispatch.is_played(&turn.step) {
            return;
        }
        let Memory { weights, slots, .. } = &mut self.memory;
        // Written buffers are taken out while the reference has them, so that the others can be read beside them.
        let mut taken: Vec<Option<Vec<u32>>> = dispatch
            .uses()
            .map(|(id, access)| {
                access
                    .writes()
                    .then(|| std::mem::take(home(session, slots, plan, id)))
            })
            .collect();
        let views = taken
            .iter_mut()
            .zip(&dispatch.tensors)
            .map(|(taken, id)| match taken {
                Some(words) => View::Write(words),
                None => View::Read(match plan.tensor(*id).home {
                    Home::Weight(index) => &weights[self.weight_buffers[index]],
                    Home::Scratch(slot) => &slots[slot],
                    Home::Keys(layer) => &session.keys[layer],
                    Home::Values(layer) => &session.values[layer],
                    Home::Ids => &session.ids,
                    Home::Angles => &session.angles,
                }),
            })
            .collect();
        let call = Call {
            params: &dispatch.params,
            step: turn.step,
            parts: dispatch.shader.parts,
            views,
        };
        (dispatch.shader.kernel.reference)(call);
        for (words, id) in taken.into_iter().zip(&dispatch.tensors) {
            if let Some(words) = words {
                *home(session, slots, plan, *id) = words;
            }
        }
    }

    /// Plays one dispatch and gives the tensors it wrote to `look`, in binding order, which may change them. For the trace.
    pub fn play_one(
        &mut self,
        session: &mut CpuSession,
        plan: &Plan,
        turn: &Turn<'_>,
        at: usize,
        look: &mut dyn FnMut(usize, TensorId, &mut [u32]),
    ) -> Result<()> {
        if at == 0 {
            session.begin(plan, turn);
        }
        let dispatch = plan.dispatches().nth(at).expect("a dispatch of the plan");
        self.bring(plan.needs(at))?;
        self.play_dispatch(session, plan, dispatch, turn);
        for (i, (id, _)) in dispatch
            .uses()
            .filter(|(_, access)| access.writes())
            .enumerate()
        {
            look(i, id, home(session, &mut self.memory.slots, plan, id));
        }
        Ok(())
    }
}

fn copy(bytes: &[u8], sections: &[Section], buffer: &mut [u32]) {
    let buffer: &mut [u8] = bytemuck::cast_slice_mut(buffer);
    for section in sections {
        let (from, to, length) = *section;
        let [from, to, length] = [from, to, length].map(|n| n as usize);
        buffer[to..to + length].copy_from_slice(&bytes[from..from + length]);
    }
}

fn home<'a>(
    session: &'a mut CpuSession,
    slots: &'a mut [Vec<u32>],
    plan: &Plan,
    id: TensorId,
) -> &'a mut Vec<u32> {
    match plan.tensor(id).home {
        Home::Scratch(slot) => &mut slots[slot],
        Home::Keys(layer) => &mut session.keys[layer],
        Home::Values(layer) => &mut session.values[layer],
        Home::Ids => &mut session.ids,
        Home::Weight(_) | Home::Angles => unreachable!("kernels do not write weights or angles"),
    }
}
