use clap::Args;

use crate::cli::Printer;
use crate::pipeline::{READER_LIMITS, read_alone};
use crate::{Error, ExitKind, edge};

/// Read one document from standard input where it can do no harm. Started by `distill` itself.
#[derive(Args, Debug)]
pub struct ReadAloneArgs {
    /// The extension of the file
    extension: String,
}

pub fn run(args: &ReadAloneArgs, printer: &Printer) -> Result<ExitKind, Error> {
    edge::sandbox::confine(READER_LIMITS);
    printer.data(&read_alone(&args.extension)?)?;
    Ok(ExitKind::Success)
}
