//! Lint: tables come in, a [`Report`] of findings goes out. Never opens a file, never changes a row.
//!
//! Every rule is one file in `rules/` and one line in [`RULES`]. A rule sees the rows of all tables one after the
//! other, keeps hashes and counters instead of text, and may speak at a row or at the end; so rules that compare
//! files (a test question that is also trained on) cost no more than rules that look at one field.
//! Output is sorted and does not depend on hash order: same tables and settings, same report.

mod docs;
mod excerpt;
mod finding;
mod mention;
mod registry;
pub mod report;
mod rule;
mod rules;
mod selection;
mod settings;
mod text;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::dataset::Table;

pub use docs::{docs, explain};
pub use excerpt::Excerpt;
pub use finding::{FileRows, Finding, Fix, Place, Report, Severity, Skipped};
pub use registry::RULES;
pub use rule::{Check, Context, Meta, Rule, TableInfo};
pub use selection::LintError;
pub use settings::{LintSettings, Thresholds};

/// Lints several tables together.
///
/// # Errors
/// [`LintError::UnknownSelector`] when `settings.select` or `settings.ignore` names no rule.
pub fn lint<'a>(
    tables: impl Iterator<Item = &'a Table>,
    settings: &LintSettings,
    cx: &Context<'_>,
) -> Result<Report, LintError> {
    let mut linter = Linter::new(settings, cx)?;
    for table in tables {
        linter.table(table);
    }
    Ok(linter.finish())
}

/// The same in steps, for callers that hold one table in memory at a time.
pub struct Linter<'a> {
    checks: Vec<(&'static Meta, Box<dyn Check + 'a>)>,
    findings: Vec<Finding>,
    rows: Vec<FileRows>,
}

impl<'a> Linter<'a> {
    /// Starts the selected rules.
    ///
    /// # Errors
    /// [`LintError::UnknownSelector`] when `settings.select` or `settings.ignore` names no rule.
    pub fn new(settings: &'a LintSettings, cx: &Context<'a>) -> Result<Self, LintError> {
        let rules = selection::select(settings)?;
        let checks = rules.into_iter().map(|rule| (rule.meta(), rule.start(settings, cx))).collect();
        Ok(Self { checks, findings: vec![], rows: vec![] })
    }

    /// Shows one table to every rule.
    pub fn table(&mut self, table: &Table) {
        let info = TableInfo {
            file: Arc::from(table.path.to_string_lossy().as_ref()),
            kind: table.kind,
            columns: &table.columns,
            metadata: &table.metadata,
        };
        for (meta, check) in &mut self.checks {
            check.table(&info, &mut self.findings);
            if info.kind.is_some_and(|kind| !meta.kinds.contains(&kind)) {
                continue;
            }
            for record in &table.records {
                check.row(&info, record, &mut self.findings);
            }
        }
        self.rows.push(FileRows { file: info.file.to_string(), kind: table.kind, rows: table.records.len() as u64 });
    }

    /// Lets every rule say what it could only know at the end.
    #[must_use]
    pub fn finish(mut self) -> Report {
        let mut skipped = vec![];
        for (_, check) in &mut self.checks {
            check.finish(&mut self.findings);
            skipped.extend(check.skipped());
        }
        self.findings.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
        skipped.sort();
        Report { findings: self.findings, skipped, rows: self.rows }
    }
}
