//! What a GGUF file says about text: its vocabulary and its chat template. The only place that knows both the keys of
//! the file and the rooms that use the values.

use crate::formats::Metadata;
use crate::tokenizer::{RawVocabulary, Tokenizer, Vocabulary};
use crate::{ChatTemplate, Result};

/// The tokenizer of a model file.
///
/// # Errors
/// [`crate::Error::Format`] for missing keys, wrong types and values that do not fit together;
/// [`crate::Error::Unsupported`] for another kind of tokenizer or split.
pub fn tokenizer(metadata: &Metadata) -> Result<Tokenizer> {
    Tokenizer::new(Vocabulary::new(RawVocabulary {
        model: metadata.string("tokenizer.ggml.model")?,
        pre: metadata.opt_string("tokenizer.ggml.pre")?,
        tokens: metadata.strings("tokenizer.ggml.tokens")?.collect(),
        types: metadata.opt_i32s("tokenizer.ggml.token_type")?,
        merges: metadata.strings("tokenizer.ggml.merges")?.collect(),
        bos: metadata.opt_u32("tokenizer.ggml.bos_token_id")?,
        eos: metadata.opt_u32("tokenizer.ggml.eos_token_id")?,
        eot: metadata.opt_u32("tokenizer.ggml.eot_token_id")?,
        eom: metadata.opt_u32("tokenizer.ggml.eom_token_id")?,
        add_bos: metadata.opt_bool("tokenizer.ggml.add_bos_token")?,
    })?)
}

/// The chat template of a model file, if it has one.
///
/// # Errors
/// [`crate::Error::Format`] for a template that is not text; [`crate::Error::Template`] for one that is not Jinja.
pub fn chat_template(metadata: &Metadata, tokenizer: &Tokenizer) -> Result<Option<ChatTemplate>> {
    let source = metadata.opt_string("tokenizer.chat_template")?;
    source
        .map(|source| ChatTemplate::new(source, tokenizer))
        .transpose()
}

/// The most bytes of memory that the tables of [`tokenizer`] hold, and the most that are held at once while they are
/// made, from the counts and lengths in the file alone.
///
/// # Errors
/// [`crate::Error::Format`] for missing keys and wrong types.
pub fn host_bytes(metadata: &Metadata) -> Result<(u64, u64)> {
    let tokens = metadata.strings("tokenizer.ggml.tokens")?;
    let merges = metadata.strings("tokenizer.ggml.merges")?.len();
    let pre = metadata.opt_string("tokenizer.ggml.pre")?;
    Ok(Tokenizer::most_bytes(tokens, merges, pre))
}
