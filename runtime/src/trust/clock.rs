//! The time that the trials of one load may take: what is right is always found out, what is fastest only while there is
//! some left. It is told what was spent, and looks at no clock itself.

use std::time::Duration;

/// Time that is left, if there is a limit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock(Option<Duration>);

impl Clock {
    pub fn new(limit: Option<Duration>) -> Self {
        Self(limit)
    }

    /// Whether there is as much time as it takes, so that what an earlier load had to leave is made up for.
    pub fn has_all_the_time(self) -> bool {
        self.0.is_none()
    }

    pub fn left(self) -> Duration {
        self.0.unwrap_or(Duration::MAX)
    }

    pub fn spend(&mut self, took: Duration) {
        self.0 = self.0.map(|left| left.saturating_sub(took));
    }
}
