//! Where findings go, and as what.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::cli::Printer;
use crate::dataset::stats::Stats;
use crate::lint::report::{github, gitlab, html, json, junit, sarif, text};
use crate::lint::{self, LintError, LintSettings, RULES, Report, Severity};
use crate::{Error, edge};

#[derive(Clone, Copy, Debug, ValueEnum, PartialEq, Eq)]
pub(super) enum OutputFormat {
    /// For people.
    Text,
    /// One array.
    Json,
    /// Annotations of a GitHub workflow, and its step summary.
    Github,
    /// GitLab code quality.
    Gitlab,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// JUnit XML.
    Junit,
    /// A page to look through.
    Html,
}

/// The variables that name the files of a workflow step's summary and of its outputs.
const SUMMARY: &str = "GITHUB_STEP_SUMMARY";
const OUTPUTS: &str = "GITHUB_OUTPUT";

/// `FORMAT=FILE`.
pub(super) fn also(text: &str) -> Result<(OutputFormat, PathBuf), String> {
    let (format, path) = text.split_once('=').ok_or("write it as FORMAT=FILE, for example sarif=lint.sarif")?;
    if path.is_empty() {
        return Err("no file is named".to_owned());
    }
    let format = OutputFormat::from_str(format, false).map_err(|_| {
        let names = OutputFormat::value_variants().iter().filter_map(OutputFormat::to_possible_value);
        let names = names.map(|value| value.get_name().to_owned()).collect::<Vec<_>>().join(", ");
        format!("there is no format `{format}`: one of {names}")
    })?;
    Ok((format, PathBuf::from(path)))
}

/// A report as text that ends in one newline.
pub(super) fn render(
    report: &Report,
    format: OutputFormat,
    settings: &LintSettings,
    distributions: &[html::Distribution],
    color: bool,
) -> Result<String, Error> {
    let rules = lint::selected(settings).map_err(|e: LintError| Error::new(e.to_string()).maybe_hint(e.hint()))?;
    let rendered = match format {
        OutputFormat::Text => text::render(report, color),
        OutputFormat::Json => json::render(report),
        OutputFormat::Github => github::render(report, github::SHOWN),
        OutputFormat::Gitlab => gitlab::render(report),
        OutputFormat::Sarif => sarif::render(report, &rules),
        OutputFormat::Junit => junit::render(report, &rules),
        OutputFormat::Html => html::render(report, &rules, distributions),
    };
    Ok(format!("{}\n", rendered.trim_end()))
}

/// Renders a report and prints it or writes it to a file.
pub(super) fn write(
    report: &Report,
    format: OutputFormat,
    settings: &LintSettings,
    distributions: &[html::Distribution],
    file: Option<&Path>,
    printer: &Printer,
) -> Result<(), Error> {
    let rendered = render(report, format, settings, distributions, printer.color() && file.is_none())?;
    match file {
        Some(path) => {
            edge::fs::write(path, rendered.as_bytes())?;
            printer.talk(&format!("{} ({})", summary(report), path.display()));
        }
        None => printer.data(&rendered)?,
    }
    if format == OutputFormat::Github {
        to_step(SUMMARY, &github::summary(report))?;
        // Numbers only: what a workflow reads from here must not come out of a dataset.
        let [errors, warnings, notes] =
            [Severity::Error, Severity::Warning, Severity::Info].map(|severity| report.count(severity));
        to_step(OUTPUTS, &format!("errors={errors}\nwarnings={warnings}\nnotes={notes}\n"))?;
    }
    Ok(())
}

/// Adds to a file that the workflow names for this step; elsewhere there is none.
fn to_step(variable: &str, text: &str) -> Result<(), Error> {
    match edge::env(variable) {
        Some(path) => edge::fs::append(Path::new(&path), text.as_bytes()),
        None => Ok(()),
    }
}

/// What the page draws: how long texts are, what is asked, and which splits there are.
pub(super) fn distributions(stats: &Stats) -> Vec<html::Distribution> {
    let mut out = vec![];
    for field in &stats.fields {
        out.push(html::Distribution {
            title: format!("{} in {} of {}", field.unit, field.field, field.kind),
            unit: "texts".to_owned(),
            buckets: field.histogram.iter().map(|bin| (format!("{}–{}", bin.from, bin.to), bin.count)).collect(),
            note: Some(format!(
                "median {}, 95 % are at most {}, the longest has {}",
                field.median, field.p95, field.max
            )),
        });
    }
    let counted = [("Kinds of questions", "questions", &stats.question_types), ("Splits", "rows", &stats.splits)];
    for (title, unit, counts) in counted.into_iter().filter(|(_, _, counts)| counts.len() > 1) {
        let buckets = counts.iter().map(|(label, count)| (label.clone(), *count)).collect();
        out.push(html::Distribution { title: title.to_owned(), unit: unit.to_owned(), buckets, note: None });
    }
    out
}

/// The last line of the text report.
fn summary(report: &Report) -> String {
    text::render(report, false).lines().last().unwrap_or_default().to_owned()
}

/// All rules, one per line.
pub(super) fn rules() -> String {
    let mut out = String::new();
    for rule in RULES {
        let meta = rule.meta();
        let fix = meta.fix.map_or("", lint::Fix::name);
        // Writing to a string cannot fail.
        let _ =
            writeln!(out, "{}  {:<8} {:<7} {:<28} {}", meta.code, meta.severity.name(), fix, meta.name, meta.summary);
    }
    out
}
