//! One file per subcommand: its arguments and its work.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::Printer;
use crate::pipeline::{Sources, read_documents};
use crate::{Error, edge};

/// The files under `paths` that nothing written may replace.
fn written_over(paths: &[PathBuf]) -> BTreeSet<PathBuf> {
    let files = paths.iter().filter(|path| path.as_os_str() != "-");
    let files = files.flat_map(|path| edge::fs::walk(std::slice::from_ref(path)).unwrap_or_default());
    edge::fs::identities(&files.collect::<Vec<_>>())
}

/// Reads documents and says which were left out.
fn read_aloud(paths: &[PathBuf], printer: &Printer) -> Result<Sources, Error> {
    let sources = read_documents(paths)?;
    for error in &sources.failed {
        printer.error(error);
    }
    if let Some(line) = sources.skipped_line() {
        printer.talk(&line);
    }
    Ok(sources)
}

pub(super) mod card;
pub(super) mod completions;
pub(super) mod config;
pub(super) mod convert;
pub(super) mod diff;
pub(super) mod doctor;
pub(super) mod extract;
mod filter;
pub(super) mod generate;
pub(super) mod init;
pub(super) mod lint;
pub(super) mod man;
pub(super) mod mask;
pub(super) mod profile;
pub(super) mod prompt;
pub(super) mod read_alone;
mod review;
pub(super) mod show;
pub(super) mod split;
pub(super) mod stats;
pub(super) mod unmask;
pub(super) mod vault;

#[cfg(feature = "train")]
pub(super) mod chat;
#[cfg(feature = "train")]
pub(super) mod demo;
#[cfg(feature = "train")]
pub(super) mod eval;
#[cfg(feature = "train")]
pub(super) mod export;
#[cfg(feature = "train")]
pub(super) mod merge;
#[cfg(feature = "train")]
pub(super) mod plan;
#[cfg(feature = "train")]
pub(super) mod train;
