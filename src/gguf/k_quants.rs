//! The three K-quants by ggml's reference search, one super-block of 256 at a time.
//!
//! The sums in the search decide ties, so their order is part of the format's reference: element by element within
//! one sub-block. Sub-blocks do not depend on each other, so eight of them run side by side in the lanes of `[f32; 8]`
//! (element-major), which the compiler turns into SIMD without touching any sum's order. No fused multiply-add.
//!
//! Source: `ggml/src/ggml-quants.c` as described in the numerics sheet, section 9.2. Checked against the golden bytes
//! of section 9.3 in `quantize.rs`.

use half::f16;

const LANES: usize = 8;
type Lane = [f32; LANES];

/// ggml calls a 16-block empty below this magnitude.
const GROUP_MAX_EPS: f32 = 1e-15;

/// Rounds half to even for |x| < 2^22, by pushing the fraction out of the mantissa.
#[inline]
fn nearest(x: f32) -> f32 {
    const SHIFT: f32 = 12_582_912.0; // 1.5 * 2^23
    (x + SHIFT) - SHIFT
}

/// How finely [`fit_scale_and_min`] searches.
struct Grid {
    max_level: f32,
    first: f32,
    step: f32,
    steps: u32,
}

const Q4_GRID: Grid = Grid { max_level: 15.0, first: -1.0, step: 0.1, steps: 20 };
const Q5_GRID: Grid = Grid { max_level: 31.0, first: -0.5, step: 0.1, steps: 15 };

/// What the search found for eight sub-blocks of 32.
struct Fit {
    scale: Lane,
    /// Minus the minimum, so never negative.
    min: Lane,
    /// Levels by element, then lane.
    levels: [Lane; 32],
}

#[inline]
fn clamp(level: f32, low: f32, high: f32) -> f32 {
    if level < low {
        low
    } else if level > high {
        high
    } else {
        level
    }
}

/// Weighted least-squares fit `x ~ scale * level - min` per lane, best of a grid of rounding scales.
///
/// Weights are `sqrt(mean x^2) + |x|`. Rounding is anchored at the best minimum found so far, so the grid moves along
/// with the search, as in the reference. A lane whose values are all equal (after the minimum is capped at zero) gets
/// scale 0 and levels 0; the divisions it went through are discarded.
fn fit_scale_and_min(x: &[Lane; 32], grid: &Grid) -> Fit {
    let mut sum_squares = [0.0f32; LANES];
    for values in x {
        for lane in 0..LANES {
            sum_squares[lane] += values[lane] * values[lane];
        }
    }
    let average = sum_squares.map(|sum| (sum / 32.0).sqrt());
    let weights: [Lane; 32] = std::array::from_fn(|e| std::array::from_fn(|lane| average[lane] + x[e][lane].abs()));

    let (mut low, mut high) = (x[0], x[0]);
    let mut sum_w = weights[0];
    let mut sum_x: Lane = std::array::from_fn(|lane| weights[0][lane] * x[0][lane]);
    for (values, weights) in x.iter().zip(&weights).skip(1) {
        for lane in 0..LANES {
            low[lane] = if values[lane] < low[lane] { values[lane] } else { low[lane] };
            high[lane] = if values[lane] > high[lane] { values[lane] } else { high[lane] };
            sum_w[lane] += weights[lane];
            sum_x[lane] += weights[lane] * values[lane];
        }
    }
    // A minimum above zero cannot be stored: it is subtracted and unsigned.
    let low = low.map(|low| if low > 0.0 { 0.0 } else { low });
    let mut levels = [[0.0; LANES]; 32];
    let round = |inverse: &Lane, anchor: &Lane, levels: &mut [Lane; 32]| {
        for (values, levels) in x.iter().zip(levels) {
            for lane in 0..LANES {
                let level = nearest(inverse[lane] * (values[lane] - anchor[lane]));
                levels[lane] = clamp(level, 0.0, grid.max_level);
            }
        }
    };
    let error = |scale: &Lane, min: &Lane, levels: &[Lane; 32]| {
        let mut sum = [0.0; LANES];
        for ((values, weights), levels) in x.iter().zip(&weights).zip(levels) {
            for lane in 0..LANES {
                let diff = scale[lane] * levels[lane] + min[lane] - values[lane];
                sum[lane] += weights[lane] * (diff * diff);
            }
        }
        sum
    };

    let inverse: Lane = std::array::from_fn(|lane| grid.max_level / (high[lane] - low[lane]));
    round(&inverse, &low, &mut levels);
    let mut best = Fit { scale: inverse.map(|inverse| 1.0 / inverse), min: low, levels };
    let mut best_error = error(&best.scale, &best.min, &best.levels);
    for step in 0..=grid.steps {
        let reach = grid.first + grid.step * step as f32 + grid.max_level;
        let inverse: Lane = std::array::from_fn(|lane| reach / (high[lane] - best.min[lane]));
        round(&inverse, &best.min, &mut levels);
        let (mut sum_l, mut sum_l2, mut sum_xl) = ([0.0f32; LANES], [0.0f32; LANES], [0.0f32; LANES]);
        for ((values, weights), levels) in x.iter().zip(&weights).zip(&levels) {
            for lane in 0..LANES {
                let weighted = weights[lane] * levels[lane];
                sum_l[lane] += weighted;
                sum_l2[lane] += weighted * levels[lane];
                sum_xl[lane] += weighted * values[lane];
            }
        }
        let (mut scale, mut min, mut solvable) = ([0.0f32; LANES], [0.0f32; LANES], [false; LANES]);
        for lane in 0..LANES {
            let determinant = sum_w[lane] * sum_l2[lane] - sum_l[lane] * sum_l[lane];
            solvable[lane] = determinant > 0.0;
            scale[lane] = (sum_w[lane] * sum_xl[lane] - sum_x[lane] * sum_l[lane]) / determinant;
            min[lane] = (sum_l2[lane] * sum_x[lane] - sum_l[lane] * sum_xl[lane]) / determinant;
            if min[lane] > 0.0 {
                min[lane] = 0.0;
                scale[lane] = sum_xl[lane] / sum_l2[lane];
            }
        }
        let this_error = error(&scale, &min, &levels);
        let better: [bool; LANES] = std::array::from_fn(|lane| solvable[lane] && this_error[lane] < best_error[lane]);
        if better.contains(&true) {
            for (best, levels) in best.levels.iter_mut().zip(&levels) {
                for lane in 0..LANES {
                    best[lane] = if better[lane] { levels[lane] } else { best[lane] };
                }
            }
            for lane in 0..LANES {
                if better[lane] {
                    best_error[lane] = this_error[lane];
                    best.scale[lane] = scale[lane];
                    best.min[lane] = min[lane];
                }
            }
        }
    }
    for lane in 0..LANES {
        if high[lane] == low[lane] {
            best.scale[lane] = 0.0;
            best.min[lane] = low[lane];
            best.levels.iter_mut().for_each(|levels| levels[lane] = 0.0);
        }
        best.min[lane] = -best.min[lane];
    }
    best
}

/// The part Q4_K and Q5_K share: f16 super-scales, packed 6-bit scales and minima, and the final levels.
struct Affine {
    /// f16 d, f16 dmin, 12 bytes of scales.
    header: [u8; 16],
    /// Final levels in element order.
    levels: [u8; 256],
}

/// Returns `None` when a super-scale overflows f16 or is not a number.
fn affine(x: &[f32; 256], grid: &Grid) -> Option<Affine> {
    let lanes: [Lane; 32] = std::array::from_fn(|e| std::array::from_fn(|lane| x[lane * 32 + e]));
    let fit = fit_scale_and_min(&lanes, grid);
    // Squares of values beyond 1e19 overflow and leave no number behind.
    if fit.scale.iter().chain(&fit.min).any(|value| !value.is_finite()) {
        return None;
    }
    let max_scale = fit.scale.iter().fold(0.0f32, |max, &scale| if scale > max { scale } else { max });
    let max_min = fit.min.iter().fold(0.0f32, |max, &min| if min > max { min } else { max });
    let inverse = |max: f32| if max > 0.0 { 63.0 / max } else { 0.0 };
    // The sign of a scale is not stored; least squares on rising levels does not give a negative one worth keeping.
    let six_bits = |value: f32, max: f32| clamp(nearest(inverse(max) * value), 0.0, 63.0) as u8;
    let scales = fit.scale.map(|scale| six_bits(scale, max_scale));
    let mins = fit.min.map(|min| six_bits(min, max_min));
    let (d, dmin) = (f16::from_f32(max_scale / 63.0), f16::from_f32(max_min / 63.0));
    if !d.is_finite() || !dmin.is_finite() {
        return None;
    }
    let mut levels = [0u8; 256];
    for lane in 0..LANES {
        let scale = d.to_f32() * f32::from(scales[lane]);
        let min = dmin.to_f32() * f32::from(mins[lane]);
        for e in 0..32 {
            // A scale that rounded to zero leaves the search's levels, as the reference does.
            levels[lane * 32 + e] = match scale {
                0.0 => fit.levels[e][lane] as u8,
                _ => clamp(nearest((x[lane * 32 + e] + min) / scale), 0.0, grid.max_level) as u8,
            };
        }
    }
    let mut header = [0; 16];
    header[..2].copy_from_slice(&d.to_le_bytes());
    header[2..4].copy_from_slice(&dmin.to_le_bytes());
    header[4..].copy_from_slice(&pack_scales(&scales, &mins));
    Some(Affine { header, levels })
}

/// Eight 6-bit scales and eight 6-bit minima in 12 bytes.
fn pack_scales(scales: &[u8; 8], mins: &[u8; 8]) -> [u8; 12] {
    let mut packed = [0; 12];
    for j in 0..4 {
        packed[j] = scales[j] | (scales[j + 4] >> 4) << 6;
        packed[j + 4] = mins[j] | (mins[j + 4] >> 4) << 6;
        packed[j + 8] = (scales[j + 4] & 15) | (mins[j + 4] & 15) << 4;
    }
    packed
}

/// The inverse of [`pack_scales`].
pub(super) fn unpack_scales(packed: &[u8; 12]) -> ([u8; 8], [u8; 8]) {
    let (mut scales, mut mins) = ([0; 8], [0; 8]);
    for j in 0..4 {
        scales[j] = packed[j] & 63;
        mins[j] = packed[j + 4] & 63;
        scales[j + 4] = (packed[j + 8] & 15) | (packed[j] >> 6) << 4;
        mins[j + 4] = (packed[j + 8] >> 4) | (packed[j + 4] >> 6) << 4;
    }
    (scales, mins)
}

/// One Q4_K super-block. False when the values cannot be stored.
pub(super) fn q4_k(x: &[f32; 256], out: &mut [u8; 144]) -> bool {
    let Some(Affine { header, levels }) = affine(x, &Q4_GRID) else { return false };
    out[..16].copy_from_slice(&header);
    for group in 0..4 {
        for l in 0..32 {
            out[16 + group * 32 + l] = levels[group * 64 + l] | levels[group * 64 + 32 + l] << 4;
        }
    }
    true
}

/// One Q5_K super-block. False when the values cannot be stored.
pub(super) fn q5_k(x: &[f32; 256], out: &mut [u8; 176]) -> bool {
    let Some(Affine { header, levels }) = affine(x, &Q5_GRID) else { return false };
    out[..16].copy_from_slice(&header);
    out[16..48].fill(0);
    for group in 0..4 {
        for l in 0..32 {
            let (first, second) = (levels[group * 64 + l], levels[group * 64 + 32 + l]);
            out[16 + l] |= (first >> 4) << (2 * group) | (second >> 4) << (2 * group + 1);
            out[48 + group * 32 + l] = (first & 15) | (second & 15) << 4;
        }
    }
    true
}

/// Weighted (x^2) least-squares scale for levels -32..=31, per lane of 16: scales and levels plus 32.
fn fit_signed_scale(x: &[Lane; 16]) -> (Lane, [Lane; 16]) {
    let (mut magnitude, mut extreme) = ([0.0f32; LANES], [0.0f32; LANES]);
    for values in x {
        for lane in 0..LANES {
            let larger = values[lane].abs() > magnitude[lane];
            magnitude[lane] = if larger { values[lane].abs() } else { magnitude[lane] };
            extreme[lane] = if larger { values[lane] } else { extreme[lane] };
        }
    }
    let mut levels = [[0.0; LANES]; 16];
    let round = |inverse: &Lane, levels: &mut [Lane; 16]| -> (Lane, Lane) {
        let (mut sum_xl, mut sum_l2) = ([0.0f32; LANES], [0.0f32; LANES]);
        for (values, levels) in x.iter().zip(levels) {
            for lane in 0..LANES {
                let level = clamp(nearest(inverse[lane] * values[lane]), -32.0, 31.0);
                levels[lane] = level;
                let weight = values[lane] * values[lane];
                sum_xl[lane] += weight * values[lane] * level;
                sum_l2[lane] += weight * level * level;
            }
        }
        (sum_xl, sum_l2)
    };
    let (sum_xl, sum_l2) = round(&extreme.map(|extreme| -32.0 / extreme), &mut levels);
    let mut best_levels = levels;
    let mut scale: Lane =
        std::array::from_fn(|lane| if sum_l2[lane] != 0.0 { sum_xl[lane] / sum_l2[lane] } else { 0.0 });
    let mut best: Lane = std::array::from_fn(|lane| scale[lane] * sum_xl[lane]);
    for trial in (-9i8..=9).filter(|&trial| trial != 0) {
        let inverse = extreme.map(|extreme| -(32.0 + 0.1 * f32::from(trial)) / extreme);
        let (sum_xl, sum_l2) = round(&inverse, &mut levels);
        for lane in 0..LANES {
            if sum_l2[lane] > 0.0 && sum_xl[lane] * sum_xl[lane] > best[lane] * sum_l2[lane] {
                scale[lane] = sum_xl[lane] / sum_l2[lane];
                best[lane] = scale[lane] * sum_xl[lane];
                for (best, levels) in best_levels.iter_mut().zip(&levels) {
                    best[lane] = levels[lane];
                }
            }
        }
    }
    for lane in 0..LANES {
        // The reference returns level 0, not 32, for an empty block; with scale 0 both mean zero.
        let empty = magnitude[lane] < GROUP_MAX_EPS;
        scale[lane] = if empty { 0.0 } else { scale[lane] };
        for levels in &mut best_levels {
            levels[lane] = if empty { 0.0 } else { levels[lane] + 32.0 };
        }
    }
    (scale, best_levels)
}

/// One Q6_K super-block. False when the values cannot be stored.
pub(super) fn q6_k(x: &[f32; 256], out: &mut [u8; 210]) -> bool {
    let mut scales = [0.0f32; 16];
    let mut levels = [0u8; 256];
    for half in 0..2 {
        let lanes: [Lane; 16] = std::array::from_fn(|e| std::array::from_fn(|lane| x[half * 128 + lane * 16 + e]));
        let (fitted, fitted_levels) = fit_signed_scale(&lanes);
        scales[half * 8..half * 8 + 8].copy_from_slice(&fitted);
        for (e, values) in fitted_levels.iter().enumerate() {
            for (lane, level) in values.iter().enumerate() {
                levels[half * 128 + lane * 16 + e] = *level as u8;
            }
        }
    }
    // Squares of values beyond 1e19 overflow and leave no number behind.
    if scales.iter().any(|scale| !scale.is_finite()) {
        return false;
    }
    let extreme =
        scales.iter().fold(0.0f32, |extreme, &scale| if scale.abs() > extreme.abs() { scale } else { extreme });
    out.fill(0);
    if extreme.abs() < GROUP_MAX_EPS {
        return true;
    }
    let inverse = -128.0 / extreme;
    let d = f16::from_f32(1.0 / inverse);
    if !d.is_finite() {
        return false;
    }
    for (block, scale) in scales.iter().enumerate() {
        let scale = nearest(inverse * scale).min(127.0) as i8;
        out[192 + block] = scale as u8;
        let step = d.to_f32() * f32::from(scale);
        if step != 0.0 {
            for e in block * 16..block * 16 + 16 {
                levels[e] = (clamp(nearest(x[e] / step), -32.0, 31.0) + 32.0) as u8;
            }
        }
    }
    for half in 0..2 {
        let levels = &levels[half * 128..half * 128 + 128];
        for l in 0..32 {
            let [a, b, c, e] = [levels[l], levels[l + 32], levels[l + 64], levels[l + 96]];
            out[half * 64 + l] = (a & 15) | (c & 15) << 4;
            out[half * 64 + 32 + l] = (b & 15) | (e & 15) << 4;
            out[128 + half * 32 + l] = (a >> 4) | (b >> 4) << 2 | (c >> 4) << 4 | (e >> 4) << 6;
        }
    }
    out[208..].copy_from_slice(&d.to_le_bytes());
    true
}
