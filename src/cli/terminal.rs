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
    let size = |fd: std::os::fd::BorrowedFd<'_>| rustix::termios::tcgetwinsize(fd).ok();
    use std::os::fd::AsFd as _;
    let sizes = [size(std::io::stdout().as_fd()), size(std::io::stderr().as_fd()), size(std::io::stdin().as_fd())];
    sizes.into_iter().flatten().map(|size| usize::from(size.ws_col)).find(|columns| *columns > 0)
}

#[cfg(not(unix))]
fn terminal() -> Option<usize> {
    None
}
