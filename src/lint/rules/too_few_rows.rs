//! SCH005: not enough to train on.

use super::prelude::*;
use std::sync::Arc;

/// Flags kinds with fewer rows than `min_rows`, counted over all files, and files without any column.
pub(in crate::lint) struct TooFewRows;

static META: Meta = Meta {
    code: "SCH005",
    name: "too-few-rows",
    severity: Severity::Error,
    fix: None,
    kinds: &Kind::ALL,
    summary: "A kind has fewer rows than `min_rows` (100)",
    explanation: "
## Why it matters
Below a hundred rows the student memorises the wording instead of learning the person, and no measurement is stable.

## Example
`cot.parquet` with 40 rows has one finding about the file. Two files of one kind are counted together.
Held-out rows count; files that hold nothing but held-out rows are not judged.

## How to fix
Generate more rows: `distill gen-cot sources/ --rows 100`.
For a small experiment lower `min_rows` in the `[lint]` table of `distill.toml`.
",
};

impl Rule for TooFewRows {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        Box::new(Counts { min_rows: settings.min_rows, groups: vec![] })
    }
}

/// Rows of one kind; a file without columns is a group of its own.
struct Group {
    kind: Option<Kind>,
    first: u32,
    files: usize,
    rows: u64,
    held_out: u64,
}

struct Counts {
    min_rows: u64,
    groups: Vec<Group>,
}

impl Check for Counts {
    fn table(&mut self, table: &Arc<TableInfo>, _out: &mut Findings) {
        match table.kind() {
            // Rows of an unknown kind cannot be counted: `missing-column` speaks.
            None if !table.columns.is_empty() => {}
            kind @ Some(_) if let Some(group) = self.groups.iter_mut().find(|group| group.kind == kind) => {
                group.files += 1;
            }
            kind => self.groups.push(Group { kind, first: table.index, files: 1, rows: 0, held_out: 0 }),
        }
    }

    fn remember(&mut self, row: &View<'_>, _out: &mut Findings) {
        let kind = row.kind();
        if kind.is_some()
            && let Some(group) = self.groups.iter_mut().find(|group| group.kind == kind)
        {
            group.rows += 1;
            group.held_out += u64::from(row.held_out());
        }
    }

    fn finish(&mut self, out: &mut Findings) {
        for group in &self.groups {
            let only_held_out = group.rows > 0 && group.rows == group.held_out;
            if group.rows >= self.min_rows || only_held_out {
                continue;
            }
            let name = group.kind.map_or("no", Kind::name);
            let others = match group.files {
                1 => String::new(),
                files => format!(" in {files} files"),
            };
            let message = match group.kind {
                None => "the file holds neither columns nor rows".to_owned(),
                Some(_) => format!("{} {name} rows{others}, at least {} are needed", group.rows, self.min_rows),
            };
            out.push(Finding::in_table(&META, group.first, message));
        }
    }
}
