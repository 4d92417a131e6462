//! One plain loop, compiled for each level of vector instructions and chosen when it runs.
//!
//! Rust never fuses a product with a sum by itself and never reorders one, so all copies give the same bits.

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
macro_rules! vectorised {
    ($level:expr, $body:ident($($arg:ident: $type:ty),*) -> $ret:ty) => {{
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx2")]
        fn avx512($($arg: $type),*) -> $ret {
            $body($($arg),*)
        }
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx2")]
        fn avx2($($arg: $type),*) -> $ret {
            $body($($arg),*)
        }
        match $level {
            $crate::gguf::lanes::Level::Plain => $body($($arg),*),
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
