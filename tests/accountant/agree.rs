//! A budget on paper and the run on the device: the same choices, the same bytes, and below the minimum the same refusal.

use std::path::Path;

use lorgnette::formats::Checkpoint;
use lorgnette::{
    ALLOCATOR_RESERVE, Adapter, Blueprint, Budget, Error, LoadOptions, Model, Profile, Runtime,
    RuntimeOptions,
};
use lorgnette_tests::{data, skipped, smollm2};

use super::alone;

fn within(budget: Budget, context: Option<u32>) -> LoadOptions {
    LoadOptions {
        context,
        budget: Some(budget),
        ..Default::default()
    }
}

/// One step on a device whose only model it is. Bytes alive never pass those planned, nor the allocator's those with its
/// reserve.
fn run(runtime: &Runtime, path: &Path, options: &LoadOptions) -> Result<Model, Error> {
    let mut live = 0;
    let mut reserved = 0;
    let mut look = || {
        live = live.max(runtime.counters().live_bytes);
        reserved = runtime.allocator().map_or(0, |(_, all)| reserved.max(all));
    };
    let model = Model::load(runtime, path, options, |_| look());
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
    model
}

/// As many bytes as were planned, on the GPU and in all, with what was chosen on paper.
fn agrees(profile: Profile, path: &Path, file: &Checkpoint, options: &LoadOptions) -> u64 {
    let runtime = device(profile).expect("it was there before");
    let model = run(&runtime, path, options).expect("within the budget");
    let paper = Blueprint::new(file, options, profile.binding_bytes()).expect("a plan");
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

/// A device of its own that is the profile's, if this adapter has all of that.
fn device(profile: Profile) -> Result<Runtime, Error> {
    let named = std::env::var("LORGNETTE_ADAPTER").map_or(Adapter::Auto, Adapter::Named);
    Runtime::new(RuntimeOptions {
        adapter: named,
        profile,
        ..Default::default()
    })
}

/// From more than enough down to the minimum in `steps`, then a byte less.
fn check(profile: Profile, path: &Path, context: Option<u32>, steps: u64) {
    let file = Checkpoint::open(path).expect("opens");
    let agrees = |bytes| agrees(profile, path, &file, &within(Budget::bytes(bytes), context));
    let generous = agrees(4 << 30);
    let plain = LoadOptions {
        context,
        ..Default::default()
    };
    let limit = profile.binding_bytes();
    let usual = Blueprint::new(&file, &plain, limit).expect("a plan").memory;
    assert_eq!(generous, usual.total(1), "more than enough changes nothing");
    let none = within(Budget::bytes(0), context);
    let least = Blueprint::least(&file, &none, limit).expect("a plan");
    let minimum = least.memory.total(1);
    for step in 0..steps {
        let bytes = minimum + (generous - minimum) * step / steps;
        let total = agrees(bytes);
        assert!(
            step > 0 || total == minimum,
            "{total} at the minimum {minimum}"
        );
    }
    let options = within(Budget::bytes(minimum - 1), context);
    let runtime = device(profile).expect("it was there before");
    let model = run(&runtime, path, &options);
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
        let path = data(&format!("llama3-tiny/{name}.gguf"));
        check(Profile::NATIVE, &path, None, 2);
    }
}

#[test]
fn on_every_profile() {
    let _turn = alone();
    for profile in Profile::ALL {
        match device(profile) {
            Ok(_) => check(profile, &data("llama3-tiny/q4_0.gguf"), Some(256), 1),
            Err(error) => skipped("on_every_profile", &error.to_string()),
        }
    }
}

#[test]
fn with_smollm2() {
    let _turn = alone();
    if let Some(path) = smollm2::path("with_smollm2") {
        check(Profile::NATIVE, &path, Some(1024), 2);
    }
}
