//! Devices that bind little: matrices are cut by row, activations by chunk, the context by position; and where nothing
//! can be cut any more, the error says so.

use std::path::Path;

use lorgnette::formats::Checkpoint;
use lorgnette::plan::TensorId;
use lorgnette::synth::{SynthShape, synth};
use lorgnette::{Blueprint, Error, KvFormat, LoadOptions, WeightFormat};

use super::{COMMON, QUANTS, checkpoint, plan};

/// Every binding of every dispatch, and every buffer.
fn assert_fits(name: &str, blueprint: &Blueprint, limit: u64) {
    let memory = &blueprint.memory;
    let session = &memory.session;
    let buffers = memory
        .weights
        .iter()
        .chain(&memory.slots)
        .chain(&session.keys);
    for bytes in buffers.chain([&session.ids, &session.step]) {
        assert!(*bytes <= limit, "{name}: a buffer of {bytes}");
    }
    for plan in &blueprint.plans {
        for (id, tensor) in plan.tensors.iter().enumerate() {
            let bytes = plan.bytes(TensorId(id));
            assert!(bytes <= limit, "{name}: {tensor:?} of {bytes}");
        }
    }
}

#[test]
fn small_bindings_cut_matrices_into_shards() {
    for quant in QUANTS {
        let checkpoint = checkpoint(quant);
        let pieces = |limit| {
            let blueprint = Blueprint::new(&checkpoint, &LoadOptions::default(), limit);
            let blueprint = blueprint.unwrap_or_else(|e| panic!("{quant} {limit}: {e}"));
            assert_fits(&format!("{quant} {limit}"), &blueprint, limit);
            plan(&blueprint, "decode").dispatches().count()
        };
        let [whole, large, small] = [COMMON, 100_000, 64 << 10].map(pieces);
        assert!(
            whole < large && large <= small,
            "{quant}: {whole} {large} {small}"
        );
    }
}

#[test]
fn any_limit_fits_or_is_refused_in_words() {
    let small = (0..64).chain((64..4096).step_by(61));
    let limits: Vec<u64> = small.chain((4096..300_000).step_by(4999)).collect();
    for quant in QUANTS {
        let checkpoint = checkpoint(quant);
        let (mut fitting, mut refused) = (0, 0);
        for kv in KvFormat::ALL {
            for limit in &limits {
                let options = LoadOptions {
                    kv,
                    ..Default::default()
                };
                match Blueprint::new(&checkpoint, &options, *limit) {
                    Ok(blueprint) => {
                        assert_fits(&format!("{quant} {limit}"), &blueprint, *limit);
                        assert!(blueprint.context > 0, "{quant} {limit}");
                        fitting += 1;
                    }
                    Err(Error::Limit {
                        needed,
                        limit: said,
                        ..
                    }) => {
                        assert!(needed > said && said == *limit, "{quant} {limit}: {needed}");
                        refused += 1;
                    }
                    Err(other) => panic!("{quant} {limit}: {other}"),
                }
            }
        }
        assert!(
            fitting > 10 && refused > 10,
            "{quant}: {fitting}, {refused}"
        );
    }
}

#[test]
fn a_context_that_cannot_be_bound_is_refused() {
    let checkpoint = checkpoint("q4_0");
    // One head of 64: 2 blocks, in whole units of 16 bytes where they are quantised.
    let rows = [256, 128, 80, 48];
    for (kv, row) in KvFormat::ALL.into_iter().zip(rows) {
        // Matrices and activations need this much too.
        let most = 12_800 / row;
        let asked = |context| {
            let options = LoadOptions {
                context: Some(context),
                kv,
                ..Default::default()
            };
            Blueprint::new(&checkpoint, &options, most * row)
        };
        let fitting = asked(most as u32).expect("fits");
        assert_eq!(fitting.memory.session.keys, [most * row; 2], "{kv:?}");
        for context in [0, most as u32 + 1, u32::MAX] {
            let error = asked(context).expect_err("too many");
            let text = error.to_string();
            assert!(matches!(error, Error::Input { .. }), "{text}");
            assert!(text.contains(&format!("1 to {most} ")), "{text}");
        }
    }
}

/// Keys that are wider than anything else: heads need not add up to the width.
#[test]
fn keys_that_cannot_be_bound_are_refused() {
    let shape = SynthShape {
        layers: 1,
        dim: 64,
        ffn: 64,
        heads: 8,
        kv_heads: 8,
        head_dim: 128,
        vocabulary: 300,
        ..SynthShape::like("llama-3.2-1b").expect("a known shape")
    };
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("wide-keys.gguf");
    synth(&shape, WeightFormat::Q4_0, 1, &path, &mut |_, _| ()).expect("a file");
    let checkpoint = Checkpoint::open(&path).expect("a file that opens");
    let options = LoadOptions {
        kv: KvFormat::F32,
        ..Default::default()
    };
    let error = Blueprint::new(&checkpoint, &options, 2000).expect_err("4096 bytes a position");
    let text = error.to_string();
    assert!(
        matches!(
            error,
            Error::Limit {
                needed: 4096,
                limit: 2000,
                ..
            }
        ),
        "{text}"
    );
}

/// Eight rows must fit a staging buffer: a file with wider ones is refused, not half loaded.
#[test]
fn rows_that_cannot_be_staged_are_refused() {
    let shape = SynthShape {
        layers: 1,
        dim: 32,
        ffn: 1 << 17,
        heads: 1,
        kv_heads: 1,
        head_dim: 32,
        vocabulary: 300,
        ..SynthShape::like("llama-3.2-1b").expect("a known shape")
    };
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("wide-rows.gguf");
    synth(&shape, WeightFormat::Q4_0, 1, &path, &mut |_, _| ()).expect("a file");
    let checkpoint = Checkpoint::open(&path).expect("a file that opens");
    let options = LoadOptions::default();
    let error = Blueprint::new(&checkpoint, &options, COMMON).expect_err("131072 wide");
    let text = error.to_string();
    assert!(
        text.contains("feed_forward_length") && text.contains("65536"),
        "{text}"
    );
}

#[test]
fn chunks_shrink_with_the_binding() {
    let checkpoint = checkpoint("q4_k_m");
    let rows = |limit, prefill_chunk| {
        let options = LoadOptions {
            prefill_chunk,
            ..Default::default()
        };
        let blueprint = Blueprint::new(&checkpoint, &options, limit).expect("fits");
        assert_fits("chunk", &blueprint, limit);
        (blueprint.prefill_chunk, plan(&blueprint, "score").rows)
    };
    assert_eq!(rows(COMMON, 128), (128, 32));
    // Few scores at once, where a chunk is short to save memory.
    assert_eq!(rows(COMMON, 16), (16, 4));
    assert_eq!(rows(COMMON, 3), (3, 1));
    let (prefill, score) = rows(64 << 10, 128);
    assert!(prefill < 128 && score <= prefill, "{prefill} {score}");

    let none = LoadOptions {
        prefill_chunk: 0,
        ..Default::default()
    };
    let error = Blueprint::new(&checkpoint, &none, COMMON).expect_err("no rows");
    assert!(error.to_string().contains("prefill chunk"), "{error}");
}
