//! `mask --jsonl`: lines in, masked lines out, in order.
//!
//! Lines are read and looked through on all cores; what is found is numbered on one thread in the order of the lines,
//! so that the result does not depend on how many cores there are. A line's answer goes out as soon as it is known,
//! also while the next line is not written yet.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::Error;
use crate::cli::Printer;
use crate::cli::lines::{self, Next};
use crate::mask::{Detected, Masker, NameModel, Surrogates, Vault};

#[derive(Deserialize)]
struct Line {
    /// As it came, so that no long number is rounded.
    id: Box<RawValue>,
    text: String,
}

#[derive(Serialize)]
struct Masked<'a> {
    id: &'a RawValue,
    text: &'a str,
    spans: Vec<Place<'a>>,
}

#[derive(Serialize)]
struct Place<'a> {
    start: usize,
    end: usize,
    entity: &'a str,
    score: f32,
}

/// One line looked through; `None` for an empty one.
type Answer = Result<Option<(Line, Detected)>, Error>;

/// How many bytes are written at once.
const LARGE: usize = 1 << 16;

/// How many answers of each thread may wait to be written.
const WAITING: usize = 64;

/// Masks lines of `{"id","text"}` from standard input to lines of `{"id","text","spans"}`.
///
/// # Errors
/// A line that is no such object, by its number; a model that fails; standard output that is closed. What stands
/// before it was answered.
pub(super) fn run(
    masker: Masker,
    model: Option<&dyn NameModel>,
    vault: &mut Vault,
    printer: &Printer,
) -> Result<(), Error> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    // A model uses all cores by itself, and an invented value is known to the lines behind it.
    if model.is_some() || masker.invents() || threads == 1 {
        let lines = lines::lines();
        for number in 0.. {
            match lines::next(&lines) {
                Next::Some(line) => {
                    if let Some((line, found)) = look(number, line, &masker, model, vault.surrogates())? {
                        printer.data(&answer(&line, &found, vault)?)?;
                    }
                }
                Next::End => break,
                Next::Stopped => return Err(stopped(number)),
            }
        }
        return Ok(());
    }
    let shared = Arc::new((masker, vault.surrogates().clone()));
    let lines = Arc::new(Mutex::new((0, lines::lines())));
    let (done, answers) = sync_channel(threads * WAITING);
    // These end with the process, as the one that they wait for does.
    for _ in 0..threads {
        let (shared, lines, done) = (Arc::clone(&shared), Arc::clone(&lines), done.clone());
        thread::spawn(move || work(&shared.0, &shared.1, &lines, &done));
    }
    drop(done);
    write(&answers, vault, printer)
}

/// How many lines were taken, and those that follow.
type Lines = Mutex<(usize, Receiver<std::io::Result<String>>)>;

fn work(masker: &Masker, surrogates: &Surrogates, lines: &Lines, done: &SyncSender<(usize, Answer)>) {
    let take = || {
        let mut lines = lines.lock().ok()?;
        let line = lines.1.recv().ok()?;
        lines.0 += 1;
        Some((lines.0 - 1, line))
    };
    while let Some((number, line)) = take() {
        // Whatever happens, a line is not left out in silence.
        let found = catch_unwind(AssertUnwindSafe(|| look(number, line, masker, None, surrogates)));
        let found =
            found.unwrap_or_else(|_| Err(Error::new("cannot be masked: a fault of this program").place(place(number))));
        if done.send((number, found)).is_err() {
            return;
        }
    }
}

/// Writes the answers in the order of the lines; what is ready goes out at once.
fn write(answers: &Receiver<(usize, Answer)>, vault: &mut Vault, printer: &Printer) -> Result<(), Error> {
    let mut early: BTreeMap<usize, Answer> = BTreeMap::new();
    let mut next = 0;
    let mut out = String::new();
    let mut failed = None;
    while failed.is_none() {
        // What is ready goes out before anything is waited for, and before it grows large.
        let ready = if out.len() < LARGE { answers.try_recv().ok() } else { None };
        if ready.is_none() && !out.is_empty() {
            printer.data(&std::mem::take(&mut out))?;
        }
        let answered = match ready.filter(|_| !lines::is_stopped()).map_or_else(|| lines::next(answers), Next::Some) {
            Next::Some(answered) => answered,
            Next::End => break,
            Next::Stopped => {
                failed = Some(stopped(next));
                break;
            }
        };
        early.insert(answered.0, answered.1);
        while let Some(found) = early.remove(&next) {
            next += 1;
            match found.and_then(|found| found.map(|(line, found)| answer(&line, &found, vault)).transpose()) {
                Ok(line) => out.extend(line),
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
        }
    }
    if !out.is_empty() {
        printer.data(&out)?;
    }
    // Every line has an answer, unless the thread that had it is no more.
    if failed.is_none() && !early.is_empty() {
        failed = Some(Error::new("could not be read").place(place(next)));
    }
    failed.map_or(Ok(()), Err)
}

fn stopped(lines: usize) -> Error {
    Error::interrupted(format!("interrupted after {lines} lines"))
        .hint("their values are in the vault, where there is one")
}

fn place(number: usize) -> String {
    format!("standard input, line {}", number + 1)
}

fn look(
    number: usize,
    line: std::io::Result<String>,
    masker: &Masker,
    model: Option<&dyn NameModel>,
    surrogates: &Surrogates,
) -> Answer {
    let line = line.map_err(|e| Error::new(e.to_string()).place(place(number)).data())?;
    if line.trim().is_empty() {
        return Ok(None);
    }
    let line: Line = serde_json::from_str(&line)
        .map_err(|e| Error::new("not an object with `id` and `text`").place(place(number)).cause(e).data())?;
    let finds = match model {
        Some(model) => model.find(&line.text).map_err(|e| Error::new(e.to_string()).place(place(number)))?,
        None => Vec::new(),
    };
    let found = masker.detect_alone_with(&line.text, &finds, surrogates);
    Ok(Some((line, found)))
}

fn answer(line: &Line, found: &Detected, vault: &mut Vault) -> Result<String, Error> {
    let text = found.masked(&line.text, vault);
    let spans = found.spans.iter();
    let spans =
        spans.map(|s| Place { start: s.range.start, end: s.range.end, entity: s.entity.name(), score: s.score });
    let masked = Masked { id: &line.id, text: &text, spans: spans.collect() };
    let mut json = serde_json::to_string(&masked).map_err(|e| Error::new("the answer is no JSON").cause(e))?;
    json.push('\n');
    Ok(json)
}
