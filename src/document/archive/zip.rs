//! Zip archives in memory.

use std::collections::BTreeMap;
use std::io::Cursor;

use zip::ZipArchive;
use zip::result::ZipError;

use super::{Budget, DocumentError, MAX_ENTRIES, clean};

/// The least bytes an entry takes in the directory of a zip archive.
const DIRECTORY_ENTRY: usize = 46;

/// An open zip archive.
pub(in crate::document) struct Zip<'b> {
    archive: ZipArchive<Cursor<&'b [u8]>>,
    budget: &'b Budget,
    /// Entries by their lower-cased cleaned path: in office formats case does not matter.
    parts: BTreeMap<String, usize>,
}

impl<'b> Zip<'b> {
    /// Whether the bytes begin as a zip archive does.
    pub(in crate::document) fn is(bytes: &[u8]) -> bool {
        bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06")
    }

    /// Reads the directory.
    ///
    /// # Errors
    /// No directory, or more entries than [`MAX_ENTRIES`].
    pub(in crate::document) fn open(bytes: &'b [u8], budget: &'b Budget) -> Result<Self, DocumentError> {
        // The library keeps some hundred bytes for each entry, so the entries are counted before it reads them.
        if bytes.len() > MAX_ENTRIES * DIRECTORY_ENTRY
            && bytes.windows(4).filter(|window| window == b"PK\x01\x02").count() > MAX_ENTRIES
        {
            return Err(DocumentError::TooManyEntries { limit: MAX_ENTRIES });
        }
        let archive = ZipArchive::new(Cursor::new(bytes)).map_err(error)?;
        if archive.len() > MAX_ENTRIES {
            return Err(DocumentError::TooManyEntries { limit: MAX_ENTRIES });
        }
        let mut parts = BTreeMap::new();
        for idx in 0..archive.len() {
            if let Some(name) = name(&archive, idx) {
                parts.entry(name.to_lowercase()).or_insert(idx);
            }
        }
        Ok(Self { archive, budget, parts })
    }

    /// The cleaned paths of all files, with their places in the directory.
    pub(in crate::document) fn names(&self) -> Vec<(usize, String)> {
        (0..self.archive.len()).filter_map(|idx| Some((idx, name(&self.archive, idx)?))).collect()
    }

    /// Unpacks the entry at a place in the directory.
    pub(in crate::document) fn read(&mut self, idx: usize, limit: u64) -> Result<Vec<u8>, DocumentError> {
        let mut file = self.archive.by_index(idx).map_err(error)?;
        let packed = file.compressed_size();
        self.budget.read(&mut file, limit, Some(packed))
    }

    /// Unpacks the file of this path; `None` where there is none.
    pub(in crate::document) fn part(&mut self, path: &str) -> Result<Option<Vec<u8>>, DocumentError> {
        let Some(idx) = self.parts.get(&clean(path).to_lowercase()).copied() else { return Ok(None) };
        self.read(idx, super::super::MAX_FILE_BYTES as u64).map(Some)
    }

    /// Whether there is a file of this path.
    pub(in crate::document) fn has(&self, path: &str) -> bool {
        self.parts.contains_key(&path.to_lowercase())
    }
}

fn name(archive: &ZipArchive<Cursor<&[u8]>>, idx: usize) -> Option<String> {
    let name = archive.name_for_index(idx)?.ok()?;
    // A folder's name ends in a slash.
    (!name.ends_with(['/', '\\'])).then(|| clean(&name))
}

fn error(error: ZipError) -> DocumentError {
    match error {
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) | ZipError::InvalidPassword => {
            DocumentError::Password
        }
        ZipError::Io(error) => DocumentError::broken(&error),
        ZipError::UnsupportedArchive(_) | ZipError::CompressionMethodNotSupported(_) => {
            DocumentError::Archive { reason: "its way of compression is not known here".to_owned() }
        }
        _ => DocumentError::Archive { reason: "its directory is missing or damaged".to_owned() },
    }
}
