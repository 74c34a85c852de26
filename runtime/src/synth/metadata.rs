//! The keys and values of a synthetic file: those of files that llama.cpp's converter writes for these families.

use lorgnette_shaders::weights::WeightFormat;

use super::shape::{Family, SynthShape};
use super::vocabulary::Vocabulary;
use crate::Result;
use crate::formats::Value;

/// Headers around each role, then the text, then the end of the turn.
const LLAMA3_TEMPLATE: &str = "{{- bos_token }}{%- for message in messages %}\
    {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' }}\
    {{- (message['content'] | trim) + '<|eot_id|>' }}{%- endfor %}\
    {%- if add_generation_prompt %}{{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{%- endif %}";

/// ChatML.
const SMOLLM2_TEMPLATE: &str = "{%- for message in messages %}\
    {{- '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}{%- endfor %}\
    {%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}{%- endif %}";

pub(super) fn metadata(
    shape: &SynthShape,
    format: WeightFormat,
) -> Result<Vec<(&'static str, Value)>> {
    let mut all = vec![
        ("general.architecture", text("llama")),
        ("general.type", text("model")),
        ("general.name", text(&shape.name)),
        ("general.license", text("CC0-1.0")),
        ("general.file_type", Value::U32(file_type(format))),
        ("general.quantization_version", Value::U32(2)),
        ("llama.block_count", Value::U32(shape.layers)),
        ("llama.context_length", Value::U32(shape.context)),
        ("llama.embedding_length", Value::U32(shape.dim)),
        ("llama.feed_forward_length", Value::U32(shape.ffn)),
        ("llama.attention.head_count", Value::U32(shape.heads)),
        ("llama.attention.head_count_kv", Value::U32(shape.kv_heads)),
        ("llama.attention.key_length", Value::U32(shape.head_dim)),
        ("llama.attention.value_length", Value::U32(shape.head_dim)),
        ("llama.attention.layer_norm_rms_epsilon", Value::F32(1e-5)),
        ("llama.rope.dimension_count", Value::U32(shape.head_dim)),
        ("llama.rope.freq_base", Value::F32(shape.rope_base)),
        ("llama.vocab_size", Value::U32(shape.vocabulary)),
    ];
    all.extend(tokenizer(shape)?);
    Ok(all)
}

fn tokenizer(shape: &SynthShape) -> Result<Vec<(&'static str, Value)>> {
    let vocabulary = Vocabulary::new(shape)?;
    let id = |place: u32| Value::U32(vocabulary.special + place);
    // The places of the special tokens in their family's list.
    let (split, template, bos, end, pad) = match shape.family {
        Family::Llama3 => ("llama-bpe", LLAMA3_TEMPLATE, 0, 9, 4),
        Family::Smollm2 => ("smollm", SMOLLM2_TEMPLATE, 1, 2, 2),
    };
    let mut all = vec![
        ("tokenizer.ggml.bos_token_id", id(bos)),
        ("tokenizer.ggml.eos_token_id", id(end)),
        ("tokenizer.ggml.eot_token_id", id(end)),
        ("tokenizer.ggml.padding_token_id", id(pad)),
        ("tokenizer.chat_template", text(template)),
    ];
    if shape.family == Family::Smollm2 {
        all.push(("tokenizer.ggml.unknown_token_id", id(0)));
        all.push(("tokenizer.ggml.add_space_prefix", Value::Bool(false)));
    }
    let add_bos = shape.family == Family::Llama3;
    all.extend([
        ("tokenizer.ggml.add_bos_token", Value::Bool(add_bos)),
        ("tokenizer.ggml.model", text("gpt2")),
        ("tokenizer.ggml.pre", text(split)),
        ("tokenizer.ggml.tokens", Value::Strings(vocabulary.tokens)),
        ("tokenizer.ggml.token_type", Value::I32s(vocabulary.kinds)),
        ("tokenizer.ggml.merges", Value::Strings(vocabulary.merges)),
    ]);
    Ok(all)
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

/// llama.cpp's number for files that are mostly of one type; of the K-quants the one without mixtures ("S").
fn file_type(format: WeightFormat) -> u32 {
    match format {
        WeightFormat::F32 => 0,
        WeightFormat::F16 => 1,
        WeightFormat::Q4_0 => 2,
        WeightFormat::Q4_1 => 3,
        WeightFormat::Q8_0 => 7,
        WeightFormat::Q5_0 => 8,
        WeightFormat::Q5_1 => 9,
        WeightFormat::Q4K => 14,
        WeightFormat::Q5K => 16,
        WeightFormat::Q6K => 18,
        WeightFormat::Iq4Nl => 25,
        WeightFormat::Iq4Xs => 30,
        WeightFormat::Bf16 => 32,
    }
}
