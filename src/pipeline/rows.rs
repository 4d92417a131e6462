use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use serde_json::{Map, Value, json};

use super::documents::Masked;
use super::teachers::{TeacherChoice, teacher_error};
use super::{STOP, Watch};
use crate::dataset::{self, FileInfo, Manifest};
use crate::generate::{self, GenerateError, Job, Outcome};
use crate::id::Hasher;
use crate::prompt::{Passage, Templates};
use crate::row::{Kind, Rejected, TokenCounter};
use crate::settings::{RowSettings, Workspace};
use crate::teacher::Teacher;
use crate::{Error, edge};

impl From<GenerateError> for Error {
    fn from(error: GenerateError) -> Self {
        match &error {
            GenerateError::Teacher(inner) => teacher_error(inner),
            GenerateError::NoPassages => Self::new(error.to_string()).data().hint("add documents with more text"),
            GenerateError::Interrupted { .. } => Self::interrupted(error.to_string())
                .hint("run the same command again: answers that were paid for are kept"),
            GenerateError::Template(_) | GenerateError::Leak { .. } => Self::new(error.to_string()),
        }
    }
}

/// Asks for one kind with a bar.
#[allow(clippy::too_many_arguments, reason = "one call that gathers what three commands have")]
fn ask(
    kind: Kind,
    wanted: usize,
    passages: &[Passage],
    masked: &Masked,
    templates: &Templates,
    teacher: &dyn Teacher,
    counter: &dyn TokenCounter,
    settings: &RowSettings,
    stop: &AtomicBool,
    watch: &dyn Watch,
) -> Result<Outcome, Error> {
    let forbidden = masked.forbidden();
    let surrogates = masked.vault.surrogates();
    let job =
        Job { kind, wanted, passages, templates, teacher, counter, settings, forbidden: &forbidden, surrogates, stop };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|e| Error::new(e.to_string()))?;
    let outcome = runtime.block_on(generate::generate(&job, &mut |p| {
        let cost = if p.cost_usd > 0.0 { format!(", ${:.4}", p.cost_usd) } else { String::new() };
        watch.progress(
            p.accepted.min(wanted) as u64,
            wanted as u64,
            &format!("{} rows, {} rejected, {} requests{cost}", p.accepted, p.rejected, p.asked),
        );
    }));
    watch.finish();
    let outcome = outcome?;
    for r in &outcome.rejected {
        watch.detail(&format!("rejected, {} {}..{}: {}", r.source, r.span.0, r.span.1, r.reason));
    }
    Ok(outcome)
}

/// A line per kind: accepted, rejected by reason, coverage, tokens and money.
fn account(kind: Kind, wanted: usize, passages: usize, outcome: &Outcome) -> String {
    let reasons: Vec<String> = outcome.reasons().iter().map(|(code, n)| format!("{n} {code}")).collect();
    let test = outcome.rows.iter().filter(|r| r.split == crate::row::Split::Test).count();
    let mut line = format!(
        "{}: {} of {wanted} rows ({test} held out) from {} requests, {} of {passages} passages",
        kind.name(),
        outcome.rows.len(),
        outcome.asked,
        outcome.coverage.len()
    );
    if !reasons.is_empty() {
        line.push_str(&format!("; rejected: {}", reasons.join(", ")));
    }
    if outcome.spare > 0 {
        line.push_str(&format!("; {} to spare", outcome.spare));
    }
    if outcome.usage.completion_tokens > 0 {
        line.push_str(&format!(
            "; {} + {} tokens, ${:.4}",
            outcome.usage.prompt_tokens, outcome.usage.completion_tokens, outcome.usage.cost_usd
        ));
    }
    line
}

fn rejected_lines(rejected: &[Rejected]) -> Result<String, Error> {
    rejected.iter().map(|r| serde_json::to_string(r).map(|l| l + "\n").map_err(|e| Error::new(e.to_string()))).collect()
}

fn too_few(kind: Kind, outcome: &Outcome, wanted: usize) -> Error {
    // An exhausted passage is no fault of the teacher's; only real rejections are worth reading about.
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for rejected in outcome.rejected.iter().filter(|r| !r.reason.ends_with(generate::EMPTY)) {
        *reasons.entry(rejected.code).or_default() += 1;
    }
    let hint = match reasons.into_iter().max_by_key(|(_, n)| *n) {
        Some((code, n)) => {
            format!("most were rejected as {code} ({n}); see the rejected rows, and add documents if they are few")
        }
        None => "every passage was asked until it gave nothing new: add documents, or ask for fewer rows".into(),
    };
    Error::new(format!("only {} of {wanted} {} rows were accepted", outcome.rows.len(), kind.name())).data().hint(hint)
}

/// One dataset from plain paths: `gen-qa`, `gen-cot`, `gen-dpo`.
///
/// Rows that were accepted are written also when there are too few of them.
///
/// # Errors
/// The teacher, the file system, or fewer rows than wanted.
#[allow(clippy::too_many_arguments, reason = "the command line's own list")]
pub fn generate_file(
    kind: Kind,
    wanted: usize,
    masked: &Masked,
    templates: &Templates,
    choice: &TeacherChoice,
    counter: &dyn TokenCounter,
    settings: &RowSettings,
    out: &Path,
    watch: &dyn Watch,
) -> Result<(), Error> {
    let passages = masked.passages();
    if let Some(notice) = &choice.notice {
        watch.say(notice);
    }
    let outcome =
        ask(kind, wanted, &passages, masked, templates, choice.teacher.as_ref(), counter, settings, &STOP, watch)?;
    watch.say(&account(kind, wanted, passages.len(), &outcome));
    let info = FileInfo { kind, tokenizer_hash: counter.hash(), cap: settings.cap, mask_policy: masked.policy.clone() };
    if !outcome.rows.is_empty() {
        dataset::write(out, &outcome.rows, &info)?;
    }
    if !outcome.rejected.is_empty() {
        let beside =
            out.with_file_name(format!("{}.rejected.jsonl", out.file_stem().unwrap_or_default().to_string_lossy()));
        edge::fs::write(&beside, rejected_lines(&outcome.rejected)?.as_bytes())?;
        watch.say(&format!("rejected rows: {}", beside.display()));
    }
    if outcome.rows.len() < wanted { Err(too_few(kind, &outcome, wanted)) } else { Ok(()) }
}

/// The three datasets of a workspace with their manifest; skipped when nothing they depend on has changed.
///
/// # Errors
/// As [`generate_file`].
pub fn make_rows(
    workspace: &Workspace,
    masked: &Masked,
    templates: &Templates,
    choice: &TeacherChoice,
    counter: &dyn TokenCounter,
    watch: &dyn Watch,
) -> Result<Manifest, Error> {
    let data = workspace.path("data");
    let manifest_path = data.join("manifest.json");
    let settings = &workspace.settings.rows;
    let versions: Vec<&str> = Kind::ALL.iter().map(|k| templates.version(*k)).collect();
    let inputs = Hasher::new()
        .text(env!("CARGO_PKG_VERSION"))
        .text(masked.hash.as_str())
        .text(choice.identity.as_str())
        .text(counter.hash().as_str())
        .json(settings)
        .json(&versions)
        .finish();
    if let Some(manifest) = Manifest::current(&manifest_path, "rows", &inputs) {
        watch.stage("rows", true);
        return Ok(manifest);
    }
    watch.stage("rows", false);
    if let Some(notice) = &choice.notice {
        watch.say(notice);
    }
    let passages = masked.passages();
    let mut figures = Map::new();
    let mut rejected = String::new();
    let mut shortfall = None;
    for (kind, wanted) in Kind::ALL.into_iter().zip([settings.qa, settings.cot, settings.preference]) {
        watch.say(&format!("asking for {wanted} {} rows about {} passages", kind.name(), passages.len()));
        let outcome =
            ask(kind, wanted, &passages, masked, templates, choice.teacher.as_ref(), counter, settings, &STOP, watch)?;
        watch.say(&account(kind, wanted, passages.len(), &outcome));
        let info =
            FileInfo { kind, tokenizer_hash: counter.hash(), cap: settings.cap, mask_policy: masked.policy.clone() };
        dataset::write(&data.join(format!("{}.parquet", kind.name())), &outcome.rows, &info)?;
        let reasons: BTreeMap<&str, usize> = outcome.reasons();
        figures.insert(kind.name().into(), json!({ "accepted": outcome.rows.len(), "rejected": reasons, "requests": outcome.asked, "passages": outcome.coverage.len(), "cost_usd": outcome.usage.cost_usd }));
        rejected.push_str(&rejected_lines(&outcome.rejected)?);
        if outcome.rows.len() < wanted && shortfall.is_none() {
            shortfall = Some(too_few(kind, &outcome, wanted));
        }
    }
    edge::fs::write(&data.join("rejected.jsonl"), rejected.as_bytes())?;
    if let Some(error) = shortfall {
        return Err(error);
    }
    figures.insert("passages".into(), Value::from(passages.len()));
    figures.insert("teacher".into(), Value::from(choice.teacher.name()));
    let manifest = Manifest::describe(
        "rows",
        inputs,
        &data,
        &["qa.parquet", "cot.parquet", "preference.parquet", "rejected.jsonl"],
        figures,
    )?;
    manifest.commit(&manifest_path)?;
    Ok(manifest)
}

/// Where a dataset of a kind goes when nobody says: `data/` of a workspace, else the working folder.
#[must_use]
pub fn default_output(root: &Path, kind: Kind) -> PathBuf {
    let file = format!("{}.parquet", kind.name());
    if Workspace::is_at(root) { root.join("data").join(file) } else { root.join(file) }
}
