//! The runner of kernel cases: each by every program on the device and on the reference, and every case that fails is named.

use lorgnette::trust::{Outcome, check};
use lorgnette_shaders::cases::Case;
use lorgnette_shaders::{Medium, Program, WeightFormat};

use crate::{elsewhere, runtime};

/// Plays the cases on the device of this test binary; prints the worst distance, panics with the cases that failed.
pub fn play(cases: impl IntoIterator<Item = Case>) {
    let (mut played, mut nmse, mut max_abs, mut failed) = (0, 0f64, 0f64, Vec::new());
    let mut worst = String::from("none of them");
    for case in cases {
        let expected = case.expected();
        for program in programs(&case).filter(is_played) {
            let result = check(runtime(), &case, &expected, &program);
            let what = format!("{}: {}", result.program, result.case);
            if result.outcome != Outcome::Right {
                failed.push(format!("{:?}: {what}: {}", result.outcome, result.message));
            }
            if result.distance.nmse > nmse {
                worst = what;
            }
            nmse = nmse.max(result.distance.nmse);
            max_abs = max_abs.max(result.distance.max_abs);
            played += 1;
        }
    }
    println!("{played} cases: NMSE up to {nmse:.1e} ({worst}), max |d| up to {max_abs:.1e}");
    assert!(played > 0, "no case was played");
    assert!(
        failed.is_empty(),
        "{} of {played} cases:\n{}",
        failed.len(),
        failed.join("\n")
    );
}

/// Whether this device plays a program: the first one plays all in buffers, and in textures, which every variant reads by
/// the same lines whatever they hold, those that tell more; others play those that tell more, in buffers.
fn is_played(program: &Program) -> bool {
    let here = elsewhere::is_here();
    let of_its_kind = tells_more(&Program {
        medium: Medium::Buffer,
        ..*program
    });
    match program.medium {
        Medium::Buffer => here || of_its_kind,
        Medium::Texture => here && of_its_kind,
    }
}

/// Whether a program differs from others in more than its weight format: the most wanted variant of every shader, and every
/// other program of kernels that take no weights, or takes them as Q4_0.
pub fn tells_more(program: &Program) -> bool {
    let weights = program.shader.parts.weights;
    *program == program.shader.wanted() || weights.is_none_or(|format| format == WeightFormat::Q4_0)
}

/// The buffers as each program of the case leaves them on the device.
///
/// # Panics
/// If the device does not play the case.
pub fn found(case: &Case) -> Vec<(Program, Vec<Vec<u32>>)> {
    let play = |program: Program| {
        let mut buffers = case.buffers.clone();
        runtime()
            .run_kernel(&program, &case.params, case.step, &mut buffers)
            .unwrap_or_else(|error| panic!("{}: {}: {error}", program.label(), case.name));
        (program, buffers)
    };
    programs(case).map(play).collect()
}

/// The programs of a case that the device can have.
fn programs(case: &Case) -> impl Iterator<Item = Program> {
    let features = &runtime().adapter().features;
    let programs = case.shader.programs();
    programs.filter(|program| program.variant.fits(features))
}
