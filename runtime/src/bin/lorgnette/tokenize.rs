//! `lorgnette tokenize`: a text's ids, from the header of the model file alone.

use std::path::PathBuf;

use serde::Serialize;

use crate::args;
use crate::load;
use crate::output::{Result, json, table, write};

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    model: args::File,
    /// The text; without it and -f, standard input is read
    #[arg(
        value_name = "TEXT",
        conflicts_with = "file",
        allow_hyphen_values = true
    )]
    text: Option<String>,
    /// A file with the text, taken as it is
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Names of special tokens in the text become those tokens
    #[arg(long)]
    special: bool,
    /// One object with the ids
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Ids {
    ids: Vec<u32>,
}

pub fn run(args: &Args) -> Result<()> {
    let text = load::text(args.text.as_deref(), args.file.as_deref(), "TEXT")?;
    let tokenizer = lorgnette::text::tokenizer(args.model.open()?.metadata())?;
    let ids = match args.special {
        true => tokenizer.encode_special(&text),
        false => tokenizer.encode(&text),
    };
    if args.json {
        return json(&Ids { ids });
    }
    let rows: Vec<Vec<String>> = ids
        .iter()
        .map(|id| {
            let piece = String::from_utf8_lossy(tokenizer.bytes(*id)).into_owned();
            vec![id.to_string(), format!("{piece:?}")]
        })
        .collect();
    write(&table(&rows, 2))
}
