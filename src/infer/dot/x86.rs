//! What both vector levels of x86-64 take from a block of 256 before they look at its levels, and their loads.

use std::arch::x86_64::*;

use super::formats::*;

/// Scales of the parts as signed bytes, minima as 16-bit numbers for each 16 elements.
#[derive(Clone, Copy)]
pub struct Head {
    /// In the order of [`LargeX86::PART`].
    pub scales: __m128i,
    /// What the sums of 16 activations are multiplied by.
    pub mins: __m256i,
    /// Scale of the block.
    pub d: f32,
    /// Scale of the minima; not used where [`LargeX86::SHIFT`] says what `mins` mean.
    pub dmin: f32,
}

/// A block of 256 as x86-64 sees it.
pub trait LargeX86: Block {
    /// The byte of `scales` that belongs to each 16 elements.
    const PART: [u8; 16];
    /// Unsigned levels are too large by `1 << SHIFT`; `mins` are the scales then. `None`: there are real minima.
    const SHIFT: Option<u32>;

    /// # Safety
    /// The machine has AVX2 and F16C.
    unsafe fn head(&self) -> Head;
}

const SIXTEEN: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
/// Eight parts of 32 whose scales are in [`six_bits`]' order.
const EIGHT_SPREAD: [u8; 16] = [0, 0, 1, 1, 2, 2, 3, 3, 8, 8, 9, 9, 10, 10, 11, 11];
const EIGHT: [u8; 16] = [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7];

#[inline]
#[target_feature(enable = "avx2,f16c")]
pub fn load128(bytes: &[u8; 16]) -> __m128i {
    // SAFETY: the 16 bytes are there; the load needs no alignment.
    unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2,f16c")]
pub fn load256(bytes: &[u8; 32]) -> __m256i {
    // SAFETY: the 32 bytes are there; the load needs no alignment.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

/// An f16.
#[inline]
#[target_feature(enable = "avx2,f16c")]
pub fn half(bytes: [u8; 2]) -> f32 {
    _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(i32::from(u16::from_le_bytes(bytes)))))
}

/// Four f16, from the heads of four blocks.
#[inline]
#[target_feature(enable = "avx2,f16c")]
pub fn halves(a: [u8; 2], b: [u8; 2], c: [u8; 2], d: [u8; 2]) -> __m128 {
    let at = |bytes: [u8; 2]| u64::from(u16::from_le_bytes(bytes));
    _mm_cvtph_ps(_mm_cvtsi64_si128((at(a) | at(b) << 16 | at(c) << 32 | at(d) << 48) as i64))
}

/// Two f16 that lie side by side.
#[inline]
#[target_feature(enable = "avx2,f16c")]
fn two_halves(bytes: [u8; 4]) -> (f32, f32) {
    let both = _mm_cvtph_ps(_mm_cvtsi32_si128(u32::from_le_bytes(bytes) as i32));
    (_mm_cvtss_f32(both), _mm_cvtss_f32(_mm_movehdup_ps(both)))
}

#[inline]
#[target_feature(enable = "avx2,f16c")]
fn words(words: [u64; 2]) -> __m128i {
    _mm_set_epi64x(words[1] as i64, words[0] as i64)
}

/// Head of Q4_K and Q5_K.
#[inline]
#[target_feature(enable = "avx2,f16c")]
fn affine(dm: [u8; 4], packed: &[u8; 12]) -> Head {
    let scales = words(six_bits(packed));
    let spread = _mm_setr_epi8(4, 4, 5, 5, 6, 6, 7, 7, 12, 12, 13, 13, 14, 14, 15, 15);
    let (d, dmin) = two_halves(dm);
    Head { scales, mins: _mm256_cvtepu8_epi16(_mm_shuffle_epi8(scales, spread)), d, dmin }
}

impl LargeX86 for Q2K {
    const PART: [u8; 16] = SIXTEEN;
    const SHIFT: Option<u32> = None;

    #[inline]
    #[target_feature(enable = "avx2,f16c")]
    unsafe fn head(&self) -> Head {
        let (both, low) = (load128(&self.scales), _mm_set1_epi8(15));
        let (d, dmin) = two_halves(self.dm);
        let mins = _mm256_cvtepu8_epi16(_mm_and_si128(_mm_srli_epi16::<4>(both), low));
        Head { scales: _mm_and_si128(both, low), mins, d, dmin }
    }
}

impl LargeX86 for Q3K {
    const PART: [u8; 16] = SIXTEEN;
    const SHIFT: Option<u32> = Some(2);

    #[inline]
    #[target_feature(enable = "avx2,f16c")]
    unsafe fn head(&self) -> Head {
        let scales = _mm_sub_epi8(words(six_bits_q3(&self.scales)), _mm_set1_epi8(32));
        Head { scales, mins: _mm256_cvtepi8_epi16(scales), d: half(self.d), dmin: 0.0 }
    }
}

impl LargeX86 for Q4K {
    const PART: [u8; 16] = EIGHT_SPREAD;
    const SHIFT: Option<u32> = None;

    #[inline]
    #[target_feature(enable = "avx2,f16c")]
    unsafe fn head(&self) -> Head {
        affine(self.dm, &self.scales)
    }
}

impl LargeX86 for Q5K {
    const PART: [u8; 16] = EIGHT_SPREAD;
    const SHIFT: Option<u32> = None;

    #[inline]
    #[target_feature(enable = "avx2,f16c")]
    unsafe fn head(&self) -> Head {
        affine(self.dm, &self.scales)
    }
}

impl LargeX86 for Q6K {
    const PART: [u8; 16] = SIXTEEN;
    const SHIFT: Option<u32> = Some(5);

    #[inline]
    #[target_feature(enable = "avx2,f16c")]
    unsafe fn head(&self) -> Head {
        let scales = load128(&self.scales);
        Head { scales, mins: _mm256_cvtepi8_epi16(scales), d: half(self.d), dmin: 0.0 }
    }
}

impl LargeX86 for Iq4Xs {
    const PART: [u8; 16] = EIGHT;
    /// The table is lifted by 128 to be unsigned.
    const SHIFT: Option<u32> = Some(7);

    #[inline]
    #[target_feature(enable = "avx2,f16c")]
    unsafe fn head(&self) -> Head {
        let scales = _mm_sub_epi8(_mm_cvtsi64_si128(six_bits_iq4(self) as i64), _mm_set1_epi8(32));
        let twice = _mm_unpacklo_epi8(scales, scales);
        Head { scales, mins: _mm256_cvtepi8_epi16(twice), d: half(self.d), dmin: 0.0 }
    }
}
