//! How a session's tokens went through the model: by which recordings, how many rows at once, in which window. With the ids
//! that is all it takes to make the keys and values again, bit for bit. Runs of like steps, so that an answer is one.

use lorgnette_shaders::Step;

use crate::blueprint::FEW;
use crate::window::Window;

/// Steps of one recording, of so many rows each but the last, which may have fewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    /// Positions of all of them.
    tokens: u32,
    /// Positions that had left the cache before the first: see [`Window::again`].
    floor: u32,
    rows: u16,
    plan: u8,
}

/// The steps behind each other, from the first position on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    runs: Vec<Run>,
    /// Positions of all runs.
    tokens: u32,
}

impl Record {
    /// The next `tokens` positions went through the model in this step, which may have had more rows; or more of them in
    /// the one before, where that was of a few rows: each of those has the bits of that row alone, however many come.
    pub fn push(&mut self, plan: usize, step: &Step, tokens: u32, window: &Window) {
        if let Some(run) = self.runs.last_mut()
            && run.takes(plan, step)
            && window.again(self.tokens, step.count, run.floor).dropped == step.dropped
        {
            run.tokens += tokens;
            run.rows = run.rows.max(step.count as u16);
        } else {
            // Where just what must leave has left, so it goes on.
            let least = window.again(self.tokens, step.count, 0).dropped;
            self.runs.push(Run {
                tokens,
                floor: if least == step.dropped {
                    0
                } else {
                    step.dropped
                },
                rows: step.count as u16,
                plan: plan as u8,
            });
        }
        self.tokens += tokens;
    }

    /// Forgets every position from `length` on. Of a step that is cut, the rows that stay have seen what it has seen.
    pub fn truncate(&mut self, length: u32, window: &Window) {
        while self.tokens > length
            && let Some(mut run) = self.runs.pop()
        {
            let first = self.tokens - run.tokens;
            self.tokens = first;
            if first >= length {
                continue;
            }
            let rows = u32::from(run.rows);
            let (kept, cut) = ((length - first) / rows * rows, (length - first) % rows);
            let of_cut = rows.min(run.tokens - kept);
            let dropped = window.again(first + kept, of_cut, run.floor).dropped;
            run.tokens = kept;
            if kept > 0 {
                self.runs.push(run);
            }
            if cut > 0 {
                self.runs.push(Run {
                    tokens: cut,
                    floor: dropped,
                    ..run
                });
            }
            self.tokens = length;
        }
    }

    /// The recordings and steps that bring positions from `first` on back, up to `end`: both where a step began or ended.
    pub fn steps(
        &self,
        first: u32,
        end: u32,
        window: Window,
    ) -> impl Iterator<Item = (usize, Step)> {
        // Asked for every token, of which hardly any has steps to bring back: what is before `first` is not walked through.
        let mut begin = 0;
        let of_run = move |run: &Run| {
            let (run, start) = (*run, begin);
            begin += run.tokens;
            let from = first.saturating_sub(start).min(run.tokens);
            let to = end.saturating_sub(start).min(run.tokens);
            let wanted = (from..to).step_by(usize::from(run.rows));
            wanted.map(move |at| {
                let (position, count) = (start + at, u32::from(run.rows).min(run.tokens - at));
                let step = window.again(position, count.min(end - position), run.floor);
                (usize::from(run.plan), step)
            })
        };
        self.runs.iter().flat_map(of_run)
    }
}

impl Run {
    /// Whether such a step goes on with it.
    fn takes(&self, plan: usize, step: &Step) -> bool {
        let rows = u32::from(self.rows);
        let alike = self.tokens.is_multiple_of(rows) && step.count <= rows;
        usize::from(self.plan) == plan && (plan == FEW || alike)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Overflow;
    use crate::blueprint::{DECODE, PREFILL};

    /// A session of 16 positions that plays steps and writes them down, and what every position saw.
    struct Played {
        window: Window,
        record: Record,
        /// Recording, first position and window of the step that each position went through the model in.
        saw: Vec<(usize, u32, u32)>,
    }

    impl Played {
        fn new(overflow: Overflow) -> Self {
            Self {
                window: Window::new(16, overflow).expect("a window"),
                record: Record::default(),
                saw: Vec::new(),
            }
        }

        fn play(&mut self, plan: usize, rows: u32) -> &mut Self {
            self.accept(plan, rows, rows)
        }

        fn accept(&mut self, plan: usize, rows: u32, accepted: u32) -> &mut Self {
            let first = self.saw.len() as u32;
            let step = self.window.step(first, rows);
            for _ in 0..accepted {
                // A row of a few is as if it were alone.
                let first = if plan == FEW { 0 } else { first };
                self.saw.push((plan, first, step.dropped));
            }
            if plan == FEW {
                (0..accepted).for_each(|_| self.record.push(plan, &step, 1, &self.window));
            } else {
                self.record.push(plan, &step, accepted, &self.window);
            }
            self
        }

        fn rewind(&mut self, length: usize) -> &mut Self {
            let length = self.window.rewind(length);
            self.saw.truncate(length);
            self.record.truncate(length as u32, &self.window);
            self
        }

        /// What every position sees when it is played again is what it saw.
        fn holds(&self) -> usize {
            let end = self.saw.len() as u32;
            let steps: Vec<_> = self.record.steps(0, end, self.window).collect();
            let mut again = Vec::new();
            for (plan, step) in &steps {
                assert_eq!(step.position as usize, again.len(), "one behind the other");
                let first = if *plan == FEW { 0 } else { step.position };
                again.extend((0..step.count).map(|_| (*plan, first, step.dropped)));
            }
            assert_eq!(again, self.saw, "{:?}", self.record);
            for (at, (_, step)) in steps.iter().enumerate() {
                let rest = self.record.steps(step.position, end, self.window);
                assert_eq!(rest.count(), steps.len() - at, "from any step on");
            }
            self.record.runs.len()
        }
    }

    #[test]
    fn a_turn_is_two_runs_whatever_its_length() {
        let mut played = Played::new(Overflow::Slide { keep: 2 });
        played.play(PREFILL, 4).play(PREFILL, 4).play(PREFILL, 3);
        assert_eq!(played.holds(), 1);
        for _ in 0..300 {
            played.play(DECODE, 1);
        }
        assert_eq!(played.holds(), 2, "also where it slides");
        played.play(PREFILL, 3);
        for _ in 0..9 {
            played.play(DECODE, 1);
        }
        assert_eq!(played.holds(), 4);
    }

    #[test]
    fn what_was_drafted_is_one_run() {
        let mut played = Played::new(Overflow::Stop);
        played
            .play(PREFILL, 3)
            .accept(FEW, 3, 1)
            .accept(FEW, 8, 5)
            .accept(FEW, 2, 2);
        assert_eq!(played.holds(), 2);
        played.play(DECODE, 1).accept(FEW, 3, 2);
        assert_eq!(played.holds(), 4);
    }

    #[test]
    fn cut_anywhere_it_holds() {
        for overflow in [Overflow::Stop, Overflow::Slide { keep: 3 }] {
            for length in 0..=15 {
                let mut played = Played::new(overflow);
                played.play(PREFILL, 5).play(PREFILL, 5).play(PREFILL, 2);
                played.play(DECODE, 1).play(DECODE, 1).accept(FEW, 2, 1);
                played.rewind(length).holds();
                played.play(PREFILL, 1).holds();
            }
        }
    }

    #[test]
    fn in_a_window_that_has_moved() {
        for length in 0..=60 {
            let mut played = Played::new(Overflow::Slide { keep: 3 });
            for rows in [5, 5, 5, 5, 5, 4, 1, 1] {
                played.play(PREFILL, rows);
            }
            for _ in 0..29 {
                played.play(DECODE, 1);
            }
            // What has left stays away for the steps behind the cut.
            played.rewind(length).holds();
            played
                .play(DECODE, 1)
                .play(PREFILL, 4)
                .play(PREFILL, 4)
                .holds();
            played
                .rewind(length.saturating_sub(2))
                .play(DECODE, 1)
                .play(PREFILL, 2)
                .holds();
        }
    }
}
