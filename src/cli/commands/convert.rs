//! `distill convert`: datasets in other shapes and containers.

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::Printer;
use crate::dataset::{self, ConvertOptions, Converted, Role, Thinking, To};
use crate::row::Kind;
use crate::{Error, ExitKind, edge};

/// Write a dataset in another shape or container.
#[derive(Args, Debug)]
pub struct ConvertArgs {
    /// A dataset: Parquet, JSON lines or a JSON array, in any known shape
    input: PathBuf,
    /// What to write: .parquet, .jsonl, .jsonl.gz, .jsonl.zst or .json; `-` for JSON lines on standard output
    output: PathBuf,
    /// The shape to write; the same as before when left out
    #[arg(long, value_enum)]
    to: Option<To>,
    /// The kind of the rows, where the file does not tell
    #[arg(long, value_enum)]
    kind: Option<Kind>,
    /// What a column is, where its name does not tell: prompt, context, thought, response, chosen, rejected, system, evidence
    #[arg(long, value_name = "ROLE=COLUMN", value_parser = role)]
    column: Vec<(Role, String)>,
    /// Only the rows of this split
    #[arg(long, value_name = "NAME")]
    split: Option<String>,
    /// Keep these columns beside those of the shape
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    keep_columns: Vec<String>,
    /// Leave these columns out
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    drop_columns: Vec<String>,
    /// Where thoughts go in shapes without a place for them
    #[arg(long, value_enum, default_value = "tags")]
    thought: Thinking,
    /// Messages where texts would do (prompt-completion, preference)
    #[arg(long)]
    conversational: bool,
    /// Write over a file that is there
    #[arg(long)]
    force: bool,
}

fn role(text: &str) -> Result<(Role, String), String> {
    let (name, column) = text.split_once('=').ok_or("ROLE=COLUMN was expected")?;
    let role = Role::of_name(name.trim()).ok_or_else(|| format!("`{name}` is no role"))?;
    Ok((role, column.trim().to_owned()))
}

pub fn run(args: &ConvertArgs, printer: &Printer) -> Result<ExitKind, Error> {
    let options = ConvertOptions {
        to: args.to,
        kind: args.kind,
        columns: args.column.clone(),
        split: args.split.clone(),
        keep: args.keep_columns.clone(),
        drop: args.drop_columns.clone(),
        thought: args.thought,
        conversational: args.conversational,
    };
    let done = if args.output == Path::new("-") {
        dataset::convert_to(&args.input, io::stdout().lock(), &options)?
    } else {
        edge::fs::not_over(&args.output, &edge::fs::identities(std::slice::from_ref(&args.input)))?;
        if args.output.exists() && !args.force {
            return Err(Error::at(&args.output, "is there already").hint("`--force` writes over it"));
        }
        dataset::convert(&args.input, &args.output, &options)?
    };
    say(&done, args, printer);
    Ok(if done.is_partial() { ExitKind::Data } else { ExitKind::Success })
}

fn rows(count: u64) -> String {
    if count == 1 { "1 row".to_owned() } else { format!("{count} rows") }
}

fn say(done: &Converted, args: &ConvertArgs, printer: &Printer) {
    let kind = done.kind.map_or(String::new(), |kind| format!(" of kind {}", kind.name()));
    let shapes = if done.from == done.to { done.to.to_owned() } else { format!("{} -> {}", done.from, done.to) };
    printer.talk(&format!("{}: {}{kind}, {shapes}", args.output.display(), rows(done.rows)));
    if done.other_splits > 0 {
        printer.talk(&format!("  {} of other splits", rows(done.other_splits)));
    }
    if !done.lost.is_empty() {
        let whole = |count: u64| if count >= done.rows { String::new() } else { format!(" ({})", rows(count)) };
        let lost: Vec<String> = done.lost.iter().map(|(what, count)| format!("{what}{}", whole(*count))).collect();
        printer.talk(&format!("  left behind: {} (`--keep-columns` keeps columns)", lost.join(", ")));
    }
    if !done.metadata_lost.is_empty() {
        let keys = done.metadata_lost.join(", ");
        printer.talk(&format!("  left behind: file metadata, for which JSON has no place: {keys}"));
    }
    if !done.retyped.is_empty() {
        let columns: Vec<String> = done.retyped.iter().map(|(column, was)| format!("{column} ({was})")).collect();
        printer
            .talk(&format!("  types that JSON does not know, so that they do not come back: {}", columns.join(", ")));
    }
    if done.not_numbers > 0 {
        printer.talk(&format!("  numbers that are none or infinite and are null now: {}", done.not_numbers));
    }
    if !done.empty_objects.is_empty() {
        let paths = done.empty_objects.join(", ");
        printer
            .talk(&format!("  objects that are all empty, for which Parquet has no type, are the text {{}}: {paths}"));
    }
    if done.uncounted {
        printer.talk("  token counts are 0 where the file had none; training counts for itself");
    }
    for refused in &done.refused {
        let numbers: Vec<String> = refused.rows.iter().map(u64::to_string).collect();
        let more = if refused.count > refused.rows.len() as u64 { ", …" } else { "" };
        let (count, numbers) = (rows(refused.count), numbers.join(", "));
        printer.talk(&format!("  left out: {count} ({numbers}{more}): {}", refused.why));
    }
    const SHOWN: usize = 10;
    for bad in done.unreadable.iter().take(SHOWN) {
        let place = match (bad.line, bad.row) {
            (Some(line), _) => format!("line {line}"),
            (None, Some(row)) => format!("row {row}"),
            (None, None) => "the file".to_owned(),
        };
        printer.talk(&format!("  left out: {}: {place} {}", args.input.display(), bad.why));
    }
    if done.unreadable.len() > SHOWN {
        let more = (done.unreadable.len() - SHOWN) as u64;
        printer.talk(&format!("  left out: {} more that cannot be read", rows(more)));
    }
}
