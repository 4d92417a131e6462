//! Adapters: round trip, scales, and everything strictness must catch.

use serde_json::{Value, json};

use super::*;

fn adapter() -> Adapter {
    let mut config = AdapterConfig::new(2, 16.0, &["q_proj", "down_proj"]);
    config.base_model_name_or_path = Some("org/base".into());
    config.rank_pattern = vec![(Pattern::suffix("mlp.down_proj").unwrap(), 3)];
    config.alpha_pattern = vec![(Pattern::suffix("^model.layers.0.mlp.down_proj").unwrap(), 6.0)];
    let pair = |r: usize, inp: usize, out: usize| LoraPair {
        a: (0..r * inp).map(|i| i as f32 * 0.1).collect(),
        b: (0..out * r).map(|i| i as f32 - 0.5).collect(),
        magnitude: None,
        r,
        in_features: inp,
        out_features: out,
    };
    let tensors = [
        ("model.layers.0.self_attn.q_proj".to_owned(), pair(2, 4, 6)),
        ("model.layers.0.mlp.down_proj".to_owned(), pair(3, 5, 4)),
    ];
    Adapter { config, tensors: tensors.into() }
}

#[test]
fn round_trip_is_exact_and_deterministic() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (dir.path().join("one"), dir.path().join("two"));
    adapter().save(&one, false).unwrap();
    adapter().save(&two, false).unwrap();
    assert_eq!(Adapter::load(&one).unwrap(), adapter());
    for file in [CONFIG_FILE, WEIGHTS_FILE] {
        assert_eq!(fs::read(one.join(file)).unwrap(), fs::read(two.join(file)).unwrap());
    }
    let config: Value = serde_json::from_slice(&fs::read(one.join(CONFIG_FILE)).unwrap()).unwrap();
    let keys: Vec<&String> = config.as_object().unwrap().keys().collect();
    assert!(keys.is_sorted() && config["peft_type"] == "LORA" && config["lora_alpha"] == json!(16));
    // No leftovers, and an existing adapter is only replaced on request.
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    assert!(matches!(adapter().save(&one, false), Err(HubError::Exists { .. })));
    adapter().save(&one, true).unwrap();
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
}

#[test]
fn scales_follow_patterns_and_rslora() {
    let mut adapter = adapter();
    assert_eq!(adapter.scale("model.layers.0.self_attn.q_proj"), 8.0);
    assert_eq!(adapter.scale("model.layers.0.mlp.down_proj"), 2.0);
    adapter.config.use_rslora = true;
    assert_eq!(adapter.scale("model.layers.0.self_attn.q_proj"), (16.0 / 2.0f64.sqrt()) as f32);
}

#[test]
fn unsupported_settings_are_named() {
    for (key, value) in [
        ("use_qalora", json!(true)),
        ("use_something_new", json!(true)),
        ("init_lora_weights", json!("pissa_niter_16")),
        ("bias", json!("all")),
        ("modules_to_save", json!(["lm_head"])),
        ("fan_in_fan_out", json!(true)),
        ("target_modules", json!("(?=q)q_proj")),
        ("rank_pattern", json!({"layers.[01.q": 4})),
        ("peft_type", json!("IA3")),
    ] {
        let mut config = adapter().config.to_value();
        config[key] = value;
        let error = AdapterConfig::from_value(&config).unwrap_err();
        assert!(matches!(error, HubError::Unsupported { .. }) && error.to_string().contains(key), "{error}");
    }
    assert!(AdapterConfig::from_value(&json!({"peft_type": "LORA", "r": 0})).is_err());
    // The least PEFT accepts.
    let least = AdapterConfig::from_value(&json!({"peft_type": "LORA", "r": 4, "lora_alpha": 8})).unwrap();
    assert_eq!(least.target_modules, TargetModules::List(vec!["q_proj".into(), "v_proj".into()]));
}

#[test]
fn wrong_tensors_are_all_reported() {
    let dir = tempfile::tempdir().unwrap();
    write_json(&dir.path().join(CONFIG_FILE), &adapter().config.to_value()).unwrap();
    let tensors = [
        ("base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight", vec![2, 4]),
        ("base_model.model.model.layers.0.self_attn.k_proj.lora_A.weight", vec![2, 4]),
        ("base_model.model.model.layers.0.self_attn.k_proj.lora_B.weight", vec![4, 2]),
        ("base_model.model.model.layers.0.self_attn.o_proj.lora_A.default.weight", vec![2, 4]),
    ]
    .map(|(name, shape)| (name.to_owned(), shape));
    write_safetensors(&dir.path().join(WEIGHTS_FILE), "F32", 4, &tensors, &mut |_| Ok::<_, HubError>(vec![0; 32]))
        .unwrap();
    let error = Adapter::load(dir.path()).unwrap_err().to_string();
    for part in ["q_proj` has no lora_B", "k_proj` is not among", "lora_A.default", "`down_proj` has no tensors"] {
        assert!(error.contains(part), "{part}: {error}");
    }
}

#[test]
fn the_base_is_compared() {
    let base = json!({"model_type": "llama", "hidden_size": 4, "num_attention_heads": 1, "intermediate_size": 5,
        "num_hidden_layers": 2, "vocab_size": 8});
    let base = LlamaConfig::from_value(&base).unwrap();
    let error = adapter().check_base(&base).unwrap_err().to_string();
    assert!(error.contains("4 x 4 in the base, 6 x 4"), "{error}");
    assert!(error.contains("`model.layers.1.mlp.down_proj` is targeted"), "{error}");
    let mut head = adapter();
    let pair = head.tensors["model.layers.0.self_attn.q_proj"].clone();
    head.tensors.insert("lm_head".to_owned(), pair);
    let error = head.check_base(&base).unwrap_err().to_string();
    assert!(error.contains("`lm_head` is updated") && error.contains("neither head nor embedding"), "{error}");
}

#[test]
fn values_that_are_no_numbers_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let mut broken = adapter();
    broken.tensors.get_mut("model.layers.0.self_attn.q_proj").unwrap().b[3] = f32::NAN;
    broken.save(dir.path(), true).unwrap();
    let error = Adapter::load(dir.path()).unwrap_err().to_string();
    assert!(error.contains("q_proj.lora_B.weight` holds a value that is not finite"), "{error}");
    // An embedding's update has names of its own.
    let tensors = [("base_model.model.model.embed_tokens.lora_embedding_A".to_owned(), vec![2, 4])];
    write_safetensors(&dir.path().join(WEIGHTS_FILE), "F32", 4, &tensors, &mut |_| Ok::<_, HubError>(vec![0; 32]))
        .unwrap();
    let error = Adapter::load(dir.path()).unwrap_err().to_string();
    assert!(error.contains("updates an embedding"), "{error}");
}
