//! One plain loop, compiled for each level of vector instructions and chosen when it runs.
//!
//! Rust never fuses a product with a sum by itself and never reorders one, so all copies give the same bits.

use std::ops::{Add, Div, Mul, Sub};

/// What the processor has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    /// Whatever the target always has.
    Plain,
    /// 256-bit registers.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// 512-bit registers.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Level {
    /// The best one here.
    #[inline]
    pub(super) fn best() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            let wide = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512dq");
            if wide {
                return Self::Avx512;
            }
            if is_x86_feature_detected!("avx2") {
                return Self::Avx2;
            }
        }
        Self::Plain
    }

    /// All that can run here.
    #[cfg(test)]
    pub(super) fn available() -> Vec<Self> {
        match Self::best() {
            Self::Plain => vec![Self::Plain],
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => vec![Self::Plain, Self::Avx2],
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => vec![Self::Plain, Self::Avx2, Self::Avx512],
        }
    }
}

/// Calls `body`, an `#[inline(always)]` function, as compiled for `level`; the arguments are variables of their name.
///
/// A body that asks for lanes (`body::<_>`) gets as many as a register of that level has.
macro_rules! vectorised {
    ($level:expr, $body:ident::<_>($($arg:ident: $type:ty),*) -> $ret:ty) => {
        $crate::gguf::lanes::vectorised!(
            @ $level,
            $body::<$crate::gguf::lanes::Plain>,
            $body::<$crate::gguf::lanes::avx2::Eight>,
            $body::<$crate::gguf::lanes::avx512::Sixteen>,
            ($($arg: $type),*) -> $ret
        )
    };
    ($level:expr, $body:ident($($arg:ident: $type:ty),*) -> $ret:ty) => {
        $crate::gguf::lanes::vectorised!(@ $level, $body, $body, $body, ($($arg: $type),*) -> $ret)
    };
    (@ $level:expr, $plain:expr, $avx2:expr, $avx512:expr, ($($arg:ident: $type:ty),*) -> $ret:ty) => {{
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx2")]
        fn avx512($($arg: $type),*) -> $ret {
            $avx512($($arg),*)
        }
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx2")]
        fn avx2($($arg: $type),*) -> $ret {
            $avx2($($arg),*)
        }
        match $level {
            $crate::gguf::lanes::Level::Plain => $plain($($arg),*),
            // SAFETY: a level comes from `Level::best` or `Level::available`, which ask the processor.
            #[cfg(target_arch = "x86_64")]
            $crate::gguf::lanes::Level::Avx2 => unsafe { avx2($($arg),*) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            $crate::gguf::lanes::Level::Avx512 => unsafe { avx512($($arg),*) },
        }
    }};
}

pub(super) use vectorised;

/// Numbers side by side that never meet: each lane works on a sub-block of its own.
pub(super) trait Lanes:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self>
{
    /// How many.
    const COUNT: usize;
    /// One truth value per lane.
    type Mask: Copy;

    /// The same number in every lane.
    fn splat(value: f32) -> Self;
    /// `value(lane)`.
    fn from_fn(value: impl FnMut(usize) -> f32) -> Self;
    /// Writes the lanes to the start of `out`.
    fn store(self, out: &mut [f32; 16]);
    /// Without the sign.
    fn abs(self) -> Self;
    /// `self` where it is larger, else `other`.
    fn max(self, other: Self) -> Self;
    /// `self` where it is smaller, else `other`.
    fn min(self, other: Self) -> Self;
    /// `self < other`.
    fn lt(self, other: Self) -> Self::Mask;
    /// `yes` where the mask holds, else `no`.
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self;
    /// Both masks.
    fn both(a: Self::Mask, b: Self::Mask) -> Self::Mask;
    /// Whether any lane holds.
    fn any(mask: Self::Mask) -> bool;
    /// ggml's `nearest_int` for any finite number, as a float: half to even below 2^22, and whatever the bits say
    /// beyond.
    fn nearest_bits(self) -> Self;

    /// Half to even for magnitudes below 2^22, by pushing the fraction out of the mantissa.
    #[inline(always)]
    fn nearest(self) -> Self {
        let shift = Self::splat(SHIFT);
        (self + shift) - shift
    }

    /// Within `low..=high`.
    #[inline(always)]
    fn clamped(self, low: f32, high: f32) -> Self {
        self.max(Self::splat(low)).min(Self::splat(high))
    }
}

const SHIFT: f32 = 12_582_912.0; // 1.5 * 2^23

/// Rounds half to even for |x| < 2^22.
#[inline(always)]
pub(super) fn nearest(x: f32) -> f32 {
    (x + SHIFT) - SHIFT
}

/// ggml's `nearest_int`, also where its assertion would fail.
#[inline(always)]
pub(super) fn nearest_bits(x: f32) -> i32 {
    ((x + SHIFT).to_bits() & 0x007f_ffff) as i32 - 0x0040_0000
}

/// Eight numbers in whatever registers there are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plain([f32; 8]);

impl Plain {
    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(f32, f32) -> f32) -> Self {
        Self(std::array::from_fn(|lane| f(self.0[lane], other.0[lane])))
    }
}

impl Lanes for Plain {
    const COUNT: usize = 8;
    type Mask = [bool; 8];

    #[inline(always)]
    fn splat(value: f32) -> Self {
        Self([value; 8])
    }

    #[inline(always)]
    fn from_fn(value: impl FnMut(usize) -> f32) -> Self {
        Self(std::array::from_fn(value))
    }

    #[inline(always)]
    fn store(self, out: &mut [f32; 16]) {
        out[..8].copy_from_slice(&self.0);
    }

    #[inline(always)]
    fn abs(self) -> Self {
        Self(self.0.map(f32::abs))
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        self.zip(other, |a, b| if a > b { a } else { b })
    }

    #[inline(always)]
    fn min(self, other: Self) -> Self {
        self.zip(other, |a, b| if a < b { a } else { b })
    }

    #[inline(always)]
    fn lt(self, other: Self) -> [bool; 8] {
        std::array::from_fn(|lane| self.0[lane] < other.0[lane])
    }

    #[inline(always)]
    fn select(mask: [bool; 8], yes: Self, no: Self) -> Self {
        Self(std::array::from_fn(|lane| if mask[lane] { yes.0[lane] } else { no.0[lane] }))
    }

    #[inline(always)]
    fn both(a: [bool; 8], b: [bool; 8]) -> [bool; 8] {
        std::array::from_fn(|lane| a[lane] & b[lane])
    }

    #[inline(always)]
    fn any(mask: [bool; 8]) -> bool {
        mask.iter().fold(false, |any, lane| any | lane)
    }

    #[inline(always)]
    fn nearest_bits(self) -> Self {
        Self(self.0.map(|x| nearest_bits(x) as f32))
    }
}

macro_rules! operators {
    ($lanes:ty, $self:ident, $other:ident, $add:expr, $sub:expr, $mul:expr, $div:expr) => {
        operators!(@ $lanes, $self, $other, Add, add, $add);
        operators!(@ $lanes, $self, $other, Sub, sub, $sub);
        operators!(@ $lanes, $self, $other, Mul, mul, $mul);
        operators!(@ $lanes, $self, $other, Div, div, $div);
    };
    (@ $lanes:ty, $self:ident, $other:ident, $trait:ident, $method:ident, $result:expr) => {
        impl std::ops::$trait for $lanes {
            type Output = Self;
            #[inline(always)]
            fn $method($self, $other: Self) -> Self {
                $result
            }
        }
    };
}

operators!(
    Plain,
    self,
    other,
    self.zip(other, |a, b| a + b),
    self.zip(other, |a, b| a - b),
    self.zip(other, |a, b| a * b),
    self.zip(other, |a, b| a / b)
);

/// Registers of x86-64. The wrappers are private to functions that [`vectorised`] compiles for the level, and inlined
/// into them: that is what makes each intrinsic safe to run.
macro_rules! registers {
    ($module:ident, $name:ident, $register:ident, $count:literal, $mask:ty,
     $set1:ident, $load:ident, $store:ident, $add:ident, $sub:ident, $mul:ident, $div:ident, $max:ident, $min:ident,
     |$a:ident, $b:ident| $lt:expr, |$m:ident, $yes:ident, $no:ident| $select:expr, |$p:ident, $q:ident| $both:expr,
     |$any_of:ident| $any:expr, |$abs_of:ident| $abs:expr, |$bits_of:ident| $nearest_bits:expr) => {
        #[cfg(target_arch = "x86_64")]
        pub(super) mod $module {
            #[allow(clippy::wildcard_imports)]
            use std::arch::x86_64::*;

            use super::{Lanes, SHIFT};

            /// One register.
            #[derive(Debug, Clone, Copy)]
            pub(in super::super) struct $name($register);

            // SAFETY of every block below: see the macro's comment.
            operators!(
                $name,
                self,
                other,
                unsafe { Self($add(self.0, other.0)) },
                unsafe { Self($sub(self.0, other.0)) },
                unsafe { Self($mul(self.0, other.0)) },
                unsafe { Self($div(self.0, other.0)) }
            );

            impl Lanes for $name {
                const COUNT: usize = $count;
                type Mask = $mask;

                #[inline(always)]
                fn splat(value: f32) -> Self {
                    unsafe { Self($set1(value)) }
                }

                #[inline(always)]
                fn from_fn(value: impl FnMut(usize) -> f32) -> Self {
                    let all: [f32; $count] = std::array::from_fn(value);
                    unsafe { Self($load(all.as_ptr())) }
                }

                #[inline(always)]
                fn store(self, out: &mut [f32; 16]) {
                    unsafe { $store(out.as_mut_ptr(), self.0) }
                }

                #[inline(always)]
                fn abs(self) -> Self {
                    let $abs_of = self.0;
                    unsafe { Self($abs) }
                }

                #[inline(always)]
                fn max(self, other: Self) -> Self {
                    unsafe { Self($max(self.0, other.0)) }
                }

                #[inline(always)]
                fn min(self, other: Self) -> Self {
                    unsafe { Self($min(self.0, other.0)) }
                }

                #[inline(always)]
                fn lt(self, other: Self) -> $mask {
                    let ($a, $b) = (self.0, other.0);
                    unsafe { $lt }
                }

                #[inline(always)]
                fn select($m: $mask, yes: Self, no: Self) -> Self {
                    let ($yes, $no) = (yes.0, no.0);
                    unsafe { Self($select) }
                }

                #[inline(always)]
                fn both($p: $mask, $q: $mask) -> $mask {
                    #[allow(unused_unsafe)]
                    unsafe {
                        $both
                    }
                }

                #[inline(always)]
                fn any($any_of: $mask) -> bool {
                    #[allow(unused_unsafe)]
                    unsafe {
                        $any
                    }
                }

                #[inline(always)]
                fn nearest_bits(self) -> Self {
                    let $bits_of = (self + Self::splat(SHIFT)).0;
                    unsafe { Self($nearest_bits) }
                }
            }
        }
    };
}

registers!(
    avx2,
    Eight,
    __m256,
    8,
    __m256,
    _mm256_set1_ps,
    _mm256_loadu_ps,
    _mm256_storeu_ps,
    _mm256_add_ps,
    _mm256_sub_ps,
    _mm256_mul_ps,
    _mm256_div_ps,
    _mm256_max_ps,
    _mm256_min_ps,
    |a, b| _mm256_cmp_ps::<_CMP_LT_OQ>(a, b),
    |mask, yes, no| _mm256_blendv_ps(no, yes, mask),
    |a, b| _mm256_and_ps(a, b),
    |mask| _mm256_movemask_ps(mask) != 0,
    |x| _mm256_andnot_ps(_mm256_set1_ps(-0.0), x),
    |x| _mm256_cvtepi32_ps(_mm256_sub_epi32(
        _mm256_and_si256(_mm256_castps_si256(x), _mm256_set1_epi32(0x007f_ffff)),
        _mm256_set1_epi32(0x0040_0000)
    ))
);

registers!(
    avx512,
    Sixteen,
    __m512,
    16,
    __mmask16,
    _mm512_set1_ps,
    _mm512_loadu_ps,
    _mm512_storeu_ps,
    _mm512_add_ps,
    _mm512_sub_ps,
    _mm512_mul_ps,
    _mm512_div_ps,
    _mm512_max_ps,
    _mm512_min_ps,
    |a, b| _mm512_cmp_ps_mask::<_CMP_LT_OQ>(a, b),
    |mask, yes, no| _mm512_mask_blend_ps(mask, no, yes),
    |a, b| a & b,
    |mask| mask != 0,
    |x| _mm512_abs_ps(x),
    |x| _mm512_cvtepi32_ps(_mm512_sub_epi32(
        _mm512_and_si512(_mm512_castps_si512(x), _mm512_set1_epi32(0x007f_ffff)),
        _mm512_set1_epi32(0x0040_0000)
    ))
);
