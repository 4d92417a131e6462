//! Tensor names in both worlds, and the row order of the query and key projections.
//!
//! llama.cpp's `llama` architecture rotates neighbours (2j, 2j + 1), Hugging Face rotates halves (j, j + d/2). The
//! files differ by a permutation of rows within each head of q and k; values and other projections are the same.
//! Source: numerics sheet 8.4 and 8.5.

/// Block tensors: Hugging Face name inside the layer, GGUF name inside the block.
const BLOCK: [(&str, &str); 9] = [
    ("input_layernorm", "attn_norm"),
    ("self_attn.q_proj", "attn_q"),
    ("self_attn.k_proj", "attn_k"),
    ("self_attn.v_proj", "attn_v"),
    ("self_attn.o_proj", "attn_output"),
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
    let stem = name.strip_suffix(".weight")?;
    if let Some((_, gguf)) = GLOBAL.iter().find(|(hf, _)| *hf == stem) {
        return Some(format!("{gguf}.weight"));
    }
    let (layer, rest) = stem.strip_prefix("model.layers.")?.split_once('.')?;
    let layer: usize = layer.parse().ok()?;
    let (_, gguf) = BLOCK.iter().find(|(hf, _)| *hf == rest)?;
    Some(format!("blk.{layer}.{gguf}.weight"))
}

/// `blk.3.ffn_up.weight` -> `model.layers.3.mlp.up_proj.weight`.
#[must_use]
pub fn to_hf(name: &str) -> Option<String> {
    let stem = name.strip_suffix(".weight")?;
    if let Some((hf, _)) = GLOBAL.iter().find(|(_, gguf)| *gguf == stem) {
        return Some(format!("{hf}.weight"));
    }
    let (layer, rest) = stem.strip_prefix("blk.")?.split_once('.')?;
    let layer: usize = layer.parse().ok()?;
    let (hf, _) = BLOCK.iter().find(|(_, gguf)| *gguf == rest)?;
    Some(format!("model.layers.{layer}.{hf}.weight"))
}

/// How the rows of one tensor are ordered in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowOrder {
    /// Rows per head, or `None` where both worlds agree.
    head_dim: Option<usize>,
}

impl RowOrder {
    /// The order for a tensor by its Hugging Face name; permuted for q and k only.
    #[must_use]
    pub fn of(hf_name: &str, head_dim: usize) -> Self {
        let permuted = hf_name.contains(".q_proj.") || hf_name.contains(".k_proj.");
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
        for name in all.chain(blocks) {
            assert_eq!(to_hf(&to_gguf(&name).unwrap()).unwrap(), name);
        }
        assert_eq!(to_gguf("model.layers.0.self_attn.o_proj.weight").unwrap(), "blk.0.attn_output.weight");
        for bad in ["", "x.weight", "model.layers.x.mlp.up_proj.weight", "model.layers.0.mlp.weight", "lm_head.bias"] {
            assert!(to_gguf(bad).is_none() && to_hf(bad).is_none());
        }
    }

    #[test]
    fn permutation_by_hand_and_inverse() {
        // Two heads of four rows: halves (0,1 | 2,3) become neighbours 0,2,1,3.
        let order = RowOrder::of("model.layers.0.self_attn.k_proj.weight", 4);
        let rows: Vec<usize> = (0..8).map(|row| order.hf_row(row)).collect();
        assert_eq!(rows, [0, 2, 1, 3, 4, 6, 5, 7]);
        for d in [2, 4, 64, 128] {
            let order = RowOrder::of("x.q_proj.weight", d);
            for row in 0..3 * d {
                assert_eq!(order.gguf_row(order.hf_row(row)), row);
                assert_eq!(order.hf_row(order.gguf_row(row)), row);
            }
        }
        for same in ["v_proj", "o_proj", "up_proj"] {
            assert!(RowOrder::of(&format!("x.{same}.weight"), 64).is_identity());
        }
    }
}
