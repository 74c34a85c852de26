//! `lorgnette synth`: a random-weight model file of a known shape, to measure speed and memory without a download.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use lorgnette::WeightFormat;
use lorgnette::synth::{SynthShape, synth};

use crate::args::weight_format;
use crate::load::byte_bar;
use crate::output::{Result, bytes, say, write};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Whose shape
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(SynthShape::NAMES))]
    like: String,
    /// The type of the matrices; where their rows are no whole blocks of it, and for the head, llama.cpp's choice
    #[arg(long = "type", value_name = "TYPE", value_parser = weight_format())]
    format: WeightFormat,
    /// The same seed gives the same file
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// The file; one that is there is written over
    #[arg(value_name = "OUT.gguf")]
    out: PathBuf,
}

pub fn run(args: &Args) -> Result<()> {
    let shape = SynthShape::like(&args.like)?;
    let bar = byte_bar("writing", 0);
    let mut total = 0;
    let made = synth(
        &shape,
        args.format,
        args.seed,
        &args.out,
        &mut |done, all| {
            total = all;
            bar.set_length(all);
            bar.set_position(done);
        },
    );
    bar.finish_and_clear();
    made?;
    say(format_args!("{} of random weights", bytes(total)));
    write(&format!("{}\n", args.out.display()))
}
