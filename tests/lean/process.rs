//! The whole process, driver and its compiler included, over load and decode: the most bytes that were in memory at once,
//! as Linux counts them.

use std::process::Command;

use lorgnette::{Adapter, AdapterKind, LoadOptions};
use lorgnette_tests::{load, most_resident, own_runtime, skipped, smollm2};

use super::generate;

/// Set where this program runs again to be measured.
const MEASURED: &str = "LORGNETTE_MEASURED";
/// What the process may hold beside the GPU's bytes, which on a software driver are its own too.
const BESIDE: u64 = 250_000_000;

/// Load, prompt and decode, and what is left to say of it: bytes resident, bytes of GPU buffers.
fn measured(path: &std::path::Path) {
    let runtime = own_runtime(Adapter::Auto, None);
    let options = LoadOptions {
        context: Some(2048),
        ..Default::default()
    };
    let model = load(&runtime, path, &options);
    let mut session = model.session().expect("a session");
    generate(&mut session, 3, || ());
    let resident = most_resident().expect("it was there before");
    let software = runtime.adapter().kind == AdapterKind::Software;
    let gpu = runtime.counters().peak_bytes;
    println!("\nMEASURED {resident} {gpu} {software}");
}

/// In a process of its own, where nothing else takes memory.
#[test]
fn smollm2_in_a_process_of_its_own() {
    let test = "smollm2_in_a_process_of_its_own";
    let Some(path) = smollm2::path(test) else {
        return;
    };
    if most_resident().is_none() {
        return skipped(test, "this system has no /proc/self/status");
    }
    if std::env::var_os(MEASURED).is_some() {
        return measured(&path);
    }
    let program = std::env::current_exe().expect("this program");
    let output = Command::new(program)
        .args(["--exact", &format!("process::{test}"), "--nocapture"])
        .env(MEASURED, "1")
        .output()
        .expect("runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    let line = text.lines().find_map(|line| line.strip_prefix("MEASURED "));
    let line = line.unwrap_or_else(|| panic!("nothing measured: {text}\n{complaint}"));
    let words: Vec<&str> = line.split(' ').collect();
    let [resident, gpu] = [0, 1].map(|i: usize| words[i].parse::<u64>().expect("bytes"));
    let software = words[2] == "true";
    println!("{resident} bytes resident at most, {gpu} bytes of GPU buffers, software: {software}");
    // Where a GPU has memory of its own, its bytes are not the process's.
    let bound = BESIDE + if software { gpu } else { 0 };
    assert!(
        resident <= bound,
        "{resident} bytes resident, at most {bound}"
    );
    assert!(
        gpu > 90_000_000,
        "{gpu} bytes of GPU buffers: the model was there"
    );
}
