//! How the dispatches of a step are cut into submits: by a bound of the device's profile, and by how much work was seen
//! to fit a frame. Counts and bytes only; a player submits, waits and looks at the clock.

use std::time::Duration;

use lorgnette_shaders::{Access, Step};

use crate::SubmitBound;
use crate::plan::{Dispatch, Home, Plan};

/// What a dispatch costs before it has moved anything, as bytes: tens of microseconds at a phone's bandwidth.
const DISPATCH_BYTES: u64 = 256 << 10;
/// Rows of activations for which a matrix is read once.
const ROWS_A_PASS: u32 = 16;

/// What one dispatch counts in a step: the bytes that it reads and writes, a matrix once for every [`ROWS_A_PASS`] rows
/// that are multiplied with it, and a little for being a dispatch at all.
pub(crate) fn cost(plan: &Plan, dispatch: &Dispatch, step: &Step) -> u64 {
    let (read, written) = plan.traffic(dispatch, step);
    let matrices: u64 = dispatch
        .uses()
        .filter(|(id, access)| {
            *access == Access::Read && matches!(plan.tensor(*id).home, Home::Weight(_))
        })
        .map(|(id, _)| plan.bytes(id))
        .sum();
    let passes = plan.rows_made(dispatch, step).div_ceil(ROWS_A_PASS).max(1);
    DISPATCH_BYTES + read + written + u64::from(passes - 1) * matrices
}

/// How many of the next dispatches one submit takes, those among them and behind them that the step does not play for
/// nothing; and what they cost together, where bytes are bounded.
pub(crate) fn next_dispatches(
    plan: &Plan,
    rest: &[Dispatch],
    step: &Step,
    bound: &SubmitBound,
) -> (usize, u64) {
    let played = || {
        let all = rest.iter().enumerate();
        all.filter(|(_, dispatch)| dispatch.is_played(step))
    };
    let costs = played().map(|(_, dispatch)| cost(plan, dispatch, step));
    let (count, cost) = next_submit(played().count(), costs, bound);
    (played().nth(count).map_or(rest.len(), |(at, _)| at), cost)
}

/// How many of the next dispatches, of these costs, one submit takes, and what they cost together: as many as the bound
/// allows, at least one. Where bytes are not bounded nobody asks for the costs, and none is worked out.
fn next_submit(
    count: usize,
    costs: impl Iterator<Item = u64>,
    bound: &SubmitBound,
) -> (usize, u64) {
    let most = bound
        .dispatches
        .map_or(usize::MAX, |most| most.max(1) as usize);
    let Some(bytes) = bound.bytes else {
        return (count.min(most), 0);
    };
    let (mut count, mut total) = (0, 0u64);
    for cost in costs.take(most) {
        if count > 0 && total.saturating_add(cost) > bytes {
            break;
        }
        count += 1;
        total = total.saturating_add(cost);
    }
    (count, total)
}

/// The most rows, up to `most`, that a step of the plan may have at `position` for no dispatch alone to pass the bound:
/// halved until it is so, or until fewer rows would not make a matrix cheaper.
pub(crate) fn rows_within(plan: &Plan, bound: &SubmitBound, position: u32, most: u32) -> u32 {
    let Some(bytes) = bound.bytes else {
        return most;
    };
    let fits = |rows: u32| {
        let step = Step::new(position, rows);
        plan.dispatches()
            .all(|dispatch| cost(plan, dispatch, &step) <= bytes)
    };
    let mut rows = most;
    while rows > ROWS_A_PASS && !fits(rows) {
        rows = (rows / 2).max(ROWS_A_PASS);
    }
    rows
}

/// How much work fits a frame: grows while submits end well within the budget, and falls as soon as one does not.
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

/// The bound for the next submit: the profile's, and no more bytes than fit a frame.
pub(crate) fn bound(profile: &SubmitBound, frames: Option<&Frames>) -> SubmitBound {
    let frame = frames.map(|frames| frames.allowed);
    SubmitBound {
        bytes: profile.bytes.into_iter().chain(frame).min(),
        ..*profile
    }
}

#[cfg(test)]
mod tests {
    use lorgnette_shaders::WeightFormat;
    use lorgnette_shaders::kernels::matmul;

    use super::*;
    use crate::plan::{Recorder, Rows};

    fn bound(dispatches: Option<u32>, bytes: Option<u64>) -> SubmitBound {
        SubmitBound { dispatches, bytes }
    }

    /// A matrix of `matrix` bytes times the rows of a step, 4 bytes each in and out; and a head, that makes one row.
    fn plan(matrix: u64) -> Plan {
        let mut recorder = Recorder::new("prefill", 128);
        let weight = recorder.tensor("weight", Home::Weight(0), Rows::Fixed(1), matrix);
        let x = recorder.scratch("x", Rows::Step, 1);
        let out = recorder.scratch("out", Rows::Step, 1);
        let logits = recorder.scratch("logits", Rows::Fixed(1), 1);
        let params = matmul::Params {
            lanes: 1,
            ..Default::default()
        };
        for out in [out, logits] {
            let tensors = [weight, x, out];
            recorder.dispatch(
                "product",
                &matmul::KERNEL,
                WeightFormat::F32,
                params,
                &tensors,
            );
        }
        recorder.finish(logits, None)
    }

    #[test]
    fn a_matrix_counts_once_for_every_pass_of_rows() {
        let matrix = 1 << 20;
        let plan = plan(matrix);
        let costs = |rows| {
            let step = Step::new(0, rows);
            let costs = plan
                .dispatches()
                .map(|dispatch| cost(&plan, dispatch, &step));
            costs
                .map(|cost| (cost - DISPATCH_BYTES) / matrix)
                .collect::<Vec<_>>()
        };
        assert_eq!(costs(1), [1, 1]);
        assert_eq!(costs(16), [1, 1]);
        assert_eq!(costs(17), [2, 1]);
        assert_eq!(costs(128), [8, 1]);
    }

    #[test]
    fn rows_are_halved_until_a_dispatch_fits() {
        let matrix = 1 << 20;
        let plan = plan(matrix);
        let rows = |bytes, most| rows_within(&plan, &bound(None, bytes), 0, most);
        let fits = |passes: u64| Some(DISPATCH_BYTES + passes * matrix + 2000);
        assert_eq!(rows(None, 128), 128);
        assert_eq!(rows(fits(8), 128), 128);
        assert_eq!(rows(fits(7), 128), 64);
        assert_eq!(rows(fits(3), 128), 32);
        assert_eq!(rows(fits(1), 128), 16);
        assert_eq!(rows(fits(1), 100), 16);
        // Fewer would read as much.
        assert_eq!(rows(Some(1), 128), 16);
        assert_eq!(rows(Some(1), 9), 9);
    }

    /// Every submit of a segment.
    fn cut(mut costs: &[u64], bound: &SubmitBound) -> Vec<(usize, u64)> {
        let mut submits = Vec::new();
        while !costs.is_empty() {
            let submit = next_submit(costs.len(), costs.iter().copied(), bound);
            costs = &costs[submit.0..];
            submits.push(submit);
        }
        submits
    }

    #[test]
    fn a_count_bound_gives_the_fewest_submits() {
        for dispatches in [1, 2, 24, 31, 32, 33, 64, 304] {
            for most in [1, 2, 16, 32, 1000] {
                let parts = cut(&vec![5; dispatches], &bound(Some(most), None));
                assert_eq!(parts.len(), dispatches.div_ceil(most as usize));
                let counts: usize = parts.iter().map(|(count, _)| count).sum();
                assert_eq!(counts, dispatches);
            }
        }
        assert_eq!(cut(&[1; 300], &SubmitBound::NONE), [(300, 0)]);
        assert_eq!(cut(&[], &SubmitBound::NONE), []);
    }

    #[test]
    fn a_byte_bound_is_passed_by_a_dispatch_alone_and_by_nothing_else() {
        let parts = cut(&[4, 4, 4, 30, 1, 9, 1], &bound(None, Some(10)));
        assert_eq!(parts, [(2, 8), (1, 4), (1, 30), (2, 10), (1, 1)]);
        let parts = cut(&[4, 4, 1, 1, 1, 1], &bound(Some(3), Some(10)));
        assert_eq!(parts, [(3, 9), (3, 3)]);
        // A bound of nothing still plays.
        assert_eq!(cut(&[1, 1], &bound(Some(0), Some(0))), [(1, 1), (1, 1)]);
    }

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
                let bound = super::bound(&SubmitBound::NONE, Some(frames));
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
