use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::Printer;
use crate::settings::{DEFAULTS, Workspace};
use crate::{Error, ExitKind, edge};

/// Make a workspace.
#[derive(Args, Debug)]
pub struct InitArgs {
    /// Where
    #[arg(default_value = ".")]
    dir: PathBuf,
}

pub fn run(args: &InitArgs, printer: &Printer) -> Result<ExitKind, Error> {
    let file = args.dir.join(Workspace::FILE);
    if file.exists() {
        return Err(Error::at(&file, "is already a workspace").hint("edit its distill.toml, or choose another folder"));
    }
    make(&args.dir, DEFAULTS)?;
    printer.talk(&format!(
        "workspace in {}\nput documents into {}, then run `distill -C {} train --all`",
        args.dir.display(),
        args.dir.join("sources").display(),
        args.dir.display()
    ));
    Ok(ExitKind::Success)
}

/// The folders and the settings file of a workspace.
pub(super) fn make(dir: &Path, settings: &str) -> Result<(), Error> {
    for folder in ["sources", "data", "runs", "out", ".distill"] {
        edge::fs::create_dir(&dir.join(folder))?;
    }
    // Sources and vault are personal: a workspace inside a repository must not be published by accident.
    edge::fs::write(&dir.join(".gitignore"), b"/sources/\n/.distill/\n/runs/\n/out/\n")?;
    edge::fs::write(&dir.join(Workspace::FILE), settings.as_bytes())
}
