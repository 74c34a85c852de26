//! `lorgnette logits`: what the model expects next, as numbers.

use std::path::PathBuf;

use lorgnette::Prompt;
use serde::Serialize;

use crate::args;
use crate::load::{self, AllocatorPeak};
use crate::output::{Result, json, table, write};

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    load: args::Load,
    #[command(flatten)]
    context: args::Context,
    /// Plain text, with BOS in front where the model asks for it
    #[arg(short, long, value_name = "TEXT", conflicts_with_all = ["file", "ids"], allow_hyphen_values = true)]
    prompt: Option<String>,
    /// A file with the text, taken as it is; without -p, -f and --ids, standard input is read
    #[arg(short, long, value_name = "FILE", conflicts_with = "ids")]
    file: Option<PathBuf>,
    /// Token ids, taken as they are
    #[arg(long, value_name = "1,2,3", value_delimiter = ',')]
    ids: Option<Vec<u32>>,
    /// How many of the likeliest tokens are shown
    #[arg(long, value_name = "N", default_value_t = 10)]
    top: usize,
    /// Writes all logits as little-endian f32
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// One object with the prompt's ids and the likeliest tokens
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Logits {
    ids: Vec<u32>,
    top: Vec<(u32, f32)>,
}

pub fn run(args: &Args) -> Result<()> {
    let text = match &args.ids {
        Some(_) => String::new(),
        None => load::text(
            args.prompt.as_deref(),
            args.file.as_deref(),
            "-p TEXT, --ids",
        )?,
    };
    let model = args
        .load
        .model(args.context.context, &mut AllocatorPeak::default())?;
    let ids = match &args.ids {
        Some(ids) => ids.clone(),
        None => model.encode(Prompt::Text(&text))?,
    };
    let logits = model.session()?.logits(&ids)?;
    if let Some(path) = &args.out {
        let bytes: Vec<u8> = logits
            .iter()
            .flat_map(|logit| logit.to_le_bytes())
            .collect();
        std::fs::write(path, bytes).map_err(|source| lorgnette::Error::Io {
            path: path.clone(),
            source,
        })?;
    }
    let top = top(&logits, args.top);
    if args.json {
        return json(&Logits { ids, top });
    }
    let row = |(id, logit): &(u32, f32)| {
        let piece = model.tokenizer().decode_special(&[*id]);
        vec![id.to_string(), format!("{logit:.4}"), format!("{piece:?}")]
    };
    write(&table(&top.iter().map(row).collect::<Vec<_>>(), 1))
}

/// The largest first; of equal ones the lowest id.
fn top(logits: &[f32], count: usize) -> Vec<(u32, f32)> {
    let mut all: Vec<(u32, f32)> = (0..).zip(logits.iter().copied()).collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1));
    all.truncate(count);
    all
}
