//! `lorgnette perplexity`: how surprised the model is by a text, in windows that each begin with an empty cache.
//!
//! The text gets no BOS, and special tokens in it are text; what is left after the last whole window is dropped.

use std::path::PathBuf;

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
    /// One object with the figures
    #[arg(long)]
    json: bool,
}

/// Negative log-likelihoods (natural) are summed in f64.
#[derive(Debug, Default, Serialize)]
struct Perplexity {
    /// Over all tokens of every window but its first.
    ppl_all: f64,
    /// Over the tokens behind the middle one of every window.
    ppl_second_half: f64,
    nll_sum_all: f64,
    windows: usize,
}

pub fn run(args: &Args) -> Result<()> {
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
    let mut session = model.session()?;
    let (mut all, mut second_half) = (Sum::default(), Sum::default());
    let bar = count_bar("windows", count as u64);
    for ids in ids.chunks_exact(window).take(count) {
        // Score i is of token i + 1.
        let scores = session.score(ids)?;
        all.add(scores.iter().map(|score| score.next_log_probability));
        let later = &scores[window / 2..];
        second_half.add(later.iter().map(|score| score.next_log_probability));
        bar.inc(1);
        log::info!("perplexity so far: {:.4}", all.perplexity());
    }
    bar.finish_and_clear();
    let found = Perplexity {
        ppl_all: all.perplexity(),
        ppl_second_half: second_half.perplexity(),
        nll_sum_all: all.nll,
        windows: count,
    };
    if args.json {
        return json(&found);
    }
    write(&format!(
        "perplexity {:.4}, second halves {:.4}, {count} windows of {window} tokens\n",
        found.ppl_all, found.ppl_second_half
    ))
}

#[derive(Default)]
struct Sum {
    nll: f64,
    tokens: usize,
}

impl Sum {
    fn add(&mut self, log_probabilities: impl ExactSizeIterator<Item = f32>) {
        self.tokens += log_probabilities.len();
        self.nll -= log_probabilities.map(f64::from).sum::<f64>();
    }

    fn perplexity(&self) -> f64 {
        (self.nll / self.tokens as f64).exp()
    }
}
