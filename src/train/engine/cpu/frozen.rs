//! Weights that are not trained, stored once in the format they were asked for.

use super::buffer::Buffer;
use super::element::{Bf16, Element};
use super::isa::Isa;
use super::pack;
use super::stored::Stored;
use crate::gguf::GgmlType;
use crate::gguf::names::RowOrder;
use crate::train::blocks::{Nf4, Q8_0};

/// A weight `[rows, columns]`, row-major.
pub enum Frozen {
    /// 4 bytes a weight.
    F32 { data: Vec<f32>, rows: usize, columns: usize },
    /// 2 bytes a weight.
    Bf16 { data: Buffer<Bf16>, rows: usize, columns: usize },
    /// ggml's blocks of 32 bytes with one f16 scale.
    Q8_0(Q8_0),
    /// QLoRA's blocks of 64 half-bytes.
    Nf4(Nf4),
    /// Any of ggml's blocks, read where a file has them.
    Stored(Stored),
}

impl Frozen {
    pub fn rows(&self) -> usize {
        match self {
            Self::F32 { rows, .. } | Self::Bf16 { rows, .. } => *rows,
            Self::Q8_0(w) => w.rows(),
            Self::Nf4(w) => w.rows(),
            Self::Stored(w) => w.rows(),
        }
    }

    pub fn columns(&self) -> usize {
        match self {
            Self::F32 { columns, .. } | Self::Bf16 { columns, .. } => *columns,
            Self::Q8_0(w) => w.columns(),
            Self::Nf4(w) => w.columns(),
            Self::Stored(w) => w.columns(),
        }
    }

    /// The bytes as rows of ggml's blocks, in the order of [`Frozen::order`]; `None` where they lie otherwise.
    pub fn blocks(&self) -> Option<(GgmlType, &[u8])> {
        match self {
            // SAFETY: numbers are their bytes.
            Self::F32 { data, .. } => Some((GgmlType::F32, unsafe { bytes_of(data) })),
            // SAFETY: as above.
            Self::Bf16 { data, .. } => Some((GgmlType::BF16, unsafe { bytes_of(data) })),
            Self::Stored(w) => Some((w.ggml_type(), w.bytes())),
            Self::Q8_0(_) | Self::Nf4(_) => None,
        }
    }

    /// Where rows lie in [`Frozen::blocks`].
    pub fn order(&self) -> RowOrder {
        match self {
            Self::Stored(w) => w.order(),
            _ => RowOrder::default(),
        }
    }

    /// Whether every weight is a number; blocks refuse others when they are made, and files are checked by whoever
    /// uses them, because that reads all of them.
    pub fn is_finite(&self) -> bool {
        match self {
            Self::F32 { data, .. } => data.iter().all(|x| x.is_finite()),
            Self::Bf16 { data, .. } => data.iter().all(|x| x.0 & 0x7F80 != 0x7F80),
            Self::Q8_0(_) | Self::Nf4(_) | Self::Stored(_) => true,
        }
    }

    /// Values of one row from `column` on, exactly as stored.
    pub fn read_f32(&self, row: usize, column: usize, out: &mut [f32]) {
        let at = row * self.columns() + column;
        match self {
            Self::F32 { data, .. } => out.copy_from_slice(&data[at..][..out.len()]),
            Self::Bf16 { data, .. } => {
                for (out, x) in out.iter_mut().zip(&data[at..]) {
                    *out = x.to_f32();
                }
            }
            Self::Q8_0(w) => w.dequantize_into(at..at + out.len(), out),
            Self::Nf4(w) => w.dequantize_into(at..at + out.len(), out),
            Self::Stored(w) => w.read(row, column, out),
        }
    }

    /// The same values rounded to bf16, as bitsandbytes rounds a block it has widened.
    pub fn read_bf16(&self, isa: Isa, row: usize, column: usize, out: &mut [Bf16]) {
        match self {
            Self::F32 { data, columns, .. } => pack::narrow(isa, &data[row * columns + column..][..out.len()], out),
            Self::Bf16 { data, columns, .. } => out.copy_from_slice(&data[row * columns + column..][..out.len()]),
            Self::Q8_0(w) => {
                #[cfg(target_arch = "x86_64")]
                if w.columns().is_multiple_of(32) && column.is_multiple_of(32) && out.len().is_multiple_of(32) {
                    // SAFETY: formats of 16 bits are only used with AVX-512 BF16; whole blocks within one row.
                    unsafe { x86::q8_0(w, row * w.columns() + column, out) };
                    return;
                }
                let first = row * w.columns() + column;
                one_by_one(out, |at, out| w.dequantize_into(first + at..first + at + out.len(), out));
            }
            Self::Nf4(w) => {
                #[cfg(target_arch = "x86_64")]
                if w.columns().is_multiple_of(64) && column.is_multiple_of(32) && out.len().is_multiple_of(32) {
                    // SAFETY: as above; 32 values never leave a block of 64.
                    unsafe { x86::nf4(w, row * w.columns() + column, out) };
                    return;
                }
                let first = row * w.columns() + column;
                one_by_one(out, |at, out| w.dequantize_into(first + at..first + at + out.len(), out));
            }
            Self::Stored(w) => w.read_bf16(isa, row, column, out),
        }
    }
}

/// # Safety
/// Every byte of a `T` is initialised.
unsafe fn bytes_of<T>(values: &[T]) -> &[u8] {
    // SAFETY: the caller's promise; bytes need no alignment.
    unsafe { std::slice::from_raw_parts(values.as_ptr().cast(), size_of_val(values)) }
}

/// Rows whose blocks do not line up: 32 values at a time through f32.
fn one_by_one(out: &mut [Bf16], mut read: impl FnMut(usize, &mut [f32])) {
    let mut wide = [0f32; 32];
    for (i, out) in out.chunks_mut(32).enumerate() {
        let wide = &mut wide[..out.len()];
        read(i * 32, wide);
        for (out, &x) in out.iter_mut().zip(&*wide) {
            *out = Bf16::of(x);
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::{Bf16, Nf4, Q8_0};

    /// # Safety
    /// AVX-512 BF16; `at` and the length are whole blocks inside the weight.
    #[target_feature(enable = "avx512f,avx512bf16,avx512bw,avx512vl,avx512dq")]
    pub unsafe fn q8_0(w: &Q8_0, at: usize, out: &mut [Bf16]) {
        for (i, out) in out.chunks_exact_mut(32).enumerate() {
            let block = at / 32 + i;
            // SAFETY: the block is inside the weight, `out` has 32 places.
            unsafe {
                let scale = _mm512_set1_ps(w.scale(block));
                let half = |o: usize| {
                    let bytes = _mm_loadu_si128(w.levels().as_ptr().add(block * 32 + o).cast());
                    _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(bytes)), scale)
                };
                let both: __m512i = std::mem::transmute(_mm512_cvtne2ps_pbh(half(16), half(0)));
                _mm512_storeu_si512(out.as_mut_ptr().cast(), both);
            }
        }
    }

    /// The sixteen values of a block are rounded once; each weight is then a lookup of 16 bits.
    ///
    /// # Safety
    /// AVX-512 BF16; `at` and the length are multiples of 32 inside one row of whole blocks.
    #[target_feature(enable = "avx512f,avx512bf16,avx512bw,avx512vl,avx512dq")]
    pub unsafe fn nf4(w: &Nf4, at: usize, out: &mut [Bf16]) {
        // SAFETY: all reads are inside the weight, all writes inside `out`.
        unsafe {
            let code = _mm512_loadu_ps(Nf4::CODE.as_ptr());
            let fifteen = _mm_set1_epi8(15);
            for (i, out) in out.chunks_exact_mut(32).enumerate() {
                let first = at + i * 32;
                let values = _mm512_mul_ps(code, _mm512_set1_ps(w.scale(first / 64)));
                let table: __m256i = std::mem::transmute(_mm512_cvtneps_pbh(values));
                let bytes = _mm_loadu_si128(w.codes().as_ptr().add(first / 2).cast());
                // The even element lies in the high half of its byte.
                let even = _mm_and_si128(_mm_srli_epi16::<4>(bytes), fifteen);
                let odd = _mm_and_si128(bytes, fifteen);
                let order = _mm256_set_m128i(_mm_unpackhi_epi8(even, odd), _mm_unpacklo_epi8(even, odd));
                let index = _mm512_cvtepu8_epi16(order);
                let found = _mm512_permutexvar_epi16(index, _mm512_castsi256_si512(table));
                _mm512_storeu_si512(out.as_mut_ptr().cast(), found);
            }
        }
    }
}
