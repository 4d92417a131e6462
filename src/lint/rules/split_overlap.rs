//! DUP006: a test question that was trained on.

use super::prelude::*;
use crate::lint::near::{Overlap, OverlapSettings, Shared};

/// Flags held-out rows whose prompt, words or passage stand in a training row of any kind and file.
pub(in crate::lint) struct SplitOverlap;

static META: Meta = Meta {
    code: "DUP006",
    name: "split-overlap",
    severity: Severity::Error,
    fix: Some(Fix::Unsafe),
    kinds: &Kind::ALL,
    summary: "A held-out row asks what a training row asks, or shares twelve words in a row with one",
    explanation: "
## Why it matters
A test question that was trained on measures memory of the wording. Every score built on it is too good.

## Example
The test row of `qa.parquet` asks `Which buoy drifted off?` and a training row of `cot.parquet` asks
`which buoy drifted off`. Case, punctuation and spacing do not count; all files of the run are compared, whatever kind.
A row is found when its prompt is worded nearly as a training prompt (ROUGE-L of at least 0.7), when it shares four
fifths of its word triples with a training row, or twelve words in a row. System prompts do not count, contexts do: a
test passage that was trained on is no test.
A shared topic or a shared opening of a few words is fine. Rows are held out by their `split`, or by a file name that
begins with `test`, `eval`, `validation` or `dev`.

## How to fix
Move the training row to the test split or drop it, which is what the repair does. Splitting by source passage before
generating avoids it (`distill split`). Lint the files together: a file alone cannot overlap with another.
",
};

impl Rule for SplitOverlap {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        let thresholds = &settings.thresholds;
        let settings = OverlapSettings {
            run: thresholds.overlap_words.max(2),
            row: thresholds.row_likeness,
            prompt: thresholds.prompt_likeness,
            ..OverlapSettings::default()
        };
        Box::new(Splits { overlap: Some(Overlap::new(settings)), words: vec![], rows: 0, split: 0, failed: None })
    }
}

struct Splits {
    overlap: Option<Overlap>,
    words: Vec<u64>,
    rows: u64,
    /// Rows that say, or whose file says, which split they are in.
    split: u64,
    failed: Option<String>,
}

impl Check for Splits {
    fn remember(&mut self, row: &View<'_>, _out: &mut Findings) {
        if row.kind().is_none() {
            return;
        }
        self.rows += 1;
        self.split += u64::from(row.split().is_some() || row.table.held_out);
        let Some(overlap) = self.overlap.as_mut().filter(|_| self.failed.is_none()) else { return };
        self.words.clear();
        for text in row.trained().filter(|text| text.role != Role::System) {
            self.words.extend_from_slice(text.words());
        }
        let prompt = row.prompt().map(Text::words).unwrap_or_default();
        if let Err(error) = overlap.push(row.at.0, row.held_out(), prompt, &self.words) {
            self.failed = Some(error.reason());
        }
    }

    fn finish(&mut self, out: &mut Findings) {
        let Some(overlap) = self.overlap.take() else { return };
        let found = overlap.finish(|given| {
            let (row, by) = (RowRef(given.row), RowRef(given.by));
            let what = match given.shared {
                Shared::Prompt(likeness) if likeness > 0.999 => "the test prompt is the prompt of training".to_owned(),
                Shared::Prompt(likeness) => {
                    format!("the test prompt is worded as the prompt (ROUGE-L {likeness:.2}) of training")
                }
                Shared::Row(likeness) => {
                    format!("the test row has nearly the words (Jaccard of word triples {likeness:.2}) of training")
                }
                Shared::Run(words) => format!("the test row shares {words} words in a row with training"),
            };
            out.edit(by, Fix::Unsafe, Edit::Drop);
            let message = format!("{what} {}", out.name(by, row));
            out.push(Finding { fix: Some(Fix::Unsafe), ..Finding::at(&META, row, message) });
        });
        if let Err(error) = found {
            self.failed = Some(error.reason());
        }
    }

    fn skipped(&self) -> Vec<Skipped> {
        let mut skipped = super::not_compared(META.code, self.failed.as_deref());
        if self.rows > 0 && self.split == 0 {
            let reason = "no row has a `split`: test and training rows cannot be told apart".to_owned();
            skipped.push(Skipped { code: META.code, file: None, reason });
        }
        skipped
    }
}
