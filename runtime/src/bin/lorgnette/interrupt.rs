//! Ctrl-C: ends the answer that is being made, and the program where none is.

use std::sync::{Mutex, PoisonError};

use lorgnette::Canceller;

use crate::output::say;

static ANSWER: Mutex<Option<Canceller>> = Mutex::new(None);

/// What a shell reports for a program that Ctrl-C ended.
const INTERRUPTED: i32 = 130;

/// While it lives, Ctrl-C cancels the answer instead of ending the program; a second one ends the program.
pub struct Answering;

impl Answering {
    pub fn new(canceller: Canceller) -> Self {
        *lock() = Some(canceller);
        Self
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        *lock() = None;
    }
}

fn lock() -> std::sync::MutexGuard<'static, Option<Canceller>> {
    ANSWER.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes Ctrl-C over from the system.
pub fn watch() {
    let taken = ctrlc::set_handler(|| match lock().take() {
        Some(answer) => answer.cancel(),
        None => std::process::exit(INTERRUPTED),
    });
    if let Err(error) = taken {
        say(format_args!(
            "warning: Ctrl-C ends the program and not the answer: {error}"
        ));
    }
}
