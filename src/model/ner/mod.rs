//! A token classifier from a local folder: a text comes in, spans of personal data go out.
//!
//! | file | what it does |
//! | --- | --- |
//! | `config.rs` | `config.json` to checked sizes |
//! | `labels.rs` | which label means which kind of personal data |
//! | `encoder.rs` | the forward pass of BERT, RoBERTa and DistilBERT; candle-transformers' DeBERTa |
//! | `windows.rs` | tokens with their bytes, cut into windows that the model can read |
//! | `spans.rs` | labels of tokens to spans of words |
//!
//! The first piece of a word speaks for the word, as transformers' `aggregation_strategy="first"` has it. Words are
//! runs of letters and digits here: a bracket before a name is no part of it, whatever the tokenizer says. Compared
//! with transformers in `tests.rs`.

mod config;
mod encoder;
mod labels;
mod spans;
mod windows;

use std::path::{Path, PathBuf};

use candle_core::{D, Device};
use tokenizers::Tokenizer;

use self::config::Config;
use self::encoder::Encoder;
use self::labels::Tag;
use self::windows::{Token, Window};
use crate::hub::{HubError, Weights, read_json};
use crate::id::{ContentHash, Hasher};
use crate::mask::{ModelFailure, NameModel, Span};

/// A folder that is no token classifier we can run.
#[derive(Debug, thiserror::Error)]
pub enum TaggerError {
    /// The folder or its files.
    #[error(transparent)]
    Hub(#[from] HubError),
    /// There is no such folder.
    #[error("`{}` is no folder", .0.display())]
    NoFolder(PathBuf),
    /// Another architecture, or another task.
    #[error("unsupported name model: {0}")]
    Unsupported(String),
    /// Sizes that are missing, contradict themselves or leave the sane range.
    #[error("`config.json` of the name model cannot be used: {}", .0.join("; "))]
    Config(Vec<String>),
    /// Weights that do not fit the settings.
    #[error("the weights of the name model do not fit its settings: {}", first(.0))]
    Tensors(Vec<String>),
    /// None of the labels is a kind of personal data.
    #[error("no label of the name model is a kind of personal data: {}", .0.join(", "))]
    Labels(Vec<String>),
    /// `tokenizer.json` cannot be read, or does not belong to the weights.
    #[error("tokenizer of the name model: {0}")]
    Tokenizer(String),
    /// The arithmetic.
    #[error("name model: {0}")]
    Candle(#[from] candle_core::Error),
}

impl TaggerError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Hub(HubError::Missing { .. }) | Self::NoFolder(_) => {
                "a name model is a folder with config.json, model.safetensors and tokenizer.json; leave `[persona] ner` empty to mask without one".to_owned()
            }
            Self::Unsupported(_) => format!(
                "take a token classifier of one of these types: {} (dslim/bert-base-NER is one)",
                config::MODEL_TYPES.join(", ")
            ),
            Self::Labels(_) => "take a model that tags people (`B-PER`, `PERSON` …) or other personal data".to_owned(),
            Self::Tensors(_) => "take a model that was trained for token classification, or fetch it again".to_owned(),
            Self::Hub(error) => return error.hint(),
            _ => return None,
        })
    }
}

/// The first few of many problems.
fn first(problems: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown = problems.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join("; ");
    if problems.len() > SHOWN { format!("{shown}; and {} more", problems.len() - SHOWN) } else { shown }
}

/// The label of one token and how sure the model is of it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Vote {
    label: usize,
    score: f32,
}

/// A token classifier, ready to read.
pub struct Tagger {
    tokenizer: Tokenizer,
    encoder: Encoder,
    tags: Vec<Tag>,
    /// Ids before and behind every window.
    around: (Vec<u32>, Vec<u32>),
    /// Tokens of text per window.
    room: usize,
    threshold: f32,
    hash: ContentHash,
}

impl std::fmt::Debug for Tagger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tagger").field("labels", &self.tags.len()).field("room", &self.room).finish_non_exhaustive()
    }
}

/// Longer windows cost more than they tell.
const LONGEST: usize = 512;
/// Shorter ones hold no sentence.
const SHORTEST: usize = 8;

impl Tagger {
    /// Opens a Hugging Face folder; finds below `threshold` are dropped.
    ///
    /// # Errors
    /// See [`TaggerError`]. Nothing is guessed: a folder that is not understood as a whole is refused.
    pub fn open(dir: &Path, threshold: f32) -> Result<Self, TaggerError> {
        if !dir.is_dir() {
            return Err(TaggerError::NoFolder(dir.to_owned()));
        }
        let missing = |file: &str| HubError::Missing { dir: dir.to_owned(), file: file.to_owned() };
        let json = read_json(&dir.join("config.json"))?.ok_or_else(|| missing("config.json"))?;
        let config = Config::from_value(&json)?;
        let tags = labels::tags(&config.labels);
        if tags.iter().all(|tag| tag.entity.is_none()) {
            return Err(TaggerError::Labels(config.labels));
        }
        let path = dir.join("tokenizer.json");
        if !path.exists() {
            return Err(missing("tokenizer.json").into());
        }
        let bytes = std::fs::read(&path).map_err(HubError::io(&path))?;
        let tokenizer = tokenizer(&bytes)?;
        let ids = tokenizer.get_vocab_size(true);
        if ids > config.vocab {
            let what = format!("it has {ids} tokens, and the model knows {}", config.vocab);
            return Err(TaggerError::Tokenizer(what));
        }
        let around = around(&tokenizer)?;
        let settings = read_json(&dir.join("tokenizer_config.json"))?.unwrap_or_default();
        let said = settings.get("model_max_length").and_then(serde_json::Value::as_u64);
        let said = said.and_then(|length| usize::try_from(length).ok()).unwrap_or(LONGEST);
        let longest = config.longest().min(said).min(LONGEST);
        let room = longest.saturating_sub(around.0.len() + around.1.len());
        if room < SHORTEST {
            return Err(TaggerError::Config(vec![format!("a text of {room} tokens at most is too short to read")]));
        }
        let weights = Weights::open(dir)?;
        let encoder = Encoder::load(&config, &json, &weights, &Device::Cpu)?;
        let hash = Hasher::new()
            .text("ner/1")
            .json(&json)
            .bytes(&bytes)
            .bytes(weights.bytes())
            .json(&room)
            .json(&threshold)
            .finish();
        Ok(Self { tokenizer, encoder, tags, around, room, threshold, hash })
    }

    /// What it finds in a text.
    ///
    /// # Errors
    /// The tokenizer or the arithmetic.
    pub fn spans(&self, text: &str) -> Result<Vec<Span>, TaggerError> {
        let tokens = windows::tokens(&self.tokenizer, text)?;
        let mut votes = Vec::with_capacity(tokens.len());
        for Window { read, keep } in windows::windows(text, &tokens, self.room) {
            let found = self.votes(&tokens[read.clone()])?;
            votes.extend_from_slice(&found[keep.start - read.start..keep.end - read.start]);
        }
        Ok(spans::spans(text, &tokens, &votes, &self.tags, self.threshold))
    }

    /// One window's labels.
    fn votes(&self, tokens: &[Token]) -> Result<Vec<Vote>, TaggerError> {
        let (before, behind) = &self.around;
        let ids: Vec<u32> =
            before.iter().copied().chain(tokens.iter().map(|token| token.id)).chain(behind.iter().copied()).collect();
        let scores = candle_nn::ops::softmax(&self.encoder.logits(&ids)?, D::Minus1)?;
        let rows = scores.narrow(0, before.len(), tokens.len())?.to_vec2::<f32>()?;
        rows.into_iter()
            .map(|row| {
                let best = row.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)));
                // Weights that are no numbers must not read as "nothing found".
                match best {
                    Some((label, score)) if row.iter().all(|score| score.is_finite()) => Ok(Vote { label, score }),
                    _ => Err(TaggerError::Tensors(vec!["the scores are no numbers".to_owned()])),
                }
            })
            .collect()
    }
}

impl NameModel for Tagger {
    fn find(&self, text: &str) -> Result<Vec<Span>, ModelFailure> {
        self.spans(text).map_err(|error| ModelFailure(error.to_string()))
    }

    fn hash(&self) -> &ContentHash {
        &self.hash
    }
}

/// Reads `tokenizer.json`; windows are ours to cut and pad.
fn tokenizer(json: &[u8]) -> Result<Tokenizer, TaggerError> {
    let fault = |error: tokenizers::Error| TaggerError::Tokenizer(error.to_string());
    let mut tokenizer = Tokenizer::from_bytes(json).map_err(fault)?;
    tokenizer.with_truncation(None).map_err(fault)?;
    tokenizer.with_padding(None);
    // `[SEP]` in somebody's text is text.
    tokenizer.set_encode_special_tokens(true);
    Ok(tokenizer)
}

/// The ids that the tokenizer puts before and behind a text.
fn around(tokenizer: &Tokenizer) -> Result<(Vec<u32>, Vec<u32>), TaggerError> {
    let probe = tokenizer.encode("a", true).map_err(|error| TaggerError::Tokenizer(error.to_string()))?;
    let (ids, special) = (probe.get_ids(), probe.get_special_tokens_mask());
    let from = special.iter().position(|special| *special == 0).unwrap_or(0);
    let to = special.iter().rposition(|special| *special == 0).map_or(0, |at| at + 1);
    Ok((ids.get(..from).unwrap_or_default().to_vec(), ids.get(to..).unwrap_or_default().to_vec()))
}

#[cfg(test)]
mod tests;
