//! A GGUF file as a model loader wants it: settings, and tensors under their Hugging Face names and row order.

use std::borrow::Cow;
use std::path::Path;

use serde_json::{Value as Json, json};

use super::dequantize::dequantize_into;
use super::error::{GgufError, metadata};
use super::names::{ROPE_FREQS, RowOrder, to_gguf, to_hf};
use super::read::{Gguf, TensorEntry};
use super::rebuild::{special_id, stop_ids, to_tokenizer_json};
use super::value::{GgmlType, Value};
use crate::hub::LlamaConfig;

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

/// A checked Llama model in one GGUF file.
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
        for (hf_name, shape) in config.expected_tensors() {
            let name = to_gguf(&hf_name).unwrap_or_default();
            match gguf.tensor(&name) {
                None => problems.push(format!("`{name}` {shape:?} is missing")),
                Some((entry, _)) if entry.shape != shape => {
                    problems.push(format!("`{name}` is {:?}, expected {shape:?}", entry.shape));
                }
                Some(_) => {}
            }
        }
        let known = |name: &str| to_hf(name).is_some() || name == ROPE_FREQS;
        let unknown = gguf.tensors().iter().filter(|entry| !known(&entry.name));
        problems.extend(unknown.map(|entry| format!("`{}` is not part of a Llama model", entry.name)));
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
        let order = RowOrder::of(hf_name, self.config.head_dim);
        let row_bytes = entry.shape.last().and_then(|columns| entry.ggml_type.bytes_of(*columns)).unwrap_or(0);
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
        Ok((entry, bytes, RowOrder::of(hf_name, self.config.head_dim)))
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
    match gguf.get_str("general.architecture") {
        Some("llama") => {}
        other => {
            return Err(GgufError::Unsupported { what: format!("architecture {other:?}, only `llama` is read") });
        }
    }
    if let Some(rule) = gguf.get_str("llama.rope.scaling.type").filter(|&rule| rule != "none") {
        return Err(GgufError::Unsupported { what: format!("rope scaling `{rule}`") });
    }
    let float = |key: &str| -> Result<f64, GgufError> {
        let value = gguf.get(key).ok_or_else(|| metadata(key, "is missing"))?;
        value.as_f64().ok_or_else(|| metadata(key, "is not a number"))
    };
    let optional = |key: &str, default: u64| gguf.get(key).map_or(Ok(default), |_| gguf.need_u64(key));
    let hidden = gguf.need_u64("llama.embedding_length")?;
    let heads = gguf.need_u64("llama.attention.head_count")?;
    let head_dim = optional("llama.attention.key_length", hidden.checked_div(heads).unwrap_or(0))?;
    for key in ["llama.attention.value_length", "llama.rope.dimension_count"] {
        if optional(key, head_dim)? != head_dim {
            return Err(GgufError::Unsupported { what: format!("`{key}` differs from the key length {head_dim}") });
        }
    }
    let embedding = gguf.tensor("token_embd.weight").and_then(|(entry, _)| entry.shape.first().copied());
    let vocab_size = embedding.ok_or_else(|| metadata("token_embd.weight", "is missing"))?;
    let stops = stop_ids(gguf)?;
    let special = |key: &str| special_id(gguf, key, vocab_size);
    let theta = gguf.get("llama.rope.freq_base").and_then(Value::as_f64).unwrap_or(10000.0);
    // Both floats are stored as f32; going through their shortest decimal gives back 1e-5 rather than 9.99999974e-6.
    let decimal = |value: f64| (value as f32).to_string().parse::<f64>().unwrap_or(value);
    let config = json!({
        "model_type": "llama",
        "vocab_size": vocab_size,
        "hidden_size": hidden,
        "intermediate_size": gguf.need_u64("llama.feed_forward_length")?,
        "num_hidden_layers": gguf.need_u64("llama.block_count")?,
        "num_attention_heads": heads,
        "num_key_value_heads": optional("llama.attention.head_count_kv", heads)?,
        "head_dim": head_dim,
        "max_position_embeddings": gguf.need_u64("llama.context_length")?,
        "rms_norm_eps": decimal(float("llama.attention.layer_norm_rms_epsilon")?),
        "rope_theta": decimal(theta),
        "tie_word_embeddings": gguf.tensor("output.weight").is_none(),
        "bos_token_id": special("bos_token_id"),
        "eos_token_id": stops,
        "pad_token_id": special("padding_token_id"),
    });
    let mut config = LlamaConfig::from_value(&config)?;
    if let Some((entry, bytes)) = gguf.tensor(ROPE_FREQS) {
        let mut factors = Vec::new();
        dequantize_into(entry.ggml_type, bytes, &mut factors);
        let sound = factors.len() == config.head_dim / 2 && factors.iter().all(|f| f.is_finite() && *f > 0.0);
        if !sound {
            return Err(metadata(ROPE_FREQS, "does not hold one positive factor per frequency"));
        }
        config.rope_factors = Some(factors);
    }
    Ok(config)
}
