//! The host's bytes: an upper bound of what load, prompt, decode and score hold on the heap, wgpu's part included, and
//! not a loose one.

use std::path::{Path, PathBuf};

use lorgnette::synth::{SynthShape, synth};
use lorgnette::{
    Adapter, GenerateOptions, LoadOptions, Medium, Model, Profile, Prompt, Runtime, RuntimeOptions,
    Sampling, Speculation, Stage, WeightFormat,
};
use lorgnette_tests::{
    Scratch, adapter, allocations, data, own_runtime, skipped, smollm2, texture_runtime,
};

use super::agree::device;
use super::alone;

/// What the driver may keep for itself from one model to the next.
const KEPT: isize = 64 << 10;

/// What the program holds above what it held before, at the most, since the last time it was asked.
struct Above(isize);

impl Above {
    fn now() -> Self {
        Self(allocations::live_from_now())
    }

    fn peak(&self) -> u64 {
        let peak = allocations::peak() - self.0;
        allocations::live_from_now();
        peak.max(0) as u64
    }
}

/// Encodes characters of every script, answers with everything that sampling may ask for, then scores; with drafts where the
/// model was loaded for them, which come from another session of it.
fn converse(model: &Model, drafts: bool) {
    for block in (0..0x3_0000).step_by(8000) {
        let chars = (block..block + 1000).filter_map(char::from_u32);
        let words: String = chars.flat_map(|char| [char, char, ' ', char]).collect();
        model.tokenizer().encode(&words);
    }
    let mut session = model.session().expect("a session");
    if drafts {
        let drafting = Speculation::Model(Box::new(model.session().expect("a session")));
        session.set_speculation(drafting).expect("drafts");
    }
    let sampling = Sampling {
        top_k: 0,
        repeat_penalty: 1.1,
        ..Sampling::default()
    };
    let options = GenerateOptions {
        max_tokens: Some(6),
        log_probabilities: true,
        sampling,
        ..Default::default()
    };
    let ids = [5, 6, 7, 8, 9];
    let events = session.generate(Prompt::Ids(&ids), &options);
    for event in events.expect("starts") {
        event.expect("no error");
    }
    session.score(&ids).expect("scores");
}

/// Bytes of the heap at the peak of reading the file and of what comes after, and what the plan says of both. When the
/// model is dropped, what is the device's stays: pipelines.
fn check(runtime: &Runtime, path: &Path, options: &LoadOptions, looseness: f64) {
    let above = Above::now();
    let mut reading = None;
    let model = Model::load(runtime, path, options, |_| {
        reading.get_or_insert_with(|| above.peak());
    });
    let model = model.expect("loads");
    let (host, memory) = (model.memory().host, model.memory().clone());
    converse(&model, options.speculation);
    let sessions = 1 + u64::from(options.speculation);
    let held = above.peak();
    // Where the references play, what would be on the GPU is on the heap.
    let on_heap = match runtime.counters().buffers {
        0 => memory.peak(sessions) - memory.params,
        _ => 0,
    };
    let reading = reading.expect("progress");
    drop(model);
    let kept = allocations::live() - above.0;
    let most_kept = host.device as isize + KEPT;
    println!("{kept} bytes stay of {most_kept}");
    assert!(kept <= most_kept, "{kept} bytes stay of {most_kept}");
    assert_eq!(runtime.counters().live_bytes, 0);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    println!(
        "{name}: reading {reading} of {}, then {} of {}",
        host.reading,
        held - on_heap.min(held),
        host.held(sessions)
    );
    assert!(reading <= host.reading + on_heap, "{name}: {host:?}");
    assert!(held <= host.held(sessions) + on_heap, "{name}: {host:?}");
    let most = reading.max(held) as f64 * looseness;
    let planned = host.held(sessions).max(host.reading) + on_heap;
    assert!(
        planned as f64 <= most,
        "{name}: {planned} planned, {most} at most"
    );
}

fn tiny(name: &str) -> PathBuf {
    data(&format!("llama3-tiny/{name}.gguf"))
}

#[test]
fn the_plan_bounds_the_heap() {
    let _turn = alone();
    // A small model, so that what is not of its size shows: twice what it takes is still little.
    for name in ["q4_0", "q4_k_m"] {
        for adapter in [Adapter::Auto, Adapter::Cpu] {
            let runtime = own_runtime(adapter, None);
            check(&runtime, &tiny(name), &LoadOptions::default(), 3.0);
        }
        let textures = texture_runtime(None);
        check(&textures, &tiny(name), &LoadOptions::default(), 3.0);
    }
}

#[test]
fn on_every_profile() {
    let _turn = alone();
    for profile in Profile::ALL {
        match device((profile, Medium::Buffer)) {
            Ok(runtime) => check(&runtime, &tiny("q4_0"), &LoadOptions::default(), 3.0),
            Err(error) => skipped("on_every_profile", &error.to_string()),
        }
    }
}

/// The first load on a device tries every variant of the kernels, before anything of the model is on it.
#[test]
fn with_trials_of_a_new_device() {
    let _turn = alone();
    let runtime = Runtime::new(RuntimeOptions {
        adapter: adapter(),
        ..Default::default()
    });
    let runtime = runtime.expect("a device");
    let above = Above::now();
    let (mut heap, mut gpu) = (0, 0);
    let model = Model::load(
        &runtime,
        tiny("q4_0"),
        &LoadOptions::default(),
        |progress| {
            if progress.stage == Stage::Trials {
                gpu = runtime.counters().peak_bytes;
                heap = heap.max(above.peak());
            }
        },
    );
    let memory = model.expect("loads").memory().clone();
    println!(
        "trying {heap} of {} on the heap, {gpu} on the GPU",
        memory.host.trying
    );
    assert!(heap <= memory.host.trying, "{:?}", memory.host);
    let moment = memory.total(1).max(memory.host.trying + gpu);
    assert_eq!(moment, memory.total(1));
    assert!(gpu > 0 && gpu < 2 << 20, "{gpu} bytes of the GPU");
    assert!(memory.host.trying <= 2 * heap, "{:?}", memory.host);
}

#[test]
fn with_the_whole_vocabulary_of_llama_3() {
    let _turn = alone();
    let shape = SynthShape {
        layers: 4,
        dim: 64,
        ffn: 128,
        heads: 2,
        kv_heads: 2,
        head_dim: 32,
        ..SynthShape::like("llama-3.2-1b").expect("a known shape")
    };
    let path = Scratch::new("accountant.gguf");
    synth(&shape, WeightFormat::Q4_0, 1, path.as_ref(), &mut |_, _| ()).expect("written");
    for streamed_layers in [0, 4] {
        let options = LoadOptions {
            streamed_layers,
            speculation: streamed_layers == 0,
            ..Default::default()
        };
        let runtime = own_runtime(Adapter::Auto, None);
        check(&runtime, path.as_ref(), &options, 1.5);
    }
}

#[test]
fn with_smollm2() {
    let _turn = alone();
    let Some(path) = smollm2::path("with_smollm2") else {
        return;
    };
    let runtime = own_runtime(Adapter::Auto, None);
    check(&runtime, &path, &LoadOptions::default(), 1.5);
}
