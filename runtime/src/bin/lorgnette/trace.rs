//! `lorgnette plan --trace`: the GPU and the references side by side, and the first dispatch where they part.

use lorgnette::{Difference, text, trace};

use crate::args;
use crate::output::{Failure, Result, write};

/// Plays `prompt` and one token more; fails where an output differs.
pub fn run(load: &args::Load, context: Option<u32>, prompt: &str) -> Result<()> {
    let tokenizer = text::tokenizer(load.file.open()?.metadata())?;
    let ids = tokenizer.with_bos(tokenizer.encode(prompt));
    let runtime = load.device.runtime()?;
    let report = trace(&runtime, load.file.path()?, &load.options(context), &ids)?;
    match &report.difference {
        None => write(&format!(
            "{} dispatches agree with their references on {}; normalised squared error at most {:.1e}\n",
            report.dispatches,
            runtime.adapter().name,
            report.error
        )),
        Some(difference) => Err(Failure::Verdict(told(difference))),
    }
}

fn told(difference: &Difference) -> String {
    let (index, found, expected) = difference.worst;
    format!(
        "dispatch {} of {} ({}, kernel {}) differs in {}: normalised squared error {:.1e}; element {index}: {expected} by \
         the reference, {found} on the GPU",
        difference.dispatch,
        difference.plan,
        difference.label,
        difference.shader,
        difference.tensor,
        difference.error
    )
}
