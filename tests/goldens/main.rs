//! The long checks: all that an independent engine says of SmolLM2 and of the tiny models, measured and held against the
//! bounds. Prints a Markdown report for BENCHMARKS.md; fails where a bound is broken. `make goldens` runs them all, or
//! those that `CHECKS` names.

use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Instant;

use lorgnette::{
    Adapter, Event, GenerateOptions, KvFormat, LoadOptions, Model, Profile, Prompt, Runtime,
    Sampling, Session, Speculation, Timings,
};
use lorgnette_tests::{load, open, own_runtime, runtime, smollm2, tiny};

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
        println!("| {what} | {found:.3e} | {bound:e}{verdict} | {more} |");
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

/// Bounds of logits, of margins that must be seen, and of perplexity relative to the reference's.
fn real_model(report: &mut Report, model: &Model, bounds: [f64; 3]) {
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
}

/// What a quantised cache costs in perplexity, relative to the reference's f32 cache.
fn quantised_cache(report: &mut Report, model: &Model, bound: f64) {
    let kv = model.blueprint().kv;
    let start = Instant::now();
    let all = smollm2::perplexity(model, usize::MAX);
    let seconds = start.elapsed().as_secs_f64();
    let half = smollm2::second_half_perplexity();
    for (part, found, exact) in [
        ("all windows", all.found, all.expected),
        ("second halves", all.second_half, half),
    ] {
        let ratio = found / exact;
        let what = format!("SmolLM2, {kv:?} cache: perplexity, {part}, relative d");
        let more = format!("{found:.6}, reference {exact:.6}, ratio {ratio:.6}; {seconds:.0} s");
        report.row(&what, (ratio - 1.0).abs(), bound, &more);
    }
}

/// Eight tokens on every smaller device; one that this adapter cannot be is said and left out.
fn on_profiles(report: &mut Report, path: &Path) {
    for profile in Profile::ALL {
        let name = profile.name;
        let runtime = match open(profile) {
            Ok(runtime) => runtime,
            Err(error) => {
                println!("| SmolLM2 on {name} | SKIPPED | | {error} |");
                continue;
            }
        };
        let model = smollm2_on(&runtime, path, KvFormat::F32);
        for (prompt, distance) in smollm2::logit_distances_up_to(&model, 8) {
            let what = format!("SmolLM2 {prompt} on {name}, F32 cache: max abs d of logits");
            report.row(&what, distance.into(), 1e-3, "");
        }
    }
}

fn smollm2_with(path: &Path, kv: KvFormat) -> Model {
    smollm2_on(runtime(), path, kv)
}

fn smollm2_on(runtime: &Runtime, path: &Path, kv: KvFormat) -> Model {
    let options = LoadOptions {
        context: Some(1024),
        kv,
        ..Default::default()
    };
    load(runtime, path, &options)
}

/// Four windows of text in one stream through a context of one. Past the first, a token sees the latest 480 to 512, since
/// 32 are scored at once; in the second halves of the same windows, each read from nothing, it sees 256 to 511.
fn sliding(report: &mut Report, path: &Path) {
    let options = LoadOptions {
        context: Some(512),
        ..Default::default()
    };
    let model = load(runtime(), path, &options);
    let start = Instant::now();
    let in_windows = smollm2::perplexity(&model, 4);
    let (found, reference) = smollm2::stream_perplexity(&model);
    let seconds = start.elapsed().as_secs_f64();
    for (than, expected) in [
        (
            "second halves of these windows",
            in_windows.second_half_2_to_4,
        ),
        ("these windows by the reference", reference),
    ] {
        let ratio = found / expected;
        let what = format!("SmolLM2, windows 2 to 4, sliding: perplexity, relative d to {than}");
        let more =
            format!("{found:.6}, in windows {expected:.6}, ratio {ratio:.6}; {seconds:.0} s");
        report.row(&what, (ratio - 1.0).abs(), 0.15, &more);
    }
}

/// The likeliest tokens behind a prompt.
fn likeliest(session: &mut Session, ids: &[u32], tokens: usize) -> (Vec<u32>, Timings) {
    let options = GenerateOptions {
        max_tokens: Some(tokens),
        sampling: Sampling::greedy(),
        ignore_end: true,
        ..Default::default()
    };
    let (mut told, mut all) = (Vec::new(), Timings::default());
    for event in session
        .generate(Prompt::Ids(ids), &options)
        .expect("starts")
    {
        match event.expect("no error") {
            Event::Token { id, .. } => told.push(id),
            Event::Text(_) => {}
            Event::Done { timings, .. } => all = timings,
        }
    }
    (told, all)
}

/// How often an answer is timed with and without lookup, in turns.
const ROUNDS: usize = 3;

fn median(mut rates: [f64; ROUNDS]) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[ROUNDS / 2]
}

/// Prompt lookup: nothing but the number of forward passes is another one. Where the answer quotes its prompt, half of the
/// tokens or fewer.
fn lookup(report: &mut Report, path: &Path) {
    let options = LoadOptions {
        context: Some(1024),
        speculation: true,
        ..Default::default()
    };
    let model = load(runtime(), path, &options);
    let goldens = smollm2::continuations().into_iter();
    let goldens = goldens.map(|golden| (golden.name, golden.prompt, golden.ids.len(), 1.0));
    for (name, ids, tokens, bound) in
        goldens.chain([("quote".to_owned(), smollm2::quoting(&model), 96, 0.5)])
    {
        let mut session = model.session().expect("a session");
        let mut rates = [[0.0; ROUNDS]; 2];
        let mut answer = |speculation, rate: &mut f64| {
            session.set_speculation(speculation).expect("set");
            let (ids, timings) = likeliest(&mut session, &ids, tokens);
            *rate = timings.decode_tokens_per_s;
            (ids, timings)
        };
        let [without, with] = &mut rates;
        let mut last = None;
        for (without, with) in without.iter_mut().zip(with) {
            let plain = answer(Speculation::Off, without);
            last = Some((plain.0, answer(Speculation::Lookup, with)));
        }
        let (plain, (found, with)) = last.expect("some rounds");
        let [without_rate, with_rate] = rates.map(median);
        let apart = plain.iter().zip(&found).filter(|(a, b)| a != b).count();
        let what = format!("SmolLM2 {name}, lookup: tokens that differ");
        let more = format!("of {tokens} behind {}", ids.len());
        report.row(&what, apart as f64, 0.0, &more);
        let what = format!("SmolLM2 {name}, lookup: forward passes a token");
        let more = format!(
            "{} of {} drafted accepted; {:.2}x the time without, medians of {ROUNDS}",
            with.accepted,
            with.drafted,
            without_rate / with_rate
        );
        let passes = with.decode_passes as f64 / with.decode_tokens as f64;
        report.row(&what, passes, bound, &more);
    }
}

/// The checks by name, for those who want one of them alone.
const CHECKS: [&str; 8] = [
    "tiny", "f32", "f16", "q8_0", "q4_0", "sliding", "lookup", "profiles",
];

fn check(report: &mut Report, path: &Path, name: &str) {
    match name {
        "tiny" => tiny_models(report),
        "f32" => real_model(
            report,
            &smollm2_with(path, KvFormat::F32),
            [1e-3, 0.005, 2e-4],
        ),
        "f16" => real_model(
            report,
            &smollm2_with(path, KvFormat::F16),
            [5e-2, 0.1, 1e-3],
        ),
        "q8_0" => quantised_cache(report, &smollm2_with(path, KvFormat::Q8_0), 5e-3),
        "q4_0" => quantised_cache(report, &smollm2_with(path, KvFormat::Q4_0), 0.1),
        "sliding" => sliding(report, path),
        "lookup" => lookup(report, path),
        "profiles" => on_profiles(report, path),
        other => unreachable!("{other} is not one of the checks"),
    }
}

fn main() -> ExitCode {
    let Some(path) = smollm2::path("goldens") else {
        return ExitCode::FAILURE;
    };
    let named: Vec<String> = std::env::args().skip(1).collect();
    if let Some(other) = named.iter().find(|name| !CHECKS.contains(&name.as_str())) {
        eprintln!("expected names out of {CHECKS:?}, found {other}");
        return ExitCode::FAILURE;
    }
    let asked = |name: &&str| named.is_empty() || named.iter().any(|n| n == name);
    heading(runtime());
    let mut report = Report { within: true };
    for name in CHECKS.iter().filter(|name| asked(name)) {
        check(&mut report, &path, name);
    }
    if report.within {
        ExitCode::SUCCESS
    } else {
        eprintln!("a bound is broken");
        ExitCode::FAILURE
    }
}
