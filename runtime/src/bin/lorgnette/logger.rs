//! What the library logs, on standard error: warnings by default, without colour or time.

use log::{Level, LevelFilter, Log, Metadata, Record};

use crate::output::say;

struct Stderr;

impl Log for Stderr {
    /// Other crates are heard only when they fail or when details are wanted.
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("lorgnette")
            || metadata.level() == Level::Error
            || log::max_level() >= LevelFilter::Debug
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let word = match record.level() {
            // A line that begins with `error:` is the command's own last word.
            Level::Error => "problem",
            Level::Warn => "warning",
            Level::Info => "info",
            Level::Debug => "debug",
            Level::Trace => "trace",
        };
        say(format_args!("{word}: {}", record.args()));
    }

    fn flush(&self) {}
}

/// Starts logging at the level that `-v` or `LORGNETTE_LOG` asks for, the chattier of the two.
pub fn start(verbose: u8) {
    let flag = match verbose {
        0 => LevelFilter::Warn,
        1 => LevelFilter::Info,
        2 => LevelFilter::Debug,
        _ => LevelFilter::Trace,
    };
    let asked = std::env::var("LORGNETTE_LOG")
        .ok()
        .and_then(|level| level.parse().ok());
    let level = match (verbose, asked) {
        (0, Some(asked)) => asked,
        (_, asked) => flag.max(asked.unwrap_or(flag)),
    };
    if log::set_logger(&Stderr).is_ok() {
        log::set_max_level(level);
    }
}
