//! How fast masking and extraction are, on one thread: `cargo bench`, or `cargo bench -- mask 20` for one of the two
//! and a number of megabytes.
//!
//! Every figure is the best of some rounds: what else the machine does can only make a round slower.

use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use distill::document;
use distill::mask::{Masker, Policy, Vault};

/// Rounds of each measurement.
const ROUNDS: usize = 5;

/// How long a document is read again and again.
const READING: Duration = Duration::from_millis(200);

fn main() -> Result<(), Box<dyn Error>> {
    let given: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let wants = |part: &str| given.iter().all(|word| word == part || word.parse::<f64>().is_ok());
    let megabytes = given.iter().find_map(|word| word.parse().ok()).unwrap_or(8.0);
    if wants("mask") {
        masking(megabytes)?;
    }
    if wants("extract") {
        extraction()?;
    }
    Ok(())
}

/// The labelled documents, their marks taken off.
fn masking(megabytes: f64) -> Result<(), Box<dyn Error>> {
    let documents = labelled()?;
    let repeated: Vec<&str> = documents.iter().map(String::as_str).cycle().take(times(&documents, megabytes)).collect();
    let size: usize = repeated.iter().map(|text| text.len()).sum();
    println!("mask, {:.1} MB: {} documents again and again", size as f64 / 1e6, documents.len());

    let masker = Masker::new(Policy::default(), &[]);
    rate("the library, a text at a time", size, || {
        let mut vault = Vault::default();
        for text in &repeated {
            black_box(masker.mask_alone(text, &mut vault));
        }
        Ok(())
    })?;
    let long = repeated.concat();
    rate("the library, one long text", size, || {
        black_box(masker.mask_text(&long, &mut Vault::default()));
        Ok(())
    })?;
    let mut lines = Vec::new();
    for (id, text) in repeated.iter().enumerate() {
        serde_json::to_writer(&mut lines, &serde_json::json!({ "id": id, "text": text }))?;
        lines.push(b'\n');
    }
    rate("mask --jsonl", size, || filter(&lines).map(|_| ()))?;
    let first = lines.iter().position(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    let start = best(|| filter(&lines[..first]).map(|_| ()))?;
    println!("  {:<34} {:>8.1} ms, part of the above", "mask --jsonl, one document", start.as_secs_f64() * 1e3);
    Ok(())
}

/// The fixtures of every format, beside the text that is expected of them.
fn extraction() -> Result<(), Box<dyn Error>> {
    println!("extract                                  size    MB/s   ms each  words  in order");
    let mut files = Vec::new();
    walk(&root("fixtures/documents"), &mut files)?;
    files.sort();
    for path in files {
        let expected = PathBuf::from(format!("{}.expected.md", path.display()));
        if !path.is_file() || !expected.is_file() {
            continue;
        }
        let name = path.strip_prefix(root("fixtures/documents"))?.to_string_lossy().into_owned();
        let (bytes, expected) = (fs::read(&path)?, fs::read_to_string(&expected)?);
        let document = document::extract(&name, &bytes)?;
        let (wanted, found) = (words(&expected), words(document.expose_text()));
        let mut rounds = 0u32;
        let begun = Instant::now();
        while begun.elapsed() < READING {
            black_box(document::extract(&name, &bytes)?);
            rounds += 1;
        }
        let each = begun.elapsed() / rounds;
        println!(
            "  {name:<34} {:>8} {:>7.1} {:>9.3} {:>6} {:>8.2} %",
            bytes.len(),
            bytes.len() as f64 / 1e6 / each.as_secs_f64(),
            each.as_secs_f64() * 1e3,
            wanted.len(),
            100.0 * common(&wanted, &found) as f64 / wanted.len() as f64,
        );
    }
    Ok(())
}

fn root(inside: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(inside)
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { walk(&path, files)? } else { files.push(path) }
    }
    Ok(())
}

/// `⟦PERSON|Ana⟧` is `Ana`; the first line of a file says what it is.
fn labelled() -> Result<Vec<String>, Box<dyn Error>> {
    let mut files = Vec::new();
    walk(&root("fixtures/mask/documents"), &mut files)?;
    files.sort();
    let mut documents = Vec::new();
    for path in files {
        let source = fs::read_to_string(path)?.replace("~~", "");
        let mut text = String::new();
        for part in source.split_once('\n').map_or("", |(_, rest)| rest).split(['⟦', '⟧']) {
            // What was between the marks begins with its kind; a bar anywhere else is the author's.
            let kind =
                part.split_once('|').filter(|(kind, _)| kind.chars().all(|c| matches!(c, '?' | '!' | '_' | 'A'..='Z')));
            text.push_str(kind.map_or(part, |(_, value)| value));
        }
        documents.push(text);
    }
    Ok(documents)
}

/// How many of the documents, taken in turn, make so many megabytes.
fn times(documents: &[String], megabytes: f64) -> usize {
    let size: usize = documents.iter().map(String::len).sum();
    ((megabytes * 1e6 / size.max(1) as f64) * documents.len() as f64).ceil() as usize
}

/// The program as a filter.
fn filter(lines: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_distill"));
    // A folder without a workspace, so that no settings but the defaults are read.
    command.args(["mask", "--jsonl"]).current_dir(std::env::temp_dir());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let stdin = child.stdin.take();
    let output = thread::scope(|scope| {
        scope.spawn(move || stdin.map(|mut stdin| stdin.write_all(lines)));
        child.wait_with_output()
    })?;
    if output.status.success() { Ok(output.stdout) } else { Err("the program failed".into()) }
}

fn rate(label: &str, size: usize, work: impl FnMut() -> Result<(), Box<dyn Error>>) -> Result<(), Box<dyn Error>> {
    let seconds = best(work)?.as_secs_f64();
    println!("  {label:<34} {:>8.2} MB/s", size as f64 / 1e6 / seconds);
    Ok(())
}

fn best(mut work: impl FnMut() -> Result<(), Box<dyn Error>>) -> Result<Duration, Box<dyn Error>> {
    let mut best = Duration::MAX;
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        work()?;
        best = best.min(begun.elapsed());
    }
    Ok(best)
}

fn words(text: &str) -> Vec<&str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect()
}

/// The length of the longest common subsequence.
fn common(a: &[&str], b: &[&str]) -> usize {
    let mut row = vec![0; b.len() + 1];
    for word in a {
        let mut corner = 0;
        for (idx, other) in b.iter().enumerate() {
            let above = row[idx + 1];
            row[idx + 1] = if word == other { corner + 1 } else { above.max(row[idx]) };
            corner = above;
        }
    }
    row[b.len()]
}
