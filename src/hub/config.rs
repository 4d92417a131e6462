//! `config.json` of the Llama family: JSON comes in, checked sizes go out, and the old spelling goes back.
//!
//! transformers 5 writes `rope_parameters` and `dtype`; transformers 4, candle and older vLLM read only
//! `rope_theta`, `rope_scaling` and `torch_dtype` and fall back silently to theta 10000 otherwise. We read both and
//! write the old form, which everybody understands. Defaults for absent keys are those of the family's class in
//! transformers 5.23 (`LlamaConfig`, `MistralConfig`, `Qwen2Config`, `Qwen3Config`).

mod family;
mod keys;

use serde_json::{Map, Value, json};

use super::HubError;
pub use family::Family;
use keys::{Keys, refuse_unsupported};

/// The frequency scaling of Llama 3.1 and 3.2.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Llama3Rope {
    /// How far the slow frequencies are stretched.
    pub factor: f64,
    /// Wavelengths above `original / low_freq_factor` are stretched fully.
    pub low_freq_factor: f64,
    /// Wavelengths below `original / high_freq_factor` are left alone.
    pub high_freq_factor: f64,
    /// The context length before stretching.
    pub original_max_position_embeddings: usize,
}

/// Sizes and constants of a model of the Llama family in the wide sense (see [`Family`]). Every instance has passed the checks of [`LlamaConfig::from_value`].
#[derive(Debug, Clone, PartialEq)]
pub struct LlamaConfig {
    /// Which architecture.
    pub family: Family,
    /// Rows of the embedding, padding rows included.
    pub vocab_size: usize,
    /// Width of the residual stream.
    pub hidden_size: usize,
    /// Width inside the MLP.
    pub intermediate_size: usize,
    /// Number of blocks.
    pub num_hidden_layers: usize,
    /// Query heads.
    pub num_attention_heads: usize,
    /// Key/value heads; divides the query heads.
    pub num_key_value_heads: usize,
    /// Whether q, k and v have a bias (Qwen2).
    pub qkv_bias: bool,
    /// Whether every head of q and k is normed before it is rotated (Qwen3).
    pub qk_norm: bool,
    /// How many positions a query sees, its own among them, where that is less than all (Mistral 7B v0.1).
    pub sliding_window: Option<usize>,
    /// Width of one head; even.
    pub head_dim: usize,
    /// Longest context the model was made for.
    pub max_position_embeddings: usize,
    /// Epsilon inside RMSNorm.
    pub rms_norm_eps: f64,
    /// Base of the rotary frequencies.
    pub rope_theta: f64,
    /// Llama 3 scaling, if any.
    pub rope_scaling: Option<Llama3Rope>,
    /// Dividing factors `[head_dim / 2]` read from a GGUF, which stores them instead of the rule. Wins over
    /// `rope_scaling`; `None` for every Hugging Face folder.
    pub rope_factors: Option<Vec<f32>>,
    /// Whether the output head is the embedding.
    pub tie_word_embeddings: bool,
    /// Start of text.
    pub bos_token_id: Option<u32>,
    /// All ids that end a generation, in file order.
    pub eos_token_ids: Vec<u32>,
    /// Padding.
    pub pad_token_id: Option<u32>,
    /// The file as read, for rewriting without loss.
    pub raw: Map<String, Value>,
}

impl LlamaConfig {
    /// Reads `config.json`.
    ///
    /// # Errors
    /// [`HubError::Unsupported`] for another architecture, biases, activations or rope rules;
    /// [`HubError::Config`] listing every size that is out of range, so that nothing allocates on a lying file.
    pub fn from_value(value: &Value) -> Result<Self, HubError> {
        let raw = value.as_object().ok_or_else(|| problems(vec!["the top level is not an object".to_owned()]))?;
        let family = refuse_unsupported(raw)?;
        let defaults = family.defaults();
        let mut keys = Keys::new(raw);
        let hidden_size = keys.size("hidden_size", Some(4096), 1 << 17);
        let num_attention_heads = keys.size("num_attention_heads", Some(32), 4096);
        // An explicit null means as many as query heads; so does absence, where the family has no number of its own.
        let absent = !raw.contains_key("num_key_value_heads");
        let key_heads = defaults.key_value_heads.filter(|_| absent).unwrap_or(num_attention_heads);
        let num_hidden_layers = keys.size("num_hidden_layers", Some(32), 1024);
        let config = Self {
            family,
            vocab_size: keys.size("vocab_size", Some(defaults.vocab), 1 << 22),
            hidden_size,
            intermediate_size: keys.size("intermediate_size", Some(defaults.inner), 1 << 20),
            num_hidden_layers,
            num_attention_heads,
            num_key_value_heads: keys.size("num_key_value_heads", Some(key_heads), 4096),
            qkv_bias: family == Family::Qwen2,
            qk_norm: family == Family::Qwen3,
            sliding_window: keys.sliding_window(family, num_hidden_layers),
            head_dim: keys.size(
                "head_dim",
                Some(defaults.head_dim.unwrap_or(hidden_size / num_attention_heads.max(1))),
                4096,
            ),
            max_position_embeddings: keys.size("max_position_embeddings", Some(defaults.context), 1 << 28),
            rms_norm_eps: keys.positive("rms_norm_eps", 1e-6),
            rope_theta: keys.rope_theta(),
            rope_scaling: keys.rope_scaling()?,
            rope_factors: None,
            tie_word_embeddings: keys.flag("tie_word_embeddings", false),
            // Llama and Mistral say bos 1 and eos 2 when the keys are absent; an explicit null means none.
            bos_token_id: keys.ids("bos_token_id", defaults.bos).first().copied(),
            eos_token_ids: keys.ids("eos_token_id", defaults.eos),
            pad_token_id: keys.ids("pad_token_id", &[]).first().copied(),
            raw: raw.clone(),
        };
        let mut found = keys.problems;
        if !config.num_attention_heads.is_multiple_of(config.num_key_value_heads.max(1)) {
            found.push(format!(
                "{} attention heads are not a multiple of {} key/value heads",
                config.num_attention_heads, config.num_key_value_heads
            ));
        }
        if config.head_dim == 0 || !config.head_dim.is_multiple_of(2) {
            found.push(format!("head_dim {} is not a positive even number", config.head_dim));
        }
        let derived = defaults.head_dim.is_none() && raw.get("head_dim").is_none_or(Value::is_null);
        if derived && !hidden_size.is_multiple_of(num_attention_heads.max(1)) {
            found.push(format!("hidden_size {hidden_size} is not a multiple of {num_attention_heads} heads"));
        }
        for id in config.eos_token_ids.iter().chain(&config.bos_token_id).chain(&config.pad_token_id) {
            if *id as usize >= config.vocab_size {
                found.push(format!("token id {id} lies outside the vocabulary of {}", config.vocab_size));
            }
        }
        if found.is_empty() { Ok(config) } else { Err(problems(found)) }
    }

    /// The longest text that the forward pass can read: the context, or the window where that is smaller.
    #[must_use]
    pub fn context_limit(&self) -> usize {
        self.sliding_window.map_or(self.max_position_embeddings, |window| window.min(self.max_position_embeddings))
    }

    /// Rotary frequencies `[head_dim / 2]` in f32, scaled.
    ///
    /// `theta^(-2j/d)`; the llama3 rule leaves short wavelengths alone, divides long ones by `factor` and blends
    /// between. Computed in f32 in transformers' order of operations (`modeling_rope_utils.py`), except that the
    /// power is taken in f64 and rounded once. The tests compare it with the factors of llama.cpp's converter.
    #[must_use]
    pub fn inv_freq(&self) -> Vec<f32> {
        let plain = self.plain_inv_freq();
        if let Some(factors) = &self.rope_factors {
            return plain.iter().zip(factors).map(|(inv, factor)| inv / factor).collect();
        }
        let Some(rope) = &self.rope_scaling else { return plain };
        let factor = rope.factor as f32;
        plain
            .into_iter()
            .map(|inv| match rope.band(inv) {
                Band::Keep => inv,
                Band::Divide => inv / factor,
                Band::Blend(smooth) => (1.0 - smooth) * inv / factor + smooth * inv,
            })
            .collect()
    }

    /// The factors that DIVIDE the plain frequencies, `[head_dim / 2]`, as GGUF's `rope_freqs.weight` holds them.
    ///
    /// `None` without scaling. Source: llama.cpp's converter (`conversion/llama.py`); golden values in the tests.
    #[must_use]
    pub fn rope_freqs(&self) -> Option<Vec<f32>> {
        if self.rope_factors.is_some() {
            return self.rope_factors.clone();
        }
        let rope = self.rope_scaling.as_ref()?;
        let factor = rope.factor as f32;
        let divide = |inv: f32| match rope.band(inv) {
            Band::Keep => 1.0,
            Band::Divide => factor,
            Band::Blend(smooth) => 1.0 / ((1.0 - smooth) / factor + smooth),
        };
        Some(self.plain_inv_freq().into_iter().map(divide).collect())
    }

    fn plain_inv_freq(&self) -> Vec<f32> {
        let width = self.head_dim as f32;
        (0..self.head_dim / 2)
            .map(|j| {
                let exponent = (2 * j) as f32 / width;
                1.0 / (self.rope_theta.powf(f64::from(exponent)) as f32)
            })
            .collect()
    }

    /// Every tensor of the model with its shape (torch order), in model order; `lm_head.weight` only if untied.
    #[must_use]
    pub fn expected_tensors(&self) -> Vec<(String, Vec<usize>)> {
        let (hidden, inner) = (self.hidden_size, self.intermediate_size);
        let query = self.num_attention_heads * self.head_dim;
        let key = self.num_key_value_heads * self.head_dim;
        let mut tensors = vec![("model.embed_tokens.weight".to_owned(), vec![self.vocab_size, hidden])];
        for layer in 0..self.num_hidden_layers {
            let mut push = |name: &str, shape: &[usize]| {
                tensors.push((format!("model.layers.{layer}.{name}"), shape.to_vec()));
            };
            push("input_layernorm.weight", &[hidden]);
            for (name, rows) in [("q", query), ("k", key), ("v", key)] {
                push(&format!("self_attn.{name}_proj.weight"), &[rows, hidden]);
                if self.qkv_bias {
                    push(&format!("self_attn.{name}_proj.bias"), &[rows]);
                }
            }
            push("self_attn.o_proj.weight", &[hidden, query]);
            if self.qk_norm {
                push("self_attn.q_norm.weight", &[self.head_dim]);
                push("self_attn.k_norm.weight", &[self.head_dim]);
            }
            push("post_attention_layernorm.weight", &[hidden]);
            push("mlp.gate_proj.weight", &[inner, hidden]);
            push("mlp.up_proj.weight", &[inner, hidden]);
            push("mlp.down_proj.weight", &[hidden, inner]);
        }
        tensors.push(("model.norm.weight".to_owned(), vec![hidden]));
        if !self.tie_word_embeddings {
            tensors.push(("lm_head.weight".to_owned(), vec![self.vocab_size, hidden]));
        }
        tensors
    }

    /// The linear layers inside the blocks, `(module path, [out, in])`: what an adapter may target.
    #[must_use]
    pub fn linear_modules(&self) -> Vec<(String, [usize; 2])> {
        self.expected_tensors()
            .into_iter()
            .filter(|(name, _)| name.ends_with("_proj.weight"))
            .filter_map(|(name, shape)| match shape[..] {
                [rows, columns] => Some((name.trim_end_matches(".weight").to_owned(), [rows, columns])),
                _ => None,
            })
            .collect()
    }

    /// Number of weights; a tied head counts once.
    #[must_use]
    pub fn parameter_count(&self) -> u64 {
        self.expected_tensors().iter().map(|(_, shape)| shape.iter().map(|&n| n as u64).product::<u64>()).sum()
    }

    /// `config.json` in the old spelling for bf16 weights; unknown keys of the source survive.
    #[must_use]
    pub fn to_old_json(&self) -> Value {
        let mut map = self.raw.clone();
        for new_spelling in ["rope_parameters", "dtype", "rope_factors"] {
            map.shift_remove(new_spelling);
        }
        map.entry("architectures").or_insert_with(|| json!([self.family.class()]));
        map.insert("model_type".to_owned(), json!(self.family.name()));
        map.entry("hidden_act").or_insert_with(|| json!("silu"));
        for (key, size) in [
            ("vocab_size", self.vocab_size),
            ("hidden_size", self.hidden_size),
            ("intermediate_size", self.intermediate_size),
            ("num_hidden_layers", self.num_hidden_layers),
            ("num_attention_heads", self.num_attention_heads),
            ("num_key_value_heads", self.num_key_value_heads),
            ("head_dim", self.head_dim),
            ("max_position_embeddings", self.max_position_embeddings),
        ] {
            map.insert(key.to_owned(), json!(size));
        }
        map.insert("rms_norm_eps".to_owned(), json!(self.rms_norm_eps));
        map.insert("rope_theta".to_owned(), json!(self.rope_theta));
        map.insert("rope_scaling".to_owned(), self.rope_scaling.map_or(Value::Null, Llama3Rope::to_json));
        map.insert("tie_word_embeddings".to_owned(), json!(self.tie_word_embeddings));
        map.insert("torch_dtype".to_owned(), json!("bfloat16"));
        Value::Object(map)
    }
}

/// What the llama3 rule does with one frequency.
enum Band {
    Keep,
    Divide,
    Blend(f32),
}

impl Llama3Rope {
    fn band(&self, inv_freq: f32) -> Band {
        let original = self.original_max_position_embeddings as f32;
        let (low, high) = (self.low_freq_factor as f32, self.high_freq_factor as f32);
        let wavelength = 2.0 * std::f32::consts::PI / inv_freq;
        if wavelength < original / high {
            Band::Keep
        } else if wavelength > original / low {
            Band::Divide
        } else {
            Band::Blend((original / wavelength - low) / (high - low))
        }
    }

    fn to_json(self) -> Value {
        json!({
            "factor": self.factor,
            "low_freq_factor": self.low_freq_factor,
            "high_freq_factor": self.high_freq_factor,
            "original_max_position_embeddings": self.original_max_position_embeddings,
            "rope_type": "llama3",
        })
    }
}

fn problems(problems: Vec<String>) -> HubError {
    HubError::Config { file: "config.json", problems }
}

#[cfg(test)]
mod tests;
