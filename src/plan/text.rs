//! The plan for people: what fits, recommended first, and why the rest does not.

use std::fmt::Write;

use unicode_width::UnicodeWidthStr;

use super::bench::Measured;
use super::{Plan, Row, Verdict};

/// Which rows are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// Per student the one that fits best.
    Best,
    /// Every student in every quantisation.
    All,
}

/// The plan as lines. Sizes are in GB of 10^9 bytes, as files are listed.
#[must_use]
pub fn text(plan: &Plan, which: Rows) -> String {
    let place = &plan.device;
    let mut out = format!(
        "{} ({}): {:.1} GB, of which one program may take {:.1} GB\n  ({})\n",
        place.name,
        place.kind,
        gb(place.memory_bytes),
        gb(place.budget_bytes),
        place.budget_from
    );
    match place.bandwidth_bytes_per_second {
        Some(bandwidth) => {
            let from = place.bandwidth_from.as_deref().map_or(String::new(), |from| format!(" ({from})"));
            let gets = place.efficiency * 100.0;
            let _ =
                writeln!(out, "  memory: {:.1} GB/s{from}, generation gets some {gets:.0} % of it", bandwidth / 1e9);
        }
        None => out.push_str("  memory bandwidth is not known, so there is no speed\n"),
    }
    let _ = writeln!(out, "  context: {} tokens, keys and values in {}\n", plan.context, plan.kv_type.name());
    let rows: Vec<&Row> = match which {
        Rows::All => plan.rows.iter().collect(),
        Rows::Best => best(plan),
    };
    let mut cells =
        vec![["", "student", "type", "file", "in all", "left", "tokens/s", "prompt", ""].map(str::to_owned)];
    cells.extend(rows.iter().map(|row| line(row)));
    out.push_str(&table(&cells));
    if let Some(row) = plan.rows.iter().find(|row| row.verdict == Verdict::Recommended) {
        let memory = &row.memory;
        let _ = write!(
            out,
            "\n{} {}: {:.2} GB weights + {:.2} GB keys and values + {:.2} GB working memory + {:.2} GB program = {:.2} GB\n",
            row.student,
            row.quantisation,
            gb(memory.weight_bytes),
            gb(memory.kv_bytes),
            gb(memory.working_bytes),
            gb(memory.runtime_bytes),
            gb(memory.total_bytes)
        );
    } else {
        out.push_str("\nnone fits well; a shorter --context or --kv q8_0 takes less\n");
    }
    if which == Rows::Best && plan.rows.len() > rows.len() {
        let _ = writeln!(out, "one line per student; --all shows {} more", plan.rows.len() - rows.len());
    }
    out
}

/// What was measured, as lines.
#[must_use]
pub fn measured(found: &Measured) -> String {
    let mut out = format!(
        "memory: {:.1} GB/s with one thread, {:.1} GB/s with {}\n",
        found.one_thread_bytes_per_second / 1e9,
        found.all_threads_bytes_per_second / 1e9,
        found.threads
    );
    if let Some(decoded) = found.decoder {
        let _ = writeln!(
            out,
            "decoder: {:.1} tokens/s, prompt {:.1} tokens/s",
            decoded.tokens_per_second, decoded.prompt_tokens_per_second
        );
    }
    out
}

/// Per student the row that the order puts first; of those that are too large or too slow the smallest.
fn best(plan: &Plan) -> Vec<&Row> {
    let mut rows: Vec<&Row> = Vec::new();
    for row in &plan.rows {
        match rows.iter_mut().find(|shown| shown.student == row.student) {
            None => rows.push(row),
            Some(shown) => {
                let fails = matches!(row.verdict, Verdict::TooLarge | Verdict::Slow) && row.verdict == shown.verdict;
                if fails && row.memory.total_bytes < shown.memory.total_bytes {
                    *shown = row;
                }
            }
        }
    }
    rows
}

fn line(row: &Row) -> [String; 9] {
    let speed = |speed: Option<f64>| match speed {
        Some(speed) if speed < 10.0 => format!("{speed:.1}"),
        Some(speed) => format!("{speed:.0}"),
        None => "–".to_owned(),
    };
    let (mark, says) = match row.verdict {
        Verdict::Recommended => ("→", "recommended"),
        Verdict::Fits => ("✓", "fits"),
        Verdict::Tight => ("~", "tight"),
        Verdict::Slow => ("~", "slow"),
        Verdict::ShortContext => ("✗", "short"),
        Verdict::TooLarge => ("✗", "too large"),
    };
    let says = row.reason.as_ref().map_or_else(|| says.to_owned(), |reason| format!("{says}: {reason}"));
    [
        mark.to_owned(),
        row.student.clone(),
        row.quantisation.clone(),
        format!("{:.2}", gb(row.file_bytes)),
        format!("{:.2}", gb(row.memory.total_bytes)),
        format!("{:.2}", row.headroom_bytes as f64 / 1e9),
        speed(row.tokens_per_second),
        speed(row.prompt_tokens_per_second),
        says,
    ]
}

/// Columns one beside the other; numbers to the right.
fn table<const N: usize>(cells: &[[String; N]]) -> String {
    let mut widths = [0_usize; N];
    for row in cells {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    let mut out = String::new();
    for row in cells {
        let mut line = String::new();
        for (i, (cell, width)) in row.iter().zip(widths).enumerate() {
            let pad = " ".repeat(width - cell.width());
            let number = (3..8).contains(&i);
            line.push_str(&if number { format!("{pad}{cell}  ") } else { format!("{cell}{pad}  ") });
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

fn gb(bytes: u64) -> f64 {
    bytes as f64 / 1e9
}
