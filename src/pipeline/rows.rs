use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Map, Value};

use super::documents::Masked;
use super::teachers::{TeacherChoice, teacher_error};
use super::voice::own_texts;
use super::{STOP, Watch, account};
use crate::dataset::{self, FileInfo, Manifest};
use crate::generate::{self, Forbidden, GenerateError, Job, OnPolicy, Outcome, Plan, Progress};
use crate::id::Hasher;
use crate::prompt::{Prompt, Templates};
use crate::row::{Kind, Rejected, TokenCounter};
use crate::settings::{RowSettings, Workspace};
use crate::style::Profile;
use crate::teacher::{Estimate, TeacherError};
use crate::{Error, edge};

impl From<GenerateError> for Error {
    fn from(error: GenerateError) -> Self {
        match &error {
            GenerateError::Teacher(inner) => teacher_error(inner),
            GenerateError::NoPassages => Self::new(error.to_string()).data().hint("add documents with more text"),
            GenerateError::Interrupted { .. } => Self::interrupted(error.to_string())
                .hint("run the same command again: answers that were paid for are kept"),
            GenerateError::Template(_) | GenerateError::Leak { .. } | GenerateError::Student(_) => {
                Self::new(error.to_string())
            }
        }
    }
}

/// What it takes to make rows, whatever their kind.
pub struct RowMaker<'a> {
    /// Masked documents.
    pub masked: &'a Masked,
    /// Prompts.
    pub templates: &'a Templates,
    /// Who answers, and who judges.
    pub choice: &'a TeacherChoice,
    /// Who writes the rejected sides of pairs in the teacher's place.
    pub student: Option<&'a dyn OnPolicy>,
    /// The student's tokenizer.
    pub counter: &'a dyn TokenCounter,
    /// Caps and quotas.
    pub settings: &'a RowSettings,
    /// Who shows how far it is.
    pub watch: &'a dyn Watch,
}

impl RowMaker<'_> {
    fn info(&self, kind: Kind) -> FileInfo {
        let (cap, mask_policy) = (self.settings.cap, self.masked.policy.clone());
        FileInfo { kind, tokenizer_hash: self.counter.hash(), cap, mask_policy }
    }

    /// What would be asked for one kind, and what it would cost. Asks nothing.
    ///
    /// # Errors
    /// No passages, or a template.
    pub fn dry_run(&self, kind: Kind, wanted: usize) -> Result<DryRun, Error> {
        self.with_job(kind, wanted, |job| {
            let plan = Plan::new(job)?;
            let briefs = plan.first_round();
            let prompts = briefs.iter().map(|(_, brief)| Ok(self.templates.prompt(brief)?));
            let prompts = prompts.collect::<Result<Vec<_>, GenerateError>>()?;
            Ok(DryRun::of(kind, wanted, job, prompts))
        })
    }

    /// Does something with the job that this maker would do.
    ///
    /// # Errors
    /// Those of `work`.
    pub fn with_job<T>(
        &self,
        kind: Kind,
        wanted: usize,
        work: impl FnOnce(&Job<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let passages = self.masked.passages();
        let forbidden = Forbidden::new(&self.masked.forbidden());
        let own = own_texts(&self.masked.documents, false);
        let own_prose = own.passages(&self.masked.documents, &passages);
        let texts = own.of(&self.masked.documents);
        let profile = (!texts.is_empty()).then(|| Profile::measure(&texts));
        work(&Job {
            kind,
            wanted,
            passages: &passages,
            templates: self.templates,
            teacher: self.choice.teacher.as_ref(),
            judge: self.choice.judge.as_deref(),
            student: self.student.filter(|_| kind == Kind::Preference),
            own_prose: &own_prose,
            profile: profile.as_ref(),
            counter: self.counter,
            settings: self.settings,
            forbidden: &forbidden,
            masker: &self.masked.masker,
            surrogates: self.masked.vault.surrogates(),
            stop: &STOP,
        })
    }

    /// Asks for one kind, and says how it went.
    fn ask(&self, kind: Kind, wanted: usize) -> Result<Outcome, Error> {
        let watch = self.watch;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|e| Error::new(e.to_string()))?;
        let start = Instant::now();
        let outcome = self.with_job(kind, wanted, |job| {
            let outcome = runtime.block_on(generate::generate(job, &mut |p| {
                watch.progress(p.accepted.min(wanted) as u64, wanted as u64, &progress_words(p, start.elapsed()));
            }));
            watch.finish();
            Ok(outcome?)
        })?;
        for r in &outcome.rejected {
            watch.detail(&format!("rejected, {} {}..{}: {}: {}", r.source, r.span.0, r.span.1, r.code, r.reason));
        }
        for line in account::lines(kind, wanted, &outcome) {
            watch.say(&line);
        }
        for line in account::passage_lines(&outcome) {
            watch.detail(&line);
        }
        Ok(outcome)
    }
}

/// What a run would ask.
pub struct DryRun {
    /// The plan in words.
    pub lines: Vec<String>,
    /// The prompts of the first round.
    pub samples: Vec<Prompt>,
}

impl DryRun {
    fn of(kind: Kind, wanted: usize, job: &Job<'_>, samples: Vec<Prompt>) -> Self {
        let asked_for: usize = samples.iter().map(Prompt::wanted).sum();
        let rows = if asked_for == 1 { "row" } else { "rows" };
        let mut lines = vec![format!(
            "{}: {wanted} rows wanted from {} passages; a first round of {} requests for {asked_for} {rows}",
            kind.name(),
            job.passages.len(),
            samples.len()
        )];
        // A quarter of the rows is taken to be rejected.
        let more = (wanted * 5).div_ceil(4).saturating_sub(asked_for).div_ceil(job.settings.per_request);
        if more > 0 {
            lines.push(format!("then about {more} more, as long as the passages give new rows"));
        }
        let each: Option<Vec<Estimate>> = samples.iter().map(|prompt| job.teacher.estimate(prompt)).collect();
        if let Some(each) = each.filter(|each| !each.is_empty()) {
            let times = (samples.len() + more) as f64 / samples.len() as f64;
            let sum = |of: fn(&Estimate) -> u64| (each.iter().map(of).sum::<u64>() as f64 * times).round() as u64;
            let (read, written) = (sum(|e| e.prompt_tokens), sum(|e| e.expected_completion_tokens.unwrap_or_default()));
            lines.push(format!(
                "about {} tokens read and {} written, without repairs{}",
                account::grouped(read),
                account::grouped(written),
                if job.judge.is_some() { " and the judge" } else { "" }
            ));
            let usd = |of: fn(&Estimate) -> Option<f64>| each.iter().map(of).sum::<Option<f64>>().map(|s| s * times);
            lines.push(match (usd(|e| e.expected_usd), usd(|e| e.worst_usd)) {
                (Some(likely), Some(worst)) if worst > 0.0 => {
                    format!("about ${likely:.4}; at most ${worst:.2}, were every answer as long as it may be")
                }
                (Some(_), _) => "no costs: the endpoint is on this machine".to_owned(),
                (None, _) => "no price is known for this model: set [teacher.prices]".to_owned(),
            });
        }
        Self { lines, samples }
    }
}

/// Requests, pace and money; below them why rows were rejected, and the last one that was not.
fn progress_words(p: &Progress, elapsed: Duration) -> String {
    let minutes = elapsed.as_secs_f64() / 60.0;
    let mut words = format!("rows from {} requests", p.asked);
    if p.accepted > 0 && minutes > 0.05 {
        words.push_str(&format!(", {:.0} a minute", p.accepted as f64 / minutes));
    }
    if p.cost_usd > 0.0 {
        words.push_str(&format!(", ${:.4}", p.cost_usd));
    }
    if let Some(waiting) = &p.waiting {
        words.push_str(&format!("; {waiting}"));
    }
    words.push('\n');
    if p.rejected > 0 {
        let mut reasons: Vec<_> = p.reasons.iter().collect();
        reasons.sort_by_key(|(code, n)| (std::cmp::Reverse(**n), **code));
        let named: Vec<String> = reasons.iter().take(3).map(|(code, n)| format!("{n} {code}")).collect();
        words.push_str(&format!("{} rejected ({}); ", p.rejected, named.join(", ")));
    }
    if let Some(last) = &p.last {
        const SHOWN: usize = 70;
        let short: String = last.chars().take(SHOWN).collect();
        words.push_str(&format!("last: {short}{}", if last.chars().count() > SHOWN { "…" } else { "" }));
    }
    words.trim_end().trim_end_matches(';').to_owned()
}

fn rejected_lines(rejected: &[Rejected]) -> Result<String, Error> {
    rejected.iter().map(|r| serde_json::to_string(r).map(|l| l + "\n").map_err(|e| Error::new(e.to_string()))).collect()
}

fn too_few(kind: Kind, outcome: &Outcome, wanted: usize) -> Error {
    let error =
        Error::new(format!("only {} of {wanted} {} rows were accepted", outcome.rows.len(), kind.name())).data();
    if let Some(ended) = &outcome.ended {
        let (reason, hint) = match ended {
            TeacherError::Fatal { reason, hint } | TeacherError::Interrupted { reason, hint } => {
                (reason.clone(), hint.clone())
            }
            TeacherError::Failed { reason } => (reason.clone(), String::new()),
        };
        return error.cause(reason).maybe_hint((!hint.is_empty()).then_some(hint));
    }
    // An exhausted passage is no fault of the teacher's; only real rejections are worth reading about.
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for rejected in outcome.rejected.iter().filter(|r| !r.reason.ends_with(generate::EMPTY)) {
        *reasons.entry(rejected.code).or_default() += 1;
    }
    let mut ranked: Vec<(&str, usize)> = reasons.into_iter().collect();
    ranked.sort_by_key(|(code, n)| (std::cmp::Reverse(*n), *code));
    let named: Vec<String> = ranked.iter().take(3).map(|(code, n)| format!("{n} {code}")).collect();
    let failed = outcome.rejected.iter().find(|r| r.code == "no-answer" && !r.reason.ends_with(generate::EMPTY));
    error.hint(match (ranked.first(), failed) {
        (Some(("no-answer", _)), Some(failed)) => format!(
            "most requests got no answer ({}); {}; run the same command again: what was answered is kept",
            named.join(", "),
            failed.reason
        ),
        (Some((code, _)), _) => {
            let what = match *code {
                "unparsable" | "truncated" | "empty-field" => {
                    "the model does not keep to the JSON asked for: `distill doctor --teacher` says what it can do"
                }
                "refused" => "the model declines: another one may not",
                "near-duplicate" | "duplicate" => "the passages give nothing new: add documents, or ask for fewer rows",
                _ => "read the rejected rows: a better model, or prompts of your own, may help (docs/rows.md)",
            };
            format!("rejected: {}; {what}", named.join(", "))
        }
        (None, _) => "every passage was asked until it gave nothing new: add documents, or ask for fewer rows".into(),
    })
}

/// One dataset from plain paths: `gen-qa`, `gen-cot`, `gen-dpo`.
///
/// Rows that were accepted are written also when there are too few of them.
///
/// # Errors
/// The teacher, the file system, or fewer rows than wanted.
pub fn generate_file(kind: Kind, wanted: usize, maker: &RowMaker<'_>, out: &Path) -> Result<(), Error> {
    let watch = maker.watch;
    if let Some(notice) = &maker.choice.notice {
        watch.say(notice);
    }
    let outcome = maker.ask(kind, wanted)?;
    if !outcome.rows.is_empty() {
        dataset::write(out, &outcome.rows, &maker.info(kind))?;
    }
    let stem = out.file_stem().unwrap_or_default().to_string_lossy();
    let beside = out.with_file_name(format!("{stem}.rejected.jsonl"));
    if !outcome.rejected.is_empty() {
        edge::fs::write(&beside, rejected_lines(&outcome.rejected)?.as_bytes())?;
        watch.say(&format!("rejected rows: {}", beside.display()));
    } else if beside.is_file() {
        // Of an earlier run, and no longer true.
        std::fs::remove_file(&beside).map_err(|e| Error::io(&beside, e))?;
    }
    let account = out.with_file_name(format!("{stem}.account.json"));
    let figures = serde_json::to_string_pretty(&account::figures(kind, wanted, &outcome));
    edge::fs::write(&account, (figures.map_err(|e| Error::new(e.to_string()))? + "\n").as_bytes())?;
    if outcome.rows.len() < wanted { Err(too_few(kind, &outcome, wanted)) } else { Ok(()) }
}

/// The three datasets of a workspace with their manifest; skipped when nothing they depend on has changed.
///
/// # Errors
/// As [`generate_file`].
pub fn make_rows(workspace: &Workspace, maker: &RowMaker<'_>) -> Result<Manifest, Error> {
    let RowMaker { masked, templates, choice, counter, watch, .. } = *maker;
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
        .json(&versions);
    let inputs = match settings.rejected.as_str() {
        "teacher" => inputs.finish(),
        _ => inputs.text(&workspace.settings.student.id).finish(),
    };
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
    for (kind, wanted) in Kind::ALL.into_iter().map(|kind| (kind, settings.wanted(kind))) {
        watch.say(&format!("asking for {wanted} {} rows about {} passages", kind.name(), passages.len()));
        let outcome = maker.ask(kind, wanted)?;
        dataset::write(&data.join(format!("{}.parquet", kind.name())), &outcome.rows, &maker.info(kind))?;
        figures.insert(kind.name().into(), account::figures(kind, wanted, &outcome));
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
