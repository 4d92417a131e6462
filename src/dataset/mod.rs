//! Datasets: rows in files. Parquet and JSONL in, Parquet out, and the manifest that says what a folder was made from.

pub mod card;
mod convert;
pub mod diff;
mod layout;
mod manifest;
mod parquet;
mod read;
mod rewrite;
pub mod show;
mod sink;
mod split;
pub mod stats;
pub mod stream;
mod terminal;

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::row::Kind;

pub use convert::{Converted, Options as ConvertOptions, Refused, Thinking, To, convert, convert_to};
pub use layout::{Layout, Role, Shape, Spoken};
pub use manifest::{Manifest, STAGE_VERSION};
pub use parquet::{FileInfo, SCHEMA_VERSION, write};
pub use read::{read, rows};
pub use rewrite::{Change, Done, rewrite, value_at};
pub use sink::Form;
pub use split::{Account as SplitAccount, By, Options as SplitOptions, Place as SplitPlace, Stratify, split};
pub use stream::{BATCH_ROWS, BadRow, Head, Item, Reader, open};

/// One row as it stands in a file, whoever wrote it.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Position in the file, from 0.
    pub row: u64,
    /// Its line in a text file, from 1; `None` for Parquet.
    pub line: Option<u64>,
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

impl Table {
    /// How the columns spell a row; `None` when neither metadata nor columns tell.
    #[must_use]
    pub fn layout(&self) -> Option<Layout> {
        let rows: Vec<&Record> = self.records.iter().take(64).collect();
        layout_of(&self.columns, &self.metadata, &rows, self.kind)
    }
}

/// How the columns of a file spell a row: by its metadata, by the columns and some rows, or as the kind that somebody
/// says it is.
#[must_use]
pub fn layout_of(
    columns: &[String],
    metadata: &BTreeMap<String, String>,
    rows: &[&Record],
    kind: Option<Kind>,
) -> Option<Layout> {
    let named = metadata.get("distill.kind").and_then(|name| Kind::ALL.into_iter().find(|k| k.name() == name));
    let looks = || Layout::detect(columns, rows.iter().copied());
    match (named, kind) {
        (Some(named), None) => Some(Layout::native(named)),
        (_, None) => looks(),
        // Another shape of the kind that was asked for is that kind; else the columns are held against our own.
        (_, Some(kind)) => looks().filter(|layout| layout.kind == kind).or_else(|| Some(Layout::native(kind))),
    }
}
