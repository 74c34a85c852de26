//! SmolLM2-135M-Instruct and what an independent engine says of it (`data/smollm2/README.md`). Tests and the long checks
//! measure with the same functions.

use std::fmt::{Display, Formatter};
use std::path::PathBuf;

use lorgnette::{Message, Model, Overflow, Prompt, Session};
use serde_json::Value;

use crate::{data, f32s, ids, json, max_distance, skipped};

/// The model file, or a printed reason why `test` checks nothing.
pub fn path(test: &str) -> Option<PathBuf> {
    let path = lorgnette::pull::cached("smollm2-135m");
    if path.is_none() {
        skipped(
            test,
            "SmolLM2 is not in the cache; `lorgnette pull smollm2-135m` brings it",
        );
    }
    path
}

/// A prompt and its likeliest continuation.
pub struct Continuation {
    /// What it is called.
    pub name: String,
    /// The prompt's messages; none where it is plain text.
    pub messages: Vec<Message>,
    /// The prompt as text.
    pub text: String,
    /// The prompt's ids.
    pub prompt: Vec<u32>,
    /// The likeliest token of each step.
    pub ids: Vec<u32>,
    /// By how much its logit passes the second.
    pub margins: Vec<f64>,
    /// The step at which the model says that it is done.
    pub end: Option<usize>,
}

/// The four prompts of `greedy.json`.
pub fn continuations() -> Vec<Continuation> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let message = |value: &Value| Message {
        role: text(&value["role"]),
        content: text(&value["content"]),
    };
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    list(&json("smollm2/greedy.json"))
        .iter()
        .map(|golden| Continuation {
            name: text(&golden["name"]),
            messages: list(&golden["messages"]).iter().map(message).collect(),
            text: text(&golden["prompt"]),
            prompt: ids(&golden["prompt_ids"]),
            ids: ids(&golden["ids"]),
            margins: list(&golden["margin"])
                .iter()
                .map(|margin| margin.as_f64().expect("a margin"))
                .collect(),
            end: golden["first_eog"].as_u64().map(|step| step as usize),
        })
        .collect()
}

/// The prompt of `quote.txt`, which most of the answer quotes: its ids as a chat, at least 400.
pub fn quoting(model: &Model) -> Vec<u32> {
    let text = std::fs::read_to_string(data("smollm2/quote.txt")).expect("the text");
    let message = Message {
        role: "user".into(),
        content: text.trim_end().into(),
    };
    let ids = model.encode(Prompt::Chat(&[message])).expect("a prompt");
    assert!(ids.len() >= 400, "{} tokens", ids.len());
    ids
}

impl Continuation {
    /// The steps at which the model prefers another token though the margin is over `margin`: (step, its token).
    /// Every step has the reference's own tokens before it.
    pub fn wrong_steps(&self, session: &mut Session, margin: f64) -> Vec<(usize, u32)> {
        let all = [self.prompt.as_slice(), &self.ids].concat();
        let scores = session.score(&all).expect("scores");
        scores[self.prompt.len() - 1..]
            .iter()
            .zip(self.ids.iter().zip(&self.margins))
            .enumerate()
            .filter(|(_, (score, (id, apart)))| **apart > margin && score.best != **id)
            .map(|(step, (score, _))| (step, score.best))
            .collect()
    }
}

/// Name and max |d| of each golden prompt's logits.
pub fn logit_distances(model: &Model) -> Vec<(String, f32)> {
    logit_distances_up_to(model, usize::MAX)
}

/// The same of the prompts that have at most so many tokens; the shortest has eight.
pub fn logit_distances_up_to(model: &Model, tokens: usize) -> Vec<(String, f32)> {
    let goldens = json("smollm2/logits.json");
    let mut distances = Vec::new();
    for golden in goldens.as_array().expect("prompts") {
        let name = golden["name"].as_str().expect("a name");
        if ids(&golden["ids"]).len() > tokens {
            continue;
        }
        let mut session = model.session().expect("a session");
        let found = session.logits(&ids(&golden["ids"])).expect("logits");
        let expected = f32s(&format!("smollm2/{name}.exact.f32"));
        distances.push((name.to_owned(), max_distance(&found, &expected)));
    }
    assert!(
        !distances.is_empty(),
        "no prompt of at most {tokens} tokens"
    );
    distances
}

/// How well the first windows of `perplexity.txt` are predicted, tokens 1 to 511 of each.
#[derive(Clone, Copy, Debug)]
pub struct Perplexity {
    /// By the model.
    pub found: f64,
    /// By the reference.
    pub expected: f64,
    /// The same over tokens 257 to 511 by the model.
    pub second_half: f64,
    /// The same in windows 2 to 4 alone, as far as they were read: a stream of four is held against it.
    pub second_half_2_to_4: f64,
}

impl Perplexity {
    /// By which part of the reference's it differs.
    pub fn apart(&self) -> f64 {
        (self.found / self.expected - 1.0).abs()
    }
}

impl Display for Perplexity {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let Self {
            found, expected, ..
        } = self;
        let percent = 100.0 * self.apart();
        write!(
            f,
            "perplexity {found:.5} for {expected:.5}, {percent:.5} % apart"
        )
    }
}

/// The perplexity of the first `windows` windows of 512 tokens, all of them where there are fewer.
pub fn perplexity(model: &Model, windows: usize) -> Perplexity {
    let text = std::fs::read_to_string(data("smollm2/perplexity.txt")).expect("the text");
    let golden = json("smollm2/perplexity.json");
    let length = golden["window"].as_u64().expect("a length") as usize;
    let ids = model.tokenizer().encode(&text);
    assert_eq!(golden["n_tokens_total"], ids.len(), "tokens of the text");
    let means = golden["per_window_mean_nll"].as_array().expect("means");
    assert_eq!(ids.len() / length, means.len(), "whole windows");
    let mut session = model.session().expect("a session");
    let (mut all, mut half, mut expected) = (Vec::new(), Vec::new(), Vec::new());
    for (window, mean) in ids.chunks_exact(length).zip(means).take(windows) {
        let mean = mean.as_f64().expect("a mean");
        let scores = session.score(window).expect("scores");
        let nll = scores
            .iter()
            .map(|score| -f64::from(score.next_log_probability));
        let found = nll.clone().sum::<f64>() / nll.len() as f64;
        expected.push(mean);
        // A window takes a software driver a minute or more: what was measured is not lost with the rest.
        let (at, of) = (expected.len(), means.len());
        eprintln!("window {at} of {of}: mean nll {found:.7}, reference {mean:.7}");
        half.extend(nll.clone().skip(length / 2));
        all.extend(nll);
    }
    // Tokens 257 to 511 of a window.
    let scored = length / 2 - 1;
    let perplexity = |nll: &[f64]| (nll.iter().sum::<f64>() / nll.len() as f64).exp();
    Perplexity {
        found: perplexity(&all),
        expected: perplexity(&expected),
        second_half: perplexity(&half),
        second_half_2_to_4: perplexity(&half[half.len().min(scored)..half.len().min(4 * scored)]),
    }
}

/// The perplexity of windows 2 to 4 of the text, read in one stream with the first by a session that slides in one window
/// and keeps four tokens; and the reference's, which begins anew in each of them.
pub fn stream_perplexity(model: &Model) -> (f64, f64) {
    let windows = 4;
    let golden = json("smollm2/perplexity.json");
    let means = golden["per_window_mean_nll"].as_array().expect("means");
    let means = means[1..windows].iter();
    let expected: f64 = means.map(|mean| mean.as_f64().expect("a mean")).sum();
    let text = std::fs::read_to_string(data("smollm2/perplexity.txt")).expect("the text");
    let window = model.blueprint().context as usize;
    let ids = model.tokenizer().encode(&text);
    let mut session = model.session().expect("a session");
    session.set_overflow(Overflow::slide()).expect("room");
    let scores = session.score(&ids[..windows * window]).expect("scores");
    // Score i is of token i + 1.
    let past = scores[window - 1..].iter();
    let nll = past.map(|score| -f64::from(score.next_log_probability));
    assert_eq!(nll.len(), (windows - 1) * window);
    let found = nll.clone().sum::<f64>() / nll.len() as f64;
    (found.exp(), (expected / (windows - 1) as f64).exp())
}

/// The reference's perplexity of tokens 257 to 511 of all windows.
pub fn second_half_perplexity() -> f64 {
    let golden = json("smollm2/perplexity.json");
    golden["ppl_second_half"].as_f64().expect("a perplexity")
}
