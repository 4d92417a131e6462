//! Rows of the base as the folder stores them.

use std::ops::Range;

use super::BaseRows;
use crate::hub::{Folder, HubError};

impl BaseRows for Folder {
    fn rows(&self, name: &str, rows: Range<usize>, out: &mut [f32]) -> Result<(), HubError> {
        let (bytes, dtype) = self.raw(name)?;
        let columns = out.len() / rows.len().max(1);
        let range = rows.start * columns * dtype.size()..rows.end * columns * dtype.size();
        let bytes = bytes.get(range).ok_or_else(|| HubError::NoTensor { name: name.to_owned() })?;
        dtype.decode(bytes, out);
        Ok(())
    }
}

/// Whether little-endian bf16 holds neither an infinity nor a NaN.
pub(super) fn all_finite(bytes: &[u8]) -> bool {
    // Pieces, so that the loop inside has no way out and becomes vector instructions.
    bytes
        .as_chunks::<2>()
        .0
        .chunks(4096)
        .all(|piece| piece.iter().fold(true, |finite, two| finite & (u16::from_le_bytes(*two) & 0x7f80 != 0x7f80)))
}
