//! A tiny HTTP/1.1 server on this machine that answers by script and remembers what it was sent.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// What the server does with one request.
#[derive(Clone)]
pub(super) struct Step {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
    delay: Duration,
    /// Announces more bytes than it sends, then hangs up.
    is_cut: bool,
    /// Takes the next request on the same connection.
    is_kept: bool,
    /// Hangs up without a word.
    is_silent: bool,
    /// Waits so long before every byte.
    drip: Duration,
}

/// Text or JSON.
pub(super) struct Body(String);

impl From<&str> for Body {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<&String> for Body {
    fn from(text: &String) -> Self {
        Self(text.clone())
    }
}

impl From<Value> for Body {
    fn from(json: Value) -> Self {
        Self(json.to_string())
    }
}

impl Step {
    pub(super) fn new(status: u16, body: impl Into<Body>) -> Self {
        let (headers, delay, drip) = (Vec::new(), Duration::ZERO, Duration::ZERO);
        Self { status, headers, body: body.into().0, delay, is_cut: false, is_kept: false, is_silent: false, drip }
    }

    /// A complete answer of this text: 100 tokens read, 20 written.
    pub(super) fn ok(text: &str) -> Self {
        Self::new(200, answer(text, "stop"))
    }

    pub(super) fn error(status: u16, mut error: Value) -> Self {
        Self::new(status, json!({ "error": error.take() }))
    }

    pub(super) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(super) fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    pub(super) fn cut(mut self) -> Self {
        self.is_cut = true;
        self
    }

    pub(super) fn kept(mut self) -> Self {
        self.is_kept = true;
        self
    }

    pub(super) fn drip(mut self, wait: Duration) -> Self {
        self.drip = wait;
        self
    }

    /// Hangs up instead of answering.
    pub(super) fn silent() -> Self {
        Self { is_silent: true, ..Self::new(0, "") }
    }
}

pub(super) fn answer(text: &str, finish_reason: &str) -> Value {
    json!({
        "choices": [{ "index": 0, "message": { "role": "assistant", "content": text }, "finish_reason": finish_reason }],
        "usage": { "prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120 },
    })
}

/// One request as it arrived.
#[derive(Clone)]
pub(super) struct Seen {
    pub(super) at: Instant,
    /// Request line and headers, lower case.
    pub(super) head: String,
    pub(super) body: Value,
}

type Script = dyn Fn(usize, &Value) -> Step + Send + Sync;

struct State {
    script: Box<Script>,
    seen: Mutex<Vec<Seen>>,
    in_flight: AtomicUsize,
    peak: AtomicUsize,
}

/// The server; its threads end with the test process.
pub(super) struct Server {
    pub(super) base_url: String,
    state: Arc<State>,
}

impl Server {
    /// Answers by position and body of the request.
    pub(super) fn start(script: impl Fn(usize, &Value) -> Step + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
        let (in_flight, peak) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let state = Arc::new(State { script: Box::new(script), seen: Mutex::default(), in_flight, peak });
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                std::thread::spawn(move || {
                    // A client that hung up is part of some tests.
                    while let Ok(true) = serve(&stream, &state) {}
                });
            }
        });
        Self { base_url, state }
    }

    /// Answers one request after the other; a request too many gets a 418, which no test expects.
    pub(super) fn steps(steps: &[Step]) -> Self {
        let steps = steps.to_vec();
        Self::start(move |n, _| steps.get(n).cloned().unwrap_or_else(|| Step::new(418, "not in the script")))
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.state.seen.lock().unwrap().clone()
    }

    /// The most requests that were being answered at once.
    pub(super) fn peak(&self) -> usize {
        self.state.peak.load(Ordering::SeqCst)
    }
}

/// Serves one request; true when the connection stays.
fn serve(stream: &TcpStream, state: &State) -> std::io::Result<bool> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head)? == 0 {
            return Ok(false);
        }
    }
    let head = head.to_lowercase();
    let length = head.lines().find_map(|l| l.strip_prefix("content-length: ")).map_or(0, |v| v.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    // A GET has none.
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();

    let now = state.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
    state.peak.fetch_max(now, Ordering::SeqCst);
    let step = {
        let mut seen = state.seen.lock().unwrap();
        seen.push(Seen { at: Instant::now(), head, body: body.clone() });
        (state.script)(seen.len() - 1, &body)
    };
    std::thread::sleep(step.delay);
    state.in_flight.fetch_sub(1, Ordering::SeqCst);

    if step.is_silent {
        return Ok(false);
    }
    let length = step.body.len() + if step.is_cut { 100 } else { 0 };
    let connection = if step.is_kept { "keep-alive" } else { "close" };
    let mut out = format!("HTTP/1.1 {} X\r\nconnection: {connection}\r\ncontent-length: {length}\r\n", step.status);
    for (name, value) in &step.headers {
        out.extend([name, ": ", value, "\r\n"]);
    }
    out.push_str("\r\n");
    let mut stream = stream;
    if step.drip.is_zero() {
        out.push_str(&step.body);
        stream.write_all(out.as_bytes())?;
    } else {
        stream.write_all(out.as_bytes())?;
        for byte in step.body.bytes() {
            std::thread::sleep(step.drip);
            stream.write_all(&[byte])?;
        }
    }
    stream.flush()?;
    Ok(step.is_kept)
}
