//! DUP001: the same row again.

use super::prelude::*;
use crate::lint::text::fold;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

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
Keep the first.
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
    first: HashMap<[u8; 16], RowRef>,
}

impl Check for Seen {
    fn remember(&mut self, row: &View<'_>, out: &mut Findings) {
        let Some(key) = key(row) else { return };
        match self.first.entry(key) {
            Entry::Vacant(entry) => {
                entry.insert(row.at);
            }
            Entry::Occupied(entry) => {
                let message = format!("the row says the same as {}", out.name(*entry.get(), row.at));
                out.push(row.finding(&META, message).safe(Edit::Drop));
            }
        }
    }
}

/// Hash of kind, split and folded texts; `None` for rows without any text.
fn key(row: &View<'_>) -> Option<[u8; 16]> {
    let mut hasher = blake3::Hasher::new();
    hasher.update(row.kind()?.name().as_bytes()).update(&[u8::from(row.held_out())]);
    let mut empty = true;
    for text in row.trained() {
        let folded = fold(text.text);
        // An empty context and none are the same.
        if !folded.is_empty() {
            empty = false;
            hasher.update(&[text.role as u8]);
            hasher.update(&(folded.len() as u64).to_le_bytes()).update(folded.as_bytes());
        }
    }
    let hash = hasher.finalize();
    if empty { None } else { hash.as_bytes().first_chunk().copied() }
}
