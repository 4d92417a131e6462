//! `distill split`: which rows are held out.

use std::path::PathBuf;

use clap::Args;

use crate::cli::Printer;
use crate::dataset::{self, By, SplitAccount, SplitOptions, SplitPlace, Stratify};
use crate::{Error, ExitKind};

/// Hold rows out for testing.
#[derive(Args, Debug)]
pub struct SplitArgs {
    /// Parquet or JSONL files, which are split as one dataset
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// A folder for copies whose column `split` says train or test
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Set the column in the files themselves
    #[arg(long, conflicts_with_all = ["output", "parts"])]
    in_place: bool,
    /// Write NAME-train and NAME-test into the folder instead of copies with a column
    #[arg(long, requires = "output")]
    parts: bool,
    /// Share of the rows that are held out
    #[arg(long, default_value_t = 0.1)]
    test: f64,
    /// What keeps rows together: passage, row (only what they ask) or a column; passage where rows have a source and a span, else row
    #[arg(long, value_name = "passage|row|COLUMN")]
    by: Option<String>,
    /// What is to be as frequent on both sides: kind, question-type or a column
    #[arg(long, value_name = "kind|question-type|COLUMN", default_value = "kind")]
    stratify: String,
    /// Another number draws other rows
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Write over files that are there
    #[arg(long)]
    force: bool,
}

pub fn run(args: &SplitArgs, printer: &Printer) -> Result<ExitKind, Error> {
    let place = match &args.output {
        _ if args.in_place => Some(SplitPlace::InPlace),
        Some(folder) if args.parts => Some(SplitPlace::Parts(folder.clone())),
        Some(folder) => Some(SplitPlace::Copies(folder.clone())),
        None => None,
    };
    let options = SplitOptions {
        test: args.test,
        by: args.by.as_deref().map(|by| match by {
            "passage" => By::Passage,
            "row" => By::Row,
            column => By::Column(column.to_owned()),
        }),
        stratify: match args.stratify.as_str() {
            "kind" => Stratify::Kind,
            "question-type" => Stratify::QuestionType,
            column => Stratify::Column(column.to_owned()),
        },
        seed: args.seed,
        place,
        force: args.force,
    };
    let account = dataset::split(&args.files, &options)?;
    say(&account, args, printer)?;
    Ok(ExitKind::Success)
}

fn say(account: &SplitAccount, args: &SplitArgs, printer: &Printer) -> Result<(), Error> {
    let share = |train: u64, test: u64| 100.0 * test as f64 / (train + test).max(1) as f64;
    let mut lines: Vec<(String, u64, u64)> = vec![];
    for part in &account.parts {
        let kind = part.kind.map_or(String::new(), |kind| format!(" ({})", kind.name()));
        lines.push((format!("{}{kind}", part.file.display()), part.train, part.test));
    }
    let (train, test) = account.total();
    if account.parts.len() > 1 {
        lines.push(("all".to_owned(), train, test));
    }
    if args.stratify != "kind" {
        lines.extend(account.strata.iter().map(|(name, train, test)| (format!("  {name}"), *train, *test)));
    }
    let width = lines.iter().map(|(name, ..)| name.chars().count()).max().unwrap_or(0).max(4);
    let mut text = format!("{:width$}  {:>8} {:>8}\n", "", "train", "test");
    for (name, train, test) in &lines {
        text.push_str(&format!("{name:width$}  {train:>8} {test:>8}  {:.1} %\n", share(*train, *test)));
    }
    printer.data(&text)?;
    let by = match &account.by {
        By::Passage => "passages and questions".to_owned(),
        By::Row => "questions".to_owned(),
        By::Column(column) => format!("`{column}` and questions"),
    };
    printer.talk(&format!("{} groups by {by}, the largest of {} rows", account.groups, account.largest));
    if account.misses {
        printer.talk(&format!(
            "warning: {:.1} % was asked for and {:.1} % is held out: groups are not parted, and these are too large",
            100.0 * args.test,
            share(train, test)
        ));
    }
    if account.moved > 0 {
        printer.talk(&format!("{} rows change sides; what was trained before has seen its test rows", account.moved));
    }
    match account.written.as_slice() {
        [] => printer.talk("nothing was written: `--in-place` sets the column `split`, `-o DIR` writes copies"),
        files => {
            for file in files {
                printer.talk(&format!("wrote {}", file.display()));
            }
        }
    }
    Ok(())
}
