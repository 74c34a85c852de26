//! The numbers of a Llama model and what follows from them alone: its heads and its rotary angles. Read from the
//! checkpoint's metadata and checked there; no tensors.

use lorgnette_shaders::CacheFormat;
use lorgnette_shaders::kernels::choose::MOST_TOKENS;

use super::{format_error, unsupported};
use crate::Result;
use crate::formats::Metadata;
use crate::ops::Heads;

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
        if self.vocabulary > MOST_TOKENS {
            let expected = format!("at most {MOST_TOKENS} tokens");
            return Err(unsupported("vocabulary", &expected, self.vocabulary));
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
