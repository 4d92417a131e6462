//! tokenizer.json to GGUF metadata: tokens, types, merges, the pre-tokenizer's name and the special ids.
//!
//! Only byte-level BPE can be expressed (GGUF's `gpt2` tokenizer model) whose splits llama.cpp has a name for
//! (`pre.rs`); anything else is refused with the reason.
//! Source: numerics sheet 8.3, gguf-py's `vocab.py`. The way back is in `rebuild.rs`.

use std::collections::HashMap;

use serde_json::Value as Json;

use super::error::GgufError;
pub use super::pre::Pre;
use super::value::Value;
use crate::hub::{Family, Folder};

pub use super::rebuild::{chat_template, stop_ids, to_tokenizer_json};

pub(super) const NORMAL: i32 = 1;
pub(super) const CONTROL: i32 = 3;
pub(super) const USER_DEFINED: i32 = 4;
pub(super) const UNUSED: i32 = 5;

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
    /// Between two texts.
    pub sep: Option<u32>,
    /// Padding.
    pub pad: Option<u32>,
    /// Something left out.
    pub mask: Option<u32>,
    /// End of turn.
    pub eot: Option<u32>,
    /// End of message, before a tool answers.
    pub eom: Option<u32>,
    /// Whether plain encoding starts with BOS.
    pub add_bos: bool,
    /// Whether plain encoding ends with EOS.
    pub add_eos: bool,
    /// Whether SEP stands between two texts, where the post-processor says.
    pub add_sep: Option<bool>,
    /// `add_prefix_space` of tokenizer_config.json, which the converter passes on for `llama`.
    pub add_space_prefix: Option<bool>,
    /// Whether the tokenizer composes texts (NFC), which llama.cpp leaves out.
    pub nfc: bool,
    /// Chat templates with names other than `default`.
    pub named_templates: Vec<(String, String)>,
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
        let tokenizer = folder.tokenizer_json()?;
        let mut made = Self::from_json(&tokenizer, folder.tokenizer_config(), config.vocab_size, &fallback)?;
        if matches!(config.family, Family::Llama | Family::Mistral) {
            // 49152 rows are SmolLM and granite, whose converters switch BOS off.
            made.add_bos &= config.vocab_size != 49152;
            made.add_space_prefix = folder.tokenizer_config().get("add_prefix_space").and_then(Json::as_bool);
        }
        Ok(made)
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
        let nfc = !tokenizer.get("normalizer").unwrap_or(&Json::Null).is_null();
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
        let sep = named("sep_token");
        let ends = template_ends(tokenizer, &added, Ends { bos, eos, sep });
        // What the post-processor does counts; only without one the settings are asked.
        let configured = |key: &str| tokenizer_config.get(key).and_then(Json::as_bool);
        let made = Self {
            tokens,
            types,
            merges,
            pre,
            bos: Some(bos),
            eos: Some(eos),
            unk: named("unk_token"),
            sep,
            pad: named("pad_token").or(fallback.pad),
            mask: named("mask_token"),
            eot,
            eom: by_text(&["<|eom_id|>"]),
            add_bos: ends.bos.or_else(|| configured("add_bos_token")).unwrap_or(false),
            add_eos: ends.eos.or_else(|| configured("add_eos_token")).unwrap_or(false),
            add_sep: ends.sep.flatten().or_else(|| configured("add_sep_token")),
            add_space_prefix: None,
            nfc,
            named_templates: named_templates(tokenizer_config),
        };
        let ids = [made.bos, made.eos, made.unk, made.sep, made.pad, made.mask, made.eot, made.eom];
        match ids.iter().flatten().find(|id| **id as usize >= vocab_size) {
            Some(id) => Err(refuse(&format!("special id {id} lies outside the {vocab_size} embedding rows"))),
            None => Ok(made),
        }
    }

    /// The `tokenizer.*` keys in the converter's order.
    #[must_use]
    pub fn into_metadata(self, chat_template: Option<String>) -> Vec<(String, Value)> {
        let mut keys = Vec::new();
        keys.extend(self.add_space_prefix.map(|flag| ("add_space_prefix", Value::Bool(flag))));
        keys.extend([
            ("model", Value::String("gpt2".to_owned())),
            ("pre", Value::String(self.pre.name().to_owned())),
            ("tokens", Value::strings(self.tokens)),
            ("token_type", Value::i32s(self.types)),
            ("merges", Value::strings(self.merges)),
        ]);
        let ids = [
            ("bos_token_id", self.bos),
            ("eos_token_id", self.eos),
            ("unknown_token_id", self.unk),
            // The format spells it so.
            ("seperator_token_id", self.sep),
            ("padding_token_id", self.pad),
            ("mask_token_id", self.mask),
            ("eot_token_id", self.eot),
            ("eom_token_id", self.eom),
        ];
        keys.extend(ids.into_iter().filter_map(|(key, id)| Some((key, Value::U32(id?)))));
        keys.push(("add_bos_token", Value::Bool(self.add_bos)));
        keys.push(("add_eos_token", Value::Bool(self.add_eos)));
        keys.extend(self.add_sep.map(|flag| ("add_sep_token", Value::Bool(flag))));
        let mut metadata: Vec<(String, Value)> =
            keys.into_iter().map(|(key, value)| (format!("tokenizer.ggml.{key}"), value)).collect();
        for (name, template) in &self.named_templates {
            metadata.push((format!("tokenizer.chat_template.{name}"), Value::String(template.clone())));
        }
        if !self.named_templates.is_empty() {
            let names = self.named_templates.into_iter().map(|(name, _)| name);
            metadata.push(("tokenizer.chat_templates".to_owned(), Value::strings(names)));
        }
        // Known from the name elsewhere; said where it is not so, for whoever rebuilds the tokenizer.
        if Pre::rule(self.pre.name()).is_some_and(|rule| rule.nfc != self.nfc) {
            metadata.push((NFC_KEY.to_owned(), Value::Bool(self.nfc)));
        }
        if let Some(template) = chat_template {
            metadata.push(("tokenizer.chat_template".to_owned(), Value::String(template)));
        }
        metadata
    }
}

/// Our own key: whether the tokenizer composes texts first, where `tokenizer.ggml.pre` would tell otherwise.
pub(super) const NFC_KEY: &str = "distill.tokenizer.nfc";

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
        return Err(refuse("BPE with byte fallback (SentencePiece, as in Llama 2), expected byte-level BPE"));
    }
    for key in ["continuing_subword_prefix", "end_of_word_suffix"] {
        if model.get(key).and_then(Json::as_str).is_some_and(|text| !text.is_empty()) {
            return Err(refuse(&format!("BPE with `{key}`")));
        }
    }
    if model.get("dropout").and_then(Json::as_f64).is_some_and(|dropout| dropout > 0.0) {
        return Err(refuse("BPE with dropout, which makes the same text other tokens every time"));
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
        let flag = |key: &str| token.get(key).and_then(Json::as_bool).unwrap_or(false);
        // llama.cpp cuts such tokens out wherever they stand, and leaves the blanks around them.
        if let Some(key) = ["single_word", "lstrip", "rstrip"].into_iter().find(|key| flag(key)) {
            return Err(refuse(&format!("added token `{text}` with `{key}`, which llama.cpp does not do")));
        }
        if let Some(slot) = slots.get_mut(id as usize) {
            if slot.as_ref().is_some_and(|(other, _)| other != text) {
                return Err(refuse(&format!("two tokens share id {id}")));
            }
            *slot = Some(if flag("special") || looks_special(text) {
                (text.to_owned(), CONTROL)
            } else {
                (text.replace('\u{2581}', " "), USER_DEFINED)
            });
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

/// Added tokens that are control tokens whatever their file says, by the converter's rules.
fn looks_special(text: &str) -> bool {
    let between = |start: &str, end: &str| text.starts_with(start) && text.ends_with(end);
    matches!(text, "<pad>" | "<mask>" | "<2mass>" | "[@BOS@]")
        || between("<|", "|>")
        || between("<\u{ff5c}", "\u{ff5c}>")
        || between("<unused", ">")
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

/// The ids that a template may put around and between texts.
struct Ends<T> {
    bos: T,
    eos: T,
    sep: Option<T>,
}

/// Whether the post-processor puts BOS first, EOS last and SEP between; `None` where it does not say.
fn template_ends(tokenizer: &Json, added: &HashMap<String, u32>, ids: Ends<u32>) -> Ends<Option<bool>> {
    let mut found = Ends { bos: None, eos: None, sep: Some(None) };
    let post = tokenizer.get("post_processor").unwrap_or(&Json::Null);
    let single = std::slice::from_ref(post);
    let special = |piece: Option<&Json>| {
        let text = piece?.get("SpecialToken")?.get("id")?.as_str()?;
        added.get(text).copied()
    };
    let list = |step: &Json, key: &str| step.get(key).and_then(Json::as_array).cloned().unwrap_or_default();
    for step in post.get("processors").and_then(Json::as_array).map_or(single, Vec::as_slice) {
        match step.get("type").and_then(Json::as_str) {
            Some("ByteLevel") => {
                found.bos = found.bos.or(Some(false));
                found.eos = found.eos.or(Some(false));
            }
            Some("TemplateProcessing") => {
                let (alone, pair) = (list(step, "single"), list(step, "pair"));
                let (first, last) = (special(alone.first()), special(alone.last()));
                if alone.len() > 1 {
                    found.bos = first.map(|id| id == ids.bos).or(found.bos);
                    found.eos = last.map(|id| id == ids.eos).or(found.eos);
                }
                // What stands between the two texts, without what stands before and behind every text.
                let begin = usize::from(first.is_some() && special(pair.first()) == first);
                let end = pair.len() - usize::from(last.is_some() && special(pair.last()) == last);
                let inner = pair.get(begin..end).unwrap_or_default();
                let sequence = |piece: Option<&Json>| piece?.get("Sequence")?.get("id")?.as_str().map(str::to_owned);
                if let [a, between @ .., b] = inner
                    && (sequence(Some(a)).as_deref(), sequence(Some(b)).as_deref()) == (Some("A"), Some("B"))
                    && !between.is_empty()
                {
                    let separates = |id: Option<u32>| id.is_some_and(|id| Some(id) == ids.sep || id == ids.eos);
                    let lone = separates(special(between.first())) && last.is_none();
                    let two = between.len() == 2 && separates(special(between.last()));
                    found.sep = Some(Some(lone || two));
                }
            }
            _ => {}
        }
    }
    found
}

/// Templates of tokenizer_config.json with names of their own; other signs than letters and digits become `_`.
fn named_templates(tokenizer_config: &Json) -> Vec<(String, String)> {
    let list = tokenizer_config.get("chat_template").and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
    let mut found: Vec<(String, String)> = Vec::new();
    for entry in list {
        let text = |key: &str| entry.get(key).and_then(Json::as_str);
        let (Some(name), Some(template)) = (text("name"), text("template")) else { continue };
        let name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        if !name.is_empty() && name != "default" && found.iter().all(|(other, _)| *other != name) {
            found.push((name, template.to_owned()));
        }
    }
    found
}

#[cfg(test)]
mod tests;
