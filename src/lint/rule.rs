//! What a rule is.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::finding::{Findings, Fix, Severity, Skipped};
use super::settings::LintSettings;
use super::view::View;
use crate::dataset::{Layout, Shape};
use crate::mask::Surrogates;
use crate::row::{Kind, TokenCounter};
use crate::style::Profile;

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

/// A rule at work.
///
/// What can be told of a row alone is said by [`Check::row`], which runs on all cores. What needs other rows is kept by
/// [`Check::remember`] as hashes and counters, never text: tables are shown once and may be large.
pub trait Check: Send + Sync {
    /// A table begins; also called for tables without rows and for kinds the rule does not look at.
    fn table(&mut self, _table: &Arc<TableInfo>, _out: &mut Findings) {}
    /// Looks at one row by itself; called from several threads, in no order.
    fn row(&self, _row: &View<'_>, _out: &mut Findings) {}
    /// Remembers one row; called in the order of the rows.
    fn remember(&mut self, _row: &View<'_>, _out: &mut Findings) {}
    /// All tables were shown.
    fn finish(&mut self, _out: &mut Findings) {}
    /// What the rule could not look at; asked after `finish`.
    fn skipped(&self) -> Vec<Skipped> {
        vec![]
    }
}

/// What rules may use besides the settings.
#[derive(Clone, Default)]
pub struct Context<'a> {
    /// The student's tokenizer; without it length rules rely on counts stored in the rows.
    pub counter: Option<&'a dyn TokenCounter>,
    /// The tokenizer's hash, to know whether stored counts are its own.
    pub counter_hash: Option<String>,
    /// What the vault invented; without it such values count as personal data.
    pub surrogates: Option<&'a Surrogates>,
    /// The original values that masking replaced: none of them may stand anywhere.
    pub originals: Option<&'a crate::mask::Vault>,
    /// The masked documents by name, to hold quotes and spans against.
    pub sources: Option<&'a BTreeMap<String, String>>,
    /// How the author writes, when own texts are at hand.
    pub profile: Option<&'a Profile>,
    /// What stands beside the files: dataset cards and manifests, by folder.
    pub beside: Option<&'a BTreeMap<String, Beside>>,
}

/// What a folder holds besides its datasets.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    /// `README.md`, the dataset card.
    pub card: Option<String>,
    /// `manifest.json`.
    pub manifest: Option<String>,
    /// Whether it is the data of a workspace, which nobody else is to use yet.
    pub private: bool,
    /// Hash of each dataset that the manifest names, as it is now.
    pub hashes: BTreeMap<String, crate::id::ContentHash>,
}

impl<'a> Context<'a> {
    /// A context with a tokenizer.
    #[must_use]
    pub fn with_counter(counter: Option<&'a dyn TokenCounter>) -> Self {
        let counter_hash = counter.map(|counter| counter.hash().to_string());
        Self { counter, counter_hash, ..Self::default() }
    }
}

/// A table without its rows.
#[derive(Debug)]
pub struct TableInfo {
    /// Its position among the tables of the run.
    pub index: u32,
    /// Its path.
    pub file: Arc<str>,
    /// Whether its name says that its rows are held out.
    pub held_out: bool,
    /// Column names, in file order; for JSON those of the first rows.
    pub columns: Vec<String>,
    /// Key-value metadata of the file.
    pub metadata: BTreeMap<String, String>,
    /// How its columns spell a row; `None` when neither metadata nor columns tell.
    pub layout: Option<Layout>,
}

impl TableInfo {
    /// The kind of its rows.
    #[must_use]
    pub fn kind(&self) -> Option<Kind> {
        self.layout.as_ref().map(|layout| layout.kind)
    }

    /// The kind, when the columns are our own.
    #[must_use]
    pub fn native_kind(&self) -> Option<Kind> {
        self.layout.as_ref().filter(|layout| layout.shape == Shape::Native).map(|layout| layout.kind)
    }

    /// Whether the file has a column.
    #[must_use]
    pub fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|known| known == column)
    }

    /// Whether `distill` wrote the file, or somebody edited what it wrote: it carries our metadata or our provenance.
    #[must_use]
    pub fn has_provenance(&self) -> bool {
        self.native_kind().is_some()
            && (self.metadata.contains_key("distill.kind")
                || ["span", "request_hash", "teacher", "template", "template_version", "parameters", "cost_usd"]
                    .iter()
                    .filter(|column| self.has(column))
                    .count()
                    >= 2)
    }
}
