//! Folders: opening, mismatches, the tied head, sharding and the template's two homes.

use std::fs;

use serde_json::json;

use super::*;
use crate::hub::{SaveOptions, save_folder};

fn config(tied: bool) -> Value {
    json!({"model_type": "llama", "vocab_size": 8, "hidden_size": 4, "intermediate_size": 6, "num_hidden_layers": 2,
        "num_attention_heads": 2, "num_key_value_heads": 1, "tie_word_embeddings": tied, "bos_token_id": 0,
        "eos_token_id": [1, 2]})
}

/// bf16 bytes that depend on the tensor's name.
fn bytes(name: &str, n: usize) -> Vec<u8> {
    let salt = name.bytes().map(u32::from).sum::<u32>();
    (0..n).flat_map(|i| half::bf16::from_f32((salt + i as u32) as f32 / 64.0).to_le_bytes()).collect()
}

/// Writes config and the given tensors as one BF16 file.
fn write(dir: &Path, config: &Value, tensors: &[(String, Vec<usize>)]) {
    fs::write(dir.join("config.json"), config.to_string()).unwrap();
    crate::hub::save::write_safetensors(&dir.join("model.safetensors"), "BF16", 2, tensors, &mut |name| {
        let (_, shape) = tensors.iter().find(|(other, _)| other == name).unwrap();
        Ok::<_, HubError>(bytes(name, shape.iter().product()))
    })
    .unwrap();
}

fn expected(tied: bool) -> Vec<(String, Vec<usize>)> {
    LlamaConfig::from_value(&config(tied)).unwrap().expected_tensors()
}

#[test]
fn opens_and_reads() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &config(true), &expected(true));
    let folder = Folder::open(dir.path()).unwrap();
    assert_eq!(folder.tensor_names().len(), 2 + 2 * 9);
    assert_eq!(folder.shape("model.layers.1.self_attn.k_proj.weight").unwrap(), [2, 4]);
    let (raw, dtype) = folder.raw("model.norm.weight").unwrap();
    assert_eq!((raw, dtype), (&bytes("model.norm.weight", 4)[..], Dtype::BF16));
    assert_eq!(folder.load_f32("model.norm.weight").unwrap().len(), 4);
    assert!(matches!(folder.info("nope"), Err(HubError::NoTensor { .. })));
    assert_eq!(folder.generation_eos_ids().unwrap(), [1, 2]);
    assert_eq!(folder.content_hash().unwrap(), Folder::open(dir.path()).unwrap().content_hash().unwrap());
}

#[test]
fn every_mismatch_is_in_one_error() {
    let dir = tempfile::tempdir().unwrap();
    let mut tensors = expected(false);
    tensors.pop();
    tensors[1].1 = vec![5];
    tensors.push(("score.weight".into(), vec![2]));
    tensors.push(("model.layers.0.self_attn.rotary_emb.inv_freq".into(), vec![1]));
    write(dir.path(), &config(false), &tensors);
    let error = Folder::open(dir.path()).unwrap_err().to_string();
    for part in ["`lm_head.weight` [8, 4] is missing", "[5], expected [4]", "`score.weight` is not part"] {
        assert!(error.contains(part), "{error}");
    }
    assert!(!error.contains("inv_freq"));
}

#[test]
fn a_tied_head_may_only_repeat_the_embedding() {
    let dir = tempfile::tempdir().unwrap();
    let mut tensors = expected(true);
    tensors.push(("lm_head.weight".into(), vec![8, 4]));
    write(dir.path(), &config(true), &tensors);
    assert!(Folder::open(dir.path()).unwrap_err().to_string().contains("differs from the embedding"));

    crate::hub::save::write_safetensors(&dir.path().join("model.safetensors"), "BF16", 2, &tensors, &mut |name| {
        let (_, shape) = tensors.iter().find(|(other, _)| other == name).unwrap();
        let name = if name == "lm_head.weight" { "model.embed_tokens.weight" } else { name };
        Ok::<_, HubError>(bytes(name, shape.iter().product()))
    })
    .unwrap();
    let folder = Folder::open(dir.path()).unwrap();
    assert!(folder.tensor_names().iter().all(|name| name != "lm_head.weight"));
}

#[test]
fn saves_in_shards_with_both_templates() {
    let dir = tempfile::tempdir().unwrap();
    let source = dir.path().join("source");
    fs::create_dir(&source).unwrap();
    write(&source, &config(false), &expected(false));
    fs::write(source.join("tokenizer.json"), "{ \"odd\":  1}").unwrap();
    let tokenizer_config = json!({"eos_token": {"content": "<e>"}, "bos_token": "<b>", "chat_template": [
        {"name": "tool_use", "template": "T"}, {"name": "default", "template": "D"}]});
    fs::write(source.join("tokenizer_config.json"), tokenizer_config.to_string()).unwrap();
    let source = Folder::open(&source).unwrap();
    assert_eq!(source.chat_template().unwrap().as_deref(), Some("D"));
    let special = source.special_tokens().unwrap();
    assert_eq!((special.bos.as_deref(), special.eos.as_deref(), special.pad), (Some("<b>"), Some("<e>"), None));

    let out = dir.path().join("out");
    let options = SaveOptions { max_shard_bytes: Some(200), replace: false };
    let copy = &mut |name: &str| Ok::<_, HubError>(source.raw(name)?.0.to_vec());
    save_folder(&source, &out, &options, copy).unwrap();
    let saved = Folder::open(&out).unwrap();
    assert!(saved.shards.len() > 1);
    for name in source.tensor_names() {
        assert_eq!(saved.raw(name).unwrap(), source.raw(name).unwrap());
    }
    assert_eq!(fs::read(out.join("tokenizer.json")).unwrap(), b"{ \"odd\":  1}");
    assert_eq!(fs::read_to_string(out.join("chat_template.jinja")).unwrap(), "D");
    assert_eq!(saved.tokenizer_config()["chat_template"], "D");
    assert_eq!(saved.generation_eos_ids().unwrap(), [1, 2]);
    assert!(matches!(save_folder(&source, &out, &options, copy), Err(HubError::Exists { .. })));

    // A failing tensor leaves neither the output nor the half-written folder behind.
    let fresh = dir.path().join("fresh");
    let failing = &mut |name: &str| Err::<Vec<u8>, _>(HubError::NoTensor { name: name.to_owned() });
    assert!(save_folder(&source, &fresh, &options, failing).is_err());
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
}

#[test]
fn cut_and_lying_files_are_errors() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &config(true), &expected(true));
    let path = dir.path().join("model.safetensors");
    let whole = fs::read(&path).unwrap();
    for cut in (0..whole.len()).step_by(37) {
        fs::write(&path, &whole[..cut]).unwrap();
        assert!(Folder::open(dir.path()).is_err());
    }
    fs::remove_file(&path).unwrap();
    assert!(matches!(Folder::open(dir.path()), Err(HubError::Missing { .. })));
    let index = json!({"weight_map": {"model.norm.weight": "../evil.safetensors"}});
    fs::write(dir.path().join("model.safetensors.index.json"), index.to_string()).unwrap();
    assert!(Folder::open(dir.path()).unwrap_err().to_string().contains("plain"));
}
