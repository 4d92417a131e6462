//! `distill diff`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::show::unreadable;
use crate::cli::{Printer, terminal};
use crate::dataset::diff::{Key, Options, diff, text};
use crate::dataset::show::escaped;
use crate::{Error, ExitKind};

/// Compare two versions of a dataset.
#[derive(Args, Debug)]
pub struct DiffArgs {
    /// The old file: Parquet, JSONL or JSON, also .gz and .zst
    old: PathBuf,
    /// The new file, of any format too
    new: PathBuf,
    /// What makes rows the same: `id`, `prompt`, or another column; else whatever fits, and it is said what
    #[arg(long, value_name = "KEY", default_value = "auto", hide_default_value = true)]
    key: Key,
    /// How to print the differences
    #[arg(long, value_enum, default_value = "text", value_name = "FORMAT")]
    output_format: OutputFormat,
    /// Print the words that differ
    #[arg(long)]
    show: bool,
    /// Rows listed of each sort; 0 lists all. [default: 10, all for json]
    #[arg(long, value_name = "N")]
    rows: Option<usize>,
}

#[derive(Clone, Copy, Debug, ValueEnum, PartialEq, Eq)]
enum OutputFormat {
    /// For people.
    Text,
    /// One object.
    Json,
}

pub fn run(args: &DiffArgs, printer: &Printer) -> Result<ExitKind, Error> {
    let usual = if args.output_format == OutputFormat::Json { 0 } else { 10 };
    let options = Options { key: args.key.clone(), list: args.rows.unwrap_or(usual), values: args.show };
    let (found, bad) = diff(&args.old, &args.new, &options)?;
    let names = [args.old.display().to_string(), args.new.display().to_string()];
    printer.data(&match args.output_format {
        OutputFormat::Text => text(&found, [&names[0], &names[1]], terminal::look(printer)),
        OutputFormat::Json => {
            escaped(&serde_json::to_string_pretty(&found).map_err(|e| Error::new(e.to_string()))?) + "\n"
        }
    })?;
    for (side, bad) in &bad {
        printer.error(&unreadable(if *side == 0 { &args.old } else { &args.new }, bad));
    }
    Ok(if found.equal { ExitKind::Success } else { ExitKind::Data })
}
