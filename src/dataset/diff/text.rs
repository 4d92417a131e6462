use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use super::{Change, Diff, Piece, Values, plain, words};
use crate::dataset::show::Look;
use crate::dataset::terminal::{counted, fit, thousands, wrap};

/// The differences for a terminal. `names` are the old and the new file's.
#[must_use]
pub fn text(diff: &Diff, names: [&str; 2], look: Look) -> String {
    let mut out = String::new();
    for (at, (sign, name)) in [("---", names[0]), ("+++", names[1])].into_iter().enumerate() {
        let bad = match diff.bad_rows[at] {
            0 => String::new(),
            bad => format!(", {} unreadable", thousands(bad)),
        };
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(out, "{sign} {}  {}{bad}", fit(name, 200), counted(diff.rows[at], "row"));
    }
    if diff.equal {
        let moved = match diff.moved {
            0 => String::new(),
            moved => format!(", {} in another place", thousands(moved)),
        };
        let _ = writeln!(out, "the same {}{moved}", counted(diff.same, "row"));
        return out;
    }
    let _ = writeln!(
        out,
        "{} added, {} removed, {} changed, {} the same{}",
        thousands(diff.added),
        thousands(diff.removed),
        thousands(diff.changed),
        thousands(diff.same),
        if diff.moved > 0 { format!(" ({} in another place)", thousands(diff.moved)) } else { String::new() }
    );
    let listed = |counts: &mut dyn Iterator<Item = (&str, u64)>| {
        counts.map(|(name, count)| format!("{} {}", fit(name, 60), thousands(count))).collect::<Vec<_>>().join(", ")
    };
    if diff.changed > 0 {
        let ways = listed(&mut diff.matched_by.iter().map(|(way, count)| (*way, *count)));
        let _ = writeln!(out, "changed rows matched by: {ways}");
        let _ =
            writeln!(out, "in columns: {}", listed(&mut diff.changed_columns.iter().map(|(c, n)| (c.as_str(), *n))));
    }
    counts(&mut out, "kind", &diff.kinds);
    counts(&mut out, "split", &diff.splits);
    for (sign, columns) in [('-', &diff.columns_removed), ('+', &diff.columns_added)] {
        for column in columns {
            let _ = writeln!(out, "column {sign} {}", fit(column, 80));
        }
    }
    for held in &diff.metadata {
        let value = |value: &Option<String>| value.as_deref().map_or("(none)".to_owned(), |value| fit(value, 40));
        let _ = writeln!(out, "metadata {}: {} → {}", fit(&held.key, 60), value(&held.old), value(&held.new));
    }
    if !diff.changes.is_empty() {
        out.push('\n');
    }
    for change in &diff.changes {
        one(&mut out, change, look);
    }
    for (sort, count) in [("removed", diff.removed), ("changed", diff.changed), ("added", diff.added)] {
        let listed = diff.changes.iter().filter(|change| change.change == sort).count() as u64;
        if count > listed {
            let _ = writeln!(out, "… {} more {sort}", thousands(count - listed));
        }
    }
    out
}

fn counts(out: &mut String, title: &str, counts: &BTreeMap<String, [u64; 2]>) {
    for (value, [old, new]) in counts.iter().filter(|(_, [old, new])| old != new) {
        let _ = writeln!(out, "{title} {}: {} → {}", fit(value, 60), thousands(*old), thousands(*new));
    }
}

fn one(out: &mut String, change: &Change, look: Look) {
    let (sign, color) = match change.change {
        "added" => ('+', "\u{1b}[32m"),
        "removed" => ('-', "\u{1b}[31m"),
        _ => ('~', "\u{1b}[33m"),
    };
    let (color, end) = if look.color { (color, "\u{1b}[0m") } else { ("", "") };
    let row = match (change.old_row, change.new_row) {
        (Some(old), Some(new)) if old != new => format!("{old} → {new}"),
        (Some(row), _) | (_, Some(row)) => row.to_string(),
        (None, None) => String::new(),
    };
    let id = change.id.as_deref().map(|id| format!("  {}", fit(id, 12))).unwrap_or_default();
    let fields = if change.fields.is_empty() {
        String::new()
    } else {
        format!("  {}", fit(&change.fields.join(", "), look.width.max(60) - 30))
    };
    let _ = writeln!(out, "{color}{sign} row {row}{end}{id}{fields}");
    for values in &change.values {
        shown(out, change.change, values, look);
    }
}

fn shown(out: &mut String, change: &str, values: &Values, look: Look) {
    let (gone, new, end) = if look.color { ("\u{1b}[31;9m", "\u{1b}[32m", "\u{1b}[0m") } else { ("[-", "{+", "") };
    let close = |sign: &'static str| if end.is_empty() { sign } else { end };
    let text = |value: &Value| if value.is_null() { String::new() } else { plain(value) };
    let pieces = match change {
        "removed" => vec![Piece::Same(text(&values.old))],
        "added" => vec![Piece::Same(text(&values.new))],
        _ => words(&text(&values.old), &text(&values.new)),
    };
    let blank = change == "changed" && pieces.iter().all(|piece| matches!(piece, Piece::Same(_)));
    let _ = writeln!(
        out,
        "    {}{}",
        fit(&values.field, 60),
        if blank { "  (white space, or the type of the value)" } else { "" }
    );
    // Wrapped first, so that the signs, which a terminal may not be sent by the text itself, come last.
    let mut line = String::new();
    for piece in pieces {
        let (words, open, shut) = match &piece {
            Piece::Same(words) => (words, "", ""),
            Piece::Gone(words) => (words, gone, close("-]")),
            Piece::New(words) => (words, new, close("+}")),
        };
        let (body, space) = words.split_at(words.trim_end().len());
        let lines = wrap(body, &(0..0), usize::MAX / 2, ("", ""));
        let dressed: Vec<String> = lines.iter().map(|part| format!("{open}{part}{shut}")).collect();
        line.push_str(&dressed.join("\n"));
        line.push_str(if space.contains('\n') {
            "\n"
        } else if space.is_empty() {
            ""
        } else {
            " "
        });
    }
    for line in line.lines() {
        let _ = writeln!(out, "{}", format!("      {line}").trim_end());
    }
}
