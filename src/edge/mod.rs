//! The edge: files, other processes, the environment, and what the system says about this process.
//!
//! ARCHITECTURE.md names the few modules beside it that open files of their own formats.

pub mod fs;
pub mod memory;
pub mod passphrase;
pub mod sandbox;
pub mod seal;
pub mod spill;

/// The process's largest resident set so far, in bytes; 0 where the system does not tell.
#[must_use]
pub fn peak_rss_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    line.and_then(|l| l.split_whitespace().next()).and_then(|kib| kib.parse::<u64>().ok()).map_or(0, |kib| kib * 1024)
}

/// An environment variable, when set and not empty.
#[must_use]
pub fn env(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|v| !v.is_empty())
}

/// A path in which a leading `~/` is the home folder: shells leave it alone behind `local:`.
#[must_use]
pub fn home(path: &str) -> std::path::PathBuf {
    match (path.strip_prefix("~/"), env("HOME")) {
        (Some(inside), Some(home)) => std::path::Path::new(&home).join(inside),
        _ => path.into(),
    }
}
