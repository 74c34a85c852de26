//! Real headers, spoiled at random from a fixed seed: whatever comes out must be a value or an error, without a panic
//! and without allocating more than the bytes justify.

use lorgnette::formats::{Checkpoint, Header, TensorSpec, Value, Writer};
use lorgnette_shaders::weights::WeightFormat;

use super::data;
use lorgnette_tests::allocations::during;

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let x = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
}

/// Mostly near the counts and keys at the start or the tensors at the end: a vocabulary lies between.
fn place(random: &mut Random, len: usize) -> usize {
    match random.below(3) {
        0 => random.below(len.min(1100)),
        1 => len - 1 - random.below(len.min(1500)),
        _ => random.below(len),
    }
}

/// Spoils `bytes` in one of six ways, where any are left.
fn mutate(random: &mut Random, bytes: &mut Vec<u8>) {
    if bytes.is_empty() {
        return;
    }
    let (at, len) = (place(random, bytes.len()), bytes.len());
    match random.below(6) {
        0 => {
            for _ in 0..=random.below(8) {
                let at = place(random, len);
                bytes[at] ^= 1 << random.below(8);
            }
        }
        1 | 2 => {
            // A number that lengths, counts and offsets are likely to trip over.
            let odd = [
                0,
                1,
                9,
                255,
                1 << 16,
                1 << 31,
                1 << 32,
                1 << 60,
                1 << 63,
                u64::MAX,
            ];
            let number = match random.below(3) {
                0 => odd[random.below(odd.len())],
                1 => (len as u64)
                    .wrapping_add(random.next() % 16)
                    .wrapping_sub(8),
                _ => 0u64.wrapping_sub(random.next() % 64),
            };
            let width = if random.below(2) == 0 { 4 } else { 8 };
            let end = (at + width).min(len);
            bytes[at..end].copy_from_slice(&number.to_le_bytes()[..end - at]);
        }
        3 => bytes.truncate(at),
        4 => {
            // Some bytes of one place over those of another.
            let width = 1 + random.below(64.min(len));
            let (from, to) = (random.below(len - width + 1), random.below(len - width + 1));
            bytes.copy_within(from..from + width, to);
        }
        _ => {
            // Some bytes more or less, so that all that follows moves.
            let width = random.below(16).min(len - at);
            let piece: Vec<u8> = (0..random.below(16)).map(|_| random.next() as u8).collect();
            bytes.splice(at..at + width, piece);
        }
    }
}

#[test]
fn real_headers() {
    let mut random = Random(1);
    let (mut read, mut refused) = (0, 0);
    for name in ["llama3-tiny/q4_0.gguf", "llama3-tiny/q4_k_m.gguf"] {
        let whole = std::fs::read(data(name)).expect("test data");
        let file_len = whole.len() as u64;
        let sound = Header::parse(&whole, file_len).expect("a sound file");
        let header = &whole[..sound.data_offset as usize];
        for _ in 0..12_000 {
            let mut bytes = header.to_vec();
            for _ in 0..=random.below(2) {
                mutate(&mut random, &mut bytes);
            }
            let (result, asked) = during(|| Header::parse(&bytes, file_len));
            let most = 5 * bytes.len() + 1024;
            assert!(asked.largest <= most, "{asked:?} for {} bytes", bytes.len());
            assert!(
                asked.total <= 2 * most,
                "{asked:?} for {} bytes",
                bytes.len()
            );
            match result {
                Ok(header) => {
                    read += 1;
                    let inside =
                        |t: &lorgnette::formats::TensorInfo| t.offset + t.bytes <= file_len;
                    assert!(header.tensors.iter().all(inside));
                }
                Err(error) => {
                    refused += 1;
                    let message = error.to_string();
                    assert!(
                        message.contains("expected") && message.len() < 600,
                        "{message}"
                    );
                }
            }
        }
    }
    // Harmless changes inside a token are read, others are refused: both must be common, or the test tests nothing.
    assert!(
        read > 500 && refused > 10_000,
        "{read} read, {refused} refused"
    );
}

/// Small whole files, of which everything that can still be opened is read in every way.
#[test]
fn whole_files() {
    let metadata = [
        ("general.alignment", Value::U32(8)),
        ("numbers", Value::U32s(vec![1, 2, 3])),
        ("signed", Value::I32s(vec![-1, 5])),
        ("floats", Value::F32s(vec![0.5; 4])),
        (
            "words",
            Value::Strings(vec!["a".into(), "".into(), "ccc".into()]),
        ),
        ("word", Value::String("word".into())),
        ("truth", Value::Bool(true)),
        ("split.count", Value::I32(1)),
    ];
    let tensor = |name: &str, format, shape: &[u64]| TensorSpec {
        name: name.into(),
        format,
        shape: shape.to_vec(),
    };
    let tensors = [
        tensor("a", WeightFormat::F32, &[3]),
        tensor("b", WeightFormat::Q4_0, &[32, 3]),
        tensor("c", WeightFormat::F16, &[2, 2, 2]),
    ];
    let mut writer = Writer::new(Vec::new(), "memory".as_ref(), &metadata, &tensors).unwrap();
    for t in &tensors {
        writer
            .append(&vec![7; t.bytes().unwrap() as usize])
            .unwrap();
    }
    let sound = writer.finish().unwrap();
    let mut random = Random(2);
    let mut read = 0;
    for _ in 0..20_000 {
        let mut bytes = sound.clone();
        mutate(&mut random, &mut bytes);
        let Ok(file) = Checkpoint::from_bytes(bytes) else {
            continue;
        };
        read += 1;
        use_all(&file);
    }
    assert!(read > 1000, "only {read} of 20000 could be opened");
}

/// Reads everything that a file holds, in every way; a wrong type is an error and nothing worse.
fn use_all(file: &Checkpoint) {
    let m = file.metadata();
    for (key, value) in m.iter() {
        assert!(!value.is_empty());
        let _ = (m.u32(key), m.f32(key), m.bool(key), m.string(key));
        let _ = (m.u32s(key), m.i32s(key), m.f32s(key), m.bools(key));
        if let Ok(strings) = m.strings(key) {
            assert_eq!(strings.len(), strings.count());
        }
    }
    for t in file.tensors() {
        assert_eq!(file.tensor(&t.name), Some(t));
        let bytes: u64 = (0..t.rows.min(100))
            .map(|row| file.rows(t, row..row + 1).len() as u64)
            .sum();
        assert!(bytes <= t.bytes);
        assert_eq!(file.rows(t, 0..t.rows).len() as u64, t.bytes);
        file.release(t, 0..t.rows);
    }
}
