//! The K-quants by ggml's reference search: how sub-blocks are weighted, how their scales are stored, where bits go.
//!
//! Source: `ggml/src/ggml-quants.c` as described in the numerics sheet, section 9.2.

use half::f16;

use super::lanes::{Lanes, nearest, nearest_bits};
use super::search::{self, CHUNK, EMPTY, Fits, Grid};

const Q2_GRID: Grid = Grid { max_level: 3.0, first: -0.5, step: 0.1, steps: 15, absolute: true };
const Q4_GRID: Grid = Grid { max_level: 15.0, first: -1.0, step: 0.1, steps: 20, absolute: false };
const Q5_GRID: Grid = Grid { max_level: 31.0, first: -0.5, step: 0.1, steps: 15, absolute: false };

/// An f16 that a reader will accept.
#[inline(always)]
pub(super) fn stored(value: f32) -> Option<f16> {
    Some(f16::from_f32(value)).filter(|half| half.is_finite())
}

/// `from[idx..idx + N]`; the lengths are known here.
#[inline(always)]
fn part<const N: usize>(from: &[f32], idx: usize) -> [f32; N] {
    let mut out = [0.0; N];
    out.copy_from_slice(&from[idx..idx + N]);
    out
}

/// Largest of the values above zero.
#[inline(always)]
fn largest(values: &[f32]) -> f32 {
    values.iter().fold(0.0, |largest, &value| if value > largest { value } else { largest })
}

/// The value of largest magnitude, the first of several.
#[inline(always)]
fn extreme(values: &[f32]) -> f32 {
    values.iter().fold(0.0f32, |extreme, &value| if value.abs() > extreme.abs() { value } else { extreme })
}

/// Scales and minima of one super-block in `bits` levels, with their own scales.
#[inline(always)]
fn affine_scales<const E: usize>(
    fits: &Fits,
    first: usize,
    top: u8,
    weighted: bool,
) -> Option<(f16, f16, [u8; E], [u8; E])> {
    let (scales, mins) = (part::<E>(&fits.scale, first), part::<E>(&fits.min, first));
    if weighted {
        let weights = part(&fits.weight, first);
        let (d, scales) = search::positive(&scales, &weights, i32::from(top));
        let (dmin, mins) = search::positive(&mins, &weights, i32::from(top));
        return Some((stored(d)?, stored(dmin)?, scales, mins));
    }
    let (max_scale, max_min) = (largest(&scales), largest(&mins));
    let inverse = |max: f32| if max > 0.0 { f32::from(top) / max } else { 0.0 };
    let (by_scale, by_min) = (inverse(max_scale), inverse(max_min));
    // Through a byte, as in the reference: the sign of a scale is not stored.
    let scales = scales.map(|scale| (nearest_bits(by_scale * scale) as u8).min(top));
    let mins = mins.map(|min| (nearest_bits(by_min * min) as u8).min(top));
    Some((stored(max_scale / f32::from(top))?, stored(max_min / f32::from(top))?, scales, mins))
}

/// Levels of one sub-block under the scale and minimum that a reader will see.
#[inline(always)]
fn affine_levels(x: &[f32], scale: f32, min: f32, max_level: f32, fits: &Fits, sub: usize, out: &mut [u8]) {
    if scale == 0.0 {
        // A scale that rounded to zero leaves the search's levels, as the reference does.
        for (out, &x) in out.iter_mut().zip(x) {
            *out = fits.affine_level(sub, x, max_level);
        }
    } else {
        for (out, &x) in out.iter_mut().zip(x) {
            *out = to_byte(nearest((x + min) / scale).max(0.0).min(max_level));
        }
    }
}

/// A small whole number, a negative one as the byte of an `i8`. Unlike `as` it does not look for anything else, so whole
/// vectors of it are one instruction.
#[inline(always)]
pub(super) fn to_byte(level: f32) -> u8 {
    const SHIFT: f32 = 12_582_912.0; // 1.5 * 2^23: the end of the mantissa is the number
    (level + SHIFT).to_bits() as u8
}

/// Levels of one sub-block under the signed scale that a reader will see, from 0; kept as they are for scale 0.
#[inline(always)]
fn signed_levels(x: &[f32], scale: f32, limit: f32, out: &mut [u8]) {
    if scale != 0.0 {
        for (out, &x) in out.iter_mut().zip(x) {
            *out = to_byte(nearest(x / scale).max(-limit).min(limit - 1.0) + limit);
        }
    }
}

/// Four levels of 2 bits in a byte: elements 32 apart, per 128.
#[inline(always)]
fn pack_two_bits(levels: &[u8; 256], out: &mut [u8]) {
    for (levels, out) in levels.as_chunks::<128>().0.iter().zip(out.as_chunks_mut::<32>().0) {
        for l in 0..32 {
            out[l] =
                (levels[l] & 3) | (levels[l + 32] & 3) << 2 | (levels[l + 64] & 3) << 4 | (levels[l + 96] & 3) << 6;
        }
    }
}

#[inline(always)]
pub(super) fn q2_k<L: Lanes>(x: &[f32], importance: Option<&[f32]>, out: &mut [u8]) -> bool {
    let mut weights = [0.0; CHUNK];
    let weights = &mut weights[..x.len()];
    let mut fits = Fits::new();
    if let Some(importance) = importance {
        search::by_importance::<L, 256>(x, importance, 1.0, weights);
        search::affine::<L, 16>(x, weights, &Grid::fine(3.0), &mut fits);
    } else {
        weights.iter_mut().zip(x).for_each(|(weight, x)| *weight = x.abs());
        search::affine::<L, 16>(x, weights, &Q2_GRID, &mut fits);
    }
    if !fits.finite(x.len() / 16) {
        return false;
    }
    for (block, (x, out)) in x.as_chunks::<256>().0.iter().zip(out.as_chunks_mut::<84>().0).enumerate() {
        let Some((d, dmin, scales, mins)) = affine_scales::<16>(&fits, block * 16, 15, importance.is_some()) else {
            return false;
        };
        let mut levels = [0; 256];
        for j in 0..16 {
            out[j] = scales[j] | mins[j] << 4;
            let (scale, min) = (d.to_f32() * f32::from(out[j] & 15), dmin.to_f32() * f32::from(out[j] >> 4));
            let range = j * 16..j * 16 + 16;
            affine_levels(&x[range.clone()], scale, min, 3.0, &fits, block * 16 + j, &mut levels[range]);
        }
        pack_two_bits(&levels, &mut out[16..80]);
        out[80..82].copy_from_slice(&d.to_le_bytes());
        out[82..].copy_from_slice(&dmin.to_le_bytes());
    }
    true
}

#[inline(always)]
pub(super) fn q3_k<L: Lanes>(x: &[f32], importance: Option<&[f32]>, out: &mut [u8]) -> bool {
    let blocks = x.len() / 256;
    let mut fits = Fits::new();
    let mut all_levels = [0; CHUNK];
    // The scale of a super-block, and its sub-blocks' scales from 0.
    let mut d = [0.0; CHUNK / 256];
    let mut scales = [[0u8; 16]; CHUNK / 256];
    if let Some(importance) = importance {
        let mut weights = [0.0; CHUNK];
        let weights = &mut weights[..x.len()];
        search::by_importance::<L, 256>(x, importance, 2.0, weights);
        search::signed::<L, 16>(x, Some(weights), 4.0, &mut fits);
        for (i, (level, x)) in all_levels.iter_mut().zip(x).enumerate() {
            *level = fits.signed_level(i / 16, *x, 4.0);
        }
        let mut outer = Fits::new();
        let subs = blocks * 16;
        search::signed::<L, 16>(&fits.scale[..subs], Some(&fits.weight[..subs]), 32.0, &mut outer);
        if !outer.finite(blocks) {
            return false;
        }
        d.copy_from_slice(&outer.scale[..CHUNK / 256]);
        for (block, scales) in scales[..blocks].iter_mut().enumerate() {
            for (j, scale) in scales.iter_mut().enumerate() {
                *scale = outer.signed_level(block, fits.scale[block * 16 + j], 32.0);
            }
        }
    } else {
        search::refined::<L>(x, &mut all_levels, &mut fits);
        for block in 0..blocks {
            let sub_scales = part::<16>(&fits.scale, block * 16);
            let extreme = extreme(&sub_scales);
            // No scale at all: levels of -32, times nothing.
            if extreme != 0.0 {
                let inverse = -32.0 / extreme;
                d[block] = 1.0 / inverse;
                scales[block] =
                    sub_scales.map(|scale| (nearest_bits(inverse * scale) as i8).clamp(-32, 31).wrapping_add(32) as u8);
            }
        }
    }
    if !fits.finite(blocks * 16) {
        return false;
    }
    for (block, (x, out)) in x.as_chunks::<256>().0.iter().zip(out.as_chunks_mut::<110>().0).enumerate() {
        let Some(d) = stored(d[block]) else { return false };
        let levels: &mut [u8] = &mut all_levels[block * 256..block * 256 + 256];
        let scales = &scales[block];
        out.fill(0);
        for j in 0..16 {
            out[96 + j % 8] |= (scales[j] & 15) << (4 * (j / 8));
            out[104 + j % 4] |= (scales[j] >> 4) << (2 * (j / 4));
            let scale = d.to_f32() * (f32::from(scales[j]) - 32.0);
            let range = j * 16..j * 16 + 16;
            signed_levels(&x[range.clone()], scale, 4.0, &mut levels[range]);
        }
        let Ok(levels) = <&[u8; 256]>::try_from(&*levels) else { return false };
        for (k, levels) in levels.as_chunks::<32>().0.iter().enumerate() {
            for (high, level) in out[..32].iter_mut().zip(levels) {
                *high |= (level >> 2) << k;
            }
        }
        pack_two_bits(levels, &mut out[32..96]);
        out[108..].copy_from_slice(&d.to_le_bytes());
    }
    true
}

/// The part Q4_K and Q5_K share: for every super-block f16 super-scales, packed 6-bit scales and minima, and levels.
#[inline(always)]
fn affine_k<L: Lanes, const BYTES: usize>(
    x: &[f32],
    importance: Option<&[f32]>,
    grid: &Grid,
    out: &mut [[u8; BYTES]],
) -> bool {
    let mut weights = [0.0; CHUNK];
    let weights = &mut weights[..x.len()];
    let mut fits = Fits::new();
    if let Some(importance) = importance {
        search::by_importance::<L, 256>(x, importance, 2.0, weights);
        search::affine::<L, 32>(x, weights, &Grid::fine(grid.max_level), &mut fits);
    } else {
        search::squares::<L, 32>(x, &mut fits.weight);
        let blocks = x.as_chunks::<32>().0.iter().zip(weights.as_chunks_mut::<32>().0);
        for ((x, weights), sum) in blocks.zip(&fits.weight) {
            let average = (sum / 32.0).sqrt();
            weights.iter_mut().zip(x).for_each(|(weight, x)| *weight = average + x.abs());
        }
        search::affine::<L, 32>(x, weights, grid, &mut fits);
    }
    if !fits.finite(x.len() / 32) {
        return false;
    }
    for (block, x) in x.as_chunks::<256>().0.iter().enumerate() {
        let Some((d, dmin, scales, mins)) = affine_scales::<8>(&fits, block * 8, 63, importance.is_some()) else {
            return false;
        };
        // As a reader will see them: a search over hardly any weight may leave a scale that does not fit its bits.
        let top = if grid.max_level > 15.0 { 63 } else { u8::MAX };
        let packed = pack_scales(&scales.map(|scale| scale.min(top)), &mins.map(|min| min.min(top)));
        let (scales, mins) = unpack_scales(&packed);
        let mut levels = [0; 256];
        for j in 0..8 {
            let (scale, min) = (d.to_f32() * f32::from(scales[j]), dmin.to_f32() * f32::from(mins[j]));
            let range = j * 32..j * 32 + 32;
            affine_levels(&x[range.clone()], scale, min, grid.max_level, &fits, block * 8 + j, &mut levels[range]);
        }
        let mut header = [0; 16];
        header[..2].copy_from_slice(&d.to_le_bytes());
        header[2..4].copy_from_slice(&dmin.to_le_bytes());
        header[4..].copy_from_slice(&packed);
        let (start, rest) = out[block].split_at_mut(16);
        start.copy_from_slice(&header);
        if grid.max_level > 15.0 { pack_five_bits(&levels, rest) } else { pack_four_bits(&levels, rest) }
    }
    true
}

/// Two nibbles in a byte: elements 32 apart, per 64.
#[inline(always)]
fn pack_four_bits(levels: &[u8; 256], out: &mut [u8]) {
    for (levels, out) in levels.as_chunks::<64>().0.iter().zip(out.as_chunks_mut::<32>().0) {
        for l in 0..32 {
            out[l] = (levels[l] & 15) | (levels[32 + l] & 15) << 4;
        }
    }
}

/// 32 bytes of fifth bits, two bits for every 64 elements, then the nibbles.
#[inline(always)]
fn pack_five_bits(levels: &[u8; 256], out: &mut [u8]) {
    let (high, low) = out.split_at_mut(32);
    high.fill(0);
    for (group, levels) in levels.as_chunks::<64>().0.iter().enumerate() {
        for l in 0..32 {
            high[l] |= (levels[l] >> 4) << (2 * group) | (levels[32 + l] >> 4) << (2 * group + 1);
        }
    }
    pack_four_bits(levels, low);
}

/// Eight 6-bit scales and eight 6-bit minima in 12 bytes.
#[inline(always)]
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
#[inline(always)]
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

#[inline(always)]
pub(super) fn q4_k<L: Lanes>(x: &[f32], importance: Option<&[f32]>, out: &mut [u8]) -> bool {
    affine_k::<L, 144>(x, importance, &Q4_GRID, out.as_chunks_mut().0)
}

#[inline(always)]
pub(super) fn q5_k<L: Lanes>(x: &[f32], importance: Option<&[f32]>, out: &mut [u8]) -> bool {
    affine_k::<L, 176>(x, importance, &Q5_GRID, out.as_chunks_mut().0)
}

#[inline(always)]
pub(super) fn q6_k<L: Lanes>(x: &[f32], importance: Option<&[f32]>, out: &mut [u8]) -> bool {
    let mut fits = Fits::new();
    search::signed::<L, 16>(x, importance, 32.0, &mut fits);
    if !fits.finite(x.len() / 16) {
        return false;
    }
    for (block, (x, out)) in x.as_chunks::<256>().0.iter().zip(out.as_chunks_mut::<210>().0).enumerate() {
        let scales = part::<16>(&fits.scale, block * 16);
        let extreme = extreme(&scales);
        out.fill(0);
        if extreme.abs() < EMPTY {
            continue;
        }
        let inverse = -128.0 / extreme;
        let Some(d) = stored(1.0 / inverse) else { return false };
        let mut levels = [0; 256];
        for j in 0..16 {
            let scale = nearest_bits(inverse * scales[j]).min(127) as i8;
            out[192 + j] = scale as u8;
            let step = d.to_f32() * f32::from(scale);
            let range = j * 16..j * 16 + 16;
            if step == 0.0 {
                for (level, &x) in levels[range.clone()].iter_mut().zip(&x[range]) {
                    *level = fits.signed_level(block * 16 + j, x, 32.0);
                }
            } else {
                signed_levels(&x[range.clone()], step, 32.0, &mut levels[range]);
            }
        }
        let (low, high) = out[..192].split_at_mut(128);
        for (half, levels) in levels.as_chunks::<128>().0.iter().enumerate() {
            for l in 0..32 {
                let [a, b, c, e] = [levels[l], levels[l + 32], levels[l + 64], levels[l + 96]];
                low[half * 64 + l] = (a & 15) | (c & 15) << 4;
                low[half * 64 + 32 + l] = (b & 15) | (e & 15) << 4;
                high[half * 32 + l] = (a >> 4) | (b >> 4) << 2 | (c >> 4) << 4 | (e >> 4) << 6;
            }
        }
        out[208..].copy_from_slice(&d.to_le_bytes());
    }
    true
}
