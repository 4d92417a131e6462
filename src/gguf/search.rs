//! ggml's searches for the scale of a sub-block, many sub-blocks at a time.
//!
//! The sums in a search decide ties, so their order is part of the format's reference: element by element within one
//! sub-block. Sub-blocks do not depend on each other, so they run side by side in [`Lanes`] without touching any
//! sum's order. No product is fused with a sum: ggml's library is built without either.
//!
//! Source: `ggml/src/ggml-quants.c` as described in the numerics sheet, section 9.2. Checked against the bytes of
//! ggml itself in `quantize/tests.rs`.

use super::dequantize::IQ4_LEVELS;
use super::lanes::{Lanes, nearest, nearest_bits};

/// Weights that are quantised together: what a search leaves behind for them lies on the stack.
pub(super) const CHUNK: usize = 4096;

/// The most sub-blocks in a chunk.
const SUBS: usize = CHUNK / 16;

/// The widest lanes.
const WIDEST: usize = 16;

/// ggml calls a sub-block empty below this magnitude.
pub(super) const EMPTY: f32 = 1e-15;

/// What a search found, by sub-block.
pub(super) struct Fits {
    /// The step.
    pub scale: [f32; SUBS],
    /// Minus the minimum, so never negative; only of [`affine`].
    pub min: [f32; SUBS],
    /// Sum of the weights, of their products with squared levels for [`refined`] and [`uneven`].
    pub weight: [f32; SUBS],
    /// The levels are those of `inverse * (x - anchor)`, rounded; zero is an empty sub-block.
    pub inverse: [f32; SUBS],
    /// See `inverse`.
    pub anchor: [f32; SUBS],
}

impl Fits {
    pub(super) fn new() -> Self {
        let zero = [0.0; SUBS];
        Self { scale: zero, min: zero, weight: zero, inverse: zero, anchor: zero }
    }

    /// False when squares of values beyond 1e19 left no numbers behind in the first `count` sub-blocks.
    #[inline(always)]
    pub(super) fn finite(&self, count: usize) -> bool {
        let all = [&self.scale[..count], &self.min[..count], &self.weight[..count]];
        all.into_iter().flatten().all(|value| value.is_finite())
    }

    /// The level of `x` in an affine sub-block.
    #[inline(always)]
    pub(super) fn affine_level(&self, sub: usize, x: f32, max_level: f32) -> u8 {
        nearest(self.inverse[sub] * (x - self.anchor[sub])).max(0.0).min(max_level) as u8
    }

    /// The level of `x` in a signed sub-block, from 0; also 0 when the sub-block is empty.
    #[inline(always)]
    pub(super) fn signed_level(&self, sub: usize, x: f32, limit: f32) -> u8 {
        match self.inverse[sub] {
            0.0 => 0,
            inverse => (nearest(inverse * x).max(-limit).min(limit - 1.0) + limit) as u8,
        }
    }
}

/// Element `e` of the sub-blocks from `first` on, zero where there are none left.
#[inline(always)]
fn gather<L: Lanes, const E: usize>(x: &[f32], first: usize) -> [L; E] {
    let mut lanes = [L::splat(0.0); E];
    if let Some(x) = x.get(first * E..(first + L::COUNT) * E) {
        for (e, lanes) in lanes.iter_mut().enumerate() {
            *lanes = L::from_fn(|lane| x[lane * E + e]);
        }
    } else {
        for (e, lanes) in lanes.iter_mut().enumerate() {
            *lanes = L::from_fn(|lane| x.get((first + lane) * E + e).copied().unwrap_or(0.0));
        }
    }
    lanes
}

/// Writes the lanes of the sub-blocks from `first` on.
#[inline(always)]
fn scatter<L: Lanes>(lanes: L, first: usize, out: &mut [f32; SUBS]) {
    let mut all = [0.0; WIDEST];
    lanes.store(&mut all);
    for (out, lane) in out[first..].iter_mut().zip(&all[..L::COUNT]) {
        *out = *lane;
    }
}

/// Sum of squares of each block of `E`, in order.
#[inline(always)]
pub(super) fn squares<L: Lanes, const E: usize>(x: &[f32], out: &mut [f32; SUBS]) {
    for first in (0..x.len() / E).step_by(L::COUNT) {
        let mut sum = L::splat(0.0);
        if let Some(x) = x.get(first * E..(first + L::COUNT) * E) {
            for e in 0..E {
                let x = L::from_fn(|lane| x[lane * E + e]);
                sum = sum + x * x;
            }
        } else {
            for e in 0..E {
                let x = L::from_fn(|lane| x.get((first + lane) * E + e).copied().unwrap_or(0.0));
                sum = sum + x * x;
            }
        }
        scatter(sum, first, out);
    }
}

/// What a value of a block of `E` counts with an importance: `importance * sqrt(factor * mean square + x^2)`.
#[inline(always)]
pub(super) fn by_importance<L: Lanes, const E: usize>(x: &[f32], importance: &[f32], factor: f32, out: &mut [f32]) {
    let mut sums = [0.0; SUBS];
    squares::<L, E>(x, &mut sums);
    let blocks = x.as_chunks::<E>().0.iter().zip(importance.as_chunks::<E>().0).zip(out.as_chunks_mut::<E>().0);
    for (((x, importance), out), sum) in blocks.zip(sums) {
        let mean = factor * sum / E as f32;
        for ((out, x), importance) in out.iter_mut().zip(x).zip(importance) {
            *out = importance * (mean + x * x).sqrt();
        }
    }
}

/// How finely [`affine`] searches.
pub(super) struct Grid {
    pub max_level: f32,
    pub first: f32,
    pub step: f32,
    pub steps: u8,
    /// Errors count by their size, not by their square.
    pub absolute: bool,
}

impl Grid {
    /// With importances one grid serves all numbers of levels.
    pub(super) const fn fine(max_level: f32) -> Self {
        Self { max_level, first: -0.9, step: 0.05, steps: 36, absolute: false }
    }
}

/// Weighted least-squares fit `x ~ scale * level - min`, best of a grid of rounding scales; sub-blocks of `E`.
///
/// Rounding is anchored at the best minimum found so far, so the grid moves along with the search, as in the
/// reference. A sub-block whose values are all equal (after the minimum is capped at zero) gets scale 0 and levels 0;
/// the divisions it went through are discarded. (`make_qkx2_quants`, `make_qkx3_quants`)
#[inline(always)]
pub(super) fn affine<L: Lanes, const E: usize>(x: &[f32], weights: &[f32], grid: &Grid, fits: &mut Fits) {
    for first in (0..x.len() / E).step_by(L::COUNT) {
        affine_lanes::<L, E>(&gather(x, first), &gather(weights, first), grid, first, fits);
    }
}

#[inline(always)]
fn affine_lanes<L: Lanes, const E: usize>(x: &[L; E], weights: &[L; E], grid: &Grid, first: usize, fits: &mut Fits) {
    let zero = L::splat(0.0);
    let (mut low, mut high) = (x[0], x[0]);
    let mut sum_w = weights[0];
    let mut sum_x = weights[0] * x[0];
    for e in 1..E {
        low = x[e].min(low);
        high = x[e].max(high);
        sum_w = sum_w + weights[e];
        sum_x = sum_x + weights[e] * x[e];
    }
    // The order of the arguments makes a minimum of -0.0 stay what it is.
    low = zero.min(low);
    let max_level = L::splat(grid.max_level);

    let mut levels = [zero; E];
    let (mut inverse, mut anchor, mut min) = (max_level / (high - low), low, low);
    let mut scale = L::splat(1.0) / inverse;
    for e in 0..E {
        levels[e] = (inverse * (x[e] - min)).nearest().clamped(0.0, grid.max_level);
    }
    let mut best = affine_error(x, weights, &levels, scale, min, grid.absolute);
    for step in 0..=grid.steps {
        let trial = L::splat(grid.first + grid.step * f32::from(step) + grid.max_level) / (high - min);
        let (mut sum_l, mut sum_l2, mut sum_xl) = (zero, zero, zero);
        for e in 0..E {
            let level = (trial * (x[e] - min)).nearest().clamped(0.0, grid.max_level);
            levels[e] = level;
            let weighted = weights[e] * level;
            sum_l = sum_l + weighted;
            sum_l2 = sum_l2 + weighted * level;
            sum_xl = sum_xl + weighted * x[e];
        }
        let determinant = sum_w * sum_l2 - sum_l * sum_l;
        let this_scale = (sum_w * sum_xl - sum_x * sum_l) / determinant;
        let this_min = (sum_l2 * sum_x - sum_l * sum_xl) / determinant;
        let capped = zero.lt(this_min);
        let this_min = L::select(capped, zero, this_min);
        let this_scale = L::select(capped, sum_xl / sum_l2, this_scale);
        let this_error = affine_error(x, weights, &levels, this_scale, this_min, grid.absolute);
        let better = L::both(zero.lt(determinant), this_error.lt(best));
        best = L::select(better, this_error, best);
        scale = L::select(better, this_scale, scale);
        anchor = L::select(better, min, anchor);
        min = L::select(better, this_min, min);
        inverse = L::select(better, trial, inverse);
    }
    // Equal values: what was computed so far is not a number.
    let some = low.lt(high);
    scatter(L::select(some, scale, zero), first, &mut fits.scale);
    // Not `0 - min`: the sign of a zero is stored, too.
    let negated = L::select(some, min, low) * L::splat(-1.0);
    scatter(negated, first, &mut fits.min);
    scatter(sum_w, first, &mut fits.weight);
    scatter(L::select(some, inverse, zero), first, &mut fits.inverse);
    scatter(L::select(some, anchor, low), first, &mut fits.anchor);
}

#[inline(always)]
fn affine_error<L: Lanes, const E: usize>(
    x: &[L; E],
    weights: &[L; E],
    levels: &[L; E],
    scale: L,
    min: L,
    absolute: bool,
) -> L {
    let mut error = L::splat(0.0);
    for e in 0..E {
        let difference = scale * levels[e] + min - x[e];
        let difference = if absolute { difference.abs() } else { difference * difference };
        error = error + weights[e] * difference;
    }
    error
}

/// The value of largest magnitude, the first of several, and whether it is large enough to matter.
#[inline(always)]
fn extreme<L: Lanes, const E: usize>(x: &[L; E]) -> (L, L::Mask) {
    let (mut magnitude, mut extreme) = (L::splat(0.0), L::splat(0.0));
    for x in x {
        let larger = magnitude.lt(x.abs());
        magnitude = L::select(larger, x.abs(), magnitude);
        extreme = L::select(larger, *x, extreme);
    }
    (extreme, magnitude.lt(L::splat(EMPTY)))
}

/// Weighted least-squares scale for levels `-limit..limit`, best of 19 rounding scales; sub-blocks of `E`.
///
/// Without weights a value counts by its square. (`make_qx_quants`)
#[inline(always)]
pub(super) fn signed<L: Lanes, const E: usize>(x: &[f32], weights: Option<&[f32]>, limit: f32, fits: &mut Fits) {
    for first in (0..x.len() / E).step_by(L::COUNT) {
        let x: [L; E] = gather(x, first);
        let mut own = x;
        match weights {
            Some(weights) => own = gather(weights, first),
            None => {
                for own in &mut own {
                    *own = *own * *own;
                }
            }
        }
        signed_lanes(&x, &own, limit, first, fits);
    }
}

#[inline(always)]
fn signed_lanes<L: Lanes, const E: usize>(x: &[L; E], weights: &[L; E], limit: f32, first: usize, fits: &mut Fits) {
    let zero = L::splat(0.0);
    let (extreme, empty) = extreme(x);
    let mut sum_w = zero;
    for weight in weights {
        sum_w = sum_w + *weight;
    }
    let mut weighted_x = [zero; E];
    for e in 0..E {
        weighted_x[e] = weights[e] * x[e];
    }
    let mut inverse = L::splat(-limit) / extreme;
    let (sum_xl, sum_l2) = signed_sums(x, weights, &weighted_x, inverse, limit);
    let mut scale = L::select(zero.lt(sum_l2), sum_xl / sum_l2, zero);
    let mut best = scale * sum_xl;
    for trial in (-9i8..=9).filter(|&trial| trial != 0) {
        let this_inverse = L::splat(-(limit + 0.1 * f32::from(trial))) / extreme;
        let (sum_xl, sum_l2) = signed_sums(x, weights, &weighted_x, this_inverse, limit);
        let better = L::both(zero.lt(sum_l2), (best * sum_l2).lt(sum_xl * sum_xl));
        scale = L::select(better, sum_xl / sum_l2, scale);
        best = L::select(better, scale * sum_xl, best);
        inverse = L::select(better, this_inverse, inverse);
    }
    scatter(L::select(empty, zero, scale), first, &mut fits.scale);
    scatter(sum_w, first, &mut fits.weight);
    scatter(L::select(empty, zero, inverse), first, &mut fits.inverse);
}

/// Sums over `weight * x * level` and `weight * level^2`.
#[inline(always)]
fn signed_sums<L: Lanes, const E: usize>(
    x: &[L; E],
    weights: &[L; E],
    weighted_x: &[L; E],
    inverse: L,
    limit: f32,
) -> (L, L) {
    let (mut sum_xl, mut sum_l2) = (L::splat(0.0), L::splat(0.0));
    for e in 0..E {
        let level = (inverse * x[e]).nearest().clamped(-limit, limit - 1.0);
        sum_xl = sum_xl + weighted_x[e] * level;
        sum_l2 = sum_l2 + weights[e] * level * level;
    }
    (sum_xl, sum_l2)
}

/// Levels `-4..4` for sub-blocks of 16, each moved as long as that brings the fit closer; weights are squares.
///
/// `levels` gets them from 0. (`make_q3_quants`)
#[inline(always)]
pub(super) fn refined<L: Lanes>(x: &[f32], levels: &mut [u8], fits: &mut Fits) {
    for first in (0..x.len() / 16).step_by(L::COUNT) {
        refined_lanes(&gather::<L, 16>(x, first), first, levels, fits);
    }
}

#[inline(always)]
fn refined_lanes<L: Lanes>(x: &[L; 16], first: usize, out: &mut [u8], fits: &mut Fits) {
    let zero = L::splat(0.0);
    let (extreme, empty) = extreme(x);
    let inverse = L::splat(-4.0) / extreme;
    let (mut sum_xl, mut sum_l2) = (zero, zero);
    let mut levels = [zero; 16];
    for e in 0..16 {
        levels[e] = (inverse * x[e]).nearest().clamped(-4.0, 3.0);
        let weight = x[e] * x[e];
        sum_xl = sum_xl + weight * x[e] * levels[e];
        sum_l2 = sum_l2 + weight * levels[e] * levels[e];
    }
    for _ in 0..5 {
        let mut changed = false;
        for e in 0..16 {
            let weight = x[e] * x[e];
            let rest_xl = sum_xl - weight * x[e] * levels[e];
            let rest_l2 = sum_l2 - weight * levels[e] * levels[e];
            let level = (x[e] * rest_l2 / rest_xl).nearest_bits().clamped(-4.0, 3.0);
            let this_xl = rest_xl + weight * x[e] * level;
            let this_l2 = rest_l2 + weight * level * level;
            let closer = (sum_xl * sum_xl * this_l2).lt(this_xl * this_xl * sum_l2);
            let usable = L::both(zero.lt(rest_xl), zero.lt(this_l2));
            let moved = zero.lt((level - levels[e]).abs());
            let better = L::both(L::both(closer, usable), moved);
            changed |= L::any(better);
            levels[e] = L::select(better, level, levels[e]);
            sum_xl = L::select(better, this_xl, sum_xl);
            sum_l2 = L::select(better, this_l2, sum_l2);
        }
        if !changed {
            break;
        }
    }
    let usable = zero.lt(sum_l2);
    let scale = L::select(usable, sum_xl / sum_l2, zero);
    scatter(L::select(empty, zero, scale), first, &mut fits.scale);
    scatter(L::select(empty, zero, sum_l2), first, &mut fits.weight);
    for (e, level) in levels.into_iter().enumerate() {
        let mut all = [0.0; WIDEST];
        L::select(empty, zero, level + L::splat(4.0)).store(&mut all);
        for (lane, level) in all[..L::COUNT].iter().enumerate() {
            if let Some(out) = out.get_mut((first + lane) * 16 + e) {
                *out = *level as u8;
            }
        }
    }
}

/// Half-way between neighbours of [`IQ4_LEVELS`], where the nearer one changes.
const IQ4_BORDERS: [f32; 15] = {
    let mut borders = [0.0; 15];
    let mut k = 0;
    while k < 15 {
        borders[k] = (IQ4_LEVELS[k] as f32 + IQ4_LEVELS[k + 1] as f32) / 2.0;
        k += 1;
    }
    borders
};

/// The index of the uneven level nearest to `x`; the upper one of two.
#[inline(always)]
pub(super) fn iq4_index(x: f32) -> u8 {
    let mut index = 0;
    for border in IQ4_BORDERS {
        index += u8::from(x >= border);
    }
    index
}

/// Weighted least-squares scale for the uneven levels, best of 16 rounding scales; sub-blocks of 32.
/// (`quantize_row_iq4_nl_impl`)
#[inline(always)]
pub(super) fn uneven<L: Lanes>(x: &[f32], weights: &[f32], fits: &mut Fits) {
    for first in (0..x.len() / 32).step_by(L::COUNT) {
        uneven_lanes(&gather::<L, 32>(x, first), &gather(weights, first), first, fits);
    }
}

#[inline(always)]
fn uneven_lanes<L: Lanes>(x: &[L; 32], weights: &[L; 32], first: usize, fits: &mut Fits) {
    let zero = L::splat(0.0);
    let lowest = f32::from(IQ4_LEVELS[0]);
    let (extreme, empty) = extreme(x);
    let inverse = L::splat(1.0) / ((zero - extreme) / L::splat(lowest));
    let (sum_xq, sum_q2) = uneven_sums(x, weights, inverse);
    let mut scale = L::select(zero.lt(sum_q2), sum_xq / sum_q2, zero);
    let mut best = scale * sum_xq;
    for trial in -7i8..=7 {
        let inverse = L::splat(f32::from(trial) + lowest) / extreme;
        let (sum_xq, sum_q2) = uneven_sums(x, weights, inverse);
        let better = L::both(zero.lt(sum_q2), (best * sum_q2).lt(sum_xq * sum_xq));
        scale = L::select(better, sum_xq / sum_q2, scale);
        best = L::select(better, scale * sum_xq, best);
    }
    scatter(L::select(empty, zero, scale), first, &mut fits.scale);
    scatter(L::select(empty, zero, sum_q2), first, &mut fits.weight);
}

/// Sums over `weight * level * x` and `weight * level^2`.
#[inline(always)]
fn uneven_sums<L: Lanes>(x: &[L; 32], weights: &[L; 32], inverse: L) -> (L, L) {
    let (mut sum_xq, mut sum_q2) = (L::splat(0.0), L::splat(0.0));
    for e in 0..32 {
        let scaled = inverse * x[e];
        let mut value = L::splat(f32::from(IQ4_LEVELS[0]));
        for k in 0..15 {
            let below = scaled.lt(L::splat(IQ4_BORDERS[k]));
            value = L::select(below, value, L::splat(f32::from(IQ4_LEVELS[k + 1])));
        }
        let weighted = weights[e] * value;
        sum_xq = sum_xq + weighted * x[e];
        sum_q2 = sum_q2 + weighted * value;
    }
    (sum_xq, sum_q2)
}

/// Weighted least-squares step for `x`, which are scales or minima of one super-block, in levels `0..=max_level`.
/// (`make_qp_quants`)
#[inline(always)]
pub(super) fn positive<const E: usize>(x: &[f32; E], weights: &[f32; E], max_level: i32) -> (f32, [u8; E]) {
    let largest = x.iter().fold(0.0f32, |largest, &x| if largest > x { largest } else { x });
    if largest < EMPTY {
        return (0.0, [0; E]);
    }
    // Levels pass through bytes, as in the reference: a negative scale wraps.
    let error = |inverse: f32, level: fn(i32, i32) -> i32| -> f32 {
        let scale = 1.0 / inverse;
        let mut error = 0.0;
        for (x, weight) in x.iter().zip(weights) {
            let difference = x - scale * level(nearest_bits(inverse * x), max_level) as f32;
            error += weight * difference * difference;
        }
        error
    };
    let mut inverse = max_level as f32 / largest;
    let mut best = error(inverse, |level, _| i32::from(level as u8));
    for trial in (-4i8..=4).filter(|&trial| trial != 0) {
        let this_inverse = (0.1 * f32::from(trial) + max_level as f32) / largest;
        let this_error = error(this_inverse, std::cmp::min);
        if this_error < best {
            best = this_error;
            inverse = this_inverse;
        }
    }
    let (mut sum_xl, mut sum_l2) = (0.0f32, 0.0f32);
    let mut levels = [0u8; E];
    for e in 0..E {
        let level = nearest_bits(inverse * x[e]).min(max_level);
        levels[e] = level as u8;
        sum_xl += weights[e] * x[e] * level as f32;
        sum_l2 += weights[e] * level as f32 * level as f32;
    }
    for _ in 0..5 {
        let mut changed = false;
        for e in 0..E {
            let (weight, level) = (weights[e], f32::from(levels[e]));
            let rest_xl = sum_xl - weight * x[e] * level;
            let rest_l2 = sum_l2 - weight * level * level;
            if rest_xl > 0.0 && rest_l2 > 0.0 {
                let level = nearest_bits(x[e] * rest_l2 / rest_xl).min(max_level);
                if level != i32::from(levels[e]) {
                    let this_xl = rest_xl + weight * x[e] * level as f32;
                    let this_l2 = rest_l2 + weight * level as f32 * level as f32;
                    if this_xl * this_xl * sum_l2 > sum_xl * sum_xl * this_l2 {
                        levels[e] = level as u8;
                        (sum_xl, sum_l2) = (this_xl, this_l2);
                        changed = true;
                    }
                }
            }
        }
        if !changed {
            break;
        }
    }
    (if sum_l2 > 0.0 { sum_xl / sum_l2 } else { 0.0 }, levels)
}
