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

/// Mean squared error of the logits over their mean square: independent ones would be 2 apart.
fn check_quantised(kv: KvFormat, bound: f64) {
    let options = LoadOptions {
        kv,
        ..Default::default()
    };
    for (name, found, expected) in tiny::logits(runtime(), &options, &["short", "long"]) {
        let square = |(a, b): (&f32, &f32)| f64::from(a - b) * f64::from(a - b);
        let errors: f64 = found.iter().zip(&expected).map(square).sum();
        let nmse = errors / expected.iter().map(|e| square((e, &0.0))).sum::<f64>();
        println!("{name} {kv:?}: NMSE {nmse:.2e}");
        assert!(nmse <= bound, "{name} {kv:?}: NMSE {nmse} over {bound}");
    }
}

/// Rounding to 1 / 127 of the largest of 32 elements moves one by 0.5 %, as the square root of NMSE; the few random
/// layers behind it by 1 to 2 %.
#[test]
fn q8_0_cache_is_within_nmse_1e_3() {
    check_quantised(KvFormat::Q8_0, 1e-3);
}

/// 16 times the step of `q8_0`, and so 256 times its NMSE.
#[test]
fn q4_0_cache_is_within_nmse_2e_1() {
    check_quantised(KvFormat::Q4_0, 2e-1);
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
    for (quant, kv) in [
        ("q4_0", KvFormat::F16),
        ("q4_k_m", KvFormat::Q8_0),
        ("q4_k_m", KvFormat::Q4_0),
    ] {
        let path = data(&format!("llama3-tiny/{quant}.gguf"));
        let options = LoadOptions {
            kv,
            ..Default::default()
        };
        let report =
            lorgnette::trace(runtime(), path, &options, &[496, 3, 7, 300, 12]).expect("a trace");
        println!(
            "{quant} {kv:?}: {} dispatches, normalised squared error at most {:.1e}",
            report.dispatches, report.error
        );
        assert_eq!(report.difference, None);
        // Two steps of two layers: at least ten dispatches a layer and four more, and seven and four.
        assert!(
            report.dispatches >= 24 + 18,
            "{} dispatches",
            report.dispatches
        );
    }
}
