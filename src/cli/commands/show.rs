//! `distill show`.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::{Global, Printer, terminal};
use crate::dataset::show::{Condition, Page, Passage, json, one};
use crate::dataset::{BadRow, Head, Item, Layout, Reader, Record, layout_of, open};
use crate::error::printable;
use crate::pipeline::LintInputs;
use crate::settings::Workspace;
use crate::{Error, ExitKind};

/// Look at the rows of a dataset.
#[derive(Args, Debug)]
pub struct ShowArgs {
    /// A Parquet, JSONL or JSON file, also .gz and .zst
    file: PathBuf,
    /// First row
    #[arg(long, default_value_t = 0, value_name = "N")]
    from: u64,
    /// How many rows
    #[arg(long, default_value_t = 10, value_name = "N")]
    rows: usize,
    /// Only rows with this: FIELD~TEXT, FIELD=VALUE, FIELD>N, also !~ != >= <= and <; several must all hold
    #[arg(long = "where", value_name = "CONDITION")]
    conditions: Vec<Condition>,
    /// This row alone, in full
    #[arg(long, value_name = "N", conflicts_with_all = ["id", "from", "rows", "conditions"])]
    row: Option<u64>,
    /// The row with this id, or this beginning of an id, in full
    #[arg(long, value_name = "ID", conflicts_with_all = ["from", "rows", "conditions"])]
    id: Option<String>,
    /// These columns, paths such as `messages[0].content`, or roles such as `prompt`
    #[arg(long, value_delimiter = ',', value_name = "COLUMNS")]
    columns: Vec<String>,
    /// As JSON lines, with all columns
    #[arg(long)]
    json: bool,
    /// Documents that the rows were made from, masked before they are shown; in a workspace its sources/
    #[arg(long, value_name = "PATH", num_args = 1..)]
    source: Vec<PathBuf>,
}

/// Rows by which the columns of a table are measured.
const MEASURED: usize = 200;

pub fn run(args: &ShowArgs, global: &Global, printer: &Printer) -> Result<ExitKind, Error> {
    let reader = open(&args.file)?;
    let sample: Vec<&Record> = reader.sample().take(64).collect();
    let layout = layout_of(&reader.head().columns, &reader.head().metadata, &sample, None);
    let bad = if args.row.is_some() || args.id.is_some() {
        full(args, reader, layout.as_ref(), global, printer)?
    } else {
        table(args, reader, layout.as_ref(), printer)?
    };
    match bad {
        None => Ok(ExitKind::Success),
        Some(bad) => Err(unreadable(&args.file, &bad)),
    }
}

/// The error that a row which cannot be read ends in.
pub(super) fn unreadable(file: &Path, bad: &BadRow) -> Error {
    let place = match (bad.line, bad.row) {
        (Some(line), _) => format!("line {line} "),
        (None, Some(row)) => format!("row {row}: "),
        (None, None) => String::new(),
    };
    Error::at(file, format!("{place}{}", bad.why))
        .data()
        .hint("datasets are Parquet files, JSON arrays or JSON lines, one object per line")
}

fn table(
    args: &ShowArgs,
    mut reader: Reader,
    layout: Option<&Layout>,
    printer: &Printer,
) -> Result<Option<BadRow>, Error> {
    let head = reader.head().clone();
    let mut table = Table { args, head: &head, layout, waiting: vec![], page: None };
    let (mut shown, mut seen, mut more, mut bad) = (0, 0_u64, None, None);
    let mut known = vec![false; args.conditions.len()];
    'rows: while let Some(batch) = reader.batch() {
        for item in batch {
            let record = match item {
                Item::Row(record) => record,
                Item::Bad(found) => {
                    bad.get_or_insert(found);
                    continue;
                }
            };
            seen += 1;
            for (known, condition) in known.iter_mut().zip(&args.conditions) {
                *known = *known || condition.applies(&record, layout);
            }
            if record.row < args.from || !args.conditions.iter().all(|condition| condition.holds(&record, layout)) {
                continue;
            }
            if shown == args.rows {
                more = Some(record.row);
                break 'rows;
            }
            shown += 1;
            table.waiting.push(record);
            if table.waiting.len() >= MEASURED {
                table.print(printer)?;
            }
        }
    }
    table.print(printer)?;
    if shown == 0
        && let Some((_, condition)) = known.iter().zip(&args.conditions).find(|(known, _)| !**known)
    {
        return Err(Error::at(&args.file, format!("no row has a field `{}`", condition.field))
            .hint(printable(&format!("its columns are {}", head.columns.join(", ")))));
    }
    let of = match head.claimed_rows {
        Some(rows) => format!(" of {rows}"),
        None if more.is_none() => format!(" of {seen}"),
        None => String::new(),
    };
    let columns = match table.page.as_ref().map_or(0, Page::left_out) {
        0 => String::new(),
        left_out => format!("; {left_out} more columns have no room, `--columns` chooses"),
    };
    let next = more.map(|row| format!("; more with `--from {row}`")).unwrap_or_default();
    let one = if shown > 0 && !args.json { "; one in full with `--row N`" } else { "" };
    printer.talk(&format!("{shown}{of} rows{columns}{next}{one}"));
    Ok(bad)
}

/// What is printed while the rows are read.
struct Table<'a> {
    args: &'a ShowArgs,
    head: &'a Head,
    layout: Option<&'a Layout>,
    waiting: Vec<Record>,
    page: Option<Page<'a>>,
}

impl Table<'_> {
    /// Prints the rows that wait, the first time under the names of the columns.
    fn print(&mut self, printer: &Printer) -> Result<(), Error> {
        let Some(last) = self.waiting.last() else { return Ok(()) };
        let mut out = String::new();
        if self.args.json {
            self.waiting.iter().for_each(|record| out.push_str(&format!("{}\n", json(record, &self.args.columns))));
        } else {
            if self.page.is_none() {
                let end = self.args.from.saturating_add(self.args.rows as u64);
                // The highest row number that may come, for the width of its column.
                let last = match self.head.claimed_rows {
                    Some(rows) if self.args.conditions.is_empty() => rows.min(end),
                    Some(rows) => rows,
                    None if self.args.conditions.is_empty() => end,
                    None => last.row.saturating_mul(10),
                };
                let known = &self.head.columns;
                let look = terminal::look(printer);
                let page = Page::new(self.layout, &self.args.columns, known, &self.waiting, last, look);
                out.push_str(&page.head());
                self.page = Some(page);
            }
            if let Some(page) = &self.page {
                self.waiting.iter().for_each(|record| out.push_str(&page.line(record)));
            }
        }
        self.waiting.clear();
        printer.data(&out)
    }
}

fn full(
    args: &ShowArgs,
    mut reader: Reader,
    layout: Option<&Layout>,
    global: &Global,
    printer: &Printer,
) -> Result<Option<BadRow>, Error> {
    let wanted = |record: &Record| match (&args.id, args.row) {
        (Some(id), _) => record.values.get("id").is_some_and(|value| match value.as_str() {
            Some(text) => text == id || (id.len() >= 4 && text.starts_with(id.as_str())),
            None => value == id.as_str() || value.as_u64().is_some_and(|number| id.parse() == Ok(number)),
        }),
        (None, row) => Some(record.row) == row,
    };
    let (mut found, mut rows, mut bad): (Option<Record>, u64, Option<BadRow>) = (None, 0, None);
    'rows: while let Some(batch) = reader.batch() {
        for item in batch {
            match item {
                Item::Row(record) => {
                    rows = record.row + 1;
                    if !wanted(&record) {
                        continue;
                    }
                    if let Some(first) = &found {
                        if first.id() != record.id() {
                            let message = format!("the rows {} and {} both have such an id", first.row, record.row);
                            return Err(Error::at(&args.file, message).hint("write more of it"));
                        }
                        continue;
                    }
                    found = Some(record);
                    if args.row.is_some() {
                        break 'rows;
                    }
                }
                Item::Bad(found) if args.row.is_none() || found.row == args.row => {
                    bad.get_or_insert(found);
                }
                Item::Bad(_) => {}
            }
        }
    }
    let Some(record) = found else {
        return match (bad, &args.id) {
            (Some(bad), _) => Ok(Some(bad)),
            (None, Some(id)) => Err(Error::at(&args.file, format!("no row has the id `{id}`")).data()),
            (None, None) => Err(Error::at(&args.file, "there is no such row")
                .data()
                .hint(format!("the file has {rows} rows, the first one is 0"))),
        };
    };
    if args.json {
        printer.data(&format!("{}\n", json(&record, &args.columns)))?;
        return Ok(None);
    }
    let inputs = documents(args, global, printer, record.text("source").is_some())?;
    let passage = match (&inputs, record.text("source")) {
        (Some(inputs), Some(name)) => document(inputs, name).map_or(Passage::Absent, Passage::Text),
        _ => Passage::Unasked,
    };
    printer.data(&one(&record, layout, passage, terminal::look(printer)))?;
    Ok(None)
}

/// Masked documents: those that were named, or the workspace's own.
fn documents(
    args: &ShowArgs,
    global: &Global,
    printer: &Printer,
    has_source: bool,
) -> Result<Option<LintInputs>, Error> {
    let own = Workspace::is_at(&global.directory) && global.directory.join("sources").is_dir();
    if !has_source || (args.source.is_empty() && !own) {
        return Ok(None);
    }
    let gathered = global
        .layers()
        .and_then(|layers| global.workspace(&layers))
        .and_then(|workspace| LintInputs::gather(&workspace, None, &args.source, own));
    match gathered {
        Ok(inputs) => Ok(Some(inputs)),
        Err(error) if !args.source.is_empty() => Err(error),
        // Nobody asked for the passage: the row is shown all the same.
        Err(error) => {
            printer.talk(&format!("no passage: {}", error.reason()));
            Ok(None)
        }
    }
}

/// The document of a name; documents that were named one by one go by their last part.
fn document<'i>(inputs: &'i LintInputs, name: &str) -> Option<&'i str> {
    let last = |name: &str| name.rsplit('/').next().unwrap_or_default().to_owned();
    let by_last = || {
        let mut found = inputs.sources.iter().filter(|(known, _)| last(known) == last(name));
        found.next().filter(|_| found.next().is_none()).map(|(_, text)| text)
    };
    inputs.sources.get(name).or_else(by_last).map(String::as_str)
}
