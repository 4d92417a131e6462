//! `distill stats`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::show::unreadable;
use crate::batch::open_counter;
use crate::cli::{Global, Printer};
use crate::dataset::show::escaped;
use crate::dataset::stats::{Gather, Stats, page, text};
use crate::dataset::{BadRow, open};
use crate::pipeline::{Watch, dataset_files};
use crate::settings::Workspace;
use crate::{Error, ExitKind, edge};

/// Describe datasets: counts, lengths, duplicates, sources, cost.
#[derive(Args, Debug)]
pub struct StatsArgs {
    /// Parquet, JSONL or JSON files (also .gz and .zst), or folders; in a workspace its data/ when left out
    files: Vec<PathBuf>,
    /// Count tokens by this: a tokenizer.json, a folder with one, or a tiktoken name such as o200k_base
    #[arg(long, value_name = "TOKENIZER")]
    tokenizer: Option<String>,
    /// How to print them
    #[arg(long, value_enum, default_value = "text", value_name = "FORMAT")]
    output_format: OutputFormat,
    /// Print them to a file
    #[arg(short, long, value_name = "FILE")]
    output_file: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum OutputFormat {
    /// For people.
    Text,
    /// One object.
    Json,
    /// A page to look through.
    Html,
}

/// Rows from which on progress is said.
const SLOW: u64 = 50_000;

pub fn run(args: &StatsArgs, global: &Global, printer: &Printer) -> Result<ExitKind, Error> {
    let paths = if args.files.is_empty() && Workspace::is_at(&global.directory) {
        vec![global.directory.join("data")]
    } else {
        args.files.clone()
    };
    if paths.is_empty() {
        return Err(Error::new("no files were named").hint("for example `distill stats qa.parquet`"));
    }
    let files = dataset_files(&paths)?;
    let counter = args.tokenizer.as_deref().map(open_counter).transpose()?;
    let (stats, bad) = gather(&files, counter.as_deref(), printer)?;
    let rendered = match args.output_format {
        OutputFormat::Text => text(&stats),
        OutputFormat::Json => {
            escaped(&serde_json::to_string_pretty(&stats).map_err(|e| Error::new(e.to_string()))?) + "\n"
        }
        OutputFormat::Html => page(&stats),
    };
    match &args.output_file {
        Some(path) => edge::fs::write(path, rendered.as_bytes())?,
        None => printer.data(&rendered)?,
    }
    for (file, bad) in &bad {
        printer.error(&unreadable(file, bad));
    }
    Ok(if bad.is_empty() { ExitKind::Success } else { ExitKind::Data })
}

/// Statistics of some files, and the first row of each that cannot be read.
pub(super) fn gather(
    files: &[PathBuf],
    counter: Option<&dyn crate::row::TokenCounter>,
    printer: &Printer,
) -> Result<(Stats, Vec<(PathBuf, BadRow)>), Error> {
    let mut gather = Gather::new(counter);
    let mut bad = vec![];
    for (i, file) in files.iter().enumerate() {
        let reader = open(file)?;
        let rows = reader.head().claimed_rows;
        let found = gather.file(reader, &mut |done| {
            // Small files are done before anybody wonders.
            if done >= SLOW {
                printer.progress(done, rows.unwrap_or(done + 1), &format!("rows, file {} of {}", i + 1, files.len()));
            }
        });
        bad.extend(found.map(|found| (file.clone(), found)));
    }
    printer.finish();
    Ok((gather.finish(), bad))
}
