//! SCH002: a text column holds something else.

use serde_json::Value;

use crate::dataset::Record;
use crate::lint::finding::Place;
use crate::lint::{Check, Context, Finding, LintSettings, Meta, Rule, Severity, TableInfo};
use crate::row::Kind;

/// Flags nulls in required columns and values that are not strings in any text column.
pub(in crate::lint) struct NotText;

static META: Meta = Meta {
    code: "SCH002",
    name: "not-text",
    severity: Severity::Error,
    fix: None,
    kinds: &Kind::ALL,
    summary: "A text column holds null, a number, a list or an object",
    explanation: "
## Why it matters
Tokenizers take strings. A null becomes the word `None` in one trainer and a crash in the next.

## Example
`{\"instruction\": \"How old is the boat?\", \"context\": null, \"response\": 12}` has two findings.
An empty context is written as `\"\"`. Columns that are never trained on may be null, but not numbers or lists.

## How to fix
Write the value as a string, or drop the row.
",
};

impl Rule for NotText {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, _settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        Box::new(Self)
    }
}

impl Check for NotText {
    fn row(&mut self, table: &TableInfo<'_>, record: &Record, out: &mut Vec<Finding>) {
        let Some(kind) = table.kind else { return };
        let required = kind.fields().iter().map(|field| (*field, true));
        let stored = kind.probe_fields().iter().copied().chain(["evidence"]).map(|field| (field, false));
        for (field, required) in required.chain(stored) {
            // A column that the whole table lacks is `missing-column`, once.
            if !table.columns.iter().any(|column| column == field) {
                continue;
            }
            let found = match record.values.get(field) {
                None | Some(Value::Null) if required => "null",
                None | Some(Value::Null | Value::String(_)) => continue,
                Some(Value::Bool(_)) => "a boolean",
                Some(Value::Number(_)) => "a number",
                Some(Value::Array(_)) => "a list",
                Some(Value::Object(_)) => "an object",
            };
            let message = format!("`{field}` is {found}, expected text");
            out.push(Finding::at(&META, &Place::of(table, record), message).field(field));
        }
    }
}
