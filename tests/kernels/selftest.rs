//! The check that a device makes of itself: it plays every shader, and it finds what is wrong.

use lorgnette::trust::{Outcome, check};
use lorgnette::{Adapter, Error, Runtime, RuntimeOptions};
use lorgnette_shaders::cases::{GUARD, measured, small, small_of};
use lorgnette_shaders::{WeightFormat, shaders};
use lorgnette_tests::kernels::{found, play};
use lorgnette_tests::runtime;

/// The small cases on every variant, as a device's own trials play them.
#[test]
fn every_shader_has_a_small_case_and_every_variant_is_right_here() {
    for shader in shaders() {
        assert!(!small_of(&shader).is_empty(), "{}", shader.label());
    }
    play(small());
}

#[test]
fn what_is_measured_is_right_too_and_small() {
    let shaders = shaders();
    for shader in shaders.iter().filter(|s| s.kernel.variants.len() > 1) {
        for (times, case) in measured(shader) {
            let bytes: usize = case.buffers.iter().map(|words| words.len() * 4).sum();
            assert!(bytes <= 3 << 20, "{}: {bytes} bytes", case.name);
            assert!(case.shader == *shader && times > 0, "{}", case.name);
        }
    }
    let q4_0 = shaders
        .iter()
        .filter(|s| s.parts.weights == Some(WeightFormat::Q4_0));
    let measured = q4_0.flat_map(measured);
    play(measured.map(|(_, case)| case));
}

#[test]
fn the_references_pass_without_a_device() {
    let options = RuntimeOptions {
        adapter: Adapter::Cpu,
        ..Default::default()
    };
    let cpu = Runtime::new(options).expect("no device is needed");
    for case in small() {
        let result = check(&cpu, &case, &case.expected(), &case.shader.wanted());
        assert_eq!(result.outcome, Outcome::Right, "{}", result.case);
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
    for (program, words) in found {
        let compared = case.compare(&words, &case.expected());
        assert!(compared.is_err(), "{}", program.label());
    }
}

#[test]
fn what_cannot_be_bound_is_refused() {
    let case = &small()[0];
    let mut buffers = case.buffers.clone();
    buffers.pop();
    let missing =
        runtime().run_kernel(&case.shader.wanted(), &case.params, case.step, &mut buffers);
    assert!(matches!(missing, Err(Error::Input { .. })), "{missing:?}");
    let mut buffers = case.buffers.clone();
    let short = runtime().run_kernel(&case.shader.wanted(), &[], case.step, &mut buffers);
    assert!(matches!(short, Err(Error::Input { .. })), "{short:?}");

    let options = RuntimeOptions {
        adapter: Adapter::Cpu,
        max_binding_bytes: Some(1024),
        ..Default::default()
    };
    let small_device = Runtime::new(options).expect("no device is needed");
    let result = check(&small_device, case, &case.expected(), &case.shader.wanted());
    assert_eq!(result.outcome, Outcome::Refused);
    assert!(result.message.contains("1024"), "{}", result.message);
}
