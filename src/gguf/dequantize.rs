//! ggml blocks back to f32. Each product is formed as ggml forms it, so the values are bit-equal to its own.

use half::{bf16, f16};

use super::k_quants::unpack_scales;
use super::value::GgmlType;

/// Appends the values of `bytes` to `out`. Bytes that do not fill a block are ignored; check the length first.
pub fn dequantize_into(ggml_type: GgmlType, bytes: &[u8], out: &mut Vec<f32>) {
    out.reserve(bytes.len() / ggml_type.block_bytes() * ggml_type.block_len());
    match ggml_type {
        GgmlType::F32 => out.extend(bytes.as_chunks().0.iter().map(|four| f32::from_le_bytes(*four))),
        GgmlType::F16 => out.extend(bytes.as_chunks().0.iter().map(|two| f16::from_le_bytes(*two).to_f32())),
        GgmlType::BF16 => out.extend(bytes.as_chunks().0.iter().map(|two| bf16::from_le_bytes(*two).to_f32())),
        GgmlType::Q5_0 => bytes.as_chunks().0.iter().for_each(|block| q5_0(block, out)),
        GgmlType::Q5_1 => bytes.as_chunks().0.iter().for_each(|block| q5_1(block, out)),
        GgmlType::Q8_0 => bytes.as_chunks().0.iter().for_each(|block| q8_0(block, out)),
        GgmlType::Q4K => bytes.as_chunks().0.iter().for_each(|block| q4_k(block, out)),
        GgmlType::Q5K => bytes.as_chunks().0.iter().for_each(|block| q5_k(block, out)),
        GgmlType::Q6K => bytes.as_chunks().0.iter().for_each(|block| q6_k(block, out)),
    }
}

fn half_at(block: &[u8], at: usize) -> f32 {
    f16::from_le_bytes([block[at], block[at + 1]]).to_f32()
}

fn q8_0(block: &[u8; 34], out: &mut Vec<f32>) {
    let d = half_at(block, 0);
    out.extend(block[2..].iter().map(|&level| f32::from(level as i8) * d));
}

/// The 32 five-bit levels behind `header` bytes.
fn five_bits(block: &[u8], header: usize) -> [u8; 32] {
    let bits = u32::from_le_bytes([block[header], block[header + 1], block[header + 2], block[header + 3]]);
    std::array::from_fn(|j| {
        let nibble = block[header + 4 + j % 16] >> (4 * (j / 16)) & 15;
        nibble | ((bits >> j & 1) as u8) << 4
    })
}

fn q5_0(block: &[u8; 22], out: &mut Vec<f32>) {
    let d = half_at(block, 0);
    out.extend(five_bits(block, 2).map(|level| (f32::from(level) - 16.0) * d));
}

fn q5_1(block: &[u8; 24], out: &mut Vec<f32>) {
    let (d, min) = (half_at(block, 0), half_at(block, 2));
    out.extend(five_bits(block, 4).map(|level| f32::from(level) * d + min));
}

/// Scale and minimum of the eight sub-blocks.
fn affine_header(block: &[u8]) -> [(f32, f32); 8] {
    let (d, dmin) = (half_at(block, 0), half_at(block, 2));
    let packed: [u8; 12] = std::array::from_fn(|j| block[4 + j]);
    let (scales, mins) = unpack_scales(&packed);
    std::array::from_fn(|j| (d * f32::from(scales[j]), dmin * f32::from(mins[j])))
}

fn q4_k(block: &[u8; 144], out: &mut Vec<f32>) {
    for (j, (scale, min)) in affine_header(block).into_iter().enumerate() {
        let nibbles = &block[16 + j / 2 * 32..][..32];
        out.extend(nibbles.iter().map(|byte| scale * f32::from(byte >> (4 * (j % 2)) & 15) - min));
    }
}

fn q5_k(block: &[u8; 176], out: &mut Vec<f32>) {
    for (j, (scale, min)) in affine_header(block).into_iter().enumerate() {
        let nibbles = &block[48 + j / 2 * 32..][..32];
        let levels = nibbles.iter().zip(&block[16..48]);
        out.extend(levels.map(|(byte, high)| {
            let level = (byte >> (4 * (j % 2)) & 15) | (high >> j & 1) << 4;
            scale * f32::from(level) - min
        }));
    }
}

fn q6_k(block: &[u8; 210], out: &mut Vec<f32>) {
    let d = half_at(block, 208);
    for half in 0..2 {
        for quarter in 0..4 {
            for l in 0..32 {
                let low = block[half * 64 + quarter % 2 * 32 + l] >> (4 * (quarter / 2)) & 15;
                let high = block[128 + half * 32 + l] >> (2 * quarter) & 3;
                let level = f32::from(low | high << 4) - 32.0;
                let scale = block[192 + half * 8 + quarter * 2 + l / 16] as i8;
                out.push(d * f32::from(scale) * level);
            }
        }
    }
}
