//! Every program past the compiler and the driver that the other tests use: naga's translations for other graphics
//! interfaces, Khronos' validator of SPIR-V, Google's WGSL compiler Tint, and SwiftShader as a second software driver.
//! What is not Rust comes from `.ci/compilers`; a test that lacks it says so.

mod spirv;
mod swiftshader;
mod tint;
mod translated;

use std::path::PathBuf;

use lorgnette_tests::skipped;

/// Where `.ci/compilers` puts what has this name.
fn tool_path(name: &str) -> PathBuf {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../.cache/compilers");
    PathBuf::from(root).join(name)
}

/// Its path where it is there, or a printed reason why `test` checks nothing.
fn tool(test: &str, name: &str) -> Option<PathBuf> {
    let path = tool_path(name);
    if !path.exists() {
        let reason = format!("there is no {name}; `make setup-test` says why");
        skipped(test, &reason);
        return None;
    }
    Some(path)
}
