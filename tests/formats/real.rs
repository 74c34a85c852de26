//! The two tiny real files, written by llama.cpp. Offsets and values are as the `gguf` Python package reads them.

use lorgnette::formats::Checkpoint;
use lorgnette::synth::SynthShape;
use lorgnette_shaders::weights::WeightFormat;

use super::{data, floats};

#[test]
fn metadata() {
    let file = Checkpoint::open(&data("llama3-tiny/q4_k_m.gguf")).expect("a real file");
    let m = file.metadata();
    assert_eq!(file.version(), 3);
    assert_eq!(file.file_bytes(), 1_029_088);
    assert_eq!(m.iter().count(), 26);
    assert_eq!(m.string("general.architecture").unwrap(), "llama");
    assert_eq!(m.u32("llama.context_length").unwrap(), 131_072);
    assert_eq!(m.f32("llama.rope.freq_base").unwrap(), 500_000.0);
    assert_eq!(
        m.f32("llama.attention.layer_norm_rms_epsilon").unwrap(),
        1e-5
    );
    assert!(m.bool("tokenizer.ggml.add_bos_token").unwrap());
    assert_eq!(m.opt_u32("tokenizer.ggml.eot_token_id").unwrap(), None);
    let tokens = m.strings("tokenizer.ggml.tokens").unwrap();
    assert_eq!((tokens.len(), tokens.clone().next()), (512, Some("!")));
    assert_eq!(tokens.clone().nth(496), Some("<|begin_of_text|>"));
    assert_eq!(tokens.count(), 512);
    let merges: Vec<&str> = m.strings("tokenizer.ggml.merges").unwrap().collect();
    assert_eq!((merges.len(), merges[1]), (240, "Ġ th"));
    let kinds = m.i32s("tokenizer.ggml.token_type").unwrap();
    assert_eq!((kinds.len(), kinds[495], kinds[496]), (512, 1, 3));
    let printed: Vec<String> = m
        .iter()
        .map(|(key, value)| format!("{key} = {value}"))
        .collect();
    assert!(
        printed.contains(&"llama.block_count = u32 2".to_owned()),
        "{printed:?}"
    );
    let tokens = "tokenizer.ggml.tokens = 512 x string [`!`, `\"`, `#`, …]";
    assert!(printed.contains(&tokens.to_owned()), "{printed:?}");
}

#[test]
fn tensors() {
    let file = Checkpoint::open(&data("llama3-tiny/q4_k_m.gguf")).expect("a real file");
    assert_eq!(file.tensors().len(), 21);
    let expected = [
        ("output_norm.weight", WeightFormat::F32, 256, 1, 13536),
        ("token_embd.weight", WeightFormat::Q6K, 256, 512, 14688),
        ("blk.0.attn_k.weight", WeightFormat::Q4K, 256, 64, 122208),
        ("blk.1.ffn_down.weight", WeightFormat::Q6K, 768, 256, 645600),
        ("blk.1.ffn_up.weight", WeightFormat::Q4K, 256, 768, 918496),
    ];
    for (name, format, cols, rows, offset) in expected {
        let t = file.tensor(name).expect(name);
        let found = (t.name.as_str(), t.format, t.cols, t.rows, t.offset);
        assert_eq!(found, (name, format, cols, rows, offset));
        assert_eq!(file.rows(t, 0..rows).len() as u64, t.bytes);
    }
    assert_eq!(file.tensor("blk.2.attn_k.weight"), None);
}

/// The factors that llama.cpp's converter wrote into the files (factor 32, base 500000, heads of 64).
#[test]
fn rope_factors() {
    for name in ["llama3-tiny/q4_0.gguf", "llama3-tiny/q4_k_m.gguf"] {
        let file = Checkpoint::open(&data(name)).expect("a real file");
        let theirs = floats(&file, "rope_freqs.weight");
        let ours = SynthShape::like("llama-3.2-1b").unwrap().rope_factors();
        assert_eq!(ours.len(), theirs.len());
        for (ours, theirs) in ours.iter().zip(&theirs) {
            assert!(
                (ours - theirs).abs() <= 1e-6 * theirs,
                "{ours} and {theirs}"
            );
        }
        assert!(
            theirs[17] > 2.0 && theirs[17] < 31.0,
            "one of them is between 1 and 32"
        );
    }
}
