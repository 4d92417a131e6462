//! The merge against sums done by hand, and against PEFT's own output where the fixture exists.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use half::bf16;
use serde_json::{Value, json};

use super::*;
use crate::hub::save::write_weights;
use crate::hub::{AdapterConfig, LoraPair};

/// A one-layer model whose every weight is 1.0.
fn base(dir: &Path) -> Folder {
    let config = json!({"model_type": "llama", "vocab_size": 4, "hidden_size": 4, "intermediate_size": 4,
        "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 2, "tie_word_embeddings": true});
    fs::create_dir_all(dir).unwrap();
    fs::write(dir.join("config.json"), config.to_string()).unwrap();
    let config = crate::hub::LlamaConfig::from_value(&config).unwrap();
    let shapes: BTreeMap<String, Vec<usize>> = config.expected_tensors().into_iter().collect();
    write_weights(dir, &config, None, &mut |name| {
        let n = shapes[name].iter().product::<usize>();
        Ok::<_, HubError>([0x80, 0x3f].repeat(n)) // bf16 1.0
    })
    .unwrap();
    Folder::open(dir).unwrap()
}

fn adapter(alpha: f64, module: &str) -> Adapter {
    let pair = LoraPair {
        magnitude: None,
        a: vec![1.0, 0.0, 0.0, 0.0, 0.0, 0.5, 0.0, 0.0],     // [2, 4]
        b: vec![1.0, 2.0, 0.0, 0.0, 0.001, 0.0, -1.0, -2.0], // [4, 2]
        r: 2,
        in_features: 4,
        out_features: 4,
    };
    Adapter { config: AdapterConfig::new(2, alpha, &["q_proj"]), tensors: [(module.to_owned(), pair)].into() }
}

const Q: &str = "model.layers.0.self_attn.q_proj";

#[test]
fn matches_the_sum_by_hand() {
    let dir = tempfile::tempdir().unwrap();
    let base = base(&dir.path().join("base"));
    let out = dir.path().join("out");
    let mut last = (0, 0);
    let mut progress = |done, total| {
        last = (done, total);
        true
    };
    merge_with(&base, &[adapter(4.0, Q)], &out, &SaveOptions::default(), &mut progress).unwrap();
    assert!(last.0 == last.1 && last.0 > 0);
    let merged = Folder::open(&out).unwrap();
    // scale 4 / 2 = 2; B A has rows [1, 1, 0, 0], zeros, [0.001, 0, 0, 0], [-1, -1, 0, 0]. 1.002 rounds away in bf16.
    #[rustfmt::skip]
    let expected = [3.0, 3.0, 1.0, 1.0,  1.0, 1.0, 1.0, 1.0,  1.0, 1.0, 1.0, 1.0,  -1.0, -1.0, 1.0, 1.0];
    assert_eq!(merged.load_f32(&format!("{Q}.weight")).unwrap(), expected);
    // Every other tensor is untouched.
    for name in base.tensor_names().iter().filter(|name| !name.contains("q_proj")) {
        assert_eq!(merged.raw(name).unwrap(), base.raw(name).unwrap());
    }
}

/// Saying no leaves neither a folder nor its beginning, and the one that was there.
#[test]
fn a_merge_that_is_stopped_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let base = base(&dir.path().join("base"));
    let out = dir.path().join("out");
    let stopped = |replace| {
        let options = SaveOptions { replace, ..SaveOptions::default() };
        merge_with(&base, &[adapter(4.0, Q)], &out, &options, &mut |_, _| false).unwrap_err()
    };
    assert!(matches!(stopped(false), MergeError::Hub(HubError::Stopped)));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    merge(&base, &[adapter(4.0, Q)], &out).unwrap();
    let before = fs::read(out.join("model.safetensors")).unwrap();
    assert!(matches!(stopped(true), MergeError::Hub(HubError::Stopped)));
    assert_eq!(fs::read(out.join("model.safetensors")).unwrap(), before);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
}

#[test]
fn stacked_adapters_sum_before_the_rounding() {
    let dir = tempfile::tempdir().unwrap();
    let base = base(&dir.path().join("base"));
    // Two deltas of 0.002: each alone rounds away (half a step is 0.0039), three of them do not.
    let name = format!("{Q}.weight");
    let three = merged_f32(&base, &[adapter(4.0, Q), adapter(4.0, Q), adapter(4.0, Q)], &name).unwrap();
    assert!((three[8] - 1.006).abs() < 1e-6);
    assert_eq!(bf16::from_f32(three[8]).to_f32(), 1.0078125);
}

#[test]
fn rows_are_those_of_the_merged_folder() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/numeric");
    let base = Folder::open(&root.join("tiny-llama")).unwrap();
    let mut dora = Adapter::load(&root.join("tiny-llama-lora")).unwrap();
    let plain = dora.clone();
    dora.config.use_dora = true;
    for pair in dora.tensors.values_mut() {
        pair.magnitude = Some((0..pair.out_features).map(|row| 0.5 + row as f32 * 0.01).collect());
    }
    // Magnitudes on top of another update, and one more on top of those.
    let stack = [plain.clone(), dora, plain];
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("merged");
    merge(&base, &stack, &out).unwrap();
    let saved = Folder::open(&out).unwrap();
    let merged = Merged::new(&base, &stack).unwrap();
    let (mut values, mut bytes) = (Vec::new(), Vec::new());
    for name in base.tensor_names() {
        let whole = saved.load_f32(name).unwrap();
        let (rows, columns) = merged.size(name).unwrap();
        assert_eq!(merged.load_f32(name).unwrap(), whole, "{name}");
        for at_once in [1, 3, 7] {
            for start in (0..rows).step_by(at_once) {
                let range = start..rows.min(start + at_once);
                let piece = range.start * columns..range.end * columns;
                merged.rows_f32(name, range.clone(), &mut values).unwrap();
                assert_eq!(values, whole[piece.clone()], "{name} {range:?}");
                merged.rows_bf16(name, range.clone(), &mut bytes).unwrap();
                assert_eq!(bytes, saved.raw(name).unwrap().0[piece.start * 2..piece.end * 2], "{name} {range:?}");
            }
        }
        assert!(matches!(merged.rows_f32(name, 1..rows + 1, &mut values), Err(MergeError::Rows { .. })));
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let base = base(&dir.path().join("base"));
    let out = dir.path().join("out");
    let foreign = adapter(4.0, "model.layers.7.self_attn.q_proj");
    let error = merge(&base, &[foreign], &out).unwrap_err().to_string();
    assert!(error.contains("layers.7") && error.contains("layers.0"), "{error}");
    let error = merge(&base, &[adapter(1e39, Q)], &out).unwrap_err();
    assert!(matches!(error, MergeError::NotFinite { .. }), "{error}");
    assert!(matches!(merge(&base, &[], &out), Err(MergeError::NoAdapter)));
    assert!(!out.exists());
}

/// PEFT merged the same adapter into the same base (`fixtures/numeric/tiny-llama`, `tiny-llama-lora`).
#[test]
fn agrees_with_peft() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/numeric");
    let expected: Value = serde_json::from_slice(&fs::read(root.join("merged.json")).unwrap()).unwrap();
    let base = Folder::open(&root.join("tiny-llama")).unwrap();
    let adapter = Adapter::load(&root.join("tiny-llama-lora")).unwrap();
    for (name, expected) in expected["linears"].as_object().unwrap() {
        let merged = merged_f32(&base, std::slice::from_ref(&adapter), name).unwrap();
        let number = |key: &str| expected[key].as_f64().unwrap();
        let sum: f64 = merged.iter().map(|&value| f64::from(value)).sum();
        let norm = merged.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>().sqrt();
        assert!((sum - number("sum")).abs() < 1e-4, "{name} {sum}");
        assert!((norm - number("norm")).abs() < 1e-5, "{name} {norm}");
        let list = |key: &str| expected[key].as_array().unwrap().clone();
        for ((value, wanted), bits) in merged.iter().zip(list("first")).zip(list("first_bf16_bits")) {
            assert!((f64::from(*value) - wanted.as_f64().unwrap()).abs() < 1e-7, "{name} {value} {wanted}");
            assert_eq!(u64::from(bf16::from_f32(*value).to_bits()), bits.as_u64().unwrap(), "{name}");
        }
    }
    // The whole way through files: rounded tensors with an adapter, the base's own without.
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("merged");
    merge(&base, std::slice::from_ref(&adapter), &out).unwrap();
    let saved = Folder::open(&out).unwrap();
    for name in base.tensor_names() {
        let wanted = merged_f32(&base, std::slice::from_ref(&adapter), name).unwrap();
        let wanted: Vec<f32> = wanted.into_iter().map(|value| bf16::from_f32(value).to_f32()).collect();
        assert_eq!(saved.load_f32(name).unwrap(), wanted, "{name}");
    }
}
