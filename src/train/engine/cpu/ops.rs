//! What stands between the products, row by row.

use rayon::prelude::*;

use super::buffer::Shared;
use super::element::Element;
use super::isa::Isa;
use super::linear::Noise;
use super::pack;
use super::profile::{Part, timed};

/// Rows that one task takes.
const CHUNK: usize = 16;

/// Runs `f` for every row below `m`, shared out over the threads.
pub fn rows(m: usize, f: impl Fn(usize) + Sync) {
    let tasks = m.div_ceil(CHUNK);
    let run = tasks.div_ceil(4 * rayon::current_num_threads());
    timed(Part::Rows, || {
        (0..tasks).into_par_iter().with_min_len(run).for_each(|task| {
            for row in task * CHUNK..((task + 1) * CHUNK).min(m) {
                f(row);
            }
        });
    });
}

/// Sum in sixteen lanes, then over the lanes: the same order on every machine.
#[inline(always)]
fn lanes(n: usize, mut value: impl FnMut(usize) -> f32) -> f32 {
    let mut sums = [0f32; 16];
    let whole = n / 16 * 16;
    for at in (0..whole).step_by(16) {
        for (lane, sum) in sums.iter_mut().enumerate() {
            *sum += value(at + lane);
        }
    }
    let mut total: f32 = sums.iter().sum();
    for at in whole..n {
        total += value(at);
    }
    total
}

/// `e^x` for `x ≤ 0` and moderate above, within 2 units of the last place: range by ln 2, then a polynomial.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    let x = x.clamp(-87.0, 88.0);
    // Adding 1.5 · 2^23 leaves the rounded exponent in the lowest bits.
    let shifted = x * std::f32::consts::LOG2_E + 12_582_912.0;
    let n = shifted - 12_582_912.0;
    // ln 2 in two parts, the first exact in few bits (Cephes, `expf`).
    let f = x - n * 0.693_359_4 - n * -2.121_944_4e-4;
    let p = 1.987_569_1e-4;
    let p = p * f + 1.398_199_9e-3;
    let p = p * f + 8.333_452e-3;
    let p = p * f + 4.166_579_6e-2;
    let p = p * f + 1.666_666_6e-1;
    let p = p * f + 5e-1;
    let y = p * (f * f) + f + 1.0;
    y * f32::from_bits(shifted.to_bits().wrapping_add(127) << 23)
}

#[inline(always)]
fn inverse_rms(x: &[f32], eps: f32) -> f32 {
    1.0 / (lanes(x.len(), |i| x[i] * x[i]) / x.len() as f32 + eps).sqrt()
}

/// `y = x / rms(x) · weight`: `x [n]` to `y [≥ n]` in the product's format, the padding zero.
#[inline]
pub fn norm_row<E: Element>(isa: Isa, x: &[f32], weight: &[f32], eps: f32, y: &mut [E]) {
    simd!(isa, norm_row_body::<E>(x, weight, eps, y));
}

#[inline(always)]
fn norm_row_body<E: Element>(x: &[f32], weight: &[f32], eps: f32, y: &mut [E]) {
    let scale = inverse_rms(x, eps);
    let (y, padding) = y.split_at_mut(x.len());
    for ((y, x), w) in y.iter_mut().zip(x).zip(weight) {
        *y = E::of(x * scale * w);
    }
    padding.fill(E::default());
}

/// Adds the derivative by `x` of [`norm_row`] to `dx`.
#[inline]
pub fn norm_row_back(isa: Isa, x: &[f32], weight: &[f32], eps: f32, dy: &[f32], dx: &mut [f32]) {
    simd!(isa, norm_row_back_body(x, weight, eps, dy, dx));
}

#[inline(always)]
fn norm_row_back_body(x: &[f32], weight: &[f32], eps: f32, dy: &[f32], dx: &mut [f32]) {
    let n = x.len();
    let (weight, dy, dx) = (&weight[..n], &dy[..n], &mut dx[..n]);
    let scale = inverse_rms(x, eps);
    let inner = lanes(n, |i| dy[i] * weight[i] * x[i]) * scale * scale * scale / n as f32;
    for i in 0..n {
        dx[i] += dy[i] * weight[i] * scale - x[i] * inner;
    }
}

/// `silu(gate) · up` in the product's format; gate and up are kept in it too.
#[inline]
pub fn swiglu_row<E: Element>(isa: Isa, gate: &[f32], up: &[f32], keep: [&mut [E]; 2], out: &mut [E]) {
    simd!(isa, swiglu_row_body::<E>(gate, up, keep, out));
}

/// `sums += x²`.
pub fn add_squares<E: Element>(isa: Isa, sums: &mut [f32], x: &[E]) {
    simd!(isa, add_squares_body::<E>(sums, x));
}

#[inline(always)]
fn add_squares_body<E: Element>(sums: &mut [f32], x: &[E]) {
    for (sum, &x) in sums.iter_mut().zip(x) {
        let x = x.wide();
        *sum += x * x;
    }
}

/// `silu(gate) · up` in f32.
pub fn swiglu(isa: Isa, gate: &[f32], up: &[f32], out: &mut [f32]) {
    simd!(isa, swiglu_body(gate, up, out));
}

#[inline(always)]
fn swiglu_body(gate: &[f32], up: &[f32], out: &mut [f32]) {
    for ((out, &g), &u) in out.iter_mut().zip(gate).zip(up) {
        *out = g * u / (1.0 + exp(-g));
    }
}

#[inline(always)]
fn swiglu_row_body<E: Element>(gate: &[f32], up: &[f32], keep: [&mut [E]; 2], out: &mut [E]) {
    let n = gate.len();
    let [keep_gate, keep_up] = keep;
    let (up, keep_gate, keep_up, out) = (&up[..n], &mut keep_gate[..n], &mut keep_up[..n], &mut out[..n]);
    for i in 0..n {
        let (g, u) = (E::of(gate[i]), E::of(up[i]));
        keep_gate[i] = g;
        keep_up[i] = u;
        // From the kept values, so that the backward pass differentiates what was computed.
        let (g, u) = (g.wide(), u.wide());
        out[i] = E::of(g * u / (1.0 + exp(-g)));
    }
}

/// From gate, up and the derivative by their product to the derivatives by each; also the product itself again.
#[inline]
pub fn swiglu_row_back<E: Element>(isa: Isa, gate: &[E], up: &[E], by: &[f32], out: [&mut [E]; 3]) {
    simd!(isa, swiglu_row_back_body::<E>(gate, up, by, out));
}

#[inline(always)]
fn swiglu_row_back_body<E: Element>(gate: &[E], up: &[E], by: &[f32], out: [&mut [E]; 3]) {
    let n = by.len();
    let (gate, up) = (&gate[..n], &up[..n]);
    let [by_gate, by_up, product] = out.map(|o| &mut o[..n]);
    for i in 0..n {
        let (g, u, d) = (gate[i].wide(), up[i].wide(), by[i]);
        let s = 1.0 / (1.0 + exp(-g));
        let silu = g * s;
        product[i] = E::of(silu * u);
        by_up[i] = E::of(d * silu);
        by_gate[i] = E::of(d * u * (s + silu * (1.0 - s)));
    }
}

/// Rotates the halves of every head by the angles of one position; `sign` −1 turns back.
#[inline]
pub fn rotate_row(isa: Isa, x: &mut [f32], cos: &[f32], sin: &[f32], sign: f32) {
    simd!(isa, rotate_row_body(x, cos, sin, sign));
}

#[inline(always)]
fn rotate_row_body(x: &mut [f32], cos: &[f32], sin: &[f32], sign: f32) {
    let half = cos.len();
    let sin = &sin[..half];
    for head in x.chunks_exact_mut(2 * half) {
        let (left, right) = head.split_at_mut(half);
        for i in 0..half {
            let (a, b, s) = (left[i], right[i], sin[i] * sign);
            left[i] = a * cos[i] - b * s;
            right[i] = b * cos[i] + a * s;
        }
    }
}

/// `a += b`.
#[inline]
pub fn add_row(isa: Isa, a: &mut [f32], b: &[f32]) {
    simd!(isa, add_row_body(a, b));
}

#[inline(always)]
fn add_row_body(a: &mut [f32], b: &[f32]) {
    for (a, b) in a.iter_mut().zip(b) {
        *a += b;
    }
}

/// `a += b · factor`.
#[inline]
pub fn add_scaled(isa: Isa, a: &mut [f32], b: &[f32], factor: f32) {
    simd!(isa, add_scaled_body(a, b, factor));
}

#[inline(always)]
fn add_scaled_body(a: &mut [f32], b: &[f32], factor: f32) {
    for (a, b) in a.iter_mut().zip(b) {
        *a += b * factor;
    }
}

/// Softmax of `scores · scale` to the product's format, zero beyond; returns the log of the sum.
#[inline]
pub fn softmax_row<E: Element>(isa: Isa, scores: &mut [f32], scale: f32, out: &mut [E]) -> f32 {
    simd!(isa, softmax_row_body::<E>(scores, scale, out))
}

#[inline(always)]
fn softmax_row_body<E: Element>(scores: &mut [f32], scale: f32, out: &mut [E]) -> f32 {
    let n = scores.len();
    let mut tops = [f32::MIN; 16];
    let whole = n / 16 * 16;
    for chunk in scores[..whole].chunks_exact(16) {
        for (top, &x) in tops.iter_mut().zip(chunk) {
            *top = if x > *top { x } else { *top };
        }
    }
    let max = tops.iter().chain(&scores[whole..]).copied().fold(f32::MIN, f32::max) * scale;
    for x in scores.iter_mut() {
        *x = exp(*x * scale - max);
    }
    let sum = lanes(n, |i| scores[i]);
    let inverse = 1.0 / sum;
    let (out, beyond) = out.split_at_mut(n);
    for (out, x) in out.iter_mut().zip(&*scores) {
        *out = E::of(x * inverse);
    }
    beyond.fill(E::default());
    max + sum.ln()
}

/// One key's row of the backward pass of attention: probabilities and the derivatives of the scores.
///
/// `scores`, `by` are `[n]`: this key's score with `n` queries and the derivative by its probability; the first
/// `masked` queries do not see it.
#[inline]
#[allow(clippy::too_many_arguments, reason = "one pass over everything that the row needs")]
pub fn attention_row_back<E: Element>(
    isa: Isa,
    scores: &[f32],
    by: &[f32],
    lse: &[f32],
    delta: &[f32],
    scale: f32,
    masked: usize,
    out: (&mut [E], &mut [E]),
) {
    simd!(isa, attention_row_back_body::<E>(scores, by, lse, delta, scale, masked, out));
}

#[inline(always)]
fn attention_row_back_body<E: Element>(
    scores: &[f32],
    by: &[f32],
    lse: &[f32],
    delta: &[f32],
    scale: f32,
    masked: usize,
    out: (&mut [E], &mut [E]),
) {
    let n = scores.len();
    let (by, lse, delta) = (&by[..n], &lse[..n], &delta[..n]);
    let (p_out, ds_out) = (&mut out.0[..n], &mut out.1[..n]);
    for i in 0..n {
        let p = exp(scores[i] * scale - lse[i]);
        p_out[i] = E::of(p);
        ds_out[i] = E::of(p * (by[i] - delta[i]) * scale);
    }
    let masked = masked.min(n);
    p_out[..masked].fill(E::default());
    ds_out[..masked].fill(E::default());
}

/// Narrows `[m, n]` f32 to rows of the product's format, the padding zero.
pub fn narrow_rows<E: Element>(isa: Isa, m: usize, n: usize, from: (&[f32], usize), to: (&mut [E], usize)) {
    let (to_stride, out) = (to.1, Shared::new(to.0));
    rows(m, |r| {
        // SAFETY: rows are inside the buffer and each is one task's.
        let out = unsafe { out.row(r, to_stride, to_stride) };
        let (values, padding) = out.split_at_mut(n);
        pack::narrow(isa, &from.0[r * from.1..][..n], values);
        padding.fill(E::default());
    });
}

/// The maximum and `Σ e^(x − maximum)`; the exponentials go to `out` when asked for.
#[inline]
pub fn exponentials<E: Element>(isa: Isa, x: &mut [f32], out: Option<&mut [E]>) -> (f32, f32) {
    simd!(isa, exponentials_body::<E>(x, out))
}

#[inline(always)]
fn exponentials_body<E: Element>(x: &mut [f32], out: Option<&mut [E]>) -> (f32, f32) {
    let n = x.len();
    let mut tops = [f32::MIN; 16];
    let whole = n / 16 * 16;
    for chunk in x[..whole].chunks_exact(16) {
        for (top, &x) in tops.iter_mut().zip(chunk) {
            *top = if x > *top { x } else { *top };
        }
    }
    let top = tops.iter().chain(&x[whole..]).copied().fold(f32::MIN, f32::max);
    for x in x.iter_mut() {
        *x = exp(*x - top);
    }
    if let Some(out) = out {
        for (out, x) in out.iter_mut().zip(&*x) {
            *out = E::of(*x);
        }
    }
    (top, lanes(n, |i| x[i]))
}

/// `x *= factor` in the product's format.
#[inline]
pub fn scale<E: Element>(isa: Isa, x: &mut [E], factor: f32) {
    simd!(isa, scale_body::<E>(x, factor));
}

#[inline(always)]
fn scale_body<E: Element>(x: &mut [E], factor: f32) {
    for x in x {
        *x = E::of(x.wide() * factor);
    }
}

/// [`norm_row`] over itself.
#[inline]
pub fn norm_in_place(isa: Isa, x: &mut [f32], weight: &[f32], eps: f32) {
    simd!(isa, norm_in_place_body(x, weight, eps));
}

#[inline(always)]
fn norm_in_place_body(x: &mut [f32], weight: &[f32], eps: f32) {
    let scale = inverse_rms(x, eps);
    for (x, w) in x.iter_mut().zip(weight) {
        *x = *x * scale * w;
    }
}

/// From the derivative by a normalised row to that by the row itself, in place.
#[inline]
pub fn norm_back_in_place<E: Element>(isa: Isa, x: &[E], weight: &[f32], eps: f32, d: &mut [f32]) {
    simd!(isa, norm_back_in_place_body::<E>(x, weight, eps, d));
}

#[inline(always)]
fn norm_back_in_place_body<E: Element>(x: &[E], weight: &[f32], eps: f32, d: &mut [f32]) {
    let n = d.len();
    let (x, weight) = (&x[..n], &weight[..n]);
    let scale = 1.0 / (lanes(n, |i| x[i].wide() * x[i].wide()) / n as f32 + eps).sqrt();
    let inner = lanes(n, |i| d[i] * weight[i] * x[i].wide()) * scale * scale * scale / n as f32;
    for i in 0..n {
        d[i] = d[i] * weight[i] * scale - x[i].wide() * inner;
    }
}

/// Σ a · b in f32 of values in the product's format.
#[inline]
pub fn dot_narrow<E: Element>(isa: Isa, a: &[E], b: &[E]) -> f32 {
    simd!(isa, dot_narrow_body::<E>(a, b))
}

#[inline(always)]
fn dot_narrow_body<E: Element>(a: &[E], b: &[E]) -> f32 {
    let b = &b[..a.len()];
    lanes(a.len(), |i| a[i].wide() * b[i].wide())
}

/// Drops values of one row from `column` on and scales up what stays.
#[inline]
pub fn thin<E: Element>(isa: Isa, noise: Noise, row: usize, column: usize, x: &mut [E]) {
    let key = (noise.key as u32, (noise.key >> 32) as u32 ^ (row as u32).wrapping_mul(0x85EB_CA6B));
    let limit = (f64::from(noise.share) * f64::from(u32::MAX)) as u32;
    simd!(isa, thin_body::<E>(key, limit, 1.0 / (1.0 - noise.share), column as u32, x));
}

#[inline(always)]
fn thin_body<E: Element>(key: (u32, u32), limit: u32, up: f32, column: u32, x: &mut [E]) {
    for (i, x) in x.iter_mut().enumerate() {
        // MurmurHash3's finaliser of the place.
        let mut z = (column + i as u32).wrapping_mul(0x9E37_79B9).wrapping_add(key.0) ^ key.1;
        z = (z ^ (z >> 16)).wrapping_mul(0x85EB_CA6B);
        z = (z ^ (z >> 13)).wrapping_mul(0xC2B2_AE35);
        z ^= z >> 16;
        *x = E::of(if z < limit { 0.0 } else { x.wide() * up });
    }
}
