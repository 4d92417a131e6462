//! BAL001: nearly all questions are of one kind.

use super::pattern;
use super::prelude::*;
use crate::row::shape::{QuestionType, row_type};
use regex::Regex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};

/// Flags question-answer data that asks for one thing, or for few.
pub(in crate::lint) struct QuestionMix;

static META: Meta = Meta {
    code: "BAL001",
    name: "question-mix",
    severity: Severity::Warning,
    fix: None,
    kinds: &[Kind::Qa],
    summary: "Most questions ask for the same thing, or fewer than five of ten types of question are there",
    explanation: "
## Why it matters
A student that was only ever asked `What is …?` cannot answer `Why?` or `What would you do if …?`,
however much it knows.

## Example
Ninety of 130 questions ask for a thing or a name. The types are: factual, quantity, time, reason, method, comparison,
opinion, counterfactual, experience and limits; they are told by wording, in English.
One type may have half of the questions at most, and five have to be there, from 100 questions on.
Questions whose answer says that nothing is known are a type of their own that counts for the share only.
Tasks that ask nothing (`Write a poem`) and questions in other languages are not counted.
Only question-answer rows are judged: thoughts are for reasons and comparisons, and prompts of pairs are mostly tasks.
Of each file the first 2,000 rows and one in eight of the others are looked at.

## How to fix
Ask the teacher for the types that are missing: `distill gen-qa` names a type with each request.
",
};

/// Rows of a file that are all looked at.
const ALL: u64 = 2000;
/// Of the others one in so many.
const EVERY: u64 = 8;
/// Types that questions can have by themselves.
const TYPES: usize = QuestionType::ALL.len() - 1;

impl Rule for QuestionMix {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        let t = &settings.thresholds;
        Box::new(Mix {
            share: t.question_share,
            kinds: t.question_kinds,
            least: t.question_rows as u64,
            first: None,
            seen: [const { AtomicU64::new(0) }; QuestionType::ALL.len()],
            foreign: AtomicU64::new(0),
        })
    }
}

struct Mix {
    share: f64,
    kinds: usize,
    least: u64,
    first: Option<u32>,
    seen: [AtomicU64; QuestionType::ALL.len()],
    /// Questions in other languages.
    foreign: AtomicU64,
}

/// What a question asks for; `None` when it asks nothing.
fn type_of(question: &str, answer: &str) -> Option<QuestionType> {
    // What no wording fits counts as factual: that has to look like a question at least.
    static ASKS: LazyLock<Option<Regex>> = LazyLock::new(|| {
        pattern(r"(?i)\?|^\W*(?:what|which|who|whom|whose|where|name|tell|state|identify|list|give me|say)\b")
    });
    match row_type(question, answer) {
        QuestionType::Factual if !ASKS.as_ref().is_some_and(|asks| asks.is_match(question)) => None,
        found => Some(found),
    }
}

/// Whether a question is in English: one of its small words is there.
fn is_english(question: &str) -> bool {
    const SMALL: &[&str] = &[
        "a", "about", "and", "are", "at", "can", "did", "do", "does", "for", "from", "had", "has", "have", "how", "if",
        "is", "it", "of", "on", "or", "should", "that", "the", "there", "this", "to", "was", "were", "what", "when",
        "where", "which", "who", "why", "with", "would", "you", "your",
    ];
    let words = question.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
    words.take(40).any(|word| word.len() <= 6 && SMALL.contains(&word.to_ascii_lowercase().as_str()))
}

impl Check for Mix {
    fn table(&mut self, table: &Arc<TableInfo>, _out: &mut Findings) {
        if table.kind() == Some(Kind::Qa) {
            self.first.get_or_insert(table.index);
        }
    }

    fn row(&self, row: &View<'_>, _out: &mut Findings) {
        let weight = if row.at.row() < ALL { 1 } else { EVERY };
        if weight > 1 && !row.hash().is_multiple_of(EVERY) {
            return;
        }
        let (Some(question), Some(answer)) = (row.prompt(), row.answer()) else { return };
        if !is_english(question.text) {
            self.foreign.fetch_add(weight, Ordering::Relaxed);
        } else if let Some(found) = type_of(question.text, answer.text) {
            self.seen[found as usize].fetch_add(weight, Ordering::Relaxed);
        }
    }

    fn finish(&mut self, out: &mut Findings) {
        let seen: Vec<u64> = self.seen.iter_mut().map(|count| *count.get_mut()).collect();
        let all: u64 = seen.iter().sum();
        let Some(table) = self.first.filter(|_| all >= self.least && all > 0) else { return };
        if let Some((kind, count)) = QuestionType::ALL.iter().zip(&seen).max_by_key(|(_, count)| **count)
            && *count as f64 > self.share * all as f64
        {
            let message = format!("{:.0} % of the questions are of one type: {}", percent(*count, all), kind.name());
            out.push(Finding::in_table(&META, table, message));
        }
        let there = seen[..TYPES].iter().filter(|count| **count > 0).count();
        if there < self.kinds {
            let missing: Vec<&str> = QuestionType::ALL[..TYPES]
                .iter()
                .zip(&seen)
                .filter(|(_, n)| **n == 0)
                .map(|(kind, _)| kind.name())
                .collect();
            let message = format!("{there} of {TYPES} types of question are there; missing are {}", missing.join(", "));
            out.push(Finding::in_table(&META, table, message));
        }
    }

    fn skipped(&self) -> Vec<Skipped> {
        let foreign = self.foreign.load(Ordering::Relaxed);
        let judged: u64 = self.seen.iter().map(|count| count.load(Ordering::Relaxed)).sum();
        if foreign < self.least.max(1) || judged >= self.least {
            return vec![];
        }
        let reason = "the questions are in a language whose types of question are not known".to_owned();
        vec![Skipped { code: META.code, file: None, reason }]
    }
}

fn percent(count: u64, all: u64) -> f64 {
    100.0 * count as f64 / all.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_and_other_languages_are_not_counted() {
        let check = |question: &str, expected: Option<QuestionType>| {
            let found = is_english(question).then(|| type_of(question, "Rope.")).flatten();
            assert_eq!(found, expected, "{question}");
        };
        check("What holds the buoy?", Some(QuestionType::Factual));
        check("Name the boat you sold.", Some(QuestionType::Factual));
        check("Why was it sold?", Some(QuestionType::Reason));
        check("Write a poem about the sea.", None);
        check("Summarise the log in two lines.", None);
        check("Welches Boot wurde verkauft?", None);
        check("Quel bateau ?", None);
        check("船は何ですか?", None);
    }

    #[test]
    fn shares_are_judged_from_enough_questions_on() {
        let settings = LintSettings::default();
        let check = |counts: [u64; 11], expected: usize| {
            let mut mix = Mix {
                share: settings.thresholds.question_share,
                kinds: settings.thresholds.question_kinds,
                least: 100,
                first: Some(0),
                seen: counts.map(AtomicU64::new),
                foreign: AtomicU64::new(0),
            };
            let plan = crate::lint::finding::Plan { cap: u64::MAX, ..Default::default() };
            let mut out = Findings::new(Arc::new(plan));
            mix.finish(&mut out);
            assert_eq!(out.list.len(), expected, "{counts:?}");
        };
        check([50, 10, 10, 10, 20, 0, 0, 0, 0, 0, 0], 0);
        check([51, 10, 10, 10, 19, 0, 0, 0, 0, 0, 0], 1);
        check([40, 30, 20, 10, 0, 0, 0, 0, 0, 0, 0], 1);
        check([40, 30, 20, 0, 0, 0, 0, 0, 0, 0, 10], 1);
        check([100, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 2);
        check([90, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 0);
        check([0, 9, 9, 9, 9, 5, 0, 0, 0, 0, 60], 1);
    }
}
