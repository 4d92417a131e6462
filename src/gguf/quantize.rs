//! f32 rows to ggml blocks, by ggml's reference algorithms without an importance matrix.
//!
//! Same input, same bytes, whatever the number of threads: rows are independent. Against `llama-quantize` equality
//! holds up to fused multiply-add in its build (numerics sheet, 9.3).

use half::{bf16, f16};

use super::k_quants::{q4_k, q5_k, q6_k};
use super::value::GgmlType;

/// Quantises one row into `out`, whose length must be the row's size in `ggml_type`.
///
/// Returns false, with `out` in an unspecified state, when the lengths do not fit, when a value is not finite, or
/// when a block's f16 scale overflows: llama.cpp would refuse such a block when it validates the file.
#[must_use]
pub fn quantize_row(ggml_type: GgmlType, row: &[f32], out: &mut [u8]) -> bool {
    if ggml_type.bytes_of(row.len()) != Some(out.len()) || row.iter().any(|value| !value.is_finite()) {
        return false;
    }
    match ggml_type {
        GgmlType::F32 => each(row, out, |x: &[f32; 1], block: &mut [u8; 4]| {
            *block = x[0].to_le_bytes();
            true
        }),
        GgmlType::F16 => each(row, out, |x: &[f32; 1], block: &mut [u8; 2]| {
            *block = f16::from_f32(x[0]).to_le_bytes();
            f16::from_le_bytes(*block).is_finite()
        }),
        GgmlType::BF16 => each(row, out, |x: &[f32; 1], block: &mut [u8; 2]| {
            *block = bf16::from_f32(x[0]).to_le_bytes();
            bf16::from_le_bytes(*block).is_finite()
        }),
        GgmlType::Q5_0 => each(row, out, q5_0),
        GgmlType::Q5_1 => each(row, out, q5_1),
        GgmlType::Q8_0 => each(row, out, q8_0),
        GgmlType::Q4K => each(row, out, q4_k),
        GgmlType::Q5K => each(row, out, q5_k),
        GgmlType::Q6K => each(row, out, q6_k),
        // Read so far, not written yet.
        GgmlType::Q4_0 | GgmlType::Q4_1 | GgmlType::Q2K | GgmlType::Q3K | GgmlType::IQ4NL | GgmlType::IQ4XS => false,
    }
}

/// Quantises many rows of `columns` values on two threads. The error is the index of the first row that failed.
///
/// `fill(row_idx, &mut row)` appends the row's values to an empty vector; rows may come in any order.
///
/// # Errors
/// The row's index when [`quantize_row`] refuses it or `fill` gives another number of values.
pub fn quantize_rows(
    ggml_type: GgmlType,
    rows: std::ops::Range<usize>,
    columns: usize,
    _importance: Option<&[f32]>,
    fill: &(dyn Fn(usize, &mut Vec<f32>) + Sync),
) -> Result<Vec<u8>, usize> {
    const THREADS: usize = 2;
    let row_bytes = ggml_type.bytes_of(columns).filter(|&bytes| bytes > 0).ok_or(rows.start)?;
    let mut out = vec![0; row_bytes * rows.len()];
    let rows_per_thread = rows.len().div_ceil(THREADS).max(1);
    let first_row = rows.start;
    let failed: Option<usize> = std::thread::scope(|scope| {
        let work = |(part, out): (usize, &mut [u8])| -> Option<usize> {
            let mut row = Vec::with_capacity(columns);
            for (idx, out) in out.chunks_mut(row_bytes).enumerate() {
                let row_idx = first_row + part * rows_per_thread + idx;
                row.clear();
                fill(row_idx, &mut row);
                if row.len() != columns || !quantize_row(ggml_type, &row, out) {
                    return Some(row_idx);
                }
            }
            None
        };
        let parts = out.chunks_mut(rows_per_thread * row_bytes).enumerate();
        let threads: Vec<_> = parts.map(|part| scope.spawn(move || work(part))).collect();
        // A panic on a thread would be a bug of ours; reporting the first row keeps the caller's error path.
        threads.into_iter().filter_map(|thread| thread.join().unwrap_or(Some(first_row))).min()
    });
    match failed {
        Some(row_idx) => Err(row_idx),
        None => Ok(out),
    }
}

/// Runs `quantize` over whole blocks; the lengths were compared before.
fn each<const N: usize, const BYTES: usize>(
    row: &[f32],
    out: &mut [u8],
    quantize: impl Fn(&[f32; N], &mut [u8; BYTES]) -> bool,
) -> bool {
    row.as_chunks().0.iter().zip(out.as_chunks_mut().0).all(|(x, block)| quantize(x, block))
}

/// `d = amax / 127`, levels rounded half away from zero with the f32 `d`; `d` is stored as f16.
fn q8_0(x: &[f32; 32], out: &mut [u8; 34]) -> bool {
    let magnitude = x.iter().fold(0.0f32, |max, value| max.max(value.abs()));
    let d = magnitude / 127.0;
    let inverse = if d == 0.0 { 0.0 } else { 1.0 / d };
    let stored = f16::from_f32(d);
    out[..2].copy_from_slice(&stored.to_le_bytes());
    for (level, value) in out[2..].iter_mut().zip(x) {
        *level = (value * inverse).round() as i8 as u8;
    }
    stored.is_finite()
}

/// Levels -16..=15 around zero, the value of largest magnitude at -16; no rounding search.
fn q5_0(x: &[f32; 32], out: &mut [u8; 22]) -> bool {
    let extreme = x.iter().fold(0.0f32, |extreme, &value| if value.abs() > extreme.abs() { value } else { extreme });
    let d = extreme / -16.0;
    let inverse = if d == 0.0 { 0.0 } else { 1.0 / d };
    let stored = f16::from_f32(d);
    out[..2].copy_from_slice(&stored.to_le_bytes());
    let levels = x.map(|value| (value * inverse + 16.5).clamp(0.0, 31.0) as u8);
    pack_five_bits(&levels, &mut out[2..]);
    stored.is_finite()
}

/// Levels 0..=31 from the minimum up; no rounding search.
fn q5_1(x: &[f32; 32], out: &mut [u8; 24]) -> bool {
    let (low, high) = x.iter().fold((x[0], x[0]), |(low, high), &value| (low.min(value), high.max(value)));
    let d = (high - low) / 31.0;
    let inverse = if d == 0.0 { 0.0 } else { 1.0 / d };
    let (stored, stored_min) = (f16::from_f32(d), f16::from_f32(low));
    out[..2].copy_from_slice(&stored.to_le_bytes());
    out[2..4].copy_from_slice(&stored_min.to_le_bytes());
    let levels = x.map(|value| ((value - low) * inverse + 0.5).clamp(0.0, 31.0) as u8);
    pack_five_bits(&levels, &mut out[4..]);
    stored.is_finite() && stored_min.is_finite()
}

/// Four bytes of fifth bits, element by element, then 16 bytes of nibbles: element j low, j + 16 high.
fn pack_five_bits(levels: &[u8; 32], out: &mut [u8]) {
    let (high_bits, nibbles) = out.split_at_mut(4);
    let bits = levels.iter().enumerate().fold(0u32, |bits, (j, level)| bits | u32::from(level >> 4) << j);
    high_bits.copy_from_slice(&bits.to_le_bytes());
    for (nibble, (low, high)) in nibbles.iter_mut().zip(levels[..16].iter().zip(&levels[16..])) {
        *nibble = (low & 15) | (high & 15) << 4;
    }
}

#[cfg(test)]
mod tests;
