//! Products of quantised weights with a few rows of activations: what making one token consists of.
//!
//! `y[rows] = W[rows, columns] · x[columns]`, where `W` stays as it lies in a GGUF file, memory-mapped or not, and `x`
//! is quantised once for all matrices it meets ([`Activations`]). As in ggml, whose results these are but for the
//! order of f32 sums, weights in blocks meet activations in blocks and integers are multiplied. Weights of 16 and 32
//! bits meet the activations as they are.
//!
//! | file | what it does |
//! | --- | --- |
//! | `activations.rs` | rows of activations in every form that is needed |
//! | `formats.rs` | ggml's blocks |
//! | `level.rs` | which instructions there are |
//! | `plain.rs`, `avx2.rs`, `avx512.rs` | the kernels, `x86.rs` what two of them share |
//! | `team.rs` | threads that start within a microsecond or two |
//!
//! A sum is made by one thread in one order, whatever the number of threads and the number of rows of activations:
//! neither changes a bit. Another level of instructions does.

/// Calls `$row` for all rows of weights, four rows of activations at a time and then the rest.
#[cfg(target_arch = "x86_64")]
macro_rules! each_row {
    ($job:ident, $row:ident::<$format:ident>) => {
        for row_idx in 0..$job.rows {
            let (mut first, rows) = (0, $job.acts.rows());
            while rows - first >= 4 {
                $row::<$format, 4>($job, row_idx, first);
                first += 4;
            }
            if rows - first >= 2 {
                $row::<$format, 2>($job, row_idx, first);
                first += 2;
            }
            if rows - first >= 1 {
                $row::<$format, 1>($job, row_idx, first);
            }
        }
    };
}

mod activations;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod formats;
mod level;
mod plain;
mod team;
#[cfg(target_arch = "x86_64")]
mod x86;

#[cfg(test)]
mod tests;

use std::marker::PhantomData;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::gguf::GgmlType;

pub use activations::Activations;
pub use level::Level;
pub use team::Team;

/// Why a product cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DotError {
    /// A row is no whole number of blocks.
    #[error("{columns} columns are not a multiple of {multiple}")]
    Columns {
        /// Elements of a row.
        columns: usize,
        /// Elements of a block.
        multiple: usize,
    },
    /// Something is longer or shorter than the shapes say.
    #[error("{what}: expected {expected}, found {found}")]
    Length {
        /// What it is.
        what: &'static str,
        /// How long it has to be.
        expected: usize,
        /// How long it is.
        found: usize,
    },
    /// The activations were not asked to be there for weights of this type.
    #[error("the activations are not prepared for {} weights", .0.name())]
    NotPrepared(GgmlType),
}

/// A weight matrix as it lies in a file: `rows` rows of whole blocks.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a> {
    ggml_type: GgmlType,
    bytes: &'a [u8],
    rows: usize,
    columns: usize,
    row_bytes: usize,
}

impl<'a> Matrix<'a> {
    /// `[rows, columns]` of `ggml_type`, row-major: output features, then input features.
    ///
    /// # Errors
    /// [`DotError::Columns`] when a row is no whole number of blocks, [`DotError::Length`] when `bytes` has another
    /// length than the shape.
    pub fn new(ggml_type: GgmlType, bytes: &'a [u8], rows: usize, columns: usize) -> Result<Self, DotError> {
        let row_bytes =
            ggml_type.bytes_of(columns).ok_or(DotError::Columns { columns, multiple: ggml_type.block_len() })?;
        let expected = row_bytes.saturating_mul(rows);
        if bytes.len() != expected {
            return Err(DotError::Length { what: "bytes of weights", expected, found: bytes.len() });
        }
        Ok(Self { ggml_type, bytes, rows, columns, row_bytes })
    }

    /// The type of its blocks.
    #[must_use]
    pub fn ggml_type(&self) -> GgmlType {
        self.ggml_type
    }

    /// Output features.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Input features.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    fn check(&self, rows: usize, acts: &Activations, out: &[f32]) -> Result<(), DotError> {
        if acts.columns() != self.columns {
            let (expected, found) = (self.columns, acts.columns());
            return Err(DotError::Length { what: "columns of the activations", expected, found });
        }
        if !acts.fits(self.ggml_type) {
            return Err(DotError::NotPrepared(self.ggml_type));
        }
        let expected = rows * acts.rows();
        if out.len() != expected {
            return Err(DotError::Length { what: "output", expected, found: out.len() });
        }
        Ok(())
    }
}

/// Some rows of a matrix, times all rows of activations.
struct Job<'a> {
    ggml_type: GgmlType,
    /// The rows, no more.
    bytes: &'a [u8],
    row_bytes: usize,
    rows: usize,
    acts: &'a Activations,
    out: Output<'a>,
}

/// Where the results of a job go.
#[derive(Clone, Copy)]
struct Output<'a> {
    /// That of the first row of weights and the first of activations.
    first: *mut f32,
    /// How far it is to the next row of activations.
    stride: usize,
    kind: PhantomData<&'a mut f32>,
}

// SAFETY: several threads write through copies of one `Output`, each to its own rows.
unsafe impl Send for Output<'_> {}
// SAFETY: likewise.
unsafe impl Sync for Output<'_> {}

impl Output<'_> {
    fn of(out: &mut [f32], stride: usize) -> Output<'_> {
        Output { first: out.as_mut_ptr(), stride, kind: PhantomData }
    }
}

impl Job<'_> {
    /// One row of weights.
    #[inline(always)]
    fn row(&self, row_idx: usize) -> &[u8] {
        &self.bytes[row_idx * self.row_bytes..][..self.row_bytes]
    }

    /// Takes the product of row `row_idx` with activation row `m`.
    #[inline(always)]
    fn put(&self, row_idx: usize, m: usize, value: f32) {
        debug_assert!(row_idx < self.rows && m < self.acts.rows());
        // SAFETY: whoever makes a job gives it an output of `rows` by `acts.rows()` at this stride, which no other job
        // that runs at the same time writes to.
        unsafe { *self.out.first.add(m * self.out.stride + row_idx) = value };
    }

    fn run(&self, level: Level) {
        match level {
            // SAFETY: a level that was found has its instructions.
            #[cfg(target_arch = "x86_64")]
            Level::Avx512Vnni => unsafe { avx512::run(self) },
            // SAFETY: likewise.
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => unsafe { avx2::run(self) },
            _ => plain::run(self),
        }
    }
}

/// Products of the matrix's rows `range` with all rows of `acts`, on the calling thread. `out` is
/// `[acts.rows(), range.len()]`, row-major.
///
/// # Errors
/// [`DotError::Length`] when `out`, the range or the activations do not fit the matrix, [`DotError::NotPrepared`].
pub fn rows(matrix: &Matrix<'_>, range: Range<usize>, acts: &Activations, out: &mut [f32]) -> Result<(), DotError> {
    rows_at(Level::best(), matrix, range, acts, out)
}

/// [`rows`] with the instructions of `level`, or plain ones where there are none such.
///
/// # Errors
/// As [`rows`].
pub fn rows_at(
    level: Level,
    matrix: &Matrix<'_>,
    range: Range<usize>,
    acts: &Activations,
    out: &mut [f32],
) -> Result<(), DotError> {
    if range.start > range.end || range.end > matrix.rows {
        return Err(DotError::Length { what: "end of the range of rows", expected: matrix.rows, found: range.end });
    }
    matrix.check(range.len(), acts, out)?;
    let level = if level.available() { level } else { Level::Plain };
    job(matrix, range.clone(), acts, Output::of(out, range.len())).run(level);
    Ok(())
}

fn job<'a>(matrix: &Matrix<'a>, range: Range<usize>, acts: &'a Activations, out: Output<'a>) -> Job<'a> {
    let bytes = &matrix.bytes[range.start * matrix.row_bytes..range.end * matrix.row_bytes];
    Job { ggml_type: matrix.ggml_type, bytes, row_bytes: matrix.row_bytes, rows: range.len(), acts, out }
}

/// One of several products with the same activations.
#[derive(Debug)]
pub struct Part<'a> {
    /// The weights.
    pub matrix: Matrix<'a>,
    /// `[activation rows, matrix rows]`, row-major.
    pub out: &'a mut [f32],
}

/// Bytes of weights that a thread takes at a time: some microseconds of work, much more than taking it costs.
const CHUNK: usize = 48 << 10;

/// The product of a matrix with all rows of `acts`, shared out over the team. `out` is `[acts.rows(), matrix.rows()]`,
/// row-major.
///
/// # Errors
/// [`DotError::Length`] when `out` or the activations do not fit the matrix, [`DotError::NotPrepared`].
pub fn product(team: &Team, matrix: &Matrix<'_>, acts: &Activations, out: &mut [f32]) -> Result<(), DotError> {
    products(team, &mut [Part { matrix: *matrix, out }], acts)
}

/// Several products with the same activations, for which the threads are woken once: query, key and value, or gate and
/// up.
///
/// # Errors
/// As [`product`]; nothing is computed then.
pub fn products(team: &Team, parts: &mut [Part<'_>], acts: &Activations) -> Result<(), DotError> {
    products_at(Level::best(), team, parts, acts)
}

fn products_at(level: Level, team: &Team, parts: &mut [Part<'_>], acts: &Activations) -> Result<(), DotError> {
    for part in parts.iter() {
        part.matrix.check(part.matrix.rows, acts, part.out)?;
    }
    // Which rows go together is nobody's business but the scheduler's: it changes no bit.
    let parts: Vec<(Matrix<'_>, usize, Output<'_>)> = parts
        .iter_mut()
        .map(|part| {
            let rows = (CHUNK / part.matrix.row_bytes.max(1)).clamp(1, part.matrix.rows.max(1));
            (part.matrix, rows, Output::of(part.out, part.matrix.rows))
        })
        .collect();
    let chunks: usize = parts.iter().map(|(matrix, rows, _)| matrix.rows.div_ceil(*rows)).sum();
    let next = AtomicUsize::new(0);
    team.share(&|_, _| {
        loop {
            let mut chunk = next.fetch_add(1, Ordering::Relaxed);
            if chunk >= chunks {
                return;
            }
            for (matrix, rows, out) in &parts {
                let here = matrix.rows.div_ceil(*rows);
                if chunk < here {
                    let range = chunk * rows..((chunk + 1) * rows).min(matrix.rows);
                    // Results of a row lie at its index in each row of the output.
                    let first = out.first.wrapping_add(range.start);
                    job(matrix, range, acts, Output { first, ..*out }).run(level);
                    break;
                }
                chunk -= here;
            }
        }
    });
    Ok(())
}
