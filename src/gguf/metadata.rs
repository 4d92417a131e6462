//! The `general.*` and architecture keys of a file, as llama.cpp's converter derives them from the same folder.
//!
//! | from | what |
//! | --- | --- |
//! | config.json | sizes, rope, norms |
//! | generation_config.json | `general.sampling.*` |
//! | the card (README.md's front matter) | licence, tags, languages, base models, data sets, names |
//! | the folder's name, `_name_or_path` | names that the card does not give |
//!
//! Types and order of the keys are the converter's. Source: gguf-py's `metadata.py`, `conversion/base.py`,
//! `conversion/llama.py` and `conversion/qwen.py` of llama.cpp; `tests/parity/check_gguf_meta.py` compares.

mod parts;

use std::path::{Component, Path};

use serde_json::Value as Json;

use super::error::GgufError;
use super::names::architecture;
use super::value::Value;
use crate::hub::{Card, Family, Folder, LlamaConfig};
use parts::{Parts, size_label, title};

/// Keys and values in file order.
type Metadata = Vec<(String, Value)>;

/// The `general.*` and architecture keys in the converter's order, from `general.architecture` to
/// `general.quantization_version`; the tokenizer's keys follow. `file_type` is llama.cpp's number of the mix.
///
/// # Errors
/// [`GgufError::Hub`] when generation_config.json or README.md cannot be read.
pub fn model_metadata(folder: &Folder, file_type: u32) -> Result<Metadata, GgufError> {
    let config = folder.config();
    let card = Card::of_readme(&folder.model_card()?.unwrap_or_default());
    let mut keys = vec![
        ("general.architecture".to_owned(), text(architecture(config.family))),
        ("general.type".to_owned(), text("model")),
    ];
    // The converter asks leniently: a file that does not parse has no say.
    sampling(&folder.generation_config().unwrap_or(Json::Null), &mut keys);
    description(&card, config, folder.dir(), &mut keys);
    parameters(config, file_type, &mut keys);
    Ok(keys)
}

/// `general.name` of a folder by the same rules, for whoever names a file after it.
///
/// # Errors
/// As [`model_metadata`].
pub fn model_name(folder: &Folder) -> Result<String, GgufError> {
    let card = Card::of_readme(&folder.model_card()?.unwrap_or_default());
    Ok(Names::find(&card, folder.config(), folder.dir()).name)
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

/// What generation_config.json suggests for sampling.
fn sampling(generation: &Json, keys: &mut Metadata) {
    let find = |names: &[&str]| names.iter().find_map(|name| generation.get(*name)).filter(|value| !value.is_null());
    let float = |value: &Json| value.as_f64().map(|number| Value::F32(number as f32));
    let int = |value: &Json| value.as_i64().and_then(|number| i32::try_from(number).ok()).map(Value::I32);
    if let Some(sequence) = find(&["sequence"]).and_then(Json::as_str).filter(|text| !text.is_empty()) {
        keys.push(("general.sampling.sequence".to_owned(), text(sequence)));
    }
    let rules: [(&str, &[&str], bool); 11] = [
        ("top_k", &["top_k"], true),
        ("top_p", &["top_p"], false),
        ("min_p", &["min_p"], false),
        ("xtc_probability", &["xtc_probability"], false),
        ("xtc_threshold", &["xtc_threshold"], false),
        ("temp", &["temperature"], false),
        ("penalty_last_n", &["penalty_last_n"], true),
        ("penalty_repeat", &["penalty_repeat", "repetition_penalty"], false),
        ("mirostat", &["mirostat"], true),
        ("mirostat_tau", &["mirostat_tau"], false),
        ("mirostat_eta", &["mirostat_eta"], false),
    ];
    for (key, names, whole) in rules {
        let value = find(names).and_then(|value| if whole { int(value) } else { float(value) });
        keys.extend(value.map(|value| (format!("general.sampling.{key}"), value)));
    }
}

/// What a model is called, from the card, then `_name_or_path`, then the folder.
#[derive(Debug, PartialEq, Eq)]
struct Names {
    name: String,
    version: Option<String>,
    organization: Option<String>,
    finetune: Option<String>,
    basename: Option<String>,
    size_label: String,
}

impl Names {
    fn find(card: &Card, config: &LlamaConfig, dir: &Path) -> Self {
        let of_card = |names: &[&str]| names.iter().find_map(|name| card.get(name)?.text()).map(str::to_owned);
        let mut name = of_card(&["name", "model_name"]);
        let mut version = of_card(&["version", "model_version"]);
        let mut organization = of_card(&["organization", "model_organization"]);
        let mut finetune = of_card(&["finetune", "model_finetune"]);
        let mut basename = of_card(&["basename", "model_basename", "model_type"]);
        let mut size = of_card(&["size_label", "model_size_label"]);
        // The converter counts what it writes, rope factors included.
        let factors = config.rope_freqs().map_or(0, |factors| factors.len() as u64);
        let parameters = config.parameter_count() + factors;
        // `_name_or_path` may be a path of somebody's computer, which is no name.
        let stored = config.raw.get("_name_or_path").and_then(Json::as_str);
        let stored = stored.filter(|id| id.matches('/').count() <= 1).map(str::to_owned);
        for id in stored.into_iter().chain([folder_id(dir)]) {
            let parts = Parts::of(&id, parameters);
            name.get_or_insert_with(|| title(&parts.full_name));
            version = version.or(parts.version);
            organization = organization.or_else(|| parts.organization.as_deref().map(title));
            finetune = finetune.or(parts.finetune);
            basename = basename.or(parts.basename);
            size = size.or(parts.size_label);
        }
        Self {
            name: name.unwrap_or_default(),
            version,
            organization,
            finetune,
            basename,
            size_label: size.unwrap_or_else(|| size_label(parameters)),
        }
    }
}

/// The folder's name, or `org/name` when the folder is a snapshot in the hub's cache.
fn folder_id(dir: &Path) -> String {
    let dir = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
    let parts: Vec<String> = dir
        .components()
        .filter_map(|part| match part {
            Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
            _ => None,
        })
        .collect();
    match parts.as_slice() {
        [.., repository, snapshots, _] if snapshots == "snapshots" && repository.starts_with("models--") => {
            repository.trim_start_matches("models--").replacen("--", "/", 1)
        }
        [.., last] => last.clone(),
        [] => String::new(),
    }
}

/// Everything about authorship and origin.
fn description(card: &Card, config: &LlamaConfig, dir: &Path, keys: &mut Metadata) {
    let names = Names::find(card, config, dir);
    let of_card = |names: &[&str]| names.iter().find_map(|name| card.get(name)?.text()).map(str::to_owned);
    let license = card.get("license").map(|license| {
        let all: Vec<&str> = license.items().iter().filter_map(Card::text).collect();
        all.join(",")
    });
    let found = [
        ("name", Some(names.name)),
        ("author", of_card(&["author", "model_author", "model_creator"])),
        ("version", names.version),
        ("organization", names.organization),
        ("finetune", names.finetune),
        ("basename", names.basename),
        ("description", of_card(&["description", "model_description"])),
        ("size_label", Some(names.size_label)),
        ("license", license),
        ("license.name", of_card(&["license_name"])),
        ("license.link", of_card(&["license_link"])),
        ("source.url", of_card(&["url", "model_url"])),
        ("source.doi", of_card(&["doi", "model_doi"])),
        ("source.uuid", of_card(&["uuid", "model_uuid"])),
        ("source.repo_url", of_card(&["repo_url", "model_repo_url"])),
    ];
    for (key, value) in found {
        keys.extend(value.filter(|v| !v.is_empty()).map(|value| (format!("general.{key}"), Value::String(value))));
    }
    let parameters = config.parameter_count();
    origins(card, "base_model", &["base_model", "base_models", "base_model_sources"], parameters, keys);
    origins(card, "dataset", &["datasets", "dataset", "dataset_sources"], parameters, keys);
    let all = |names: [&str; 2]| -> Vec<String> {
        let lists = names.into_iter().filter_map(|name| card.get(name)).flat_map(Card::items);
        lists.filter_map(Card::text).map(str::to_owned).collect()
    };
    for (key, names) in [("tags", ["tags", "pipeline_tag"]), ("languages", ["languages", "language"])] {
        let items = all(names);
        if !items.is_empty() {
            keys.push((format!("general.{key}"), Value::strings(items)));
        }
    }
}

/// The models or data sets this one was made from: ids, addresses, or mappings that say it all themselves.
fn origins(card: &Card, key: &str, names: &[&str], parameters: u64, keys: &mut Metadata) {
    // Only the first of the keys counts, even if it says nothing.
    let Some(value) = names.iter().find_map(|name| card.get(name)) else { return };
    let items = value.items();
    keys.push((format!("general.{key}.count"), Value::U32(u32::try_from(items.len()).unwrap_or(u32::MAX))));
    for (idx, item) in items.iter().enumerate() {
        let mut push = |name: &str, value: Option<String>| {
            let value = value.filter(|value| !value.is_empty());
            keys.extend(value.map(|value| (format!("general.{key}.{idx}.{name}"), Value::String(value))));
        };
        match item {
            Card::Text(id) => {
                let url = ["http://", "https://", "ssh://"].iter().any(|scheme| id.starts_with(scheme));
                // An address says more only where it is the hub's.
                let known = if url { hub_id(id) } else { Some(id.as_str()) };
                let parts = known.map(|id| Parts::of(id, parameters)).unwrap_or_default();
                let repo = parts.organization.as_ref().filter(|_| !url);
                let repo = repo.map(|org| format!("https://{HUB}/{org}/{}", parts.full_name));
                push("name", Some(title(&parts.full_name)));
                push("version", parts.version);
                push("organization", parts.organization.as_deref().map(title));
                push("repo_url", repo.or_else(|| url.then(|| id.clone())));
            }
            Card::Map(_) => {
                for name in
                    ["name", "author", "version", "organization", "description", "url", "doi", "uuid", "repo_url"]
                {
                    push(name, item.get(name).and_then(Card::text).map(str::to_owned));
                }
            }
            Card::Null | Card::List(_) => {}
        }
    }
}

/// The hub whose ids a card's short names are, as the converter spells it.
const HUB: &str = "huggingface.co";

/// `org/name` of an address on the hub.
fn hub_id(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let id = rest.strip_prefix(HUB)?.strip_prefix('/')?;
    let (organization, name) = id.split_once('/')?;
    (!organization.is_empty() && !name.is_empty() && !name.contains('/')).then_some(id)
}

/// Sizes and constants.
fn parameters(config: &LlamaConfig, file_type: u32, keys: &mut Metadata) {
    let arch = architecture(config.family);
    let size = |n: usize| Value::U32(u32::try_from(n).unwrap_or(u32::MAX));
    let mut push = |key: &str, value: Value| keys.push((format!("{arch}.{key}"), value));
    push("block_count", size(config.num_hidden_layers));
    push("context_length", size(config.max_position_embeddings));
    push("embedding_length", size(config.hidden_size));
    push("feed_forward_length", size(config.intermediate_size));
    push("attention.head_count", size(config.num_attention_heads));
    push("attention.head_count_kv", size(config.num_key_value_heads));
    for (key, value) in rope_scaling(config) {
        push(&format!("rope.scaling.{key}"), value);
    }
    push("rope.freq_base", Value::F32(config.rope_theta as f32));
    push("attention.layer_norm_rms_epsilon", Value::F32(config.rms_norm_eps as f32));
    // transformers knows a head width for every family but Qwen2, where only a folder that names one has it.
    if config.family != Family::Qwen2 || config.raw.get("head_dim").is_some_and(|value| !value.is_null()) {
        push("attention.key_length", size(config.head_dim));
        push("attention.value_length", size(config.head_dim));
    }
    keys.push(("general.file_type".to_owned(), Value::U32(file_type)));
    if arch == "llama" {
        keys.push((format!("{arch}.vocab_size"), size(config.vocab_size)));
        keys.push((format!("{arch}.rope.dimension_count"), size(config.head_dim)));
    }
    keys.push(("general.quantization_version".to_owned(), Value::U32(2)));
}

/// `rope.scaling.*` by the folder's rule. The llama3 rule has none: a tensor carries its factors.
fn rope_scaling(config: &LlamaConfig) -> Vec<(&'static str, Value)> {
    let rope = ["rope_parameters", "rope_scaling"].iter().find_map(|key| config.raw.get(*key)?.as_object());
    let Some(rope) = rope else { return Vec::new() };
    let kind = rope.get("rope_type").or_else(|| rope.get("type")).and_then(Json::as_str).unwrap_or_default();
    let float = |keys: &[&str]| {
        let number = keys.iter().find_map(|key| rope.get(*key)?.as_f64());
        number.map(|number| Value::F32(number as f32))
    };
    let Some(factor) = float(&["factor"]).filter(|_| matches!(kind, "linear" | "yarn")) else { return Vec::new() };
    let mut found = vec![("type", text(kind)), ("factor", factor)];
    if kind == "yarn" {
        let original = rope.get("original_max_position_embeddings").and_then(Json::as_u64);
        let original = original.unwrap_or(config.max_position_embeddings as u64);
        found.push(("original_context_length", Value::U32(u32::try_from(original).unwrap_or(u32::MAX))));
        let more: [(&str, &[&str]); 4] = [
            ("yarn_ext_factor", &["extrapolation_factor"]),
            ("yarn_attn_factor", &["attention_factor", "attn_factor"]),
            ("yarn_beta_fast", &["beta_fast"]),
            ("yarn_beta_slow", &["beta_slow"]),
        ];
        found.extend(more.into_iter().filter_map(|(key, names)| Some((key, float(names)?))));
    }
    found
}

#[cfg(test)]
mod tests;
