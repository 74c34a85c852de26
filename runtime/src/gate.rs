//! The gate that every submit passes: shut while a runtime is paused. It knows nothing of what is submitted.

use std::sync::Mutex;

use crate::wait::{self, locked};
use crate::{Error, Result};

/// Open, or shut while paused.
#[derive(Debug, Default)]
pub(crate) struct Gate(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    shut: bool,
    /// Who is in it.
    passing: usize,
}

/// In the gate, until it is dropped.
#[derive(Debug)]
pub(crate) struct Passing<'a>(&'a Gate);

impl Drop for Passing<'_> {
    fn drop(&mut self) {
        let mut state = locked(&self.0.0);
        state.passing -= 1;
        let awaited = state.shut && state.passing == 0;
        drop(state);
        if awaited {
            wait::ring();
        }
    }
}

impl Gate {
    /// Shuts it, and waits until nobody is in it; or somebody else has opened it again.
    pub fn shut(&self) {
        locked(&self.0).shut = true;
        wait::until(None, || {
            let state = locked(&self.0);
            !state.shut || state.passing == 0
        });
    }

    /// Opens it.
    pub fn open(&self) {
        locked(&self.0).shut = false;
        wait::ring();
    }

    pub fn is_shut(&self) -> bool {
        locked(&self.0).shut
    }

    /// Goes in, as soon as it is open.
    ///
    /// # Errors
    /// [`Error::Cancelled`] where `given_up` says so before.
    pub fn pass(&self, given_up: &dyn Fn() -> bool) -> Result<Passing<'_>> {
        loop {
            let mut state = locked(&self.0);
            if !state.shut {
                state.passing += 1;
                return Ok(Passing(self));
            }
            drop(state);
            wait::until(None, || !self.is_shut() || given_up());
            if given_up() {
                return Err(Error::Cancelled);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
    use std::thread;

    use super::*;

    #[test]
    fn nobody_passes_a_shut_gate() {
        let gate = Gate::default();
        let (passed, done) = (AtomicUsize::new(0), AtomicBool::new(false));
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    while !done.load(SeqCst) {
                        let _passing = gate.pass(&|| false).expect("not given up");
                        passed.fetch_add(1, SeqCst);
                    }
                });
            }
            for _ in 0..50 {
                gate.shut();
                let before = passed.load(SeqCst);
                thread::yield_now();
                assert_eq!(passed.load(SeqCst), before, "nobody is in it");
                gate.open();
                while passed.load(SeqCst) == before {
                    thread::yield_now();
                }
            }
            done.store(true, SeqCst);
        });
        assert!(!gate.is_shut());
    }

    #[test]
    fn who_gives_up_does_not_pass() {
        let gate = Gate::default();
        gate.shut();
        let error = gate.pass(&|| true).map(drop).expect_err("it is shut");
        assert!(matches!(error, Error::Cancelled), "{error}");
        gate.open();
        gate.pass(&|| true).expect("nothing to wait for");
    }
}
