//! Tint, the compiler of Chromium, reads every program: it holds barriers to uniform control flow, as browsers do and
//! naga does not. Then Dawn plays one case of each on SwiftShader, and the reference says whether it is right.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use lorgnette_shaders::cases::{Case, small};
use lorgnette_shaders::kernel::Bind;
use lorgnette_shaders::{Program, programs};
use lorgnette_tests::skipped;
use serde_json::{Value, json};

use super::swiftshader::driver;
use super::tool;

/// The optional features that a source uses, by their names in WebGPU.
fn needs(source: &str) -> Vec<&'static str> {
    let known = [("enable f16;", "shader-f16"), ("subgroup", "subgroups")];
    let used = known.into_iter().filter(|(mark, _)| source.contains(mark));
    used.map(|(_, feature)| feature).collect()
}

/// A program as `tint.mjs` takes it.
fn request(program: &Program) -> Value {
    let kernel = program.shader.kernel;
    let mut source = program.source();
    let needs = needs(&source);
    // Tint wants to be told; naga does not know the line.
    if needs.contains(&"subgroups") {
        source.insert_str(0, "enable subgroups;\n");
    }
    let storage = |bind: &Bind| match bind.access.writes() {
        true => "storage",
        false => "read-only-storage",
    };
    let binds: Vec<&str> = kernel.binds.iter().map(storage).collect();
    let constants: BTreeMap<&str, u32> = program.variant.constants.iter().copied().collect();
    let entry = kernel.name;
    json!({ "source": source, "entry": entry, "needs": needs, "binds": binds, "constants": constants })
}

/// Tint's compiler and Dawn's device, in Node.
struct Dawn {
    node: PathBuf,
    webgpu: PathBuf,
}

impl Dawn {
    fn find(test: &str) -> Option<Self> {
        Some(Self {
            node: tool(test, "node")?.join("node"),
            webgpu: tool(test, "webgpu")?,
        })
    }

    /// What `tint.mjs` says of these, one result each.
    fn ask(&self, requests: &[Value]) -> Value {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/compilers/tint.mjs");
        let mut command = Command::new(&self.node);
        command.arg(script).arg(&self.webgpu);
        command.envs(driver().into_iter().flatten());
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", self.node.display()));
        let text = serde_json::to_vec(requests).expect("JSON");
        let mut input = child.stdin.take().expect("piped");
        let sent = input.write_all(&text);
        drop(input);
        let output = child.wait_with_output().expect("the script ends");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {complaint}", output.status);
        sent.expect("the script reads all of it");
        let answer: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let results = answer["results"].as_array().map(Vec::len);
        assert_eq!(results, Some(requests.len()), "one result each");
        answer
    }
}

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
    let programs = programs();
    let with_case = |program: &Program| {
        let case = &cases[&program.shader.label()];
        let mut request = request(program);
        let words = |bytes: &[u8]| bytemuck::pod_collect_to_vec::<u8, u32>(bytes);
        request["case"] = json!({
            "params": words(&case.params),
            "step": words(bytemuck::bytes_of(&case.step)),
            "buffers": case.buffers,
            "grid": (program.variant.grid)(&case.params, &case.step),
        });
        request
    };
    let requests: Vec<Value> = programs.iter().map(with_case).collect();
    let answer = dawn.ask(&requests);
    println!("Tint and Dawn on {}", answer["adapter"]);
    if driver().is_some() {
        let adapter = answer["adapter"].as_str().unwrap_or_default();
        assert!(adapter.contains("SwiftShader"), "{adapter}");
    }
    let (mut left, mut wrong) = (Vec::new(), Vec::new());
    for (i, program) in programs.iter().enumerate() {
        let (label, result) = (program.label(), &answer["results"][i]);
        // A source must not switch off what it is here to be held to.
        if program.source().contains("diagnostic(") {
            wrong.push(format!("{label} silences the compiler"));
        }
        if result["complaints"] != json!([]) {
            wrong.push(format!("{label}: {:#}", result["complaints"]));
        } else if result["able"] == json!(true) {
            let case = &cases[&program.shader.label()];
            let found: Vec<Vec<u32>> =
                serde_json::from_value(result["buffers"].clone()).expect("buffers of words");
            if let Err(why) = case.compare(&found, &case.expected()) {
                wrong.push(format!("{label}: {}", why.message));
            }
        } else {
            let needs = &requests[i]["needs"];
            assert!(driver().is_none() || *needs != json!([]), "{label}");
            left.push(format!("{label} {needs}"));
        }
    }
    if !left.is_empty() {
        let reason = format!("no driver plays these for Dawn: {}", left.join(", "));
        skipped(test, &reason);
    }
    let played = programs.len() - left.len();
    println!("{} programs read, {played} played", programs.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn wrong_shaders_are_found() {
    let test = "wrong_shaders_are_found";
    let Some(dawn) = Dawn::find(test) else {
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
        ("f16", 64, "words[lane] = u32(1.5h);", None),
        ("subgroups", 64, "words[0] = subgroupAdd(lane);", None),
        (
            "subgroups",
            64,
            "if lane > 3 { words[0] = subgroupAdd(lane); }",
            not_uniform,
        ),
    ];
    let requests = shaders.map(|(enable, size, body, _)| plain(enable, size, body));
    let answer = dawn.ask(&requests);
    for (i, (_, _, body, expected)) in shaders.into_iter().enumerate() {
        let found = answer["results"][i]["complaints"].to_string();
        match expected {
            None => assert_eq!(found, "[]", "{body}"),
            Some(words) => assert!(found.contains(words), "{body}: {found}"),
        }
    }
}

/// A shader of one buffer `words` and of workgroup memory, as `tint.mjs` takes it; nothing is to be played.
fn plain(enable: &str, size: u32, body: &str) -> Value {
    let enable = match enable {
        "" => String::new(),
        feature => format!("enable {feature};"),
    };
    let source = format!(
        "{enable}
         var<workgroup> shared_words: array<u32, 4>;
         @group(0) @binding(2) var<storage, read_write> words: array<u32>;
         @compute @workgroup_size({size}) fn main(@builtin(local_invocation_index) lane: u32) {{ {body} }}"
    );
    json!({ "source": source, "entry": "main", "needs": needs(&source), "binds": ["storage"], "constants": {} })
}
