//! The two number formats that products are made in.

use super::buffer::Plain;
use super::isa::Isa;
use super::kernel;

/// Columns of a panel: two registers of 16 f32.
pub const NR: usize = 32;
/// Rows that every left operand is padded to, so that kernels never meet a torn block.
pub const ROWS: usize = 32;
/// The reduced dimension is padded to this many elements with zeros.
pub const STEP: usize = 32;

/// bf16 as its bits.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct Bf16(pub u16);
impl Plain for Bf16 {}

impl Bf16 {
    #[inline(always)]
    pub fn from_f32(x: f32) -> Self {
        let bits = x.to_bits();
        // To nearest, ties to even. A NaN with a long payload would be carried over into zero: it becomes the quiet one.
        let rounded = (bits.wrapping_add(0x7FFF + ((bits >> 16) & 1)) >> 16) as u16;
        Self(if bits & 0x7FFF_FFFF > 0x7F80_0000 { 0x7FC0 } else { rounded })
    }

    #[inline(always)]
    pub fn to_f32(self) -> f32 {
        f32::from_bits(u32::from(self.0) << 16)
    }
}

/// A number format of left operands and panels.
pub trait Element: Plain + Default {
    fn of(x: f32) -> Self;
    fn wide(self) -> f32;

    /// One block: `c [rows, 32] (+)= Σ a_i [rows, kc_i] · panel_i [kc_i, 32]`, the sums in registers throughout.
    ///
    /// # Safety
    /// Every `a` has `rows` rows with `kc` readable, every panel `32 · kc`, `c` has `rows` rows of `ldc` with 32
    /// writable, `rows` is a multiple of 4 and for tiles of 32, every `kc` is a multiple of [`STEP`], and `isa` is
    /// available.
    unsafe fn block(isa: Isa, pieces: &[Piece<Self>], c: *mut f32, ldc: usize, rows: usize, add: bool);
}

/// A part of the reduced dimension: rows of a left operand and a packed panel.
#[derive(Clone, Copy)]
pub struct Piece<E> {
    /// Length; a multiple of [`STEP`].
    pub kc: usize,
    /// First row.
    pub a: *const E,
    /// In elements.
    pub lda: usize,
    /// `[kc, 32]`.
    pub panel: *const E,
}

impl Element for f32 {
    #[inline(always)]
    fn of(x: f32) -> Self {
        x
    }

    #[inline(always)]
    fn wide(self) -> f32 {
        self
    }

    #[inline]
    unsafe fn block(isa: Isa, pieces: &[Piece<Self>], c: *mut f32, ldc: usize, rows: usize, add: bool) {
        // SAFETY: the caller's promises are the kernels' own.
        unsafe { kernel::block_f32(isa, pieces, c, ldc, rows, add) }
    }
}

impl Element for Bf16 {
    #[inline(always)]
    fn of(x: f32) -> Self {
        Self::from_f32(x)
    }

    #[inline(always)]
    fn wide(self) -> f32 {
        self.to_f32()
    }

    #[inline]
    unsafe fn block(isa: Isa, pieces: &[Piece<Self>], c: *mut f32, ldc: usize, rows: usize, add: bool) {
        // SAFETY: the caller's promises are the kernels' own.
        unsafe { kernel::block_bf16(isa, pieces, c, ldc, rows, add) }
    }
}

/// The padded width of a row of `k` elements as a left operand.
///
/// Rows a multiple of 2 KiB apart fall into few sets of the cache; one line more spreads them.
pub const fn padded(k: usize) -> usize {
    let k = k.next_multiple_of(STEP);
    if k.is_multiple_of(1024) { k + STEP } else { k }
}
