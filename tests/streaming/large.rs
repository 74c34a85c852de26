//! A model of Llama 3.2 1B's shape, about 735 MiB of weights, in processes of their own: with all of it in memory and
//! within budgets of 450 and 320 MiB. The same logits, the bytes that were planned, and little beside them.

use std::path::Path;
use std::process::Command;

use lorgnette::formats::Checkpoint;
use lorgnette::synth::{SynthShape, synth};
use lorgnette::{
    Adapter, AdapterKind, Blueprint, Budget, COMMON_BINDING_BYTES, KvFormat, LoadOptions, Runtime,
    WeightFormat,
};
use lorgnette_tests::{
    Scratch, forget_most_resident, free_bytes, load, most_resident, own_runtime, skipped,
};

/// Set where this program runs again: the budget in MiB, 0 for none, and the file.
const BUDGET: &str = "LORGNETTE_BUDGET";
const FILE: &str = "LORGNETTE_FILE";
const TEST: &str = "a_1b_model_in_450_and_320_mib";
/// What a process may hold beside its GPU buffers and what was there before the model: far less than a layer.
const BESIDE: u64 = 16 << 20;

/// Keys and values are pinned, so that logits can be compared: f16 would need a little more than 320 MiB.
fn options(mebibytes: u64) -> LoadOptions {
    let budget = Budget::bytes(mebibytes << 20).kv_no_worse_than(KvFormat::Q8_0);
    LoadOptions {
        context: Some(512),
        kv: KvFormat::Q8_0,
        budget: (mebibytes > 0).then_some(budget),
        ..Default::default()
    }
}

/// Two tokens, so that the second finds in the slots what the first left there; their logits in one number.
fn logits(runtime: &Runtime, mebibytes: u64, path: &Path) -> u64 {
    let model = load(runtime, path, &options(mebibytes));
    let mut session = model.session().expect("a session");
    let mut hash: u64 = 0;
    for ids in [&[128_000][..], &[128_000, 77]] {
        let logits = session.logits(ids).expect("logits");
        let words = logits.iter().map(|logit| u64::from(logit.to_bits()));
        // FNV-1a over whole words.
        hash = words.fold(hash, |hash, word| {
            (hash ^ word).wrapping_mul(0x100_0000_01b3)
        });
    }
    hash
}

fn measured(mebibytes: u64, path: &Path) {
    let runtime = own_runtime(Adapter::Auto, None);
    // The driver's compiler takes tens of megabytes, more or less of them by how its threads met, and keeps what it made.
    // All is compiled in the first run: what is there behind it is the driver's and the program's own. The second is
    // measured.
    let first = logits(&runtime, mebibytes, path);
    let known = forget_most_resident() && runtime.adapter().kind == AdapterKind::Software;
    let before = most_resident();
    let again = logits(&runtime, mebibytes, path);
    assert_eq!(again, first, "logits of the model loaded again");
    let peak = runtime.counters().peak_bytes;
    let (known, before, most) = match (before, most_resident()) {
        (Some(before), Some(most)) => (known, before, most),
        _ => (false, 0, 0),
    };
    println!("\nMEASURED {again} {peak} {known} {before} {most}");
}

/// What a process of its own measured.
struct Measured {
    /// Of both tokens, in one number.
    logits: u64,
    /// Bytes of GPU buffers at the peak.
    peak: u64,
    /// Bytes in memory before the model was there, and the most while it was. Not where Linux does not say, nor where a
    /// GPU has memory of its own, whose bytes are not the process's.
    resident: Option<(u64, u64)>,
}

fn run(mebibytes: u64, path: &Path) -> Measured {
    let output = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", &format!("large::{TEST}"), "--nocapture"])
        .env(BUDGET, mebibytes.to_string())
        .env(FILE, path)
        // glibc gives back what was freed, so that what the compiler took and left is not counted as in use.
        .env("MALLOC_ARENA_MAX", "1")
        .env("MALLOC_MMAP_THRESHOLD_", "131072")
        .env("MALLOC_TRIM_THRESHOLD_", "131072")
        .output()
        .expect("runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    let line = text.lines().find_map(|line| line.strip_prefix("MEASURED "));
    let line = line.unwrap_or_else(|| panic!("nothing measured: {text}\n{complaint}"));
    let words: Vec<&str> = line.split(' ').collect();
    let [logits, peak, before, most] =
        [0, 1, 3, 4].map(|i: usize| words[i].parse().expect("bytes"));
    Measured {
        logits,
        peak,
        resident: (words[2] == "true").then_some((before, most)),
    }
}

#[test]
fn a_1b_model_in_450_and_320_mib() {
    if let (Some(budget), Some(file)) = (std::env::var_os(BUDGET), std::env::var_os(FILE)) {
        let mebibytes = budget.to_string_lossy().parse().expect("MiB");
        return measured(mebibytes, file.as_ref());
    }
    if let Some(reason) = too_small() {
        return skipped(TEST, &reason);
    }
    let shape = SynthShape::like("llama-3.2-1b").expect("a known shape");
    let path = Scratch::new("streamed-1b.gguf");
    synth(&shape, WeightFormat::Q4_0, 1, path.as_ref(), &mut |_, _| ()).expect("written");
    let file = Checkpoint::open(path.as_ref()).expect("opens");
    let mut logits = None;
    for mebibytes in [0, 450, 320] {
        let blueprint = Blueprint::new(&file, &options(mebibytes), COMMON_BINDING_BYTES);
        let Blueprint {
            memory,
            streamed_bytes_per_token,
            ..
        } = blueprint.expect("a plan");
        let (streamed, total) = (memory.streamed_layers, memory.total(1));
        let found = run(mebibytes, path.as_ref());
        println!(
            "{mebibytes} MiB: {total} bytes, {streamed} layers streamed, {streamed_bytes_per_token} bytes a token: {} bytes at the peak, {:?} resident before and at the most",
            found.peak, found.resident
        );
        // Those of the model that has all layers in memory, which is the first.
        let expected = *logits.get_or_insert(found.logits);
        assert_eq!(found.logits, expected, "logits, {streamed} layers streamed");
        assert_eq!(found.peak, memory.peak(1), "as planned");
        if mebibytes == 0 {
            assert!(streamed == 0 && found.peak > 735 << 20, "all in memory");
        } else {
            assert!(total <= mebibytes << 20, "{total} bytes");
            assert!(streamed > 0 && memory.staging <= 8 << 20);
        }
        match found.resident {
            None => skipped(
                TEST,
                "what this process holds of the GPU's memory is not known",
            ),
            Some((before, most)) => {
                let bound = before + found.peak + BESIDE;
                assert!(most <= bound, "{most} bytes resident, at most {bound}");
            }
        }
    }
}

/// Why the machine does not do for this test.
fn too_small() -> Option<String> {
    match free_bytes() {
        Some(free) if free > 2 << 30 => None,
        Some(free) => Some(format!("{free} bytes are free for files, 2 GiB needed")),
        None => Some("`df` does not say how much is free".into()),
    }
}
