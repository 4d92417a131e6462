use std::ops::Range;

use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use super::{BlocksError, DynamicMap, copy_from, expect_length, first_error, flat, magnitude_bits, not_finite};

/// Weights that share one scale.
const BLOCK: usize = 64;
/// Scales that share one scale of scales.
const SCALES: usize = DynamicMap::BLOCK;
/// Weights that a thread takes at a time: 256 KiB of f32.
const SPAN: usize = 1024 * BLOCK;

/// A frozen weight matrix in 4-bit NormalFloat (Dettmers, Pagnoni, Holtzman and Zettlemoyer 2023, QLoRA).
///
/// A weight is one of 16 values ([`Nf4::CODE`]) times the largest magnitude of its block of 64. Blocks run over the
/// row-major matrix and straddle rows where 64 does not divide the columns.
///
/// Codes and scales are bit-equal to `quantize_4bit(..., quant_type="nf4")` of bitsandbytes 0.50 on the CPU. The scales
/// of double quantisation follow its reference operation `quantize_blockwise`, which looks for the nearest of 256
/// values exactly; its compiled CPU operation looks them up in a table of 65,536 steps and misses by one now and then.
/// Compared in the tests with `fixtures/numeric/blocks.json`.
#[derive(Clone, Debug, PartialEq)]
pub struct Nf4 {
    rows: usize,
    columns: usize,
    codes: Vec<u8>,
    absmax: Absmax,
}

/// One scale per block of 64 weights.
#[derive(Clone, Debug, PartialEq)]
pub enum Absmax {
    /// f32.
    Plain(Vec<f32>),
    /// 8-bit codes of the signed [`DynamicMap`] for what the scales differ from their mean by, in blocks of 256.
    Double {
        /// One per block of weights.
        codes: Vec<u8>,
        /// One per 256 codes.
        absmax: Vec<f32>,
        /// The mean of all scales.
        offset: f32,
    },
}

impl Nf4 {
    /// The 16 values, ascending. Each has the same probability under a normal distribution.
    pub const CODE: [f32; 16] = [
        -1.0,
        -0.696_192_8,
        -0.525_073_05,
        -0.394_917_5,
        -0.284_441_38,
        -0.184_773_43,
        -0.091_050_036,
        0.0,
        0.079_580_3,
        0.160_930_2,
        0.246_112_3,
        0.337_915_24,
        0.440_709_83,
        0.562_617,
        0.722_956_84,
        1.0,
    ];

    /// Weights per block.
    pub const BLOCK: usize = BLOCK;

    /// Quantises a row-major `[rows, columns]` matrix; `double` quantises the scales as well.
    ///
    /// A weight half way between two values takes the lower one. A block of zeros has scale 0.
    ///
    /// # Errors
    /// [`BlocksError::Length`], or [`BlocksError::NotFinite`] with the first weight that is NaN or infinite.
    pub fn quantize(weight: &[f32], rows: usize, columns: usize, double: bool) -> Result<Self, BlocksError> {
        expect_length("weight", rows * columns, weight.len())?;
        Self::quantize_from(rows, columns, double, &copy_from(weight))
    }

    /// Quantises a matrix that `fill` writes piece by piece, so that it need not exist in f32 as a whole.
    ///
    /// `fill(range, out)` writes the weights of a range of the flat matrix. It is called from several threads, once
    /// per range, in any order.
    ///
    /// # Errors
    /// [`BlocksError::NotFinite`] with the first weight that is NaN or infinite.
    pub fn quantize_from(
        rows: usize,
        columns: usize,
        double: bool,
        fill: &(impl Fn(Range<usize>, &mut [f32]) + Sync + ?Sized),
    ) -> Result<Self, BlocksError> {
        let count = rows * columns;
        let mut codes = vec![0; count.div_ceil(2)];
        let mut absmax = vec![0.0; count.div_ceil(BLOCK)];
        let spans = codes.par_chunks_mut(SPAN / 2).zip(absmax.par_chunks_mut(SPAN / BLOCK)).enumerate();
        let errors = spans.map_init(Vec::new, |weights, (span_idx, (codes, absmax))| {
            let first = span_idx * SPAN;
            weights.resize(SPAN.min(count - first), 0.0);
            fill(first..first + weights.len(), weights);
            let finite = quantize_span(weights, codes, absmax);
            if finite { None } else { not_finite(weights, first, columns) }
        });
        first_error(errors.flatten_iter().collect())?;
        let absmax = Absmax::Plain(absmax);
        Ok(Self { rows, columns, codes, absmax: if double { absmax.double() } else { absmax } })
    }

    /// Puts together what was quantised before, here or by bitsandbytes.
    ///
    /// # Errors
    /// [`BlocksError::Length`] when a part does not have the length that the shape asks for.
    pub fn from_parts(rows: usize, columns: usize, codes: Vec<u8>, absmax: Absmax) -> Result<Self, BlocksError> {
        let count = rows * columns;
        let blocks = count.div_ceil(BLOCK);
        expect_length("codes", count.div_ceil(2), codes.len())?;
        match &absmax {
            Absmax::Plain(scales) => expect_length("absmax", blocks, scales.len())?,
            Absmax::Double { codes, absmax, .. } => {
                expect_length("absmax codes", blocks, codes.len())?;
                expect_length("absmax of absmax", blocks.div_ceil(SCALES), absmax.len())?;
            }
        }
        Ok(Self { rows, columns, codes, absmax })
    }

    /// Rows, the output features of a linear layer.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Columns, the input features.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Two codes per byte over the flat matrix: the weight at an even place in the high nibble.
    #[must_use]
    pub fn codes(&self) -> &[u8] {
        &self.codes
    }

    /// The scales as they are kept.
    #[must_use]
    pub fn absmax(&self) -> &Absmax {
        &self.absmax
    }

    /// The scale of weights `64 block_idx ..` of the flat matrix.
    ///
    /// # Panics
    /// Beyond the last block.
    #[must_use]
    #[inline]
    pub fn scale(&self, block_idx: usize) -> f32 {
        match &self.absmax {
            Absmax::Plain(scales) => scales[block_idx],
            Absmax::Double { codes, absmax, offset } => {
                DynamicMap::signed().values()[usize::from(codes[block_idx])] * absmax[block_idx / SCALES] + offset
            }
        }
    }

    /// Writes the scales of some blocks of the flat matrix: for kernels that widen many.
    ///
    /// # Panics
    /// When the range is not in the matrix or `out` has another length.
    pub fn scales_into(&self, blocks: Range<usize>, out: &mut [f32]) {
        assert_eq!(blocks.len(), out.len(), "one scale per block");
        match &self.absmax {
            Absmax::Plain(scales) => out.copy_from_slice(&scales[blocks]),
            Absmax::Double { codes, absmax, offset } => {
                let values = DynamicMap::signed().values();
                for ((out, &code), block_idx) in out.iter_mut().zip(&codes[blocks.clone()]).zip(blocks) {
                    *out = values[usize::from(code)] * absmax[block_idx / SCALES] + offset;
                }
            }
        }
    }

    /// Writes `code · scale` in f32 for a range of the flat matrix.
    ///
    /// # Panics
    /// When the range is not in the matrix or `out` has another length.
    pub fn dequantize_into(&self, range: Range<usize>, out: &mut [f32]) {
        assert!(range.end <= self.rows * self.columns && range.len() == out.len(), "a range outside of the matrix");
        let (mut at, mut rest) = (range.start, out);
        while !rest.is_empty() {
            let block_idx = at / BLOCK;
            let (part, after) = rest.split_at_mut(rest.len().min((block_idx + 1) * BLOCK - at));
            let scale = self.scale(block_idx);
            let values = Self::CODE.map(|code| code * scale);
            let value = |at: usize| values[usize::from(self.codes[at / 2] >> (4 * (1 - at % 2)) & 15)];
            if part.len() == BLOCK {
                let bytes = &self.codes[at / 2..][..BLOCK / 2];
                for (pair, &byte) in part.as_chunks_mut::<2>().0.iter_mut().zip(bytes) {
                    *pair = [values[usize::from(byte >> 4)], values[usize::from(byte & 15)]];
                }
            } else {
                part.iter_mut().enumerate().for_each(|(i, out)| *out = value(at + i));
            }
            at += part.len();
            rest = after;
        }
    }

    /// [`Nf4::dequantize_into`] for whole rows: `out` is `[rows.len(), columns]`.
    ///
    /// # Panics
    /// As there.
    pub fn dequantize_rows(&self, rows: Range<usize>, out: &mut [f32]) {
        self.dequantize_into(flat(rows, self.columns), out);
    }

    /// Bytes that the codes and scales take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        Self::bytes_of(self.rows, self.columns, matches!(self.absmax, Absmax::Double { .. }))
    }

    /// Bytes that a matrix of this shape takes: 4.5 bits per weight, 4.13 with double quantisation.
    #[must_use]
    pub fn bytes_of(rows: usize, columns: usize, double: bool) -> usize {
        let count = rows * columns;
        let blocks = count.div_ceil(BLOCK);
        count.div_ceil(2) + if double { blocks + (blocks.div_ceil(SCALES) + 1) * 4 } else { blocks * 4 }
    }
}

impl Absmax {
    /// Quantises plain scales; the mean is summed in f64, since its sum in f32 depends on the width of torch's vectors.
    #[must_use]
    pub fn double(self) -> Self {
        let Self::Plain(scales) = self else { return self };
        let sum: f64 = scales.iter().map(|&scale| f64::from(scale)).sum();
        let offset = (sum / scales.len().max(1) as f64) as f32;
        Self::double_around(&scales, offset)
    }

    /// Quantises what the scales differ from `offset` by.
    #[must_use]
    pub fn double_around(scales: &[f32], offset: f32) -> Self {
        let differences: Vec<f32> = scales.iter().map(|scale| scale - offset).collect();
        let mut codes = vec![0; scales.len()];
        let absmax = differences.chunks(SCALES).zip(codes.chunks_mut(SCALES));
        let absmax = absmax.map(|(x, codes)| DynamicMap::signed().quantize(x, codes)).collect();
        Self::Double { codes, absmax, offset }
    }
}

/// Quantises a span that starts at a block's start. False when a weight is not finite.
fn quantize_span(weights: &[f32], codes: &mut [u8], absmax: &mut [f32]) -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw") {
            // SAFETY: the processor has what the function is compiled for.
            return unsafe { quantize_span_avx512(weights, codes, absmax) };
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: as above.
            return unsafe { quantize_span_avx2(weights, codes, absmax) };
        }
    }
    quantize_blocks(weights, codes, absmax)
}

/// The same loop with 16 lanes; comparisons and products of single lanes, so the bits are the same.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq")]
fn quantize_span_avx512(weights: &[f32], codes: &mut [u8], absmax: &mut [f32]) -> bool {
    quantize_blocks(weights, codes, absmax)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn quantize_span_avx2(weights: &[f32], codes: &mut [u8], absmax: &mut [f32]) -> bool {
    quantize_blocks(weights, codes, absmax)
}

#[inline(always)]
fn quantize_blocks(weights: &[f32], codes: &mut [u8], absmax: &mut [f32]) -> bool {
    let (blocks, tail) = weights.as_chunks::<BLOCK>();
    let (bytes, tail_bytes) = codes.split_at_mut(blocks.len() * BLOCK / 2);
    let mut finite = true;
    for ((x, bytes), absmax) in blocks.iter().zip(bytes.as_chunks_mut::<{ BLOCK / 2 }>().0).zip(absmax.iter_mut()) {
        *absmax = f32::from_bits(magnitude_bits(x));
        finite &= absmax.is_finite();
        let inverse = 1.0 / absmax.max(SMALLEST);
        pack(&x.map(|x| code(x * inverse)), bytes);
    }
    if let (false, Some(absmax)) = (tail.is_empty(), absmax.get_mut(blocks.len())) {
        // bitsandbytes divides here, where it multiplies above, and stores the guard against zero.
        *absmax = f32::from_bits(magnitude_bits(tail)).max(SMALLEST);
        finite &= absmax.is_finite();
        let mut levels = [code(0.0); BLOCK];
        tail.iter().zip(&mut levels).for_each(|(x, level)| *level = code(x / *absmax));
        let mut packed = [0; BLOCK / 2];
        pack(&levels, &mut packed);
        tail_bytes.copy_from_slice(&packed[..tail_bytes.len()]);
    }
    finite
}

/// What a scale is raised to before something is divided by it.
const SMALLEST: f32 = 1e-38;

/// Half way between neighbours.
const BOUNDS: [f32; 15] = {
    let mut bounds = [0.0; 15];
    let mut i = 0;
    while i < 15 {
        bounds[i] = (Nf4::CODE[i] + Nf4::CODE[i + 1]) / 2.0;
        i += 1;
    }
    bounds
};

/// How many bounds lie below: the nearest code. No branch, no table: this is vectorised.
#[inline(always)]
fn code(x: f32) -> u32 {
    BOUNDS.iter().fold(0, |count, &bound| count + u32::from(x > bound))
}

#[inline(always)]
fn pack(levels: &[u32; BLOCK], bytes: &mut [u8; BLOCK / 2]) {
    for (byte, [high, low]) in bytes.iter_mut().zip(levels.as_chunks().0) {
        *byte = (high << 4 | low) as u8;
    }
}

#[cfg(test)]
mod tests;
