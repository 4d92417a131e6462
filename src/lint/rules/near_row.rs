//! DUP003: nearly the same row again.

use std::collections::BTreeMap;

use super::near_prompt::{Equal, tell};
use super::prelude::*;
use crate::lint::near::{Rows, Settings};

/// Flags rows that have nearly all runs of three words in common with an earlier one of their kind and split.
pub(in crate::lint) struct NearRow;

static META: Meta = Meta {
    code: "DUP003",
    name: "near-duplicate-row",
    severity: Severity::Warning,
    fix: Some(Fix::Unsafe),
    kinds: &Kind::ALL,
    summary: "A row has nearly the words of an earlier row of its kind and split (Jaccard of word triples of at least 0.8)",
    explanation: "
## Why it matters
A row that differs from another by a word is trained on twice, and its questions count as two in every statistic.

## Example
Two rows with different short questions and the same long answer but for a date.
Question, thought and answers are compared, contexts and system prompts are not: many questions may well be asked of one
passage. Rows that are equal as a whole are `duplicate-row`.
Up to 20,000 rows every pair is compared, above that those that MinHash (14 bands of 8) brings together: 92 % of the
pairs at 0.8, 99.9 % of those at 0.9.

## How to fix
Keep one of them. `row_likeness` in `[lint.thresholds]` is the limit.
",
};

impl Rule for NearRow {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        let threshold = settings.thresholds.row_likeness;
        Box::new(Seen { threshold, groups: BTreeMap::new(), equal: Equal::default(), words: vec![], failed: None })
    }
}

struct Seen {
    threshold: f64,
    /// By kind and split.
    groups: BTreeMap<(Kind, bool), Rows>,
    equal: Equal,
    words: Vec<u64>,
    failed: Option<String>,
}

impl Check for Seen {
    fn remember(&mut self, row: &View<'_>, _out: &mut Findings) {
        self.equal.note(row);
        let Some(kind) = row.kind() else { return };
        self.words.clear();
        for text in row.trained().filter(|text| !matches!(text.role, Role::Context | Role::System)) {
            self.words.extend_from_slice(text.words());
        }
        if self.failed.is_some() || self.words.is_empty() {
            return;
        }
        let group = self.groups.entry((kind, row.held_out()));
        let group = group.or_insert_with(|| Rows::new(Settings::new(self.threshold)));
        if let Err(error) = group.push(row.at.0, &self.words) {
            self.failed = Some(error.reason());
        }
    }

    fn finish(&mut self, out: &mut Findings) {
        for rows in std::mem::take(&mut self.groups).into_values() {
            let equal = &self.equal;
            let told = rows.finish().and_then(|matches| {
                tell(matches, equal, |near, row, of| {
                    let message = format!(
                        "the row has nearly the words of {} (Jaccard of word triples {:.2})",
                        out.name(of, row),
                        near.likeness
                    );
                    out.push(Finding::at(&META, row, message).unsafely(Edit::Drop));
                })
            });
            if let Err(error) = told {
                self.failed = Some(error.reason());
            }
        }
    }

    fn skipped(&self) -> Vec<Skipped> {
        super::not_compared(META.code, self.failed.as_deref())
    }
}
