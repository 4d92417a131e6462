//! Counts tokens without making them: as many as `tokenizers` would, many times as fast.
//!
//! A rule that asks how long a text is needs neither ids nor offsets nor strings, which are most of the work of
//! `tokenizers`. For byte-level BPE (GPT-2, Llama 3, Qwen 2, SmolLM, the encodings of tiktoken) the words are cut by
//! hand-written splitters and looked up in a cache; all other tokenizers are counted by `tokenizers` itself.

mod bpe;
mod cache;
mod classes;
mod file;
mod split;
#[cfg(feature = "tiktoken")]
mod tiktoken;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::path::Path;
use std::sync::OnceLock;

use unicode_normalization_alignments::UnicodeNormalization;

use self::cache::{Cache, Pool};
use self::file::Plan;
use super::encode::{EncodeError, StudentTokenizer};
use crate::Error;
use crate::id::ContentHash;
use crate::row::TokenCounter;

/// Encodings that have a name instead of a file.
const TIKTOKEN: [&str; 7] =
    ["o200k_base", "o200k_harmony", "cl100k_base", "p50k_base", "p50k_edit", "r50k_base", "gpt2"];

/// Texts of this many bytes are not left to the splitters when they have as much white space in a row: the engine of
/// `tokenizers` gives up at a million characters of it, and counts differently from there.
const LONG_TEXT: usize = 500_000;

/// Opens the tokenizer that a person names: a `tokenizer.json`, a folder with one in it, or an encoding of tiktoken
/// (`o200k_base`, `cl100k_base`, …; feature `tiktoken`). A file of that name is preferred to the encoding.
///
/// Counts are those of `tokenizers` without special tokens, control tokens inside the text being plain text, and those
/// of `encode_ordinary` of tiktoken.
///
/// # Errors
/// Nothing of that name, with a suggestion where one is near; a file that is not a tokenizer; an encoding in a build
/// without the feature.
pub fn open_counter(spec: &str) -> Result<Box<dyn TokenCounter>, Error> {
    let path = Path::new(spec);
    if path.is_dir() {
        return open_file(&path.join("tokenizer.json"));
    }
    if path.exists() {
        return open_file(path);
    }
    if TIKTOKEN.contains(&spec) {
        return open_encoding(spec);
    }
    let name = spec.to_lowercase().replace('-', "_");
    let near = TIKTOKEN
        .iter()
        // The first part of a name says what is meant too.
        .map(|known| (if known.starts_with(&name) { 0 } else { crate::error::distance(&name, known) }, known))
        .min()
        .filter(|(edits, known)| !name.is_empty() && *edits <= known.len() / 3);
    Err(Error::new(format!("there is no tokenizer `{}`", crate::error::printable(spec))).hint(match near {
        Some((_, known)) => format!("did you mean `{known}`?"),
        None => format!(
            "give a tokenizer.json, a model's folder with one in it, or an encoding of tiktoken: {}",
            TIKTOKEN.join(", ")
        ),
    }))
}

/// A counter for the bytes of a `tokenizer.json`.
///
/// # Errors
/// What the `tokenizers` crate has to say about the file.
pub fn counter_from_bytes(json: Vec<u8>) -> Result<Box<dyn TokenCounter>, EncodeError> {
    let Some(plan) = file::read(&json) else { return Ok(Box::new(StudentTokenizer::from_bytes(&json)?)) };
    let hash = StudentTokenizer::hash_of(&json);
    Ok(Box::new(ByteLevel { plan, pool: Pool::default(), reference: Some(Reference::new(json)), hash }))
}

fn open_file(path: &Path) -> Result<Box<dyn TokenCounter>, Error> {
    let json = crate::edge::fs::read(path)?;
    counter_from_bytes(json).map_err(|e| Error::at(path, e.to_string()))
}

#[cfg(feature = "tiktoken")]
fn open_encoding(name: &str) -> Result<Box<dyn TokenCounter>, Error> {
    let Some((pattern, bpe)) = tiktoken::read(name) else {
        return Err(Error::new(format!("there is no encoding `{name}`")));
    };
    let plan = Plan { nfc: false, raw: None, normalised: None, prefix_space: false, pattern, bpe };
    let hash = crate::id::Hasher::new().text("tiktoken").text(name).finish();
    Ok(Box::new(ByteLevel { plan, pool: Pool::default(), reference: None, hash }))
}

#[cfg(not(feature = "tiktoken"))]
fn open_encoding(name: &str) -> Result<Box<dyn TokenCounter>, Error> {
    Err(Error::new(format!("`{name}` is an encoding of tiktoken, which this build of distill does not have"))
        .hint("build it with the feature `tiktoken`, or give a tokenizer.json"))
}

/// Counts for byte-level BPE.
struct ByteLevel {
    plan: Plan,
    pool: Pool,
    /// For what the splitters leave to it.
    reference: Option<Reference>,
    hash: ContentHash,
}

/// The same tokenizer in the crate `tokenizers`, which takes half a second to read a large one: seldom needed.
struct Reference {
    json: Vec<u8>,
    tokenizer: OnceLock<Option<StudentTokenizer>>,
}

impl Reference {
    fn new(json: Vec<u8>) -> Self {
        Self { json, tokenizer: OnceLock::new() }
    }

    fn count(&self, text: &str) -> usize {
        let tokenizer = self.tokenizer.get_or_init(|| StudentTokenizer::from_bytes(&self.json).ok());
        tokenizer.as_ref().map_or(usize::MAX, |t| t.count(text))
    }
}

impl TokenCounter for ByteLevel {
    fn count(&self, text: &str) -> usize {
        if text.len() >= LONG_TEXT
            && let Some(reference) = &self.reference
            && has_long_space(text)
        {
            return reference.count(text);
        }
        self.pool.with(|cache| self.plan.count(text, cache))
    }

    fn hash(&self) -> ContentHash {
        self.hash.clone()
    }
}

impl Plan {
    fn count(&self, text: &str, cache: &mut Cache) -> usize {
        let Some(raw) = &self.raw else { return self.count_raw(text, cache) };
        let mut count = 0;
        let found = raw.split(text, |between| count += self.count_raw(between, cache));
        count + found
    }

    fn count_raw(&self, text: &str, cache: &mut Cache) -> usize {
        let text = if self.nfc { to_nfc(text) } else { Cow::Borrowed(text) };
        let Some(normalised) = &self.normalised else { return self.count_plain(&text, cache) };
        let mut count = 0;
        let found = normalised.split(&text, |between| count += self.count_plain(between, cache));
        count + found
    }

    fn count_plain(&self, text: &str, cache: &mut Cache) -> usize {
        let mut count = 0;
        let mut word = |bytes: &[u8], start, end| count += cache.count(&self.bpe, bytes, start, end);
        if self.prefix_space && !text.is_empty() && !text.starts_with(' ') {
            self.pattern.each(&format!(" {text}"), &mut word);
        } else {
            self.pattern.each(text, &mut word);
        }
        count
    }
}

/// NFC as `tokenizers` has it, by the same crate, for versions of Unicode differ.
fn to_nfc(text: &str) -> Cow<'_, str> {
    // Below U+0300 nothing combines.
    if text.bytes().all(|byte| byte < 0xCC) {
        return Cow::Borrowed(text);
    }
    // Whatever a later version of Unicode takes for normalised is so to an earlier one: to that, new characters do not
    // combine, and old ones never change.
    if unicode_normalization::is_nfc_quick(text.chars()) == unicode_normalization::IsNormalized::Yes {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.nfc().map(|(c, _)| c).collect())
}

/// Whether there is as much white space in a row as the engine of `tokenizers` may stumble over.
fn has_long_space(text: &str) -> bool {
    let mut run = 0;
    text.chars().any(|c| {
        run = if c.is_whitespace() { run + 1 } else { 0 };
        run >= LONG_TEXT
    })
}
