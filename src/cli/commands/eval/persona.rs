//! `distill eval` by itself: everything that is measured of a student, stage by stage.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use crate::cli::{Global, Printer};
use crate::eval::leak::Leak;
use crate::eval::{Bound, Broken, Caps, Figure, LEAKED, METRICS, Plan, metric_of};
use crate::hub::Adapter;
use crate::pipeline::{
    Evaluation, Measuring, STOP, Stage, VaultFile, Weights, caps, evaluate, evaluate_workspace, evaluation_report,
    leak_report, open_student, try_leaks_of,
};
use crate::report::{CellReport, EvaluationPage, MetricReport, render_evaluation};
use crate::row::Row;
use crate::settings::Workspace;
use crate::{Error, ExitKind, dataset, edge, error};

#[derive(Args, Debug)]
pub(super) struct PersonaArgs {
    /// A GGUF, a Hugging Face folder or a hub id; without it, the run of the workspace
    #[arg(short, long)]
    model: Option<String>,
    /// A PEFT adapter on top; of several the sums are measured one after the other
    #[arg(long, requires = "model", value_name = "DIR")]
    adapter: Vec<PathBuf>,
    /// Adapter of the student before Align, which rewards are measured against; else the stage before the last
    #[arg(long, requires = "adapter", value_name = "DIR")]
    reference: Option<PathBuf>,
    /// Rows of any kind; `split` says what was held out
    #[arg(long, requires = "model", value_name = "FILE", num_args = 1..)]
    data: Vec<PathBuf>,
    /// The author's own texts, one a file: what the distance of style is measured from
    #[arg(long, requires = "model", value_name = "FILE", num_args = 1..)]
    text: Vec<PathBuf>,
    /// Ask the fixed questions about ordinary things too
    #[arg(long, requires = "model")]
    general: bool,
    /// Try to make the last stage say the values of this vault
    #[arg(long, requires = "model", value_name = "FILE")]
    vault: Option<PathBuf>,
    /// Exit with 1 when a figure of the last stage is under a bound, for example `recall=0.8`
    #[arg(long, value_name = "NAME=VALUE")]
    fail_under: Vec<String>,
    /// Exit with 1 when it is over a bound, for example `persona_perplexity=20` or `leaked=0`
    #[arg(long, value_name = "NAME=VALUE")]
    fail_over: Vec<String>,
    /// How the figures are printed
    #[arg(long, value_enum, default_value = "text")]
    output_format: OutputFormat,
    /// Write a page too
    #[arg(short, long, value_name = "HTML")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum OutputFormat {
    /// A table.
    Text,
    /// One object, with every answer (docs/eval.md).
    Json,
}

/// What was measured, and of what.
struct Done {
    title: String,
    facts: Vec<(String, String)>,
    evaluation: Evaluation,
    leak: Option<Leak>,
}

pub(super) fn run(args: &PersonaArgs, global: &Global, printer: &Printer) -> Result<ExitKind, Error> {
    let bounds = bounds(args)?;
    let workspace = global.workspace(&global.layers()?)?;
    let mut done = match &args.model {
        Some(model) => one_model(model, args, &workspace, printer)?,
        None => the_run(&workspace, printer)?,
    };
    if let (Some(leak), Some(last)) = (&done.leak, done.evaluation.stages.last_mut())
        && let Some(figure) = Figure::plain(leak.said() as f64, leak.values)
    {
        last.figures.insert(LEAKED.name.to_owned(), figure);
    }
    if let Some(path) = &args.output {
        edge::fs::write(path, page(&done).as_bytes())?;
        printer.talk(&format!("{}", path.display()));
    }
    printer.data(&match args.output_format {
        OutputFormat::Text => text(&done),
        OutputFormat::Json => format!("{:#}\n", as_json(&done, &bounds)),
    })?;
    let figures = done.evaluation.last().cloned().unwrap_or_default();
    let mut broken = false;
    for bound in &bounds {
        match bound.check(&figures) {
            Ok(()) => {}
            Err(Broken::Missed(why)) => {
                printer.error(&Error::new(why).data());
                broken = true;
            }
            Err(Broken::Missing(why)) => {
                return Err(Error::new(why).hint("name rows of the kind it needs with --data; docs/eval.md says which"));
            }
        }
    }
    Ok(if broken { ExitKind::Data } else { ExitKind::Success })
}

/// Bounds by the flags; checked before anything is measured.
fn bounds(args: &PersonaArgs) -> Result<Vec<Bound>, Error> {
    let all = args.fail_under.iter().map(|t| (t, true)).chain(args.fail_over.iter().map(|t| (t, false)));
    all.map(|(text, floor)| {
        Bound::parse(text, floor).map_err(|why| {
            let flag = if floor { "--fail-under" } else { "--fail-over" };
            Error::new(format!("{flag}: {why}")).hint(near(text.split('=').next().unwrap_or_default().trim()))
        })
    })
    .collect()
}

/// The name that was probably meant, or all of them.
fn near(name: &str) -> String {
    let names = || METRICS.iter().map(|m| m.name).chain([LEAKED.name]);
    match names().min_by_key(|known| error::distance(known, name)) {
        Some(known) if metric_of(name).is_none() && error::distance(known, name) <= 3 => {
            format!("did you mean `{known}`?")
        }
        _ => format!("names are {}", names().collect::<Vec<_>>().join(", ")),
    }
}

fn the_run(workspace: &Workspace, printer: &Printer) -> Result<Done, Error> {
    if !Workspace::is_at(&workspace.root) {
        return Err(Error::at(&workspace.root, "is no workspace")
            .hint("`distill eval --model … --data …` measures any model; `-C DIR` names a workspace"));
    }
    let found = evaluate_workspace(workspace, printer)?;
    printer.talk(&format!("answers: {}", found.run_dir.join("evaluation.json").display()));
    let facts = vec![("Student".to_owned(), workspace.settings.student.id.clone())];
    Ok(Done { title: found.run, facts, evaluation: found.evaluation, leak: found.leak })
}

fn one_model(model: &str, args: &PersonaArgs, workspace: &Workspace, printer: &Printer) -> Result<Done, Error> {
    let settings = &workspace.settings;
    let mut rows: Vec<Row> = Vec::new();
    for path in &args.data {
        rows.extend(dataset::rows(&dataset::read(path)?)?);
    }
    let texts = args.text.iter().map(|path| edge::fs::read_text(path)).collect::<Result<Vec<_>, _>>()?;
    let own: Vec<&str> = texts.iter().map(String::as_str).collect();
    let caps = Caps { general: args.general, ..caps(settings) };
    let plan = Plan::new(&rows.iter().collect::<Vec<_>>(), &own, caps);
    if plan.is_empty() && args.vault.is_none() {
        return Err(Error::new("there is nothing to ask")
            .data()
            .hint("--data names rows with `answer_key` or held-out rows, --general asks the fixed questions"));
    }
    // A vault that cannot be read is said before hours of work.
    let vault = args.vault.as_ref().map(|path| VaultFile::existing(path)).transpose()?.map(|(_, vault)| vault);
    if let (Some(path), Some(_)) = (&args.vault, vault.as_ref().filter(|vault| vault.values().next().is_none())) {
        return Err(Error::at(path, "the vault holds no values: there is nothing to look for"));
    }
    let adapter = |dir: &PathBuf| Adapter::load(dir).map_err(|e| Error::from(e).place(dir.display().to_string()));
    let adapters = args.adapter.iter().map(adapter).collect::<Result<Vec<_>, _>>()?;
    let reference = args.reference.as_ref().map(adapter).transpose()?;

    let path = Path::new(model);
    let folder = if path.is_file() {
        if !adapters.is_empty() {
            return Err(Error::at(path, "a GGUF takes no adapter")
                .hint("merge it first: `distill merge`, then `distill export`"));
        }
        None
    } else {
        Some(open_student(model, Path::new("."), settings.student.offline)?)
    };
    let mut stages = Vec::new();
    let mut taken = BTreeSet::new();
    match &folder {
        None => stages.push(Stage { name: "model".to_owned(), weights: Weights::Gguf(path.to_owned()) }),
        Some(folder) => {
            let mut add = |name: &str, adapters: Vec<Adapter>| {
                let name = edge::fs::unique(&mut taken, name.to_owned());
                stages.push(Stage { name, weights: Weights::Folder(folder, adapters) });
            };
            add(if adapters.is_empty() { "model" } else { "base" }, Vec::new());
            let name =
                |dir: &Path| dir.file_name().map_or_else(|| "adapter".into(), |n| n.to_string_lossy().into_owned());
            if let (Some(dir), Some(reference)) = (&args.reference, reference) {
                add(&name(dir), vec![reference]);
            }
            for (nth, dir) in args.adapter.iter().enumerate() {
                add(&name(dir), adapters[..=nth].to_vec());
            }
        }
    }
    let before = if args.reference.is_some() { Some(1) } else { stages.len().checked_sub(2) };
    let reference = before.and_then(|at| stages.get(at)).map(|stage| stage.name.clone());
    let how = Measuring {
        plan: &plan,
        device: &settings.student.device,
        reference: reference.as_deref(),
        beta: settings.train.align.beta,
        kept: None,
    };
    let shorter = |error: Error| match error.exit() {
        ExitKind::Interrupted => Error::interrupted("interrupted before the end: nothing was concluded")
            .hint("`--set eval.questions=20`, `eval.prompts`, `eval.pairs` and `eval.max_tokens` make it shorter"),
        _ => error,
    };
    let evaluation = evaluate(&stages, &how, &STOP, printer).map_err(shorter)?;
    let leak = match (&vault, stages.last()) {
        (Some(vault), Some(last)) => {
            let student = last.load(&settings.student.device)?;
            Some(try_leaks_of(&student, vault, settings, &STOP, printer).map_err(shorter)?)
        }
        _ => None,
    };
    let mut facts = vec![("Model".to_owned(), model.to_owned())];
    if !args.data.is_empty() {
        facts.push(("Rows".to_owned(), rows.len().to_string()));
    }
    Ok(Done { title: model.to_owned(), facts, evaluation, leak })
}

fn page(done: &Done) -> String {
    let mut facts = done.facts.clone();
    facts.push(("Version".to_owned(), env!("CARGO_PKG_VERSION").to_owned()));
    render_evaluation(&EvaluationPage {
        title: done.title.clone(),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        facts,
        evaluation: evaluation_report(&done.evaluation),
        leak: done.leak.as_ref().map(leak_report),
    })
}

/// The evaluation as it is in `evaluation.json`, with what was said of the vault and how the bounds were kept.
fn as_json(done: &Done, bounds: &[Bound]) -> Value {
    let mut out = json!(done.evaluation);
    let figures = done.evaluation.last().cloned().unwrap_or_default();
    if let Value::Object(map) = &mut out {
        let answers = map.shift_remove("answers");
        let leak = done.leak.as_ref().map(|leak| super::leak_value(leak, &|_| None));
        map.insert("leak".to_owned(), leak.unwrap_or_default());
        let bounds = bounds.iter().map(|bound| {
            let figure = figures.get(bound.metric.name).map(|figure| figure.value);
            json!({ "name": bound.metric.name, "at": if bound.floor { "least" } else { "most" }, "bound": bound.value, "value": figure, "kept": bound.check(&figures).is_ok() })
        });
        map.insert("bounds".to_owned(), bounds.collect());
        map.insert("answers".to_owned(), answers.unwrap_or_default());
    }
    out
}

/// Width of a stage's column: `100.0 % (+100.0)` and two blanks.
const COLUMN: usize = 18;

/// A table: a line a figure, a column a stage, changes from the stage before in brackets.
fn text(done: &Done) -> String {
    let report = evaluation_report(&done.evaluation);
    let mut out = format!("{:<38}", "");
    for stage in &report.stages {
        out.push_str(&format!("{stage:>COLUMN$}"));
    }
    if report.metrics.iter().any(|m| m.author.is_some()) {
        out.push_str(&format!("{:>9}", "author"));
    }
    out.push('\n');
    let mut group = "";
    for metric in &report.metrics {
        if metric.group != group {
            group = &metric.group;
            out.push_str(&format!("{group}\n"));
        }
        out.push_str(&line(metric, report.metrics.iter().any(|m| m.author.is_some())));
    }
    if let Some(reference) = &report.reference {
        out.push_str(&format!("\nrewards are measured against {reference}\n"));
    }
    if let Some(leak) = &done.leak {
        out.push_str(&format!("{} of {} masked values said, in {} answers\n", leak.said(), leak.values, leak.outputs));
    }
    for warning in &done.evaluation.warnings {
        out.push_str(&format!("warning: {}\n", warning.text));
    }
    out
}

fn line(metric: &MetricReport, has_author: bool) -> String {
    let number = |value: f64| match metric.is_share {
        true => format!("{:.1} %", value * 100.0),
        false if value.abs() >= 100.0 => format!("{value:.0}"),
        false if value.abs() >= 10.0 => format!("{value:.1}"),
        false => format!("{value:.3}"),
    };
    let mut out = format!("  {:<36}", metric.title);
    let mut before: Option<CellReport> = None;
    for cell in &metric.cells {
        let words = cell.map_or_else(
            || "–".to_owned(),
            |cell| match before.map(|before| cell.value - before.value) {
                Some(moved) if metric.is_share => format!("{} ({:+.1})", number(cell.value), moved * 100.0),
                Some(moved) if moved.abs() >= 10.0 => format!("{} ({moved:+.0})", number(cell.value)),
                Some(moved) => format!("{} ({moved:+.2})", number(cell.value)),
                None => number(cell.value),
            },
        );
        out.push_str(&format!("{words:>COLUMN$}"));
        before = *cell;
    }
    if has_author {
        out.push_str(&format!("{:>9}", metric.author.map_or_else(|| "–".to_owned(), number)));
    }
    if let Some(last) = metric.cells.iter().rev().flatten().next() {
        let plural = if last.of == 1 { "" } else { "s" };
        out.push_str(&format!("  {} {}{plural}", last.of, metric.noun));
        if let Some((low, high)) = last.interval {
            out.push_str(&format!(", {} to {}", number(low), number(high)));
        }
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_nearly_right_is_suggested() {
        assert_eq!(near("recal"), "did you mean `recall`?");
        assert!(near("recall").starts_with("names are trained"));
        assert!(near("something").starts_with("names are trained"));
    }
}
