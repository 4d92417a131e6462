//! The teacher that needs no model: rows built from a document's own statements.
//!
//! It asks what a statement answers by its grammar and answers in the person's own words, so every fact is quoted and
//! nothing is inferred but sums. What cannot be asked about sensibly is left out. English only.

mod clause;
mod cot;
mod fact;
mod place;
mod preference;
mod qa;
mod source;
mod verbs;
mod words;

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Answer, Completion, Finish, Teacher, Usage};
use crate::id::ContentHash;
use crate::prompt::Prompt;
use crate::row::{Kind, normalise};
use fact::Topic;

/// Answers prompts from the structure of their passage; see the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outline;

impl Teacher for Outline {
    fn name(&self) -> String {
        "outline".to_owned()
    }

    fn parameters(&self) -> String {
        "{}".to_owned()
    }

    fn request_hash(&self, prompt: &Prompt) -> ContentHash {
        prompt.hash()
    }

    fn complete<'a>(&'a self, prompt: &'a Prompt) -> Answer<'a> {
        let all = rows(prompt.kind(), prompt.passage().text(), prompt.passage().heading());
        let text = serde_json::json!({ "rows": page(all, prompt.wanted(), prompt.offset()) }).to_string();
        Box::pin(std::future::ready(Ok(Completion {
            text,
            finish: Finish::Stop,
            usage: Usage::default(),
            cached: false,
        })))
    }
}

/// Every row of a kind that a passage yields, the most telling first; `heading` are the headings above it, parted by
/// ` › `. The same passage always gives the same rows, and no two of them ask the same.
#[must_use]
pub fn rows(kind: Kind, passage: &str, heading: &str) -> Vec<Value> {
    let source = source::read(passage, heading);
    let topics: Vec<Topic<'_>> = source.units.iter().map(Topic::of).collect();
    let after = |i: usize| topics.get(i + 1);
    let rows = match kind {
        Kind::Qa => in_turn(topics.iter().map(qa::about).chain(source.jobs.iter().map(qa::job)).collect()),
        Kind::Cot => in_turn(
            topics
                .iter()
                .enumerate()
                .map(|(i, t)| cot::about(t, after(i)))
                .chain(source.jobs.iter().map(cot::job))
                .collect(),
        ),
        Kind::Preference => preference::finish(in_turn(
            topics.iter().enumerate().map(|(i, t)| preference::about(t, after(i))).collect(),
        )),
    };
    let (whole, mut seen) = (normalise(passage), BTreeSet::new());
    rows.into_iter()
        .filter(|row| sound(kind, row, &whole) && seen.insert(normalise(text(row, kind.fields()[0]))))
        .collect()
}

/// Each request goes on where the one before it stopped, until there is nothing left to ask.
fn page(all: Vec<Value>, wanted: usize, offset: usize) -> Vec<Value> {
    all.into_iter().skip(offset).take(wanted).collect()
}

/// One of each list, then the next of each: a few rows cover many statements.
fn in_turn<T>(lists: Vec<Vec<T>>) -> Vec<T> {
    let mut lists: Vec<_> = lists.into_iter().map(Vec::into_iter).collect();
    let mut out = Vec::new();
    loop {
        let before = out.len();
        out.extend(lists.iter_mut().filter_map(Iterator::next));
        if out.len() == before {
            return out;
        }
    }
}

fn text<'a>(row: &'a Value, field: &str) -> &'a str {
    row.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// The longest a field may be, in words; about 70 tokens.
const MAX_WORDS: usize = 50;

/// What holds for every row by construction, for all but odd input: checked so that odd input costs a row, not a run.
fn sound(kind: Kind, row: &Value, passage: &str) -> bool {
    let fields = kind.fields().iter().chain(kind.probe_fields());
    let filled = fields.clone().all(|f| *f == "context" || text(row, f).chars().any(char::is_alphanumeric));
    let short = fields.clone().all(|f| words::count(text(row, f)) <= MAX_WORDS);
    let masked = fields.clone().any(|f| text(row, f).contains(['[', ']']));
    let evidence = normalise(text(row, "evidence"));
    let own = match kind {
        Kind::Qa => {
            let key = normalise(text(row, "answer_key"));
            !key.is_empty()
                && normalise(text(row, "response")).contains(&key)
                && !normalise(text(row, "instruction")).contains(&key)
                && normalise(text(row, "instruction")) != normalise(text(row, "paraphrase"))
        }
        Kind::Cot => normalise(text(row, "thought")) != normalise(text(row, "response")),
        Kind::Preference => normalise(text(row, "chosen")) != normalise(text(row, "rejected")),
    };
    filled && short && !masked && own && !evidence.is_empty() && passage.contains(&evidence)
}

#[cfg(test)]
mod tests;
