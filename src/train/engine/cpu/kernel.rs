//! Micro-kernels: one block of a product in registers.
//!
//! A panel of bf16 is `[kc / 2][32]` pairs, two consecutive values of the reduced dimension beside each other; a panel
//! of f32 is `[kc][32]`. Every sum runs over the pieces in order and stays in registers from the first to the last,
//! whatever the level, so that the result does not depend on how blocks are shared out.

use super::element::{Bf16, NR, Piece};
use super::isa::Isa;

/// # Safety
/// As [`super::element::Element::block`].
pub unsafe fn block_bf16(isa: Isa, pieces: &[Piece<Bf16>], c: *mut f32, ldc: usize, rows: usize, add: bool) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the caller promised the level and the extents.
    unsafe {
        match isa {
            Isa::Amx => {
                for row in (0..rows).step_by(32) {
                    x86::tiles(pieces, row, c.add(row * ldc), ldc, add);
                }
            }
            _ => x86::pairs_512(pieces, c, ldc, rows, add),
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        let _ = (isa, pieces, c, ldc, rows, add);
        unreachable!("products of bf16 are only made where there are instructions for them");
    }
}

/// # Safety
/// As [`super::element::Element::block`].
pub unsafe fn block_f32(isa: Isa, pieces: &[Piece<f32>], c: *mut f32, ldc: usize, rows: usize, add: bool) {
    // SAFETY: the caller promised the level and the extents.
    unsafe {
        match isa {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 | Isa::Amx | Isa::Avx512Bf16 => x86::f32_512(pieces, c, ldc, rows, add),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => x86::f32_256(pieces, c, ldc, rows, add),
            _ => plain(pieces, c, ldc, rows, add),
        }
    }
}

/// Loops that every compiler can vectorise: 4 rows of 16 columns at a time.
unsafe fn plain(pieces: &[Piece<f32>], c: *mut f32, ldc: usize, rows: usize, add: bool) {
    for (row, half) in (0..rows).step_by(4).flat_map(|row| [(row, 0), (row, 16)]) {
        let mut sums = [[0f32; 16]; 4];
        for piece in pieces {
            for k in 0..piece.kc {
                // SAFETY: within the extents the caller promised.
                let b = unsafe { &*piece.panel.add(k * NR + half).cast::<[f32; 16]>() };
                for (r, sums) in sums.iter_mut().enumerate() {
                    // SAFETY: as above.
                    let x = unsafe { *piece.a.add((row + r) * piece.lda + k) };
                    for (sum, &b) in sums.iter_mut().zip(b) {
                        *sum += x * b;
                    }
                }
            }
        }
        for (r, sums) in sums.iter().enumerate() {
            // SAFETY: as above.
            let out = unsafe { &mut *c.add((row + r) * ldc + half).cast::<[f32; 16]>() };
            for (out, &sum) in out.iter_mut().zip(sums) {
                *out = if add { *out + sum } else { sum };
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::{Bf16, NR, Piece};

    /// 32 rows from `row` on: four tiles of 16 × 16 sums, 32 values of the reduced dimension a turn.
    ///
    /// Tile instructions are written out because the intrinsics are not stable. The compiler itself never uses tile
    /// registers, so they keep their contents between the pieces; [`super::Tiles`] has set their shapes on this
    /// thread. Sums are not put down between pieces: loading a tile that was just stored waits for the store.
    pub unsafe fn tiles(pieces: &[Piece<Bf16>], row: usize, c: *mut f32, ldc: usize, add: bool) {
        // SAFETY: 32 rows of every left operand and of C, and all panels are there, as the caller promised.
        unsafe {
            let (c0, c1) = (c, c.add(16 * ldc));
            if add {
                std::arch::asm!(
                    "tileloadd tmm0, [{c0} + {ldc}]",
                    "tileloadd tmm1, [{c0} + {ldc} + 64]",
                    "tileloadd tmm2, [{c1} + {ldc}]",
                    "tileloadd tmm3, [{c1} + {ldc} + 64]",
                    c0 = in(reg) c0, c1 = in(reg) c1, ldc = in(reg) ldc * 4,
                    options(nostack, readonly)
                );
            } else {
                std::arch::asm!(
                    "tilezero tmm0",
                    "tilezero tmm1",
                    "tilezero tmm2",
                    "tilezero tmm3",
                    options(nostack, nomem)
                );
            }
            for piece in pieces {
                let a = piece.a.add(row * piece.lda);
                std::arch::asm!(
                    "2:",
                    "tileloadd tmm4, [{a0} + {lda}]",
                    "tileloadd tmm6, [{b} + {ldb}]",
                    "tdpbf16ps tmm0, tmm4, tmm6",
                    "tileloadd tmm7, [{b} + {ldb} + 64]",
                    "tdpbf16ps tmm1, tmm4, tmm7",
                    "tileloadd tmm5, [{a1} + {lda}]",
                    "tdpbf16ps tmm2, tmm5, tmm6",
                    "tdpbf16ps tmm3, tmm5, tmm7",
                    "add {a0}, 64",
                    "add {a1}, 64",
                    "add {b}, 2048",
                    "dec {n}",
                    "jnz 2b",
                    a0 = inout(reg) a => _,
                    a1 = inout(reg) a.add(16 * piece.lda) => _,
                    b = inout(reg) piece.panel => _,
                    n = inout(reg) piece.kc / 32 => _,
                    lda = in(reg) piece.lda * 2,
                    ldb = in(reg) 128usize,
                    options(nostack, readonly)
                );
            }
            std::arch::asm!(
                "tilestored [{c0} + {ldc}], tmm0",
                "tilestored [{c0} + {ldc} + 64], tmm1",
                "tilestored [{c1} + {ldc}], tmm2",
                "tilestored [{c1} + {ldc} + 64], tmm3",
                c0 = in(reg) c0, c1 = in(reg) c1, ldc = in(reg) ldc * 4,
                options(nostack)
            );
        }
    }

    /// Rows by twelves, then what is left by eights and fours.
    macro_rules! by_rows {
        ($name:ident, $kernel:ident, $element:ty, $features:literal) => {
            #[target_feature(enable = $features)]
            pub unsafe fn $name(pieces: &[Piece<$element>], c: *mut f32, ldc: usize, rows: usize, add: bool) {
                let mut row = 0;
                while row < rows {
                    // SAFETY: `row` and the rows of the kernel stay within `rows`.
                    row += unsafe {
                        let c = c.add(row * ldc);
                        match rows - row {
                            12.. => $kernel::<12>(pieces, row, c, ldc, add),
                            8.. => $kernel::<8>(pieces, row, c, ldc, add),
                            _ => $kernel::<4>(pieces, row, c, ldc, add),
                        }
                    };
                }
            }
        };
    }

    by_rows!(pairs_512, pairs_512_rows, Bf16, "avx512f,avx512bf16,avx512bw,avx512vl,avx512dq");
    by_rows!(f32_512, f32_512_rows, f32, "avx512f,avx512bw,avx512vl,avx512dq");
    by_rows!(f32_256, f32_256_rows, f32, "avx2,fma");

    #[inline]
    #[target_feature(enable = "avx512f,avx512bf16,avx512bw,avx512vl,avx512dq")]
    unsafe fn pairs_512_rows<const R: usize>(
        pieces: &[Piece<Bf16>],
        row: usize,
        c: *mut f32,
        ldc: usize,
        add: bool,
    ) -> usize {
        // SAFETY: R rows of every left operand and of C, and all panels are there, as the caller promised.
        unsafe {
            let mut sums = [[_mm512_setzero_ps(); 2]; R];
            for piece in pieces {
                let a = piece.a.add(row * piece.lda);
                let mut b = piece.panel.cast::<i32>();
                for p in 0..piece.kc / 2 {
                    let b0: __m512bh = std::mem::transmute(_mm512_loadu_si512(b.cast()));
                    let b1: __m512bh = std::mem::transmute(_mm512_loadu_si512(b.add(16).cast()));
                    for (r, sum) in sums.iter_mut().enumerate() {
                        let pair = a.add(r * piece.lda + 2 * p).cast::<i32>().read_unaligned();
                        let x: __m512bh = std::mem::transmute(_mm512_set1_epi32(pair));
                        sum[0] = _mm512_dpbf16_ps(sum[0], x, b0);
                        sum[1] = _mm512_dpbf16_ps(sum[1], x, b1);
                    }
                    b = b.add(NR);
                }
            }
            put_512(&sums, c, ldc, add);
        }
        R
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq")]
    unsafe fn f32_512_rows<const R: usize>(
        pieces: &[Piece<f32>],
        row: usize,
        c: *mut f32,
        ldc: usize,
        add: bool,
    ) -> usize {
        // SAFETY: R rows of every left operand and of C, and all panels are there, as the caller promised.
        unsafe {
            let mut sums = [[_mm512_setzero_ps(); 2]; R];
            for piece in pieces {
                let a = piece.a.add(row * piece.lda);
                let mut b = piece.panel;
                for k in 0..piece.kc {
                    let (b0, b1) = (_mm512_loadu_ps(b), _mm512_loadu_ps(b.add(16)));
                    for (r, sum) in sums.iter_mut().enumerate() {
                        let x = _mm512_set1_ps(*a.add(r * piece.lda + k));
                        sum[0] = _mm512_fmadd_ps(x, b0, sum[0]);
                        sum[1] = _mm512_fmadd_ps(x, b1, sum[1]);
                    }
                    b = b.add(NR);
                }
            }
            put_512(&sums, c, ldc, add);
        }
        R
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn put_512<const R: usize>(sums: &[[__m512; 2]; R], c: *mut f32, ldc: usize, add: bool) {
        for (r, sum) in sums.iter().enumerate() {
            for (half, &sum) in sum.iter().enumerate() {
                // SAFETY: R rows of C are there.
                unsafe {
                    let at = c.add(r * ldc + 16 * half);
                    let sum = if add { _mm512_add_ps(_mm512_loadu_ps(at), sum) } else { sum };
                    _mm512_storeu_ps(at, sum);
                }
            }
        }
    }

    /// Two passes of 16 columns over four rows at a time: sixteen registers hold no more.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    unsafe fn f32_256_rows<const R: usize>(
        pieces: &[Piece<f32>],
        row: usize,
        c: *mut f32,
        ldc: usize,
        add: bool,
    ) -> usize {
        // SAFETY: R rows of every left operand and of C, and all panels are there, as the caller promised.
        unsafe {
            for (first, half) in (0..R).step_by(4).flat_map(|r| [(r, 0), (r, 16)]) {
                let mut sums = [[_mm256_setzero_ps(); 2]; 4];
                for piece in pieces {
                    let a = piece.a.add((row + first) * piece.lda);
                    let mut b = piece.panel.add(half);
                    for k in 0..piece.kc {
                        let (b0, b1) = (_mm256_loadu_ps(b), _mm256_loadu_ps(b.add(8)));
                        for (r, sum) in sums.iter_mut().enumerate() {
                            let x = _mm256_set1_ps(*a.add(r * piece.lda + k));
                            sum[0] = _mm256_fmadd_ps(x, b0, sum[0]);
                            sum[1] = _mm256_fmadd_ps(x, b1, sum[1]);
                        }
                        b = b.add(NR);
                    }
                }
                for (r, sum) in sums.iter().enumerate() {
                    for (eight, &sum) in sum.iter().enumerate() {
                        let at = c.add((first + r) * ldc + half + 8 * eight);
                        let sum = if add { _mm256_add_ps(_mm256_loadu_ps(at), sum) } else { sum };
                        _mm256_storeu_ps(at, sum);
                    }
                }
            }
        }
        R
    }
}

/// The shapes of all tiles on this thread, released when dropped.
pub struct Tiles(bool);

impl Tiles {
    /// Sets eight tiles of 16 rows of 64 bytes when `isa` has tiles.
    pub fn configure(isa: Isa) -> Self {
        #[cfg(target_arch = "x86_64")]
        if isa == Isa::Amx {
            #[repr(C, align(64))]
            struct Configuration {
                palette: u8,
                start_row: u8,
                reserved: [u8; 14],
                bytes: [u16; 16],
                rows: [u8; 16],
            }
            let mut c = Configuration { palette: 1, start_row: 0, reserved: [0; 14], bytes: [0; 16], rows: [0; 16] };
            c.bytes[..8].fill(64);
            c.rows[..8].fill(16);
            // SAFETY: the process has the right to tiles (`Isa::available`), and the 64 bytes are a valid palette.
            unsafe { std::arch::asm!("ldtilecfg [{}]", in(reg) &raw const c, options(nostack, readonly)) };
            return Self(true);
        }
        let _ = isa;
        Self(false)
    }
}

impl Drop for Tiles {
    fn drop(&mut self) {
        #[cfg(target_arch = "x86_64")]
        if self.0 {
            // SAFETY: gives the registers back; nothing reads them afterwards.
            unsafe { std::arch::asm!("tilerelease", options(nostack, nomem)) };
        }
    }
}
