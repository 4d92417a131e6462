//! Which instructions the products use, found out at run time.

/// A level of vector instructions, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isa {
    /// Intel's tiles: 16 × 16 sums of bf16 pairs an instruction.
    Amx,
    /// `vdpbf16ps` on 512-bit registers.
    Avx512Bf16,
    /// f32 on 512-bit registers.
    Avx512,
    /// f32 on 256-bit registers with FMA.
    Avx2,
    /// What the compiler makes of plain loops.
    Plain,
}

impl Isa {
    /// All levels, best first.
    pub const ALL: [Self; 5] = [Self::Amx, Self::Avx512Bf16, Self::Avx512, Self::Avx2, Self::Plain];

    /// Whether this machine, and for tiles this process, may use the level.
    #[must_use]
    pub fn available(self) -> bool {
        match self {
            Self::Plain => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => {
                Self::Avx2.available()
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512dq")
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Bf16 => Self::Avx512.available() && is_x86_feature_detected!("avx512bf16"),
            #[cfg(target_arch = "x86_64")]
            Self::Amx => Self::Avx512Bf16.available() && tiles_permitted(),
            #[cfg(not(target_arch = "x86_64"))]
            _ => false,
        }
    }

    /// The best level for products of bf16; `None` where there is none and f32 has to do.
    #[must_use]
    pub fn best_bf16() -> Option<Self> {
        [Self::Amx, Self::Avx512Bf16].into_iter().find(|isa| isa.available())
    }

    /// The best level for products of f32.
    #[must_use]
    pub fn best_f32() -> Self {
        [Self::Avx512, Self::Avx2].into_iter().find(|isa| isa.available()).unwrap_or(Self::Plain)
    }
}

/// Asks the CPU for tiles and Linux for the right to their registers, once per process.
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
fn tiles_permitted() -> bool {
    use std::sync::OnceLock;
    static PERMITTED: OnceLock<bool> = OnceLock::new();
    *PERMITTED.get_or_init(|| {
        // CPUID leaf 7: EDX bit 22 is AMX-BF16, bit 24 AMX-TILE.
        let edx = std::arch::x86_64::__cpuid_count(7, 0).edx;
        if edx & (1 << 22) == 0 || edx & (1 << 24) == 0 {
            return false;
        }
        // arch_prctl(ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA); see the kernel's Documentation/arch/x86/xstate.rst.
        const ARCH_PRCTL: i64 = 158;
        const ARCH_REQ_XCOMP_PERM: u64 = 0x1023;
        const XTILEDATA: u64 = 18;
        let mut result = ARCH_PRCTL;
        // SAFETY: a system call that only grants this process the use of registers it does not use yet.
        unsafe {
            std::arch::asm!(
                "syscall",
                inlateout("rax") result,
                in("rdi") ARCH_REQ_XCOMP_PERM,
                in("rsi") XTILEDATA,
                out("rcx") _,
                out("r11") _,
                options(nostack)
            );
        }
        result == 0
    })
}

#[cfg(all(target_arch = "x86_64", not(target_os = "linux")))]
fn tiles_permitted() -> bool {
    false
}
