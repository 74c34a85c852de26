//! What a phone has to build, as `cargo tree` says: one graphics API, no command line, no network, no C.

use std::process::Command;

use super::root;

/// The packages that a phone app would build, for one target: each a name, a version and features.
fn phone_packages(target: &str) -> Vec<String> {
    let output = Command::new(env!("CARGO"))
        .current_dir(root())
        .args([
            "tree",
            "-p",
            "lorgnette-bindings",
            "--no-default-features",
            "--locked",
        ])
        .args([
            "-e",
            "normal,build",
            "--prefix",
            "none",
            "--format",
            "{p} {f}",
        ])
        .args(["--target", target])
        .output()
        .expect("cargo runs");
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "cargo tree for {target}: {message}"
    );
    let text = String::from_utf8(output.stdout).expect("names");
    text.lines().map(str::to_owned).collect()
}

fn package_name(package: &str) -> &str {
    package.split(' ').next().unwrap_or_default()
}

#[test]
fn a_phone_builds_the_one_graphics_api_it_has() {
    let apis = [
        ("aarch64-linux-android", "ash", "spv-out"),
        ("x86_64-unknown-linux-gnu", "ash", "spv-out"),
        ("aarch64-apple-ios", "objc2-metal", "msl-out"),
    ];
    for (target, api, compiler) in apis {
        let packages = phone_packages(target);
        let has = |name: &str| packages.iter().any(|found| package_name(found) == name);
        for other in [
            "ash",
            "objc2-metal",
            "glow",
            "khronos-egl",
            "windows",
            "web-sys",
        ] {
            assert_eq!(has(other), other == api, "{other} on {target}");
        }
        let naga = packages.iter().find(|found| package_name(found) == "naga");
        let naga = naga.expect("the shader compiler");
        for other in [
            "spv-out", "msl-out", "hlsl-out", "glsl-out", "dot-out", "glsl-in", "spv-in",
        ] {
            assert_eq!(naga.contains(other), other == compiler, "{target}: {naga}");
        }
    }
}

#[test]
fn a_phone_builds_no_command_line_no_network_and_no_c() {
    let forbidden = [
        "clap",
        "tokio",
        "hyper",
        "reqwest",
        "ureq",
        "rustls",
        "native-tls",
        "openssl",
        "openssl-sys",
        "ring",
        "aws-lc-rs",
        "cc",
        "cmake",
        "bindgen",
        "onig",
        "onig_sys",
    ];
    for target in ["aarch64-linux-android", "aarch64-apple-ios"] {
        let packages = phone_packages(target);
        assert!(
            ["wgpu", "uniffi"]
                .iter()
                .all(|n| packages.iter().any(|found| package_name(found) == *n)),
            "{target}: {packages:?}"
        );
        for name in forbidden {
            assert!(
                !packages.iter().any(|found| package_name(found) == name),
                "{target} builds {name}"
            );
        }
    }
}
