//! Attention of one token over a cache.

use crate::train::engine::cpu::{Isa, simd_call};

/// Scratch of one thread.
#[derive(Default)]
pub struct Scratch {
    scores: Vec<f32>,
    wide: Vec<f32>,
}

/// Positions whose keys or values are widened at a time.
const CHUNK: usize = 32;

/// `queries` are those of the query heads that share one key head, `[group, width]`; `keys` and `values` that head's
/// own, `[positions, width]` f16. `out` is `[group, width]`: `softmax(q kᵀ · width^-½) v`.
pub fn attend(
    isa: Isa,
    width: usize,
    queries: &[f32],
    keys: &[u16],
    values: &[u16],
    out: &mut [f32],
    scratch: &mut Scratch,
) {
    simd_call!(isa, attend_body(width, queries, keys, values, out, scratch));
}

#[inline(always)]
fn attend_body(width: usize, queries: &[f32], keys: &[u16], values: &[u16], out: &mut [f32], scratch: &mut Scratch) {
    let (group, positions) = (queries.len() / width, keys.len() / width);
    let Scratch { scores, wide } = scratch;
    scores.resize(group * positions, 0.0);
    wide.resize(CHUNK * width, 0.0);
    let scale = (width as f32).powf(-0.5);
    for (c, keys) in keys.chunks(CHUNK * width).enumerate() {
        widen(keys, wide);
        for (g, query) in queries.chunks_exact(width).enumerate() {
            let scores = &mut scores[g * positions + c * CHUNK..];
            for (score, key) in scores.iter_mut().zip(wide.chunks_exact(width)).take(keys.len() / width) {
                *score = dot(query, key) * scale;
            }
        }
    }
    for scores in scores.chunks_exact_mut(positions) {
        softmax(scores);
    }
    out.fill(0.0);
    for (c, values) in values.chunks(CHUNK * width).enumerate() {
        widen(values, wide);
        for (g, out) in out.chunks_exact_mut(width).enumerate() {
            let scores = &scores[g * positions + c * CHUNK..];
            for (value, &weight) in wide.chunks_exact(width).take(values.len() / width).zip(scores) {
                for (out, value) in out.iter_mut().zip(value) {
                    *out += weight * value;
                }
            }
        }
    }
}

/// f16 to f32 by moving bits: exponents are rebiased by a multiplication, which restores subnormals too, and the
/// exponent of infinities and NaN is put in by hand: a broken model should not go unnoticed.
#[inline(always)]
fn widen(from: &[u16], to: &mut [f32]) {
    const REBIAS: f32 = f32::from_bits(0x7780_0000); // 2^112
    for (to, &bits) in to.iter_mut().zip(from) {
        let bits = u32::from(bits);
        let magnitude = (f32::from_bits((bits & 0x7FFF) << 13) * REBIAS).to_bits();
        let special = if bits & 0x7C00 == 0x7C00 { 0x7F80_0000 } else { 0 };
        *to = f32::from_bits(magnitude | special | (bits & 0x8000) << 16);
    }
}

/// In sixteen lanes, then over the lanes.
#[inline(always)]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0f32; 16];
    let (a16, a_rest) = a.as_chunks::<16>();
    let (b16, b_rest) = b.as_chunks::<16>();
    for (a, b) in a16.iter().zip(b16) {
        for lane in 0..16 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

#[inline(always)]
fn softmax(scores: &mut [f32]) {
    let top = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        *score = crate::train::engine::cpu::ops::exp(*score - top);
        sum += *score;
    }
    let inverse = 1.0 / sum;
    for score in scores.iter_mut() {
        *score *= inverse;
    }
}

#[cfg(test)]
mod tests {
    use half::f16;

    use super::*;

    #[test]
    fn against_the_definition_in_f64() {
        for (width, positions, group) in [(64, 1, 4), (64, 33, 1), (128, 100, 3), (80, 65, 2), (8, 5, 2)] {
            let mut state = 1u32;
            let mut draw = || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 8) as f32 / (1 << 23) as f32 - 1.0
            };
            let queries: Vec<f32> = (0..group * width).map(|_| draw() * 3.0).collect();
            let mut half = || -> Vec<u16> { (0..positions * width).map(|_| f16::from_f32(draw()).to_bits()).collect() };
            let (keys, values) = (half(), half());
            let wide = |bits: u16| f64::from(f16::from_bits(bits).to_f32());
            for isa in Isa::ALL.into_iter().filter(|isa| isa.available()) {
                let mut out = vec![f32::NAN; group * width];
                attend(isa, width, &queries, &keys, &values, &mut out, &mut Scratch::default());
                for g in 0..group {
                    let q = &queries[g * width..][..width];
                    let score = |p: usize| -> f64 {
                        let key = &keys[p * width..][..width];
                        q.iter().zip(key).map(|(&q, &k)| f64::from(q) * wide(k)).sum::<f64>() / (width as f64).sqrt()
                    };
                    let weights: Vec<f64> = (0..positions).map(|p| score(p).exp()).collect();
                    let sum: f64 = weights.iter().sum();
                    for c in 0..width {
                        let want: f64 = (0..positions).map(|p| weights[p] / sum * wide(values[p * width + c])).sum();
                        let got = f64::from(out[g * width + c]);
                        assert!((got - want).abs() < 1e-5, "{isa:?} {width} {positions}: {got} {want}");
                    }
                }
            }
        }
    }

    #[test]
    fn every_f16_is_widened_exactly() {
        let all: Vec<u16> = (0..=u16::MAX).collect();
        let mut wide = vec![0.0; all.len()];
        widen(&all, &mut wide);
        for (&bits, x) in all.iter().zip(wide) {
            if f16::from_bits(bits).is_nan() {
                assert!(x.is_nan(), "{bits:04x}");
                continue;
            }
            assert_eq!(x.to_bits(), f16::from_bits(bits).to_f32().to_bits(), "{bits:04x}");
        }
    }
}
