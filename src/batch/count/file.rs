//! Reads a `tokenizer.json` as far as counting needs it, and says no to whatever it does not know.
//!
//! `None` everywhere means that the `tokenizers` crate has to read the file, be it to use it or to say what is wrong.

use std::borrow::{Borrow, Cow};
use std::fmt;

use aho_corasick::{AhoCorasick, MatchKind};
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::bpe::{Bpe, Map, Merges, NONE, Unknown};
use super::split::Pattern;
use crate::batch::encode::byte_of;

/// How a text becomes tokens.
pub(super) struct Plan {
    /// Whether the text is brought to NFC first.
    pub(super) nfc: bool,
    /// Added tokens that are looked for before that.
    pub(super) raw: Option<Added>,
    /// Those that are looked for after it.
    pub(super) normalised: Option<Added>,
    /// Whether a space is put before a text that does not start with one.
    pub(super) prefix_space: bool,
    pub(super) pattern: Pattern,
    pub(super) bpe: Bpe,
}

/// Tokens that are cut out of the text before it is split.
pub(super) struct Added {
    search: AhoCorasick,
    /// Which of the patterns count. Control tokens do not, but hide others that start within them.
    counts: Vec<bool>,
}

impl Added {
    /// Splits a text at the tokens: calls `between` for what lies between them and returns how many there are.
    pub(super) fn split<'t>(&self, text: &'t str, mut between: impl FnMut(&'t str)) -> usize {
        let (mut start, mut found) = (0, 0);
        for hit in self.search.find_iter(text) {
            if self.counts.get(hit.pattern().as_usize()).is_some_and(|counts| *counts) {
                between(&text[start..hit.start()]);
                start = hit.end();
                found += 1;
            }
        }
        between(&text[start..]);
        found
    }
}

#[derive(Deserialize)]
struct File<'a> {
    version: String,
    #[serde(default)]
    added_tokens: Vec<AddedToken>,
    #[serde(default)]
    normalizer: Value,
    #[serde(default)]
    pre_tokenizer: Value,
    #[serde(default)]
    post_processor: Value,
    #[serde(borrow)]
    model: Model<'a>,
}

#[derive(Deserialize)]
struct AddedToken {
    content: String,
    single_word: bool,
    lstrip: bool,
    rstrip: bool,
    normalized: bool,
    special: bool,
}

#[derive(Deserialize)]
struct Model<'a> {
    // Files of before 2021 do not name the type.
    #[serde(rename = "type")]
    kind: Option<String>,
    dropout: Option<f32>,
    unk_token: Option<String>,
    continuing_subword_prefix: Option<String>,
    end_of_word_suffix: Option<String>,
    fuse_unk: Option<bool>,
    byte_fallback: Option<bool>,
    ignore_merges: Option<bool>,
    #[serde(borrow)]
    vocab: Map<Text<'a>, u32>,
    #[serde(borrow)]
    merges: Vec<Merge<'a>>,
}

/// A string of the file, borrowed where it has no escapes.
#[derive(PartialEq, Eq, Hash)]
struct Text<'a>(Cow<'a, str>);

impl Borrow<str> for Text<'_> {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Strings;
        impl<'de> Visitor<'de> for Strings {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Strings)
    }
}

/// A merge, as a line (`"a b"`) or as a pair.
enum Merge<'a> {
    Line(Text<'a>),
    Pair(Text<'a>, Text<'a>),
}

impl<'de: 'a, 'a> Deserialize<'de> for Merge<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Merge<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a line or a pair")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Merge::Line(Text(Cow::Borrowed(text))))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Merge::Line(Text(Cow::Owned(text.to_owned()))))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut pair: A) -> Result<Self::Value, A::Error> {
                let missing = || serde::de::Error::custom("a merge has two parts");
                let left = pair.next_element()?.ok_or_else(missing)?;
                let right = pair.next_element()?.ok_or_else(missing)?;
                Ok(Merge::Pair(left, right))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// Reads the file.
pub(super) fn read(json: &[u8]) -> Option<Plan> {
    let file: File = serde_json::from_slice(json).ok()?;
    if file.version != "1.0" || !keeps_the_text(&file.post_processor) {
        return None;
    }
    let nfc = normaliser(&file.normalizer)?;
    let (pattern, prefix_space) = pre_tokenizer(&file.pre_tokenizer)?;
    let (normalised, raw): (Vec<_>, Vec<_>) = file.added_tokens.iter().partition(|t| t.normalized);
    Some(Plan {
        nfc,
        raw: added(&raw, false)?,
        normalised: added(&normalised, nfc)?,
        prefix_space,
        pattern,
        bpe: bpe(&file.model)?,
    })
}

/// Whether the post-processor leaves the tokens of a text as they are when it is not to add any.
fn keeps_the_text(processor: &Value) -> bool {
    match processor["type"].as_str() {
        None => processor.is_null(),
        Some("ByteLevel" | "RobertaProcessing") => true,
        Some("Sequence") => processor["processors"].as_array().is_some_and(|list| list.iter().all(keeps_the_text)),
        Some("TemplateProcessing") => processor["single"].as_array().is_some_and(|pieces| {
            let sequences = pieces.iter().filter(|piece| piece.get("SpecialToken").is_none());
            sequences.map(|piece| piece["Sequence"]["id"].as_str()).eq([Some("A")])
        }),
        Some(_) => false,
    }
}

/// Whether texts are brought to NFC.
fn normaliser(normaliser: &Value) -> Option<bool> {
    match normaliser["type"].as_str() {
        None => normaliser.is_null().then_some(false),
        Some("NFC") => Some(true),
        // Twice is as good as once.
        Some("Sequence") => {
            normaliser["normalizers"].as_array()?.iter().try_fold(false, |nfc, n| Some(self::normaliser(n)? || nfc))
        }
        Some(_) => None,
    }
}

/// The splitter, and whether a space is put in front.
fn pre_tokenizer(value: &Value) -> Option<(Pattern, bool)> {
    if value["type"] == "Sequence" {
        let [first, last] = value["pretokenizers"].as_array()?.as_slice() else { return None };
        let (inner, prefix_space) = byte_level(last)?;
        return match (first["type"].as_str()?, inner) {
            // The space would go before every word.
            _ if prefix_space => None,
            ("Split", Pattern::Whole) => Some((split(first)?, false)),
            ("Digits", Pattern::Gpt2) if first["individual_digits"] == true => Some((Pattern::DigitsThenGpt2, false)),
            _ => None,
        };
    }
    byte_level(value)
}

fn byte_level(value: &Value) -> Option<(Pattern, bool)> {
    if value["type"] != "ByteLevel" {
        return None;
    }
    let pattern = match value.get("use_regex").map(Value::as_bool) {
        None | Some(Some(true)) => Pattern::Gpt2,
        Some(Some(false)) => Pattern::Whole,
        Some(None) => return None,
    };
    Some((pattern, value["add_prefix_space"].as_bool()?))
}

fn split(value: &Value) -> Option<Pattern> {
    // The patterns match every character, so that keeping the matches and keeping what lies between them as well is
    // the same.
    let keeps_matches = match (value["behavior"].as_str()?, value["invert"].as_bool()?) {
        ("Isolated", _) => true,
        (behaviour, inverted) => behaviour == "Removed" && inverted,
    };
    Pattern::of_regex(value["pattern"]["Regex"].as_str().filter(|_| keeps_matches)?)
}

/// The search for added tokens; `Some(None)` when none of them is to be found.
fn added(tokens: &[&AddedToken], nfc: bool) -> Option<Option<Added>> {
    if tokens.iter().all(|t| t.special) {
        return Some(None);
    }
    if tokens.iter().any(|t| !t.special && (t.single_word || t.lstrip || t.rstrip)) {
        return None;
    }
    let contents: Vec<Cow<'_, str>> = tokens
        .iter()
        .map(|t| if nfc { super::to_nfc(&t.content) } else { Cow::Borrowed(t.content.as_str()) })
        .collect();
    let distinct: std::collections::HashSet<_> = contents.iter().collect();
    if distinct.len() < contents.len() || contents.iter().any(|c| c.is_empty()) {
        return None;
    }
    let search = AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostLongest)
        .build(contents.iter().map(|c| c.as_bytes()))
        .ok()?;
    Some(Some(Added { search, counts: tokens.iter().map(|t| !t.special).collect() }))
}

fn bpe(model: &Model<'_>) -> Option<Bpe> {
    let is_empty = |affix: &Option<String>| affix.as_ref().is_none_or(String::is_empty);
    if model.kind.as_ref().is_some_and(|kind| kind != "BPE")
        || model.dropout.is_some_and(|rate| rate != 0.0)
        || !is_empty(&model.continuing_subword_prefix)
        || !is_empty(&model.end_of_word_suffix)
    {
        return None;
    }
    // Merging relies on an id having one text.
    let mut ids: Vec<u32> = model.vocab.values().copied().collect();
    ids.sort_unstable();
    if ids.windows(2).any(|pair| pair[0] == pair[1]) || ids.last() == Some(&NONE) {
        return None;
    }
    let mut bytes = [NONE; 256];
    let mut tokens = Map::default();
    let letters = letters();
    for (token, &id) in &model.vocab {
        let Some(spelt) =
            token.0.chars().map(|c| letters.get(c as usize).copied().flatten()).collect::<Option<Vec<u8>>>()
        else {
            continue;
        };
        if let [byte] = *spelt {
            bytes[usize::from(byte)] = id;
        }
        if model.ignore_merges == Some(true) && !spelt.is_empty() {
            tokens.insert(spelt.into_boxed_slice(), id);
        }
    }
    let lacks_bytes = bytes.contains(&NONE);
    // Bytes that are missing may have tokens of another kind, or make `tokenizers` fail.
    if lacks_bytes && model.byte_fallback == Some(true) {
        return None;
    }
    let unknown = match &model.unk_token {
        Some(unk) if lacks_bytes => {
            Some(Unknown { id: *model.vocab.get(unk.as_str())?, fuse: model.fuse_unk == Some(true) })
        }
        _ => None,
    };
    Some(Bpe { bytes, unknown, tokens, merges: Merges::Pairs(pairs(model)?) })
}

fn pairs(model: &Model<'_>) -> Option<Map<u64, (u32, u32)>> {
    let mut pairs = Map::with_capacity_and_hasher(model.merges.len(), std::hash::BuildHasherDefault::default());
    let lines = model.merges.iter().filter(|merge| matches!(merge, Merge::Line(_))).count();
    if lines != 0 && lines != model.merges.len() {
        return None;
    }
    let mut merged = String::new();
    let mut rank = 0;
    for merge in &model.merges {
        let (left, right) = match merge {
            Merge::Line(line) if line.0.starts_with("#version") => continue,
            Merge::Line(line) => line.0.split_once(' ').filter(|(_, right)| !right.contains(' '))?,
            Merge::Pair(left, right) => (&*left.0, &*right.0),
        };
        if left.is_empty() || right.is_empty() {
            return None;
        }
        merged.clear();
        merged.push_str(left);
        merged.push_str(right);
        let id = |token: &str| model.vocab.get(token).copied();
        pairs.insert(u64::from(id(left)?) << 32 | u64::from(id(right)?), (rank, id(&merged)?));
        rank += 1;
    }
    Some(pairs)
}

/// The byte of each letter of a byte-level vocabulary, by code point.
fn letters() -> Vec<Option<u8>> {
    ('\0'..='\u{1FF}').map(byte_of).collect()
}
