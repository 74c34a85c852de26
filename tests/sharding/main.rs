//! Tensors that are larger than the device can bind are cut by row, and no number changes: embedding, head and
//! feed-forward.

mod large;
mod tiny;

use lorgnette::Blueprint;

/// In how many buffers the matrix with that label is, the same in each plan.
fn pieces(blueprint: &Blueprint, label: &str) -> usize {
    let count = |plan: &lorgnette::plan::Plan| {
        plan.dispatches()
            .filter(|dispatch| dispatch.label == label)
            .count()
    };
    let counts: Vec<usize> = blueprint.plans.iter().map(count).collect();
    assert!(
        counts.iter().all(|count| *count == counts[0]),
        "{label}: {counts:?} pieces in the plans"
    );
    counts[0]
}
