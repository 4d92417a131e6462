//! Where a passphrase comes from: the environment, or a person at a terminal.

use std::io::IsTerminal;
use std::path::Path;

use zeroize::Zeroizing;

use crate::Error;

/// Holds the passphrase of encrypted vaults.
pub const VARIABLE: &str = "DISTILL_VAULT_PASSPHRASE";

/// The passphrase in the environment, when there is one.
#[must_use]
pub fn given() -> Option<Zeroizing<String>> {
    super::env(VARIABLE).map(Zeroizing::new)
}

/// The passphrase of a file; `new` asks a second time. Nothing that is typed is shown.
///
/// # Errors
/// Nobody to ask, an empty passphrase, two that differ.
pub fn passphrase(path: &Path, new: bool) -> Result<Zeroizing<String>, Error> {
    if let Some(given) = given() {
        return Ok(given);
    }
    // With a terminal on neither side there is nobody who could answer.
    let nobody = || {
        Error::at(path, if new { "a passphrase is needed" } else { "is encrypted, and no passphrase was given" })
            .hint(format!("set {VARIABLE}, or run the command in a terminal"))
    };
    if !std::io::stdin().is_terminal() && !std::io::stderr().is_terminal() {
        return Err(nobody());
    }
    let ask = |words: &str| rpassword::prompt_password(words).map(Zeroizing::new).map_err(|_| nobody());
    let first = ask(&format!("Passphrase of {}: ", path.display()))?;
    if first.is_empty() {
        return Err(Error::at(path, "the passphrase is empty"));
    }
    if new && ask("The same again: ")? != first {
        return Err(Error::at(path, "the two passphrases differ"));
    }
    Ok(first)
}
