//! The page: sections in the order of a reader's questions. Nothing from outside, no script, no clock.

mod leak;
mod run;
mod stages;
mod svg;
#[cfg(test)]
mod tests;
pub(super) mod text;

use std::collections::BTreeMap;

use super::{CellReport, EvaluationReport, LeakReport, PhaseReport, ReportData, SampleAnswer};
use leak::leak;
use run::{datasets, losses, phases};
use stages::stages;
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
        stages(&data.evaluation),
        samples(&data.evaluation),
        leak(data.leak.as_ref()),
        datasets(&data.datasets),
        losses(&data.phases),
        phases(&data.phases),
        masked(&data.masked),
        quantisation(data.quantisation.as_ref()),
        outputs(&data.outputs),
        chat(&data.chat_command),
    ]
    .concat();
    page(&format!("{} – distill report", or(&data.run, "run")), &data.tool_version, &sections)
}

/// What a page about an evaluation alone shows.
#[derive(Clone, Debug, Default)]
pub struct EvaluationPage {
    /// The model, or the run.
    pub title: String,
    /// Version of this program.
    pub tool_version: String,
    /// Facts below the title: name, value.
    pub facts: Vec<(String, String)>,
    /// What was measured.
    pub evaluation: EvaluationReport,
    /// What it says of what was masked; none leaves the section out.
    pub leak: Option<LeakReport>,
}

/// A page about an evaluation alone, as [`render`] makes one about a run.
#[must_use]
pub fn render_evaluation(data: &EvaluationPage) -> String {
    let e = &data.evaluation;
    let facts: Vec<(&str, &str)> = data.facts.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let mut items = evaluation_notes(e);
    items.extend(data.leak.as_ref().and_then(leak_note));
    let sections = [
        head("distill eval", or(&data.title, "unnamed model"), &facts),
        format!("<div class=\"figures\">\n{}</div>\n", evaluation_figures(e)),
        note_box(&items),
        stages(e),
        samples(e),
        data.leak.as_ref().map(|found| leak(Some(found))).unwrap_or_default(),
    ]
    .concat();
    page(&format!("{} – distill eval", or(&data.title, "model")), &data.tool_version, &sections)
}

/// The page around its sections.
fn page(title: &str, tool_version: &str, sections: &str) -> String {
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
        title = escape(title),
        maker = escape(format!("distill {tool_version}").trim()),
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
    let facts = [
        ("Student", data.student.as_str()),
        ("Teacher", &data.teacher),
        ("Read", &read),
        ("Version", &data.tool_version),
    ];
    head("distill report", or(&data.run, "unnamed run"), &facts)
}

fn head(eyebrow: &str, title: &str, facts: &[(&str, &str)]) -> String {
    let fact = |(name, value): &(&str, &str)| {
        format!("<div><dt>{}</dt><dd>{}</dd></div>\n", escape(name), escape(or(value, "not recorded")))
    };
    let facts: String = facts.iter().map(fact).collect();
    format!(
        "<header>\n<p class=\"eyebrow\">{eyebrow}</p>\n<h1>{}</h1>\n<dl class=\"facts\">\n{facts}</dl>\n</header>\n",
        escape(title)
    )
}

/// One figure of the headline; all arguments are HTML.
fn figure(class: &str, name: &str, value: &str, rest: &str) -> String {
    let missing = if matches!(value, NOT_MEASURED | "none") { " missing" } else { "" };
    format!("<div class=\"figure{class}\"><h2>{name}</h2><p class=\"value{missing}\">{value}</p>{rest}</div>\n")
}

/// A share of the first and the last stage.
fn change(name: &str, noun: &str, before: Option<CellReport>, after: Option<CellReport>) -> String {
    let Some(CellReport { value: last, of, .. }) = after else {
        return figure(" wide", name, NOT_MEASURED, &format!("<small>no held-out {noun}s</small>"));
    };
    let exactly = |share: f64| match share {
        _ if share.is_finite() => thousands((share * of as f64).round() as u64),
        _ => NOT_MEASURED.to_owned(),
    };
    let Some(CellReport { value: first, .. }) = before else {
        let small = format!("{}<small>{} of {}</small>", svg::meter(0.0, last), exactly(last), counted(of, noun));
        return figure(" wide", name, &escape(&percent(last)), &small);
    };
    let points = (last * 100.0).round() - (first * 100.0).round();
    let verdict = match points {
        _ if points.is_nan() => String::new(),
        _ if points > 0.0 => format!("<span class=\"up\">up {points:.0} points</span>; "),
        _ if points < 0.0 => format!("<span class=\"down\">down {:.0} points</span>; ", -points),
        _ => "<span class=\"down\">no change</span>; ".to_owned(),
    };
    figure(
        " wide",
        name,
        &format!("{} <i>→</i> {}", escape(&percent(first)), escape(&percent(last))),
        &format!(
            "{}<small>{verdict}{} → {} of {}</small>",
            svg::meter(first, last),
            exactly(first),
            exactly(last),
            counted(of, noun)
        ),
    )
}

/// A share of the last stage, where the first one's says nothing.
fn share(name: &str, noun: &str, after: Option<CellReport>, words: &str) -> String {
    match after {
        None => figure("", name, NOT_MEASURED, ""),
        Some(CellReport { value, of, .. }) => {
            figure("", name, &escape(&percent(value)), &format!("<small>{words}, {}</small>", counted(of, noun)))
        }
    }
}

/// The headline's figures of an evaluation.
fn evaluation_figures(e: &EvaluationReport) -> String {
    let moved = |name: &str, metric: &str, noun: &str| change(name, noun, e.first(metric), e.last(metric));
    [
        share("Trained questions", "question", e.last("trained"), "answered right in their own words"),
        moved("Fact recall", "recall", "question"),
        moved("Admits not knowing", "honesty", "question"),
        moved("Preference accuracy", "preference_likelihood", "pair"),
        moved("General knowledge", "general", "question"),
        share("Answers that end", "answer", e.last("stopped"), "by themselves, not at the token limit"),
    ]
    .concat()
}

fn headline(data: &ReportData) -> String {
    let (train, test) = data.datasets.iter().fold((0, 0), |(a, b), d| (a + d.train, b + d.test));
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
        "<div class=\"figures\">\n{}{gguf}{}</div>\n",
        evaluation_figures(&data.evaluation),
        figure("", "Rows", &rows, &format!("<small>{} train, {} held out</small>", count(train), count(test))),
    )
}

/// What is worth knowing about an evaluation: regressions, small samples.
fn evaluation_notes(e: &EvaluationReport) -> Vec<String> {
    let mut notes = e.warnings.clone();
    let moved =
        |name: &str| e.first(name).zip(e.last(name)).filter(|(a, b)| a.value.is_finite() && b.value.is_finite());
    for (name, title) in [("recall", "Fact recall"), ("preference_likelihood", "Preference accuracy")] {
        // What is right every time cannot rise.
        if moved(name).is_some_and(|(before, after)| after.value <= before.value && before.value < 1.0) {
            notes.push(format!("{title} did not rise."));
        }
    }
    if let Some(of) = e.last("recall").map(|cell| cell.of).filter(|of| *of < 50) {
        let each = 100.0 / of as f64;
        notes.push(format!(
            "Recall was asked with only {}: each moves it by {each:.0} points or so.",
            counted(of, "question")
        ));
    }
    if let Some(cell) = e.last("honesty").filter(|cell| cell.value < 0.5) {
        notes.push(format!(
            "Asked about {} it was never told, it says so in {} of the cases and makes something up in the others.",
            counted(cell.of, "fact"),
            percent(cell.value)
        ));
    }
    if let Some(cell) = e.last("denied").filter(|cell| cell.value > 0.1) {
        notes.push(format!(
            "Asked about what it was told, it says in {} of the cases that it does not know.",
            percent(cell.value)
        ));
    }
    let lost = e.samples.iter().filter(|s| !s.key.trim().is_empty() && s.before_right && !s.after_right).count();
    if lost > 0 {
        notes.push(format!(
            "{} below that the base answered right, the tuned student does not.",
            counted(lost, "sample")
        ));
    }
    notes
}

fn leak_note(leak: &LeakReport) -> Option<String> {
    (leak.said > 0).then(|| {
        format!(
            "The model says {} of the {}: see Personal data it says.",
            count(leak.said),
            counted(leak.values, "masked value")
        )
    })
}

/// What a reader would otherwise have to find: regressions, small samples, broken numbers.
fn notes(data: &ReportData) -> String {
    let mut notes = evaluation_notes(&data.evaluation);
    notes.extend(data.leak.as_ref().and_then(leak_note));
    let failed = data.quantisation.iter().flat_map(|q| q.failed.iter().map(move |f| format!("{}: {f}.", q.quant)));
    notes.extend(failed);
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
    note_box(&notes)
}

fn note_box(notes: &[String]) -> String {
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

fn samples(e: &EvaluationReport) -> String {
    let samples = &e.samples;
    // One stage has no before.
    let alone = e.stages.len() == 1;
    let title = if alone { "Answers" } else { "Before and after" };
    if samples.is_empty() {
        return section(title, &none("No sample answers were recorded."));
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
            if alone { String::new() } else { answer(&sample.before, sample, sample.before_right) },
            answer(&sample.after, sample, sample.after_right)
        )
    };
    let keyed = samples.iter().filter(|s| !s.key.trim().is_empty());
    let of = keyed.clone().count();
    let before = keyed.clone().filter(|s| s.before_right).count();
    let after = keyed.filter(|s| s.after_right).count();
    let intro = match of {
        0 => "<p class=\"soft\">Prompts without an expected key: read them for tone.</p>\n".to_owned(),
        _ if alone => format!(
            "<p class=\"soft\">A selection, not the measurement: of {} with a key {} are answered right. An answer is right when it contains the key, which is <mark>marked</mark>.</p>\n",
            counted(of, "question"),
            count(after)
        ),
        _ => format!(
            "<p class=\"soft\">A selection, not the measurement: of {} with a key the base answers {} right, the tuned student {}. An answer is right when it contains the key, which is <mark>marked</mark>.</p>\n",
            counted(of, "question"),
            count(before),
            count(after)
        ),
    };
    let body: String = samples.iter().map(row).collect();
    let heads: &[&str] = match alone {
        true => &["Question", "Expected key", "Answer"],
        false => &["Question", "Expected key", "Base answer", "Tuned answer"],
    };
    section(title, &(intro + &table("samples", "Sample answers", heads, &body, "")))
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

fn quantisation(found: Option<&super::QuantisationReport>) -> String {
    const TITLE: &str = "What quantisation cost";
    let Some(found) = found else {
        return section(TITLE, &none("The GGUF was not compared with the model."));
    };
    let intro = format!(
        "<p class=\"soft\">The {} file beside the bf16 model it was made from, on held-out rows.</p>\n",
        escape(&found.quant)
    );
    section(TITLE, &(intro + &list(found.figures.iter().map(|(name, value)| (name, value.clone())))))
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
