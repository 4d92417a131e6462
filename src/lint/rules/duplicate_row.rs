//! DUP001: the same row again.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::dataset::Record;
use crate::lint::finding::Place;
use crate::lint::rule::held_out;
use crate::lint::text::fold;
use crate::lint::{Check, Context, Finding, Fix, LintSettings, Meta, Rule, Severity, TableInfo};
use crate::row::Kind;

/// Flags rows whose trained columns equal those of an earlier row after folding of case, width and white space.
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
Keep the first. One pass and 16 bytes per row, so large files are no problem.
",
};

impl Rule for DuplicateRow {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, _settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        Box::new(Seen { first: HashMap::new() })
    }
}

struct Seen {
    first: HashMap<[u8; 16], Place>,
}

impl Check for Seen {
    fn row(&mut self, table: &TableInfo<'_>, record: &Record, out: &mut Vec<Finding>) {
        let Some(kind) = table.kind else { return };
        let Some(key) = key(kind, record) else { return };
        let place = Place::of(table, record);
        match self.first.entry(key) {
            Entry::Vacant(entry) => {
                entry.insert(Place { id: None, ..place });
            }
            Entry::Occupied(entry) => {
                let message = format!("the row says the same as {}", entry.get().seen_from(&place));
                out.push(Finding::at(&META, &place, message));
            }
        }
    }
}

/// Hash of kind, split and folded columns; `None` for rows without any text.
fn key(kind: Kind, record: &Record) -> Option<[u8; 16]> {
    let mut hasher = blake3::Hasher::new();
    hasher.update(kind.name().as_bytes()).update(&[u8::from(held_out(record))]);
    let mut empty = true;
    for field in kind.fields() {
        let text = fold(record.text(field).unwrap_or_default());
        empty &= text.is_empty();
        hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
    }
    let hash = hasher.finalize();
    if empty { None } else { hash.as_bytes().first_chunk().copied() }
}
