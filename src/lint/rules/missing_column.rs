//! SCH001: a trainer looks for a column that is not there.

use crate::lint::excerpt::masked;
use crate::lint::{Check, Context, Finding, LintSettings, Meta, Rule, Severity, TableInfo};
use crate::row::Kind;

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
        Box::new(Self)
    }
}

impl Check for MissingColumn {
    fn table(&mut self, table: &TableInfo<'_>, out: &mut Vec<Finding>) {
        let has = |field: &str| table.columns.iter().any(|column| column == field);
        match table.kind {
            // A table without columns has no rows either: that is `too-few-rows`.
            _ if table.columns.is_empty() => {}
            Some(kind) => {
                for field in kind.fields().iter().filter(|field| !has(field)) {
                    let message = format!("column `{field}` is missing, {} rows need it", kind.name());
                    out.push(Finding::in_file(&META, &table.file, message).field(field));
                }
            }
            None => out.push(Finding::in_file(&META, &table.file, unknown(table.columns))),
        }
    }
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
