//! `lorgnette chat`: a conversation, one line a turn. What the model has read already it does not read again.

use std::io::{BufRead, IsTerminal, Write};

use lorgnette::{GenerateOptions, Message, Prompt, Session, StopReason};

use crate::args;
use crate::generate::{answer, message, summary};
use crate::interrupt;
use crate::load::AllocatorPeak;
use crate::output::{Failure, Result, say, write};
use crate::speculate::Speculate;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    load: args::Load,
    #[command(flatten)]
    context: args::Context,
    #[command(flatten)]
    full: args::Full,
    #[command(flatten)]
    speculate: Speculate,
    /// What the model is told to be
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    system: Option<String>,
    #[command(flatten)]
    answer: args::Answer,
}

const COMMANDS: &str = "/reset forgets the conversation, /system TEXT tells the model what to be, /quit or Ctrl-D leaves, \
                        Ctrl-C ends an answer";

/// A session with the messages so far; the first may be the system's.
struct Conversation<'a> {
    session: Session,
    full: &'a args::Full,
    options: GenerateOptions,
    system: Option<String>,
    turns: Vec<Message>,
}

pub fn run(args: &Args) -> Result<()> {
    let options = GenerateOptions {
        max_tokens: args.answer.max_tokens,
        sampling: args.answer.sampling(),
        stop: args.answer.stop.clone(),
        ..GenerateOptions::default()
    };
    options.sampling.check()?;
    args.full.check()?;
    interrupt::watch();
    let peak = &mut AllocatorPeak::default();
    let context = args.context.context;
    let mut session = args.speculate.session(&args.load, context, peak)?;
    session.set_frame_budget(args.answer.frame_budget());
    session.set_pace(args.answer.pace());
    let mut conversation = Conversation {
        session,
        full: &args.full,
        options,
        system: args.system.clone(),
        turns: Vec::new(),
    };
    let person = std::io::stdin().is_terminal();
    if person {
        say(COMMANDS);
    }
    while let Some(line) = next_line(person)? {
        match Line::parse(&line) {
            Line::Nothing => {}
            Line::Quit => break,
            Line::Reset => conversation.turns.clear(),
            Line::System(text) => {
                conversation.system = (!text.is_empty()).then(|| text.to_owned());
            }
            Line::Unknown => say(COMMANDS),
            Line::Said(text) => conversation.turn(text)?,
        }
    }
    Ok(())
}

impl Conversation<'_> {
    /// One answer. What cannot be answered is told, and then it is as if it had not been said: the next line may do.
    fn turn(&mut self, text: &str) -> Result<()> {
        self.turns.push(message("user", text));
        let system = self.system.iter().map(|text| message("system", text));
        let messages: Vec<Message> = system.chain(self.turns.iter().cloned()).collect();
        let mut said = String::new();
        let mut show = |text: &str| {
            said += text;
            write(text)
        };
        let prompt = Prompt::Chat(&messages);
        let told = self
            .set_overflow(&messages[..messages.len() - self.turns.len()])
            .and_then(|()| answer(&mut self.session, prompt, &self.options, &mut show));
        let told = match told {
            Ok(told) => told,
            Err(Failure::Library(error)) => {
                self.turns.pop();
                let failure = Failure::Library(error);
                say(format_args!("error: {}", failure.message()));
                return Ok(());
            }
            Err(failure) => return Err(failure),
        };
        write("\n")?;
        self.turns.push(message("assistant", &said));
        match told.stop {
            StopReason::Context => {
                say(
                    "the context is full: /reset, or start with --overflow slide or a larger --context",
                );
            }
            StopReason::Cancelled => say("(interrupted)"),
            _ => {}
        }
        if log::log_enabled!(log::Level::Info) {
            summary(self.session.model(), &self.options.sampling, &told);
        }
        Ok(())
    }

    /// The system prompt stays when the oldest leave. Another one may be longer: the session then begins anew.
    fn set_overflow(&mut self, system: &[Message]) -> Result<()> {
        let opening = || self.session.model().opening_tokens(system);
        Ok(self.session.set_overflow(self.full.overflow(opening))?)
    }
}

enum Line<'a> {
    Nothing,
    Quit,
    Reset,
    System(&'a str),
    Unknown,
    Said(&'a str),
}

impl<'a> Line<'a> {
    fn parse(line: &'a str) -> Self {
        let line = line.trim();
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        match word {
            "" => Self::Nothing,
            "/quit" | "/exit" | "/bye" => Self::Quit,
            "/reset" | "/clear" => Self::Reset,
            "/system" => Self::System(rest.trim()),
            word if word.starts_with('/') => Self::Unknown,
            _ => Self::Said(line),
        }
    }
}

/// The next line of standard input, `None` at its end.
fn next_line(person: bool) -> Result<Option<String>> {
    if person {
        let mut stderr = std::io::stderr();
        let _ = write!(stderr, "> ").and_then(|()| stderr.flush());
    }
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    let read = read.map_err(|source| lorgnette::Error::Io {
        path: "standard input".into(),
        source,
    })?;
    Ok((read > 0).then_some(line))
}
