/// Runs a plain loop compiled for the level of vector instructions that is there.
///
/// The function's body is `#[inline(always)]`, so that each of the three wrappers holds its own copy of it. Rust never
/// fuses a multiplication with an addition by itself: all copies give the same bits.
macro_rules! simd {
    ($isa:expr, $body:ident $(::<$($t:ty),+>)? ($($arg:expr),* $(,)?)) => {{
        #[cfg(target_arch = "x86_64")]
        {
            use $crate::train::engine::cpu::isa::Isa;
            match $isa {
                // SAFETY: the level is available: whoever made the engine asked.
                Isa::Amx | Isa::Avx512Bf16 | Isa::Avx512 => unsafe {
                    $crate::train::engine::cpu::simd::avx512(|| $body $(::<$($t),+>)? ($($arg),*))
                },
                // SAFETY: as above.
                Isa::Avx2 => unsafe {
                    $crate::train::engine::cpu::simd::avx2(|| $body $(::<$($t),+>)? ($($arg),*))
                },
                Isa::Plain => $body $(::<$($t),+>)? ($($arg),*),
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        {
            let _ = $isa;
            $body $(::<$($t),+>)? ($($arg),*)
        }
    }};
}

pub(crate) use simd;

/// Compiles `f` into a function that may use 512-bit registers.
///
/// # Safety
/// The machine has them.
#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx2,fma")]
pub unsafe fn avx512<R>(f: impl FnOnce() -> R) -> R {
    f()
}

/// Compiles `f` into a function that may use 256-bit registers.
///
/// # Safety
/// The machine has them.
#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx2,fma")]
pub unsafe fn avx2<R>(f: impl FnOnce() -> R) -> R {
    f()
}
