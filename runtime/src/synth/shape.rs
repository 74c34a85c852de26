//! Which tensors a model has, of which sizes and types. Sizes are those of the published configurations.

use lorgnette_shaders::weights::WeightFormat;

use crate::formats::TensorSpec;
use crate::{Error, Result};

/// The tensor of per-pair factors by which RoPE frequencies are divided.
pub(super) const ROPE_FREQS: &str = "rope_freqs.weight";

/// Whose vocabulary, special tokens and chat template a model has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Family {
    Llama3,
    Smollm2,
}

/// The sizes of a Llama-architecture model.
#[derive(Clone, Debug, PartialEq)]
pub struct SynthShape {
    /// What the file calls itself.
    pub name: String,
    /// Tokenizer and template.
    pub family: Family,
    /// Decoder layers.
    pub layers: u32,
    /// Width of the residual stream.
    pub dim: u32,
    /// Width of the feed-forward.
    pub ffn: u32,
    /// Query heads.
    pub heads: u32,
    /// Key and value heads: divides `heads`.
    pub kv_heads: u32,
    /// Width of one head: even. `heads * head_dim` need not be `dim`.
    pub head_dim: u32,
    /// Tokens: 272 at least for Llama 3, 273 for SmolLM2.
    pub vocabulary: u32,
    /// The context that the file claims, in tokens.
    pub context: u32,
    /// RoPE's base frequency.
    pub rope_base: f32,
    /// The factor of Llama 3's frequency scaling, where the model has it.
    pub rope_factor: Option<f32>,
    /// Whether the embedding is also the output matrix.
    pub tied: bool,
    /// The type of the output matrix, where it is not the one of [`SynthShape::tensors`].
    pub head: Option<WeightFormat>,
}

impl SynthShape {
    /// The names that [`SynthShape::like`] knows.
    pub const NAMES: [&'static str; 6] = [
        "llama-3.2-1b",
        "llama-3.2-3b",
        "llama-3.1-8b",
        "smollm2-135m",
        "smollm2-360m",
        "smollm2-1.7b",
    ];

    /// The shape of a known model.
    ///
    /// # Errors
    /// `Input` for a name that is not in [`SynthShape::NAMES`].
    pub fn like(name: &str) -> Result<Self> {
        let (layers, dim, ffn, heads, kv_heads) = match name {
            "llama-3.2-1b" => (16, 2048, 8192, 32, 8),
            "llama-3.2-3b" => (28, 3072, 8192, 24, 8),
            "llama-3.1-8b" => (32, 4096, 14336, 32, 8),
            "smollm2-135m" => (30, 576, 1536, 9, 3),
            "smollm2-360m" => (32, 960, 2560, 15, 5),
            "smollm2-1.7b" => (24, 2048, 8192, 32, 32),
            _ => {
                return Err(input(
                    "model shape",
                    format!("one of {}", Self::NAMES.join(", ")),
                    name,
                ));
            }
        };
        let llama = name.starts_with("llama");
        Ok(Self {
            name: format!("{name}-synthetic"),
            family: if llama {
                Family::Llama3
            } else {
                Family::Smollm2
            },
            layers,
            dim,
            ffn,
            heads,
            kv_heads,
            head_dim: dim / heads,
            vocabulary: if llama { 128_256 } else { 49_152 },
            context: if llama { 131_072 } else { 8192 },
            rope_base: match name {
                _ if llama => 500_000.0,
                "smollm2-1.7b" => 130_000.0,
                _ => 100_000.0,
            },
            rope_factor: match name {
                "llama-3.1-8b" => Some(8.0),
                _ => llama.then_some(32.0),
            },
            tied: name != "llama-3.1-8b",
            head: None,
        })
    }

    /// Refuses what no model can be.
    pub(super) fn check(&self) -> Result<()> {
        let sizes = [
            ("layers", self.layers),
            ("dim", self.dim),
            ("ffn", self.ffn),
            ("heads", self.heads),
            ("kv_heads", self.kv_heads),
            ("head_dim", self.head_dim),
            ("context", self.context),
        ];
        if let Some((what, _)) = sizes.iter().find(|(_, n)| *n == 0) {
            return Err(input(what, "at least 1", 0));
        }
        if !self.heads.is_multiple_of(self.kv_heads) {
            let expected = format!("a divisor of {} heads", self.heads);
            return Err(input("kv_heads", expected, self.kv_heads));
        }
        if !self.head_dim.is_multiple_of(2) {
            return Err(input("head_dim", "an even number", self.head_dim));
        }
        Ok(())
    }

    /// The tensors in the file's order, matrices in `format` but for
    /// - the output matrix, or the embedding where that is both: `head`, or as llama.cpp's recipes have it Q6_K for
    ///   every quantised format but Q8_0;
    /// - rows that are no whole number of blocks: Q5_0 for Q4_K, Q5_1 for Q5_K, Q8_0 for Q6_K, IQ4_NL for IQ4_XS
    ///   (rows of 576 or 960), and F16 where even blocks of 32 do not fit.
    pub fn tensors(&self, format: WeightFormat) -> Vec<TensorSpec> {
        let [dim, ffn, vocabulary] = [self.dim, self.ffn, self.vocabulary].map(u64::from);
        let queries = u64::from(self.heads) * u64::from(self.head_dim);
        let keys = u64::from(self.kv_heads) * u64::from(self.head_dim);
        let head = self.head.unwrap_or(head_format(format));
        let embedding = if self.tied { head } else { format };
        let mut all = vec![matrix("token_embd.weight", embedding, dim, vocabulary)];
        if self.rope_factor.is_some() {
            all.push(vector(ROPE_FREQS, u64::from(self.head_dim) / 2));
        }
        for layer in 0..self.layers {
            let name = |part: &str| format!("blk.{layer}.{part}.weight");
            all.extend([
                vector(&name("attn_norm"), dim),
                matrix(&name("attn_q"), format, dim, queries),
                matrix(&name("attn_k"), format, dim, keys),
                matrix(&name("attn_v"), format, dim, keys),
                matrix(&name("attn_output"), format, queries, dim),
                vector(&name("ffn_norm"), dim),
                matrix(&name("ffn_gate"), format, dim, ffn),
                matrix(&name("ffn_up"), format, dim, ffn),
                matrix(&name("ffn_down"), format, ffn, dim),
            ]);
        }
        all.push(vector("output_norm.weight", dim));
        if !self.tied {
            all.push(matrix("output.weight", head, dim, vocabulary));
        }
        all
    }

    /// What each pair's RoPE frequency is divided by: 1 for waves shorter than a quarter of the original context of
    /// 8192, `rope_factor` for those longer than all of it, and between them smoothly (Llama 3.1's scaling; the
    /// values of llama.cpp's converter). All 1 without scaling. `head_dim / 2` numbers.
    pub fn rope_factors(&self) -> Vec<f32> {
        const CONTEXT: f64 = 8192.0;
        const LOW: f64 = 1.0;
        const HIGH: f64 = 4.0;
        let factor = f64::from(self.rope_factor.unwrap_or(1.0));
        (0..self.head_dim / 2)
            .map(|pair| {
                let exponent = f64::from(2 * pair) / f64::from(self.head_dim);
                let wavelength = std::f64::consts::TAU * f64::from(self.rope_base).powf(exponent);
                let smooth = ((CONTEXT / wavelength - LOW) / (HIGH - LOW)).clamp(0.0, 1.0);
                (1.0 / ((1.0 - smooth) / factor + smooth)) as f32
            })
            .collect()
    }
}

/// What llama.cpp's recipes have for the output matrix.
fn head_format(format: WeightFormat) -> WeightFormat {
    match format {
        WeightFormat::F32 | WeightFormat::F16 | WeightFormat::Bf16 | WeightFormat::Q8_0 => format,
        _ => WeightFormat::Q6K,
    }
}

fn vector(name: &str, len: u64) -> TensorSpec {
    TensorSpec {
        name: name.to_owned(),
        format: WeightFormat::F32,
        shape: vec![len],
    }
}

fn matrix(name: &str, format: WeightFormat, cols: u64, rows: u64) -> TensorSpec {
    TensorSpec {
        name: name.to_owned(),
        format: fitting(format, cols),
        shape: vec![cols, rows],
    }
}

/// `format`, or what llama.cpp's quantiser takes instead where `cols` is no whole number of blocks.
fn fitting(format: WeightFormat, cols: u64) -> WeightFormat {
    if cols.is_multiple_of(format.file_block_len() as u64) {
        return format;
    }
    let smaller = match format {
        WeightFormat::Q4K => WeightFormat::Q5_0,
        WeightFormat::Q5K => WeightFormat::Q5_1,
        WeightFormat::Q6K => WeightFormat::Q8_0,
        WeightFormat::Iq4Xs => WeightFormat::Iq4Nl,
        _ => WeightFormat::F16,
    };
    fitting(smaller, cols)
}

pub(super) fn input(what: impl ToString, expected: impl ToString, found: impl ToString) -> Error {
    Error::Input {
        what: what.to_string(),
        expected: expected.to_string(),
        found: found.to_string(),
    }
}
