//! Generation: masked passages and a teacher come in, accepted rows and an account of the rest go out.
//!
//! Every passage is asked before any is asked twice, and answers are taken in the order of the plan whatever the
//! order they arrive in: the same answers give the same rows. What was asked and answered before comes from the
//! teacher's cache, so a run that was cut off goes on where it stopped.

mod account;
mod ask;
mod check;
mod judge;
mod on_policy;
mod plan;
mod pool;
mod select;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::StreamExt;
use serde_json::Value;

use crate::id::ContentHash;
use crate::mask::{Masker, Surrogates};
use crate::prompt::{Brief, Passage, Prompt, TemplateError, Templates};
use crate::row::{Kind, Provenance, Reject, Rejected, Row, Split, TokenCounter};
use crate::settings::RowSettings;
use crate::style::Profile;
use crate::teacher::{Teacher, TeacherError};

pub use account::{Outcome, PassageAccount, Progress};
pub use judge::Calibration;
pub use plan::{Forbidden, Plan, held_out};
pub use pool::{Conflict, Near, Pool, Thresholds, Why};

use ask::Answered;

/// One dataset to make.
#[derive(Clone, Copy)]
pub struct Job<'a> {
    /// The kind of rows.
    pub kind: Kind,
    /// Accepted rows wanted.
    pub wanted: usize,
    /// All passages of the workspace, in reading order.
    pub passages: &'a [Passage],
    /// Prompts.
    pub templates: &'a Templates,
    /// Who answers.
    pub teacher: &'a dyn Teacher,
    /// Who judges rows that passed every other check; nobody when absent.
    pub judge: Option<&'a dyn Teacher>,
    /// Who writes the rejected side of preference pairs in the teacher's place.
    pub student: Option<&'a dyn OnPolicy>,
    /// Passages that are the person's own prose, by [`Passage::id`].
    pub own_prose: &'a BTreeSet<ContentHash>,
    /// How the person writes, where something of their own was read.
    pub profile: Option<&'a Profile>,
    /// The student's tokenizer.
    pub counter: &'a dyn TokenCounter,
    /// Caps and quotas.
    pub settings: &'a RowSettings,
    /// Original values behind the placeholders: a prompt that holds one is never sent.
    pub forbidden: &'a Forbidden,
    /// Finds personal data in answers, by the policy of the documents.
    pub masker: &'a Masker,
    /// What masking invented: no personal data, whatever its shape.
    pub surrogates: &'a Surrogates,
    /// Set when somebody wants the run to stop.
    pub stop: &'a AtomicBool,
}

/// The student itself, asked for an answer that it should learn to give no more.
pub trait OnPolicy: Send + Sync {
    /// An answer of the student's own to `prompt`, about as long as `chosen`; `None` when it finds none.
    ///
    /// # Errors
    /// The device or the model.
    fn rejected(&self, prompt: &str, chosen: &str) -> Result<Option<String>, crate::Error>;
}

/// A run could not go on. Rows accepted before are not lost: their answers are in the teacher's cache.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// No passage has enough words.
    #[error("there is nothing to ask about: no passage has a dozen words besides masked data")]
    NoPassages,
    /// The teacher cannot answer anything any more.
    #[error(transparent)]
    Teacher(#[from] TeacherError),
    /// A prompt template.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The student that samples rejected answers.
    #[error(transparent)]
    Student(crate::Error),
    /// A masked value was about to leave the machine.
    #[error("a prompt about `{source_name}` holds personal data that was masked elsewhere; nothing was sent")]
    Leak {
        /// The masked document.
        source_name: String,
    },
    /// Somebody asked the run to stop.
    #[error("interrupted after {asked} requests")]
    Interrupted {
        /// Requests answered so far.
        asked: usize,
    },
}

/// The reason given for an answer without rows.
pub(crate) const EMPTY: &str = "the answer holds no rows";

/// How often progress is told, and Ctrl-C looked for, while nothing arrives.
const BEAT: std::time::Duration = std::time::Duration::from_millis(250);

/// So many requests in a row without an answer, and nothing before them, end a run: the others would fail as well.
const HOPELESS: usize = 10;

/// A passage that gave nothing new this many times in a row is left alone.
const BARREN: u32 = 3;

struct Run<'a> {
    job: &'a Job<'a>,
    plan: &'a Plan<'a>,
    pool: Pool,
    /// Per passage: whether its last answers held nothing new, and how many.
    barren: BTreeMap<usize, u32>,
    exhausted: BTreeSet<usize>,
    /// Accepted rows per row asked for in the round before.
    last_yield: f64,
    accepted: Vec<(usize, Row)>,
    last: Option<String>,
    /// Requests in a row that got no answer.
    unanswered: usize,
    reasons: BTreeMap<&'static str, usize>,
    out: Outcome,
}

/// What counts as a near duplicate when questions may be `similarity` alike; from 1 on only equal rows do.
fn thresholds(similarity: f64) -> Thresholds {
    let mut thresholds = Thresholds { instruction: similarity, ..Thresholds::default() };
    if similarity >= 1.0 {
        (thresholds.instruction, thresholds.row, thresholds.response) = (2.0, 2.0, 2.0);
    }
    thresholds
}

/// Asks until enough rows are accepted or every passage was asked often enough.
///
/// # Errors
/// See [`GenerateError`]. Too few rows are no error here: the caller sees how many there are, and why. A teacher that
/// gives up after rows were accepted ends the run early, and [`Outcome::ended`] says why.
pub async fn generate(job: &Job<'_>, progress: &mut dyn FnMut(&Progress)) -> Result<Outcome, GenerateError> {
    let plan = Plan::new(job)?;
    let mut run = Run {
        job,
        pool: Pool::new(thresholds(job.settings.similarity)),
        barren: BTreeMap::new(),
        exhausted: BTreeSet::new(),
        last_yield: 0.8,
        accepted: Vec::new(),
        last: None,
        unanswered: 0,
        reasons: BTreeMap::new(),
        out: Outcome::new(job, &plan),
        plan: &plan,
    };
    let judge = job.judge.map(|teacher| judge::Judge::new(job, teacher));
    for round in 0_u32.. {
        let before = run.accepted.len();
        let briefs = match job.wanted.saturating_sub(before) {
            0 => break,
            _ if round == 0 => plan.first_round(),
            missing => plan.later_round(&run.out.passages, missing, run.last_yield, &run.exhausted),
        };
        if briefs.is_empty() {
            break;
        }
        let asked_for: usize = briefs.iter().map(|(_, b)| b.wanted).sum();
        let ended = run.round(&briefs, progress).await?;
        if let Some(student) = job.student {
            let mut shown = run.progress(0);
            on_policy::replace(job, student, &mut run.accepted[before..], &mut |n| {
                shown.last = Some(format!("{n} rejected answers of the student's"));
                progress(&shown);
            })
            .map_err(|error| match error {
                GenerateError::Interrupted { .. } => GenerateError::Interrupted { asked: run.out.asked },
                other => other,
            })?;
        }
        if let Some(judge) = &judge {
            let words = format!("the judge reads {} rows", run.accepted.len() - before);
            progress(&Progress { waiting: Some(words), ..run.progress(0) });
            // Who asked for a judge does not want rows that nobody judged.
            judge.review(&mut run.accepted, before, &mut run.out).await?;
        }
        if ended.is_some() {
            run.out.ended = ended;
            break;
        }
        run.last_yield = (run.accepted.len() - before) as f64 / asked_for.max(1) as f64;
    }
    Ok(run.finish())
}

impl<'a> Run<'a> {
    /// Asks the requests of a round. What ends the run after rows were accepted is returned as a value.
    async fn round(
        &mut self,
        briefs: &[(usize, Brief<'a>)],
        progress: &mut dyn FnMut(&Progress),
    ) -> Result<Option<TeacherError>, GenerateError> {
        let job = self.job;
        let mut answers = futures_util::stream::iter(briefs.iter().enumerate().map(|(n, (_, brief))| async move {
            if job.stop.load(Ordering::Relaxed) {
                return (n, Err(GenerateError::Interrupted { asked: 0 }));
            }
            // Rendered when its turn comes: ten thousand prompts at once would fill the memory.
            let answered = match job.templates.prompt(brief) {
                Ok(prompt) => match job.forbidden.check(&prompt) {
                    Ok(()) => ask::ask_and_check(job, &prompt).await.map(|answered| (prompt, answered)),
                    Err(leak) => Err(leak),
                },
                Err(error) => Err(error.into()),
            };
            (n, answered)
        }))
        .buffer_unordered(job.teacher.concurrency().max(1));
        let mut ready: BTreeMap<usize, (Prompt, Answered)> = BTreeMap::new();
        let mut next = 0;
        let mut ended = None;
        let mut beat = tokio::time::interval(BEAT);
        loop {
            let (n, answered) = tokio::select! {
                answered = answers.next() => match answered {
                    Some(answered) => answered,
                    None => break,
                },
                // A batch takes hours, and a server may ask for patience.
                _ = beat.tick() => {
                    if job.stop.load(Ordering::Relaxed) {
                        return Err(GenerateError::Interrupted { asked: self.out.asked });
                    }
                    progress(&self.progress(ready.len()));
                    continue;
                }
            };
            match answered {
                Ok(answer) => {
                    ready.insert(n, answer);
                }
                Err(GenerateError::Interrupted { .. }) => {
                    return Err(GenerateError::Interrupted { asked: self.out.asked });
                }
                Err(GenerateError::Teacher(error @ TeacherError::Interrupted { .. })) => return Err(error.into()),
                // Answers that were on their way are taken too: they are paid for.
                Err(GenerateError::Teacher(error)) => {
                    ended.get_or_insert(error);
                }
                Err(other) => return Err(other),
            }
            while let Some((prompt, answered)) = ready.remove(&next) {
                self.take(briefs[next].0, &prompt, answered);
                next += 1;
            }
            progress(&self.progress(ready.len()));
            if self.unanswered >= HOPELESS && self.accepted.is_empty() {
                let reason = self.out.rejected.last().map_or_else(String::new, |r| r.reason.clone());
                let reason =
                    format!("{HOPELESS} requests in a row failed: {}", reason.trim_start_matches("no answer: "));
                let hint = "`distill doctor --teacher` says what the endpoint can do";
                ended.get_or_insert(TeacherError::Fatal { reason, hint: hint.to_owned() });
            }
            if ended.is_some() {
                break;
            }
        }
        drop(answers);
        // Behind a request that failed for good others may have been answered.
        for (n, (prompt, answered)) in ready {
            self.take(briefs[n].0, &prompt, answered);
        }
        match ended {
            Some(error) if self.accepted.is_empty() => Err(error.into()),
            ended => Ok(ended),
        }
    }

    fn take(&mut self, i: usize, prompt: &Prompt, answered: Answered) {
        let job = self.job;
        let Answered { rows, usage, turns } = answered;
        self.out.asked += 1;
        self.out.turns += turns;
        self.out.passages[i].asked += 1;
        self.out.passages[i].rows_asked += prompt.wanted();
        self.out.usage.add(usage);
        let good = rows.iter().filter(|r| r.is_ok()).count().max(1);
        let request_hash = job.teacher.request_hash(prompt);
        let before = self.accepted.len();
        // A request that failed says nothing about the passage; one whose rows were all known says that it is empty.
        let answered = rows.iter().any(|r| !matches!(r, Err((Reject::NoAnswer { reason }, _)) if reason != EMPTY));
        self.unanswered = if answered { 0 } else { self.unanswered + 1 };
        let mut nothing_new = true;
        for row in rows {
            let (reject, value) = match row.and_then(|row| self.place(row)) {
                Ok(checked) => {
                    let provenance = Provenance {
                        teacher: job.teacher.name(),
                        template: prompt.template().to_owned(),
                        template_version: prompt.template_version().to_owned(),
                        parameters: job.teacher.parameters(),
                        request_hash: request_hash.clone(),
                        cost_usd: usage.cost_usd / good as f64,
                    };
                    self.accept(i, prompt, checked, provenance);
                    nothing_new = false;
                    continue;
                }
                Err(rejected) => rejected,
            };
            nothing_new &= matches!(reject, Reject::Duplicate | Reject::NearDuplicate { .. })
                || matches!(&reject, Reject::NoAnswer { reason } if reason == EMPTY);
            self.reject(i, prompt, request_hash.clone(), &reject, value);
        }
        if self.accepted.len() > before {
            self.barren.remove(&i);
        } else if answered {
            let times = self.barren.entry(i).or_default();
            *times += 1;
            // Nothing but rows that are known: little is left to ask about. Otherwise the teacher had a bad moment.
            if nothing_new || *times >= BARREN {
                self.exhausted.insert(i);
            }
        }
    }

    /// Whether a checked row is new, with what there already is.
    fn place(&mut self, row: ask::Sound) -> Result<ask::Sound, (Reject, Option<Value>)> {
        let Err(near) = self.pool.check(&row.content) else { return Ok(row) };
        let why = match near.why {
            Why::Exact => return Err((Reject::Duplicate, None)),
            Why::Instruction => "its question",
            Why::Row => "the whole row",
            Why::Response => "its answer",
        };
        let percent = (near.score * 100.0).round() as u32;
        Err((Reject::NearDuplicate { why, percent }, Some(ask::to_value(&row.content))))
    }

    fn accept(&mut self, i: usize, prompt: &Prompt, sound: ask::Sound, provenance: Provenance) {
        self.pool.insert(&sound.content);
        let span = prompt.passage().span();
        let row = Row {
            id: sound.content.id(),
            content: sound.content,
            source: prompt.passage().source().to_owned(),
            span: (span.start as u64, span.end as u64),
            split: if self.plan.is_held_out(i) { Split::Test } else { Split::Train },
            tokens: sound.tokens,
            sides: sound.sides,
            provenance,
        };
        self.out.passages[i].accepted += 1;
        self.last = Some(row.content.fields()[0].to_owned());
        self.accepted.push((i, row));
    }

    fn reject(&mut self, i: usize, prompt: &Prompt, request_hash: ContentHash, reject: &Reject, value: Option<Value>) {
        let span = prompt.passage().span();
        self.out.passages[i].rejected += 1;
        *self.reasons.entry(reject.code()).or_default() += 1;
        self.out.rejected.push(Rejected {
            kind: self.job.kind,
            source: prompt.passage().source().to_owned(),
            span: (span.start as u64, span.end as u64),
            request_hash,
            code: reject.code(),
            reason: match reject {
                // The endpoint's own words and address.
                Reject::NoAnswer { .. } if !self.job.forbidden.finds(&reject.to_string()) => reject.to_string(),
                _ => check::quotable(self.job, &reject.to_string()),
            },
            row: value,
        });
    }

    fn progress(&self, waiting: usize) -> Progress {
        Progress {
            accepted: self.accepted.len(),
            rejected: self.out.rejected.len(),
            asked: self.out.asked + waiting,
            cost_usd: self.out.usage.cost_usd,
            last: self.last.clone(),
            waiting: self.job.teacher.tally().waiting,
            reasons: self.reasons.clone(),
        }
    }

    fn finish(mut self) -> Outcome {
        self.out.conflicts = self.pool.conflicts().to_vec();
        let (rows, spare) = select::evenly(self.accepted, self.job.wanted);
        (self.out.rows, self.out.spare) = (rows, spare);
        self.out
    }
}

#[cfg(test)]
mod tests;
