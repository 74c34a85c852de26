//! What is chosen for a budget: in the order that is promised, never outside of what is asked for, and by the header
//! alone.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use lorgnette::formats::Checkpoint;
use lorgnette::synth::{SynthShape, outline};
use lorgnette::{Blueprint, Budget, Error, KvFormat, LoadOptions, Profile, Refusal, WeightFormat};
use lorgnette_tests::Scratch;

use super::COMMON;

/// The header of a model, with nothing behind it.
fn paper(name: &str) -> Checkpoint {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Relaxed);
    let path = Scratch::new(&format!("budget-{count}-{name}.gguf"));
    let shape = SynthShape::like(name).expect("a known shape");
    outline(&shape, WeightFormat::Q4_0, path.as_ref()).expect("written");
    Checkpoint::open(path.as_ref()).expect("opens")
}

fn draw(file: &Checkpoint, budget: &Budget, options: &LoadOptions) -> Result<Blueprint, Error> {
    let options = LoadOptions {
        budget: Some(budget.clone()),
        ..options.clone()
    };
    Blueprint::new(file, &options, COMMON)
}

fn refused(file: &Checkpoint, budget: &Budget, options: &LoadOptions) -> Refusal {
    match draw(file, budget, options) {
        Err(Error::Budget(refusal)) => *refusal,
        other => panic!("not refused: {other:?}"),
    }
}

/// How far a plan is from what is wanted, the dearest step first: streamed layers, 4-bit cache, positions lacking, 8-bit
/// cache, chunk.
fn distance(plan: &Blueprint) -> [u64; 4] {
    let streamed = plan.memory.streamed_layers as u64;
    [
        u64::from(plan.kv == KvFormat::Q4_0),
        streamed,
        u64::from(streamed == 0) * u64::from(u32::MAX - plan.context),
        u64::from(plan.kv == KvFormat::Q8_0) * u64::from(streamed == 0),
    ]
}

#[test]
fn more_bytes_never_give_less() {
    let file = paper("llama-3.2-1b");
    let options = LoadOptions::default();
    let least = refused(&file, &Budget::bytes(1), &options).minimum_bytes;
    let mut before: Option<Blueprint> = None;
    let mut kinds = std::collections::BTreeSet::new();
    for step in 0..50 {
        let budget = Budget::bytes(least + step * (13 << 20));
        let plan = draw(&file, &budget, &options).expect("above the minimum");
        assert!(plan.memory.total(1) <= budget.bytes);
        assert_eq!(plan.minimum_bytes, Some(least));
        kinds.insert((
            plan.kv.name(),
            plan.context < 2048,
            plan.memory.streamed_layers > 0,
        ));
        if let Some(before) = before {
            let (now, then) = (distance(&plan), distance(&before));
            assert!(now <= then, "{now:?} behind {then:?} at {}", budget.bytes);
        }
        before = Some(plan);
    }
    println!("{kinds:?}");
    // At the least with a 4-bit cache, then streamed, then all layers with fewer positions, then all that is wanted.
    for kind in [
        ("q4_0", true, true),
        ("q8_0", true, false),
        ("q8_0", false, false),
        ("f16", false, false),
    ] {
        assert!(kinds.contains(&kind), "{kind:?} in {kinds:?}");
    }
}

#[test]
fn the_cheapest_step_comes_first() {
    let file = paper("llama-3.2-1b");
    let options = LoadOptions::default();
    let usual = Blueprint::new(&file, &options, COMMON).expect("a plan");
    let total = usual.memory.total(1);
    let at = |bytes| draw(&file, &Budget::bytes(bytes), &options).expect("a plan");
    let chosen = |plan: &Blueprint| {
        let memory = &plan.memory;
        (
            plan.context,
            plan.kv,
            plan.prefill_chunk,
            memory.streamed_layers,
        )
    };
    assert_eq!(at(total).memory, usual.memory);
    assert_eq!(chosen(&at(total - 1)), (2048, KvFormat::F16, 64, 0));
    let trimmed = LoadOptions {
        prefill_chunk: 16,
        staging_bytes: 768 << 10,
        ..options.clone()
    };
    let trimmed = Blueprint::new(&file, &trimmed, COMMON).expect("a plan");
    // The 8-bit cache saves so much that the whole chunk fits again.
    assert_eq!(
        chosen(&at(trimmed.memory.total(1) - 1)),
        (2048, KvFormat::Q8_0, 128, 0)
    );
}

#[test]
fn what_is_pinned_stays() {
    let file = paper("llama-3.2-1b");
    let context = LoadOptions {
        context: Some(4096),
        ..Default::default()
    };
    let exact = LoadOptions {
        kv: KvFormat::F32,
        ..context.clone()
    };
    type Holds = fn(&Blueprint) -> bool;
    let pins: [(Budget, &LoadOptions, Holds); 5] = [
        (Budget::bytes(0), &context, |plan| plan.context == 4096),
        (Budget::bytes(0).context_at_least(1000), &context, |plan| {
            (1000..=4096).contains(&plan.context)
        }),
        (
            Budget::bytes(0).kv_no_worse_than(KvFormat::F32),
            &exact,
            |plan| plan.kv == KvFormat::F32 && plan.context == 4096,
        ),
        (
            Budget::bytes(0)
                .kv_no_worse_than(KvFormat::Q8_0)
                .prefill_chunk_at_least(128),
            &context,
            |plan| plan.kv != KvFormat::Q4_0 && plan.prefill_chunk == 128,
        ),
        (Budget::bytes(0).resident(), &context, |plan| {
            plan.memory.streamed_layers == 0
        }),
    ];
    for (budget, options, holds) in pins {
        let least = refused(&file, &budget, options).minimum_bytes;
        for more in [0, 40 << 20, 2 << 30] {
            let budget = Budget {
                bytes: least + more,
                ..budget.clone()
            };
            let plan = draw(&file, &budget, options).expect("above the minimum");
            assert!(holds(&plan), "{budget:?}: {} {:?}", plan.context, plan.kv);
            assert!(plan.kv != KvFormat::F32 || options.kv == KvFormat::F32);
        }
    }
    let long = Budget::bytes(2 << 30).context_at_least(5000);
    let plan = draw(&file, &long, &LoadOptions::default()).expect("a plan");
    assert_eq!(
        plan.context, 5000,
        "more than is usual, where it is asked for"
    );
    let error = draw(&file, &long, &context).expect_err("4096 at the most");
    assert!(error.to_string().contains("1 to 4096"), "{error}");
}

#[test]
fn a_refusal_names_the_numbers() {
    let file = paper("llama-3.2-1b");
    let options = LoadOptions {
        context: Some(1024),
        ..Default::default()
    };
    let budget = Budget::bytes(300 << 20).resident();
    let refusal = refused(&file, &budget, &options);
    let text = Error::Budget(Box::new(refusal.clone())).to_string();
    println!("{text}");
    assert_eq!(refusal.budget, 300 << 20);
    for price in &refusal.prices {
        let options = LoadOptions {
            context: Some(price.context),
            kv: price.kv,
            streamed_layers: price.streamed_layers,
            ..options.clone()
        };
        // The chunk and the ring differ only where a price says so.
        if price.prefill_chunk == options.prefill_chunk {
            let plan = Blueprint::new(&file, &options, COMMON).expect("a plan");
            assert_eq!(plan.memory.total(1), price.total_bytes, "{price:?}");
        }
        assert!(text.contains(&price.what), "{price:?}");
    }
    let all = refusal
        .prices
        .iter()
        .find(|price| price.what == "all of that");
    assert_eq!(
        all.map(|price| price.total_bytes),
        Some(refusal.minimum_bytes)
    );
    let free = refusal.prices.last().expect("prices");
    assert_eq!(
        free.what, "nothing pinned",
        "streaming was not allowed, and would do"
    );
    assert!(free.streamed_layers > 0 && free.total_bytes < refusal.minimum_bytes);
    for number in [refusal.minimum_bytes, refusal.budget] {
        assert!(text.contains(&number.to_string()), "{text}");
    }
}

/// What is asked of a 1B model: 450 and 320 MiB at 512 positions. Every known shape is planned at once.
#[test]
fn models_of_known_shapes() {
    let options = LoadOptions {
        context: Some(512),
        ..Default::default()
    };
    let file = paper("llama-3.2-1b");
    for (mebibytes, least, most) in [(450, 8, 13), (320, 16, 16)] {
        let plan = draw(&file, &Budget::bytes(mebibytes << 20), &options).expect("fits");
        let streamed = plan.memory.streamed_layers;
        println!(
            "{mebibytes} MiB: {} bytes, {streamed} streamed, {}",
            plan.memory.total(1),
            plan.kv.name()
        );
        assert!(
            (least..=most).contains(&streamed),
            "{streamed} layers streamed"
        );
        assert!(plan.memory.staging <= 8 << 20);
        assert!(plan.streamed_bytes_per_token > 0);
    }
    for name in SynthShape::NAMES {
        let file = paper(name);
        let start = std::time::Instant::now();
        let least = refused(&file, &Budget::bytes(1 << 20), &options).minimum_bytes;
        let plan = draw(&file, &Budget::bytes(least), &options).expect("the minimum");
        assert!(plan.memory.total(1) <= least);
        println!(
            "{name}: {least} bytes at the least, in {:?}",
            start.elapsed()
        );
    }
}

#[test]
fn a_profile_says_what_there_is_where_the_app_does_not() {
    let file = paper("llama-3.2-1b");
    let floor = Profile::named("glasses-floor").expect("a profile");
    let hoped = floor.memory_bytes.expect("its memory");
    let wanted = LoadOptions::default();
    let plan = Blueprint::new(&file, &wanted.on(&floor), COMMON).expect("a plan");
    let native = Blueprint::new(&file, &wanted.on(&Profile::NATIVE), COMMON).expect("a plan");
    assert!(plan.memory.total(1) <= hoped && hoped < native.memory.total(1));
    let stated = LoadOptions {
        budget: Some(Budget::bytes(hoped + 1)),
        ..wanted
    };
    assert_eq!(stated.on(&floor).budget, stated.budget);
}
