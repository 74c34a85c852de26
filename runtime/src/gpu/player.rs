//! Plays plans on the GPU: the walk over segments, the step's upload, and what comes back.

use std::sync::atomic::Ordering::Relaxed;

use super::buffers::Buffer;
use super::counters::Counts;
use super::realized::{GpuPlayer, Streaming};
use super::session::GpuSession;
use super::transfer::copy_back;
use crate::frames::Frames;
use crate::memory::{Section, UNIFORM_ALIGNMENT};
use crate::plan::{Dispatch, Plan};
use crate::player::{Awaited, Turn, Want};
use crate::stream::Part;
use crate::submits::{bound, next_dispatches};
use crate::{Error, Result};

impl GpuPlayer {
    /// Submits one step. `None` if it was cancelled between two submits. With a frame budget, each submit is waited for and
    /// measured, so that the GPU is free for a frame before the next.
    pub fn begin(
        &mut self,
        session: &mut GpuSession,
        plan: &Plan,
        turn: &Turn<'_>,
        frames: Option<&mut Frames>,
    ) -> Result<Option<Awaited>> {
        match self.submit_all(session, plan, turn, frames) {
            Err(Error::Cancelled) => Ok(None),
            result => self.gpu.blamed(result).map(Some),
        }
    }

    fn submit_all(
        &mut self,
        session: &mut GpuSession,
        plan: &Plan,
        turn: &Turn<'_>,
        mut frames: Option<&mut Frames>,
    ) -> Result<Awaited> {
        self.gpu.check()?;
        self.upload_step(session, plan, turn);
        let want = self.wanted(session, plan, turn);
        let want = want.map(|(buffer, offset, bytes)| (buffer.raw().clone(), offset, bytes));
        let back = session.readback_for(turn.want);
        let mut at = 0;
        for (i, segment) in plan.segments.iter().enumerate() {
            let mut rest = segment.dispatches.as_slice();
            while !rest.is_empty() {
                if (turn.cancelled)() {
                    return Err(Error::Cancelled);
                }
                self.bring(segment.needs, Part::Whole, turn.cancelled)?;
                let bound = bound(&self.gpu.submit, frames.as_deref());
                let (count, cost) = next_dispatches(plan, rest, &turn.step, &bound);
                let (now, later) = rest.split_at(count);
                let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
                self.encode(&mut encoder, session, turn, now, at);
                at += count;
                rest = later;
                let ends = i + 1 == plan.segments.len() && rest.is_empty();
                let last = want.as_ref().filter(|_| ends);
                if let Some((buffer, offset, bytes)) = last {
                    let target = session.readback[back].target().raw();
                    encoder.copy_buffer_to_buffer(buffer, *offset, target, 0, Some(*bytes));
                }
                let submitted = self.gpu.submit(encoder, Counts::submitted, turn.cancelled);
                let (start, submission) = submitted?;
                if let Some(frames) = &mut frames {
                    self.gpu.wait(submission.clone())?;
                    frames.learn(cost, start.elapsed());
                }
                if let Some((_, _, bytes)) = last {
                    session.readback[back].ask(*bytes, submission.clone());
                }
                let before = self.in_flight.replace(submission);
                if rest.is_empty() {
                    // While the GPU computes, the ring fills with what it needs next; more would wait for the segment to
                    // end. Not before its last submit: what comes may go to the slot that this one reads.
                    let brought = self.bring(plan.needs_behind(i), Part::RingFull, turn.cancelled);
                    match brought {
                        // The step itself is whole.
                        Err(Error::Cancelled) if ends => {}
                        brought => brought?,
                    }
                }
                // Two submits in flight, of this step or of it and the one before, keep the GPU busy, and a cancel or a
                // pause near.
                if let Some(before) = before {
                    self.gpu.wait(before)?;
                }
            }
        }
        Ok(Awaited::Gpu(want.map(|_| back)))
    }

    /// Copies `part` of what its slot lacks of the streamed layer that is needed, if any. One queue keeps the order:
    /// copies come behind the segments that were submitted before them, so that nothing is overwritten that is read.
    pub(super) fn bring(
        &mut self,
        needed: Option<usize>,
        part: Part,
        given_up: &dyn Fn() -> bool,
    ) -> Result<()> {
        let (Some(streaming), Some(layer)) = (&mut self.streaming, needed) else {
            return Ok(());
        };
        let Streaming { stream, ring } = streaming;
        let (weights, buffers) = (&self.weights, &self.weight_buffers);
        let mut sink = |weight: usize, bytes: &[u8], sections: &[Section]| {
            ring.write(bytes, sections, &weights[buffers[weight]], given_up)
        };
        stream.bring(layer, part, &mut sink)?;
        ring.flush(given_up)
    }

    fn encode(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        session: &GpuSession,
        turn: &Turn<'_>,
        segment: &[Dispatch],
        at: usize,
    ) {
        let mut pass = encoder.begin_compute_pass(&Default::default());
        for (i, dispatch) in segment.iter().enumerate() {
            if dispatch.is_played(&turn.step) {
                self.encode_one(&mut pass, session, turn, dispatch, at + i);
            }
        }
    }

    /// Encodes the dispatch that is number `at` of its plan.
    pub(super) fn encode_one(
        &self,
        pass: &mut wgpu::ComputePass<'_>,
        session: &GpuSession,
        turn: &Turn<'_>,
        dispatch: &Dispatch,
        at: usize,
    ) {
        let pipeline = &self.pipelines[turn.plan][at];
        pass.set_pipeline(&pipeline.raw);
        pass.set_bind_group(0, &session.bind_groups[turn.plan][at], &[]);
        let [x, y, z] = dispatch.grid(pipeline.program.variant, &turn.step);
        pass.dispatch_workgroups(x, y, z);
        self.gpu.counts.dispatches.fetch_add(1, Relaxed);
    }

    /// The only uploads of a step: its uniform with the angles, and ids where the host chose them.
    pub(super) fn upload_step(&self, session: &GpuSession, plan: &Plan, turn: &Turn<'_>) {
        let mut bytes = bytemuck::bytes_of(&turn.step).to_vec();
        bytes.resize(UNIFORM_ALIGNMENT as usize, 0);
        bytes.extend_from_slice(bytemuck::cast_slice(turn.angles));
        self.write(&session.step, 0, &bytes);
        for (at, ids) in turn.id_writes(plan.id_words()) {
            self.write(&session.ids, at as u64 * 4, bytemuck::cast_slice(ids));
        }
    }

    fn write(&self, buffer: &Buffer, offset: u64, bytes: &[u8]) {
        self.gpu.queue.write_buffer(buffer.raw(), offset, bytes);
        self.gpu.counts.uploaded(bytes.len() as u64);
    }

    fn wanted<'a>(
        &'a self,
        session: &'a GpuSession,
        plan: &Plan,
        turn: &Turn<'_>,
    ) -> Option<(&'a Buffer, u64, u64)> {
        let step = &turn.step;
        match turn.want {
            Want::Nothing => None,
            Want::NextId => {
                let ids = turn.next_ids(plan);
                Some((&session.ids, ids.start as u64 * 4, ids.len() as u64 * 4))
            }
            Want::Logits => Some((
                self.buffer_of(session, plan, plan.logits).0,
                0,
                turn.logits_bytes(plan),
            )),
            Want::Scores => plan.scores.map(|scores| {
                (
                    self.buffer_of(session, plan, scores).0,
                    0,
                    u64::from(step.count) * plan.tensor(scores).row_bytes,
                )
            }),
        }
    }

    /// Plays one dispatch alone and reads back the tensors it wrote, in binding order. For the trace; slow.
    pub fn play_one(
        &mut self,
        session: &GpuSession,
        plan: &Plan,
        turn: &Turn<'_>,
        at: usize,
    ) -> Result<Vec<Vec<u32>>> {
        if at == 0 {
            self.upload_step(session, plan, turn);
        }
        self.bring(plan.needs(at), Part::Whole, turn.cancelled)?;
        let dispatch = plan.dispatches().nth(at).expect("a dispatch of the plan");
        let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
        self.encode(
            &mut encoder,
            session,
            turn,
            std::slice::from_ref(dispatch),
            at,
        );
        let (_, submission) = self
            .gpu
            .submit(encoder, Counts::submitted, turn.cancelled)?;
        self.gpu.wait(submission)?;
        let mut written = Vec::new();
        for (id, _) in dispatch.uses().filter(|(_, access)| access.writes()) {
            written.push(copy_back(&self.gpu, self.buffer_of(session, plan, id).0)?);
        }
        Ok(written)
    }
}
