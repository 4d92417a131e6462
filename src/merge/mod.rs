//! Merging: a base folder and adapters come in, a plain bf16 model folder goes out.
//!
//! `W' = W + sum of s * (B A)`, everything in f32, and ONE rounding to bf16 at the end; after a DoRA adapter every row
//! gets the adapter's magnitude for a length. PEFT's merge of f32 adapters
//! into a bf16 base gives the same bits up to the order of sums inside the product; rounding the delta first, as its
//! `safe_merge` does, moves about 2 % of the weights by one step. One tensor is in memory at a time.

use std::path::Path;

use half::bf16;

use crate::hub::{Adapter, Folder, HubError, LoraPair, SaveOptions, save_folder};

/// Why a merge did not happen.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// The base, an adapter or the output.
    #[error(transparent)]
    Hub(#[from] HubError),
    /// Nothing to merge.
    #[error("no adapter to merge")]
    NoAdapter,
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
            Self::NoAdapter => None,
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
    for adapter in adapters {
        adapter.check_base(base.config())?;
    }
    let total_bytes = base.config().parameter_count() * 2;
    let mut done_bytes = 0u64;
    save_folder(base, out, options, &mut |name| {
        let bytes = merged_tensor(base, adapters, name)?;
        done_bytes += bytes.len() as u64;
        progress(done_bytes, total_bytes);
        Ok(bytes)
    })
}

/// One tensor of the merged model as bf16 bytes.
fn merged_tensor(base: &Folder, adapters: &[Adapter], name: &str) -> Result<Vec<u8>, MergeError> {
    let weight = merged_f32(base, adapters, name)?;
    let mut bytes = Vec::with_capacity(weight.len() * 2);
    for value in &weight {
        let rounded = bf16::from_f32(*value);
        if !rounded.is_finite() {
            return Err(MergeError::NotFinite { tensor: name.to_owned() });
        }
        bytes.extend_from_slice(&rounded.to_le_bytes());
    }
    Ok(bytes)
}

/// One tensor of the merged model before rounding, row-major f32.
///
/// Tensors without an adapter come back as stored.
///
/// # Errors
/// [`MergeError::Hub`] for an unknown name.
pub fn merged_f32(base: &Folder, adapters: &[Adapter], name: &str) -> Result<Vec<f32>, MergeError> {
    let mut weight = base.load_f32(name)?;
    let module = name.strip_suffix(".weight").unwrap_or(name);
    for adapter in adapters {
        if let Some(pair) = adapter.tensors.get(module) {
            add_delta(&mut weight, pair, adapter.scale(module));
            if let Some(magnitude) = &pair.magnitude {
                set_lengths(&mut weight, pair.in_features, magnitude);
            }
        }
    }
    Ok(weight)
}

/// Adds `scale * B A` to `weight` (`[out, in]`, f32) in place.
///
/// A row of the product is a sum of `r` rows of A, which stay in cache (`r * in` floats) while all rows of B pass.
/// Rows are shared out to two threads; each row is summed in rank order by one thread, so the result does not
/// depend on how many there are. The product is scaled before the add, as PEFT does.
fn add_delta(weight: &mut [f32], pair: &LoraPair, scale: f32) {
    const THREADS: usize = 2;
    if pair.in_features == 0 || pair.r == 0 {
        return;
    }
    let rows_per_thread = pair.out_features.div_ceil(THREADS).max(1);
    std::thread::scope(|scope| {
        let weights = weight.chunks_mut(rows_per_thread * pair.in_features);
        for (rows, factors) in weights.zip(pair.b.chunks(rows_per_thread * pair.r)) {
            scope.spawn(move || {
                let mut delta = vec![0.0f32; pair.in_features];
                for (row, b) in rows.chunks_mut(pair.in_features).zip(factors.chunks(pair.r)) {
                    delta.fill(0.0);
                    for (factor, a) in b.iter().zip(pair.a.chunks(pair.in_features)) {
                        for (sum, value) in delta.iter_mut().zip(a) {
                            *sum += factor * value;
                        }
                    }
                    for (value, sum) in row.iter_mut().zip(&delta) {
                        *value += sum * scale;
                    }
                }
            });
        }
    });
}

/// Gives every row of `weight` (`[out, in]`) the length `magnitude` (`[out]`) says: DoRA's `m / ‖W'‖ * W'`.
///
/// A row of zeros has no direction and becomes not a number, which the caller reports; PEFT divides by zero alike.
fn set_lengths(weight: &mut [f32], columns: usize, magnitude: &[f32]) {
    for (row, length) in weight.chunks_mut(columns.max(1)).zip(magnitude) {
        let norm = row.iter().map(|&value| f64::from(value) * f64::from(value)).sum::<f64>().sqrt() as f32;
        let gain = length / norm;
        row.iter_mut().for_each(|value| *value *= gain);
    }
}

#[cfg(test)]
mod tests;
