//! The architectures that the student can have: one decoder, with a bias here and a norm there.

/// An architecture, by `model_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Llama 2 and 3, SmolLM2, TinyLlama and whatever else says `llama`.
    Llama,
    /// Mistral 7B and its kin: Llama with, in the first release, a sliding window.
    Mistral,
    /// Qwen2 and Qwen2.5: biases on q, k and v.
    Qwen2,
    /// Qwen3, dense: norms on the heads of q and k, and heads as wide as they please.
    Qwen3,
}

/// What transformers 5.23 takes for absent keys.
pub(super) struct Defaults {
    pub(super) vocab: usize,
    pub(super) inner: usize,
    pub(super) key_value_heads: Option<usize>,
    /// `None` divides the hidden size by the heads.
    pub(super) head_dim: Option<usize>,
    pub(super) context: usize,
    pub(super) bos: &'static [u32],
    pub(super) eos: &'static [u32],
}

impl Family {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Llama, Self::Mistral, Self::Qwen2, Self::Qwen3];

    /// `model_type` in config.json.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Llama => "llama",
            Self::Mistral => "mistral",
            Self::Qwen2 => "qwen2",
            Self::Qwen3 => "qwen3",
        }
    }

    /// What `architectures` says of the language model.
    #[must_use]
    pub const fn class(self) -> &'static str {
        match self {
            Self::Llama => "LlamaForCausalLM",
            Self::Mistral => "MistralForCausalLM",
            Self::Qwen2 => "Qwen2ForCausalLM",
            Self::Qwen3 => "Qwen3ForCausalLM",
        }
    }

    pub(super) fn of(model_type: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|family| family.name() == model_type)
    }

    pub(super) const fn defaults(self) -> Defaults {
        let llama = Defaults {
            vocab: 32_000,
            inner: 11_008,
            key_value_heads: None,
            head_dim: None,
            context: 2048,
            bos: &[1],
            eos: &[2],
        };
        let qwen2 = Defaults {
            vocab: 151_936,
            inner: 22_016,
            key_value_heads: Some(32),
            head_dim: None,
            context: 32_768,
            bos: &[],
            eos: &[],
        };
        match self {
            Self::Llama => llama,
            Self::Mistral => Defaults { inner: 14_336, key_value_heads: Some(8), context: 131_072, ..llama },
            Self::Qwen2 => qwen2,
            Self::Qwen3 => Defaults { head_dim: Some(128), ..qwen2 },
        }
    }
}
