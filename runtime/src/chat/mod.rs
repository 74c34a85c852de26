//! Chat templates: the Jinja text of a model file turns messages into a prompt. Rendered as Hugging Face renders them
//! (what templates may call is in `functions`); user text is kept apart from the template's own (`guard`).

mod functions;
mod guard;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{Environment, context};

use crate::tokenizer::{Piece, Tokenizer};
use crate::{Error, Result};
use guard::Guard;

/// One message of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Who speaks: `system`, `user`, `assistant` or another plain word that the template knows.
    pub role: String,
    /// What is said. Names of control tokens in it stay text.
    pub content: String,
}

/// A template ready to render.
#[derive(Debug)]
pub struct ChatTemplate {
    environment: Environment<'static>,
    bos: String,
    eos: String,
    guard: Guard,
}

/// Steps that a template may take: thousands of messages need far fewer, an endless loop is stopped within a second.
const FUEL: u64 = 20_000_000;
const NAME: &str = "chat_template";

impl ChatTemplate {
    /// Reads a template, `tokenizer.chat_template` of a GGUF file, for the vocabulary of the same file.
    ///
    /// # Errors
    /// [`Error::Template`] with the line that is not Jinja.
    pub fn new(source: &str, tokenizer: &Tokenizer) -> Result<Self> {
        let syntax = SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build()
            .map_err(template_error)?;
        let mut environment = Environment::new();
        environment.set_syntax(syntax);
        environment.set_fuel(Some(FUEL));
        environment
            .set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        functions::add(&mut environment);
        environment
            .add_template_owned(NAME, functions::without_generation_tags(source))
            .map_err(template_error)?;
        let name = |id: Option<u32>| id.map_or(String::new(), |id| tokenizer.decode_special(&[id]));
        Ok(Self {
            environment,
            bos: name(tokenizer.bos()),
            eos: name(tokenizer.eos()),
            guard: Guard::new(tokenizer.control_names()),
        })
    }

    /// The prompt for `messages`; with `add_generation_prompt` it ends where the answer begins. For
    /// [`Tokenizer::encode_pieces`]; the texts joined are what Hugging Face and llama.cpp render.
    ///
    /// # Errors
    /// [`Error::Input`] for no messages and for a role that is not a plain word; [`Error::Template`] where the
    /// template refuses the messages or fails on them.
    pub fn render(&self, messages: &[Message], add_generation_prompt: bool) -> Result<Vec<Piece>> {
        if messages.is_empty() {
            return Err(input("messages", "at least one", "none"));
        }
        for (at, message) in messages.iter().enumerate() {
            if !is_plain_word(&message.role) {
                let expected = "a word of 1 to 32 ASCII letters, digits, '_' or '-'";
                return Err(input(
                    &format!("role of message {at}"),
                    expected,
                    &format!("{:?}", message.role),
                ));
            }
        }
        let mark = guard::unused_mark(messages.iter().map(|message| message.content.as_str()))
            .ok_or_else(|| {
                input(
                    "messages",
                    "at least one Unicode noncharacter unused",
                    "all of them",
                )
            })?;
        let marked: Vec<Value> = messages
            .iter()
            .map(|message| {
                let content = self.guard.mark(&message.content, mark);
                context! { role => &message.role, content => content }
            })
            .collect();
        let text = self
            .environment
            .get_template(NAME)
            .and_then(|template| {
                template.render(context! {
                    messages => marked,
                    add_generation_prompt => add_generation_prompt,
                    bos_token => &self.bos,
                    eos_token => &self.eos,
                    tools => (),
                    documents => (),
                })
            })
            .map_err(template_error)?;
        Ok(guard::pieces(&text, mark))
    }
}

fn is_plain_word(role: &str) -> bool {
    (1..=32).contains(&role.len())
        && role
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

fn template_error(error: minijinja::Error) -> Error {
    Error::Template(error.to_string())
}

fn input(what: &str, expected: &str, found: &str) -> Error {
    Error::Input {
        what: what.to_owned(),
        expected: expected.to_owned(),
        found: found.to_owned(),
    }
}
