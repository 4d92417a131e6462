//! An HTTP teacher on this machine that misbehaves by script, asked through the binary.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use distill::dataset;
use serde_json::{Value, json};

use crate::support::{Done, canaries_in, command, copy_sources, files};

/// What the server says to one request.
struct Reply {
    status: u16,
    headers: &'static str,
    body: String,
}

impl Reply {
    fn answer(text: &str) -> Self {
        let body = json!({
            "choices": [{ "index": 0, "message": { "role": "assistant", "content": text }, "finish_reason": "stop" }],
            "usage": { "prompt_tokens": 700, "completion_tokens": 300 },
        });
        Self { status: 200, headers: "content-type: application/json\r\n", body: body.to_string() }
    }

    fn rows(rows: &[Value]) -> Self {
        Self::answer(&json!({ "rows": rows }).to_string())
    }
}

/// One request as it arrived, and whether it got its answer.
#[derive(Clone)]
struct Seen {
    at: Instant,
    head: String,
    body: String,
    status: u16,
}

/// What the first turn of a request asks for.
struct Ask {
    /// Which passage, counted from 0 in the order of first requests.
    passage: usize,
    /// How often this passage's first turn came before.
    times: usize,
    turn: Turn,
    rows: Vec<Value>,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Turn {
    First,
    Repair,
    Shorten,
}

/// `None` leaves the request without an answer.
type Script = dyn Fn(&Ask) -> Option<Reply> + Send + Sync;

struct Server {
    url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    fn start(script: impl Fn(&Ask) -> Option<Reply> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (shared, script): (_, Arc<Script>) = (Arc::clone(&seen), Arc::new(script));
        let passages = Arc::new(Mutex::new(Vec::new()));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, script, passages) = (Arc::clone(&shared), Arc::clone(&script), Arc::clone(&passages));
                // A client that was killed hangs up.
                std::thread::spawn(move || serve(&stream, &seen, script.as_ref(), &passages).unwrap_or_default());
            }
        });
        Self { url, seen }
    }

    fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

fn serve(
    mut stream: &TcpStream,
    seen: &Mutex<Vec<Seen>>,
    script: &Script,
    passages: &Mutex<Vec<(String, usize)>>,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head)? == 0 {
            return Ok(());
        }
    }
    let length = head
        .to_lowercase()
        .lines()
        .find_map(|l| l.strip_prefix("content-length: ").map(|v| v.parse().unwrap()))
        .unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let body = String::from_utf8(body).unwrap();
    let number = {
        let mut seen = seen.lock().unwrap();
        seen.push(Seen { at: Instant::now(), head, body: body.clone(), status: 0 });
        seen.len() - 1
    };
    let ask = understand(&serde_json::from_str(&body).unwrap(), passages);
    let Some(reply) = script(&ask) else {
        // Until the client goes away.
        let _ = reader.read(&mut [0]);
        return Ok(());
    };
    seen.lock().unwrap()[number].status = reply.status;
    write!(
        stream,
        "HTTP/1.1 {} X\r\n{}connection: close\r\ncontent-length: {}\r\n\r\n{}",
        reply.status,
        reply.headers,
        reply.body.len(),
        reply.body
    )?;
    stream.flush()
}

fn understand(body: &Value, passages: &Mutex<Vec<(String, usize)>>) -> Ask {
    let messages = body["messages"].as_array().unwrap();
    let said = |i: usize| messages[i]["content"].as_str().unwrap();
    let first = messages.iter().position(|m| m["role"] == "user").unwrap();
    let last = said(messages.len() - 1);
    let turn = if messages.len() - 1 == first {
        Turn::First
    } else if last.contains("could not be read") {
        Turn::Repair
    } else {
        assert!(last.contains("too long"), "{last}");
        Turn::Shorten
    };
    let (request, passage) = said(first).split_once("\n---\n").unwrap();
    let wanted: usize = request.split_whitespace().nth(1).unwrap().parse().unwrap();
    let name = body["response_format"]["json_schema"]["name"].as_str().unwrap();
    let mut known = passages.lock().unwrap();
    let index = known.iter().position(|(text, _)| text == passage).unwrap_or_else(|| {
        known.push((passage.to_owned(), 0));
        known.len() - 1
    });
    let times = known[index].1;
    if turn == Turn::First {
        known[index].1 += 1;
    }
    let rows = if turn == Turn::Shorten {
        // The row that is too long, with short fields.
        let row: Value = serde_json::from_str(said(messages.len() - 2)).unwrap();
        let mut row = row["rows"][0].clone();
        row["response"] = "I cut it down. Fine.".into();
        vec![row]
    } else {
        rows_about(name, passage, wanted)
    };
    Ask { passage: index, times, turn, rows }
}

/// Rows that quote whole sentences of the passage.
fn rows_about(kind: &str, passage: &str, wanted: usize) -> Vec<Value> {
    let sentences = passage.split(['\n', '.']).map(|s| s.trim_matches(['-', '#', '*', ' ']));
    let sentences = sentences.filter(|s| !s.contains('[') && s.split_whitespace().count() >= 4);
    sentences
        .take(wanted)
        .map(|s| match kind {
            "qa" => json!({
                "instruction": format!("What do you say about this: {s}?"), "context": s, "response": format!("{s}."),
                "paraphrase": format!("How would you put it: {s}?"), "answer_key": s.split_whitespace().last().unwrap(), "evidence": s,
            }),
            "cot" => json!({
                "instruction": format!("Why does it matter that {s}?"), "thought": format!("I know that {s}. It cost time before."),
                "response": format!("It matters because {s}."), "evidence": s,
            }),
            other => panic!("{other}"),
        })
        .collect()
}

/// A folder with documents.
fn documents() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    copy_sources(&dir.path().join("sources"), &["01", "02", "04", "05", "08", "10", "14"]);
    dir
}

fn key() -> String {
    // Put together here, so that no file of the repository looks as if it held a key.
    ["sk", "only", "for", "this", "test", &std::process::id().to_string()].join("-")
}

fn ask(command_name: &str, rows: usize, concurrency: usize, server: &Server, dir: &Path) -> std::process::Command {
    let mut command = command(
        &[command_name, "sources", "--rows", &rows.to_string(), "--concurrency", &concurrency.to_string()],
        dir,
    );
    command.env("OPENAI_BASE_URL", &server.url).env("OPENAI_API_KEY", key());
    command
}

/// What no file, no message and no request may hold.
fn nothing_leaks(dir: &Path, done: &Done, seen: &[Seen]) {
    let key = key();
    for request in seen {
        assert_eq!(canaries_in(request.body.as_bytes()), [""; 0], "in a request");
        assert!(!request.body.contains(&key));
        assert!(request.head.to_lowercase().contains(&format!("authorization: bearer {key}")), "{}", request.head);
    }
    assert!(!done.said().contains(&key), "{}", done.said());
    assert_eq!(canaries_in(done.said().as_bytes()), [""; 0]);
    for file in files(dir) {
        let bytes = std::fs::read(&file).unwrap();
        assert!(!bytes.windows(key.len()).any(|w| w == key.as_bytes()), "the key is in {}", file.display());
        if !file.starts_with(dir.join("sources")) {
            assert_eq!(canaries_in(&bytes), [""; 0], "in {}", file.display());
        }
    }
}

fn bodies(seen: &[Seen], status: u16) -> Vec<&str> {
    seen.iter().filter(|s| s.status == status).map(|s| s.body.as_str()).collect()
}

#[test]
fn a_teacher_that_misbehaves_costs_only_what_it_spoils() {
    let server = Server::start(|ask| {
        let html = "<!DOCTYPE html><html><head><title>Oops</title></head><body>try later</body></html>";
        let mut rows = ask.rows.clone();
        Some(match (ask.passage, ask.turn, ask.times) {
            (0, Turn::First, 0) => Reply { status: 429, headers: "retry-after: 1\r\n", body: "slow down".into() },
            (0, Turn::First, 1) => Reply { status: 500, headers: "content-type: text/html\r\n", body: html.into() },
            // Broken once, mended when asked.
            (1, Turn::First, _) => Reply::answer("{\"rows\": [{\"instruction\": \"Wh"),
            // Broken twice.
            (2, Turn::First | Turn::Repair, _) => Reply::answer("I would rather write a poem."),
            // Far over the cap, then short.
            (3, Turn::First, _) => {
                rows[0]["response"] = "and then I waited for the kettle ".repeat(60).into();
                Reply::rows(&rows)
            }
            // Personal data of the teacher's own making.
            (4, Turn::First, _) => {
                rows[0]["response"] = "Write to somebody.else@example.com and ask.".into();
                Reply::rows(&rows)
            }
            // Not in the passage.
            (5, Turn::First, _) => {
                rows[0]["evidence"] = "the moon is made of green cheese".into();
                Reply::rows(&rows)
            }
            _ => Reply::rows(&rows),
        })
    });
    let dir = documents();
    let done: Done = ask("gen-cot", 25, 1, &server, dir.path()).output().unwrap().into();
    let done = done.expect(0);
    let seen = server.seen();
    println!("{} requests; {}", seen.len(), done.err.lines().find(|l| l.contains("of 25 rows")).unwrap_or_default());

    let table = dataset::read(&dir.path().join("cot.parquet")).unwrap();
    assert_eq!(table.records.len(), 25);
    assert!(table.records.iter().all(|r| r.text("teacher").unwrap().starts_with("openai:")));
    assert!(
        table.records.iter().any(|r| r.text("response") == Some("I cut it down. Fine.")),
        "the shortened row is kept"
    );
    let tokens = |r: &dataset::Record| r.values["tokens_response"].as_u64().unwrap();
    assert!(table.records.iter().all(|r| tokens(r) <= 150));
    let rejected = std::fs::read_to_string(dir.path().join("cot.rejected.jsonl")).unwrap();
    let rejected: Vec<Value> = rejected.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let codes: Vec<&str> = rejected.iter().map(|r| r["code"].as_str().unwrap()).collect();
    for code in ["unparsable", "personal-data", "ungrounded"] {
        assert_eq!(codes.iter().filter(|c| **c == code).count(), 1, "{code} in {codes:?}");
    }
    assert!(!codes.contains(&"too-long") && !codes.contains(&"no-answer"), "{codes:?}");
    assert!(rejected.iter().all(|r| !r.to_string().contains("somebody.else")), "the address is not kept");

    // The first passage: 429, a wait of a second, 500, a shorter one, 200; the same bytes each time.
    assert_eq!(seen.iter().take(3).map(|s| s.status).collect::<Vec<_>>(), [429, 500, 200]);
    assert!(seen[0].body == seen[1].body && seen[1].body == seen[2].body);
    assert!(seen[1].at - seen[0].at >= Duration::from_millis(950), "retry-after is kept");
    nothing_leaks(dir.path(), &done, &seen);

    // Everything was paid for: the same rows again without a request.
    let bytes = std::fs::read(dir.path().join("cot.parquet")).unwrap();
    let again: Done = ask("gen-cot", 25, 4, &server, dir.path()).output().unwrap().into();
    again.expect(0);
    let new = &server.seen()[seen.len()..];
    assert_eq!(new.len(), 2, "only the answer that could not be read, and its repair, are asked for again");
    assert!(new.iter().all(|s| s.body.contains("could not be read") || seen.iter().any(|old| old.body == s.body)));
    assert!(std::fs::read(dir.path().join("cot.parquet")).unwrap() == bytes);
}

#[test]
fn questions_from_several_requests_at_once() {
    let server = Server::start(|ask| Some(Reply::rows(&ask.rows)));
    let dir = documents();
    let done: Done = ask("gen-qa", 30, 6, &server, dir.path()).output().unwrap().into();
    let done = done.expect(0);
    let seen = server.seen();
    let table = dataset::read(&dir.path().join("qa.parquet")).unwrap();
    assert_eq!(table.records.len(), 30);
    let sources: BTreeSet<&str> = table.records.iter().map(|r| r.text("source").unwrap()).collect();
    assert!(sources.len() >= 6, "rows come from all over: {sources:?}");
    assert_eq!(
        bodies(&seen, 200).len(),
        bodies(&seen, 200).iter().collect::<BTreeSet<_>>().len(),
        "nothing is asked twice"
    );
    nothing_leaks(dir.path(), &done, &seen);

    // The order of arrival does not matter: one at a time gives the same file.
    let alone = documents();
    let done: Done = ask("gen-qa", 30, 1, &server, alone.path()).output().unwrap().into();
    done.expect(0);
    assert!(
        std::fs::read(alone.path().join("qa.parquet")).unwrap()
            == std::fs::read(dir.path().join("qa.parquet")).unwrap()
    );
}

#[test]
fn what_was_paid_for_survives_a_kill() {
    // The fifth passage gets no answer as long as the gate is shut.
    let open = Arc::new(Mutex::new(false));
    let gate = Arc::clone(&open);
    let server = Server::start(move |ask| (ask.passage < 4 || *gate.lock().unwrap()).then(|| Reply::rows(&ask.rows)));
    let dir = documents();
    let mut child =
        ask("gen-cot", 25, 1, &server, dir.path()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while server.seen().len() < 5 {
        assert!(Instant::now() < deadline && child.try_wait().unwrap().is_none(), "{} requests", server.seen().len());
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!dir.path().join("cot.parquet").exists());

    *open.lock().unwrap() = true;
    let done: Done = ask("gen-cot", 25, 1, &server, dir.path()).output().unwrap().into();
    let done = done.expect(0);
    let seen = server.seen();
    let paid = bodies(&seen, 200);
    assert_eq!(paid.len(), paid.iter().collect::<BTreeSet<_>>().len(), "an answered request was sent again");
    assert_eq!(bodies(&seen, 0).len(), 1, "the one that was cut off");
    assert!(paid.contains(&bodies(&seen, 0)[0]), "and is asked again");
    assert_eq!(dataset::read(&dir.path().join("cot.parquet")).unwrap().records.len(), 25);
    nothing_leaks(dir.path(), &done, &seen);
}

#[test]
fn a_teacher_that_cannot_answer_ends_the_run_with_a_reason() {
    for (status, body, words) in [
        (401, "{\"error\":{\"message\":\"Incorrect API key provided\"}}", "OPENAI_API_KEY"),
        (404, "{\"error\":{\"message\":\"The model does not exist\",\"code\":\"model_not_found\"}}", "--model"),
        (402, "pay first", "credit"),
    ] {
        let server = Server::start(move |_| Some(Reply { status, headers: "", body: body.into() }));
        let dir = documents();
        let done: Done = ask("gen-qa", 10, 2, &server, dir.path()).output().unwrap().into();
        let done = done.expect(2);
        assert!(done.err.contains(words) && done.err.contains("hint: "), "{}", done.err);
        assert!(server.seen().len() <= 2, "it is not asked again and again");
        nothing_leaks(dir.path(), &done, &server.seen());
        assert!(!dir.path().join("qa.parquet").exists());
    }
    // Nobody listens.
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let dir = documents();
    let server = Server { url: format!("http://{gone}/v1"), seen: Arc::default() };
    let mut asking = ask("gen-qa", 10, 2, &server, dir.path());
    let done: Done = asking.args(["--set", "teacher.max_retries=0"]).output().unwrap().into();
    let done = done.expect(2);
    assert!(done.err.contains("is the server running"), "{}", done.err);
    nothing_leaks(dir.path(), &done, &[]);
}

#[test]
fn a_document_is_never_written_over() {
    let dir = documents();
    let post = dir.path().join("sources/posts").read_dir().ok().and_then(|mut d| d.next()).map(|e| e.unwrap().path());
    let post = post.unwrap_or_else(|| files(&dir.path().join("sources")).remove(0));
    let before = std::fs::read(&post).unwrap();
    let gen_qa = |out: &str, rows: &str| -> Done {
        command(&["gen-qa", "sources", "--teacher", "outline", "--rows", rows, "-o", out], dir.path())
            .output()
            .unwrap()
            .into()
    };
    let done = gen_qa(post.to_str().unwrap(), "3").expect(2);
    assert!(done.err.contains("written over"), "{}", done.err);
    assert!(std::fs::read(&post).unwrap() == before);
    assert!(gen_qa("sources", "3").expect(2).err.contains("is a folder"));
    assert!(gen_qa("new.parquet", "0").expect(2).err.contains("no rows are wanted"));
    // What a run wrote may be written again, also among the documents.
    gen_qa("sources/rows.parquet", "3").expect(0);
    gen_qa("sources/rows.parquet", "3").expect(0);
}
