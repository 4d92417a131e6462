use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Bin, FieldStats, NONE, Stats};
use crate::dataset::terminal::{cell, counted, fit, thousands};

/// Values of a column, and sources, that are listed.
const LISTED: usize = 12;
/// Columns that a name takes.
const NAME: usize = 34;
/// Columns of the longest bar.
const BAR: u64 = 24;

/// The statistics for a terminal.
#[must_use]
pub fn text(stats: &Stats) -> String {
    let mut out = String::new();
    for file in &stats.files {
        let what = [file.kind, file.layout.filter(|layout| *layout != "distill")].into_iter().flatten();
        let what = what.collect::<Vec<_>>().join(", ");
        let bad = if file.bad_rows == 0 { String::new() } else { format!(", {} unreadable", thousands(file.bad_rows)) };
        let what = if what.is_empty() { "columns of no known layout".to_owned() } else { what };
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(out, "{}  {}{bad}  {what}", fit(&file.file, 200), counted(file.rows, "row"));
    }
    let lists = [
        ("kinds", &stats.kinds),
        ("splits", &stats.splits),
        ("teachers", &stats.teachers),
        ("templates", &stats.templates),
        ("question types (by English wording)", &stats.question_types),
    ];
    for (title, counts) in lists {
        if counts.keys().any(|value| value != NONE) {
            list(&mut out, title, counts);
        }
    }
    for field in &stats.fields {
        lengths(&mut out, field);
    }
    let d = &stats.duplicates;
    let _ = write!(out, "\nduplicates\n");
    let _ = writeln!(
        out,
        "  {} with the texts of an earlier row ({} in all)",
        counted(d.rows, "row"),
        counted(d.groups, "group")
    );
    let _ = writeln!(
        out,
        "  {} with the prompt and context of an earlier row ({})",
        counted(d.prompts, "row"),
        counted(d.prompt_groups, "group")
    );
    if !stats.sources.is_empty() {
        let _ = writeln!(out, "\nsources ({})", thousands(stats.sources.len() as u64));
        for source in stats.sources.iter().take(LISTED) {
            let covered = match source.to_byte {
                0 => String::new(),
                to => format!("  {} of the first {} bytes covered", thousands(source.covered_bytes), thousands(to)),
            };
            let _ = writeln!(out, "  {} {:>9}{covered}", cell(&source.source, NAME), thousands(source.rows));
        }
        more(&mut out, stats.sources.len());
    }
    if let Some(cost) = stats.cost_usd {
        let _ = writeln!(out, "\ncost  {}", dollars(cost));
    }
    out
}

fn more(out: &mut String, all: usize) {
    if all > LISTED {
        let _ = writeln!(out, "  … {} more", thousands((all - LISTED) as u64));
    }
}

/// An amount of money, exact where it is small.
pub(super) fn dollars(cost: f64) -> String {
    if cost != 0.0 && cost.abs() < 1.0 { format!("{cost:.4} USD") } else { format!("{cost:.2} USD") }
}

/// The values of a column, the most frequent first.
pub(super) fn by_count(counts: &BTreeMap<String, u64>) -> Vec<(&str, u64)> {
    let mut values: Vec<(&str, u64)> = counts.iter().map(|(value, count)| (value.as_str(), *count)).collect();
    values.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    values
}

fn list(out: &mut String, title: &str, counts: &BTreeMap<String, u64>) {
    let _ = writeln!(out, "\n{title}");
    let values = by_count(counts);
    let most = values.first().map_or(1, |(_, count)| *count);
    for (value, count) in values.iter().take(LISTED) {
        let _ = writeln!(out, "  {} {:>9}  {}", cell(value, NAME), thousands(*count), bar(*count, most));
    }
    more(out, values.len());
}

fn lengths(out: &mut String, field: &FieldStats) {
    let _ = write!(
        out,
        "\n{} {} in {}: min {}, median {}, p95 {}, max {}",
        field.kind,
        field.field,
        field.unit,
        thousands(field.min),
        thousands(field.median),
        thousands(field.p95),
        thousands(field.max)
    );
    let _ = match field.empty {
        0 => writeln!(out),
        empty => writeln!(out, "; {} empty", thousands(empty)),
    };
    if field.max == 0 {
        return;
    }
    let most = field.histogram.iter().map(|bin| bin.count).max().unwrap_or(1);
    let labels: Vec<String> = field.histogram.iter().map(label).collect();
    let width = labels.iter().map(String::len).max().unwrap_or(0);
    for (bin, label) in field.histogram.iter().zip(labels) {
        let line = format!("  {label:>width$} {:>9}  {}", thousands(bin.count), bar(bin.count, most));
        let _ = writeln!(out, "{}", line.trim_end());
    }
}

/// The lengths of a bar.
pub(super) fn label(bin: &Bin) -> String {
    match bin.to == bin.from {
        true => thousands(bin.from),
        false => format!("{}–{}", thousands(bin.from), thousands(bin.to)),
    }
}

/// A bar in eighths of a column; what is not none is seen.
fn bar(count: u64, most: u64) -> String {
    let eighths = (count as f64 / most.max(1) as f64 * (BAR * 8) as f64).ceil() as usize;
    let part = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8];
    "█".repeat(eighths / 8) + part
}
