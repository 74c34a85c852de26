//! The walls of the house: who may name what, how large a file may be; in `phone`, what a phone has to build. Searched as
//! text.

use std::path::{Path, PathBuf};

use lorgnette_shaders::KERNELS;

mod phone;

fn root() -> &'static Path {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("the workspace")
}

/// Every file below a folder of the workspace, by its path from there.
fn files(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder);
        let entries = entries.unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        for path in entries.map(|entry| entry.expect("an entry").path()) {
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "{folder} has files");
    found
}

fn sources(folders: &[&str], extension: &str) -> Vec<(String, String)> {
    let all = folders.iter().flat_map(|folder| files(folder));
    let wanted = all.filter(|path| path.extension().is_some_and(|e| e == extension));
    wanted
        .map(|path| {
            let name = path.strip_prefix(root()).expect("below the root");
            let text = std::fs::read_to_string(&path);
            let text = text.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            (name.to_string_lossy().replace('\\', "/"), text)
        })
        .collect()
}

/// Lines of code that hold `word` as a word of its own; comments may name everything.
fn lines_with<'a>(text: &'a str, word: &str) -> Vec<(usize, &'a str)> {
    let part_of_name = |c: char| c.is_alphanumeric() || c == '_';
    let holds = |line: &str| {
        line.match_indices(word).any(|(at, _)| {
            let before = line[..at].chars().next_back();
            let behind = line[at + word.len()..].chars().next();
            !before.is_some_and(part_of_name) && !behind.is_some_and(part_of_name)
        })
    };
    let lines = text.lines().enumerate();
    let code = lines.map(|(i, line)| (i + 1, line.split("//").next().unwrap_or_default()));
    code.filter(|(_, line)| holds(line)).collect()
}

/// No Rust source in `folders` holds the word, but those whose path starts with one of `allowed`.
fn only_in(folders: &[&str], word: &str, allowed: &[&str]) {
    let mut seen = false;
    for (path, text) in sources(folders, "rs") {
        let lines = lines_with(&text, word);
        let here = allowed.iter().any(|allowed| path.starts_with(allowed));
        seen |= here && !lines.is_empty();
        assert!(here || lines.is_empty(), "{path} names {word}: {lines:?}");
    }
    assert!(
        seen || allowed.is_empty(),
        "{word} is not even in {allowed:?}"
    );
}

#[test]
fn wgpu_is_named_in_one_room() {
    only_in(
        &["runtime/src", "shaders/src"],
        "wgpu",
        &["runtime/src/gpu/"],
    );
    let tests = sources(&["tests"], "rs");
    let word = ["wg", "pu::"].concat();
    for (path, text) in tests
        .iter()
        .filter(|(path, _)| !path.starts_with("tests/layers/"))
    {
        assert!(!text.contains(&word), "{path} talks to the device itself");
    }
    for folder in ["shaders", "tests"] {
        let manifest = std::fs::read_to_string(root().join(folder).join("Cargo.toml"));
        assert!(!manifest.expect("a manifest").contains("wgpu"), "{folder}");
    }
}

#[test]
fn uniffi_is_named_in_one_room_which_uses_the_public_surface() {
    only_in(
        &["runtime", "shaders", "bindings", "tests/support"],
        "uniffi",
        &["bindings/src/"],
    );
    only_in(&["bindings"], "lorgnette_shaders", &[]);
    for folder in ["runtime", "shaders", "tests"] {
        let manifest = std::fs::read_to_string(root().join(folder).join("Cargo.toml"));
        assert!(
            !manifest.expect("a manifest").contains("uniffi"),
            "{folder}"
        );
    }
}

#[test]
fn wgsl_is_only_in_shaders() {
    let elsewhere = sources(&["runtime", "tests"], "wgsl");
    assert!(
        elsewhere.is_empty(),
        "these belong to shaders: {elsewhere:?}"
    );
    for (path, text) in sources(&["runtime/src"], "rs") {
        for mark in [
            "@compute",
            "@group(",
            "var<storage",
            "@workgroup_size",
            ".wgsl\"",
        ] {
            assert!(!text.contains(mark), "{path} holds WGSL: {mark}");
        }
    }
}

#[test]
fn the_shaders_know_no_room_above_them() {
    only_in(&["shaders/src"], "lorgnette", &[]);
    only_in(&["shaders/src"], "naga", &[]);
}

#[test]
fn unsafe_is_only_where_a_file_is_mapped_or_lent_or_a_driver_reads_one() {
    let allowed = [
        "runtime/src/formats/",
        "runtime/src/gpu/cache.rs",
        "bindings/src/source.rs",
    ];
    let folders = ["runtime/src", "shaders/src", "bindings/src"];
    only_in(&folders, "unsafe", &allowed);
    for (path, text) in sources(&folders, "rs") {
        let lines = lines_with(&text, "unsafe").len();
        let reasons = text.matches("SAFETY").count();
        assert!(lines <= reasons, "{path}: {lines} uses, {reasons} reasons");
    }
}

#[test]
fn lower_rooms_do_not_import_upper_ones() {
    let below = [
        (
            "formats",
            &["gpu", "plan", "ops", "models", "model", "session", "memory"][..],
        ),
        (
            "tokenizer",
            &[
                "gpu", "plan", "ops", "models", "model", "session", "formats",
            ],
        ),
        (
            "models",
            &["gpu", "cpu", "model", "session", "player", "loader"],
        ),
        (
            "plan",
            &["gpu", "cpu", "ops", "models", "model", "session", "formats"],
        ),
        (
            "profiles/",
            &[
                "gpu", "cpu", "plan", "ops", "models", "model", "session", "formats", "memory",
            ],
        ),
        (
            "submits.rs",
            &["gpu", "cpu", "ops", "models", "model", "session", "formats"],
        ),
        ("frames.rs", &["gpu", "cpu", "plan", "model", "session"]),
        (
            "memory.rs",
            &["gpu", "cpu", "ops", "models", "model", "session", "formats"],
        ),
        (
            "budget",
            &["gpu", "cpu", "formats", "loader", "model", "session"],
        ),
        ("wait.rs", &["gate", "gpu", "cpu", "model", "session"]),
        ("gate.rs", &["gpu", "cpu", "plan", "model", "session"]),
        ("pace.rs", &["gpu", "cpu", "plan", "model", "session"]),
        (
            "record.rs",
            &["gpu", "cpu", "model", "session", "steps", "present"],
        ),
        ("realize.rs", &["session", "steps", "present", "model"]),
        ("present.rs", &["gpu", "cpu", "session", "steps", "formats"]),
        ("host.rs", &["gpu", "cpu", "model", "session", "blueprint"]),
        (
            "ops",
            &[
                "gpu", "cpu", "models", "model", "session", "formats", "memory",
            ],
        ),
        (
            "gpu/",
            &["ops", "models", "model", "session", "formats", "loader"],
        ),
        (
            "trust/",
            &[
                "cpu", "plan", "ops", "models", "model", "session", "formats", "loader", "memory",
            ],
        ),
        (
            "cpu.rs",
            &[
                "gpu", "ops", "models", "model", "session", "formats", "loader",
            ],
        ),
    ];
    let all = sources(&["runtime/src"], "rs");
    for (room, above) in below {
        let prefix = format!("runtime/src/{room}");
        let here: Vec<_> = all
            .iter()
            .filter(|(path, _)| path.starts_with(&prefix))
            .collect();
        assert!(!here.is_empty(), "{room} is somewhere");
        for (path, text) in here {
            for name in above {
                let lines = lines_with(text, &format!("crate::{name}"));
                assert!(lines.is_empty(), "{path} is below {name}: {lines:?}");
            }
        }
    }
}

#[test]
fn files_are_short() {
    for (extension, most) in [("rs", 400), ("wgsl", 150)] {
        for (path, text) in sources(&["runtime", "shaders", "bindings", "tests"], extension) {
            let lines = text.lines().count();
            assert!(lines <= most, "{path}: {lines} lines, at most {most}");
        }
    }
}

#[test]
fn files_say_what_they_are() {
    for (path, text) in sources(
        &["runtime/src", "shaders/src", "bindings/src", "tests"],
        "rs",
    ) {
        assert!(text.starts_with("//!"), "{path} has no head");
    }
    for (path, text) in sources(&["shaders/src"], "wgsl") {
        assert!(text.starts_with("//"), "{path} has no head");
    }
}

#[test]
fn a_kernel_is_in_all_its_places() {
    let mut expected: Vec<String> = KERNELS
        .iter()
        .map(|kernel| kernel.name.to_owned())
        .collect();
    expected.sort();
    let stems = |folder: &str, extension: &str, others: &[&str]| {
        let paths = files(folder).into_iter();
        let wanted = paths.filter(|path| path.extension().is_some_and(|e| e == extension));
        let stem = |path: PathBuf| path.file_stem().map(|s| s.to_string_lossy().into_owned());
        let mut names: Vec<String> = wanted.filter_map(stem).collect();
        names.retain(|name| !others.contains(&name.as_str()));
        names
    };
    assert_eq!(stems("shaders/src/kernels", "rs", &["mod"]), expected);
    // What is of all kernels, or of what they share.
    let others = ["main", "selftest", "everywhere", "cache", "sliding"];
    assert_eq!(stems("tests/kernels", "rs", &others), expected);
    // The plain variant has the kernel's own name; the others name themselves behind it, or what they share.
    let mut sources = Vec::new();
    for kernel in KERNELS {
        for variant in kernel.variants {
            let stem = match variant.name {
                "plain" => kernel.name.to_owned(),
                "subgroup" | "lanes" => format!("{}_teams", kernel.name),
                other => format!("{}_{other}", kernel.name),
            };
            let path = root().join(format!("shaders/src/kernels/{stem}.wgsl"));
            let text = std::fs::read_to_string(path).expect("a variant's file");
            assert_eq!(text, variant.wgsl, "{stem} is its own file");
            sources.push(stem);
        }
    }
    sources.sort();
    sources.dedup();
    assert_eq!(stems("shaders/src/kernels", "wgsl", &[]), sources);
}
