//! Kernels that end the process while they are tried, or never come back: each in a process of its own, which is this
//! test binary again. At the next start they are barred, and the model loads.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use lorgnette::trust::Outcome;
use lorgnette::{Runtime, Variants};

use super::{Extra, acting, expect, file, folder, load, logits, options, runtime};

/// What the process is to do, and where it keeps what it finds.
const FAULT: &str = "LORGNETTE_TEST_FAULT";
const FOLDER: &str = "LORGNETTE_TEST_FOLDER";

fn extra(fault: &str) -> Extra {
    match fault {
        "aborts" => acting("swiglu", "aborts", |_, _| std::process::abort()),
        "hangs" => acting("swiglu", "hangs", |_, _| {
            loop {
                sleep(Duration::from_secs(1));
            }
        }),
        _ => panic!("no fault {fault}"),
    }
}

/// What the other process does; nothing in this one.
#[test]
fn child() {
    let [Some(fault), Some(folder)] = [FAULT, FOLDER].map(std::env::var_os) else {
        return;
    };
    let (fault, folder) = (fault.into_string().expect("a name"), PathBuf::from(folder));
    let pinned = fault.strip_prefix("only-");
    let extra = [extra(pinned.unwrap_or(&fault))];
    let variants = pinned.map_or(Variants::in_order(), |name| {
        Variants::in_order().pin("swiglu", name)
    });
    let options = options(&extra, variants, Some(&folder));
    let (model, _) = load(&Runtime::new(options).expect("opens")).expect("loads");
    println!("\nLOADED {}", logits(&model).len());
}

fn command(fault: &str, folder: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command
        .args(["--exact", "process::child", "--nocapture"])
        .env(FAULT, fault)
        .env(FOLDER, folder)
        .stdin(Stdio::null());
    command
}

fn start(fault: &str, folder: &Path) -> Output {
    command(fault, folder).output().expect("it starts")
}

/// What the process was trying when it ended.
fn note(folder: &Path) -> String {
    let path = file(folder, "trying");
    path.map_or(String::new(), |path| {
        std::fs::read_to_string(path).expect("a note")
    })
}

/// The start after: the model loads, in a process and in this one, and the kernel is barred.
fn barred(fault: &'static str, folder: &Path) {
    let second = start(fault, folder);
    let text = String::from_utf8_lossy(&second.stdout);
    let complaint = String::from_utf8_lossy(&second.stderr);
    assert!(
        second.status.success() && text.contains("LOADED"),
        "{text}{complaint}"
    );
    assert_eq!(note(folder), "", "nothing is being tried");
    let here = runtime(&[extra(fault)], Some(folder));
    assert_eq!(load(&here).expect("loads").1, 0, "everything is known");
    assert_eq!(here.counters().dispatches, 0, "and nothing was tried");
    expect(
        &here,
        "swiglu",
        fault,
        Outcome::Barred,
        &["the process ended"],
    );
}

#[test]
fn a_kernel_that_ends_the_process_is_barred() {
    let folder = folder("aborts");
    let first = start("aborts", &folder);
    assert!(!first.status.success(), "it was to end there");
    assert_eq!(note(&folder), "swiglu.aborts\n");
    barred("aborts", &folder);
}

#[test]
fn a_kernel_that_never_comes_back_is_barred() {
    let folder = folder("hangs");
    let mut command = command("hangs", &folder);
    let output = command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut first = output.spawn().expect("it starts");
    let begin = Instant::now();
    while note(&folder) != "swiglu.hangs\n" {
        assert!(
            begin.elapsed() < Duration::from_secs(120),
            "it was never tried"
        );
        sleep(Duration::from_millis(20));
    }
    first.kill().expect("it hangs");
    first.wait().expect("it is gone");
    barred("hangs", &folder);
}

/// The only hope of a kernel is tried twice, since a person may have ended the process; then the load says what is wrong.
#[test]
fn the_only_hope_is_tried_twice() {
    let folder = folder("only");
    for _ in 0..2 {
        let output = start("only-aborts", &folder);
        assert!(!output.status.success());
        assert_eq!(note(&folder), "swiglu.aborts\n");
    }
    let third = start("only-aborts", &folder);
    let text = String::from_utf8_lossy(&third.stderr);
    for part in ["Unsupported", "swiglu", "aborts is barred"] {
        assert!(text.contains(part), "{part} is not in: {text}");
    }
    assert_eq!(note(&folder), "");
}
