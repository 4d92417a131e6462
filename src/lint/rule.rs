//! What a rule is.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::finding::{Finding, Fix, Severity, Skipped};
use super::settings::LintSettings;
use crate::dataset::Record;
use crate::mask::Surrogates;
use crate::row::{Kind, TokenCounter};

/// What is known about a rule without running it; documentation is generated from this.
#[derive(Debug)]
pub struct Meta {
    /// Three letters and three digits; never reused.
    pub code: &'static str,
    /// The defect in kebab-case, readable after "allow".
    pub name: &'static str,
    /// How bad its findings are.
    pub severity: Severity,
    /// The repair that usually fits.
    pub fix: Option<Fix>,
    /// Kinds of rows it looks at.
    pub kinds: &'static [Kind],
    /// One sentence without a full stop.
    pub summary: &'static str,
    /// Markdown with the headings "Why it matters", "Example" and "How to fix".
    pub explanation: &'static str,
}

/// A lint rule. Adding one takes a file, a line in the registry and a fixture folder.
pub trait Rule: Sync {
    /// What it is.
    fn meta(&self) -> &'static Meta;
    /// Begins one run over all tables.
    fn start<'a>(&self, settings: &'a LintSettings, cx: &Context<'a>) -> Box<dyn Check + 'a>;
}

/// A rule at work. Keeps hashes and counters, never text: tables are shown once and may be large.
pub trait Check {
    /// A table begins; also called for tables without rows and for kinds the rule does not look at.
    fn table(&mut self, _table: &TableInfo<'_>, _out: &mut Vec<Finding>) {}
    /// One row of a table of the rule's kinds, or of a table whose kind is unknown.
    fn row(&mut self, _table: &TableInfo<'_>, _record: &Record, _out: &mut Vec<Finding>) {}
    /// All tables were shown.
    fn finish(&mut self, _out: &mut Vec<Finding>) {}
    /// What the rule could not look at; asked after `finish`.
    fn skipped(&self) -> Vec<Skipped> {
        vec![]
    }
}

/// What rules may use besides the settings.
#[derive(Clone, Copy, Default)]
pub struct Context<'a> {
    /// The student's tokenizer; without it length rules rely on counts stored in the rows.
    pub counter: Option<&'a dyn TokenCounter>,
    /// What the vault invented; without it such values count as personal data.
    pub surrogates: Option<&'a Surrogates>,
}

/// A table without its rows.
#[derive(Debug)]
pub struct TableInfo<'a> {
    /// Its path, shared with findings and remembered places.
    pub file: Arc<str>,
    /// The kind; `None` when neither metadata nor columns tell.
    pub kind: Option<Kind>,
    /// Column names, in file order.
    pub columns: &'a [String],
    /// Key-value metadata of the file.
    pub metadata: &'a BTreeMap<String, String>,
}

/// The trained texts of a row with their column names; empty when the kind is unknown.
pub(super) fn trained<'r>(
    table: &TableInfo<'_>,
    record: &'r Record,
) -> impl Iterator<Item = (&'static str, &'r str)> + use<'r> {
    let fields = table.kind.map_or(&[][..], Kind::fields);
    fields.iter().filter_map(|field| record.text(field).map(|text| (*field, text)))
}

/// All texts of a row that came from a model or a document: trained ones, probes and the evidence.
pub(super) fn written<'r>(
    table: &TableInfo<'_>,
    record: &'r Record,
) -> impl Iterator<Item = (&'static str, &'r str)> + use<'r> {
    let probes = table.kind.map_or(&[][..], Kind::probe_fields);
    let evidence = if table.kind.is_some() { &["evidence"][..] } else { &[] };
    let rest = probes.iter().chain(evidence).filter_map(|field| record.text(field).map(|text| (*field, text)));
    trained(table, record).chain(rest)
}

/// Column of the question: the first trained one.
pub(super) const fn prompt_field(kind: Kind) -> &'static str {
    match kind {
        Kind::Qa | Kind::Cot => "instruction",
        Kind::Preference => "prompt",
    }
}

/// Whether a row is held out; a row without a `split` is taken to be trained on.
pub(super) fn held_out(record: &Record) -> bool {
    let split = record.text("split").unwrap_or_default();
    ["test", "eval", "validation", "valid", "val", "dev"].iter().any(|name| split.eq_ignore_ascii_case(name))
}
