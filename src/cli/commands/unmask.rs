use std::path::PathBuf;

use clap::Args;

use crate::cli::{Global, Printer};
use crate::pipeline::{VAULT, VaultFile};
use crate::{Error, ExitKind, edge};

/// Put the originals back into masked text.
#[derive(Args, Debug)]
pub struct UnmaskArgs {
    /// Masked files; `-` is standard input
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// The vault that `distill mask --vault` wrote; without it, that of the workspace
    #[arg(long)]
    vault: Option<PathBuf>,
    /// Write one file per input here, readable by you alone, instead of to standard output
    #[arg(short, long)]
    output: Option<PathBuf>,
}

pub fn run(args: &UnmaskArgs, global: &Global, printer: &Printer) -> Result<ExitKind, Error> {
    let path = match &args.vault {
        Some(path) => path.clone(),
        None => global.workspace(&global.layers()?)?.path(VAULT),
    };
    let hint = "name the vault that `distill mask --vault FILE` wrote: --vault FILE";
    let (_, vault) =
        VaultFile::existing(&path).map_err(|error| if path.exists() { error } else { error.hint(hint) })?;
    let mut taken = std::collections::BTreeSet::new();
    let inputs = edge::fs::identities(&args.paths);
    for input in &args.paths {
        let text = if input.as_os_str() == "-" {
            String::from_utf8(edge::fs::read_stdin(MAX_BYTES)?)
                .map_err(|e| Error::at(input, "is not UTF-8").cause(e).data())?
        } else {
            edge::fs::read_text(input)?
        };
        let restored = vault.restore(&text);
        match &args.output {
            Some(dir) => {
                let name =
                    input.file_name().map_or_else(|| "stdin".to_owned(), |name| name.to_string_lossy().into_owned());
                let path = dir.join(edge::fs::unique(&mut taken, name));
                edge::fs::not_over(&path, &inputs)?;
                edge::fs::create_dir(dir)?;
                edge::fs::write_private(&path, restored.as_bytes()).map_err(|e| Error::io(&path, e))?;
            }
            None => printer.data(&restored)?,
        }
    }
    Ok(ExitKind::Success)
}

/// The most that is read of one input.
const MAX_BYTES: u64 = 512 << 20;
