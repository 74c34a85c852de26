//! The long checks: all that an independent engine says of SmolLM2 and of the tiny models, measured and held against the
//! bounds. Prints a Markdown report for BENCHMARKS.md; fails where a bound is broken. `make goldens` runs it.

use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Instant;

use lorgnette::{Adapter, KvFormat, LoadOptions, Model, Runtime};
use lorgnette_tests::smollm2::Perplexity;
use lorgnette_tests::{load, own_runtime, runtime, smollm2, tiny};

/// The rows of the report, and whether all of them were within their bounds.
struct Report {
    within: bool,
}

impl Report {
    /// One row, said as soon as it is known: some take minutes.
    fn row(&mut self, what: &str, found: f64, bound: f64, more: &str) {
        // Not a number is within no bound.
        let within = found <= bound;
        self.within &= within;
        let verdict = if within { "" } else { " **broken**" };
        println!("| {what} | {found:.3e} | {bound:.0e}{verdict} | {more} |");
    }
}

/// The first line of what a command says.
fn said(command: &str, arguments: &[&str]) -> String {
    let output = Command::new(command).args(arguments).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let line = text
        .ok()
        .and_then(|text| text.lines().next().map(str::to_owned));
    line.unwrap_or_else(|| format!("no {command}"))
}

fn heading(runtime: &Runtime) {
    let adapter = runtime.adapter();
    let commit = said("git", &["describe", "--always", "--dirty", "--exclude=*"]);
    println!("- commit: {commit}");
    println!("- date: {}", said("date", &["-u", "+%Y-%m-%d"]));
    println!("- adapter: {} ({})", adapter.name, adapter.backend);
    println!("- driver: {}", adapter.driver);
    println!("\n| check | found | bound | |\n|---|---|---|---|");
}

fn tiny_models(report: &mut Report) {
    let cpu = own_runtime(Adapter::Cpu, None);
    let cases = [
        (runtime(), "", KvFormat::F32, 1e-3),
        (runtime(), "", KvFormat::F16, 2e-2),
        (&cpu, ", references", KvFormat::F32, 1e-3),
        (&cpu, ", references", KvFormat::F16, 2e-2),
    ];
    for (runtime, player, kv, bound) in cases {
        let options = LoadOptions {
            kv,
            ..Default::default()
        };
        for (name, distance) in tiny::logit_distances(runtime, &options) {
            let what = format!("tiny {name}, {kv:?} cache{player}: max abs d of logits");
            report.row(&what, distance.into(), bound, "");
        }
    }
}

/// Bounds of logits, of margins that must be seen, and of perplexity relative to the reference's. The perplexity.
fn real_model(report: &mut Report, model: &Model, bounds: [f64; 3]) -> Perplexity {
    let [logits, margin, perplexity] = bounds;
    let kv = model.blueprint().kv;
    for (name, distance) in smollm2::logit_distances(model) {
        let what = format!("SmolLM2 {name}, {kv:?} cache: max abs d of logits");
        report.row(&what, distance.into(), logits, "");
    }
    let mut session = model.session().expect("a session");
    for golden in smollm2::continuations() {
        let wrong = golden.wrong_steps(&mut session, margin);
        let what = format!("SmolLM2 {}, {kv:?} cache: wrong steps", golden.name);
        let more = format!("of {}, margin over {margin}", golden.ids.len());
        report.row(&what, wrong.len() as f64, 0.0, &more);
    }
    let start = Instant::now();
    let all = smollm2::perplexity(model, usize::MAX);
    let seconds = start.elapsed().as_secs_f64();
    let of = |part: &str| format!("SmolLM2, {kv:?} cache: perplexity, {part}, relative d");
    let whole = format!(
        "{:.6}, reference {:.6}, ratio {:.6}; {seconds:.0} s",
        all.found,
        all.expected,
        all.found / all.expected
    );
    report.row(&of("all windows"), all.apart(), perplexity, &whole);
    let expected = smollm2::second_half_perplexity();
    let half = format!(
        "{:.6}, reference {expected:.6}, ratio {:.6}",
        all.second_half,
        all.second_half / expected
    );
    let apart = (all.second_half / expected - 1.0).abs();
    report.row(&of("second halves"), apart, perplexity, &half);
    all
}

/// What a quantised cache costs in perplexity, relative to the f32 cache of the same run.
fn quantised_cache(report: &mut Report, model: &Model, exact: Perplexity, bound: f64) {
    let kv = model.blueprint().kv;
    let start = Instant::now();
    let all = smollm2::perplexity(model, usize::MAX);
    let seconds = start.elapsed().as_secs_f64();
    for (part, found, exact, more) in [
        (
            "all windows",
            all.found,
            exact.found,
            format!("; {seconds:.0} s"),
        ),
        (
            "second halves",
            all.second_half,
            exact.second_half,
            String::new(),
        ),
    ] {
        let ratio = found / exact;
        let what =
            format!("SmolLM2, {kv:?} cache: perplexity, {part}, relative d to the f32 cache");
        let more = format!("{found:.6}, f32 cache {exact:.6}, ratio {ratio:.6}{more}");
        report.row(&what, (ratio - 1.0).abs(), bound, &more);
    }
}

fn smollm2_with(path: &Path, kv: KvFormat) -> Model {
    let options = LoadOptions {
        context: Some(1024),
        kv,
        ..Default::default()
    };
    load(runtime(), path, &options)
}

/// Four windows of text through a context of one: what is seen is always the latest 512 tokens, as many as or more than
/// in the reference's second halves.
fn endless(report: &mut Report, path: &Path) {
    let options = LoadOptions {
        context: Some(512),
        ..Default::default()
    };
    let model = load(runtime(), path, &options);
    let start = Instant::now();
    let found = smollm2::stream_perplexity(&model, 4);
    let seconds = start.elapsed().as_secs_f64();
    let expected = smollm2::second_half_perplexity();
    let apart = (found / expected - 1.0).abs();
    let what =
        "SmolLM2, 4 x 512 tokens, sliding in 512: perplexity past the first window, relative d";
    let more = format!("{found:.6}, reference's second halves {expected:.6}; {seconds:.0} s");
    report.row(what, apart, 0.15, &more);
}

fn main() -> ExitCode {
    let Some(path) = smollm2::path("goldens") else {
        return ExitCode::FAILURE;
    };
    heading(runtime());
    let mut report = Report { within: true };
    tiny_models(&mut report);
    let exact = smollm2_with(&path, KvFormat::F32);
    let exact = real_model(&mut report, &exact, [1e-3, 0.005, 2e-4]);
    let half = smollm2_with(&path, KvFormat::F16);
    real_model(&mut report, &half, [5e-2, 0.1, 1e-3]);
    drop(half);
    for (kv, bound) in [(KvFormat::Q8_0, 5e-3), (KvFormat::Q4_0, 0.1)] {
        quantised_cache(&mut report, &smollm2_with(&path, kv), exact, bound);
    }
    endless(&mut report, &path);
    if report.within {
        ExitCode::SUCCESS
    } else {
        eprintln!("a bound is broken");
        ExitCode::FAILURE
    }
}
