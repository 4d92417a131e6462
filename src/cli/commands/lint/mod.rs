//! `distill lint`.

mod fix;
mod output;

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::batch::open_counter;
use crate::cli::{Global, Printer};
use crate::dataset::{self, Role, stream};
use crate::lint::{self, Baseline, Context, LintError, LintSettings, Linter, Report, Severity};
use crate::pipeline::{LintInputs, Watch, dataset_files, is_dataset};
use crate::row::{Kind, TokenCounter};
use crate::settings::{Origin, Settings, Workspace};
use crate::{Error, ExitKind, edge};

use output::OutputFormat;

/// Check datasets.
#[derive(Args, Debug)]
pub struct LintArgs {
    /// Parquet, JSONL or JSON files (also .gz and .zst), folders, or `-`; in a workspace its data/ when left out
    paths: Vec<PathBuf>,
    /// Of the files named, too, only what would be a dataset in a folder: for hooks that name every changed file
    #[arg(long)]
    only_datasets: bool,
    /// Only these rules: codes, prefixes of codes, or names
    #[arg(long, value_delimiter = ',', value_name = "RULES")]
    select: Vec<String>,
    /// These rules too
    #[arg(long, value_delimiter = ',', value_name = "RULES")]
    extend_select: Vec<String>,
    /// Not these rules
    #[arg(long, value_delimiter = ',', value_name = "RULES")]
    ignore: Vec<String>,
    /// Repair what can be repaired without changing what a row means
    #[arg(long)]
    fix: bool,
    /// With --fix or --diff: also repairs that drop, move or rewrite rows
    #[arg(long)]
    unsafe_fixes: bool,
    /// Show what --fix would change, and change nothing
    #[arg(long, conflicts_with_all = ["fix", "output_file", "write_baseline"])]
    diff: bool,
    /// Findings that are known: only new ones count
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write the findings of this run as a baseline
    #[arg(long, value_name = "FILE")]
    write_baseline: Option<PathBuf>,
    /// How to print findings
    #[arg(long, value_enum, default_value = "text", value_name = "FORMAT")]
    output_format: OutputFormat,
    /// Print them to a file
    #[arg(short, long, value_name = "FILE")]
    output_file: Option<PathBuf>,
    /// Write a report of another format as well: `--report sarif=lint.sarif --report junit=lint.xml`
    #[arg(long = "report", value_name = "FORMAT=FILE", value_parser = output::also, conflicts_with_all = ["diff", "write_baseline"])]
    reports: Vec<(OutputFormat, PathBuf)>,
    /// The student's tokenizer: a tokenizer.json, a folder with one, or a tiktoken name such as o200k_base
    #[arg(long, value_name = "TOKENIZER")]
    tokenizer: Option<String>,
    /// Kind of the rows, where the columns do not tell
    #[arg(long, value_enum)]
    kind: Option<Kind>,
    /// What a column is: `--column prompt=question --column response=answer_text`
    #[arg(long = "column", value_name = "ROLE=COLUMN")]
    columns: Vec<String>,
    /// Documents that the rows were made from, to hold quotes and numbers against
    #[arg(long, value_name = "PATH")]
    sources: Vec<PathBuf>,
    /// The vault of masking, to look for what it replaced
    #[arg(long, value_name = "FILE")]
    vault: Option<PathBuf>,
    /// Settings: a distill-lint.toml, or a distill.toml; else the nearest one upwards
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// From which severity on findings make the exit code 1
    #[arg(long, value_enum, default_value = "warning", value_name = "SEVERITY")]
    fail_on: FailOn,
    /// Exit with 0 whatever is found, the same as `--fail-on never`
    #[arg(long, conflicts_with = "fail_on")]
    exit_zero: bool,
    /// More warnings than this make the exit code 1, whatever `--fail-on` says
    #[arg(long, value_name = "N")]
    max_warnings: Option<u64>,
    /// Only count findings by rule
    #[arg(long)]
    statistics: bool,
    /// Findings shown of one rule; the rest is counted. 0 shows all
    #[arg(long, value_name = "N")]
    max_findings: Option<u64>,
    /// Explain a rule and stop
    #[arg(long, value_name = "RULE")]
    explain: Option<String>,
    /// List all rules and stop
    #[arg(long)]
    rules: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FailOn {
    /// Errors.
    Error,
    /// Errors and warnings.
    Warning,
    /// Any finding.
    Info,
    /// Nothing: exit 0 whatever is found.
    Never,
}

/// Rows of a file from which on progress is shown.
const LONG: u64 = 50_000;

/// The name of the settings file of the linter alone.
const OWN_FILE: &str = "distill-lint.toml";

pub fn run(args: &LintArgs, global: &Global, printer: &Printer) -> Result<ExitKind, Error> {
    if let Some(code) = &args.explain {
        let text = lint::explain(code).ok_or_else(|| {
            let error = Error::new(format!("there is no rule `{code}`"));
            match lint::nearest(code) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint("`distill lint --rules` lists them all"),
            }
        })?;
        printer.data(&format!("{}\n", text.trim_end()))?;
        return Ok(ExitKind::Success);
    }
    if args.rules {
        printer.data(&output::rules())?;
        return Ok(ExitKind::Success);
    }
    let (workspace, settings) = settings(args, global)?;
    checked(&settings)?;
    let own = workspace.path("data");
    let paths = if args.paths.is_empty() { vec![own.clone()] } else { args.paths.clone() };
    let stdin = paths.iter().any(|path| path.as_os_str() == "-");
    if stdin && (paths.len() > 1 || args.fix || args.diff) {
        return Err(Error::new("`-` is standard input: it is the only path, and nothing can be repaired in it"));
    }
    let mut files = if stdin { vec![] } else { dataset_files(&paths)? };
    if args.only_datasets && !stdin {
        files.retain(|file| is_dataset(file));
        if files.is_empty() {
            printer.talk("none of the files is a dataset");
            return Ok(ExitKind::Success);
        }
    }
    let read = edge::fs::identities(&files);
    let written = args.output_file.iter().chain(&args.write_baseline);
    for path in written.chain(args.reports.iter().map(|(_, path)| path)) {
        edge::fs::not_over(path, &read)?;
    }
    let counter = args.tokenizer.as_deref().map(open_counter).transpose()?;
    let whole = std::path::absolute(&own).unwrap_or_else(|_| own.clone());
    let within = |file: &PathBuf| std::path::absolute(file).is_ok_and(|file| file.starts_with(&whole));
    let inside = Workspace::is_at(&workspace.root) && files.iter().all(within);
    let mut inputs = LintInputs::gather(&workspace, args.vault.as_deref(), &args.sources, inside && !stdin)?;
    inputs.look_beside(&files);
    // What is accepted anew are all findings, those that were known too.
    let known = args.baseline.as_deref().filter(|_| args.write_baseline.is_none());
    let baseline = known.map(read_baseline).transpose()?;
    let job = Job { files: &files, settings: &settings, counter: counter.as_deref(), baseline, printer };
    let context = inputs.context(job.counter);
    let report = if stdin { job.stdin(&context)? } else { job.run(&context)? };
    let mut unwritten = false;
    let report = match (args.fix, args.diff) {
        (true, _) => {
            let fixed = fix::fix(&job, &context, &mut inputs.beside.clone(), report, args.unsafe_fixes)?;
            printer.talk(&fixed.line());
            unwritten = !fixed.failed.is_empty();
            for error in &fixed.failed {
                printer.error(error);
            }
            fixed.report
        }
        (_, true) => {
            let shown = fix::diff(&job, &report, args.unsafe_fixes)?;
            printer.data(&shown.text)?;
            printer.talk(&shown.line());
            return Ok(if shown.is_empty() { ExitKind::Success } else { ExitKind::Data });
        }
        _ => report,
    };
    if let Some(path) = &args.write_baseline {
        if report.findings.len() as u64 != report.totals.values().map(|(_, count)| count).sum::<u64>() {
            return Err(Error::at(path, "a baseline needs every finding").hint("add `--max-findings 0`"));
        }
        edge::fs::write(path, Baseline::of(report.findings.iter()).render().as_bytes())?;
        printer.talk(&format!("{} findings written to {}", report.findings.len(), path.display()));
        return Ok(ExitKind::Success);
    }
    let drawn = if args.output_format == OutputFormat::Html
        || args.reports.iter().any(|(format, _)| *format == OutputFormat::Html)
    {
        // A file that cannot be read is a finding already.
        let readable: Vec<PathBuf> = files.iter().filter(|file| dataset::open(file).is_ok()).cloned().collect();
        output::distributions(&super::stats::gather(&readable, job.counter, printer)?.0)
    } else {
        vec![]
    };
    for (format, path) in &args.reports {
        let rendered = output::render(&report, *format, &settings, &drawn, false)?;
        edge::fs::write(path, rendered.as_bytes())?;
    }
    let mut report = report;
    if args.statistics {
        report.findings.clear();
    }
    let file = args.output_file.as_deref().filter(|path| path.as_os_str() != "-");
    output::write(&report, args.output_format, &settings, &drawn, file, printer)?;
    // What was not looked at is not fine.
    let stopped = report.skipped.iter().find(|skipped| skipped.reason.starts_with("stopped: "));
    if let Some(skipped) = stopped {
        printer.error(&Error::new(format!("{} could not finish", skipped.code)).hint(skipped.reason.clone()));
    }
    if unwritten || stopped.is_some() {
        return Ok(ExitKind::Environment);
    }
    let too_many = args.max_warnings.is_some_and(|most| report.count(Severity::Warning) > most);
    let failed = match args.fail_on {
        _ if args.exit_zero => false,
        _ if too_many => true,
        FailOn::Error => report.fails_at(Severity::Error),
        FailOn::Warning => report.fails_at(Severity::Warning),
        FailOn::Info => report.fails_at(Severity::Info),
        FailOn::Never => false,
    };
    Ok(if failed { ExitKind::Data } else { ExitKind::Success })
}

/// Refuses settings with which nothing would be looked at.
fn checked(settings: &LintSettings) -> Result<(), Error> {
    let rules = lint::selected(settings).map_err(|e: LintError| Error::new(e.to_string()).maybe_hint(e.hint()))?;
    if rules.is_empty() {
        return Err(
            Error::new("no rule is selected").hint("`distill lint --rules` lists them; `--select all` is the default")
        );
    }
    let roles: Vec<Role> = settings.columns.keys().filter_map(|name| Role::of_name(name)).collect();
    let has = |role: Role| roles.contains(&role);
    let pair = has(Role::Chosen) && has(Role::Rejected);
    let whole = match settings.kind {
        _ if roles.is_empty() => true,
        Some(Kind::Preference) => pair,
        Some(Kind::Cot) => has(Role::Answer) && has(Role::Thought),
        Some(Kind::Qa) => has(Role::Answer),
        None => pair || (has(Role::Answer) && !has(Role::Chosen) && !has(Role::Rejected)),
    };
    if whole {
        return Ok(());
    }
    Err(Error::new("the columns that were named make no row")
        .hint("a row has a response, and a thought for `--kind cot`; a pair has chosen and rejected"))
}

/// What is looked at, and by what.
struct Job<'a> {
    files: &'a [PathBuf],
    settings: &'a LintSettings,
    counter: Option<&'a dyn TokenCounter>,
    baseline: Option<Baseline>,
    printer: &'a Printer,
}

impl Job<'_> {
    fn linter<'c>(&'c self, cx: &Context<'c>) -> Result<Linter<'c>, Error> {
        let linter =
            Linter::new(self.settings, cx).map_err(|e: LintError| Error::new(e.to_string()).maybe_hint(e.hint()))?;
        Ok(linter.baseline(self.baseline.clone()))
    }

    fn run(&self, cx: &Context<'_>) -> Result<Report, Error> {
        let mut linter = self.linter(cx)?;
        for (i, file) in self.files.iter().enumerate() {
            let name = file.to_string_lossy();
            match dataset::open(file) {
                Ok(reader) => {
                    let rows = reader.head().claimed_rows;
                    linter.file(reader, &mut |done| {
                        // What is done in a moment needs no bar.
                        if done < LONG {
                            return;
                        }
                        let words = format!("rows, file {} of {}", i + 1, self.files.len());
                        self.printer.progress(done, rows.unwrap_or(done + 1), &words);
                    });
                }
                Err(error) => linter.unreadable(&name, &error.reason()),
            }
        }
        self.printer.finish();
        Ok(linter.finish())
    }

    fn stdin(&self, cx: &Context<'_>) -> Result<Report, Error> {
        let mut linter = self.linter(cx)?;
        let reader = stream::text(Path::new("stdin"), stream::Packing::Plain, Box::new(std::io::stdin()));
        linter.file(reader, &mut |_| {});
        Ok(linter.finish())
    }
}

fn read_baseline(path: &Path) -> Result<Baseline, Error> {
    Baseline::parse(&edge::fs::read_text(path)?)
        .map_err(|why| Error::at(path, why).hint("`distill lint --write-baseline FILE` writes one"))
}

/// The workspace and the settings of the linter: defaults, the nearest file, environment, flags.
fn settings(args: &LintArgs, global: &Global) -> Result<(Workspace, LintSettings), Error> {
    let mut layers = global.layers_with(|layers| {
        match &args.config {
            Some(path) if path.file_name().is_some_and(|name| name == Workspace::FILE) => layers.file(path),
            Some(path) => layers.lint_file(path),
            None => match nearest_file(&global.directory, args.paths.first()) {
                Some(path) if path.ends_with(OWN_FILE) => layers.lint_file(&path),
                // The workspace's own file is read by the layers themselves.
                Some(path) if path != global.directory.join(Workspace::FILE) => layers.lint_table_of(&path),
                _ => Ok(()),
            },
        }
    })?;
    let flag = |name: &str| Origin::Flag(name.to_owned());
    if !args.select.is_empty() {
        layers.set_text("lint.select", &args.select.join(","), flag("--select"))?;
    }
    let workspace = Workspace { root: global.directory.clone(), settings: Settings::resolve(&layers)? };
    let mut settings = workspace.settings.lint.clone();
    settings.extend_select.extend(args.extend_select.iter().cloned());
    settings.ignore.extend(args.ignore.iter().cloned());
    settings.kind = args.kind;
    for pair in &args.columns {
        let (role, column) = pair.split_once('=').ok_or_else(|| {
            Error::new(format!("`--column {pair}` has no `=`")).hint("write `--column response=answer_text`")
        })?;
        settings.columns.insert(role.to_owned(), column.to_owned());
    }
    if let Some(most) = args.max_findings {
        settings.max_findings = most;
    }
    if args.write_baseline.is_some() {
        settings.max_findings = 0;
    }
    Ok((workspace, settings))
}

/// `distill-lint.toml` or `distill.toml`, from the first path upwards, else from the workspace's folder upwards.
fn nearest_file(directory: &Path, first: Option<&PathBuf>) -> Option<PathBuf> {
    let from = first.filter(|path| path.as_os_str() != "-").map_or(directory, PathBuf::as_path);
    let from = std::path::absolute(from).ok()?;
    let found = from.ancestors().find_map(|folder| {
        [OWN_FILE, Workspace::FILE].iter().map(|name| folder.join(name)).find(|path| path.is_file())
    })?;
    // Named as the person would name it, where that is possible.
    let here = std::path::absolute(directory).ok()?;
    Some(found.strip_prefix(&here).map_or(found.clone(), |inside| directory.join(inside)))
}
