//! tokenizer.json to GGUF metadata: tokens, types, merges, the pre-tokenizer's name and the special ids.
//!
//! Only byte-level BPE can be expressed (GGUF's `gpt2` tokenizer model); anything else is refused with the reason.
//! llama.cpp knows pre-tokenizers by name, so the regular expression must be one of those it implements: a pattern
//! that merely resembles one would tokenise differently on the phone, and nobody would notice.
//! Source: numerics sheet 8.3. The way back is in `rebuild.rs`.

use std::collections::HashMap;

use serde_json::Value as Json;

use super::error::GgufError;
use super::value::Value;
use crate::hub::Folder;

pub use super::rebuild::{chat_template, stop_ids, to_tokenizer_json};

pub(super) const NORMAL: i32 = 1;
pub(super) const CONTROL: i32 = 3;
pub(super) const USER_DEFINED: i32 = 4;
pub(super) const UNUSED: i32 = 5;

/// Splits of Llama 3, and of Qwen 2 with single digits.
pub(super) const LLAMA3_PATTERN: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
pub(super) const QWEN2_PATTERN: &str =
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// The pre-tokenizers we can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pre {
    /// Llama 3: digits in groups of up to three, whole words win over merges.
    LlamaBpe,
    /// Qwen 2: single digits.
    Qwen2,
    /// SmolLM: single digits, then GPT-2's splits.
    SmolLm,
    /// GPT-2's splits.
    Gpt2,
}

impl Pre {
    /// `tokenizer.ggml.pre`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::LlamaBpe => "llama-bpe",
            Self::Qwen2 => "qwen2",
            Self::SmolLm => "smollm",
            Self::Gpt2 => "gpt-2",
        }
    }

    /// Recognises the pre-tokenizer by its steps.
    fn detect(tokenizer: &Json) -> Result<Self, GgufError> {
        let pre_tokenizer = tokenizer.get("pre_tokenizer").unwrap_or(&Json::Null);
        let single = std::slice::from_ref(pre_tokenizer);
        let steps = pre_tokenizer.get("pretokenizers").and_then(Json::as_array).map_or(single, Vec::as_slice);
        let kind = |step: &Json| step.get("type").and_then(Json::as_str).unwrap_or("none").to_owned();
        let kinds: Vec<String> = steps.iter().map(kind).collect();
        let flag = |step: &Json, key: &str, default: bool| step.get(key).and_then(Json::as_bool).unwrap_or(default);
        let byte_level = |step: &Json, own_splits: bool| {
            kind(step) == "ByteLevel"
                && flag(step, "use_regex", true) == own_splits
                && !flag(step, "add_prefix_space", true)
        };
        let pattern = |step: &Json| {
            let isolated = step.get("behavior").and_then(Json::as_str) == Some("Isolated");
            let regex = step.get("pattern").and_then(|pattern| pattern.get("Regex")).and_then(Json::as_str);
            regex.filter(|_| kind(step) == "Split" && isolated && !flag(step, "invert", false)).map(str::to_owned)
        };
        match steps {
            [only] if byte_level(only, true) => Ok(Self::Gpt2),
            [digits, last]
                if kind(digits) == "Digits" && flag(digits, "individual_digits", false) && byte_level(last, true) =>
            {
                Ok(Self::SmolLm)
            }
            [split, last] if byte_level(last, false) => match pattern(split).as_deref() {
                Some(LLAMA3_PATTERN) => Ok(Self::LlamaBpe),
                Some(QWEN2_PATTERN) => Ok(Self::Qwen2),
                _ => Err(refuse("a split pattern llama.cpp has no name for")),
            },
            _ => Err(refuse(&format!("pre-tokenizer {}, expected byte-level splits", kinds.join(" + ")))),
        }
    }
}

/// Everything GGUF wants to know about a tokenizer.
#[derive(Debug, Clone, PartialEq)]
pub struct GgufTokenizer {
    /// By id; byte-level spelling for ordinary tokens, plain text for added ones.
    pub tokens: Vec<String>,
    /// Same length: 1 normal, 3 control, 4 user defined, 5 unused.
    pub types: Vec<i32>,
    /// `left right` in order of rank.
    pub merges: Vec<String>,
    /// The pre-tokenizer.
    pub pre: Pre,
    /// Start of text. llama.cpp would assume id 11 without it.
    pub bos: Option<u32>,
    /// End of turn or text.
    pub eos: Option<u32>,
    /// Unknown.
    pub unk: Option<u32>,
    /// Padding.
    pub pad: Option<u32>,
    /// End of turn.
    pub eot: Option<u32>,
    /// End of message, before a tool answers.
    pub eom: Option<u32>,
    /// Whether plain encoding starts with BOS.
    pub add_bos: bool,
    /// Whether plain encoding ends with EOS.
    pub add_eos: bool,
}

impl GgufTokenizer {
    /// Reads tokenizer.json and tokenizer_config.json of a folder; one token per embedding row.
    ///
    /// # Errors
    /// [`GgufError::Tokenizer`] with what cannot be expressed, [`GgufError::Hub`] when a file is absent.
    pub fn from_folder(folder: &Folder) -> Result<Self, GgufError> {
        let config = folder.config();
        let eos = config.eos_token_ids.as_slice();
        // As the converter: only a single id counts as a fallback, a list does not say which one closes the text.
        let eos_fallback = if let [single] = eos { Some(*single) } else { None };
        let fallback = Fallback { bos: config.bos_token_id, eos: eos_fallback, pad: config.pad_token_id };
        Self::from_json(&folder.tokenizer_json()?, folder.tokenizer_config(), config.vocab_size, &fallback)
    }

    /// The same from parsed files. `vocab_size` is the number of embedding rows.
    ///
    /// # Errors
    /// [`GgufError::Tokenizer`].
    pub fn from_json(
        tokenizer: &Json,
        tokenizer_config: &Json,
        vocab_size: usize,
        fallback: &Fallback,
    ) -> Result<Self, GgufError> {
        let model = tokenizer.get("model").unwrap_or(&Json::Null);
        refuse_inexpressible(tokenizer, model)?;
        let pre = Pre::detect(tokenizer)?;
        let Vocabulary { tokens, types, added } = vocabulary(tokenizer, model, vocab_size)?;
        let merges = model.get("merges").and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
        let merges = merges.iter().map(merge_line).collect::<Result<Vec<String>, GgufError>>()?;

        let named = |key: &str| {
            let entry = tokenizer_config.get(key)?;
            let text = entry.as_str().or_else(|| entry.get("content").and_then(Json::as_str))?;
            added.get(text).copied()
        };
        let by_text = |texts: &[&str]| texts.iter().find_map(|text| added.get(*text).copied());
        let eot = by_text(&["<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>"]);
        let eos = named("eos_token")
            .or(fallback.eos)
            .or(eot)
            .or_else(|| by_text(&["<|end_of_text|>", "<|endoftext|>", "</s>"]));
        // Without BOS and EOS llama.cpp takes id 11 for both, an ordinary token; refuse rather than ship that.
        let eos = eos.ok_or_else(|| refuse("no end token: tokenizer_config.json names no `eos_token`"))?;
        let bos = named("bos_token").or(fallback.bos).unwrap_or(eos);
        let (starts_with_bos, ends_with_eos) = template_ends(tokenizer, &added, bos, eos);
        let configured = tokenizer_config.get("add_bos_token").and_then(Json::as_bool);
        // 49152 rows are SmolLM and granite, whose converters switch BOS off.
        let add_bos = vocab_size != 49152 && starts_with_bos.or(configured).unwrap_or(false);
        let made = Self {
            tokens,
            types,
            merges,
            pre,
            bos: Some(bos),
            eos: Some(eos),
            unk: named("unk_token"),
            pad: named("pad_token").or(fallback.pad),
            eot,
            eom: by_text(&["<|eom_id|>"]),
            add_bos,
            add_eos: ends_with_eos,
        };
        let ids = [made.bos, made.eos, made.unk, made.pad, made.eot, made.eom];
        match ids.iter().flatten().find(|id| **id as usize >= vocab_size) {
            Some(id) => Err(refuse(&format!("special id {id} lies outside the {vocab_size} embedding rows"))),
            None => Ok(made),
        }
    }

    /// The `tokenizer.*` keys in the converter's order.
    #[must_use]
    pub fn into_metadata(self, chat_template: Option<String>) -> Vec<(String, Value)> {
        let mut keys = vec![
            ("model", Value::String("gpt2".to_owned())),
            ("pre", Value::String(self.pre.name().to_owned())),
            ("tokens", Value::strings(self.tokens)),
            ("token_type", Value::i32s(self.types)),
            ("merges", Value::strings(self.merges)),
        ];
        let ids = [
            ("bos_token_id", self.bos),
            ("eos_token_id", self.eos),
            ("unknown_token_id", self.unk),
            ("padding_token_id", self.pad),
            ("eot_token_id", self.eot),
            ("eom_token_id", self.eom),
        ];
        keys.extend(ids.into_iter().filter_map(|(key, id)| Some((key, Value::U32(id?)))));
        keys.push(("add_bos_token", Value::Bool(self.add_bos)));
        keys.push(("add_eos_token", Value::Bool(self.add_eos)));
        let mut metadata: Vec<(String, Value)> =
            keys.into_iter().map(|(key, value)| (format!("tokenizer.ggml.{key}"), value)).collect();
        if let Some(template) = chat_template {
            metadata.push(("tokenizer.chat_template".to_owned(), Value::String(template)));
        }
        metadata
    }
}

/// Ids from config.json, for what tokenizer_config.json does not name.
#[derive(Debug, Clone, Copy, Default)]
pub struct Fallback {
    /// Start of text.
    pub bos: Option<u32>,
    /// End, when there is exactly one.
    pub eos: Option<u32>,
    /// Padding.
    pub pad: Option<u32>,
}

fn refuse(what: &str) -> GgufError {
    GgufError::Tokenizer { what: what.to_owned() }
}

/// Refuses models, normalizers and options that have no GGUF form.
fn refuse_inexpressible(tokenizer: &Json, model: &Json) -> Result<(), GgufError> {
    match model.get("type").and_then(Json::as_str) {
        Some("BPE") => {}
        // Old files leave the type out; only BPE has merges.
        None if model.get("merges").is_some() => {}
        other => return Err(refuse(&format!("model type {}, expected BPE", other.unwrap_or("unknown")))),
    }
    if model.get("byte_fallback").and_then(Json::as_bool) == Some(true) {
        return Err(refuse("BPE with byte fallback (SentencePiece), expected byte-level BPE"));
    }
    for key in ["continuing_subword_prefix", "end_of_word_suffix"] {
        if model.get(key).and_then(Json::as_str).is_some_and(|text| !text.is_empty()) {
            return Err(refuse(&format!("BPE with `{key}`")));
        }
    }
    let normalizer = tokenizer.get("normalizer").unwrap_or(&Json::Null);
    let single = std::slice::from_ref(normalizer);
    let steps = match normalizer {
        Json::Null => &[],
        _ => normalizer.get("normalizers").and_then(Json::as_array).map_or(single, Vec::as_slice),
    };
    // NFC changes only text that was not composed to begin with; llama.cpp leaves it out for Qwen as well.
    match steps.iter().find(|step| step.get("type").and_then(Json::as_str) != Some("NFC")) {
        Some(step) => Err(refuse(&format!("normalizer {}", step.get("type").unwrap_or(&Json::Null)))),
        None => Ok(()),
    }
}

struct Vocabulary {
    tokens: Vec<String>,
    types: Vec<i32>,
    /// Added tokens by text.
    added: HashMap<String, u32>,
}

/// Lays the vocabulary out by id, one entry per embedding row. Rows without a token become `[PAD{id}]`, unused.
fn vocabulary(tokenizer: &Json, model: &Json, vocab_size: usize) -> Result<Vocabulary, GgufError> {
    let entries = model.get("vocab").and_then(Json::as_object).ok_or_else(|| refuse("no `model.vocab`"))?;
    let mut slots: Vec<Option<(String, i32)>> = vec![None; vocab_size];
    let mut id_of: HashMap<String, u32> = HashMap::with_capacity(entries.len());
    let read_id = |value: Option<&Json>, text: &str| {
        let id = value.and_then(Json::as_u64).and_then(|id| u32::try_from(id).ok());
        id.filter(|id| (*id as usize) < vocab_size)
            .ok_or_else(|| refuse(&format!("token `{text}` has no id below the {vocab_size} embedding rows")))
    };
    for (text, id) in entries {
        let id = read_id(Some(id), text)?;
        if let Some(slot) = slots.get_mut(id as usize) {
            if slot.is_some() {
                return Err(refuse(&format!("two tokens share id {id}")));
            }
            // llama.cpp aborts on empty strings; such a token can never be produced, so its row is unused.
            *slot = (!text.is_empty()).then(|| (text.clone(), NORMAL));
        }
        id_of.insert(text.clone(), id);
    }
    let mut added = HashMap::new();
    let list = tokenizer.get("added_tokens").and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
    for token in list {
        let text = token.get("content").and_then(Json::as_str).unwrap_or_default();
        let id = read_id(token.get("id"), text)?;
        if text.is_empty() || id_of.insert(text.to_owned(), id).is_some_and(|other| other != id) {
            return Err(refuse(&format!("added token `{text}` is empty or has two ids")));
        }
        let special = token.get("special").and_then(Json::as_bool).unwrap_or(false);
        let looks_special = text.starts_with("<|") && text.ends_with("|>");
        if let Some(slot) = slots.get_mut(id as usize) {
            if slot.as_ref().is_some_and(|(other, _)| other != text) {
                return Err(refuse(&format!("two tokens share id {id}")));
            }
            *slot = Some((text.to_owned(), if special || looks_special { CONTROL } else { USER_DEFINED }));
        }
        added.insert(text.to_owned(), id);
    }
    let mut vocabulary = Vocabulary { tokens: Vec::new(), types: Vec::new(), added };
    for (id, slot) in slots.into_iter().enumerate() {
        let (text, token_type) = slot.unwrap_or_else(|| (format!("[PAD{id}]"), UNUSED));
        // llama.cpp asserts that token strings are unique.
        if token_type == UNUSED && id_of.contains_key(&text) {
            return Err(refuse(&format!("`{text}` is a token, so it cannot stand for unused row {id}")));
        }
        vocabulary.tokens.push(text);
        vocabulary.types.push(token_type);
    }
    Ok(vocabulary)
}

/// `left right` from either spelling; a literal space inside a part is written as its byte-level character.
fn merge_line(merge: &Json) -> Result<String, GgufError> {
    let parts: Option<(&str, &str)> = match merge {
        Json::String(line) => line.split_once(' ').filter(|(_, right)| !right.contains(' ')),
        Json::Array(pair) => match pair.as_slice() {
            [left, right] => left.as_str().zip(right.as_str()),
            _ => None,
        },
        _ => None,
    };
    match parts {
        Some((left, right)) if !left.is_empty() && !right.is_empty() => {
            Ok(format!("{} {}", left.replace(' ', "\u{120}"), right.replace(' ', "\u{120}")))
        }
        _ => Err(refuse(&format!("merge {merge} is not a pair"))),
    }
}

/// Whether the post-processor puts BOS first (`None` when there is no post-processor to ask) and EOS last.
fn template_ends(tokenizer: &Json, added: &HashMap<String, u32>, bos: u32, eos: u32) -> (Option<bool>, bool) {
    let Some(post) = tokenizer.get("post_processor").filter(|post| !post.is_null()) else { return (None, false) };
    let single = std::slice::from_ref(post);
    let steps = post.get("processors").and_then(Json::as_array).map_or(single, Vec::as_slice);
    let template = steps.iter().find(|step| step.get("type").and_then(Json::as_str) == Some("TemplateProcessing"));
    let Some(pieces) = template.and_then(|step| step.get("single")).and_then(Json::as_array) else {
        return (Some(false), false);
    };
    let special = |piece: Option<&Json>| {
        let text = piece?.get("SpecialToken")?.get("id")?.as_str()?;
        added.get(text).copied()
    };
    let is_end = pieces.len() > 1 && special(pieces.last()) == Some(eos);
    (Some(special(pieces.first()) == Some(bos)), is_end)
}

#[cfg(test)]
mod tests;
