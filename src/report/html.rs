//! The page: sections in the order of a reader's questions. Nothing from outside, no script, no clock.

mod leak;
mod run;
mod svg;
#[cfg(test)]
mod tests;
pub(super) mod text;

use std::collections::BTreeMap;

use super::{EvaluationReport, PhaseReport, ReportData, SampleAnswer};
use leak::leak;
use run::{datasets, losses, phases};
use text::{NOT_MEASURED, count, counted, escape, highlight, megabytes, percent, thousands};

/// The style sheet, part of every page.
const STYLE: &str = include_str!("html/style.css");

/// One self-contained HTML file: the same data gives the same bytes.
#[must_use]
pub fn render(data: &ReportData) -> String {
    let sections = [
        header(data),
        headline(data),
        notes(data),
        samples(&data.evaluation.samples),
        leak(data.leak.as_ref()),
        datasets(&data.datasets),
        losses(&data.phases),
        phases(&data.phases),
        masked(&data.masked),
        outputs(&data.outputs),
        chat(&data.chat_command),
    ]
    .concat();
    format!(
        r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{STYLE}</style>
</head>
<body>
<main>
{sections}<footer>Made by {maker}. Samples come from masked rows and from the student; the page loads nothing.</footer>
</main>
</body>
</html>
"#,
        title = escape(&format!("{} – distill report", or(&data.run, "run"))),
        maker = escape(format!("distill {}", data.tool_version).trim()),
    )
}

/// `text`, or `other` when there is none.
fn or<'a>(text: &'a str, other: &'a str) -> &'a str {
    if text.trim().is_empty() { other } else { text }
}

fn section(title: &str, body: &str) -> String {
    format!("<section>\n<h2>{title}</h2>\n{body}</section>\n")
}

fn none(text: &str) -> String {
    format!("<p class=\"none\">{text}</p>\n")
}

/// A table in a box of its own, which scrolls when the page is narrow. Heads that end in `#` are of numbers.
fn table(class: &str, name: &str, heads: &[&str], body: &str, foot: &str) -> String {
    let head = |head: &&str| match head.strip_suffix('#') {
        Some(head) => format!("<th class=\"num\" scope=\"col\">{head}</th>"),
        None => format!("<th scope=\"col\">{head}</th>"),
    };
    let heads: String = heads.iter().map(head).collect();
    let foot = if foot.is_empty() { String::new() } else { format!("<tfoot>{foot}</tfoot>\n") };
    format!(
        "<div class=\"scroll {class}\" tabindex=\"0\" role=\"region\" aria-label=\"{name}\"><table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{body}</tbody>\n{foot}</table></div>\n"
    )
}

fn header(data: &ReportData) -> String {
    let read = match (data.documents, data.passages) {
        (0, 0) => String::new(),
        (documents, passages) => format!("{}, {}", counted(documents, "document"), counted(passages, "passage")),
    };
    let fact = |(name, value): (&str, &str)| {
        format!("<div><dt>{name}</dt><dd>{}</dd></div>\n", escape(or(value, "not recorded")))
    };
    let facts: String = [
        ("Student", data.student.as_str()),
        ("Teacher", &data.teacher),
        ("Read", &read),
        ("Version", &data.tool_version),
    ]
    .map(fact)
    .concat();
    format!(
        "<header>\n<p class=\"eyebrow\">distill report</p>\n<h1>{}</h1>\n<dl class=\"facts\">\n{facts}</dl>\n</header>\n",
        escape(or(&data.run, "unnamed run"))
    )
}

/// One figure of the headline; all arguments are HTML.
fn figure(class: &str, name: &str, value: &str, rest: &str) -> String {
    let missing = if matches!(value, NOT_MEASURED | "none") { " missing" } else { "" };
    format!("<div class=\"figure{class}\"><h2>{name}</h2><p class=\"value{missing}\">{value}</p>{rest}</div>\n")
}

/// A share before and after, out of `of` things.
fn change(name: &str, of: usize, noun: &str, before: f64, after: f64) -> String {
    if of == 0 || !(before.is_finite() || after.is_finite()) {
        return figure(" wide", name, NOT_MEASURED, &format!("<small>no held-out {noun}s</small>"));
    }
    let shown = |share: f64| if share.is_finite() { escape(&percent(share)) } else { "?".to_owned() };
    let exactly = |share: f64| match share {
        _ if share.is_finite() => thousands((share * of as f64).round() as u64),
        _ => NOT_MEASURED.to_owned(),
    };
    let points = (after * 100.0).round() - (before * 100.0).round();
    let verdict = match points {
        _ if points.is_nan() => String::new(),
        _ if points > 0.0 => format!("<span class=\"up\">up {points:.0} points</span>; "),
        _ if points < 0.0 => format!("<span class=\"down\">down {:.0} points</span>; ", -points),
        _ => "<span class=\"down\">no change</span>; ".to_owned(),
    };
    figure(
        " wide",
        name,
        &format!("{} <i>→</i> {}", shown(before), shown(after)),
        &format!(
            "{}<small>{verdict}{} → {} of {}</small>",
            svg::meter(before, after),
            exactly(before),
            exactly(after),
            counted(of, noun)
        ),
    )
}

/// A share of the tuned student's, where the base's says nothing.
fn share(name: &str, of: usize, noun: &str, after: f64, words: &str) -> String {
    match of {
        0 => figure("", name, NOT_MEASURED, ""),
        _ => figure("", name, &escape(&percent(after)), &format!("<small>{words}, {}</small>", counted(of, noun))),
    }
}

fn headline(data: &ReportData) -> String {
    let e = &data.evaluation;
    let (train, test) = data.datasets.iter().fold((0, 0), |(a, b), d| (a + d.train, b + d.test));
    let answered = e.recall_questions > 0 || !e.samples.is_empty();
    let ended = if answered { escape(&percent(e.stopped_after)) } else { NOT_MEASURED.to_owned() };
    let mut files = data.outputs.iter().filter(|(name, _)| name.to_ascii_lowercase().ends_with(".gguf"));
    let gguf = match files.next() {
        None => figure("", "GGUF size", "none", "<small>no GGUF file came out</small>"),
        Some((name, bytes)) => {
            let more = match files.count() {
                0 => String::new(),
                more => format!(", and {} below", count(more)),
            };
            figure("", "GGUF size", &escape(&megabytes(*bytes)), &format!("<small>{}{more}</small>", escape(name)))
        }
    };
    let rows = match data.datasets.is_empty() {
        true => NOT_MEASURED.to_owned(),
        false => count(train + test),
    };
    format!(
        "<div class=\"figures\">\n{}{}{}{}{}{gguf}{}</div>\n",
        share(
            "Trained questions",
            e.trained_questions,
            "question",
            e.trained_after,
            "answered right in their own words"
        ),
        change("Fact recall", e.recall_questions, "question", e.recall_before, e.recall_after),
        change(
            "Admits not knowing",
            e.unknown_questions,
            "question",
            e.unknown_admitted_before,
            e.unknown_admitted_after
        ),
        change("Preference accuracy", e.preference_pairs, "pair", e.preference_before, e.preference_after),
        figure("", "Answers that end", &ended, "<small>by themselves, not at the token limit</small>"),
        figure("", "Rows", &rows, &format!("<small>{} train, {} held out</small>", count(train), count(test))),
    )
}

/// What a reader would otherwise have to find: regressions, small samples, broken numbers.
fn notes(data: &ReportData) -> String {
    let e: &EvaluationReport = &data.evaluation;
    let mut notes = Vec::new();
    if e.recall_questions > 0 && e.recall_after <= e.recall_before {
        notes.push("Fact recall did not rise.".to_owned());
    }
    if (1..50).contains(&e.recall_questions) {
        let each = 100.0 / e.recall_questions as f64;
        notes.push(format!(
            "Recall was asked with only {}: each moves it by {each:.0} points or so.",
            counted(e.recall_questions, "question")
        ));
    }
    if e.unknown_questions > 0 && e.unknown_admitted_after < 0.5 {
        notes.push(format!(
            "Asked about {} it was never told, it says so in {} of the cases and makes something up in the others.",
            counted(e.unknown_questions, "fact"),
            percent(e.unknown_admitted_after)
        ));
    }
    if e.preference_pairs > 0 && e.preference_after <= e.preference_before {
        notes.push("Preference accuracy did not rise.".to_owned());
    }
    if (e.recall_questions > 0 || !e.samples.is_empty()) && e.stopped_after < 0.9 {
        notes.push(format!("{} of the answers run into the token limit.", percent(1.0 - e.stopped_after)));
    }
    if let Some(leak) = data.leak.as_ref().filter(|leak| leak.said > 0) {
        notes.push(format!(
            "The model says {} of the {}: see Personal data it says.",
            count(leak.said),
            counted(leak.values, "masked value")
        ));
    }
    let lost = e.samples.iter().filter(|s| !s.key.trim().is_empty() && s.before_right && !s.after_right).count();
    if lost > 0 {
        notes.push(format!(
            "{} below that the base answered right, the tuned student does not.",
            counted(lost, "sample")
        ));
    }
    for d in &data.datasets {
        for (field, tokens) in &d.tokens {
            let over = tokens.iter().filter(|t| d.cap > 0 && **t as usize > d.cap).count();
            if over > 0 {
                notes.push(format!(
                    "{}, field {field}: {} over the cap of {}.",
                    d.kind,
                    counted(over, "row"),
                    count(d.cap)
                ));
            }
        }
    }
    for p in &data.phases {
        let broken = p.loss.iter().chain(&p.eval_loss).filter(|(_, loss)| !loss.is_finite()).count();
        if broken > 0 {
            notes.push(format!("Phase {}: {} not finite and not drawn.", p.phase, counted(broken, "loss value")));
        }
        if let (Some(before), Some(kept)) = (held_out(p, 0), held_out(p, p.kept_step))
            && kept >= before
        {
            notes.push(format!(
                "Phase {}: the held-out loss of what was kept is not lower than before training.",
                p.phase
            ));
        }
    }
    if notes.is_empty() {
        return String::new();
    }
    let items: String = notes.iter().map(|note| format!("<li>{}</li>\n", escape(note))).collect();
    format!("<div class=\"notes\">\n<h2>Worth knowing</h2>\n<ul>\n{items}</ul>\n</div>\n")
}

/// The finite held-out loss at a step.
fn held_out(phase: &PhaseReport, step: u64) -> Option<f64> {
    phase.eval_loss.iter().find(|(s, loss)| *s == step && loss.is_finite()).map(|(_, loss)| *loss)
}

fn samples(samples: &[SampleAnswer]) -> String {
    if samples.is_empty() {
        return section("Before and after", &none("No sample answers were recorded."));
    }
    let answer = |text: &str, sample: &SampleAnswer, right: bool| {
        let badge = match (sample.key.trim().is_empty(), right) {
            (true, _) => "",
            (false, true) => "<span class=\"badge right\">right</span>",
            (false, false) => "<span class=\"badge wrong\">wrong</span>",
        };
        let text = match text.trim() {
            "" => "<div class=\"none\">empty answer</div>".to_owned(),
            text => format!("<div class=\"text\" dir=\"auto\">{}</div>", highlight(text, &sample.key)),
        };
        format!("<td>{badge}{text}</td>")
    };
    let row = |sample: &SampleAnswer| {
        let key = match sample.key.trim() {
            "" => "<span class=\"badge style\">no key</span>".to_owned(),
            key => format!("<div class=\"text\" dir=\"auto\">{}</div>", escape(key)),
        };
        format!(
            "<tr><td><div class=\"text\" dir=\"auto\">{}</div></td><td>{key}</td>{}{}</tr>\n",
            escape(or(&sample.question, "(no question)")),
            answer(&sample.before, sample, sample.before_right),
            answer(&sample.after, sample, sample.after_right)
        )
    };
    let keyed = samples.iter().filter(|s| !s.key.trim().is_empty());
    let of = keyed.clone().count();
    let before = keyed.clone().filter(|s| s.before_right).count();
    let after = keyed.filter(|s| s.after_right).count();
    let intro = match of {
        0 => "<p class=\"soft\">Prompts without an expected key: read them for tone.</p>\n".to_owned(),
        _ => format!(
            "<p class=\"soft\">A selection, not the measurement: of {} with a key the base answers {} right, the tuned student {}. An answer is right when it contains the key, which is <mark>marked</mark>.</p>\n",
            counted(of, "question"),
            count(before),
            count(after)
        ),
    };
    let body: String = samples.iter().map(row).collect();
    let heads = ["Question", "Expected key", "Base answer", "Tuned answer"];
    section("Before and after", &(intro + &table("samples", "Sample answers", &heads, &body, "")))
}

/// `name number` pairs in one cell.
fn list<'a>(pairs: impl Iterator<Item = (&'a String, String)>) -> String {
    let items: String =
        pairs.map(|(name, value)| format!("<span>{} <b>{}</b></span>", escape(name), escape(&value))).collect();
    if items.is_empty() {
        "<span class=\"soft\">none</span>".to_owned()
    } else {
        format!("<div class=\"list\">{items}</div>")
    }
}

fn masked(masked: &BTreeMap<String, usize>) -> String {
    if masked.is_empty() {
        return section("Masked", &none("No replacements were recorded."));
    }
    let row = |(name, number): (&String, &usize)| {
        format!("<tr><td>{}</td><td class=\"num\">{}</td></tr>\n", escape(name), count(*number))
    };
    let foot = format!("<tr><th scope=\"row\">all</th><td class=\"num\">{}</td></tr>", count(masked.values().sum()));
    let body: String = masked.iter().map(row).collect();
    section("Masked", &table("narrow", "Masked", &["Kind of data", "Replacements#"], &body, &foot))
}

fn outputs(outputs: &[(String, u64)]) -> String {
    if outputs.is_empty() {
        return section("Outputs", &none("No files came out."));
    }
    let row = |(name, bytes): &(String, u64)| {
        format!(
            "<tr><td><code>{}</code></td><td class=\"num\">{}</td><td class=\"num\">{}</td></tr>\n",
            escape(name),
            escape(&megabytes(*bytes)),
            thousands(*bytes)
        )
    };
    let body: String = outputs.iter().map(row).collect();
    section("Outputs", &table("narrow", "Outputs", &["File", "Size#", "Bytes#"], &body, ""))
}

fn chat(command: &str) -> String {
    let body = match command.trim() {
        "" => none("No command was recorded."),
        command => format!("<pre><code>{}</code></pre>\n", escape(command)),
    };
    section("Chat with it", &body)
}
