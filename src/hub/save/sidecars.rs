//! The files around the weights: tokenizer as it is, the template where readers look, stop ids, settings.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::Path;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::hub::files::{read_text, write_json};
use crate::hub::{Folder, HubError, LlamaConfig};

/// Files that travel with the weights, copied as they are.
pub(in crate::hub) const SIDECARS: [&str; 9] = [
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "tokenizer.model",
    "chat_template.jinja",
    "generation_config.json",
];

/// How the model was taught to talk, where that is not what the base's files say.
#[derive(Debug, Clone, Copy, Default)]
pub struct Chat<'a> {
    /// The template it was trained with, for a base that has none; one that the base has is kept.
    pub template: Option<&'a str>,
    /// What ends an answer in it. Added to the base's own stop ids.
    pub stop_ids: &'a [u32],
}

/// `config.json` with both spellings of what transformers 5 renamed.
///
/// Old readers know `rope_theta`, `rope_scaling` and `torch_dtype` alone and fall back silently without them;
/// transformers 5 writes `rope_parameters` and `dtype`.
pub(super) fn config_json(config: &LlamaConfig) -> Value {
    let mut value = config.to_old_json();
    let mut rope = match value.get("rope_scaling") {
        Some(Value::Object(scaling)) => scaling.clone(),
        _ => serde_json::Map::new(),
    };
    rope.entry("rope_type").or_insert_with(|| json!("default"));
    rope.insert("rope_theta".to_owned(), json!(config.rope_theta));
    if let Some(map) = value.as_object_mut() {
        map.insert("rope_parameters".to_owned(), Value::Object(rope));
        map.insert("dtype".to_owned(), json!("bfloat16"));
        // transformers used to leave here where the model had been loaded from: somebody's folder.
        map.shift_remove("_name_or_path");
    }
    value
}

/// Copies the tokenizer's files and settles the two homes of the chat template and the stop ids.
pub(super) fn copy_sidecars(source: &Folder, out: &Path, chat: &Chat<'_>) -> Result<(), HubError> {
    for file in SIDECARS {
        let from = source.dir().join(file);
        match fs::read(&from) {
            // Written, not copied: hub caches are read-only symlinks and the mode must not travel.
            Ok(bytes) => fs::write(out.join(file), bytes).map_err(HubError::io(out.join(file)))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(HubError::io(from)(error)),
        }
    }
    let own = source.chat_template()?;
    if let Some(template) = own.as_deref().or(chat.template) {
        set_chat_template(out, source.tokenizer_config(), template)?;
    }
    set_stop_ids(source, out, chat.stop_ids)
}

/// Writes `template` to both places readers look: tokenizer_config.json and chat_template.jinja.
///
/// tokenizer_config.json is only rewritten when it does not already say the same, so that a copy stays a copy; every
/// other entry keeps its bytes.
///
/// # Errors
/// [`HubError::Io`], [`HubError::Json`].
pub fn set_chat_template(dir: &Path, tokenizer_config: &Value, template: &str) -> Result<(), HubError> {
    let jinja = dir.join("chat_template.jinja");
    fs::write(&jinja, template).map_err(HubError::io(jinja))?;
    if tokenizer_config.get("chat_template").and_then(Value::as_str) == Some(template) {
        return Ok(());
    }
    let path = dir.join("tokenizer_config.json");
    if read_text(&path)?.is_none() {
        // Without a class transformers guesses one by the model's family.
        return write_json(&path, &json!({"tokenizer_class": "PreTrainedTokenizerFast", "chat_template": template}));
    }
    set_entry(&path, "chat_template", &json!(template))
}

/// Makes generation_config.json end where the model was taught to end.
///
/// A list without the end of turn is why a chat never stops; the base's file stays as it is when it has it.
fn set_stop_ids(source: &Folder, out: &Path, more: &[u32]) -> Result<(), HubError> {
    let config = source.config();
    let stated = source.generation_eos_ids()?;
    let mut seen = BTreeSet::new();
    let ids: Vec<u32> =
        stated.iter().chain(&config.eos_token_ids).chain(more).copied().filter(|id| seen.insert(*id)).collect();
    let eos = match ids[..] {
        [single] => json!(single),
        ref several => json!(several),
    };
    let path = out.join("generation_config.json");
    if !path.exists() {
        let made = json!({
            "_from_model_config": true,
            "bos_token_id": config.bos_token_id,
            "eos_token_id": eos,
            "pad_token_id": config.pad_token_id,
        });
        return write_json(&path, &made);
    }
    let there = source.generation_config()?.get("eos_token_id").is_some_and(|value| !value.is_null());
    if there && ids.len() == stated.len() { Ok(()) } else { set_entry(&path, "eos_token_id", &eos) }
}

/// Sets one entry of a JSON file; all others keep the bytes of their values, numbers that no f64 holds among them.
fn set_entry(path: &Path, key: &str, value: &Value) -> Result<(), HubError> {
    let bad = |error: serde_json::Error| HubError::Json { path: path.to_owned(), reason: error.to_string() };
    let text = read_text(path)?.unwrap_or_else(|| "{}".to_owned());
    let mut entries = serde_json::Deserializer::from_str(&text).deserialize_map(Entries).map_err(bad)?;
    let value = serde_json::value::to_raw_value(value).map_err(bad)?;
    match entries.iter_mut().find(|(name, _)| name == key) {
        Some((_, old)) => *old = value,
        None => entries.push((key.to_owned(), value)),
    }
    let mut out = String::from("{");
    for (nth, (name, value)) in entries.iter().enumerate() {
        out.push_str(if nth == 0 { "\n  " } else { ",\n  " });
        out.push_str(&format!("{}: {}", json!(name), value.get()));
    }
    out.push_str("\n}\n");
    fs::write(path, out).map_err(HubError::io(path))
}

/// The entries of an object in order, values as they are written.
struct Entries;

impl<'de> Visitor<'de> for Entries {
    type Value = Vec<(String, Box<RawValue>)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(entries)
    }
}
