//! Datasets: rows in files. Parquet and JSONL in, Parquet out, and the manifest that says what a folder was made from.

mod manifest;
mod parquet;
mod read;

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::row::Kind;

pub use manifest::{Manifest, STAGE_VERSION};
pub use parquet::{FileInfo, SCHEMA_VERSION, write};
pub use read::{read, rows};

/// One row as it stands in a file, whoever wrote it.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Position in the file, from 0.
    pub row: u64,
    /// Every column of the row, in file order; absent and null are both `Null`.
    pub values: serde_json::Map<String, serde_json::Value>,
}

impl Record {
    /// The text of a column; `None` when absent, null or not a string.
    #[must_use]
    pub fn text(&self, column: &str) -> Option<&str> {
        self.values.get(column).and_then(serde_json::Value::as_str)
    }

    /// The row's own id.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.text("id")
    }
}

/// A dataset file in memory.
#[derive(Clone, Debug)]
pub struct Table {
    /// Where it came from.
    pub path: PathBuf,
    /// The kind, from the file's metadata or its columns; `None` when neither tells.
    pub kind: Option<Kind>,
    /// Column names, in file order.
    pub columns: Vec<String>,
    /// Key-value metadata of the file (`distill.*`); empty for JSONL.
    pub metadata: BTreeMap<String, String>,
    /// The rows.
    pub records: Vec<Record>,
}

/// The kind whose trained fields are all among the columns.
#[must_use]
pub fn kind_of(columns: &[String]) -> Option<Kind> {
    let has = |field: &&str| -> bool { columns.iter().any(|c| c == *field) };
    // A chain of thought also has `instruction` and `response`, and a question may lack a context.
    if Kind::Cot.fields().iter().all(has) {
        return Some(Kind::Cot);
    }
    if Kind::Preference.fields().iter().all(has) {
        return Some(Kind::Preference);
    }
    ["instruction", "response"].iter().all(has).then_some(Kind::Qa)
}
