//! SCH003: a trained column without words.

use crate::dataset::Record;
use crate::lint::finding::Place;
use crate::lint::rule::trained;
use crate::lint::text::invisible;
use crate::lint::{Check, Context, Finding, Fix, LintSettings, Meta, Rule, Severity, TableInfo};
use crate::row::Kind;

/// Flags trained columns that are empty once white space and invisible characters are gone.
pub(in crate::lint) struct EmptyField;

static META: Meta = Meta {
    code: "SCH003",
    name: "empty-field",
    severity: Severity::Error,
    fix: Some(Fix::Unsafe),
    kinds: &Kind::ALL,
    summary: "A trained column is empty or holds only white space; `context` may be empty",
    explanation: "
## Why it matters
A row with an empty answer teaches the student to stop at once; an empty question teaches it to answer anything.

## Example
`{\"instruction\": \"What broke the buoy?\", \"context\": \"\", \"response\": \" \"}`: the response is a space.
The empty context is fine, the question stands on its own.

## How to fix
Generate the row again or drop it.
",
};

impl Rule for EmptyField {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, _settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        Box::new(Self)
    }
}

impl Check for EmptyField {
    fn row(&mut self, table: &TableInfo<'_>, record: &Record, out: &mut Vec<Finding>) {
        for (field, text) in trained(table, record) {
            if field != "context" && text.chars().all(|c| c.is_whitespace() || invisible(c)) {
                let message = format!("`{field}` is empty");
                out.push(Finding::at(&META, &Place::of(table, record), message).field(field));
            }
        }
    }
}
