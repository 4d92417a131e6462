//! SCH001: a trainer looks for a column that is not there.
use std::sync::Arc;

use super::prelude::*;
use crate::dataset::Shape;
use crate::lint::excerpt::masked;

/// Flags tables that lack a column of their kind, and tables whose columns fit no kind.
pub(in crate::lint) struct MissingColumn;

static META: Meta = Meta {
    code: "SCH001",
    name: "missing-column",
    severity: Severity::Error,
    fix: None,
    kinds: &Kind::ALL,
    summary: "A column that the trainer reads is missing, or the columns fit no kind of rows",
    explanation: "
## Why it matters
Trainers find the training objective by column names.
With a column missing they stop, or worse, train on something else.

## Example
A file with the columns `question` and `answer` fits no kind; a file with `prompt` and `chosen` lacks `rejected`.
The known sets are `instruction, context, response` (qa), `instruction, thought, response` (cot) and
`prompt, chosen, rejected` (preference).

## How to fix
Rename the columns, or generate the missing one.
No other rule but `leaked-personal-data` looks at a table of unknown kind.
",
};

impl Rule for MissingColumn {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, _settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        Box::new(Columns)
    }
}

struct Columns;

impl Check for Columns {
    fn table(&mut self, table: &Arc<TableInfo>, out: &mut Findings) {
        // A table without columns has no rows either: that is `too-few-rows`.
        if table.columns.is_empty() {
            return;
        }
        let Some(layout) = &table.layout else {
            out.push(Finding::in_table(&META, table.index, unknown(&table.columns)));
            return;
        };
        for column in required(layout).filter(|column| !table.has(column)) {
            let message = format!("column `{column}` is missing, {} rows need it", layout.kind.name());
            out.push(Finding::in_table(&META, table.index, message).field(column));
        }
    }

    fn row(&self, row: &View<'_>, out: &mut Findings) {
        let Some(layout) = &row.table.layout else { return };
        for column in required(layout) {
            // A column that the whole table lacks was named once.
            if row.table.has(column) && !row.record.values.contains_key(column) {
                out.push(row.finding(&META, format!("the row has no `{column}`")).field(column));
            }
        }
    }
}

/// Columns without which a row of a layout says nothing.
fn required(layout: &Layout) -> impl Iterator<Item = &str> {
    let optional = |role: Role| match layout.shape {
        Shape::Native => !role.is_trained(),
        _ => !role.is_trained() || matches!(role, Role::System | Role::Context),
    };
    layout.columns.iter().filter(move |(role, _)| !optional(*role)).map(|(_, column)| column.as_str())
}

/// What was found, what is known, and what is missing to the nearest kind.
fn unknown(columns: &[String]) -> String {
    let shown: Vec<String> = columns.iter().take(12).map(|column| format!("`{}`", masked(column))).collect();
    let more = if columns.len() > shown.len() { ", …" } else { "" };
    let sets: Vec<String> =
        Kind::ALL.iter().map(|kind| format!("{} ({})", kind.name(), kind.fields().join(", "))).collect();
    let lacking = |kind: Kind| -> Vec<&'static str> {
        kind.fields().iter().copied().filter(|field| !columns.iter().any(|column| column == field)).collect()
    };
    let nearest = Kind::ALL.into_iter().map(|kind| (lacking(kind), kind)).min_by_key(|(fields, _)| fields.len());
    let hint = match nearest {
        Some((fields, kind)) if fields.len() < 3 => format!("; for {} it lacks {}", kind.name(), fields.join(", ")),
        _ => String::new(),
    };
    format!("columns {}{more} fit no kind; known are {}{hint}", shown.join(", "), sets.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_names_found_and_known_columns() {
        let check = |columns: &[&str], part: &str| {
            let columns: Vec<String> = columns.iter().map(|c| (*c).to_owned()).collect();
            assert!(unknown(&columns).contains(part), "{}", unknown(&columns));
        };
        check(&["question", "answer"], "columns `question`, `answer` fit no kind");
        check(&["question", "answer"], "preference (prompt, chosen, rejected)");
        check(&["prompt", "chosen"], "for preference it lacks rejected");
        check(&["instruction", "response"], "for qa it lacks context");
        check(&["a.person@example.com"], "columns `[EMAIL]` fit");
    }
}
