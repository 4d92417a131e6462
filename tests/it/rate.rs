//! How close the network teacher comes to a limit, and whether it stays below it: against a server on this machine
//! that is fast and counts.
//!
//! The long one takes minutes and says what the engine itself uses:
//! `cargo test --test it rate -- --ignored --nocapture`.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use distill::mask::{Masker, Policy, Vault};
use distill::prompt::{Brief, Passage, Templates, passages};
use distill::row::Kind;
use distill::teacher::Teacher;
use distill::teacher::openai::{ApiKey, OpenAiSettings, OpenAiTeacher, ResponseCache};
use futures_util::StreamExt;
use serde_json::json;

/// Counts requests the ways that servers do.
struct Meter {
    rpm: usize,
    /// In the last minute and in the last second.
    windows: [(Duration, usize, VecDeque<Instant>); 2],
    /// Tokens of a bucket that holds a quarter of a second's worth.
    bucket: f64,
    last: Option<Instant>,
    first: Option<Instant>,
    count: usize,
    /// Breaches of the minute, the second and the bucket.
    breaches: [usize; 3],
    most: [usize; 2],
}

impl Meter {
    fn new(rpm: usize) -> Self {
        let window = |seconds, limit| (Duration::from_secs(seconds), limit, VecDeque::new());
        Self {
            rpm,
            windows: [window(60, rpm), window(1, rpm.div_ceil(60))],
            bucket: rpm as f64 / 240.0,
            last: None,
            first: None,
            count: 0,
            breaches: [0; 3],
            most: [0; 2],
        }
    }

    fn arrived(&mut self, now: Instant) {
        self.count += 1;
        self.first.get_or_insert(now);
        for (i, (window, limit, times)) in self.windows.iter_mut().enumerate() {
            times.push_back(now);
            while times.front().is_some_and(|t| now.duration_since(*t) >= *window) {
                times.pop_front();
            }
            self.most[i] = self.most[i].max(times.len());
            self.breaches[i] += usize::from(times.len() > *limit);
        }
        let passed = now.duration_since(self.last.unwrap_or(now)).as_secs_f64();
        self.bucket = (self.bucket + passed * self.rpm as f64 / 60.0).min(self.rpm as f64 / 240.0) - 1.0;
        if self.bucket < -1.0 {
            self.breaches[2] += 1;
            self.bucket = 0.0;
        }
        self.last = Some(now);
    }

    /// Share of the limit that was used between the first request and the last.
    fn share(&self) -> f64 {
        let took = self.last.unwrap().duration_since(self.first.unwrap()).as_secs_f64();
        (self.count - 1) as f64 / took * 60.0 / self.rpm as f64
    }
}

struct Server {
    url: String,
    meter: Arc<Mutex<Meter>>,
    /// Ticks of processor time of the server's own threads.
    own: Arc<AtomicU64>,
}

fn start(rpm: usize, latency: Duration) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let (meter, own) = (Arc::new(Mutex::new(Meter::new(rpm))), Arc::new(AtomicU64::new(0)));
    let (shared, counted) = (Arc::clone(&meter), Arc::clone(&own));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (meter, own) = (Arc::clone(&shared), Arc::clone(&counted));
            std::thread::spawn(move || {
                let mut used = 0;
                while let Ok(true) = serve(&stream, &meter, latency) {
                    let now = ticks("/proc/thread-self/stat");
                    own.fetch_add(now - used, Ordering::Relaxed);
                    used = now;
                }
            });
        }
    });
    Server { url, meter, own }
}

/// Answers one request with five rows, some 450 tokens.
fn serve(stream: &TcpStream, meter: &Mutex<Meter>, latency: Duration) -> std::io::Result<bool> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head)? == 0 {
            return Ok(false);
        }
    }
    meter.lock().unwrap().arrived(Instant::now());
    let length =
        head.to_lowercase().lines().find_map(|l| l.strip_prefix("content-length: ").map(|v| v.parse().unwrap()));
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body)?;
    std::thread::sleep(latency);
    let row = json!({
        "instruction": "Which two systems did you move over that weekend in spring?", "context": "A migration.",
        "response": "I moved the billing system and the mail archive, and then I slept for most of the Monday after.",
        "paraphrase": "What was moved over the weekend?", "answer_key": "the mail archive", "evidence": "moved the billing system",
    });
    let content = json!({ "rows": vec![row; 5] }).to_string();
    let answer = json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{ "index": 0, "message": { "role": "assistant", "content": content }, "finish_reason": "stop" }],
        "usage": { "prompt_tokens": 1200, "completion_tokens": 450, "total_tokens": 1650 },
    });
    let answer = answer.to_string();
    let mut out = stream;
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", answer.len());
    out.write_all((head + &answer).as_bytes())?;
    Ok(true)
}

/// Ticks of a hundredth of a second of processor time.
fn ticks(stat: &str) -> u64 {
    let stat = std::fs::read_to_string(stat).unwrap_or_default();
    let rest = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    rest.split(' ').skip(11).take(2).filter_map(|n| n.parse::<u64>().ok()).sum()
}

/// Seconds of processor time of this process.
fn process_time() -> f64 {
    ticks("/proc/self/stat") as f64 / 100.0
}

/// Megabytes of this process in memory now.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"));
    line.and_then(|l| l.split_whitespace().next()).and_then(|kib| kib.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}

/// Passages of a made-up person's notes.
fn notes() -> Vec<Passage> {
    let mut text = String::from("# Notes\n\n");
    for week in 1..=60 {
        text.push_str(&format!(
            "## Week {week}\n\nIn week {week} I moved the billing system to the new database, which took two nights and \
             four pots of tea. The mail archive went along with it because both hang on the same old disk, and nobody \
             wanted to find out what happens when one of them is gone. I wrote down what broke: the report of Monday, \
             the export of the ledgers, and one screen that nobody has opened since the office moved.\n\n"
        ));
    }
    let document = distill::document::extract("notes.md", text.as_bytes()).unwrap();
    let masker = Masker::new(Policy::default(), std::slice::from_ref(&document));
    passages(&masker.mask(&document, &mut Vault::default()))
}

struct Figures {
    share: f64,
    breaches: [usize; 3],
    most: [usize; 2],
    /// Of one core, per hundred requests a second.
    cpu: f64,
    grown_mb: f64,
}

/// Asks so many prompts, each once.
fn ask(requests: usize, rpm: usize, latency: Duration) -> Figures {
    let server = start(rpm, latency);
    let folder = tempfile::tempdir().unwrap();
    let cache = ResponseCache::open(&folder.path().join("responses.sqlite")).unwrap();
    let mut settings = OpenAiSettings::new(&server.url, ApiKey::default(), "m");
    settings.rpm = Some(u32::try_from(rpm).unwrap());
    settings.concurrency = 32;
    let teacher = OpenAiTeacher::new(settings, Some(cache.clone())).unwrap();
    let (passages, templates) = (notes(), Templates::embedded().unwrap());
    assert!(passages.len() >= 20, "{} passages", passages.len());
    let prompt = |n: usize| {
        let round = u32::try_from(n / passages.len()).unwrap();
        let brief = Brief { sample: round, ..Brief::first(Kind::Qa, &passages[n % passages.len()], 5, 150) };
        templates.prompt(&brief).unwrap()
    };
    // Rendering is not the engine's work.
    let rendering = {
        let before = process_time();
        (0..200).for_each(|n| drop(prompt(n)));
        (process_time() - before) / 200.0
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (mut start, mut early, mut done) = ((process_time(), 0, Instant::now()), 0.0, 0);
    runtime.block_on(async {
        let mut answers = futures_util::stream::iter((0..requests).map(|n| {
            let (teacher, prompt) = (&teacher, prompt(n));
            async move {
                let completion = teacher.complete(&prompt).await?;
                teacher.keep(&prompt, &completion).await.map(|()| completion)
            }
        }))
        .buffer_unordered(32);
        while let Some(answer) = answers.next().await {
            answer.unwrap();
            done += 1;
            if done == requests / 5 {
                early = resident();
                start = (process_time(), server.own.load(Ordering::Relaxed), Instant::now());
            }
        }
    });
    let took = start.2.elapsed().as_secs_f64();
    let served = (server.own.load(Ordering::Relaxed) - start.1) as f64 / 100.0;
    let asked = (requests - requests / 5) as f64;
    let used = process_time() - start.0 - served - rendering * asked;
    assert_eq!(cache.len().unwrap(), requests as u64);
    let meter = server.meter.lock().unwrap();
    assert_eq!(meter.count, requests, "each once");
    let figures = Figures {
        share: meter.share(),
        breaches: meter.breaches,
        most: meter.most,
        cpu: used / took / (asked / took / 100.0),
        grown_mb: resident() - early,
    };
    println!(
        "{requests} requests at {rpm} a minute: {:.2} % of the limit; at most {} a minute and {} a second; breaches of \
         the minute, the second and a bucket of a quarter of a second: {:?}; {:.1} % of a core per 100 requests/s; \
         memory {:+.1} MB over the last four fifths",
        figures.share * 100.0,
        figures.most[0],
        figures.most[1],
        figures.breaches,
        figures.cpu * 100.0,
        figures.grown_mb,
    );
    figures
}

#[test]
fn a_limit_is_used_and_kept() {
    let figures = ask(600, 6_000, Duration::from_millis(20));
    // Other tests share the processor, which may hold a thread up for longer than the engine catches up.
    assert!((0.9..=1.0).contains(&figures.share), "{}", figures.share);
    assert_eq!((figures.breaches[0], figures.breaches[2]), (0, 0));
}

#[test]
#[ignore = "takes two minutes"]
fn ten_thousand_requests() {
    let figures = ask(10_000, 6_000, Duration::from_millis(50));
    assert!((0.97..=1.0).contains(&figures.share), "{}", figures.share);
    assert_eq!(figures.breaches, [0; 3]);
    // The aim is a twentieth in a release build; with assertions it takes three times that (14.8 % measured).
    let most = if cfg!(debug_assertions) { 0.2 } else { 0.05 };
    assert!(figures.cpu < most, "{}", figures.cpu);
    assert!(figures.grown_mb < 12.0, "{}", figures.grown_mb);
}
