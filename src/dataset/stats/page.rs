//! The statistics as a page: the house style, nothing loaded, no script.

use std::fmt::Write as _;

use super::text::{by_count, dollars, label};
use super::{NONE, Stats};
use crate::dataset::terminal::{counted, thousands};
use crate::report::escape;

/// The house style with the bars of the linter's page.
const STYLE: &str =
    concat!(include_str!("../../report/html/style.css"), include_str!("../../lint/report/html/style.css"));
/// Bars of a chart, and rows of a table.
const LISTED: usize = 200;

/// Renders the page: the same statistics give the same bytes. Holds names of files, sources and teachers, and no text
/// of a row.
#[must_use]
pub fn page(stats: &Stats) -> String {
    let mut body = figures(stats);
    let lists = [
        ("Kinds", &stats.kinds),
        ("Splits", &stats.splits),
        ("Teachers", &stats.teachers),
        ("Templates", &stats.templates),
        ("Question types", &stats.question_types),
    ];
    let mut charts = String::new();
    for (title, counts) in lists {
        if counts.keys().all(|value| value == NONE) {
            continue;
        }
        let bars: Vec<(String, u64)> = by_count(counts).iter().map(|(name, n)| ((*name).to_owned(), *n)).collect();
        let note = if title == "Question types" { "By English wording of the prompt." } else { "" };
        charts.push_str(&chart(title, "", &bars, note));
    }
    section(&mut body, "rows", "Rows", &format!("<div class=\"charts\">\n{charts}</div>\n"));
    let mut charts = String::new();
    for field in &stats.fields {
        let bars: Vec<(String, u64)> = field.histogram.iter().map(|bin| (label(bin), bin.count)).collect();
        let note = format!(
            "min {}, median {}, p95 {}, max {}; {} in all; {} empty",
            thousands(field.min),
            thousands(field.median),
            thousands(field.p95),
            thousands(field.max),
            thousands(field.total),
            thousands(field.empty)
        );
        charts.push_str(&chart(&format!("{} {}", field.kind, field.field), field.unit, &bars, &note));
    }
    if !charts.is_empty() {
        section(&mut body, "lengths", "Lengths", &format!("<div class=\"charts\">\n{charts}</div>\n"));
    }
    sources(&mut body, stats);
    files(&mut body, stats);
    format!(
        r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>distill stats</title>
<style>
{STYLE}</style>
</head>
<body>
<main>
<header>
<p class="eyebrow">distill stats</p>
<h1>{}</h1>
</header>
{body}<footer>Made by distill {version}. Holds counts and names, no text of a row; the page loads nothing.</footer>
</main>
</body>
</html>
"#,
        counted(stats.rows, "row"),
        version = env!("CARGO_PKG_VERSION"),
    )
}

/// A name from outside: one line, safe between tags.
fn name(text: &str) -> String {
    escape(&text.replace(['\n', '\r', '\t'], " "))
}

fn section(out: &mut String, id: &str, title: &str, body: &str) {
    // Writing to a string cannot fail, here and below.
    let _ = writeln!(out, "<section id=\"{id}\">\n<h2>{title}</h2>\n{body}</section>");
}

fn figures(stats: &Stats) -> String {
    let figure = |title: &str, value: &str, class: &str, small: &str| {
        format!(
            "<div class=\"figure\"><h2>{title}</h2><p class=\"value{class}\">{value}</p><small>{small}</small></div>\n"
        )
    };
    let d = &stats.duplicates;
    let bad = match stats.bad_rows {
        0 => "all could be read".to_owned(),
        bad => format!("and {} that cannot be read", thousands(bad)),
    };
    let warn = |number: u64| if number == 0 { "" } else { " careful" };
    let (cost, missing) = match stats.cost_usd {
        Some(cost) => (dollars(cost), ""),
        None => ("not recorded".to_owned(), " missing"),
    };
    format!(
        "<div class=\"figures\">\n{}{}{}{}{}</div>\n",
        figure("Rows", &thousands(stats.rows), "", &bad),
        figure("Duplicates", &thousands(d.rows), warn(d.rows), "rows with the texts of an earlier row"),
        figure("Repeated prompts", &thousands(d.prompts), warn(d.prompts), "rows with an earlier prompt and context"),
        figure("Sources", &thousands(stats.sources.len() as u64), "", "documents that rows name"),
        figure("Cost", &cost, missing, "sum over the rows"),
    )
}

fn chart(title: &str, unit: &str, bars: &[(String, u64)], note: &str) -> String {
    let most = bars.iter().map(|(_, count)| *count).max().unwrap_or(0).max(1);
    let mut body = String::new();
    for (label, count) in bars.iter().take(LISTED) {
        // What is not none is seen.
        let width = if *count == 0 { 0.0 } else { (*count as f64 / most as f64 * 100.0).max(0.8) };
        let _ = writeln!(
            body,
            "<tr><th scope=\"row\" dir=\"auto\">{}</th><td class=\"bars\"><svg viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\"><rect class=\"bar\" width=\"{width:.1}\" height=\"10\"/></svg></td><td class=\"num\">{}</td></tr>",
            name(label),
            thousands(*count)
        );
    }
    let note = match (note.is_empty(), bars.len().saturating_sub(LISTED)) {
        (true, 0) => String::new(),
        (_, 0) => format!("<p class=\"soft\">{}</p>\n", escape(note)),
        (_, more) => format!("<p class=\"soft\">{} {} more not listed.</p>\n", escape(note), thousands(more as u64)),
    };
    format!(
        "<figure><figcaption><b>{}</b> {unit}</figcaption>\n<div class=\"bins\" tabindex=\"0\"><table>\n<tbody>\n{body}</tbody>\n</table></div>\n{note}</figure>\n",
        name(title)
    )
}

fn table(title: &str, heads: &[&str], body: &str) -> String {
    let heads: String = heads
        .iter()
        .map(|head| match head.strip_suffix('#') {
            Some(head) => format!("<th class=\"num\" scope=\"col\">{head}</th>"),
            None => format!("<th scope=\"col\">{head}</th>"),
        })
        .collect();
    format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{title}\"><table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{body}</tbody>\n</table></div>\n"
    )
}

fn sources(out: &mut String, stats: &Stats) {
    if stats.sources.is_empty() {
        return;
    }
    let row = |source: &super::SourceStats| {
        format!(
            "<tr><td class=\"path\" dir=\"auto\">{}</td><td class=\"num\">{}</td><td class=\"num\">{}</td><td class=\"num\">{}</td></tr>\n",
            name(&source.source),
            thousands(source.rows),
            thousands(source.covered_bytes),
            thousands(source.to_byte)
        )
    };
    let body: String = stats.sources.iter().take(LISTED).map(row).collect();
    let mut text = table("Sources", &["Source", "Rows#", "Bytes covered#", "Up to byte#"], &body);
    if let more @ 1.. = stats.sources.len().saturating_sub(LISTED) {
        let _ = writeln!(text, "<p class=\"soft\">{} more not listed.</p>", thousands(more as u64));
    }
    section(out, "sources", "Sources", &text);
}

fn files(out: &mut String, stats: &Stats) {
    let row = |file: &super::FileStats| {
        format!(
            "<tr><td class=\"path\" dir=\"auto\">{}</td><td>{}</td><td>{}</td><td class=\"num\">{}</td><td class=\"num\">{}</td></tr>\n",
            name(&file.file),
            file.kind.unwrap_or("unknown"),
            file.layout.unwrap_or("unknown"),
            thousands(file.rows),
            thousands(file.bad_rows)
        )
    };
    let body: String = stats.files.iter().take(LISTED).map(row).collect();
    section(out, "files", "Files", &table("Files", &["File", "Kind", "Layout", "Rows#", "Unreadable#"], &body));
}
