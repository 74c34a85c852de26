//! `lorgnette bench`: how fast this device is with this model, and what a token costs in work that can be counted.
//!
//! The prompt is random ids, the choice greedy, and an end of text does not end it: the work is always the same. One
//! round runs before those that count, so that no driver's first time is measured.

use lorgnette::{
    Counters, Event, GenerateOptions, Model, Prompt, Runtime, RuntimeOptions, Sampling, Session,
    Timings,
};
use serde::Serialize;

use crate::args;
use crate::first_token::{FirstToken, Load};
use crate::load::{AllocatorPeak, count_bar};
use crate::output::{Result, bytes, input, json, table, write};
use crate::profiled::Measured;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    load: args::Load,
    #[command(flatten)]
    context: args::Context,
    /// Tokens of the prompt
    #[arg(long, value_name = "N", default_value_t = 128, value_parser = clap::value_parser!(u32).range(1..))]
    prompt: u32,
    /// Tokens that are made, at least 3: the first comes from the prompt, the second is submitted with it, the others are
    /// decoded one by one
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u32).range(3..))]
    generate: u32,
    /// Rounds; the figures are their medians
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    repeat: u32,
    /// Leave out what the device can do at most, and the time of each kernel
    #[arg(long)]
    no_roofline: bool,
    /// Also loads twice with a cache folder of its own, first empty, then filled: the time to the first token, cold and
    /// warm, and its parts
    #[arg(long)]
    first_token: bool,
    /// One object with the figures
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Bench {
    prefill_tokens_per_s: f64,
    decode_tokens_per_s: f64,
    ttft_s: f64,
    load_s: f64,
    load: Load,
    peak_gpu_bytes: u64,
    per_token: PerToken,
    adapter: String,
    driver: String,
    /// The smallest and the largest of what is a median above.
    spread: Spread,
    /// What the device can do and how near it comes; nothing without a GPU, or where it was not wanted.
    roofline: Option<Measured>,
    /// Where it was asked for.
    first_token: Option<FirstToken>,
}

#[derive(Debug, Serialize)]
struct Spread {
    prefill_tokens_per_s: [f64; 2],
    decode_tokens_per_s: [f64; 2],
    ttft_s: [f64; 2],
}

/// The most that any decode step took.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct PerToken {
    dispatches: u64,
    submits: u64,
    uploaded_bytes: u64,
    read_back_bytes: u64,
}

impl PerToken {
    fn add(&mut self, step: Counters) {
        self.dispatches = self.dispatches.max(step.dispatches);
        self.submits = self.submits.max(step.submits);
        self.uploaded_bytes = self.uploaded_bytes.max(step.uploaded_bytes);
        self.read_back_bytes = self.read_back_bytes.max(step.read_back_bytes);
    }
}

pub fn run(args: &Args) -> Result<()> {
    let mut found = measure(args)?;
    if args.first_token {
        let (context, prompt) = (args.context.context, args.prompt as usize);
        found.first_token = Some(FirstToken::measure(&args.load, context, prompt)?);
    }
    if args.json {
        return json(&found);
    }
    write(&found.table())
}

/// Everything but the first token, on a runtime that is gone afterwards.
fn measure(args: &Args) -> Result<Bench> {
    let runtime = Runtime::new(RuntimeOptions {
        timestamps: true,
        ..args.load.device.options()?
    })?;
    let peak = &mut AllocatorPeak::default();
    let model = args.load.model_on(&runtime, args.context.context, peak)?;
    let needed = u64::from(args.prompt) + u64::from(args.generate);
    let context = model.blueprint().context;
    if needed > u64::from(context) {
        let expected = format!("at most {context}, the context");
        return Err(input("prompt and generate together", expected, needed));
    }
    let ids = prompt(&model, args.prompt as usize);
    let mut session = model.session()?;
    let mut per_token = PerToken::default();
    let mut rounds = Vec::new();
    let bar = count_bar("rounds", u64::from(args.repeat) + 1);
    for round in 0..=args.repeat {
        let timings = play(&mut session, &ids, args.generate as usize, &mut per_token)?;
        if round > 0 {
            rounds.push(timings);
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    let mut found = Bench::new(&model, &rounds, per_token);
    if !args.no_roofline {
        let speeds = [found.prefill_tokens_per_s, found.decode_tokens_per_s];
        found.roofline = Measured::new(&mut session, speeds, &ids, args.generate)?;
    }
    Ok(found)
}

/// One round from an empty cache.
fn play(
    session: &mut Session,
    ids: &[u32],
    generate: usize,
    per_token: &mut PerToken,
) -> Result<Timings> {
    let options = GenerateOptions {
        max_tokens: Some(generate),
        sampling: Sampling::greedy(),
        ignore_end: true,
        ..GenerateOptions::default()
    };
    let runtime: Runtime = session.model().runtime().clone();
    session.truncate(0);
    let mut timings = Timings::default();
    let mut before: Option<Counters> = None;
    for event in session.generate(Prompt::Ids(ids), &options)? {
        match event? {
            Event::Token { .. } => {
                let now = runtime.counters();
                if let Some(before) = before.replace(now) {
                    per_token.add(now - before);
                }
            }
            Event::Text(_) => {}
            Event::Done { timings: told, .. } => timings = told,
        }
    }
    Ok(timings)
}

/// Ids of plain tokens, the same ones each time, spread over the vocabulary.
pub fn prompt(model: &Model, count: usize) -> Vec<u32> {
    let tokenizer = model.tokenizer();
    let vocabulary = tokenizer.len() as u64;
    // Knuth's multiplicative hash of 1, 2, 3 …
    let scattered = (1u64..).map(|n| ((n * 2_654_435_761 % (1 << 32)) * vocabulary) >> 32);
    scattered
        .map(|id| id as u32)
        .filter(|id| !tokenizer.is_control(*id))
        .take(count)
        .collect()
}

/// The middle one; of an even number, the mean of the two in the middle. With it the smallest and the largest.
pub fn median(figures: impl Iterator<Item = f64>) -> (f64, [f64; 2]) {
    let mut all: Vec<f64> = figures.collect();
    all.sort_by(f64::total_cmp);
    let (low, high) = (all[(all.len() - 1) / 2], all[all.len() / 2]);
    ((low + high) / 2.0, [all[0], all[all.len() - 1]])
}

impl Bench {
    fn new(model: &Model, rounds: &[Timings], per_token: PerToken) -> Self {
        let of = |figure: fn(&Timings) -> f64| median(rounds.iter().map(figure));
        let prefill = of(|timings| timings.prefill_tokens_per_s);
        let decode = of(|timings| timings.decode_tokens_per_s);
        let ttft = of(|timings| timings.ttft_s);
        let adapter = model.runtime().adapter();
        Self {
            prefill_tokens_per_s: prefill.0,
            decode_tokens_per_s: decode.0,
            ttft_s: ttft.0,
            load_s: model.load_s(),
            load: Load::new(model.load_timings()),
            peak_gpu_bytes: model.runtime().counters().peak_bytes,
            per_token,
            adapter: adapter.name.clone(),
            driver: adapter.driver.clone(),
            spread: Spread {
                prefill_tokens_per_s: prefill.1,
                decode_tokens_per_s: decode.1,
                ttft_s: ttft.1,
            },
            roofline: None,
            first_token: None,
        }
    }

    fn table(&self) -> String {
        let row = |name: &str, median: f64, [low, high]: [f64; 2]| {
            vec![
                name.to_owned(),
                format!("{median:.2}"),
                format!("{low:.2} to {high:.2}"),
            ]
        };
        let one = |name: &str, value: String| vec![name.to_owned(), value];
        let (spread, work) = (&self.spread, &self.per_token);
        let rows = [
            row(
                "prefill, tokens/s",
                self.prefill_tokens_per_s,
                spread.prefill_tokens_per_s,
            ),
            row(
                "decode, tokens/s",
                self.decode_tokens_per_s,
                spread.decode_tokens_per_s,
            ),
            row("first token, s", self.ttft_s, spread.ttft_s),
            one("load, s", format!("{:.2}", self.load_s)),
            one("peak on the GPU", bytes(self.peak_gpu_bytes)),
            one("dispatches a token", work.dispatches.to_string()),
            one("submits a token", work.submits.to_string()),
            one("uploaded a token", bytes(work.uploaded_bytes)),
            one("read back a token", bytes(work.read_back_bytes)),
        ];
        let measured = self.roofline.as_ref().map(Measured::text);
        let first = self.first_token.as_ref().map(FirstToken::table);
        let behind = [measured, first].into_iter().flatten();
        let (name, table) = (
            format!("{} ({})", self.adapter, self.driver),
            table(&rows, 1),
        );
        let load = format!("{name}\n{table}the load: {} s\n", self.load.text());
        behind.fold(load, |all, part| format!("{all}\n{part}"))
    }
}
