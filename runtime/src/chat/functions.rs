//! What Hugging Face gives to templates beyond Jinja: `raise_exception`, `strftime_now`, a `tojson` that writes like
//! Python's `json.dumps`, and the `generation` tags. Python's string methods come from `pycompat`.

use std::borrow::Cow;

use minijinja::value::{Kwargs, Value};
use minijinja::{Environment, Error, ErrorKind};
use regex::Regex;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};

pub(super) fn add(environment: &mut Environment<'static>) {
    environment.add_function("raise_exception", raise_exception);
    environment.add_function("strftime_now", strftime_now);
    environment.add_filter("tojson", to_json);
}

fn raise_exception(message: String) -> Result<String, Error> {
    Err(Error::new(ErrorKind::InvalidOperation, message))
}

/// The present moment in UTC: the library has no time zones, which templates do not ask for.
fn strftime_now(pattern: String) -> Result<String, Error> {
    let now = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
    jiff::fmt::strtime::format(&pattern, &now).map_err(|error| {
        Error::new(
            ErrorKind::InvalidOperation,
            format!("strftime_now({pattern:?}): {error}"),
        )
    })
}

/// `tojson(indent=n)`: like Python, `", "` and `": "` between things and nothing escaped for HTML.
fn to_json(value: Value, indent: Option<usize>, named: Kwargs) -> Result<Value, Error> {
    let indent = indent.or(named.get("indent")?);
    // Accepted because templates pass it; characters are never escaped, as with Hugging Face.
    let _: Option<bool> = named.get("ensure_ascii")?;
    named.assert_all_used()?;
    let json = match indent {
        Some(width) if width > 16 => Err("an indent of at most 16".to_owned()),
        Some(width) => written(&value, PrettyFormatter::with_indent(&b" ".repeat(width))),
        None => written(&value, Spaced),
    };
    json.map(Value::from_safe_string)
        .map_err(|reason| Error::new(ErrorKind::BadSerialization, format!("tojson: {reason}")))
}

fn written(value: &Value, formatter: impl Formatter) -> Result<String, String> {
    let mut bytes = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut bytes, formatter);
    serde::Serialize::serialize(value, &mut serializer).map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map_err(|error| error.to_string())
}

/// One line with a blank after each comma and colon.
struct Spaced;

impl Formatter for Spaced {
    fn begin_array_value<W: ?Sized + std::io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> std::io::Result<()> {
        writer.write_all(if first { b"" } else { b", " })
    }

    fn begin_object_key<W: ?Sized + std::io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> std::io::Result<()> {
        writer.write_all(if first { b"" } else { b", " })
    }

    fn begin_object_value<W: ?Sized + std::io::Write>(
        &mut self,
        writer: &mut W,
    ) -> std::io::Result<()> {
        writer.write_all(b": ")
    }
}

/// `{% generation %}` frames what a model said, for training. It prints nothing, so a condition that always holds
/// takes its place and keeps the trimming of blanks around it.
pub(super) fn without_generation_tags(source: &str) -> String {
    // A constant pattern, built by the tests.
    let tags = Regex::new(r"(\{%[-+]?\s*)(end)?generation(\s*[-+]?%\})")
        .expect("a valid constant pattern");
    let replaced: Cow<str> = tags.replace_all(source, |tag: &regex::Captures| {
        let word = if tag.get(2).is_some() {
            "endif"
        } else {
            "if true"
        };
        format!("{}{word}{}", &tag[1], &tag[3])
    });
    replaced.into_owned()
}
