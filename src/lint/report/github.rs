//! GitHub Actions: annotations by workflow commands, and a summary of the step in Markdown.
//!
//! A step shows ten annotations of each level and drops the others without a word; a summary may take 1 MiB.

use std::fmt::Write as _;

use super::common::{begin, by_rule, by_severity, counted, line, relative, sentence, tally, worst_first};
use crate::lint::{Finding, Report, Severity};

/// Annotations of one level that GitHub shows of a step.
pub const SHOWN: usize = 10;
/// Findings, files and skipped rules listed in the summary; with [`CELL`] this stays far below 1 MiB.
const LISTED: usize = 50;
/// Most characters of a cell.
const CELL: usize = 300;

/// Renders one workflow command per finding, at most `most` of each level: the worst first, and the first of every rule
/// before the second of any.
///
/// When there are more, the last command is a notice that says how many; it counts as one of the notices.
#[must_use]
pub fn render(report: &Report, most: usize) -> String {
    let findings = worst_first(report);
    let levels = [Severity::Error, Severity::Warning, Severity::Info];
    let counts = by_severity(report);
    let over = counts.iter().any(|count| *count > most as u64);
    let mut out = String::new();
    let mut left = counts;
    for (severity, left) in levels.into_iter().zip(&mut left) {
        // The notice about the others would itself be the eleventh.
        let room = if severity == Severity::Info && over { most.saturating_sub(1) } else { most };
        for finding in findings.iter().filter(|finding| finding.severity == severity).take(room) {
            out.push_str(&annotation(finding));
            *left = left.saturating_sub(1);
        }
    }
    let rest = tally(left);
    if !rest.is_empty() {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "::notice title=distill lint::{rest} more; the summary of this step counts them by rule");
    }
    out
}

fn annotation(finding: &Finding) -> String {
    let level = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "notice",
    };
    let at = begin(finding).map(|line| format!(",line={line}")).unwrap_or_default();
    let file = property(&line(&relative(&finding.file)));
    let title = property(&format!("{} {}", finding.code, finding.name));
    format!("::{level} file={file}{at},title={title}::{}\n", data(&sentence(finding)))
}

/// The text after the second `::`.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A value between the first `::` and the second.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// Renders the text for `$GITHUB_STEP_SUMMARY`: counts, a table by rule, the first findings, files, skipped rules.
#[must_use]
pub fn summary(report: &Report) -> String {
    let mut out = String::from("## distill lint\n\n");
    let seen = format!("{} of {}", counted(report.total_rows(), "row"), counted(report.rows.len() as u64, "file"));
    let found = tally(by_severity(report));
    let hidden = match report.baselined {
        0 => String::new(),
        hidden => format!("; the baseline hides {}", counted(hidden, "finding")),
    };
    // Writing to a string cannot fail.
    let _ = match found.is_empty() {
        true => writeln!(out, "No findings in {seen}{hidden}."),
        false => writeln!(out, "**{found}** in {seen}{hidden}."),
    };
    if !report.findings.is_empty() {
        let rules = by_rule(report)
            .into_iter()
            .map(|found| {
                vec![found.count.to_string(), found.severity.name().to_owned(), code(&rule(found.code, found.name))]
            })
            .collect();
        table(&mut out, "By rule", &["findings", "severity", "rule"], rules, 0);
        let findings = worst_first(report);
        let over = findings.len().saturating_sub(LISTED);
        let rows = findings.into_iter().take(LISTED).map(first).collect();
        table(&mut out, "First findings", &["file", "row", "severity", "rule", "what"], rows, over);
    }
    let mut files = vec![];
    for file in report.rows.iter().take(LISTED) {
        let findings = report.findings.iter().filter(|finding| finding.file == file.file).count();
        let kind = file.kind.map_or("unknown", crate::row::Kind::name);
        files.push(vec![code(&file.file), kind.to_owned(), file.rows.to_string(), findings.to_string()]);
    }
    table(&mut out, "Files", &["file", "kind", "rows", "findings"], files, report.rows.len().saturating_sub(LISTED));
    let skipped = report
        .skipped
        .iter()
        .take(LISTED)
        .map(|skip| {
            let place = skip.file.as_deref().map_or_else(|| "all files".to_owned(), code);
            vec![code(skip.code), place, words(&skip.reason)]
        })
        .collect();
    let over = report.skipped.len().saturating_sub(LISTED);
    table(&mut out, "Rules that could not run", &["rule", "where", "why"], skipped, over);
    out
}

fn rule(code: &str, name: &str) -> String {
    format!("{code} {name}")
}

fn first(finding: &Finding) -> Vec<String> {
    let row = finding.row.map(|row| row.to_string()).unwrap_or_default();
    let severity = finding.severity.name().to_owned();
    vec![code(&finding.file), row, severity, code(finding.code), words(&finding.message)]
}

/// A heading and a table of cells that are already safe; nothing when there are no rows.
fn table(out: &mut String, heading: &str, heads: &[&str], rows: Vec<Vec<String>>, over: usize) {
    if rows.is_empty() {
        return;
    }
    let _ = write!(out, "\n### {heading}\n\n| {} |\n|{}\n", heads.join(" | "), " --- |".repeat(heads.len()));
    for row in rows {
        let _ = writeln!(out, "| {} |", row.join(" | "));
    }
    if over > 0 {
        let _ = writeln!(out, "\n{over} more not listed.");
    }
}

/// A name as code.
fn code(name: &str) -> String {
    format!("<code>{}</code>", entities(&cut(name)))
}

/// A sentence, in which pairs of backticks mark code as our messages do.
fn words(text: &str) -> String {
    let cut = cut(text);
    let parts: Vec<&str> = cut.split('`').collect();
    // The last of an even number of parts follows a backtick without a partner.
    let lone = parts.len().is_multiple_of(2).then(|| parts.len() - 1);
    let mut out = String::new();
    for (i, part) in parts.into_iter().enumerate() {
        let _ = match () {
            () if lone == Some(i) => write!(out, "&#96;{}", entities(part)),
            () if i % 2 == 1 => write!(out, "<code>{}</code>", entities(part)),
            () => write!(out, "{}", entities(part)),
        };
    }
    out
}

fn cut(text: &str) -> String {
    let text = line(text);
    match text.char_indices().nth(CELL) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

/// Every sign that could mean something to Markdown, HTML or GitHub as a numeric reference, which never does.
fn entities(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            ' ' | ',' | '/' | '(' | ')' | ';' | '\'' => out.push(c),
            // A hyphen or a full stop means something at the beginning of a line only, where no cell stands, and in
            // addresses, which the colon ends; but `www.` is made a link by itself.
            '-' => out.push(c),
            c if c.is_ascii_punctuation() => {
                let _ = write!(out, "&#{};", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}
