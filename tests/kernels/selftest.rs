//! The check that a device makes of itself: it plays every shader, and it finds what is wrong.

use std::collections::BTreeSet;

use lorgnette::selftest::{Verdict, check, selftest};
use lorgnette::{Adapter, Error, Runtime, RuntimeOptions};
use lorgnette_shaders::cases::{GUARD, small};
use lorgnette_tests::kernels::found;
use lorgnette_tests::runtime;

#[test]
fn every_shader_passes_on_this_device() {
    let results = selftest(runtime());
    for result in &results {
        assert_eq!(
            result.verdict,
            Verdict::Passed,
            "{}: {}",
            result.case,
            result.message
        );
    }
    let played: BTreeSet<String> = results.into_iter().map(|result| result.shader).collect();
    let all = lorgnette_shaders::shaders();
    assert_eq!(played, all.iter().map(|shader| shader.label()).collect());
}

#[test]
fn the_references_pass_without_a_device() {
    let options = RuntimeOptions {
        adapter: Adapter::Cpu,
        ..Default::default()
    };
    let cpu = Runtime::new(options).expect("no device is needed");
    for result in selftest(&cpu) {
        assert_eq!(result.verdict, Verdict::Passed, "{}", result.case);
        assert_eq!(result.distance.nmse, 0.0, "{}", result.case);
    }
}

/// What a broken device could leave behind is found: wrong numbers, writes behind the end, missing writes, no numbers.
#[test]
fn wrong_results_are_found() {
    for case in small() {
        let binds = case.shader.kernel.binds;
        let written = binds.iter().position(|bind| bind.access.writes());
        let at = written.expect("a kernel writes something");
        let right = case.expected();
        let before = |at: usize, i: usize| case.buffers[at][i];
        // The largest, as bits of a positive number: a change of it is no rounding.
        let touched = (0..right[at].len())
            .filter(|i| right[at][*i] != before(at, *i))
            .max_by_key(|i| right[at][*i] & i32::MAX as u32)
            .unwrap_or_else(|| panic!("{} changes nothing", case.name));
        let change = |i: usize, word: u32| {
            let mut wrong = right.clone();
            wrong[at][i] = word;
            case.compare(&wrong, &right).is_err()
        };
        let name = &case.name;
        assert!(change(touched, right[at][touched] ^ 0x4040_4040), "{name}");
        assert!(change(touched, GUARD), "{name}: a missing write");
        assert!(change(right[at].len() - 1, 0), "{name}: behind the end");
        assert!(change(touched, f32::INFINITY.to_bits()), "{name}: inf");
    }
}

#[test]
fn a_kernel_of_other_params_is_found() {
    // The weights of another format under the same sizes: right sums of wrong weights.
    let all = small();
    let wanted = |label: &str| {
        let case = all.iter().find(|case| case.shader.label() == label);
        case.expect("a small case").clone()
    };
    let (mut case, other) = (wanted("matvec[q4_0]"), wanted("matvec[iq4_nl]"));
    case.shader = other.shader;
    let found = found(&case);
    case.shader = wanted("matvec[q4_0]").shader;
    assert!(case.compare(&found, &case.expected()).is_err());
}

#[test]
fn what_cannot_be_bound_is_refused() {
    let case = &small()[0];
    let mut buffers = case.buffers.clone();
    buffers.pop();
    let missing = runtime().run_kernel(&case.shader, &case.params, case.step, &mut buffers);
    assert!(matches!(missing, Err(Error::Input { .. })), "{missing:?}");
    let mut buffers = case.buffers.clone();
    let short = runtime().run_kernel(&case.shader, &[], case.step, &mut buffers);
    assert!(matches!(short, Err(Error::Input { .. })), "{short:?}");

    let options = RuntimeOptions {
        adapter: Adapter::Cpu,
        max_binding_bytes: Some(1024),
        ..Default::default()
    };
    let small_device = Runtime::new(options).expect("no device is needed");
    let result = check(&small_device, case);
    assert_eq!(result.verdict, Verdict::Refused);
    assert!(result.message.contains("1024"), "{}", result.message);
}
