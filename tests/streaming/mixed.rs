//! A model of six small layers whose matrices are of different types from layer to layer, so that streamed layers differ
//! in the number and sizes of their buffers.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use lorgnette::WeightFormat;
use lorgnette::formats::{Checkpoint, TensorSpec, Writer};
use lorgnette::synth::{SynthShape, synth};

use super::LAYERS;

fn shape() -> SynthShape {
    SynthShape {
        name: "mixed".into(),
        layers: LAYERS as u32,
        dim: 64,
        ffn: 160,
        heads: 2,
        kv_heads: 1,
        head_dim: 32,
        vocabulary: 300,
        context: 4096,
        ..SynthShape::like("llama-3.2-1b").expect("a known shape")
    }
}

/// The type of a tensor of this model, where it is not Q4_0. `attn_v` apart from `attn_q` makes one buffer more.
fn special(name: &str) -> Option<WeightFormat> {
    let of_layers = |layers: &[usize], part: &str| {
        let named = |layer: &usize| name == format!("blk.{layer}.{part}.weight");
        layers.iter().any(named)
    };
    if of_layers(&[1, 4], "attn_v") {
        Some(WeightFormat::Q8_0)
    } else if of_layers(&[1, 3], "ffn_down") || of_layers(&[2], "ffn_up") {
        Some(WeightFormat::Q5_1)
    } else {
        None
    }
}

/// Bytes of the header's entry of a tensor.
fn entry(tensor: &TensorSpec) -> usize {
    8 + tensor.name.len() + 4 + 8 * tensor.shape.len() + 4 + 8
}

/// Writes a file with the metadata of `like` and those tensors.
fn write(path: &Path, like: &[u8], tensors: &[TensorSpec], data: &[&[u8]]) {
    let mut writer = Writer::new(Vec::new(), path, &[], tensors).expect("a header");
    for bytes in data {
        writer.append(bytes).expect("a tensor");
    }
    let body = writer.finish().expect("all of them");
    // Magic, version and counts are 24 bytes; then come the keys, then the tensors' entries.
    let first = [&17u64.to_le_bytes()[..], b"token_embd.weight"].concat();
    let keys = like.windows(first.len()).position(|bytes| bytes == first);
    let entries = 24 + tensors.iter().map(entry).sum::<usize>();
    let mut file = like[..keys.expect("the first tensor")].to_vec();
    file.extend(&body[24..entries]);
    file.resize(file.len().next_multiple_of(32), 0);
    file.extend(&body[entries.next_multiple_of(32)..]);
    std::fs::write(path, file).expect("written");
}

/// Makes the file anew at `path`.
pub fn make(path: &Path) {
    let formats = [WeightFormat::Q4_0, WeightFormat::Q8_0, WeightFormat::Q5_1];
    let whole = formats.map(|format| {
        synth(&shape(), format, 7, path, &mut |_, _| ()).expect("written");
        let bytes = std::fs::read(path).expect("a file");
        (
            format,
            Checkpoint::from_bytes(bytes.clone()).expect("a model"),
            bytes,
        )
    });
    let (_, usual, like) = &whole[0];
    let mut tensors = Vec::new();
    let mut data = Vec::new();
    for tensor in usual.tensors() {
        let wanted = special(&tensor.name);
        let found = whole.iter().find(|(format, ..)| Some(*format) == wanted);
        let file = found.map_or(usual, |(_, file, _)| file);
        let tensor = file.tensor(&tensor.name).expect("in each of them");
        tensors.push(TensorSpec {
            name: tensor.name.clone(),
            format: tensor.format,
            shape: tensor.shape.clone(),
        });
        data.push(file.rows(tensor, 0..tensor.rows));
    }
    write(path, like, &tensors, &data);
}

/// The file, made once for these tests.
pub fn path() -> &'static Path {
    static FILE: OnceLock<PathBuf> = OnceLock::new();
    FILE.get_or_init(|| {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("streaming-mixed.gguf");
        make(&path);
        path
    })
}

#[test]
fn the_file_is_mixed() {
    let file = Checkpoint::open(path()).expect("opens");
    let format = |name: &str| file.tensor(name).expect("a tensor").format;
    assert_eq!(format("blk.1.attn_v.weight"), WeightFormat::Q8_0);
    assert_eq!(format("blk.2.attn_v.weight"), WeightFormat::Q4_0);
    assert_eq!(format("blk.3.ffn_down.weight"), WeightFormat::Q5_1);
}
