//! `distill card`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;

use super::show::unreadable;
use super::stats::gather;
use crate::cli::{Global, Printer};
use crate::dataset::card::{Findings, Known, Told, configs, look, render};
use crate::dataset::open;
use crate::lint::{LintError, LintSettings, Linter, Severity};
use crate::pipeline::{LintInputs, dataset_files};
use crate::settings::Workspace;
use crate::{Error, ExitKind, edge};

/// Write a dataset card for the Hugging Face Hub.
#[derive(Args, Debug)]
pub struct CardArgs {
    /// Datasets, or the folder with them; in a workspace its data/ when left out
    paths: Vec<PathBuf>,
    /// Write it here, beside the files: what was written by hand in it stays. Else it is printed
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Licence of the rows, by the Hub's name for it
    #[arg(long, value_name = "LICENSE")]
    license: Option<String>,
    /// Languages of the rows, as ISO codes
    #[arg(long, value_delimiter = ',', value_name = "LANGUAGES")]
    language: Vec<String>,
    /// Name of the dataset; else the folder's
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// What the maker of the teacher allows to be done with what it wrote
    #[arg(long, value_name = "TEXT")]
    teacher_terms: Option<String>,
    /// Replace a card that was not written by this
    #[arg(long)]
    force: bool,
    /// Do not run the linter
    #[arg(long)]
    no_lint: bool,
}

pub fn run(args: &CardArgs, global: &Global, printer: &Printer) -> Result<ExitKind, Error> {
    let paths = if args.paths.is_empty() && Workspace::is_at(&global.directory) {
        vec![global.directory.join("data")]
    } else {
        args.paths.clone()
    };
    if paths.is_empty() {
        return Err(Error::new("no files were named").hint("for example `distill card data/ -o data/README.md`"));
    }
    let files = dataset_files(&paths)?;
    let folder = folder(&paths, args.output.as_deref())?;
    let mut parts = vec![];
    for file in &files {
        parts.push(look(file, inside(file, &folder)?)?);
    }
    let (stats, bad) = gather(&files, None, printer)?;
    let findings = if args.no_lint { None } else { Some(lint(&files, global)?) };
    let told = Told {
        license: args.license.clone(),
        languages: args.language.clone(),
        name: args.name.clone(),
        teacher_terms: args.teacher_terms.clone(),
    };
    let name = folder.file_name().map_or_else(|| "dataset".to_owned(), |name| name.to_string_lossy().into_owned());
    let configs = configs(parts);
    let known =
        Known { told: &told, fallback_name: &name, configs: &configs, stats: &stats, findings: findings.as_ref() };
    let before = match &args.output {
        Some(path) if path.exists() && !args.force => Some((path, edge::fs::read_text(path)?)),
        _ => None,
    };
    let card = match &before {
        Some((path, card)) => render(&known, Some(card)).map_err(|why| {
            Error::at(path, why).hint("`--force` replaces it, `-o` with another name leaves it alone")
        })?,
        None => render(&known, None).map_err(Error::new)?,
    };
    match &args.output {
        Some(path) => edge::fs::write(path, card.as_bytes())?,
        None => printer.data(&card)?,
    }
    let open_questions = card.lines().filter(|line| line.contains("TODO")).count();
    let missing = [
        ("--license", "# license: TODO"),
        ("--language", "# language: TODO"),
        ("--teacher-terms", "**TODO** What the makers of"),
    ];
    let flags: Vec<&str> = missing.iter().filter(|(_, words)| card.contains(words)).map(|(flag, _)| *flag).collect();
    if open_questions > 0 {
        let flags = if flags.is_empty() { String::new() } else { format!("; {} would answer some", flags.join(", ")) };
        let lines = if open_questions == 1 { "line is" } else { "lines are" };
        printer.talk(&format!("{open_questions} {lines} left as TODO{flags}"));
    }
    let ending = |path: &str| path.ends_with(".parquet");
    let mut all = configs.iter().flat_map(|config| &config.parts);
    if all.clone().any(|part| ending(&part.path)) && all.any(|part| !ending(&part.path)) {
        printer.talk("Parquet and JSON in one repository: the Hub's loader reads only one of them; `distill convert` makes one of the other");
    }
    for (file, bad) in &bad {
        printer.error(&unreadable(file, bad));
    }
    Ok(if bad.is_empty() { ExitKind::Success } else { ExitKind::Data })
}

/// The folder that the card is for, which paths in its header start from.
fn folder(paths: &[PathBuf], output: Option<&Path>) -> Result<PathBuf, Error> {
    let folder = match (output, paths) {
        (Some(output), _) => output.parent().unwrap_or(Path::new("")),
        (None, [path]) if path.is_dir() => path.as_path(),
        (None, [path, ..]) if !path.is_dir() => path.parent().unwrap_or(Path::new("")),
        _ => Path::new(""),
    };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    std::fs::canonicalize(folder).map_err(|e| Error::io(folder, e))
}

/// The name of a file from its card.
fn inside(file: &Path, folder: &Path) -> Result<String, Error> {
    // A link goes by where it stands, not by where it leads.
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let parent = std::fs::canonicalize(parent).map_err(|e| Error::io(file, e))?;
    let path = parent.join(file.file_name().unwrap_or_default());
    let inside = path.strip_prefix(folder).map_err(|_| {
        Error::at(file, "is not in the folder of the card").hint("put the card beside the files: `-o FOLDER/README.md`")
    })?;
    let parts: Vec<_> = inside.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
    Ok(parts.join("/"))
}

/// What the linter finds with its usual settings, or those of the workspace.
fn lint(files: &[PathBuf], global: &Global) -> Result<Findings, Error> {
    let settings = if Workspace::is_at(&global.directory) {
        global.workspace(&global.layers()?)?.settings.lint
    } else {
        LintSettings::default()
    };
    let mut inputs = LintInputs::default();
    inputs.look_beside(files);
    let context = inputs.context(None);
    let mut linter =
        Linter::new(&settings, &context).map_err(|e: LintError| Error::new(e.to_string()).maybe_hint(e.hint()))?;
    for file in files {
        linter.file(open(file)?, &mut |_| {});
    }
    let report = linter.finish();
    let mut by_rule: BTreeMap<String, u64> = BTreeMap::new();
    let mut findings = Findings::default();
    for (code, (severity, count)) in &report.totals {
        // The card that is being written is no defect of the rows.
        if *code == "PRV005" {
            continue;
        }
        let at = match severity {
            Severity::Error => 0,
            Severity::Warning => 1,
            Severity::Info => 2,
        };
        findings.by_severity[at] += count;
        let name = crate::lint::RULES.iter().map(|rule| rule.meta()).find(|meta| meta.code == *code);
        *by_rule.entry(format!("{code} {}", name.map_or("", |meta| meta.name))).or_default() += count;
    }
    findings.by_rule = by_rule.into_iter().collect();
    Ok(findings)
}
