//! What the tokenizer's tables take on the host: the estimate that is printed against what is really held.

use lorgnette::formats::Checkpoint;
use lorgnette::synth::SynthShape;
use lorgnette::text::{host_bytes, tokenizer};
use lorgnette_shaders::weights::WeightFormat;

use super::synth::{make, tiny};
use super::{data, scratch};
use lorgnette_tests::allocations::during;

fn check(what: &str, file: &Checkpoint) {
    let estimated = host_bytes(file.metadata()).expect("an estimate") as f64;
    let (tokenizer, asked) = during(|| tokenizer(file.metadata()).expect("a tokenizer"));
    let held = asked.held as f64;
    println!(
        "{what}: {} tokens, {held} bytes held, {estimated} estimated",
        tokenizer.len()
    );
    let off = (estimated - held).abs() / held;
    assert!(
        off < 0.1,
        "{what}: {estimated} bytes estimated, {held} held"
    );
}

#[test]
fn the_estimate_of_host_memory_is_within_a_tenth() {
    for (name, vocabulary) in [("llama-3.2-1b", 128_256), ("smollm2-135m", 49_152)] {
        let shape = SynthShape {
            vocabulary,
            ..tiny(name)
        };
        let path = scratch(&format!("host-{name}.gguf"));
        check(name, &make(&shape, WeightFormat::Q4_0, 1, &path));
        std::fs::remove_file(&path).expect("the file is there");
    }
    let small = data("llama3-tiny/q4_0.gguf");
    check("tiny", &Checkpoint::open(&small).expect("the tiny model"));
    match lorgnette::pull::cached("smollm2-135m") {
        Some(path) => check(
            "SmolLM2",
            &Checkpoint::open(&path).expect("the pulled model"),
        ),
        None => println!("skipped for the real SmolLM2: lorgnette pull smollm2-135m"),
    }
}
