//! Trying what a device was not tried with yet: which program is next, and what is found, announced before and kept behind
//! each trial. What is taken of it is decided elsewhere.

use std::sync::Arc;
use std::time::{Duration, Instant};

use lorgnette_shaders::{Program, Shader, shaders};

use super::Trust;
use super::clock::Clock;
use super::store::Desk;
use super::trial::{self, Clocked};
use super::verdict::{Outcome, Verdict};
use crate::gpu::Gpu;
use crate::{Error, Result};

/// How often the last hope of a kernel may fail to come back: once it may have been a person who ended the process.
const LOSSES: u32 = 2;

impl Trust {
    /// The next candidate to be tried, if any.
    pub(super) fn next(&self, verdict: &Verdict, candidates: &[Program]) -> Option<Program> {
        let right = candidates
            .iter()
            .position(|p| verdict.is(p, Outcome::Right));
        // In order, what comes behind the first right one does not matter.
        let matter = right
            .filter(|_| !self.variants.timed())
            .unwrap_or(candidates.len());
        let unknown = candidates[..matter]
            .iter()
            .find(|p| verdict.of(p).is_none());
        let again = |p: &&Program| {
            let finding = verdict.of(p);
            finding.is_some_and(|f| f.outcome == Outcome::Barred && f.losses < LOSSES)
        };
        let hope = || candidates.iter().find(again).filter(|_| right.is_none());
        unknown.or_else(hope).copied()
    }

    /// Bars what a process was trying here when it ended, and writes that down before anything else is tried.
    pub(super) fn mourn(&self, verdict: &mut Verdict, desk: &mut Desk<'_>) {
        let Some(left) = desk.left() else { return };
        let all = shaders()
            .into_iter()
            .flat_map(|shader| self.programs(shader));
        for program in all.filter(|program| program.label() == left) {
            log::warn!("{left} did not come back when it was tried: it is not used on this device");
            verdict.bar(&program, "the process ended while it was tried");
            desk.save(&verdict.to_json(&self.device).to_string());
        }
    }

    pub(super) fn try_all(
        &self,
        gpu: &Arc<Gpu>,
        verdict: &mut Verdict,
        desk: &mut Option<Desk<'_>>,
        shaders: &[&Shader],
        limit: Option<Duration>,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<()> {
        // What happened before is no fault of the first.
        gpu.check()?;
        let mut clock = Clock::new(limit);
        let total = shaders.len() as u64;
        for (done, shader) in (0..).zip(shaders) {
            progress(done, total);
            self.try_shader(gpu, verdict, desk, shader, &mut clock)?;
        }
        progress(total, total);
        Ok(())
    }

    fn try_shader(
        &self,
        gpu: &Arc<Gpu>,
        verdict: &mut Verdict,
        desk: &mut Option<Desk<'_>>,
        shader: &Shader,
        clock: &mut Clock,
    ) -> Result<()> {
        let candidates = self.candidates(shader);
        while let Some(program) = self.next(verdict, &candidates) {
            announce(desk, &program);
            or_bar(verdict, &program, trial::compile(gpu, &program))?;
            let start = Instant::now();
            let finding = or_bar(verdict, &program, trial::prove(gpu, &program))?;
            clock.spend(start.elapsed());
            if finding.outcome != Outcome::Right {
                let (label, what) = (program.label(), finding.outcome.name());
                log::warn!("{label} is {what} on this device: {}", finding.message);
            }
            verdict.put(&program, finding);
        }
        if self.variants.timed() {
            for program in verdict.untimed(&candidates, clock.has_all_the_time()) {
                announce(desk, &program);
                or_bar(verdict, &program, trial::compile(gpu, &program))?;
                let start = Instant::now();
                let measured = trial::measure(gpu, &program, clock.left());
                clock.spend(start.elapsed());
                match or_bar(verdict, &program, measured)? {
                    Clocked::Seconds(seconds) => verdict.time(&program, seconds),
                    Clocked::TimeUp => verdict.time_up(&program),
                    Clocked::Refused(finding) => verdict.put(&program, finding),
                }
            }
        }
        let best = verdict.choose(&candidates, self.variants.timed());
        let others = candidates.iter().filter(|p| best != Some(**p));
        others.for_each(|program| gpu.forget(program));
        Ok(())
    }
}

fn announce(desk: &mut Option<Desk<'_>>, program: &Program) {
    if let Some(desk) = desk {
        desk.trying(&program.label());
    }
}

/// A device that is lost bars the program that it was lost with.
fn or_bar<T>(verdict: &mut Verdict, program: &Program, tried: Result<T>) -> Result<T> {
    if let Err(Error::DeviceLost(why)) = &tried {
        verdict.bar(program, &format!("the device was lost: {why}"));
    }
    tried
}
