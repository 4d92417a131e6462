//! Which instructions the kernels use, found out at run time.

use std::sync::OnceLock;

/// A level of vector instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// 512-bit registers with products of bytes (VNNI).
    Avx512Vnni,
    /// 256-bit registers with FMA and conversions of f16.
    Avx2,
    /// What the compiler makes of plain loops.
    Plain,
}

impl Level {
    /// All levels, best first.
    pub const ALL: [Self; 3] = [Self::Avx512Vnni, Self::Avx2, Self::Plain];

    /// Whether this machine has the level.
    #[must_use]
    pub fn available(self) -> bool {
        match self {
            Self::Plain => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => {
                is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") && is_x86_feature_detected!("f16c")
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Vnni => {
                Self::Avx2.available()
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vnni")
            }
            #[cfg(not(target_arch = "x86_64"))]
            _ => false,
        }
    }

    /// The best level of this machine.
    #[must_use]
    pub fn best() -> Self {
        static BEST: OnceLock<Level> = OnceLock::new();
        *BEST.get_or_init(|| Self::ALL.into_iter().find(|level| level.available()).unwrap_or(Self::Plain))
    }
}
