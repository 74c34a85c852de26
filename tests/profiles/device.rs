//! What is asked of an adapter for a profile, and what is refused: limits, features, workgroup memory, buffers.

use lorgnette::trust::{Outcome, check};
use lorgnette::{Adapter, Error, LoadOptions, Model, Profile, Runtime, RuntimeOptions};
use lorgnette_shaders::Program;
use lorgnette_shaders::cases::{Case, small};
use lorgnette_tests::{data, open, runtime, skipped};
use naga::AddressSpace;
use naga::proc::Layouter;

use super::changed;

/// A small case and the most wanted program for it.
fn case(wanted: impl Fn(&Program) -> bool) -> (Case, Program) {
    let mut all = small().into_iter().map(|case| {
        let program = case.shader.wanted();
        (case, program)
    });
    all.find(|(_, program)| wanted(program))
        .expect("such a case")
}

fn workgroup_bytes(program: &Program) -> u32 {
    let module = naga::front::wgsl::parse_str(&program.source()).expect("sound WGSL");
    let mut layouter = Layouter::default();
    layouter.update(module.to_ctx()).expect("sizes");
    let variables = module.global_variables.iter().map(|(_, variable)| variable);
    variables
        .filter(|variable| variable.space == AddressSpace::WorkGroup)
        .map(|variable| layouter[variable.ty].size)
        .sum()
}

#[test]
fn the_device_is_the_profile() {
    for profile in Profile::ALL {
        let runtime = match open(profile) {
            Ok(runtime) => runtime,
            Err(error @ Error::Unsupported { .. }) => {
                let software = runtime().adapter().name.starts_with("llvmpipe");
                assert!(!software, "this driver has enough for all: {error}");
                skipped("device::the_device_is_the_profile", &error.to_string());
                continue;
            }
            Err(error) => panic!("{}: {error}", profile.name),
        };
        assert_eq!(runtime.profile(), &profile);
        let report = runtime.adapter();
        let Some(offer) = profile.offer else {
            continue;
        };
        let name = profile.name;
        assert_eq!(runtime.max_binding_bytes(), offer.binding_bytes, "{name}");
        assert_eq!(report.max_binding_bytes, offer.binding_bytes, "{name}");
        assert_eq!(report.max_buffer_bytes, offer.buffer_bytes, "{name}");
        assert_eq!(report.max_workgroup_bytes, offer.workgroup_bytes, "{name}");
        let invocations = offer.workgroup_invocations;
        assert_eq!(report.max_workgroup_invocations, invocations, "{name}");
        let has = |feature| report.features.contains(&feature);
        assert_eq!((has("f16"), has("subgroups")), (offer.f16, offer.subgroups));
    }
}

#[test]
fn an_adapter_with_less_is_refused() {
    let profile = changed(|_, offer| {
        offer.binding_bytes = 1 << 50;
        offer.workgroup_invocations = 1 << 30;
    });
    let error = open(profile).expect_err("no adapter has that");
    let text = error.to_string();
    assert!(matches!(error, Error::Unsupported { .. }), "{text}");
    let device = &runtime().adapter().name;
    let [binding, invocations] = [(1u64 << 50).to_string(), (1 << 30).to_string()];
    for part in ["made-up", device, &binding, &invocations] {
        assert!(text.contains(part), "{part} is not in: {text}");
    }
    assert!(!text.contains("max_buffer_size"), "it has enough: {text}");
}

#[test]
fn a_shader_with_more_workgroup_memory_is_refused() {
    let (case, program) = case(|program| workgroup_bytes(program) > 256);
    let needs = workgroup_bytes(&program);
    let with = |bytes| {
        let device = open(changed(|_, offer| offer.workgroup_bytes = bytes)).expect("opens");
        check(&device, &case, &case.expected(), &program)
    };
    let passed = with(needs);
    assert_eq!(passed.outcome, Outcome::Right, "{}", passed.message);
    let refused = with(needs - 1);
    assert_eq!(refused.outcome, Outcome::Refused);
    for part in [program.label(), needs.to_string(), (needs - 1).to_string()] {
        let message = &refused.message;
        assert!(message.contains(&part), "{part} is not in: {message}");
    }
}

#[test]
fn a_shader_with_larger_workgroups_is_refused() {
    let (case, program) = case(|_| true);
    let small = changed(|_, offer| {
        offer.workgroup_invocations = 16;
        offer.workgroup_size = 16;
    });
    let device = open(small).expect("opens");
    let refused = check(&device, &case, &case.expected(), &program);
    assert_eq!(refused.outcome, Outcome::Refused);
    let label = program.label();
    assert!(refused.message.contains(&label), "{}", refused.message);
}

/// A kernel without a variant that fits is found before anything of the model is made.
#[test]
fn a_model_says_which_shader_does_not_fit() {
    let device = open(changed(|_, offer| offer.workgroup_bytes = 16)).expect("opens");
    let path = data("llama3-tiny/q4_0.gguf");
    let error = Model::load(&device, path, &LoadOptions::default(), |_| ()).expect_err("too small");
    let text = error.to_string();
    assert!(matches!(error, Error::Unsupported { .. }), "{text}");
    for part in ["plain is refused", "workgroup memory of ", "limit is 16"] {
        assert!(text.contains(part), "{part} is not in: {text}");
    }
    assert_eq!(device.counters().live_bytes, 0, "all is given back");
}

#[test]
fn a_buffer_beyond_the_profile_is_refused() {
    // Bindings of the usual size, in buffers that cannot be that large: the plan cuts by binding.
    let profile = changed(|_, offer| offer.buffer_bytes = 64 << 10);
    let device = open(profile).expect("opens");
    let path = data("llama3-tiny/q4_0.gguf");
    let error = Model::load(&device, path, &LoadOptions::default(), |_| ()).expect_err("too small");
    let text = error.to_string();
    assert!(matches!(error, Error::Limit { limit: 65536, .. }), "{text}");
}

#[test]
fn the_references_take_the_binding_of_a_profile() {
    let cpu = Runtime::new(RuntimeOptions {
        adapter: Adapter::Cpu,
        profile: changed(|_, offer| offer.binding_bytes = 64 << 10),
        ..Default::default()
    });
    let cpu = cpu.expect("no device is needed");
    assert_eq!(cpu.max_binding_bytes(), 64 << 10);
}
