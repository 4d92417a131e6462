//! ggml blocks back to f32. Each product is formed as ggml forms it, so the values are bit-equal to its own.
//!
//! The loops are plain and compiled for each level of vector instructions; all levels give the same bits.

use super::k_quants::unpack_scales;
use super::lanes::{Level, vectorised};
use super::value::GgmlType;

/// The levels that a nibble of IQ4_NL and IQ4_XS stands for.
pub(super) const IQ4_LEVELS: [i8; 16] = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

/// Appends the values of `bytes` to `out`. Bytes that do not fill a block are ignored; check the length first.
pub fn dequantize_into(ggml_type: GgmlType, bytes: &[u8], out: &mut Vec<f32>) {
    let first = out.len();
    out.resize(first + bytes.len() / ggml_type.block_bytes() * ggml_type.block_len(), 0.0);
    dequantize_row(ggml_type, bytes, &mut out[first..]);
}

/// Writes the values of `bytes` to the start of `out`: as many whole blocks as both hold, the rest is left alone.
pub fn dequantize_row(ggml_type: GgmlType, bytes: &[u8], out: &mut [f32]) {
    vectorised!(Level::best(), blocks(ggml_type: GgmlType, bytes: &[u8], out: &mut [f32]) -> ());
}

#[inline(always)]
fn blocks(ggml_type: GgmlType, bytes: &[u8], out: &mut [f32]) {
    // A macro, since a closure would be a function of its own, compiled without the vector instructions of its caller.
    macro_rules! each {
        ($restore:ident) => {
            for (block, x) in bytes.as_chunks().0.iter().zip(out.as_chunks_mut().0) {
                $restore(block, x);
            }
        };
    }
    match ggml_type {
        GgmlType::F32 => each!(f32),
        GgmlType::F16 => each!(f16),
        GgmlType::BF16 => each!(bf16),
        GgmlType::Q4_0 => each!(q4_0),
        GgmlType::Q4_1 => each!(q4_1),
        GgmlType::Q5_0 => each!(q5_0),
        GgmlType::Q5_1 => each!(q5_1),
        GgmlType::Q8_0 => each!(q8_0),
        GgmlType::Q2K => each!(q2_k),
        GgmlType::Q3K => each!(q3_k),
        GgmlType::Q4K => each!(q4_k),
        GgmlType::Q5K => each!(q5_k),
        GgmlType::Q6K => each!(q6_k),
        GgmlType::IQ4NL => each!(iq4_nl),
        GgmlType::IQ4XS => each!(iq4_xs),
    }
}

#[inline(always)]
fn f32(four: &[u8; 4], x: &mut [f32; 1]) {
    x[0] = f32::from_le_bytes(*four);
}

#[inline(always)]
fn f16(two: &[u8; 2], x: &mut [f32; 1]) {
    x[0] = half(u16::from_le_bytes(*two));
}

#[inline(always)]
fn bf16(two: &[u8; 2], x: &mut [f32; 1]) {
    x[0] = f32::from_bits(u32::from(u16::from_le_bytes(*two)) << 16);
}

/// An f16 by arithmetic that runs on whole vectors: the exponent is moved by one exact product.
#[inline(always)]
fn half(bits: u16) -> f32 {
    const REBIAS: f32 = f32::from_bits((127 + 112) << 23); // 2^112
    let sign = u32::from(bits & 0x8000) << 16;
    let magnitude = u32::from(bits & 0x7fff);
    let finite = (f32::from_bits(magnitude << 13) * REBIAS).to_bits();
    // A signalling NaN becomes a quiet one, as in every conversion in hardware.
    let quiet = if magnitude > 0x7c00 { 0x0040_0000 } else { 0 };
    let special = 0x7f80_0000 | magnitude << 13 | quiet;
    f32::from_bits(sign | if magnitude >= 0x7c00 { special } else { finite })
}

#[inline(always)]
fn half_at(block: &[u8], at: usize) -> f32 {
    half(u16::from_le_bytes([block[at], block[at + 1]]))
}

/// Sixteen bytes of nibbles: the low ones first, then the high ones, each through `value`.
#[inline(always)]
fn nibbles(bytes: &[u8], x: &mut [f32], value: impl Fn(u8) -> f32) {
    let (low, high) = x.split_at_mut(bytes.len());
    for ((byte, low), high) in bytes.iter().zip(low).zip(high) {
        *low = value(byte & 15);
        *high = value(byte >> 4);
    }
}

#[inline(always)]
fn q4_0(block: &[u8; 18], x: &mut [f32; 32]) {
    let d = half_at(block, 0);
    nibbles(&block[2..], x, |level| f32::from(level as i8 - 8) * d);
}

#[inline(always)]
fn q4_1(block: &[u8; 20], x: &mut [f32; 32]) {
    let (d, min) = (half_at(block, 0), half_at(block, 2));
    nibbles(&block[4..], x, |level| f32::from(level) * d + min);
}

#[inline(always)]
fn q8_0(block: &[u8; 34], x: &mut [f32; 32]) {
    let d = half_at(block, 0);
    for (x, &level) in x.iter_mut().zip(&block[2..]) {
        *x = f32::from(level as i8) * d;
    }
}

/// The 32 five-bit levels behind `header` bytes.
#[inline(always)]
fn five_bits(block: &[u8], header: usize) -> [u8; 32] {
    let bits = u32::from_le_bytes([block[header], block[header + 1], block[header + 2], block[header + 3]]);
    let mut levels = [0; 32];
    for (j, byte) in block[header + 4..header + 20].iter().enumerate() {
        levels[j] = byte & 15 | ((bits >> j & 1) as u8) << 4;
        levels[j + 16] = byte >> 4 | ((bits >> (j + 16) & 1) as u8) << 4;
    }
    levels
}

#[inline(always)]
fn q5_0(block: &[u8; 22], x: &mut [f32; 32]) {
    let d = half_at(block, 0);
    for (x, level) in x.iter_mut().zip(five_bits(block, 2)) {
        *x = f32::from(level as i8 - 16) * d;
    }
}

#[inline(always)]
fn q5_1(block: &[u8; 24], x: &mut [f32; 32]) {
    let (d, min) = (half_at(block, 0), half_at(block, 2));
    for (x, level) in x.iter_mut().zip(five_bits(block, 4)) {
        *x = f32::from(level) * d + min;
    }
}

// Packed bits are moved down step by step: shifts by a constant run on whole vectors, others do not.

#[inline(always)]
fn q2_k(block: &[u8; 84], x: &mut [f32; 256]) {
    let (d, dmin) = (half_at(block, 80), half_at(block, 82));
    let mut bits = [0; 64];
    bits.copy_from_slice(&block[16..80]);
    for (half, (x, bits)) in x.as_chunks_mut::<128>().0.iter_mut().zip(bits.as_chunks_mut::<32>().0).enumerate() {
        for (quarter, x) in x.as_chunks_mut::<32>().0.iter_mut().enumerate() {
            for (part, (x, bits)) in x.as_chunks_mut::<16>().0.iter_mut().zip(bits.as_chunks_mut::<16>().0).enumerate()
            {
                let packed = block[half * 8 + quarter * 2 + part];
                let (scale, min) = (d * f32::from(packed & 15), dmin * f32::from(packed >> 4));
                for (x, bits) in x.iter_mut().zip(bits) {
                    *x = scale * f32::from(*bits & 3) - min;
                    *bits >>= 2;
                }
            }
        }
    }
}

/// The sixteen 6-bit scales of Q3_K, less 32.
#[inline(always)]
fn q3_k_scales(packed: &[u8]) -> [i8; 16] {
    std::array::from_fn(|j| {
        let low = packed[j % 8] >> (4 * (j / 8)) & 15;
        let high = packed[8 + j % 4] >> (2 * (j / 4)) & 3;
        (low | high << 4) as i8 - 32
    })
}

#[inline(always)]
fn q3_k(block: &[u8; 110], x: &mut [f32; 256]) {
    let d = half_at(block, 108);
    let scales = q3_k_scales(&block[96..108]);
    for (group, x) in x.as_chunks_mut::<16>().0.iter_mut().enumerate() {
        let scale = d * f32::from(scales[group]);
        let (half, quarter) = (group / 8, group % 8 / 2);
        let low = &block[32 + half * 32 + group % 2 * 16..][..16];
        let high = &block[group % 2 * 16..][..16];
        for ((x, low), high) in x.iter_mut().zip(low).zip(high) {
            let level = (low >> (2 * quarter) & 3) | (high >> (half * 4 + quarter) & 1) << 2;
            *x = scale * f32::from(level as i8 - 4);
        }
    }
}

/// Scale and minimum of the eight sub-blocks.
#[inline(always)]
fn affine_header(block: &[u8]) -> [(f32, f32); 8] {
    let (d, dmin) = (half_at(block, 0), half_at(block, 2));
    let packed: [u8; 12] = std::array::from_fn(|j| block[4 + j]);
    let (scales, mins) = unpack_scales(&packed);
    std::array::from_fn(|j| (d * f32::from(scales[j]), dmin * f32::from(mins[j])))
}

#[inline(always)]
fn q4_k(block: &[u8; 144], x: &mut [f32; 256]) {
    let header = affine_header(block);
    for (group, x) in x.as_chunks_mut::<64>().0.iter_mut().enumerate() {
        let ((scale, min), (scale_2, min_2)) = (header[2 * group], header[2 * group + 1]);
        let (first, second) = x.split_at_mut(32);
        for ((byte, first), second) in block[16 + group * 32..][..32].iter().zip(first).zip(second) {
            *first = scale * f32::from(byte & 15) - min;
            *second = scale_2 * f32::from(byte >> 4) - min_2;
        }
    }
}

#[inline(always)]
fn q5_k(block: &[u8; 176], x: &mut [f32; 256]) {
    let header = affine_header(block);
    let mut high = [0; 32];
    high.copy_from_slice(&block[16..48]);
    for (group, x) in x.as_chunks_mut::<64>().0.iter_mut().enumerate() {
        let ((scale, min), (scale_2, min_2)) = (header[2 * group], header[2 * group + 1]);
        let (first, second) = x.split_at_mut(32);
        let bytes = block[48 + group * 32..][..32].iter().zip(&mut high);
        for (((byte, high), first), second) in bytes.zip(first).zip(second) {
            *first = scale * f32::from(byte & 15 | (*high & 1) << 4) - min;
            *second = scale_2 * f32::from(byte >> 4 | (*high & 2) << 3) - min_2;
            *high >>= 2;
        }
    }
}

#[inline(always)]
fn q6_k(block: &[u8; 210], x: &mut [f32; 256]) {
    let d = half_at(block, 208);
    for (half, x) in x.as_chunks_mut::<128>().0.iter_mut().enumerate() {
        for part in 0..2 {
            let scale = |quarter: usize| d * f32::from(block[192 + half * 8 + quarter * 2 + part] as i8);
            let scales = [scale(0), scale(1), scale(2), scale(3)];
            let low = &block[half * 64 + part * 16..][..48];
            let high = &block[128 + half * 32 + part * 16..][..16];
            let x = &mut x[part * 16..part * 16 + 112];
            for l in 0..16 {
                let (a, b, high) = (low[l], low[l + 32], high[l]);
                x[l] = scales[0] * f32::from((a & 15 | (high & 3) << 4) as i8 - 32);
                x[l + 32] = scales[1] * f32::from((b & 15 | (high & 12) << 2) as i8 - 32);
                x[l + 64] = scales[2] * f32::from((a >> 4 | high & 48) as i8 - 32);
                x[l + 96] = scales[3] * f32::from((b >> 4 | (high & 192) >> 2) as i8 - 32);
            }
        }
    }
}

#[inline(always)]
fn iq4_nl(block: &[u8; 18], x: &mut [f32; 32]) {
    let d = half_at(block, 0);
    nibbles(&block[2..], x, |level| d * f32::from(IQ4_LEVELS[usize::from(level)]));
}

/// The eight 6-bit scales of IQ4_XS, less 32.
#[inline(always)]
fn iq4_xs_scales(block: &[u8; 136]) -> [i8; 8] {
    let high = u16::from_le_bytes([block[2], block[3]]);
    std::array::from_fn(|j| {
        let low = block[4 + j / 2] >> (4 * (j % 2)) & 15;
        (low | ((high >> (2 * j) & 3) as u8) << 4) as i8 - 32
    })
}

#[inline(always)]
fn iq4_xs(block: &[u8; 136], x: &mut [f32; 256]) {
    let d = half_at(block, 0);
    let scales = iq4_xs_scales(block);
    for (group, x) in x.as_chunks_mut::<32>().0.iter_mut().enumerate() {
        let scale = d * f32::from(scales[group]);
        nibbles(&block[8 + group * 16..][..16], x, |level| scale * f32::from(IQ4_LEVELS[usize::from(level)]));
    }
}

#[cfg(test)]
mod tests {
    use half::f16;

    use super::*;

    #[test]
    fn every_half_is_restored() {
        for bits in 0..=u16::MAX {
            let (got, want) = (half(bits), f16::from_bits(bits).to_f32());
            assert!(got.to_bits() == want.to_bits() || (got.is_nan() && want.is_nan()), "{bits:04x} {got} {want}");
        }
    }

    #[test]
    fn slices_take_whole_blocks_only() {
        // Two blocks of Q8_0: scale 1, levels 0..32, then scale 2.
        let mut bytes = vec![0x00, 0x3c];
        bytes.extend(0..32u8);
        bytes.extend([0x00, 0x40]);
        bytes.extend(0..32u8);
        let mut out = [7.0; 65];
        dequantize_row(GgmlType::Q8_0, &bytes[..67], &mut out);
        assert_eq!((out[31], out[32]), (31.0, 7.0), "a block cut short is not restored");
        dequantize_row(GgmlType::Q8_0, &bytes, &mut out[..63]);
        assert_eq!(out[32], 7.0, "nor one that does not fit");
        dequantize_row(GgmlType::Q8_0, &bytes, &mut out);
        assert_eq!((out[63], out[64]), (62.0, 7.0));
        let mut appended = vec![1.0];
        dequantize_into(GgmlType::Q8_0, &bytes, &mut appended);
        assert_eq!(appended[1..], out[..64]);
    }
}
