//! Model files: real headers, broken ones, mutated ones; the writer against the reader; synthetic models. Every
//! allocation of this program is counted per thread, so that tests can say how much a file made the reader allocate.

mod broken;
mod broken_tensors;
mod host;
mod mutated;
mod raw;
mod real;
mod round_trip;
mod synth;
mod vocabulary;

use std::path::PathBuf;

use lorgnette::formats::Checkpoint;
use lorgnette_tests::allocations;

#[global_allocator]
static ALLOCATOR: allocations::Counting = allocations::Counting;

/// A file of `tests/data`.
fn data(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "data", name].iter().collect()
}

/// A place for a file that the test writes: under `target`, an own name for each test.
fn scratch(name: &str) -> PathBuf {
    [env!("CARGO_TARGET_TMPDIR"), name].iter().collect()
}

/// All numbers of an f32 tensor.
fn floats(file: &Checkpoint, name: &str) -> Vec<f32> {
    let t = file.tensor(name).unwrap_or_else(|| panic!("no {name}"));
    let (numbers, _) = file.rows(t, 0..t.rows).as_chunks();
    numbers
        .iter()
        .map(|bytes| f32::from_le_bytes(*bytes))
        .collect()
}
