//! What the writer writes is what the reader reads; what is released is still there.

use lorgnette::formats::{Checkpoint, TensorSpec, Value, Writer};
use lorgnette_shaders::weights::WeightFormat;

use super::scratch;

fn tensor(name: &str, format: WeightFormat, shape: &[u64]) -> TensorSpec {
    TensorSpec {
        name: name.into(),
        format,
        shape: shape.to_vec(),
    }
}

#[test]
fn values() {
    let metadata = [
        ("u32", Value::U32(u32::MAX)),
        ("i32", Value::I32(-5)),
        ("u64", Value::U64(7)),
        ("f32", Value::F32(0.1)),
        ("bool", Value::Bool(false)),
        ("string", Value::String("naïve\n".into())),
        ("u32s", Value::U32s(vec![1, 2])),
        ("i32s", Value::I32s(vec![-1, 2])),
        ("f32s", Value::F32s(vec![1.5])),
        ("strings", Value::Strings(vec!["Ġa".into(), String::new()])),
        ("none", Value::Strings(vec![])),
    ];
    let writer = Writer::new(Vec::new(), "memory".as_ref(), &metadata, &[]).unwrap();
    let file = Checkpoint::from_bytes(writer.finish().unwrap()).unwrap();
    let m = file.metadata();
    assert_eq!(m.u32("u32").unwrap(), u32::MAX);
    assert_eq!(
        m.u32("u64").unwrap(),
        7,
        "any integer type that holds the number"
    );
    assert_eq!(m.f32("f32").unwrap(), 0.1);
    assert!(!m.bool("bool").unwrap());
    assert_eq!(m.string("string").unwrap(), "naïve\n");
    assert_eq!(m.u32s("u32s").unwrap(), [1, 2]);
    assert_eq!(m.i32s("i32s").unwrap(), [-1, 2]);
    assert!(m.u32s("i32s").is_err(), "-1 is no u32");
    assert_eq!(m.f32s("f32s").unwrap(), [1.5]);
    assert_eq!(
        m.strings("strings").unwrap().collect::<Vec<_>>(),
        ["Ġa", ""]
    );
    assert_eq!(m.strings("none").unwrap().len(), 0);
    let keys: Vec<&str> = m.iter().map(|(key, _)| key).collect();
    assert_eq!(
        keys,
        metadata.iter().map(|(key, _)| *key).collect::<Vec<_>>()
    );
    let printed: Vec<String> = m.iter().map(|(_, value)| value).collect();
    assert_eq!(
        printed[1..6],
        [
            "i32 -5",
            "u64 7",
            "f32 0.1",
            "bool false",
            "string `naïve\\n`"
        ]
    );
    assert_eq!(printed[10], "0 x string []");
}

#[test]
fn tensors_in_every_format() {
    for alignment in [8u32, 32, 128] {
        let metadata = [("general.alignment", Value::U32(alignment))];
        let tensors: Vec<TensorSpec> = WeightFormat::ALL
            .iter()
            .map(|f| tensor(f.name(), *f, &[512, 3, 2]))
            .chain([tensor("short", WeightFormat::F32, &[3])])
            .collect();
        let mut writer = Writer::new(Vec::new(), "memory".as_ref(), &metadata, &tensors).unwrap();
        // In pieces of one row, each filled with its tensor's and its row's number.
        for (i, t) in tensors.iter().enumerate() {
            let rows = if t.shape.len() == 1 { 1 } else { 6 };
            let row = t.bytes().unwrap() as usize / rows;
            for r in 0..rows {
                writer.append(&vec![(10 * i + r) as u8; row]).unwrap();
            }
        }
        let file = Checkpoint::from_bytes(writer.finish().unwrap()).unwrap();
        for (i, t) in file.tensors().iter().enumerate() {
            assert_eq!(
                (&t.name, t.format, &t.shape),
                (&tensors[i].name, tensors[i].format, &tensors[i].shape)
            );
            let blocks = t.cols as usize / t.format.file_block_len();
            assert_eq!(t.row_bytes() as usize, blocks * t.format.file_block_bytes());
            assert_eq!(t.offset % u64::from(alignment), 0);
            for r in 0..t.rows {
                let expected = (10 * i) as u8 + r as u8;
                assert!(
                    file.rows(t, r..r + 1).iter().all(|b| *b == expected),
                    "{} row {r}",
                    t.name
                );
            }
            assert_eq!(file.rows(t, 0..0), &[] as &[u8]);
        }
    }
}

#[test]
fn mistakes_of_the_caller() {
    let start = |tensors: &[TensorSpec]| Writer::new(Vec::new(), "memory".as_ref(), &[], tensors);
    let said = |error: lorgnette::Error, part: &str| {
        let message = error.to_string();
        assert!(
            message.starts_with("invalid") && message.contains(part),
            "{message}"
        );
    };
    let two = [
        tensor("a", WeightFormat::F32, &[2]),
        tensor("b", WeightFormat::F32, &[2]),
    ];
    said(
        start(&[tensor("a", WeightFormat::Q4K, &[32])]).unwrap_err(),
        "a multiple of 256",
    );
    said(
        start(&two).unwrap().append(&[0; 9]).unwrap_err(),
        "at most 8 bytes more",
    );
    let mut writer = start(&two).unwrap();
    writer.append(&[0; 8]).unwrap();
    writer.append(&[0; 4]).unwrap();
    said(
        writer.finish().unwrap_err(),
        "data of tensor `b`: expected 8 bytes, found 4",
    );
    let bad = [("general.alignment", Value::U32(12))];
    said(
        Writer::new(Vec::new(), "memory".as_ref(), &bad, &[]).unwrap_err(),
        "power of two",
    );
    let full = Writer::create("/dev/null/model.gguf".as_ref(), &[], &[]).unwrap_err();
    assert!(matches!(full, lorgnette::Error::Io { .. }), "{full}");
}

/// How much of this process's map of a file is in memory, in bytes.
#[cfg(target_os = "linux")]
fn resident(path: &std::path::Path) -> u64 {
    let maps = std::fs::read_to_string("/proc/self/smaps").expect("procfs");
    let name = path.to_str().expect("a plain path");
    let ours = maps.lines().skip_while(|l| !l.ends_with(name));
    let line = ours.into_iter().find(|l| l.starts_with("Rss:"));
    let kib = line.expect("the file is mapped").split_whitespace().nth(1);
    1024 * kib.expect("a number").parse::<u64>().expect("a number")
}

/// Rows that are read in steps and released as they are done take no memory, and read the same afterwards.
#[cfg(target_os = "linux")]
#[test]
fn released_rows() {
    const ROWS: u64 = 8192;
    let path = scratch("released.gguf");
    let t = [
        tensor("before", WeightFormat::F32, &[5]),
        tensor("t", WeightFormat::F32, &[1024, ROWS]),
    ];
    let mut writer = Writer::create(&path, &[], &t).unwrap();
    writer.append(&[1; 20]).unwrap();
    for row in 0..ROWS {
        writer.append(&[row as u8; 4096]).unwrap();
    }
    writer.finish().unwrap();
    let file = Checkpoint::open(&path).unwrap();
    let t = file.tensor("t").unwrap();
    let sum = |rows: std::ops::Range<u64>| -> u64 {
        file.rows(t, rows).iter().map(|b| u64::from(*b)).sum()
    };
    let all = sum(0..ROWS);
    let held = resident(&path);
    assert!(
        held >= 32 << 20,
        "32 MiB were read, {held} bytes are resident"
    );
    file.release(t, 0..ROWS);
    let left = resident(&path);
    assert!(left <= 128 << 10, "{left} bytes stay resident");
    let (mut again, mut most) = (0, 0);
    for first in (0..ROWS).step_by(128) {
        again += sum(first..first + 128);
        file.release(t, first..first + 128);
        most = most.max(resident(&path));
    }
    assert_eq!(all, again);
    assert!(most <= 1 << 20, "{most} bytes stay resident");
    // As by two threads, the second of which is done before the first has read its end.
    for first in (0..ROWS).step_by(200) {
        let (middle, end) = ((first + 100).min(ROWS), (first + 200).min(ROWS));
        again += sum(first..middle - 1) + sum(middle..end);
        file.release(t, middle..end);
        again += sum(middle - 1..middle);
        file.release(t, first..middle);
    }
    let left = resident(&path);
    assert_eq!(2 * all, again);
    assert!(left <= 128 << 10, "{left} bytes stay resident");
    std::fs::remove_file(&path).unwrap();
}
