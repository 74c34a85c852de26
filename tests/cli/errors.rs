//! What goes wrong ends in one line on standard error, nothing on standard output, and the right exit code.

use super::{run, run_tiny, scratch, stderr, stdout};

/// The command fails with `code`, and one line says all of `words`.
fn expect_error(output: &std::process::Output, code: i32, words: &[&str]) {
    let text = stderr(output);
    assert_eq!(output.status.code(), Some(code), "{text}");
    assert_eq!(stdout(output), "", "standard output is for results");
    let errors: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("error:"))
        .collect();
    assert_eq!(errors.len(), 1, "one error: {text}");
    for word in words {
        assert!(errors[0].contains(word), "{word}: {text}");
    }
}

#[test]
fn a_missing_model() {
    for command in ["generate", "logits"] {
        expect_error(&run(&[command, "-p", "x", "--json"]), 1, &["model"]);
    }
    #[cfg(feature = "pull")]
    expect_error(
        &run(&["generate", "-p", "x"]),
        1,
        &["lorgnette pull smollm2-135m"],
    );
    expect_error(
        &run(&["inspect", "-m", "/no/such/file.gguf"]),
        1,
        &["/no/such/file.gguf"],
    );
}

#[test]
fn a_file_that_is_no_model() {
    let path = scratch("cli-broken.gguf");
    std::fs::write(&path, "not a model at all, but long enough").expect("a file");
    let path = path.to_str().expect("a plain path");
    expect_error(
        &run(&["inspect", "-m", path, "--json"]),
        1,
        &["expected", "GGUF"],
    );
    expect_error(
        &run(&["generate", "-m", path, "-p", "x"]),
        1,
        &["expected", "GGUF"],
    );
}

#[test]
fn a_wrong_command_line() {
    expect_error(
        &run(&["generate", "--no-such-flag"]),
        2,
        &["--no-such-flag"],
    );
    expect_error(&run(&["generate", "-p", "x", "--kv", "f8"]), 2, &["f8"]);
    expect_error(&run(&["generate", "-p", "x", "--logprobs"]), 2, &[]);
    expect_error(&run(&["generate", "-p", "x", "-f", "y"]), 2, &[]);
    expect_error(
        &run(&["synth", "--like", "gpt-5", "--type", "q4_0", "x"]),
        2,
        &["gpt-5"],
    );
    expect_error(
        &run(&["synth", "--like", "smollm2-135m", "--type", "q3", "x"]),
        2,
        &["q3"],
    );
    expect_error(
        &run(&["inspect", "--profile", "no-such-phone"]),
        2,
        &["no-such-phone"],
    );
    assert_eq!(run(&[]).status.code(), Some(2));
}

#[test]
fn options_outside_their_range() {
    let raw = ["--raw", "-p", "the"];
    let generate = |more: &[&str]| run_tiny("generate", &[&raw[..], more].concat());
    expect_error(&generate(&["--temp", "-1"]), 1, &["temperature", "-1"]);
    expect_error(&generate(&["--top-p", "2"]), 1, &["top_p", "2"]);
    expect_error(
        &generate(&["--context", "100000000"]),
        1,
        &["context", "100000000"],
    );
    expect_error(&generate(&["--context", "0"]), 1, &["context"]);
    let adapter = run(&["doctor", "--adapter", "no such device", "--json"]);
    expect_error(&adapter, 1, &["no such device"]);
    let variants = ["--variants", "in-order,matmul=no-such-variant"];
    expect_error(
        &generate(&variants),
        1,
        &["variants", "plain", "no-such-variant"],
    );
    expect_error(
        &run_tiny("plan", &["--position", "4000000"]),
        1,
        &["position"],
    );
    expect_error(
        &run_tiny("plan", &["--count", "2"]),
        1,
        &["count", "decode"],
    );
}

#[test]
fn prompts_that_cannot_be() {
    expect_error(&run_tiny("logits", &["--ids", "512"]), 1, &["512"]);
    let long = "the earth ".repeat(40);
    let long = ["--raw", "-p", &long, "--context", "16"];
    expect_error(&run_tiny("generate", &long), 1, &["context", "16"]);
    expect_error(&run_tiny("generate", &["--raw"]), 1, &["-p TEXT"]);
    let short = ["--raw", "-p", "the", "--context", "16"];
    let slide = ["--overflow", "slide", "--keep", "16"];
    expect_error(
        &run_tiny("generate", &[&short[..], &slide].concat()),
        1,
        &["tokens to keep", "fewer than the context of 16", "found 16"],
    );
    expect_error(
        &run_tiny("generate", &[&short[..], &slide[2..]].concat()),
        2,
        &["--keep", "--overflow slide"],
    );
    let short = scratch("cli-short.txt");
    std::fs::write(&short, "the earth").expect("a file");
    let short = [
        "-f",
        short.to_str().expect("a plain path"),
        "--context",
        "64",
    ];
    expect_error(&run_tiny("perplexity", &short), 1, &["64"]);
}

#[cfg(feature = "pull")]
#[test]
fn pulls_that_cannot_be() {
    expect_error(&run(&["pull", "gpt-5"]), 1, &["gpt-5", "smollm2-135m"]);
    expect_error(&run(&["pull", "smollm2-135m", "--offline"]), 1, &["cache"]);
    expect_error(
        &run(&["pull", "llama-3.2-1b"]),
        1,
        &["Llama 3.2 Community License"],
    );
    let list = run(&["pull"]);
    assert!(stdout(&list).contains("smollm2-135m"), "{}", stderr(&list));
}
