//! Broken starts, counts, keys and values, and files that are none: each must end in an error that says what was
//! expected and what was found, never in a panic.

use lorgnette::Error;
use lorgnette::formats::Checkpoint;

use super::raw::{ARRAY, BOOL, F32, Raw, STRING, U32, array, refused, refused_bytes, string};
use super::{data, scratch};

#[test]
fn start() {
    let with = |start: &[u8]| Raw {
        start: start.to_vec(),
        ..Raw::new()
    };
    refused_bytes(vec![], &["magic", "expected 4 bytes", "found 0"]);
    refused_bytes(b"GGU".to_vec(), &["magic", "expected 4 bytes", "found 3"]);
    refused(
        &with(b"PK\x03\x04\x03\0\0\0"),
        &["magic", "expected \"GGUF\"", "PK\\x03\\x04"],
    );
    for (version, found) in [(0u32, "found 0"), (1, "found 1"), (4, "found 4")] {
        let start = [b"GGUF".as_slice(), &version.to_le_bytes()].concat();
        let error = refused(&with(&start), &["GGUF version", "expected 2 or 3", found]);
        assert!(matches!(error, Error::Unsupported { .. }));
    }
    let big = with(b"GGUF\0\0\0\x03");
    refused(
        &big,
        &[
            "byte order",
            "expected little-endian",
            "found big-endian (version 3)",
        ],
    );
}

#[test]
fn version_2_is_read_as_well() {
    let mut file = Raw::new().tensor(b"t", &[4], F32, 0).data(16);
    file.start[4] = 2;
    let file = Checkpoint::from_bytes(file.bytes()).expect("version 2");
    assert_eq!((file.version(), file.tensors().len()), (2, 1));
}

#[test]
fn counts() {
    for count in [1u64, 1 << 20, 1 << 40, u64::MAX] {
        let found = format!("found {count}");
        let mut file = Raw::new();
        file.entry_count = count;
        refused(&file, &["metadata count", "expected at most", &found]);
        let mut file = Raw::new();
        file.tensor_count = count;
        refused(&file, &["tensor count", "expected at most", &found]);
    }
    // A count that the file could hold, but for the metadata before the tensors.
    let mut file = Raw::new().entry(b"k", STRING, &string(&[b'x'; 400]));
    file.tensor_count = 10;
    refused(&file, &["tensor count", "found 10"]);
}

#[test]
fn keys_and_values() {
    let entry = |key: &[u8], id, value: &[u8]| Raw::new().entry(key, id, value);
    let one = 1u32.to_le_bytes();
    refused(
        &entry(b"", U32, &one),
        &[
            "key of metadata entry 0",
            "1 to 65535 bytes",
            "found 0 bytes",
        ],
    );
    refused(
        &entry(b"k\xff", U32, &one),
        &["key of metadata entry 0", "valid UTF-8", "a bad byte at 1"],
    );
    refused(
        &entry(b"k", STRING, &string(b"abc\xc3")),
        &["metadata key `k`", "valid UTF-8", "a bad byte at 3"],
    );
    refused(
        &entry(b"k", STRING, &u64::MAX.to_le_bytes()),
        &["`k`", "18446744073709551615 bytes"],
    );
    refused(&entry(b"k", BOOL, &[2]), &["`k`", "0 or 1", "found 2"]);
    refused(
        &entry(b"k", 13, &one),
        &["type of metadata key `k`", "0 to 12", "found 13"],
    );
    let twice = entry(b"same", U32, &one)
        .entry(b"other", U32, &one)
        .entry(b"same", U32, &one);
    refused(&twice, &["metadata keys", "each only once", "`same` twice"]);
}

#[test]
fn arrays() {
    let entry = |value: &[u8]| Raw::new().entry(b"k", ARRAY, value);
    let strings = [string(b"good"), string(b"\xf0\x28")].concat();
    refused(
        &entry(&array(STRING, 2, &strings)),
        &["element 1 of metadata key `k`", "UTF-8"],
    );
    refused(
        &entry(&array(STRING, 3, &strings)),
        &["metadata key `k`", "found"],
    );
    refused(
        &entry(&array(STRING, 1 << 60, &strings)),
        &["length of metadata key `k`", "at most"],
    );
    refused(
        &entry(&array(U32, u64::MAX, &[])),
        &["length of metadata key `k`", "at most"],
    );
    refused(
        &entry(&array(BOOL, 2, &[1, 7])),
        &["element 1 of metadata key `k`", "0 or 1", "found 7"],
    );
    let nested = entry(&array(ARRAY, 1, &array(U32, 1, &[0; 4])));
    let error = refused(
        &nested,
        &["`k`", "an array of plain values", "an array of arrays"],
    );
    assert!(matches!(error, Error::Unsupported { .. }));
}

#[test]
fn lookups() {
    let file = Raw::new()
        .entry(b"n", 5, &(-3i32).to_le_bytes())
        .entry(b"s", STRING, &string(b"text"))
        .entry(b"a", ARRAY, &array(STRING, 4, &string(b"x").repeat(4)));
    let file = Checkpoint::from_bytes(file.bytes()).expect("a sound file");
    let m = file.metadata();
    let said = |error: Error, parts: [&str; 3]| {
        let message = error.to_string();
        assert!(parts.iter().all(|p| message.contains(p)), "{message}");
    };
    said(
        m.u32("no").unwrap_err(),
        ["`no`", "expected u32", "found no such key"],
    );
    said(
        m.u32("n").unwrap_err(),
        ["`n`", "expected u32", "found i32 -3"],
    );
    said(
        m.u32("s").unwrap_err(),
        ["`s`", "expected u32", "found string `text`"],
    );
    said(
        m.string("a").unwrap_err(),
        [
            "`a`",
            "expected string",
            "found 4 x string [`x`, `x`, `x`, …]",
        ],
    );
    said(
        m.opt_strings("s").unwrap_err(),
        ["`s`", "expected array of string", "found string"],
    );
    said(
        m.f32s("a").unwrap_err(),
        ["`a`", "expected array of f32", "4 x string"],
    );
    assert!(
        m.opt_string("no")
            .expect("a missing key is no error here")
            .is_none()
    );
}

#[test]
fn parts_of_a_model() {
    let file = Raw::new().entry(b"split.count", 2, &3u16.to_le_bytes());
    refused(&file, &["a whole model in one file", "one of 3 parts"]);
}

#[test]
fn files() {
    let missing = Checkpoint::open(&scratch("no-such.gguf")).unwrap_err();
    assert!(matches!(missing, Error::Io { .. }) && missing.to_string().contains("no-such.gguf"));
    let folder = Checkpoint::open(&data("")).unwrap_err();
    assert!(folder.to_string().contains("a regular file"), "{folder}");
    let path = scratch("empty.gguf");
    std::fs::write(&path, b"").expect("a scratch file");
    let empty = Checkpoint::open(&path).unwrap_err();
    assert!(empty.to_string().contains("an empty file"), "{empty}");
}
