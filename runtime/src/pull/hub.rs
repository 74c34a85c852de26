//! One file from Hugging Face into a `.part` file: redirects, token, ranges, lengths.
//!
//! Redirects are followed here and not by the client, because the hub states the file's hash on the
//! redirect itself and because the token must not leave the hub. Hashes are checked by the caller.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::time::Duration;

use ureq::http::{Response, Uri, header};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body};

use super::entries::Pin;
use super::part::{self, Failure};

/// Long enough for a far hub, short enough that a machine without one goes on soon.
const CONNECT: Duration = Duration::from_secs(5);
/// A download that gives no byte for this long counts as cut.
const STALL: Duration = Duration::from_secs(30);
const MAX_REDIRECTS: usize = 10;
const CHUNK: usize = 256 * 1024;

/// What a request is for.
pub(super) struct Source<'a> {
    pub url: String,
    pub token: Option<&'a str>,
}

/// What the hub says of a file.
#[derive(Debug, Default, PartialEq, Eq)]
struct Stated {
    bytes: Option<u64>,
    sha256: Option<String>,
}

/// Brings the rest of the file at `source` into `part`, which may hold its beginning, and returns the SHA-256
/// that it must have: the pinned one, or the hub's own statement.
pub(super) fn fetch(
    source: &Source,
    part: &Path,
    pin: Option<Pin>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<String, Failure> {
    let agent = agent();
    let kept = part::length(part)?;
    let (mut answer, mut stated) = ask(&agent, source, kept)?;
    if kept > 0
        && matches!(answer.status().as_u16(), 206 | 416)
        && first_byte(&answer, kept).is_none()
    {
        (answer, stated) = ask(&agent, source, 0)?;
    }
    let start = first_byte(&answer, kept).ok_or_else(|| refused(source, &answer))?;
    let missing =
        |what| Failure::NotReached(format!("{}: expected {what}, found none", source.url));
    let found = answer.body().content_length().map(|rest| start + rest);
    let expected = pin.map(|pin| pin.bytes).or(stated.bytes);
    let total = expected.or(found).ok_or_else(|| missing("a length"))?;
    if let Some(found) = found.filter(|found| *found != total) {
        return Err(Failure::NotReached(format!(
            "{}: expected {total} bytes, found {found} bytes",
            source.url
        )));
    }
    let sha256 = match pin {
        Some(pin) => pin.sha256.to_owned(),
        None => stated.sha256.ok_or_else(|| missing("the hub's SHA-256"))?,
    };
    let file = part::open(part, start)?;
    let body = &mut answer.into_body().into_reader();
    receive(body, file, part, start..total, progress)?;
    Ok(sha256)
}

fn agent() -> Agent {
    // The system's roots, not a bundled list: the machine may sit behind a proxy with an authority of its own.
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::PlatformVerifier)
        .build();
    Agent::config_builder()
        .tls_config(tls)
        .user_agent(concat!("lorgnette/", env!("CARGO_PKG_VERSION")))
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_resolve(Some(CONNECT))
        .timeout_connect(Some(CONNECT))
        .timeout_recv_response(Some(STALL))
        .timeout_per_read(Some(STALL))
        .build()
        .into()
}

/// Asks for the bytes from `start` on, and follows redirects. The token goes only to the origin asked first.
fn ask(agent: &Agent, source: &Source, start: u64) -> Result<(Response<Body>, Stated), Failure> {
    let not_reached = |why: String| Failure::NotReached(format!("{}: {why}", source.url));
    let home: Uri = source
        .url
        .parse()
        .map_err(|error| not_reached(format!("expected an address: {error}")))?;
    let mut here = home.clone();
    let mut stated = Stated::default();
    for _ in 0..=MAX_REDIRECTS {
        let mut request = agent
            .get(here.clone())
            .header(header::ACCEPT_ENCODING, "identity");
        if start > 0 {
            request = request.header(header::RANGE, format!("bytes={start}-"));
        }
        if let (Some(token), true) = (source.token, origin(&here) == origin(&home)) {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let answer = request
            .call()
            .map_err(|error| not_reached(error.to_string()))?;
        stated.read(&answer, origin(&here) == origin(&home));
        if !answer.status().is_redirection() {
            return Ok((answer, stated));
        }
        let next = text(&answer, header::LOCATION.as_str()).unwrap_or_default();
        here = join(&here, next).ok_or_else(|| {
            not_reached(format!("expected a redirect to an address, found {next:?}"))
        })?;
        if home.scheme_str() == Some("https") && here.scheme_str() != Some("https") {
            return Err(not_reached(format!(
                "expected redirects to stay on https, found {here}"
            )));
        }
    }
    Err(not_reached(format!(
        "expected at most {MAX_REDIRECTS} redirects, found more"
    )))
}

impl Stated {
    /// For large files the hub gives the SHA-256 as an entity tag, under a name of its own where it redirects to
    /// the storage behind it. The storage's tags may be other hashes of the same length: they are not read.
    fn read(&mut self, answer: &Response<Body>, from_hub: bool) {
        let digest = |name| {
            let tag = text(answer, name)?
                .trim_start_matches("W/")
                .trim_matches('"');
            let is_digest = tag.len() == 64 && tag.bytes().all(|byte| byte.is_ascii_hexdigit());
            is_digest.then(|| tag.to_ascii_lowercase())
        };
        if !from_hub || self.sha256.is_some() {
            return;
        }
        self.sha256 = digest("x-linked-etag").or_else(|| digest("etag"));
        self.bytes = text(answer, "x-linked-size").and_then(|bytes| bytes.parse().ok());
    }
}

/// Where the body begins: 0 for a whole file, `asked` for the range asked for, none for anything else.
fn first_byte(answer: &Response<Body>, asked: u64) -> Option<u64> {
    match answer.status().as_u16() {
        200 => Some(0),
        206 => {
            let range = text(answer, "content-range")?.strip_prefix("bytes ")?;
            let first: u64 = range.split_once('-')?.0.parse().ok()?;
            (first == asked).then_some(first)
        }
        _ => None,
    }
}

fn refused(source: &Source, answer: &Response<Body>) -> Failure {
    let status = answer.status();
    let hint = match status.as_u16() {
        401 | 403 => {
            ": the file may be private, or its licence not accepted by your account; accept the \
             licence on the repository's page and set HF_TOKEN"
        }
        404 => ": there is no such file",
        429 => ": too many requests, try again later",
        _ => "",
    };
    Failure::NotReached(format!("{}: answered {status}{hint}", source.url))
}

/// Writes the body behind what `file` holds. What came stays when the connection is cut.
fn receive(
    body: &mut dyn Read,
    mut file: File,
    part: &Path,
    bytes: std::ops::Range<u64>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), Failure> {
    let mut done = bytes.start;
    let mut chunk = vec![0; CHUNK];
    progress(done, bytes.end);
    let cut = loop {
        match body.read(&mut chunk) {
            Ok(0) if done < bytes.end => break "the connection was closed".to_owned(),
            Ok(0) => break String::new(),
            Ok(read) => {
                done += read as u64;
                if done > bytes.end {
                    drop(file);
                    part::remove(part)?;
                    return Err(Failure::broken(format!(
                        "expected {} bytes, found more",
                        bytes.end
                    )));
                }
                file.write_all(&chunk[..read])
                    .map_err(|source| Failure::disk(part, source))?;
                progress(done, bytes.end);
            }
            Err(error) => break error.to_string(),
        }
    };
    file.sync_all()
        .map_err(|source| Failure::disk(part, source))?;
    if cut.is_empty() {
        return Ok(());
    }
    Err(Failure::broken(format!(
        "expected {} bytes, found {done} when it ended ({cut}); they are kept, pull again to go on",
        bytes.end
    )))
}

fn text<'a>(answer: &'a Response<Body>, name: &str) -> Option<&'a str> {
    answer.headers().get(name)?.to_str().ok()
}

fn origin(uri: &Uri) -> (Option<&str>, Option<&str>) {
    (
        uri.scheme_str(),
        uri.authority().map(|authority| authority.as_str()),
    )
}

/// A redirect's target: a whole address, or a path on the same origin.
fn join(base: &Uri, target: &str) -> Option<Uri> {
    if target.starts_with("//") {
        return format!("{}:{target}", base.scheme_str()?).parse().ok();
    }
    if target.starts_with('/') {
        let (scheme, authority) = (base.scheme_str()?, base.authority()?);
        return format!("{scheme}://{authority}{target}").parse().ok();
    }
    let uri: Uri = target.parse().ok()?;
    uri.authority().is_some().then_some(uri)
}
