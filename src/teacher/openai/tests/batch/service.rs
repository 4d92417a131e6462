//! A Batch API on this machine: files and batches in memory, with the ends that a test asks for.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Value, json};

use super::super::server::answer;

/// How one batch goes.
#[derive(Clone, Default)]
pub(super) struct Plan {
    /// Statuses shown before the end, one for each look.
    pub(super) before: Vec<&'static str>,
    pub(super) status: &'static str,
    pub(super) output: Vec<String>,
    pub(super) error: Vec<String>,
    /// Of the validation.
    pub(super) errors: Value,
    /// Stays at work until the test lets it go.
    pub(super) is_held: bool,
}

/// What goes wrong with one call.
#[derive(Clone)]
pub(super) enum Fault {
    /// Answers this instead.
    Status(u16, &'static str, String),
    /// Does the work, and hangs up without an answer.
    Silence,
    /// Sends half of the body.
    Half,
}

type Planner = dyn Fn(usize, &[Value]) -> Plan + Send + Sync;

struct Made {
    id: String,
    input: String,
    metadata: Value,
    plan: Plan,
    looks: usize,
    requests: usize,
}

#[derive(Default)]
pub(super) struct State {
    files: BTreeMap<String, String>,
    batches: Vec<Made>,
    faults: Vec<(String, VecDeque<Fault>)>,
    /// Method and path of each call.
    pub(super) calls: Vec<String>,
    /// Heads of the calls, lower case.
    pub(super) heads: Vec<String>,
    /// The whole body of the last upload.
    pub(super) upload: String,
    /// The lines of every batch that was made.
    pub(super) lines: Vec<Vec<Value>>,
    next: usize,
}

pub(super) struct Service {
    pub(super) base_url: String,
    state: Arc<Mutex<State>>,
}

/// A line of an output file with an answer of this text.
pub(super) fn good(id: &str, text: &str) -> String {
    line(id, 200, &answer(text, "stop"))
}

pub(super) fn line(id: &str, status: u16, body: &Value) -> String {
    let response = json!({ "status_code": status, "request_id": "q", "body": body });
    json!({ "id": "batch_req_1", "custom_id": id, "response": response, "error": null }).to_string()
}

/// The text that the user said in a request line.
pub(super) fn said(line: &Value) -> &str {
    line["body"]["messages"].as_array().unwrap().last().unwrap()["content"].as_str().unwrap()
}

pub(super) fn id(line: &Value) -> &str {
    line["custom_id"].as_str().unwrap()
}

/// Each request answered with `{"said":TEXT}`, last line first.
pub(super) fn all_good(lines: &[Value]) -> Plan {
    let output = lines.iter().rev().map(|l| good(id(l), &json!({ "said": said(l) }).to_string())).collect();
    Plan { before: vec!["validating", "in_progress", "finalizing"], status: "completed", output, ..Plan::default() }
}

impl Service {
    /// Each batch goes as `planner` says by its position and lines.
    pub(super) fn start(planner: impl Fn(usize, &[Value]) -> Plan + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
        let (state, planner): (_, Arc<Planner>) = (Arc::new(Mutex::new(State::default())), Arc::new(planner));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (state, planner) = (Arc::clone(&shared), Arc::clone(&planner));
                std::thread::spawn(move || {
                    // A client that hung up is part of some tests.
                    let _gone = serve(&stream, &state, planner.as_ref());
                });
            }
        });
        Self { base_url, state }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// The next calls that begin like this go wrong.
    pub(super) fn faults(&self, call: &str, faults: &[Fault]) {
        self.state().faults.push((call.to_owned(), faults.iter().cloned().collect()));
    }

    /// How many calls began like this.
    pub(super) fn count(&self, call: &str) -> usize {
        self.state().calls.iter().filter(|c| c.starts_with(call)).count()
    }

    /// Lets held batches end.
    pub(super) fn release(&self) {
        for batch in &mut self.state().batches {
            batch.plan.is_held = false;
        }
    }

    /// What the files left at the service hold.
    pub(super) fn files(&self) -> usize {
        self.state().files.len()
    }
}

fn serve(stream: &TcpStream, state: &Mutex<State>, planner: &Planner) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head)? == 0 {
            return Ok(());
        }
    }
    let mut first = head.lines().next().unwrap().split(' ');
    let (method, path) = (first.next().unwrap(), first.next().unwrap().strip_prefix("/v1").unwrap());
    let call = format!("{method} {path}");
    let head = head.to_lowercase();
    let length = head.lines().find_map(|l| l.strip_prefix("content-length: ")).map_or(0, |v| v.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let body = String::from_utf8(body).unwrap();

    let (fault, answer) = {
        let mut state = state.lock().unwrap();
        state.calls.push(call.clone());
        state.heads.push(head);
        let fault = state.faults.iter_mut().find(|(start, f)| call.starts_with(start.as_str()) && !f.is_empty());
        let fault = fault.and_then(|(_, faults)| faults.pop_front());
        let answer = match &fault {
            Some(Fault::Status(status, header, body)) => (*status, format!("{header}\r\n"), body.clone()),
            _ => {
                let (status, body) = state.answer(method, path, &body, planner);
                (status, String::new(), body)
            }
        };
        (fault, answer)
    };
    let (status, headers, mut body) = answer;
    let length = body.len();
    match fault {
        Some(Fault::Silence) => return Ok(()),
        Some(Fault::Half) => body.truncate(length / 2),
        _ => {}
    }
    let headers = headers.trim_start();
    let mut stream = stream;
    stream.write_all(
        format!("HTTP/1.1 {status} X\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n{body}")
            .as_bytes(),
    )?;
    stream.flush()
}

impl State {
    /// Nothing goes wrong any more.
    pub(super) fn forgive(&mut self) {
        self.faults.clear();
    }

    pub(super) fn lose_files(&mut self) {
        self.files.clear();
    }

    fn answer(&mut self, method: &str, path: &str, body: &str, planner: &Planner) -> (u16, String) {
        let missing = || (404, json!({ "error": { "message": "No such thing", "code": "not_found" } }).to_string());
        let ok = |json: Value| (200, json.to_string());
        match (method, path.split(['/', '?']).skip(1).collect::<Vec<_>>().as_slice()) {
            ("POST", ["files"]) => {
                body.clone_into(&mut self.upload);
                let content = body.split("application/jsonl\r\n\r\n").nth(1).unwrap();
                let content = content.split("\r\n--").next().unwrap().to_owned();
                ok(json!({ "id": self.keep(content), "object": "file", "purpose": "batch" }))
            }
            ("DELETE", ["files", file]) => {
                self.files.remove(*file);
                ok(json!({ "id": file, "deleted": true }))
            }
            ("GET", ["files", file, "content"]) => {
                self.files.get(*file).map_or_else(missing, |content| (200, content.clone()))
            }
            ("POST", ["batches"]) => {
                let body: Value = serde_json::from_str(body).unwrap();
                assert_eq!(
                    (&body["endpoint"], &body["completion_window"]),
                    (&json!("/v1/chat/completions"), &json!("24h"))
                );
                let input = body["input_file_id"].as_str().unwrap().to_owned();
                let Some(content) = self.files.get(&input) else { return missing() };
                let lines: Vec<Value> = content.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
                let plan = planner(self.batches.len(), &lines);
                let (id, requests) = (format!("batch_{}", self.batches.len()), lines.len());
                self.lines.push(lines);
                self.batches.push(Made { id, input, metadata: body["metadata"].clone(), plan, looks: 0, requests });
                ok(self.show(self.batches.len() - 1))
            }
            ("GET", ["batches", id]) if !id.contains('=') => {
                let Some(n) = self.batches.iter().position(|b| b.id == *id) else { return missing() };
                self.batches[n].looks += 1;
                ok(self.show(n))
            }
            // Newest first, two on a page.
            ("GET", ["batches", query]) => {
                let after = query.split('&').find_map(|q| q.strip_prefix("after="));
                let newest = (0..self.batches.len()).rev();
                let rest: Vec<usize> =
                    newest.filter(|n| after.is_none_or(|a| format!("batch_{n}").as_str() < a)).collect();
                let data: Vec<Value> = rest.iter().take(2).map(|n| self.show(*n)).collect();
                ok(json!({ "object": "list", "data": data, "has_more": rest.len() > 2 }))
            }
            _ => missing(),
        }
    }

    fn keep(&mut self, content: String) -> String {
        self.next += 1;
        let id = format!("file-{}", self.next);
        self.files.insert(id.clone(), content);
        id
    }

    fn show(&mut self, n: usize) -> Value {
        let batch = &self.batches[n];
        let (total, plan) = (batch.requests, batch.plan.clone());
        let mut shown = json!({
            "id": batch.id, "object": "batch", "endpoint": "/v1/chat/completions", "errors": null,
            "input_file_id": batch.input, "completion_window": "24h", "output_file_id": null, "error_file_id": null,
            "created_at": 4_000_000_000_u64, "metadata": batch.metadata,
            "request_counts": { "total": total, "completed": 0, "failed": 0 },
        });
        let at = batch.looks.saturating_sub(1);
        if plan.is_held || batch.looks == 0 || at < plan.before.len() {
            let status = plan.before.get(at).copied().unwrap_or("in_progress");
            shown["status"] = status.into();
            return shown;
        }
        shown["status"] = plan.status.into();
        if !plan.errors.is_null() {
            shown["errors"] = json!({ "object": "list", "data": plan.errors });
        }
        shown["request_counts"] = json!({ "total": total, "completed": plan.output.len(), "failed": plan.error.len() });
        for (name, lines) in [("output", plan.output), ("error", plan.error)] {
            if !lines.is_empty() {
                let id = format!("{name}-{n}");
                self.files.entry(id.clone()).or_insert_with(|| lines.join("\n"));
                shown[format!("{name}_file_id")] = id.into();
            }
        }
        shown
    }
}
