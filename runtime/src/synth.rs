//! Random-weight GGUF files in the form of known models, so that speed and memory can be measured anywhere without a
//! download. The arithmetic is that of a real file; what such a model says is noise.
//!
//! Everything but the weights is as llama.cpp's converter and quantiser write it: keys, tensor names and types, the
//! frequency factors of Llama 3.1 and later, a byte-level vocabulary of full size with the real special tokens.

mod metadata;
mod random;
mod shape;
mod vocabulary;

pub use shape::{Family, SynthShape};

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use lorgnette_shaders::weights::WeightFormat;

use crate::Result;
use crate::formats::{DEFAULT_ALIGNMENT, TensorSpec, Writer};
use random::{Blocks, Random};

/// About how many bytes are made and written at a time.
const CHUNK: usize = 1 << 20;

/// Writes a model of that shape to `out`, its matrices in `format` where their rows are whole blocks of it (see
/// [`SynthShape::tensors`]). The same `seed` gives the same file. `progress` gets bytes written and bytes in all.
///
/// Weights have a standard deviation of about 1/sqrt(columns) and norms are near 1, so that activations stay near
/// unit size through all layers.
///
/// # Errors
/// `Io`; `Input` where the shape is not one of a model.
pub fn synth(
    shape: &SynthShape,
    format: WeightFormat,
    seed: u64,
    out: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<()> {
    shape.check()?;
    let tensors = shape.tensors(format);
    let metadata = metadata::metadata(shape, format)?;
    let mut total = 0;
    for t in &tensors {
        total += t.bytes()?;
        if t.format != format && t.shape.len() > 1 {
            log::info!(
                "{}: {} instead of {}",
                t.name,
                t.format.name(),
                format.name()
            );
        }
    }
    let mut writer = Writer::create(out, &metadata, &tensors)?;
    let mut done = 0;
    for (index, t) in tensors.iter().enumerate() {
        let random = Random::new(seed, index as u64);
        weights(shape, t, random, &mut |bytes| {
            writer.append(bytes)?;
            done += bytes.len() as u64;
            progress(done, total);
            Ok(())
        })?;
    }
    writer.finish()?;
    Ok(())
}

/// The same file with a hole where the weights would be: as long, written at once, taking hardly any room on most file
/// systems. It can be inspected and planned for; as a model it says nothing.
///
/// # Errors
/// As [`synth`].
pub fn outline(shape: &SynthShape, format: WeightFormat, out: &Path) -> Result<()> {
    shape.check()?;
    let tensors = shape.tensors(format);
    let metadata = metadata::metadata(shape, format)?;
    drop(Writer::create(out, &metadata, &tensors)?);
    let io = |source| crate::Error::Io {
        path: out.to_path_buf(),
        source,
    };
    let mut file = File::options().write(true).open(out).map_err(io)?;
    let mut end = file.metadata().map_err(io)?.len();
    for t in &tensors {
        if t.name == shape::ROPE_FREQS {
            file.seek(SeekFrom::Start(end)).map_err(io)?;
            file.write_all(&bytes_of(shape.rope_factors()))
                .map_err(io)?;
        }
        end += t.bytes()?.next_multiple_of(DEFAULT_ALIGNMENT);
    }
    file.set_len(end).map_err(io)
}

/// Makes the bytes of a tensor, piece by piece.
fn weights(
    shape: &SynthShape,
    tensor: &TensorSpec,
    mut random: Random,
    put: &mut dyn FnMut(&[u8]) -> Result<()>,
) -> Result<()> {
    let cols = tensor.shape[0];
    if tensor.name == shape::ROPE_FREQS {
        return put(&bytes_of(shape.rope_factors()));
    }
    if tensor.shape.len() == 1 {
        let norm = (0..cols).map(|_| 1.0 + 0.1 * random.spread());
        return put(&bytes_of(norm));
    }
    let blocks = Blocks::new(tensor.format, cols);
    let block = tensor.format.file_block_bytes();
    let mut left = tensor.bytes()?;
    let mut chunk = vec![0u8; CHUNK / block * block];
    while left > 0 {
        // No more than the length of `chunk`, so it fits.
        let piece = &mut chunk[..left.min((CHUNK / block * block) as u64) as usize];
        blocks.fill(&mut random, piece);
        put(piece)?;
        left -= piece.len() as u64;
    }
    Ok(())
}

fn bytes_of(numbers: impl IntoIterator<Item = f32>) -> Vec<u8> {
    numbers.into_iter().flat_map(f32::to_le_bytes).collect()
}
