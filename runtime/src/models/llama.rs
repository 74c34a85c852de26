//! Llama (Touvron et al., 2023; Dubey et al., 2024): pre-norm transformer with RMSNorm, grouped-query attention, rotary
//! positions and SwiGLU. Llama 3.x, Llama Guard and SmolLM2 are this page. It names tensors and maths, never files or
//! buffers.

use super::{Config, format_error};
use crate::Result;
use crate::ops::Heads;
use crate::plan::{Plan, Recorder, TensorId};
use crate::weights::{Linear, Shape, WeightList};

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
        // The gains stay where matrices are streamed: the end of a layer needs the next one's.
        let mut gains = Vec::with_capacity(config.layers);
        for i in 0..config.layers {
            let mut gain = |part| list.vector(&find, &format!("blk.{i}.{part}.weight"), width);
            gains.push((gain("attn_norm")?, gain("ffn_norm")?));
        }
        let mut layers = Vec::with_capacity(config.layers);
        for (i, (attn_norm, ffn_norm)) in gains.into_iter().enumerate() {
            let name = |part: &str| format!("blk.{i}.{part}.weight");
            let first = list.weights.len();
            layers.push(Layer {
                attn_norm,
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
                ffn_norm,
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
            list.layers.push(first..list.weights.len());
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

    /// The gain of the norm that the stream meets next in front of layer `i`, or behind the last.
    fn gain(&self, i: usize) -> usize {
        self.layers
            .get(i)
            .map_or(self.output_norm, |layer| layer.attn_norm)
    }
}

/// Which forward pass is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recording {
    /// One row, head on it, the next id.
    Decode,
    /// Up to so many rows, head on the last, the next id.
    Prefill(u32),
    /// Up to so many rows, head on all, a score for each.
    Score(u32),
    /// Up to so many rows, head on all, a greedy id for each: drafts are checked with it.
    Few(u32),
}

impl Recording {
    /// Its name, and the most rows of a step.
    fn shape(self) -> (&'static str, u32) {
        match self {
            Self::Decode => ("decode", 1),
            Self::Prefill(rows) => ("prefill", rows),
            Self::Score(rows) => ("score", rows),
            Self::Few(rows) => ("few", rows),
        }
    }
}

/// How the forward pass is recorded.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// The residual additions are part of the matrix products before them; for a row or a few the norms are too, and
    /// rotation and the cache's new rows are part of attention; for one row SwiGLU is in its product as well.
    pub fused: bool,
    /// The layers behind these are streamed.
    pub resident_layers: usize,
}

/// The forward pass, in the order of the paper.
pub fn record(
    config: &Config,
    weights: &Weights,
    heads: &Heads,
    recording: Recording,
    style: Style,
) -> Plan {
    let (name, rows) = recording.shape();
    let long = matches!(recording, Recording::Prefill(_) | Recording::Score(_));
    let head_on_all = matches!(recording, Recording::Score(_) | Recording::Few(_));
    // Whether the stream carries what its norms need.
    let carried = style.fused && matches!(recording, Recording::Decode | Recording::Few(_));
    let mut r = Recorder::new(name, rows);
    let ids = r.ids(heads.context);
    let x = match carried {
        true => r.embed_stream(ids, &weights.token_embd), // [rows, scale::stride(width)]
        false => r.embed(ids, &weights.token_embd),       // [rows, width]
    };
    if carried {
        r.scale("attn_norm", x, weights.gain(0), config.width);
    }
    for (i, layer) in weights.layers.iter().enumerate() {
        r.scope(format!("layer {i}"));
        if let Some(streamed) = i.checked_sub(style.resident_layers) {
            r.needs(streamed);
        }
        match carried {
            true => fused_layer(&mut r, config, layer, heads, i, x, weights.gain(i + 1)),
            false => plain_layer(&mut r, config, layer, heads, i, x, style),
        }
        if long {
            r.cut();
        }
    }
    r.scope("");
    let (gain, epsilon) = (weights.output_norm, config.epsilon);
    let logits = if carried {
        r.linear_norm("output", x, &weights.output, epsilon) // [rows, vocabulary]
    } else {
        let normed = r.norm("output_norm", x, gain, epsilon, !head_on_all); // [rows or 1, width]
        r.linear("output", normed, &weights.output) // [rows or 1, vocabulary]
    };
    let mut scores = None;
    match recording {
        Recording::Decode | Recording::Prefill(_) => r.choose(logits, ids),
        Recording::Score(_) => scores = Some(r.score(logits, ids)), // [rows, 4]
        Recording::Few(_) => r.argmax(logits, ids),
    }
    r.finish(logits, scores)
}

/// A layer of a row or a few: the norms are part of the products, and all between them of attention. SwiGLU and what the
/// next norm needs are part of the products too where it is one row.
fn fused_layer(
    r: &mut Recorder,
    config: &Config,
    layer: &Layer,
    heads: &Heads,
    i: usize,
    x: TensorId,
    next_gain: usize,
) {
    let epsilon = config.epsilon;
    let qkv = r.qkv_norm(x, &layer.qkv, heads, epsilon); // [rows, (heads + 2 kv_heads) * head_size and room]
    let attended = r.attend_step(qkv, i, heads); // [rows, heads * head_size]
    r.stream_add(
        "attn_output",
        attended,
        &layer.attn_output,
        x,
        layer.ffn_norm,
    );
    let gated = r.gate(x, &layer.gate_up, epsilon); // [rows, feed_forward]
    r.stream_add("ffn_down", gated, &layer.ffn_down, x, next_gain);
}

/// A layer as the paper has it.
fn plain_layer(
    r: &mut Recorder,
    config: &Config,
    layer: &Layer,
    heads: &Heads,
    i: usize,
    x: TensorId,
    style: Style,
) {
    let epsilon = config.epsilon;
    let normed = r.norm("attn_norm", x, layer.attn_norm, epsilon, false);
    let qkv = r.qkv(normed, &layer.qkv, heads); // [rows, (2 heads + 2 kv_heads) * head_size]
    r.rope(qkv, heads);
    r.kv_write(qkv, i, heads);
    let attended = r.attend(qkv, i, heads); // [rows, heads * head_size]
    residual(r, "attn_output", attended, &layer.attn_output, x, style);
    let normed = r.norm("ffn_norm", x, layer.ffn_norm, epsilon, false);
    let gate_up = r.linear("gate_up", normed, &layer.gate_up); // [rows, 2 feed_forward]
    let gated = r.swiglu(gate_up); // [rows, feed_forward]
    residual(r, "ffn_down", gated, &layer.ffn_down, x, style);
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
