//! Bytes: ours against the plan, and the allocator's against ours. Looked at after every step of a load and every event
//! of an answer.

use std::path::Path;

use lorgnette::formats::Checkpoint;
use lorgnette::{Adapter, Blueprint, KvFormat, LoadOptions, MemoryPlan, Model, Runtime};
use lorgnette_tests::{data, own_runtime, smollm2};

use super::{ALLOCATED, file_weights, generate};

/// What the allocator has handed out and holds, at most, as far as it was looked at.
#[derive(Default)]
struct Peak {
    allocated: u64,
    reserved: u64,
    looks: u64,
}

impl Peak {
    fn look(&mut self, runtime: &Runtime) {
        if let Some((allocated, reserved)) = runtime.allocator() {
            self.allocated = self.allocated.max(allocated);
            self.reserved = self.reserved.max(reserved);
            self.looks += 1;
        }
    }

    fn is_within(&self, plan: u64, reserve: u64) {
        println!(
            "planned {plan} and {reserve}, allocated {} more, reserved {} more, {} looks",
            self.allocated as i64 - plan as i64,
            self.reserved as i64 - plan as i64,
            self.looks
        );
        assert!(
            self.allocated <= plan + ALLOCATED,
            "{} bytes allocated for a plan of {plan}",
            self.allocated
        );
        assert!(
            self.reserved <= plan + reserve,
            "{} bytes reserved for a plan of {plan} and {reserve}",
            self.reserved
        );
    }
}

/// Loads, answers with two sessions at once, drops everything, and looks at the bytes all the while.
fn check(path: &Path, options: &LoadOptions, sessions: u64) {
    let runtime = own_runtime(Adapter::Auto, None);
    assert_eq!(runtime.counters().live_bytes, 0);
    let mut peak = Peak::default();
    let model = Model::load(&runtime, path, options, |_| peak.look(&runtime)).expect("loads");
    let plan: MemoryPlan = model.memory().clone();
    let held = plan.weights_bytes() + plan.scratch_bytes();
    assert_eq!(runtime.counters().live_bytes, held, "behind the load");
    let mut open = Vec::new();
    for number in 1..=sessions {
        open.push(model.session().expect("a session"));
        let live = runtime.counters().live_bytes;
        assert_eq!(
            live,
            held + number * plan.session.total(),
            "{number} sessions"
        );
    }
    for session in &mut open {
        let events = generate(session, 4, || peak.look(&runtime));
        assert!(events > 4, "{events} events");
        session.score(&[1, 2, 3, 4]).expect("scores");
        peak.look(&runtime);
    }
    assert_eq!(
        runtime.counters().peak_bytes,
        plan.peak(sessions),
        "our buffers at their peak"
    );
    if runtime.allocator().is_some() {
        assert!(peak.looks > 10, "{} looks", peak.looks);
        peak.is_within(plan.peak(sessions), plan.reserve(sessions));
    } else {
        lorgnette_tests::skipped("allocator", "this driver's allocator keeps no account");
    }
    drop(open);
    assert_eq!(
        runtime.counters().live_bytes,
        held,
        "sessions give back what they took"
    );
    drop(model);
    assert_eq!(runtime.counters().live_bytes, 0, "and the model");
    if let Some((allocated, _)) = runtime.allocator() {
        assert!(allocated <= ALLOCATED, "{allocated} bytes stay allocated");
    }
}

#[test]
fn a_tiny_model() {
    for kv in [KvFormat::F16, KvFormat::F32, KvFormat::Q4_0] {
        let options = LoadOptions {
            context: Some(2048),
            kv,
            ..Default::default()
        };
        check(&data("llama3-tiny/q4_k_m.gguf"), &options, 1);
    }
    let options = LoadOptions {
        context: Some(4096),
        ..Default::default()
    };
    check(&data("llama3-tiny/q4_0.gguf"), &options, 3);
}

#[test]
fn smollm2_at_its_peak() {
    let Some(path) = smollm2::path("smollm2_at_its_peak") else {
        return;
    };
    let options = LoadOptions {
        context: Some(2048),
        ..Default::default()
    };
    check(&path, &options, 1);
}

/// A load that fails gives everything back.
#[test]
fn a_load_that_fails() {
    let runtime = own_runtime(Adapter::Auto, None);
    let bytes = std::fs::read(data("llama3-tiny/q4_0.gguf")).expect("the file");
    let file = Checkpoint::from_bytes(bytes.clone()).expect("opens");
    let last = file
        .tensors()
        .iter()
        .find(|tensor| tensor.name == "blk.1.ffn_norm.weight");
    let at = last.expect("a norm").offset as usize;
    let path = lorgnette_tests::Scratch::new("fails.gguf");
    let mut broken = bytes;
    broken[at..at + 4].copy_from_slice(&f32::NAN.to_le_bytes());
    std::fs::write(path.as_ref(), broken).expect("written");
    let result = Model::load(&runtime, path.as_ref(), &LoadOptions::default(), |_| ());
    result.map(drop).expect_err("a norm is not finite");
    assert!(runtime.counters().buffers > 10, "buffers were made");
    assert_eq!(runtime.counters().live_bytes, 0);
}

/// On paper, for every cache format: weights as packed as in the file, and little beside weights and cache.
#[test]
fn smollm2_s_plan() {
    let Some(path) = smollm2::path("smollm2_s_plan") else {
        return;
    };
    let file = Checkpoint::open(&path).expect("opens");
    for kv in KvFormat::ALL {
        let options = LoadOptions {
            context: Some(2048),
            kv,
            ..Default::default()
        };
        let plan = Blueprint::new(&file, &options, 128 << 20)
            .expect("a plan")
            .memory;
        let (weights, kv_bytes) = (plan.weights_bytes(), plan.session.kv());
        let packed = file_weights(&file);
        assert!(
            weights * 100 <= packed * 103,
            "{weights} bytes of weights for {packed} in the file"
        );
        // 30 layers, 2048 positions, keys and values, 3 heads of 64.
        let row = kv.row_bytes(3 * 64) as u64;
        assert_eq!(kv_bytes, 30 * 2048 * 2 * row);
        let rest = plan.peak(1) - weights - kv_bytes;
        println!("{kv:?}: weights {weights} ({packed} in the file), cache {kv_bytes}, rest {rest}");
        assert!(rest <= 16 << 20, "{rest} bytes beside weights and cache");
    }
}
