//! The size of the terminal.

use crate::dataset::show::Look;
use crate::edge;

use super::Printer;

/// Columns where nobody tells.
const USUAL: usize = 100;

/// How to print tables: as wide as the terminal, also behind a pager, whose terminal standard error or input still is.
pub(super) fn look(printer: &Printer) -> Look {
    let said = || edge::env("COLUMNS").and_then(|columns| columns.parse().ok()).filter(|columns| *columns > 0);
    let width = terminal().or_else(said).unwrap_or(USUAL);
    Look { width: width.clamp(20, 2000), color: printer.color() }
}

#[cfg(unix)]
fn terminal() -> Option<usize> {
    let sizes = [
        rustix::termios::tcgetwinsize(std::io::stdout()),
        rustix::termios::tcgetwinsize(std::io::stderr()),
        rustix::termios::tcgetwinsize(std::io::stdin()),
    ];
    sizes.into_iter().flatten().map(|size| usize::from(size.ws_col)).find(|columns| *columns > 0)
}

#[cfg(not(unix))]
fn terminal() -> Option<usize> {
    None
}
