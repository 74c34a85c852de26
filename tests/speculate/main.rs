//! Speculative decoding: whatever is drafted, by whom, and however tokens are chosen, the answer is the one that comes
//! without drafts, and so is the session behind it. Forward passes are counted. On tiny random models, whose text is noise.

mod counted;
mod refused;
mod same;
mod sessions;

use std::sync::OnceLock;

use lorgnette::{
    Event, GenerateOptions, LoadOptions, Model, Prompt, Session, Speculation, StopReason, Timings,
};
use lorgnette_tests::asking::{self, endless, prompt};
use lorgnette_tests::{data, load, runtime};

/// Positions of the models' sessions.
const CONTEXT: u32 = 256;

fn options() -> LoadOptions {
    LoadOptions {
        context: Some(CONTEXT),
        prefill_chunk: 16,
        speculation: true,
        ..Default::default()
    }
}

/// The model that answers.
fn tiny() -> &'static Model {
    static MODEL: OnceLock<Model> = OnceLock::new();
    MODEL.get_or_init(|| load(runtime(), data("llama3-tiny/q4_0.gguf"), &options()))
}

/// Another one with the same vocabulary, which was not loaded for speculation and has a shorter context.
fn other() -> &'static Model {
    static MODEL: OnceLock<Model> = OnceLock::new();
    let options = LoadOptions {
        context: Some(CONTEXT - 50),
        speculation: false,
        ..options()
    };
    MODEL.get_or_init(|| load(runtime(), data("llama3-tiny/q4_k_m.gguf"), &options))
}

/// A session of the answering model with nothing drafted.
fn plain() -> Session {
    tiny().session().expect("a session")
}

fn drafting(speculation: Speculation) -> Session {
    let mut session = plain();
    session.set_speculation(speculation).expect("drafts");
    session
}

fn drafted_by(model: &Model) -> Session {
    let session = model.session().expect("a session");
    drafting(Speculation::Model(Box::new(session)))
}

/// A session for each source of drafts, by name.
fn all_sources() -> [(&'static str, Session); 3] {
    [
        ("lookup", drafting(Speculation::Lookup)),
        ("another model", drafted_by(other())),
        ("the same model", drafted_by(tiny())),
    ]
}

fn greedy(max_tokens: usize) -> GenerateOptions {
    endless(asking::greedy(max_tokens))
}

/// All that an answer is, but for the time it took.
#[derive(Clone, Debug, PartialEq)]
struct Answer {
    ids: Vec<u32>,
    log_probabilities: Vec<Option<f32>>,
    text: String,
    stop: StopReason,
}

impl Answer {
    fn of(events: impl IntoIterator<Item = Event>) -> (Self, Timings) {
        let mut events: Vec<Event> = events.into_iter().collect();
        let Some(Event::Done { stop, timings }) = events.pop() else {
            panic!("an end, not {events:?}")
        };
        let mut answer = Self {
            ids: Vec::new(),
            log_probabilities: Vec::new(),
            text: String::new(),
            stop,
        };
        for event in events {
            match event {
                Event::Token {
                    id,
                    log_probability,
                } => {
                    answer.ids.push(id);
                    answer.log_probabilities.push(log_probability);
                }
                Event::Text(text) => answer.text += &text,
                Event::Done { .. } => panic!("nothing comes behind the end"),
            }
        }
        (answer, timings)
    }
}

fn answer(session: &mut Session, ids: &[u32], options: &GenerateOptions) -> (Answer, Timings) {
    let events = session.generate(Prompt::Ids(ids), options).expect("starts");
    Answer::of(events.map(|event| event.expect("no error")))
}
