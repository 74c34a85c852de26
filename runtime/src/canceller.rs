//! Stopping a session from elsewhere: a flag, and the bell for those who wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use crate::wait;

/// Stops what a session is doing, from any thread; takes effect between two segments of work, and at once where it waits:
/// in a pause, or for its pace.
#[derive(Clone, Debug, Default)]
pub struct Canceller(Arc<AtomicBool>);

impl Canceller {
    /// Asks the session to stop. The session stays usable.
    pub fn cancel(&self) {
        self.0.store(true, Relaxed);
        wait::ring();
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.0.load(Relaxed)
    }

    pub(crate) fn reset(&self) {
        self.0.store(false, Relaxed);
    }
}
