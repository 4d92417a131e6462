//! A GGUF's tokenizer back to tokenizer.json, so that chatting needs the one file alone.

use std::collections::HashMap;

use serde_json::{Map, Value as Json, json};

use super::error::{GgufError, metadata};
use super::read::Gguf;
use super::tokenizer::{CONTROL, LLAMA3_PATTERN, NORMAL, QWEN2_PATTERN, UNUSED, USER_DEFINED};

/// Texts that end a generation wherever they stand in the vocabulary, after llama.cpp's `llama-vocab.cpp`.
const STOP_TEXTS: [&str; 9] = [
    "<|eot_id|>",
    "<|im_end|>",
    "<|end|>",
    "<|endoftext|>",
    "<|end_of_text|>",
    "<|eom_id|>",
    "<end_of_turn>",
    "</s>",
    "<EOT>",
];

/// The chat template in the file.
#[must_use]
pub fn chat_template(gguf: &Gguf) -> Option<&str> {
    gguf.get_str("tokenizer.chat_template")
}

/// All ids that end a generation: eos, eot and eom keys, then control tokens with a known stop text; ascending.
///
/// # Errors
/// [`GgufError::Metadata`] without a token list.
pub fn stop_ids(gguf: &Gguf) -> Result<Vec<u32>, GgufError> {
    let tokens = gguf.need_strings("tokenizer.ggml.tokens")?;
    let keys = ["eos_token_id", "eot_token_id", "eom_token_id"].map(|key| special_id(gguf, key, tokens.len()));
    let mut ids: Vec<u32> = keys.into_iter().flatten().collect();
    let by_text = tokens.iter().enumerate().filter(|(_, text)| STOP_TEXTS.contains(text));
    ids.extend(by_text.filter_map(|(id, _)| u32::try_from(id).ok()));
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

/// One of the `tokenizer.ggml.*_token_id` keys, if it lies in the vocabulary.
pub(super) fn special_id(gguf: &Gguf, key: &str, n_tokens: usize) -> Option<u32> {
    let id = gguf.get(&format!("tokenizer.ggml.{key}"))?.as_u64()?;
    u32::try_from(id).ok().filter(|id| (*id as usize) < n_tokens)
}

/// Builds the tokenizer.json a Hugging Face folder would hold: byte-level BPE with the file's own tokens.
///
/// Added tokens are those typed control or user defined; unused rows are left out, so their ids never appear.
///
/// # Errors
/// [`GgufError::Unsupported`] for other tokenizer models or pre-tokenizers, [`GgufError::Metadata`] for lists that
/// contradict each other.
pub fn to_tokenizer_json(gguf: &Gguf) -> Result<Json, GgufError> {
    match gguf.get_str("tokenizer.ggml.model") {
        Some("gpt2") => {}
        other => {
            return Err(GgufError::Unsupported { what: format!("tokenizer model {other:?}, only `gpt2` is read") });
        }
    }
    let tokens = gguf.need_strings("tokenizer.ggml.tokens")?;
    let types = token_types(gguf, tokens.len())?;
    let (pre_tokenizer, normalizer, ignore_merges) = pre_tokenizer(gguf.get_str("tokenizer.ggml.pre"))?;

    let last_normal = types.iter().rposition(|token_type| *token_type == NORMAL);
    // The tokenizers library numbers added tokens on from the vocabulary unless they are part of it. So they may
    // stay outside only where that numbering gives the ids of the file: no gap behind the ordinary tokens.
    let gap = types.iter().skip(last_normal.map_or(0, |last| last + 1)).any(|token_type| *token_type == UNUSED);
    let mut vocab = Map::new();
    let mut added = Vec::new();
    let mut seen = HashMap::with_capacity(tokens.len());
    for (id, (text, token_type)) in tokens.iter().zip(&types).enumerate() {
        if *token_type == UNUSED {
            continue;
        }
        if let Some(other) = seen.insert(*text, id) {
            return Err(metadata("tokenizer.ggml.tokens", format!("has `{text}` at {other} and at {id}")));
        }
        let is_added = matches!(*token_type, CONTROL | USER_DEFINED);
        if is_added {
            added.push(json!({
                "id": id, "content": text, "single_word": false, "lstrip": false, "rstrip": false,
                "normalized": false, "special": *token_type == CONTROL,
            }));
        }
        if !is_added || gap || last_normal.is_some_and(|last| id < last) {
            vocab.insert((*text).to_owned(), json!(id));
        }
    }
    let mut merges = Vec::new();
    for line in gguf.need_strings("tokenizer.ggml.merges")? {
        let (left, right) =
            line.split_once(' ').ok_or_else(|| metadata("tokenizer.ggml.merges", format!("has `{line}`")))?;
        // The library refuses merges whose parts or result are not tokens.
        if [left, right, &format!("{left}{right}")].iter().any(|part| !vocab.contains_key(*part)) {
            return Err(metadata("tokenizer.ggml.merges", format!("joins `{line}`, which is not in the vocabulary")));
        }
        merges.push(json!([left, right]));
    }
    Ok(json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": added,
        "normalizer": normalizer,
        "pre_tokenizer": pre_tokenizer,
        "post_processor": post_processor(gguf, &tokens),
        "decoder": byte_level(true),
        "model": {
            "type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false, "ignore_merges": ignore_merges,
            "vocab": vocab, "merges": merges,
        },
    }))
}

fn token_types(gguf: &Gguf, n_tokens: usize) -> Result<Vec<i32>, GgufError> {
    const KEY: &str = "tokenizer.ggml.token_type";
    // Without types every token is ordinary, as llama.cpp reads it.
    let Some(value) = gguf.get(KEY) else { return Ok(vec![NORMAL; n_tokens]) };
    let items = value.as_array().ok_or_else(|| metadata(KEY, "is not an array"))?;
    if items.len() != n_tokens {
        return Err(metadata(KEY, format!("has {} entries for {n_tokens} tokens", items.len())));
    }
    let types = items.iter().map(|item| item.as_u64().and_then(|n| i32::try_from(n).ok()));
    types.collect::<Option<Vec<i32>>>().ok_or_else(|| metadata(KEY, "holds something that is not a type"))
}

fn byte_level(use_regex: bool) -> Json {
    json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": use_regex})
}

/// Pre-tokenizer, normalizer and `ignore_merges` for a `tokenizer.ggml.pre` value.
fn pre_tokenizer(pre: Option<&str>) -> Result<(Json, Json, bool), GgufError> {
    let sequence = |first: Json, second: Json| json!({"type": "Sequence", "pretokenizers": [first, second]});
    let split = |pattern: &str| json!({"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": false});
    Ok(match pre {
        Some("llama-bpe" | "llama3" | "llama-v3") => {
            (sequence(split(LLAMA3_PATTERN), byte_level(false)), Json::Null, true)
        }
        Some("qwen2" | "deepseek-r1-qwen") => {
            (sequence(split(QWEN2_PATTERN), byte_level(false)), json!({"type": "NFC"}), false)
        }
        Some("smollm") => {
            (sequence(json!({"type": "Digits", "individual_digits": true}), byte_level(true)), Json::Null, false)
        }
        Some("gpt-2") => (byte_level(true), Json::Null, false),
        other => return Err(GgufError::Unsupported { what: format!("pre-tokenizer {other:?}") }),
    })
}

/// BOS first when the file says so; otherwise only byte-level offsets.
fn post_processor(gguf: &Gguf, tokens: &[&str]) -> Json {
    let bos = special_id(gguf, "bos_token_id", tokens.len());
    let llama = matches!(gguf.get_str("tokenizer.ggml.pre"), Some("llama-bpe" | "llama3" | "llama-v3"));
    let add_bos = gguf.get("tokenizer.ggml.add_bos_token").and_then(super::value::Value::as_bool).unwrap_or(llama);
    let text = bos.and_then(|id| Some((id, tokens.get(id as usize)?)));
    let Some((id, text)) = text.filter(|_| add_bos) else { return byte_level(true) };
    let special = json!({"SpecialToken": {"id": text, "type_id": 0}});
    let sequence = |id: &str, type_id: u32| json!({"Sequence": {"id": id, "type_id": type_id}});
    let mut special_tokens = Map::new();
    special_tokens.insert((*text).to_owned(), json!({"id": text, "ids": [id], "tokens": [text]}));
    json!({
        "type": "Sequence",
        "processors": [byte_level(true), {
            "type": "TemplateProcessing",
            "single": [special, sequence("A", 0)],
            "pair": [special, sequence("A", 0), {"SpecialToken": {"id": text, "type_id": 1}}, sequence("B", 1)],
            "special_tokens": special_tokens,
        }],
    })
}
