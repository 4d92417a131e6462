//! The demo's recorded teacher: made from the rows that were written by hand, checked to be up to date.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;

use distill::batch::Encoder;
use distill::generate::{Job, generate};
use distill::id::ContentHash;
use distill::mask::Vault;
use distill::pipeline::{RowMaker, Silent, TeacherChoice, mask_documents, read_documents};
use distill::prompt::{Prompt, Templates};
use distill::row::{Kind, normalise};
use distill::settings::{Layers, Settings};
use distill::teacher::{Answer, Completion, Finish, Recorded, Teacher, Usage};
use serde_json::{Value, json};

use crate::support::{files, root};

/// Answers each request with the hand-written rows whose evidence lies in the passage, and remembers the answers.
struct Author {
    rows: BTreeMap<Kind, Vec<Value>>,
    answers: Mutex<BTreeMap<ContentHash, String>>,
}

impl Teacher for Author {
    fn name(&self) -> String {
        "author".into()
    }
    fn parameters(&self) -> String {
        "{}".into()
    }
    fn request_hash(&self, prompt: &Prompt) -> ContentHash {
        prompt.hash()
    }
    fn complete<'a>(&'a self, prompt: &'a Prompt) -> Answer<'a> {
        let passage = normalise(prompt.passage().text());
        let about =
            self.rows[&prompt.kind()].iter().filter(|r| passage.contains(&normalise(r["evidence"].as_str().unwrap())));
        let rows: Vec<Value> = about.skip(prompt.offset()).take(prompt.wanted()).cloned().collect();
        let text = json!({ "rows": rows }).to_string();
        self.answers.lock().unwrap().insert(prompt.hash(), text.clone());
        Box::pin(async move { Ok(Completion { text, finish: Finish::Stop, usage: Usage::default(), cached: false }) })
    }
}

/// The rows of a kind: every file in `rows/` whose name starts with it.
fn hand_written(kind: Kind) -> Vec<Value> {
    let of_kind = |path: &PathBuf| path.file_name().is_some_and(|n| n.to_string_lossy().starts_with(kind.name()));
    let mut out = Vec::new();
    for file in files(&root("fixtures/persona/rows")).into_iter().filter(of_kind) {
        for line in std::fs::read_to_string(file).unwrap().lines() {
            let mut row: Value = serde_json::from_str(line).unwrap();
            row.as_object_mut().unwrap().shift_remove("source");
            out.push(row);
        }
    }
    out
}

#[test]
fn recorded_answers_are_up_to_date_and_enough() {
    let mut layers = Layers::defaults().unwrap();
    layers.file(&root("fixtures/persona/distill.toml")).unwrap();
    let settings = Settings::resolve(&layers).unwrap();
    let sources = tempfile::tempdir().unwrap();
    std::fs::copy(root("fixtures/persona/resume.md"), sources.path().join("resume.md")).unwrap();
    std::fs::create_dir(sources.path().join("posts")).unwrap();
    for entry in std::fs::read_dir(root("fixtures/persona/posts")).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, sources.path().join("posts").join(path.file_name().unwrap())).unwrap();
    }
    let read = read_documents(&[sources.path().to_owned()]).unwrap();
    assert!(read.failed.is_empty());
    let masked = mask_documents(&read.documents, read.failed, &settings.persona, None, Vault::default()).unwrap();
    let passages = masked.passages();
    let templates = Templates::embedded().unwrap();
    let counter = Encoder::counter(&root("fixtures/tiny-student/tokenizer.json")).unwrap();
    let author =
        Author { rows: Kind::ALL.into_iter().map(|k| (k, hand_written(k))).collect(), answers: Mutex::default() };
    let choice = TeacherChoice::nobody();
    let maker = RowMaker {
        masked: &masked,
        templates: &templates,
        choice: &choice,
        student: None,
        counter: &counter,
        settings: &settings.rows,
        watch: &Silent,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (mut unexpected, mut counts) = (Vec::new(), Vec::new());
    for (kind, wanted) in Kind::ALL.into_iter().zip([settings.rows.qa, settings.rows.cot, settings.rows.preference]) {
        // As the command does it, with another teacher.
        let outcome = maker
            .with_job(kind, wanted, |job| {
                let job = Job { teacher: &author, ..*job };
                Ok(runtime.block_on(generate(&job, &mut |_| {}))?)
            })
            .unwrap();
        let rejected = outcome.rejected.iter().filter(|r| r.code != "no-answer");
        unexpected.extend(rejected.map(|r| format!("{}: {}: {:?}", r.code, r.reason, r.row)));
        counts.push((kind, outcome.rows.len(), wanted));
        assert!(
            outcome.covered() * 10 >= passages.len() * 8,
            "{kind:?} covers {} of {} passages",
            outcome.covered(),
            passages.len()
        );
    }
    assert!(unexpected.is_empty(), "{}", unexpected.join("\n"));
    assert!(counts.iter().all(|(_, rows, wanted)| rows == wanted), "{counts:?}");
    let lines: String = author
        .answers
        .into_inner()
        .unwrap()
        .into_iter()
        .map(|(request, text)| serde_json::to_string(&Recorded { request, text }).unwrap() + "\n")
        .collect();
    let path = root("fixtures/persona/teacher.jsonl");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &lines).unwrap();
    }
    assert!(
        std::fs::read_to_string(&path).unwrap_or_default() == lines,
        "fixtures/persona/teacher.jsonl is stale: run `just bless`"
    );
}
