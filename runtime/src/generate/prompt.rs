//! What a model is asked, and the token ids of it.

use crate::window::SINKS;
use crate::{ChatTemplate, Error, Message, Model, Result};

/// What the model is asked.
#[derive(Clone, Copy, Debug)]
pub enum Prompt<'a> {
    /// Plain text, continued as it is. Never parsed for special tokens.
    Text(&'a str),
    /// A conversation, put into the words of the model's chat template.
    Chat(&'a [Message]),
    /// Token ids.
    Ids(&'a [u32]),
}

impl Model {
    /// The token ids of a prompt, with the model's own beginning-of-text rule.
    ///
    /// # Errors
    /// [`Error::Template`] if the model has no chat template or it refuses the messages.
    pub fn encode(&self, prompt: Prompt<'_>) -> Result<Vec<u32>> {
        match prompt {
            Prompt::Ids(ids) => Ok(ids.to_vec()),
            Prompt::Text(text) => Ok(self.tokenizer().with_bos(self.tokenizer().encode(text))),
            Prompt::Chat(messages) => {
                let template = self.chat_template().ok_or_else(|| {
                    Error::Template("this model file has none: expected tokenizer.chat_template, or a raw prompt".into())
                })?;
                Ok(self.tokenizer().with_bos(
                    self.tokenizer()
                        .encode_pieces(&template.render(messages, true)?),
                ))
            }
        }
    }

    /// How many tokens every conversation that starts with these messages begins with: what [`crate::Overflow::Slide`] is
    /// to keep of a system prompt. The four sinks at the least, and where the template does not take them alone.
    pub fn opening_tokens(&self, messages: &[Message]) -> u32 {
        let alone = |template: &ChatTemplate| template.render(messages, false).ok();
        let pieces = self.chat_template().and_then(alone).unwrap_or_default();
        let tokenizer = self.tokenizer();
        let ids = tokenizer.with_bos(tokenizer.encode_pieces(&pieces));
        (ids.len() as u32).max(SINKS)
    }
}
