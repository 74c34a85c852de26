//! SwiftShader, a second software driver with the limits of small devices (256 invocations, subgroups of 4, no f16),
//! plays every kernel on some formats, and tiny models, through our own runtime. Ten times slower than the other one:
//! Dawn plays the rest there (`tint.rs`).

use std::path::{Path, PathBuf};
use std::process::Command;

use lorgnette::selftest::{Verdict, check};
use lorgnette::{LoadOptions, Runtime};
use lorgnette_shaders::WeightFormat;
use lorgnette_shaders::cases::small;
use lorgnette_tests::{runtime, tiny};

use super::{tool, tool_path};

/// Set where this program runs again, with that driver alone.
const THERE: &str = "LORGNETTE_SECOND_DRIVER";
/// One format with a scale a block, one with super-blocks, one of plain numbers.
const FORMATS: [WeightFormat; 3] = [WeightFormat::Q4_0, WeightFormat::Q6K, WeightFormat::F16];

/// What a Vulkan loader reads to find SwiftShader, where it is.
pub(super) fn driver() -> Option<PathBuf> {
    let path = tool_path("swiftshader").join("vk_swiftshader_icd.json");
    path.exists().then_some(path)
}

/// Lets a process find this driver and no other.
pub(super) fn use_driver(command: &mut Command, driver: &Path) {
    // The second is what older loaders know.
    for name in ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"] {
        command.env(name, driver);
    }
    command.env_remove("LORGNETTE_ADAPTER");
}

/// Runs a test of this program again, where SwiftShader is the only driver.
fn there(driver: &Path, test: &str) {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command
        .args(["--exact", test, "--nocapture"])
        .env(THERE, "1");
    use_driver(&mut command, driver);
    let output = command.output().expect("runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    println!("{text}");
    assert!(output.status.success(), "{text}\n{complaint}");
    assert!(text.contains("THERE "), "nothing was played: {text}");
}

#[test]
fn kernels_and_tiny_models_are_right_there() {
    let test = "kernels_and_tiny_models_are_right_there";
    if std::env::var_os(THERE).is_some() {
        return play(runtime());
    }
    if tool(test, "swiftshader").is_some() {
        let driver = driver().expect("it comes with its description");
        there(&driver, &format!("swiftshader::{test}"));
    }
}

fn play(runtime: &Runtime) {
    let adapter = runtime.adapter();
    assert!(adapter.name.contains("SwiftShader"), "{}", adapter.name);
    assert!(!adapter.features.contains(&"f16"), "{:?}", adapter.features);
    assert_eq!(adapter.max_workgroup_invocations, 256);
    assert_eq!(adapter.subgroup_sizes, (4, 4));

    let (mut played, mut wrong) = (0, Vec::new());
    for case in small() {
        let weights = case.shader.parts.weights;
        if weights.is_some_and(|format| !FORMATS.contains(&format)) {
            continue;
        }
        let result = check(runtime, &case);
        if result.verdict != Verdict::Passed {
            wrong.push(format!("{}: {}", result.case, result.message));
        }
        played += 1;
    }
    println!("\nTHERE {played} cases on {}", adapter.name);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));

    let distances = tiny::logit_distances_of(runtime, &LoadOptions::default(), &["short"]);
    for (name, distance) in distances {
        println!("{name}: max |d| {distance:.2e}");
        // The cache is f16.
        assert!(distance <= 2e-2, "{name}: max |d| {distance}");
    }
}
