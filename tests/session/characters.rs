//! Characters of several tokens come whole, on the real model: a smiley and a Chinese character are often cut in two.
//! The decoder's own tests try every cut; this is the way through a generation.

use lorgnette::{LoadOptions, Prompt};
use lorgnette_tests::{load, runtime, smollm2};

use super::{Answer, greedy};

#[test]
fn emoji_and_chinese_come_whole() {
    let Some(path) = smollm2::path("emoji_and_chinese_come_whole") else {
        return;
    };
    let options = LoadOptions {
        context: Some(128),
        ..Default::default()
    };
    let model = load(runtime(), path, &options);
    for (text, character) in [("🦉🦉🦉🦉🦉🦉🦉🦉", '🦉'), ("你好你好你好你好", '你')]
    {
        let mut session = model.session().expect("a session");
        // A whole number of characters, so that none is cut off at the end.
        let each = model.tokenizer().encode(&character.to_string()).len();
        assert!(each > 1, "{character} is several tokens");
        let generation = session
            .generate(Prompt::Text(text), &greedy(4 * each))
            .expect("starts");
        let answer = Answer::of(generation.map(|event| event.expect("no error")));
        let found = answer.text();
        let many_bytes = |c: char| c.len_utf8() > 1 && c != '\u{fffd}';
        assert!(found.contains(many_bytes), "the model goes on: {found:?}");
        assert_eq!(found, model.tokenizer().decode(&answer.ids));
        let broken = answer
            .pieces
            .iter()
            .filter(|piece| piece.contains('\u{fffd}'));
        // Only the very end may be a part of a character.
        let at_end = usize::from(found.ends_with('\u{fffd}'));
        assert_eq!(broken.count(), at_end, "{:?}", answer.pieces);
        assert!(
            answer.pieces.len() < answer.ids.len(),
            "some tokens give no text alone"
        );
    }
}
