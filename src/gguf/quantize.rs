//! f32 rows to ggml blocks, by ggml's reference algorithms, with and without an importance per column.
//!
//! Same input, same bytes, whatever the number of threads and whatever the processor: rows are independent, and every
//! level of vector instructions keeps the order of all sums. The bytes are those of ggml's own library as its build
//! makes it, without fused multiply-add; a build with it differs in a few blocks (numerics sheet, 9.3).

use half::slice::HalfFloatSliceExt;
use half::{bf16, f16};
use rayon::prelude::*;

use super::i_quants::{iq4_nl, iq4_xs};
use super::k_quants::{q2_k, q3_k, q4_k, q5_k, q6_k, stored, to_byte};
use super::lanes::{Lanes, Level, nearest, vectorised};
use super::search::{self, CHUNK, Fits, Grid};
use super::value::GgmlType;

/// Weights that a thread takes at a time, at least.
const THREAD_WEIGHTS: usize = 1 << 15;

/// Quantises one row into `out`, whose length must be the row's size in `ggml_type`.
///
/// `importance` says how much each column counts, as llama.cpp's importance matrix does: mean squared activations,
/// one per column. Types without a search (F32, F16, BF16, Q8_0) do not look at it.
///
/// Returns false, with `out` in an unspecified state, when the lengths do not fit, when a value is not finite, when an
/// importance is negative or not finite, or when a block's f16 scale overflows: llama.cpp would refuse such a block
/// when it validates the file.
#[must_use]
pub fn quantize_row(ggml_type: GgmlType, row: &[f32], importance: Option<&[f32]>, out: &mut [u8]) -> bool {
    quantize_row_at(Level::best(), ggml_type, row, importance, out)
}

// Loops as macros: a closure would be a function of its own, compiled without the vector instructions of its caller.

/// Whether every whole block could be stored; the lengths were compared before.
macro_rules! each {
    ($row:expr, $out:expr, |$x:ident: &$from:ty, $block:ident: &mut $to:ty| $quantize:expr) => {{
        let mut stored = true;
        for ($x, $block) in $row.as_chunks().0.iter().zip($out.as_chunks_mut().0) {
            let ($x, $block): (&$from, &mut $to) = ($x, $block);
            stored &= $quantize;
        }
        stored
    }};
}

/// The same for chunks of [`CHUNK`] weights at most, for what works on many blocks at a time.
macro_rules! chunks {
    ($row:expr, $importance:expr, $out:expr, $len:expr, $bytes:expr, $quantize:ident::<$($t:tt),+>($($more:expr),*)) => {{
        let mut stored = true;
        for (idx, (x, out)) in $row.chunks(CHUNK).zip($out.chunks_mut(CHUNK / $len * $bytes)).enumerate() {
            let importance = $importance.map(|importance| &importance[idx * CHUNK..][..x.len()]);
            stored = stored && $quantize::<$($t),+>(x, importance, out $(, $more)*);
        }
        stored
    }};
}

fn quantize_row_at(level: Level, ggml_type: GgmlType, row: &[f32], importance: Option<&[f32]>, out: &mut [u8]) -> bool {
    vectorised!(level, whole_row::<_>(
        ggml_type: GgmlType, row: &[f32], importance: Option<&[f32]>, out: &mut [u8]) -> bool)
}

#[inline(always)]
fn whole_row<L: Lanes>(ggml_type: GgmlType, row: &[f32], importance: Option<&[f32]>, out: &mut [u8]) -> bool {
    let finite = row.iter().fold(true, |finite, x| finite & x.is_finite());
    if ggml_type.bytes_of(row.len()) != Some(out.len()) || !finite {
        return false;
    }
    if let Some(importance) = importance {
        let sound = importance.iter().fold(true, |sound, x| sound & (*x >= 0.0) & x.is_finite());
        if importance.len() != row.len() || !sound {
            return false;
        }
    }
    match ggml_type {
        GgmlType::F32 => each!(row, out, |x: &[f32; 1], block: &mut [u8; 4]| {
            *block = x[0].to_le_bytes();
            true
        }),
        GgmlType::F16 => halves(row, out),
        GgmlType::BF16 => each!(row, out, |x: &[f32; 1], block: &mut [u8; 2]| {
            *block = bf16::from_f32(x[0]).to_le_bytes();
            bf16::from_le_bytes(*block).is_finite()
        }),
        GgmlType::Q8_0 => each!(row, out, |x: &[f32; 32], block: &mut [u8; 34]| q8_0(x, block)),
        GgmlType::Q4_0 => match importance {
            None => each!(row, out, |x: &[f32; 32], block: &mut [u8; 18]| signed_block(x, block, 8)),
            Some(importance) => weighted_signed::<L, 18>(row, importance, out, 8),
        },
        GgmlType::Q5_0 => match importance {
            None => each!(row, out, |x: &[f32; 32], block: &mut [u8; 22]| signed_block(x, block, 16)),
            Some(importance) => weighted_signed::<L, 22>(row, importance, out, 16),
        },
        GgmlType::Q4_1 => match importance {
            None => each!(row, out, |x: &[f32; 32], block: &mut [u8; 20]| affine_block(x, block, 15)),
            Some(importance) => weighted_affine::<L, 20>(row, importance, out, 15),
        },
        GgmlType::Q5_1 => match importance {
            None => each!(row, out, |x: &[f32; 32], block: &mut [u8; 24]| affine_block(x, block, 31)),
            Some(importance) => weighted_affine::<L, 24>(row, importance, out, 31),
        },
        GgmlType::Q2K => chunks!(row, importance, out, 256, 84, q2_k::<L>()),
        GgmlType::Q3K => chunks!(row, importance, out, 256, 110, q3_k::<L>()),
        GgmlType::Q4K => chunks!(row, importance, out, 256, 144, q4_k::<L>()),
        GgmlType::Q5K => chunks!(row, importance, out, 256, 176, q5_k::<L>()),
        GgmlType::Q6K => chunks!(row, importance, out, 256, 210, q6_k::<L>()),
        GgmlType::IQ4NL => chunks!(row, importance, out, 32, 18, iq4_nl::<L>()),
        GgmlType::IQ4XS => chunks!(row, importance, out, 256, 136, iq4_xs::<L>()),
    }
}

/// Quantises many rows of `columns` values on rayon's threads, all with the same `importance` per column. The error is
/// the index of the first row that failed.
///
/// `fill(row_idx, &mut row)` appends the row's values to an empty vector; rows come in any order.
///
/// # Errors
/// The row's index when [`quantize_row`] refuses it or `fill` gives another number of values.
pub fn quantize_rows(
    ggml_type: GgmlType,
    rows: std::ops::Range<usize>,
    columns: usize,
    importance: Option<&[f32]>,
    fill: &(dyn Fn(usize, &mut Vec<f32>) + Sync),
) -> Result<Vec<u8>, usize> {
    let row_bytes = ggml_type.bytes_of(columns).filter(|&bytes| bytes > 0).ok_or(rows.start)?;
    let mut out = vec![0; row_bytes * rows.len()];
    let failed = out
        .par_chunks_mut(row_bytes)
        .with_min_len((THREAD_WEIGHTS / columns).max(1))
        .enumerate()
        .map_init(
            || Vec::with_capacity(columns),
            |row, (idx, out)| {
                row.clear();
                fill(rows.start + idx, row);
                let stored = row.len() == columns && quantize_row(ggml_type, row, importance, out);
                (!stored).then_some(rows.start + idx)
            },
        )
        .flatten()
        .min();
    match failed {
        Some(row_idx) => Err(row_idx),
        None => Ok(out),
    }
}

/// Nearest f16, half to even.
#[inline(always)]
fn halves(row: &[f32], out: &mut [u8]) -> bool {
    let mut stored = true;
    for (x, out) in row.chunks(64).zip(out.chunks_mut(128)) {
        let mut halves = [f16::ZERO; 64];
        let halves = &mut halves[..x.len()];
        halves.convert_from_f32_slice(x);
        for (half, out) in halves.iter().zip(out.as_chunks_mut().0) {
            *out = half.to_le_bytes();
            stored &= half.is_finite();
        }
    }
    stored
}

/// `1 / d`, and 0 for 0.
#[inline(always)]
fn inverse(d: f32) -> f32 {
    if d == 0.0 { 0.0 } else { 1.0 / d }
}

/// The largest magnitude. Bits of positive floats are in the order of their values, and integers have a maximum that
/// runs on whole vectors.
#[inline(always)]
fn magnitude(x: &[f32; 32]) -> f32 {
    f32::from_bits(x.iter().fold(0, |max, value| max.max(value.to_bits() & 0x7fff_ffff)))
}

/// The smallest and the largest value.
#[inline(always)]
fn bounds(x: &[f32; 32]) -> (f32, f32) {
    // Negative floats are in reverse order as integers: turned over, all are in one order.
    let (mut low, mut high) = (i32::MAX, i32::MIN);
    for value in x {
        let key = turned(value.to_bits() as i32);
        (low, high) = (low.min(key), high.max(key));
    }
    let [low, high] = [low, high].map(|key| f32::from_bits(turned(key) as u32));
    // A zero is stored with its sign; of several, the first is.
    let low = if low == 0.0 { x.iter().copied().find(|&value| value == 0.0).unwrap_or(low) } else { low };
    (low, high)
}

#[inline(always)]
fn turned(bits: i32) -> i32 {
    bits ^ ((bits >> 31) as u32 >> 1) as i32
}

/// Half away from zero, for magnitudes below 2^22.
#[inline(always)]
fn round(x: f32) -> f32 {
    let magnitude = x.abs();
    let even = nearest(magnitude);
    (even + if magnitude - even == 0.5 { 1.0 } else { 0.0 }).copysign(x)
}

/// The whole part of `0 <= x < 2^22`.
#[inline(always)]
fn floor(x: f32) -> f32 {
    let even = nearest(x);
    if even > x { even - 1.0 } else { even }
}

/// `d = amax / 127`, levels rounded half away from zero with the f32 `d`; `d` is stored as f16.
#[inline(always)]
fn q8_0(x: &[f32; 32], out: &mut [u8; 34]) -> bool {
    let d = magnitude(x) / 127.0;
    let inverse = inverse(d);
    let stored = f16::from_f32(d);
    out[..2].copy_from_slice(&stored.to_le_bytes());
    for (level, value) in out[2..].iter_mut().zip(x) {
        *level = to_byte(round(value * inverse));
    }
    stored.is_finite()
}

/// Levels `-limit..limit` around zero, the value of largest magnitude at `-limit`; no rounding search.
#[inline(always)]
fn signed_block<const BYTES: usize>(x: &[f32; 32], out: &mut [u8; BYTES], limit: u8) -> bool {
    let magnitude = magnitude(x);
    // The first of several decides the sign; of zeros none does.
    let extreme = x.iter().copied().find(|value| value.abs() == magnitude).filter(|&value| value != 0.0);
    let extreme = extreme.unwrap_or(0.0);
    let (limit, top) = (f32::from(limit), f32::from(2 * limit - 1));
    let d = extreme / -limit;
    let inverse = inverse(d);
    let mut levels = [0; 32];
    for (level, x) in levels.iter_mut().zip(x) {
        *level = to_byte(floor((x * inverse + (limit + 0.5)).max(0.0).min(top)));
    }
    let stored = f16::from_f32(d);
    out[..2].copy_from_slice(&stored.to_le_bytes());
    pack(&levels, &mut out[2..]);
    stored.is_finite()
}

/// Levels `0..=top` from the minimum up; no rounding search.
#[inline(always)]
fn affine_block<const BYTES: usize>(x: &[f32; 32], out: &mut [u8; BYTES], top: u8) -> bool {
    let (low, high) = bounds(x);
    let d = (high - low) / f32::from(top);
    let inverse = inverse(d);
    let mut levels = [0; 32];
    for (level, value) in levels.iter_mut().zip(x) {
        *level = to_byte(floor(((value - low) * inverse + 0.5).max(0.0).min(f32::from(top))));
    }
    let (stored, stored_min) = (f16::from_f32(d), f16::from_f32(low));
    out[..2].copy_from_slice(&stored.to_le_bytes());
    out[2..4].copy_from_slice(&stored_min.to_le_bytes());
    pack(&levels, &mut out[4..]);
    stored.is_finite() && stored_min.is_finite()
}

/// What the values of `x` count: `importance * sqrt(mean square of the row + x^2)`.
#[inline(always)]
fn weights_in_row(x: &[f32], importance: Option<&[f32]>, mean: f32, out: &mut [f32]) {
    for ((out, x), importance) in out.iter_mut().zip(x).zip(importance.unwrap_or_default()) {
        *out = importance * (mean + x * x).sqrt();
    }
}

/// One sum in order, as ggml takes it.
#[inline(always)]
fn mean_square(row: &[f32]) -> f32 {
    row.iter().fold(0.0f32, |sum, x| sum + x * x) / row.len() as f32
}

/// Q4_0 and Q5_0 with importances: the search of the K-quants, on blocks with their own scale.
#[inline(always)]
fn weighted_signed<L: Lanes, const BYTES: usize>(row: &[f32], importance: &[f32], out: &mut [u8], limit: u8) -> bool {
    chunks!(row, Some(importance), out, 32, BYTES, signed_chunk::<L, BYTES>(mean_square(row), f32::from(limit)))
}

#[inline(always)]
fn signed_chunk<L: Lanes, const BYTES: usize>(
    x: &[f32],
    importance: Option<&[f32]>,
    out: &mut [u8],
    mean: f32,
    limit: f32,
) -> bool {
    let mut weights = [0.0; CHUNK];
    let weights = &mut weights[..x.len()];
    weights_in_row(x, importance, mean, weights);
    let mut fits = Fits::new();
    search::signed::<L, 32>(x, Some(weights), limit, &mut fits);
    for (block, (x, out)) in x.as_chunks::<32>().0.iter().zip(out.as_chunks_mut::<BYTES>().0).enumerate() {
        let Some(d) = stored(fits.scale[block]) else { return false };
        let mut levels = [0; 32];
        for (level, &x) in levels.iter_mut().zip(x) {
            *level = fits.signed_level(block, x, limit);
        }
        out[..2].copy_from_slice(&d.to_le_bytes());
        pack(&levels, &mut out[2..]);
    }
    fits.finite(x.len() / 32)
}

/// Q4_1 and Q5_1 with importances.
#[inline(always)]
fn weighted_affine<L: Lanes, const BYTES: usize>(row: &[f32], importance: &[f32], out: &mut [u8], top: u8) -> bool {
    chunks!(row, Some(importance), out, 32, BYTES, affine_chunk::<L, BYTES>(mean_square(row), f32::from(top)))
}

#[inline(always)]
fn affine_chunk<L: Lanes, const BYTES: usize>(
    x: &[f32],
    importance: Option<&[f32]>,
    out: &mut [u8],
    mean: f32,
    top: f32,
) -> bool {
    let mut weights = [0.0; CHUNK];
    let weights = &mut weights[..x.len()];
    weights_in_row(x, importance, mean, weights);
    let mut fits = Fits::new();
    search::affine::<L, 32>(x, weights, &Grid::fine(top), &mut fits);
    for (block, (x, out)) in x.as_chunks::<32>().0.iter().zip(out.as_chunks_mut::<BYTES>().0).enumerate() {
        let (Some(d), Some(min)) = (stored(fits.scale[block]), stored(-fits.min[block])) else { return false };
        let mut levels = [0; 32];
        for (level, &x) in levels.iter_mut().zip(x) {
            *level = fits.affine_level(block, x, top);
        }
        out[..2].copy_from_slice(&d.to_le_bytes());
        out[2..4].copy_from_slice(&min.to_le_bytes());
        pack(&levels, &mut out[4..]);
    }
    fits.finite(x.len() / 32)
}

/// Nibbles, element j low, j + 16 high; where 20 bytes are left, four bytes of fifth bits go before them.
#[inline(always)]
fn pack(levels: &[u8; 32], out: &mut [u8]) {
    let (high_bits, nibbles) = out.split_at_mut(out.len() - 16);
    if !high_bits.is_empty() {
        let mut bits = 0u32;
        for (j, level) in levels.iter().enumerate() {
            bits |= u32::from(level >> 4) << j;
        }
        high_bits.copy_from_slice(&bits.to_le_bytes());
    }
    for (nibble, (low, high)) in nibbles.iter_mut().zip(levels[..16].iter().zip(&levels[16..])) {
        *nibble = (low & 15) | (high & 15) << 4;
    }
}

#[cfg(test)]
mod tests;
