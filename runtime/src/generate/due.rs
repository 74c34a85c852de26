//! When an answer's next step begins: before the id is known that it takes, at once, or when its pace has it due. Nothing
//! is submitted here.

use std::time::Instant;

use super::Generation;
use crate::blueprint::DECODE;
use crate::submits::is_one;
use crate::wait;

impl Generation<'_> {
    /// Whether a token's step may be submitted before its id is read. If the answer ends with that id, the position undoes
    /// the step, but not that a position has left the window for it. Nothing is won where the host waits within a step:
    /// for a frame budget, for the references, and where a token is several submits, of which never more than two are in
    /// flight. And a paced token's step is not due yet.
    pub(super) fn may_go_ahead(&self) -> bool {
        let session = &*self.session;
        let (position, shared) = (session.ids().len(), &session.model().shared);
        let is_one = || {
            // What that step would be: of a window of its own, since it has not begun.
            let mut window = session.window;
            let mut step = window.step(position as u32, 1);
            step.draw = session.sampling.draw(position as u64 + 1);
            let bound = &shared.runtime.profile().submit;
            is_one(&shared.blueprint.plans[DECODE], &step, bound)
        };
        shared.runtime.has_gpu()
            && session.frames.is_none()
            && session.period().is_none()
            && position < session.most_tokens()
            && !session.window.drops(position + 1)
            && is_one()
    }

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
