//! Export and re-reading of a whole small model: names, types, permutation, rope factors, tokenizer, stop ids.

use std::fs;

use serde_json::{Value as Json, json};

use super::*;
use crate::gguf::{FileSource, FolderSource, Gguf, GgufModel};
use crate::hub::save::write_weights;
use crate::hub::{Adapter, AdapterConfig, Folder, HubError, LlamaConfig, LoraPair};
use crate::merge;

fn config(tied: bool) -> Json {
    json!({"model_type": "llama", "vocab_size": 64, "hidden_size": 256, "intermediate_size": 512,
        "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 64,
        "tie_word_embeddings": tied, "rms_norm_eps": 1e-5, "rope_theta": 500000.0, "max_position_embeddings": 131072,
        "rope_scaling": {"rope_type": "llama3", "factor": 32.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
            "original_max_position_embeddings": 8192},
        "bos_token_id": 60, "eos_token_id": [61, 62]})
}

/// A folder with weights that differ everywhere.
fn folder(dir: &Path, tied: bool, poison: Option<&str>) -> Folder {
    fs::create_dir_all(dir).unwrap();
    fs::write(dir.join("config.json"), config(tied).to_string()).unwrap();
    let parsed = LlamaConfig::from_value(&config(tied)).unwrap();
    let shapes: BTreeMap<String, Vec<usize>> = parsed.expected_tensors().into_iter().collect();
    write_weights(dir, &parsed, None, &mut |name| {
        let salt = name.bytes().fold(7u64, |salt, byte| salt.wrapping_mul(31).wrapping_add(byte.into()));
        let value = |i: u64| {
            let mixed = (i + salt).wrapping_mul(2_654_435_761) % (1 << 32);
            (mixed >> 8) as f32 / 8_388_608.0 / 16.0 - 0.06
        };
        let n = shapes[name].iter().product::<usize>() as u64;
        let at = |i: u64| if poison == Some(name) && i == 300 { f32::NAN } else { value(i) };
        Ok::<_, HubError>((0..n).flat_map(|i| half::bf16::from_f32(at(i)).to_le_bytes()).collect())
    })
    .unwrap();
    let added: Vec<Json> = ["<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>"]
        .iter()
        .enumerate()
        .map(|(i, text)| json!({"id": 60 + i, "content": text, "special": true}))
        .collect();
    let vocab: serde_json::Map<String, Json> =
        ('!'..).take(60).enumerate().map(|(id, letter)| (letter.to_string(), json!(id))).collect();
    let tokenizer = json!({"added_tokens": added, "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false},
        "model": {"type": "BPE", "vocab": vocab, "merges": []}});
    fs::write(dir.join("tokenizer.json"), tokenizer.to_string()).unwrap();
    let tokenizer_config =
        json!({"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>", "chat_template": "TEMPLATE"});
    fs::write(dir.join("tokenizer_config.json"), tokenizer_config.to_string()).unwrap();
    Folder::open(dir).unwrap()
}

/// Exports and gives the file its name.
fn whole(folder: &Folder, out: &Path, quant: Quant) -> Result<ExportSummary, GgufError> {
    export(&FolderSource::new(folder, &[])?, out, &ExportOptions::new(quant), &mut |_, _| true)?
        .commit()
        .map(|(_, summary)| summary)
}

#[test]
fn bf16_export_reads_back_bit_for_bit() {
    let dir = tempfile::tempdir().unwrap();
    let folder = folder(&dir.path().join("my-model"), true, None);
    let out = dir.path().join("model.gguf");
    let mut last = (0, 0);
    let mut progress = |done, total| {
        last = (done, total);
        true
    };
    let source = FolderSource::new(&folder, &[]).unwrap();
    let exported = export(&source, &out, &ExportOptions::new(Quant::BF16), &mut progress).unwrap();
    assert!(!out.exists(), "not before it is asked for");
    let (path, summary) = exported.commit().unwrap();
    assert_eq!((path.as_path(), summary.files), (out.as_path(), 1));
    assert_eq!(last.0, last.1);
    assert_eq!(summary.bytes, fs::metadata(&out).unwrap().len());
    assert_eq!(summary.tensors, BTreeMap::from([("BF16", 15), ("F32", 6)]));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);

    let model = GgufModel::open(&out).unwrap();
    for name in folder.tensor_names() {
        assert_eq!(model.load_f32(name).unwrap(), folder.load_f32(name).unwrap(), "{name}");
    }
    // In the file itself q is permuted: row 1 of head 0 is row d/2 of the folder.
    let q = "model.layers.0.self_attn.q_proj.weight";
    let (_, stored) = model.gguf().tensor("blk.0.attn_q.weight").unwrap();
    assert_eq!(&stored[512..1024], &folder.raw(q).unwrap().0[32 * 512..33 * 512]);

    let (config, wanted) = (model.config(), folder.config());
    assert_eq!(config.expected_tensors(), wanted.expected_tensors());
    assert_eq!((config.rms_norm_eps, config.rope_theta), (1e-5, 500_000.0));
    assert_eq!((config.head_dim, config.bos_token_id), (64, Some(60)));
    for (a, b) in config.inv_freq().iter().zip(wanted.inv_freq()) {
        assert!((a - b).abs() <= 2e-7 * b, "{a} {b}");
    }
    assert_eq!(model.stop_ids(), [61, 62]);
    assert_eq!(model.chat_template(), Some("TEMPLATE"));
    assert_eq!(model.tokenizer_json().unwrap()["added_tokens"].as_array().unwrap().len(), 3);
    assert_eq!(model.gguf().get_str("general.name"), Some("My Model"));
    assert_eq!(model.gguf().need_u64("general.file_type").unwrap(), 32);
}

#[test]
fn quantised_rows_move_whole() {
    let dir = tempfile::tempdir().unwrap();
    let folder = folder(&dir.path().join("m"), false, None);
    let out = dir.path().join("model.gguf");
    let summary = whole(&folder, &out, Quant::Q4KS).unwrap();
    // 2 layers: attn_v Q5_K in both, ffn_down in none (L/8 = 0); the untied head Q6_K.
    assert_eq!(summary.tensors, BTreeMap::from([("F32", 6), ("Q4_K", 13), ("Q5_K", 2), ("Q6_K", 1)]));
    let model = GgufModel::open(&out).unwrap();
    for name in folder.tensor_names() {
        let tensor = model.tensor(name).unwrap();
        let values = folder.load_f32(name).unwrap();
        let columns = *tensor.shape.last().unwrap();
        let expected =
            quantize_rows(tensor.ggml_type, 0..values.len() / columns, columns, None, &|row, out: &mut Vec<f32>| {
                out.extend(&values[row * columns..(row + 1) * columns]);
            })
            .unwrap();
        assert!(tensor.bytes[..] == expected, "{name}");
    }
}

#[test]
fn failures_leave_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let poisoned = folder(&dir.path().join("m"), true, Some("model.layers.1.mlp.up_proj.weight"));
    let out = dir.path().join("model.gguf");
    let error = whole(&poisoned, &out, Quant::Q8_0).unwrap_err();
    assert!(matches!(&error, GgufError::Value { tensor, row: 1, .. } if tensor == "blk.1.ffn_up.weight"), "{error}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn a_stop_leaves_no_file_either() {
    let dir = tempfile::tempdir().unwrap();
    let folder = folder(&dir.path().join("m"), true, None);
    let out = dir.path().join("model.gguf");
    let source = FolderSource::new(&folder, &[]).unwrap();
    let mut calls = 0;
    let mut twice = |_, _| {
        calls += 1;
        calls < 3
    };
    let ended = export(&source, &out, &ExportOptions::new(Quant::Q4KS), &mut twice);
    assert!(matches!(ended, Err(GgufError::Stopped)));
    drop(export(&source, &out, &ExportOptions::new(Quant::Q4KS), &mut |_, _| true).unwrap());
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "and nor does a file that nobody wanted");
}

/// An adapter on two modules, one of which has rows that move.
fn adapter(seed: u32) -> Adapter {
    let pair = |outputs: usize, inputs: usize| {
        let value = |i: usize| ((i as u32 * 31 + seed).wrapping_mul(2_654_435_761) >> 8) as f32 / 8_388_608.0 - 1.0;
        LoraPair {
            a: (0..4 * inputs).map(|i| value(i) * 0.1).collect(),
            b: (0..outputs * 4).map(|i| value(i + 7) * 0.1).collect(),
            r: 4,
            in_features: inputs,
            out_features: outputs,
            magnitude: None,
        }
    };
    let tensors = BTreeMap::from([
        ("model.layers.0.self_attn.q_proj".to_owned(), pair(256, 256)),
        ("model.layers.1.mlp.down_proj".to_owned(), pair(256, 512)),
    ]);
    Adapter {
        config: AdapterConfig::new(4, 8.0, &["model.layers.0.self_attn.q_proj", "model.layers.1.mlp.down_proj"]),
        tensors,
    }
}

#[test]
fn straight_from_base_and_adapters_is_what_merging_first_gives() {
    let dir = tempfile::tempdir().unwrap();
    let base = folder(&dir.path().join("m"), true, None);
    let adapters = [adapter(1), adapter(2)];
    let merged = dir.path().join("merged").join("m");
    merge::merge(&base, &adapters, &merged).unwrap();
    for quant in [Quant::Q4KS, Quant::BF16] {
        let (one, two) = (dir.path().join("one.gguf"), dir.path().join("two.gguf"));
        let source = FolderSource::new(&base, &adapters).unwrap();
        export(&source, &one, &ExportOptions::new(quant), &mut |_, _| true).unwrap().commit().unwrap();
        whole(&Folder::open(&merged).unwrap(), &two, quant).unwrap();
        let (one, two) = (Gguf::open(&one).unwrap(), Gguf::open(&two).unwrap());
        for entry in one.tensors() {
            assert!(one.tensor(&entry.name).unwrap().1 == two.tensor(&entry.name).unwrap().1, "{}", entry.name);
        }
        assert_eq!(one.tensors().len(), two.tensors().len());
    }
}

#[test]
fn a_gguf_of_sixteen_bits_is_quantised_like_its_folder_and_one_of_four_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let folder = folder(&dir.path().join("m"), false, None);
    let paths = ["wide", "direct", "through"].map(|name| dir.path().join(format!("{name}.gguf")));
    whole(&folder, &paths[0], Quant::BF16).unwrap();
    whole(&folder, &paths[1], Quant::Q4KS).unwrap();
    let wide = GgufModel::open(&paths[0]).unwrap();
    let source = FileSource::new(&wide, false).unwrap();
    export(&source, &paths[2], &ExportOptions::new(Quant::Q4KS), &mut |_, _| true).unwrap().commit().unwrap();
    let [_, direct, through] = paths.each_ref().map(|path| GgufModel::open(path).unwrap());
    for entry in direct.gguf().tensors() {
        assert!(direct.gguf().tensor(&entry.name).unwrap().1 == through.gguf().tensor(&entry.name).unwrap().1);
    }
    for (key, value) in direct.gguf().metadata() {
        assert_eq!(through.gguf().get(key), Some(value), "{key}");
    }
    let error = FileSource::new(&direct, false).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("is Q4_K") || error.contains("is Q5_K") || error.contains("is Q6_K"), "{error}");
    assert!(FileSource::new(&direct, true).is_ok());
}

#[test]
fn a_set_of_files_is_the_same_model() {
    let dir = tempfile::tempdir().unwrap();
    let folder = folder(&dir.path().join("m"), false, None);
    let (one, many) = (dir.path().join("one.gguf"), dir.path().join("many.gguf"));
    whole(&folder, &one, Quant::Q8_0).unwrap();
    let mut options = ExportOptions::new(Quant::Q8_0);
    options.max_file_bytes = Some(300_000);
    options.notes = vec![("distill.gate.passed".to_owned(), Value::Bool(false))];
    let source = FolderSource::new(&folder, &[]).unwrap();
    let mut exported = export(&source, &many, &options, &mut |_, _| true).unwrap();
    // Already readable where it lies, and changed there.
    assert!(GgufModel::open(exported.path()).is_ok());
    exported.set("distill.gate.passed", Value::Bool(true)).unwrap();
    let (first, summary) = exported.commit().unwrap();
    assert!(summary.files > 2, "{}", summary.files);
    assert_eq!(first.file_name().unwrap().to_string_lossy(), format!("many-00001-of-{:05}.gguf", summary.files));
    let (one, many) = (GgufModel::open(&one).unwrap(), GgufModel::open(&first).unwrap());
    for name in folder.tensor_names() {
        assert_eq!(many.load_f32(name).unwrap(), one.load_f32(name).unwrap(), "{name}");
    }
    assert_eq!(many.gguf().get("distill.gate.passed"), Some(&Value::Bool(true)));
    // The folder, one file and the set: nothing else is left.
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2 + summary.files);
}

#[test]
fn figures_are_put_into_a_finished_file() {
    let dir = tempfile::tempdir().unwrap();
    let folder = folder(&dir.path().join("m"), true, None);
    let out = dir.path().join("model.gguf");
    let mut options = ExportOptions::new(Quant::Q8_0);
    options.notes = vec![
        ("distill.gate.passed".to_owned(), Value::Bool(false)),
        ("distill.gate.kld_mean".to_owned(), Value::F32(f32::NAN)),
    ];
    let source = FolderSource::new(&folder, &[]).unwrap();
    let mut exported = export(&source, &out, &options, &mut |_, _| true).unwrap();
    exported.set("distill.gate.kld_mean", Value::F32(0.031)).unwrap();
    exported.set("distill.gate.passed", Value::Bool(true)).unwrap();
    assert!(exported.set("distill.gate.kld_mean", Value::F64(0.031)).is_err());
    assert!(exported.set("distill.gate.other", Value::Bool(true)).is_err());
    exported.commit().unwrap();
    let file = GgufModel::open(&out).unwrap();
    assert_eq!(file.gguf().get("distill.gate.kld_mean"), Some(&Value::F32(0.031)));
    assert_eq!(file.gguf().get("distill.gate.passed"), Some(&Value::Bool(true)));
    // Nothing else has moved.
    let plain = dir.path().join("plain.gguf");
    whole(&folder, &plain, Quant::Q8_0).unwrap();
    let plain = GgufModel::open(&plain).unwrap();
    for (key, value) in plain.gguf().metadata() {
        assert_eq!(file.gguf().get(key), Some(value));
    }
    for entry in plain.gguf().tensors() {
        assert!(file.gguf().tensor(&entry.name).unwrap().1 == plain.gguf().tensor(&entry.name).unwrap().1);
    }
}

#[test]
fn models_that_do_not_add_up_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let folder = folder(&dir.path().join("m"), true, None);
    let out = dir.path().join("model.gguf");
    whole(&folder, &out, Quant::F16).unwrap();
    let whole = fs::read(&out).unwrap();
    let renamed = |from: &str, to: &str| {
        let at = whole.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
        let mut bytes = whole.clone();
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        GgufModel::new(Gguf::from_bytes(bytes).unwrap()).map(|_| ()).unwrap_err().to_string()
    };
    let error = renamed("blk.1.ffn_up", "blk.7.ffn_up");
    assert!(error.contains("`blk.1.ffn_up.weight` [512, 256] is missing"), "{error}");
    assert!(renamed("blk.1.ffn_up", "blk.1.ffn_xx").contains("not part of"));
    assert!(renamed("llama.block_count", "llama.block_xxxxx").contains("block_count"));
}
