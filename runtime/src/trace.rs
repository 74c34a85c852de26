//! Plays a model on the GPU and with the references, dispatch by dispatch, and names the first one whose outputs differ.
//! A tool for finding a wrong kernel; slow, and it holds the weights twice.

use std::path::Path;
use std::sync::Arc;

use lorgnette_shaders::{Part, Step};

use crate::blueprint::{Blueprint, DECODE, LoadOptions, PREFILL};
use crate::formats::Checkpoint;
use crate::ops::Heads;
use crate::plan::{Home, Plan, TensorId};
use crate::player::{Turn, Want};
use crate::realize::{LoadTimings, Watch, load_cpu, load_gpu, programs};
use crate::{Error, Result, Runtime};

/// Squared error over squared reference, above which outputs count as different: far above the noise of another order
/// of summation, far below any wrong kernel. Where rows are written to a cache, results may differ by the cache's rounding.
const TOLERANCE: f64 = 1e-6;

/// A dispatch whose output is not the reference's.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// `decode` or `prefill`.
    pub plan: &'static str,
    /// Index of the dispatch in its plan.
    pub dispatch: usize,
    /// What it is in the model.
    pub label: String,
    /// Kernel and part.
    pub shader: String,
    /// The tensor that differs.
    pub tensor: String,
    /// Normalised mean squared error.
    pub error: f64,
    /// The element that differs most: index, on the GPU, by the reference.
    pub worst: (usize, f32, f32),
}

/// What a trace saw.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceReport {
    /// Dispatches compared.
    pub dispatches: usize,
    /// The largest normalised mean squared error among those that agree.
    pub error: f64,
    /// The first dispatch that differs, if any.
    pub difference: Option<Difference>,
}

/// Plays a prompt of `ids` (at most one prefill chunk) and one decode step. Each dispatch gets the GPU's own inputs on both
/// sides, so that a difference is that dispatch's.
///
/// # Errors
/// As a load and a session; [`Error::Input`] without a GPU or with too many ids.
pub fn trace(
    runtime: &Runtime,
    path: impl AsRef<Path>,
    options: &LoadOptions,
    ids: &[u32],
) -> Result<TraceReport> {
    let input = |what: &str, expected: String, found: String| Error::Input {
        what: what.into(),
        expected,
        found,
    };
    let Some(gpu) = runtime.gpu() else {
        return Err(input(
            "adapter of a trace",
            "a GPU or a software driver".into(),
            runtime.adapter().name.clone(),
        ));
    };
    let checkpoint = Arc::new(Checkpoint::open(path.as_ref())?);
    let options = options.on(runtime.profile());
    let blueprint = Blueprint::new(&checkpoint, &options, runtime.max_binding_bytes())?;
    let most = blueprint.prefill_chunk.min(blueprint.context - 1) as usize;
    if ids.is_empty()
        || ids.len() > most
        || ids
            .iter()
            .any(|id| *id as usize >= blueprint.config.vocabulary)
    {
        let expected = format!("1 to {most} ids below {}", blueprint.config.vocabulary);
        return Err(input(
            "prompt of a trace",
            expected,
            format!("{} ids", ids.len()),
        ));
    }
    let programs = programs(runtime, &blueprint, &mut |_| ())?;
    let timings = &mut LoadTimings::default();
    let watch = &mut Watch {
        progress: &mut |_| (),
        given_up: &|| false,
    };
    let mut gpu_player = load_gpu(&gpu, &programs, &checkpoint, &blueprint, timings, watch)?;
    let mut cpu_player = load_cpu(&checkpoint, &blueprint, &mut |_| ())?;
    let gpu_session = gpu_player.open(&blueprint.plans, &blueprint.memory)?;
    let mut cpu_session = crate::cpu::CpuSession::new(&blueprint.memory);
    let mut report = TraceReport {
        dispatches: 0,
        error: 0.0,
        difference: None,
    };
    let heads = blueprint.config.heads(blueprint.context, blueprint.kv);
    let prompt = if ids.len() == 1 { DECODE } else { PREFILL };
    // The decode step takes the id that the GPU has chosen.
    let steps = [
        (prompt, Step::new(0, ids.len() as u32), ids),
        (DECODE, Step::new(ids.len() as u32, 1), &[]),
    ];
    for (index, step, ids) in steps {
        let plan = &blueprint.plans[index];
        let angles = blueprint.angles(&step);
        let turn = Turn {
            plan: index,
            step,
            ids,
            angles: &angles,
            want: Want::Nothing,
            cancelled: &|| false,
            gate: runtime.gate(),
        };
        for (at, dispatch) in plan.dispatches().enumerate() {
            if !dispatch.is_played(&step) {
                continue;
            }
            let written = gpu_player.play_one(&gpu_session, plan, &turn, at)?;
            let mut look = |i: usize, id: TensorId, expected: &mut [u32]| {
                compare(&mut report, plan, at, id, &written[i], expected, heads);
                expected.copy_from_slice(&written[i]);
            };
            cpu_player.play_one(&mut cpu_session, plan, &turn, at, &mut look)?;
            report.dispatches += 1;
            if report.difference.is_some() {
                return Ok(report);
            }
        }
    }
    Ok(report)
}

fn compare(
    report: &mut TraceReport,
    plan: &Plan,
    at: usize,
    id: TensorId,
    found: &[u32],
    expected: &[u32],
    heads: Heads,
) {
    let tensor = plan.tensor(id);
    let mut tolerance = TOLERANCE;
    let dispatch = plan.dispatches().nth(at).expect("a dispatch of the plan");
    if dispatch.shader.kernel.takes(Part::CachePack) {
        tolerance = tolerance.max(heads.cache.rounding());
    }
    let elements = |words: &[u32]| -> Vec<f32> {
        match tensor.home {
            // Ids are compared as numbers: any difference is far above the tolerance.
            Home::Ids => words.iter().map(|id| *id as f32).collect(),
            Home::Keys(_) | Home::Values(_) => heads.rows(words),
            _ => bytemuck::cast_slice(words).to_vec(),
        }
    };
    let (found, expected) = (elements(found), elements(expected));
    let (mut squares, mut reference, mut worst) = (0.0, 0.0, (0, 0.0, 0.0, -1.0));
    for (i, (found, expected)) in found.iter().zip(&expected).enumerate() {
        let distance = f64::from(found - expected).abs();
        // A NaN on one side only is as different as can be; the same bits on both sides are not.
        let distance = if distance.is_nan() && found.to_bits() != expected.to_bits() {
            f64::MAX.sqrt()
        } else if distance.is_nan() {
            0.0
        } else {
            distance
        };
        squares += distance * distance;
        reference += f64::from(*expected) * f64::from(*expected);
        if distance > worst.3 {
            worst = (i, *found, *expected, distance);
        }
    }
    let error = if squares == 0.0 {
        0.0
    } else {
        squares / reference.max(f64::MIN_POSITIVE)
    };
    if error <= tolerance {
        report.error = report.error.max(error);
    } else if report.difference.is_none() {
        report.difference = Some(Difference {
            plan: plan.name,
            dispatch: at,
            label: dispatch.label.clone(),
            shader: dispatch.shader.label(),
            tensor: tensor.name.clone(),
            error,
            worst: (worst.0, worst.1, worst.2),
        });
    }
}

#[cfg(test)]
mod tests {
    use lorgnette_shaders::CacheFormat;

    use super::*;
    use crate::plan::{Recorder, Rows};

    /// A plan of two additions, and what a trace says of the second's output.
    fn report(found: &[f32], expected: &[f32]) -> TraceReport {
        let mut recorder = Recorder::new("decode", 1);
        let x = recorder.scratch("x", Rows::Step, 4);
        let out = recorder.scratch("out", Rows::Step, 4);
        recorder.scope("layer 7");
        recorder.add("first", x, out);
        recorder.add("second", x, out);
        let plan = recorder.finish(out, None);
        let mut report = TraceReport {
            dispatches: 2,
            error: 0.0,
            difference: None,
        };
        let words = |values: &[f32]| bytemuck::cast_slice::<f32, u32>(values).to_vec();
        let (found, expected) = (words(found), words(expected));
        compare(
            &mut report,
            &plan,
            1,
            out,
            &found,
            &expected,
            Heads {
                heads: 1,
                kv_heads: 1,
                size: 32,
                context: 1,
                cache: CacheFormat::F16,
            },
        );
        report
    }

    #[test]
    fn rounding_is_no_difference() {
        let report = report(&[1.0, -2.0, 3.000_000_2, 0.0], &[1.0, -2.0, 3.0, 0.0]);
        assert_eq!(report.difference, None);
        assert!(report.error > 0.0, "it is told all the same");
    }

    #[test]
    fn a_wrong_number_is_named() {
        let report = report(&[1.0, -2.0, 3.1, 0.0], &[1.0, -2.0, 3.0, 0.0]);
        let difference = report.difference.expect("a difference");
        assert_eq!((difference.plan, difference.dispatch), ("decode", 1));
        assert_eq!(
            (&*difference.label, &*difference.shader),
            ("layer 7 second", "add")
        );
        assert_eq!(
            (&*difference.tensor, difference.worst),
            ("out", (2, 3.1, 3.0))
        );
    }

    #[test]
    fn nan_is_a_difference_unless_both_have_it() {
        let nan = f32::NAN;
        assert!(
            report(&[1.0, nan, 0.0, 0.0], &[1.0, 2.0, 0.0, 0.0])
                .difference
                .is_some()
        );
        assert!(
            report(&[1.0, 2.0, 0.0, 0.0], &[1.0, nan, 0.0, 0.0])
                .difference
                .is_some()
        );
        assert_eq!(
            report(&[1.0, nan, 0.0, 0.0], &[1.0, nan, 0.0, 0.0]).difference,
            None
        );
    }
}
