//! What the tokenizer's tables take on the host: the bounds that a budget counts against what is really held, and what
//! is held while they are made.

use lorgnette::formats::Checkpoint;
use lorgnette::synth::SynthShape;
use lorgnette::text::{host_bytes, tokenizer};
use lorgnette_shaders::weights::WeightFormat;

use super::synth::{make, tiny};
use super::{data, scratch};
use lorgnette_tests::allocations::during;

/// No less than what is held, and at most so much more.
fn check(what: &str, file: &Checkpoint, most: f64) {
    let (held_at_most, reading_at_most) = host_bytes(file.metadata()).expect("bounds");
    let (tokenizer, asked) = during(|| tokenizer(file.metadata()).expect("a tokenizer"));
    println!(
        "{what}: {} tokens, {} bytes held of {held_at_most}, {} at the peak of {reading_at_most}",
        tokenizer.len(),
        asked.held,
        asked.peak,
    );
    for (bound, found, most) in [
        (held_at_most, asked.held, most),
        (reading_at_most, asked.peak, 1.5),
    ] {
        assert!(
            (1.0..=most).contains(&(bound as f64 / found as f64)),
            "{what}: at most {bound} bytes, found {found}"
        );
    }
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
