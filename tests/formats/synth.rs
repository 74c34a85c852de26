//! Synthetic models: they read back as the shape says, in every format, the same for the same seed.

use std::path::Path;

use lorgnette::formats::Checkpoint;
use lorgnette::synth::{SynthShape, synth};
use lorgnette_shaders::weights::WeightFormat;

use super::{floats, scratch};

pub fn tiny(name: &str) -> SynthShape {
    SynthShape {
        layers: 2,
        dim: 256,
        ffn: 512,
        heads: 4,
        kv_heads: 2,
        head_dim: 64,
        vocabulary: 300,
        ..SynthShape::like(name).expect("a known shape")
    }
}

pub fn make(shape: &SynthShape, format: WeightFormat, seed: u64, path: &Path) -> Checkpoint {
    let mut last = (0, 0);
    synth(shape, format, seed, path, &mut |done, total| {
        assert!(done > last.0 && done <= total);
        last = (done, total);
    })
    .expect("a synthetic model");
    assert_eq!(last.0, last.1, "progress ends at the end");
    Checkpoint::open(path).expect("a file that opens")
}

/// The tensor's type, columns and rows.
fn facts(file: &Checkpoint, name: &str) -> (WeightFormat, u64, u64) {
    let t = file.tensor(name).unwrap_or_else(|| panic!("no {name}"));
    (t.format, t.cols, t.rows)
}

#[test]
fn every_format() {
    for format in WeightFormat::ALL {
        let path = scratch(&format!("synth-{}.gguf", format.name()));
        let shape = tiny("llama-3.2-1b");
        let file = make(&shape, format, 1, &path);
        let m = file.metadata();
        assert_eq!(m.u32("llama.block_count").unwrap(), 2);
        assert_eq!(m.u32("llama.attention.head_count_kv").unwrap(), 2);
        assert_eq!(m.f32("llama.rope.freq_base").unwrap(), 500_000.0);
        assert_eq!(file.tensors().len(), 2 + 2 * 9 + 1);
        assert_eq!(facts(&file, "blk.1.attn_q.weight"), (format, 256, 256));
        assert_eq!(facts(&file, "blk.1.attn_v.weight"), (format, 256, 128));
        assert_eq!(facts(&file, "blk.0.ffn_down.weight"), (format, 512, 256));
        let head = match format {
            WeightFormat::F32 | WeightFormat::F16 | WeightFormat::Bf16 | WeightFormat::Q8_0 => {
                format
            }
            _ => WeightFormat::Q6K,
        };
        assert_eq!(facts(&file, "token_embd.weight"), (head, 256, 300));
        assert!(file.tensor("output.weight").is_none());
        let norm = floats(&file, "blk.0.ffn_norm.weight");
        assert!(norm.len() == 256 && norm.iter().all(|x| (0.8..1.2).contains(x)));
        // Weights differ from block to block and from row to row.
        let t = file.tensor("blk.0.attn_q.weight").expect("attn_q");
        assert_ne!(file.rows(t, 0..1), file.rows(t, 1..2));

        let first = std::fs::read(&path).unwrap();
        make(&shape, format, 1, &path);
        assert!(
            std::fs::read(&path).unwrap() == first,
            "the same seed gives the same file"
        );
        let other = make(&shape, format, 2, &path);
        let t = other.tensor("blk.0.attn_q.weight").expect("attn_q");
        let start = t.offset as usize;
        assert_ne!(
            other.rows(t, 0..1),
            &first[start..start + t.row_bytes() as usize]
        );
        std::fs::remove_file(&path).unwrap();
    }
}

#[test]
fn geometry() {
    let path = scratch("synth-geometry.gguf");
    // Heads wider than the stream, eight queries a key, an own output matrix, its type asked for.
    let shape = SynthShape {
        heads: 8,
        kv_heads: 1,
        head_dim: 128,
        tied: false,
        rope_factor: Some(8.0),
        head: Some(WeightFormat::Q5_1),
        ..tiny("llama-3.1-8b")
    };
    let file = make(&shape, WeightFormat::Q4K, 3, &path);
    assert_eq!(
        facts(&file, "blk.0.attn_q.weight"),
        (WeightFormat::Q4K, 256, 1024)
    );
    assert_eq!(
        facts(&file, "blk.0.attn_k.weight"),
        (WeightFormat::Q4K, 256, 128)
    );
    assert_eq!(
        facts(&file, "blk.0.attn_output.weight"),
        (WeightFormat::Q4K, 1024, 256)
    );
    assert_eq!(
        facts(&file, "token_embd.weight"),
        (WeightFormat::Q4K, 256, 300)
    );
    assert_eq!(
        facts(&file, "output.weight"),
        (WeightFormat::Q5_1, 256, 300)
    );
    let factors = floats(&file, "rope_freqs.weight");
    assert_eq!((factors.len(), factors[0], factors[63]), (64, 1.0, 8.0));
    assert!(factors.windows(2).all(|pair| pair[0] <= pair[1]));

    // Rows of 96 take no blocks of 256, and rows of 40 none of 32.
    let odd = |format, fallback, narrow| {
        let shape = SynthShape {
            dim: 96,
            ffn: 40,
            ..tiny("smollm2-135m")
        };
        let file = make(&shape, format, 3, &path);
        assert_eq!(facts(&file, "blk.0.attn_q.weight").0, fallback);
        assert_eq!(
            facts(&file, "blk.0.attn_output.weight").0,
            format,
            "rows of 256"
        );
        assert_eq!(facts(&file, "blk.0.ffn_down.weight").0, narrow);
        assert_eq!(facts(&file, "token_embd.weight").0, WeightFormat::Q8_0);
        assert!(file.tensor("rope_freqs.weight").is_none());
    };
    odd(WeightFormat::Q4K, WeightFormat::Q5_0, WeightFormat::F16);
    odd(WeightFormat::Q5K, WeightFormat::Q5_1, WeightFormat::F16);
    odd(WeightFormat::Q6K, WeightFormat::Q8_0, WeightFormat::F16);
    odd(WeightFormat::Iq4Xs, WeightFormat::Iq4Nl, WeightFormat::F16);
    odd(WeightFormat::Q4_1, WeightFormat::Q4_1, WeightFormat::F16);
    std::fs::remove_file(&path).unwrap();
}

/// Tensor bytes of the published models: FIELD-known sizes, from the shapes alone.
#[test]
fn known_sizes() {
    let bytes = |name, format| -> u64 {
        let shape = SynthShape::like(name).expect("a known shape");
        shape
            .tensors(format)
            .iter()
            .map(|t| t.bytes().expect("whole blocks"))
            .sum()
    };
    let count = |name| bytes(name, WeightFormat::F32) / 4;
    // Parameters as published, and for Llama the rope factors.
    assert_eq!(count("llama-3.2-1b"), 1_235_814_400 + 32);
    assert_eq!(count("llama-3.2-3b"), 3_212_749_824 + 64);
    assert_eq!(count("llama-3.1-8b"), 8_030_261_248 + 64);
    assert_eq!(count("smollm2-135m"), 134_515_008);
    assert_eq!(count("smollm2-360m"), 361_821_120);
    assert_eq!(count("smollm2-1.7b"), 1_711_376_384);
    let q4 = bytes("llama-3.2-1b", WeightFormat::Q4_0);
    assert!(
        (760_000_000..768_000_000).contains(&q4),
        "{q4} bytes of Llama 3.2 1B in Q4_0 with a Q6_K head"
    );
    let error = SynthShape::like("gpt-2").unwrap_err().to_string();
    assert!(
        error.contains("smollm2-360m") && error.contains("gpt-2"),
        "{error}"
    );
}

#[test]
fn impossible_shapes() {
    let path = scratch("synth-impossible.gguf");
    let refused = |shape: SynthShape, part: &str| {
        let error = synth(&shape, WeightFormat::Q4_0, 0, &path, &mut |_, _| {});
        let message = error.expect_err("an impossible shape").to_string();
        assert!(
            message.starts_with("invalid") && message.contains(part),
            "{message}"
        );
    };
    let shape = || tiny("llama-3.2-1b");
    refused(
        SynthShape {
            layers: 0,
            ..shape()
        },
        "layers",
    );
    refused(
        SynthShape {
            kv_heads: 3,
            ..shape()
        },
        "a divisor of 4 heads",
    );
    refused(
        SynthShape {
            head_dim: 63,
            ..shape()
        },
        "an even number",
    );
    refused(
        SynthShape {
            vocabulary: 271,
            ..shape()
        },
        "272 to",
    );
    refused(
        SynthShape {
            vocabulary: u32::MAX,
            ..shape()
        },
        "512 to",
    );
    assert!(
        !path.exists(),
        "nothing is written for a shape that cannot be"
    );
}
