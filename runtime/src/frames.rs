//! How much work fits a frame: it grows while submits end well within a budget, and falls as soon as one does not. Learned
//! from what submits took, which a player measures; what a submit costs is said by `submits`.

use std::time::Duration;

use crate::submits::DISPATCH_BYTES;

/// What has been learned of a budget.
#[derive(Clone, Debug)]
pub(crate) struct Frames {
    budget: Duration,
    /// What a submit may cost.
    allowed: u64,
    /// Whether a submit has passed the budget before: from then on the work grows slowly.
    passed: bool,
}

impl Frames {
    /// So little that the first submit is short on any device.
    const START: u64 = 4 << 20;

    pub fn new(budget: Duration) -> Self {
        Self {
            budget,
            allowed: Self::START,
            passed: false,
        }
    }

    /// What the next submit may cost.
    pub fn allowed(&self) -> u64 {
        self.allowed
    }

    /// What a submit may take.
    pub fn budget(&self) -> Duration {
        self.budget
    }

    /// Learns from a submit of this cost that took so long.
    pub fn learn(&mut self, cost: u64, took: Duration) {
        let share = self.budget.as_secs_f64() / took.as_secs_f64().max(1e-9);
        // Three quarters, because the next bytes may be slower ones.
        let fitting = (cost as f64 * share * 0.75) as u64;
        if share < 1.0 {
            self.allowed = self.allowed.min(fitting).max(DISPATCH_BYTES);
            self.passed = true;
        } else if cost >= self.allowed / 2 {
            // Only a submit that was cut here says anything of larger ones.
            let most = self
                .allowed
                .saturating_mul(if self.passed { 17 } else { 32 })
                / 16;
            self.allowed = fitting.clamp(self.allowed, most);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SubmitBound;
    use crate::submits::{bound, next_submit};

    /// A device of so many bytes a second, on which every third dispatch is `slow` times slower; as many
    /// rounds of these dispatches: how long each submit took.
    fn play(
        frames: &mut Frames,
        costs: &[u64],
        bytes_a_second: f64,
        slow: f64,
        rounds: usize,
    ) -> Vec<f64> {
        let mut times = Vec::new();
        for _ in 0..rounds {
            let mut at = 0;
            while at < costs.len() {
                let bound = bound(&SubmitBound::NONE, Some(frames));
                let (count, total) =
                    next_submit(costs.len() - at, costs[at..].iter().copied(), &bound);
                let seconds: f64 = (at..at + count)
                    .map(|i| costs[i] as f64 / bytes_a_second * if i % 3 == 0 { slow } else { 1.0 })
                    .sum();
                frames.learn(total, Duration::from_secs_f64(seconds));
                times.push(seconds);
                at += count;
            }
        }
        times
    }

    #[test]
    fn submits_come_near_the_budget_and_stay_within() {
        let costs: Vec<u64> = (0..300)
            .map(|i| DISPATCH_BYTES + (i * 7919) % (1 << 20))
            .collect();
        let all: u64 = costs.iter().sum();
        for bytes_a_second in [3e8, 5e9, 4e10] {
            for slow in [1.0, 3.0] {
                let mut frames = Frames::new(Duration::from_millis(4));
                play(&mut frames, &costs, bytes_a_second, slow, 5);
                let times = play(&mut frames, &costs, bytes_a_second, slow, 5);
                let one = |cost: u64| cost as f64 / bytes_a_second * slow;
                let worst = one(*costs.iter().max().expect("some"));
                let over = times.iter().filter(|time| **time > worst.max(0.004));
                let over = over.count();
                assert!(over * 50 <= times.len(), "{over} of {} over", times.len());
                let least = (all as f64 / bytes_a_second / 0.004).max(1.0);
                let submits = times.len() as f64 / 5.0;
                let most = (least * slow * 2.5).min(costs.len() as f64) + 1.0;
                assert!(
                    submits <= most,
                    "{bytes_a_second} {slow}: {submits} for {least}"
                );
            }
        }
    }

    #[test]
    fn a_device_that_becomes_slow_gets_less_at_once() {
        let costs = vec![1 << 20; 200];
        let mut frames = Frames::new(Duration::from_millis(4));
        play(&mut frames, &costs, 4e10, 1.0, 20);
        let fast = frames.allowed;
        // A tenth of the speed: one submit is late, the next are not.
        let times = play(&mut frames, &costs, 4e9, 1.0, 1);
        assert!(times[0] > 0.004, "{times:?}");
        assert!(times[1..].iter().all(|time| *time <= 0.004), "{times:?}");
        assert!(frames.allowed < fast / 5);
        play(&mut frames, &costs, 4e10, 1.0, 200);
        assert!(frames.allowed > fast / 2, "{} of {fast}", frames.allowed);
    }
}
