//! From findings to what becomes of rows. Pure: whoever opens files asks [`Repairs::change`] for each row.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::excerpt::masked;
use super::finding::{Edit, Fix, Report, RowRef};
use super::view::content_id;
use crate::dataset::{Change, Record, value_at};
use crate::row::{Kind, TokenCounter};

/// The repairs of one run, by file.
#[derive(Debug, Default)]
pub struct Repairs {
    files: BTreeMap<u32, FileRepairs>,
}

/// The repairs of one file.
#[derive(Debug, Default)]
pub struct FileRepairs {
    /// Columns that go.
    pub without: Vec<String>,
    rows: BTreeMap<u64, Vec<Edit>>,
}

/// One row before and after, for a person to look at; personal data is masked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The row, from 0.
    pub row: u64,
    /// Whether it goes.
    pub dropped: bool,
    /// Field, old text, new text.
    pub fields: Vec<(String, String, String)>,
}

impl Repairs {
    /// The repairs that a report offers, safe ones or all.
    #[must_use]
    pub fn of(report: &Report, unsafe_too: bool) -> Self {
        let mut files: BTreeMap<u32, FileRepairs> = BTreeMap::new();
        let mut columns: BTreeSet<(u32, String)> = BTreeSet::new();
        for (at, fix, edit) in &report.edits {
            if *fix == Fix::Unsafe && !unsafe_too {
                continue;
            }
            let file = files.entry(at.table()).or_default();
            match edit {
                Edit::DropColumn(column) => {
                    if columns.insert((at.table(), column.clone())) {
                        file.without.push(column.clone());
                    }
                }
                edit => file.rows.entry(RowRef::row(*at)).or_default().push(edit.clone()),
            }
        }
        Self { files }
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The files with something to do, by their index in the report.
    pub fn files(&self) -> impl Iterator<Item = (usize, &FileRepairs)> {
        self.files.iter().map(|(index, file)| (*index as usize, file))
    }
}

impl FileRepairs {
    /// What becomes of a row.
    ///
    /// Edits of one text follow each other; a row that goes needs no other edit. A row of our own files that had the
    /// right id gets the one of its new words, and its tokens are counted again when there is a tokenizer.
    #[must_use]
    pub fn change(&self, record: &Record, kind: Option<Kind>, counter: Option<&dyn TokenCounter>) -> Change {
        let Some(edits) = self.rows.get(&record.row) else { return Change::Keep };
        if edits.iter().any(|edit| matches!(edit, Edit::Drop)) {
            return Change::Drop;
        }
        let mut new: Vec<(String, Value)> = vec![];
        let mut set = |path: &str, value: Value| match new.iter_mut().find(|(known, _)| known == path) {
            Some((_, old)) => *old = value,
            None => new.push((path.to_owned(), value)),
        };
        let mut texts: BTreeMap<&str, String> = BTreeMap::new();
        for edit in edits {
            if let Edit::Rewrite(path, rewrite) = edit
                && let Some(old) = texts
                    .get(path.as_str())
                    .cloned()
                    .or_else(|| value_at(record, path).and_then(Value::as_str).map(str::to_owned))
                && let Some(text) = rewrite(&old)
            {
                texts.insert(path, text);
            }
        }
        for (path, text) in texts {
            if value_at(record, path).and_then(Value::as_str) != Some(text.as_str()) {
                set(path, text.into());
            }
        }
        for edit in edits {
            if let Edit::Set(column, value) = edit
                && record.values.get(column) != Some(value)
            {
                set(column, value.clone());
            }
        }
        if edits.iter().any(|edit| matches!(edit, Edit::Swap)) {
            let side = |name: &str| record.values.get(name).cloned();
            // Their columns are called so in every shape that has sides, but for OpenAI's.
            for (a, b) in [
                ("chosen", "rejected"),
                ("preferred_output", "non_preferred_output"),
                ("chosen_source", "rejected_source"),
                ("tokens_chosen", "tokens_rejected"),
            ] {
                if let (Some(a_value), Some(b_value)) = (side(a), side(b)) {
                    set(a, b_value);
                    set(b, a_value);
                }
            }
        }
        if new.is_empty() {
            return Change::Keep;
        }
        if let Some(kind) = kind {
            follow_up(&mut new, record, kind, counter);
        }
        Change::Set(new)
    }

    /// The row before and after; `None` when it stays.
    #[must_use]
    pub fn difference(&self, record: &Record, kind: Option<Kind>) -> Option<Difference> {
        let shown = |value: Option<&Value>| match value {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => masked(text),
            Some(other) => masked(&other.to_string()),
        };
        match self.change(record, kind, None) {
            Change::Keep => None,
            Change::Drop => Some(Difference { row: record.row, dropped: true, fields: vec![] }),
            Change::Set(values) => {
                let fields = values
                    .iter()
                    .map(|(path, new)| (path.clone(), shown(value_at(record, path)), shown(Some(new))))
                    .collect();
                Some(Difference { row: record.row, dropped: false, fields })
            }
        }
    }
}

/// Id and token counts of a row of ours follow its words.
fn follow_up(new: &mut Vec<(String, Value)>, record: &Record, kind: Kind, counter: Option<&dyn TokenCounter>) {
    let changed: Vec<&str> = kind.fields().iter().copied().filter(|f| new.iter().any(|(path, _)| path == f)).collect();
    if changed.is_empty() {
        return;
    }
    let mut after = record.clone();
    for (path, value) in new.iter() {
        after.values.insert(path.clone(), value.clone());
    }
    if record.id() == Some(content_id(kind, record).as_str()) {
        new.push(("id".to_owned(), content_id(kind, &after).to_string().into()));
    }
    let Some(counter) = counter else { return };
    for field in changed {
        let column = format!("tokens_{field}");
        if record.values.get(&column).is_some_and(Value::is_number)
            && new.iter().all(|(path, _)| *path != column)
            && let Some(text) = after.text(field)
        {
            new.push((column, counter.count(text).into()));
        }
    }
}
