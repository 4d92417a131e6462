//! A GGUF file as a model loader wants it: settings, and tensors under their Hugging Face names and row order.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value as Json, json};

use super::dequantize::dequantize_into;
use super::error::{GgufError, metadata};
use super::names::{ROPE_FREQS, RowOrder, family, to_gguf};
use super::read::{Gguf, TensorEntry};
use super::rebuild::{special_id, stop_ids, to_tokenizer_json};
use super::value::GgmlType;
use crate::hub::{Family, LlamaConfig};

/// A tensor as stored, rows in Hugging Face order.
#[derive(Debug, Clone, PartialEq)]
pub struct QuantTensor<'a> {
    /// Element type.
    pub ggml_type: GgmlType,
    /// Shape in torch order.
    pub shape: &'a [usize],
    /// Blocks, row after row. Owned only where rows had to move.
    pub bytes: Cow<'a, [u8]>,
}

/// A checked model of the architectures `llama`, `qwen2` or `qwen3` in GGUF.
#[derive(Debug)]
pub struct GgufModel {
    gguf: Gguf,
    config: LlamaConfig,
}

impl GgufModel {
    /// Opens a file and checks it as `Folder::open` checks a folder.
    ///
    /// # Errors
    /// [`GgufError::Unsupported`] for other architectures or rope rules; [`GgufError::Metadata`];
    /// [`GgufError::Hub`] for sizes out of range; [`GgufError::Tensors`] with every mismatch.
    pub fn open(path: &Path) -> Result<Self, GgufError> {
        Self::new(Gguf::open(path)?)
    }

    /// The same for a file already read.
    ///
    /// # Errors
    /// As [`GgufModel::open`].
    pub fn new(gguf: Gguf) -> Result<Self, GgufError> {
        let config = read_config(&gguf)?;
        let mut problems = Vec::new();
        let mut known = BTreeSet::from([ROPE_FREQS.to_owned()]);
        for (hf_name, shape) in config.expected_tensors() {
            let name = to_gguf(&hf_name).unwrap_or_default();
            match gguf.tensor(&name) {
                None => problems.push(format!("`{name}` {shape:?} is missing")),
                Some((entry, _)) if entry.shape != shape => {
                    problems.push(format!("`{name}` is {:?}, expected {shape:?}", entry.shape));
                }
                Some(_) => {}
            }
            known.insert(name);
        }
        let unknown = gguf.tensors().iter().filter(|entry| !known.contains(&entry.name));
        let kind = super::names::architecture(config.family);
        problems.extend(unknown.map(|entry| format!("`{}` is not part of this `{kind}` model", entry.name)));
        if problems.is_empty() { Ok(Self { gguf, config }) } else { Err(GgufError::Tensors { problems }) }
    }

    /// The settings. Rope scaling appears as `rope_factors`, which `LlamaConfig::inv_freq` honours.
    #[must_use]
    pub fn config(&self) -> &LlamaConfig {
        &self.config
    }

    /// The file itself, for its other metadata.
    #[must_use]
    pub fn gguf(&self) -> &Gguf {
        &self.gguf
    }

    /// A tensor by its Hugging Face name, still quantised, q and k rows in Hugging Face order.
    ///
    /// Moving whole rows works on quantised data because blocks never cross a row.
    ///
    /// # Errors
    /// [`GgufError::Tensors`] for an unknown name.
    pub fn tensor(&self, hf_name: &str) -> Result<QuantTensor<'_>, GgufError> {
        let unknown = || GgufError::Tensors { problems: vec![format!("no tensor `{hf_name}`")] };
        let name = to_gguf(hf_name).ok_or_else(unknown)?;
        let (entry, bytes) = self.gguf.tensor(&name).ok_or_else(unknown)?;
        let order = RowOrder::of(hf_name, self.config.family, self.config.head_dim);
        // The elements of a bias move as the rows of its weight do.
        let columns = if entry.shape.len() == 1 { 1 } else { entry.shape.last().copied().unwrap_or(0) };
        let row_bytes = entry.ggml_type.bytes_of(columns).unwrap_or(0);
        let bytes = if order.is_identity() || row_bytes == 0 {
            Cow::Borrowed(bytes)
        } else {
            let mut moved = Vec::with_capacity(bytes.len());
            for hf_row in 0..bytes.len() / row_bytes {
                let start = order.gguf_row(hf_row) * row_bytes;
                moved.extend_from_slice(bytes.get(start..start + row_bytes).ok_or_else(unknown)?);
            }
            Cow::Owned(moved)
        };
        Ok(QuantTensor { ggml_type: entry.ggml_type, shape: &entry.shape, bytes })
    }

    /// A tensor by its Hugging Face name exactly as the file has it, and how its rows are ordered there.
    ///
    /// # Errors
    /// [`GgufError::Tensors`] for an unknown name.
    pub fn stored(&self, hf_name: &str) -> Result<(&TensorEntry, &[u8], RowOrder), GgufError> {
        let found = to_gguf(hf_name).and_then(|name| self.gguf.tensor(&name));
        let (entry, bytes) =
            found.ok_or_else(|| GgufError::Tensors { problems: vec![format!("no tensor `{hf_name}`")] })?;
        Ok((entry, bytes, RowOrder::of(hf_name, self.config.family, self.config.head_dim)))
    }

    /// A tensor by its Hugging Face name as f32, row-major.
    ///
    /// # Errors
    /// As [`GgufModel::tensor`].
    pub fn load_f32(&self, hf_name: &str) -> Result<Vec<f32>, GgufError> {
        let tensor = self.tensor(hf_name)?;
        let mut values = Vec::new();
        dequantize_into(tensor.ggml_type, &tensor.bytes, &mut values);
        Ok(values)
    }

    /// The tokenizer as tokenizer.json.
    ///
    /// # Errors
    /// See [`to_tokenizer_json`].
    pub fn tokenizer_json(&self) -> Result<Json, GgufError> {
        to_tokenizer_json(&self.gguf)
    }

    /// The chat template.
    #[must_use]
    pub fn chat_template(&self) -> Option<&str> {
        super::rebuild::chat_template(&self.gguf)
    }

    /// Ids that end a generation, ascending.
    #[must_use]
    pub fn stop_ids(&self) -> &[u32] {
        &self.config.eos_token_ids
    }
}

/// Builds the settings through config.json's own checks, so that a lying file meets the same caps.
fn read_config(gguf: &Gguf) -> Result<LlamaConfig, GgufError> {
    let architecture = gguf.get_str("general.architecture");
    let Some(family) = architecture.and_then(family) else {
        let what = format!("architecture {architecture:?}; `llama`, `qwen2` and `qwen3` are read");
        return Err(GgufError::Unsupported { what });
    };
    let arch = super::names::architecture(family);
    let key = |name: &str| format!("{arch}.{name}");
    let need = |name: &str| gguf.need_u64(&key(name));
    let optional = |name: &str, default: u64| match gguf.get(&key(name)) {
        None => Ok(default),
        Some(_) => gguf.need_u64(&key(name)),
    };
    let hidden = need("embedding_length")?;
    let heads = need("attention.head_count")?;
    let head_dim = optional("attention.key_length", hidden.checked_div(heads).unwrap_or(0))?;
    for name in ["attention.value_length", "rope.dimension_count"] {
        if optional(name, head_dim)? != head_dim {
            let what = format!("`{}` differs from the key length {head_dim}", key(name));
            return Err(GgufError::Unsupported { what });
        }
    }
    let layers = need("block_count")?;
    // Asked before any list of names is made: a lie about the layers must not cost memory.
    if layers.saturating_mul(9) > gguf.tensors().len() as u64 {
        let problem = format!("announces {layers} blocks, but the file holds {} tensors", gguf.tensors().len());
        return Err(metadata(&key("block_count"), problem));
    }
    let embedding = gguf.tensor("token_embd.weight").and_then(|(entry, _)| entry.shape.first().copied());
    let vocab_size = embedding.ok_or_else(|| metadata("token_embd.weight", "is missing"))?;
    let tokens = gguf.need_strings("tokenizer.ggml.tokens")?.len();
    if tokens != vocab_size {
        let problem = format!("has {tokens} entries for {vocab_size} embedding rows");
        return Err(metadata("tokenizer.ggml.tokens", problem));
    }
    let special = |key: &str| special_id(gguf, key, vocab_size);
    let mut value = json!({
        "model_type": family.name(),
        "vocab_size": vocab_size,
        "hidden_size": hidden,
        "intermediate_size": need("feed_forward_length")?,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": optional("attention.head_count_kv", heads)?,
        "max_position_embeddings": need("context_length")?,
        "rms_norm_eps": positive(gguf, &key("attention.layer_norm_rms_epsilon"), None)?,
        "rope_theta": positive(gguf, &key("rope.freq_base"), Some(10_000.0))?,
        "tie_word_embeddings": gguf.tensor("output.weight").is_none(),
        "bos_token_id": special("bos_token_id"),
        "eos_token_id": stop_ids(gguf)?,
        "pad_token_id": special("padding_token_id"),
    });
    // Qwen2 has no such setting; there it follows from the other two.
    if family != Family::Qwen2 || head_dim.checked_mul(heads) != Some(hidden) {
        value["head_dim"] = json!(head_dim);
    }
    let mut config = LlamaConfig::from_value(&value)?;
    config.rope_factors = rope_factors(gguf, arch, config.head_dim)?;
    Ok(config)
}

/// A positive, finite number. Floats are stored as f32; going through their shortest decimal gives back 1e-5 rather
/// than 9.99999974e-6.
fn positive(gguf: &Gguf, key: &str, default: Option<f64>) -> Result<f64, GgufError> {
    let value = match (gguf.get(key), default) {
        (None, Some(default)) => return Ok(default),
        (None, None) => return Err(metadata(key, "is missing")),
        (Some(value), _) => value.as_f64().ok_or_else(|| metadata(key, "is not a number"))?,
    };
    // A file must not get a default for a number that it has and that is none.
    if !value.is_finite() || value <= 0.0 {
        return Err(metadata(key, format!("is {value}, expected a positive number")));
    }
    Ok((value as f32).to_string().parse::<f64>().unwrap_or(value))
}

/// The dividing factors `[head_dim / 2]`: from their tensor, or one and the same from the linear rule.
fn rope_factors(gguf: &Gguf, arch: &str, head_dim: usize) -> Result<Option<Vec<f32>>, GgufError> {
    let linear = match gguf.get_str(&format!("{arch}.rope.scaling.type")) {
        None | Some("none") => None,
        Some("linear") => Some(positive(gguf, &format!("{arch}.rope.scaling.factor"), Some(1.0))? as f32),
        Some(rule) => return Err(GgufError::Unsupported { what: format!("rope scaling `{rule}`") }),
    };
    let Some((entry, bytes)) = gguf.tensor(ROPE_FREQS) else {
        return Ok(linear.filter(|factor| *factor != 1.0).map(|factor| vec![factor; head_dim / 2]));
    };
    if linear.is_some() {
        return Err(metadata(ROPE_FREQS, "stands beside a linear rope scaling; only one of them can hold"));
    }
    let mut factors = Vec::new();
    if entry.shape == [head_dim / 2] {
        dequantize_into(entry.ggml_type, bytes, &mut factors);
    }
    if factors.len() != head_dim / 2 || factors.iter().any(|f| !f.is_finite() || *f <= 0.0) {
        return Err(metadata(ROPE_FREQS, "does not hold one positive factor per frequency"));
    }
    Ok(Some(factors))
}

#[cfg(test)]
mod tests;
