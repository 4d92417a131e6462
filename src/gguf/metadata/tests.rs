//! Keys of whole folders. The values were written by llama.cpp's converter from the same folders;
//! `tests/parity/check_gguf_meta.py` runs it again.

use std::fs;

use serde_json::json;

use super::*;
use crate::hub::write_weights;

/// A folder of a family with weights of zeros.
fn folder(dir: &Path, changes: &Json, readme: &str) -> Folder {
    let mut config = json!({"vocab_size": 64, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 1,
        "num_attention_heads": 4, "num_key_value_heads": 2, "rms_norm_eps": 1e-6, "rope_theta": 10000.0,
        "max_position_embeddings": 256, "tie_word_embeddings": true});
    for (key, value) in changes.as_object().unwrap() {
        config[key] = value.clone();
    }
    fs::create_dir_all(dir).unwrap();
    fs::write(dir.join("config.json"), config.to_string()).unwrap();
    if !readme.is_empty() {
        fs::write(dir.join("README.md"), readme).unwrap();
    }
    let parsed = LlamaConfig::from_value(&config).unwrap();
    let sizes: std::collections::BTreeMap<String, usize> =
        parsed.expected_tensors().into_iter().map(|(name, shape)| (name, shape.iter().product())).collect();
    write_weights(dir, &parsed, None, &mut |name| Ok::<_, crate::hub::HubError>(vec![0; 2 * sizes[name]])).unwrap();
    Folder::open(dir).unwrap()
}

/// Keys as the converter shows them: `key=value`.
fn shown(metadata: &Metadata) -> Vec<String> {
    metadata.iter().map(|(key, value)| format!("{key}={value:?}")).collect()
}

#[test]
fn a_card_and_a_generation_config() {
    let dir = tempfile::tempdir().unwrap();
    let readme = "---\nlicense: apache-2.0\nlanguage:\n- en\n- no\ntags: [persona, chat]\npipeline_tag: \
        text-generation\nbase_model:\n- meta-llama/Llama-3.2-3B-Instruct\n- https://huggingface.co/org/other-v2\n\
        datasets: someone/notes\nmodel_creator: Ada\n---\n# Me\n";
    let path = dir.path().join("me-50K-instruct-v2");
    fs::create_dir_all(&path).unwrap();
    fs::write(
        path.join("generation_config.json"),
        r#"{"temperature": 0.5, "top_k": 40, "top_p": null,
        "repetition_penalty": 1.5, "do_sample": true}"#,
    )
    .unwrap();
    let folder = folder(&path, &json!({"model_type": "llama"}), readme);
    let found = shown(&model_metadata(&folder, 32).unwrap());
    let expected = [
        "general.architecture=String(\"llama\")",
        "general.type=String(\"model\")",
        "general.sampling.top_k=I32(40)",
        "general.sampling.temp=F32(0.5)",
        "general.sampling.penalty_repeat=F32(1.5)",
        "general.name=String(\"Me 50K Instruct v2\")",
        "general.author=String(\"Ada\")",
        "general.version=String(\"v2\")",
        "general.finetune=String(\"50k-instruct\")",
        "general.basename=String(\"me\")",
        "general.size_label=String(\"10K\")",
        "general.license=String(\"apache-2.0\")",
        "general.base_model.count=U32(2)",
        "general.base_model.0.name=String(\"Llama 3.2 3B Instruct\")",
        "general.base_model.0.organization=String(\"Meta Llama\")",
        "general.base_model.0.repo_url=String(\"https://huggingface.co/meta-llama/Llama-3.2-3B-Instruct\")",
        "general.base_model.1.name=String(\"Other v2\")",
        "general.base_model.1.version=String(\"v2\")",
        "general.base_model.1.organization=String(\"Org\")",
        "general.base_model.1.repo_url=String(\"https://huggingface.co/org/other-v2\")",
        "general.dataset.count=U32(1)",
        "general.dataset.0.name=String(\"Notes\")",
        "general.dataset.0.organization=String(\"Someone\")",
        "general.dataset.0.repo_url=String(\"https://huggingface.co/someone/notes\")",
        "general.tags=Array(8, [String(\"persona\"), String(\"chat\"), String(\"text-generation\")])",
        "general.languages=Array(8, [String(\"en\"), String(\"no\")])",
        "llama.block_count=U32(1)",
        "llama.context_length=U32(256)",
        "llama.embedding_length=U32(32)",
        "llama.feed_forward_length=U32(48)",
        "llama.attention.head_count=U32(4)",
        "llama.attention.head_count_kv=U32(2)",
        "llama.rope.freq_base=F32(10000.0)",
        "llama.attention.layer_norm_rms_epsilon=F32(1e-6)",
        "llama.attention.key_length=U32(8)",
        "llama.attention.value_length=U32(8)",
        "general.file_type=U32(32)",
        "llama.vocab_size=U32(64)",
        "llama.rope.dimension_count=U32(8)",
        "general.quantization_version=U32(2)",
    ];
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!(found, expected);
    }
    assert_eq!(found.len(), expected.len());
    assert_eq!(model_name(&folder).unwrap(), "Me 50K Instruct v2");
}

#[test]
fn qwen_folders_have_keys_of_their_own() {
    let dir = tempfile::tempdir().unwrap();
    for (family, keys) in [("qwen2", 9), ("qwen3", 11)] {
        let folder = folder(&dir.path().join(family), &json!({"model_type": family, "head_dim": null}), "");
        let metadata = model_metadata(&folder, 1).unwrap();
        let found = shown(&metadata);
        assert_eq!(found[0], format!("general.architecture=String(\"{family}\")"));
        assert_eq!(found.iter().filter(|key| key.starts_with(family)).count(), keys - 1, "{found:?}");
        assert_eq!(found.contains(&"qwen3.attention.key_length=U32(128)".to_owned()), family == "qwen3");
        assert!(!found.iter().any(|key| key.contains("vocab_size") || key.contains("dimension_count")));
    }
}

#[test]
fn rope_rules_that_have_keys() {
    let mut config = LlamaConfig::from_value(&json!({"model_type": "llama"})).unwrap();
    assert!(rope_scaling(&config).is_empty());
    let mut keys = |rope: Json| {
        config.raw.insert("rope_scaling".to_owned(), rope);
        rope_scaling(&config).into_iter().map(|(key, value)| format!("{key}={value:?}")).collect::<Vec<String>>()
    };
    assert_eq!(keys(json!({"type": "linear", "factor": 2})), ["type=String(\"linear\")", "factor=F32(2.0)"]);
    assert_eq!(
        keys(json!({"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768, "beta_fast": 32})),
        ["type=String(\"yarn\")", "factor=F32(4.0)", "original_context_length=U32(32768)", "yarn_beta_fast=F32(32.0)"]
    );
    assert!(keys(json!({"rope_type": "llama3", "factor": 8.0})).is_empty());
    assert!(keys(json!({"rope_type": "linear"})).is_empty());
}

#[test]
fn names_of_folders() {
    let config = LlamaConfig::from_value(&json!({"model_type": "llama"})).unwrap();
    let none = Card::Map(Vec::new());
    let cached = Names::find(&none, &config, Path::new("/x/models--some-org--Some-Model-7B/snapshots/abc123"));
    assert_eq!((cached.name.as_str(), cached.organization.as_deref()), ("Some Model 7B", Some("Some Org")));
    assert_eq!((cached.basename.as_deref(), cached.size_label.as_str()), (Some("Some-Model"), "7B"));
    let mut named = config;
    named.raw.insert("_name_or_path".to_owned(), json!("org/Base-7B"));
    assert_eq!(Names::find(&none, &named, Path::new("/x/merged")).name, "Base 7B");
    named.raw.insert("_name_or_path".to_owned(), json!("/home/me/Base"));
    assert_eq!(Names::find(&none, &named, Path::new("/x/merged_v2")).name, "Merged_V2");
}
