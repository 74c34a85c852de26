//! How the dispatches of a step are cut into submits: by a bound of the device's profile, and by how much work was seen
//! to fit a frame. Counts and bytes only; a player submits and waits.

use lorgnette_shaders::{Access, Step};

use crate::SubmitBound;
use crate::frames::Frames;
use crate::plan::{Dispatch, Home, Plan};

/// What a dispatch costs before it has moved anything, as bytes: tens of microseconds at a phone's bandwidth.
pub(crate) const DISPATCH_BYTES: u64 = 256 << 10;
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

/// Whether a step of the plan is one submit.
pub(crate) fn is_one(plan: &Plan, step: &Step, bound: &SubmitBound) -> bool {
    let [segment] = plan.segments.as_slice() else {
        return false;
    };
    let (count, _) = next_dispatches(plan, &segment.dispatches, step, bound);
    count == segment.dispatches.len()
}

/// How many of the next dispatches, of these costs, one submit takes, and what they cost together: as many as the bound
/// allows, at least one. Where bytes are not bounded nobody asks for the costs, and none is worked out.
pub(crate) fn next_submit(
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

/// The bound for the next submit: the profile's, and no more bytes than fit a frame.
pub(crate) fn bound(profile: &SubmitBound, frames: Option<&Frames>) -> SubmitBound {
    let frame = frames.map(Frames::allowed);
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
}
