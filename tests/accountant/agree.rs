//! A budget on paper and the run on the device: the same choices, the same bytes, and below the minimum the same refusal.

use std::path::Path;

use lorgnette::formats::Checkpoint;
use lorgnette::{
    ALLOCATOR_RESERVE, Adapter, Blueprint, Budget, Error, LoadOptions, Model, Runtime,
};
use lorgnette_tests::{data, own_runtime, smollm2};

use super::alone;

fn within(budget: Budget, context: Option<u32>) -> LoadOptions {
    LoadOptions {
        context,
        budget: Some(budget),
        ..Default::default()
    }
}

/// One step on a device whose only model it is. The bytes of the GPU never pass the plan's, nor the allocator's both.
fn run(path: &Path, options: &LoadOptions) -> (Runtime, Result<Model, Error>) {
    let runtime = own_runtime(Adapter::Auto, None);
    let mut live = 0;
    let mut reserved = 0;
    let mut look = || {
        live = live.max(runtime.counters().live_bytes);
        reserved = runtime.allocator().map_or(0, |(_, all)| reserved.max(all));
    };
    let model = Model::load(&runtime, path, options, |_| look());
    if let Ok(model) = &model {
        let mut session = model.session().expect("a session");
        look();
        session.logits(&[1, 2, 3]).expect("logits");
        look();
        let planned = model.memory().peak(1);
        assert!(live <= planned, "{live} bytes live, {planned} planned");
        assert!(
            reserved <= planned + ALLOCATOR_RESERVE,
            "{reserved} bytes reserved, {planned} planned"
        );
    }
    (runtime, model)
}

/// As many bytes as were planned, on the GPU and in all, with what was chosen on paper.
fn agrees(path: &Path, file: &Checkpoint, options: &LoadOptions) -> u64 {
    let (runtime, model) = run(path, options);
    let model = model.expect("within the budget");
    let paper = Blueprint::new(file, options, runtime.max_binding_bytes()).expect("a plan");
    let real = model.blueprint();
    assert_eq!(real.memory, paper.memory);
    assert_eq!(
        (real.context, real.kv, real.prefill_chunk),
        (paper.context, paper.kv, paper.prefill_chunk)
    );
    assert_eq!(real.minimum_bytes, paper.minimum_bytes);
    assert_eq!(runtime.counters().peak_bytes, paper.memory.peak(1));
    let total = paper.memory.total(1);
    println!(
        "{total} bytes: {} positions, {}, chunks of {}, {} layers streamed, ring of {}",
        paper.context,
        paper.kv.name(),
        paper.prefill_chunk,
        paper.memory.streamed_layers,
        paper.memory.staging
    );
    let budget = options.budget.as_ref().expect("a budget");
    assert!(total <= budget.bytes, "{total} of {}", budget.bytes);
    drop(model);
    assert_eq!(runtime.counters().live_bytes, 0);
    total
}

/// From more than enough down to the minimum in `steps`, then a byte less.
fn check(path: &Path, context: Option<u32>, steps: u64) {
    let file = Checkpoint::open(path).expect("opens");
    let generous = agrees(path, &file, &within(Budget::bytes(4 << 30), context));
    let plain = LoadOptions {
        context,
        ..Default::default()
    };
    let limit = own_runtime(Adapter::Auto, None).max_binding_bytes();
    let usual = Blueprint::new(&file, &plain, limit).expect("a plan").memory;
    assert_eq!(generous, usual.total(1), "more than enough changes nothing");
    let none = within(Budget::bytes(0), context);
    let least = Blueprint::least(&file, &none, limit).expect("a plan");
    let minimum = least.memory.total(1);
    for step in 0..=steps {
        let bytes = minimum + (generous - minimum) * step / steps;
        let total = agrees(path, &file, &within(Budget::bytes(bytes), context));
        assert!(
            step > 0 || total == minimum,
            "{total} at the minimum {minimum}"
        );
    }
    let options = within(Budget::bytes(minimum - 1), context);
    let (runtime, model) = run(path, &options);
    let paper = Blueprint::new(&file, &options, limit);
    assert_eq!(
        runtime.counters().buffers,
        0,
        "refused before anything is made"
    );
    match (model, paper) {
        (Err(Error::Budget(real)), Err(Error::Budget(paper))) => {
            println!("{real}");
            assert_eq!(real, paper);
            assert_eq!((real.minimum_bytes, real.budget), (minimum, minimum - 1));
        }
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn tiny_models() {
    let _turn = alone();
    for name in ["q4_0", "q4_k_m"] {
        check(&data(&format!("llama3-tiny/{name}.gguf")), None, 3);
    }
}

#[test]
fn with_smollm2() {
    let _turn = alone();
    if let Some(path) = smollm2::path("with_smollm2") {
        check(&path, Some(1024), 2);
    }
}
