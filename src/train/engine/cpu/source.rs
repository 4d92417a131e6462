//! Right operands: where panels come from.
//!
//! A right operand is a matrix of rows in whatever format it is stored in. It is widened while a panel is packed, so
//! that a quantised weight costs a product nothing but the packing, and one stored copy serves both directions:
//! `y = x Wᵀ` ([`Way::Transposed`], columns of the product are rows of W) and `dx = dy W` ([`Way::Plain`]).

use super::element::{Bf16, Element, NR, STEP};
use super::frozen::Frozen;
use super::isa::Isa;
use super::pack;

/// Which way round a right operand is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The product's columns are the operand's rows.
    Transposed,
    /// The product's columns are the operand's columns.
    Plain,
}

/// A right operand.
#[derive(Clone, Copy)]
pub enum Source<'a, E> {
    /// A weight that is not trained.
    Frozen(&'a Frozen),
    /// f32 rows, scaled while read: adapters.
    Dense { data: &'a [f32], rows: usize, columns: usize, scale: f32 },
    /// Rows of activations, `stride` apart.
    Rows { data: *const E, rows: usize, columns: usize, stride: usize },
    /// Panels packed before, `pitch` elements apart; the sum runs over `depth` of each.
    Panels { data: *const E, depth: usize, pitch: usize },
}

// SAFETY: the pointer of `Rows` is only read, and outlives the product it is part of.
unsafe impl<E: Element> Sync for Source<'_, E> {}
// SAFETY: as above.
unsafe impl<E: Element> Send for Source<'_, E> {}

impl<E: Element + Packed> Source<'_, E> {
    pub fn rows(&self) -> usize {
        match self {
            Self::Frozen(w) => w.rows(),
            Self::Dense { rows, .. } | Self::Rows { rows, .. } => *rows,
            Self::Panels { depth, .. } => *depth,
        }
    }

    pub fn columns(&self) -> usize {
        match self {
            Self::Frozen(w) => w.columns(),
            Self::Dense { columns, .. } | Self::Rows { columns, .. } => *columns,
            Self::Panels { depth, .. } => *depth,
        }
    }

    /// Writes `len` values of one row from `column` on; what lies beyond the last column is zero.
    fn read(&self, isa: Isa, row: usize, column: usize, out: &mut [E]) {
        let there = out.len().min(self.columns().saturating_sub(column));
        let (out, beyond) = out.split_at_mut(there);
        match self {
            Self::Frozen(w) => E::read_frozen(isa, w, row, column, out),
            Self::Dense { data, columns, scale, .. } => {
                let from = &data[row * columns + column..][..there];
                pack::narrow_scaled(isa, from, *scale, out);
            }
            Self::Rows { data, stride, .. } => {
                // SAFETY: `row` and the columns are within the extents given when the operand was made.
                out.copy_from_slice(unsafe { std::slice::from_raw_parts(data.add(row * stride + column), there) });
            }
            Self::Panels { .. } => unreachable!("panels are not packed again"),
        }
        beyond.fill(E::default());
    }

    /// Rows that can be packed where they lie: a pointer to the first element and the stride.
    fn direct(&self, row: usize, rows: usize, column: usize, columns: usize) -> Option<(*const E, usize)> {
        if row + rows > self.rows() || column + columns > self.columns() {
            return None;
        }
        match self {
            Self::Frozen(w) => E::direct(w, row, column),
            // SAFETY: within the extents.
            Self::Rows { data, stride, .. } => Some((unsafe { data.add(row * stride + column) }, *stride)),
            Self::Dense { .. } | Self::Panels { .. } => None,
        }
    }

    /// The panel at `column` from `k` on, when it is packed already.
    pub fn packed(&self, column: usize, k: usize) -> Option<*const E> {
        match self {
            // SAFETY: within the panels the operand was made of.
            Self::Panels { data, pitch, .. } => Some(unsafe { data.add(column / NR * pitch + k * NR) }),
            _ => None,
        }
    }

    /// Packs columns `column .. column + 32` of the product's right side over `k .. k + kc`, zeros beyond the edges.
    ///
    /// `scratch` holds `32 · kc` elements.
    #[allow(clippy::too_many_arguments, reason = "a panel has a place, a size, and two buffers")]
    pub fn pack(&self, isa: Isa, way: Way, column: usize, k: usize, kc: usize, panel: &mut [E], scratch: &mut [E]) {
        debug_assert!(kc.is_multiple_of(STEP) && panel.len() >= NR * kc && scratch.len() >= NR * kc);
        match way {
            Way::Transposed => {
                if let Some((from, stride)) = self.direct(column, NR, k, kc) {
                    // SAFETY: `direct` checked the extents.
                    unsafe { E::pack_transposed(isa, from, stride, kc, panel) };
                    return;
                }
                let there = NR.min(self.rows().saturating_sub(column));
                for (i, row) in scratch.chunks_exact_mut(kc).take(NR).enumerate() {
                    if i < there {
                        self.read(isa, column + i, k, row);
                    } else {
                        row.fill(E::default());
                    }
                }
                // SAFETY: the scratch holds 32 rows of `kc`.
                unsafe { E::pack_transposed(isa, scratch.as_ptr(), kc, kc, panel) };
            }
            Way::Plain => {
                if let Some((from, stride)) = self.direct(k, kc, column, NR) {
                    // SAFETY: `direct` checked the extents.
                    unsafe { E::pack_plain(isa, from, stride, kc, panel) };
                    return;
                }
                let there = kc.min(self.rows().saturating_sub(k));
                for (i, row) in scratch.chunks_exact_mut(NR).take(kc).enumerate() {
                    if i < there {
                        self.read(isa, k + i, column, row);
                    } else {
                        row.fill(E::default());
                    }
                }
                // SAFETY: the scratch holds `kc` rows of 32.
                unsafe { E::pack_plain(isa, scratch.as_ptr(), NR, kc, panel) };
            }
        }
    }
}

/// How a format is laid out in panels, and which weights it can read in place.
pub trait Packed: Sized {
    /// A pointer to a stored weight's values when they are stored in this format.
    fn direct(weight: &Frozen, row: usize, column: usize) -> Option<(*const Self, usize)>;

    /// 32 rows of `kc` values, `stride` apart, to a panel whose columns are those rows.
    ///
    /// # Safety
    /// All rows are readable, `panel` holds `32 · kc`, `kc` is a multiple of [`STEP`].
    unsafe fn pack_transposed(isa: Isa, from: *const Self, stride: usize, kc: usize, panel: &mut [Self]);

    /// `kc` rows of 32 values, `stride` apart, to a panel with those columns.
    ///
    /// # Safety
    /// As [`Packed::pack_transposed`].
    unsafe fn pack_plain(isa: Isa, from: *const Self, stride: usize, kc: usize, panel: &mut [Self]);

    /// Transposes 32 × 32 values.
    ///
    /// # Safety
    /// 32 rows of 32 on both sides.
    unsafe fn turn_block(isa: Isa, from: *const Self, stride: usize, to: *mut Self, to_stride: usize);

    /// Values of a frozen weight, all within one row.
    fn read_frozen(isa: Isa, weight: &Frozen, row: usize, column: usize, out: &mut [Self]);
}

impl Packed for f32 {
    fn direct(weight: &Frozen, row: usize, column: usize) -> Option<(*const Self, usize)> {
        match weight {
            Frozen::F32 { data, columns, .. } => Some((data[row * columns + column..].as_ptr(), *columns)),
            _ => None,
        }
    }

    unsafe fn pack_transposed(isa: Isa, from: *const Self, stride: usize, kc: usize, panel: &mut [Self]) {
        #[cfg(target_arch = "x86_64")]
        if !matches!(isa, Isa::Plain | Isa::Avx2) {
            for k in (0..kc).step_by(16) {
                for half in [0, 16] {
                    // SAFETY: 16 rows of 16 values and as many places in the panel, within the promised extents.
                    unsafe {
                        pack::x86::transpose_16(
                            from.add(half * stride + k).cast(),
                            stride,
                            panel.as_mut_ptr().add(k * NR + half).cast(),
                            NR,
                        );
                    }
                }
            }
            return;
        }
        let _ = isa;
        for j in 0..NR {
            for k in 0..kc {
                // SAFETY: within the promised extents.
                panel[k * NR + j] = unsafe { *from.add(j * stride + k) };
            }
        }
    }

    unsafe fn pack_plain(_: Isa, from: *const Self, stride: usize, kc: usize, panel: &mut [Self]) {
        for (k, row) in panel.chunks_exact_mut(NR).take(kc).enumerate() {
            // SAFETY: within the promised extents.
            row.copy_from_slice(unsafe { std::slice::from_raw_parts(from.add(k * stride), NR) });
        }
    }

    unsafe fn turn_block(isa: Isa, from: *const Self, stride: usize, to: *mut Self, to_stride: usize) {
        #[cfg(target_arch = "x86_64")]
        if !matches!(isa, Isa::Plain | Isa::Avx2) {
            for (r, c) in [(0, 0), (0, 16), (16, 0), (16, 16)] {
                // SAFETY: 16 rows of 16 on both sides, by the caller's promise.
                unsafe {
                    pack::x86::transpose_16(
                        from.add(r * stride + c).cast(),
                        stride,
                        to.add(c * to_stride + r).cast(),
                        to_stride,
                    );
                }
            }
            return;
        }
        let _ = isa;
        for r in 0..32 {
            for c in 0..32 {
                // SAFETY: the caller's promise.
                unsafe { *to.add(c * to_stride + r) = *from.add(r * stride + c) };
            }
        }
    }

    fn read_frozen(_: Isa, weight: &Frozen, row: usize, column: usize, out: &mut [Self]) {
        weight.read_f32(row, column, out);
    }
}

impl Packed for Bf16 {
    fn direct(weight: &Frozen, row: usize, column: usize) -> Option<(*const Self, usize)> {
        match weight {
            // Pairs are read as words: an odd stride would tear them.
            Frozen::Bf16 { data, columns, .. } if columns.is_multiple_of(2) => {
                Some((data[row * columns + column..].as_ptr(), *columns))
            }
            _ => None,
        }
    }

    unsafe fn pack_transposed(_: Isa, from: *const Self, stride: usize, kc: usize, panel: &mut [Self]) {
        #[cfg(target_arch = "x86_64")]
        for k in (0..kc).step_by(32) {
            for half in [0, 16] {
                // SAFETY: 16 rows of 16 pairs and as many places in the panel, within the promised extents.
                unsafe {
                    pack::x86::transpose_16(
                        from.add(half * stride + k).cast(),
                        // In pairs; strides of activations and weights are even because rows are padded.
                        stride / 2,
                        panel.as_mut_ptr().cast::<u32>().add(k / 2 * NR + half),
                        NR,
                    );
                }
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        for j in 0..NR {
            for k in 0..kc {
                // SAFETY: within the promised extents.
                panel[(k / 2 * NR + j) * 2 + k % 2] = unsafe { *from.add(j * stride + k) };
            }
        }
    }

    unsafe fn pack_plain(_: Isa, from: *const Self, stride: usize, kc: usize, panel: &mut [Self]) {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `kc` rows of 32 and the panel are there; formats of 16 bits are only used with AVX-512.
        unsafe {
            pack::x86::interleave(from, stride, kc, panel.as_mut_ptr());
        }
        #[cfg(not(target_arch = "x86_64"))]
        for k in 0..kc {
            for j in 0..NR {
                // SAFETY: within the promised extents.
                panel[(k / 2 * NR + j) * 2 + k % 2] = unsafe { *from.add(k * stride + j) };
            }
        }
    }

    unsafe fn turn_block(_: Isa, from: *const Self, stride: usize, to: *mut Self, to_stride: usize) {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: 32 rows of 32 on both sides, strides even because rows are padded.
        unsafe {
            // Pairs of rows first: a pair is then a word, and words are transposed.
            let mut pairs = [Self::default(); 1024];
            pack::x86::interleave(from, stride, 32, pairs.as_mut_ptr());
            for c in [0, 16] {
                pack::x86::transpose_16(
                    pairs.as_ptr().cast::<u32>().add(c),
                    NR,
                    to.add(c * to_stride).cast(),
                    to_stride / 2,
                );
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        for r in 0..32 {
            for c in 0..32 {
                // SAFETY: the caller's promise.
                unsafe { *to.add(c * to_stride + r) = *from.add(r * stride + c) };
            }
        }
    }

    fn read_frozen(isa: Isa, weight: &Frozen, row: usize, column: usize, out: &mut [Self]) {
        weight.read_bf16(isa, row, column, out);
    }
}
