//! Sessions that share a model's weights and scratch, one step each in turn or at the same time. Each gives what it gives
//! alone.

use lorgnette::{Canceller, Event, GenerateOptions, Model, Prompt, Runtime, Session};

use super::{Answer, answer, greedy, prompt, seeded, session, tiny};

#[test]
fn what_may_cross_threads() {
    fn shared<T: Send + Sync>() {}
    fn sent<T: Send>() {}
    shared::<Model>();
    shared::<Runtime>();
    shared::<Canceller>();
    sent::<Session>();
}

/// One event of each in turn.
fn interleaved(options: [&GenerateOptions; 2], prompts: [&[u32]; 2]) -> [Answer; 2] {
    let mut sessions = [session(), session()];
    let [first, second] = &mut sessions;
    let mut generations = [
        first
            .generate(Prompt::Ids(prompts[0]), options[0])
            .expect("starts"),
        second
            .generate(Prompt::Ids(prompts[1]), options[1])
            .expect("starts"),
    ];
    let mut events: [Vec<Event>; 2] = Default::default();
    loop {
        let mut came = false;
        for (generation, events) in generations.iter_mut().zip(&mut events) {
            if let Some(event) = generation.next() {
                events.push(event.expect("no error"));
                came = true;
            }
        }
        if !came {
            return events.map(Answer::of);
        }
    }
}

#[test]
fn interleaved_sessions_give_what_they_give_alone() {
    let (one, two) = (prompt(1, 40), prompt(2, 21));
    for options in [[&greedy(24), &greedy(30)], [&seeded(24, 5), &greedy(30)]] {
        let alone = [
            answer(&mut session(), &one, options[0]),
            answer(&mut session(), &two, options[1]),
        ];
        let together = interleaved(options, [&one, &two]);
        for (alone, together) in alone.iter().zip(&together) {
            assert!(alone.ids.len() > 4, "tokens to compare: {:?}", alone.ids);
            assert_eq!(alone.ids, together.ids);
            assert_eq!(alone.text(), together.text());
        }
        assert_ne!(together[0].ids, together[1].ids);
    }
}

#[test]
fn sessions_in_threads_give_what_they_give_alone() {
    let prompts: Vec<Vec<u32>> = (3..6).map(|seed| prompt(seed, 33)).collect();
    let alone: Vec<Answer> = prompts
        .iter()
        .map(|prompt| answer(&mut session(), prompt, &greedy(16)))
        .collect();
    let together: Vec<Answer> = std::thread::scope(|scope| {
        let started: Vec<_> = prompts
            .iter()
            .map(|prompt| scope.spawn(move || answer(&mut session(), prompt, &greedy(16))))
            .collect();
        started
            .into_iter()
            .map(|thread| thread.join().expect("no panic"))
            .collect()
    });
    for (alone, together) in alone.iter().zip(&together) {
        assert_eq!(alone.ids, together.ids);
    }
}

#[test]
fn a_session_keeps_its_model_alive() {
    let mut session = {
        let model = super::tiny_on(lorgnette_tests::runtime());
        model.session().expect("a session")
    };
    let expected = tiny().session().expect("a session").logits(&[7, 8, 9]);
    assert_eq!(
        session.logits(&[7, 8, 9]).expect("logits"),
        expected.expect("logits")
    );
}
