//! What lint says: findings, rules that could not run, rows seen.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::excerpt::{Excerpt, masked};
use super::rule::{Meta, TableInfo};
use crate::dataset::Record;
use crate::row::Kind;

/// How bad a finding is. Errors and warnings fail a run, information never does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Probably hurts the student.
    Warning,
    /// Hurts the student, leaks data or makes a measurement worthless.
    Error,
}

impl Severity {
    /// The word used in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// What a mechanical repair would do to the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fix {
    /// Keeps the meaning of every row that remains.
    Safe,
    /// Drops, moves or rewrites rows.
    Unsafe,
}

impl Fix {
    /// The word used in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Unsafe => "unsafe",
        }
    }
}

/// One defect at one place. Its public fields never hold text of the row.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// The rule's code, `PII001`.
    pub code: &'static str,
    /// The rule's name, `leaked-personal-data`.
    pub name: &'static str,
    /// How bad.
    pub severity: Severity,
    /// The table's path as it was given.
    pub file: String,
    /// The row, counted from 0; `None` for findings about the whole file.
    pub row: Option<u64>,
    /// The row's own id, when it has one.
    pub id: Option<String>,
    /// The column.
    pub field: Option<String>,
    /// What is wrong, in words that hold nothing of the row's text.
    pub message: String,
    /// Whether and how it could be repaired mechanically.
    pub fix: Option<Fix>,
    #[serde(skip)]
    pub(super) excerpt: Option<Excerpt>,
}

impl Finding {
    /// A finding about a whole file.
    #[must_use]
    pub fn in_file(meta: &Meta, file: &str, message: String) -> Self {
        Self {
            code: meta.code,
            name: meta.name,
            severity: meta.severity,
            file: file.to_owned(),
            row: None,
            id: None,
            field: None,
            message,
            fix: meta.fix,
            excerpt: None,
        }
    }

    /// A finding about one row.
    #[must_use]
    pub fn at(meta: &Meta, place: &Place, message: String) -> Self {
        let whole = Self::in_file(meta, &place.file, message);
        Self { row: Some(place.row), id: place.id.clone(), ..whole }
    }

    /// Names the column.
    #[must_use]
    pub fn field(self, field: &str) -> Self {
        Self { field: Some(field.to_owned()), ..self }
    }

    /// Shows where in the column's text; personal data is masked here and now.
    #[must_use]
    pub fn marking(self, text: &str, range: std::ops::Range<usize>) -> Self {
        Self { excerpt: Some(Excerpt::around(text, range)), ..self }
    }

    /// Replaces the rule's usual fix.
    #[must_use]
    pub fn with_fix(self, fix: Option<Fix>) -> Self {
        Self { fix, ..self }
    }

    /// The masked words around the defect, for reports that a person reads.
    #[must_use]
    pub fn excerpt(&self) -> Option<&Excerpt> {
        self.excerpt.as_ref()
    }

    /// File, row, code, field: the order of every report. Whole-file findings come first.
    pub(super) fn sort_key(&self) -> (&str, Option<u64>, &str, Option<&str>, &str) {
        (&self.file, self.row, self.code, self.field.as_deref(), &self.message)
    }
}

/// Where a row stands; what a rule keeps of a row it may have to name later.
#[derive(Clone, Debug)]
pub struct Place {
    /// The table's path.
    pub file: Arc<str>,
    /// From 0.
    pub row: u64,
    /// The row's own id, masked when it looks like personal data.
    pub id: Option<String>,
}

impl Place {
    /// The place of a record.
    #[must_use]
    pub fn of(table: &TableInfo<'_>, record: &Record) -> Self {
        Self { file: Arc::clone(&table.file), row: record.row, id: record.id().map(safe_id) }
    }

    /// This place as seen from another one: the file is only named when it differs.
    #[must_use]
    pub fn seen_from(&self, other: &Self) -> String {
        if self.file == other.file { format!("row {}", self.row) } else { format!("row {} of {}", self.row, self.file) }
    }
}

/// Our own ids are hashes; foreign ones may be an e-mail address.
fn safe_id(id: &str) -> String {
    let hash = id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit());
    if hash { id.to_owned() } else { masked(id) }
}

/// A rule that could not look at some rows, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Skipped {
    /// The rule's code.
    pub code: &'static str,
    /// The file; `None` for the whole run.
    pub file: Option<String>,
    /// What was missing.
    pub reason: String,
}

/// Rows seen in one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileRows {
    /// The table's path.
    pub file: String,
    /// Its kind, when known.
    pub kind: Option<Kind>,
    /// Number of rows.
    pub rows: u64,
}

/// Everything a run of the rules found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Sorted by file, row, code and field.
    pub findings: Vec<Finding>,
    /// Rules that could not run, sorted by code.
    pub skipped: Vec<Skipped>,
    /// Rows per file, in the order the files were given.
    pub rows: Vec<FileRows>,
}

impl Report {
    /// Whether any finding is an error.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.count(Severity::Error) > 0
    }

    /// Whether the data is at fault: an error or a warning. Information alone does not fail a run.
    #[must_use]
    pub fn fails(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity >= Severity::Warning)
    }

    /// Number of findings of one severity.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    /// Rows of all files.
    #[must_use]
    pub fn total_rows(&self) -> u64 {
        self.rows.iter().map(|file| file.rows).sum()
    }
}
