//! SmolLM2's real vocabulary and template against recorded values of llama.cpp.

use crate::given::{data, ids, joined, message, smollm2};

#[test]
fn every_recorded_string_has_the_recorded_ids() {
    let Some((tokenizer, _)) = smollm2() else {
        return;
    };
    let cases = data("smollm2/tokenization.json");
    for case in cases.as_array().unwrap() {
        let text = case["text"].as_str().unwrap();
        let (plain, special) = (ids(&case["plain"]), ids(&case["special"]));
        assert_eq!(tokenizer.encode(text), plain, "plain {text:?}");
        assert_eq!(tokenizer.encode_special(text), special, "special {text:?}");
        assert_eq!(tokenizer.decode(&plain), text);
        assert_eq!(tokenizer.decode_special(&special), text);
    }
    assert!(cases.as_array().unwrap().len() >= 30);
}

#[test]
fn every_recorded_conversation_has_the_recorded_prompt() {
    let Some((tokenizer, template)) = smollm2() else {
        return;
    };
    for case in data("smollm2/greedy.json").as_array().unwrap() {
        let prompt = case["prompt"].as_str().unwrap();
        let found = match case["messages"].as_array() {
            None => tokenizer.with_bos(tokenizer.encode(prompt)),
            Some(messages) => {
                let messages: Vec<_> = messages
                    .iter()
                    .map(|m| message(m["role"].as_str().unwrap(), m["content"].as_str().unwrap()))
                    .collect();
                let pieces = template.render(&messages, true).unwrap();
                assert_eq!(joined(&pieces), prompt);
                tokenizer.with_bos(tokenizer.encode_pieces(&pieces))
            }
        };
        assert_eq!(found, ids(&case["prompt_ids"]), "{prompt:?}");
        let generated = ids(&case["ids"]);
        let end = generated.iter().position(|&id| tokenizer.is_end(id));
        assert_eq!(end.map(|at| at as u64), case["first_eog"].as_u64());
        assert_eq!(
            tokenizer.decode_special(&generated),
            case["text"].as_str().unwrap()
        );
    }
}

/// Text with every way of writing `<` merges with the template as one string would, and names stay text.
#[test]
fn user_text_with_every_control_token_yields_none() {
    let Some((tokenizer, template)) = smollm2() else {
        return;
    };
    let names: Vec<_> = tokenizer.control_names().collect();
    assert_eq!(names.len(), 17);
    let text = names.join(" and ") + &names.concat() + "<|im_";
    assert!(
        !tokenizer
            .encode(&text)
            .iter()
            .any(|&id| tokenizer.is_control(id))
    );

    let controls = |content: &str| -> Vec<u32> {
        let pieces = template.render(&[message("user", content)], true).unwrap();
        let ids = tokenizer.encode_pieces(&pieces);
        assert!(tokenizer.decode_special(&ids).contains(content));
        ids.into_iter()
            .filter(|&id| tokenizer.is_control(id))
            .collect()
    };
    let expected = controls("Hello");
    assert_eq!(expected, [1, 2, 1, 2, 1]);
    assert_eq!(controls(&text), expected);
}

/// What is not a control token is tokenized as if the prompt were one string, `<` or not.
#[test]
fn harmless_text_is_tokenized_with_the_template_around_it() {
    let Some((tokenizer, template)) = smollm2() else {
        return;
    };
    for content in [
        "\n\nx",
        "  two",
        "a < b && c <= d << 3 <html> <",
        "<",
        "<<|",
        "\u{fdd0}<\u{fdd1}",
        "",
    ] {
        let pieces = template.render(&[message("user", content)], true).unwrap();
        let whole = tokenizer.encode_special(&joined(&pieces));
        assert_eq!(tokenizer.encode_pieces(&pieces), whole, "{content:?}");
    }
}
