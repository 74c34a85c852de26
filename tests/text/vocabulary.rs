//! The tokenizer's rules on a small vocabulary, and what it says of broken ones.

use lorgnette::{Error, Piece, RawVocabulary, Tokenizer, Vocabulary};

use crate::given::{said, small, small_raw};

fn refused(change: impl FnOnce(&mut RawVocabulary<'static>)) -> String {
    let mut raw = small_raw();
    change(&mut raw);
    said(Vocabulary::new(raw).and_then(Tokenizer::new))
}

fn id(name: &str) -> u32 {
    small_raw()
        .tokens
        .iter()
        .position(|token| *token == name)
        .unwrap() as u32
}

fn piece(text: &str, special: bool) -> Piece {
    let text = text.to_owned();
    Piece { text, special }
}

#[test]
fn merges_apply_in_order_and_across_pieces() {
    let tokenizer = small();
    let expected = [id("he"), id("ll"), id("Ġhe")];
    assert_eq!(tokenizer.encode("hell he"), expected);
    let pieces = [piece("hel", true), piece("l h", false), piece("e", true)];
    assert_eq!(tokenizer.encode_pieces(&pieces), expected);
}

#[test]
fn control_tokens_lie_inside_one_trusted_piece() {
    let tokenizer = small();
    let (control, user_defined) = (id("<|a|>"), id("<think>"));
    assert_eq!(
        tokenizer.encode_special("<|a|><think>"),
        [control, user_defined]
    );
    let plain = tokenizer.encode("<|a|><think>");
    assert_eq!((plain.len(), plain.last()), (6, Some(&user_defined)));
    for pieces in [
        vec![piece("<|a|>", false)],
        vec![piece("<|", true), piece("a|>", true)],
        vec![piece("<", false), piece("|a|>", true)],
        vec![piece("<|a", true), piece("|>", false)],
    ] {
        assert_eq!(tokenizer.encode_pieces(&pieces), plain[..5], "{pieces:?}");
    }
}

#[test]
fn a_merge_cannot_make_a_control_token() {
    let mut raw = small_raw();
    raw.merges.push("he ll");
    raw.tokens.push("hell");
    raw.types.as_mut().unwrap().push(3);
    // With the whole-piece rule too.
    for pre in ["gpt-2", "llama-bpe"] {
        raw.pre = Some(pre);
        let tokenizer = Tokenizer::new(Vocabulary::new(raw.clone()).unwrap()).unwrap();
        assert_eq!(tokenizer.encode("hell"), [id("he"), id("ll")]);
        assert_eq!(
            tokenizer.encode_special("hell"),
            [raw.tokens.len() as u32 - 1]
        );
    }
}

#[test]
fn of_names_that_begin_together_the_longest_counts() {
    let mut raw = small_raw();
    raw.tokens.push("<|a|>!");
    raw.types.as_mut().unwrap().push(3);
    let longer = raw.tokens.len() as u32 - 1;
    let tokenizer = Tokenizer::new(Vocabulary::new(raw).unwrap()).unwrap();
    assert_eq!(
        tokenizer.encode_special("<|a|><|a|>!"),
        [id("<|a|>"), longer]
    );
}

#[test]
fn names_of_end_tokens_are_control_whatever_the_file_says() {
    let mut raw = small_raw();
    raw.types = None;
    raw.eos = Some(id("<think>"));
    let tokenizer = Tokenizer::new(Vocabulary::new(raw).unwrap()).unwrap();
    assert!(tokenizer.is_control(id("<|eot_id|>")) && !tokenizer.is_control(id("<|a|>")));
    let ends: Vec<u32> = (0..tokenizer.len() as u32)
        .filter(|&id| tokenizer.is_end(id))
        .collect();
    assert_eq!(ends, [id("<|eot_id|>"), id("<think>")]);
}

#[test]
fn a_byte_without_a_token_is_left_out_and_parts_its_neighbours() {
    let mut raw = small_raw();
    raw.tokens.push("!!");
    raw.types.as_mut().unwrap().push(1);
    raw.merges.push("! !");
    let pair = raw.tokens.len() as u32 - 1;
    let tokenizer = Tokenizer::new(Vocabulary::new(raw).unwrap()).unwrap();
    assert_eq!(tokenizer.encode("!\u{1}! é"), [id("!"), id("!"), id("Ġ")]);
    assert_eq!(tokenizer.encode("!!\u{1}"), [pair]);
}

#[test]
fn ids_outside_the_vocabulary_and_control_tokens_show_nothing() {
    let tokenizer = small();
    let ids = [
        id("he"),
        u32::MAX,
        tokenizer.len() as u32,
        id("<|a|>"),
        id("Ġhe"),
    ];
    assert_eq!(tokenizer.decode(&ids), "he he");
    assert_eq!(tokenizer.decode_special(&ids), "he<|a|> he");
    let mut decoder = tokenizer.decoder();
    let shown: Vec<_> = ids.iter().map(|&id| decoder.push(id)).collect();
    assert_eq!(
        shown,
        [Some("he".into()), None, None, None, Some(" he".into())]
    );
}

#[test]
fn bos_is_added_once() {
    let mut raw = small_raw();
    raw.bos = Some(id("<|a|>"));
    raw.add_bos = Some(true);
    let tokenizer = Tokenizer::new(Vocabulary::new(raw).unwrap()).unwrap();
    assert_eq!(tokenizer.with_bos(vec![3]), [id("<|a|>"), 3]);
    assert_eq!(tokenizer.with_bos(vec![id("<|a|>"), 3]), [id("<|a|>"), 3]);
    assert_eq!(small().with_bos(vec![3]), [3]);
}

#[test]
fn broken_vocabularies_are_named() {
    let cases: [(&str, String); 10] = [
        (
            "tokenizer.ggml.model: expected gpt2, found llama",
            refused(|r| r.model = "llama"),
        ),
        (
            "expected one of llama-bpe, llama3, llama-v3, smollm, gpt-2, gpt2, found default",
            refused(|r| r.pre = Some("default")),
        ),
        ("gpt2, found none", refused(|r| r.pre = None)),
        (
            "expected 101 types, one for each token, found 2",
            refused(|r| r.types = Some(vec![1, 1])),
        ),
        (
            "token_type of token 3: expected 1 to 6, found 7",
            refused(|r| r.types.as_mut().unwrap()[3] = 7),
        ),
        (
            "eos_token_id: expected an id below 101, the number of tokens, found 101",
            refused(|r| r.eos = Some(101)),
        ),
        (
            "bos_token_id: expected an id, because",
            refused(|r| r.add_bos = Some(true)),
        ),
        (
            "merge 3: expected names of tokens in the vocabulary, found \"hx\"",
            refused(|r| r.merges.push("h x")),
        ),
        (
            "merge 3: expected two names with a blank between, found \"hx\"",
            refused(|r| r.merges.push("hx")),
        ),
        (
            "token 2: expected a text of its own, found that of token 1",
            refused(|r| r.tokens[2] = "\""),
        ),
    ];
    for (expected, found) in cases {
        assert!(
            found.contains(expected),
            "{found:?} does not say {expected:?}"
        );
    }
    let empty = RawVocabulary {
        tokens: vec![],
        types: None,
        merges: vec![],
        ..small_raw()
    };
    assert!(matches!(Vocabulary::new(empty), Err(Error::Format { .. })));
}
