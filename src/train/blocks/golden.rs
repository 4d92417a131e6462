//! What `tests/parity/make_blocks.py` computed with bitsandbytes, and its inputs.

use std::fmt::Write;
use std::path::Path;

use half::bf16;
use serde_json::Value;
use sha2::{Digest, Sha256};

pub fn read() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/numeric/blocks.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Close to normal, from integers alone, on the bf16 grid.
pub fn inputs(count: usize, seed: u64, scale: f64) -> Vec<f32> {
    let mut state = seed;
    let mut draw = || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let z = z ^ (z >> 31);
        [0, 16, 32, 48].map(|shift| (z >> shift & 0xFFFF) as i64).iter().sum::<i64>()
    };
    let mut sum = || (0..3).map(|_| draw()).sum::<i64>() - 12 * 0x8000;
    (0..count).map(|_| bf16::from_f32((sum() as f64 / 65536.0 * scale) as f32).to_f32()).collect()
}

/// As the script writes bytes: in hexadecimal, or their SHA-256.
pub fn hexed(bytes: &[u8]) -> String {
    let hex = |bytes: &[u8]| {
        bytes.iter().fold(String::new(), |mut out, byte| {
            write!(out, "{byte:02x}").unwrap();
            out
        })
    };
    if bytes.len() <= 256 { hex(bytes) } else { format!("sha256:{}", hex(&Sha256::digest(bytes))) }
}

pub fn hexed_floats(values: &[f32]) -> String {
    hexed(&values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>())
}

pub fn bytes(hex: &Value) -> Vec<u8> {
    let hex = hex.as_str().unwrap();
    (0..hex.len() / 2).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap()).collect()
}

/// Little-endian f32 written in hexadecimal.
pub fn floats(hex: &Value) -> Vec<f32> {
    bytes(hex).as_chunks().0.iter().map(|four| f32::from_le_bytes(*four)).collect()
}

pub fn numbers(list: &Value) -> Vec<f32> {
    list.as_array().unwrap().iter().map(|value| value.as_f64().unwrap() as f32).collect()
}
