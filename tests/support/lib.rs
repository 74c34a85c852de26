//! What the tests share: paths of committed data, the one device of a test binary, and distances between numbers.

pub mod smollm2;

use std::io::Write;
use std::path::PathBuf;
use std::sync::OnceLock;

use lorgnette::{Adapter, Runtime, RuntimeOptions};

/// A file of `tests/data`.
pub fn data(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/data")).join(name)
}

/// A JSON file of `tests/data`.
pub fn json(name: &str) -> serde_json::Value {
    let path = data(name);
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Little-endian f32 from a file of `tests/data`.
pub fn f32s(name: &str) -> Vec<f32> {
    let path = data(name);
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    bytemuck::pod_collect_to_vec(&bytes)
}

/// Token ids of a JSON array.
pub fn ids(value: &serde_json::Value) -> Vec<u32> {
    let id = |id: &serde_json::Value| {
        id.as_u64()
            .and_then(|id| u32::try_from(id).ok())
            .expect("a token id")
    };
    value
        .as_array()
        .expect("an array of ids")
        .iter()
        .map(id)
        .collect()
}

/// The device of this test binary: the adapter that `LORGNETTE_ADAPTER` names, else the best there is.
pub fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let adapter = std::env::var("LORGNETTE_ADAPTER").map_or(Adapter::Auto, Adapter::Named);
        let runtime = Runtime::new(RuntimeOptions {
            adapter,
            ..Default::default()
        })
        .expect("a Vulkan or Metal adapter");
        println!(
            "adapter: {} ({})",
            runtime.adapter().name,
            runtime.adapter().driver
        );
        runtime
    })
}

/// The largest distance between two lists.
pub fn max_distance(found: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(found.len(), expected.len(), "as many numbers as expected");
    let distance = |(a, b): (&f32, &f32)| {
        if (a - b).is_nan() {
            f32::INFINITY
        } else {
            (a - b).abs()
        }
    };
    found.iter().zip(expected).map(distance).fold(0.0, f32::max)
}

/// Says why a test checks nothing, past the test harness, which would keep it to itself.
pub fn skipped(test: &str, reason: &str) {
    let line = format!("SKIPPED {test}: {reason}\n");
    // Nothing can be done where even this cannot be said.
    std::io::stderr().write_all(line.as_bytes()).unwrap_or(());
}
