//! Scratch slots and sums: tensors that live at once never share a slot, and the bytes add up.

use std::collections::HashMap;

use lorgnette::plan::Plan;

use super::{papers, slot};

/// From the first dispatch that names a scratch tensor to the last; results live to the end.
fn lives(plan: &Plan) -> HashMap<usize, (usize, usize)> {
    let mut lives: HashMap<usize, (usize, usize)> = HashMap::new();
    for (at, dispatch) in plan.dispatches().enumerate() {
        for id in &dispatch.tensors {
            if slot(plan, id.0).is_some() {
                lives.entry(id.0).or_insert((at, at)).1 = at;
            }
        }
    }
    for id in [Some(plan.logits), plan.scores].into_iter().flatten() {
        lives.get_mut(&id.0).expect("a result is made").1 = usize::MAX;
    }
    lives
}

#[test]
fn tensors_that_live_at_once_are_apart() {
    for paper in papers() {
        for plan in &paper.blueprint.plans {
            let lives: Vec<_> = lives(plan).into_iter().collect();
            for (i, (a, (from, until))) in lives.iter().enumerate() {
                for (b, (other_from, other_until)) in &lives[i + 1..] {
                    let meet = from <= other_until && other_from <= until;
                    let together = slot(plan, *a) == slot(plan, *b);
                    let names = [*a, *b].map(|id| &plan.tensors[id].name);
                    assert!(
                        !(meet && together),
                        "{} {}: {names:?}",
                        paper.name,
                        plan.name
                    );
                }
            }
        }
    }
}

#[test]
fn slots_are_as_large_as_their_largest_tensor() {
    for paper in papers() {
        let slots = &paper.blueprint.memory.slots;
        let mut largest = vec![0; slots.len()];
        for plan in &paper.blueprint.plans {
            for id in lives(plan).into_keys() {
                let slot = slot(plan, id).expect("a scratch tensor");
                let bytes = plan.bytes(lorgnette::plan::TensorId(id));
                largest[slot] = bytes.next_multiple_of(16).max(largest[slot]);
            }
        }
        assert_eq!(*slots, largest, "{}", paper.name);
    }
}

/// What is saved against a slot for every tensor: at most the bytes that live at once, and the slack of first fit.
#[test]
fn scratch_is_shared() {
    for paper in papers() {
        let blueprint = &paper.blueprint;
        let at_once = |plan: &Plan| {
            let lives = lives(plan);
            let bytes = |at: usize| -> u64 {
                let alive = lives
                    .iter()
                    .filter(|(_, (from, until))| *from <= at && at <= *until);
                alive
                    .map(|(id, _)| plan.bytes(lorgnette::plan::TensorId(*id)))
                    .sum()
            };
            let peaks = (0..plan.dispatches().count()).map(bytes);
            peaks.max().expect("a dispatch")
        };
        let needed = blueprint.plans.iter().map(at_once).max().expect("a plan");
        let placed: u64 = blueprint.memory.slots.iter().sum();
        assert!(placed >= needed, "{}: {placed} of {needed}", paper.name);
        assert!(placed <= 2 * needed, "{}: {placed} of {needed}", paper.name);
    }
}

#[test]
fn sums_are_of_their_parts() {
    for paper in papers() {
        let (blueprint, memory) = (&paper.blueprint, &paper.blueprint.memory);
        let weights: u64 = blueprint
            .weights
            .weights
            .iter()
            .map(|weight| weight.bytes)
            .sum();
        assert_eq!(
            memory.weights_bytes(),
            weights,
            "every buffer is a multiple of 16"
        );
        let dispatches: usize = blueprint
            .plans
            .iter()
            .map(|plan| plan.dispatches().count())
            .sum();
        assert_eq!(memory.params, 256 * dispatches as u64);
        let slots: u64 = memory.slots.iter().sum();
        assert_eq!(memory.scratch_bytes(), slots + memory.params);

        let (config, session) = (&blueprint.config, &memory.session);
        let row = blueprint.kv.row_bytes(config.kv_heads * config.head_size);
        let cache = 2 * config.layers as u64 * u64::from(blueprint.context) * row as u64;
        assert_eq!(session.kv(), cache, "{}", paper.name);
        assert_eq!(session.keys.len(), config.layers);
        assert!(session.ids >= (u64::from(blueprint.context) + 1) * 4);
        assert!(session.readback >= config.vocabulary as u64 * 4);
        let angles = u64::from(blueprint.prefill_chunk) * config.head_size as u64 * 4;
        assert_eq!(
            session.step,
            256 + 2 * angles,
            "each row may have them twice"
        );
        let parts = cache + session.ids + session.step + session.readback + 2 * session.next_ids;
        assert_eq!(session.total(), parts);

        let model = memory.weights_bytes() + memory.scratch_bytes();
        assert_eq!(memory.peak(0), model + memory.staging);
        for sessions in [1, 2, 5] {
            let most = memory.staging.max(sessions * parts);
            assert_eq!(memory.peak(sessions), model + most);
        }
    }
}

#[test]
fn every_home_exists() {
    for paper in papers() {
        let memory = &paper.blueprint.memory;
        for plan in &paper.blueprint.plans {
            let used: Vec<_> = lives(plan).into_keys().collect();
            for (id, tensor) in plan.tensors.iter().enumerate() {
                use lorgnette::plan::Home;
                let exists = match tensor.home {
                    Home::Weight(index) => index < memory.weights.len(),
                    Home::Scratch(slot) => slot < memory.slots.len() && used.contains(&id),
                    Home::Keys(layer) | Home::Values(layer) => layer < memory.session.keys.len(),
                    Home::Ids | Home::Angles => true,
                };
                assert!(exists, "{} {}: {tensor:?}", paper.name, plan.name);
            }
        }
    }
}
