//! Tensor names in both worlds, and the row order of the query and key projections.
//!
//! llama.cpp's `llama` architecture rotates neighbours (2j, 2j + 1), Hugging Face rotates halves (j, j + d/2). The
//! files differ by a permutation of rows within each head of q and k, biases included; values and other projections
//! are the same. The `qwen2` and `qwen3` architectures rotate halves in both worlds, so nothing moves there.
//! Source: numerics sheet 8.4 and 8.5; `conversion/llama.py` and `conversion/qwen.py` of llama.cpp.

use crate::hub::Family;

/// `general.architecture` of a family. Mistral is written as `llama`, as llama.cpp's converter does.
#[must_use]
pub const fn architecture(family: Family) -> &'static str {
    match family {
        Family::Llama | Family::Mistral => "llama",
        Family::Qwen2 => "qwen2",
        Family::Qwen3 => "qwen3",
    }
}

/// The family that an architecture is read as.
#[must_use]
pub fn family(architecture: &str) -> Option<Family> {
    [Family::Llama, Family::Qwen2, Family::Qwen3].into_iter().find(|family| self::architecture(*family) == architecture)
}

/// Block tensors: Hugging Face name inside the layer, GGUF name inside the block.
const BLOCK: [(&str, &str); 11] = [
    ("input_layernorm", "attn_norm"),
    ("self_attn.q_proj", "attn_q"),
    ("self_attn.k_proj", "attn_k"),
    ("self_attn.v_proj", "attn_v"),
    ("self_attn.o_proj", "attn_output"),
    ("self_attn.q_norm", "attn_q_norm"),
    ("self_attn.k_norm", "attn_k_norm"),
    ("post_attention_layernorm", "ffn_norm"),
    ("mlp.gate_proj", "ffn_gate"),
    ("mlp.up_proj", "ffn_up"),
    ("mlp.down_proj", "ffn_down"),
];

const GLOBAL: [(&str, &str); 3] =
    [("model.embed_tokens", "token_embd"), ("model.norm", "output_norm"), ("lm_head", "output")];

/// The dividing rotary factors; the only tensor without a Hugging Face counterpart.
pub const ROPE_FREQS: &str = "rope_freqs.weight";

/// `model.layers.3.mlp.up_proj.weight` -> `blk.3.ffn_up.weight`.
#[must_use]
pub fn to_gguf(name: &str) -> Option<String> {
    let (stem, kind) = split_kind(name)?;
    if let Some((_, gguf)) = GLOBAL.iter().find(|(hf, _)| *hf == stem) {
        return (kind == "weight").then(|| format!("{gguf}.weight"));
    }
    let (layer, rest) = stem.strip_prefix("model.layers.")?.split_once('.')?;
    let (_, gguf) = BLOCK.iter().find(|(hf, _)| *hf == rest)?;
    let layer = layer_number(layer)?;
    can_have(rest, kind).then(|| format!("blk.{layer}.{gguf}.{kind}"))
}

/// `blk.3.ffn_up.weight` -> `model.layers.3.mlp.up_proj.weight`.
#[must_use]
pub fn to_hf(name: &str) -> Option<String> {
    let (stem, kind) = split_kind(name)?;
    if let Some((hf, _)) = GLOBAL.iter().find(|(_, gguf)| *gguf == stem) {
        return (kind == "weight").then(|| format!("{hf}.weight"));
    }
    let (layer, rest) = stem.strip_prefix("blk.")?.split_once('.')?;
    let layer = layer_number(layer)?;
    let (hf, _) = BLOCK.iter().find(|(_, gguf)| *gguf == rest)?;
    can_have(hf, kind).then(|| format!("model.layers.{layer}.{hf}.{kind}"))
}

/// The module and whether it is its weight or its bias.
fn split_kind(name: &str) -> Option<(&str, &str)> {
    name.rsplit_once('.').filter(|(_, kind)| matches!(*kind, "weight" | "bias"))
}

/// Every module has a weight; of the supported models only q, k and v have biases.
fn can_have(module: &str, kind: &str) -> bool {
    kind == "weight" || matches!(module, "self_attn.q_proj" | "self_attn.k_proj" | "self_attn.v_proj")
}

/// A layer as both worlds write it: digits without a sign or leading zeros, so that no two names mean one tensor.
fn layer_number(text: &str) -> Option<usize> {
    text.parse::<usize>().ok().filter(|layer| layer.to_string() == text)
}

/// How the rows of one tensor are ordered in the file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RowOrder {
    /// Rows per head, or `None` where both worlds agree.
    head_dim: Option<usize>,
}

impl RowOrder {
    /// The order for a tensor by its Hugging Face name: permuted for weights and biases of q and k, and only where
    /// the family is written as `llama`.
    #[must_use]
    pub fn of(hf_name: &str, family: Family, head_dim: usize) -> Self {
        let rotated = hf_name.contains(".q_proj.") || hf_name.contains(".k_proj.");
        let permuted = rotated && matches!(family, Family::Llama | Family::Mistral);
        Self { head_dim: (permuted && head_dim >= 2).then_some(head_dim) }
    }

    /// Which Hugging Face row stands at `gguf_row`: row `2j + p` of a head holds row `p * d/2 + j`.
    #[must_use]
    pub fn hf_row(self, gguf_row: usize) -> usize {
        let Some(d) = self.head_dim else { return gguf_row };
        let (head, within) = (gguf_row / d, gguf_row % d);
        head * d + within % 2 * (d / 2) + within / 2
    }

    /// Which GGUF row holds `hf_row`; the inverse of [`RowOrder::hf_row`].
    #[must_use]
    pub fn gguf_row(self, hf_row: usize) -> usize {
        let Some(d) = self.head_dim else { return hf_row };
        let (head, within) = (hf_row / d, hf_row % d);
        head * d + within % (d / 2) * 2 + within / (d / 2)
    }

    /// Rows that only move among themselves.
    #[must_use]
    pub fn span(self) -> usize {
        self.head_dim.unwrap_or(1)
    }

    /// Whether anything moves at all.
    #[must_use]
    pub fn is_identity(self) -> bool {
        self.head_dim.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_both_ways() {
        let all = GLOBAL.iter().map(|(hf, _)| format!("{hf}.weight"));
        let blocks = BLOCK.iter().map(|(hf, _)| format!("model.layers.31.{hf}.weight"));
        let biases = ["q", "k", "v"].map(|name| format!("model.layers.0.self_attn.{name}_proj.bias"));
        for name in all.chain(blocks).chain(biases) {
            assert_eq!(to_hf(&to_gguf(&name).unwrap()).unwrap(), name);
        }
        for (hf, gguf) in [
            ("model.layers.0.self_attn.o_proj.weight", "blk.0.attn_output.weight"),
            ("model.layers.10.self_attn.q_proj.bias", "blk.10.attn_q.bias"),
            ("model.layers.2.self_attn.k_norm.weight", "blk.2.attn_k_norm.weight"),
        ] {
            assert_eq!(to_gguf(hf).unwrap(), gguf);
        }
        for bad in [
            "",
            "x.weight",
            "model.layers.x.mlp.up_proj.weight",
            "model.layers.00.mlp.up_proj.weight",
            "model.layers.+1.mlp.up_proj.weight",
            "model.layers.0.mlp.up_proj.bias",
            "model.layers.0.mlp.weight",
            "lm_head.bias",
            "blk.01.ffn_up.weight",
            "blk.0.ffn_up.bias",
            "output.bias",
        ] {
            assert!(to_gguf(bad).is_none() && to_hf(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn permutation_by_hand_and_inverse() {
        // Two heads of four rows: halves (0,1 | 2,3) become neighbours 0,2,1,3.
        let order = RowOrder::of("model.layers.0.self_attn.k_proj.weight", Family::Llama, 4);
        let rows: Vec<usize> = (0..8).map(|row| order.hf_row(row)).collect();
        assert_eq!(rows, [0, 2, 1, 3, 4, 6, 5, 7]);
        for d in [2, 4, 64, 128] {
            let order = RowOrder::of("x.q_proj.bias", Family::Mistral, d);
            for row in 0..3 * d {
                assert_eq!(order.gguf_row(order.hf_row(row)), row);
                assert_eq!(order.hf_row(order.gguf_row(row)), row);
            }
        }
        for same in ["v_proj", "o_proj", "up_proj", "q_norm"] {
            assert!(RowOrder::of(&format!("x.{same}.weight"), Family::Llama, 64).is_identity());
        }
        for family in [Family::Qwen2, Family::Qwen3] {
            assert!(RowOrder::of("x.q_proj.weight", family, 64).is_identity());
        }
    }

    #[test]
    fn architectures_are_read_as_written() {
        for (family, name) in [(Family::Llama, "llama"), (Family::Qwen2, "qwen2"), (Family::Qwen3, "qwen3")] {
            assert_eq!((architecture(family), super::family(name)), (name, Some(family)));
        }
        assert_eq!(architecture(Family::Mistral), "llama");
        assert_eq!(super::family("gemma"), None);
    }
}
