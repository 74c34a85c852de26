//! SwiftShader, a second software driver with the limits of small devices (256 invocations, subgroups of 4, no f16),
//! plays every variant of every kernel on some formats, and tiny models, through our own runtime. Ten times slower than
//! the other one: Dawn plays the rest there (`tint.rs`).

use std::path::PathBuf;

use lorgnette::LoadOptions;
use lorgnette_shaders::WeightFormat;
use lorgnette_shaders::cases::small;
use lorgnette_tests::{elsewhere, kernels, runtime, tiny};

use super::{tool, tool_path};

/// Set where this program runs again, with that driver alone.
const THERE: &str = "LORGNETTE_SECOND_DRIVER";
/// One format with a scale a block, one with super-blocks, one of plain numbers.
const FORMATS: [WeightFormat; 3] = [WeightFormat::Q4_0, WeightFormat::Q6K, WeightFormat::F16];

/// What lets a process find SwiftShader and no other driver; nothing where it is not there.
pub(super) fn driver() -> Option<[(&'static str, String); 2]> {
    let path: PathBuf = tool_path("swiftshader").join("vk_swiftshader_icd.json");
    let text = path.exists().then(|| path.display().to_string())?;
    // The second is what older loaders know.
    Some(["VK_DRIVER_FILES", "VK_ICD_FILENAMES"].map(|name| (name, text.clone())))
}

#[test]
fn kernels_and_tiny_models_are_right_there() {
    let test = "kernels_and_tiny_models_are_right_there";
    if std::env::var_os(THERE).is_some() {
        return play();
    }
    if tool(test, "swiftshader").is_none() {
        return;
    }
    let driver = driver().expect("it comes with its description");
    let adapter = ("LORGNETTE_ADAPTER", "SwiftShader".to_owned());
    let there = (THERE, "1".to_owned());
    let settings = [&driver[..], &[adapter, there]].concat();
    let tests = ["--exact", &format!("swiftshader::{test}")];
    elsewhere::again("SwiftShader", &tests, &settings, "SwiftShader");
}

fn play() {
    let adapter = runtime().adapter();
    assert!(!adapter.features.contains(&"f16"), "{:?}", adapter.features);
    assert_eq!(adapter.max_workgroup_invocations, 256);
    assert_eq!(adapter.subgroup_sizes, (4, 4));

    let mut cases = small();
    cases.retain(|case| {
        let weights = case.shader.parts.weights;
        weights.is_none_or(|format| FORMATS.contains(&format))
    });
    kernels::play(cases);

    let distances = tiny::logit_distances_of(runtime(), &LoadOptions::default(), &["short"]);
    for (name, distance) in distances {
        println!("{name}: max |d| {distance:.2e}");
        // The cache is f16.
        assert!(distance <= 2e-2, "{name}: max |d| {distance}");
    }
}
