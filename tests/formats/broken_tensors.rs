//! Tensors that cannot be: of wrong shapes, types and names, in wrong places, or cut off with the file. Each must end in
//! an error that says what was expected and what was found.

use lorgnette::Error;
use lorgnette::formats::{Checkpoint, Header};

use super::data;
use super::raw::{F32, Q4_0, Raw, STRING, U32, refused, string};

#[test]
fn alignment() {
    let file = |value: u32| Raw::new().entry(b"general.alignment", U32, &value.to_le_bytes());
    for bad in [0, 1, 4, 24, 33, u32::MAX] {
        let found = format!("found u32 {bad}");
        refused(
            &file(bad),
            &["general.alignment", "a power of two of at least 8", &found],
        );
    }
    let text = Raw::new().entry(b"general.alignment", STRING, &string(b"32"));
    refused(&text, &["general.alignment", "found string `32`"]);
    // Honoured: data begin at the next multiple, and tensors must too.
    for good in [8u32, 64, 4096] {
        let bytes = file(good).tensor(b"t", &[2], F32, 0).bytes();
        let header = Header::parse(&bytes, 1 << 20).expect("a good alignment");
        let first = header.tensors[0].offset;
        assert_eq!(
            (header.alignment, first % u64::from(good)),
            (u64::from(good), 0)
        );
        assert!(
            first - 90 < u64::from(good),
            "the header takes 90 bytes, data begin at {first}"
        );
    }
    let odd = file(64).tensor(b"t", &[2], F32, 32).data(4096);
    refused(
        &odd,
        &["offset of tensor `t`", "a multiple of 64", "found 32"],
    );
}

#[test]
fn shapes() {
    let file = |shape: &[u64], id| Raw::new().tensor(b"t", shape, id, 0).data(4096);
    refused(
        &file(&[], F32),
        &["tensor `t`", "1 to 4 dimensions", "found 0"],
    );
    refused(
        &file(&[1, 1, 1, 1, 1], F32),
        &["tensor `t`", "1 to 4 dimensions", "found 5"],
    );
    refused(
        &file(&[32, 0], F32),
        &["shape of tensor `t`", "at least 1", "[32, 0]"],
    );
    refused(
        &file(&[48, 2], Q4_0),
        &["shape of tensor `t`", "a multiple of 32", "q4_0", "[48, 2]"],
    );
    refused(
        &file(&[576, 2], 12),
        &[
            "shape of tensor `t`",
            "a multiple of 256",
            "q4_k",
            "[576, 2]",
        ],
    );
    for shape in [[1 << 32, 1 << 32], [u64::MAX, 2], [1 << 62, 1]] {
        refused(
            &file(&shape, F32),
            &["shape of tensor `t`", "fewer than 2^64"],
        );
    }
    let mut many = file(&[1], F32);
    // The dimension count comes after the name's length and its one byte.
    many.body[9..13].copy_from_slice(&u32::MAX.to_le_bytes());
    refused(
        &many,
        &["tensor `t`", "1 to 4 dimensions", "found 4294967295"],
    );
}

#[test]
fn types_and_names() {
    let file = |name: &[u8], id| Raw::new().tensor(name, &[256], id, 0).data(4096);
    for (id, found) in [
        (10, "q2_k (id 10)"),
        (39, "mxfp4 (id 39)"),
        (4, "the unknown id 4"),
        (99, "id 99"),
    ] {
        let supported =
            "one of f32, f16, q4_0, q4_1, q5_0, q5_1, q8_0, q4_k, q5_k, q6_k, iq4_nl, iq4_xs, bf16";
        let error = refused(&file(b"t", id), &["type of tensor `t`", supported, found]);
        assert!(matches!(error, Error::Unsupported { .. }));
    }
    refused(
        &file(b"", F32),
        &["name of tensor 0", "1 to 64 bytes", "found 0 bytes"],
    );
    refused(
        &file(&[b'n'; 65], F32),
        &["name of tensor 0", "1 to 64 bytes", "found 65 bytes"],
    );
    refused(
        &file(b"\xffname", F32),
        &["name of tensor 0", "valid UTF-8"],
    );
    let twice = file(b"t", F32).tensor(b"t", &[8], F32, 1024);
    refused(&twice, &["tensor names", "each only once", "`t` twice"]);
}

#[test]
fn places() {
    let file = |first: u64, second: u64| {
        let both = Raw::new().tensor(b"a", &[16], F32, first);
        both.tensor(b"b", &[16], F32, second).data(128)
    };
    assert!(Checkpoint::from_bytes(file(0, 64).bytes()).is_ok());
    assert!(
        Checkpoint::from_bytes(file(64, 0).bytes()).is_ok(),
        "any order"
    );
    refused(
        &file(0, 32),
        &["offset of tensor `b`", "where `a` ends", "found"],
    );
    refused(&file(64, 32), &["offset of tensor `a`", "where `b` ends"]);
    refused(&file(0, 0), &["where", "ends"]);
    refused(
        &file(0, 96),
        &[
            "offset of tensor `b`",
            "64 bytes inside a file of",
            "cut short",
        ],
    );
    refused(
        &file(0, 68),
        &["offset of tensor `b`", "a multiple of 32", "found 68"],
    );
    for far in [1 << 40, u64::MAX - 31, u64::MAX - 127] {
        refused(&file(0, far), &["offset of tensor `b`", "inside a file of"]);
    }
}

/// Cut anywhere, a real file is refused.
#[test]
fn truncated_at_any_byte() {
    let whole = std::fs::read(data("llama3-tiny/q4_k_m.gguf")).expect("test data");
    let header = Header::parse(&whole, whole.len() as u64).expect("a sound file");
    let start = header.data_offset as usize;
    let end = header.tensors.iter().map(|t| t.offset + t.bytes).max();
    let end = end.expect("tensors") as usize;
    for len in 0..start {
        let cut = Header::parse(&whole[..len], len as u64);
        let message = cut.expect_err("a cut header was read").to_string();
        assert!(
            message.contains("expected") && message.contains("found"),
            "{message}"
        );
    }
    let edges = header.tensors.iter().map(|t| t.offset as usize);
    let spread = (start..end).step_by(997);
    for len in edges.chain(spread).chain([start + 1, end - 1]) {
        let message = Header::parse(&whole[..start], len as u64)
            .unwrap_err()
            .to_string();
        assert!(message.contains("cut short"), "{message}");
    }
    assert!(Header::parse(&whole[..start], end as u64).is_ok());
}
