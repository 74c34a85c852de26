//! A model that recites: whatever it is asked, it says one line again and again, a byte a token. So a test knows every
//! character of an answer of any length, and each comes in as many pieces as it has bytes.
//!
//! Attention and feed-forward are zero, so that the head sees the last token's embedding, a code of -1 and 1. The row of
//! the token that follows is the same code: of all rows it has the largest product.

use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use lorgnette::formats::Checkpoint;
use lorgnette::synth::{Family, SynthShape, synth};
use lorgnette::{Result, WeightFormat, text};

/// What it says. No byte is in it twice: each must say what follows.
pub const LINE: &str = "🦉中水é\n";
const WIDTH: u32 = 64;

/// Writes it, with the vocabulary and the chat template of Llama 3, whose questions end as the line does.
///
/// # Errors
/// Where the file cannot be written.
pub fn write(path: &Path) -> Result<()> {
    let shape = SynthShape {
        name: "recites".into(),
        family: Family::Llama3,
        layers: 1,
        dim: WIDTH,
        ffn: WIDTH,
        heads: 2,
        kv_heads: 1,
        head_dim: 32,
        vocabulary: 272,
        context: 4096,
        rope_base: 500_000.0,
        rope_factor: None,
        tied: false,
        head: Some(WeightFormat::F32),
    };
    synth(&shape, WeightFormat::F32, 1, path, &mut |_, _| ())?;
    let checkpoint = Checkpoint::open(path)?;
    let tokenizer = text::tokenizer(checkpoint.metadata())?;
    let said: Vec<u32> = LINE
        .bytes()
        .map(|byte| {
            let id = (0..272).find(|id| tokenizer.bytes(*id) == [byte]);
            id.expect("a token for each byte")
        })
        .collect();
    let io = |source| lorgnette::Error::Io {
        path: path.into(),
        source,
    };
    let mut file = OpenOptions::new().write(true).open(path).map_err(io)?;
    for tensor in checkpoint.tensors() {
        let row: fn(&[u32], u64) -> Vec<f32> = match tensor.name.as_str() {
            "token_embd.weight" => |_, id| code(id),
            "output.weight" => follows,
            "blk.0.attn_output.weight" | "blk.0.ffn_down.weight" => {
                |_, _| vec![0.0; WIDTH as usize]
            }
            _ => continue,
        };
        let numbers = (0..tensor.rows).flat_map(|at| row(&said, at));
        put(&mut file, tensor.offset, numbers).map_err(io)?;
    }
    Ok(())
}

fn put(file: &mut File, at: u64, numbers: impl Iterator<Item = f32>) -> std::io::Result<()> {
    let bytes: Vec<u8> = numbers.flat_map(f32::to_le_bytes).collect();
    file.seek(SeekFrom::Start(at))?;
    file.write_all(&bytes)
}

/// The code of a token: the bits of a number mixed well (SplitMix64's), as signs.
fn code(id: u64) -> Vec<f32> {
    let mut z = (id + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^= z >> 31;
    let sign = |bit: u32| if z >> bit & 1 == 1 { 1.0 } else { -1.0 };
    (0..WIDTH).map(sign).collect()
}

/// The head's row of a token: the code of the one before it in the line. Nothing for those that are not in it.
fn follows(said: &[u32], id: u64) -> Vec<f32> {
    match said.iter().position(|said| u64::from(*said) == id) {
        Some(at) => code(u64::from(said[(at + said.len() - 1) % said.len()])),
        None => vec![0.0; WIDTH as usize],
    }
}
