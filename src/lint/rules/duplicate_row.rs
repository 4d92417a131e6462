//! DUP001: the same row again.

use super::prelude::*;
use crate::edge::spill::Sorter;
use crate::lint::text::{fold, hash, mix};

/// Flags rows whose trained texts equal those of an earlier row after folding of case, width and white space.
pub(in crate::lint) struct DuplicateRow;

static META: Meta = Meta {
    code: "DUP001",
    name: "duplicate-row",
    severity: Severity::Error,
    fix: Some(Fix::Safe),
    kinds: &Kind::ALL,
    summary: "A row says the same as an earlier row of its kind and split",
    explanation: "
## Why it matters
A repeated row weighs double in the loss, and the number of rows is not what it seems.

## Example
`{\"instruction\": \"Name the boat.\", …}` and `{\"instruction\": \"name  the boat.\", …}` with equal answers.
The same question with another answer is not a duplicate row. A copy in the other split is `split-overlap`.

## How to fix
Keep the first.
",
};

impl Rule for DuplicateRow {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, _settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        Box::new(Seen { rows: Sorter::new(BUDGET), failed: None })
    }
}

/// Bytes of memory for 16 bytes per row; the rest goes to disk.
const BUDGET: usize = 48 << 20;

struct Seen {
    /// Key and row.
    rows: Sorter<2>,
    failed: Option<String>,
}

impl Check for Seen {
    fn remember(&mut self, row: &View<'_>, _out: &mut Findings) {
        if self.failed.is_none()
            && let Some(key) = key(row)
            && let Err(error) = self.rows.push([key, row.at.0])
        {
            self.failed = Some(error.reason());
        }
    }

    fn finish(&mut self, out: &mut Findings) {
        let rows = std::mem::replace(&mut self.rows, Sorter::new(BUDGET));
        let mut first: Option<[u64; 2]> = None;
        let found = rows.finish().and_then(|mut rows| {
            rows.try_for_each(|record| {
                let [key, row] = record?;
                match first {
                    Some([known, of]) if known == key => {
                        let (row, of) = (RowRef(row), RowRef(of));
                        let message = format!("the row says the same as {}", out.name(of, row));
                        out.push(Finding::at(&META, row, message).safe(Edit::Drop));
                    }
                    _ => first = Some([key, row]),
                }
                Ok(())
            })
        });
        if let Err(error) = found {
            self.failed = Some(error.reason());
        }
    }

    fn skipped(&self) -> Vec<Skipped> {
        super::not_compared(META.code, self.failed.as_deref())
    }
}

/// Hash of kind, split and folded texts; `None` for rows without any text. Those of different rows are the same once
/// in a hundred thousand sets of ten million rows.
pub(super) fn key(row: &View<'_>) -> Option<u64> {
    let mut key = mix(row.kind()? as u64, u64::from(row.held_out()));
    let mut empty = true;
    for text in row.trained() {
        let folded = fold(text.text);
        // An empty context and none are the same.
        if !folded.is_empty() {
            empty = false;
            key = mix(mix(key, text.role as u64 + 1), hash(&folded));
        }
    }
    (!empty).then_some(key)
}
