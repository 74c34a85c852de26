//! The device is lost: anywhere in an answer, again on the way back, with others around. The answer goes on as if nothing
//! had been, in the memory that was planned.

use lorgnette::{
    Error, GenerateOptions, KvFormat, LoadOptions, Model, Overflow, Prompt, Session, Speculation,
};

use super::{CONTEXT, Told, answer, fuse, greedy, options, prompt, seeded, tiny, tiny_on};

/// What comes of a prompt, of another that goes on from it, and what the session has read.
fn conversation(session: &mut Session, options: &GenerateOptions) -> (Told, Told, Vec<u32>) {
    let first = answer(session, &prompt(2, 20), options);
    let next = [session.ids(), &prompt(7, 3)].concat();
    let short = GenerateOptions {
        max_tokens: Some(2),
        ..options.clone()
    };
    let second = answer(session, &next, &short);
    (first, second, session.ids().to_vec())
}

/// Sessions whose device is lost at each of these shares of all dispatches give what they give without a loss. Each uses
/// one session of each of these models.
fn lost_at(
    models: &[&Model],
    session: &dyn Fn() -> Session,
    options: &GenerateOptions,
    points: &[f64],
) {
    let runtime = fuse::runtime();
    fuse::light(u64::MAX);
    let expected = conversation(&mut session(), options);
    let all = u64::MAX - fuse::left();
    for point in points {
        let mut session = session();
        let before = runtime.counters();
        fuse::light(1 + (all as f64 * point) as u64);
        let found = conversation(&mut session, options);
        assert_eq!(fuse::burnt(), 1, "at {point} of {all}");
        assert_eq!(found, expected, "at {point} of {all}");
        let after = runtime.counters();
        assert!(after.pipelines > before.pipelines, "a new device");
        assert_eq!(after.live_bytes, before.live_bytes, "and nothing more");
        // What the plans hold at their peak and not between two steps.
        let more = models.iter().map(|model| {
            let memory = model.memory();
            memory.peak(1) - memory.held() - memory.session.total()
        });
        let most = before.live_bytes + more.sum::<u64>();
        assert!(
            after.peak_bytes <= before.peak_bytes.max(most),
            "nothing twice"
        );
    }
}

/// So many numbers between 0 and 1.
fn seeded_points(count: u32, seed: u64) -> Vec<f64> {
    let mut state = seed;
    let next = |_| {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (state >> 33) as f64 / (1u64 << 31) as f64
    };
    (0..count).map(next).collect()
}

#[test]
fn anywhere_in_an_answer() {
    let _alone = fuse::alone();
    let session = || tiny().session().expect("a session");
    lost_at(&[tiny()], &session, &greedy(5), &seeded_points(10, 1));
    lost_at(&[tiny()], &session, &seeded(5, 9), &seeded_points(10, 2));
}

#[test]
fn while_the_oldest_tokens_leave_a_quantised_cache() {
    let _alone = fuse::alone();
    let options = LoadOptions {
        context: Some(32),
        kv: KvFormat::Q8_0,
        ..options()
    };
    let model = tiny_on(fuse::runtime(), &options);
    let session = || {
        let mut session = model.session().expect("a session");
        let overflow = Overflow::Slide { keep: 3 };
        session.set_overflow(overflow).expect("a ring");
        session
    };
    lost_at(&[&model], &session, &seeded(16, 4), &[0.9]);
}

#[test]
fn while_layers_are_streamed() {
    let _alone = fuse::alone();
    let options = LoadOptions {
        streamed_layers: 2,
        ..options()
    };
    let model = tiny_on(fuse::runtime(), &options);
    let session = || model.session().expect("a session");
    lost_at(&[&model], &session, &greedy(4), &[0.7]);
}

/// Rows that were checked at once, and the model that drafts them, on the same device.
#[test]
fn while_tokens_are_drafted() {
    let _alone = fuse::alone();
    let options = LoadOptions {
        speculation: true,
        ..options()
    };
    let model = tiny_on(fuse::runtime(), &options);
    let drafted = |speculation| {
        let mut session = model.session().expect("a session");
        session.set_speculation(speculation).expect("drafts");
        session
    };
    let by_model = || {
        let session = tiny().session().expect("a session");
        drafted(Speculation::Model(Box::new(session)))
    };
    let by_lookup = || drafted(Speculation::Lookup);
    lost_at(&[&model], &by_lookup, &greedy(12), &[0.8]);
    lost_at(&[&model, tiny()], &by_model, &seeded(6, 3), &[0.6]);
}

/// In the middle of each of two answers; the device is opened once, and both go on.
#[test]
fn of_two_sessions() {
    let _alone = fuse::alone();
    let both = |lose: bool| {
        let mut sessions = [tiny(), tiny()].map(|model| model.session().expect("a session"));
        let (ids, options) = ([prompt(1, 20), prompt(3, 9)], [greedy(8), seeded(8, 5)]);
        let [one, two] = &mut sessions;
        let starts = [
            one.generate(Prompt::Ids(&ids[0]), &options[0]),
            two.generate(Prompt::Ids(&ids[1]), &options[1]),
        ];
        let mut answers = starts.map(|generation| generation.expect("starts"));
        let mut told: [Told; 2] = Default::default();
        for turn in 0.. {
            if lose && turn == 3 {
                fuse::runtime().lose_device();
            }
            let mut came = false;
            for (answer, told) in answers.iter_mut().zip(&mut told) {
                if let Some(event) = answer.next() {
                    told.hear(event.expect("no error"));
                    came = true;
                }
            }
            if !came {
                break;
            }
        }
        told
    };
    let expected = both(false);
    let before = fuse::runtime().counters();
    assert_eq!(both(true), expected);
    let after = fuse::runtime().counters();
    let weights = |model: &Model| model.memory().weights_bytes();
    let copied = after.copied_bytes - before.copied_bytes;
    assert!(copied < 2 * weights(tiny()), "{copied}: weights came once");
    assert_eq!(after.peak_bytes, before.peak_bytes);
}

/// A session that was cut in the middle of a chunk, by scores and by logits.
#[test]
fn between_two_uses_of_a_session() {
    let _alone = fuse::alone();
    let ids = prompt(4, 60);
    let (scored, cut) = (&ids[..50], &ids[..37]);
    let mut all = [false, true].map(|lose| {
        let mut session = tiny().session().expect("a session");
        session.score(scored).expect("scores");
        session.truncate(41);
        session.logits(cut).expect("logits");
        session.logits(&ids[..45]).expect("logits");
        session.truncate(42);
        if lose {
            fuse::runtime().lose_device();
        }
        let keys = session.keys(1).expect("keys");
        let row = keys.len() / CONTEXT as usize;
        (
            keys[..42 * row].to_vec(),
            session.logits(&ids).expect("logits"),
        )
    });
    let scores = [false, true].map(|lose| {
        let mut session = tiny().session().expect("a session");
        fuse::light(if lose { 9 } else { 0 });
        let scores = session.score(scored).expect("scores");
        assert_eq!(fuse::burnt(), u64::from(lose));
        scores
    });
    assert_eq!(scores[0], scores[1]);
    let [without, with] = &mut all;
    assert_eq!(without.0, with.0, "keys");
    assert_eq!(without.1, with.1, "logits");
}

/// Lost again on the way back, once; and then every time.
#[test]
fn again_and_again() {
    let _alone = fuse::alone();
    let (ids, options) = (prompt(2, 20), greedy(3));
    let mut session = tiny().session().expect("a session");
    fuse::light(u64::MAX);
    let expected = answer(&mut session, &ids, &options);
    let all = u64::MAX - fuse::left();
    // The second loss is in what the first had begun again.
    session.truncate(0);
    fuse::light_all(&[all - 3, all - 5]);
    assert_eq!(answer(&mut session, &ids, &options), expected);
    assert_eq!(fuse::burnt(), 2);
    session.truncate(0);
    fuse::light_all(&[9; 4]);
    let generation = session.generate(Prompt::Ids(&ids), &options);
    let error = generation.expect("starts").find_map(Result::err);
    let error = error.expect("it never gets to a token");
    assert!(matches!(error, Error::DeviceLost(_)), "{error}");
    assert_eq!(fuse::burnt(), 4, "once, and three times in vain");
    // Another try, and the device holds.
    fuse::light(0);
    assert_eq!(answer(&mut session, &ids, &options), expected);
}
