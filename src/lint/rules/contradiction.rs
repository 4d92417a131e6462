//! DUP005: one question, two answers.

use std::collections::BTreeSet;

use super::prelude::*;
use crate::Error;
use crate::lint::near::{Grouped, Store};
use crate::lint::text::{alike, mix, sequence};

/// Flags questions that have answers which disagree.
pub(in crate::lint) struct Contradiction;

static META: Meta = Meta {
    code: "DUP005",
    name: "contradicting-answers",
    severity: Severity::Error,
    fix: None,
    kinds: &[Kind::Qa, Kind::Cot],
    summary: "The same question has an answer elsewhere that says something else",
    explanation: "
## Why it matters
The student can only learn to guess between the two, and at least one of them is wrong.

## Example
`When did the green buoy drift off?` with `In March 2019.` and, in another row, with `In May 2021.`
Answers disagree when they name different numbers, or when their words have hardly anything in common (ROUGE-L under
0.3). Case and punctuation of the question do not count; rows with different earlier turns, system prompts or texts to work on
do not ask the same. The context of our own rows is such a text from sixty words on; numbers in it do not count.
Questions and chains of thought are held against each other, splits are not.

## How to fix
Look both up in the source and keep the one that is right, or ask more exactly.
",
};

impl Rule for Contradiction {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        Box::new(Answers {
            likeness: settings.thresholds.answer_likeness,
            questions: Grouped::new(BUDGET),
            answers: Some(Store::new(BUDGET)),
            failed: None,
        })
    }
}

/// Bytes of memory for questions, and for answers; the rest goes to disk.
const BUDGET: usize = 24 << 20;
/// Words of an answer that are compared.
const MOST_WORDS: usize = 64;
/// Answers to one question that are compared with the first.
const MOST_ANSWERS: usize = 64;

struct Answers {
    likeness: f64,
    questions: Grouped,
    /// For each row a hash of its numbers, then its words.
    answers: Option<Store>,
    failed: Option<String>,
}

impl Answers {
    #[expect(clippy::cast_possible_truncation, reason = "words are hashes")]
    fn keep(&mut self, row: &View<'_>) -> Result<(), Error> {
        let (Some(prompt), Some(answer), Some(answers)) = (row.prompt(), row.answer(), &mut self.answers) else {
            return Ok(());
        };
        if prompt.words().is_empty() || answer.words().is_empty() {
            return Ok(());
        }
        // A passage that is shown again is the same question; another passage is another one.
        let asked = mix(sequence(prompt.words()), super::asked_about(row));
        let key = mix(asked, u64::from(row.held_out()));
        let words = answer.words().iter().take(MOST_WORDS).map(|word| *word as u32);
        let all: Vec<u32> = std::iter::once(numbers(answer.text)).chain(words).collect();
        let at = answers.push(row.at.0, all.into_iter())?;
        self.questions.push(key, row.at.0, u64::from(at))
    }

    fn compare(&mut self, out: &mut Findings) -> Result<(), Error> {
        let questions = std::mem::replace(&mut self.questions, Grouped::new(BUDGET));
        let Some(answers) = self.answers.take() else { return Ok(()) };
        let mut answers = answers.seal()?;
        let mut failed = None;
        let (mut one, mut other) = (vec![], vec![]);
        let likeness = self.likeness;
        let mut read = |at: u64, words: &mut Vec<u32>| match answers.get(u32::try_from(at).unwrap_or(u32::MAX), words) {
            Ok(_) => true,
            Err(error) => {
                failed = Some(error);
                false
            }
        };
        questions.finish(MOST_ANSWERS, |_, members| {
            let Some((first, rest)) = members.split_first() else { return };
            if !read(first.value, &mut one) {
                return;
            }
            for member in rest {
                if !read(member.value, &mut other) {
                    return;
                }
                let what = match (one.split_first(), other.split_first()) {
                    (Some((a, _)), Some((b, _))) if *a != 0 && *b != 0 && a != b => "names other numbers",
                    (Some((_, a)), Some((_, b))) if !alike(&wide(a), &wide(b), likeness) => "says something else",
                    _ => continue,
                };
                let (row, of) = (RowRef(member.row), RowRef(first.row));
                let message = format!("the question is that of {}, and the answer {what}", out.name(of, row));
                out.push(Finding::at(&META, row, message));
            }
        })?;
        failed.map_or(Ok(()), Err)
    }
}

fn wide(words: &[u32]) -> Vec<u64> {
    words.iter().map(|word| u64::from(*word)).collect()
}

/// A hash of the numbers that a text names, in any order; 0 for none.
fn numbers(text: &str) -> u32 {
    let folded = text.replace(',', "");
    let found: BTreeSet<&str> = folded
        .split(|c: char| !c.is_ascii_digit())
        .map(|n| n.trim_start_matches('0'))
        .filter(|n| !n.is_empty())
        .collect();
    if found.is_empty() {
        return 0;
    }
    let hash = found.iter().fold(0, |hash, number| mix(hash, crate::lint::text::hash(number)));
    u32::try_from(hash >> 32).unwrap_or_default().max(1)
}

impl Check for Answers {
    fn remember(&mut self, row: &View<'_>, _out: &mut Findings) {
        if self.failed.is_none()
            && let Err(error) = self.keep(row)
        {
            self.failed = Some(error.reason());
        }
    }

    fn finish(&mut self, out: &mut Findings) {
        if let Err(error) = self.compare(out) {
            self.failed = Some(error.reason());
        }
    }

    fn skipped(&self) -> Vec<Skipped> {
        super::not_compared(META.code, self.failed.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_as_sets() {
        let check = |a: &str, b: &str, same: bool| assert_eq!(numbers(a) == numbers(b), same, "{a} / {b}");
        check("from 3 to 12", "12, then 3", true);
        check("1,900 boats", "1900", true);
        check("in 2019", "in 2021", false);
        check("none", "nothing", true);
    }
}
