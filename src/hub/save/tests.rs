//! A folder under construction: what is in it, and what is there when it fails.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::*;

const CONFIG: &str = r#"{"model_type": "llama", "vocab_size": 8, "hidden_size": 4, "intermediate_size": 6,
    "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 2, "tie_word_embeddings": true,
    "rope_theta": 500000.0, "eos_token_id": [1, 2], "bos_token_id": 0, "_name_or_path": "/home/somebody/model",
    "rope_scaling": {"rope_type": "llama3", "factor": 32.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64}}"#;

/// A folder whose every weight is zero, with these files beside.
fn source(dir: &Path, files: &[(&str, &str)]) -> Folder {
    fs::create_dir_all(dir).unwrap();
    fs::write(dir.join("config.json"), CONFIG).unwrap();
    let config = LlamaConfig::from_value(&serde_json::from_str(CONFIG).unwrap()).unwrap();
    let sizes: std::collections::BTreeMap<_, _> = config.expected_tensors().into_iter().collect();
    let zeros = &mut |name: &str| Ok::<_, HubError>(vec![0; sizes[name].iter().product::<usize>() * 2]);
    write_weights(dir, &config, None, zeros).unwrap();
    for (name, text) in files {
        fs::write(dir.join(name), text).unwrap();
    }
    Folder::open(dir).unwrap()
}

fn read(path: PathBuf) -> String {
    fs::read_to_string(path).unwrap()
}

fn parsed(path: PathBuf) -> Value {
    serde_json::from_str(&read(path)).unwrap()
}

/// Rows whose bytes say where they belong: the name's hash and the row.
fn marked(name: &str, row: usize, columns: usize) -> Vec<u8> {
    let mark = name.bytes().fold(row as u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte));
    vec![mark & 0x3f; columns * 2]
}

#[test]
fn pieces_land_where_the_header_says() {
    let dir = tempfile::tempdir().unwrap();
    let source = source(&dir.path().join("source"), &[]);
    let config = source.config();
    let shapes: std::collections::BTreeMap<_, _> = config.expected_tensors().into_iter().collect();
    let rows = |name: &str, rows: std::ops::Range<usize>, out: &mut Vec<u8>| {
        let columns = *shapes[name].last().unwrap();
        out.clear();
        rows.for_each(|row| out.extend(marked(name, row, columns)));
        Ok::<_, HubError>(())
    };
    for max_shard_bytes in [None, Some(150), Some(1)] {
        let out = dir.path().join(format!("{max_shard_bytes:?}"));
        let draft = Draft::new(&out, SaveOptions { max_shard_bytes, replace: false }).unwrap();
        draft.settings(&source, &Chat::default()).unwrap();
        let mut last = (0, 0);
        let progress = &mut |done, total| {
            last = (done, total);
            true
        };
        draft.weights(config, &rows, progress).unwrap();
        assert!(last.0 == last.1 && last.0 == config.parameter_count() * 2, "{last:?}");
        assert!(!out.exists());
        draft.commit().unwrap();
        let saved = Folder::open(&out).unwrap();
        for (name, shape) in &shapes {
            let columns = *shape.last().unwrap();
            let count = shape.iter().product::<usize>() / columns;
            let expected: Vec<u8> = (0..count).flat_map(|row| marked(name, row, columns)).collect();
            assert_eq!(saved.raw(name).unwrap().0, expected, "{name} {max_shard_bytes:?}");
        }
        let index = out.join("model.safetensors.index.json");
        assert_eq!(index.exists(), max_shard_bytes.is_some());
        if max_shard_bytes.is_some() {
            assert_eq!(parsed(index)["metadata"]["total_size"], config.parameter_count() * 2);
        }
    }
    // Rows of the wrong length are the program's own fault, and no folder.
    let out = dir.path().join("short");
    let draft = Draft::new(&out, SaveOptions::default()).unwrap();
    let short = |_: &str, _: std::ops::Range<usize>, out: &mut Vec<u8>| {
        out.clear();
        Ok::<_, HubError>(())
    };
    let error = draft.weights(config, &short, &mut |_, _| true).unwrap_err();
    assert!(matches!(error, HubError::TensorBytes { .. }), "{error}");
    // Whoever watches may end it.
    let error = draft.weights(config, &rows, &mut |_, _| false).unwrap_err();
    assert!(matches!(error, HubError::Stopped), "{error}");
    drop(draft);
    assert!(
        fs::read_dir(dir.path()).unwrap().all(|entry| !entry.unwrap().file_name().to_string_lossy().contains("short"))
    );
}

#[test]
fn a_replaced_folder_is_whole_at_any_time() {
    let dir = tempfile::tempdir().unwrap();
    let source = source(&dir.path().join("source"), &[]);
    let out = dir.path().join("out");
    let options = SaveOptions { max_shard_bytes: None, replace: true };
    for text in ["old", "new"] {
        let draft = Draft::new(&out, options).unwrap();
        draft.add("README.md", text.as_bytes()).unwrap();
        draft.commit().unwrap();
    }
    assert_eq!(read(out.join("README.md")), "new");
    // What is given up leaves the one before.
    let draft = Draft::new(&out, options).unwrap();
    draft.settings(&source, &Chat::default()).unwrap();
    drop(draft);
    assert_eq!(fs::read_dir(&out).unwrap().count(), 1);
    // So does what is killed, and the next one clears up after it; another's work stays.
    let dead = dir.path().join(".out.4194999.tmp");
    let aside = dir.path().join(".out.4194999.old.tmp");
    let others = dir.path().join(".outer.4194999.tmp");
    let alive = dir.path().join(".out.1.tmp");
    for path in [&dead, &aside, &others, &alive] {
        fs::create_dir(path).unwrap();
    }
    let draft = Draft::new(&out, options).unwrap();
    if cfg!(target_os = "linux") {
        assert!(!dead.exists() && !aside.exists());
    }
    assert!(others.exists() && alive.exists() && read(out.join("README.md")) == "new");
    draft.commit().unwrap();
    assert!(!out.join("README.md").exists());
}

#[test]
fn a_full_disk_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let error = weights::check_space(dir.path(), u64::MAX / 2).unwrap_err();
    assert!(matches!(error, HubError::NoSpace { .. }) && error.hint().is_some(), "{error}");
    #[cfg(target_os = "linux")]
    {
        let source = source(&dir.path().join("source"), &[]);
        let out = dir.path().join("out");
        let draft = Draft::new(&out, SaveOptions::default()).unwrap();
        // A device on which every write finds no space.
        std::os::unix::fs::symlink("/dev/full", draft.path().join("model.safetensors")).unwrap();
        let zeros = |name: &str, rows: std::ops::Range<usize>, out: &mut Vec<u8>| {
            let (bytes, _) = source.raw(name)?;
            let _ = rows;
            *out = bytes.to_vec();
            Ok::<_, HubError>(())
        };
        let error = draft.weights(source.config(), &zeros, &mut |_, _| true).unwrap_err();
        assert!(error.hint().is_some_and(|hint| hint.contains("full")), "{error}");
        drop(draft);
        assert!(!out.exists());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}

#[test]
fn the_template_goes_to_both_places_and_all_else_keeps_its_bytes() {
    let dir = tempfile::tempdir().unwrap();
    // As transformers writes them: a number that no f64 holds, spaces of somebody's own.
    let settings = r#"{ "model_max_length": 1000000000000000019884624838656,
  "added_tokens_decoder": {"0":   {"content": "é<s>"}}, "bos_token": "<s>" }"#;
    let files = [("tokenizer_config.json", settings), ("tokenizer.json", "{ \"odd\":  1}")];
    let source = source(&dir.path().join("source"), &files);
    let out = dir.path().join("out");
    let draft = Draft::new(&out, SaveOptions::default()).unwrap();
    draft.settings(&source, &Chat { template: Some("T{{ bos_token }}\n"), stop_ids: &[] }).unwrap();
    draft.commit().unwrap();
    assert_eq!(read(out.join("tokenizer.json")), "{ \"odd\":  1}");
    assert_eq!(read(out.join("chat_template.jinja")), "T{{ bos_token }}\n");
    let written = read(out.join("tokenizer_config.json"));
    assert!(written.contains(r#""model_max_length": 1000000000000000019884624838656,"#), "{written}");
    assert!(written.contains(r#"{"0":   {"content": "é<s>"}}"#), "{written}");
    let value: Value = serde_json::from_str(&written).unwrap();
    assert_eq!((&value["chat_template"], &value["bos_token"]), (&json!("T{{ bos_token }}\n"), &json!("<s>")));

    // The base's own template is kept, whatever was offered, and a file that says it already is a copy.
    let own = r#"{"chat_template":"OWN"}"#;
    fs::write(dir.path().join("source/tokenizer_config.json"), own).unwrap();
    let source = Folder::open(&dir.path().join("source")).unwrap();
    let draft = Draft::new(&dir.path().join("second"), SaveOptions::default()).unwrap();
    draft.settings(&source, &Chat { template: Some("T"), stop_ids: &[] }).unwrap();
    draft.commit().unwrap();
    assert_eq!(read(dir.path().join("second/tokenizer_config.json")), own);
    assert_eq!(read(dir.path().join("second/chat_template.jinja")), "OWN");
}

#[test]
fn generation_ends_where_it_was_taught_to() {
    let dir = tempfile::tempdir().unwrap();
    let ids = |given: Option<&str>, more: &[u32]| {
        let from = dir.path().join("source");
        let _ = fs::remove_dir_all(&from);
        let files: Vec<_> = given.map(|text| ("generation_config.json", text)).into_iter().collect();
        let source = source(&from, &files);
        let out = dir.path().join("out");
        let draft = Draft::new(&out, SaveOptions { max_shard_bytes: None, replace: true }).unwrap();
        draft.settings(&source, &Chat { template: None, stop_ids: more }).unwrap();
        draft.commit().unwrap();
        read(out.join("generation_config.json"))
    };
    let value = |text: String| serde_json::from_str::<Value>(&text).unwrap();
    // Made from config.json where there is none, with the end of turn added.
    assert_eq!(value(ids(None, &[]))["eos_token_id"], json!([1, 2]));
    assert_eq!(value(ids(None, &[5, 2]))["eos_token_id"], json!([1, 2, 5]));
    // The base's file gains what it lacks and keeps the rest.
    let made = value(ids(Some(r#"{"eos_token_id": 2, "top_p": 0.9}"#), &[5]));
    assert_eq!(made, json!({"eos_token_id": [2, 1, 5], "top_p": 0.9}));
    // And stays as it is where it lacks nothing.
    let whole = r#"{"temperature":0.6, "eos_token_id":[2,1,5]}"#;
    assert_eq!(ids(Some(whole), &[5]), whole);
}

#[test]
fn settings_are_spelled_both_ways() {
    let dir = tempfile::tempdir().unwrap();
    let source = source(&dir.path().join("source"), &[]);
    let value = sidecars::config_json(source.config());
    assert_eq!(value["rope_theta"], 500000.0);
    assert_eq!(value["rope_parameters"]["rope_theta"], 500000.0);
    assert_eq!(value["rope_parameters"]["factor"], value["rope_scaling"]["factor"]);
    assert_eq!((&value["torch_dtype"], &value["dtype"]), (&json!("bfloat16"), &json!("bfloat16")));
    assert!(value.get("_name_or_path").is_none());
    let again = LlamaConfig::from_value(&value).unwrap();
    assert_eq!(again.inv_freq(), source.config().inv_freq());
    // Merged twice, the file is the same.
    assert_eq!(sidecars::config_json(&again), value);
}
