//! Lean: what is allocated is what was planned, a token costs what the plan says, and the process stays small. Counts,
//! not times, so that they hold on any device. Each test has a device of its own, as counts are a device's.

mod memory;
mod process;
mod token;

use lorgnette::formats::Checkpoint;
use lorgnette::{Event, GenerateOptions, Prompt, Sampling, Session};

/// What a number of bytes may be over the plan in the driver's own account.
const ALLOCATED: u64 = 1 << 20;

fn greedy(max_tokens: usize) -> GenerateOptions {
    GenerateOptions {
        max_tokens: Some(max_tokens),
        sampling: Sampling::greedy(),
        ..Default::default()
    }
}

/// Generates greedily behind a few tokens and calls `look` after each event.
fn generate(session: &mut Session, max_tokens: usize, mut look: impl FnMut()) -> usize {
    events(session, &greedy(max_tokens), |_| look())
}

/// The same in any way.
fn events(session: &mut Session, options: &GenerateOptions, mut look: impl FnMut(&Event)) -> usize {
    let ids = [5, 6, 7, 8, 9];
    let events = session
        .generate(Prompt::Ids(&ids), options)
        .expect("starts");
    events.map(|event| look(&event.expect("no error"))).count()
}

/// Bytes of the tensors that are weights, as they are in the file.
fn file_weights(file: &Checkpoint) -> u64 {
    let weights = file
        .tensors()
        .iter()
        .filter(|tensor| tensor.name != "rope_freqs.weight");
    weights.map(|tensor| tensor.bytes).sum()
}
