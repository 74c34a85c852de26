//! The tiny model as a file in the making, so that a test can change any part of it. It has what a model needs, and no
//! chat template.

use lorgnette::formats::{Checkpoint, TensorSpec, Value, Writer};
use lorgnette_tests::{Scratch, data};

/// Metadata and tensors of a file to be.
pub struct Altered {
    pub metadata: Vec<(&'static str, Value)>,
    pub tensors: Vec<(TensorSpec, Vec<u8>)>,
}

const NUMBERS: [&str; 9] = [
    "llama.block_count",
    "llama.context_length",
    "llama.embedding_length",
    "llama.feed_forward_length",
    "llama.attention.head_count",
    "llama.attention.head_count_kv",
    "llama.attention.key_length",
    "llama.attention.value_length",
    "llama.rope.dimension_count",
];

impl Altered {
    /// The tiny Q4_0 model as it is.
    pub fn tiny() -> Self {
        let file = Checkpoint::open(&data("llama3-tiny/q4_0.gguf")).expect("opens");
        let m = file.metadata();
        let text = |key| Value::String(m.string(key).expect("a text").to_owned());
        let texts =
            |key| Value::Strings(m.strings(key).expect("texts").map(String::from).collect());
        let float = |key| Value::F32(m.f32(key).expect("a number"));
        let mut metadata: Vec<(&'static str, Value)> = NUMBERS
            .into_iter()
            .map(|key| (key, Value::U32(m.u32(key).expect("a number"))))
            .collect();
        for key in [
            "llama.rope.freq_base",
            "llama.attention.layer_norm_rms_epsilon",
        ] {
            metadata.push((key, float(key)));
        }
        for key in [
            "general.architecture",
            "tokenizer.ggml.model",
            "tokenizer.ggml.pre",
        ] {
            metadata.push((key, text(key)));
        }
        for key in ["tokenizer.ggml.tokens", "tokenizer.ggml.merges"] {
            metadata.push((key, texts(key)));
        }
        let kinds = m.i32s("tokenizer.ggml.token_type").expect("kinds");
        metadata.push(("tokenizer.ggml.token_type", Value::I32s(kinds)));
        let tensors = file
            .tensors()
            .iter()
            .map(|tensor| {
                let spec = TensorSpec {
                    name: tensor.name.clone(),
                    format: tensor.format,
                    shape: tensor.shape.clone(),
                };
                (spec, file.rows(tensor, 0..tensor.rows).to_vec())
            })
            .collect();
        Self { metadata, tensors }
    }

    /// Replaces or adds a key.
    pub fn set(mut self, key: &'static str, value: Value) -> Self {
        self.metadata.retain(|(present, _)| *present != key);
        self.metadata.push((key, value));
        self
    }

    /// Changes a tensor.
    pub fn change(mut self, name: &str, change: impl Fn(&mut TensorSpec, &mut Vec<u8>)) -> Self {
        let found = self.tensors.iter_mut().find(|(spec, _)| spec.name == name);
        let (spec, bytes) = found.unwrap_or_else(|| panic!("no tensor {name}"));
        change(spec, bytes);
        self
    }

    /// Takes a tensor away.
    pub fn without(mut self, name: &str) -> Self {
        let before = self.tensors.len();
        self.tensors.retain(|(spec, _)| spec.name != name);
        assert_eq!(self.tensors.len(), before - 1, "there was a tensor {name}");
        self
    }

    /// Writes the file; `name` tells it from other tests' files.
    pub fn write(&self, name: &str) -> Scratch {
        let path = Scratch::new(&format!("{name}.gguf"));
        let specs: Vec<TensorSpec> = self.tensors.iter().map(|(spec, _)| spec.clone()).collect();
        let mut writer = Writer::create(path.as_ref(), &self.metadata, &specs).expect("a writer");
        for (_, bytes) in &self.tensors {
            writer.append(bytes).expect("room on the disk");
        }
        writer.finish().expect("whole");
        path
    }
}
