//! What each dispatch of a step takes: by timestamps of the device, each dispatch in a pass of its own, or where it has
//! none (or was not asked for them) by submitting each alone, many times, and waiting. For measurements; slower than a
//! step, and its submits are not a step's.

use lorgnette_shaders::Program;
use wgpu::BufferUsages as Usage;

use super::counters::Counts;
use super::realized::GpuPlayer;
use super::session::GpuSession;
use super::solo::{repeated, without_limit};
use super::transfer::copy_back;
use crate::Result;
use crate::plan::{Dispatch, Plan};
use crate::player::Turn;
use crate::stream::Part;
use crate::submits::next_dispatches;

/// Dispatches that one query set has timestamps for: half of what WebGPU promises.
const MOST: usize = 2048;

impl GpuPlayer {
    /// Plays one step. Each dispatch's program and the seconds that it took, in the plan's order.
    pub fn laps(
        &mut self,
        session: &GpuSession,
        plan: &Plan,
        turn: &Turn<'_>,
    ) -> Result<Vec<(Program, f64)>> {
        self.upload_step(session, plan, turn);
        let mut laps = Vec::new();
        for segment in &plan.segments {
            let mut rest = segment.dispatches.as_slice();
            while !rest.is_empty() {
                self.bring(segment.needs, Part::Whole, turn.cancelled)?;
                let (count, _) = next_dispatches(plan, rest, &turn.step, &self.gpu.submit);
                let (now, later) = rest.split_at(count.min(MOST));
                rest = later;
                let at = laps.len();
                let took = match self.gpu.has_timestamps() {
                    true => self.by_timestamps(session, turn, now, at)?,
                    false => self.by_waiting(session, turn, now, at)?,
                };
                let programs = self.pipelines[turn.plan][at..].iter();
                laps.extend(programs.map(|pipeline| pipeline.program).zip(took));
            }
        }
        Ok(laps)
    }

    /// Plays the dispatches from number `at` on in one submit; what lies between the timestamps around each.
    fn by_timestamps(
        &self,
        session: &GpuSession,
        turn: &Turn<'_>,
        dispatches: &[Dispatch],
        at: usize,
    ) -> Result<Vec<f64>> {
        let gpu = &self.gpu;
        let count = 2 * dispatches.len() as u32;
        let set = gpu.device.create_query_set(&wgpu::QuerySetDescriptor {
            label: Some("laps"),
            ty: wgpu::QueryType::Timestamp,
            count,
        });
        let usage = Usage::QUERY_RESOLVE | Usage::COPY_SRC;
        let ticks = gpu.buffer("laps", u64::from(count) * 8, usage)?;
        let mut encoder = gpu.device.create_command_encoder(&Default::default());
        for (i, dispatch) in dispatches.iter().enumerate() {
            let first = 2 * i as u32;
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
                label: Some(&dispatch.label),
                timestamp_writes: Some(wgpu::ComputePassTimestampWrites {
                    query_set: &set,
                    beginning_of_pass_write_index: Some(first),
                    end_of_pass_write_index: Some(first + 1),
                }),
            });
            if dispatch.is_played(&turn.step) {
                self.encode_one(&mut pass, session, turn, dispatch, at + i);
            }
        }
        encoder.resolve_query_set(&set, 0..count, ticks.raw(), 0);
        let (_, submission) = gpu.submit(encoder, Counts::submitted, turn.cancelled)?;
        gpu.wait(submission)?;
        let words = copy_back(gpu, &ticks)?;
        let ticks: Vec<u64> = bytemuck::pod_collect_to_vec(&words);
        let tick = f64::from(gpu.queue.get_timestamp_period()) / 1e9;
        let took = |pair: &[u64]| pair[1].saturating_sub(pair[0]) as f64 * tick;
        Ok(ticks.chunks_exact(2).map(took).collect())
    }

    /// Plays each of the dispatches from number `at` on alone and again, and looks at the clock. What adds to its output
    /// adds to it each time: the numbers of such a step are of no use.
    fn by_waiting(
        &self,
        session: &GpuSession,
        turn: &Turn<'_>,
        dispatches: &[Dispatch],
        at: usize,
    ) -> Result<Vec<f64>> {
        let one = |(at, dispatch): (usize, &Dispatch)| {
            if !dispatch.is_played(&turn.step) {
                return Ok(0.0);
            }
            let encode = |pass: &mut wgpu::ComputePass<'_>| {
                self.encode_one(pass, session, turn, dispatch, at);
            };
            without_limit(|times| repeated(&self.gpu, times, &encode))
        };
        (at..).zip(dispatches).map(one).collect()
    }
}
