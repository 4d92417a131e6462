//! One request with its follow-ups: parsed, checked, repaired or shortened once.

use serde_json::Value;

use super::{EMPTY, GenerateError, Job, check};
use crate::prompt::Prompt;
use crate::row::{Content, Reject, Sides, parse, values, withhold};
use crate::teacher::{Completion, Finish, TeacherError, Usage};

/// A row that passed every check it can be given alone.
pub(super) struct Sound {
    pub(super) content: Content,
    /// Tokens per trained field.
    pub(super) tokens: [u32; 3],
    pub(super) sides: Option<Sides>,
}

/// A sound row, or the reason against it with what may be kept of it.
pub(super) type CheckedRow = Result<Sound, (Reject, Option<Value>)>;

/// The rows of one answer, what all its turns used, and how many there were.
pub(super) struct Answered {
    pub(super) rows: Vec<CheckedRow>,
    pub(super) usage: Usage,
    pub(super) turns: usize,
}

/// One request with its repair and shorten turns.
///
/// An answer is kept by the teacher once it can be read: what cannot is asked again in another run, and a mended answer
/// is kept in the place of the one that it mends.
pub(super) async fn ask_and_check(job: &Job<'_>, prompt: &Prompt) -> Result<Answered, GenerateError> {
    let mut turns = Turns { job, usage: Usage::default(), count: 0 };
    let rows = rows(&mut turns, prompt).await?;
    Ok(Answered { rows, usage: turns.usage, turns: turns.count })
}

async fn rows(turns: &mut Turns<'_>, prompt: &Prompt) -> Result<Vec<CheckedRow>, GenerateError> {
    let job = turns.job;
    let completion = match turns.ask(prompt).await? {
        Ok(completion) => completion,
        Err(reject) => return Ok(vec![Err((reject, None))]),
    };
    let (offered, completion) = match values(job.kind, &completion.text) {
        Ok(rows) => (rows, completion),
        Err(first) => {
            let reason = check::quotable(job, &first.to_string());
            let repair = job.templates.repair(prompt, &completion.text, &reason)?;
            let mended = match turns.ask(&repair).await? {
                Ok(completion) => values(job.kind, &completion.text).map(|rows| (rows, completion)),
                Err(_) => Err(first),
            };
            match mended {
                Ok(mended) => mended,
                Err(reject) => return Ok(vec![Err((reject, None))]),
            }
        }
    };
    let kept = withhold(&offered, |text| check::personal_data(job, prompt.passage().text(), text));
    if !completion.cached {
        job.teacher.keep(prompt, &Completion { text: kept.clone(), usage: turns.usage, ..completion }).await?;
    }
    let mut out = Vec::new();
    // What is kept is what is read, so that a run from the cache sees the same.
    for row in parse(job.kind, &kept).unwrap_or_default() {
        out.push(match row {
            Ok(content) => check_or_shorten(turns, prompt, content).await?,
            Err((reject, value)) => Err((reject, Some(value).filter(|v| !v.is_null()))),
        });
    }
    if out.is_empty() {
        out.push(Err((Reject::NoAnswer { reason: EMPTY.into() }, None)));
    }
    Ok(out)
}

async fn check_or_shorten(
    turns: &mut Turns<'_>,
    prompt: &Prompt,
    content: Content,
) -> Result<CheckedRow, GenerateError> {
    let checked = check::check(turns.job, prompt.passage(), content);
    let (cap, content) = match checked {
        Err((Reject::TooLong { cap, .. }, content)) => (cap, content),
        other => return Ok(other.map_err(|(reject, content)| (reject, Some(to_value(&content))))),
    };
    let job = turns.job;
    // The row as it was answered, and not as the checks mended it: the follow-up is part of what is remembered.
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
    let rejected = |content: &Content| {
        let (field, text) = content
            .kind()
            .fields()
            .iter()
            .copied()
            .zip(content.fields())
            .max_by_key(|(_, text)| job.counter.count(text))
            .unwrap_or(("row", ""));
        (Reject::TooLong { field, tokens: job.counter.count(text), cap }, Some(to_value(content)))
    };
    let answer = match turns.ask(&request).await? {
        Ok(answer) => answer,
        Err(_) => return Ok(Err(rejected(&content))),
    };
    let Ok(offered) = values(job.kind, &answer.text) else { return Ok(Err(rejected(&content))) };
    let kept = withhold(&offered, |text| check::personal_data(job, prompt.passage().text(), text));
    if !answer.cached {
        job.teacher.keep(&request, &Completion { text: kept.clone(), ..answer }).await?;
    }
    Ok(match parse(job.kind, &kept).unwrap_or_default().into_iter().next() {
        Some(Ok(shorter)) => {
            check::check(job, prompt.passage(), shorter).map_err(|(reject, content)| (reject, Some(to_value(&content))))
        }
        Some(Err((reject @ Reject::PersonalData { .. }, _))) => Err((reject, None)),
        _ => Err(rejected(&content)),
    })
}

/// Asks and counts.
struct Turns<'a> {
    job: &'a Job<'a>,
    usage: Usage,
    count: usize,
}

impl Turns<'_> {
    /// What concerns this one request is a reject, what concerns all requests an error.
    async fn ask(&mut self, prompt: &Prompt) -> Result<Result<Completion, Reject>, GenerateError> {
        self.count += 1;
        match self.job.teacher.complete(prompt).await {
            Ok(completion) => {
                self.usage.add(completion.usage);
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
}

pub(super) fn to_value(content: &Content) -> Value {
    match content {
        Content::Qa(row) => serde_json::to_value(row),
        Content::Cot(row) => serde_json::to_value(row),
        Content::Preference(row) => serde_json::to_value(row),
    }
    .unwrap_or(Value::Null)
}
