//! JUnit XML, which every CI service shows as tests: a file is a suite, a rule that looked at it is a case.

use std::collections::BTreeMap;

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use super::common::{described, line};
use crate::lint::{FileRows, Finding, Meta, Report, Severity, Skipped};

/// Findings listed in one case.
const LISTED: usize = 100;

/// Renders suites in the order of the files and cases by code.
///
/// `rules` are those that ran (see [`crate::lint::selected`]). A case fails with errors and warnings; notes are its
/// output. A rule that does not look at a file's kind has no case there, and one that could not run is skipped.
#[must_use]
pub fn render(report: &Report, rules: &[&'static Meta]) -> String {
    let rules = described(report, rules);
    let mut found: BTreeMap<(&str, &str), Vec<&Finding>> = BTreeMap::new();
    for finding in &report.findings {
        found.entry((&finding.file, finding.code)).or_default().push(finding);
    }
    let skipped: BTreeMap<(&str, Option<&str>), &Skipped> =
        report.skipped.iter().map(|skip| ((skip.code, skip.file.as_deref()), skip)).collect();
    let mut junit = quick_junit::Report::new("distill lint");
    for file in &report.rows {
        let mut suite = TestSuite::new(xml(&file.file));
        for meta in &rules {
            let findings = found.remove(&(file.file.as_str(), meta.code)).unwrap_or_default();
            let reasons = [None, Some(file.file.as_str())].map(|place| skipped.get(&(meta.code, place)).copied());
            let reason = reasons.into_iter().flatten().next();
            if looks(meta, file) || !findings.is_empty() {
                suite.add_test_case(case(meta, file, &findings, reason));
            }
        }
        junit.add_test_suite(suite);
    }
    junit.to_string().unwrap_or_default()
}

fn looks(meta: &Meta, file: &FileRows) -> bool {
    file.kind.is_none_or(|kind| meta.kinds.contains(&kind))
}

fn case(meta: &Meta, file: &FileRows, findings: &[&Finding], skipped: Option<&Skipped>) -> TestCase {
    let (failing, notes): (Vec<&Finding>, Vec<&Finding>) =
        findings.iter().partition(|finding| finding.severity >= Severity::Warning);
    let worst = failing.iter().map(|finding| finding.severity).max();
    let status = match (worst, skipped) {
        (Some(worst), _) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_type(worst.name()).set_message(format!("{}: {}", failing.len(), meta.summary));
            status.set_description(list(&failing));
            status
        }
        (None, Some(skip)) => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(xml(&skip.reason));
            status
        }
        (None, None) => TestCaseStatus::success(),
    };
    let mut case = TestCase::new(format!("{} {}", meta.code, meta.name), status);
    case.set_classname(xml(&file.file));
    if !notes.is_empty() {
        case.set_system_out(list(&notes));
    }
    case
}

fn list(findings: &[&Finding]) -> String {
    let mut lines: Vec<String> = findings.iter().take(LISTED).map(|finding| place(finding)).collect();
    if findings.len() > LISTED {
        lines.push(format!("{} more", findings.len() - LISTED));
    }
    lines.join("\n")
}

fn place(finding: &Finding) -> String {
    let mut parts = vec![];
    parts.extend(finding.line.map(|line| format!("line {line}")));
    parts.extend(finding.row.map(|row| format!("row {row}")));
    parts.extend(finding.id.as_deref().map(|id| format!("id {}", xml(id))));
    match parts.is_empty() {
        true => xml(&finding.message),
        false => format!("{}: {}", parts.join(", "), xml(&finding.message)),
    }
}

/// One line of characters that XML 1.0 has: controls are gone by now, two others are not.
fn xml(text: &str) -> String {
    line(text).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}
