//! The cache formats themselves, as the references have them: sizes, and how far a stored number may be from its own.
//! No device.

use half::f16;
use lorgnette::KvFormat;
use lorgnette_shaders::WeightFormat;
use lorgnette_shaders::cases::{GUARD, Noise};
use lorgnette_tests::data;

/// A row through the cache and back.
fn round_trip(cache: KvFormat, values: &[f32]) -> Vec<f32> {
    let mut row = vec![GUARD; cache.row_bytes(values.len()) / 4];
    cache.store_row(&mut row, values);
    cache.load_row(&row, values.len())
}

fn noise(elements: usize, size: f32) -> Vec<f32> {
    let words = Noise::new(6).f32s(elements, size);
    words.into_iter().map(f32::from_bits).collect()
}

#[test]
fn rows_are_as_small_as_can_be() {
    use KvFormat::{F16, F32, Q4_0, Q8_0};
    // Llama 3.2 1B and 3B, where nothing is lost to alignment; SmolLM2; one head of 32.
    for (elements, bytes) in [
        (512, [2048, 1024, 544, 288]),
        (1024, [4096, 2048, 1088, 576]),
        (192, [768, 384, 208, 112]),
        (32, [128, 64, 48, 32]),
    ] {
        let found = [F32, F16, Q8_0, Q4_0].map(|cache| cache.row_bytes(elements));
        assert_eq!(found, bytes, "{elements}");
    }
}

#[test]
fn every_number_is_within_a_step_of_its_block() {
    for elements in [32, 96, 192, 1024] {
        for size in [0.0, 1e-3, 1.0, 5e5] {
            let values = noise(elements, size);
            for (cache, step) in [(KvFormat::Q8_0, 1.0 / 127.0), (KvFormat::Q4_0, 1.0 / 8.0)] {
                let found = round_trip(cache, &values);
                for (found, values) in found.chunks(32).zip(values.chunks(32)) {
                    let largest = values.iter().fold(0f32, |most, v| most.max(v.abs()));
                    for (found, value) in found.iter().zip(values) {
                        // Half a step and the rounding of the scale. The other end of q4_0 is a whole one away.
                        let far = match cache {
                            KvFormat::Q4_0 if value.abs() > largest * (7.5 / 8.0) => 1.001,
                            _ => 0.51,
                        };
                        let distance = (found - value).abs();
                        assert!(
                            distance <= far * step * largest,
                            "{cache:?} {value} {found}"
                        );
                    }
                }
            }
        }
    }
}

/// Blocks of files (made by the `gguf` package) whose largest quant is the largest there is have the scale that the cache
/// chooses too, and so come back as they are.
#[test]
fn blocks_of_files_are_kept() {
    for (weights, cache, most) in [
        (WeightFormat::Q8_0, KvFormat::Q8_0, 127.0),
        (WeightFormat::Q4_0, KvFormat::Q4_0, 8.0),
    ] {
        let name = format!("dequant/{}.blocks", weights.name());
        let bytes = std::fs::read(data(&name)).expect("blocks");
        let mut kept = 0;
        for block in bytes.chunks_exact(weights.file_block_bytes()) {
            let values = weights.dequantize_file(block);
            let scale = f16::from_le_bytes([block[0], block[1]]).to_f32();
            let once = round_trip(cache, &values);
            let largest = values.iter().fold(0f32, |most, v| most.max(v.abs()));
            if largest == most * scale.abs() {
                assert_eq!(once, values, "{cache:?}");
                kept += 1;
            }
        }
        println!("{cache:?}: {kept} blocks");
        assert!(kept > 10, "{cache:?}: {kept} blocks");
    }
}

#[test]
fn words_between_rows_are_left_alone() {
    for cache in KvFormat::ALL {
        let mut row = vec![GUARD; cache.row_bytes(96) / 4];
        cache.store_row(&mut row, &noise(96, 1.0));
        let used = match cache {
            KvFormat::F32 => 96,
            KvFormat::F16 => 48,
            // 3 blocks and 3 scales, in whole words.
            KvFormat::Q8_0 => 3 * 8 + 2,
            KvFormat::Q4_0 => 3 * 4 + 2,
        };
        assert!(row[..used].iter().all(|word| *word != GUARD), "{cache:?}");
        assert!(row[used..].iter().all(|word| *word == GUARD), "{cache:?}");
    }
}
