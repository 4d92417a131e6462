//! Lint: tables come in, a [`Report`] of findings goes out. Never opens a file, never changes a row.
//!
//! Every rule is one file in `rules/` and one line in [`RULES`]. A rule sees the rows of all tables one after the
//! other, keeps hashes and counters instead of text, and may speak at a row or at the end; so rules that compare
//! files (a test question that is also trained on) cost no more than rules that look at one field.
//! Rows come in batches: what a rule says of single rows is worked out on all cores, what it remembers in order.
//! Output is sorted and depends neither on hash order nor on threads: same tables and settings, same report.

mod baseline;
mod docs;
mod excerpt;
mod finding;
mod grounds;
mod mention;
pub mod near;
mod registry;
mod repair;
pub mod report;
mod rule;
mod rules;
mod selection;
mod settings;
mod text;
mod view;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::iter::{IndexedParallelIterator, IntoParallelRefMutIterator, ParallelIterator};
use rayon::slice::ParallelSlice;
use serde_json::Value;

use crate::dataset::{self, Head, Item, Layout, Reader, Record, Table};
use finding::Plan;

pub use baseline::Baseline;
pub use docs::{docs, explain};
pub use excerpt::Excerpt;
pub use finding::{Edit, FileRows, Finding, Findings, Fix, Report, Rewrite, RowRef, Severity, Skipped};
pub use registry::RULES;
pub use repair::{Difference, FileRepairs, Repairs};
pub use rule::{Beside, Check, Context, Meta, Rule, TableInfo};
pub use selection::{LintError, nearest, selected};
pub use settings::{LintSettings, Thresholds};
pub use view::{Said, Text, View};

/// What is said once, by the first of two rules: a question with another answer is of course the same question.
const IMPLIED: [(&str, &str); 14] = [
    ("STY003", "STY001"),
    ("DUP005", "DUP002"),
    ("SCH006", "GRD001"),
    ("SCH006", "COT002"),
    ("TXT005", "GRD001"),
    ("TXT005", "COT002"),
    ("PII001", "GRD001"),
    ("PII001", "COT002"),
    ("PII002", "GRD001"),
    ("PII002", "COT002"),
    ("PII004", "COT002"),
    ("PRF001", "PRF004"),
    ("PRF003", "PRF007"),
    ("LEN001", "LEN005"),
];
/// The column in which a row names rules that it is let off: a text or a list of codes or names.
const ALLOWED: &str = "_lint_ignore";
/// Rows that one thread looks at before it asks for more.
const CHUNK: usize = 32;
/// Rows whose ids are remembered for findings that come at the end.
const IDS: usize = 1 << 20;

/// Which findings are worth saying besides the others.
fn implied_among(findings: &[Finding]) -> Vec<bool> {
    let mut rows: BTreeMap<RowRef, Vec<&str>> = BTreeMap::new();
    let at = |finding: &Finding| finding.row.map(|row| RowRef::new(finding.table, row));
    for finding in findings.iter().filter(|f| IMPLIED.iter().any(|(worse, _)| *worse == f.code)) {
        if let Some(at) = at(finding) {
            rows.entry(at).or_default().push(finding.code);
        }
    }
    let said = |finding: &Finding| {
        let codes = at(finding).and_then(|at| rows.get(&at));
        codes.is_some_and(|codes| IMPLIED.iter().any(|(worse, same)| *same == finding.code && codes.contains(worse)))
    };
    findings.iter().map(|finding| !said(finding)).collect()
}

/// Leaves out what others among these findings imply.
fn implied(findings: &mut Vec<Finding>) {
    if findings.len() > 1 {
        let mut kept = implied_among(findings).into_iter();
        findings.retain(|_| kept.next().unwrap_or(true));
    }
}

/// Lints several tables together.
///
/// # Errors
/// [`LintError`] when the settings name a rule or a pattern that is none.
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

/// The same in steps, for callers that hold one batch of rows in memory at a time.
pub struct Linter<'a> {
    checks: Vec<(&'static Meta, Box<dyn Check + 'a>)>,
    settings: &'a LintSettings,
    cx: Context<'a>,
    baseline: Option<Baseline>,
    per_file: selection::PerFile,
    plan: Arc<Plan>,
    table: Option<Arc<TableInfo>>,
    findings: Vec<Finding>,
    edits: Vec<(RowRef, Fix, Edit)>,
    rows: Vec<FileRows>,
    totals: BTreeMap<&'static str, (Severity, u64)>,
    baselined: u64,
    memory: Vec<Remembered>,
    ids: usize,
    /// What rows themselves ask to be let off.
    allowed: BTreeMap<RowRef, Vec<String>>,
}

/// What is kept of the rows of a table, to name them when rules speak at the end.
#[derive(Default)]
struct Remembered {
    hashes: Vec<u64>,
    ids: Vec<Option<Box<str>>>,
    /// Row and line wherever lines stop following rows.
    lines: Vec<(u64, u64)>,
}

impl<'a> Linter<'a> {
    /// Starts the selected rules.
    ///
    /// # Errors
    /// [`LintError`] when the settings name a rule or a pattern that is none.
    pub fn new(settings: &'a LintSettings, cx: &Context<'a>) -> Result<Self, LintError> {
        let rules = selection::select(settings)?;
        let checks = rules.into_iter().map(|rule| (rule.meta(), rule.start(settings, cx))).collect();
        Ok(Self {
            checks,
            settings,
            cx: cx.clone(),
            baseline: None,
            per_file: selection::PerFile::new(settings)?,
            plan: Arc::new(Plan { cap: settings.kept(), ..Plan::default() }),
            table: None,
            findings: vec![],
            edits: vec![],
            rows: vec![],
            totals: BTreeMap::new(),
            baselined: 0,
            memory: vec![],
            ids: 0,
            allowed: BTreeMap::new(),
        })
    }

    /// Leaves out findings that are known.
    #[must_use]
    pub fn baseline(mut self, baseline: Option<Baseline>) -> Self {
        self.baseline = baseline;
        self
    }

    /// Shows one table that is in memory to every rule.
    pub fn table(&mut self, table: &Table) {
        self.begin(&table.path.to_string_lossy(), table.columns.clone(), table.metadata.clone(), table.layout());
        for records in table.records.chunks(dataset::BATCH_ROWS) {
            self.records(records);
        }
    }

    /// Shows one file to every rule, a batch of rows at a time; the next batch is read while rules are at work.
    /// `progress` is told how many rows of it were looked at.
    pub fn file(&mut self, mut reader: Reader, progress: &mut dyn FnMut(u64)) {
        let layout = self.layout(reader.head(), &reader);
        let head = reader.head();
        self.begin(&head.path.to_string_lossy(), head.columns.clone(), head.metadata.clone(), layout);
        std::thread::scope(|scope| {
            let (send, receive) = std::sync::mpsc::sync_channel(2);
            scope.spawn(move || {
                while let Some(batch) = reader.batch() {
                    // Nobody listens any more when the run has failed.
                    if send.send(batch).is_err() {
                        break;
                    }
                }
            });
            for batch in receive {
                self.batch(batch);
                progress(self.rows.last().map_or(0, |file| file.rows));
            }
        });
    }

    /// Says that a file cannot be read at all.
    pub fn unreadable(&mut self, file: &str, why: &str) {
        // The rules are not shown it: it has no rows, but that is not what is wrong with it.
        self.enter(TableInfo::new(self.next(), file, vec![], BTreeMap::new(), None));
        self.bad(None, None, why);
    }

    /// The layout of a file: as the person says, as its metadata says, or as it looks.
    fn layout(&self, head: &Head, reader: &Reader) -> Option<Layout> {
        self.settings.layout().or_else(|| {
            let rows: Vec<&Record> = reader.sample().take(64).collect();
            dataset::layout_of(&head.columns, &head.metadata, &rows, self.settings.kind)
        })
    }

    fn begin(&mut self, file: &str, columns: Vec<String>, metadata: BTreeMap<String, String>, layout: Option<Layout>) {
        let info = self.enter(TableInfo::new(self.next(), file, columns, metadata, layout));
        let mut out = Findings::new(Arc::clone(&self.plan));
        for (_, check) in &mut self.checks {
            check.table(&info, &mut out);
        }
        self.take(out);
        self.table = Some(info);
    }

    fn next(&self) -> u32 {
        u32::try_from(self.rows.len()).unwrap_or(u32::MAX)
    }

    /// Opens the books for a table.
    fn enter(&mut self, info: TableInfo) -> Arc<TableInfo> {
        let mut plan = self.plan_now();
        plan.files.push(Arc::clone(&info.file));
        plan.ignored.push(self.per_file.ignored(&info.file));
        self.plan = Arc::new(plan);
        self.memory.push(Remembered::default());
        self.rows.push(FileRows {
            file: info.file.to_string(),
            kind: info.kind(),
            layout: info.layout.as_ref().map(|layout| layout.shape.name()),
            rows: 0,
        });
        self.table = None;
        Arc::new(info)
    }

    fn plan_now(&self) -> Plan {
        Plan {
            files: self.plan.files.clone(),
            ignored: self.plan.ignored.clone(),
            cap: self.plan.cap,
            before: self.before(),
        }
    }

    /// Findings by rule so far: what counts against how many are kept.
    fn before(&self) -> BTreeMap<&'static str, u64> {
        if self.baseline.is_some() {
            // How many of the coming ones are known is not known yet.
            return BTreeMap::new();
        }
        self.totals.iter().map(|(code, (_, count))| (*code, *count)).collect()
    }

    fn batch(&mut self, items: Vec<Item>) {
        let mut records = Vec::with_capacity(items.len());
        for item in items {
            match item {
                Item::Row(record) => records.push(record),
                Item::Bad(bad) => self.bad(bad.row, bad.line, &bad.why),
            }
        }
        self.records(&records);
    }

    fn bad(&mut self, row: Option<u64>, line: Option<u64>, why: &str) {
        if selection::is_ignored(self.settings, &rules::unreadable::META) {
            return;
        }
        let table = u32::try_from(self.rows.len().saturating_sub(1)).unwrap_or(u32::MAX);
        let mut out = Findings::new(Arc::clone(&self.plan));
        let finding = rules::unreadable::finding(table, row, line, why);
        out.push(finding);
        self.take(out);
    }

    fn records(&mut self, records: &[Record]) {
        let Some(table) = self.table.clone() else { return };
        if let Some(rows) = self.rows.last_mut() {
            rows.rows += records.len() as u64;
        }
        self.plan = Arc::new(self.plan_now());
        let (plan, cx) = (Arc::clone(&self.plan), self.cx.clone());
        let views: Vec<View<'_>> = records.iter().map(|record| View::new(&table, record, &cx)).collect();
        let applies = |meta: &Meta| table.kind().is_none_or(|kind| meta.kinds.contains(&kind));
        let checks = &self.checks;
        let alone: Vec<Findings> = views
            .par_chunks(CHUNK)
            .map(|rows| {
                let mut out = Findings::new(Arc::clone(&plan));
                for row in rows {
                    let _ = row.hash();
                    for (_, check) in checks.iter().filter(|(meta, _)| applies(meta)) {
                        check.row(row, &mut out);
                    }
                }
                out
            })
            .collect();
        let together: Vec<Findings> = self
            .checks
            .par_iter_mut()
            .with_max_len(1)
            .map(|(meta, check)| {
                let mut out = Findings::new(Arc::clone(&plan));
                if applies(meta) {
                    for row in &views {
                        check.remember(row, &mut out);
                    }
                }
                out
            })
            .collect();
        for view in &views {
            self.remember(view);
        }
        for mut out in alone.into_iter().chain(together) {
            implied(&mut out.list);
            self.take(out);
        }
    }

    /// Keeps what names a row later, and what it asks to be let off.
    fn remember(&mut self, view: &View<'_>) {
        let codes: Vec<String> = match view.record.values.get(ALLOWED) {
            Some(Value::String(codes)) => codes.split([',', ' ']).map(str::to_owned).collect(),
            Some(Value::Array(codes)) => codes.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => vec![],
        };
        if !codes.is_empty() {
            self.allowed.insert(view.at, codes);
        }
        let Some(memory) = self.memory.last_mut() else { return };
        let row = view.record.row;
        // Rows that could not be read stand between the others.
        while (memory.hashes.len() as u64) < row {
            memory.hashes.push(0);
        }
        memory.hashes.push(view.hash());
        if let Some(id) = view.record.id()
            && self.ids < IDS
        {
            self.ids += 1;
            let at = usize::try_from(row).unwrap_or(usize::MAX);
            memory.ids.resize(at, None);
            memory.ids.push(Some(finding::safe_id(id).into()));
        }
        if let Some(line) = view.record.line {
            let follows = memory.lines.last().map_or(line == row + 1, |(from, at)| line == at + (row - from));
            if !follows || memory.lines.is_empty() {
                memory.lines.push((row, line));
            }
        }
    }

    /// Names places, drops what is known, counts and keeps.
    fn take(&mut self, out: Findings) {
        for mut finding in out.list {
            self.place(&mut finding);
            let at = RowRef::new(finding.table, finding.row.unwrap_or_default());
            if finding.row.is_some()
                && self
                    .allowed
                    .get(&at)
                    .is_some_and(|codes| codes.iter().any(|c| c == finding.code || c == finding.name))
            {
                continue;
            }
            if self.baseline.as_mut().is_some_and(|baseline| baseline.takes(&finding)) {
                self.baselined += 1;
                continue;
            }
            if let Some(severity) = self.per_file.severity(finding.code) {
                finding.severity = severity;
            }
            if let (Some(fix), Some(edit)) = (finding.fix, finding.edit.take()) {
                self.edits.push((at, fix, edit));
            }
            let total = self.totals.entry(finding.code).or_insert((finding.severity, 0));
            total.1 += 1;
            if total.1 <= self.plan.cap {
                self.findings.push(finding);
            }
        }
        for (code, count) in out.dropped {
            if let Some(total) = self.totals.get_mut(code) {
                total.1 += count;
            }
        }
        self.edits.extend(out.edits);
    }

    fn place(&self, finding: &mut Finding) {
        let index = finding.table as usize;
        let Some(file) = self.plan.files.get(index) else { return };
        file.as_ref().clone_into(&mut finding.file);
        let mut hash = 0;
        if let (Some(row), Some(memory)) = (finding.row, self.memory.get(index)) {
            let at = usize::try_from(row).unwrap_or(usize::MAX);
            hash = memory.hashes.get(at).copied().unwrap_or_default();
            if finding.id.is_none() {
                finding.id = memory.ids.get(at).and_then(|id| id.as_deref()).map(str::to_owned);
            }
            if finding.line.is_none() {
                let before = memory.lines.partition_point(|(from, _)| *from <= row);
                finding.line = before.checked_sub(1).map(|i| memory.lines[i].1 + (row - memory.lines[i].0));
            }
        }
        let name = file.rsplit(['/', '\\']).next().unwrap_or_default();
        let parts = [finding.code, name, finding.field.as_deref().unwrap_or_default()];
        let print = parts.iter().fold(hash, |hash, part| text::mix(hash, text::hash(part)));
        finding.fingerprint = format!("{print:016x}");
    }

    /// Lets every rule say what it could only know at the end.
    #[must_use]
    pub fn finish(mut self) -> Report {
        self.plan = Arc::new(self.plan_now());
        let plan = Arc::clone(&self.plan);
        let last: Vec<Findings> = self
            .checks
            .par_iter_mut()
            .with_max_len(1)
            .map(|(_, check)| {
                let mut out = Findings::new(Arc::clone(&plan));
                check.finish(&mut out);
                out
            })
            .collect();
        // What comes at the end comes from one rule at a time.
        let mut sizes = vec![];
        let mut all = vec![];
        let mut rest = last;
        for out in &mut rest {
            sizes.push(out.list.len());
            all.append(&mut out.list);
        }
        let kept = implied_among(&all);
        let mut all = all.into_iter().zip(kept);
        for (out, size) in rest.iter_mut().zip(sizes) {
            out.list.extend(all.by_ref().take(size).filter_map(|(finding, kept)| kept.then_some(finding)));
        }
        for out in rest {
            self.take(out);
        }
        let mut skipped: Vec<Skipped> = self.checks.iter().flat_map(|(_, check)| check.skipped()).collect();
        self.findings.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
        skipped.sort();
        Report {
            findings: self.findings,
            skipped,
            rows: self.rows,
            totals: self.totals,
            baselined: self.baselined,
            edits: self.edits,
        }
    }
}
