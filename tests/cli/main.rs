//! The program from outside: what it prints where, with which exit code. One process a command, on a tiny model whose
//! answers are noise; whether the numbers are right is for the other tests.

mod budget;
mod errors;
mod json;
#[cfg(unix)]
mod signals;
mod text;

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// A text of the tiny model's goldens, and its ids without BOS.
const SHORT: &str = "And he said unto them, Hear my words.";
const SHORT_IDS: [u32; 15] = [
    274, 309, 357, 338, 408, 11, 440, 286, 277, 88, 264, 293, 67, 82, 13,
];

/// Two layers, 512 tokens, Llama 3's split and chat template.
fn tiny() -> PathBuf {
    [
        env!("CARGO_MANIFEST_DIR"),
        "..",
        "tests",
        "data",
        "llama3-tiny/q4_0.gguf",
    ]
    .iter()
    .collect()
}

/// A place for a file that a test writes.
fn scratch(name: &str) -> PathBuf {
    [env!("CARGO_TARGET_TMPDIR"), name].iter().collect()
}

/// The program with these arguments; an empty cache, no hub, nothing on standard input.
fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lorgnette"));
    command
        .args(arguments)
        .env("LORGNETTE_CACHE", scratch("cli-empty-cache"))
        .env_remove("LORGNETTE_LOG")
        .stdin(Stdio::null());
    // Without it some drivers put words of their own on standard error.
    if std::env::var_os("XDG_RUNTIME_DIR").is_none() {
        command.env("XDG_RUNTIME_DIR", std::env::temp_dir());
    }
    command
}

fn run(arguments: &[&str]) -> Output {
    command(arguments).output().expect("the program starts")
}

/// With the tiny model, on the adapter that `LORGNETTE_ADAPTER` names, if any.
fn run_tiny(name: &str, arguments: &[&str]) -> Output {
    on_tiny(name, arguments)
        .output()
        .expect("the program starts")
}

fn on_tiny(name: &str, arguments: &[&str]) -> Command {
    let mut command = command(&[name, "-m"]);
    command.arg(tiny()).args(arguments);
    if let Ok(adapter) = std::env::var("LORGNETTE_ADAPTER") {
        command.args(["--adapter", &adapter]);
    }
    command
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).expect("text on standard output")
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).expect("text on standard error")
}

fn expect_success(output: &Output) {
    assert!(
        output.status.success(),
        "{}: {}",
        output.status,
        stderr(output)
    );
}

/// The one object on standard output.
fn object(output: &Output) -> Value {
    expect_success(output);
    let text = stdout(output);
    assert_eq!(text.lines().count(), 1, "one line: {text}");
    let value: Value = serde_json::from_str(text).expect("one JSON object and nothing else");
    assert!(value.is_object(), "{text}");
    value
}

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect();
    keys.sort_unstable();
    keys
}
