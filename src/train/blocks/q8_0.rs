use std::ops::Range;

use half::f16;
use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use super::{BlocksError, copy_from, expect_length, first_error, flat, magnitude_bits, not_finite, position};

/// Weights that share one scale.
const BLOCK: usize = 32;
/// Bytes of a block in a GGUF file: the scale, then the levels.
const FILE_BLOCK: usize = 34;
/// Weights that a thread takes at a time: 256 KiB of f32.
const SPAN: usize = 2048 * BLOCK;

/// A frozen weight matrix in ggml's Q8_0: 32 signed levels and an f16 scale per block, blocks within rows.
///
/// The numbers are those of `gguf::quantize` and `gguf::dequantize` bit for bit, which are ggml's; this keeps levels
/// and scales apart, so that kernels load whole vectors of levels, and quantises faster.
#[derive(Clone, Debug, PartialEq)]
pub struct Q8_0 {
    rows: usize,
    columns: usize,
    levels: Vec<i8>,
    scales: Vec<f16>,
}

impl Q8_0 {
    /// Weights per block.
    pub const BLOCK: usize = BLOCK;

    /// Quantises a row-major `[rows, columns]` matrix.
    ///
    /// # Errors
    /// [`BlocksError::Columns`] when 32 does not divide the columns, [`BlocksError::Length`], and the first weight that
    /// is not finite or too large.
    pub fn quantize(weight: &[f32], rows: usize, columns: usize) -> Result<Self, BlocksError> {
        expect_length("weight", rows * columns, weight.len())?;
        Self::quantize_from(rows, columns, &copy_from(weight))
    }

    /// Quantises a matrix that `fill` writes piece by piece, as [`Nf4::quantize_from`](super::Nf4::quantize_from) does.
    ///
    /// # Errors
    /// As [`Q8_0::quantize`].
    pub fn quantize_from(
        rows: usize,
        columns: usize,
        fill: &(impl Fn(Range<usize>, &mut [f32]) + Sync + ?Sized),
    ) -> Result<Self, BlocksError> {
        let (mut levels, mut scales) = Self::zeros(rows, columns)?;
        let spans = levels.par_chunks_mut(SPAN).zip(scales.par_chunks_mut(SPAN / BLOCK)).enumerate();
        let errors = spans.map_init(Vec::new, |weights, (span_idx, (levels, scales))| {
            let first = span_idx * SPAN;
            weights.resize(levels.len(), 0.0);
            fill(first..first + weights.len(), weights);
            if quantize_span(weights, levels, scales) {
                return None;
            }
            not_finite(weights, first, columns).or_else(|| overflow(weights, first, columns))
        });
        first_error(errors.flatten_iter().collect())?;
        Ok(Self { rows, columns, levels, scales })
    }

    /// Takes the blocks of a GGUF tensor of this type.
    ///
    /// # Errors
    /// [`BlocksError::Columns`] and [`BlocksError::Length`].
    pub fn from_gguf(rows: usize, columns: usize, bytes: &[u8]) -> Result<Self, BlocksError> {
        let (mut levels, mut scales) = Self::zeros(rows, columns)?;
        expect_length("bytes", scales.len() * FILE_BLOCK, bytes.len())?;
        let blocks = levels.as_chunks_mut::<BLOCK>().0.iter_mut().zip(&mut scales);
        for ((levels, scale), bytes) in blocks.zip(bytes.as_chunks::<FILE_BLOCK>().0) {
            *scale = f16::from_le_bytes([bytes[0], bytes[1]]);
            levels.iter_mut().zip(&bytes[2..]).for_each(|(level, &byte)| *level = byte as i8);
        }
        Ok(Self { rows, columns, levels, scales })
    }

    /// The blocks as a GGUF file has them.
    #[must_use]
    pub fn to_gguf(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.scales.len() * FILE_BLOCK);
        for (levels, scale) in self.levels.as_chunks::<BLOCK>().0.iter().zip(&self.scales) {
            bytes.extend(scale.to_le_bytes());
            bytes.extend(levels.map(|level| level as u8));
        }
        bytes
    }

    fn zeros(rows: usize, columns: usize) -> Result<(Vec<i8>, Vec<f16>), BlocksError> {
        if !columns.is_multiple_of(BLOCK) {
            return Err(BlocksError::Columns { columns, multiple: BLOCK });
        }
        Ok((vec![0; rows * columns], vec![f16::ZERO; rows * columns / BLOCK]))
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

    /// `[rows, columns]`, row-major.
    #[must_use]
    pub fn levels(&self) -> &[i8] {
        &self.levels
    }

    /// `[rows, columns / 32]`.
    #[must_use]
    pub fn scales(&self) -> &[f16] {
        &self.scales
    }

    /// The scale of weights `32 block_idx ..` of the flat matrix.
    ///
    /// # Panics
    /// Beyond the last block.
    #[must_use]
    #[inline]
    pub fn scale(&self, block_idx: usize) -> f32 {
        self.scales[block_idx].to_f32()
    }

    /// Writes `level · scale` in f32 for a range of the flat matrix.
    ///
    /// # Panics
    /// When the range is not in the matrix or `out` has another length.
    pub fn dequantize_into(&self, range: Range<usize>, out: &mut [f32]) {
        assert!(range.end <= self.levels.len() && range.len() == out.len(), "a range outside of the matrix");
        let (mut at, mut rest) = (range.start, out);
        while !rest.is_empty() {
            let block_idx = at / BLOCK;
            let (part, after) = rest.split_at_mut(rest.len().min((block_idx + 1) * BLOCK - at));
            let (scale, levels) = (self.scale(block_idx), &self.levels[at..][..part.len()]);
            part.iter_mut().zip(levels).for_each(|(out, &level)| *out = f32::from(level) * scale);
            at += part.len();
            rest = after;
        }
    }

    /// [`Q8_0::dequantize_into`] for whole rows: `out` is `[rows.len(), columns]`.
    ///
    /// # Panics
    /// As there.
    pub fn dequantize_rows(&self, rows: Range<usize>, out: &mut [f32]) {
        self.dequantize_into(flat(rows, self.columns), out);
    }

    /// Bytes that the levels and scales take: 8.5 bits per weight.
    #[must_use]
    pub fn bytes(&self) -> usize {
        Self::bytes_of(self.rows, self.columns)
    }

    /// Bytes that a matrix of this shape takes.
    #[must_use]
    pub fn bytes_of(rows: usize, columns: usize) -> usize {
        rows * columns.div_ceil(BLOCK) * FILE_BLOCK
    }
}

fn overflow(weights: &[f32], first: usize, columns: usize) -> Option<(usize, BlocksError)> {
    let scales = weights.as_chunks::<BLOCK>().0.iter().map(scale_of);
    let (block_idx, scale) = scales.enumerate().find(|(_, scale)| !f16::from_f32(*scale).is_finite())?;
    let at = first + block_idx * BLOCK;
    let (row, column) = position(at, columns);
    Some((at, BlocksError::ScaleOverflow { row, column, scale }))
}

#[inline(always)]
fn scale_of(x: &[f32; BLOCK]) -> f32 {
    f32::from_bits(magnitude_bits(x)) / 127.0
}

/// Quantises whole blocks. False when a weight or a scale is not finite.
fn quantize_span(weights: &[f32], levels: &mut [i8], scales: &mut [f16]) -> bool {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has what the function is compiled for.
        return unsafe { quantize_span_avx2(weights, levels, scales) };
    }
    quantize_blocks(weights, levels, scales)
}

/// The same loop with 8 lanes; the bits are the same.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn quantize_span_avx2(weights: &[f32], levels: &mut [i8], scales: &mut [f16]) -> bool {
    quantize_blocks(weights, levels, scales)
}

#[inline(always)]
fn quantize_blocks(weights: &[f32], levels: &mut [i8], scales: &mut [f16]) -> bool {
    let mut finite = true;
    let blocks = weights.as_chunks::<BLOCK>().0.iter().zip(levels.as_chunks_mut::<BLOCK>().0);
    for ((x, levels), stored) in blocks.zip(scales) {
        let scale = scale_of(x);
        let inverse = if scale == 0.0 { 0.0 } else { 1.0 / scale };
        *stored = f16::from_f32(scale);
        finite &= stored.is_finite();
        *levels = x.map(|x| level(x * inverse));
    }
    finite
}

/// Rounds half away from zero, for magnitudes below 2^22, in operations that processors have on whole vectors.
#[inline(always)]
fn level(x: f32) -> i8 {
    /// Adding this leaves the integer part in the lowest bits of the sum.
    const INTEGER: f32 = 8_388_608.0;
    let raised = x.abs() + 0.5f32.next_down();
    let nearest = raised + INTEGER;
    let magnitude = (nearest.to_bits() & 0xff) as i32 - i32::from(nearest - INTEGER > raised);
    let sign = x.to_bits() as i32 >> 31;
    ((magnitude ^ sign) - sign) as i8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gguf::dequantize::dequantize_into;
    use crate::gguf::quantize::quantize_row;
    use crate::gguf::value::GgmlType;
    use crate::train::rng::Stream;

    #[test]
    fn bit_equal_to_the_gguf_writer() {
        let (rows, columns) = (97, 736);
        let mut stream = Stream::new(3, "q8_0", 0);
        // Magnitudes from far below the least f16 scale up, and blocks of zeros.
        let weight: Vec<f32> = (0..rows * columns)
            .map(|i| stream.normal() as f32 * 10f32.powi((i / 32 % 14) as i32 - 10) * f32::from(i / 32 % 5 != 0))
            .collect();
        let quantized = Q8_0::quantize(&weight, rows, columns).unwrap();
        let mut want = vec![0; weight.len() / 32 * 34];
        assert!(quantize_row(GgmlType::Q8_0, &weight, None, &mut want));
        assert_eq!(quantized.to_gguf(), want);
        assert_eq!(Q8_0::from_gguf(rows, columns, &want).unwrap(), quantized);
        assert_eq!((quantized.bytes(), want.len()), (Q8_0::bytes_of(rows, columns), want.len()));
        let (mut got, mut reference) = (vec![0.0; weight.len()], Vec::new());
        dequantize_into(GgmlType::Q8_0, &want, &mut reference);
        quantized.dequantize_rows(0..rows, &mut got);
        assert_eq!(got, reference);
        let mut part = vec![0.0; 77];
        quantized.dequantize_into(45..122, &mut part);
        assert_eq!(part, reference[45..122]);
        let largest = weight[288..320].iter().fold(0.0f32, |top, value| top.max(value.abs()));
        assert_eq!(quantized.scale(9), f16::from_f32(largest / 127.0).to_f32());
    }

    #[test]
    fn halves_round_away_from_zero() {
        for (i, x) in (-1280..=1280).map(|i| (i, i as f32 / 10.0)).filter(|(_, x)| x.abs() <= 127.4) {
            for x in [x, x.next_up(), x.next_down(), i as f32 / 20.0] {
                assert_eq!(level(x), x.round() as i8, "{x:e}");
            }
        }
        for x in [0.5, 1.5, 126.5, -0.5, -2.5, -126.5, 0.0, -0.0, 0.5f32.next_down(), 1e-30] {
            assert_eq!(level(x), x.round() as i8, "{x:e}");
        }
    }

    #[test]
    fn refuses_with_the_place() {
        let mut weight = vec![1.0; 4 * 64];
        assert_eq!(
            Q8_0::quantize(&weight, 2, 100),
            Err(BlocksError::Length { part: "weight", expected: 200, found: 256 })
        );
        assert_eq!(Q8_0::quantize(&weight, 16, 16), Err(BlocksError::Columns { columns: 16, multiple: 32 }));
        weight[200] = 1e9;
        let scale = 1e9 / 127.0;
        assert_eq!(Q8_0::quantize(&weight, 4, 64), Err(BlocksError::ScaleOverflow { row: 3, column: 0, scale }));
        weight[70] = f32::NEG_INFINITY;
        let value = f32::NEG_INFINITY;
        assert_eq!(Q8_0::quantize(&weight, 4, 64), Err(BlocksError::NotFinite { row: 1, column: 6, value }));
        assert!(Q8_0::from_gguf(1, 32, &[0; 33]).is_err());
    }
}
