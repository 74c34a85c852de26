//! Every variant of every kernel, forced in turn on a tiny model: the numbers stay an independent engine's.

use lorgnette::trust::Judged;
use lorgnette::{KvFormat, LoadOptions, Runtime, Variants};
use lorgnette_shaders::{KERNELS, Kernel, Shader, Variant};
use lorgnette_tests::{data, f32s, ids, json, load, max_distance};

use super::options;

const PATH: &str = "llama3-tiny/q4_k_m.gguf";

/// What a device with these features plays of a kernel in that turn.
fn variant(kernel: &Kernel, turn: usize, features: &[&str]) -> &'static str {
    let fits = |variant: &&Variant| variant.fits(features);
    let variants: Vec<_> = kernel.variants.iter().filter(fits).collect();
    variants[turn.min(variants.len() - 1)].name
}

/// The largest distance of the logits behind the short sequence, of which the last id is a step of its own.
fn distance(runtime: &Runtime, turn: usize, fused: bool) -> f32 {
    let choices = LoadOptions {
        kv: KvFormat::F32,
        fused,
        ..Default::default()
    };
    let model = load(runtime, data(PATH), &choices);
    let dispatches = model.blueprint().plans.iter().flat_map(|p| p.dispatches());
    let shaders: Vec<Shader> = dispatches.map(|dispatch| dispatch.shader).collect();
    let judged = runtime.judge(&shaders, None, &mut |_, _| ());
    for Judged { shader, used, .. } in judged.expect("a verdict") {
        let expected = variant(shader.kernel, turn, &runtime.adapter().features);
        let used = used.map(|program| program.variant.name);
        assert_eq!(used, Some(expected), "{}", shader.label());
    }
    let goldens = json("llama3-tiny/goldens.json");
    let mut sequences = goldens["sequences"].as_array().expect("sequences").iter();
    let short = sequences.find(|s| s["model"] == "q4_k_m" && s["name"] == "short");
    let ids = ids(&short.expect("a short sequence")["ids"]);
    let mut session = model.session().expect("a session");
    session.logits(&ids[..ids.len() - 1]).expect("logits");
    let found = session.logits(&ids).expect("logits");
    max_distance(&found, &f32s("llama3-tiny/q4_k_m-short.exact.f32"))
}

#[test]
fn every_variant_is_right_in_a_model() {
    let features = lorgnette_tests::runtime().adapter().features.clone();
    let fitting = |kernel: &&Kernel| kernel.variants.iter().filter(|v| v.fits(&features)).count();
    let turns = KERNELS.iter().map(fitting).max().expect("kernels");
    assert!(turns > 2, "{turns} variants at most");
    for turn in 0..turns {
        let pins = KERNELS.iter().fold(Variants::in_order(), |pins, kernel| {
            pins.pin(kernel.name, variant(kernel, turn, &features))
        });
        let runtime = Runtime::new(options(&[], pins, None)).expect("opens");
        for fused in [true, false] {
            let distance = distance(&runtime, turn, fused);
            println!("turn {turn}, fused {fused}: max |d| {distance:.2e}");
            assert!(
                distance <= 1e-3,
                "turn {turn}, fused {fused}: max |d| {distance}"
            );
        }
    }
}
