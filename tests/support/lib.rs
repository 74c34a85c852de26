//! What the tests share: paths of committed data, the one device of a test binary, models and scratch files, and distances
//! between numbers.

pub mod allocations;
pub mod asking;
pub mod elsewhere;
pub mod kernels;
pub mod smollm2;
pub mod tiny;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use lorgnette::{Adapter, LoadOptions, Model, Profile, Runtime, RuntimeOptions, Session, Variants};

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

/// The device of this test binary: the adapter that `LORGNETTE_ADAPTER` names, else the best there is, with the profile
/// that `LORGNETTE_PROFILE` names, else all it has. Variants are taken in order, not by the clock: two runs, and two
/// runtimes, give the same bits.
pub fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let profile = std::env::var("LORGNETTE_PROFILE").map_or(Profile::NATIVE, |name| {
            Profile::named(&name).unwrap_or_else(|| panic!("no profile {name}"))
        });
        let runtime = open(profile).expect("a Vulkan or Metal adapter");
        let adapter = runtime.adapter();
        println!(
            "adapter: {} ({}), profile {}, subgroups of {:?}",
            adapter.name, adapter.driver, profile.name, adapter.subgroup_sizes
        );
        runtime
    })
}

/// The adapter of [`runtime`] as another device.
pub fn open(profile: Profile) -> lorgnette::Result<Runtime> {
    Runtime::new(RuntimeOptions {
        adapter: adapter(),
        profile,
        variants: Variants::in_order(),
        ..Default::default()
    })
}

/// The adapter of [`runtime`].
pub fn adapter() -> Adapter {
    std::env::var("LORGNETTE_ADAPTER").map_or(Adapter::Auto, Adapter::Named)
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

/// A model on `runtime`.
pub fn load(runtime: &Runtime, path: impl AsRef<Path>, options: &LoadOptions) -> Model {
    let path = path.as_ref();
    Model::load(runtime, path, options, |_| ())
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A device of its own, so that nobody else's work is in its counts: the adapter of [`runtime`], or the references.
pub fn own_runtime(adapter: Adapter, max_binding_bytes: Option<u64>) -> Runtime {
    with_variants(adapter, max_binding_bytes, Variants::in_order())
}

/// The same with matrices in textures.
pub fn texture_runtime(max_binding_bytes: Option<u64>) -> Runtime {
    let pinned = Variants::in_order().pin("weights", "texture");
    with_variants(Adapter::Auto, max_binding_bytes, pinned)
}

fn with_variants(adapter: Adapter, max_binding_bytes: Option<u64>, variants: Variants) -> Runtime {
    let adapter = match adapter {
        Adapter::Auto => self::adapter(),
        other => other,
    };
    Runtime::new(RuntimeOptions {
        adapter,
        max_binding_bytes,
        variants,
        ..Default::default()
    })
    .expect("an adapter")
}

/// Does `work`, which is cancelled from another thread once the device has done so many dispatches of it.
pub fn cancelled_within<T>(
    runtime: &Runtime,
    session: &mut Session,
    dispatches: u64,
    work: impl FnOnce(&mut Session) -> T,
) -> T {
    let before = runtime.counters().dispatches;
    let canceller = session.canceller();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let start = Instant::now();
            while runtime.counters().dispatches < before + dispatches {
                assert!(start.elapsed() < Duration::from_secs(120), "work goes on");
                std::thread::sleep(Duration::from_micros(50));
            }
            canceller.cancel();
        });
        work(session)
    })
}

/// Bytes that are free where scratch files go, as `df` says.
pub fn free_bytes() -> Option<u64> {
    let asked = Command::new("df")
        .arg("-Pk")
        .arg(std::env::temp_dir())
        .output();
    let text = String::from_utf8(asked.ok()?.stdout).ok()?;
    let kib: u64 = text
        .lines()
        .nth(1)?
        .split_whitespace()
        .nth(3)?
        .parse()
        .ok()?;
    Some(kib << 10)
}

/// The most bytes of this process that were in memory at once, by Linux's account.
pub fn most_resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib << 10)
}

/// Begins [`most_resident`] anew; `false` where Linux does not let us.
pub fn forget_most_resident() -> bool {
    // See proc_pid_clear_refs(5).
    std::fs::write("/proc/self/clear_refs", "5").is_ok()
}

/// A file that a test writes; it is gone when this is dropped.
pub struct Scratch(PathBuf);

impl Scratch {
    /// A path in the system's folder for such files, another for each process.
    pub fn new(name: &str) -> Self {
        let name = format!("lorgnette-{}-{name}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }
}

impl AsRef<Path> for Scratch {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // It may never have been written.
        std::fs::remove_file(&self.0).unwrap_or(());
    }
}
