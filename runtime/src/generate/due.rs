//! When an answer's next step begins: at once, or when its pace has it due. Nothing is submitted here.

use std::time::Instant;

use super::Generation;
use crate::wait;

impl Generation<'_> {
    /// Waits until the next token is due; the GPU idles meanwhile. False if cancelled.
    pub(super) fn wait_for_due(&mut self) -> bool {
        let (session, canceller) = (&*self.session, self.session.canceller());
        loop {
            if canceller.is_cancelled() {
                return false;
            }
            let (now, period) = (Instant::now(), session.period());
            let due = period.and_then(|period| self.schedule.due(period));
            if due.is_none_or(|due| due <= now) {
                self.schedule.begin(now, period);
                return true;
            }
            wait::until(due, || {
                canceller.is_cancelled() || session.period() != period
            });
        }
    }
}
