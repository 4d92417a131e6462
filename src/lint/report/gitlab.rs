//! GitLab's code quality report: one array, of which merge requests show what is new.
//!
//! Fields: <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>.

use serde_json::{Value, json};

use super::common::{Repeats, begin, by_rule, line, more, relative, sentence};
use crate::lint::{Finding, Report, Severity};

/// Renders `[{"description","check_name","fingerprint","severity","location"}, …]`, one finding per line.
///
/// Of findings with equal fingerprints GitLab keeps one, so repeats get theirs with a number. A line is one of the
/// text file, or the row counted from 1; findings about whole files stand at line 1. A rule that found more than the
/// report kept has one entry more, which says how many.
#[must_use]
pub fn render(report: &Report) -> String {
    let mut repeats = Repeats::default();
    let mut entries: Vec<String> = report
        .findings
        .iter()
        .map(|finding| {
            let fingerprint = match repeats.of(finding) {
                1 => finding.fingerprint.clone(),
                times => format!("{}-{times}", finding.fingerprint),
            };
            entry(finding, &sentence(finding), &fingerprint, severity(finding), begin(finding).unwrap_or(1))
        })
        .collect();
    for found in by_rule(report) {
        let kept = report.findings.iter().filter(|finding| finding.code == found.code).count() as u64;
        if found.count > kept {
            let message = more(found.count - kept, found.name);
            entries.push(entry(found.first, &message, &format!("{}-more", found.code), "info", 1));
        }
    }
    if entries.is_empty() { "[]\n".to_owned() } else { format!("[\n  {}\n]\n", entries.join(",\n  ")) }
}

fn entry(finding: &Finding, message: &str, fingerprint: &str, severity: &str, begin: u64) -> String {
    let entry: Value = json!({
        "description": format!("{}: {message}", finding.code),
        "check_name": finding.name,
        "fingerprint": fingerprint,
        "severity": severity,
        "location": {"path": line(&relative(&finding.file)), "lines": {"begin": begin}},
    });
    entry.to_string()
}

/// GitLab has five words. Personal data in a dataset is what nobody may wave through.
fn severity(finding: &Finding) -> &'static str {
    match finding.severity {
        Severity::Error if finding.code.starts_with("PII") => "critical",
        Severity::Error => "major",
        Severity::Warning => "minor",
        Severity::Info => "info",
    }
}
