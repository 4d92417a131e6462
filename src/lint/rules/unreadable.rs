//! SCH007: something that cannot be read.

use super::prelude::*;

/// Flags files and rows that cannot be read; found by the reader, so that the rest of a file is still checked.
pub(in crate::lint) struct Unreadable;

pub(in crate::lint) static META: Meta = Meta {
    code: "SCH007",
    name: "unreadable",
    severity: Severity::Error,
    fix: None,
    kinds: &Kind::ALL,
    summary: "The file, or a row of it, cannot be read",
    explanation: "
## Why it matters
A loader stops at such a row, or leaves it out without a word. Either way it is not the dataset that was meant.

## Example
A JSON line that ends in the middle, a list where an object should stand, bytes that are not UTF-8, a line or cell of
more than 64 MiB, a Parquet file that was cut off or claims another number of rows than it holds.
All other rows and files are still checked. The rule runs whatever is selected, unless it is ignored by name.

## How to fix
Write the file again from where it came from. `tail -n +N FILE | head -1` shows line N of a text file.
",
};

impl Rule for Unreadable {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, _settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        Box::new(Nothing)
    }
}

/// The reader speaks for it.
struct Nothing;

impl Check for Nothing {}

/// What the reader has to say of a table.
pub(in crate::lint) fn finding(table: u32, row: Option<u64>, line: Option<u64>, why: &str) -> Finding {
    let what = if row.is_some() { "the row " } else { "the file " };
    let message = format!("{what}{why}");
    let finding = match row {
        Some(row) => Finding::at(&META, RowRef::new(table, row), message),
        None => Finding::in_table(&META, table, message),
    };
    Finding { line, ..finding }
}
