//! Numbers in blocks of few bits: frozen weights as [`Nf4`] or [`Q8_0`], optimizer moments as [`AdamW8`].
//!
//! Everything here is a function of slices: no device, no tensors, no files. A block carries one scale, and blocks are
//! independent, so results do not depend on the number of threads.

mod adamw8;
mod dynamic;
#[cfg(test)]
mod golden;
mod nf4;
mod q8_0;

use std::ops::Range;

pub use adamw8::{AdamW8, Moments};
pub use dynamic::DynamicMap;
pub use nf4::{Absmax, Nf4};
pub use q8_0::Q8_0;

/// A weight matrix could not be put into blocks.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum BlocksError {
    /// NaN or infinity: there is no scale for its block.
    #[error("the weight at row {row}, column {column} is {value}, and only finite weights can be quantised")]
    NotFinite {
        /// From 0.
        row: usize,
        /// From 0.
        column: usize,
        /// What stands there.
        value: f32,
    },
    /// The block's scale is beyond the largest f16, 65504.
    #[error(
        "the weights from row {row}, column {column} on are too large for Q8_0: the scale {scale} is no finite f16"
    )]
    ScaleOverflow {
        /// From 0.
        row: usize,
        /// Of the first weight of the block, from 0.
        column: usize,
        /// What would have to be stored.
        scale: f32,
    },
    /// Q8_0 blocks may not straddle rows.
    #[error("{columns} columns are no multiple of {multiple}, which Q8_0 needs")]
    Columns {
        /// Of the matrix.
        columns: usize,
        /// Weights per block.
        multiple: usize,
    },
    /// A part has another length than the shape asks for.
    #[error("{part}: expected {expected} elements, found {found}")]
    Length {
        /// Which part.
        part: &'static str,
        /// By the shape.
        expected: usize,
        /// In the data.
        found: usize,
    },
}

/// Refuses a part of another length.
fn expect_length(part: &'static str, expected: usize, found: usize) -> Result<(), BlocksError> {
    if expected == found { Ok(()) } else { Err(BlocksError::Length { part, expected, found }) }
}

/// The largest magnitude, as bits. Bits of magnitudes order like the numbers, infinity and NaN above all of them, and
/// integers have no rules about NaN that would keep the loop from being vectorised.
#[inline(always)]
fn magnitude_bits(x: &[f32]) -> u32 {
    x.iter().fold(0, |top, value| top.max(value.to_bits() & 0x7fff_ffff))
}

/// The error about the first weight of `x` that is not finite; `first` is the place of `x[0]` in the flat matrix.
fn not_finite(x: &[f32], first: usize, columns: usize) -> Option<(usize, BlocksError)> {
    let at = x.iter().position(|value| !value.is_finite())?;
    let (row, column) = position(first + at, columns);
    Some((first + at, BlocksError::NotFinite { row, column, value: x[at] }))
}

/// Row and column of a place in the flat matrix.
fn position(at: usize, columns: usize) -> (usize, usize) {
    (at / columns.max(1), at % columns.max(1))
}

/// The error at the lowest place, whichever thread found it first.
fn first_error(errors: Vec<(usize, BlocksError)>) -> Result<(), BlocksError> {
    errors.into_iter().min_by_key(|(at, _)| *at).map_or(Ok(()), |(_, error)| Err(error))
}

/// The flat range of rows of `columns` values.
fn flat(rows: Range<usize>, columns: usize) -> Range<usize> {
    rows.start * columns..rows.end * columns
}

/// Copies flat ranges of a matrix that is in memory already.
fn copy_from(weight: &[f32]) -> impl Fn(Range<usize>, &mut [f32]) + Sync + '_ {
    |range, out| out.copy_from_slice(&weight[range])
}
