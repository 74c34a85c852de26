//! Llama (Touvron et al., 2023; Dubey et al., 2024): pre-norm transformer with RMSNorm, grouped-query attention, rotary
//! positions and SwiGLU. Llama 3.x, Llama Guard and SmolLM2 are this page. It names tensors and maths, never files or
//! buffers.

use lorgnette_shaders::CacheFormat;

use crate::formats::Metadata;
use crate::ops::Heads;
use crate::plan::{Plan, Recorder, TensorId};
use crate::weights::{Linear, Shape, WeightList};
use crate::{Error, Result};

/// The numbers of a Llama model, from the `llama.*` keys of its checkpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Tokens.
    pub vocabulary: usize,
    /// Transformer blocks.
    pub layers: usize,
    /// Width of the residual stream.
    pub width: usize,
    /// Width of the feed-forward layer.
    pub feed_forward: usize,
    /// Query heads.
    pub heads: usize,
    /// Key and value heads; divides `heads`.
    pub kv_heads: usize,
    /// Elements of a head.
    pub head_size: usize,
    /// Epsilon of RMSNorm.
    pub epsilon: f32,
    /// Base of the rotary angles.
    pub rope_base: f32,
    /// Positions it was trained for.
    pub trained_context: u32,
}

impl Config {
    /// Reads and checks the `llama.*` keys. `vocabulary` is the number of rows of the embedding.
    pub fn from_metadata(metadata: &Metadata, vocabulary: usize) -> Result<Self> {
        let architecture = metadata.string("general.architecture")?;
        if architecture != "llama" {
            return Err(unsupported("general.architecture", "llama", architecture));
        }
        let number = |key: &str| {
            metadata
                .u32(&format!("llama.{key}"))
                .map(|value| value as usize)
        };
        let optional = |key: &str| metadata.opt_u32(&format!("llama.{key}"));
        let (width, heads) = (number("embedding_length")?, number("attention.head_count")?);
        let kv_heads = optional("attention.head_count_kv")?.map_or(heads, |value| value as usize);
        let head_size =
            match optional("attention.key_length")?.or(optional("rope.dimension_count")?) {
                Some(size) => size as usize,
                None => width.checked_div(heads).unwrap_or(0),
            };
        let config = Self {
            vocabulary,
            layers: number("block_count")?,
            width,
            feed_forward: number("feed_forward_length")?,
            heads,
            kv_heads,
            head_size,
            epsilon: metadata.f32("llama.attention.layer_norm_rms_epsilon")?,
            rope_base: metadata
                .opt_f32("llama.rope.freq_base")?
                .unwrap_or(10_000.0),
            trained_context: metadata.u32("llama.context_length")?,
        };
        config.check(metadata)?;
        Ok(config)
    }

    fn check(&self, metadata: &Metadata) -> Result<()> {
        let within = |key: &str, value: usize, most: usize| {
            if value == 0 || value > most {
                return Err(format_error(
                    &format!("llama.{key}"),
                    &format!("1 to {most}"),
                    value,
                ));
            }
            Ok(())
        };
        within("block_count", self.layers, 1024)?;
        within("embedding_length", self.width, 1 << 16)?;
        // Two rows of the widest matrix fit a staging buffer, in f32 too.
        within("feed_forward_length", self.feed_forward, 1 << 16)?;
        within("attention.head_count", self.heads, 1024)?;
        within("attention.head_count_kv", self.kv_heads, self.heads)?;
        within("context_length", self.trained_context as usize, 1 << 24)?;
        if !self.heads.is_multiple_of(self.kv_heads) {
            return Err(format_error(
                "llama.attention.head_count_kv",
                &format!("a divisor of {} heads", self.heads),
                self.kv_heads,
            ));
        }
        if !matches!(self.head_size, 32 | 64 | 128) {
            return Err(unsupported("head size", "32, 64 or 128", self.head_size));
        }
        for (key, size) in [
            ("rope.dimension_count", self.head_size),
            ("attention.value_length", self.head_size),
        ] {
            let found = metadata
                .opt_u32(&format!("llama.{key}"))?
                .map_or(size, |value| value as usize);
            if found != size {
                return Err(unsupported(
                    &format!("llama.{key}"),
                    &format!("the head size {size}"),
                    found,
                ));
            }
        }
        if !(self.epsilon > 0.0
            && self.epsilon < 1.0
            && self.rope_base.is_finite()
            && self.rope_base > 0.0)
        {
            let found = format!("{} and {}", self.epsilon, self.rope_base);
            return Err(format_error(
                "norm epsilon and rope.freq_base",
                "positive finite numbers",
                found,
            ));
        }
        if let Some(scaling) = metadata.opt_string("llama.rope.scaling.type")?
            && scaling != "none"
        {
            return Err(unsupported(
                "llama.rope.scaling.type",
                "none (Llama 3 scales by rope_freqs.weight)",
                scaling,
            ));
        }
        Ok(())
    }

    /// The attention heads over a cache of `context` positions.
    pub fn heads(&self, context: u32, cache: CacheFormat) -> Heads {
        Heads {
            heads: self.heads,
            kv_heads: self.kv_heads,
            size: self.head_size,
            context,
            cache,
        }
    }

    /// (cos, sin) of every pair of a head, for `count` rows from `position` on: [count, head size / 2, 2].
    /// The frequency of pair i is base^(-2i / head size), divided by `factors[i]` where the checkpoint has factors.
    pub fn angles(&self, factors: Option<&[f32]>, position: u32, count: u32) -> Vec<f32> {
        let pairs = self.head_size / 2;
        let mut table = Vec::with_capacity(count as usize * self.head_size);
        for row in 0..count {
            for pair in 0..pairs {
                let frequency = f64::from(self.rope_base).powf(-(pair as f64) / pairs as f64);
                let factor = factors.map_or(1.0, |factors| f64::from(factors[pair]));
                let (sin, cos) = (f64::from(position + row) * frequency / factor).sin_cos();
                table.extend([cos as f32, sin as f32]);
            }
        }
        table
    }
}

/// A transformer block.
#[derive(Debug)]
struct Layer {
    attn_norm: usize,    // [width]
    qkv: Linear,         // [(heads + 2 kv_heads) * head_size, width]
    attn_output: Linear, // [width, heads * head_size]
    ffn_norm: usize,     // [width]
    gate_up: Linear,     // [2 feed_forward, width]
    ffn_down: Linear,    // [width, feed_forward]
}

/// The weights, by what they are in the paper.
#[derive(Debug)]
pub struct Weights {
    token_embd: Linear, // [vocabulary, width]
    layers: Vec<Layer>,
    output_norm: usize, // [width]
    output: Linear,     // [vocabulary, width]; the same buffers as token_embd where tied
}

impl Weights {
    /// Finds every tensor, checks its shape, and says which buffers hold it.
    pub fn describe(
        config: &Config,
        list: &mut WeightList,
        shapes: &dyn Fn(&str) -> Option<Shape>,
    ) -> Result<Self> {
        let find = |name: &str| {
            shapes(name).ok_or_else(|| {
                format_error("the list of tensors", &format!("a tensor {name}"), "none")
            })
        };
        let (width, kv) = (config.width, config.kv_heads * config.head_size);
        let attention = config.heads * config.head_size;
        let one = |name: &str, rows: usize| vec![(name.to_owned(), rows)];
        let token_embd = list.linear(&find, &one("token_embd.weight", config.vocabulary), width)?;
        let mut layers = Vec::with_capacity(config.layers);
        for i in 0..config.layers {
            let name = |part: &str| format!("blk.{i}.{part}.weight");
            layers.push(Layer {
                attn_norm: list.vector(&find, &name("attn_norm"), width)?,
                qkv: list.linear(
                    &find,
                    &[
                        (name("attn_q"), attention),
                        (name("attn_k"), kv),
                        (name("attn_v"), kv),
                    ],
                    width,
                )?,
                attn_output: list.linear(&find, &one(&name("attn_output"), width), attention)?,
                ffn_norm: list.vector(&find, &name("ffn_norm"), width)?,
                gate_up: list.linear(
                    &find,
                    &[
                        (name("ffn_gate"), config.feed_forward),
                        (name("ffn_up"), config.feed_forward),
                    ],
                    width,
                )?,
                ffn_down: list.linear(
                    &find,
                    &one(&name("ffn_down"), width),
                    config.feed_forward,
                )?,
            });
        }
        let output_norm = list.vector(&find, "output_norm.weight", width)?;
        let output = match shapes("output.weight") {
            Some(_) => list.linear(&find, &one("output.weight", config.vocabulary), width)?,
            None => token_embd.clone(),
        };
        Ok(Self {
            token_embd,
            layers,
            output_norm,
            output,
        })
    }
}

/// Which forward pass is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recording {
    /// One row, head on it, greedy id.
    Decode,
    /// Up to so many rows, head on the last, greedy id.
    Prefill(u32),
    /// Up to so many rows, head on all, a score for each.
    Score(u32),
}

/// How the forward pass is recorded.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// The residual additions are part of the matrix products before them.
    pub fused: bool,
}

/// The forward pass, in the order of the paper.
pub fn record(
    config: &Config,
    weights: &Weights,
    heads: &Heads,
    recording: Recording,
    style: Style,
) -> Plan {
    let (name, rows) = match recording {
        Recording::Decode => ("decode", 1),
        Recording::Prefill(rows) => ("prefill", rows),
        Recording::Score(rows) => ("score", rows),
    };
    let all_rows = matches!(recording, Recording::Score(_));
    let mut r = Recorder::new(name, rows);
    let x = r.embed(&weights.token_embd); // [rows, width]
    for (i, layer) in weights.layers.iter().enumerate() {
        r.scope(format!("layer {i}"));
        let normed = r.norm("attn_norm", x, layer.attn_norm, config.epsilon, false);
        let qkv = r.linear("qkv", normed, &layer.qkv); // [rows, (heads + 2 kv_heads) * head_size]
        r.rope(qkv, heads);
        r.kv_write(qkv, i, heads);
        let attended = r.attend(qkv, i, heads); // [rows, heads * head_size]
        residual(
            &mut r,
            "attn_output",
            attended,
            &layer.attn_output,
            x,
            style,
        );
        let normed = r.norm("ffn_norm", x, layer.ffn_norm, config.epsilon, false);
        let gate_up = r.linear("gate_up", normed, &layer.gate_up); // [rows, 2 feed_forward]
        let gated = r.swiglu(gate_up); // [rows, feed_forward]
        residual(&mut r, "ffn_down", gated, &layer.ffn_down, x, style);
        if recording != Recording::Decode {
            r.cut();
        }
    }
    r.scope("");
    let normed = r.norm(
        "output_norm",
        x,
        weights.output_norm,
        config.epsilon,
        !all_rows,
    ); // [rows or 1, width]
    let logits = r.linear("output", normed, &weights.output); // [rows or 1, vocabulary]
    let scores = if all_rows {
        Some(r.score(logits)) // [rows, 4]
    } else {
        r.argmax(logits);
        None
    };
    r.finish(logits, scores)
}

fn residual(
    r: &mut Recorder,
    what: &str,
    x: TensorId,
    matrix: &Linear,
    stream: TensorId,
    style: Style,
) {
    if style.fused {
        r.linear_add(what, x, matrix, stream);
    } else {
        let product = r.linear(what, x, matrix);
        r.add("residual", product, stream);
    }
}

fn unsupported(what: &str, expected: &str, found: impl ToString) -> Error {
    Error::Unsupported {
        what: what.to_owned(),
        expected: expected.to_owned(),
        found: found.to_string(),
    }
}

fn format_error(what: &str, expected: &str, found: impl ToString) -> Error {
    Error::Format {
        what: what.to_owned(),
        expected: expected.to_owned(),
        found: found.to_string(),
    }
}
