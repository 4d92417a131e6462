//! SCH002: a text column holds something else.

use super::prelude::*;
use crate::dataset::Shape;
use serde_json::Value;

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
        Box::new(Types)
    }
}

struct Types;

impl Check for Types {
    fn row(&self, row: &View<'_>, out: &mut Findings) {
        let Some(layout) = &row.table.layout else { return };
        for (role, column) in &layout.columns {
            let required =
                role.is_trained() && (layout.shape == Shape::Native || !matches!(role, Role::Context | Role::System));
            let found = match row.record.values.get(column) {
                // A column that the row or the whole table lacks is `missing-column`.
                None => continue,
                Some(Value::Null) if required => "null",
                Some(Value::Null | Value::String(_)) => continue,
                Some(Value::Bool(_)) => "a boolean",
                Some(Value::Number(_)) => "a number",
                // Others' rows are made of messages.
                Some(Value::Array(_) | Value::Object(_)) if layout.shape != Shape::Native => continue,
                Some(Value::Array(_)) => "a list",
                Some(Value::Object(_)) => "an object",
            };
            let message = format!("`{column}` is {found}, expected text");
            out.push(row.finding(&META, message).field(column));
        }
    }
}
