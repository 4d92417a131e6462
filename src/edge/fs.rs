//! Files, read under a cap and written whole or not at all.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::Error;
use crate::id::{ContentHash, Hasher};

/// The largest document, dataset or tokenizer that is read into memory.
pub const MAX_BYTES: u64 = 4 << 30;

/// Reads a whole file.
///
/// # Errors
/// Names the file and says why.
pub fn read(path: &Path) -> Result<Vec<u8>, Error> {
    read_capped(path, MAX_BYTES)
}

/// Reads a whole file of at most `cap` bytes.
///
/// # Errors
/// Names the file and says why; also when it is larger.
pub fn read_capped(path: &Path, cap: u64) -> Result<Vec<u8>, Error> {
    let io = |e: io::Error| Error::io(path, e);
    let kind = fs::metadata(path).map_err(io)?.file_type();
    if kind.is_dir() {
        return Err(Error::at(path, "is a folder, a file was expected"));
    }
    // Opening a pipe that nobody writes to would wait for ever.
    if !kind.is_file() {
        return Err(Error::at(path, "is no regular file").hint("`-` reads standard input"));
    }
    let mut bytes = Vec::new();
    File::open(path).map_err(io)?.take(cap + 1).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > cap {
        return Err(Error::at(path, format!("is larger than {cap} bytes")));
    }
    Ok(bytes)
}

/// Hashes a file of any size, a piece at a time.
///
/// # Errors
/// Names the file and says why.
pub fn hash(path: &Path) -> Result<ContentHash, Error> {
    const PIECE: u64 = 8 << 20;
    let mut file = File::open(path).map_err(|e| Error::io(path, e))?;
    let mut hasher = Hasher::new();
    loop {
        let mut piece = Vec::new();
        let read = Read::by_ref(&mut file).take(PIECE).read_to_end(&mut piece).map_err(|e| Error::io(path, e))?;
        if read == 0 {
            return Ok(hasher.finish());
        }
        hasher = hasher.bytes(&piece);
    }
}

/// Reads standard input of at most `cap` bytes.
///
/// # Errors
/// As [`read_capped`].
pub fn read_stdin(cap: u64) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    io::stdin().lock().take(cap + 1).read_to_end(&mut bytes).map_err(|e| Error::new(format!("standard input: {e}")))?;
    if bytes.len() as u64 > cap {
        return Err(Error::new(format!("standard input is larger than {cap} bytes")));
    }
    Ok(bytes)
}

/// Reads a UTF-8 file.
///
/// # Errors
/// As [`read`]; also when it is not UTF-8.
pub fn read_text(path: &Path) -> Result<String, Error> {
    String::from_utf8(read(path)?)
        .map_err(|e| Error::at(path, format!("is not UTF-8 at byte {}", e.utf8_error().valid_up_to())))
}

/// Writes a file whole or not at all: a temporary file beside it, synced, then renamed over it.
///
/// # Errors
/// The file system's own; the temporary file is removed.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_with_mode(path, bytes, None)
}

/// As [`write_atomic`], readable by the owner alone (0600) from the first byte.
///
/// # Errors
/// As [`write_atomic`].
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_with_mode(path, bytes, Some(0o600))
}

fn write_with_mode(path: &Path, bytes: &[u8], mode: Option<u32>) -> io::Result<()> {
    if let Some(parent) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        fs::create_dir_all(parent)?;
    }
    let temporary = temporary_beside(path);
    let write = || -> io::Result<()> {
        let mut options = File::options();
        options.create(true).write(true).truncate(true);
        #[cfg(unix)]
        if let Some(mode) = mode {
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
        }
        let mut file = options.open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    };
    write().inspect_err(|_| {
        let _ = fs::remove_file(&temporary);
    })
}

/// Writes over a file that is there: its permissions stay, and a link goes on pointing to it.
///
/// # Errors
/// As [`write_atomic`], with the path.
pub fn rewrite(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let io = |e: io::Error| Error::io(path, e);
    let target = fs::canonicalize(path).map_err(io)?;
    #[cfg(unix)]
    let mode = Some(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&target).map_err(io)?.permissions()) & 0o777);
    #[cfg(not(unix))]
    let mode = None;
    write_with_mode(&target, bytes, mode).map_err(io)
}

/// Adds to the end of a file, which is made where there is none.
///
/// # Errors
/// The file system's, with the path.
pub fn append(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let io = |e: io::Error| Error::io(path, e);
    let mut file = File::options().create(true).append(true).open(path).map_err(io)?;
    file.write_all(bytes).map_err(io)
}

/// As [`rewrite`], by a function that writes the new file while the old one can still be read.
///
/// # Errors
/// Those of the function, and the file system's; then the file is as it was.
pub fn rewrite_with(path: &Path, write: impl FnOnce(&mut File) -> Result<(), Error>) -> Result<(), Error> {
    let io = |e: io::Error| Error::io(path, e);
    let target = fs::canonicalize(path).map_err(io)?;
    let temporary = temporary_beside(&target);
    sweep_beside(&target);
    let permissions = fs::metadata(&target).map_err(io)?.permissions();
    let written = (|| {
        let mut file = File::create(&temporary).map_err(io)?;
        file.set_permissions(permissions).map_err(io)?;
        write(&mut file)?;
        file.sync_all().map_err(io)?;
        fs::rename(&temporary, &target).map_err(io)
    })();
    written.inspect_err(|_| {
        let _ = fs::remove_file(&temporary);
    })
}

/// As [`write_atomic`], by a function that writes the file.
///
/// # Errors
/// Those of the function, and the file system's; then nothing is written.
pub fn create_with(path: &Path, write: impl FnOnce(&mut File) -> Result<(), Error>) -> Result<(), Error> {
    let io = |e: io::Error| Error::io(path, e);
    if let Some(parent) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        fs::create_dir_all(parent).map_err(io)?;
    }
    let temporary = temporary_beside(path);
    let written = (|| {
        let mut file = File::create(&temporary).map_err(io)?;
        write(&mut file)?;
        file.sync_all().map_err(io)?;
        fs::rename(&temporary, path).map_err(io)
    })();
    written.inspect_err(|_| {
        let _ = fs::remove_file(&temporary);
    })
}

/// A name beside `path` that no other process uses.
#[must_use]
pub fn temporary_beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.tmp", std::process::id()));
    path.with_file_name(name)
}

/// Removes what killed processes left under a folder: files and folders named `….PID.tmp` of a process that is gone.
///
/// Where the system does not tell which processes there are, what is older than a day counts as left.
pub fn sweep(dir: &Path) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        let owner = name
            .strip_suffix(".tmp")
            .map(|n| n.strip_suffix(".old").unwrap_or(n))
            .and_then(|n| n.rsplit_once('.'))
            .and_then(|(_, pid)| pid.parse::<u32>().ok());
        let is_dir = entry.file_type().is_ok_and(|t| t.is_dir());
        match owner {
            Some(pid) if is_left(pid, &entry) => {
                // What cannot be removed is in nobody's way.
                let _ = if is_dir { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            }
            Some(_) => {}
            None if is_dir => sweep(&path),
            None => {}
        }
    }
}

/// Removes what killed processes left of one file: `NAME.PID.tmp` of a process that is gone.
pub fn sweep_beside(path: &Path) {
    let Some(name) = path.file_name().map(|name| format!("{}.", name.to_string_lossy())) else { return };
    for entry in folder_of(path).and_then(|folder| fs::read_dir(folder).ok()).into_iter().flatten().flatten() {
        let left = entry.file_name().to_string_lossy().into_owned();
        let pid = left.strip_prefix(&name).and_then(|rest| rest.strip_suffix(".tmp")).and_then(|pid| pid.parse().ok());
        if pid.is_some_and(|pid| is_left(pid, &entry)) {
            // What cannot be removed is in nobody's way.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Keeps other processes that ask for the same from the folder of a file, until what is returned is dropped. `None`
/// where the system has no such locks: then nobody waits.
#[must_use]
pub fn lock_folder_of(path: &Path) -> Option<File> {
    let folder = folder_of(path)?;
    // It may have to be made first.
    fs::create_dir_all(folder).ok()?;
    let folder = File::open(folder).ok()?;
    folder.lock().ok()?;
    Some(folder)
}

fn folder_of(path: &Path) -> Option<&Path> {
    path.parent().map(|parent| if parent.as_os_str().is_empty() { Path::new(".") } else { parent })
}

fn is_left(pid: u32, entry: &fs::DirEntry) -> bool {
    if Path::new("/proc/self").exists() {
        // With our own number it is from before: nothing of this process is there when it sweeps.
        return pid == std::process::id() || !Path::new("/proc").join(pid.to_string()).exists();
    }
    let age = entry.metadata().and_then(|m| m.modified()).ok().and_then(|t| t.elapsed().ok());
    age.is_some_and(|a| a.as_secs() > 24 * 60 * 60)
}

/// Writes a file or says which one could not be written.
///
/// # Errors
/// As [`write_atomic`], with the path.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    write_atomic(path, bytes).map_err(|e| Error::io(path, e))
}

/// Which files these paths are, links followed; those that are not there are none.
#[must_use]
pub fn identities(paths: &[PathBuf]) -> std::collections::BTreeSet<PathBuf> {
    paths.iter().filter_map(|path| fs::canonicalize(path).ok()).collect()
}

/// Refuses to write over one of the files that were read.
///
/// # Errors
/// `path` is one of `read`.
pub fn not_over(path: &Path, read: &std::collections::BTreeSet<PathBuf>) -> Result<(), Error> {
    match fs::canonicalize(path) {
        Ok(there) if read.contains(&there) => {
            Err(Error::at(path, "would be written over, and it is what was read").hint("name another folder with `-o`"))
        }
        _ => Ok(()),
    }
}

/// Makes a folder and its parents.
///
/// # Errors
/// With the path.
pub fn create_dir(path: &Path) -> Result<(), Error> {
    fs::create_dir_all(path).map_err(|e| Error::io(path, e))
}

/// The name, or the first of `stem~2.ext`, `stem~3.ext`, … that is not taken; takes it.
#[must_use]
pub fn unique(taken: &mut std::collections::BTreeSet<String>, name: String) -> String {
    let (stem, ending) = name.rsplit_once('.').map_or((name.as_str(), String::new()), |(s, e)| (s, format!(".{e}")));
    let free = std::iter::once(name.clone())
        .chain((2..).map(|n| format!("{stem}~{n}{ending}")))
        .find(|candidate| !taken.contains(candidate))
        .unwrap_or_else(|| name.clone());
    taken.insert(free.clone());
    free
}

/// Every file under the given paths, sorted; hidden ones and links to folders are left out.
///
/// # Errors
/// A path that is not there.
pub fn walk(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    let mut out = Vec::new();
    for path in paths {
        let metadata = fs::metadata(path).map_err(|e| Error::io(path, e))?;
        if metadata.is_dir() {
            visit(path, &mut out, &mut |folder, e| Err(Error::io(folder, e)))?;
        } else {
            out.push(path.clone());
        }
    }
    Ok(out)
}

/// The files under a folder as [`walk`] lists them, and among them the folders that cannot be read, so that whoever
/// opens each path finds out why.
#[must_use]
pub fn walk_on(folder: &Path) -> Vec<PathBuf> {
    let (mut files, mut closed) = (vec![], vec![]);
    let passed = visit(folder, &mut files, &mut |folder, _| {
        closed.push(folder.to_owned());
        Ok(())
    });
    debug_assert!(passed.is_ok(), "every failure was taken note of");
    files.extend(closed);
    files
}

fn visit(
    path: &Path,
    out: &mut Vec<PathBuf>,
    failed: &mut dyn FnMut(&Path, io::Error) -> Result<(), Error>,
) -> Result<(), Error> {
    let read = |path: &Path| fs::read_dir(path)?.map(|e| e.map(|e| e.path())).collect::<io::Result<Vec<PathBuf>>>();
    let mut entries = match read(path) {
        Ok(entries) => entries,
        Err(e) => return failed(path, e),
    };
    entries.sort();
    for entry in entries {
        if entry.file_name().is_some_and(|n| n.to_string_lossy().starts_with('.')) {
            continue;
        }
        if entry.is_dir() && !entry.is_symlink() {
            visit(&entry, out, failed)?;
        } else if entry.is_file() {
            out.push(entry);
        }
    }
    Ok(())
}
