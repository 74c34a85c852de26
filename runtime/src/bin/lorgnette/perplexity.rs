//! `lorgnette perplexity`: how surprised the model is by a text, in windows that each begin with an empty cache; or where
//! the context slides, in one stream.
//!
//! The text gets no BOS, and special tokens in it are text; what is left after the last whole window is dropped.

use std::path::PathBuf;

use lorgnette::{Overflow, Score, Session};
use serde::Serialize;

use crate::args;
use crate::load::{self, AllocatorPeak, count_bar};
use crate::output::{Result, input, json, write};

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    load: args::Load,
    /// The text
    #[arg(short, long, value_name = "FILE")]
    file: PathBuf,
    /// Tokens of a window
    #[arg(short, long, value_name = "N", default_value_t = 512, value_parser = clap::value_parser!(u32).range(4..))]
    context: u32,
    /// Only the first N windows
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    windows: Option<u64>,
    #[command(flatten)]
    full: args::Full,
    /// One object with the figures
    #[arg(long)]
    json: bool,
}

/// Negative log-likelihoods (natural) are summed in f64.
#[derive(Debug, Default, Serialize)]
struct Perplexity {
    /// Over all tokens of every window but its first; of a stream, over all but the first.
    ppl_all: f64,
    /// Over the tokens behind the middle one of every window.
    #[serde(skip_serializing_if = "Option::is_none")]
    ppl_second_half: Option<f64>,
    /// Of a stream: over the tokens behind the first window, from where on the oldest leave.
    #[serde(skip_serializing_if = "Option::is_none")]
    ppl_past_first: Option<f64>,
    nll_sum_all: f64,
    windows: usize,
}

pub fn run(args: &Args) -> Result<()> {
    args.full.check()?;
    let text = load::text(None, Some(&args.file), "-f FILE")?;
    let model = args
        .load
        .model(Some(args.context), &mut AllocatorPeak::default())?;
    let ids = model.tokenizer().encode(&text);
    let window = args.context as usize;
    let most = args.windows.map_or(usize::MAX, |most| most as usize);
    let count = (ids.len() / window).min(most);
    if count == 0 {
        let expected = format!("at least one window of {window} tokens");
        return Err(input("text", expected, format!("{} tokens", ids.len())));
    }
    let ids = &ids[..count * window];
    let mut session = model.session()?;
    session.set_overflow(args.full.overflow(|| model.opening_tokens(&[])))?;
    let (found, later) = match session.overflow() {
        Overflow::Stop => in_windows(&mut session, ids, window)?,
        Overflow::Slide { .. } => in_a_stream(&mut session, ids, window)?,
    };
    match args.json {
        true => json(&found),
        false => write(&format!(
            "perplexity {:.4}, {later}, {count} windows of {window} tokens\n",
            found.ppl_all
        )),
    }
}

fn in_windows(session: &mut Session, ids: &[u32], window: usize) -> Result<(Perplexity, String)> {
    let (mut all, mut second_half) = (Sum::default(), Sum::default());
    let count = ids.len() / window;
    let bar = count_bar("windows", count as u64);
    for ids in ids.chunks_exact(window) {
        // Score i is of token i + 1.
        let scores = session.score(ids)?;
        all.add(&scores);
        second_half.add(&scores[window / 2..]);
        bar.inc(1);
        log::info!("perplexity so far: {:.4}", all.perplexity());
    }
    bar.finish_and_clear();
    let later = format!("second halves {:.4}", second_half.perplexity());
    let found = Perplexity {
        ppl_all: all.perplexity(),
        ppl_second_half: Some(second_half.perplexity()),
        ppl_past_first: None,
        nll_sum_all: all.nll,
        windows: count,
    };
    Ok((found, later))
}

fn in_a_stream(session: &mut Session, ids: &[u32], window: usize) -> Result<(Perplexity, String)> {
    let scores = session.score(ids)?;
    let (mut all, mut past_first) = (Sum::default(), Sum::default());
    all.add(&scores);
    past_first.add(&scores[window - 1..]);
    let past_first = (past_first.tokens > 0).then(|| past_first.perplexity());
    let later = match past_first {
        Some(perplexity) => format!("past the first window {perplexity:.4}"),
        None => "nothing past the first window".to_owned(),
    };
    let found = Perplexity {
        ppl_all: all.perplexity(),
        ppl_second_half: None,
        ppl_past_first: past_first,
        nll_sum_all: all.nll,
        windows: ids.len() / window,
    };
    Ok((found, later))
}

#[derive(Default)]
struct Sum {
    nll: f64,
    tokens: usize,
}

impl Sum {
    fn add(&mut self, scores: &[Score]) {
        self.tokens += scores.len();
        let nll = |score: &Score| -f64::from(score.next_log_probability);
        self.nll += scores.iter().map(nll).sum::<f64>();
    }

    fn perplexity(&self) -> f64 {
        (self.nll / self.tokens as f64).exp()
    }
}
