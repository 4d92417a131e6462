//! The vault in its file: plain or encrypted, whole or not at all, readable by its owner alone.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::edge::seal::{self, Key};
use crate::edge::{self, passphrase};
use crate::id::ContentHash;
use crate::mask::Vault;
use crate::{Error, edge::fs};

/// The vault of a workspace.
pub const VAULT: &str = ".distill/vault.json";

/// The most that is read of a vault.
const MAX_BYTES: u64 = 1 << 30;

/// Where a vault was read from, and how it goes back.
#[derive(Debug)]
pub struct VaultFile {
    path: PathBuf,
    /// Of an encrypted one.
    key: Option<Key>,
    /// What the file held; `None` where there was none.
    seen: Option<ContentHash>,
}

impl VaultFile {
    /// Reads a vault; an empty one where there is no file yet. An encrypted one asks for its passphrase.
    ///
    /// # Errors
    /// A file that cannot be read, is no vault, or does not open.
    pub fn open(path: &Path) -> Result<(Self, Vault), Error> {
        // A link goes on pointing to the file, so that no plain copy is left where it pointed to.
        let path = &target(path);
        // Only a file that is not there may be made: any other would be written over.
        match std::fs::symlink_metadata(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Ok((Self { path: path.to_owned(), key: None, seen: None }, Vault::default()))
            }
            _ => Self::existing(path),
        }
    }

    /// The same for a file that has to be there.
    ///
    /// # Errors
    /// As [`VaultFile::open`].
    pub fn existing(path: &Path) -> Result<(Self, Vault), Error> {
        let path = &target(path);
        let bytes = fs::read_capped(path, MAX_BYTES)?;
        let (key, plain) = if seal::is_sealed(&bytes) {
            // A file that is damaged for all to see needs no passphrase.
            seal::describe(&bytes).map_err(|e| closed(path, e))?;
            let words = passphrase::passphrase(path, false)?;
            let (key, plain) = Key::open(&bytes, &words).map_err(|e| closed(path, e))?;
            (Some(key), plain)
        } else {
            (None, Zeroizing::new(bytes.clone()))
        };
        let vault = serde_json::from_slice(&plain).map_err(|e| {
            Error::at(path, "is no mask vault")
                .cause(e)
                .hint("restore it from a copy, or delete it to number the placeholders anew")
        })?;
        Ok((Self { path: path.to_owned(), key, seen: Some(ContentHash::of(&bytes)) }, vault))
    }

    /// Puts the vault back, encrypted when it was.
    ///
    /// # Errors
    /// The file system's, and a file that somebody else has changed meanwhile: that one stays, and this vault goes
    /// beside it, since masked text may be out already.
    pub fn store(&self, vault: &Vault) -> Result<(), Error> {
        let bytes = encoded(&self.path, vault, self.key.as_ref())?;
        // Between the look and the writing nobody else may write.
        let _alone = fs::lock_folder_of(&self.path);
        fs::sweep_beside(&self.path);
        let there = match fs::read_capped(&self.path, MAX_BYTES) {
            Ok(bytes) => Some(ContentHash::of(&bytes)),
            Err(_) if !self.path.exists() => None,
            Err(error) => return Err(error),
        };
        if there != self.seen {
            let mut name = self.path.file_name().unwrap_or_default().to_os_string();
            name.push(format!(".{}", std::process::id()));
            let beside = self.path.with_file_name(name);
            fs::write_private(&beside, &bytes).map_err(|e| Error::io(&beside, e))?;
            return Err(Error::at(
                &self.path,
                "another `distill` has changed this vault meanwhile; it was left as it is",
            )
            .hint(format!(
                "mask again; what was masked just now is restored with `--vault {}`, which can go then",
                beside.display()
            )));
        }
        fs::write_private(&self.path, &bytes).map_err(|e| Error::io(&self.path, e))
    }

    /// Whether the file is encrypted.
    #[must_use]
    pub const fn is_encrypted(&self) -> bool {
        self.key.is_some()
    }

    /// Encrypts the file under a new passphrase.
    ///
    /// # Errors
    /// As [`VaultFile::store`], and nobody to ask for the passphrase.
    pub fn encrypt(mut self, vault: &Vault) -> Result<(), Error> {
        let words = passphrase::passphrase(&self.path, true)?;
        self.key = Some(Key::new(&words).map_err(|e| closed(&self.path, e))?);
        self.store(vault)
    }

    /// Writes the file without encryption.
    ///
    /// # Errors
    /// As [`VaultFile::store`].
    pub fn decrypt(mut self, vault: &Vault) -> Result<(), Error> {
        self.key = None;
        self.store(vault)
    }
}

/// Where a link leads, or the path itself.
fn target(path: &Path) -> PathBuf {
    let link = std::fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink());
    std::fs::canonicalize(path).ok().filter(|_| link).unwrap_or_else(|| path.to_owned())
}

fn encoded(path: &Path, vault: &Vault, key: Option<&Key>) -> Result<Vec<u8>, Error> {
    let json = Zeroizing::new(serde_json::to_vec_pretty(vault).map_err(|e| Error::at(path, e.to_string()))?);
    match key {
        Some(key) => key.seal(&json).map_err(|e| closed(path, e)),
        None => Ok(json.to_vec()),
    }
}

fn closed(path: &Path, error: seal::SealError) -> Error {
    Error::at(path, error.to_string()).hint(format!(
        "nothing was written; check {} or what you typed, or take the vault from a copy",
        edge::passphrase::VARIABLE
    ))
}
