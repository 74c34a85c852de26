//! Dawn for Node, with the compiler Tint: programs go to `tint.mjs` as JSON, and what came of each comes back. The tests
//! are in `tint.rs`.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use lorgnette_shaders::cases::Case;
use lorgnette_shaders::kernel::Bind;
use lorgnette_shaders::{Program, fingerprint};
use serde_json::{Value, json};

use super::swiftshader::driver;
use super::{tool, tool_path};

/// A program as `tint.mjs` takes it; with a case, it is played where a driver can.
pub(super) fn request(program: &Program, case: Option<&Case>) -> Value {
    let kernel = program.shader.kernel;
    let mut source = program.source();
    let needs: Vec<&str> = program.variant.needs.iter().map(|f| f.name()).collect();
    // Tint wants to be told; naga does not know the line.
    for feature in &needs {
        source.insert_str(0, &format!("enable {feature};\n"));
    }
    let storage = |bind: &Bind| match bind.access.writes() {
        _ if program.samples(bind) => "texture",
        true => "storage",
        false => "read-only-storage",
    };
    let binds: Vec<&str> = kernel.binds.iter().map(storage).collect();
    let constants: BTreeMap<&str, u32> = program.variant.constants.iter().copied().collect();
    let words = |bytes: &[u8]| bytemuck::pod_collect_to_vec::<u8, u32>(bytes);
    let case = case.map(|case| {
        json!({
            "params": words(&case.params),
            "step": words(bytemuck::bytes_of(&case.step)),
            "buffers": case.buffers,
            "grid": (program.variant.grid)(&case.params, &case.step),
        })
    });
    let entry = kernel.name;
    json!({ "source": source, "entry": entry, "needs": needs, "binds": binds, "constants": constants, "case": case })
}

/// The optional features that a source enables, by their names in WebGPU.
pub(super) fn needs(source: &str) -> Vec<&'static str> {
    let known = [
        ("enable f16;", "shader-f16"),
        ("enable subgroups;", "subgroups"),
    ];
    let used = known.into_iter().filter(|(mark, _)| source.contains(mark));
    used.map(|(_, feature)| feature).collect()
}

/// What came of a program.
#[derive(Debug)]
pub(super) struct Answer(Value);

impl Answer {
    /// What the compiler or the device had to say, `[]` where nothing.
    pub(super) fn complaints(&self) -> String {
        self.0["complaints"].to_string()
    }

    /// The device that played the case, if one did.
    pub(super) fn adapter(&self) -> Option<&str> {
        self.0["adapter"].as_str()
    }

    /// The storage buffers as the device left them.
    pub(super) fn buffers(&self) -> Vec<Vec<u32>> {
        serde_json::from_value(self.0["buffers"].clone()).expect("buffers of words")
    }
}

/// Where its parts are.
pub(super) struct Dawn {
    node: PathBuf,
    webgpu: PathBuf,
}

impl Dawn {
    /// A printed reason where it is not there.
    pub(super) fn find(test: &str) -> Option<Self> {
        Some(Self {
            node: tool(test, "node")?.join("node"),
            webgpu: tool(test, "webgpu")?,
        })
    }

    /// One answer each.
    pub(super) fn ask(&self, requests: &[Value]) -> Vec<Answer> {
        let mut child = Command::new(&self.node)
            .arg(script())
            .arg(&self.webgpu)
            .envs(driver().into_iter().flatten())
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
        let answers: Vec<Value> = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(answers.len(), requests.len(), "one answer each");
        answers.into_iter().map(Answer).collect()
    }

    /// The same, but what Dawn had no complaint about is kept in `folder` and not asked again until the request, the
    /// script or the versions change: SwiftShader takes a minute to compile all. Also says how many were asked.
    pub(super) fn ask_once(&self, requests: &[Value], folder: &Path) -> (Vec<Answer>, usize) {
        std::fs::create_dir_all(folder).expect("a folder");
        let script = std::fs::read_to_string(script()).expect("the script");
        let who = [&self.version(), &script].map(String::as_str).concat();
        let path = |request: &Value| {
            let number = fingerprint(format!("{who}{request}").as_bytes());
            folder.join(format!("{number:016x}.json"))
        };
        let paths: Vec<PathBuf> = requests.iter().map(path).collect();
        let kept = |path: &PathBuf| serde_json::from_slice(&std::fs::read(path).ok()?).ok();
        let mut answers: Vec<Option<Answer>> =
            paths.iter().map(|path| kept(path).map(Answer)).collect();
        let open: Vec<usize> = (0..paths.len()).filter(|i| answers[*i].is_none()).collect();
        let asked: Vec<Value> = open.iter().map(|i| requests[*i].clone()).collect();
        for (i, answer) in open.into_iter().zip(self.ask(&asked)) {
            let played = answer.adapter().is_some() || requests[i]["case"].is_null();
            if answer.complaints() == "[]" && played {
                std::fs::write(&paths[i], answer.0.to_string()).expect("kept");
            }
            answers[i] = Some(answer);
        }
        for entry in std::fs::read_dir(folder).expect("the folder") {
            let old = entry.expect("an entry").path();
            if !paths.contains(&old) {
                std::fs::remove_file(old).expect("an old answer goes");
            }
        }
        (answers.into_iter().flatten().collect(), asked.len())
    }

    /// What would answer.
    fn version(&self) -> String {
        let version = |folder: &Path| std::fs::read_to_string(folder.join("version")).ok();
        let parts = [self.webgpu.clone(), tool_path("swiftshader")];
        format!("{:?}", parts.map(|folder| version(&folder)))
    }
}

fn script() -> &'static str {
    concat!(env!("CARGO_MANIFEST_DIR"), "/compilers/tint.mjs")
}
