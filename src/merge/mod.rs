//! Merging: a base folder and adapters come in, a plain bf16 model folder goes out.
//!
//! `W' = W + sum of s * (B A)`, everything in f32, and ONE rounding to bf16 at the end; after a DoRA adapter every row
//! gets the adapter's magnitude for a length. PEFT's merge of f32 adapters
//! into a bf16 base gives the same bits up to the order of sums inside the product; rounding the delta first, as its
//! `safe_merge` does, moves about 2 % of the weights by one step. One tensor is in memory at a time.

mod base;
mod merged;
mod rows;

use std::ops::Range;
use std::path::Path;

pub use merged::{BaseRows, Merged};

use crate::hub::{Adapter, Folder, HubError, SaveOptions, save_folder};

/// Why a merge did not happen.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// The base, an adapter or the output.
    #[error(transparent)]
    Hub(#[from] HubError),
    /// Nothing to merge.
    #[error("no adapter to merge")]
    NoAdapter,
    /// Rows that the tensor does not have were asked for.
    #[error("`{tensor}` has {rows} rows, {asked:?} were asked for")]
    Rows {
        /// The tensor.
        tensor: String,
        /// What was asked for.
        asked: Range<usize>,
        /// How many there are.
        rows: usize,
    },
    /// The sum overflowed or the base was broken; the merged model would answer with noise.
    #[error("`{tensor}` is not finite after the merge")]
    NotFinite {
        /// The tensor.
        tensor: String,
    },
}

impl MergeError {
    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Hub(error) => error.hint(),
            Self::NoAdapter | Self::Rows { .. } => None,
            Self::NotFinite { .. } => Some("the training diverged or the base is damaged; lower the rate".to_owned()),
        }
    }
}

/// Merges `adapters` into `base` and writes the model to `out`, which must not exist or be empty.
///
/// # Errors
/// [`MergeError::Hub`] when an adapter does not fit the base (all mismatches at once) or a file cannot be written;
/// [`MergeError::NotFinite`].
pub fn merge(base: &Folder, adapters: &[Adapter], out: &Path) -> Result<(), MergeError> {
    merge_with(base, adapters, out, &SaveOptions::default(), &mut |_, _| {})
}

/// [`merge`] with sharding, replacement and progress in bytes written `(done, total)`.
///
/// # Errors
/// As [`merge`].
pub fn merge_with(
    base: &Folder,
    adapters: &[Adapter],
    out: &Path,
    options: &SaveOptions,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), MergeError> {
    if adapters.is_empty() {
        return Err(MergeError::NoAdapter);
    }
    let merged = Merged::new(base, adapters)?;
    let total_bytes = base.config().parameter_count() * 2;
    let mut done_bytes = 0u64;
    save_folder(base, out, options, &mut |name| {
        let mut bytes = Vec::new();
        merged.rows_bf16(name, 0..merged.size(name)?.0, &mut bytes)?;
        done_bytes += bytes.len() as u64;
        progress(done_bytes, total_bytes);
        Ok(bytes)
    })
}

/// One tensor of the merged model before rounding, row-major f32.
///
/// Tensors without an adapter come back as stored.
///
/// # Errors
/// [`MergeError::Hub`] for an unknown name or an adapter that does not fit.
pub fn merged_f32(base: &Folder, adapters: &[Adapter], name: &str) -> Result<Vec<f32>, MergeError> {
    Merged::new(base, adapters)?.load_exact(name)
}

#[cfg(test)]
mod tests;
