//! Merging: a base folder and adapters come in, a plain bf16 model folder goes out.
//!
//! `W' = W + sum of s * (B A)`, everything in f32, and ONE rounding to bf16 at the end; after a DoRA adapter every row
//! gets the adapter's magnitude for a length. PEFT's merge of f32 adapters
//! into a bf16 base gives the same bits up to the order of sums inside the product; rounding the delta first, as its
//! `safe_merge` does, moves about 2 % of the weights by one step. One tensor is in memory at a time.

mod base;
mod card;
mod merged;
mod rows;

use std::ops::Range;
use std::path::Path;

pub use card::{About, card};
pub use merged::{BaseRows, Merged};

use crate::hub::{Adapter, Chat, Draft, Folder, HubError, Rows, SaveOptions};

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
    merge_with(base, adapters, out, &SaveOptions::default(), &mut |_, _| true)
}

/// [`merge`] with sharding, replacement and progress in bytes written `(done, total)`; false ends the merge and leaves
/// nothing.
///
/// # Errors
/// As [`merge`]; [`HubError::Stopped`].
pub fn merge_with(
    base: &Folder,
    adapters: &[Adapter],
    out: &Path,
    options: &SaveOptions,
    progress: &mut dyn FnMut(u64, u64) -> bool,
) -> Result<(), MergeError> {
    if adapters.is_empty() {
        return Err(MergeError::NoAdapter);
    }
    let draft = draft(&Merged::new(base, adapters)?, out, options, &Chat::default(), progress)?;
    Ok(draft.commit()?)
}

/// Writes a merged model beside `out`, for callers that add files of their own before it gets its name. Progress is as
/// in [`merge_with`].
///
/// # Errors
/// As [`merge_with`].
pub fn draft(
    merged: &Merged<'_>,
    out: &Path,
    options: &SaveOptions,
    chat: &Chat<'_>,
    progress: &mut dyn FnMut(u64, u64) -> bool,
) -> Result<Draft, MergeError> {
    let base = merged.base();
    let draft = Draft::new(out, *options)?;
    // First what is small: a file that cannot be read is found before the work.
    draft.settings(base, chat)?;
    draft.weights(base.config(), &Pieces(merged), progress)?;
    Ok(draft)
}

/// A merged model as the writer asks for it.
struct Pieces<'m, 'a>(&'m Merged<'a>);

impl Rows<MergeError> for Pieces<'_, '_> {
    fn prepare(&self, name: &str) -> Result<(), MergeError> {
        self.0.prepare(name)
    }

    fn rows(&self, name: &str, rows: Range<usize>, bytes: &mut Vec<u8>) -> Result<(), MergeError> {
        let last = rows.end;
        self.0.rows_bf16(name, rows, bytes)?;
        if last == self.0.size(name)?.0 {
            // Who still reads earlier rows gets their pages again.
            self.0.forget(name);
        }
        Ok(())
    }
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
