//! A step that is submitted before its token is told may not make a position leave that the session still counts on: near
//! the end of the window and behind it, a session whose answer is cut short is as one that never went ahead.

use lorgnette::{Event, GenerateOptions, Prompt, Sampling, Session};
use lorgnette_tests::runtime;

use super::{KEEP, sliding, tiny, tokens};

const CONTEXT: u32 = 48;

/// Reads so many tokens, takes so many of an answer, chosen by the device or by the host, and drops the rest.
fn cut_short(session: &mut Session, read: usize, told: usize, by_host: bool) -> Vec<u32> {
    let ids = tokens(read);
    let options = GenerateOptions {
        max_tokens: None,
        sampling: Sampling::greedy(),
        log_probabilities: by_host,
        ignore_end: true,
        ..Default::default()
    };
    let events = session
        .generate(Prompt::Ids(&ids), &options)
        .expect("starts");
    let mut left = told;
    for event in events {
        left -= usize::from(matches!(event.expect("no error"), Event::Token { .. }));
        if left == 0 {
            break;
        }
    }
    session.ids().to_vec()
}

#[test]
fn nothing_leaves_for_a_token_that_is_not_told() {
    let model = tiny(runtime(), CONTEXT);
    let context = CONTEXT as usize;
    for read in [context - 2, context, context + 30] {
        for told in [1, 3] {
            let length = read + told - 1;
            // The oldest position of the ring is the first that can be gone back to.
            let left = length.saturating_sub(context);
            for at in [length - 1, KEEP as usize + left] {
                let what = format!("{read} read, {told} told, back to {at}");
                let [mut one, mut other] = [sliding(&model), sliding(&model)];
                let ids = cut_short(&mut one, read, told, false);
                assert_eq!(ids, cut_short(&mut other, read, told, true), "{what}");
                assert_eq!(ids.len(), length, "{what}");
                let parted = [&ids[..at], &[7, 8, 9]].concat();
                let before = one.prefilled();
                let found = one.logits(&parted).expect("logits");
                assert_eq!(one.prefilled() - before, 3, "{what}");
                let expected = other.logits(&parted).expect("logits");
                assert_eq!(found, expected, "{what}");
            }
        }
    }
}
