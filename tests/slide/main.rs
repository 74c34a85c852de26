//! Endless conversations: sessions whose oldest tokens leave. What is in the cache, what comes out far behind its end, and
//! what is left when a session goes back. The kernels' own cases are in `kernels/sliding.rs`.

mod ahead;
mod endless;
mod keys;
mod options;
mod turns;

use lorgnette::{KvFormat, LoadOptions, Model, Overflow, Runtime, Session};
use lorgnette_tests::{data, load};

/// Tokens that stay.
const KEEP: u32 = 4;
/// Tokens of a prompt that go through the model at once.
const CHUNK: u32 = 16;

/// The tiny model with so many rows of keys and values.
fn tiny(runtime: &Runtime, context: u32) -> Model {
    load(
        runtime,
        data("llama3-tiny/q4_0.gguf"),
        &options(context, CHUNK),
    )
}

fn options(context: u32, prefill_chunk: u32) -> LoadOptions {
    LoadOptions {
        context: Some(context),
        prefill_chunk,
        kv: KvFormat::F32,
        ..Default::default()
    }
}

fn sliding(model: &Model) -> Session {
    let mut session = model.session().expect("a session");
    let overflow = Overflow::Slide { keep: KEEP };
    session.set_overflow(overflow).expect("room to slide");
    session
}

/// Ordinary tokens in no order.
fn tokens(count: usize) -> Vec<u32> {
    let mut state = 1u32;
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) % 480
    };
    (0..count).map(next).collect()
}
