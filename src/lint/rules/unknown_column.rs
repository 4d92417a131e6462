//! SCH004: a column that nobody reads.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::prelude::*;
use crate::dataset::Shape;
use crate::lint::excerpt::masked;

/// Flags columns of our own files, and keys of chat messages, that no reader knows.
pub(in crate::lint) struct UnknownColumn;

static META: Meta = Meta {
    code: "SCH004",
    name: "unknown-column",
    severity: Severity::Warning,
    fix: Some(Fix::Safe),
    kinds: &Kind::ALL,
    summary: "A column, or a key of a chat message, is none that the format knows",
    explanation: "
## Why it matters
A misspelt column is a column that is missing, and trainers that load a file with a fixed schema stop at one too many.
Fine-tuning services refuse messages with keys that they do not know.

## Example
`{\"instruction\": \"…\", \"context\": \"\", \"response\": \"…\", \"respones_old\": \"…\"}`: nobody reads the last one.
Known are the columns that `distill` writes, stored token counts (`FIELD_tokens`, `tokens`) and `finish_reason`.
A name that begins with `_` is a remark and may hold anything.
In a message known are `role`, `content`, `name`, `weight`, `tool_calls`, `tool_call_id`, `function_call`, `refusal`,
`audio`, and the reasoning (`thinking`, `reasoning`, `reasoning_content`).
Files in other shapes (Alpaca, ShareGPT, prompt and completion) may have any further columns.

## How to fix
Rename the column if it was meant to be another one. Otherwise drop it, or let its name begin with `_`.
The fix drops the column; keys of messages are left to you.
",
};

/// What `distill` writes beside the texts, and what it reads where others wrote it.
const KNOWN: [&str; 14] = [
    "id",
    "source",
    "span",
    "evidence",
    "split",
    "teacher",
    "template",
    "template_version",
    "parameters",
    "request_hash",
    "cost_usd",
    "tokens",
    "finish_reason",
    "stop_reason",
];
/// Keys of a chat message.
const MESSAGE: [&str; 12] = [
    "role",
    "content",
    "name",
    "weight",
    "tool_calls",
    "tool_call_id",
    "function_call",
    "refusal",
    "audio",
    "thinking",
    "reasoning",
    "reasoning_content",
];
/// Names remembered of one file: a file in which every row has names of its own is no table.
const MOST: usize = 64;

impl Rule for UnknownColumn {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, _settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        Box::new(Columns { kind: None, messages: false, file: BTreeMap::new(), files: vec![] })
    }
}

struct Columns {
    /// The kind, while a file of our own is shown.
    kind: Option<Kind>,
    /// Whether the file is one of chat messages.
    messages: bool,
    /// Rows in which an unknown name stands, of this file.
    file: BTreeMap<Box<str>, Seen>,
    /// The files before, those with anything to say.
    files: Vec<(u32, BTreeMap<Box<str>, Seen>)>,
}

struct Seen {
    table: u32,
    first: Option<u64>,
    rows: u64,
}

impl Columns {
    fn put_away(&mut self) {
        if let Some(table) = self.file.values().next().map(|seen| seen.table) {
            self.files.push((table, std::mem::take(&mut self.file)));
        }
    }

    fn count(&mut self, table: u32, name: &str, row: u64) {
        if let Some(seen) = self.file.get_mut(name) {
            seen.first.get_or_insert(row);
            seen.rows += 1;
        } else if self.file.len() < MOST {
            self.file.insert(name.into(), Seen { table, first: Some(row), rows: 1 });
        }
    }
}

impl Check for Columns {
    fn table(&mut self, table: &Arc<TableInfo>, _out: &mut Findings) {
        self.put_away();
        self.kind = table.native_kind();
        self.messages = table.layout.as_ref().is_some_and(|layout| layout.shape == Shape::Messages);
        if let Some(kind) = self.kind {
            for column in table.columns.iter().filter(|column| !is_known(kind, column)).take(MOST) {
                self.file.insert(column.as_str().into(), Seen { table: table.index, first: None, rows: 0 });
            }
        }
    }

    fn remember(&mut self, row: &View<'_>, _out: &mut Findings) {
        let (table, at) = (row.table.index, row.record.row);
        if let Some(kind) = self.kind {
            for (column, value) in &row.record.values {
                // A column of a Parquet file is there in every row, whether it says anything or not.
                if !value.is_null() && !is_known(kind, column) {
                    self.count(table, column, at);
                }
            }
        } else if self.messages {
            for (column, value) in &row.record.values {
                let Value::Array(messages) = value else { continue };
                if !row.table.layout.as_ref().is_some_and(|layout| layout.reads(column)) {
                    continue;
                }
                let mut here: Vec<&str> = vec![];
                for key in messages.iter().filter_map(Value::as_object).flat_map(serde_json::Map::keys) {
                    if !MESSAGE.contains(&key.as_str()) && !key.starts_with('_') && !here.contains(&key.as_str()) {
                        here.push(key);
                    }
                }
                for key in here.into_iter().take(MOST) {
                    self.count(table, &format!("{column}[].{key}"), at);
                }
            }
        }
    }

    fn finish(&mut self, out: &mut Findings) {
        self.put_away();
        for (table, names) in &self.files {
            for (name, seen) in names {
                let shown = masked(name);
                let key = name.contains("[].");
                let what = if key { "a key that the chat format does not know" } else { "a column that nobody reads" };
                let rows = match (seen.rows, seen.first) {
                    (0, _) | (_, None) => "empty in all rows".to_owned(),
                    (1, Some(first)) => format!("in row {first}"),
                    (rows, Some(first)) => format!("in {rows} rows, first in row {first}"),
                };
                let finding = Finding::in_table(&META, *table, format!("`{shown}` is {what}: {rows}")).field(&shown);
                out.push(if key { finding } else { finding.safe(Edit::DropColumn(name.to_string())) });
            }
        }
    }
}

fn is_known(kind: Kind, column: &str) -> bool {
    if column.starts_with('_') || KNOWN.contains(&column) || kind.fields().contains(&column) {
        return true;
    }
    let counted = column.strip_prefix("tokens_").or_else(|| column.strip_suffix("_tokens"));
    kind.probe_fields().contains(&column)
        || counted.is_some_and(|field| kind.fields().contains(&field))
        || (kind == Kind::Preference && matches!(column, "chosen_source" | "rejected_source"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_we_write_is_known() {
        let check = |kind: Kind, column: &str, expected: bool| {
            assert_eq!(is_known(kind, column), expected, "{} {column}", kind.name());
        };
        let written = ["id", "source", "span", "evidence", "split", "teacher", "cost_usd", "_anything", "tokens"];
        for kind in Kind::ALL {
            written.into_iter().chain(kind.fields().iter().copied()).for_each(|column| check(kind, column, true));
            for field in kind.fields() {
                check(kind, &format!("tokens_{field}"), true);
                check(kind, &format!("{field}_tokens"), true);
            }
        }
        check(Kind::Preference, "chosen_source", true);
        check(Kind::Qa, "chosen_source", false);
        check(Kind::Qa, "answer_key", true);
        check(Kind::Cot, "answer_key", false);
        check(Kind::Cot, "thougt", false);
        check(Kind::Qa, "tokens_thought", false);
        check(Kind::Qa, "Response", false);
    }
}
