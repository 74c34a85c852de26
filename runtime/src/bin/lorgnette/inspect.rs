//! `lorgnette inspect`: what a model file holds, and the bytes it will take, without a GPU.

use std::collections::BTreeMap;

use lorgnette::formats::{Checkpoint, Metadata};
use lorgnette::{Blueprint, Config};
use serde::Serialize;

use crate::args;
use crate::output::{Result, bytes, json, table, write};

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
    context: u32,
    kv: &'static str,
    prefill_chunk: u32,
    planned_bytes: Planned,
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

/// Bytes by purpose. Staging is given back before keys and values are made, so that `gpu_peak` is less than the sum:
/// weights, scratch, and the larger of staging and a session.
#[derive(Debug, Serialize)]
struct Planned {
    weights: u64,
    /// Keys and values of one session.
    kv: u64,
    /// What is overwritten in every step, with params and a session's ids, step and readback.
    scratch: u64,
    staging: u64,
    /// The tokenizer's tables: an estimate.
    host: u64,
    gpu_peak: u64,
    /// On the GPU at the peak, and on the host.
    total: u64,
}

pub fn run(args: &Args) -> Result<()> {
    let (checkpoint, blueprint) = args.load.blueprint(args.context.context)?;
    let facts = Facts::new(&checkpoint, &blueprint)?;
    if args.json {
        return json(&facts);
    }
    write(&facts.page())
}

impl Facts {
    fn new(checkpoint: &Checkpoint, blueprint: &Blueprint) -> Result<Self> {
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
            context: blueprint.context,
            kv: blueprint.kv.name(),
            prefill_chunk: blueprint.prefill_chunk,
            planned_bytes: Planned::new(blueprint, lorgnette::text::host_bytes(metadata)?),
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
        let planned = format!(
            "for {} positions, {} keys and values, prompts in chunks of {}",
            self.context, self.kv, self.prefill_chunk
        );
        rows.push(row("planned", planned));
        rows.extend(self.planned_bytes.rows());
        table(&rows, 2)
    }
}

fn row(name: &str, value: impl ToString) -> Vec<String> {
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

impl Planned {
    fn rows(&self) -> [Vec<String>; 7] {
        [
            row("  weights", bytes(self.weights)),
            row("  keys and values", bytes(self.kv)),
            row("  scratch", bytes(self.scratch)),
            row(
                "  staging",
                format!("{}, while loading", bytes(self.staging)),
            ),
            row("  GPU at its peak", bytes(self.gpu_peak)),
            row("  host", format!("{}, estimated", bytes(self.host))),
            row("  total", bytes(self.total)),
        ]
    }

    fn new(blueprint: &Blueprint, host: u64) -> Self {
        let memory = &blueprint.memory;
        let gpu_peak = memory.peak(1);
        Self {
            weights: memory.weights_bytes(),
            kv: memory.session.kv(),
            scratch: memory.scratch_bytes() + memory.session.total() - memory.session.kv(),
            staging: memory.staging,
            host,
            gpu_peak,
            total: gpu_peak + host,
        }
    }
}
