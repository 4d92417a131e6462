//! What the formats have in common: safe names, places, unique fingerprints, counts by rule.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::lint::excerpt::printable;
use crate::lint::{Finding, Meta, RULES, Report, Severity};

/// Names of files, columns and rows come from outside: one line, nothing that steers a terminal or turns a text round.
pub(super) fn line(text: &str) -> String {
    text.chars().map(printable).collect()
}

/// A path as services compare it with those of a repository: forward slashes, no `./`.
pub(super) fn relative(path: &str) -> String {
    let path = match std::path::MAIN_SEPARATOR {
        '/' => path.to_owned(),
        other => path.replace(other, "/"),
    };
    let parts: Vec<&str> = path
        .split('/')
        .enumerate()
        .filter(|(i, part)| *part != "." && (*i == 0 || !part.is_empty()))
        .map(|p| p.1)
        .collect();
    if parts.is_empty() { path } else { parts.join("/") }
}

/// The line that a service shows a finding at: the real one, or the number of the row from 1 where there are none.
pub(super) fn begin(finding: &Finding) -> Option<u64> {
    finding.line.or_else(|| finding.row.map(|row| row.saturating_add(1)))
}

/// The message; with the row where a line number would not lead to it.
pub(super) fn sentence(finding: &Finding) -> String {
    match (finding.line, finding.row) {
        (None, Some(row)) => format!("{} (row {row})", line(&finding.message)),
        _ => line(&finding.message),
    }
}

/// `1 row` or `2 rows`.
pub(super) fn counted(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// Says how many findings of a rule a file leaves out.
pub(super) fn more(rest: u64, name: &str) -> String {
    let verb = if rest == 1 { "is" } else { "are" };
    format!("{} of {name} {verb} not listed.", counted(rest, "more finding"))
}

/// Counts equal fingerprints, so that each occurrence can have one of its own.
#[derive(Default)]
pub(super) struct Repeats<'a>(BTreeMap<&'a str, u64>);

impl<'a> Repeats<'a> {
    /// 1 for the first finding with this fingerprint, then 2, and so on.
    pub(super) fn of(&mut self, finding: &'a Finding) -> u64 {
        let count = self.0.entry(&finding.fingerprint).or_default();
        *count += 1;
        *count
    }
}

/// What a rule found in a run.
pub(super) struct Found<'a> {
    pub(super) code: &'static str,
    pub(super) name: &'static str,
    /// The worst of its findings.
    pub(super) severity: Severity,
    /// All findings, also those that the report did not keep.
    pub(super) count: u64,
    /// The first of its findings that the report kept.
    pub(super) first: &'a Finding,
}

/// Every rule that found something: the worst first, then by code.
pub(super) fn by_rule(report: &Report) -> Vec<Found<'_>> {
    let mut rules: BTreeMap<&str, Found<'_>> = BTreeMap::new();
    for finding in &report.findings {
        let found = rules.entry(finding.code).or_insert(Found {
            code: finding.code,
            name: finding.name,
            severity: finding.severity,
            count: 0,
            first: finding,
        });
        found.severity = found.severity.max(finding.severity);
        found.count += 1;
    }
    let mut rules: Vec<Found<'_>> = rules.into_values().collect();
    for found in &mut rules {
        if let Some((severity, total)) = report.totals.get(found.code) {
            found.severity = found.severity.max(*severity);
            found.count = found.count.max(*total);
        }
    }
    rules.sort_by_key(|found| (Reverse(found.severity), found.code));
    rules
}

/// The findings as a reader with little time wants them: the worst first, and of each severity the first of every rule
/// before the second of any, so that a rule that fires everywhere does not hide the others.
pub(super) fn worst_first(report: &Report) -> Vec<&Finding> {
    let mut of_rule: BTreeMap<&str, u64> = BTreeMap::new();
    let mut findings: Vec<(u64, &Finding)> = vec![];
    for finding in &report.findings {
        let turn = of_rule.entry(finding.code).or_default();
        *turn += 1;
        findings.push((*turn, finding));
    }
    findings.sort_by_key(|(turn, finding)| (Reverse(finding.severity), *turn));
    findings.into_iter().map(|(_, finding)| finding).collect()
}

/// Number of findings by severity, also those that were not kept: errors, warnings, notes.
pub(super) fn by_severity(report: &Report) -> [u64; 3] {
    let mut counts = [0; 3];
    for finding in &report.findings {
        counts[place(finding.severity)] += 1;
    }
    for found in by_rule(report) {
        let kept = report.findings.iter().filter(|finding| finding.code == found.code).count() as u64;
        counts[place(found.severity)] += found.count.saturating_sub(kept);
    }
    counts
}

const fn place(severity: Severity) -> usize {
    match severity {
        Severity::Error => 0,
        Severity::Warning => 1,
        Severity::Info => 2,
    }
}

/// `2 errors, 1 warning`; empty when there is nothing to count.
pub(super) fn tally(counts: [u64; 3]) -> String {
    let words = counts.into_iter().zip(["error", "warning", "note"]);
    words.filter(|(count, _)| *count > 0).map(|(count, noun)| counted(count, noun)).collect::<Vec<_>>().join(", ")
}

/// The rules that ran together with all that the report names, by code.
pub(super) fn described(report: &Report, rules: &[&'static Meta]) -> Vec<&'static Meta> {
    let named = report.findings.iter().map(|finding| finding.code).chain(report.skipped.iter().map(|skip| skip.code));
    let mut all: BTreeMap<&str, &'static Meta> = rules.iter().map(|meta| (meta.code, *meta)).collect();
    for code in named {
        if !all.contains_key(code)
            && let Some(rule) = RULES.iter().find(|rule| rule.meta().code == code)
        {
            all.insert(code, rule.meta());
        }
    }
    all.into_values().collect()
}
