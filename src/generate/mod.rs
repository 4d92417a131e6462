//! Generation: masked passages and a teacher come in, accepted rows and reasons for the rest go out.
//!
//! Every passage is asked before any is asked twice, and answers are taken in the order of the plan whatever the
//! order they arrive in: the same answers give the same rows. What was asked and answered before comes from the
//! teacher's cache, so a run that was cut off goes on where it stopped.

mod pool;
mod shape;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::StreamExt;
use serde_json::Value;

pub use pool::{Conflict, Near, Pool, Thresholds, Why};
pub use shape::{Fault, QuestionType, Voice, doesnt_know, question_type, row_type, thought_faults, voice};

use crate::id::{ContentHash, Hasher};
use crate::mask::Surrogates;
use crate::prompt::{Passage, Prompt, TemplateError, Templates};
use crate::row::{Content, Kind, Provenance, Reject, Rejected, Row, Split, TokenCounter, normalise, parse, validate};
use crate::settings::RowSettings;
use crate::teacher::{Completion, Finish, Teacher, TeacherError, Usage};

/// One dataset to make.
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
    /// The student's tokenizer.
    pub counter: &'a dyn TokenCounter,
    /// Caps and quotas.
    pub settings: &'a RowSettings,
    /// Original values behind the placeholders: a prompt that holds one is never sent.
    pub forbidden: &'a [String],
    /// What masking invented: no personal data, whatever its shape.
    pub surrogates: &'a Surrogates,
    /// Set when somebody wants the run to stop.
    pub stop: &'a AtomicBool,
}

/// How far a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Progress {
    /// Rows accepted so far.
    pub accepted: usize,
    /// Rows rejected so far.
    pub rejected: usize,
    /// Requests answered or given up.
    pub asked: usize,
    /// Spent on them, by the recorded usage.
    pub cost_usd: f64,
}

/// What a run made.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Accepted rows, at most as many as were wanted.
    pub rows: Vec<Row>,
    /// The others, with reasons.
    pub rejected: Vec<Rejected>,
    /// Accepted rows beyond those wanted.
    pub spare: usize,
    /// Requests.
    pub asked: usize,
    /// Accepted rows per passage, by its index.
    pub coverage: BTreeMap<usize, usize>,
    /// What all answers used.
    pub usage: Usage,
}

impl Outcome {
    /// Rejections by code.
    #[must_use]
    pub fn reasons(&self) -> BTreeMap<&'static str, usize> {
        let mut out = BTreeMap::new();
        for r in &self.rejected {
            *out.entry(r.code).or_default() += 1;
        }
        out
    }
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

/// Which passages are held out: the share `ratio`, at least one when there are five, drawn by content and seed.
///
/// The draw is per passage and the same for every kind, so a held-out passage is in no training row at all.
#[must_use]
pub fn held_out(passages: &[Passage], ratio: f64, seed: u64) -> BTreeSet<usize> {
    let mut count = (passages.len() as f64 * ratio).round() as usize;
    if ratio > 0.0 && passages.len() >= 5 {
        count = count.max(1);
    }
    let mut order: Vec<(ContentHash, usize)> = passages
        .iter()
        .enumerate()
        .map(|(i, p)| (Hasher::new().text("split").bytes(&seed.to_le_bytes()).text(p.text()).finish(), i))
        .collect();
    order.sort();
    order.into_iter().take(count).map(|(_, i)| i).collect()
}

/// The reason given for an answer without rows.
pub(crate) const EMPTY: &str = "the answer holds no rows";

/// Rows asked for in one request: with many passages each gives less, so that all of them can be asked and little
/// is paid for that nobody needs. A quarter more than wanted allows for rejections.
#[must_use]
pub fn per_request(settings: &RowSettings, wanted: usize, passages: usize) -> usize {
    settings.per_request.min((5 * wanted).div_ceil(4 * passages.max(1))).max(1)
}

struct Run<'a> {
    job: &'a Job<'a>,
    test: BTreeSet<usize>,
    seen: BTreeSet<ContentHash>,
    /// Passages whose last answer held nothing new: asking again would be paid for in vain.
    exhausted: BTreeSet<usize>,
    /// Passages whose last answer held fewer rows than were asked for: little is left in them.
    meagre: BTreeSet<usize>,
    /// How often each passage was asked.
    asked: BTreeMap<usize, u32>,
    /// Accepted rows per request in the round before.
    last_yield: f64,
    accepted: Vec<(usize, Row)>,
    out: Outcome,
}

/// Asks until enough rows are accepted or every passage was asked often enough.
///
/// # Errors
/// See [`GenerateError`]. Too few rows are no error here: the caller sees how many there are, and why.
pub async fn generate(job: &Job<'_>, progress: &mut dyn FnMut(Progress)) -> Result<Outcome, GenerateError> {
    if job.passages.is_empty() {
        return Err(GenerateError::NoPassages);
    }
    let settings = job.settings;
    let per_request = per_request(settings, job.wanted, job.passages.len());
    let mut run = Run {
        job,
        test: held_out(job.passages, settings.test_ratio, settings.seed),
        seen: BTreeSet::new(),
        exhausted: BTreeSet::new(),
        meagre: BTreeSet::new(),
        asked: BTreeMap::new(),
        last_yield: 0.0,
        accepted: Vec::new(),
        out: Outcome::default(),
    };
    for round in 0..settings.max_rounds.max(1) {
        let missing = job.wanted.saturating_sub(run.accepted.len());
        if missing == 0 {
            break;
        }
        let mut order: Vec<usize> = (0..job.passages.len()).filter(|i| !run.exhausted.contains(i)).collect();
        if order.is_empty() {
            break;
        }
        if round > 0 {
            // Those that gave all they were asked for and least for their length come first, no more than may be needed.
            order.sort_by_key(|&i| {
                (
                    run.meagre.contains(&i),
                    run.out.coverage.get(&i).copied().unwrap_or_default() * 1000 / job.passages[i].words().max(1),
                    i,
                )
            });
            order.truncate((missing as f64 / run.last_yield.max(0.2)).ceil() as usize);
            order.sort_unstable();
        }
        let mut plan = Vec::new();
        for i in order {
            let sample = run.asked.get(&i).copied().unwrap_or_default();
            let prompt =
                job.templates.prompt(job.kind, &job.passages[i], &run.voice(i), per_request, sample, settings.cap)?;
            run.guard(&prompt)?;
            plan.push((i, prompt));
        }
        let (asked, before) = (plan.len(), run.accepted.len());
        let mut answers = futures_util::stream::iter(plan.into_iter().map(|(i, prompt)| async move {
            if job.stop.load(Ordering::Relaxed) {
                return (i, Err(GenerateError::Interrupted { asked: 0 }));
            }
            let answered = ask_and_check(job, &prompt).await;
            (i, answered.map(|(rows, usage)| (prompt, rows, usage)))
        }))
        .buffered(job.teacher.concurrency().max(1));
        while let Some((i, answered)) = answers.next().await {
            match answered {
                Ok((prompt, rows, usage)) => run.take(i, &prompt, rows, usage),
                Err(GenerateError::Interrupted { .. }) => {
                    return Err(GenerateError::Interrupted { asked: run.out.asked });
                }
                Err(other) => return Err(other),
            }
            progress(run.progress());
        }
        run.last_yield = (run.accepted.len() - before) as f64 / asked.max(1) as f64;
    }
    Ok(run.finish())
}

/// Content with its tokens, or the reason against it with what may be kept of it.
type CheckedRow = Result<(Content, [u32; 3]), (Reject, Option<Value>)>;

/// The rows of one answer and what all its turns used.
type Answered = (Vec<CheckedRow>, Usage);

/// One request with its repair and shorten turns.
async fn ask_and_check(job: &Job<'_>, prompt: &Prompt) -> Result<Answered, GenerateError> {
    let mut usage = Usage::default();
    let completion = match ask(job, prompt, &mut usage).await? {
        Ok(completion) => completion,
        Err(reject) => return Ok((vec![Err((reject, None))], usage)),
    };
    let parsed = match parse(job.kind, &completion.text) {
        Ok(rows) => rows,
        Err(first) => {
            let repair = job.templates.repair(prompt, &completion.text, &first.to_string())?;
            let second = match ask(job, &repair, &mut usage).await? {
                Ok(completion) => parse(job.kind, &completion.text),
                Err(_) => Err(first.clone()),
            };
            match second {
                Ok(rows) => rows,
                Err(reject) => return Ok((vec![Err((reject, None))], usage)),
            }
        }
    };
    let passage = prompt.passage().text();
    let mut out = Vec::new();
    for row in parsed {
        let checked = match row {
            Ok(content) => match validate(&content, passage, job.counter, job.settings.cap, job.surrogates) {
                Ok(tokens) => Ok((content, tokens)),
                Err(Reject::TooLong { field, tokens, cap }) => {
                    shorten(job, prompt, content, (field, tokens, cap), &mut usage).await?
                }
                Err(reject) => Err((reject, Some(content))),
            },
            Err((reject, value)) => {
                out.push(Err((reject, clean(value, job))));
                continue;
            }
        };
        out.push(checked.map_err(|(reject, content)| {
            let keep = !matches!(reject, Reject::PersonalData { .. });
            (reject, content.filter(|_| keep).map(|c| to_value(&c)).and_then(|value| clean(value, job)))
        }));
    }
    if out.is_empty() {
        out.push(Err((Reject::NoAnswer { reason: EMPTY.into() }, None)));
    }
    Ok((out, usage))
}

/// Asks; what concerns this one request is a reject, what concerns all requests an error.
async fn ask(job: &Job<'_>, prompt: &Prompt, usage: &mut Usage) -> Result<Result<Completion, Reject>, GenerateError> {
    match job.teacher.complete(prompt).await {
        Ok(completion) => {
            usage.prompt_tokens += completion.usage.prompt_tokens;
            usage.completion_tokens += completion.usage.completion_tokens;
            usage.cost_usd += completion.usage.cost_usd;
            Ok(match completion.finish {
                Finish::Stop => Ok(completion),
                Finish::Length => Err(Reject::Truncated),
                Finish::Refused => Err(Reject::Refused { reason: completion.text.chars().take(200).collect() }),
            })
        }
        Err(TeacherError::Failed { reason }) => Ok(Err(Reject::NoAnswer { reason })),
        Err(fatal) => Err(fatal.into()),
    }
}

type Checked = Result<(Content, [u32; 3]), (Reject, Option<Content>)>;

/// One turn that asks for the same row in fewer words. Never cuts.
async fn shorten(
    job: &Job<'_>,
    prompt: &Prompt,
    content: Content,
    (field, tokens, cap): (&'static str, usize, usize),
    usage: &mut Usage,
) -> Result<Checked, GenerateError> {
    let too_long: Vec<&str> = content
        .kind()
        .fields()
        .iter()
        .copied()
        .zip(content.fields())
        .filter(|(_, text)| job.counter.count(text) > cap)
        .map(|(name, _)| name)
        .collect();
    // The conversation goes on with the row alone, so that the answer cannot be about its neighbours.
    let row = serde_json::json!({ "rows": [to_value(&content)] }).to_string();
    let request = job.templates.shorten(prompt, &row, &too_long, cap)?;
    let answer = ask(job, &request, usage).await?;
    let again =
        answer.ok().and_then(|c| parse(job.kind, &c.text).ok()).and_then(|rows| rows.into_iter().find_map(Result::ok));
    Ok(match again {
        Some(shorter) => validate(&shorter, prompt.passage().text(), job.counter, cap, job.surrogates)
            .map(|t| (shorter.clone(), t))
            .map_err(|reject| (reject, Some(shorter))),
        None => Err((Reject::TooLong { field, tokens, cap }, Some(content))),
    })
}

fn to_value(content: &Content) -> Value {
    match content {
        Content::Qa(row) => serde_json::to_value(row),
        Content::Cot(row) => serde_json::to_value(row),
        Content::Preference(row) => serde_json::to_value(row),
    }
    .unwrap_or(Value::Null)
}

/// A rejected value is kept for reading only when no part of it looks like personal data.
fn clean(value: impl Into<Option<Value>>, job: &Job<'_>) -> Option<Value> {
    value.into().filter(|v| job.surrogates.scan(&v.to_string()).is_empty())
}

impl Run<'_> {
    /// Samples of the person's writing for a request about passage `i`: others than that one, never held-out ones.
    fn voice(&self, i: usize) -> Vec<Passage> {
        let passages = self.job.passages;
        // Prose shows a voice better than lists do, and is recognised by its paragraphs' length.
        let mut prose: Vec<usize> = (0..passages.len()).filter(|j| *j != i && !self.test.contains(j)).collect();
        let listed = |p: &Passage| p.text().lines().filter(|l| l.trim_start().starts_with(['-', '*', '|'])).count();
        prose.sort_by_key(|&j| (listed(&passages[j]), j));
        prose.into_iter().take(self.job.settings.voice_samples).map(|j| passages[j].clone()).collect()
    }

    fn guard(&self, prompt: &Prompt) -> Result<(), GenerateError> {
        let leaks =
            |text: &str| self.job.forbidden.iter().any(|value| value.chars().count() >= 4 && holds(text, value));
        if prompt.messages().iter().any(|m| leaks(&m.content)) {
            return Err(GenerateError::Leak { source_name: prompt.passage().source().to_owned() });
        }
        Ok(())
    }

    fn take(&mut self, i: usize, prompt: &Prompt, rows: Vec<CheckedRow>, usage: Usage) {
        let job = self.job;
        self.out.asked += 1;
        *self.asked.entry(i).or_default() += 1;
        self.out.usage.prompt_tokens += usage.prompt_tokens;
        self.out.usage.completion_tokens += usage.completion_tokens;
        self.out.usage.cost_usd += usage.cost_usd;
        let good = rows.iter().filter(|r| r.is_ok()).count().max(1);
        let span = prompt.passage().span();
        let request_hash = job.teacher.request_hash(prompt);
        let before = self.accepted.len();
        // A request that failed says nothing about the passage.
        if rows.len() < prompt.wanted() {
            self.meagre.insert(i);
        }
        let answered = rows.iter().any(|r| !matches!(r, Err((Reject::NoAnswer { reason }, _)) if reason != EMPTY));
        for row in rows {
            let (reject, value) = match row {
                Ok((content, tokens)) => {
                    let key =
                        content.fields().iter().fold(Hasher::new(), |h, field| h.text(&normalise(field))).finish();
                    if self.seen.insert(key) {
                        let provenance = Provenance {
                            teacher: job.teacher.name(),
                            template: prompt.template().to_owned(),
                            template_version: prompt.template_version().to_owned(),
                            parameters: job.teacher.parameters(),
                            request_hash: request_hash.clone(),
                            cost_usd: usage.cost_usd / good as f64,
                        };
                        let split = if self.test.contains(&i) { Split::Test } else { Split::Train };
                        let row = Row {
                            id: content.id(),
                            content,
                            source: prompt.passage().source().to_owned(),
                            span: (span.start as u64, span.end as u64),
                            split,
                            tokens,
                            provenance,
                        };
                        *self.out.coverage.entry(i).or_default() += 1;
                        self.accepted.push((i, row));
                        continue;
                    }
                    (Reject::Duplicate, None)
                }
                Err(rejected) => rejected,
            };
            self.out.rejected.push(Rejected {
                kind: job.kind,
                source: prompt.passage().source().to_owned(),
                span: (span.start as u64, span.end as u64),
                request_hash: request_hash.clone(),
                code: reject.code(),
                reason: reject.to_string(),
                row: value,
            });
        }
        if answered && self.accepted.len() == before {
            self.exhausted.insert(i);
        }
    }

    fn progress(&self) -> Progress {
        Progress {
            accepted: self.accepted.len(),
            rejected: self.out.rejected.len(),
            asked: self.out.asked,
            cost_usd: self.out.usage.cost_usd,
        }
    }

    /// Keeps as many rows as were wanted, evenly over the passages, in reading order.
    fn finish(mut self) -> Outcome {
        let mut nth: BTreeMap<usize, usize> = BTreeMap::new();
        let mut ranked: Vec<(usize, usize, Row)> = self
            .accepted
            .into_iter()
            .map(|(i, row)| {
                let n = nth.entry(i).or_default();
                *n += 1;
                (*n, i, row)
            })
            .collect();
        ranked.sort_by_key(|(n, i, _)| (*n, *i));
        self.out.spare = ranked.len().saturating_sub(self.job.wanted);
        ranked.truncate(self.job.wanted);
        ranked.sort_by_key(|(n, i, _)| (*i, *n));
        self.out.rows = ranked.into_iter().map(|(_, _, row)| row).collect();
        self.out
    }
}
/// Whether `value` stands in `text` by itself: `Mark` is not in `Marketing`.
fn holds(text: &str, value: &str) -> bool {
    text.match_indices(value).any(|(at, found)| {
        let joined = |edge: Option<char>, own: Option<char>| {
            edge.is_some_and(char::is_alphanumeric) && own.is_some_and(char::is_alphanumeric)
        };
        !joined(text[..at].chars().next_back(), found.chars().next())
            && !joined(text[at + found.len()..].chars().next(), found.chars().next_back())
    })
}
