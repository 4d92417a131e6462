use std::fmt::Write as _;
use std::ops::Range;

use serde_json::Value;

use super::Look;
use super::page::plain;
use crate::dataset::terminal::{cell, counted, fit, width, wrap};
use crate::dataset::{Layout, Record};
use crate::row;

/// The words around the evidence that are shown of a long passage, in bytes on each side.
const AROUND: usize = 900;
/// A passage up to this long is shown whole, in bytes.
const WHOLE: usize = 2400;

/// The document that a row was made from.
#[derive(Clone, Copy, Debug)]
pub enum Passage<'a> {
    /// Nobody named documents.
    Unasked,
    /// Documents were named, and the row's is not among them.
    Absent,
    /// Its masked text.
    Text(&'a str),
}

/// One row in full: every text by its role with its tokens where they are stored, the passage with the evidence
/// marked, and every other column.
#[must_use]
pub fn one(record: &Record, layout: Option<&Layout>, passage: Passage<'_>, look: Look) -> String {
    let (strong, end) = look.strong();
    let (soft, soft_end) = look.soft();
    let mut out = format!("{strong}row {}{end}", record.row);
    let mut used = vec!["id", "split"];
    for part in [record.text("split"), record.id()].into_iter().flatten() {
        let _ = write!(out, "  {soft}{}{soft_end}", fit(part, look.width));
    }
    if let Some(line) = record.line {
        let _ = write!(out, "  {soft}line {line}{soft_end}");
    }
    out.push('\n');
    let mut token_columns = vec![];
    for spoken in layout.map(|layout| layout.texts(record)).unwrap_or_default() {
        let column = spoken.name.split(['[', '.']).next().unwrap_or_default();
        if let Some((column, _)) = record.values.get_key_value(column) {
            used.push(column);
        }
        let role = spoken.role.name();
        let role = if role == spoken.name { String::new() } else { format!(" ({role})") };
        let stored = format!("tokens_{}", spoken.name);
        let tokens = match record.values.get_key_value(&stored) {
            Some((name, value)) => {
                token_columns.push(name.as_str());
                value.as_u64().map(|tokens| format!("  {}", counted(tokens, "token"))).unwrap_or_default()
            }
            None => String::new(),
        };
        let _ = writeln!(out, "\n{strong}{}{end}{soft}{role}{tokens}{soft_end}", fit(&spoken.name, look.width));
        indented(&mut out, spoken.text, &(0..0), look);
    }
    used.extend(token_columns);
    source(&mut out, record, passage, look);
    let rest: Vec<_> = record.values.iter().filter(|(name, _)| !used.contains(&name.as_str())).collect();
    if !rest.is_empty() {
        let _ = writeln!(out, "\n{strong}other columns{end}");
        let names = rest.iter().map(|(name, _)| width(&fit(name, 28))).max().unwrap_or(0);
        for (name, value) in rest {
            let room = look.width.saturating_sub(names + 5).max(16);
            let lines = wrap(&plain(value), &(0..0), room, ("", ""));
            for (i, line) in lines.iter().enumerate() {
                let name = if i == 0 { name.as_str() } else { "" };
                let line = format!("  {soft}{}{soft_end}  {line}", cell(name, names));
                let _ = writeln!(out, "{}", line.trim_end());
            }
        }
    }
    out
}

fn indented(out: &mut String, text: &str, mark: &Range<usize>, look: Look) {
    if text.trim().is_empty() {
        out.push_str("  (empty)\n");
        return;
    }
    for line in wrap(text, mark, look.width.saturating_sub(4), look.mark()) {
        let _ = writeln!(out, "{}", format!("  {line}").trim_end());
    }
}

/// The passage that grounds the row.
fn source(out: &mut String, record: &Record, passage: Passage<'_>, look: Look) {
    let Some(name) = record.text("source").filter(|name| !name.is_empty()) else { return };
    let number = |at: usize| record.values.get("span")?.get(at).and_then(Value::as_u64);
    let span = number(0).zip(number(1));
    let (strong, end) = look.strong();
    let bytes = span.map(|(start, end)| format!("  bytes {start} to {end}")).unwrap_or_default();
    let mut head = |note: &str| {
        let (soft, soft_end) = look.soft();
        let _ = writeln!(out, "\n{strong}passage{end}{soft}  {}{bytes}{note}{soft_end}", fit(name, look.width));
    };
    let document = match passage {
        Passage::Unasked => return,
        Passage::Absent => return head("; this document is not among the sources"),
        Passage::Text(document) => document,
    };
    let evidence = record.text("evidence").unwrap_or_default();
    let place = span.and_then(|(start, end)| {
        let (start, end) = (usize::try_from(start).ok()?, usize::try_from(end).ok()?);
        document.get(start..end).map(|text| (text, start))
    });
    let (text, note) = match place {
        Some((text, _)) => (text, ""),
        None => (document, "; the span does not fit the document, which may have changed"),
    };
    let found = row::locate(evidence, text).map(|found| found.range);
    head(match (&found, evidence.trim().is_empty()) {
        (None, false) if note.is_empty() => "; the evidence is not in it",
        _ => note,
    });
    let mark = found.unwrap_or(0..0);
    let (shown, mark) = window(text, &mark);
    indented(out, &shown, &mark, look);
}

/// The part of a long passage around its mark.
fn window(text: &str, mark: &Range<usize>) -> (String, Range<usize>) {
    if text.len() <= WHOLE {
        return (text.to_owned(), mark.clone());
    }
    let (mut from, mut to) = (mark.start.saturating_sub(AROUND), (mark.end + AROUND).min(text.len()));
    while !text.is_char_boundary(from) {
        from -= 1;
    }
    while !text.is_char_boundary(to) {
        to += 1;
    }
    let before = if from == 0 { "" } else { "… " };
    let after = if to == text.len() { "" } else { " …" };
    let moved = |at: usize| at - from + before.len();
    (format!("{before}{}{after}", &text[from..to]), moved(mark.start)..moved(mark.end))
}
