//! The kernels on 512-bit registers with VNNI.
//!
//! A block of 256 is four vectors of unsigned levels. Byte products are added up in pairs to 16 bits (at most
//! 2 · 63 · 127, which fits), and `vpdpwssd` multiplies those by their scales and adds them to 32-bit sums: two
//! instructions for 64 weights. Blocks of 32 go four at a time; `vpdpbusd` starts from minus the sums of the
//! activations, shifted by what the levels were lifted to be unsigned.
//!
//! Each pair of a weight row and an activation row is summed in the same order however many of either are at work, so
//! the bits depend on neither.

#![allow(clippy::needless_range_loop, reason = "one index walks several arrays of registers")]

use std::arch::x86_64::*;

use crate::gguf::GgmlType;

use super::Job;
use super::formats::*;
use super::x86::{LargeX86, halves, load128, load256};

/// How far ahead of the load the next bytes are called for. The hardware stops at the end of a page; this does not.
const AHEAD: usize = 4096;

/// All rows of a job.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
pub fn run(job: &Job<'_>) {
    match job.ggml_type {
        GgmlType::F32 => each_row!(job, float_row::<F32>),
        GgmlType::F16 => each_row!(job, float_row::<F16>),
        GgmlType::BF16 => each_row!(job, float_row::<Bf16>),
        GgmlType::Q4_0 => each_row!(job, small_row::<Q4_0>),
        GgmlType::Q4_1 => each_row!(job, small_row::<Q4_1>),
        GgmlType::Q5_0 => each_row!(job, small_row::<Q5_0>),
        GgmlType::Q5_1 => each_row!(job, small_row::<Q5_1>),
        GgmlType::Q8_0 => each_row!(job, small_row::<Q8_0>),
        GgmlType::IQ4NL => each_row!(job, small_row::<Iq4Nl>),
        GgmlType::Q2K => each_row!(job, large_row::<Q2K>),
        GgmlType::Q3K => each_row!(job, large_row::<Q3K>),
        GgmlType::Q4K => each_row!(job, large_row::<Q4K>),
        GgmlType::Q5K => each_row!(job, large_row::<Q5K>),
        GgmlType::Q6K => each_row!(job, large_row::<Q6K>),
        GgmlType::IQ4XS => each_row!(job, large_row::<Iq4Xs>),
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
fn load512(bytes: &[u8; 64]) -> __m512i {
    // SAFETY: the 64 bytes are there; the load needs no alignment.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
}

/// 64 levels of an activation row.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
fn levels(x: &[i8; 64]) -> __m512i {
    // SAFETY: the 64 bytes are there; the load needs no alignment.
    unsafe { _mm512_loadu_si512(x.as_ptr().cast()) }
}

// ---------------------------------------------------------------------------------------------- blocks of 256

trait Large: LargeX86 {
    /// Levels above 127: products of pairs would not fit into 16 bits.
    const WIDE: bool = false;

    /// Levels `64 * J` to `64 * J + 63`, unsigned.
    ///
    /// # Safety
    /// The machine has the instructions of this level.
    unsafe fn levels<const J: usize>(&self) -> __m512i;
}

/// For each of the 32 pairs of levels of vector `j` the place of its scale.
const fn places<B: LargeX86>(j: usize) -> [u16; 32] {
    let mut places = [0; 32];
    let mut pair = 0;
    while pair < 32 {
        places[pair] = B::PART[4 * j + pair / 8] as u16;
        pair += 1;
    }
    places
}

/// The same for 16 groups of four.
const fn wide_places<B: LargeX86>(j: usize) -> [u32; 16] {
    let mut places = [0; 16];
    let mut four = 0;
    while four < 16 {
        places[four] = B::PART[4 * j + four / 4] as u32;
        four += 1;
    }
    places
}

/// Which scale belongs where, for each of the four vectors.
trait Places: LargeX86 + Sized {
    const PAIRS: [[u16; 32]; 4] = [places::<Self>(0), places::<Self>(1), places::<Self>(2), places::<Self>(3)];
    const FOURS: [[u32; 16]; 4] =
        [wide_places::<Self>(0), wide_places::<Self>(1), wide_places::<Self>(2), wide_places::<Self>(3)];
}
impl<B: LargeX86> Places for B {}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
fn large_row<B: Large, const M: usize>(job: &Job<'_>, row_idx: usize, first: usize) {
    let columns = job.acts.columns();
    let x = &job.acts.large;
    let blocks = blocks_of::<B>(job.row(row_idx));
    let xs: [&[[[i8; 64]; 4]]; M] =
        std::array::from_fn(|m| x.levels.get()[(first + m) * columns..][..columns].as_chunks().0.as_chunks().0);
    let sums: [&[[i16; 16]]; M] =
        std::array::from_fn(|m| x.sums.get()[(first + m) * columns / 16..][..columns / 16].as_chunks().0);
    let scales: [&[f32]; M] =
        std::array::from_fn(|m| &x.scales.get()[(first + m) * columns / SUPER..][..columns / SUPER]);
    let mut total = [_mm512_setzero_ps(); M];
    let mut total_min = [_mm256_setzero_ps(); M];
    for (idx, block) in blocks.iter().enumerate() {
        prefetch_block(block);
        // SAFETY: this function's instructions include those of `head`.
        let head = unsafe { block.head() };
        let spread = _mm512_castsi256_si512(_mm256_cvtepi8_epi16(head.scales));
        let spread_wide = _mm512_cvtepi8_epi32(head.scales);
        let mut sum = [_mm512_setzero_si512(); M];
        for m in 0..if B::WIDE { 0 } else { M } {
            // SAFETY: the sixteen 16-bit sums are there.
            let sums = unsafe { _mm256_loadu_si256(sums[m][idx].as_ptr().cast()) };
            let below = _mm256_madd_epi16(sums, head.mins);
            match B::SHIFT {
                Some(5) => sum[m] = lifted::<5>(below),
                Some(_) => sum[m] = lifted::<2>(below),
                None => {
                    let scale = _mm256_set1_ps(head.dmin * scales[m][idx]);
                    total_min[m] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(below), scale, total_min[m]);
                }
            }
        }
        // Said four times: shifts and masks have to be constants.
        let scales_of = (spread, spread_wide);
        let xs = xs.map(|x| &x[idx]);
        macro_rules! steps {
            ($($j:literal)*) => {$(
                // SAFETY: this function's instructions include those of `levels`.
                let w = unsafe { block.levels::<$j>() };
                large_step::<B, M>(w, xs.map(|x| &x[$j]), scales_of, $j, &mut sum);
            )*};
        }
        steps!(0 1 2 3);
        for m in 0..M {
            let scale = _mm512_set1_ps(head.d * scales[m][idx]);
            total[m] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum[m]), scale, total[m]);
        }
    }
    for m in 0..M {
        let mut sum = _mm512_reduce_add_ps(total[m]);
        if B::SHIFT.is_none() {
            sum -= _mm512_reduce_add_ps(_mm512_zextps256_ps512(total_min[m]));
        }
        job.put(row_idx, first + m, sum);
    }
}

/// Adds the products of 64 levels, times the scales of their parts.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
fn large_step<B: Large, const M: usize>(
    w: __m512i,
    xs: [&[i8; 64]; M],
    (spread, spread_wide): (__m512i, __m512i),
    j: usize,
    sum: &mut [__m512i; M],
) {
    if B::WIDE {
        // SAFETY: a constant of 64 bytes.
        let place = unsafe { _mm512_loadu_si512(B::FOURS[j].as_ptr().cast()) };
        let scale = _mm512_permutexvar_epi32(place, spread_wide);
        for m in 0..M {
            // What the levels are lifted by is taken off lane by lane: the sums are too large to do it later.
            let x = levels(xs[m]);
            let lift = _mm512_dpbusd_epi32(_mm512_setzero_si512(), _mm512_set1_epi8(-128), x);
            let fours = _mm512_sub_epi32(_mm512_dpbusd_epi32(_mm512_setzero_si512(), w, x), lift);
            sum[m] = _mm512_add_epi32(sum[m], _mm512_mullo_epi32(fours, scale));
        }
    } else {
        // SAFETY: a constant of 64 bytes.
        let place = unsafe { _mm512_loadu_si512(B::PAIRS[j].as_ptr().cast()) };
        let scale = _mm512_permutexvar_epi16(place, spread);
        for m in 0..M {
            sum[m] = _mm512_dpwssd_epi32(sum[m], _mm512_maddubs_epi16(w, levels(xs[m])), scale);
        }
    }
}

/// Asks for the block that lies `AHEAD` behind this one.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
fn prefetch_block<B>(block: &B) {
    let at = std::ptr::from_ref(block).cast::<i8>();
    let mut line = 0;
    while line < size_of::<B>() {
        _mm_prefetch::<_MM_HINT_T0>(at.wrapping_add(AHEAD + line));
        line += 64;
    }
}

/// Where a sum begins when all its levels are lifted by `1 << SHIFT`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
fn lifted<const SHIFT: i32>(below: __m256i) -> __m512i {
    _mm512_zextsi256_si512(_mm256_sub_epi32(_mm256_setzero_si256(), _mm256_slli_epi32::<SHIFT>(below)))
}

/// 32 bytes twice, the first shifted right by `low` bits and the second by `high`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
fn twice(bytes: &[u8; 32], low: i64, high: i64) -> __m512i {
    let both = _mm512_broadcast_i64x4(load256(bytes));
    _mm512_srlv_epi64(both, _mm512_setr_epi64(low, low, low, low, high, high, high, high))
}

/// `1 << low` in the lower 32 bytes, `1 << high` in the upper.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
fn bits(low: usize, high: usize) -> __m512i {
    let at = |bit: usize| _mm256_set1_epi8((1_u8 << bit) as i8);
    _mm512_inserti64x4::<1>(_mm512_castsi256_si512(at(low)), at(high))
}

/// Adds `value` where bit `2 * j`, for the upper half `2 * j + 1`, of the 32 bytes is set.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
fn with_bit(levels: __m512i, high: &[u8; 32], j: usize, value: i8) -> __m512i {
    let set = _mm512_test_epi8_mask(_mm512_broadcast_i64x4(load256(high)), bits(2 * j, 2 * j + 1));
    _mm512_mask_add_epi8(levels, set, levels, _mm512_set1_epi8(value))
}

impl Large for Q2K {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
    unsafe fn levels<const J: usize>(&self) -> __m512i {
        let low = 4 * (J as i64 % 2);
        _mm512_and_si512(twice(&self.qs[J / 2], low, low + 2), _mm512_set1_epi8(3))
    }
}

impl Large for Q3K {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
    unsafe fn levels<const J: usize>(&self) -> __m512i {
        let low = 4 * (J as i64 % 2);
        let levels = _mm512_and_si512(twice(&self.qs[J / 2], low, low + 2), _mm512_set1_epi8(3));
        with_bit(levels, &self.hmask, J, 4)
    }
}

impl Large for Q4K {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
    unsafe fn levels<const J: usize>(&self) -> __m512i {
        _mm512_and_si512(twice(&self.qs[J], 0, 4), _mm512_set1_epi8(15))
    }
}

impl Large for Q5K {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
    unsafe fn levels<const J: usize>(&self) -> __m512i {
        let levels = _mm512_and_si512(twice(&self.qs[J], 0, 4), _mm512_set1_epi8(15));
        with_bit(levels, &self.qh, J, 16)
    }
}

impl Large for Q6K {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
    unsafe fn levels<const J: usize>(&self) -> __m512i {
        let low = load512(&self.ql[J / 2]);
        let low = if J.is_multiple_of(2) { low } else { _mm512_srli_epi16::<4>(low) };
        let high = _mm512_broadcast_i64x4(load256(&self.qh[J / 2]));
        let high = if J.is_multiple_of(2) {
            _mm512_sllv_epi64(high, _mm512_setr_epi64(4, 4, 4, 4, 2, 2, 2, 2))
        } else {
            _mm512_srlv_epi64(high, _mm512_setr_epi64(0, 0, 0, 0, 2, 2, 2, 2))
        };
        _mm512_or_si512(_mm512_and_si512(low, _mm512_set1_epi8(15)), _mm512_and_si512(high, _mm512_set1_epi8(48)))
    }
}

/// [`IQ4_LEVELS`], lifted by 128.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
fn iq4_table() -> __m512i {
    const LIFTED: [u8; 16] = {
        let mut lifted = [0; 16];
        let mut idx = 0;
        while idx < 16 {
            lifted[idx] = (IQ4_LEVELS[idx] as u8) ^ 128;
            idx += 1;
        }
        lifted
    };
    _mm512_broadcast_i32x4(load128(&LIFTED))
}

impl Large for Iq4Xs {
    const WIDE: bool = true;

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
    unsafe fn levels<const J: usize>(&self) -> __m512i {
        // Each half of the 32 bytes is one part, low nibbles first.
        let halves = _mm512_castsi256_si512(load256(&self.qs[J]));
        let twice = _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 1, 0, 1, 2, 3, 2, 3), halves);
        let nibbles = _mm512_srlv_epi64(twice, _mm512_setr_epi64(0, 0, 4, 4, 0, 0, 4, 4));
        _mm512_shuffle_epi8(iq4_table(), _mm512_and_si512(nibbles, _mm512_set1_epi8(15)))
    }
}

// ---------------------------------------------------------------------------------------------- blocks of 32

trait Small: Block {
    /// Levels are too large by `1 << SHIFT`, 0 for not at all.
    const SHIFT: u32;
    /// There is a minimum.
    const MIN: bool = false;

    fn d(&self) -> [u8; 2];

    fn m(&self) -> [u8; 2] {
        [0; 2]
    }

    /// Levels of two blocks, unsigned.
    ///
    /// # Safety
    /// The machine has the instructions of this level.
    unsafe fn pair(a: &Self, b: &Self) -> __m512i;
}

/// Four blocks of one activation row.
struct Four<'a> {
    levels: &'a [[i8; 64]; 2],
    lanes: &'a [[i32; 16]; 2],
    scales: &'a [f32; 4],
    sums: &'a [f32; 4],
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
fn small_row<B: Small, const M: usize>(job: &Job<'_>, row_idx: usize, first: usize) {
    let stride = job.acts.grouped();
    let x = &job.acts.small;
    let groups = stride / super::activations::GROUP;
    let at = |m: usize, per: usize| (first + m) * stride / per..(first + m + 1) * stride / per;
    let levels: [&[[[i8; 64]; 2]]; M] = std::array::from_fn(|m| x.levels.get()[at(m, 1)].as_chunks().0.as_chunks().0);
    let lanes: [&[[[i32; 16]; 2]]; M] = std::array::from_fn(|m| x.lanes.get()[at(m, 4)].as_chunks().0.as_chunks().0);
    let scales: [&[[f32; 4]]; M] = std::array::from_fn(|m| x.scales.get()[at(m, SMALL)].as_chunks().0);
    let sums: [&[[f32; 4]]; M] = std::array::from_fn(|m| x.sums.get()[at(m, SMALL)].as_chunks().0);
    let mut total = [[_mm512_setzero_ps(); 2]; M];
    let mut total_min = [_mm_setzero_ps(); M];
    let (fours, rest) = blocks_of::<B>(job.row(row_idx)).as_chunks::<4>();
    let last = fill_up::<B, 4>(rest);
    for group in 0..groups {
        let four = fours.get(group).unwrap_or(&last);
        prefetch_block(four);
        // SAFETY: this function's instructions include those of `pair`.
        let w = unsafe { [B::pair(&four[0], &four[1]), B::pair(&four[2], &four[3])] };
        let d = halves(four[0].d(), four[1].d(), four[2].d(), four[3].d());
        let min = if B::MIN { halves(four[0].m(), four[1].m(), four[2].m(), four[3].m()) } else { _mm_setzero_ps() };
        for m in 0..M {
            let x = Four {
                levels: &levels[m][group],
                lanes: &lanes[m][group],
                scales: &scales[m][group],
                sums: &sums[m][group],
            };
            small_step::<B>(w, d, min, &x, &mut total[m], &mut total_min[m]);
        }
    }
    for m in 0..M {
        let mut sum = _mm512_reduce_add_ps(_mm512_add_ps(total[m][0], total[m][1]));
        if B::MIN {
            sum += _mm512_reduce_add_ps(_mm512_zextps128_ps512(total_min[m]));
        }
        job.put(row_idx, first + m, sum);
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
fn small_step<B: Small>(
    w: [__m512i; 2],
    d: __m128,
    min: __m128,
    x: &Four<'_>,
    total: &mut [__m512; 2],
    total_min: &mut __m128,
) {
    // SAFETY: four numbers each.
    let (scales, sums) = unsafe { (_mm_loadu_ps(x.scales.as_ptr()), _mm_loadu_ps(x.sums.as_ptr())) };
    let scale = _mm512_castps128_ps512(_mm_mul_ps(d, scales));
    let places = [
        _mm512_setr_epi32(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1),
        _mm512_setr_epi32(2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3),
    ];
    for half in 0..2 {
        let start = match B::SHIFT {
            0 => _mm512_setzero_si512(),
            shift => {
                // SAFETY: sixteen numbers of 32 bits.
                let lanes = unsafe { _mm512_loadu_si512(x.lanes[half].as_ptr().cast()) };
                _mm512_sll_epi32(lanes, _mm_cvtsi32_si128(shift as i32))
            }
        };
        let sum = _mm512_dpbusd_epi32(start, w[half], levels(&x.levels[half]));
        let scale = _mm512_permutexvar_ps(places[half], scale);
        total[half] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum), scale, total[half]);
    }
    if B::MIN {
        *total_min = _mm_fmadd_ps(min, sums, *total_min);
    }
}

/// Nibbles of two blocks, low ones first in each.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
fn nibbles(a: &[u8; 16], b: &[u8; 16]) -> __m512i {
    let first = _mm512_broadcast_i32x4(load128(a));
    let both = _mm512_mask_broadcast_i32x4(first, 0xff00, load128(b));
    let shifted = _mm512_srlv_epi64(both, _mm512_setr_epi64(0, 0, 4, 4, 0, 0, 4, 4));
    _mm512_and_si512(shifted, _mm512_set1_epi8(15))
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
fn fifth(levels: __m512i, a: [u8; 4], b: [u8; 4]) -> __m512i {
    let set = u64::from(u32::from_le_bytes(a)) | u64::from(u32::from_le_bytes(b)) << 32;
    _mm512_mask_add_epi8(levels, set, levels, _mm512_set1_epi8(16))
}

macro_rules! small {
    ($name:ident, $shift:literal, |$a:ident, $b:ident| $pair:expr $(, $min:ident)?) => {
        impl Small for $name {
            const SHIFT: u32 = $shift;
            $(
                const MIN: bool = true;

                #[inline(always)]
                fn m(&self) -> [u8; 2] {
                    self.$min
                }
            )?

            #[inline(always)]
            fn d(&self) -> [u8; 2] {
                self.d
            }

            #[inline]
            #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
            unsafe fn pair($a: &Self, $b: &Self) -> __m512i {
                $pair
            }
        }
    };
}

small!(Q4_0, 3, |a, b| nibbles(&a.qs, &b.qs));
small!(Q4_1, 0, |a, b| nibbles(&a.qs, &b.qs), m);
small!(Q5_0, 4, |a, b| fifth(nibbles(&a.qs, &b.qs), a.qh, b.qh));
small!(Q5_1, 0, |a, b| fifth(nibbles(&a.qs, &b.qs), a.qh, b.qh), m);
small!(Iq4Nl, 7, |a, b| _mm512_shuffle_epi8(iq4_table(), nibbles(&a.qs, &b.qs)));
small!(Q8_0, 7, |a, b| {
    let both = _mm512_inserti64x4::<1>(_mm512_castsi256_si512(load256(&a.qs)), load256(&b.qs));
    _mm512_xor_si512(both, _mm512_set1_epi8(-128))
});

// ---------------------------------------------------------------------------------------------- floats

/// A weight as it lies in a file.
trait Float: Block {
    /// Even and odd elements apart.
    const SPLIT: bool = false;

    /// 64 weights.
    ///
    /// # Safety
    /// The machine has the instructions of this level.
    unsafe fn load(w: &[Self; 64]) -> [__m512; 4];
}

impl Float for F32 {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
    unsafe fn load(w: &[Self; 64]) -> [__m512; 4] {
        // SAFETY: 64 numbers of four bytes; the load needs no alignment.
        std::array::from_fn(|k| unsafe { _mm512_loadu_ps(w[16 * k..].as_ptr().cast()) })
    }
}

impl Float for F16 {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
    unsafe fn load(w: &[Self; 64]) -> [__m512; 4] {
        // SAFETY: 64 numbers of two bytes; the load needs no alignment.
        std::array::from_fn(|k| unsafe { _mm512_cvtph_ps(_mm256_loadu_si256(w[16 * k..].as_ptr().cast())) })
    }
}

impl Float for Bf16 {
    const SPLIT: bool = true;
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
    unsafe fn load(w: &[Self; 64]) -> [__m512; 4] {
        // SAFETY: 64 numbers of two bytes; the load needs no alignment.
        let words: [__m512i; 2] = std::array::from_fn(|k| unsafe { _mm512_loadu_si512(w[32 * k..].as_ptr().cast()) });
        let even = |word| _mm512_castsi512_ps(_mm512_slli_epi32::<16>(word));
        let odd = |word| _mm512_castsi512_ps(_mm512_and_si512(word, _mm512_set1_epi32(-65536)));
        [even(words[0]), odd(words[0]), even(words[1]), odd(words[1])]
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
fn float_row<F: Float, const M: usize>(job: &Job<'_>, row_idx: usize, first: usize) {
    let stride = job.acts.grouped();
    let x = if F::SPLIT { job.acts.split.get() } else { job.acts.natural.get() };
    let xs: [&[[f32; 64]]; M] = std::array::from_fn(|m| x[(first + m) * stride..][..stride].as_chunks().0);
    let mut total = [[_mm512_setzero_ps(); 4]; M];
    let (chunks, rest) = blocks_of::<F>(job.row(row_idx)).as_chunks::<64>();
    let last = fill_up::<F, 64>(rest);
    let all = chunks.iter().chain((!rest.is_empty()).then_some(&last));
    for (idx, w) in all.enumerate() {
        prefetch_block(w);
        // SAFETY: this function's instructions include those of `load`.
        let w = unsafe { F::load(w) };
        for m in 0..M {
            let x = &xs[m][idx];
            for k in 0..4 {
                // SAFETY: sixteen of 64 numbers.
                let x = unsafe { _mm512_loadu_ps(x[16 * k..].as_ptr()) };
                total[m][k] = _mm512_fmadd_ps(w[k], x, total[m][k]);
            }
        }
    }
    for m in 0..M {
        let [a, b, c, d] = total[m];
        let sum = _mm512_reduce_add_ps(_mm512_add_ps(_mm512_add_ps(a, b), _mm512_add_ps(c, d)));
        job.put(row_idx, first + m, sum);
    }
}
