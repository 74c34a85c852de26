//! Tint, the compiler of Chromium, reads every program: it holds barriers to uniform control flow, as browsers do and
//! naga does not. Then Dawn plays one case of every shader on SwiftShader, and the reference says whether it is right.

use std::collections::BTreeMap;
use std::path::Path;

use lorgnette_shaders::cases::{Case, small};
use lorgnette_shaders::programs;
use lorgnette_tests::kernels::tells_more;
use lorgnette_tests::skipped;
use serde_json::{Value, json};

use super::dawn::{Dawn, needs, request};
use super::swiftshader::driver;

#[test]
fn every_program_is_uniform_and_plays_its_case() {
    let test = "every_program_is_uniform_and_plays_its_case";
    let Some(dawn) = Dawn::find(test) else {
        return;
    };
    let mut cases: BTreeMap<String, Case> = BTreeMap::new();
    for case in small() {
        cases.entry(case.shader.label()).or_insert(case);
    }
    let programs: Vec<_> = programs()
        .into_iter()
        .map(|program| (program, &cases[&program.shader.label()]))
        .collect();
    let requests: Vec<Value> = programs
        .iter()
        .map(|(program, case)| request(program, tells_more(program).then_some(*case)))
        .collect();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("dawn");
    let (answers, asked) = dawn.ask_once(&requests, &folder);

    let (mut left, mut wrong) = (Vec::new(), Vec::new());
    for ((program, case), answer) in programs.iter().zip(&answers) {
        let (label, source) = (program.label(), program.source());
        // A source must not switch off what it is here to be held to.
        if source.contains("diagnostic(") {
            wrong.push(format!("{label} silences the compiler"));
        }
        if answer.complaints() != "[]" {
            wrong.push(format!("{label}: {}", answer.complaints()));
        } else if let Some(adapter) = answer.adapter() {
            let there = driver().is_none() || adapter.contains("SwiftShader");
            assert!(there, "{label} on {adapter}");
            if let Err(why) = case.compare(&answer.buffers(), &case.expected()) {
                wrong.push(format!("{label}: {}", why.message));
            }
        } else if tells_more(program) {
            let needs = program.variant.needs;
            assert!(driver().is_none() || !needs.is_empty(), "{label}");
            left.push(format!("{label} {needs:?}"));
        }
    }
    if !left.is_empty() {
        let reason = format!("no driver plays these for Dawn: {}", left.join(", "));
        skipped(test, &reason);
    }
    let all = programs.len();
    let played = programs.iter().filter(|(program, _)| tells_more(program));
    let played = played.count() - left.len();
    println!("{all} programs read, {played} played, {asked} of them since they last changed");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn wrong_shaders_are_found() {
    let Some(dawn) = Dawn::find("wrong_shaders_are_found") else {
        return;
    };
    let right = "workgroupBarrier(); words[lane] = shared_words[lane & 3];";
    let by_value = format!("if words[0] > 3 {{ {right} }}");
    let by_lane = format!("if lane > 3 {{ return; }} {right}");
    let not_uniform = Some("uniform control flow");
    let shaders = [
        ("", 64, right, None),
        ("", 64, &by_value, not_uniform),
        ("", 64, &by_lane, not_uniform),
        ("", 64, "words[lane] = 1.5;", Some("cannot convert")),
        ("", 512, right, Some("512")),
        ("enable f16;", 64, "words[lane] = u32(1.5h);", None),
        (
            "enable subgroups;",
            64,
            "words[0] = subgroupAdd(lane);",
            None,
        ),
        (
            "enable subgroups;",
            64,
            "if lane > 3 { words[0] = subgroupAdd(lane); }",
            not_uniform,
        ),
    ];
    let requests = shaders.map(|(enable, size, body, _)| plain(enable, size, body));
    let answers = dawn.ask(&requests);
    for ((_, _, body, expected), answer) in shaders.into_iter().zip(&answers) {
        let found = answer.complaints();
        match expected {
            None => assert_eq!(found, "[]", "{body}"),
            Some(words) => assert!(found.contains(words), "{body}: {found}"),
        }
    }
}

/// A shader of one buffer `words` and of workgroup memory, as `tint.mjs` takes it; nothing is to be played.
fn plain(enable: &str, size: u32, body: &str) -> Value {
    let source = format!(
        "{enable}
         var<workgroup> shared_words: array<u32, 4>;
         @group(0) @binding(2) var<storage, read_write> words: array<u32>;
         @compute @workgroup_size({size}) fn main(@builtin(local_invocation_index) lane: u32) {{ {body} }}"
    );
    let needs = needs(&source);
    json!({ "source": source, "entry": "main", "needs": needs, "binds": ["storage"], "constants": {} })
}
