//! For people: every finding with the words around it, then a summary by rule.

use std::fmt::Write as _;

use crate::lint::excerpt::printable;
use crate::lint::{Finding, RULES, Report, Severity};

/// Renders findings, skipped rules and a summary. Excerpts are masked; with `color` the mark is underlined.
#[must_use]
pub fn render(report: &Report, color: bool) -> String {
    let paint = Paint(color);
    let mut out = String::new();
    for finding in &report.findings {
        // Writing to a string cannot fail.
        let _ = write_finding(&mut out, finding, &paint);
    }
    if !report.totals.is_empty() {
        out.push('\n');
        let _ = write_rules(&mut out, report, &paint);
    }
    for skipped in &report.skipped {
        let place = skipped.file.as_ref().map(|file| format!(" in {}", line(file))).unwrap_or_default();
        let _ = writeln!(out, "{} {}{place}: {}", paint.bold("skipped"), skipped.code, line(&skipped.reason));
    }
    let _ = writeln!(out, "{}", total(report));
    out
}

fn write_finding(out: &mut String, finding: &Finding, paint: &Paint) -> std::fmt::Result {
    write!(out, "{}", paint.bold(&line(&finding.file)))?;
    if let Some(row) = finding.row {
        write!(out, ":{row}")?;
    }
    write!(out, " {} {}", paint.severity(finding.severity), paint.bold(finding.code))?;
    writeln!(out, " {} ({})", line(&finding.message), finding.name)?;
    if let Some(excerpt) = &finding.excerpt {
        let field = finding.field.as_deref().map(|field| format!("{}: ", line(field))).unwrap_or_default();
        writeln!(out, "    {field}{}{}{}", excerpt.before, paint.mark(&excerpt.marked), excerpt.after)?;
    }
    Ok(())
}

fn write_rules(out: &mut String, report: &Report, paint: &Paint) -> std::fmt::Result {
    let name = |code: &str| RULES.iter().map(|rule| rule.meta()).find(|meta| meta.code == code).map_or("", |m| m.name);
    let mut rules: Vec<_> = report.totals.iter().map(|(code, (severity, count))| (*severity, *code, *count)).collect();
    rules.sort_by_key(|(severity, code, _)| (std::cmp::Reverse(*severity), *code));
    for (severity, code, count) in rules {
        write!(out, "{count:>6} {} {} {}", paint.severity(severity), paint.bold(code), name(code))?;
        let more = report.more(code);
        if more > 0 {
            write!(out, " (of which {more} are not shown)")?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn total(report: &Report) -> String {
    let seen = format!("{} of {}", number(report.total_rows(), "row"), number(report.rows.len() as u64, "file"));
    let mut counts: Vec<String> =
        [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Info, "note")]
            .iter()
            .map(|(severity, noun)| (report.count(*severity), noun))
            .filter(|(count, _)| *count > 0)
            .map(|(count, noun)| number(count, noun))
            .collect();
    if counts.is_empty() {
        counts.push("no findings".to_owned());
    }
    let known = match report.baselined {
        0 => String::new(),
        known => format!(", {known} more in the baseline"),
    };
    format!("{} in {seen}{known}", counts.join(", "))
}

fn number(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// Names of files and columns come from outside: one line, no control characters.
fn line(text: &str) -> String {
    text.chars().map(printable).collect()
}

/// ANSI colours, or none.
struct Paint(bool);

impl Paint {
    fn wrap(&self, codes: &str, text: &str) -> String {
        if self.0 { format!("\x1b[{codes}m{text}\x1b[0m") } else { text.to_owned() }
    }

    fn bold(&self, text: &str) -> String {
        self.wrap("1", text)
    }

    fn severity(&self, severity: Severity) -> String {
        let codes = match severity {
            Severity::Error => "1;31",
            Severity::Warning => "1;33",
            Severity::Info => "1;36",
        };
        self.wrap(codes, severity.name())
    }

    fn mark(&self, text: &str) -> String {
        if self.0 { self.wrap("4;31", text) } else { format!("⟦{text}⟧") }
    }
}
