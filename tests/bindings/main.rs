//! The surface of the bindings, from Rust: what is pulled is what the runtime makes, one answer at a time, cancelled and
//! dropped at any point; what is wrong is said. The languages' own tests are in `android/` and `ios/`.

mod ahead;

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use lorgnette_bindings::{
    Answer, AnswerOptions, Batch, BindingError, Budget, LoadOptions, LoadProgress, Message, Model,
    Overflow, Progress, Prompt, Runtime, RuntimeOptions, Session, Source, Speculation, StopReason,
    inspect,
};
use lorgnette_tests::data;

fn open() -> Arc<Runtime> {
    let options = RuntimeOptions {
        adapter: std::env::var("LORGNETTE_ADAPTER").ok(),
        variants: Some("in-order".into()),
        ..Default::default()
    };
    Runtime::new(options).expect("a Vulkan or Metal adapter")
}

/// The one that tests share; those that count have one of their own.
fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Arc<Runtime>> = OnceLock::new();
    RUNTIME.get_or_init(open)
}

fn tiny() -> Source {
    source("llama3-tiny/q4_0.gguf")
}

fn source(name: &str) -> Source {
    let path = data(name);
    Source::Path {
        path: path.to_string_lossy().into_owned(),
    }
}

fn options() -> LoadOptions {
    LoadOptions {
        context: Some(256),
        prefill_chunk: Some(16),
        speculation: true,
        ..Default::default()
    }
}

fn load(runtime: &Runtime) -> Arc<Model> {
    Model::load(runtime, tiny(), options(), None).expect("loads")
}

fn greedy(max_tokens: u32) -> AnswerOptions {
    AnswerOptions {
        max_tokens: Some(max_tokens),
        temperature: 0.0,
        top_k: 40,
        top_p: 0.95,
        min_p: 0.05,
        repeat_penalty: 1.0,
        repeat_last_n: 64,
        seed: None,
        stop: Vec::new(),
        log_probabilities: false,
        ignore_end: true,
    }
}

fn prompt(length: u32) -> Prompt {
    let ids = (0..length).map(|i| (i * 37 + 11) % 480).collect();
    Prompt::Ids { ids }
}

fn ask(session: &Session, length: u32, options: AnswerOptions) -> Arc<Answer> {
    session
        .answer(prompt(length), options, 8, None)
        .expect("starts")
}

/// Everything that is still to come.
fn rest(answer: &Answer) -> Batch {
    let mut all = Batch::default();
    while let Some(batch) = answer.next().expect("no error") {
        assert!(all.done.is_none(), "nothing comes behind the end");
        all.text += &batch.text;
        all.tokens.extend(batch.tokens);
        all.done = batch.done;
    }
    assert_eq!(answer.next().expect("no error"), None);
    all
}

fn ids(batch: &Batch) -> Vec<u32> {
    batch.tokens.iter().map(|token| token.id).collect()
}

fn stop(batch: &Batch) -> Option<StopReason> {
    batch.done.as_ref().map(|done| done.stop)
}

#[test]
fn what_is_pulled_is_what_the_runtime_makes() {
    let runtime = runtime();
    let session = load(runtime).session().expect("a session");
    let pulled = rest(&ask(&session, 20, greedy(40)));
    assert_eq!(stop(&pulled), Some(StopReason::Length));

    let inner = lorgnette_tests::open(lorgnette::Profile::NATIVE).expect("the same adapter");
    let options = lorgnette::LoadOptions {
        context: Some(256),
        prefill_chunk: 16,
        ..Default::default()
    };
    let model = lorgnette_tests::load(&inner, data("llama3-tiny/q4_0.gguf"), &options);
    let mut session = model.session().expect("a session");
    let Prompt::Ids { ids: asked } = prompt(20) else {
        unreachable!("these are ids");
    };
    let answer = session.generate(lorgnette::Prompt::Ids(&asked), &greedy(40).into());
    let (mut expected, mut text) = (Vec::new(), String::new());
    for event in answer.expect("starts") {
        match event.expect("no error") {
            lorgnette::Event::Token { id, .. } => expected.push(id),
            lorgnette::Event::Text(piece) => text += &piece,
            lorgnette::Event::Done { .. } => (),
        }
    }
    assert_eq!((ids(&pulled), pulled.text), (expected, text));
}

#[test]
fn one_answer_at_a_time_and_the_next_when_it_is_over() {
    let runtime = runtime();
    let session = load(runtime).session().expect("a session");
    let expected = ids(&rest(&ask(&session, 20, greedy(12))));
    let first = ask(&session, 20, greedy(200));
    for error in [
        session
            .answer(prompt(5), greedy(5), 8, None)
            .map(drop)
            .err(),
        session.truncate(0).err(),
        session.set_overflow(Overflow::Slide { keep: None }).err(),
        session.set_speculation(Speculation::Lookup).err(),
        session.tokens().map(drop).err(),
    ] {
        assert!(matches!(error, Some(BindingError::Busy(_))), "{error:?}");
    }
    // Dropped while it is being made, behind its end, and where nobody has pulled.
    assert!(
        !first
            .next()
            .expect("no error")
            .expect("a batch")
            .tokens
            .is_empty()
    );
    drop(first);
    assert_eq!(ids(&rest(&ask(&session, 20, greedy(12)))), expected);
    drop(ask(&session, 20, greedy(200)));
    let again = ask(&session, 20, greedy(12));
    assert_eq!(ids(&rest(&again)), expected);
    // An answer that is over does not cancel the next one.
    let next = ask(&session, 20, greedy(12));
    again.cancel();
    let next = rest(&next);
    assert_eq!(
        (ids(&next), stop(&next)),
        (expected, Some(StopReason::Length))
    );
}

#[test]
fn cancelled_within_one_submit() {
    let runtime = open();
    let session = load(&runtime).session().expect("a session");
    let expected = ids(&rest(&ask(&session, 20, greedy(30))));
    let answer = ask(&session, 20, greedy(200));
    let mut told = ids(&answer.next().expect("no error").expect("a batch"));
    let before = runtime.counters().submits;
    answer.cancel();
    // One may be on its way to the device just now.
    let at_most = before + 1;
    let rest = rest(&answer);
    told.extend(ids(&rest));
    assert_eq!(stop(&rest), Some(StopReason::Cancelled));
    let submits = runtime.counters().submits;
    assert!(submits <= at_most, "{submits} submits, at most {at_most}");
    assert!(told.len() < 200, "it was not done");
    let both = told.len().min(expected.len());
    assert_eq!(told[..both], expected[..both]);
    let again = self::rest(&ask(&session, 20, greedy(30)));
    assert_eq!(ids(&again), expected);
}

#[test]
fn speculation_gives_the_same_answer() {
    let runtime = runtime();
    let model = load(runtime);
    let session = model.session().expect("a session");
    let expected = ids(&rest(&ask(&session, 20, greedy(40))));
    for speculation in [
        Speculation::Lookup,
        Speculation::Draft {
            model: model.clone(),
        },
    ] {
        session.truncate(0).expect("idle");
        session.set_speculation(speculation).expect("loaded for it");
        let answer = rest(&ask(&session, 20, greedy(40)));
        assert_eq!(ids(&answer), expected);
        let timings = answer.done.expect("an end").timings;
        assert!(timings.passes <= timings.answer_tokens);
    }
}

#[test]
fn whole_characters_of_a_chat_beyond_its_context() {
    let model = Model::load(runtime(), source("recital/recital.gguf"), options(), None);
    let session = model.expect("loads").session().expect("a session");
    session
        .set_overflow(Overflow::Slide { keep: None })
        .expect("idle");
    let messages = vec![Message {
        role: "user".into(),
        content: "What do you say?".into(),
    }];
    let answer = session.answer(Prompt::Chat { messages }, greedy(500), 8, None);
    let answer = answer.expect("starts");
    let mut text = String::new();
    while let Some(batch) = answer.next().expect("no error") {
        text += &batch.text;
    }
    let said = std::fs::read_to_string(data("recital/recital.txt")).expect("its text");
    // Only the very end may be cut within a character. The end of the answer may be in a later batch than that.
    let whole = text.trim_end_matches('\u{fffd}');
    assert!(said.trim_end().repeat(8).starts_with(whole), "{text}");
    assert!(whole.len() > 3 * said.len(), "{text}");
}

struct Told(Arc<AtomicU64>);

impl LoadProgress for Told {
    fn on_progress(&self, progress: Progress) {
        assert!(progress.done <= progress.total);
        self.0.fetch_add(1, Relaxed);
    }
}

struct Panics;

impl LoadProgress for Panics {
    fn on_progress(&self, _progress: Progress) {
        panic!("as a foreign exception does");
    }
}

#[test]
fn progress_is_told_and_a_panic_of_it_unwinds() {
    let runtime = open();
    let told = Arc::new(AtomicU64::new(0));
    let progress: Box<dyn LoadProgress> = Box::new(Told(told.clone()));
    let model = Model::load(&runtime, tiny(), options(), Some(progress)).expect("loads");
    let told = told.load(Relaxed);
    assert!((2..=303).contains(&told), "{told} times, for three stages");
    drop(model);
    let load = || Model::load(&runtime, tiny(), options(), Some(Box::new(Panics)));
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(load)).is_err());
    assert_eq!(runtime.counters().live_bytes, 0, "nothing stays");
}

#[test]
fn errors_are_of_their_kind_and_say_all() {
    let runtime = runtime();
    let path = |path: &str| Source::Path { path: path.into() };
    let failed = Model::load(runtime, path("/nowhere.gguf"), options(), None);
    let error = failed.expect_err("no file");
    assert!(matches!(error, BindingError::Model(_)), "{error:?}");
    assert!(error.to_string().contains("/nowhere.gguf"), "{error}");

    let tight = LoadOptions {
        budget: Some(Budget {
            bytes: 1 << 20,
            least_context: None,
            worst_kv: None,
            resident: false,
        }),
        ..Default::default()
    };
    let failed = Model::load(runtime, tiny(), tight.clone(), None);
    let error = failed.expect_err("too tight");
    assert!(matches!(error, BindingError::Memory(_)), "{error:?}");
    let figures = inspect(tiny(), tight, Some("glasses-floor".into())).expect("figures");
    assert!(!figures.fits && figures.minimum_bytes > 1 << 20);
    assert_eq!(error.to_string(), format!("budget: {}", figures.refusal));

    let session = load(runtime).session().expect("a session");
    let too_hot = AnswerOptions {
        temperature: -1.0,
        ..greedy(1)
    };
    let messages = vec![Message {
        role: "two words".into(),
        content: "hello".into(),
    }];
    for (prompt, options, words) in [
        (prompt(3), too_hot, "temperature"),
        (
            prompt(300),
            greedy(1),
            "300 positions needed, 256 available",
        ),
        (Prompt::Ids { ids: vec![512] }, greedy(1), "512"),
        (Prompt::Chat { messages }, greedy(1), "role of message 0"),
    ] {
        let error = session.answer(prompt, options, 8, None).expect_err(words);
        assert!(matches!(error, BindingError::Input(_)), "{error:?}");
        assert!(error.to_string().contains(words), "{error}");
    }
    let unknown = RuntimeOptions {
        profile: Some("fridge".into()),
        ..Default::default()
    };
    let error = Runtime::new(unknown).expect_err("no such profile");
    assert!(error.to_string().contains("glasses-floor"), "{error}");
}
