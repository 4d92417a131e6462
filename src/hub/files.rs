//! The file system's share: capped JSON, memory maps, outputs that appear whole or not at all.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use memmap2::Mmap;
use serde_json::Value;

use super::HubError;

/// No tokenizer.json we know exceeds 40 MB; a file beyond this is not settings.
const JSON_CAP_BYTES: u64 = 256 << 20;

/// Reads a JSON file, refusing absurd sizes. `Ok(None)` when the file does not exist.
pub(crate) fn read_json(path: &Path) -> Result<Option<Value>, HubError> {
    let Some(text) = read_text(path)? else { return Ok(None) };
    match serde_json::from_str(&text) {
        Ok(value) => Ok(Some(value)),
        Err(error) => Err(HubError::Json { path: path.to_owned(), reason: error.to_string() }),
    }
}

/// Reads a text file under the same cap. `Ok(None)` when the file does not exist.
pub(super) fn read_text(path: &Path) -> Result<Option<String>, HubError> {
    let meta = match fs::metadata(path) {
        Ok(meta) => meta,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(HubError::io(path)(error)),
    };
    if meta.len() > JSON_CAP_BYTES {
        return Err(HubError::Json { path: path.to_owned(), reason: format!("{} bytes is too large", meta.len()) });
    }
    fs::read_to_string(path).map(Some).map_err(HubError::io(path))
}

/// Writes indented JSON with a final newline.
pub(super) fn write_json(path: &Path, value: &Value) -> Result<(), HubError> {
    let mut text = serde_json::to_string_pretty(value)
        .map_err(|error| HubError::Json { path: path.to_owned(), reason: error.to_string() })?;
    text.push('\n');
    fs::write(path, text).map_err(HubError::io(path))
}

/// Maps a file for reading.
///
/// # Errors
/// [`HubError::Io`], also for an empty file.
pub(crate) fn map_file(path: &Path) -> Result<Mmap, HubError> {
    // Opening a pipe would wait for somebody to write into it.
    if !fs::metadata(path).map_err(HubError::io(path))?.is_file() {
        return Err(HubError::io(path)(std::io::Error::other("is no ordinary file")));
    }
    let file = File::open(path).map_err(HubError::io(path))?;
    // SAFETY: the map is private and read-only, and we only ever look at it as bytes, for which every bit pattern
    // is valid. What remains is another process cutting the file short while we read (SIGBUS), which is the price
    // every mmap-based loader pays for not copying gigabytes; our own writers never touch a file in place.
    unsafe { Mmap::map(&file) }.map_err(HubError::io(path))
}

/// An output under construction beside its final place; dropped without [`Staged::commit`], it is removed.
pub(crate) struct Staged {
    temp: PathBuf,
    target: PathBuf,
    replace: bool,
    committed: bool,
}

impl Staged {
    /// A fresh directory beside `target`.
    ///
    /// # Errors
    /// [`HubError::Exists`] when `target` is a non-empty folder or a file, and `replace` is false.
    pub(crate) fn dir(target: &Path, replace: bool) -> Result<Self, HubError> {
        let staged = Self::new(target, replace)?;
        fs::create_dir_all(&staged.temp).map_err(HubError::io(&staged.temp))?;
        Ok(staged)
    }

    /// A fresh file beside `target`; the caller creates it at [`Staged::path`].
    ///
    /// # Errors
    /// As [`Staged::dir`].
    pub(crate) fn file(target: &Path, replace: bool) -> Result<Self, HubError> {
        Self::new(target, replace)
    }

    fn new(target: &Path, replace: bool) -> Result<Self, HubError> {
        let name = target.file_name().ok_or_else(|| HubError::Exists { path: target.to_owned() })?;
        if !replace && occupied(target) {
            return Err(HubError::Exists { path: target.to_owned() });
        }
        let parent = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        fs::create_dir_all(parent).map_err(HubError::io(parent))?;
        sweep(parent, &name.to_string_lossy());
        let temp = parent.join(format!(".{}.{}.tmp", name.to_string_lossy(), std::process::id()));
        remove(&temp);
        Ok(Self { temp, target: target.to_owned(), replace, committed: false })
    }

    /// Where to write meanwhile.
    pub(crate) fn path(&self) -> &Path {
        &self.temp
    }

    /// Moves the finished output into place.
    ///
    /// A folder that is there changes names with the new one in one step where the system can do that (Linux, macOS):
    /// the name always has one of the two. Elsewhere it steps aside first, and a process that is killed between the
    /// two renames leaves none under the name.
    pub(crate) fn commit(mut self) -> Result<(), HubError> {
        if !self.replace && occupied(&self.target) {
            return Err(HubError::Exists { path: self.target.clone() });
        }
        if self.temp.is_dir() && self.target.exists() {
            if exchange(&self.temp, &self.target) {
                // What lies under our name now is the old one.
                self.committed = true;
                remove(&self.temp);
                return Ok(());
            }
            let aside = self.temp.with_extension("old.tmp");
            fs::rename(&self.target, &aside).map_err(HubError::io(&self.target))?;
            if let Err(error) = fs::rename(&self.temp, &self.target) {
                // Give the old output its name back; the rename error is the one worth reporting.
                let _ = fs::rename(&aside, &self.target);
                return Err(HubError::io(&self.target)(error));
            }
            self.committed = true;
            remove(&aside);
            return Ok(());
        }
        fs::rename(&self.temp, &self.target).map_err(HubError::io(&self.target))?;
        self.committed = true;
        Ok(())
    }
}

/// Lets two paths change names in one step. False where that is not possible; then nothing has happened.
fn exchange(one: &Path, other: &Path) -> bool {
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).is_ok()
    }
    #[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
    {
        let _ = (one, other);
        false
    }
}

/// Removes what killed processes left while they wrote `name`: `.NAME.PID.tmp` of a process that is gone.
fn sweep(parent: &Path, name: &str) {
    // Without a list of processes nobody knows whether one is still at work.
    if !Path::new("/proc/self").exists() {
        return;
    }
    let prefix = format!(".{name}.");
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let found = entry.file_name().to_string_lossy().into_owned();
        let pid = found
            .strip_prefix(&prefix)
            .and_then(|rest| rest.strip_suffix(".tmp"))
            .map(|rest| rest.strip_suffix(".old").unwrap_or(rest))
            .and_then(|pid| pid.parse::<u32>().ok());
        if pid.is_some_and(|pid| !Path::new("/proc").join(pid.to_string()).exists()) {
            remove(&entry.path());
        }
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.committed {
            remove(&self.temp);
        }
    }
}

/// Whether something of value stands at `path`.
fn occupied(path: &Path) -> bool {
    match fs::read_dir(path) {
        Ok(mut entries) => entries.next().is_some(),
        Err(_) => path.exists(),
    }
}

/// Removes a file or folder; absence is fine and a leftover is only untidy, so errors are dropped.
fn remove(path: &Path) {
    if path.is_dir() {
        let _ = fs::remove_dir_all(path);
    } else {
        let _ = fs::remove_file(path);
    }
}
