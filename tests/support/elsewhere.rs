//! Tests of a binary once more on other devices: on every profile, and with every size of subgroup that the software
//! driver can have. Each device in a process of its own, because drivers read their settings once.

use std::path::Path;
use std::process::Command;

use lorgnette::{Error, Profile};

use crate::{open, runtime, skipped};

/// Bits of lavapipe's vectors; a subgroup has as many lanes of 32 bits as fit.
const WIDTHS: [u32; 3] = [128, 256, 512];

/// Plays `tests` (arguments of the test harness) on every profile but `native`, which has been played already; `name` is
/// this test's.
///
/// # Panics
/// With what the tests said where they fail.
pub fn on_every_profile(name: &str, tests: &[&str]) {
    if skips_other_adapters(name) {
        return;
    }
    for profile in Profile::ALL {
        if profile == Profile::NATIVE {
            continue;
        }
        match open(profile) {
            Ok(_) => {
                let settings = [("LORGNETTE_PROFILE", profile.name.to_owned())];
                let said = format!("profile {},", profile.name);
                again(profile.name, tests, &settings, &said);
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
}

/// Plays `tests` with subgroups of 4, 8 and 16 lanes, where the driver is Mesa's software driver. Its cache of compiled
/// shaders does not know their width: each has one of its own below `folder`.
///
/// # Panics
/// With what the tests said where they fail.
pub fn at_every_width(name: &str, tests: &[&str], folder: &Path) {
    if skips_other_adapters(name) {
        return;
    }
    let adapter = runtime().adapter();
    if !adapter.name.starts_with("llvmpipe") {
        let reason = format!("{} has no other sizes of subgroups", adapter.name);
        return skipped(name, &reason);
    }
    for width in WIDTHS {
        let lanes = width / 32;
        if adapter.subgroup_sizes == (lanes, lanes) {
            println!("{lanes} lanes: played already");
            continue;
        }
        let cache = folder.join(format!("mesa-{width}"));
        std::fs::create_dir_all(&cache).expect("a folder");
        let settings = [
            ("LP_NATIVE_VECTOR_WIDTH", width.to_string()),
            ("MESA_SHADER_CACHE_DIR", cache.display().to_string()),
        ];
        let said = format!("subgroups of ({lanes}, {lanes})");
        again(&format!("{lanes} lanes"), tests, &settings, &said);
    }
}

fn skips_other_adapters(name: &str) -> bool {
    let named = std::env::var_os("LORGNETTE_ADAPTER").is_some();
    if named {
        skipped(name, "only on the first adapter, for the time it takes");
    }
    named
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
