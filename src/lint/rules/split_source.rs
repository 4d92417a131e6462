//! DUP007: one passage in two splits.

use super::prelude::*;
use crate::Error;
use crate::edge::spill::Sorter;
use crate::lint::text::{hash, mix};

/// Flags held-out rows that were made from a passage which training rows were made from too.
pub(in crate::lint) struct SplitSource;

static META: Meta = Meta {
    code: "DUP007",
    name: "split-source",
    severity: Severity::Error,
    fix: Some(Fix::Unsafe),
    kinds: &Kind::ALL,
    summary: "A held-out row was made from words of the source that a training row was made from too",
    explanation: "
## Why it matters
The student was taught the fact that the test asks for, in other words. What looks like knowing is remembering.

## Example
Two rows of different splits with the same `source` and overlapping `span`, or with the same `chunk_id` (also
`passage_id`, `context_id`, `source_id`). Files without such columns are not looked at.

## How to fix
Split by passage, not by row (`distill split --by source`). The repair moves the held-out row to the training split.
",
};

impl Rule for SplitSource {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, _settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        Box::new(Passages { places: Sorter::new(BUDGET), failed: None })
    }
}

/// Bytes of memory for 40 bytes per row with provenance; the rest goes to disk.
const BUDGET: usize = 32 << 20;

/// Columns that name the piece of a source that a row was made from.
const CHUNKS: [&str; 6] = ["chunk_id", "passage_id", "context_id", "source_id", "_chunk_id", "_source_id"];

struct Passages {
    /// Source, first byte, last byte, whether it is held out, row.
    places: Sorter<5>,
    failed: Option<String>,
}

impl Passages {
    fn compare(&mut self, out: &mut Findings) -> Result<(), Error> {
        let places = std::mem::replace(&mut self.places, Sorter::new(BUDGET));
        /// How far a split reaches into a source so far, and by which row.
        #[derive(Clone, Copy, Default)]
        struct Reach {
            end: u64,
            row: Option<RowRef>,
        }
        let (mut source, mut reach) = (None, [Reach::default(); 2]);
        for record in places.finish()? {
            let [name, start, end, held_out, row] = record?;
            if source != Some(name) {
                (source, reach) = (Some(name), [Reach::default(); 2]);
            }
            let (own, row) = (usize::from(held_out == 1), RowRef(row));
            let other = reach[1 - own];
            if let Some(of) = other.row.filter(|_| other.end > start) {
                let (test, train) = if own == 1 { (row, of) } else { (of, row) };
                let message =
                    format!("the row was made from words that {} of training was made from", out.name(train, test));
                let finding = Finding::at(&META, test, message);
                out.push(finding.unsafely(Edit::Set("split".to_owned(), "train".into())));
            }
            if end > reach[own].end {
                reach[own] = Reach { end, row: Some(row) };
            }
        }
        Ok(())
    }
}

/// Where a row was made from: a hash of the source's name, and bytes of it.
fn place(row: &View<'_>) -> Option<(u64, u64, u64)> {
    let values = &row.record.values;
    if let (Some(source), Some(span)) = (row.record.text("source"), values.get("span").and_then(|span| span.as_array()))
    {
        let (start, end) = (span.first()?.as_u64()?, span.get(1)?.as_u64()?);
        return (end > start && !source.is_empty()).then(|| (hash(source), start, end));
    }
    CHUNKS.iter().find_map(|column| {
        let id = values.get(*column)?;
        let id = id.as_str().map_or_else(|| id.as_u64().map(|id| id.to_string()), |id| Some(id.to_owned()))?;
        (!id.trim().is_empty()).then(|| (mix(hash(column), hash(&id)), 0, 1))
    })
}

impl Check for Passages {
    fn remember(&mut self, row: &View<'_>, _out: &mut Findings) {
        if self.failed.is_some() || row.kind().is_none() {
            return;
        }
        if let Some((source, start, end)) = place(row)
            && let Err(error) = self.places.push([source, start, end, u64::from(row.held_out()), row.at.0])
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
