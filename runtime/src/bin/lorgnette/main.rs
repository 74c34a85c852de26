//! The command line program. It uses the library's public surface only.
//!
//! Results go to standard output, everything else to standard error. With `--json`, standard output gets exactly one
//! object. Exit codes: 0, 1 for an error, 2 for a wrong command line.

mod args;
mod bench;
mod chat;
mod doctor;
mod first_token;
mod generate;
mod inspect;
mod interrupt;
mod load;
mod logger;
mod logits;
mod output;
mod perplexity;
mod plan;
mod planned;
mod profiled;
mod pull;
mod speculate;
mod synth;
mod tokenize;
mod trace;
mod weights_alone;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use output::{Failure, say};

/// Runs 4-bit small Llama 3 models on the GPU, through WGSL compute shaders.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, max_term_width = 110)]
struct Cli {
    /// More messages: once for what is done, twice for details; LORGNETTE_LOG=error|warn|info|debug|trace says the same
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Fetches a model by name, verifies it, and keeps it in the cache
    Pull(pull::Args),
    /// Answers one prompt
    Generate(generate::Args),
    /// Talks with the model, line by line
    Chat(chat::Args),
    /// Shows the token ids of a text
    Tokenize(tokenize::Args),
    /// Shows the logits behind the last token of a text
    Logits(logits::Args),
    /// Measures how well the model predicts a text
    Perplexity(perplexity::Args),
    /// Measures speed, memory and work per token
    Bench(bench::Args),
    /// Shows what a model file holds and what it will take
    Inspect(inspect::Args),
    /// Shows every dispatch of a forward pass
    Plan(plan::Args),
    /// Shows the adapters of this machine and which would be used
    Doctor(doctor::Args),
    /// Writes a random-weight model file of a known shape
    Synth(synth::Args),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    logger::start(cli.verbose);
    let done = match cli.command {
        Command::Pull(args) => pull::run(&args),
        Command::Generate(args) => generate::run(&args),
        Command::Chat(args) => chat::run(&args),
        Command::Tokenize(args) => tokenize::run(&args),
        Command::Logits(args) => logits::run(&args),
        Command::Perplexity(args) => perplexity::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Inspect(args) => inspect::run(&args),
        Command::Plan(args) => plan::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Synth(args) => synth::run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read the output has seen enough.
        Err(Failure::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => {
            ExitCode::SUCCESS
        }
        Err(failure) => {
            say(format_args!("error: {}", failure.message()));
            ExitCode::from(failure.exit_code())
        }
    }
}
