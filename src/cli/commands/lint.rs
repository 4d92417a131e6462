use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::batch::Encoder;
use crate::cli::{Global, Printer};
use crate::lint::{self, Context, Linter};
use crate::mask::{Treatment, Vault};
use crate::pipeline::{VAULT, VaultFile};
use crate::row::TokenCounter;
use crate::{Error, ExitKind, dataset, edge};

/// Check datasets.
#[derive(Args, Debug)]
pub struct LintArgs {
    /// Parquet or JSONL files, or folders; in a workspace its data/ when left out
    paths: Vec<PathBuf>,
    /// Only these rules: codes, prefixes of codes, or names
    #[arg(long, value_delimiter = ',')]
    select: Vec<String>,
    /// Not these rules
    #[arg(long, value_delimiter = ',')]
    ignore: Vec<String>,
    /// How to print findings
    #[arg(long, value_enum, default_value = "text")]
    output_format: OutputFormat,
    /// The student's tokenizer.json, or a folder with one
    #[arg(long)]
    tokenizer: Option<PathBuf>,
    /// Explain a rule and stop
    #[arg(long, value_name = "CODE")]
    explain: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum OutputFormat {
    /// For people.
    Text,
    /// One array.
    Json,
}

pub fn run(args: &LintArgs, global: &Global, printer: &Printer) -> Result<ExitKind, Error> {
    if let Some(code) = &args.explain {
        let text = lint::explain(code).ok_or_else(|| {
            Error::new(format!("there is no rule `{code}`")).hint("docs/lint-rules.md lists them all")
        })?;
        printer.data(&format!("{}\n", text.trim_end()))?;
        return Ok(ExitKind::Success);
    }
    let workspace = global.workspace(&global.layers()?)?;
    let mut settings = workspace.settings.lint.clone();
    if !args.select.is_empty() {
        settings.select.clone_from(&args.select);
    }
    settings.ignore.extend(args.ignore.iter().cloned());
    let paths = if args.paths.is_empty() { vec![workspace.path("data")] } else { args.paths.clone() };
    // A file named by hand is read whatever it is called; in a folder only datasets are.
    let is_dataset = |p: &PathBuf| {
        p.extension().is_some_and(|e| e == "parquet" || e == "jsonl")
            && p.file_name().is_none_or(|n| !n.to_string_lossy().ends_with("rejected.jsonl"))
    };
    let files: Vec<PathBuf> =
        edge::fs::walk(&paths)?.into_iter().filter(|f| paths.contains(f) || is_dataset(f)).collect();
    if files.is_empty() {
        return Err(Error::new("there are no datasets to check")
            .place(paths.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", "))
            .hint("datasets end in .parquet or .jsonl"));
    }
    let counter = match &args.tokenizer {
        Some(path) if path.is_dir() => Some(Encoder::counter(&path.join("tokenizer.json"))?),
        Some(path) => Some(Encoder::counter(path)?),
        None => None,
    };
    // Only what the vault says tells an invented address from a real one.
    let invents = workspace.settings.persona.policy.values().any(|treatment| *treatment == Treatment::Surrogate);
    let vault = match workspace.path(VAULT) {
        path if path.exists() => Some(VaultFile::existing(&path)?.1),
        _ => None,
    };
    let context = Context {
        surrogates: vault.as_ref().filter(|_| invents).map(Vault::surrogates),
        originals: vault.as_ref(),
        ..Context::with_counter(counter.as_ref().map(|c| c as &dyn TokenCounter))
    };
    let fault = |e: lint::LintError| Error::new(e.to_string()).maybe_hint(e.hint());
    let mut linter = Linter::new(&settings, &context).map_err(fault)?;
    for file in &files {
        match dataset::open(file) {
            Ok(reader) => linter.file(reader),
            Err(error) => linter.unreadable(&file.to_string_lossy(), &error.to_string()),
        }
    }
    let report = linter.finish();
    let text = match args.output_format {
        OutputFormat::Text => lint::report::text::render(&report, printer.color()),
        OutputFormat::Json => lint::report::json::render(&report),
    };
    printer.data(&format!("{}\n", text.trim_end()))?;
    Ok(if report.fails() { ExitKind::Data } else { ExitKind::Success })
}
