#![allow(clippy::needless_range_loop, reason = "one index walks several arrays")]

use half::f16;

use super::*;
use crate::gguf::dequantize::dequantize_into;

/// A generator of bits good enough for tests.
struct Bits(u64);

impl Bits {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// From -1 to 1.
    fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1 << 23) as f32 - 1.0
    }
}

/// Where blocks of a type hold f16 numbers.
fn halves_at(ggml_type: GgmlType) -> &'static [usize] {
    match ggml_type {
        GgmlType::F32 | GgmlType::F16 | GgmlType::BF16 => &[],
        GgmlType::Q4_1 | GgmlType::Q5_1 | GgmlType::Q4K | GgmlType::Q5K => &[0, 2],
        GgmlType::Q4_0 | GgmlType::Q5_0 | GgmlType::Q8_0 | GgmlType::IQ4NL | GgmlType::IQ4XS => &[0],
        GgmlType::Q2K => &[80, 82],
        GgmlType::Q3K => &[108],
        GgmlType::Q6K => &[208],
    }
}

/// Any levels and any scales; `filler` instead of the levels where there is one.
fn weights(bits: &mut Bits, ggml_type: GgmlType, len: usize, filler: Option<u8>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..len / ggml_type.block_len() {
        match ggml_type {
            GgmlType::F32 => bytes.extend(bits.unit().to_le_bytes()),
            GgmlType::F16 => bytes.extend(f16::from_f32(bits.unit()).to_le_bytes()),
            GgmlType::BF16 => bytes.extend(half::bf16::from_f32(bits.unit()).to_le_bytes()),
            _ => {
                let mut block: Vec<u8> =
                    (0..ggml_type.block_bytes()).map(|_| filler.unwrap_or(bits.next() as u8)).collect();
                for &at in halves_at(ggml_type) {
                    block[at..at + 2].copy_from_slice(&f16::from_f32(0.1 * bits.unit()).to_le_bytes());
                }
                bytes.extend(block);
            }
        }
    }
    bytes
}

fn levels() -> impl Iterator<Item = Level> {
    Level::ALL.into_iter().filter(|level| level.available())
}

/// Widths of rows that end within a group, at one, and a block after one.
fn widths(ggml_type: GgmlType) -> &'static [usize] {
    match ggml_type.block_len() {
        1 => &[1, 7, 32, 33, 64, 100, 127, 128, 257, 576],
        32 => &[32, 64, 96, 128, 160, 416, 576],
        _ => &[256, 512, 1280],
    }
}

/// The product in f64 from what the blocks and the quantised activations stand for, and the sum of magnitudes.
fn reference(ggml_type: GgmlType, row: &[u8], acts: &Activations, x: &[f32], m: usize) -> (f64, f64) {
    let mut w = Vec::new();
    dequantize_into(ggml_type, row, &mut w);
    let (columns, stride) = (acts.columns(), acts.grouped());
    let mut terms = Vec::new();
    match ggml_type.block_len() {
        1 => terms.extend(w.iter().zip(&x[m * columns..]).map(|(w, x)| f64::from(*w) * f64::from(*x))),
        32 => {
            let min_at = matches!(ggml_type, GgmlType::Q4_1 | GgmlType::Q5_1).then_some(2);
            for (idx, block) in row.chunks(ggml_type.block_bytes()).enumerate() {
                let min = min_at.map_or(0.0, |at| f64::from(f16::from_le_bytes([block[at], block[at + 1]]).to_f32()));
                let scale = f64::from(acts.small.scales.get()[m * stride / 32 + idx]);
                for k in 32 * idx..32 * idx + 32 {
                    let level = f64::from(acts.small.levels.get()[m * stride + k]);
                    terms.push((f64::from(w[k]) - min) * scale * level);
                }
                terms.push(min * f64::from(acts.small.sums.get()[m * stride / 32 + idx]));
            }
        }
        _ => {
            for (k, w) in w.iter().enumerate() {
                let scale = f64::from(acts.large.scales.get()[(m * columns + k) / 256]);
                terms.push(f64::from(*w) * scale * f64::from(acts.large.levels.get()[m * columns + k]));
            }
        }
    }
    (terms.iter().sum(), terms.iter().map(|term| term.abs()).sum())
}

/// All rows of all activations at a level against [`reference`].
fn check(level: Level, ggml_type: GgmlType, bytes: &[u8], x: &[f32], columns: usize, what: &str) {
    let mut acts = Activations::new();
    acts.set(x, columns, &[ggml_type]).unwrap();
    let row_bytes = ggml_type.bytes_of(columns).unwrap();
    let count = bytes.len() / row_bytes;
    let matrix = Matrix::new(ggml_type, bytes, count, columns).unwrap();
    let mut out = vec![f32::NAN; count * acts.rows()];
    rows_at(level, &matrix, 0..count, &acts, &mut out).unwrap();
    for m in 0..acts.rows() {
        for (row_idx, row) in bytes.chunks(row_bytes).enumerate() {
            let (expected, magnitude) = reference(ggml_type, row, &acts, x, m);
            let found = f64::from(out[m * count + row_idx]);
            // Minima are taken off a sum of the same size: both count.
            assert!(
                (found - expected).abs() <= 2e-6 * magnitude + 1e-30,
                "{what}: {level:?} {ggml_type:?} {columns} columns, activations {m}, row {row_idx}: {found} for {expected}"
            );
        }
    }
}

#[test]
fn all_formats_at_all_levels_are_the_product() {
    let mut bits = Bits(1);
    for ggml_type in GgmlType::ALL {
        for &columns in widths(ggml_type) {
            for count in 1..=8 {
                let bytes = weights(&mut bits, ggml_type, 3 * columns, None);
                let x: Vec<f32> = (0..count * columns).map(|_| 3.0 * bits.unit()).collect();
                levels().for_each(|level| check(level, ggml_type, &bytes, &x, columns, "random"));
            }
        }
    }
}

#[test]
fn the_largest_levels_of_one_sign_overflow_nothing() {
    let mut bits = Bits(2);
    for ggml_type in GgmlType::ALL {
        for filler in [0x00, 0x7f, 0x80, 0x88, 0xff] {
            let columns = 1024;
            let bytes = weights(&mut bits, ggml_type, columns, Some(filler));
            for sign in [1.0, -1.0] {
                let x = vec![sign * 1e3; columns];
                levels().for_each(|level| check(level, ggml_type, &bytes, &x, columns, "extreme"));
            }
        }
    }
}

#[test]
fn activations_at_the_ends_of_f32_keep_their_size() {
    let mut bits = Bits(3);
    for ggml_type in GgmlType::ALL {
        for size in [1e-30, 1e-9, 1e-5, 1e5, 1e9, 1e30] {
            let bytes = weights(&mut bits, ggml_type, 2 * 512, None);
            let x: Vec<f32> = (0..512).map(|_| size * bits.unit()).collect();
            levels().for_each(|level| check(level, ggml_type, &bytes, &x, 512, "size"));
            // Not only right for the levels: the levels are right for the row.
            let mut acts = Activations::new();
            acts.set(&x, 512, &[GgmlType::Q8_0, GgmlType::Q4K]).unwrap();
            for (k, x) in x.iter().enumerate() {
                let small = f32::from(acts.small.levels.get()[k]) * acts.small.scales.get()[k / 32];
                let large = f32::from(acts.large.levels.get()[k]) * acts.large.scales.get()[k / 256];
                assert!((small - x).abs() <= size / 127.0 * 0.6, "{small} for {x}");
                assert!((large - x).abs() <= size / 127.0 * 0.6, "{large} for {x}");
            }
        }
    }
}

#[test]
fn zeros_give_zero() {
    let mut bits = Bits(4);
    for ggml_type in GgmlType::ALL {
        let bytes = weights(&mut bits, ggml_type, 512, None);
        let matrix = Matrix::new(ggml_type, &bytes, 1, 512).unwrap();
        let nothing = vec![0; bytes.len()];
        let zero = Matrix::new(ggml_type, &nothing, 1, 512).unwrap();
        let x: Vec<f32> = (0..512).map(|_| bits.unit()).collect();
        for level in levels() {
            let mut acts = Activations::new();
            let mut out = [f32::NAN];
            acts.set(&x, 512, &[ggml_type]).unwrap();
            rows_at(level, &zero, 0..1, &acts, &mut out).unwrap();
            assert_eq!(out, [0.0], "{level:?} {ggml_type:?} weights");
            acts.set(&[0.0; 512], 512, &[ggml_type]).unwrap();
            rows_at(level, &matrix, 0..1, &acts, &mut out).unwrap();
            assert_eq!(out, [0.0], "{level:?} {ggml_type:?} activations");
        }
    }
}

#[test]
fn what_is_not_finite_gives_nan_and_spoils_its_own_row_alone() {
    let mut bits = Bits(5);
    for ggml_type in GgmlType::ALL {
        let bytes = weights(&mut bits, ggml_type, 512, None);
        let matrix = Matrix::new(ggml_type, &bytes, 1, 512).unwrap();
        for bad in [f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            for at in [0, 31, 300, 511] {
                let mut x: Vec<f32> = (0..3 * 512).map(|_| bits.unit()).collect();
                x[512 + at] = bad;
                let mut acts = Activations::new();
                acts.set(&x, 512, &[ggml_type]).unwrap();
                for level in levels() {
                    let mut out = [0.0; 3];
                    rows_at(level, &matrix, 0..1, &acts, &mut out).unwrap();
                    assert_eq!(out.map(f32::is_nan), [false, true, false], "{level:?} {ggml_type:?} {bad} at {at}");
                }
            }
        }
    }
}

#[test]
fn neither_threads_nor_neighbours_change_a_bit() {
    let mut bits = Bits(6);
    let teams = [Team::new(1), Team::new(2), Team::new(3)];
    for ggml_type in GgmlType::ALL {
        let (columns, count) = (512, 700);
        let bytes = weights(&mut bits, ggml_type, count * columns, None);
        let other = weights(&mut bits, ggml_type, 3 * columns, None);
        let matrix = Matrix::new(ggml_type, &bytes, count, columns).unwrap();
        let second = Matrix::new(ggml_type, &other, 3, columns).unwrap();
        let x: Vec<f32> = (0..7 * columns).map(|_| bits.unit()).collect();
        let mut acts = Activations::new();
        for level in levels() {
            // One row of each alone.
            let mut expected = vec![0.0; 7 * count];
            for m in 0..7 {
                acts.set(&x[m * columns..][..columns], columns, &[ggml_type]).unwrap();
                for row_idx in 0..count {
                    let at = m * count + row_idx;
                    rows_at(level, &matrix, row_idx..row_idx + 1, &acts, &mut expected[at..=at]).unwrap();
                }
            }
            acts.set(&x, columns, &[ggml_type]).unwrap();
            for team in &teams {
                let mut out = vec![f32::NAN; 7 * count];
                let mut more = vec![f32::NAN; 7 * 3];
                let parts = &mut [Part { matrix, out: &mut out }, Part { matrix: second, out: &mut more }];
                products_at(level, team, parts, &acts).unwrap();
                let same = out.iter().zip(&expected).all(|(a, b)| a.to_bits() == b.to_bits());
                assert!(same, "{level:?} {ggml_type:?} on {} threads", team.threads());
                let mut alone = vec![f32::NAN; 7 * 3];
                rows_at(level, &second, 0..3, &acts, &mut alone).unwrap();
                assert_eq!(alone, more);
            }
        }
    }
}

#[test]
fn levels_of_a_row_are_ggmls() {
    // Q8_0 by hand: the largest magnitude is 127 levels, halves go to even. Q8_K: the largest is -127 of them.
    let mut x = vec![0.0; 256];
    x[0] = 127.0;
    x[1] = 2.5;
    x[2] = -3.5;
    x[3] = -126.4;
    let mut acts = Activations::new();
    acts.set(&x, 256, &[GgmlType::Q4_1, GgmlType::Q6K]).unwrap();
    assert_eq!(acts.small.levels.get()[..4], [127, 2, -4, -126]);
    assert_eq!((acts.small.scales.get()[0], acts.small.sums.get()[0]), (1.0, -1.0));
    assert_eq!(acts.small.lanes.get()[..2], [1, 0]);
    assert_eq!(acts.large.levels.get()[..4], [-127, -2, 4, 126]);
    assert_eq!((acts.large.scales.get()[0], acts.large.sums.get()[0]), (-1.0, 1));
}

#[test]
fn buffers_are_used_again_by_a_shorter_row() {
    let mut bits = Bits(7);
    let mut acts = Activations::new();
    acts.set(&vec![1e3; 8 * 1024], 1024, &GgmlType::ALL).unwrap();
    for ggml_type in GgmlType::ALL {
        let columns = if ggml_type.block_len() == 256 { 256 } else { 160 };
        let bytes = weights(&mut bits, ggml_type, columns, None);
        let x: Vec<f32> = (0..columns).map(|_| bits.unit()).collect();
        acts.set(&x, columns, &[ggml_type]).unwrap();
        let mut fresh = Activations::new();
        fresh.set(&x, columns, &[ggml_type]).unwrap();
        let matrix = Matrix::new(ggml_type, &bytes, 1, columns).unwrap();
        let (mut a, mut b) = ([0.0], [0.0]);
        rows(&matrix, 0..1, &acts, &mut a).unwrap();
        rows(&matrix, 0..1, &fresh, &mut b).unwrap();
        assert_eq!(a, b, "{ggml_type:?}");
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let bytes = vec![0; 2 * 144];
    assert_eq!(
        Matrix::new(GgmlType::Q4K, &bytes, 2, 128).unwrap_err(),
        DotError::Columns { columns: 128, multiple: 256 }
    );
    assert!(matches!(Matrix::new(GgmlType::Q4K, &bytes, 3, 256), Err(DotError::Length { found: 288, .. })));
    assert!(matches!(Matrix::new(GgmlType::Q4K, &bytes, usize::MAX, 256), Err(DotError::Length { .. })));
    let matrix = Matrix::new(GgmlType::Q4K, &bytes, 2, 256).unwrap();
    let mut acts = Activations::new();
    let mut out = [0.0; 2];
    assert!(matches!(rows(&matrix, 0..2, &acts, &mut out), Err(DotError::Length { found: 0, .. })));
    acts.set(&[0.0; 256], 256, &[GgmlType::Q8_0]).unwrap();
    assert_eq!(rows(&matrix, 0..2, &acts, &mut out), Err(DotError::NotPrepared(GgmlType::Q4K)));
    assert!(acts.set(&[0.0; 96], 96, &[GgmlType::Q4K]).is_err());
    assert!(acts.set(&[0.0; 255], 256, &[GgmlType::Q4K]).is_err());
    assert!(acts.set(&[], 0, &[]).is_err());
    acts.set(&[0.0; 256], 256, &[GgmlType::Q4K]).unwrap();
    assert!(rows(&matrix, 0..3, &acts, &mut out).is_err());
    assert!(rows(&matrix, 0..1, &acts, &mut out).is_err());
    let team = Team::new(2);
    assert!(product(&team, &matrix, &acts, &mut out[..1]).is_err());
    product(&team, &matrix, &acts, &mut out).unwrap();
    // No rows of activations, or of weights, are fine.
    acts.set(&[], 256, &[GgmlType::Q4K]).unwrap();
    product(&team, &matrix, &acts, &mut []).unwrap();
    product(&team, &Matrix::new(GgmlType::Q4K, &[], 0, 256).unwrap(), &acts, &mut []).unwrap();
}
