use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use crate::cli::{Global, Printer};
use crate::edge::{fs, passphrase, seal};
use crate::pipeline::{VAULT, VaultFile};
use crate::{Error, ExitKind};

/// Encrypt the vault, decrypt it, or look at it.
#[derive(Args, Debug)]
pub struct VaultArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// Encrypt a vault under a passphrase; one that is not there yet is made, empty
    Encrypt(FileArgs),
    /// Write a vault without encryption again
    Decrypt(FileArgs),
    /// Say whether a vault is encrypted and how many values it has
    Status(FileArgs),
}

#[derive(Args, Debug)]
struct FileArgs {
    /// The vault; without it, that of the workspace
    file: Option<PathBuf>,
}

pub fn run(args: &VaultArgs, global: &Global, printer: &Printer) -> Result<ExitKind, Error> {
    let (What::Encrypt(file) | What::Decrypt(file) | What::Status(file)) = &args.what;
    let path = file.file.clone().unwrap_or_else(|| global.directory.join(VAULT));
    let shown = path.display();
    match args.what {
        What::Encrypt(_) => {
            let (file, vault) = VaultFile::open(&path)?;
            if file.is_encrypted() {
                return Err(Error::at(&path, "is encrypted already")
                    .hint(format!("for another passphrase: `distill vault decrypt {shown}`, then encrypt it again")));
            }
            file.encrypt(&vault)?;
            printer.talk(&format!(
                "{shown}: encrypted, {} values. Without the passphrase nobody can restore them, you neither.",
                vault.len()
            ));
        }
        What::Decrypt(_) => {
            let (file, vault) = VaultFile::existing(&path)?;
            if !file.is_encrypted() {
                return Err(Error::at(&path, "is not encrypted"));
            }
            file.decrypt(&vault)?;
            printer.talk(&format!("{shown}: no longer encrypted, {} values", vault.len()));
        }
        What::Status(_) => printer.data(&status(&path)?)?,
    }
    Ok(ExitKind::Success)
}

/// Says what can be said without asking anybody.
fn status(path: &Path) -> Result<String, Error> {
    let bytes = fs::read(path)?;
    let mut out = format!("{}: ", path.display());
    if seal::is_sealed(&bytes) {
        let how = seal::describe(&bytes).map_err(|e| Error::at(path, e.to_string()))?;
        out.push_str(&format!("encrypted ({how})\n"));
        if passphrase::given().is_none() {
            out.push_str(&format!("set {} to count what is in it\n", passphrase::VARIABLE));
            return Ok(out);
        }
    } else {
        out.push_str("not encrypted\n");
    }
    let (_, vault) = VaultFile::existing(path)?;
    for (entity, count) in vault.counts() {
        out.push_str(&format!("{:>16} {count}\n", entity.name()));
    }
    Ok(out)
}
