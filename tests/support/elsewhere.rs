//! Tests of a binary once more on other devices: on every profile, and with every size of subgroup that the software
//! driver can have. Each device in a process of its own, because drivers read their settings once.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

use lorgnette::{Error, Profile};

use crate::{open, runtime, skipped};

/// Every profile but `native`, in the order in which they are played, with the lanes of a subgroup where the driver is
/// Mesa's software driver: all sizes that it can have, the odd ones where subgroup operations are on. Those beside each
/// other differ, so that they do not compile the same at the same time.
const LANES: [(&str, u32); 6] = [
    ("webgpu-default", 8),
    ("mali-g7xx", 4),
    ("apple-a15", 16),
    ("glasses-floor", 8),
    ("adreno-6xx", 8),
    ("adreno-7xx", 8),
];
/// Processes at a time: one waits for its device more than half of the time.
const PROCESSES: usize = 2;

/// Whether these are the tests of the device as it is, and not once more on another one.
pub fn is_here() -> bool {
    std::env::var_os("LORGNETTE_PROFILE").is_none()
}

/// Plays `tests` (arguments of the test harness) on every profile but `native`, which has been played already, and with
/// subgroups of 4, 8 and 16 lanes. `name` is this test's; compiled shaders are kept below `folder`.
///
/// # Panics
/// With what the tests said where they fail.
pub fn play(name: &str, tests: &[&str], folder: &Path) {
    if std::env::var_os("LORGNETTE_ADAPTER").is_some() {
        return skipped(name, "only on the first adapter, for the time it takes");
    }
    let adapter = runtime().adapter();
    let software = adapter.name.starts_with("llvmpipe");
    if !software {
        let reason = format!("{} has no other sizes of subgroups", adapter.name);
        skipped(&format!("{name} with 4, 8 and 16 lanes"), &reason);
    }
    assert_eq!(LANES.len() + 1, Profile::ALL.len(), "profiles");
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some((profile, lanes)) = LANES.get(next.fetch_add(1, Relaxed)) {
            let mut profiles = Profile::ALL.into_iter();
            let profile = profiles.find(|known| known.name == *profile);
            let profile = profile.expect("a profile of that name");
            let lanes = software.then_some(*lanes);
            on(profile, lanes, name, tests, folder);
        }
    };
    thread::scope(|scope| {
        for _ in 0..PROCESSES {
            scope.spawn(work);
        }
    });
}

/// The tests on one profile.
fn on(profile: Profile, lanes: Option<u32>, name: &str, tests: &[&str], folder: &Path) {
    match open(profile) {
        Ok(_) => {
            let (device, settings) = other(profile, lanes, folder);
            again(&device, tests, &settings, &device);
        }
        Err(Error::Unsupported {
            expected, found, ..
        }) => {
            let reason = format!("this adapter has {found}, {expected} is needed");
            skipped(&format!("{name} on {}", profile.name), &reason);
        }
        Err(error) => panic!("{}: {error}", profile.name),
    }
}

/// How the line in which [`runtime`] names its device has it, and the settings that make it so.
fn other(
    profile: Profile,
    lanes: Option<u32>,
    folder: &Path,
) -> (String, Vec<(&'static str, String)>) {
    let mut device = format!("profile {}, ", profile.name);
    let mut settings = vec![("LORGNETTE_PROFILE", profile.name.to_owned())];
    if let Some(lanes) = lanes {
        device += &format!("subgroups of ({lanes}, {lanes})");
        // Mesa's cache of compiled shaders does not know how wide they are.
        let cache = folder.join(format!("mesa-{lanes}"));
        std::fs::create_dir_all(&cache).expect("a folder");
        settings.extend([
            ("LP_NATIVE_VECTOR_WIDTH", (32 * lanes).to_string()),
            ("MESA_SHADER_CACHE_DIR", cache.display().to_string()),
        ]);
    }
    (device, settings)
}

/// The tests in another process, which must say that it is on the device meant: `said` is in the line in which
/// [`runtime`] names it.
///
/// # Panics
/// With what the tests said where they fail, or where none was played.
pub fn again(device: &str, tests: &[&str], settings: &[(&str, String)], said: &str) {
    let program = std::env::current_exe().expect("this program");
    let output = Command::new(program)
        .args(tests)
        .arg("--nocapture")
        .envs(settings.iter().map(|(name, value)| (name, value)))
        .output()
        .expect("this program starts");
    let text = String::from_utf8_lossy(&output.stdout);
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{device}: {text}\n{complaints}");
    // The harness may have begun a line of its own before it.
    let line = |mark: &str| text.lines().find(|line| line.contains(mark));
    let adapter = line("adapter: ").unwrap_or_else(|| panic!("{device}: no adapter: {text}"));
    assert!(adapter.contains(said), "{device}: played on {adapter}");
    let result = line("test result: ok. ").unwrap_or_else(|| panic!("{device}: {text}"));
    assert!(!result.contains(" 0 passed"), "{device}: {result}");
    println!("{device}: {result}");
}
