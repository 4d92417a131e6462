//! The right side of the products: rows of activations, quantised once for all matrices they meet.
//!
//! | form | for | what it is |
//! | --- | --- | --- |
//! | natural | F32, F16 | the row itself |
//! | split | BF16 | even elements of 32, then the odd ones, as two 16-bit weights lie in one word |
//! | small | blocks of 32 | ggml's Q8_0 and Q8_1: levels, a scale rounded to f16, and `scale × sum` |
//! | super | blocks of 256 | ggml's Q8_K: levels, an f32 scale, sums of 16 |

use std::marker::PhantomData;

use half::f16;

use crate::gguf::GgmlType;

use super::DotError;
use super::formats::{SMALL, SUPER};
use super::level::Level;

/// What a row is filled up to with zeros, in the forms that have no longer blocks.
pub(super) const GROUP: usize = 4 * SMALL;

/// Rows of activations, in every form that the matrices they will meet need.
///
/// A row in which anything is NaN or infinite gives NaN in all products, whatever the format.
#[derive(Debug, Default)]
pub struct Activations {
    rows: usize,
    columns: usize,
    forms: u8,
    pub(super) natural: Lines<f32>,
    pub(super) split: Lines<f32>,
    pub(super) small: Small,
    pub(super) large: Large,
}

/// Q8_0 and Q8_1. Per row: [`Activations::grouped`] levels, an eighth of that of `lanes`, and so on.
#[derive(Debug, Default)]
pub(super) struct Small {
    pub levels: Lines<i8>,
    /// Minus the sum of four levels, where a 32-bit lane of a product gathers them.
    pub lanes: Lines<i32>,
    /// Per block.
    pub scales: Lines<f32>,
    /// Per block: scale times sum of levels, rounded to f16.
    pub sums: Lines<f32>,
}

/// Q8_K.
#[derive(Debug, Default)]
pub(super) struct Large {
    pub levels: Lines<i8>,
    /// Per 16 levels.
    pub sums: Lines<i16>,
    /// Per block.
    pub scales: Lines<f32>,
}

const NATURAL: u8 = 1;
const SPLIT: u8 = 2;
const SMALLS: u8 = 4;
const LARGE: u8 = 8;

/// The form that weights of a type meet.
fn form(ggml_type: GgmlType) -> u8 {
    match (ggml_type, ggml_type.block_len()) {
        (GgmlType::BF16, _) => SPLIT,
        (_, SUPER) => LARGE,
        (_, SMALL) => SMALLS,
        _ => NATURAL,
    }
}

impl Activations {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the rows of `x`, `[rows, columns]` row-major, in the forms that matrices of `types` need. What was there
    /// before is gone, its memory is used again.
    ///
    /// # Errors
    /// [`DotError::Length`] when `x` is no whole number of rows, [`DotError::Columns`] when the blocks of a type do
    /// not divide the columns.
    pub fn set(&mut self, x: &[f32], columns: usize, types: &[GgmlType]) -> Result<(), DotError> {
        self.forms = 0;
        if columns == 0 || !x.len().is_multiple_of(columns) {
            return Err(DotError::Length { what: "activations", expected: columns, found: x.len() });
        }
        (self.rows, self.columns) = (x.len() / columns, columns);
        for &ggml_type in types {
            if !columns.is_multiple_of(ggml_type.block_len()) {
                return Err(DotError::Columns { columns, multiple: ggml_type.block_len() });
            }
        }
        for form in types.iter().map(|ggml_type| form(*ggml_type)) {
            if self.forms & form == 0 {
                self.forms |= form;
                match form {
                    NATURAL => self.set_natural(x),
                    SPLIT => self.set_split(x),
                    SMALLS => self.set_small(x),
                    _ => self.set_large(x),
                }
            }
        }
        Ok(())
    }

    /// How many rows there are.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Elements of a row.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Whether the form that this type meets was asked for.
    #[must_use]
    pub fn fits(&self, ggml_type: GgmlType) -> bool {
        self.forms & form(ggml_type) != 0
    }

    /// Columns, filled up to whole groups of small blocks.
    pub(super) fn grouped(&self) -> usize {
        self.columns.next_multiple_of(GROUP)
    }

    fn set_natural(&mut self, x: &[f32]) {
        let stride = self.grouped();
        self.natural.resize(self.rows * stride);
        for (to, row) in self.natural.get_mut().chunks_exact_mut(stride).zip(x.chunks_exact(self.columns)) {
            to[..row.len()].copy_from_slice(row);
            to[row.len()..].fill(0.0);
            poison(to, row);
        }
    }

    fn set_split(&mut self, x: &[f32]) {
        let stride = self.grouped();
        self.split.resize(self.rows * stride);
        for (to, row) in self.split.get_mut().chunks_exact_mut(stride).zip(x.chunks_exact(self.columns)) {
            let (chunks, rest) = row.as_chunks::<32>();
            let (filled, empty) = to.as_chunks_mut::<32>().0.split_at_mut(chunks.len());
            for (to, from) in filled.iter_mut().zip(chunks) {
                split_words(from, to);
            }
            empty.as_flattened_mut().fill(0.0);
            if let Some(to) = empty.first_mut() {
                let mut last = [0.0; 32];
                last[..rest.len()].copy_from_slice(rest);
                split_words(&last, to);
            }
            poison(to, row);
        }
    }

    fn set_small(&mut self, x: &[f32]) {
        let stride = self.grouped();
        let Small { levels, lanes, scales, sums } = &mut self.small;
        levels.resize(self.rows * stride);
        lanes.resize(self.rows * stride / 4);
        scales.resize(self.rows * stride / SMALL);
        sums.resize(self.rows * stride / SMALL);
        let level = Level::best();
        for (idx, row) in x.chunks_exact(self.columns).enumerate() {
            let to = SmallRow {
                levels: &mut levels.get_mut()[idx * stride..][..stride],
                lanes: &mut lanes.get_mut()[idx * stride / 4..][..stride / 4],
                scales: &mut scales.get_mut()[idx * stride / SMALL..][..stride / SMALL],
                sums: &mut sums.get_mut()[idx * stride / SMALL..][..stride / SMALL],
            };
            quantize_small_at(level, row, to);
        }
    }

    fn set_large(&mut self, x: &[f32]) {
        let columns = self.columns;
        let Large { levels, sums, scales } = &mut self.large;
        levels.resize(x.len());
        sums.resize(x.len() / 16);
        scales.resize(x.len() / SUPER);
        let level = Level::best();
        for (idx, row) in x.chunks_exact(columns).enumerate() {
            let to = LargeRow {
                levels: &mut levels.get_mut()[idx * columns..][..columns],
                sums: &mut sums.get_mut()[idx * columns / 16..][..columns / 16],
                scales: &mut scales.get_mut()[idx * columns / SUPER..][..columns / SUPER],
            };
            quantize_large_at(level, row, to);
        }
    }
}

/// What is not finite anywhere makes the first element NaN, and with it every product.
fn poison(to: &mut [f32], row: &[f32]) {
    if largest(row) >= f32::INFINITY.to_bits() {
        to[0] = f32::NAN;
    }
}

/// The bits of the largest magnitude. Those of infinity are above all finite ones, those of NaN above both.
#[inline(always)]
fn largest(x: &[f32]) -> u32 {
    x.iter().fold(0, |largest, value| largest.max(value.to_bits() & 0x7fff_ffff))
}

fn split_words(from: &[f32; 32], to: &mut [f32; 32]) {
    let (even, odd) = to.split_at_mut(16);
    for ((pair, even), odd) in from.as_chunks::<2>().0.iter().zip(even).zip(odd) {
        (*even, *odd) = (pair[0], pair[1]);
    }
}

struct SmallRow<'a> {
    levels: &'a mut [i8],
    lanes: &'a mut [i32],
    scales: &'a mut [f32],
    sums: &'a mut [f32],
}

struct LargeRow<'a> {
    levels: &'a mut [i8],
    sums: &'a mut [i16],
    scales: &'a mut [f32],
}

/// Nearest integer, ties to even: adding 1.5 × 2²³ leaves no bits for a fraction. For magnitudes below 2²².
#[inline(always)]
fn nearest(x: f32) -> i32 {
    ((x + 12_582_912.0).to_bits() as i32).wrapping_sub(0x4b40_0000)
}

/// A scale as ggml stores it, but for the ends of f16's range, where it would lose the row.
#[inline(always)]
fn to_half(scale: f32) -> f32 {
    if (6.2e-5..=65504.0).contains(&scale.abs()) { f16::from_f32(scale).to_f32() } else { scale }
}

#[inline(always)]
fn quantize_small(row: &[f32], to: SmallRow<'_>) {
    let blocks = row.as_chunks::<SMALL>().0;
    let levels = to.levels.as_chunks_mut::<SMALL>().0.iter_mut();
    let lanes = to.lanes.as_chunks_mut::<{ SMALL / 4 }>().0.iter_mut();
    let heads = to.scales.iter_mut().zip(to.sums.iter_mut());
    for (idx, ((levels, lanes), (scale, sum))) in levels.zip(lanes).zip(heads).enumerate() {
        let largest = blocks.get(idx).map_or(0, |block| largest(block));
        let (d, inverse) = match largest {
            0x7f80_0000.. => (f32::NAN, 0.0),
            bits => (f32::from_bits(bits) / 127.0, 127.0 / f32::from_bits(bits)),
        };
        let (Some(block), true) = (blocks.get(idx), inverse.is_finite()) else {
            // Filled up, or zero, or too small to be told from it.
            (*levels, *lanes, *scale, *sum) = ([0; SMALL], [0; SMALL / 4], 0.0, 0.0);
            continue;
        };
        let mut ints = [0_i32; SMALL];
        for (int, value) in ints.iter_mut().zip(block) {
            *int = nearest(if d.is_nan() { 0.0 } else { value * inverse });
        }
        for (level, int) in levels.iter_mut().zip(&ints) {
            *level = *int as i8;
        }
        for (lane, four) in lanes.iter_mut().zip(ints.as_chunks::<4>().0) {
            *lane = -(four[0] + four[1] + four[2] + four[3]);
        }
        *scale = to_half(d);
        *sum = to_half(d * ints.iter().sum::<i32>() as f32);
    }
}

#[inline(always)]
fn quantize_large(row: &[f32], to: LargeRow<'_>) {
    let levels = to.levels.as_chunks_mut::<SUPER>().0.iter_mut();
    let sums = to.sums.as_chunks_mut::<16>().0.iter_mut();
    for (((block, levels), sums), scale) in
        row.as_chunks::<SUPER>().0.iter().zip(levels).zip(sums).zip(to.scales.iter_mut())
    {
        let bits = largest(block);
        if bits >= f32::INFINITY.to_bits() {
            (*levels, *sums, *scale) = ([0; SUPER], [0; 16], f32::NAN);
            continue;
        }
        // ggml's scale has the opposite sign of the first element of the largest magnitude.
        let first = block.iter().find(|value| value.to_bits() & 0x7fff_ffff == bits).copied().unwrap_or(0.0);
        let inverse = -127.0 / first;
        if !inverse.is_finite() {
            (*levels, *sums, *scale) = ([0; SUPER], [0; 16], 0.0);
            continue;
        }
        for (level, value) in levels.iter_mut().zip(block) {
            *level = nearest(inverse * value).min(127) as i8;
        }
        for (sum, part) in sums.iter_mut().zip(levels.as_chunks::<16>().0) {
            *sum = part.iter().map(|level| i16::from(*level)).sum();
        }
        *scale = 1.0 / inverse;
    }
}

/// The same plain code, compiled for each level.
macro_rules! at_level {
    ($name:ident, $plain:ident, $wide:ident, $avx2:ident, $row:ident) => {
        fn $name(level: Level, row: &[f32], to: $row<'_>) {
            match level {
                // SAFETY: a level that was found has its instructions.
                #[cfg(target_arch = "x86_64")]
                Level::Avx512Vnni => unsafe { $wide(row, to) },
                // SAFETY: likewise.
                #[cfg(target_arch = "x86_64")]
                Level::Avx2 => unsafe { $avx2(row, to) },
                _ => $plain(row, to),
            }
        }

        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx2,fma,f16c")]
        fn $wide(row: &[f32], to: $row<'_>) {
            $plain(row, to);
        }

        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx2,fma,f16c")]
        fn $avx2(row: &[f32], to: $row<'_>) {
            $plain(row, to);
        }
    };
}

at_level!(quantize_small_at, quantize_small, quantize_small_avx512, quantize_small_avx2, SmallRow);
at_level!(quantize_large_at, quantize_large, quantize_large_avx512, quantize_large_avx2, LargeRow);

/// One cache line.
#[repr(C, align(64))]
#[derive(Clone, Copy, Debug)]
struct Line([u8; 64]);

/// A number that any bits are sound for.
pub(super) trait Number: Copy {}
impl Number for f32 {}
impl Number for i32 {}
impl Number for i16 {}
impl Number for i8 {}

/// Numbers that begin with a cache line, so that no load of 64 bytes touches two.
#[derive(Debug)]
pub(super) struct Lines<T> {
    lines: Vec<Line>,
    len: usize,
    kind: PhantomData<T>,
}

impl<T> Default for Lines<T> {
    fn default() -> Self {
        Self { lines: Vec::new(), len: 0, kind: PhantomData }
    }
}

impl<T: Number> Lines<T> {
    fn resize(&mut self, len: usize) {
        self.len = len;
        let lines = (len * size_of::<T>()).div_ceil(64);
        if self.lines.len() < lines {
            self.lines.resize(lines, Line([0; 64]));
        }
    }

    pub fn get(&self) -> &[T] {
        // SAFETY: the lines hold at least `len` numbers, are aligned for them, and any bits are a `Number`.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.len) }
    }

    fn get_mut(&mut self) -> &mut [T] {
        // SAFETY: as in `get`, and borrowed alone.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.len) }
    }
}
