//! Cases of `config.json`: both spellings, what is refused, and the rotary golden values.

use serde_json::json;

use super::*;

fn llama32_3b() -> Value {
    json!({
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 128256, "hidden_size": 3072,
        "intermediate_size": 8192, "num_hidden_layers": 28, "num_attention_heads": 24, "num_key_value_heads": 8,
        "head_dim": 128, "max_position_embeddings": 131072, "rms_norm_eps": 1e-5, "rope_theta": 500000.0,
        "rope_scaling": {"factor": 32.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
            "original_max_position_embeddings": 8192, "rope_type": "llama3"},
        "tie_word_embeddings": true, "bos_token_id": 128000, "eos_token_id": [128001, 128008, 128009],
        "hidden_act": "silu", "attention_bias": false, "torch_dtype": "bfloat16", "custom": {"kept": 1}
    })
}

fn with(key: &str, value: Value) -> Value {
    let mut config = llama32_3b();
    config[key] = value;
    config
}

#[test]
fn old_and_new_spelling_agree() {
    let old = LlamaConfig::from_value(&llama32_3b()).unwrap();
    let mut new = llama32_3b();
    let map = new.as_object_mut().unwrap();
    let mut rope = map.shift_remove("rope_scaling").unwrap();
    rope["rope_theta"] = map.shift_remove("rope_theta").unwrap();
    map.shift_remove("torch_dtype");
    map.insert("rope_parameters".into(), rope);
    map.insert("dtype".into(), json!("bfloat16"));
    let new = LlamaConfig::from_value(&new).unwrap();
    assert_eq!(old.inv_freq(), new.inv_freq());
    assert_eq!((old.rope_theta, old.rope_scaling), (new.rope_theta, new.rope_scaling));

    let written = new.to_old_json();
    assert_eq!(written["rope_theta"], json!(500000.0));
    assert_eq!(written["rope_scaling"]["rope_type"], "llama3");
    assert_eq!(written["torch_dtype"], "bfloat16");
    assert_eq!(written["custom"]["kept"], 1);
    assert!(written.get("rope_parameters").is_none() && written.get("dtype").is_none());
    assert_eq!(LlamaConfig::from_value(&written).unwrap().inv_freq(), new.inv_freq());
}

#[test]
fn sizes_of_llama_3_2() {
    let config = LlamaConfig::from_value(&llama32_3b()).unwrap();
    assert_eq!(config.parameter_count(), 3_212_749_824);
    assert_eq!(config.eos_token_ids, [128_001, 128_008, 128_009]);
    assert_eq!(config.linear_modules().len(), 7 * 28);
    // 16 * 54272 * 28: the trainable weights of rank 16 on all seven projections.
    let trainable: usize = config.linear_modules().iter().map(|(_, [out, inp])| 16 * (out + inp)).sum();
    assert_eq!(trainable, 24_313_856);
}

#[test]
fn rope_freqs_golden() {
    // From llama.cpp's converter; numerics sheet, section 8.6.
    let close = |found: &[f32], expected: &[f32]| {
        assert_eq!(found.len(), expected.len());
        for (a, b) in found.iter().zip(expected) {
            assert!((a - b).abs() < 2e-6 * b.abs(), "{a} {b}");
        }
    };
    let freqs = LlamaConfig::from_value(&llama32_3b()).unwrap().rope_freqs().unwrap();
    assert!(freqs[..=28].iter().all(|&f| f == 1.0) && freqs[35..].iter().all(|&f| f == 32.0));
    close(&freqs[29..35], &[1.234937, 1.651329, 2.276659, 3.292263, 5.171597, 9.666731]);
    let narrow = LlamaConfig::from_value(&with("head_dim", json!(64))).unwrap();
    let freqs = narrow.rope_freqs().unwrap();
    assert!(freqs[..=14].iter().all(|&f| f == 1.0) && freqs[18..].iter().all(|&f| f == 32.0));
    close(&freqs[15..18], &[1.651329, 3.292263, 9.666731]);
    // The two ways to the same frequencies agree.
    let mut by_factors = narrow.clone();
    by_factors.rope_factors = Some(freqs);
    close(&by_factors.inv_freq(), &narrow.inv_freq());
}

#[test]
fn defaults_are_those_of_transformers() {
    let config = LlamaConfig::from_value(&json!({"model_type": "llama"})).unwrap();
    assert_eq!((config.vocab_size, config.head_dim, config.num_key_value_heads), (32000, 128, 32));
    assert_eq!((config.bos_token_id, config.pad_token_id), (Some(1), None));
    assert_eq!((config.rms_norm_eps, config.rope_theta), (1e-6, 10000.0));
    assert!(!config.tie_word_embeddings && config.rope_freqs().is_none());
}

#[test]
fn foreign_models_are_refused_by_name() {
    for (key, value, part) in [
        ("model_type", json!("gemma3"), "gemma3"),
        ("attention_bias", json!(true), "attention_bias"),
        ("mlp_bias", json!(true), "mlp_bias"),
        ("hidden_act", json!("gelu"), "gelu"),
        ("rope_scaling", json!({"rope_type": "yarn", "factor": 4.0}), "yarn"),
        ("quantization_config", json!({"quant_method": "gptq"}), "quantised"),
    ] {
        let error = LlamaConfig::from_value(&with(key, value)).unwrap_err();
        assert!(matches!(error, HubError::Unsupported { .. }) && error.to_string().contains(part), "{error}");
    }
}

#[test]
fn lying_sizes_are_refused_all_at_once() {
    let mut config = llama32_3b();
    config["vocab_size"] = json!(1u64 << 40);
    config["hidden_size"] = json!(-5);
    config["num_key_value_heads"] = json!(7);
    config["head_dim"] = json!(33);
    let error = LlamaConfig::from_value(&config).unwrap_err().to_string();
    for part in ["vocab_size", "hidden_size", "key/value", "head_dim"] {
        assert!(error.contains(part), "{error}");
    }
    assert!(LlamaConfig::from_value(&with("num_attention_heads", json!(0))).is_err());
    assert!(LlamaConfig::from_value(&with("rope_theta", json!("x"))).is_err());
    assert!(LlamaConfig::from_value(&with("eos_token_id", json!([999_999]))).is_err());
    assert!(LlamaConfig::from_value(&json!([])).is_err());
}
