//! `--json`: one object with the keys that are promised, and figures that hang together.

use serde_json::Value;

use super::{SHORT, SHORT_IDS, expect_success, keys, object, run, run_tiny, scratch, stdout, tiny};

/// A short context is quick on every device.
const SMALL: [&str; 2] = ["--context", "64"];

fn small(name: &str, arguments: &[&str]) -> Value {
    object(&run_tiny(name, &[&SMALL, arguments, &["--json"]].concat()))
}

#[test]
fn generate() {
    let prompt = ["--raw", "-p", "the earth", "-n", "6", "--temp", "0"];
    let answer = small("generate", &[&prompt[..], &["--logprobs"]].concat());
    let expected = [
        "adapter",
        "ids",
        "logprobs",
        "memory",
        "prompt_ids",
        "stop",
        "text",
        "timings",
    ];
    assert_eq!(keys(&answer), expected);
    let timings = [
        "accepted",
        "decode_passes",
        "decode_tokens_per_s",
        "drafted",
        "load_s",
        "prefill_tokens_per_s",
        "ttft_s",
    ];
    assert_eq!(keys(&answer["timings"]), timings);
    let counts = ["decode_passes", "drafted", "accepted"].map(|count| &answer["timings"][count]);
    assert_eq!(counts, [5, 0, 0]);
    for figure in timings.iter().filter(|name| name.contains("_s")) {
        assert!(
            answer["timings"][figure].as_f64() > Some(0.0),
            "{figure}: {answer}"
        );
    }
    let memory = [
        "allocator_allocated_bytes",
        "allocator_reserved_bytes",
        "peak_gpu_bytes",
        "planned_bytes",
    ];
    assert_eq!(keys(&answer["memory"]), memory);
    assert_eq!(
        answer["memory"]["planned_bytes"],
        answer["memory"]["peak_gpu_bytes"]
    );
    assert_eq!(answer["stop"], "length");
    assert_eq!(answer["ids"].as_array().map(Vec::len), Some(6));
    assert_eq!(answer["logprobs"].as_array().map(Vec::len), Some(6));
    let plain = small("generate", &prompt);
    assert!(plain.get("logprobs").is_none(), "only where asked for");
    assert_eq!(
        plain["ids"], answer["ids"],
        "greedy on the GPU and on the host"
    );
}

/// Drafts from the text, and from a second model in the same budget: the same answer in fewer passes, and every byte
/// planned.
#[test]
fn speculation() {
    let prompt = ["--raw", "-p", "the earth", "-n", "40", "--temp", "0"];
    let plain = small("generate", &prompt);
    let model = tiny();
    let model = model.to_str().expect("a plain path");
    let budget = ["--speculate", model, "--budget", "48MiB"];
    for speculate in [&["--speculate", "lookup"][..], &budget] {
        let answer = small("generate", &[&prompt[..], speculate].concat());
        assert_eq!(answer["ids"], plain["ids"], "{speculate:?}");
        let [passes, drafted, accepted] =
            ["decode_passes", "drafted", "accepted"].map(|count| answer["timings"][count].as_u64());
        assert!(passes < Some(39) && accepted > Some(5), "{answer}");
        assert!(accepted <= drafted, "{answer}");
        let bytes = |key: &str| answer["memory"][key].as_u64().expect("bytes");
        assert!(
            bytes("peak_gpu_bytes") <= bytes("planned_bytes"),
            "{answer}"
        );
    }
}

#[test]
fn a_seed_gives_the_same_answer_again() {
    let answer = |seed: &str| {
        let hot = [
            "--raw", "-p", "the", "-n", "12", "--temp", "2", "--top-k", "0", "--top-p", "1",
            "--min-p", "0",
        ];
        small("generate", &[&hot[..], &["--seed", seed]].concat())["ids"].clone()
    };
    let first = answer("7");
    assert_eq!(first, answer("7"));
    assert_ne!(first, answer("8"));
}

#[test]
fn generate_stops_where_it_is_told_to() {
    let stopped = |arguments: &[&str]| {
        let prompt = ["--raw", "-p", "the earth", "--temp", "0"];
        small("generate", &[&prompt[..], arguments].concat())
    };
    let whole = stopped(&["-n", "5"]);
    let text = whole["text"].as_str().expect("text");
    let first: String = text.chars().take(1).collect();
    let cut = stopped(&["-n", "5", "--stop", &first]);
    assert_eq!((&cut["stop"], &cut["text"]), (&"stop".into(), &"".into()));
    let full = stopped(&[]);
    let count = |key: &str| full[key].as_array().map_or(0, Vec::len);
    assert_eq!(full["stop"], "context");
    // The last token is told and takes no position.
    assert_eq!(count("prompt_ids") + count("ids"), 64 + 1);
    let endless = stopped(&["-n", "100", "--overflow", "slide", "--keep", "2"]);
    let told = endless["ids"].as_array().map(Vec::len);
    assert_eq!((&endless["stop"], told), (&"length".into(), Some(100)));
}

#[test]
fn tokenize() {
    let ids = |arguments: &[&str]| {
        let value = object(&run_tiny("tokenize", &[arguments, &["--json"]].concat()));
        assert_eq!(keys(&value), ["ids"]);
        value["ids"].clone()
    };
    assert_eq!(ids(&[""]), serde_json::json!([]));
    assert_eq!(ids(&[SHORT]), serde_json::json!(SHORT_IDS));
    let path = scratch("cli-tokenize.txt");
    std::fs::write(&path, SHORT).expect("a file");
    let path = path.to_str().expect("a plain path");
    assert_eq!(ids(&["-f", path]), serde_json::json!(SHORT_IDS));
    let end = "<|eot_id|>";
    assert_eq!(ids(&["--special", end]).as_array().map(Vec::len), Some(1));
    assert!(
        ids(&[end]).as_array().map(Vec::len) > Some(1),
        "text of people stays text"
    );
    assert!(ids(&["-5 is less than --special"]).as_array().map(Vec::len) > Some(1));
}

/// The same numbers from two processes, whatever the clock says.
const IN_ORDER: [&str; 2] = ["--variants", "in-order"];

#[test]
fn logits() {
    let out = scratch("cli-logits.f32");
    let path = out.to_str().expect("a plain path");
    let logits = small(
        "logits",
        &[
            &["-p", SHORT, "--top", "3", "--out", path, "--kv", "f32"],
            &IN_ORDER[..],
        ]
        .concat(),
    );
    assert_eq!(keys(&logits), ["ids", "top"]);
    // From the committed goldens: the model begins every prompt with BOS.
    let ids: Vec<u32> = [&[496][..], &SHORT_IDS].concat();
    assert_eq!(logits["ids"], serde_json::json!(ids));
    let top: Vec<(u32, f32)> = serde_json::from_value(logits["top"].clone()).expect("pairs");
    assert_eq!(
        top.iter().map(|pair| pair.0).collect::<Vec<_>>(),
        [13, 287, 371]
    );
    let bytes = std::fs::read(&out).expect("the file");
    let (all, rest) = bytes.as_chunks::<4>();
    assert_eq!((all.len(), rest.len()), (512, 0), "one f32 for each token");
    for (id, logit) in top {
        assert_eq!(f32::from_le_bytes(all[id as usize]), logit);
    }
    let list: Vec<String> = ids.iter().map(u32::to_string).collect();
    let by_ids = small(
        "logits",
        &[
            &["--ids", &list.join(","), "--top", "3", "--kv", "f32"],
            &IN_ORDER[..],
        ]
        .concat(),
    );
    assert_eq!(by_ids, logits);
}

#[test]
fn perplexity() {
    let path = scratch("cli-perplexity.txt");
    std::fs::write(&path, SHORT.repeat(8)).expect("a file");
    let path = path.to_str().expect("a plain path");
    let found = object(&run_tiny(
        "perplexity",
        &["-f", path, "--context", "32", "--windows", "2", "--json"],
    ));
    assert_eq!(
        keys(&found),
        ["nll_sum_all", "ppl_all", "ppl_second_half", "windows"]
    );
    assert_eq!(found["windows"], 2);
    let sum = found["nll_sum_all"].as_f64().expect("a number");
    let all = found["ppl_all"].as_f64().expect("a number");
    assert!((all - (sum / 62.0).exp()).abs() < 1e-9 * all, "{found}");
    assert!(found["ppl_second_half"].as_f64() > Some(1.0));
    // In one stream: each token but the first has others before it.
    let slide = ["--overflow", "slide", "--windows", "3", "--context", "32"];
    let stream = object(&run_tiny(
        "perplexity",
        &[&slide[..], &["-f", path, "--json"]].concat(),
    ));
    assert_eq!(
        keys(&stream),
        ["nll_sum_all", "ppl_all", "ppl_past_first", "windows"]
    );
    let [sum, all] = ["nll_sum_all", "ppl_all"].map(|key| stream[key].as_f64().expect(key));
    assert!((all - (sum / 95.0).exp()).abs() < 1e-9 * all, "{stream}");
    assert!(stream["ppl_past_first"].as_f64() > Some(1.0));
}

#[test]
fn a_profile_and_a_frame_budget_change_the_work_and_not_the_answer() {
    let prompt = ["--raw", "-p", "the earth", "-n", "6", "--temp", "0"];
    let plain = small("generate", &prompt);
    for options in [["--profile", "glasses-floor"], ["--frame-budget", "1"]] {
        let answer = small("generate", &[&prompt[..], &options].concat());
        assert_eq!(answer["ids"], plain["ids"], "{options:?}");
    }
    let bench = [
        "--prompt",
        "8",
        "--generate",
        "4",
        "--repeat",
        "1",
        "--no-roofline",
    ];
    let found = small(
        "bench",
        &[&bench[..], &["--profile", "glasses-floor"]].concat(),
    );
    let dispatches = found["per_token"]["dispatches"].as_u64().expect("a count");
    assert_eq!(found["per_token"]["submits"], dispatches.div_ceil(16));
}

#[test]
fn bench() {
    let found = small(
        "bench",
        &[
            "--prompt",
            "8",
            "--generate",
            "4",
            "--repeat",
            "3",
            "--no-roofline",
        ],
    );
    let expected = [
        "adapter",
        "decode_tokens_per_s",
        "driver",
        "first_token",
        "load",
        "load_s",
        "peak_gpu_bytes",
        "per_token",
        "prefill_tokens_per_s",
        "roofline",
        "spread",
        "ttft_s",
    ];
    assert_eq!(keys(&found), expected);
    assert!(found["roofline"].is_null() && found["first_token"].is_null());
    let work = ["dispatches", "read_back_bytes", "submits", "uploaded_bytes"];
    assert_eq!(keys(&found["per_token"]), work);
    assert_eq!(found["per_token"]["submits"], 1);
    assert_eq!(found["per_token"]["read_back_bytes"], 4);
    for figure in ["decode_tokens_per_s", "prefill_tokens_per_s", "ttft_s"] {
        let (median, spread) = (found[figure].as_f64(), &found["spread"][figure]);
        assert!(
            spread[0].as_f64() <= median && median <= spread[1].as_f64(),
            "{found}"
        );
    }
}

/// Seconds are this machine's; what hangs together does so on every machine.
#[test]
fn bench_says_where_the_time_goes() {
    let options = ["--prompt", "8", "--generate", "4", "--repeat", "1"];
    // A device that binds little is measured with little.
    let less = ["--first-token", "--max-binding", "2097152"];
    let found = small("bench", &[&options[..], &less].concat());
    let number = |value: &Value| value.as_f64().unwrap_or_else(|| panic!("{value}"));
    let roofline = &found["roofline"];
    assert_eq!(
        roofline["matmul_shape"],
        serde_json::json!([128, 1024, 1024])
    );
    for step in ["decode", "prefill"] {
        let told = &roofline[step];
        let kernels = told["kernels"].as_array().expect("a list");
        let sum = |key: &str| {
            kernels
                .iter()
                .map(|kernel| number(&kernel[key]))
                .sum::<f64>()
        };
        // Two layers: a kernel of a layer counts both.
        let twice = |kernel: &&Value| kernel["dispatches"] == 2;
        assert!(kernels.iter().filter(twice).count() > 5, "{told}");
        // The prompt is one chunk; a token is one step.
        assert_eq!(sum("operations"), number(&told["operations"]), "{step}");
        assert_eq!(sum("bytes"), number(&told["bytes"]), "{step}");
        assert!((sum("seconds") / number(&told["kernels_seconds"]) - 1.0).abs() < 1e-9);
        let rate = number(&told["bytes"]) / number(&told["seconds"]);
        let percent = 100.0 * rate / number(&roofline["read_bytes_per_s"]);
        assert!((percent / number(&told["percent_of_bandwidth"]) - 1.0).abs() < 1e-9);
    }
    let first = &found["first_token"];
    for figure in ["file_bytes", "weights_alone_s", "read_s", "read_fresh_s"] {
        assert!(number(&first[figure]) > 0.0, "{figure}");
    }
    for (kind, tried) in [("cold", true), ("warm", false), ("again", false)] {
        let parts = &first[kind];
        let known = ["device_s", "session_s", "prefill_s"].into_iter();
        let known = known.chain(keys(&found["load"]));
        let seconds = known.filter(|key| key.ends_with("_s"));
        let sum: f64 = seconds.map(|key| number(&parts[key])).sum();
        // Pipelines are made while weights are uploaded.
        let beside = number(&parts["pipelines_s"]).min(number(&parts["weights_s"]));
        assert!(sum - beside <= number(&parts["total_s"]), "{parts}");
        assert_eq!(number(&parts["tried"]) > 0.0, tried, "{parts}");
    }
}

#[test]
fn doctor() {
    let found = object(&run(&["doctor", "--json"]));
    let adapter = &found["adapters"][0];
    let expected = ["backend", "driver", "features", "kind", "limits", "name"];
    assert_eq!(keys(adapter), expected);
    assert!(adapter["limits"]["max_binding_bytes"].as_u64() > Some(0));
    assert_eq!(
        found["chosen"]["name"], adapter["name"],
        "hardware comes first, and the first is taken"
    );
    let kernels = found["kernels"].as_array().expect("a list");
    assert!(!kernels.is_empty());
    for kernel in kernels {
        assert_eq!(keys(kernel), ["kernel", "used", "variants"]);
        let variants = kernel["variants"].as_array().expect("a list");
        for variant in variants {
            let expected = ["message", "name", "nmse", "outcome", "seconds"];
            assert_eq!(keys(variant), expected);
            assert_eq!(variant["outcome"], "right", "{kernel}");
            // Only a choice is measured, by the clock of this machine: any time is fine.
            assert_eq!(
                variant["seconds"].is_number(),
                variants.len() > 1,
                "{kernel}"
            );
        }
        let used = variants.iter().any(|v| v["name"] == kernel["used"]);
        assert!(used, "{kernel}");
    }
}

#[test]
fn synth_makes_what_inspect_reads() {
    let path = scratch("cli-synth.gguf");
    let path = path.to_str().expect("a plain path");
    let made = run(&["synth", "--like", "smollm2-135m", "--type", "q4_0", path]);
    expect_success(&made);
    assert_eq!(stdout(&made).trim_end(), path);
    let found = object(&run(&["inspect", "-m", path, "--json"]));
    std::fs::remove_file(path).expect("the file is there");
    assert_eq!(found["config"]["layers"], 30);
    assert_eq!(found["parameters"], 134_515_008);
    assert_eq!(found["tensors"]["q4_0"]["count"], 30 * 7);
}
