//! The section about the stages: every figure before, after each phase and at the end.

use super::text::{counted, decimal, escape, percent};
use super::{none, or, section, svg};
use crate::report::{CellReport, EvaluationReport, MetricReport};

pub(super) fn stages(e: &EvaluationReport) -> String {
    const TITLE: &str = "Stage by stage";
    if e.metrics.is_empty() {
        return section(TITLE, &none("Nothing was measured."));
    }
    let mut intro = String::from(
        "<p class=\"soft\">All stages are asked the same. Below a figure: its change from the stage before, <span class=\"up\">better</span> or <span class=\"down\">worse</span>, and its 95% interval; where two intervals overlap, chance alone may be the difference.",
    );
    if let Some(reference) = &e.reference {
        intro.push_str(&format!(" Rewards are measured against {}.", escape(or(reference, "the stage before Align"))));
    }
    intro.push_str("</p>\n");
    let has_author = e.metrics.iter().any(|m| m.author.is_some());
    let mut heads: String =
        e.stages.iter().map(|s| format!("<th class=\"num\" scope=\"col\">{}</th>", escape(or(s, "unnamed")))).collect();
    if has_author {
        heads.push_str("<th class=\"num\" scope=\"col\">the author</th>");
    }
    let columns = e.stages.len() + 1 + usize::from(has_author);
    let mut body = String::new();
    let mut group = None;
    for metric in &e.metrics {
        if group != Some(&metric.group) {
            group = Some(&metric.group);
            body.push_str(&format!(
                "<tr class=\"group\"><th colspan=\"{columns}\" scope=\"rowgroup\">{}</th></tr>\n",
                escape(&metric.group)
            ));
        }
        body.push_str(&row(metric, has_author));
    }
    let table = format!(
        "<div class=\"scroll stages\" tabindex=\"0\" role=\"region\" aria-label=\"Figures by stage\"><table>\n<thead><tr><th scope=\"col\">Figure</th>{heads}</tr></thead>\n<tbody>\n{body}</tbody>\n</table></div>\n"
    );
    section(TITLE, &(intro + &table))
}

fn row(metric: &MetricReport, has_author: bool) -> String {
    let rests_on: Vec<usize> = metric.cells.iter().flatten().map(|cell| cell.of).collect();
    let (least, most) = (rests_on.iter().min().copied().unwrap_or(0), rests_on.iter().max().copied().unwrap_or(0));
    let of = if least == most {
        counted(most, &metric.noun)
    } else {
        format!("{} to {}", super::count(least), counted(most, &metric.noun))
    };
    let mut before: Option<CellReport> = None;
    let mut cells = String::new();
    for cell in &metric.cells {
        cells.push_str(&match cell {
            Some(cell) => shown(metric, before, *cell),
            None => "<td class=\"num soft\">–</td>".to_owned(),
        });
        before = *cell;
    }
    if has_author {
        let author = metric.author.map_or_else(|| "–".to_owned(), |value| escape(&number(metric, value)));
        cells.push_str(&format!("<td class=\"num soft\">{author}</td>"));
    }
    format!(
        "<tr><th scope=\"row\">{}<span>{} {}</span></th>{cells}</tr>\n",
        escape(or(&metric.title, &metric.name)),
        escape(&metric.about),
        escape(&format!("({of})"))
    )
}

fn number(metric: &MetricReport, value: f64) -> String {
    if metric.is_share { percent(value) } else { decimal(value) }
}

fn shown(metric: &MetricReport, before: Option<CellReport>, cell: CellReport) -> String {
    let mut out = format!("<b>{}</b>", escape(&number(metric, cell.value)));
    if metric.is_share {
        out.push_str(&svg::meter(before.map_or(cell.value, |b| b.value), cell.value));
    }
    if let Some(before) = before {
        out.push_str(&change(metric, before, cell));
    }
    if let Some((low, high)) = cell.interval.filter(|(low, high)| low.is_finite() && high.is_finite()) {
        let (low, high) = match metric.is_share {
            true => (format!("{:.0}", low * 100.0 + 0.0), percent(high)),
            false => (decimal(low), decimal(high)),
        };
        out.push_str(&format!("<small>{} to {}</small>", escape(&low), escape(&high)));
    }
    format!("<td class=\"num\">{out}</td>")
}

/// How far a figure moved, in points where it is a share; coloured where one direction is better.
fn change(metric: &MetricReport, before: CellReport, cell: CellReport) -> String {
    let moved = cell.value - before.value;
    if !moved.is_finite() {
        return String::new();
    }
    let (size, nothing) = match metric.is_share {
        true => (format!("{:.0}", (moved * 100.0).abs()), (moved * 100.0).abs() < 0.5),
        false => (decimal(moved.abs()), moved.abs() < 5e-4 * before.value.abs().max(1.0)),
    };
    if nothing {
        return "<small>no change</small>".to_owned();
    }
    let sign = if moved > 0.0 { "+" } else { "−" };
    let class = match cell.gain {
        Some(gain) if gain > 0.0 => " class=\"up\"",
        Some(gain) if gain < 0.0 => " class=\"down\"",
        _ => "",
    };
    format!("<small{class}>{sign}{size}</small>")
}
