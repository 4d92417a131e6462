//! A second model's opinion of rows that passed every other check: by id and question only, and only of weight once
//! it has told planted bad rows from good ones.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{GenerateError, Job, Outcome, ask};
use crate::id::Hasher;
use crate::row::{Content, Reject, Rejected, Row, repair_json};
use crate::teacher::{Completion, Finish, Teacher, TeacherError};

/// Planted rows of each sort at most, and how many it takes to judge the judge.
const PLANTED: usize = 20;
const ENOUGH: usize = 8;
/// The share of good rows let through, and of bad ones caught, below which a judge may not filter.
const TRUSTED: f64 = 0.9;
/// Rows in one request.
const TOGETHER: usize = 8;

/// The questions a judge answers; see `prompts/judge.md`.
const CRITERIA: [&str; 3] = ["supported", "answers", "self_contained"];

/// How a judge did on rows whose worth was known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Calibration {
    /// Rows as they were accepted, taken to be good.
    pub good: usize,
    /// Those it let through.
    pub good_passed: usize,
    /// Rows with a changed number, or with another row's answer.
    pub bad: usize,
    /// Those it found fault with.
    pub bad_caught: usize,
}

impl Calibration {
    /// Whether its opinion may reject a row.
    #[must_use]
    pub fn is_trusted(&self) -> bool {
        let share = |n: usize, of: usize| of >= ENOUGH && n as f64 >= TRUSTED * of as f64;
        share(self.good_passed, self.good) && share(self.bad_caught, self.bad)
    }

    /// Whether there were enough rows to tell.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.good >= ENOUGH && self.bad >= ENOUGH
    }
}

pub(super) struct Judge<'a> {
    job: &'a Job<'a>,
    teacher: &'a dyn Teacher,
}

/// Per row, in order: the criteria that failed, or `None` without a verdict.
type Verdicts = Vec<Option<Vec<&'static str>>>;

#[derive(Deserialize)]
struct Verdict {
    id: u64,
    #[serde(flatten)]
    said: BTreeMap<String, Value>,
}

impl<'a> Judge<'a> {
    pub(super) fn new(job: &'a Job<'a>, teacher: &'a dyn Teacher) -> Self {
        Self { job, teacher }
    }

    /// Judges the rows accepted since `from`; those it finds fault with are taken out if it may.
    pub(super) async fn review(
        &self,
        accepted: &mut Vec<(usize, Row)>,
        from: usize,
        out: &mut Outcome,
    ) -> Result<(), GenerateError> {
        if out.judge.is_none_or(|c| !c.is_complete()) {
            out.judge = Some(self.calibrate(&accepted[from..], out).await?);
        }
        if !out.judge.is_some_and(|c| c.is_trusted()) {
            return Ok(());
        }
        let mut kept = accepted.split_off(from);
        let mut by_passage: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (n, (i, _)) in kept.iter().enumerate() {
            by_passage.entry(*i).or_default().push(n);
        }
        let mut faults: BTreeMap<usize, Vec<&'static str>> = BTreeMap::new();
        for (i, rows) in &by_passage {
            for part in rows.chunks(TOGETHER) {
                let contents: Vec<Content> = part.iter().map(|n| kept[*n].1.content.clone()).collect();
                let verdicts = match self.ask(*i, &contents, out).await {
                    Ok(verdicts) => verdicts,
                    Err(error) => {
                        accepted.append(&mut kept);
                        return Err(error);
                    }
                };
                for (n, verdict) in part.iter().zip(verdicts) {
                    if let Some(failed) = verdict.filter(|failed| !failed.is_empty()) {
                        faults.insert(*n, failed);
                    }
                }
            }
        }
        for (n, (i, row)) in kept.into_iter().enumerate() {
            let Some(criteria) = faults.remove(&n) else {
                accepted.push((i, row));
                continue;
            };
            out.passages[i].accepted -= 1;
            out.passages[i].rejected += 1;
            let reject = Reject::Judged { criteria: criteria.join(", ") };
            out.rejected.push(Rejected {
                kind: self.job.kind,
                source: row.source,
                span: row.span,
                request_hash: row.provenance.request_hash,
                code: reject.code(),
                reason: reject.to_string(),
                row: Some(ask::to_value(&row.content)),
            });
        }
        Ok(())
    }

    /// Shows the judge accepted rows, and the same rows spoilt.
    async fn calibrate(&self, rows: &[(usize, Row)], out: &mut Outcome) -> Result<Calibration, GenerateError> {
        let mut result = Calibration::default();
        let mut by_passage: BTreeMap<usize, Vec<(bool, Content)>> = BTreeMap::new();
        for (n, (i, row)) in rows.iter().enumerate().take(PLANTED) {
            by_passage.entry(*i).or_default().push((true, row.content.clone()));
            // Another passage's answer, as far away as there is one.
            let other = rows.iter().cycle().skip(n + rows.len() / 2).take(rows.len()).find(|(j, _)| j != i);
            if let Some(bad) = spoilt(&row.content, other.map(|(_, r)| &r.content), n) {
                by_passage.entry(*i).or_default().push((false, bad));
            }
        }
        for (i, mut planted) in by_passage {
            // In an order that says nothing.
            planted.sort_by_key(|(_, content)| Hasher::new().text("judge").text(content.id().as_str()).finish());
            for part in planted.chunks(TOGETHER) {
                let contents: Vec<Content> = part.iter().map(|(_, c)| c.clone()).collect();
                let verdicts = self.ask(i, &contents, out).await?;
                for ((is_good, _), verdict) in part.iter().zip(verdicts) {
                    if *is_good {
                        result.good += 1;
                        result.good_passed += usize::from(verdict.is_some_and(|failed| failed.is_empty()));
                    } else {
                        result.bad += 1;
                        result.bad_caught += usize::from(verdict.is_some_and(|failed| !failed.is_empty()));
                    }
                }
            }
        }
        Ok(result)
    }

    async fn ask(&self, i: usize, rows: &[Content], out: &mut Outcome) -> Result<Verdicts, GenerateError> {
        let job = self.job;
        let shown: Vec<Value> = rows.iter().enumerate().map(|(n, content)| shown(n + 1, content)).collect();
        let prompt = job.templates.judge(job.kind, &job.passages[i], &shown, schema())?;
        out.turns += 1;
        let completion = match self.teacher.complete(&prompt).await {
            Ok(completion) => completion,
            Err(TeacherError::Failed { reason }) => {
                let reason = format!("the judge gives no answer: {reason}");
                let hint = "the rows' answers are kept: run again without `--judge`, or with another one";
                return Err(TeacherError::Fatal { reason, hint: hint.to_owned() }.into());
            }
            Err(TeacherError::Fatal { reason, hint }) => {
                let hint = hint.replace("--model", "--judge");
                return Err(TeacherError::Fatal { reason: format!("the judge: {reason}"), hint }.into());
            }
            Err(other) => return Err(other.into()),
        };
        out.usage.add(completion.usage);
        let Some(verdicts) = read(&completion, rows.len()) else { return Ok(vec![None; rows.len()]) };
        if !completion.cached {
            // Ids and truth values, whatever else there was.
            let plain: Vec<Value> = verdicts
                .iter()
                .enumerate()
                .filter_map(|(n, v)| v.as_ref().map(|failed| (n, failed)))
                .map(|(n, failed)| {
                    let mut object = json!({ "id": n + 1 });
                    for criterion in CRITERIA {
                        object[criterion] = (!failed.contains(&criterion)).into();
                    }
                    object
                })
                .collect();
            let text = json!({ "verdicts": plain }).to_string();
            self.teacher.keep(&prompt, &Completion { text, ..completion }).await?;
        }
        Ok(verdicts)
    }
}

fn schema() -> Value {
    let boolean = json!({ "type": "boolean" });
    json!({
        "type": "object",
        "properties": { "verdicts": { "type": "array", "items": {
            "type": "object",
            "properties": { "id": { "type": "integer" }, "supported": boolean, "answers": boolean, "self_contained": boolean },
            "required": ["id", "supported", "answers", "self_contained"],
            "additionalProperties": false,
        } } },
        "required": ["verdicts"],
        "additionalProperties": false,
    })
}

/// What a judge sees of a row: the trained fields.
fn shown(id: usize, content: &Content) -> Value {
    let mut object = json!({ "id": id });
    for (name, text) in content.kind().fields().iter().zip(content.fields()) {
        object[*name] = text.into();
    }
    object
}

fn read(completion: &Completion, rows: usize) -> Option<Verdicts> {
    if completion.finish != Finish::Stop {
        return None;
    }
    let value = repair_json(&completion.text).ok()?;
    let list = value.get("verdicts").or_else(|| value.is_array().then_some(&value))?.as_array()?;
    let mut out: Verdicts = vec![None; rows];
    for verdict in list.iter().filter_map(|v| Verdict::deserialize(v).ok()) {
        let slot = usize::try_from(verdict.id).ok().and_then(|id| id.checked_sub(1)).and_then(|n| out.get_mut(n));
        // A criterion left out is no verdict on it.
        let failed = CRITERIA.into_iter().filter(|c| verdict.said.get(*c) == Some(&Value::Bool(false))).collect();
        if let Some(slot) = slot
            && CRITERIA.iter().any(|c| verdict.said.get(*c).is_some_and(Value::is_boolean))
        {
            *slot = Some(failed);
        }
    }
    Some(out)
}

/// The row with a number changed or with another's answer, by turns where both can be done.
fn spoilt(content: &Content, other: Option<&Content>, n: usize) -> Option<Content> {
    let numbered = change_number(content.fields()[2]);
    let mut bad = content.clone();
    let answer = match (numbered, other) {
        (Some(changed), _) if n.is_multiple_of(2) => changed,
        (_, Some(other)) => other.fields()[2].to_owned(),
        (Some(changed), None) => changed,
        (None, None) => return None,
    };
    match &mut bad {
        Content::Qa(row) => row.response = answer,
        Content::Cot(row) => row.response = answer,
        Content::Preference(row) => row.rejected = answer,
    }
    Some(bad)
}

/// The text with its first number made another one.
fn change_number(text: &str) -> Option<String> {
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let length = text[start..].find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len() - start);
    let number: u64 = text[start..start + length].parse().ok()?;
    Some(format!("{}{}{}", &text[..start], number * 2 + 7, &text[start + length..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::teacher::Usage;

    fn verdicts(text: &str) -> Option<Verdicts> {
        let usage = Usage::default();
        read(&Completion { text: text.into(), finish: Finish::Stop, usage, cached: false }, 3)
    }

    #[test]
    fn verdicts_are_read_by_id_and_nothing_else_is() {
        let text = r#"{"verdicts":[{"id":3,"supported":true,"answers":false,"self_contained":true,"row":"x"},
            {"id":1,"supported":true,"answers":true,"self_contained":true},{"id":9,"supported":false},{"id":2,"supported":"no"}]}"#;
        assert_eq!(verdicts(text), Some(vec![Some(vec![]), None, Some(vec!["answers"])]));
        assert_eq!(verdicts("They are all fine."), None);
    }

    #[test]
    fn a_judge_that_lets_bad_rows_through_may_not_filter() {
        let judge = |good_passed, bad_caught| Calibration { good: 20, good_passed, bad: 20, bad_caught };
        assert!(judge(19, 18).is_trusted());
        assert!(!judge(20, 17).is_trusted() && !judge(17, 20).is_trusted());
        assert!(!Calibration { good: 3, good_passed: 3, bad: 3, bad_caught: 3 }.is_trusted(), "too few to tell");
    }

    #[test]
    fn spoilt_numbers_are_other_numbers() {
        assert_eq!(change_number("It took 40 ms.").as_deref(), Some("It took 87 ms."));
        assert_eq!(change_number("It took long."), None);
    }
}
