//! The runner of kernel cases: each on the device and on the reference, and every case that fails is named.

use lorgnette::selftest::{Verdict, check};
use lorgnette_shaders::cases::Case;

use crate::runtime;

/// Plays the cases on the device of this test binary; prints the worst distance, panics with the cases that failed.
pub fn play(cases: impl IntoIterator<Item = Case>) {
    let (mut played, mut nmse, mut max_abs, mut failed) = (0, 0f64, 0f64, Vec::new());
    let mut worst = String::from("none of them");
    for case in cases {
        let result = check(runtime(), &case);
        if result.verdict != Verdict::Passed {
            failed.push(format!(
                "{:?}: {}: {}",
                result.verdict, result.case, result.message
            ));
        }
        if result.distance.nmse > nmse {
            worst.clone_from(&result.case);
        }
        nmse = nmse.max(result.distance.nmse);
        max_abs = max_abs.max(result.distance.max_abs);
        played += 1;
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

/// The buffers as the device leaves them.
///
/// # Panics
/// If the device does not play the case.
pub fn found(case: &Case) -> Vec<Vec<u32>> {
    let mut buffers = case.buffers.clone();
    runtime()
        .run_kernel(&case.shader, &case.params, case.step, &mut buffers)
        .unwrap_or_else(|error| panic!("{}: {error}", case.name));
    buffers
}
