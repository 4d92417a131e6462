//! DUP006: a test question that was trained on.

use super::prelude::*;
use crate::lint::text::{runs, sequence};
use std::collections::HashMap;

/// Flags held-out rows whose prompt stands in a training row of any kind and file.
pub(in crate::lint) struct SplitOverlap;

static META: Meta = Meta {
    code: "DUP006",
    name: "split-overlap",
    severity: Severity::Error,
    fix: Some(Fix::Unsafe),
    kinds: &Kind::ALL,
    summary: "The prompt of a test row equals a training prompt or shares twelve words in a row with a training row",
    explanation: "
## Why it matters
A test question that was trained on measures memory of the wording. Every score built on it is too good.

## Example
The test row of `qa.parquet` asks `Which buoy drifted off?` and a training row of `cot.parquet` asks
`which buoy drifted off`. Case, punctuation and spacing do not count; all files of the run are compared.
A shared topic or a shared opening of a few words is fine.

## How to fix
Move the training row to the test split or drop it. Splitting by source passage before generating avoids it.
Lint the files together: a file alone cannot overlap with another.
",
};

impl Rule for SplitOverlap {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        Box::new(Overlap {
            width: settings.thresholds.overlap_words.max(2),
            prompts: HashMap::new(),
            runs: vec![],
            trained: vec![],
            tests: vec![],
            rows: 0,
            with_split: 0,
        })
    }
}

/// A held-out row.
struct Test {
    at: RowRef,
    prompt: u64,
    runs: Vec<u64>,
}

/// Eight bytes per word of training text: the runs of all training rows one after the other.
struct Overlap {
    width: usize,
    /// Whole training prompts and the first row that has them.
    prompts: HashMap<u64, usize>,
    runs: Vec<u64>,
    /// Training rows, each with the end of its part of `runs`.
    trained: Vec<(RowRef, usize)>,
    tests: Vec<Test>,
    rows: u64,
    with_split: u64,
}

impl Check for Overlap {
    fn remember(&mut self, row: &View<'_>, _out: &mut Findings) {
        if row.kind().is_none() {
            return;
        }
        self.rows += 1;
        self.with_split += u64::from(row.split().is_some() || row.table.held_out);
        let prompt = row.prompt().map(|text| text.words()).unwrap_or_default();
        if row.held_out() {
            if !prompt.is_empty() {
                let runs = runs(prompt, self.width).collect();
                self.tests.push(Test { at: row.at, prompt: sequence(prompt), runs });
            }
            return;
        }
        if !prompt.is_empty() {
            self.prompts.entry(sequence(prompt)).or_insert(self.trained.len());
        }
        for text in row.trained() {
            self.runs.extend(runs(text.words(), self.width));
        }
        self.trained.push((row.at, self.runs.len()));
    }

    fn finish(&mut self, out: &mut Findings) {
        let mut wanted: HashMap<u64, Vec<usize>> = HashMap::new();
        for (index, test) in self.tests.iter().enumerate() {
            for run in &test.runs {
                wanted.entry(*run).or_default().push(index);
            }
        }
        // The first training row that shares a run with each test row.
        let mut shared: Vec<Option<usize>> = vec![None; self.tests.len()];
        let mut start = 0;
        for (row, (_, end)) in self.trained.iter().enumerate() {
            for run in &self.runs[start..*end] {
                for test in wanted.get(run).into_iter().flatten() {
                    shared[*test].get_or_insert(row);
                }
            }
            start = *end;
        }
        for (test, shared) in self.tests.iter().zip(shared) {
            let (row, what) = match (self.prompts.get(&test.prompt), shared) {
                (Some(row), _) => (*row, "is the prompt of training".to_owned()),
                (None, Some(row)) => (row, format!("shares {} words in a row with training", self.width)),
                (None, None) => continue,
            };
            let message = format!("the test prompt {what} {}", out.name(self.trained[row].0, test.at));
            out.push(Finding::at(&META, test.at, message));
        }
    }

    fn skipped(&self) -> Vec<Skipped> {
        let reason = "no row has a `split`: test and training rows cannot be told apart".to_owned();
        let skipped = Skipped { code: META.code, file: None, reason };
        if self.rows > 0 && self.with_split == 0 { vec![skipped] } else { vec![] }
    }
}
