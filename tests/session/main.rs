//! Sessions: what they give out, when they stop, and that nothing that happens to one is felt by the next answer. On a
//! tiny random model, whose text is noise.

mod ahead;
mod cancel;
mod characters;
mod errors;
mod sampling;
mod sharing;
mod stopping;
mod turns;

use std::sync::OnceLock;

use lorgnette::{
    Event, GenerateOptions, LoadOptions, Model, Prompt, Runtime, Session, StopReason, Timings,
};
use lorgnette_tests::asking::{greedy, prompt, seeded};
use lorgnette_tests::{data, load, runtime};

/// Positions of the model's sessions.
const CONTEXT: u32 = 256;

/// The tiny model on such a runtime, with small chunks: a prompt of a few dozen tokens is several.
fn tiny_on(runtime: &Runtime) -> Model {
    let options = LoadOptions {
        context: Some(CONTEXT),
        prefill_chunk: 16,
        ..Default::default()
    };
    load(runtime, data("llama3-tiny/q4_0.gguf"), &options)
}

/// The one that the tests share.
fn tiny() -> &'static Model {
    static MODEL: OnceLock<Model> = OnceLock::new();
    MODEL.get_or_init(|| tiny_on(runtime()))
}

fn session() -> Session {
    tiny().session().expect("a session")
}

/// All that a generation gave out.
#[derive(Clone, Debug, PartialEq)]
struct Answer {
    ids: Vec<u32>,
    log_probabilities: Vec<Option<f32>>,
    pieces: Vec<String>,
    stop: StopReason,
    timings: Timings,
}

impl Answer {
    fn of(events: impl IntoIterator<Item = Event>) -> Self {
        let (mut ids, mut log_probabilities, mut pieces, mut done) = (vec![], vec![], vec![], None);
        for event in events {
            assert!(
                done.is_none(),
                "nothing comes behind the end, but {event:?}"
            );
            match event {
                Event::Token {
                    id,
                    log_probability,
                } => {
                    ids.push(id);
                    log_probabilities.push(log_probability);
                }
                Event::Text(piece) => pieces.push(piece),
                Event::Done { stop, timings } => done = Some((stop, timings)),
            }
        }
        let (stop, timings) = done.expect("an end");
        Self {
            ids,
            log_probabilities,
            pieces,
            stop,
            timings,
        }
    }

    fn text(&self) -> String {
        self.pieces.concat()
    }
}

fn answer(session: &mut Session, ids: &[u32], options: &GenerateOptions) -> Answer {
    let events = session.generate(Prompt::Ids(ids), options).expect("starts");
    Answer::of(events.map(|event| event.expect("no error")))
}
