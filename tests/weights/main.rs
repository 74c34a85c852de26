//! The weight formats without a GPU: the file layout against fixtures of the GGUF project's own reader, the GPU layout
//! against the file layout, the WGSL parts against naga. What the parts compute is tested where a GPU is.

use std::path::Path;

use lorgnette_shaders::weights::WeightFormat;

mod layout;
mod wgsl;

fn fixture(format: WeightFormat, kind: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(format!("data/dequant/{}.{kind}", format.name()));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Bits, so that signed zeros and subnormals count.
fn bits(weights: &[f32]) -> Vec<u32> {
    weights.iter().map(|weight| weight.to_bits()).collect()
}

#[test]
fn the_file_layout_is_that_of_the_gguf_reader() {
    for format in WeightFormat::ALL {
        let expected: Vec<u32> = fixture(format, "f32")
            .chunks_exact(4)
            .map(|bytes| u32::from_le_bytes(bytes.try_into().unwrap()))
            .collect();
        let found = bits(&format.dequantize_file(&fixture(format, "blocks")));
        assert!(
            expected.len() >= 384,
            "{} has {} weights",
            format.name(),
            expected.len()
        );
        assert_eq!(found.len(), expected.len(), "{}", format.name());
        for (i, (found, expected)) in found.into_iter().zip(expected).enumerate() {
            assert_eq!(found, expected, "{} weight {i}", format.name());
        }
    }
}
