//! Where findings go, and as what.

use std::fmt::Write as _;
use std::path::Path;

use clap::ValueEnum;

use crate::cli::Printer;
use crate::lint::report::{github, gitlab, html, json, junit, sarif, text};
use crate::lint::{self, LintError, LintSettings, RULES, Report};
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

/// The variable that names the file of a workflow step's summary.
const SUMMARY: &str = "GITHUB_STEP_SUMMARY";

/// Renders a report and prints it or writes it to a file.
pub(super) fn write(
    report: &Report,
    format: OutputFormat,
    settings: &LintSettings,
    file: Option<&Path>,
    printer: &Printer,
) -> Result<(), Error> {
    let rules = lint::selected(settings).map_err(|e: LintError| Error::new(e.to_string()).maybe_hint(e.hint()))?;
    let rendered = match format {
        OutputFormat::Text => text::render(report, printer.color() && file.is_none()),
        OutputFormat::Json => json::render(report),
        OutputFormat::Github => github::render(report, github::SHOWN),
        OutputFormat::Gitlab => gitlab::render(report),
        OutputFormat::Sarif => sarif::render(report, &rules),
        OutputFormat::Junit => junit::render(report, &rules),
        OutputFormat::Html => html::render(report, &rules, &[]),
    };
    let rendered = format!("{}\n", rendered.trim_end());
    match file {
        Some(path) => {
            edge::fs::write(path, rendered.as_bytes())?;
            printer.talk(&format!("{} ({})", summary(report), path.display()));
        }
        None => printer.data(&rendered)?,
    }
    if format == OutputFormat::Github
        && let Some(path) = edge::env(SUMMARY).filter(|path| !path.is_empty())
    {
        edge::fs::append(Path::new(&path), github::summary(report).as_bytes())?;
    }
    Ok(())
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
