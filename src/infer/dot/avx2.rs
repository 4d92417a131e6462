//! The kernels on 256-bit registers.
//!
//! As on 512-bit registers, but that products of bytes are added up by `vpmaddubsw` and `vpmaddwd`. Where levels could
//! be above 127 they keep their sign, and the activations take it: 128 · 127 · 2 fits into 16 bits.

#![allow(clippy::needless_range_loop, reason = "one index walks several arrays of registers")]

use std::arch::x86_64::*;

use crate::gguf::GgmlType;

use super::Job;
use super::formats::*;
use super::x86::{LargeX86, halves, load128, load256};

/// How far ahead of the load the next bytes are called for.
const AHEAD: usize = 4096;

/// All rows of a job.
#[target_feature(enable = "avx2,fma,f16c")]
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

/// 32 levels of an activation row.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn levels(x: &[i8; 32]) -> __m256i {
    // SAFETY: the 32 bytes are there; the load needs no alignment.
    unsafe { _mm256_loadu_si256(x.as_ptr().cast()) }
}

/// Sums of neighbouring products, 16 bits each. `SIGNED` weights hand their sign to the activations.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn pairs<const SIGNED: bool>(w: __m256i, x: __m256i) -> __m256i {
    if SIGNED { _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(x, w)) } else { _mm256_maddubs_epi16(w, x) }
}

#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn reduce(sums: __m256) -> f32 {
    let four = _mm_add_ps(_mm256_castps256_ps128(sums), _mm256_extractf128_ps::<1>(sums));
    let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)))
}

/// Asks for what lies `AHEAD` behind `block`.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn prefetch<B>(block: &B) {
    let at = std::ptr::from_ref(block).cast::<i8>();
    let mut line = 0;
    while line < size_of::<B>() {
        _mm_prefetch::<_MM_HINT_T0>(at.wrapping_add(AHEAD + line));
        line += 64;
    }
}

// ---------------------------------------------------------------------------------------------- blocks of 256

trait Large: LargeX86 {
    /// The levels have their sign already, whatever [`LargeX86::SHIFT`] says.
    const SIGNED: bool = false;

    /// Levels `32 * J` to `32 * J + 31`.
    ///
    /// # Safety
    /// The machine has AVX2.
    unsafe fn levels<const J: usize>(&self) -> __m256i;
}

/// For each vector of 32 levels the bytes of its two scales, eight times each.
const fn places<B: LargeX86>() -> [[u8; 16]; 8] {
    let mut places = [[0; 16]; 8];
    let mut pair = 0;
    while pair < 128 {
        places[pair / 16][pair % 16] = B::PART[pair / 8];
        pair += 1;
    }
    places
}

/// Which scales belong where, for each of the eight vectors.
trait Places: LargeX86 + Sized {
    const ALL: [[u8; 16]; 8] = places::<Self>();
}
impl<B: LargeX86> Places for B {}

#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn large_row<B: Large, const M: usize>(job: &Job<'_>, row_idx: usize, first: usize) {
    let columns = job.acts.columns();
    let x = &job.acts.large;
    let xs: [&[[[i8; 32]; 8]]; M] =
        std::array::from_fn(|m| x.levels.get()[(first + m) * columns..][..columns].as_chunks().0.as_chunks().0);
    let sums: [&[[i16; 16]]; M] =
        std::array::from_fn(|m| x.sums.get()[(first + m) * columns / 16..][..columns / 16].as_chunks().0);
    let scales: [&[f32]; M] =
        std::array::from_fn(|m| &x.scales.get()[(first + m) * columns / SUPER..][..columns / SUPER]);
    let mut total = [_mm256_setzero_ps(); M];
    let mut total_min = [_mm256_setzero_ps(); M];
    for (idx, block) in blocks_of::<B>(job.row(row_idx)).iter().enumerate() {
        prefetch(block);
        // SAFETY: this function's instructions include those of `head`.
        let head = unsafe { block.head() };
        let mut sum = [_mm256_setzero_si256(); M];
        if !B::SIGNED {
            for m in 0..M {
                // SAFETY: the sixteen 16-bit sums are there.
                let sums = unsafe { _mm256_loadu_si256(sums[m][idx].as_ptr().cast()) };
                let below = _mm256_madd_epi16(sums, head.mins);
                match B::SHIFT {
                    Some(shift) => {
                        let below = _mm256_sll_epi32(below, _mm_cvtsi32_si128(shift as i32));
                        sum[m] = _mm256_sub_epi32(sum[m], below);
                    }
                    None => {
                        let scale = _mm256_set1_ps(head.dmin * scales[m][idx]);
                        total_min[m] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(below), scale, total_min[m]);
                    }
                }
            }
        }
        // Said eight times: shifts and masks have to be constants.
        let xs = xs.map(|x| &x[idx]);
        macro_rules! steps {
            ($($j:literal)*) => {$(
                // SAFETY: this function's instructions include those of `levels`.
                let w = unsafe { block.levels::<$j>() };
                large_step::<B, M>(w, xs.map(|x| &x[$j]), head.scales, &B::ALL[$j], &mut sum);
            )*};
        }
        steps!(0 1 2 3 4 5 6 7);
        for m in 0..M {
            let scale = _mm256_set1_ps(head.d * scales[m][idx]);
            total[m] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sum[m]), scale, total[m]);
        }
    }
    for m in 0..M {
        let below = if B::SHIFT.is_none() { reduce(total_min[m]) } else { 0.0 };
        job.put(row_idx, first + m, reduce(total[m]) - below);
    }
}

/// Adds the products of 32 levels, times the scales of their parts.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn large_step<B: Large, const M: usize>(
    w: __m256i,
    xs: [&[i8; 32]; M],
    scales: __m128i,
    places: &[u8; 16],
    sum: &mut [__m256i; M],
) {
    let scale = _mm256_cvtepi8_epi16(_mm_shuffle_epi8(scales, load128(places)));
    for m in 0..M {
        let x = levels(xs[m]);
        let pairs = if B::SIGNED { pairs::<true>(w, x) } else { pairs::<false>(w, x) };
        sum[m] = _mm256_add_epi32(sum[m], _mm256_madd_epi16(pairs, scale));
    }
}

/// Bytes shifted right by `bits`, of which only `mask` stays.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn shifted(bytes: __m256i, bits: usize, mask: i8) -> __m256i {
    _mm256_and_si256(_mm256_srlv_epi32(bytes, _mm256_set1_epi32(bits as i32)), _mm256_set1_epi8(mask))
}

/// Bit `j` of each byte, at the place of `value`, a power of two.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn bit(bytes: &[u8; 32], j: usize, value: i8) -> __m256i {
    let set = _mm256_set1_epi8((1_u8 << j) as i8);
    let set = _mm256_cmpeq_epi8(_mm256_and_si256(load256(bytes), set), set);
    _mm256_and_si256(set, _mm256_set1_epi8(value))
}

impl Large for Q2K {
    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn levels<const J: usize>(&self) -> __m256i {
        shifted(load256(&self.qs[J / 4]), 2 * (J % 4), 3)
    }
}

impl Large for Q3K {
    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn levels<const J: usize>(&self) -> __m256i {
        _mm256_or_si256(shifted(load256(&self.qs[J / 4]), 2 * (J % 4), 3), bit(&self.hmask, J, 4))
    }
}

impl Large for Q4K {
    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn levels<const J: usize>(&self) -> __m256i {
        shifted(load256(&self.qs[J / 2]), 4 * (J % 2), 15)
    }
}

impl Large for Q5K {
    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn levels<const J: usize>(&self) -> __m256i {
        _mm256_or_si256(shifted(load256(&self.qs[J / 2]), 4 * (J % 2), 15), bit(&self.qh, J, 16))
    }
}

impl Large for Q6K {
    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn levels<const J: usize>(&self) -> __m256i {
        let (half, quarter) = (J / 4, J % 4);
        let low = self.ql[half].as_chunks::<32>().0;
        let low = shifted(load256(&low[quarter % 2]), 4 * (quarter / 2), 15);
        let high = shifted(load256(&self.qh[half]), 2 * quarter, 3);
        _mm256_or_si256(low, _mm256_slli_epi16::<4>(high))
    }
}

impl Large for Iq4Xs {
    const SIGNED: bool = true;

    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn levels<const J: usize>(&self) -> __m256i {
        iq4(&self.qs[J / 2].as_chunks::<16>().0[J % 2])
    }
}

// ---------------------------------------------------------------------------------------------- blocks of 32

/// 16 bytes as 32 nibbles, low ones first.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn nibbles(qs: &[u8; 16]) -> __m256i {
    let both = _mm256_broadcastsi128_si256(load128(qs));
    let shifted = _mm256_srlv_epi64(both, _mm256_setr_epi64x(0, 0, 4, 4));
    _mm256_and_si256(shifted, _mm256_set1_epi8(15))
}

/// The same through [`IQ4_LEVELS`].
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn iq4(qs: &[u8; 16]) -> __m256i {
    // SAFETY: the table has 16 bytes.
    let table = unsafe { _mm_loadu_si128(IQ4_LEVELS.as_ptr().cast()) };
    _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(table), nibbles(qs))
}

/// 16 where a bit is set, for 32 levels.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn fifth(qh: [u8; 4]) -> __m256i {
    // Each byte of the four to eight lanes, then one bit of it to each.
    let spread = _mm256_setr_epi64x(0, 0x0101_0101_0101_0101, 0x0202_0202_0202_0202, 0x0303_0303_0303_0303);
    let bytes = _mm256_shuffle_epi8(_mm256_set1_epi32(i32::from_le_bytes(qh)), spread);
    let set = _mm256_set1_epi64x(0x8040_2010_0804_0201_u64 as i64);
    let set = _mm256_cmpeq_epi8(_mm256_and_si256(bytes, set), set);
    _mm256_and_si256(set, _mm256_set1_epi8(16))
}

trait Small: Block {
    /// Levels are too large by `1 << SHIFT`, 0 for not at all.
    const SHIFT: u32;
    /// Levels have their sign.
    const SIGNED: bool = false;
    /// There is a minimum.
    const MIN: bool = false;

    fn d(&self) -> [u8; 2];

    fn m(&self) -> [u8; 2] {
        [0; 2]
    }

    /// # Safety
    /// The machine has AVX2.
    unsafe fn levels(&self) -> __m256i;
}

#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn small_row<B: Small, const M: usize>(job: &Job<'_>, row_idx: usize, first: usize) {
    let stride = job.acts.grouped();
    let x = &job.acts.small;
    let groups = stride / super::activations::GROUP;
    let at = |m: usize, per: usize| (first + m) * stride / per..(first + m + 1) * stride / per;
    let xs: [&[[[i8; 32]; 4]]; M] = std::array::from_fn(|m| x.levels.get()[at(m, 1)].as_chunks().0.as_chunks().0);
    let lanes: [&[[[i32; 8]; 4]]; M] = std::array::from_fn(|m| x.lanes.get()[at(m, 4)].as_chunks().0.as_chunks().0);
    let scales: [&[[f32; 4]]; M] = std::array::from_fn(|m| x.scales.get()[at(m, SMALL)].as_chunks().0);
    let sums: [&[[f32; 4]]; M] = std::array::from_fn(|m| x.sums.get()[at(m, SMALL)].as_chunks().0);
    let mut total = [[_mm256_setzero_ps(); 2]; M];
    let mut total_min = [_mm_setzero_ps(); M];
    let (fours, rest) = blocks_of::<B>(job.row(row_idx)).as_chunks::<4>();
    let last = fill_up::<B, 4>(rest);
    for group in 0..groups {
        let four = fours.get(group).unwrap_or(&last);
        prefetch(four);
        let d = halves(four[0].d(), four[1].d(), four[2].d(), four[3].d());
        let mut scale = [[0.0_f32; 4]; M];
        for m in 0..M {
            // SAFETY: four numbers each.
            unsafe {
                _mm_storeu_ps(scale[m].as_mut_ptr(), _mm_mul_ps(d, _mm_loadu_ps(scales[m][group].as_ptr())));
            }
        }
        if B::MIN {
            let min = halves(four[0].m(), four[1].m(), four[2].m(), four[3].m());
            for m in 0..M {
                // SAFETY: four numbers.
                let sums = unsafe { _mm_loadu_ps(sums[m][group].as_ptr()) };
                total_min[m] = _mm_fmadd_ps(min, sums, total_min[m]);
            }
        }
        for (k, block) in four.iter().enumerate() {
            // SAFETY: this function's instructions include those of `levels`.
            let w = unsafe { block.levels() };
            for m in 0..M {
                let x = levels(&xs[m][group][k]);
                let pairs = if B::SIGNED { pairs::<true>(w, x) } else { pairs::<false>(w, x) };
                let mut sum = _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
                if B::SHIFT > 0 {
                    // SAFETY: eight numbers of 32 bits.
                    let lanes = unsafe { _mm256_loadu_si256(lanes[m][group][k].as_ptr().cast()) };
                    let lanes = _mm256_sll_epi32(lanes, _mm_cvtsi32_si128(B::SHIFT as i32));
                    sum = _mm256_add_epi32(sum, lanes);
                }
                let scale = _mm256_set1_ps(scale[m][k]);
                total[m][k % 2] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sum), scale, total[m][k % 2]);
            }
        }
    }
    for m in 0..M {
        let mut sum = reduce(_mm256_add_ps(total[m][0], total[m][1]));
        if B::MIN {
            sum += reduce(_mm256_zextps128_ps256(total_min[m]));
        }
        job.put(row_idx, first + m, sum);
    }
}

macro_rules! small {
    ($name:ident, $shift:literal, $signed:literal, |$block:ident| $levels:expr $(, $min:ident)?) => {
        impl Small for $name {
            const SHIFT: u32 = $shift;
            const SIGNED: bool = $signed;
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
            #[target_feature(enable = "avx2,fma,f16c")]
            unsafe fn levels(&self) -> __m256i {
                let $block = self;
                $levels
            }
        }
    };
}

small!(Q4_0, 3, false, |block| nibbles(&block.qs));
small!(Q4_1, 0, false, |block| nibbles(&block.qs), m);
small!(Q5_0, 4, false, |block| _mm256_or_si256(nibbles(&block.qs), fifth(block.qh)));
small!(Q5_1, 0, false, |block| _mm256_or_si256(nibbles(&block.qs), fifth(block.qh)), m);
small!(Iq4Nl, 0, true, |block| iq4(&block.qs));
small!(Q8_0, 0, true, |block| load256(&block.qs));

// ---------------------------------------------------------------------------------------------- floats

trait Float: Block {
    /// Even and odd elements apart.
    const SPLIT: bool = false;

    /// 32 weights.
    ///
    /// # Safety
    /// The machine has the instructions of this level.
    unsafe fn load(w: &[Self; 32]) -> [__m256; 4];
}

impl Float for F32 {
    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn load(w: &[Self; 32]) -> [__m256; 4] {
        // SAFETY: 32 numbers of four bytes; the load needs no alignment.
        std::array::from_fn(|k| unsafe { _mm256_loadu_ps(w[8 * k..].as_ptr().cast()) })
    }
}

impl Float for F16 {
    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn load(w: &[Self; 32]) -> [__m256; 4] {
        // SAFETY: 32 numbers of two bytes; the load needs no alignment.
        std::array::from_fn(|k| unsafe { _mm256_cvtph_ps(_mm_loadu_si128(w[8 * k..].as_ptr().cast())) })
    }
}

impl Float for Bf16 {
    const SPLIT: bool = true;

    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn load(w: &[Self; 32]) -> [__m256; 4] {
        // SAFETY: 32 numbers of two bytes; the load needs no alignment.
        let words: [__m256i; 2] = std::array::from_fn(|k| unsafe { _mm256_loadu_si256(w[16 * k..].as_ptr().cast()) });
        let even = |word| _mm256_castsi256_ps(_mm256_slli_epi32::<16>(word));
        let odd = |word| _mm256_castsi256_ps(_mm256_and_si256(word, _mm256_set1_epi32(-65536)));
        [even(words[0]), even(words[1]), odd(words[0]), odd(words[1])]
    }
}

#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn float_row<F: Float, const M: usize>(job: &Job<'_>, row_idx: usize, first: usize) {
    let stride = job.acts.grouped();
    let x = if F::SPLIT { job.acts.split.get() } else { job.acts.natural.get() };
    let xs: [&[[f32; 32]]; M] = std::array::from_fn(|m| x[(first + m) * stride..][..stride].as_chunks().0);
    let mut total = [[_mm256_setzero_ps(); 4]; M];
    let (chunks, rest) = blocks_of::<F>(job.row(row_idx)).as_chunks::<32>();
    let last = fill_up::<F, 32>(rest);
    for (idx, w) in chunks.iter().chain((!rest.is_empty()).then_some(&last)).enumerate() {
        prefetch(w);
        // SAFETY: this function's instructions include those of `load`.
        let w = unsafe { F::load(w) };
        for m in 0..M {
            let x = &xs[m][idx];
            for k in 0..4 {
                // SAFETY: eight of 32 numbers.
                let x = unsafe { _mm256_loadu_ps(x[8 * k..].as_ptr()) };
                total[m][k] = _mm256_fmadd_ps(w[k], x, total[m][k]);
            }
        }
    }
    for m in 0..M {
        let [a, b, c, d] = total[m];
        job.put(row_idx, first + m, reduce(_mm256_add_ps(_mm256_add_ps(a, b), _mm256_add_ps(c, d))));
    }
}
