//! Two tiny random models in the form of Llama 3.2, Q4_0 and Q4_K_M, short and long.

use lorgnette::{Adapter, KvFormat, LoadOptions, Model, Runtime, RuntimeOptions};
use lorgnette_tests::{data, f32s, ids, json, max_distance, runtime};

fn distance(runtime: &Runtime, quant: &str, sequence: &str, options: &LoadOptions) -> f32 {
    let goldens = json("llama3-tiny/goldens.json");
    let golden = goldens["sequences"]
        .as_array()
        .expect("sequences")
        .iter()
        .find(|golden| golden["model"] == quant && golden["name"] == sequence)
        .expect("the golden");
    let model = Model::load(
        runtime,
        data(&format!("llama3-tiny-a-{quant}.gguf")),
        options,
        |_| (),
    )
    .expect("loads");
    let mut session = model.session().expect("a session");
    let logits = session.logits(&ids(&golden["ids"])).expect("logits");
    max_distance(
        &logits,
        &f32s(&format!("llama3-tiny/{quant}-{sequence}.exact.f32")),
    )
}

fn check(runtime: &Runtime, options: &LoadOptions, bound: f32) {
    for quant in ["q4_0", "q4_k_m"] {
        for sequence in ["short", "long"] {
            let distance = distance(runtime, quant, sequence, options);
            println!(
                "{quant} {sequence} {:?}: max |d| {distance:.2e}",
                options.kv
            );
            assert!(
                distance <= bound,
                "{quant} {sequence} {options:?}: max |d| {distance} over {bound}"
            );
        }
    }
}

#[test]
fn f32_cache_is_within_1e_3() {
    check(
        runtime(),
        &LoadOptions {
            kv: KvFormat::F32,
            ..Default::default()
        },
        1e-3,
    );
}

#[test]
fn f16_cache_is_within_2e_2() {
    check(
        runtime(),
        &LoadOptions {
            kv: KvFormat::F16,
            ..Default::default()
        },
        2e-2,
    );
}

#[test]
fn the_unfused_recording_is_right_too() {
    check(
        runtime(),
        &LoadOptions {
            kv: KvFormat::F32,
            fused: false,
            ..Default::default()
        },
        1e-3,
    );
}

#[test]
fn the_references_are_right_too() {
    let cpu = Runtime::new(RuntimeOptions {
        adapter: Adapter::Cpu,
        ..Default::default()
    })
    .expect("no device is needed");
    check(
        &cpu,
        &LoadOptions {
            kv: KvFormat::F32,
            ..Default::default()
        },
        1e-3,
    );
}

#[test]
fn gpu_and_references_agree_dispatch_by_dispatch() {
    for quant in ["q4_0", "q4_k_m"] {
        let path = data(&format!("llama3-tiny-a-{quant}.gguf"));
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
