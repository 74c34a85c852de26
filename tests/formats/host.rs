//! What the tokenizer's tables take on the host: the bound that a budget counts against what is really held.

use lorgnette::formats::Checkpoint;
use lorgnette::synth::SynthShape;
use lorgnette::text::{host_bytes, tokenizer};
use lorgnette_shaders::weights::WeightFormat;

use super::synth::{make, tiny};
use super::{data, scratch};
use lorgnette_tests::allocations::during;

/// No less than what is held, and at most so much more.
fn check(what: &str, file: &Checkpoint, most: f64) {
    let estimated = host_bytes(file.metadata()).expect("an estimate") as f64;
    let (tokenizer, asked) = during(|| tokenizer(file.metadata()).expect("a tokenizer"));
    let held = asked.held as f64;
    println!(
        "{what}: {} tokens, {held} bytes held, {estimated} estimated",
        tokenizer.len()
    );
    assert!(
        (1.0..=most).contains(&(estimated / held)),
        "{what}: {estimated} bytes estimated, {held} held"
    );
}

#[test]
fn the_bound_of_host_memory_is_within_a_tenth() {
    for (name, vocabulary) in [("llama-3.2-1b", 128_256), ("smollm2-135m", 49_152)] {
        let shape = SynthShape {
            vocabulary,
            ..tiny(name)
        };
        let path = scratch(&format!("host-{name}.gguf"));
        check(name, &make(&shape, WeightFormat::Q4_0, 1, &path), 1.1);
        std::fs::remove_file(&path).expect("the file is there");
    }
    let small = data("llama3-tiny/q4_0.gguf");
    // Its patterns, of a fixed size, are most of it.
    check(
        "tiny",
        &Checkpoint::open(&small).expect("the tiny model"),
        1.5,
    );
    match lorgnette::pull::cached("smollm2-135m") {
        Some(path) => check(
            "SmolLM2",
            &Checkpoint::open(&path).expect("the pulled model"),
            1.1,
        ),
        None => println!("skipped for the real SmolLM2: lorgnette pull smollm2-135m"),
    }
}
