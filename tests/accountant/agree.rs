//! A budget on paper and the run on the device: the same choices, the same bytes, and below the minimum the same refusal.

use std::path::Path;

use lorgnette::formats::Checkpoint;
use lorgnette::synth::{SynthShape, synth};
use lorgnette::{
    Blueprint, Budget, Error, LoadOptions, Medium, Model, Profile, Runtime, RuntimeOptions,
    Variants, WeightFormat,
};
use lorgnette_tests::{Scratch, adapter, skipped, smollm2};

use super::alone;

/// What may be in reserve for models as small as these: three blocks, and what has no room in others.
const UNUSED: u64 = 32 << 20;
/// Bytes that make no difference to the least of all.
const FEW: u64 = 64 << 10;

/// A device, and what matrices lie in there.
type Kind = (Profile, Medium);

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
        let most = model.memory().reserved(1);
        println!("{reserved} bytes reserved of {most}, {planned} in buffers");
        assert!(
            reserved <= most,
            "{reserved} bytes reserved, {most} planned"
        );
        assert!(most <= planned + UNUSED, "{most} for {planned} bytes");
    }
    model
}

/// As many bytes as were planned, on the GPU and in all, with what was chosen on paper.
fn agrees(kind: Kind, path: &Path, file: &Checkpoint, options: &LoadOptions) -> u64 {
    let (profile, _) = kind;
    let runtime = device(kind).expect("it was there before");
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
pub fn device((profile, medium): Kind) -> Result<Runtime, Error> {
    Runtime::new(RuntimeOptions {
        adapter: adapter(),
        profile,
        variants: Variants::in_order().pin("weights", medium.name()),
        ..Default::default()
    })
}

/// The minimum, a byte less, and budgets that are so many percent of the way from there to what is wanted.
fn check(kind: Kind, path: &Path, context: Option<u32>, percents: &[u64]) {
    let file = Checkpoint::open(path).expect("opens");
    let limit = kind.0.binding_bytes();
    let agrees = |bytes| agrees(kind, path, &file, &within(Budget::bytes(bytes), context));
    let plain = LoadOptions {
        context,
        ..Default::default()
    };
    let usual = Blueprint::new(&file, &plain, limit).expect("a plan").memory;
    let none = within(Budget::bytes(0), context);
    let least = Blueprint::least(&file, &none, limit).expect("a plan");
    let (minimum, wanted) = (least.memory.total(1), usual.total(1));
    assert!(minimum < wanted, "there is something to choose");
    refused(
        kind,
        path,
        &within(Budget::bytes(minimum - 1), context),
        minimum,
    );
    // Where a moment before the load is the peak, plans of other choices may take a few bytes less.
    assert!(agrees(minimum) + FEW >= minimum);
    for percent in percents {
        let total = agrees(minimum + (wanted - minimum) * percent / 100);
        let within = if *percent < 100 {
            minimum - FEW..wanted
        } else {
            wanted..wanted + 1
        };
        assert!(within.contains(&total), "{total} bytes at {percent} %");
    }
}

/// On paper and on the device in the same words, before anything is made.
fn refused(kind: Kind, path: &Path, options: &LoadOptions, minimum: u64) {
    let (profile, _) = kind;
    let runtime = device(kind).expect("it was there before");
    let real = run(&runtime, path, options);
    assert_eq!(runtime.counters().buffers, 0);
    let file = Checkpoint::open(path).expect("opens");
    let paper = Blueprint::new(&file, options, profile.binding_bytes());
    match (real, paper) {
        (Err(Error::Budget(real)), Err(Error::Budget(paper))) => {
            println!("{real}");
            assert_eq!(real, paper);
            assert_eq!((real.minimum_bytes, real.budget), (minimum, minimum - 1));
        }
        other => panic!("not refused: {other:?}"),
    }
}

/// A model of which every kind of bytes is worth saving: weights of eight layers, and as much again of keys and values.
fn small(path: &Path) {
    let shape = SynthShape {
        layers: 8,
        dim: 256,
        ffn: 1024,
        heads: 4,
        kv_heads: 2,
        head_dim: 64,
        vocabulary: 300,
        ..SynthShape::like("llama-3.2-1b").expect("a known shape")
    };
    synth(&shape, WeightFormat::Q4_0, 1, path, &mut |_, _| ()).expect("written");
}

#[test]
fn on_every_profile() {
    let _turn = alone();
    let path = Scratch::new("agree.gguf");
    small(path.as_ref());
    for profile in Profile::ALL {
        let percents: &[u64] = if profile == Profile::NATIVE {
            &[20, 60, 300]
        } else {
            &[30]
        };
        let kind = (profile, Medium::Buffer);
        match device(kind) {
            Ok(_) => check(kind, path.as_ref(), None, percents),
            Err(error) => skipped("on_every_profile", &error.to_string()),
        }
    }
}

/// Where matrices lie makes no difference to the bytes.
#[test]
fn in_textures() {
    let _turn = alone();
    let path = Scratch::new("agree-textures.gguf");
    small(path.as_ref());
    check(
        (Profile::NATIVE, Medium::Texture),
        path.as_ref(),
        None,
        &[40],
    );
}

#[test]
fn with_smollm2() {
    let _turn = alone();
    if let Some(path) = smollm2::path("with_smollm2") {
        check(
            (Profile::NATIVE, Medium::Buffer),
            &path,
            Some(1024),
            &[50, 100],
        );
    }
}
