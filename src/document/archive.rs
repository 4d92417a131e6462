//! Archives read under limits: zip, and gzipped tar.
//!
//! What an archive declares about itself is never believed: bytes are counted as they come out of the decompressor.
//! Nothing is written anywhere, and archives within archives stay closed.

mod tar;
mod zip;

use std::cell::Cell;
use std::io::Read;

use super::DocumentError;

pub(super) use tar::{is_gzip, read_tar};
pub(super) use zip::Zip;

/// The most entries an archive may have. Archives of posts hold a file per picture.
pub(super) const MAX_ENTRIES: usize = 200_000;

/// The most bytes that come out of one archive.
const MAX_UNPACKED: u64 = 1 << 30;

/// How much larger than its compressed form an entry may be; marked-up text rarely passes 50.
const MAX_RATIO: u64 = 300;

/// Below this size the ratio says nothing.
const SMALL: u64 = 1 << 20;

/// What may still be unpacked. One budget serves an archive and the documents within it.
pub(super) struct Budget(Cell<u64>);

impl Budget {
    /// Room for one archive.
    pub(super) fn new() -> Self {
        Self(Cell::new(MAX_UNPACKED))
    }

    fn spend(&self, bytes: u64) -> Result<(), DocumentError> {
        let left = self.0.get().checked_sub(bytes).ok_or(DocumentError::Unpacked { limit: MAX_UNPACKED })?;
        self.0.set(left);
        Ok(())
    }

    /// Reads at most `limit` bytes; `packed` is the size of what they are unpacked from, where that is known.
    fn read(&self, source: &mut dyn Read, limit: u64, packed: Option<u64>) -> Result<Vec<u8>, DocumentError> {
        let ratio = packed.map_or(u64::MAX, |packed| packed.saturating_mul(MAX_RATIO).max(SMALL));
        let cap = limit.min(ratio).min(self.0.get());
        let mut bytes = Vec::new();
        source.take(cap.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| DocumentError::broken(&error))?;
        let size = bytes.len() as u64;
        self.spend(size)?;
        if size > ratio {
            return Err(DocumentError::Bomb { ratio: MAX_RATIO });
        }
        if size > limit {
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            return Err(DocumentError::TooLarge { bytes: bytes.len(), limit });
        }
        Ok(bytes)
    }
}

/// A path from an archive as a plain relative one: no root, no drive, no `..`, `/` between its parts.
pub(super) fn clean(path: &str) -> String {
    let parts: Vec<String> = path
        .split(['/', '\\'])
        .map(|part| {
            part.chars().filter(|c| !c.is_control()).map(|c| if c == ':' { '_' } else { c }).collect::<String>()
        })
        .filter(|part| !matches!(part.trim(), "" | "." | ".."))
        .collect();
    if parts.is_empty() { "unnamed".to_owned() } else { parts.join("/") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside() {
        assert_eq!(clean("../../etc/passwd"), "etc/passwd");
        assert_eq!(clean("C:\\Users\\..\\a.csv"), "C_/Users/a.csv");
        assert_eq!(clean("/a//./b\n.md"), "a/b.md");
        assert_eq!(clean(".."), "unnamed");
    }

    #[test]
    fn reading_stops_at_the_first_limit() {
        let budget = Budget::new();
        let zeros = || std::io::repeat(0).take(8 << 20);
        assert!(matches!(budget.read(&mut zeros(), 4 << 20, None), Err(DocumentError::TooLarge { .. })));
        assert!(matches!(budget.read(&mut zeros(), 16 << 20, Some(100)), Err(DocumentError::Bomb { .. })));
        assert_eq!(budget.read(&mut zeros(), 16 << 20, None).unwrap().len(), 8 << 20);
        budget.0.set(1_000);
        assert!(matches!(budget.read(&mut zeros(), 16 << 20, None), Err(DocumentError::Unpacked { .. })));
    }
}
