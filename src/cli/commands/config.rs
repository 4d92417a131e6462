use clap::{Args, Subcommand};

use crate::cli::{Global, Printer};
use crate::{Error, ExitKind};

/// Show the settings.
#[derive(Args, Debug)]
pub struct ConfigArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// Every resolved value with its origin
    Show,
}

pub fn run(args: &ConfigArgs, global: &Global, printer: &Printer) -> Result<ExitKind, Error> {
    let What::Show = args.what;
    let layers = global.layers()?;
    global.workspace(&layers)?;
    let entries = layers.entries();
    let width =
        entries.iter().map(|(key, value, _)| key.len() + value.to_string().len() + 3).max().unwrap_or_default().min(64);
    let lines: String = entries
        .iter()
        .map(|(key, value, origin)| format!("{:width$}  # {origin}\n", format!("{key} = {value}")))
        .collect();
    printer.data(&lines)?;
    Ok(ExitKind::Success)
}
