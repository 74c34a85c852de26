//! Whether a device computes a program rightly, and how fast: cases played on it and on the plain references. The same
//! words serve a device's own trials, with small cases, and the tests, with many.

use std::sync::Arc;
use std::time::{Duration, Instant};

use lorgnette_shaders::cases::{Case, Distance, measured, small_of};
use lorgnette_shaders::{Program, Step, reference};

use super::verdict::{Finding, Outcome};
use crate::gpu::{Gpu, play_alone, seconds_of};
use crate::runtime::Runtime;
use crate::{Error, Result};

/// A case and what came of it.
#[derive(Clone, Debug)]
pub struct Trial {
    /// Kernel, parts and variant: `matvec[q4_0].plain`.
    pub program: String,
    /// The whole case.
    pub case: String,
    /// Whether it is right.
    pub outcome: Outcome,
    /// How far it is from the reference; zero where nothing was computed.
    pub distance: Distance,
    /// What is wrong, empty where nothing is.
    pub message: String,
}

/// Plays one case by a program of its shader and holds the result against the reference's.
pub fn check(runtime: &Runtime, case: &Case, expected: &[Vec<u32>], program: &Program) -> Trial {
    let mut found = case.buffers.clone();
    let played = runtime.run_kernel(program, &case.params, case.step, &mut found);
    compare(case, expected, program, played.map(|()| found))
}

fn compare(
    case: &Case,
    expected: &[Vec<u32>],
    program: &Program,
    found: Result<Vec<Vec<u32>>>,
) -> Trial {
    let (outcome, distance, message) = match found {
        Err(error) => (Outcome::Refused, Distance::default(), error.to_string()),
        Ok(found) => match case.compare(&found, expected) {
            Ok(distance) => (Outcome::Right, distance, String::new()),
            Err(wrong) => (Outcome::Wrong, wrong.distance, wrong.message),
        },
    };
    Trial {
        program: program.label(),
        case: case.name.clone(),
        outcome,
        distance,
        message,
    }
}

/// Makes the pipeline of a program, so that its time is not that of the first case. What the device refuses is a finding
/// of [`prove`].
///
/// # Errors
/// [`Error::DeviceLost`].
pub(super) fn compile(gpu: &Arc<Gpu>, program: &Program) -> Result<()> {
    match gpu.pipeline(program) {
        Err(lost @ Error::DeviceLost(_)) => Err(lost),
        _ => Ok(()),
    }
}

/// Plays the small cases of a program, up to the first that is not right.
///
/// # Errors
/// [`Error::DeviceLost`]; whatever else the device says is a finding.
pub(super) fn prove(gpu: &Arc<Gpu>, program: &Program) -> Result<Finding> {
    let mut nmse = 0f64;
    for case in small_of(&program.shader) {
        let mut found = case.buffers.clone();
        let played = play_alone(gpu, program, &case.params, case.step, &mut found);
        if let Err(lost @ Error::DeviceLost(_)) = played {
            return Err(lost);
        }
        let played = played.map(|()| found);
        let trial = compare(&case, &case.expected(), program, played);
        nmse = nmse.max(trial.distance.nmse);
        if trial.outcome != Outcome::Right {
            let message = format!("{}: {}", trial.case, trial.message);
            return Ok(Finding::new(program, trial.outcome, nmse, &message));
        }
    }
    Ok(Finding::new(program, Outcome::Right, nmse, ""))
}

/// What the clock says of a program.
pub(super) enum Clocked {
    /// Seconds of dispatches of a common size.
    Seconds(f64),
    /// The time was up before.
    TimeUp,
    /// The device does not play those.
    Refused(Finding),
}

/// Looks how fast a program is, within `limit`.
///
/// # Errors
/// [`Error::DeviceLost`].
pub(super) fn measure(gpu: &Arc<Gpu>, program: &Program, limit: Duration) -> Result<Clocked> {
    let start = Instant::now();
    let mut all = 0.0;
    for (times, case) in measured(&program.shader) {
        let left = limit.saturating_sub(start.elapsed());
        match seconds_of(gpu, program, &case.params, case.step, &case.buffers, left) {
            Ok(Some(seconds)) => all += seconds * f64::from(times),
            Ok(None) => return Ok(Clocked::TimeUp),
            Err(lost @ Error::DeviceLost(_)) => return Err(lost),
            Err(error) => {
                let message = format!("{}: {error}", case.name);
                let refused = Finding::new(program, Outcome::Refused, 0.0, &message);
                return Ok(Clocked::Refused(refused));
            }
        }
    }
    Ok(Clocked::Seconds(all))
}

impl Runtime {
    /// One dispatch on the given buffers (in binding order), for tests and checks of a device. Those that the kernel may
    /// write come back changed. Without a GPU the reference is played.
    ///
    /// # Errors
    /// [`Error::Input`] for params or buffers that are not the shader's, [`Error::Limit`] for a buffer that cannot be
    /// bound, [`Error::Unsupported`] for a feature that the device lacks, [`Error::Device`] where it fails.
    pub fn run_kernel(
        &self,
        program: &Program,
        params: &[u8],
        step: Step,
        buffers: &mut [Vec<u32>],
    ) -> Result<()> {
        let kernel = program.shader.kernel;
        let sizes = (params.len(), buffers.len());
        if sizes != (kernel.params_bytes, kernel.binds.len()) {
            let sizes = |(params, buffers)| format!("{params} bytes, {buffers} buffers");
            return Err(Error::Input {
                what: format!("params and buffers of {}", program.label()),
                expected: sizes((kernel.params_bytes, kernel.binds.len())),
                found: sizes((params.len(), buffers.len())),
            });
        }
        for (bind, words) in kernel.binds.iter().zip(buffers.iter()) {
            let needed = words.len() as u64 * 4;
            if needed > self.max_binding_bytes() {
                return Err(Error::Limit {
                    what: format!("binding {} of {}", bind.name, program.label()),
                    needed,
                    limit: self.max_binding_bytes(),
                });
            }
        }
        match self.gpu() {
            Some(gpu) => play_alone(&gpu, program, params, step, buffers)?,
            None => reference::play(&program.shader, params, step, buffers),
        }
        Ok(())
    }
}
