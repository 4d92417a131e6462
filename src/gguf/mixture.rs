//! Which tensor gets which type: the mixes of llama-quantize for dense Llama and Qwen models, with and without an
//! importance matrix.
//!
//! Source: `src/llama-quant.cpp` (numerics sheet, 9.4), checked against what llama-quantize itself decides
//! (`tests/parity/make_mixes.py`). The sizes in the tests are those of the sheet.

use std::fmt;
use std::str::FromStr;

use super::error::GgufError;
use super::names::to_gguf;
use super::value::GgmlType;
use crate::hub::{Family, LlamaConfig};

/// A file-wide choice of types. Bits per weight are those of a Llama of 3 billion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Quant {
    /// Every matrix f32.
    F32,
    /// Every matrix f16.
    F16,
    /// Every matrix bf16: exact for our merged folders.
    BF16,
    /// 8.5 bits per weight, nearly lossless.
    Q8_0,
    /// 6.6 bits.
    Q6K,
    /// 5.8 bits: 5.5 and more where it counts.
    Q5KM,
    /// 5.6 bits.
    Q5KS,
    /// 5.0 bits: 4.5 and more where it counts.
    Q4KM,
    /// 4.8 bits: the phone's choice.
    Q4KS,
    /// 4.8 bits, uneven levels, blocks of 32.
    IQ4NL,
    /// 4.8 bits, the oldest format; what the fastest kernels of some phones want.
    Q4_0,
    /// 4.5 bits, uneven levels.
    IQ4XS,
    /// 4.5 bits: 3.4 and more in half of the matrices.
    Q3KL,
    /// 4.2 bits.
    Q3KM,
    /// 3.8 bits.
    Q3KS,
    /// 3.4 bits.
    Q2K,
}

impl Quant {
    /// All of them, largest first.
    pub const ALL: [Self; 16] = [
        Self::F32,
        Self::F16,
        Self::BF16,
        Self::Q8_0,
        Self::Q6K,
        Self::Q5KM,
        Self::Q5KS,
        Self::Q4KM,
        Self::Q4KS,
        Self::IQ4NL,
        Self::Q4_0,
        Self::IQ4XS,
        Self::Q3KL,
        Self::Q3KM,
        Self::Q3KS,
        Self::Q2K,
    ];

    /// What to take when the quality of this one is too low: the next that costs more and is clearly better.
    #[must_use]
    pub const fn next_better(self) -> Option<Self> {
        Some(match self {
            Self::Q2K => Self::Q3KS,
            Self::Q3KS => Self::Q3KM,
            Self::Q3KM => Self::Q3KL,
            Self::Q3KL => Self::IQ4XS,
            Self::IQ4XS | Self::Q4_0 | Self::IQ4NL => Self::Q4KS,
            Self::Q4KS => Self::Q4KM,
            Self::Q4KM => Self::Q5KS,
            Self::Q5KS => Self::Q5KM,
            Self::Q5KM => Self::Q6K,
            Self::Q6K => Self::Q8_0,
            Self::Q8_0 => Self::BF16,
            Self::BF16 | Self::F16 => Self::F32,
            Self::F32 => return None,
        })
    }

    /// llama.cpp's spelling.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::F32 => "F32",
            Self::F16 => "F16",
            Self::BF16 => "BF16",
            Self::Q8_0 => "Q8_0",
            Self::Q6K => "Q6_K",
            Self::Q5KM => "Q5_K_M",
            Self::Q5KS => "Q5_K_S",
            Self::Q4KM => "Q4_K_M",
            Self::Q4KS => "Q4_K_S",
            Self::IQ4NL => "IQ4_NL",
            Self::Q4_0 => "Q4_0",
            Self::IQ4XS => "IQ4_XS",
            Self::Q3KL => "Q3_K_L",
            Self::Q3KM => "Q3_K_M",
            Self::Q3KS => "Q3_K_S",
            Self::Q2K => "Q2_K",
        }
    }

    /// `general.file_type`.
    #[must_use]
    pub const fn file_type(self) -> u32 {
        match self {
            Self::F32 => 0,
            Self::F16 => 1,
            Self::Q4_0 => 2,
            Self::Q8_0 => 7,
            Self::Q2K => 10,
            Self::Q3KS => 11,
            Self::Q3KM => 12,
            Self::Q3KL => 13,
            Self::Q4KS => 14,
            Self::Q4KM => 15,
            Self::Q5KS => 16,
            Self::Q5KM => 17,
            Self::Q6K => 18,
            Self::IQ4NL => 25,
            Self::IQ4XS => 30,
            Self::BF16 => 32,
        }
    }

    /// The type of most matrices.
    #[must_use]
    pub const fn default_type(self) -> GgmlType {
        match self {
            Self::F32 => GgmlType::F32,
            Self::F16 => GgmlType::F16,
            Self::BF16 => GgmlType::BF16,
            Self::Q8_0 => GgmlType::Q8_0,
            Self::Q6K => GgmlType::Q6K,
            Self::Q5KM | Self::Q5KS => GgmlType::Q5K,
            Self::Q4KM | Self::Q4KS => GgmlType::Q4K,
            Self::IQ4NL => GgmlType::IQ4NL,
            Self::Q4_0 => GgmlType::Q4_0,
            Self::IQ4XS => GgmlType::IQ4XS,
            Self::Q3KL | Self::Q3KM | Self::Q3KS => GgmlType::Q3K,
            Self::Q2K => GgmlType::Q2K,
        }
    }

    /// The type of one tensor, by its GGUF name and shape (torch order), in a model with settings `config`.
    ///
    /// `with_importance` says whether the file is made with an importance matrix, which changes the types of some
    /// mixes, whether or not it has a row for this tensor.
    #[must_use]
    pub fn tensor_type(self, name: &str, shape: &[usize], config: &LlamaConfig, with_importance: bool) -> GgmlType {
        let columns = shape.last().copied().unwrap_or(0);
        // Norms, rope factors and whatever else is one-dimensional stay exact: they are small and sensitive.
        if shape.len() < 2 || name.contains("_norm.weight") || !name.ends_with("weight") {
            return GgmlType::F32;
        }
        let default = self.default_type();
        if matches!(self, Self::F32 | Self::F16 | Self::BF16) {
            return default;
        }
        let is_head = name == "output.weight" || (config.tie_word_embeddings && name == "token_embd.weight");
        let wanted = match (is_head, default) {
            (true, GgmlType::Q8_0) => GgmlType::Q8_0,
            // The head has its own fallback, more generous than the general one below.
            (true, _) if !columns.is_multiple_of(default.block_len()) => GgmlType::Q8_0,
            (true, _) => GgmlType::Q6K,
            (false, _) => self.block_type(name, config, with_importance),
        };
        fall_back(wanted, columns)
    }

    /// The exceptions of a mix for tensors inside blocks.
    fn block_type(self, name: &str, config: &LlamaConfig, with_importance: bool) -> GgmlType {
        let default = self.default_type();
        let block = name.strip_prefix("blk.").and_then(|rest| rest.split_once('.'));
        let Some((layer, part)) = block else { return default };
        let Ok(layer) = layer.parse::<usize>() else { return default };
        let layers = config.num_hidden_layers;
        let first_eighth = layer < layers / 8;
        let more_bits = first_eighth || layer >= 7 * layers / 8 || (layer - layers / 8) % 3 == 2;
        // Values of many heads in few rows: more bits there cost little.
        let grouped = config.num_attention_heads / config.num_key_value_heads.max(1) >= 4;
        match part {
            "attn_v.weight" => {
                let chosen = match self {
                    Self::Q2K if grouped => GgmlType::Q4K,
                    Self::Q2K => GgmlType::Q3K,
                    Self::Q3KM if layer < 2 => GgmlType::Q5K,
                    Self::Q3KM => GgmlType::Q4K,
                    Self::Q3KL => GgmlType::Q5K,
                    Self::IQ4NL | Self::IQ4XS if grouped => GgmlType::Q5K,
                    Self::Q4KM | Self::Q5KM if more_bits => GgmlType::Q6K,
                    Self::Q4KS if layer < 4 => GgmlType::Q5K,
                    _ => default,
                };
                // llama.cpp's "70B", where eight heads share a value projection.
                match chosen {
                    GgmlType::Q3K | GgmlType::Q4K if is_70b(config) => GgmlType::Q5K,
                    _ => chosen,
                }
            }
            "ffn_down.weight" => match self {
                Self::Q2K => GgmlType::Q3K,
                Self::Q3KM if layer < layers / 16 => GgmlType::Q5K,
                Self::Q3KM => GgmlType::Q4K,
                Self::Q3KL => GgmlType::Q5K,
                Self::Q4KM | Self::Q5KM if more_bits => GgmlType::Q6K,
                Self::Q4KS if first_eighth => GgmlType::Q5K,
                Self::IQ4NL | Self::IQ4XS if first_eighth && !with_importance => GgmlType::Q5K,
                Self::Q4_0 if first_eighth && with_importance => GgmlType::Q4_1,
                _ => default,
            },
            "attn_output.weight" => match self {
                Self::Q2K => GgmlType::Q3K,
                Self::Q3KM => GgmlType::Q4K,
                Self::Q3KL => GgmlType::Q5K,
                _ => default,
            },
            _ => default,
        }
    }

    /// Bytes of all tensors of a model, without padding, rope factors and metadata.
    #[must_use]
    pub fn tensor_bytes(self, config: &LlamaConfig, with_importance: bool) -> u64 {
        let bytes = |(name, shape): (String, Vec<usize>)| -> Option<u64> {
            let ggml_type = self.tensor_type(&to_gguf(&name)?, &shape, config, with_importance);
            let (columns, rows) = shape.split_last()?;
            Some(ggml_type.bytes_of(*columns)? as u64 * rows.iter().product::<usize>() as u64)
        };
        config.expected_tensors().into_iter().filter_map(bytes).sum()
    }

    /// Bits per weight of a model, all tensors counted.
    #[must_use]
    pub fn bits_per_weight(self, config: &LlamaConfig, with_importance: bool) -> f64 {
        self.tensor_bytes(config, with_importance) as f64 * 8.0 / config.parameter_count() as f64
    }
}

/// Whether llama.cpp takes the model for one of 70 billion: by its layers.
fn is_70b(config: &LlamaConfig) -> bool {
    config.num_hidden_layers == 80
        && match config.family {
            Family::Llama | Family::Mistral => config.num_attention_heads != config.num_key_value_heads,
            Family::Qwen2 => true,
            Family::Qwen3 => false,
        }
}

/// What llama.cpp takes when a row is not a whole number of blocks.
fn fall_back(wanted: GgmlType, columns: usize) -> GgmlType {
    let fits = |ggml_type: GgmlType| columns.is_multiple_of(ggml_type.block_len());
    let smaller = match wanted {
        _ if fits(wanted) => wanted,
        GgmlType::IQ4XS => GgmlType::IQ4NL,
        GgmlType::Q2K | GgmlType::Q3K => GgmlType::Q4_0,
        GgmlType::Q4K => GgmlType::Q5_0,
        GgmlType::Q5K => GgmlType::Q5_1,
        GgmlType::Q6K => GgmlType::Q8_0,
        other => other,
    };
    if fits(smaller) { smaller } else { GgmlType::F16 }
}

impl fmt::Display for Quant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Quant {
    type Err = GgufError;

    /// Case does not matter, nor does `-` for `_`; `q4_k` alone is not a mix and is refused.
    fn from_str(text: &str) -> Result<Self, GgufError> {
        let wanted = text.trim().replace('-', "_");
        Self::ALL.into_iter().find(|quant| quant.name().eq_ignore_ascii_case(&wanted)).ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.iter().map(|quant| quant.name()).collect();
            GgufError::UnknownQuant { name: text.to_owned(), known: known.join(", ") }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::gguf::names::to_gguf;

    fn llama(hidden: usize, inner: usize, layers: usize, heads: usize, vocab: usize) -> LlamaConfig {
        LlamaConfig::from_value(&json!({"model_type": "llama", "vocab_size": vocab, "hidden_size": hidden,
            "intermediate_size": inner, "num_hidden_layers": layers, "num_attention_heads": heads,
            "num_key_value_heads": if heads.is_multiple_of(8) { 8 } else { 3 }, "tie_word_embeddings": true, "bos_token_id": 0, "eos_token_id": 0}))
        .unwrap()
    }

    fn types(quant: Quant, config: &LlamaConfig) -> BTreeMap<String, (GgmlType, usize)> {
        let typed = |(name, shape): (String, Vec<usize>)| {
            let name = to_gguf(&name).unwrap();
            let ggml_type = quant.tensor_type(&name, &shape, config, false);
            let (columns, rows) = shape.split_last().unwrap();
            let bytes = ggml_type.bytes_of(*columns).unwrap() * rows.iter().product::<usize>();
            (name, (ggml_type, bytes))
        };
        config.expected_tensors().into_iter().map(typed).collect()
    }

    #[test]
    fn sizes_of_llama_3_2() {
        // Tensor data in bytes from the sheet, without the rope factors.
        let small = llama(2048, 8192, 16, 32, 128_256);
        let large = llama(3072, 8192, 28, 24, 128_256);
        #[rustfmt::skip]
        let sizes = [
            (&large, Quant::Q4KS, 1_920_362_752), (&large, Quant::Q4KM, 2_011_539_712),
            (&large, Quant::Q5KM, 2_314_316_032), (&large, Quant::Q6K, 2_636_015_872),
            (&large, Quant::Q8_0, 3_414_061_312), (&large, Quant::BF16, 6_425_850_112),
            (&small, Quant::Q4KS, 767_815_808), (&small, Quant::Q4KM, 799_862_912), (&small, Quant::Q8_0, 1_313_251_456),
        ];
        for (config, quant, expected) in sizes {
            let bytes: usize = types(quant, config).values().map(|(_, bytes)| bytes).sum();
            let rope_factors = config.head_dim / 2 * 4;
            assert!([expected, expected - rope_factors].contains(&bytes), "{quant} {bytes} {expected}");
        }
    }

    #[test]
    fn layers_of_the_mixes() {
        let config = llama(3072, 8192, 28, 24, 128_256);
        let small = types(Quant::Q4KS, &config);
        let count = |wanted| small.values().filter(|(ggml_type, _)| *ggml_type == wanted).count();
        assert_eq!((count(GgmlType::Q6K), count(GgmlType::Q5K), count(GgmlType::Q4K)), (1, 7, 189));
        let medium = types(Quant::Q4KM, &config);
        let more: Vec<usize> =
            (0..28).filter(|i| medium[&format!("blk.{i}.ffn_down.weight")].0 == GgmlType::Q6K).collect();
        assert_eq!(more, [0, 1, 2, 5, 8, 11, 14, 17, 20, 23, 24, 25, 26, 27]);
        assert_eq!(medium["blk.0.attn_norm.weight"].0, GgmlType::F32);
    }

    #[test]
    fn odd_widths_fall_back() {
        // hidden 576 is a multiple of 32 but not of 256; inner 1536 is a multiple of 256.
        let config = llama(576, 1536, 30, 9, 49152);
        let types = types(Quant::Q4KS, &config);
        assert_eq!(types["token_embd.weight"].0, GgmlType::Q8_0);
        assert_eq!(types["blk.9.attn_q.weight"].0, GgmlType::Q5_0);
        assert_eq!(types["blk.0.attn_v.weight"].0, GgmlType::Q5_1);
        assert_eq!(types["blk.9.ffn_down.weight"].0, GgmlType::Q4K);
        assert_eq!(fall_back(GgmlType::Q6K, 288), GgmlType::Q8_0);
        assert_eq!(fall_back(GgmlType::Q4K, 40), GgmlType::F16);
        assert_eq!(fall_back(GgmlType::Q8_0, 40), GgmlType::F16);
    }

    #[test]
    fn names_are_read_leniently_and_unknown_ones_listed() {
        for quant in Quant::ALL {
            assert_eq!(quant.name().to_lowercase().parse::<Quant>().unwrap(), quant);
        }
        assert_eq!("q4-k-s".parse::<Quant>().unwrap(), Quant::Q4KS);
        let error = "iq1_s".parse::<Quant>().unwrap_err().to_string();
        assert!(error.contains("iq1_s") && error.contains("Q4_K_S"), "{error}");
    }

    /// `Q5_K*2 Q4_K*14`, or one type alone.
    fn runs(text: &str) -> Vec<&str> {
        text.split(' ')
            .flat_map(|run| {
                let (name, count) = run.split_once('*').unwrap_or((run, "1"));
                std::iter::repeat_n(name, count.parse().unwrap())
            })
            .collect()
    }

    #[test]
    fn types_are_those_of_llama_quantize() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/numeric/mixes.json");
        let golden: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let models = golden["models"].as_object().unwrap();
        let mut compared = 0;
        for (model_name, model) in models {
            let size = |key: &str| model[key].as_u64().unwrap() as usize;
            let config = LlamaConfig::from_value(&json!({
                "model_type": model["architecture"], "vocab_size": 64, "hidden_size": size("hidden"),
                "intermediate_size": size("inner"), "num_hidden_layers": size("layers"),
                "num_attention_heads": size("heads"), "num_key_value_heads": size("kv_heads"), "head_dim": 64,
                "tie_word_embeddings": model["tied"], "bos_token_id": 0, "eos_token_id": 0}))
            .unwrap();
            for (mix, parts) in model["mixes"].as_object().unwrap() {
                let (quant, weighted) = match mix.strip_suffix(" with importance") {
                    Some(quant) => (quant.parse::<Quant>().unwrap(), vec![true]),
                    // The same with a matrix, unless the file says otherwise.
                    None if model["mixes"].get(format!("{mix} with importance")).is_some() => {
                        (mix.parse().unwrap(), vec![false])
                    }
                    None => (mix.parse().unwrap(), vec![false, true]),
                };
                let usual = parts["attn_q"].as_str().unwrap();
                let mut check = |name: &str, columns: usize, want: &str| {
                    for &with_importance in &weighted {
                        let got = quant.tensor_type(name, &[2, columns], &config, with_importance);
                        assert_eq!(got.name(), want, "{model_name} {mix} {name} {with_importance}");
                        compared += 1;
                    }
                };
                for part in ["attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"] {
                    let columns = if part == "ffn_down" { size("inner") } else { size("hidden") };
                    let wanted = parts.get(part).map_or(usual, |types| types.as_str().unwrap());
                    for (layer, want) in runs(wanted).into_iter().enumerate() {
                        check(&format!("blk.{layer}.{part}.weight"), columns, want);
                    }
                }
                for part in ["token_embd", "output"] {
                    if let Some(want) = parts.get(part) {
                        check(&format!("{part}.weight"), size("hidden"), want.as_str().unwrap());
                    }
                }
            }
        }
        assert!(models.len() == 11 && compared > 50_000, "{compared}");
    }

    #[test]
    fn every_mix_costs_more_than_the_ones_behind_it() {
        let config = llama(3072, 8192, 28, 24, 128_256);
        let bits: Vec<f64> = Quant::ALL.iter().map(|quant| quant.bits_per_weight(&config, false)).collect();
        assert!(bits.is_sorted_by(|a, b| a >= b), "{bits:?}");
        // Norms are f32 in all of them.
        assert!(bits[0] == 32.0 && bits[2] > 16.0 && bits[2] < 16.01, "{bits:?}");
        for quant in Quant::ALL {
            let mut better = quant;
            let mut steps = 0;
            while let Some(next) = better.next_better() {
                assert!(next.bits_per_weight(&config, true) > better.bits_per_weight(&config, true), "{better}");
                (better, steps) = (next, steps + 1);
            }
            assert!(better == Quant::F32 && steps < Quant::ALL.len());
        }
        assert_eq!(Quant::Q4KS.tensor_bytes(&config, true), 1_920_362_752 - 64 * 4);
    }
}
