use std::path::PathBuf;

use clap::Args;

use crate::cli::Printer;
use crate::{Error, ExitKind, dataset};

/// Look at the rows of a dataset.
#[derive(Args, Debug)]
pub struct ShowArgs {
    /// A Parquet or JSONL file
    file: PathBuf,
    /// First row
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// How many rows
    #[arg(long, default_value_t = 10)]
    rows: usize,
    /// All columns, as JSON lines
    #[arg(long)]
    json: bool,
}

pub fn run(args: &ShowArgs, printer: &Printer) -> Result<ExitKind, Error> {
    let table = dataset::read(&args.file)?;
    let fields: Vec<&str> = match table.kind {
        Some(kind) => kind.fields().iter().chain(kind.probe_fields()).copied().collect(),
        None => table.columns.iter().map(String::as_str).collect(),
    };
    for record in table.records.iter().skip(usize::try_from(args.from).unwrap_or(usize::MAX)).take(args.rows) {
        if args.json {
            printer.data(&format!("{}\n", serde_json::Value::Object(record.values.clone())))?;
            continue;
        }
        let mut text = format!("row {} {}\n", record.row, record.text("split").unwrap_or_default());
        for field in fields.iter().chain(&["source"]) {
            if let Some(value) = record.text(field).filter(|v| !v.is_empty()) {
                text.push_str(&format!("  {field:>12}  {}\n", value.replace('\n', "\n                ")));
            }
        }
        printer.data(&format!("{text}\n"))?;
    }
    printer.talk(&format!("{} rows, {} columns", table.records.len(), table.columns.len()));
    Ok(ExitKind::Success)
}
