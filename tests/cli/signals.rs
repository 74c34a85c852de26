//! Ctrl-C ends an answer and not the chat; a reader that goes away is no error.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};

use super::on_tiny;

/// Starts the command and waits for the first byte of its answer.
fn answering(mut command: Command, line: &str) -> (Child, BufReader<std::process::ChildStdout>) {
    let pipe = || Stdio::piped();
    let mut child = command
        .stdin(pipe())
        .stdout(pipe())
        .stderr(pipe())
        .spawn()
        .expect("the program starts");
    let stdin = child.stdin.as_mut().expect("a pipe");
    stdin.write_all(line.as_bytes()).expect("it listens");
    let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    assert!(!stdout.fill_buf().expect("a pipe").is_empty(), "it answers");
    (child, stdout)
}

fn interrupt(child: &Child) {
    // The shell's own: a bare machine has no program of that name.
    let sent = Command::new("sh")
        .args(["-c", &format!("kill -INT {}", child.id())])
        .status()
        .expect("a shell");
    assert!(sent.success());
}

fn rest_of(pipe: &mut impl Read) -> String {
    let mut bytes = Vec::new();
    pipe.read_to_end(&mut bytes).expect("a pipe");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Long enough that an answer is still going on when the signal comes: thousands of tokens.
const LONG: [&str; 4] = ["--context", "4096", "--temp", "0"];

#[test]
fn ctrl_c_ends_an_answer() {
    let command = on_tiny(
        "generate",
        &[&["--raw", "-p", "the earth"], &LONG[..]].concat(),
    );
    let (mut child, mut stdout) = answering(command, "");
    interrupt(&child);
    rest_of(&mut stdout);
    let status = child.wait().expect("it ends");
    let stderr = rest_of(&mut child.stderr.take().expect("a pipe"));
    assert!(status.success(), "{status}: {stderr}");
    assert!(stderr.contains("stop: cancelled"), "{stderr}");
}

#[test]
fn ctrl_c_does_not_end_a_chat() {
    let (mut child, mut stdout) =
        answering(on_tiny("chat", &[&LONG[..], &["-v"]].concat()), "hello\n");
    interrupt(&child);
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin
        .write_all(b"/system be brief\n/reset\n/nonsense\n/quit\n")
        .expect("it listens");
    rest_of(&mut stdout);
    let status = child.wait().expect("it ends");
    let stderr = rest_of(&mut child.stderr.take().expect("a pipe"));
    assert!(status.success(), "{status}: {stderr}");
    assert!(stderr.contains("stop: cancelled"), "{stderr}");
    assert!(
        stderr.contains("/reset forgets"),
        "an unknown command shows the known ones: {stderr}"
    );
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let command = on_tiny(
        "generate",
        &[&["--raw", "-p", "the earth"], &LONG[..]].concat(),
    );
    let (mut child, stdout) = answering(command, "");
    drop(stdout);
    let status = child.wait().expect("it ends");
    let stderr = rest_of(&mut child.stderr.take().expect("a pipe"));
    assert!(status.success(), "{status}: {stderr}");
    assert!(!stderr.contains("error"), "{stderr}");
}
