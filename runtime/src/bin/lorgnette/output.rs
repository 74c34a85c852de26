//! Where words go: results to standard output, everything else to standard error, and how a command fails.

use std::fmt::Display;
use std::io::{self, Write};

use serde::Serialize;

/// Why a command ended early.
#[derive(Debug)]
pub enum Failure {
    /// The library refused or failed.
    Library(lorgnette::Error),
    /// Standard output could not be written.
    Output(io::Error),
    /// The command line does not say enough.
    Usage(String),
    /// The command did its work and what it found is bad; it was told already in full.
    Verdict(String),
}

pub type Result<T, E = Failure> = std::result::Result<T, E>;

impl From<lorgnette::Error> for Failure {
    fn from(error: lorgnette::Error) -> Self {
        Self::Library(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl Failure {
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            _ => 1,
        }
    }

    /// The message on one line: drivers and templates answer in several. Only a budget's table keeps its own.
    pub fn message(&self) -> String {
        let text = match self {
            Self::Library(error @ lorgnette::Error::Budget(_)) => return error.to_string(),
            Self::Library(error) => error.to_string(),
            Self::Output(error) => format!("standard output: {error}"),
            Self::Usage(text) | Self::Verdict(text) => text.clone(),
        };
        let lines: Vec<&str> = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .collect();
        lines.join("; ")
    }
}

/// An argument that the library would refuse in the same words.
pub fn input(what: &str, expected: impl Display, found: impl Display) -> Failure {
    Failure::Library(lorgnette::Error::Input {
        what: what.to_owned(),
        expected: expected.to_string(),
        found: found.to_string(),
    })
}

/// A line on standard error. Nobody listening is no reason to stop.
pub fn say(text: impl Display) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Text on standard output, at once.
pub fn write(text: &str) -> Result<()> {
    let mut out = io::stdout();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// The one object of `--json`, on standard output.
pub fn json(object: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string(object).map_err(io::Error::from)?;
    write(&(text + "\n"))
}

/// Rows as a table: all but the first `left` columns to the right.
pub fn table(rows: &[Vec<String>], left: usize) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            line += &if column < left {
                format!("{cell:<width$}  ")
            } else {
                format!("{cell:>width$}  ")
            };
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}

/// Bytes for people, in powers of 1024.
pub fn bytes(count: u64) -> String {
    let mut scaled = count as f64;
    for unit in ["B", "KiB", "MiB", "GiB"] {
        if scaled < 1024.0 || unit == "GiB" {
            let digits = usize::from(unit != "B");
            return format!("{scaled:.digits$} {unit}");
        }
        scaled /= 1024.0;
    }
    unreachable!("the last unit takes the rest")
}
