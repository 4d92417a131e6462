//! What lint says: findings, rules that could not run, rows seen.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::excerpt::{Excerpt, masked};
use super::rule::Meta;
use crate::row::Kind;

/// How bad a finding is. Errors and warnings fail a run, information never does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
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

/// What a repair does to a row. Applied by whoever rewrites the file; see [`super::repair`].
#[derive(Clone)]
pub enum Edit {
    /// Rewrites one text: the field's path, and what to make of what stands there (`None`: leave it).
    Rewrite(String, Rewrite),
    /// Replaces the value of a column.
    Set(String, serde_json::Value),
    /// Takes the row out.
    Drop,
    /// Takes the column out of the whole file.
    DropColumn(String),
    /// Exchanges the two sides of a pair.
    Swap,
}

/// A new text for an old one; `None` when there is nothing to change.
pub type Rewrite = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

impl Edit {
    /// Rewrites a field by a plain function.
    #[must_use]
    pub fn rewrite(field: &str, repair: fn(&str) -> Option<String>) -> Self {
        Self::Rewrite(field.to_owned(), Arc::new(repair))
    }
}

impl std::fmt::Debug for Edit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Rewrite(field, _) => write!(f, "Rewrite({field})"),
            Self::Set(column, _) => write!(f, "Set({column})"),
            Self::Drop => f.write_str("Drop"),
            Self::DropColumn(column) => write!(f, "DropColumn({column})"),
            Self::Swap => f.write_str("Swap"),
        }
    }
}

/// A row among all tables of a run: 24 bits of table, 40 bits of row. Ordered as the rows were shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowRef(pub u64);

impl RowRef {
    /// The row of a table.
    #[must_use]
    pub const fn new(table: u32, row: u64) -> Self {
        Self(((table as u64) << 40) | (row & ((1 << 40) - 1)))
    }

    /// The table's index.
    #[must_use]
    pub const fn table(self) -> u32 {
        (self.0 >> 40) as u32
    }

    /// The row in its file, from 0.
    #[must_use]
    pub const fn row(self) -> u64 {
        self.0 & ((1 << 40) - 1)
    }
}

/// One defect at one place. Its public fields never hold text of the row.
#[derive(Clone, Debug, Serialize)]
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
    /// The column, or a path such as `messages[1].content`.
    pub field: Option<String>,
    /// What is wrong, in words that hold nothing of the row's text.
    pub message: String,
    /// Whether and how it could be repaired mechanically.
    pub fix: Option<Fix>,
    /// The row's line in a text file, from 1; `None` for Parquet and for whole files.
    #[serde(skip)]
    pub line: Option<u64>,
    /// 16 hex digits from the rule, the file's name, the row's words and the field: the same wherever the row stands.
    /// Not unique: the same defect twice has the same.
    #[serde(skip)]
    pub fingerprint: String,
    #[serde(skip)]
    pub(super) excerpt: Option<Excerpt>,
    #[serde(skip)]
    pub(super) table: u32,
    #[serde(skip)]
    pub(super) edit: Option<Edit>,
}

impl Finding {
    /// A finding about a whole file, by the table's index.
    #[must_use]
    pub fn in_table(meta: &'static Meta, table: u32, message: impl Into<String>) -> Self {
        Self {
            code: meta.code,
            name: meta.name,
            severity: meta.severity,
            file: String::new(),
            row: None,
            id: None,
            field: None,
            message: message.into(),
            fix: None,
            line: None,
            fingerprint: String::new(),
            excerpt: None,
            table,
            edit: None,
        }
    }

    /// A finding about one row.
    #[must_use]
    pub fn at(meta: &'static Meta, at: RowRef, message: impl Into<String>) -> Self {
        Self { row: Some(at.row()), ..Self::in_table(meta, at.table(), message) }
    }

    /// Names the column.
    #[must_use]
    pub fn field(self, field: &str) -> Self {
        Self { field: Some(field.to_owned()), ..self }
    }

    /// Says how it is repaired, and that the repair keeps the meaning of every row that remains.
    #[must_use]
    pub fn safe(self, edit: Edit) -> Self {
        Self { fix: Some(Fix::Safe), edit: Some(edit), ..self }
    }

    /// Says how it is repaired, by a repair that drops, moves or rewrites what somebody may want.
    #[must_use]
    pub fn unsafely(self, edit: Edit) -> Self {
        Self { fix: Some(Fix::Unsafe), edit: Some(edit), ..self }
    }

    /// The masked words around the defect, for reports that a person reads.
    #[must_use]
    pub const fn excerpt(&self) -> Option<&Excerpt> {
        self.excerpt.as_ref()
    }

    /// File, row, code, field: the order of every report. Whole-file findings come first.
    pub(super) fn sort_key(&self) -> (&str, Option<u64>, &str, Option<&str>, &str) {
        (&self.file, self.row, self.code, self.field.as_deref(), &self.message)
    }
}

/// What is true of all findings of a run while they are made.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Names of the tables, by index.
    pub files: Vec<Arc<str>>,
    /// Codes that are not reported, by table.
    pub ignored: Vec<Vec<&'static str>>,
    /// Findings kept per rule.
    pub cap: u64,
    /// Findings per rule before these.
    pub before: BTreeMap<&'static str, u64>,
}

/// Where rules put what they find.
#[derive(Debug)]
pub struct Findings {
    pub(super) list: Vec<Finding>,
    /// Repairs of findings that were not kept.
    pub(super) edits: Vec<(RowRef, Fix, Edit)>,
    /// Findings by rule that were not kept.
    pub(super) dropped: BTreeMap<&'static str, u64>,
    kept: BTreeMap<&'static str, u64>,
    plan: Arc<Plan>,
}

impl Findings {
    pub(super) const fn new(plan: Arc<Plan>) -> Self {
        Self { list: vec![], edits: vec![], dropped: BTreeMap::new(), kept: BTreeMap::new(), plan }
    }

    /// Keeps a finding, or counts it when its rule has said enough.
    pub fn push(&mut self, finding: Finding) {
        self.keep(finding, || None);
    }

    /// Keeps a finding with the words that it is about; personal data is masked here and now.
    pub fn mark(&mut self, finding: Finding, text: &str, range: std::ops::Range<usize>) {
        self.keep(finding, || Some(Excerpt::around(text, range)));
    }

    fn keep(&mut self, mut finding: Finding, excerpt: impl FnOnce() -> Option<Excerpt>) {
        let ignored = self.plan.ignored.get(finding.table as usize);
        if ignored.is_some_and(|codes| codes.contains(&finding.code)) {
            return;
        }
        let kept = self.kept.entry(finding.code).or_default();
        let before = self.plan.before.get(finding.code).copied().unwrap_or_default();
        if before + *kept < self.plan.cap {
            *kept += 1;
            finding.excerpt = excerpt();
            self.list.push(finding);
            return;
        }
        *self.dropped.entry(finding.code).or_default() += 1;
        if let (Some(fix), Some(edit)) = (finding.fix, finding.edit) {
            self.edits.push((RowRef::new(finding.table, finding.row.unwrap_or_default()), fix, edit));
        }
    }

    /// A repair of another row than the one that a finding is about.
    pub fn edit(&mut self, row: RowRef, fix: Fix, edit: Edit) {
        self.edits.push((row, fix, edit));
    }

    /// A row as seen from another one: the file is only named when it differs.
    #[must_use]
    pub fn name(&self, row: RowRef, seen_from: RowRef) -> String {
        if row.table() == seen_from.table() {
            return format!("row {}", row.row());
        }
        match self.plan.files.get(row.table() as usize) {
            Some(file) => format!("row {} of {file}", row.row()),
            None => format!("row {}", row.row()),
        }
    }
}

/// Our own ids are hashes; foreign ones may be an e-mail address.
pub(super) fn safe_id(id: &str) -> String {
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
    /// The shape of its columns, when known.
    pub layout: Option<&'static str>,
    /// Number of rows.
    pub rows: u64,
}

/// Everything a run of the rules found.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Sorted by file, row, code and field; of each rule at most as many as the settings keep.
    pub findings: Vec<Finding>,
    /// Rules that could not run, sorted by code.
    pub skipped: Vec<Skipped>,
    /// Rows per file, in the order the files were given.
    pub rows: Vec<FileRows>,
    /// All findings by rule with their severity, also those that were not kept.
    pub totals: BTreeMap<&'static str, (Severity, u64)>,
    /// Findings that a baseline knew.
    pub baselined: u64,
    /// What repairs there are, by row; not part of any report.
    #[serde(skip)]
    pub edits: Vec<(RowRef, Fix, Edit)>,
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
        self.fails_at(Severity::Warning)
    }

    /// Whether any finding is at least this bad.
    #[must_use]
    pub fn fails_at(&self, least: Severity) -> bool {
        self.totals.values().any(|(severity, count)| *severity >= least && *count > 0)
    }

    /// Number of findings of one severity.
    #[must_use]
    pub fn count(&self, severity: Severity) -> u64 {
        self.totals.values().filter(|(known, _)| *known == severity).map(|(_, count)| count).sum()
    }

    /// Findings of a rule that were not kept.
    #[must_use]
    pub fn more(&self, code: &str) -> u64 {
        let kept = self.findings.iter().filter(|finding| finding.code == code).count() as u64;
        self.totals.get(code).map_or(0, |(_, total)| total.saturating_sub(kept))
    }

    /// Rows of all files.
    #[must_use]
    pub fn total_rows(&self) -> u64 {
        self.rows.iter().map(|file| file.rows).sum()
    }
}
