//! One page for a person to look through findings and distributions. Loads nothing; a small script filters, and
//! without it everything can be read all the same.

mod markdown;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::common::{Found, by_rule, by_severity, counted, line};
use crate::lint::{FileRows, Finding, Meta, Report, Severity};
use crate::report::{escape, thousands};
use crate::row::Kind;

/// The house style, then what only this page has.
const STYLE: &str = concat!(include_str!("../../report/html/style.css"), include_str!("html/style.css"));
const SCRIPT: &str = include_str!("html/script.js");
/// The only script the page may run. A test says what stands here when the script changes.
const SCRIPT_HASH: &str = "sha256-OZKMLC+wTBu18cmkslRBwCND3kf3ORhMsY5rwXQXo9E=";

/// Most findings on the page: a browser stays quick with this many.
const LISTED: usize = 5000;
/// Most of them of one rule.
const OF_RULE: usize = 500;
/// Most rows of the tables of files and of rules that could not run.
const ROWS: usize = 1000;
/// Lists of a file's findings of one rule are open up to this length.
const OPEN: usize = 20;

/// How many rows (or whatever `unit` says) fall into each of some buckets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Distribution {
    /// What is distributed: `Tokens in response`.
    pub title: String,
    /// What the counts count: `rows`.
    pub unit: String,
    /// Label and count, in the order to draw them.
    pub buckets: Vec<(String, u64)>,
    /// A sentence below the chart.
    pub note: Option<String>,
}

/// Renders the page: the same arguments give the same bytes.
///
/// `rules` are those that ran (see [`crate::lint::selected`]). At most 5000 findings are listed, 500 of a rule, and
/// the page says so. Texts come from findings, which are masked, and from `distributions`, whose labels the caller
/// answers for.
#[must_use]
pub fn render(report: &Report, rules: &[&'static Meta], distributions: &[Distribution]) -> String {
    let found = by_rule(report);
    let sections = [
        ("rules", "By rule", by_rules(&found, rules)),
        ("distributions", "Distributions", charts(distributions)),
        ("skipped", "Rules that could not run", skipped(report)),
        ("findings", "Findings", findings(report, &found)),
        ("files", "Files", files(report)),
        ("quiet", "Rules that found nothing", clean(&found, rules)),
    ];
    let header = header(report, &sections);
    let figures = figures(report);
    let sections: String = sections
        .into_iter()
        .filter(|(_, _, body)| !body.is_empty())
        .map(|(id, title, body)| format!("<section id=\"{id}\">\n<h2>{title}</h2>\n{body}</section>\n"))
        .collect();
    format!(
        r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src '{SCRIPT_HASH}'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>distill lint</title>
<style>
{STYLE}</style>
</head>
<body>
<main>
{header}{figures}{sections}<footer>Made by distill {version}. Words of rows are masked where a detector found personal data; the page loads nothing.</footer>
</main>
<script>{SCRIPT}</script>
</body>
</html>
"#,
        version = env!("CARGO_PKG_VERSION"),
    )
}

/// A name from outside, on one line and safe between tags and in attributes.
fn name(text: &str) -> String {
    escape(&line(text))
}

/// A sentence of ours, in which pairs of backticks mark code.
fn words(text: &str) -> String {
    let text = line(text);
    let parts: Vec<&str> = text.split('`').collect();
    let paired = if parts.len() % 2 == 1 { parts.len() } else { parts.len() - 1 };
    let mut out = String::new();
    for (i, part) in parts.into_iter().enumerate() {
        let _ = match i {
            // Writing to a string cannot fail.
            _ if i >= paired => write!(out, "`{}", escape(part)),
            _ if i % 2 == 1 => write!(out, "<code>{}</code>", escape(part)),
            _ => write!(out, "{}", escape(part)),
        };
    }
    out
}

fn count(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", thousands(number), if number == 1 { "" } else { "s" })
}

fn badge(severity: Severity) -> String {
    let class = match severity {
        Severity::Error => "wrong",
        Severity::Warning => "warn",
        Severity::Info => "style",
    };
    format!("<span class=\"badge {class}\">{}</span>", severity.name())
}

fn header(report: &Report, sections: &[(&str, &str, String)]) -> String {
    let links: String = sections
        .iter()
        .filter(|(_, _, body)| !body.is_empty())
        .map(|(id, title, _)| format!("<a href=\"#{id}\">{title}</a>\n"))
        .collect();
    let nothing = match report.findings.is_empty() {
        true => "<p>Nothing found.</p>\n",
        false => "",
    };
    format!(
        "<header>\n<p class=\"eyebrow\">distill lint</p>\n<h1>Lint of {}</h1>\n{nothing}<nav>\n{links}</nav>\n</header>\n",
        count(report.rows.len() as u64, "file")
    )
}

fn figures(report: &Report) -> String {
    let [errors, warnings, notes] = by_severity(report);
    let figure = |title: &str, value: u64, class: &str, small: &str| {
        let class = if value == 0 { "" } else { class };
        format!(
            "<div class=\"figure\"><h2>{title}</h2><p class=\"value {class}\">{}</p><small>{small}</small></div>\n",
            thousands(value)
        )
    };
    let hidden = match report.baselined {
        0 => "worth knowing".to_owned(),
        hidden => format!("worth knowing; the baseline hides {}", count(hidden, "finding")),
    };
    let skips = match report.skipped.len() as u64 {
        0 => "every check could run".to_owned(),
        skips => format!("{} could not run", count(skips, "check")),
    };
    format!(
        "<div class=\"figures\">\n{}{}{}{}{}</div>\n",
        figure("Errors", errors, "down", "hurt the student, leak data or spoil a measurement"),
        figure("Warnings", warnings, "careful", "probably hurt the student"),
        figure("Notes", notes, "", &hidden),
        figure("Rows", report.total_rows(), "", "looked at"),
        figure("Files", report.rows.len() as u64, "", &skips),
    )
}

fn table(class: &str, title: &str, heads: &str, body: &str) -> String {
    format!(
        "<div class=\"scroll {class}\" tabindex=\"0\" role=\"region\" aria-label=\"{title}\"><table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{body}</tbody>\n</table></div>\n"
    )
}

/// What each rule found, what it means and what to do.
fn by_rules(found: &[Found<'_>], rules: &[&'static Meta]) -> String {
    if found.is_empty() {
        return String::new();
    }
    let mut body = String::new();
    for found in found {
        let meta = meta(found.code, rules);
        let summary = meta.map(|meta| format!("{}.", words(meta.summary))).unwrap_or_default();
        let help = meta.map(|meta| markdown::render(meta.explanation)).unwrap_or_default();
        let fix = match meta.and_then(|meta| meta.fix) {
            Some(fix) => format!("<p class=\"soft\">Can be repaired mechanically: {} fix.</p>\n", fix.name()),
            None => String::new(),
        };
        let _ = write!(
            body,
            "<details class=\"about\"><summary><a class=\"pick num\" data-rule=\"{code}\" href=\"#findings\">{count}</a>{badge}<b>{code}</b> <span class=\"rule-name\">{name}</span><span class=\"what\">{summary}</span></summary>\n<div class=\"help\">{fix}{help}</div></details>\n",
            badge = badge(found.severity),
            code = escape(found.code),
            name = escape(found.name),
            count = count(found.count, "finding"),
        );
    }
    format!("<p class=\"soft\">Open a rule to read why it matters and how to fix it.</p>\n{body}")
}

fn meta(code: &str, rules: &[&'static Meta]) -> Option<&'static Meta> {
    let known = || crate::lint::RULES.iter().map(|rule| rule.meta()).find(|meta| meta.code == code);
    rules.iter().copied().find(|meta| meta.code == code).or_else(known)
}

/// Findings by file and rule, with the words around each.
fn findings(report: &Report, found: &[Found<'_>]) -> String {
    if report.findings.is_empty() {
        return String::new();
    }
    let mut of_rule: BTreeMap<&str, usize> = BTreeMap::new();
    let mut groups: BTreeMap<&str, BTreeMap<&str, Vec<&Finding>>> = BTreeMap::new();
    let mut listed = 0;
    for finding in super::common::worst_first(report) {
        let count = of_rule.entry(finding.code).or_default();
        if listed < LISTED && *count < OF_RULE {
            *count += 1;
            listed += 1;
            groups.entry(&finding.file).or_default().entry(finding.code).or_default().push(finding);
        }
    }
    let all: u64 = found.iter().map(|found| found.count).sum();
    let short = match all.saturating_sub(listed as u64) {
        0 => String::new(),
        _ => format!(
            "<p class=\"soft\">{} of {} are listed, at most {} of one rule.</p>\n",
            thousands(listed as u64),
            count(all, "finding"),
            thousands(OF_RULE as u64)
        ),
    };
    let mut body = filter(&groups, found, listed);
    body.push_str(&short);
    for (i, (file, rules)) in groups.iter().enumerate() {
        let rows = report.rows.iter().find(|rows| rows.file == *file);
        let facts = rows.map(facts).unwrap_or_default();
        let of_file: u64 = rules.values().map(|findings| findings.len() as u64).sum();
        let _ = writeln!(
            body,
            "<div class=\"file\" data-file=\"{i}\">\n<h3 dir=\"auto\">{}<span>{facts}{}</span></h3>",
            name(file),
            count(of_file, "finding")
        );
        for found in found {
            if let Some(findings) = rules.get(found.code) {
                body.push_str(&group(found, findings));
            }
        }
        body.push_str("</div>\n");
    }
    body
}

fn facts(rows: &FileRows) -> String {
    let kind = rows.layout.or(rows.kind.map(Kind::name)).map(|kind| format!("{}, ", escape(kind))).unwrap_or_default();
    format!("{kind}{}, ", count(rows.rows, "row"))
}

/// Hidden until the script can serve it.
fn filter(groups: &BTreeMap<&str, BTreeMap<&str, Vec<&Finding>>>, found: &[Found<'_>], listed: usize) -> String {
    let option = |value: &str, label: &str| format!("<option value=\"{value}\">{label}</option>");
    let rules: String = found
        .iter()
        .map(|found| option(&escape(found.code), &escape(&format!("{} {}", found.code, found.name))))
        .collect();
    let severities: String = ["error", "warning", "info"].map(|name| option(name, name)).concat();
    let files: String = groups.keys().enumerate().map(|(i, file)| option(&i.to_string(), &name(file))).collect();
    format!(
        "<div id=\"filter\" role=\"search\" hidden>\n\
         <label>Rule<select id=\"f-rule\">{any}{rules}</select></label>\n\
         <label>Severity<select id=\"f-severity\">{any}{severities}</select></label>\n\
         <label>File<select id=\"f-file\">{any}{files}</select></label>\n\
         <label>Text<input id=\"f-text\" type=\"search\" autocomplete=\"off\" spellcheck=\"false\"></label>\n\
         <p id=\"f-count\" aria-live=\"polite\">{}</p>\n</div>\n",
        counted(listed as u64, "finding"),
        any = option("", "all"),
    )
}

fn group(found: &Found<'_>, findings: &[&Finding]) -> String {
    let open = if findings.len() <= OPEN { " open" } else { "" };
    let mut out = format!(
        "<details class=\"group\" data-rule=\"{code}\"{open}><summary><span class=\"num\">{count}</span>{badge}<b>{code}</b> <span class=\"rule-name\">{name}</span></summary>\n<ul>\n",
        code = escape(found.code),
        badge = badge(found.severity),
        name = escape(found.name),
        count = thousands(findings.len() as u64),
    );
    for finding in findings {
        item(&mut out, finding);
    }
    out.push_str("</ul>\n</details>\n");
    out
}

fn item(out: &mut String, finding: &Finding) {
    let mut place = vec![];
    place.extend(finding.line.map(|line| format!("line {line}")));
    place.extend(finding.row.map(|row| format!("row {row}")));
    place.extend(finding.field.as_deref().map(name));
    place.extend(finding.id.as_deref().map(|id| format!("id {}", name(id))));
    let fix = finding.fix.map(|fix| format!(" <span class=\"fix\">{} fix</span>", fix.name())).unwrap_or_default();
    let place = if place.is_empty() { "whole file".to_owned() } else { place.join(" · ") };
    let _ = write!(
        out,
        "<li data-severity=\"{}\"><span class=\"place\" dir=\"auto\">{place}{fix}</span><span class=\"message\" dir=\"auto\">{}</span>",
        finding.severity.name(),
        words(&finding.message)
    );
    if let Some(excerpt) = finding.excerpt() {
        let _ = write!(
            out,
            "<span class=\"excerpt\" dir=\"auto\">{}<mark>{}</mark>{}</span>",
            name(&excerpt.before),
            name(&excerpt.marked),
            name(&excerpt.after)
        );
    }
    out.push_str("</li>\n");
}

/// Bars of a length by the largest count, with the numbers beside them.
fn charts(distributions: &[Distribution]) -> String {
    if distributions.is_empty() {
        return String::new();
    }
    let figures: String = distributions.iter().map(chart).collect();
    format!("<div class=\"charts\">\n{figures}</div>\n")
}

fn chart(distribution: &Distribution) -> String {
    let most = distribution.buckets.iter().map(|(_, count)| *count).max().unwrap_or_default().max(1);
    let total: u64 = distribution.buckets.iter().fold(0, |sum, (_, count)| sum.saturating_add(*count));
    let mut bars = String::new();
    for (label, count) in &distribution.buckets {
        // What is not none is seen.
        let width = if *count == 0 { 0.0 } else { (*count as f64 / most as f64 * 100.0).max(0.8) };
        let _ = writeln!(
            bars,
            "<tr><th scope=\"row\" dir=\"auto\">{}</th><td class=\"bars\"><svg viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\"><rect class=\"bar\" width=\"{width:.1}\" height=\"10\"/></svg></td><td class=\"num\">{}</td></tr>",
            name(label),
            thousands(*count)
        );
    }
    let note = distribution.note.as_deref().map(|note| format!("<p class=\"soft\">{}</p>\n", words(note)));
    format!(
        "<figure><figcaption><b>{}</b> {} {}</figcaption>\n<div class=\"bins\" tabindex=\"0\"><table>\n<tbody>\n{bars}</tbody>\n</table></div>\n{}</figure>\n",
        name(&distribution.title),
        thousands(total),
        name(&distribution.unit),
        note.unwrap_or_default()
    )
}

/// Says how many rows of a table were left out.
fn left_out(all: usize) -> String {
    match all.saturating_sub(ROWS) as u64 {
        0 => String::new(),
        more => format!("<p class=\"soft\">{} more not listed.</p>\n", thousands(more)),
    }
}

fn files(report: &Report) -> String {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for finding in &report.findings {
        *counts.entry(&finding.file).or_default() += 1;
    }
    let body: String = report
        .rows
        .iter()
        .take(ROWS)
        .map(|file| {
            let findings = counts.get(file.file.as_str()).copied().unwrap_or_default();
            format!(
                "<tr><td class=\"path\" dir=\"auto\">{}</td><td>{}</td><td class=\"num\">{}</td><td class=\"num\">{}</td></tr>\n",
                name(&file.file),
                escape(file.layout.or(file.kind.map(Kind::name)).unwrap_or("unknown")),
                thousands(file.rows),
                thousands(findings)
            )
        })
        .collect();
    let heads = "<th scope=\"col\">File</th><th scope=\"col\">Kind</th><th class=\"num\" scope=\"col\">Rows</th><th class=\"num\" scope=\"col\">Findings</th>";
    match body.is_empty() {
        true => "<p class=\"none\">No files were looked at.</p>\n".to_owned(),
        false => table("", "Files", heads, &body) + &left_out(report.rows.len()),
    }
}

fn skipped(report: &Report) -> String {
    if report.skipped.is_empty() {
        return String::new();
    }
    let body: String = report
        .skipped
        .iter()
        .take(ROWS)
        .map(|skip| {
            let place = skip.file.as_deref().map_or_else(|| "all files".to_owned(), name);
            let reason = words(&skip.reason);
            format!("<tr><td><b>{}</b></td><td class=\"path\" dir=\"auto\">{place}</td><td dir=\"auto\">{reason}</td></tr>\n", escape(skip.code))
        })
        .collect();
    let heads = "<th scope=\"col\">Rule</th><th scope=\"col\">Where</th><th scope=\"col\">Why</th>";
    table("", "Rules that could not run", heads, &body) + &left_out(report.skipped.len())
}

/// Rules that ran and found nothing: silence is only good news from those that looked.
fn clean(found: &[Found<'_>], rules: &[&'static Meta]) -> String {
    let quiet: BTreeMap<&str, &str> = rules
        .iter()
        .filter(|meta| !found.iter().any(|found| found.code == meta.code))
        .map(|meta| (meta.code, meta.name))
        .collect();
    if quiet.is_empty() {
        return String::new();
    }
    let items: String = quiet
        .into_iter()
        .map(|(code, name)| format!("<span><b>{}</b> {}</span>", escape(code), escape(name)))
        .collect();
    format!("<div class=\"list\">{items}</div>\n")
}
