//! Two tiny random models in the form of Llama 3.2, Q4_0 and Q4_K_M, short and long: on the device, fused and not, and
//! by the plain references.

use lorgnette::{Adapter, KvFormat, LoadOptions, Runtime};
use lorgnette_tests::{data, own_runtime, runtime, tiny};

fn check(runtime: &Runtime, kv: KvFormat, fused: bool, bound: f32) {
    let options = LoadOptions {
        kv,
        fused,
        ..Default::default()
    };
    for (name, distance) in tiny::logit_distances(runtime, &options) {
        println!("{name} {kv:?}: max |d| {distance:.2e}");
        assert!(
            distance <= bound,
            "{name} {kv:?}: max |d| {distance} over {bound}"
        );
    }
}

#[test]
fn f32_cache_is_within_1e_3() {
    check(runtime(), KvFormat::F32, true, 1e-3);
}

#[test]
fn f16_cache_is_within_2e_2() {
    check(runtime(), KvFormat::F16, true, 2e-2);
}

#[test]
fn the_unfused_recording_is_right_too() {
    check(runtime(), KvFormat::F32, false, 1e-3);
}

#[test]
fn the_references_are_right_too() {
    let cpu = own_runtime(Adapter::Cpu, None);
    check(&cpu, KvFormat::F32, true, 1e-3);
}

#[test]
fn gpu_and_references_agree_dispatch_by_dispatch() {
    for quant in ["q4_0", "q4_k_m"] {
        let path = data(&format!("llama3-tiny/{quant}.gguf"));
        let report = lorgnette::trace(
            runtime(),
            path,
            &LoadOptions::default(),
            &[496, 3, 7, 300, 12],
        )
        .expect("a trace");
        println!(
            "{quant}: {} dispatches, normalised squared error at most {:.1e}",
            report.dispatches, report.error
        );
        assert_eq!(report.difference, None);
        // Two steps of two layers: each has at least ten dispatches a layer and four more.
        assert!(
            report.dispatches >= 2 * 24,
            "{} dispatches",
            report.dispatches
        );
    }
}
