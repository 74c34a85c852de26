//! How much of what was asked the model and the device's bindings allow: positions, rows of a step, what is streamed.

use lorgnette_shaders::kernels::scale;

use super::LoadOptions;
use crate::memory::{Residence, least_staging};
use crate::models::Config;
use crate::models::llama::Recording;
use crate::ops::Heads;
use crate::weights::WeightList;
use crate::{Error, Result};

/// The context that is planned where none is asked for.
const DEFAULT_CONTEXT: u32 = 2048;
/// The most rows that are scored at once, and the most bytes their logits may take.
const SCORE_ROWS: u32 = 32;
const SCORE_LOGITS_BYTES: u64 = 8 << 20;
/// The most rows of a step that checks drafts.
const FEW_ROWS: u32 = 8;
/// A short chunk is chosen to save memory: scores, whose logits are the largest of all scratch, follow it.
const CHUNK_TO_SCORE: u32 = 4;

/// Positions: what was asked for, or the model's own up to the default, as far as one layer's keys can be bound.
pub(super) fn context(
    config: &Config,
    options: &LoadOptions,
    max_binding_bytes: u64,
) -> Result<u32> {
    let row = config.heads(1, options.kv).kv_row_bytes();
    let most = u32::try_from(max_binding_bytes / row)
        .unwrap_or(u32::MAX)
        .min(config.trained_context);
    if most == 0 {
        return Err(Error::Limit {
            what: "one position of a layer's keys".into(),
            needed: row,
            limit: max_binding_bytes,
        });
    }
    match options.context {
        None => Ok(most.min(DEFAULT_CONTEXT)),
        Some(asked) if asked >= 1 && asked <= most => Ok(asked),
        Some(asked) => Err(Error::Input {
            what: "context".into(),
            expected: format!(
                "1 to {most} (trained for {}, and a layer's keys must fit a binding of {max_binding_bytes} bytes)",
                config.trained_context
            ),
            found: asked.to_string(),
        }),
    }
}

/// The most rows of a step, by recording.
#[derive(Clone, Copy, Debug)]
pub(super) struct StepRows {
    pub prefill: u32,
    score: u32,
    few: u32,
}

impl StepRows {
    pub(super) fn new(
        config: &Config,
        heads: &Heads,
        options: &LoadOptions,
        max_binding_bytes: u64,
    ) -> Result<Self> {
        let that_bind = |asked: u32| {
            let asked = asked.min(heads.context);
            rows_that_bind(config, heads.step_cols(), asked, max_binding_bytes)
        };
        let logits = config.vocabulary as u64 * 4;
        let prefill = that_bind(options.prefill_chunk)?;
        let score = SCORE_ROWS
            .min((SCORE_LOGITS_BYTES.min(max_binding_bytes) / logits) as u32)
            .min(prefill / CHUNK_TO_SCORE)
            .max(1);
        // A few rows have the logits of each, and each what the splits of attention leave.
        let row = logits.max(heads.step_cols() as u64 * 4);
        let few = that_bind(FEW_ROWS)?.min((max_binding_bytes / row) as u32);
        Ok(Self {
            prefill,
            score,
            few,
        })
    }

    /// What is recorded, in the order of [`super::Blueprint::plans`].
    pub(super) fn recordings(self, speculation: bool) -> impl Iterator<Item = Recording> {
        let always = [
            Recording::Decode,
            Recording::Prefill(self.prefill),
            Recording::Score(self.score),
        ];
        let few = speculation.then_some(Recording::Few(self.few));
        always.into_iter().chain(few)
    }
}

/// The most rows, up to `asked`, whose widest activations can be bound; a step's one row has `step_cols` among them.
fn rows_that_bind(
    config: &Config,
    step_cols: usize,
    asked: u32,
    max_binding_bytes: u64,
) -> Result<u32> {
    let qkv = (2 * config.heads + 2 * config.kv_heads) * config.head_size;
    let stream = scale::stride(config.width);
    let widest = 4 * stream.max(2 * config.feed_forward).max(qkv) as u64;
    let rows = (max_binding_bytes / widest).min(u64::from(asked)) as u32;
    let one_row = widest.max(4 * config.vocabulary.max(step_cols) as u64);
    if one_row > max_binding_bytes {
        return Err(Error::Limit {
            what: "one row of activations".into(),
            needed: one_row,
            limit: max_binding_bytes,
        });
    }
    if rows == 0 {
        return Err(Error::Input {
            what: "prefill chunk".into(),
            expected: "at least 1".into(),
            found: asked.to_string(),
        });
    }
    Ok(rows)
}

/// What is streamed, and through how much.
pub(super) fn residence(list: &WeightList, options: &LoadOptions) -> Result<Residence> {
    let (streamed_layers, staging) = (options.streamed_layers, options.staging_bytes);
    let input = |what: &str, expected: String, found: u64| Error::Input {
        what: what.into(),
        expected,
        found: found.to_string(),
    };
    let most = list.layers.len();
    if streamed_layers > most {
        let expected = format!("at most the model's {most}");
        return Err(input("streamed layers", expected, streamed_layers as u64));
    }
    let least = least_staging(list);
    if staging < least {
        let expected = format!("at least {least} bytes, for eight rows in each of its buffers");
        return Err(input("staging", expected, staging));
    }
    Ok(Residence {
        streamed_layers,
        staging,
    })
}
