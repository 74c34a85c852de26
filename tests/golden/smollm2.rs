//! SmolLM2-135M-Instruct, the real 4-bit model: logits, likeliest tokens, perplexity and prompts. What takes too long for
//! a test is left to `goldens`: most windows of text, and most of what an f16 cache does.

use std::sync::OnceLock;
use std::time::Instant;

use lorgnette::{Event, GenerateOptions, KvFormat, LoadOptions, Model, Prompt, Sampling};
use lorgnette_tests::{runtime, smollm2};

/// The model with such a cache, loaded once for all tests; `None` and a printed reason where it is not to be had.
fn model(test: &str, kv: KvFormat) -> Option<&'static Model> {
    static F32: OnceLock<Model> = OnceLock::new();
    static F16: OnceLock<Model> = OnceLock::new();
    let path = smollm2::path(test)?;
    let kept = if kv == KvFormat::F32 { &F32 } else { &F16 };
    Some(kept.get_or_init(|| {
        let options = LoadOptions {
            context: Some(1024),
            kv,
            ..Default::default()
        };
        Model::load(runtime(), path, &options, |_| ()).expect("loads")
    }))
}

/// Of the prompts that have at most so many tokens.
fn check_logits(test: &str, kv: KvFormat, tokens: usize, bound: f32) {
    let Some(model) = model(test, kv) else { return };
    for (name, distance) in smollm2::logit_distances_up_to(model, tokens) {
        println!("{name} {kv:?}: max |d| {distance:.2e}");
        assert!(
            distance <= bound,
            "{name} {kv:?}: max |d| {distance} over {bound}"
        );
    }
}

#[test]
fn logits_with_f32_cache_are_within_1e_3() {
    let test = "logits_with_f32_cache_are_within_1e_3";
    check_logits(test, KvFormat::F32, usize::MAX, 1e-3);
}

/// The short prompts; `make goldens` reads all of them.
#[test]
fn logits_with_f16_cache_are_within_5e_2() {
    let test = "logits_with_f16_cache_are_within_5e_2";
    check_logits(test, KvFormat::F16, 32, 5e-2);
}

/// `make goldens` does the same with an f16 cache.
#[test]
fn likeliest_tokens_with_f32_cache() {
    let test = "likeliest_tokens_with_f32_cache";
    let Some(model) = model(test, KvFormat::F32) else {
        return;
    };
    let mut session = model.session().expect("a session");
    for golden in smollm2::continuations() {
        assert_eq!(golden.ids.len(), 48, "{}: all steps", golden.name);
        let wrong = golden.wrong_steps(&mut session, 0.005);
        assert!(
            wrong.is_empty(),
            "{}: steps with another token: {wrong:?}",
            golden.name
        );
    }
}

/// The model's own tokens go back in, one by one, until it says that it is done. One prompt: a decode step takes
/// longer than a row of a chunk, and the steps themselves are held against the reference above.
#[test]
fn a_greedy_answer_is_the_reference_s() {
    let test = "a_greedy_answer_is_the_reference_s";
    let Some(model) = model(test, KvFormat::F32) else {
        return;
    };
    let options = GenerateOptions {
        max_tokens: Some(48),
        sampling: Sampling::greedy(),
        ..Default::default()
    };
    for golden in smollm2::continuations().into_iter().take(1) {
        let clear = golden.margins.iter().take_while(|margin| **margin > 0.005);
        let steps = clear.count().min(golden.end.unwrap_or(golden.ids.len()));
        assert!(steps > 10, "{}: {steps} clear steps", golden.name);
        let mut session = model.session().expect("a session");
        let mut answer = Vec::new();
        for event in session
            .generate(Prompt::Ids(&golden.prompt), &options)
            .expect("starts")
        {
            if let Event::Token { id, .. } = event.expect("no error") {
                answer.push(id);
            }
        }
        assert_eq!(answer[..steps], golden.ids[..steps], "{}", golden.name);
        if let Some(end) = golden.end.filter(|end| *end == steps) {
            assert_eq!(answer.len(), end, "{}: ends where it says so", golden.name);
        }
    }
}

#[test]
fn prompts_have_the_reference_s_ids() {
    let test = "prompts_have_the_reference_s_ids";
    let Some(model) = model(test, KvFormat::F32) else {
        return;
    };
    for golden in smollm2::continuations() {
        let prompt = if golden.messages.is_empty() {
            Prompt::Text(&golden.text)
        } else {
            Prompt::Chat(&golden.messages)
        };
        let ids = model.encode(prompt).expect("encodes");
        assert_eq!(ids, golden.prompt, "{}", golden.name);
    }
}

/// One window of 512 tokens; `make goldens` reads all of them, with each cache.
#[test]
fn perplexity_with_f32_cache_is_within_2e_4() {
    let test = "perplexity_with_f32_cache_is_within_2e_4";
    let Some(model) = model(test, KvFormat::F32) else {
        return;
    };
    let start = Instant::now();
    let measured = smollm2::perplexity(model, 1);
    println!("{measured}, in {:.1} s", start.elapsed().as_secs_f64());
    assert!(measured.apart() <= 2e-4, "{measured}");
}
