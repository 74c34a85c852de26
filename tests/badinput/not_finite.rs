//! NaN and infinity among the weights: found while they are read where the file holds them, at the first logits where
//! they only come of the arithmetic.

use half::{bf16, f16};
use lorgnette::formats::Checkpoint;
use lorgnette::{
    Adapter, Error, GenerateOptions, LoadOptions, Model, Prompt, Runtime, Sampling, WeightFormat,
};
use lorgnette_tests::{data, own_runtime, runtime};

use super::altered::Altered;

fn load(file: &Altered, name: &str, runtime: &Runtime) -> Result<Model, Error> {
    let path = file.write(name);
    Model::load(runtime, path.as_ref(), &LoadOptions::default(), |_| ())
}

fn put(bytes: &mut [u8], at: usize, new: &[u8]) {
    bytes[at..at + new.len()].copy_from_slice(new);
}

#[test]
fn a_tensor_with_such_a_weight_is_named() {
    let nan = f16::NAN.to_le_bytes();
    let infinity = f16::NEG_INFINITY.to_le_bytes();
    // Rows of 256 are 8 blocks of 18 bytes.
    let cases: [(&str, usize, &[u8], &str); 5] = [
        (
            "blk.1.ffn_norm.weight",
            4 * 7,
            &f32::NAN.to_le_bytes(),
            "row 0, at column 7",
        ),
        (
            "output_norm.weight",
            0,
            &f32::INFINITY.to_le_bytes(),
            "row 0, at column 0",
        ),
        (
            "blk.0.attn_q.weight",
            18 * (8 * 5 + 2),
            &nan,
            "row 5, at column 64",
        ),
        (
            "blk.1.ffn_up.weight",
            18 * 8 * 700,
            &infinity,
            "row 700, at column 0",
        ),
        ("token_embd.weight", 0, &nan, "row 0, at column 0"),
    ];
    for (name, at, new, place) in cases {
        let file = Altered::tiny().change(name, |spec, bytes| {
            let at = match spec.format {
                // The only half of a block is its last.
                WeightFormat::Q6K => at + 208,
                _ => at,
            };
            put(bytes, at, new);
        });
        for runtime in [runtime(), &own_runtime(Adapter::Cpu, None)] {
            let error = load(&file, "scale", runtime).expect_err(name);
            assert!(matches!(error, Error::NotFinite { .. }), "{error:?}");
            let text = error.to_string();
            assert!(
                text.contains(name) && text.contains(place),
                "{name}: {text}"
            );
        }
    }
}

/// Each weight is finite, but the products are not.
#[test]
fn logits_that_overflow() {
    let file = Altered::tiny().change("output_norm.weight", |_, bytes| {
        for number in bytes.as_chunks_mut::<4>().0 {
            *number = 3e38f32.to_le_bytes();
        }
    });
    for runtime in [runtime(), &own_runtime(Adapter::Cpu, None)] {
        let model = load(&file, "overflow", runtime).expect("every weight is finite");
        let mut session = model.session().expect("a session");
        let is_clear = |error: Error| {
            assert!(matches!(error, Error::NotFinite { .. }), "{error:?}");
            assert!(error.to_string().contains("logits"), "{error}");
        };
        is_clear(session.logits(&[1, 2, 3]).expect_err("no logits"));
        is_clear(session.score(&[1, 2, 3]).expect_err("no scores"));
        for sampling in [Sampling::greedy(), Sampling::default()] {
            let options = GenerateOptions {
                max_tokens: Some(4),
                sampling,
                ..Default::default()
            };
            let mut answer = session
                .generate(Prompt::Ids(&[1, 2, 3]), &options)
                .expect("starts");
            is_clear(answer.next().expect("an event").expect_err("no token"));
            assert!(answer.next().is_none(), "an error is the last event");
        }
    }
}

/// Every floating-point field of a block, and no other byte of it, is looked at.
#[test]
fn every_field_of_every_format() {
    for format in WeightFormat::ALL {
        let bytes =
            std::fs::read(data(&format!("dequant/{}.blocks", format.name()))).expect("blocks");
        let block = format.file_block_bytes();
        assert_eq!(format.first_non_finite(&bytes), None, "{}", format.name());
        assert!(bytes.len() >= 2 * block, "{}: blocks", format.name());
        for at in 0..block - 1 {
            // Any two bytes become the bits of an infinity; whether a weight is finite then says whether they are a field.
            let mut broken = bytes[..2 * block].to_vec();
            match format {
                WeightFormat::F32 if at > 0 => continue,
                WeightFormat::F32 => put(&mut broken, block, &f32::INFINITY.to_le_bytes()),
                WeightFormat::Bf16 => put(&mut broken, block + at, &bf16::NAN.to_le_bytes()),
                _ => put(&mut broken, block + at, &f16::INFINITY.to_le_bytes()),
            }
            let weights = format.dequantize_file(&broken);
            let in_second = weights.iter().any(|weight| !weight.is_finite());
            let expected = in_second.then_some(format.file_block_len());
            let found = format.first_non_finite(&broken);
            assert_eq!(found, expected, "{} byte {at}", format.name());
        }
    }
}

/// The real files pass.
#[test]
fn good_files() {
    for name in ["llama3-tiny/q4_0.gguf", "llama3-tiny/q4_k_m.gguf"] {
        let file = Checkpoint::open(&data(name)).expect("opens");
        for tensor in file.tensors() {
            let bytes = file.rows(tensor, 0..tensor.rows);
            assert_eq!(
                tensor.format.first_non_finite(bytes),
                None,
                "{}",
                tensor.name
            );
        }
    }
}
