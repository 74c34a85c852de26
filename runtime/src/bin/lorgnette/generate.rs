//! `lorgnette generate`: one prompt, one answer, streamed as it comes.

use std::path::PathBuf;

use lorgnette::{
    Event, GenerateOptions, Message, Model, Prompt, Sampling, Session, Speculation, StopReason,
    Timings,
};
use serde::Serialize;

use crate::args;
use crate::interrupt::{self, Answering};
use crate::load::{self, AllocatorPeak};
use crate::output::{Result, json, say, write};
use crate::speculate::Speculate;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    load: args::Load,
    #[command(flatten)]
    context: args::Context,
    #[command(flatten)]
    full: args::Full,
    #[command(flatten)]
    speculate: Speculate,
    /// What the model is asked
    #[arg(
        short,
        long,
        value_name = "TEXT",
        conflicts_with = "file",
        allow_hyphen_values = true
    )]
    prompt: Option<String>,
    /// A file with it, less one newline at its end; without -p and -f, standard input is read so
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// What the model is told to be, before the prompt
    #[arg(
        long,
        value_name = "TEXT",
        conflicts_with = "raw",
        allow_hyphen_values = true
    )]
    system: Option<String>,
    /// Continues the text as it is, without the chat template
    #[arg(long)]
    raw: bool,
    /// One object with ids, text and figures instead of the text
    #[arg(long)]
    json: bool,
    /// Adds the natural log-probability of each token, before sampling options
    #[arg(long, requires = "json")]
    logprobs: bool,
    #[command(flatten)]
    answer: args::Answer,
}

#[derive(Debug, Serialize)]
struct Answer {
    prompt_ids: Vec<u32>,
    ids: Vec<u32>,
    text: String,
    stop: &'static str,
    timings: Seconds,
    memory: Memory,
    adapter: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    logprobs: Option<Vec<f32>>,
}

#[derive(Debug, Serialize)]
struct Seconds {
    load_s: f64,
    ttft_s: f64,
    prefill_tokens_per_s: f64,
    decode_tokens_per_s: f64,
    decode_passes: usize,
    drafted: usize,
    accepted: usize,
}

#[derive(Debug, Serialize)]
struct Memory {
    planned_bytes: u64,
    peak_gpu_bytes: u64,
    allocator_allocated_bytes: Option<u64>,
    allocator_reserved_bytes: Option<u64>,
}

pub fn run(args: &Args) -> Result<()> {
    let prompt = prompt(args)?;
    let options = GenerateOptions {
        max_tokens: args.answer.max_tokens,
        sampling: args.answer.sampling(),
        stop: args.answer.stop.clone(),
        log_probabilities: args.logprobs,
        ..GenerateOptions::default()
    };
    options.sampling.check()?;
    args.full.check()?;
    interrupt::watch();
    let mut peak = AllocatorPeak::default();
    let context = args.context.context;
    let mut session = args.speculate.session(&args.load, context, &mut peak)?;
    let model = session.model().clone();
    session.set_frame_budget(args.answer.frame_budget());
    session.set_pace(args.answer.pace());
    let messages = messages(args.system.as_deref(), &prompt);
    let opening = match args.raw {
        true => &[],
        false => &messages[..messages.len() - 1],
    };
    let overflow = args.full.overflow(|| model.opening_tokens(opening));
    session.set_overflow(overflow)?;
    let prompt = match args.raw {
        true => Prompt::Text(&prompt),
        false => Prompt::Chat(&messages),
    };
    let mut shown = String::new();
    let mut show = |text: &str| {
        shown += text;
        if args.json { Ok(()) } else { write(text) }
    };
    let told = answer(&mut session, prompt, &options, &mut show)?;
    // Whatever an answer has is still there with its session.
    peak.sample(model.runtime());
    if !args.json && !shown.ends_with('\n') {
        write("\n")?;
    }
    summary(&model, &options.sampling, &told);
    if !args.json {
        return Ok(());
    }
    json(&Answer {
        prompt_ids: told.prompt_ids,
        ids: told.ids,
        text: shown,
        stop: told.stop.name(),
        timings: Seconds {
            load_s: told.timings.load_s,
            ttft_s: told.timings.ttft_s,
            prefill_tokens_per_s: told.timings.prefill_tokens_per_s,
            decode_tokens_per_s: told.timings.decode_tokens_per_s,
            decode_passes: told.timings.decode_passes,
            drafted: told.timings.drafted,
            accepted: told.timings.accepted,
        },
        memory: Memory {
            planned_bytes: model.memory().peak(1) + drafting_bytes(&session),
            peak_gpu_bytes: model.runtime().counters().peak_bytes,
            allocator_allocated_bytes: peak.allocated,
            allocator_reserved_bytes: peak.reserved,
        },
        adapter: model.runtime().adapter().name.clone(),
        logprobs: args.logprobs.then_some(told.log_probabilities),
    })
}

/// What a draft model takes at most.
fn drafting_bytes(session: &Session) -> u64 {
    match session.speculation() {
        Speculation::Model(session) => session.model().memory().peak(1),
        _ => 0,
    }
}

/// As llama.cpp has it: an editor's last newline is not part of the prompt.
fn prompt(args: &Args) -> Result<String> {
    let mut text = load::text(args.prompt.as_deref(), args.file.as_deref(), "-p TEXT")?;
    if args.prompt.is_none() && text.ends_with('\n') {
        text.pop();
    }
    Ok(text)
}

fn messages(system: Option<&str>, prompt: &str) -> Vec<Message> {
    let system = system.map(|text| message("system", text));
    system
        .into_iter()
        .chain([message("user", prompt)])
        .collect()
}

pub fn message(role: &str, content: &str) -> Message {
    Message {
        role: role.to_owned(),
        content: content.to_owned(),
    }
}

/// What came of a prompt, but for the text.
#[derive(Debug)]
pub struct Told {
    pub prompt_ids: Vec<u32>,
    pub ids: Vec<u32>,
    pub log_probabilities: Vec<f32>,
    pub stop: StopReason,
    pub timings: Timings,
}

/// Makes an answer that Ctrl-C can end. `show` gets each piece of text, and an empty one for a token without any.
pub fn answer(
    session: &mut Session,
    prompt: Prompt<'_>,
    options: &GenerateOptions,
    show: &mut dyn FnMut(&str) -> Result<()>,
) -> Result<Told> {
    let canceller = session.canceller();
    let mut generation = session.generate(prompt, options)?;
    let _answering = Answering::new(canceller);
    let mut told = Told {
        prompt_ids: generation.prompt_ids().to_vec(),
        ids: Vec::new(),
        log_probabilities: Vec::new(),
        stop: StopReason::Cancelled,
        timings: Timings::default(),
    };
    for event in &mut generation {
        match event? {
            Event::Token {
                id,
                log_probability,
            } => {
                told.ids.push(id);
                told.log_probabilities.extend(log_probability);
                show("")?;
            }
            Event::Text(text) => show(&text)?,
            Event::Done { stop, timings } => {
                told.stop = stop;
                told.timings = timings;
            }
        }
    }
    Ok(told)
}

/// One line on standard error.
pub fn summary(model: &Model, sampling: &Sampling, told: &Told) {
    let timings = &told.timings;
    let seed = match sampling.is_greedy() {
        true => String::new(),
        false => format!(", seed {}", sampling.seed),
    };
    let drafts = match timings.drafted {
        0 => String::new(),
        drafted => format!(
            " in {} passes, {} of {drafted} drafted accepted",
            timings.decode_passes, timings.accepted
        ),
    };
    say(format_args!(
        "{} tokens, {:.1} tokens/s{drafts}, first after {:.2} s ({} prompt tokens, {:.1} tokens/s), stop: {}{seed}, on {}",
        told.ids.len(),
        timings.decode_tokens_per_s,
        timings.ttft_s,
        timings.prefill_tokens,
        timings.prefill_tokens_per_s,
        told.stop.name(),
        model.runtime().adapter().name,
    ));
}
