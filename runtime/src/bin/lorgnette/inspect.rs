//! `lorgnette inspect`: what a model file holds, and the bytes it will take, without a GPU.

use std::collections::BTreeMap;

use lorgnette::formats::{Checkpoint, Metadata};
use lorgnette::{Blueprint, Config, Error};
use serde::Serialize;

use crate::args;
use crate::output::{Result, bytes, json, table, write};
use crate::planned::Planned;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    load: args::Load,
    #[command(flatten)]
    context: args::Context,
    /// One object with the same
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Facts {
    name: Option<String>,
    architecture: String,
    file_bytes: u64,
    parameters: u64,
    config: Numbers,
    /// By type: how many tensors and their bytes in the file.
    tensors: BTreeMap<&'static str, Tensors>,
    tokenizer: Text,
    #[serde(flatten)]
    planned: Planned,
}

#[derive(Debug, Serialize)]
struct Numbers {
    layers: usize,
    width: usize,
    feed_forward: usize,
    heads: usize,
    kv_heads: usize,
    head_size: usize,
    vocabulary: usize,
    trained_context: u32,
    rope_base: f32,
    rope_factors: bool,
    epsilon: f32,
    tied: bool,
}

#[derive(Debug, Default, Serialize)]
struct Tensors {
    count: u64,
    file_bytes: u64,
}

#[derive(Debug, Serialize)]
struct Text {
    split: Option<String>,
    tokens: usize,
    merges: usize,
    bos: Option<u32>,
    eos: Option<u32>,
    add_bos: Option<bool>,
    chat_template: bool,
}

pub fn run(args: &Args) -> Result<()> {
    let checkpoint = args.load.file.open()?;
    let options = args.load.options(args.context.context);
    let binding = args.load.device.binding_bytes()?;
    let (blueprint, refusal) = match Blueprint::new(&checkpoint, &options, binding) {
        Ok(blueprint) => (blueprint, None),
        // What is shown then is the plan that comes nearest.
        Err(Error::Budget(refusal)) => (
            Blueprint::least(&checkpoint, &options, binding)?,
            Some(refusal),
        ),
        Err(error) => return Err(error.into()),
    };
    let minimum_bytes = match blueprint.minimum_bytes {
        Some(bytes) => bytes,
        None => Blueprint::least(&checkpoint, &options, binding)?
            .memory
            .total(1),
    };
    let budget = options.budget.map(|budget| budget.bytes);
    let planned = Planned::new(&blueprint, budget, minimum_bytes);
    let facts = Facts::new(&checkpoint, &blueprint, planned)?;
    match args.json {
        true => json(&facts)?,
        false => write(&facts.page())?,
    }
    match refusal {
        None => Ok(()),
        Some(refusal) => Err(Error::Budget(refusal).into()),
    }
}

impl Facts {
    fn new(checkpoint: &Checkpoint, blueprint: &Blueprint, planned: Planned) -> Result<Self> {
        let metadata = checkpoint.metadata();
        let mut tensors: BTreeMap<&'static str, Tensors> = BTreeMap::new();
        for tensor in checkpoint.tensors() {
            let all = tensors.entry(tensor.format.name()).or_default();
            all.count += 1;
            all.file_bytes += tensor.bytes;
        }
        let parameters = checkpoint.tensors().iter().map(|t| t.rows * t.cols).sum();
        Ok(Self {
            name: metadata.opt_string("general.name")?.map(str::to_owned),
            architecture: metadata.string("general.architecture")?.to_owned(),
            file_bytes: checkpoint.file_bytes(),
            parameters,
            config: Numbers::new(
                &blueprint.config,
                blueprint.rope_factors.is_some(),
                checkpoint.tensor("output.weight").is_none(),
            ),
            tensors,
            tokenizer: Text::new(metadata)?,
            planned,
        })
    }

    fn page(&self) -> String {
        let millions = self.parameters as f64 / 1e6;
        let name = self.name.as_deref().unwrap_or("none");
        let mut rows = vec![
            row("name", name),
            row("architecture", &self.architecture),
            row("parameters", format!("{millions:.1} million")),
        ];
        rows.extend(self.config.rows());
        rows.extend(self.tokenizer.rows());
        rows.push(row("file", bytes(self.file_bytes)));
        rows.extend(self.tensors.iter().map(|(name, all)| {
            let value = format!("{} in {} tensors", bytes(all.file_bytes), all.count);
            row(&format!("  {name}"), value)
        }));
        rows.extend(self.planned.rows());
        table(&rows, 2)
    }
}

pub fn row(name: &str, value: impl ToString) -> Vec<String> {
    vec![name.to_owned(), value.to_string()]
}

impl Numbers {
    fn rows(&self) -> [Vec<String>; 4] {
        let Self {
            layers,
            width,
            feed_forward,
            heads,
            kv_heads,
            head_size,
            ..
        } = self;
        let factors = if self.rope_factors {
            " with factors"
        } else {
            ""
        };
        let (trained, base) = (self.trained_context, self.rope_base);
        [
            row(
                "layers",
                format!("{layers} of width {width}, feed-forward {feed_forward}"),
            ),
            row(
                "heads",
                format!("{heads} of size {head_size}, {kv_heads} for keys and values"),
            ),
            row(
                "positions",
                format!("trained for {trained}, rotary base {base}{factors}"),
            ),
            row(
                "head",
                if self.tied {
                    "the embedding"
                } else {
                    "its own"
                },
            ),
        ]
    }

    fn new(config: &Config, rope_factors: bool, tied: bool) -> Self {
        Self {
            layers: config.layers,
            width: config.width,
            feed_forward: config.feed_forward,
            heads: config.heads,
            kv_heads: config.kv_heads,
            head_size: config.head_size,
            vocabulary: config.vocabulary,
            trained_context: config.trained_context,
            rope_base: config.rope_base,
            rope_factors,
            epsilon: config.epsilon,
            tied,
        }
    }
}

impl Text {
    fn rows(&self) -> [Vec<String>; 2] {
        let Self { tokens, merges, .. } = self;
        let split = self.split.as_deref().unwrap_or("none");
        [
            row(
                "tokens",
                format!("{tokens}, {merges} merges, split {split}"),
            ),
            row(
                "chat template",
                if self.chat_template { "yes" } else { "no" },
            ),
        ]
    }

    fn new(metadata: &Metadata) -> Result<Self> {
        let split = metadata.opt_string("tokenizer.ggml.pre")?;
        Ok(Self {
            split: split.map(str::to_owned),
            tokens: metadata.strings("tokenizer.ggml.tokens")?.len(),
            merges: metadata.strings("tokenizer.ggml.merges")?.len(),
            bos: metadata.opt_u32("tokenizer.ggml.bos_token_id")?,
            eos: metadata.opt_u32("tokenizer.ggml.eos_token_id")?,
            add_bos: metadata.opt_bool("tokenizer.ggml.add_bos_token")?,
            chat_template: metadata.opt_string("tokenizer.chat_template")?.is_some(),
        })
    }
}
