//! A model of Llama 3.2 1B's shape, about 735 MiB of weights, in processes of their own: with all of it in memory and
//! within budgets of 450 and 320 MiB. The same logits, the bytes that were planned, and little beside them.

use std::process::Command;

use lorgnette::formats::Checkpoint;
use lorgnette::synth::{SynthShape, synth};
use lorgnette::{
    Adapter, AdapterKind, Blueprint, Budget, COMMON_BINDING_BYTES, KvFormat, LoadOptions,
    WeightFormat,
};
use lorgnette_tests::{
    Scratch, forget_most_resident, free_bytes, load, most_resident, own_runtime, skipped,
};

/// Set where this program runs again: the budget in MiB, 0 for none, and the file.
const BUDGET: &str = "LORGNETTE_BUDGET";
const FILE: &str = "LORGNETTE_FILE";
const TEST: &str = "a_1b_model_in_450_and_320_mib";
/// What a process that streams may hold more beside its GPU buffers than one that does not: far less than a layer.
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

/// Two tokens, so that the second finds in the slots what the first left there.
fn measured(mebibytes: u64, path: &std::path::Path) {
    let runtime = own_runtime(Adapter::Auto, None);
    // The driver's compiler takes tens of megabytes, and how much of the weights is there by then is a matter of time: the
    // first load makes the pipelines, the second is measured.
    drop(load(&runtime, path, &options(mebibytes)));
    forget_most_resident();
    let model = load(&runtime, path, &options(mebibytes));
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
    let software = runtime.adapter().kind == AdapterKind::Software;
    let (resident, peak) = (most_resident().unwrap_or(0), runtime.counters().peak_bytes);
    println!("\nMEASURED {hash} {peak} {resident} {software}");
}

/// Logits in one number, bytes of GPU buffers at the peak, bytes in memory at the peak where they are known.
fn run(mebibytes: u64, path: &std::path::Path) -> (u64, u64, Option<u64>) {
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
    let [hash, peak, resident] = [0, 1, 2].map(|i: usize| words[i].parse().expect("a number"));
    // Where a GPU has memory of its own, its bytes are not the process's.
    let known = words[3] == "true" && resident > 0;
    (hash, peak, known.then_some(resident))
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
    let planned = |mebibytes| {
        let blueprint = Blueprint::new(&file, &options(mebibytes), COMMON_BINDING_BYTES);
        blueprint.expect("a plan")
    };
    let (logits, peak, resident) = run(0, path.as_ref());
    assert_eq!(peak, planned(0).memory.peak(1));
    assert!(peak > 735 << 20, "{peak} bytes with all layers in memory");
    // A software driver has the GPU's bytes in this process, beside its compiler and itself.
    let driver = resident.map(|resident| resident - peak);
    for mebibytes in [450, 320] {
        let blueprint = planned(mebibytes);
        let memory = &blueprint.memory;
        let (streamed, total) = (memory.streamed_layers, memory.total(1));
        let (found, peak, resident) = run(mebibytes, path.as_ref());
        println!(
            "{mebibytes} MiB: {total} bytes, {streamed} layers streamed, {} bytes a token: {peak} bytes at the peak, {resident:?} resident, {driver:?} of it the driver's",
            blueprint.streamed_bytes_per_token
        );
        assert_eq!(found, logits, "logits with {streamed} layers streamed");
        assert_eq!(peak, memory.peak(1), "as planned");
        assert!(total <= mebibytes << 20, "{total} bytes");
        assert!(streamed > 0 && memory.staging <= 8 << 20);
        if let (Some(resident), Some(driver)) = (resident, driver) {
            let most = memory.peak(1) + driver + BESIDE;
            assert!(
                resident <= most,
                "{resident} bytes resident, at most {most}"
            );
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
