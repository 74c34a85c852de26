//! The script that compares us with another engine, on what two stand-ins print: the words of real runs, cut to what the
//! script reads. Speeds are not compared here.
#![cfg(unix)]

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

const ADAPTER: &str = "llvmpipe (LLVM 15.0.6, 256 bits)";

/// A folder with two programs that say these words, another each time they are called, and note that they were.
struct StandIns(PathBuf);

impl StandIns {
    fn new(name: &str, ours: &[Value], theirs: &[Value]) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(&path).expect("a folder");
        std::fs::write(path.join("calls"), "").expect("written");
        for (program, answers) in [("ours", ours), ("theirs", theirs)] {
            for (i, answer) in answers.iter().enumerate() {
                let name = format!("{program}-{i}.json");
                std::fs::write(path.join(name), answer.to_string()).expect("written");
            }
            let script = format!(
                "#!/bin/sh\ncd '{}'\nn=$(grep -c '^{program}' calls)\necho \"{program} $*\" >> calls\ncat {program}-$n.json\n",
                path.display()
            );
            let program = path.join(program);
            std::fs::write(&program, script).expect("written");
            let may_run = std::fs::Permissions::from_mode(0o755);
            std::fs::set_permissions(&program, may_run).expect("made a program");
        }
        Self(path)
    }

    /// What the script says; `None`, and why, where there is no Python.
    fn compare(&self, rounds: usize) -> Option<Output> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("compare/compare.py");
        let mut command = Command::new("python3");
        command.arg(script).args(["--json", "-m", "some.gguf"]);
        command.arg("--lorgnette").arg(self.0.join("ours"));
        command.arg("--llama-bench").arg(self.0.join("theirs"));
        command.arg("--rounds").arg(rounds.to_string());
        match command.output() {
            Ok(output) => Some(output),
            Err(error) => {
                println!("SKIPPED: python3: {error}");
                None
            }
        }
    }

    fn calls(&self) -> Vec<String> {
        let calls = std::fs::read_to_string(self.0.join("calls")).expect("calls");
        calls.lines().map(str::to_owned).collect()
    }

    /// That the script refuses, in these words.
    fn refused(&self, words: &[&str]) {
        let Some(output) = self.compare(1) else {
            return;
        };
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(output.stdout.is_empty());
        for word in words {
            assert!(said.contains(word), "{word} in {said}");
        }
    }
}

impl Drop for StandIns {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap_or(());
    }
}

fn ours(prefill: f64, decode: f64) -> Value {
    json!({
        "adapter": ADAPTER, "driver": "llvmpipe Mesa 22.3.6 (LLVM 15.0.6)",
        "prefill_tokens_per_s": prefill, "decode_tokens_per_s": decode, "load_s": 0.5,
    })
}

fn theirs(adapter: &str, backends: &str, prefill: f64, decode: f64) -> Value {
    let test = |prompt: u32, generate: u32, rate: f64| {
        json!({
            "gpu_info": adapter, "backends": backends, "model_filename": "some.gguf", "n_gpu_layers": 99,
            "n_prompt": prompt, "n_gen": generate, "n_depth": 0, "avg_ts": rate, "samples_ts": [rate],
        })
    };
    json!([test(128, 0, prefill), test(0, 32, decode)])
}

#[test]
fn medians_of_rounds_that_take_turns() {
    let mine = [ours(20.0, 9.0), ours(24.0, 5.0), ours(10.0, 8.0)];
    let other = [(8.0, 1.0), (5.0, 2.0), (6.0, 4.0)];
    let other = other.map(|(prefill, decode)| theirs(ADAPTER, "Vulkan", prefill, decode));
    let stand_ins = StandIns::new("compare-turns", &mine, &other);
    let Some(output) = stand_ins.compare(3) else {
        return;
    };
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let found: Value = serde_json::from_slice(&output.stdout).expect("an object");
    let figures = |figure: &str| {
        ["lorgnette", "llama_bench", "ratio"].map(|key| found[figure][key].as_f64().expect(key))
    };
    assert_eq!(figures("prefill_tokens_per_s"), [20.0, 6.0, 20.0 / 6.0]);
    assert_eq!(figures("decode_tokens_per_s"), [8.0, 2.0, 4.0]);
    assert_eq!(found["adapter"], ADAPTER);
    assert_eq!(found["rounds"], 3);
    let calls = stand_ins.calls();
    let programs: Vec<&str> = calls
        .iter()
        .filter_map(|call| call.split(' ').next())
        .collect();
    let turns = ["ours", "theirs"].repeat(3);
    assert_eq!(programs, turns);
    assert_eq!(
        calls[0],
        "ours bench -m some.gguf --json --no-roofline --prompt 128 --generate 32 --repeat 1"
    );
    assert_eq!(
        calls[1],
        "theirs -m some.gguf -o json -ngl 99 -r 1 -p 128 -n 32"
    );
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let mine = [ours(20.0, 9.0)];
    let refused = |name, other, words: &[&str]| {
        StandIns::new(name, &mine, &[other]).refused(words);
    };
    let other = theirs("Some GPU", "Vulkan", 8.0, 1.0);
    refused(
        "compare-adapter",
        other,
        &["one adapter", ADAPTER, "Some GPU"],
    );
    let other = theirs(ADAPTER, "CPU", 8.0, 1.0);
    refused("compare-back-end", other, &["the Vulkan back end", "CPU"]);
    let mut other = theirs(ADAPTER, "Vulkan", 8.0, 1.0);
    other.as_array_mut().expect("tests").truncate(1);
    refused("compare-half", other, &["decode_tokens_per_s"]);
    refused("compare-words", json!("no list"), &["theirs", "JSON"]);
}
