//! Arithmetic on rows of one weight matrix in f32: low-rank update, DoRA's lengths, the rounding to bf16.
//!
//! Every function gives the same bits whatever the machine, the number of threads and the number of rows at a time: a
//! sum runs over the rank in order, and a multiplication is never fused with an addition.

use std::ops::Range;

use crate::hub::LoraPair;

/// Columns that are summed in registers.
const PANEL: usize = 16;
/// Rows that share one read of A.
const BLOCK: usize = 4;

/// What the machine has for plain loops.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Width {
    Avx512,
    Avx2,
    Plain,
}

impl Width {
    fn here() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") {
                return Self::Avx512;
            }
            if is_x86_feature_detected!("avx2") {
                return Self::Avx2;
            }
        }
        Self::Plain
    }
}

/// Compiles `f`, whose body has to be inlined for that, for the widest registers of this machine.
#[inline]
fn wide<R>(f: impl FnOnce() -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx512f")]
        fn avx512<R>(f: impl FnOnce() -> R) -> R {
            f()
        }
        #[target_feature(enable = "avx2")]
        fn avx2<R>(f: impl FnOnce() -> R) -> R {
            f()
        }
        match Width::here() {
            // SAFETY: `here` has asked for it.
            Width::Avx512 => return unsafe { avx512(f) },
            // SAFETY: as above.
            Width::Avx2 => return unsafe { avx2(f) },
            Width::Plain => {}
        }
    }
    f()
}

/// A `[r, in]` in panels of [`PANEL`] columns, each `[r, PANEL]`, the last filled up with zeros: as they lie in the
/// file, rows are a power of two apart and would fight for the same lines of the cache.
pub(super) struct Panels {
    values: Vec<f32>,
    rank: usize,
}

impl Panels {
    pub(super) fn new(pair: &LoraPair) -> Self {
        let (rank, columns) = (pair.r, pair.in_features);
        let mut values = vec![0.0; columns.div_ceil(PANEL) * rank * PANEL];
        if rank > 0 && columns > 0 {
            for (k, row) in pair.a.chunks_exact(columns).take(rank).enumerate() {
                for (panel, piece) in values.chunks_exact_mut(rank * PANEL).zip(row.chunks(PANEL)) {
                    panel[k * PANEL..k * PANEL + piece.len()].copy_from_slice(piece);
                }
            }
        }
        Self { values, rank }
    }
}

/// Adds `scale * B A` of `rows` to those rows of the weight, `[rows.len(), in]` in `weight`.
///
/// The product is scaled before it is added, as PEFT does.
pub(super) fn add_delta(weight: &mut [f32], pair: &LoraPair, a: &Panels, scale: f32, rows: Range<usize>) {
    add_delta_with(Width::here(), weight, pair, a, scale, rows);
}

fn add_delta_with(width: Width, weight: &mut [f32], pair: &LoraPair, a: &Panels, scale: f32, rows: Range<usize>) {
    let columns = pair.in_features;
    if columns == 0 || a.rank == 0 {
        return;
    }
    let b = pair.b.get(rows.start * a.rank..rows.end * a.rank).unwrap_or_default();
    let (mut four, mut one) = (Vec::with_capacity(a.rank), Vec::with_capacity(a.rank));
    for (rows, factors) in weight.chunks_mut(BLOCK * columns).zip(b.chunks(BLOCK * a.rank)) {
        if factors.len() == BLOCK * a.rank {
            across::<BLOCK>(factors, a.rank, &mut four);
            add_block(width, rows, columns, &four, a, scale);
        } else {
            for (row, factors) in rows.chunks_mut(columns).zip(factors.chunks(a.rank)) {
                across::<1>(factors, a.rank, &mut one);
                add_block(width, row, columns, &one, a, scale);
            }
        }
    }
}

/// `N` rows at once: their sums over one panel stay in registers while its `r` rows pass.
fn add_block<const N: usize>(
    width: Width,
    rows: &mut [f32],
    columns: usize,
    factors: &[[f32; N]],
    a: &Panels,
    scale: f32,
) {
    for (nth, panel) in a.values.chunks_exact(a.rank * PANEL).enumerate() {
        let panel = panel.as_chunks::<PANEL>().0;
        let sums = match width {
            // SAFETY: a `Width` is what the machine has.
            #[cfg(target_arch = "x86_64")]
            Width::Avx512 => unsafe { sums_avx512(panel, factors, scale) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Width::Avx2 => unsafe { sums_avx2(panel, factors, scale) },
            _ => sums_plain(panel, factors, scale),
        };
        let start = nth * PANEL;
        let filled = PANEL.min(columns - start);
        for (i, sums) in sums.iter().enumerate() {
            let row = &mut rows[i * columns + start..][..filled];
            for (value, sum) in row.iter_mut().zip(sums) {
                *value += sum;
            }
        }
    }
}

/// `scale * sum over k of factors[k][i] * panel[k]`, for every `i`.
fn sums_plain<const N: usize>(panel: &[[f32; PANEL]], factors: &[[f32; N]], scale: f32) -> [[f32; PANEL]; N] {
    let mut sums = [[0.0f32; PANEL]; N];
    for (values, factors) in panel.iter().zip(factors) {
        for (sums, factor) in sums.iter_mut().zip(factors) {
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum += factor * value;
            }
        }
    }
    sums.map(|sums| sums.map(|sum| sum * scale))
}

/// [`sums_plain`] in 512-bit registers. Two instructions where one fused would do: that one rounds otherwise.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn sums_avx512<const N: usize>(panel: &[[f32; PANEL]], factors: &[[f32; N]], scale: f32) -> [[f32; PANEL]; N] {
    use std::arch::x86_64::{_mm512_add_ps, _mm512_loadu_ps, _mm512_mul_ps, _mm512_set1_ps, _mm512_storeu_ps};
    let mut sums = [_mm512_set1_ps(0.0); N];
    for (values, factors) in panel.iter().zip(factors) {
        // SAFETY: sixteen values lie there.
        let values = unsafe { _mm512_loadu_ps(values.as_ptr()) };
        for (sum, factor) in sums.iter_mut().zip(factors) {
            *sum = _mm512_add_ps(*sum, _mm512_mul_ps(_mm512_set1_ps(*factor), values));
        }
    }
    let mut out = [[0.0f32; PANEL]; N];
    for (out, sum) in out.iter_mut().zip(sums) {
        // SAFETY: room for sixteen values.
        unsafe { _mm512_storeu_ps(out.as_mut_ptr(), _mm512_mul_ps(sum, _mm512_set1_ps(scale))) };
    }
    out
}

/// [`sums_plain`] in 256-bit registers.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn sums_avx2<const N: usize>(panel: &[[f32; PANEL]], factors: &[[f32; N]], scale: f32) -> [[f32; PANEL]; N] {
    use std::arch::x86_64::{_mm256_add_ps, _mm256_loadu_ps, _mm256_mul_ps, _mm256_set1_ps, _mm256_storeu_ps};
    let mut sums = [[_mm256_set1_ps(0.0); 2]; N];
    for (values, factors) in panel.iter().zip(factors) {
        // SAFETY: sixteen values lie there, eight from either place.
        let values = unsafe { [_mm256_loadu_ps(values.as_ptr()), _mm256_loadu_ps(values[8..].as_ptr())] };
        for (sums, factor) in sums.iter_mut().zip(factors) {
            for (sum, values) in sums.iter_mut().zip(values) {
                *sum = _mm256_add_ps(*sum, _mm256_mul_ps(_mm256_set1_ps(*factor), values));
            }
        }
    }
    let mut out = [[0.0f32; PANEL]; N];
    for (out, sums) in out.iter_mut().zip(sums) {
        for (out, sum) in out.as_chunks_mut::<8>().0.iter_mut().zip(sums) {
            // SAFETY: room for eight values.
            unsafe { _mm256_storeu_ps(out.as_mut_ptr(), _mm256_mul_ps(sum, _mm256_set1_ps(scale))) };
        }
    }
    out
}

/// Rows of B, `[N, r]`, as `[r][N]`.
fn across<const N: usize>(factors: &[f32], rank: usize, out: &mut Vec<[f32; N]>) {
    out.clear();
    out.extend((0..rank).map(|k| std::array::from_fn(|i| factors[i * rank + k])));
}

/// Gives every row of `weight` (`[magnitude.len(), columns]`) the length that `magnitude` says: DoRA's
/// `m / ‖W'‖ * W'`.
///
/// A row of zeros has no direction and becomes not a number, which the rounding reports; PEFT divides by zero alike.
pub(super) fn set_lengths(weight: &mut [f32], columns: usize, magnitude: &[f32]) {
    for (row, length) in weight.chunks_mut(columns.max(1)).zip(magnitude) {
        // Sixteen sums side by side, which is what registers hold, in f64: no matter how wide the row is.
        let mut sums = [0.0f64; 16];
        let (pieces, rest) = row.as_chunks::<16>();
        for piece in pieces {
            for (sum, &value) in sums.iter_mut().zip(piece) {
                *sum += f64::from(value) * f64::from(value);
            }
        }
        let rest: f64 = rest.iter().map(|&value| f64::from(value) * f64::from(value)).sum();
        let norm = (sums.iter().sum::<f64>() + rest).sqrt() as f32;
        let gain = length / norm;
        row.iter_mut().for_each(|value| *value *= gain);
    }
}

/// The upper half of an f32 after rounding to the nearest bf16, ties to even. Not for NaN, whose payload may carry over.
#[inline(always)]
const fn nearest(value: f32) -> u16 {
    let bits = value.to_bits();
    ((bits.wrapping_add(0x7fff + ((bits >> 16) & 1))) >> 16) as u16
}

/// Rounds every value to the nearest bf16 and says whether all are finite afterwards.
pub(super) fn round(values: &mut [f32]) -> bool {
    wide(
        #[inline(always)]
        || {
            let mut broken = 0u32;
            for value in values {
                let bits = value.to_bits();
                let rounded = u32::from(nearest(*value)) << 16;
                broken |= u32::from(not_finite(bits) | not_finite(rounded));
                *value = f32::from_bits(rounded);
            }
            broken == 0
        },
    )
}

/// Writes every value, rounded as by [`round`], to `out` as little-endian bf16; as many as both hold.
pub(super) fn round_into(values: &[f32], out: &mut [u8]) -> bool {
    wide(
        #[inline(always)]
        || {
            let mut broken = 0u32;
            for (value, two) in values.iter().zip(out.as_chunks_mut::<2>().0) {
                let rounded = nearest(*value);
                broken |= u32::from(not_finite(value.to_bits()) | not_finite(u32::from(rounded) << 16));
                *two = rounded.to_le_bytes();
            }
            broken == 0
        },
    )
}

#[inline(always)]
const fn not_finite(bits: u32) -> bool {
    bits & 0x7f80_0000 == 0x7f80_0000
}

#[cfg(test)]
mod tests {
    use half::bf16;

    use super::*;

    #[test]
    fn rounds_as_half_does() {
        // Every upper half with the lower halves around a tie.
        let halves = (0..=u16::MAX).flat_map(|upper| {
            [0u16, 1, 0x7fff, 0x8000, 0x8001, 0xffff].map(|lower| u32::from(upper) << 16 | u32::from(lower))
        });
        for value in halves.map(f32::from_bits) {
            let expected = bf16::from_f32(value);
            let (mut one, mut bytes) = ([value], [0u8; 2]);
            assert_eq!(round(&mut one), expected.is_finite(), "{value}");
            assert_eq!(round_into(&[value], &mut bytes), expected.is_finite(), "{value}");
            if expected.is_finite() {
                assert_eq!((one[0].to_bits(), bytes), (expected.to_f32().to_bits(), expected.to_le_bytes()));
            }
        }
    }

    /// Plain loops in the same order give the same bits, for odd widths and any cut into rows.
    #[test]
    fn equals_the_plain_loops() {
        let value = |i: usize, n: usize| ((i * 2_654_435_761 + n * 40_503) % 2001) as f32 / 1000.0 - 1.0;
        for (out, columns, rank) in [(1, 1, 1), (7, 33, 3), (9, 16, 8), (5, 47, 16)] {
            let pair = LoraPair {
                a: (0..rank * columns).map(|i| value(i, 1)).collect(),
                b: (0..out * rank).map(|i| value(i, 2)).collect(),
                magnitude: None,
                r: rank,
                in_features: columns,
                out_features: out,
            };
            let weight: Vec<f32> = (0..out * columns).map(|i| value(i, 3)).collect();
            let mut expected = weight.clone();
            for row in 0..out {
                for column in 0..columns {
                    let sum = (0..rank).fold(0.0f32, |s, k| s + pair.b[row * rank + k] * pair.a[k * columns + column]);
                    expected[row * columns + column] += sum * 0.7;
                }
            }
            let panels = Panels::new(&pair);
            // What the machine has, and what it has below that.
            let widths = [Width::Avx512, Width::Avx2, Width::Plain];
            for width in widths.into_iter().skip_while(|width| *width != Width::here()) {
                for at_once in [1, 3, 4, out] {
                    let mut found = weight.clone();
                    for start in (0..out).step_by(at_once) {
                        let rows = start..out.min(start + at_once);
                        let piece = &mut found[rows.start * columns..rows.end * columns];
                        add_delta_with(width, piece, &pair, &panels, 0.7, rows);
                    }
                    assert_eq!(found, expected, "{width:?}: {out} x {columns} rank {rank}, {at_once} at once");
                }
            }
        }
    }
}
