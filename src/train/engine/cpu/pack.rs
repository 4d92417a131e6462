//! Changes of format and of order that packing needs.

use super::element::Element;
use super::isa::Isa;

/// f32 to the format of a product.
#[inline]
pub fn narrow<E: Element>(isa: Isa, from: &[f32], to: &mut [E]) {
    simd!(isa, narrow_body::<E>(from, to));
}

#[inline(always)]
fn narrow_body<E: Element>(from: &[f32], to: &mut [E]) {
    for (to, &x) in to.iter_mut().zip(from) {
        *to = E::of(x);
    }
}

/// f32 times a factor to the format of a product.
#[inline]
pub fn narrow_scaled<E: Element>(isa: Isa, from: &[f32], factor: f32, to: &mut [E]) {
    simd!(isa, narrow_scaled_body::<E>(from, factor, to));
}

#[inline(always)]
fn narrow_scaled_body<E: Element>(from: &[f32], factor: f32, to: &mut [E]) {
    for (to, &x) in to.iter_mut().zip(from) {
        *to = E::of(x * factor);
    }
}

/// The format of a product to f32.
#[inline]
pub fn widen<E: Element>(isa: Isa, from: &[E], to: &mut [f32]) {
    simd!(isa, widen_body::<E>(from, to));
}

#[inline(always)]
fn widen_body<E: Element>(from: &[E], to: &mut [f32]) {
    for (to, &x) in to.iter_mut().zip(from) {
        *to = x.wide();
    }
}

/// Transposes `rows × columns` values; reads and writes whole blocks of 32 on both sides.
///
/// # Safety
/// `from` has `rows` and `columns` rounded up to 32 readable, `to` the same the other way round writable.
pub unsafe fn turn<E: super::source::Packed>(
    isa: Isa,
    from: *const E,
    stride: usize,
    rows: usize,
    columns: usize,
    to: *mut E,
    to_stride: usize,
) {
    for r in (0..rows).step_by(32) {
        for c in (0..columns).step_by(32) {
            // SAFETY: the caller's promise.
            unsafe { E::turn_block(isa, from.add(r * stride + c), stride, to.add(c * to_stride + r), to_stride) };
        }
    }
}

#[cfg(target_arch = "x86_64")]
pub mod x86 {
    use std::arch::x86_64::*;

    use super::super::element::{Bf16, NR};

    /// Transposes 16 × 16 words of 32 bits; strides are in words.
    ///
    /// # Safety
    /// AVX-512 is there, and so are 16 rows of 16 words on both sides.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq")]
    pub unsafe fn transpose_16(from: *const u32, stride: usize, to: *mut u32, to_stride: usize) {
        // SAFETY: the caller's promise.
        unsafe {
            let mut r = [_mm512_setzero_si512(); 16];
            for (i, row) in r.iter_mut().enumerate() {
                *row = _mm512_loadu_si512(from.add(i * stride).cast());
            }
            // Pairs of rows, then of pairs, then of quarters: after each round a register holds longer pieces of a
            // column of the input.
            let mut t = [_mm512_setzero_si512(); 16];
            for i in 0..8 {
                t[2 * i] = _mm512_unpacklo_epi32(r[2 * i], r[2 * i + 1]);
                t[2 * i + 1] = _mm512_unpackhi_epi32(r[2 * i], r[2 * i + 1]);
            }
            for i in 0..4 {
                r[4 * i] = _mm512_unpacklo_epi64(t[4 * i], t[4 * i + 2]);
                r[4 * i + 1] = _mm512_unpackhi_epi64(t[4 * i], t[4 * i + 2]);
                r[4 * i + 2] = _mm512_unpacklo_epi64(t[4 * i + 1], t[4 * i + 3]);
                r[4 * i + 3] = _mm512_unpackhi_epi64(t[4 * i + 1], t[4 * i + 3]);
            }
            // r[4 i + c] now holds, in lane l, rows 4 i .. 4 i + 3 of column 4 l + c.
            for c in 0..4 {
                let (a, b, e, f) = (r[c], r[4 + c], r[8 + c], r[12 + c]);
                let ab_lo = _mm512_shuffle_i32x4::<0x88>(a, b); // a0 a2 b0 b2
                let ab_hi = _mm512_shuffle_i32x4::<0xdd>(a, b); // a1 a3 b1 b3
                let ef_lo = _mm512_shuffle_i32x4::<0x88>(e, f);
                let ef_hi = _mm512_shuffle_i32x4::<0xdd>(e, f);
                let store = |column: usize, v| _mm512_storeu_si512(to.add(column * to_stride).cast(), v);
                store(c, _mm512_shuffle_i32x4::<0x88>(ab_lo, ef_lo));
                store(8 + c, _mm512_shuffle_i32x4::<0xdd>(ab_lo, ef_lo));
                store(4 + c, _mm512_shuffle_i32x4::<0x88>(ab_hi, ef_hi));
                store(12 + c, _mm512_shuffle_i32x4::<0xdd>(ab_hi, ef_hi));
            }
        }
    }

    /// Rows two by two to pairs: `to [kc / 2][32]` pairs.
    ///
    /// # Safety
    /// AVX-512 is there, `from` has `kc` rows of 32, `to` room for as many.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq")]
    pub unsafe fn interleave(from: *const Bf16, stride: usize, kc: usize, to: *mut Bf16) {
        let mut low = [0u16; 32];
        let mut high = [0u16; 32];
        for i in 0..16u16 {
            low[2 * usize::from(i)] = i;
            low[2 * usize::from(i) + 1] = 32 + i;
            high[2 * usize::from(i)] = 16 + i;
            high[2 * usize::from(i) + 1] = 48 + i;
        }
        // SAFETY: the caller's promise.
        unsafe {
            let (low, high) = (_mm512_loadu_si512(low.as_ptr().cast()), _mm512_loadu_si512(high.as_ptr().cast()));
            for p in 0..kc / 2 {
                let a = _mm512_loadu_si512(from.add(2 * p * stride).cast());
                let b = _mm512_loadu_si512(from.add((2 * p + 1) * stride).cast());
                let out = to.add(p * 2 * NR);
                _mm512_storeu_si512(out.cast(), _mm512_permutex2var_epi16(a, low, b));
                _mm512_storeu_si512(out.add(NR).cast(), _mm512_permutex2var_epi16(a, high, b));
            }
        }
    }
}
