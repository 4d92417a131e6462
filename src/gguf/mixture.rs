//! Which tensor gets which type: the mixes of llama-quantize for dense Llama models without an importance matrix.
//!
//! Source: `src/llama-quant.cpp` (numerics sheet, 9.4). The sizes in the tests are those of the sheet.

use std::fmt;
use std::str::FromStr;

use super::error::GgufError;
use super::value::GgmlType;
use crate::hub::LlamaConfig;

/// A file-wide choice of types.
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
    /// 5.5 bits and more where it counts.
    Q5KM,
    /// 5.5 bits.
    Q5KS,
    /// 4.5 bits and more where it counts.
    Q4KM,
    /// 4.5 bits: the phone's choice.
    Q4KS,
}

impl Quant {
    /// All of them, largest first.
    pub const ALL: [Self; 9] =
        [Self::F32, Self::F16, Self::BF16, Self::Q8_0, Self::Q6K, Self::Q5KM, Self::Q5KS, Self::Q4KM, Self::Q4KS];

    pub fn next_better(self) -> Option<Self> {
        None
    }
    /// llama.cpp's spelling.
    #[must_use]
    pub fn name(self) -> &'static str {
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
        }
    }

    /// `general.file_type`.
    #[must_use]
    pub fn file_type(self) -> u32 {
        match self {
            Self::F32 => 0,
            Self::F16 => 1,
            Self::Q8_0 => 7,
            Self::Q4KS => 14,
            Self::Q4KM => 15,
            Self::Q5KS => 16,
            Self::Q5KM => 17,
            Self::Q6K => 18,
            Self::BF16 => 32,
        }
    }

    fn default_type(self) -> GgmlType {
        match self {
            Self::F32 => GgmlType::F32,
            Self::F16 => GgmlType::F16,
            Self::BF16 => GgmlType::BF16,
            Self::Q8_0 => GgmlType::Q8_0,
            Self::Q6K => GgmlType::Q6K,
            Self::Q5KM | Self::Q5KS => GgmlType::Q5K,
            Self::Q4KM | Self::Q4KS => GgmlType::Q4K,
        }
    }

    /// The type of one tensor, by its GGUF name and shape (torch order), in a model with settings `config`.
    #[must_use]
    pub fn tensor_type(self, name: &str, shape: &[usize], config: &LlamaConfig, _with_importance: bool) -> GgmlType {
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
            (true, _) if !columns.is_multiple_of(256) => GgmlType::Q8_0,
            (true, _) => GgmlType::Q6K,
            (false, _) => self.block_type(name, config.num_hidden_layers, default),
        };
        fall_back(wanted, columns)
    }

    /// The exceptions of a mix for tensors inside blocks.
    fn block_type(self, name: &str, layers: usize, default: GgmlType) -> GgmlType {
        let block = name.strip_prefix("blk.").and_then(|rest| rest.split_once('.'));
        let Some((layer, part)) = block else { return default };
        let Ok(layer) = layer.parse::<usize>() else { return default };
        let eighth = layers / 8;
        let more_bits = layer < eighth || layer >= 7 * layers / 8 || (layer - eighth) % 3 == 2;
        let chosen = match (self, part) {
            (Self::Q4KM | Self::Q5KM, "attn_v.weight" | "ffn_down.weight") if more_bits => GgmlType::Q6K,
            (Self::Q4KS, "attn_v.weight") if layer < 4 => GgmlType::Q5K,
            (Self::Q4KS, "ffn_down.weight") if layer < eighth => GgmlType::Q5K,
            _ => default,
        };
        // 80 layers is the 70B model, whose value projections are shared by eight heads.
        match (chosen, part) {
            (GgmlType::Q4K, "attn_v.weight") if layers == 80 => GgmlType::Q5K,
            _ => chosen,
        }
    }
}

/// What llama.cpp takes when a row is not a whole number of blocks.
fn fall_back(wanted: GgmlType, columns: usize) -> GgmlType {
    let fits = |ggml_type: GgmlType| columns.is_multiple_of(ggml_type.block_len());
    let smaller = match wanted {
        _ if fits(wanted) => wanted,
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
        let error = "q3_k_m".parse::<Quant>().unwrap_err().to_string();
        assert!(error.contains("q3_k_m") && error.contains("Q4_K_S"), "{error}");
    }
}
