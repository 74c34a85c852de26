//! What people see: plain text and tables, with everything but the result on standard error.

use std::io::Write;
use std::process::Stdio;

use lorgnette::formats::Checkpoint;
use lorgnette::plan::Step;
use lorgnette::{Blueprint, LoadOptions};

use super::{expect_success, object, on_tiny, run, run_tiny, stderr, stdout, tiny};

#[test]
fn an_answer_is_text_and_a_summary() {
    let prompt = [
        "--raw",
        "-p",
        "the earth",
        "-n",
        "5",
        "--temp",
        "0",
        "--context",
        "64",
    ];
    let plain = run_tiny("generate", &prompt);
    expect_success(&plain);
    let answer = object(&run_tiny("generate", &[&prompt[..], &["--json"]].concat()));
    let text = answer["text"].as_str().expect("text");
    assert_eq!(stdout(&plain), format!("{text}\n"));
    let adapter = answer["adapter"].as_str().expect("a name");
    let summary = stderr(&plain).lines().last().expect("a summary");
    assert!(
        summary.starts_with("5 tokens, ") && summary.ends_with(adapter),
        "{summary}"
    );
    assert!(
        !stderr(&plain).contains('\u{1b}'),
        "no colour and no bars without a terminal"
    );
}

#[test]
fn a_plan_has_a_line_for_every_dispatch() {
    let checkpoint = Checkpoint::open(&tiny()).expect("the tiny model");
    let options = LoadOptions {
        context: Some(64),
        ..LoadOptions::default()
    };
    let blueprint = Blueprint::new(&checkpoint, &options, 128 << 20).expect("plans");
    for plan in &blueprint.plans {
        let step = Step::new(0, plan.rows);
        let shown = run(&[
            "plan",
            "-m",
            tiny().to_str().expect("a plain path"),
            "--recording",
            plan.name,
            "--context",
            "64",
        ]);
        expect_success(&shown);
        let rows: Vec<&str> = stdout(&shown).lines().collect();
        // A head, the names of the columns, a line each, the totals.
        assert_eq!(
            rows.len(),
            2 + plan.dispatches().count() + 1,
            "{}",
            stdout(&shown)
        );
        for ((at, dispatch), row) in plan.dispatches().enumerate().zip(&rows[2..]) {
            let [x, y, z] = dispatch.grid(dispatch.shader.wanted().variant, &step);
            for word in [
                &at.to_string(),
                &dispatch.label,
                &dispatch.shader.label(),
                &format!("{x} x {y} x {z}"),
            ] {
                assert!(row.contains(word), "{word}: {row}");
            }
        }
    }
}

#[test]
fn tables_for_people() {
    let tokens = run_tiny("tokenize", &["the earth"]);
    assert!(
        stdout(&tokens).contains("\" earth\""),
        "{}",
        stdout(&tokens)
    );
    let facts = run_tiny("inspect", &[]);
    for word in ["llama3-tiny-a", "weights", "scratch", "total"] {
        assert!(stdout(&facts).contains(word), "{word}: {}", stdout(&facts));
    }
    let doctor = run(&["doctor"]);
    for word in [
        "lorgnette ",
        "driver",
        "used: ",
        "kernels right here: ",
        "matvec[q4_0]",
        "*plain",
    ] {
        assert!(
            stdout(&doctor).contains(word),
            "{word}: {}",
            stderr(&doctor)
        );
    }
    let help = run(&["--help"]);
    for command in [
        "pull",
        "generate",
        "chat",
        "tokenize",
        "logits",
        "perplexity",
        "bench",
        "inspect",
        "plan",
        "doctor",
        "synth",
    ] {
        assert!(
            stdout(&help).contains(&format!("  {command} ")),
            "{command}"
        );
    }
}

/// Two answers of 30 tokens do not fit 48: the first lines leave.
#[test]
fn a_chat_slides() {
    let mut child = on_tiny(
        "chat",
        &[
            "--context",
            "48",
            "--overflow",
            "slide",
            "-n",
            "30",
            "--temp",
            "0",
            "-v",
        ],
    )
    .stdin(Stdio::piped())
    .stdout(Stdio::piped())
    .stderr(Stdio::piped())
    .spawn()
    .expect("the program starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let lines = "/system be brief\nhello\nand then\n";
    stdin.write_all(lines.as_bytes()).expect("it listens");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    let said = stderr(&output);
    assert!(output.status.success(), "{said}");
    assert!(!said.contains("error:"), "{said}");
    let ends = said.matches("stop: length").count() + said.matches("stop: eos").count();
    assert_eq!(ends, 2, "{said}");
}

#[test]
fn a_trace_says_how_many_dispatches_agree() {
    let traced = run(&[
        "plan",
        "-m",
        tiny().to_str().expect("a plain path"),
        "--trace",
        "-p",
        "In the beginning",
    ]);
    expect_success(&traced);
    // A prefill and a decode step of two layers: ten dispatches a layer and four more, and seven and four.
    assert!(
        stdout(&traced).starts_with("42 dispatches agree"),
        "{}",
        stdout(&traced)
    );
}
