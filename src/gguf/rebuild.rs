//! A GGUF's tokenizer back to tokenizer.json, so that chatting needs the one file alone.

use std::collections::HashMap;

use serde_json::{Map, Value as Json, json};

use super::error::{GgufError, metadata};
use super::pre::{Pre, Rule, byte_level, pre_tokenizer};
use super::read::Gguf;
use super::tokenizer::{CONTROL, NFC_KEY, NORMAL, UNUSED, USER_DEFINED};
use super::value::Value;

/// Texts that end a generation wherever they stand in the vocabulary, after llama.cpp's `llama-vocab.cpp`.
const STOP_TEXTS: [&str; 25] = [
    "<|eot_id|>",
    "<|im_end|>",
    "<|end|>",
    "<|return|>",
    "<|call|>",
    "<|flush|>",
    "<|calls|>",
    "<end_of_turn>",
    "<|endoftext|>",
    "</s>",
    "<|eom_id|>",
    "<EOT>",
    "_<EOT>",
    "[EOT]",
    "[EOS]",
    "<|end_of_text|>",
    "<end_of_utterance>",
    "<eos>",
    "<turn|>",
    "<|tool_response>",
    "<\u{ff5c}end\u{2581}of\u{2581}sentence\u{ff5c}>",
    "[e~[",
    "<|fim_pad|>",
    "<|repo_name|>",
    "<|file_sep|>",
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
    let pre = gguf.get_str("tokenizer.ggml.pre");
    let rule =
        pre.and_then(Pre::rule).ok_or_else(|| GgufError::Unsupported { what: format!("pre-tokenizer {pre:?}") })?;
    let nfc = gguf.get(NFC_KEY).and_then(Value::as_bool).unwrap_or(rule.nfc);

    let last_normal = types.iter().rposition(|token_type| *token_type == NORMAL);
    // The tokenizers library numbers added tokens on from the vocabulary unless they are part of it. So they may
    // stay outside only where that numbering gives the ids of the file: no gap behind the ordinary tokens.
    let unused = |(text, token_type): (&&str, &i32)| *token_type == UNUSED || text.is_empty();
    let gap = tokens.iter().zip(&types).skip(last_normal.map_or(0, |last| last + 1)).any(unused);
    let mut vocab = Map::new();
    let mut added = Vec::new();
    let mut seen = HashMap::with_capacity(tokens.len());
    for (id, (text, token_type)) in tokens.iter().zip(&types).enumerate() {
        if unused((text, token_type)) {
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
        "normalizer": if nfc { json!({"type": "NFC"}) } else { Json::Null },
        "pre_tokenizer": pre_tokenizer(rule),
        "post_processor": post_processor(gguf, &tokens, rule),
        "decoder": byte_level(true, true),
        "model": {
            "type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false, "ignore_merges": rule.ignore_merges,
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

/// BOS first and EOS last where the file says so; otherwise only byte-level offsets.
fn post_processor(gguf: &Gguf, tokens: &[&str], rule: &Rule) -> Json {
    let plain = byte_level(true, true);
    let flag = |key: &str, default: bool| {
        gguf.get(&format!("tokenizer.ggml.add_{key}_token")).and_then(Value::as_bool).unwrap_or(default)
    };
    let token = |key: &str, wanted: bool| {
        let id = special_id(gguf, &format!("{key}_token_id"), tokens.len()).filter(|_| wanted)?;
        Some((id, *tokens.get(id as usize)?))
    };
    let (bos, eos) = (token("bos", flag("bos", rule.add_bos)), token("eos", flag("eos", false)));
    if bos.is_none() && eos.is_none() {
        return plain;
    }
    let around = |sequence: &str, type_id: u32| -> Vec<Json> {
        let special = |(_, text): (u32, &str)| json!({"SpecialToken": {"id": text, "type_id": type_id}});
        let middle = json!({"Sequence": {"id": sequence, "type_id": type_id}});
        bos.map(special).into_iter().chain([middle]).chain(eos.map(special)).collect()
    };
    let pair = [around("A", 0), around("B", 1)].concat();
    let mut special_tokens = Map::new();
    for (id, text) in bos.into_iter().chain(eos) {
        special_tokens.insert(text.to_owned(), json!({"id": text, "ids": [id], "tokens": [text]}));
    }
    json!({
        "type": "Sequence",
        "processors": [plain, {
            "type": "TemplateProcessing",
            "single": around("A", 0),
            "pair": pair,
            "special_tokens": special_tokens,
        }],
    })
}
