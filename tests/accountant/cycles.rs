//! Fifty times a load, a word and a drop: every buffer, every byte of the heap and every page is given back.

use lorgnette::{Adapter, LoadOptions};
use lorgnette_tests::{allocations, data, load, own_runtime, skipped};

use super::alone;

const CYCLES: usize = 50;
/// What may stay from one cycle to all others, in bytes of the heap and in bytes resident.
const HEAP: isize = 64 << 10;
const RESIDENT: u64 = 8 << 20;

/// Bytes of this process that are in memory now, by Linux's account.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib << 10)
}

#[test]
fn all_is_given_back() {
    let _turn = alone();
    let runtime = own_runtime(Adapter::Auto, None);
    let mut heap = Vec::new();
    let mut pages = Vec::new();
    for cycle in 0..CYCLES {
        let options = LoadOptions {
            streamed_layers: cycle % 2 * 2,
            ..Default::default()
        };
        let model = load(&runtime, data("llama3-tiny/q4_0.gguf"), &options);
        let mut session = model.session().expect("a session");
        session.logits(&[1, 2, 3]).expect("logits");
        drop(session);
        drop(model);
        assert_eq!(runtime.counters().live_bytes, 0, "cycle {cycle}");
        heap.push(allocations::live());
        pages.extend(resident());
    }
    // The first cycles make the pipelines, which stay with the device, and fill what the system's allocator keeps.
    let warm = CYCLES / 5;
    let grown = heap[CYCLES - 1] - heap[warm];
    println!("heap {:?}, {grown} bytes more in the end", &heap[..3]);
    assert!(grown <= HEAP, "{grown} bytes of the heap stay: {heap:?}");
    let (Some(first), Some(last)) = (pages.get(warm), pages.last()) else {
        return skipped("all_is_given_back", "this system has no /proc/self/status");
    };
    println!("resident {first} after {warm} cycles, {last} after {CYCLES}");
    assert!(*last <= first + RESIDENT, "{pages:?}");
}
