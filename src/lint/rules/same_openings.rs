//! STY004: too many answers begin or end alike.

use super::prelude::*;
use crate::lint::text::{hash, sequence};
use crate::row::shape::doesnt_know;
use std::collections::HashMap;
use std::sync::Arc;

/// Flags kinds of which more than a tenth of the answers open with the same words, or close with the same sentence.
pub(in crate::lint) struct SameOpenings;

static META: Meta = Meta {
    code: "STY004",
    name: "same-openings",
    severity: Severity::Warning,
    fix: None,
    kinds: &Kind::ALL,
    summary: "More than a tenth of the answers open with the same three words or close with the same sentence",
    explanation: "
## Why it matters
What comes first in an answer decides what follows. A student that has learned one opening uses it for everything,
and a closing formula is heard as a machine.

## Example
`Back in those days we …` opens 20 of 130 answers, and `That is how we solved the …` closes 30 of them.
Case and punctuation do not count; in closing sentences numbers and names do not either, and the first four words
decide. Of each kind at least 50 answers are needed. One- and two-word closings (`Fine.`) are a person's habit,
and so is whatever the author's own texts open or close with, when they are at hand.
Answers that say that nothing is known may open alike.

## How to fix
Ask for another opening in the prompt, show the teacher more varied samples, or drop some of the rows.
",
};

/// Words that make an opening.
const OPENING: usize = 3;
/// Words of the last sentence that make its template.
const CLOSING: usize = 4;
/// Openings that are counted at a time; when there are more, rare ones are forgotten.
const MOST: usize = 1 << 16;
/// How often an opening has come when it is looked at whether it is an honest `I don't know`.
const DOUBT: u64 = 5;

impl Rule for SameOpenings {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, settings: &'a LintSettings, cx: &Context<'a>) -> Box<dyn Check + 'a> {
        let habits = |habits: &[crate::style::Habit]| -> Vec<Vec<u64>> {
            habits
                .iter()
                .map(|habit| words(&habit.words, usize::MAX, false))
                .filter(|words| !words.is_empty())
                .collect()
        };
        let profile = cx.profile;
        Box::new(Alike {
            share: settings.thresholds.opening_share,
            least: settings.thresholds.opening_rows.max(2) as u64,
            openings: profile.map(|p| habits(&p.text_openings)).unwrap_or_default(),
            closings: profile
                .map(|p| {
                    [&p.last_sentences, &p.recurring_sentences, &p.closings].iter().flat_map(|h| habits(h)).collect()
                })
                .unwrap_or_default(),
            tallies: Kind::ALL.map(|_| Tally::default()),
        })
    }
}

/// Hashed words of the start of a text: what stands between spaces, without its marks. With `slots` numbers and names
/// inside the sentence are all the same.
fn words(text: &str, most: usize, slots: bool) -> Vec<u64> {
    let bare = text.split_whitespace().map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()));
    let mut first = true;
    bare.filter(|word| !word.is_empty())
        .take(most)
        .map(|word| {
            let inside = !std::mem::take(&mut first);
            let pronoun = word == "I" || word.starts_with("I'") || word.starts_with("I’");
            let name = inside && !pronoun && word.starts_with(char::is_uppercase);
            if slots && (name || word.contains(|c: char| c.is_numeric())) { 0 } else { hash(&word.to_lowercase()) }
        })
        .collect()
}

/// The last sentence, with the marks before it; `None` when the text has only one, or ends in code.
fn last_sentence(text: &str) -> Option<&str> {
    let text = text.trim_end();
    let end = text.trim_end_matches(|c: char| !c.is_alphanumeric()).len();
    if text[end..].contains(['`', '}', '{', ';']) {
        return None;
    }
    let mut before = None;
    for (at, c) in text[..end].char_indices().rev() {
        match (c, before) {
            ('\n', _) | ('.' | '!' | '?' | '…' | ':', Some(' ' | '\t')) => return Some(&text[at + c.len_utf8()..]),
            // Marks that close a quotation stand between the stop and the space.
            ('"' | '”' | '’' | ')' | '»', Some(' ')) => {}
            _ => before = Some(c),
        }
    }
    None
}

#[derive(Default)]
struct Tally {
    first: Option<u32>,
    answers: u64,
    openings: Counts,
    closings: Counts,
}

/// How often each hash came, the first row that had it, and whether it counts.
#[derive(Default)]
struct Counts(HashMap<u64, (u64, RowRef, bool)>);

impl Counts {
    fn add(&mut self, key: u64, row: RowRef, is_honest: impl FnOnce() -> bool) {
        let entry = self.0.entry(key).or_insert((0, row, true));
        entry.0 += 1;
        if entry.0 == DOUBT && is_honest() {
            entry.2 = false;
        }
        if self.0.len() > MOST {
            // What is frequent loses next to nothing (J. Misra, D. Gries, 1982).
            self.0.retain(|_, entry| {
                entry.0 -= 1;
                entry.0 > 0
            });
        }
    }

    /// Those that came more often than `most`, by their first row.
    fn over(&self, most: f64) -> Vec<(RowRef, u64)> {
        let counted = self.0.values().filter(|(count, _, counts)| *counts && *count as f64 > most);
        let mut out: Vec<(RowRef, u64)> = counted.map(|(count, row, _)| (*row, *count)).collect();
        out.sort_unstable();
        out
    }
}

struct Alike {
    share: f64,
    least: u64,
    /// How the author opens and closes.
    openings: Vec<Vec<u64>>,
    closings: Vec<Vec<u64>>,
    tallies: [Tally; Kind::ALL.len()],
}

impl Check for Alike {
    fn table(&mut self, table: &Arc<TableInfo>, _out: &mut Findings) {
        if let Some(kind) = table.kind() {
            self.tallies[kind as usize].first.get_or_insert(table.index);
        }
    }

    fn remember(&mut self, row: &View<'_>, _out: &mut Findings) {
        let (Some(kind), Some(answer)) = (row.kind(), row.answer()) else { return };
        let tally = &mut self.tallies[kind as usize];
        tally.answers += 1;
        let habit = |habits: &[Vec<u64>], said: &[u64]| {
            habits.iter().any(|habit| {
                let n = habit.len().min(said.len());
                habit[..n] == said[..n]
            })
        };
        let is_honest = || doesnt_know(answer.text);
        let opening = words(answer.text, OPENING, false);
        if opening.len() == OPENING && !habit(&self.openings, &opening) {
            tally.openings.add(sequence(&opening), row.at, is_honest);
        }
        if let Some(last) = last_sentence(answer.text) {
            let closing = words(last, CLOSING, true);
            if closing.len() >= OPENING && !habit(&self.closings, &closing) {
                tally.closings.add(sequence(&closing), row.at, is_honest);
            }
        }
    }

    fn finish(&mut self, out: &mut Findings) {
        for (kind, tally) in Kind::ALL.into_iter().zip(&self.tallies) {
            let Some(table) = tally.first.filter(|_| tally.answers >= self.least) else { continue };
            let most = self.share * tally.answers as f64;
            let ways = [
                ("open with the same three words", &tally.openings),
                ("close with the same sentence", &tally.closings),
            ];
            for (what, counts) in ways {
                for (row, count) in counts.over(most) {
                    let row = out.name(row, RowRef::new(table, 0));
                    let message = format!("{count} of {} {} answers {what}, {row} first", tally.answers, kind.name());
                    out.push(Finding::in_table(&META, table, message));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_sentences_are_found() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(last_sentence(text).map(|s| s.trim_matches(['"', ' ', '\n'])), expected, "{text}")
        };
        check("One. Two three.", Some("Two three."));
        check("One!\nTwo three", Some("Two three"));
        check("He said \"stop.\" Then he left.", Some("Then he left."));
        check("It took 1.5 hours", None);
        check("Only one sentence.", None);
        check("Run this:\n```\nls\n```", None);
        check("", None);
        check("Ende. Ñandú übt…", Some("Ñandú übt…"));
    }

    #[test]
    fn templates_have_slots() {
        let same = |a: &str, b: &str, expected: bool| {
            assert_eq!(words(a, CLOSING, true) == words(b, CLOSING, true), expected, "{a} / {b}");
        };
        same("We used 40 metres of rope.", "We used 12 metres of chain.", true);
        same("I asked Rosa about it.", "I asked Milo about it.", true);
        same("We used rope for the mast.", "We used chain for the mast.", false);
        same("I would do it again", "i would do it twice", true);
    }
}
