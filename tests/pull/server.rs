//! A small HTTP/1.1 server on 127.0.0.1 that answers as a test says, one request a connection, and remembers
//! what it was asked. It can break off in the middle of a body, and it can ignore ranges.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

/// What a client asked for.
#[derive(Debug, Clone)]
pub struct Request {
    pub path: String,
    headers: HashMap<String, String>,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// N of `Range: bytes=N-`.
    pub fn first_byte(&self) -> Option<usize> {
        let range = self.header("range")?.strip_prefix("bytes=")?;
        range.strip_suffix('-')?.parse().ok()
    }
}

/// What the server says.
#[derive(Debug, Clone)]
pub struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    sent: usize,
    states_length: bool,
}

impl Answer {
    pub fn status(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            sent: usize::MAX,
            states_length: true,
        }
    }

    /// The whole of `bytes`, whatever was asked for.
    pub fn whole(bytes: &[u8]) -> Self {
        let mut answer = Self::status(200);
        answer.body = bytes.to_vec();
        answer
    }

    /// The range asked for, or the whole.
    pub fn ranged(request: &Request, bytes: &[u8]) -> Self {
        match request.first_byte() {
            Some(first) if first >= bytes.len() => {
                Self::status(416).header("Content-Range", &format!("bytes */{}", bytes.len()))
            }
            Some(first) => Self::part(bytes, first),
            None => Self::whole(bytes),
        }
    }

    /// The bytes from `first` on, named as such.
    pub fn part(bytes: &[u8], first: usize) -> Self {
        let range = format!("bytes {first}-{}/{}", bytes.len() - 1, bytes.len());
        let mut answer = Self::whole(&bytes[first..]).header("Content-Range", &range);
        answer.status = 206;
        answer
    }

    pub fn redirect(status: u16, to: &str) -> Self {
        Self::status(status).header("Location", to)
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Breaks the connection off after that much of the body.
    pub fn cut(mut self, after: usize) -> Self {
        self.sent = after;
        self
    }

    /// Sends the body in chunks, so that nobody knows its length before its end.
    pub fn chunked(mut self) -> Self {
        self.states_length = false;
        self
    }

    fn write(&self, stream: &mut TcpStream) -> std::io::Result<()> {
        write!(
            stream,
            "HTTP/1.1 {} Said\r\nConnection: close\r\n",
            self.status
        )?;
        for (name, value) in &self.headers {
            write!(stream, "{name}: {value}\r\n")?;
        }
        let body = &self.body[..self.sent.min(self.body.len())];
        if self.states_length {
            write!(stream, "Content-Length: {}\r\n\r\n", self.body.len())?;
            stream.write_all(body)?;
        } else {
            write!(stream, "Transfer-Encoding: chunked\r\n\r\n")?;
            write!(stream, "{:x}\r\n", body.len())?;
            stream.write_all(body)?;
            write!(stream, "\r\n0\r\n\r\n")?;
        }
        stream.flush()
    }
}

/// A running server; it stops when dropped.
pub struct Server {
    address: String,
    asked: Arc<Mutex<Vec<Request>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub fn new(answer: impl Fn(&Request) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let (seen, stopped) = (asked.clone(), stop.clone());
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::Relaxed) {
                    break;
                }
                let Ok(mut stream) = stream else { continue };
                let Some(request) = read(&stream) else {
                    continue;
                };
                seen.lock().unwrap().push(request.clone());
                // A client may hang up on a body that it does not want.
                let _ = answer(&request).write(&mut stream);
            }
        });
        Self {
            address,
            asked,
            stop,
            thread: Some(thread),
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn asked(&self) -> Vec<Request> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Wakes the thread out of its wait for a connection.
        let _ = TcpStream::connect(&self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The address of a port that nobody listens on.
pub fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next()?.ok()?;
    let path = first.split(' ').nth(1)?.to_owned();
    let mut headers = HashMap::new();
    for line in lines {
        let line = line.ok()?;
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    Some(Request { path, headers })
}
