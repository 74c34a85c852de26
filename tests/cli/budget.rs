//! `inspect` and `--budget`: bytes by purpose that hang together, the same figures when the model is really loaded, and a
//! refusal with numbers where it cannot be.

use serde_json::Value;

use super::{keys, object, run_tiny, stderr, stdout};

const SMALL: [&str; 3] = ["--json", "--context", "64"];

fn inspect(arguments: &[&str]) -> Value {
    object(&run_tiny("inspect", &[&SMALL, arguments].concat()))
}

fn number(value: &Value, key: &str) -> u64 {
    value[key]
        .as_u64()
        .unwrap_or_else(|| panic!("{key}: {value}"))
}

fn generate(arguments: &[&str]) -> std::process::Output {
    let few = ["--raw", "-p", "the", "-n", "1"];
    run_tiny("generate", &[&SMALL[..], &few, arguments].concat())
}

#[test]
fn bytes_by_purpose() {
    let found = inspect(&[]);
    let planned = &found["planned_bytes"];
    let purposes = [
        "gpu_peak", "host", "kv", "reserve", "scratch", "staging", "total", "weights",
    ];
    assert_eq!(keys(planned), purposes);
    let all = number(planned, "total");
    let parts = ["gpu_peak", "reserve", "host"].map(|part| number(planned, part));
    let parts = parts.iter().sum::<u64>();
    // For a model as small as this, trials of kernels may be the peak.
    assert!(
        (parts..parts + (4 << 20)).contains(&all),
        "{all} of {parts}"
    );
    assert_eq!(number(&found, "total_bytes"), all);
    for purpose in ["weights", "kv", "scratch", "staging", "reserve", "host"] {
        assert_eq!(found[purpose], planned[purpose], "{purpose}");
    }
    assert_eq!(
        (&found["context"], &found["kv_type"]),
        (&64.into(), &"f16".into())
    );
    assert_eq!(found["config"]["vocabulary"], 512);
    assert!(found.get("fits").is_none(), "there is nothing to fit");
    let answer = object(&generate(&[]));
    assert_eq!(answer["memory"]["planned_bytes"], planned["gpu_peak"]);
}

#[test]
fn within_a_budget() {
    let usual = inspect(&[]);
    let roomy = inspect(&["--budget", "600MiB"]);
    assert_eq!(
        (&roomy["fits"], number(&roomy, "budget")),
        (&true.into(), 600 << 20)
    );
    for same in ["total_bytes", "minimum_bytes", "prefill_chunk", "kv_type"] {
        assert_eq!(roomy[same], usual[same], "{same}");
    }
    let minimum = number(&roomy, "minimum_bytes").to_string();
    let tight = inspect(&["--budget", &minimum]);
    assert_eq!(tight["fits"], true);
    assert!(number(&tight, "total_bytes") <= number(&roomy, "minimum_bytes"));
    assert_eq!(tight["context"], 64);
    let layers = number(&tight, "resident_layers") + number(&tight, "streamed_layers");
    assert_eq!(layers, 2);
    let answer = object(&generate(&["--budget", &minimum]));
    let memory = &answer["memory"];
    assert_eq!(memory["planned_bytes"], tight["planned_bytes"]["gpu_peak"]);
    assert_eq!(memory["planned_bytes"], memory["peak_gpu_bytes"]);
}

#[test]
fn below_the_minimum() {
    let minimum = number(&inspect(&[]), "minimum_bytes");
    let given = (minimum - 1).to_string();
    let shown = run_tiny("inspect", &[&SMALL[..], &["--budget", &given]].concat());
    assert_eq!(shown.status.code(), Some(1));
    let found: Value = serde_json::from_str(stdout(&shown)).expect("the plan all the same");
    assert_eq!(found["fits"], false);
    assert_eq!(number(&found, "total_bytes"), minimum);
    assert_eq!(number(&found, "minimum_bytes"), minimum);
    let refused = generate(&["--budget", &given]);
    assert_eq!(refused.status.code(), Some(1));
    assert_eq!(stdout(&refused), "");
    let error = stderr(&refused)
        .lines()
        .find(|line| line.starts_with("error: "));
    let error = error.expect("an error");
    assert!(
        error.contains(&format!("({minimum} and {given} bytes)")),
        "{error}"
    );
    assert!(stderr(&shown).contains(error), "the same refusal");
}

#[test]
fn what_is_pinned_and_what_is_no_budget() {
    let pinned = [
        "--kv",
        "f32",
        "--prefill-chunk",
        "32",
        "--budget",
        "1GB",
        "--resident",
    ];
    let found = inspect(&pinned);
    assert_eq!(
        (&found["kv_type"], &found["prefill_chunk"]),
        (&"f32".into(), &32.into())
    );
    let least = |arguments: &[&str]| {
        let long = ["--json", "--context", "4096", "--budget", "1GB"];
        let found = object(&run_tiny("inspect", &[&long, arguments].concat()));
        number(&found, "minimum_bytes")
    };
    assert!(least(&["--kv", "f32", "--resident"]) > least(&[]));
    for (given, code) in [("much", 2), ("0", 2), ("1KiB", 1)] {
        let output = run_tiny("inspect", &["--budget", given]);
        assert_eq!(output.status.code(), Some(code), "{given}");
        assert!(stderr(&output).contains("budget"), "{}", stderr(&output));
    }
}
