//! Golden bytes from ggml's own code (numerics sheet, 9.3), and properties of every type.

use sha2::{Digest, Sha256};

use super::super::dequantize::dequantize_into;
use super::*;

#[rustfmt::skip]
const WRITTEN: [GgmlType; 9] = [
    GgmlType::F32, GgmlType::F16, GgmlType::BF16, GgmlType::Q5_0, GgmlType::Q5_1, GgmlType::Q8_0, GgmlType::Q4K,
    GgmlType::Q5K, GgmlType::Q6K,
];

/// The sheet's sample: a Weyl sequence in [-1, 1), exact in f32.
fn sample(n: usize) -> Vec<f32> {
    (0..n as u64).map(|i| ((i * 2_654_435_761 % (1 << 32)) >> 8) as f32 / 8_388_608.0 - 1.0).collect()
}

fn quantized(ggml_type: GgmlType, row: &[f32]) -> Vec<u8> {
    let mut out = vec![0; ggml_type.bytes_of(row.len()).unwrap()];
    assert!(quantize_row(ggml_type, row, &mut out));
    out
}

fn restored(ggml_type: GgmlType, bytes: &[u8]) -> Vec<f32> {
    let mut out = Vec::new();
    dequantize_into(ggml_type, bytes, &mut out);
    out
}

fn rmse(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    let sum: f64 = a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum();
    (sum / a.len() as f64).sqrt()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn golden_bytes_of_ggml() {
    let row = sample(2048);
    assert_eq!(row[..4], [-1.0, 0.236_067_89, -0.527_864_1, 0.708_203_9]);
    #[rustfmt::skip]
    let golden = [
        (GgmlType::Q4K, "33181724fffffefcfcfdfefcadfebdff", "c78b7d4316e11735d1f62c5e6d3c702807dfae2a83d12d9b25b9c3117bcdd495", 0.034_959_16),
        (GgmlType::Q5K, "21141924fffffdfffffdfffdcdedddff", "0479e0cc15f27a4289dbc8efb4b3ccfafaee9ca56dcc02ccf1e16f7100280500", 0.017_122_72),
        (GgmlType::Q6K, "41a73fa61e960d950c74fc63fb63da52", "9cae49ece7bed433e7334062220ae105a047cb4896617ee433a1ff7d0e49aa62", 0.008_123_86),
        (GgmlType::Q8_0, "0820811ebd5af99835d47110af4ceb8a", "5946a714dd347bd53859bdf2fa0ce7acb4b8da6f510c878c6832d2cf05f4da32", 0.002_218_06),
        // Not in the sheet: taken from libggml-base of llama.cpp 0c1e57098 through its quantize_row_q5_*_ref.
        (GgmlType::Q5_0, "002c4a4b6b69c004488bcff3377abee2", "4086a845c951a8bf786108806c6cdd32e76034d301c30f91be69369477db5d85", 0.018_481_45),
        (GgmlType::Q5_1, "0b2c00bc4a4b6b69c004478bbff3367a", "cc1f848e539297f6abfacb70bc19b0bb2596fd9301f6b49f1caa01ad039bef44", 0.017_855_29),
    ];
    for (ggml_type, first, sha, expected_rmse) in golden {
        let bytes = quantized(ggml_type, &row);
        assert_eq!(hex(&bytes[..16]), first, "{}", ggml_type.name());
        assert_eq!(hex(&Sha256::digest(&bytes)), sha, "{}", ggml_type.name());
        assert!((rmse(&row, &restored(ggml_type, &bytes)) - expected_rmse).abs() < 1e-7, "{}", ggml_type.name());
    }
}

#[test]
fn every_type_restores_within_its_step() {
    // Scaled to the size of real weights; sections of zeros, equal values and one sign only.
    let mut row: Vec<f32> = sample(4096).iter().map(|x| x * 0.05).collect();
    row[256..512].fill(0.0);
    row[512..768].fill(0.01);
    row[768..1024].fill(-0.01);
    row[1024..1280].iter_mut().for_each(|x| *x = x.abs() + 0.01);
    row[1280..1536].iter_mut().for_each(|x| *x = -x.abs());
    for ggml_type in WRITTEN {
        let restored = restored(ggml_type, &quantized(ggml_type, &row));
        let limit = match ggml_type {
            GgmlType::F32 => 0.0,
            GgmlType::F16 => 2e-5,
            GgmlType::BF16 | GgmlType::Q8_0 => 2e-4,
            GgmlType::Q6K => 6e-4,
            GgmlType::Q5_0 | GgmlType::Q5_1 | GgmlType::Q5K => 1.2e-3,
            _ => 2.2e-3,
        };
        assert!(rmse(&row, &restored) <= limit, "{} {}", ggml_type.name(), rmse(&row, &restored));
        assert!(restored[256..512].iter().all(|&x| x == 0.0), "{}", ggml_type.name());
    }
}

#[test]
fn threads_do_not_change_bytes() {
    let values = sample(7 * 512);
    let fill = |row: usize, out: &mut Vec<f32>| out.extend(&values[row * 512..row * 512 + 512]);
    for ggml_type in WRITTEN {
        let whole = quantize_rows(ggml_type, 0..7, 512, None, &fill).unwrap();
        assert_eq!(whole, quantized(ggml_type, &values));
        let mut parts = quantize_rows(ggml_type, 0..3, 512, None, &fill).unwrap();
        parts.extend(quantize_rows(ggml_type, 3..7, 512, None, &fill).unwrap());
        assert_eq!(whole, parts);
    }
}

#[test]
fn what_cannot_be_stored_is_refused() {
    for ggml_type in WRITTEN {
        let mut out = vec![0; ggml_type.bytes_of(256).unwrap()];
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let mut row = vec![0.5; 256];
            row[77] = bad;
            assert!(!quantize_row(ggml_type, &row, &mut out), "{} {bad}", ggml_type.name());
        }
        // Finite, but far beyond what an f16 scale can hold.
        let huge: Vec<f32> = sample(256).iter().map(|x| x * 1e38).collect();
        let wide = matches!(ggml_type, GgmlType::F32 | GgmlType::BF16);
        assert_eq!(quantize_row(ggml_type, &huge, &mut out), wide, "{}", ggml_type.name());
        assert!(!quantize_row(ggml_type, &[0.0; 255], &mut out));
    }
    let fill = |row: usize, out: &mut Vec<f32>| out.resize(32, if row == 5 { f32::NAN } else { 1.0 });
    assert_eq!(quantize_rows(GgmlType::Q8_0, 2..9, 32, None, &fill), Err(5));
}
