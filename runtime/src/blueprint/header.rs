//! What the file's list of tensors says beside shapes: factors of the rotary frequencies, biases, bytes to stream.

use crate::formats::Checkpoint;
use crate::memory::is_read_every_step;
use crate::models::Config;
use crate::weights::WeightList;
use crate::{Error, Result};

/// Bytes in the file of the layers that are read in every step.
pub(super) fn streamed_bytes(
    checkpoint: &Checkpoint,
    list: &WeightList,
    streamed_layers: usize,
) -> u64 {
    let streamed = &list.layers[list.layers.len() - streamed_layers..];
    let read = streamed
        .iter()
        .enumerate()
        .filter(|(index, _)| is_read_every_step(*index, streamed_layers));
    let sources = read.flat_map(|(_, layer)| &list.weights[layer.clone()]);
    let sources = sources.flat_map(|weight| &weight.sources);
    sources
        .filter_map(|source| {
            let tensor = checkpoint.tensor(&source.tensor)?;
            Some((source.rows.end - source.rows.start) * tensor.row_bytes())
        })
        .sum()
}

/// `rope_freqs.weight`: one divisor for each pair of a head (Llama 3.1 and later).
pub(super) fn rope_factors(checkpoint: &Checkpoint, config: &Config) -> Result<Option<Vec<f32>>> {
    let Some(tensor) = checkpoint.tensor("rope_freqs.weight") else {
        return Ok(None);
    };
    let pairs = config.head_size / 2;
    let factors = tensor
        .format
        .dequantize_file(checkpoint.rows(tensor, 0..tensor.rows));
    let usable = |factor: &f32| factor.is_finite() && *factor > 0.0;
    if factors.len() != pairs || !factors.iter().all(usable) {
        return Err(Error::Format {
            what: "tensor rope_freqs.weight".into(),
            expected: format!("{pairs} positive finite numbers"),
            found: format!(
                "{} numbers, {} of them usable",
                factors.len(),
                factors.iter().filter(|factor| usable(factor)).count()
            ),
        });
    }
    Ok(Some(factors))
}

/// A bias that is not applied would give wrong numbers without a word.
pub(super) fn refuse_biases(checkpoint: &Checkpoint) -> Result<()> {
    match checkpoint
        .tensors()
        .iter()
        .find(|tensor| tensor.name.ends_with(".bias"))
    {
        Some(tensor) => Err(Error::Unsupported {
            what: "tensor".into(),
            expected: "no biases, as in Llama 3 and SmolLM2".into(),
            found: tensor.name.clone(),
        }),
        None => Ok(()),
    }
}
