//! DUP002: nearly the same question again.

use std::collections::BTreeMap;

use super::prelude::*;
use crate::Error;
use crate::lint::near::{Matches, Near, Prompts, Settings};

/// Flags questions that are worded nearly as an earlier one of their kind and split.
pub(in crate::lint) struct NearPrompt;

static META: Meta = Meta {
    code: "DUP002",
    name: "near-duplicate-prompt",
    severity: Severity::Warning,
    fix: Some(Fix::Unsafe),
    kinds: &Kind::ALL,
    summary: "A question is worded nearly as an earlier one of its kind and split (ROUGE-L of at least 0.7)",
    explanation: "
## Why it matters
Questions that differ by a word teach the student little, and make a hundred rows worth fifty.

## Example
`Which port did the green buoy drift to?` after `Which port did the green buoy drift off to?`
Words are compared in their order (ROUGE-L F, as in self-instruct); case and punctuation do not count.
Rows that are equal as a whole are `duplicate-row`. Questions about different texts, or after different turns of a
conversation, are different ones; the context of our own rows is such a text from sixty words on.
Up to 20,000 rows every pair is compared. Above that rows are compared that share rare words, which finds about 98 % of
all, and nearly every pair that is closer than 0.8.

## How to fix
Ask the teacher about something else, or drop the row. `prompt_likeness` in `[lint.thresholds]` is the limit.
",
};

impl Rule for NearPrompt {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        let threshold = settings.thresholds.prompt_likeness;
        Box::new(Questions { threshold, groups: BTreeMap::new(), equal: Equal::default(), failed: None })
    }
}

/// Which rows are the same as a whole, and which are asked about the same: eight bytes per row.
#[derive(Default)]
pub(super) struct Equal(Vec<Vec<[u32; 2]>>);

impl Equal {
    /// Notes a row, which comes after those before it.
    #[expect(clippy::cast_possible_truncation, reason = "half of a hash tells two like rows apart")]
    pub(super) fn note(&mut self, row: &View<'_>) {
        let (table, at) = (row.at.table() as usize, usize::try_from(row.at.row()).unwrap_or(usize::MAX));
        if self.0.len() <= table {
            self.0.resize(table + 1, vec![]);
        }
        self.0[table].resize(at, [0; 2]);
        let whole = super::duplicate_row::key(row).unwrap_or_default();
        self.0[table].push([whole as u32, (super::asked_about(row) >> 32) as u32]);
    }

    /// Whether two rows are the same.
    pub(super) fn holds(&self, a: RowRef, b: RowRef) -> bool {
        self.of(a).map(|row| row[0]) == self.of(b).map(|row| row[0])
    }

    /// Whether two rows are asked about the same: no context, no earlier turns, or equal ones.
    pub(super) fn about_the_same(&self, a: RowRef, b: RowRef) -> bool {
        self.of(a).map(|row| row[1]) == self.of(b).map(|row| row[1])
    }

    fn of(&self, row: RowRef) -> Option<&[u32; 2]> {
        self.0.get(row.table() as usize)?.get(usize::try_from(row.row()).ok()?)
    }
}

struct Questions {
    threshold: f64,
    /// By kind and split.
    groups: BTreeMap<(Kind, bool), Prompts>,
    equal: Equal,
    failed: Option<String>,
}

impl Check for Questions {
    fn remember(&mut self, row: &View<'_>, _out: &mut Findings) {
        self.equal.note(row);
        let (Some(kind), Some(prompt)) = (row.kind(), row.prompt()) else { return };
        if self.failed.is_some() || prompt.words().is_empty() {
            return;
        }
        let group = self.groups.entry((kind, row.held_out()));
        let group = group.or_insert_with(|| Prompts::new(Settings::new(self.threshold)));
        if let Err(error) = group.push(row.at.0, prompt.words()) {
            self.failed = Some(error.reason());
        }
    }

    fn finish(&mut self, out: &mut Findings) {
        for prompts in std::mem::take(&mut self.groups).into_values() {
            let equal = &self.equal;
            let told = prompts.finish().and_then(|matches| {
                tell(matches, equal, |near, row, of| {
                    // `Summarise this` is another task for every text.
                    if !equal.about_the_same(row, of) {
                        return;
                    }
                    let message = format!(
                        "the question is worded as that of {} (ROUGE-L {:.2})",
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

/// Shows every match but those of rows that are equal as a whole.
pub(super) fn tell(
    mut matches: impl Matches,
    equal: &Equal,
    mut see: impl FnMut(Near, RowRef, RowRef),
) -> Result<(), Error> {
    matches.try_for_each(|near| {
        let near = near?;
        let (row, of) = (RowRef(near.row), RowRef(near.of));
        if !equal.holds(row, of) {
            see(near, row, of);
        }
        Ok(())
    })
}
