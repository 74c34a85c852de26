//! What naga gives to a Vulkan driver, held against the rules of SPIR-V by Khronos' `spirv-val`: drivers take it unread,
//! and crash or miscompute where it is wrong.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use lorgnette_shaders::programs;
use naga::back::spv;

use super::tool;
use super::translated::Resolved;

/// Vulkan as old phones have it, and as new ones do, with the SPIR-V that each gets.
const TARGETS: [(&str, (u8, u8)); 2] = [("vulkan1.1", (1, 3)), ("vulkan1.3", (1, 6))];

fn validator(test: &str) -> Option<PathBuf> {
    Some(tool(test, "spirv-val")?.join("spirv-val"))
}

/// The validator's complaint about a module.
fn complaint(validator: &Path, target: &str, words: &[u32]) -> Option<String> {
    let mut child = Command::new(validator)
        .args(["--target-env", target, "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}", validator.display()));
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    let mut input = child.stdin.take().expect("piped");
    input.write_all(&bytes).expect("the validator reads");
    drop(input);
    let output = child.wait_with_output().expect("the validator ends");
    let text = [output.stdout, output.stderr].concat();
    (!output.status.success()).then(|| String::from_utf8_lossy(&text).into_owned())
}

/// Without the offsets and strides that naga gives to types outside of buffers, where no layout may be said
/// (VUID-StandaloneSpirv-None-10684, gfx-rs/wgpu#7696): the validator stops at the first, and would see nothing else.
fn without_stray_layouts(words: &[u32]) -> Vec<u32> {
    // Instructions, storage classes and decorations by their numbers in SPIR-V.
    const ARRAY_TO_STRUCT: std::ops::RangeInclusive<u32> = 28..=30;
    const POINTER: u32 = 32;
    const DECORATE: u32 = 71;
    const MEMBER_DECORATE: u32 = 72;
    const UNIFORM_AND_STORAGE: [u32; 2] = [2, 12];
    const ARRAY_STRIDE: u32 = 6;

    let (header, mut rest) = words.split_at(5);
    let mut instructions = Vec::new();
    while let Some(first) = rest.first() {
        let (instruction, behind) = rest.split_at((first >> 16) as usize);
        instructions.push((first & 0xffff, instruction));
        rest = behind;
    }
    let mut in_buffers = BTreeSet::new();
    // What a type is made of stands before it.
    for (code, i) in instructions.iter().rev() {
        if *code == POINTER && UNIFORM_AND_STORAGE.contains(&i[2]) {
            in_buffers.insert(i[3]);
        } else if ARRAY_TO_STRUCT.contains(code) && in_buffers.contains(&i[1]) {
            in_buffers.extend(&i[2..]);
        }
    }
    let stray = |(code, i): &(u32, &[u32])| match *code {
        DECORATE => i[2] == ARRAY_STRIDE && !in_buffers.contains(&i[1]),
        MEMBER_DECORATE => !in_buffers.contains(&i[1]),
        _ => false,
    };
    instructions.retain(|instruction| !stray(instruction));
    let kept = instructions.into_iter().map(|(_, i)| i);
    [header]
        .into_iter()
        .chain(kept)
        .flatten()
        .copied()
        .collect()
}

#[test]
fn every_module_is_valid() {
    let Some(validator) = validator("every_module_is_valid") else {
        return;
    };
    let (mut modules, mut wrong) = (0, Vec::new());
    for program in programs() {
        let label = program.label();
        let resolved = Resolved::new(&program, spv::supported_capabilities());
        for ((target, version), checked) in TARGETS.into_iter().zip([false, true]) {
            let words = resolved.spirv(version, checked);
            let words = words.unwrap_or_else(|e| panic!("{label} for {target}: {e}"));
            let words = without_stray_layouts(&words);
            if let Some(complaint) = complaint(&validator, target, &words) {
                wrong.push(format!("{label} for {target}: {complaint}"));
            }
            modules += 1;
        }
    }
    println!("{modules} modules validated");
    assert!(modules > 0);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_wrong_module_is_found() {
    let Some(validator) = validator("a_wrong_module_is_found") else {
        return;
    };
    let program = programs()[0];
    let resolved = Resolved::new(&program, spv::supported_capabilities());
    let (target, version) = TARGETS[0];
    let mut words = resolved.spirv(version, false).expect("SPIR-V");
    // The fourth word says how many ids there are.
    words[3] = 1;
    assert!(complaint(&validator, target, &words).is_some());
}
