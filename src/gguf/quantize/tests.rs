//! Golden bytes from ggml's own code (numerics sheet, 9.3), and properties of every type.

use sha2::{Digest, Sha256};

use super::super::dequantize::dequantize_into;
use super::*;

/// The sheet's sample: a Weyl sequence in [-1, 1), exact in f32.
fn sample(n: usize) -> Vec<f32> {
    (0..n as u64).map(|i| ((i * 2_654_435_761 % (1 << 32)) >> 8) as f32 / 8_388_608.0 - 1.0).collect()
}

fn quantized(ggml_type: GgmlType, row: &[f32]) -> Vec<u8> {
    let mut out = vec![0; ggml_type.bytes_of(row.len()).unwrap()];
    assert!(quantize_row(ggml_type, row, None, &mut out), "{}", ggml_type.name());
    out
}

/// Close to normal, of variance 1, as `make_quants.py` makes it.
fn normal(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed;
    let mut draw = || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let z = z ^ (z >> 31);
        [0, 16, 32, 48].map(|shift| (z >> shift & 0xFFFF) as i64).iter().sum::<i64>()
    };
    (0..count).map(|_| ((0..3).map(|_| draw()).sum::<i64>() - 12 * 0x8000) as f32 / 65536.0).collect()
}

/// The rows of `make_quants.py`.
fn rows(columns: usize) -> Vec<(&'static str, Vec<f32>)> {
    let x = normal(columns, 1);
    let each = |f: &dyn Fn(usize, f32) -> f32| x.iter().enumerate().map(|(i, &x)| f(i, x)).collect();
    vec![
        ("normal", each(&|_, x| x * 0.02)),
        ("bf16", each(&|_, x| f32::from_bits((x * 0.02).to_bits() & 0xFFFF_0000))),
        ("heavy", each(&|_, x| x * x * x * x * x * 0.001)),
        ("sparse", each(&|i, x| if i * 7 % 31 < 2 { x } else { 0.0 })),
        ("constant", each(&|i, _| if (i / 256).is_multiple_of(2) { 0.5 } else { -0.25 })),
        ("tiny", each(&|_, x| x * 1e-8)),
        ("empty", each(&|_, x| x * 1e-20)),
        ("mixed", each(&|i, x| x * ((i / 32 * 5 % 23) as f32 - 14.0).exp2())),
        ("positive", each(&|_, x| x.abs() + 0.3)),
        ("negative", each(&|_, x| -0.3 - x.abs())),
        ("whole", each(&|_, x| (x * 3.0).round_ties_even())),
    ]
}

/// The importances of `make_quants.py`.
fn importances(columns: usize) -> Vec<(&'static str, Option<Vec<f32>>)> {
    let w = normal(columns, 2);
    let sparse = w.iter().enumerate().map(|(i, w)| if i * 11 % 37 < 3 { w * w } else { 0.0 }).collect();
    vec![("none", None), ("wide", Some(w.iter().map(|w| w * w * w * w + 1e-4).collect())), ("sparse", Some(sparse))]
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
fn bytes_are_those_of_ggml_at_every_level() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/numeric/quants.json");
    let golden: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let columns = golden["columns"].as_u64().unwrap() as usize;
    let mut compared = 0;
    for ggml_type in GgmlType::ALL {
        for (kind, row) in rows(columns) {
            for (name, importance) in importances(columns) {
                let at = |level| {
                    let mut out = vec![0; ggml_type.bytes_of(columns).unwrap()];
                    let stored = quantize_row_at(level, ggml_type, &row, importance.as_deref(), &mut out);
                    assert!(stored, "{} {kind} {name}", ggml_type.name());
                    out
                };
                let bytes = at(Level::best());
                // Two kinds for the other levels: values of all sizes, and divisions by nothing.
                for level in Level::available().into_iter().filter(|_| matches!(kind, "mixed" | "sparse")) {
                    assert!(at(level) == bytes, "{} {kind} {name} {level:?}", ggml_type.name());
                }
                if let (Some(want), "mixed", "none") = (golden["restored"][ggml_type.name()].as_str(), kind, name) {
                    let values: Vec<u8> = restored(ggml_type, &bytes).into_iter().flat_map(f32::to_le_bytes).collect();
                    assert_eq!(hex(&Sha256::digest(&values)[..8]), want, "{} restored", ggml_type.name());
                    compared += 1;
                }
                if let Some(want) = golden["sha256"][ggml_type.name()][kind][name].as_str() {
                    let got = hex(&Sha256::digest(&bytes)[..8]);
                    assert_eq!(got, want, "{} {kind} {name}", ggml_type.name());
                    compared += 1;
                }
            }
        }
    }
    assert_eq!(compared, 12 * (11 * 3 + 1));
}

#[test]
fn an_importance_moves_the_error_where_it_does_no_harm() {
    let row: Vec<f32> = normal(4096, 5).iter().map(|x| x * 0.02).collect();
    let importance: Vec<f32> = normal(4096, 6).iter().map(|w| (w * 2.0).exp()).collect();
    let harm = |restored: &[f32]| -> f64 {
        let squares = row.iter().zip(restored).map(|(a, b)| f64::from(a - b).powi(2));
        squares.zip(&importance).map(|(square, &weight)| square * f64::from(weight)).sum()
    };
    for ggml_type in GgmlType::ALL {
        let without = quantized(ggml_type, &row);
        let mut with = without.clone();
        assert!(quantize_row(ggml_type, &row, Some(&importance), &mut with));
        let indifferent = matches!(ggml_type, GgmlType::F32 | GgmlType::F16 | GgmlType::BF16 | GgmlType::Q8_0);
        assert_eq!(with == without, indifferent, "{}", ggml_type.name());
        if !indifferent {
            let (with, without) = (harm(&restored(ggml_type, &with)), harm(&restored(ggml_type, &without)));
            assert!(with < 0.95 * without, "{} {with} {without}", ggml_type.name());
        }
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
    for ggml_type in GgmlType::ALL {
        let restored = restored(ggml_type, &quantized(ggml_type, &row));
        let limit = match ggml_type {
            GgmlType::F32 => 0.0,
            GgmlType::F16 => 2e-5,
            GgmlType::BF16 | GgmlType::Q8_0 => 2e-4,
            GgmlType::Q6K => 6e-4,
            GgmlType::Q5_0 | GgmlType::Q5_1 | GgmlType::Q5K => 1.2e-3,
            GgmlType::Q4K | GgmlType::Q4_0 | GgmlType::Q4_1 => 2.2e-3,
            GgmlType::IQ4NL | GgmlType::IQ4XS => 2.6e-3,
            GgmlType::Q3K => 4.5e-3,
            GgmlType::Q2K => 9e-3,
        };
        assert!(rmse(&row, &restored) <= limit, "{} {}", ggml_type.name(), rmse(&row, &restored));
        assert!(restored[256..512].iter().all(|&x| x == 0.0), "{}", ggml_type.name());
    }
}

#[test]
fn threads_do_not_change_bytes() {
    let values = sample(7 * 512);
    let fill = |row: usize, out: &mut Vec<f32>| out.extend(&values[row * 512..row * 512 + 512]);
    for ggml_type in GgmlType::ALL {
        let whole = quantize_rows(ggml_type, 0..7, 512, None, &fill).unwrap();
        assert_eq!(whole, quantized(ggml_type, &values));
        let mut parts = quantize_rows(ggml_type, 0..3, 512, None, &fill).unwrap();
        parts.extend(quantize_rows(ggml_type, 3..7, 512, None, &fill).unwrap());
        assert_eq!(whole, parts);
    }
}

#[test]
fn what_cannot_be_stored_is_refused() {
    for ggml_type in GgmlType::ALL {
        let mut out = vec![0; ggml_type.bytes_of(256).unwrap()];
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let mut row = vec![0.5; 256];
            row[77] = bad;
            assert!(!quantize_row(ggml_type, &row, None, &mut out), "{} {bad}", ggml_type.name());
        }
        // Finite, but far beyond what an f16 scale can hold.
        let huge: Vec<f32> = sample(256).iter().map(|x| x * 1e38).collect();
        let wide = matches!(ggml_type, GgmlType::F32 | GgmlType::BF16);
        assert_eq!(quantize_row(ggml_type, &huge, None, &mut out), wide, "{}", ggml_type.name());
        assert!(!quantize_row(ggml_type, &[0.0; 255], None, &mut out));
    }
    let (row, mut out) = (vec![0.5; 256], vec![0; 144]);
    for bad in [f32::NAN, f32::INFINITY, -1.0] {
        let mut importance = vec![1.0; 256];
        importance[255] = bad;
        assert!(!quantize_row(GgmlType::Q4K, &row, Some(&importance), &mut out), "{bad}");
    }
    assert!(!quantize_row(GgmlType::Q4K, &row, Some(&[1.0; 255]), &mut out));
    let fill = |row: usize, out: &mut Vec<f32>| out.resize(32, if row == 5 { f32::NAN } else { 1.0 });
    assert_eq!(quantize_rows(GgmlType::Q8_0, 2..9, 32, None, &fill), Err(5));
}
