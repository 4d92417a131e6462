//! Where a passphrase comes from: the environment, or a person at a terminal.

use std::io::IsTerminal;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

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
    let ask = |words: &str| {
        keep_terminal();
        let typed = rpassword::prompt_password(words).map(Zeroizing::new);
        give_back_terminal();
        typed.map_err(|error| match error.kind() {
            std::io::ErrorKind::Interrupted => Error::interrupted("interrupted"),
            _ => nobody(),
        })
    };
    let first = ask(&format!("Passphrase of {}: ", path.display()))?;
    if first.is_empty() {
        return Err(Error::at(path, "the passphrase is empty"));
    }
    if new && ask("The same again: ")? != first {
        return Err(Error::at(path, "the two passphrases differ"));
    }
    Ok(first)
}

/// How the terminal was before a passphrase was asked for.
#[cfg(unix)]
static BEFORE: Mutex<Option<rustix::termios::Termios>> = Mutex::new(None);
#[cfg(not(unix))]
static BEFORE: Mutex<Option<()>> = Mutex::new(None);

fn keep_terminal() {
    #[cfg(unix)]
    if let Some(now) = std::fs::File::open("/dev/tty").ok().and_then(|tty| rustix::termios::tcgetattr(tty).ok()) {
        *BEFORE.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
    }
}

/// Makes the terminal show again what is typed, where a passphrase is being asked for; says whether one is. For
/// whoever ends the process meanwhile.
pub fn give_back_terminal() -> bool {
    let before = BEFORE.lock().unwrap_or_else(PoisonError::into_inner).take();
    #[cfg(unix)]
    if let (Some(before), Ok(tty)) = (&before, std::fs::File::open("/dev/tty")) {
        // Where there is no terminal any more, there is nothing to give back.
        let _ = rustix::termios::tcsetattr(tty, rustix::termios::OptionalActions::Now, before);
    }
    before.is_some()
}
