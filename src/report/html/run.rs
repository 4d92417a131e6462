//! The sections about the run itself: datasets, losses, phases.

use super::text::{NOT_MEASURED, count, decimal, duration, escape, thousands};
use super::{held_out, list, none, or, section, svg, table};
use crate::report::{DatasetReport, PhaseReport};

/// Rows, rejections and how long the fields are.
pub(super) fn datasets(datasets: &[DatasetReport]) -> String {
    if datasets.is_empty() {
        return section("Datasets", &none("No datasets were made."));
    }
    let row = |d: &DatasetReport| {
        let about = match d.kind.as_str() {
            "qa" => "<span>what the person knows</span>",
            "cot" => "<span>how the person reasons</span>",
            "preference" => "<span>how the person sounds</span>",
            _ => "",
        };
        let mut reasons: Vec<_> = d.rejected.iter().collect();
        reasons.sort_by(|a, b| b.1.cmp(a.1));
        format!(
            "<tr><th scope=\"row\">{}{about}</th><td class=\"num\">{}</td><td class=\"num\">{}</td><td class=\"num\">{}</td><td>{}</td></tr>\n",
            escape(or(&d.kind, "unnamed")),
            count(d.train),
            count(d.test),
            count(d.rejected.values().sum()),
            list(reasons.into_iter().map(|(reason, rows)| (reason, count(*rows))))
        )
    };
    let total = |of: fn(&DatasetReport) -> usize| count(datasets.iter().map(of).sum());
    let foot = format!(
        "<tr><th scope=\"row\">all</th><td class=\"num\">{}</td><td class=\"num\">{}</td><td class=\"num\">{}</td><td></td></tr>",
        total(|d| d.train),
        total(|d| d.test),
        total(|d| d.rejected.values().sum())
    );
    let body: String = datasets.iter().map(row).collect();
    let charts: String = datasets.iter().map(histograms).collect();
    let heads = ["Dataset", "Train#", "Test#", "Rejected#", "Rejected, by reason"];
    section("Datasets", &(table("datasets", "Datasets", &heads, &body, &foot) + &charts))
}

fn histograms(dataset: &DatasetReport) -> String {
    let title = format!("<h3>{} <span>tokens per row, by field</span></h3>\n", escape(or(&dataset.kind, "unnamed")));
    let Some(longest) = dataset.tokens.iter().flat_map(|(_, tokens)| tokens).max() else {
        return title + &none(NOT_MEASURED);
    };
    let chart = |(field, tokens): &(String, Vec<u32>)| {
        let mut sorted = tokens.clone();
        sorted.sort_unstable();
        let (Some(median), Some(most)) = (sorted.get(sorted.len() / 2), sorted.last()) else {
            return format!(
                "<figure><figcaption><b>{}</b></figcaption>{}</figure>\n",
                escape(field),
                none(NOT_MEASURED)
            );
        };
        let over = tokens.iter().filter(|t| dataset.cap > 0 && **t as usize > dataset.cap).count();
        let over =
            if over > 0 { format!(", <span class=\"down\">{} over cap</span>", count(over)) } else { String::new() };
        let empty = tokens.iter().filter(|t| **t == 0).count();
        let empty = if empty > 0 { format!(", {} empty", count(empty)) } else { String::new() };
        format!(
            "<figure><figcaption><b>{}</b> median {}, longest {}{over}{empty}</figcaption>{}</figure>\n",
            escape(field),
            thousands(u64::from(*median)),
            thousands(u64::from(*most)),
            svg::histogram(field, tokens, dataset.cap, *longest)
        )
    };
    format!("{title}<div class=\"charts\">\n{}</div>\n", dataset.tokens.iter().map(chart).collect::<String>())
}

/// A chart of the loss per phase.
pub(super) fn losses(phases: &[PhaseReport]) -> String {
    if phases.is_empty() {
        return section("Loss", &none("No training phase ran."));
    }
    let key = |shape: &str, name: &str| {
        format!("<span><svg viewBox=\"0 0 24 10\" aria-hidden=\"true\">{shape}</svg>{name}</span>\n")
    };
    let legend = [
        key("<polyline class=\"raw\" points=\"0,8 6,3 12,7 18,2 24,6\"/>", "training, each step"),
        key("<polyline class=\"smooth\" points=\"0,5 24,5\"/>", "training, smoothed"),
        key("<circle class=\"held\" cx=\"12\" cy=\"5\" r=\"4\"/>", "held out"),
        key("<line class=\"kept\" x1=\"12\" x2=\"12\" y1=\"0\" y2=\"10\"/>", "the step that was kept"),
    ]
    .concat();
    let chart = |phase: &PhaseReport| {
        let chart = svg::loss_chart(phase).unwrap_or_else(|| none(NOT_MEASURED));
        format!("<figure><figcaption><b>{}</b></figcaption>{chart}</figure>\n", escape(or(&phase.phase, "unnamed")))
    };
    let charts: String = phases.iter().map(chart).collect();
    section("Loss", &format!("<div class=\"legend\">\n{legend}</div>\n<div class=\"charts\">\n{charts}</div>\n"))
}

/// The phases in figures.
pub(super) fn phases(phases: &[PhaseReport]) -> String {
    if phases.is_empty() {
        return section("Phases", &none("No training phase ran."));
    }
    let row = |p: &PhaseReport| {
        let loss = |step| held_out(p, step).map_or_else(|| NOT_MEASURED.to_owned(), decimal);
        let held = match (held_out(p, 0), held_out(p, p.kept_step)) {
            (None, None) => NOT_MEASURED.to_owned(),
            _ => format!("{} → {}", loss(0), loss(p.kept_step)),
        };
        let speed = if p.tokens_per_second > 0.0 { decimal(p.tokens_per_second) } else { NOT_MEASURED.to_owned() };
        let cells: String =
            [count(p.rows), thousands(p.steps), thousands(p.kept_step), held, duration(p.seconds), speed]
                .map(|cell| format!("<td class=\"num\">{cell}</td>"))
                .concat();
        let figures = list(p.figures.iter().map(|(name, value)| (name, decimal(*value))));
        format!("<tr><th scope=\"row\">{}</th>{cells}<td>{figures}</td></tr>\n", escape(or(&p.phase, "unnamed")))
    };
    let body: String = phases.iter().map(row).collect();
    let heads = ["Phase", "Rows#", "Steps#", "Kept step#", "Held-out loss#", "Time#", "Tokens/s#", "Other figures"];
    section("Phases", &table("phases", "Training phases", &heads, &body, ""))
}
