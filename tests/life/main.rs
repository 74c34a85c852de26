//! What happens to an app and its device while a model answers: a lost device, a pause, memory that is wanted back, a pace.
//! Whatever happens, the answer is the one that comes without it. On a tiny random model, whose text is noise.

mod fuse;
mod lost;
mod pace;
mod pause;
mod source;
mod trim;

use std::sync::OnceLock;

use lorgnette::{Event, GenerateOptions, LoadOptions, Model, Prompt, Runtime, Session, StopReason};
use lorgnette_tests::asking::{self, endless, prompt};
use lorgnette_tests::{data, load};

/// Positions of the model's sessions.
const CONTEXT: u32 = 256;

fn options() -> LoadOptions {
    LoadOptions {
        context: Some(CONTEXT),
        prefill_chunk: 16,
        ..Default::default()
    }
}

fn tiny_on(runtime: &Runtime, options: &LoadOptions) -> Model {
    load(runtime, data("llama3-tiny/q4_0.gguf"), options)
}

/// A model on the device that all tests share, which is lost again and again.
fn tiny() -> &'static Model {
    static MODEL: OnceLock<Model> = OnceLock::new();
    MODEL.get_or_init(|| tiny_on(fuse::runtime(), &options()))
}

fn greedy(max_tokens: usize) -> GenerateOptions {
    endless(asking::greedy(max_tokens))
}

fn seeded(max_tokens: usize, seed: u64) -> GenerateOptions {
    endless(asking::seeded(max_tokens, seed))
}

/// What an answer told.
#[derive(Clone, Debug, Default, PartialEq)]
struct Told {
    ids: Vec<u32>,
    text: String,
    stop: Option<StopReason>,
}

impl Told {
    fn hear(&mut self, event: Event) {
        match event {
            Event::Token { id, .. } => self.ids.push(id),
            Event::Text(text) => self.text += &text,
            Event::Done { stop, .. } => self.stop = Some(stop),
        }
    }
}

fn answer(session: &mut Session, ids: &[u32], options: &GenerateOptions) -> Told {
    let mut told = Told::default();
    for event in session.generate(Prompt::Ids(ids), options).expect("starts") {
        told.hear(event.expect("no error"));
    }
    told
}
