//! Layers that stay in the file: the same numbers as with all of them in memory, the bytes and submits that were said, and
//! an error where the file is not what it was.

mod changed;
mod counts;
mod large;
mod mixed;
mod numbers;
mod textures;

use lorgnette::{KvFormat, LoadOptions};

/// Layers of the file that most of these tests use.
const LAYERS: usize = 6;

/// A small session, and a ring so small that a matrix comes through it in several pieces.
fn options(streamed_layers: usize) -> LoadOptions {
    LoadOptions {
        context: Some(64),
        kv: KvFormat::F32,
        prefill_chunk: 8,
        streamed_layers,
        staging_bytes: 24 << 10,
        ..Default::default()
    }
}

/// Ids that have little in common with those of another seed.
fn prompt(seed: u32, length: u32) -> Vec<u32> {
    (0..length).map(|i| (seed * 31 + i * 97) % 300).collect()
}
