//! How fast an answer comes, where that is slower than the device: a schedule of when the next token's step is due. Pure
//! arithmetic on given times; who waits, and for what, is the answer's.

use std::time::{Duration, Instant};

use crate::{Error, Result};

/// How fast the tokens of an answer come. Between two of a paced answer the GPU idles: a token's step is submitted when the
/// token is due and not before, and is told once it is computed. The text is the same at every pace. Prompts are always
/// read at full speed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Pace {
    /// As fast as the device computes them; the next step is submitted before a token is told.
    #[default]
    Full,
    /// At most so many a second, more than 0. People listen to about 4 and read about 6. Time that was lost, since the
    /// device is slower or the app took its time, is not made up for; but less than a token's is.
    TokensPerSecond(f32),
    /// What [`crate::Runtime::set_thermal`] last said allows: see [`Thermal`].
    Thermal,
}

/// How hot the platform says the device is, in the words of its own scale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Thermal {
    /// Cool enough (Android: `NONE`, `LIGHT`): full speed.
    #[default]
    Nominal,
    /// Warm (Android: `MODERATE`): 12 tokens a second, twice what people read.
    Fair,
    /// Hot (Android: `SEVERE`): 6 tokens a second, what people read.
    Serious,
    /// About to be throttled or shut down (Android: `CRITICAL` and above): 3 tokens a second, slow speech.
    Critical,
}

impl Thermal {
    /// Tokens a second; `None` is full speed.
    pub const fn tokens_per_second(self) -> Option<f32> {
        match self {
            Self::Nominal => None,
            Self::Fair => Some(12.0),
            Self::Serious => Some(6.0),
            Self::Critical => Some(3.0),
        }
    }
}

impl Pace {
    /// # Errors
    /// [`Error::Input`] for a rate that is none.
    pub(crate) fn check(self) -> Result<()> {
        match self {
            Self::TokensPerSecond(rate) if !(rate.is_finite() && rate > 0.0) => Err(Error::Input {
                what: "pace".into(),
                expected: "a finite number of tokens a second, more than 0".into(),
                found: rate.to_string(),
            }),
            _ => Ok(()),
        }
    }

    /// From one token to the next, `None` at full speed.
    pub(crate) fn period(self, thermal: Thermal) -> Option<Duration> {
        let rate = match self {
            Self::Full => None,
            Self::TokensPerSecond(rate) => Some(rate),
            Self::Thermal => thermal.tokens_per_second(),
        };
        // As good as never is a century: a clock cannot count on for ever.
        rate.map(|rate| Duration::from_secs_f64((1.0 / f64::from(rate)).min(3e9)))
    }
}

/// When the next token is due.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Schedule {
    /// When the last one was.
    last: Option<Instant>,
}

impl Schedule {
    /// When the next token's step may be submitted: at once where none was before.
    pub fn due(&self, period: Duration) -> Option<Instant> {
        self.last.and_then(|last| last.checked_add(period))
    }

    /// The next token's step is submitted `now`, or its token is at hand already. The one behind it is due a period later,
    /// counted from when this one was due, so that the rate is kept; where that is more than a period ago, from now.
    pub fn begin(&mut self, now: Instant, period: Option<Duration>) {
        let due = period.and_then(|period| Some((self.due(period)?, period)));
        self.last = Some(match due {
            Some((due, period)) if now.saturating_duration_since(due) <= period => due,
            _ => now,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERIOD: Duration = Duration::from_millis(200);

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// When each token begins, if what comes before it takes so long; a token waits for its time.
    fn play(takes: &[Duration]) -> Vec<Duration> {
        let (start, mut schedule, mut begun) = (Instant::now(), Schedule::default(), Vec::new());
        let mut now = start;
        for took in takes {
            now += *took;
            now = now.max(schedule.due(PERIOD).unwrap_or(now));
            schedule.begin(now, Some(PERIOD));
            begun.push(now - start);
        }
        begun
    }

    #[test]
    fn the_first_comes_at_once_and_the_others_in_time() {
        let found = play(&[ms(70), ms(10), ms(199), ms(0)]);
        assert_eq!(found, [ms(70), ms(270), ms(470), ms(670)]);
    }

    #[test]
    fn a_little_late_is_made_up_for() {
        // The third is 150 ms late.
        let found = play(&[ms(0), ms(200), ms(350), ms(0), ms(0)]);
        assert_eq!(found, [0, 200, 550, 600, 800].map(ms));
    }

    #[test]
    fn what_was_lost_is_not_made_up_for() {
        let found = play(&[ms(0), ms(200), ms(5000), ms(0), ms(0)]);
        assert_eq!(found, [0, 200, 5200, 5400, 5600].map(ms));
    }

    /// Four at hand at once, as where drafts were accepted, are told one by one.
    #[test]
    fn however_they_come_the_rate_is_kept() {
        let bursts = [30, 0, 0, 0, 90, 0, 0, 410, 0, 0, 0, 0].map(ms);
        let begun = play(&bursts);
        for pair in begun.windows(3) {
            // Late by less than a period, and so early by as much: two of them are never nearer than one period.
            assert!(pair[2] - pair[0] >= PERIOD, "{begun:?}");
        }
        let last = begun[begun.len() - 1] - begun[0];
        assert!(last >= PERIOD * (begun.len() as u32 - 2), "{begun:?}");
    }

    #[test]
    fn a_changed_period_counts_from_the_last_token() {
        let (start, mut schedule) = (Instant::now(), Schedule::default());
        schedule.begin(start, Some(PERIOD));
        assert_eq!(schedule.due(PERIOD), Some(start + PERIOD));
        assert_eq!(schedule.due(ms(20)), Some(start + ms(20)));
        schedule.begin(start + ms(40), None);
        assert_eq!(schedule.due(PERIOD), Some(start + ms(240)));
    }

    #[test]
    fn rates() {
        let period = |pace: Pace, thermal| pace.period(thermal);
        assert_eq!(period(Pace::Full, Thermal::Critical), None);
        assert_eq!(period(Pace::Thermal, Thermal::Nominal), None);
        let five = Pace::TokensPerSecond(5.0);
        assert_eq!(period(five, Thermal::Critical), Some(PERIOD));
        let states = [Thermal::Fair, Thermal::Serious, Thermal::Critical];
        let periods = states.map(|state| period(Pace::Thermal, state).expect("slower"));
        assert!(periods.is_sorted(), "{periods:?}");
        assert!(period(Pace::TokensPerSecond(f32::MIN_POSITIVE), Thermal::Nominal).is_some());
        for wrong in [0.0, -1.0, f32::NAN, f32::INFINITY] {
            let error = Pace::TokensPerSecond(wrong).check().expect_err("no rate");
            assert!(error.to_string().contains(&wrong.to_string()), "{error}");
        }
    }
}
