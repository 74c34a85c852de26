//! What ends an answer: its length, the context, a stop string, the model's own end. Cancelling is in `cancel`, what a
//! prompt is refused for in `errors`.

use lorgnette::{GenerateOptions, StopReason};

use super::{Answer, CONTEXT, answer, greedy, prompt, session, tiny};

fn with_stop(stop: &str, max_tokens: usize) -> GenerateOptions {
    GenerateOptions {
        stop: vec!["never seen anywhere".into(), stop.to_owned()],
        ..greedy(max_tokens)
    }
}

/// An answer whose text has at least a dozen pieces.
fn long_answer() -> (Vec<u32>, Answer) {
    (0..20)
        .map(|seed| prompt(seed, 12))
        .map(|ids| (ids.clone(), answer(&mut session(), &ids, &greedy(24))))
        .find(|(_, whole)| whole.pieces.len() >= 12 && whole.text().is_ascii())
        .expect("some prompt has one")
}

#[test]
fn at_most_so_many_tokens() {
    for most in [0, 1, 5] {
        let some = answer(&mut session(), &prompt(1, 20), &greedy(most));
        assert_eq!((some.ids.len(), some.stop), (most, StopReason::Length));
        assert_eq!(some.text().is_empty(), most == 0);
    }
}

/// No part of a stop string is given out, wherever in the pieces it begins and ends.
#[test]
fn stop_strings() {
    let (ids, whole) = long_answer();
    let text = whole.text();
    let mut session = session();
    let mut across = 0;
    for i in 0..12 {
        let (start, length) = (
            1 + i * (text.len() - 5) / 12,
            1 + 3 * usize::from(i % 3 > 0),
        );
        let stop = &text[start..start + length];
        let first = text.find(stop).expect("it is a part of the text");
        let stopped = answer(&mut session, &ids, &with_stop(stop, 24));
        assert_eq!(stopped.stop, StopReason::Stop, "{stop:?}");
        assert_eq!(stopped.text(), text[..first], "{stop:?}");
        let ends = whole.pieces.iter().scan(0, |end, piece| {
            *end += piece.len();
            Some(*end)
        });
        across += usize::from(
            ends.into_iter()
                .any(|end| end > first && end < first + length),
        );
    }
    assert!(across > 3, "{across} stop strings lie across pieces");
}

/// Text that only began like a stop string is given out in the end.
#[test]
fn almost_a_stop_string() {
    let (ids, whole) = long_answer();
    let text = whole.text();
    let stop = format!("{}\u{1}", &text[text.len() - 3..]);
    let almost = answer(&mut session(), &ids, &with_stop(&stop, 24));
    assert_eq!(almost.stop, whole.stop);
    assert_eq!(almost.text(), text);
}

#[test]
fn the_end_of_the_context() {
    let context = CONTEXT as usize;
    for room in [0, 1, 5] {
        let ids = prompt(2, CONTEXT - room);
        let mut session = session();
        let options = GenerateOptions {
            max_tokens: None,
            ..greedy(0)
        };
        let answer = answer(&mut session, &ids, &options);
        assert_eq!(answer.stop, StopReason::Context);
        // The last one has no place of its own any more.
        assert_eq!(answer.ids.len(), room as usize + 1);
        assert_eq!(session.ids().len(), context);
    }
}

/// All tokens of this model are about as likely when it is hot enough, so some seed comes upon one that ends.
#[test]
fn the_model_s_own_end() {
    let tokenizer = tiny().tokenizer();
    let ends: Vec<u32> = (0..tokenizer.len() as u32)
        .filter(|id| tokenizer.is_end(*id))
        .collect();
    assert!(!ends.is_empty(), "the model has a token that ends");
    let hot = |seed| GenerateOptions {
        sampling: lorgnette::Sampling {
            temperature: 50.0,
            top_k: 0,
            top_p: 1.0,
            min_p: 0.0,
            seed,
            ..Default::default()
        },
        ..greedy(200)
    };
    let mut session = session();
    let ended = (0..40)
        .map(|seed| answer(&mut session, &prompt(3, 20), &hot(seed)))
        .find(|answer| answer.stop == StopReason::Eos)
        .expect("one of 8000 tokens");
    assert!(ended.ids.len() < 200);
    assert!(
        ended.ids.iter().all(|id| !ends.contains(id)),
        "it is not part of the answer"
    );
}
