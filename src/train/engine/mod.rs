//! The inner seam: everything the training loop asks of a model.
//!
//! The loop knows flat parameters, flat gradients and log-probabilities of labels; an engine knows the model and
//! the device. [`portable::Portable`] runs on candle's operations on any device and is the reference. A faster engine
//! (backward by hand, quantised frozen weights) replaces this one module and nothing else.

pub mod cpu;
mod portable;
mod trainable;

use std::ops::Range;

use crate::batch::Sequence;
use crate::train::objective::LabelLogps;

pub use portable::Portable;
pub use trainable::{LoraPart, Trainable, adapter_of, adapter_values};

/// One trained tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// PEFT's name without prefix (`model.layers.0.self_attn.q_proj.lora_A`), or the weight's own name.
    pub name: String,
    /// As stored.
    pub shape: Vec<usize>,
    /// Where it lies in the flat buffers.
    pub range: Range<usize>,
    /// Whether weight decay applies: norms and biases are left alone, as transformers' trainer does.
    pub decay: bool,
}

/// An engine could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// candle's own words.
    #[error("{0}")]
    Candle(#[from] candle_core::Error),
    /// A trained tensor has no gradient: the graph was cut somewhere.
    #[error("`{name}` got no gradient: it is not connected to the loss")]
    NoGradient {
        /// Which.
        name: String,
    },
    /// The student's folder.
    #[error(transparent)]
    Hub(#[from] crate::hub::HubError),
    /// The student's GGUF.
    #[error(transparent)]
    Gguf(#[from] crate::gguf::GgufError),
    /// The student is a base with adapters, and the sum of them failed.
    #[error(transparent)]
    Merge(#[from] crate::merge::MergeError),
    /// A weight could not be put into blocks of few bits.
    #[error("`{name}`: {source}")]
    Blocks {
        /// Which weight.
        name: String,
        /// Why.
        source: crate::train::blocks::BlocksError,
    },
    /// A weight of the student is NaN or infinite.
    #[error("`{name}` of the student holds a value that is no finite number; the folder is damaged")]
    NotFinite {
        /// Which weight.
        name: String,
    },
    /// What this engine does not do.
    #[error("{0} is not something that this engine does")]
    Unsupported(&'static str),
    /// Modules are to be trained that the model does not have.
    #[error("the model has {found} of the {wanted} modules that are to be trained")]
    Modules {
        /// That are there.
        found: usize,
        /// That were asked for.
        wanted: usize,
    },
    /// A token that the model does not know.
    #[error("token {id} is not among the model's {vocabulary}: the tokenizer belongs to another model")]
    Token {
        /// Which.
        id: u32,
        /// Rows of the embedding.
        vocabulary: usize,
    },
    /// A text that the model cannot read as a whole.
    #[error("a row or text of {tokens} tokens, and the model reads {limit}: shorten it or leave it out")]
    TooLong {
        /// Its length.
        tokens: usize,
        /// What is possible.
        limit: usize,
    },
    /// `backward` without a `forward` before it.
    #[error("backward was called without a forward pass")]
    NoForward,
}

/// Forward and backward of a student over label log-probabilities.
pub trait Engine {
    /// The trained tensors, in the order of the flat buffers.
    fn parameters(&self) -> &[Parameter];

    /// Copies the trained values out: `[P]`, f32.
    ///
    /// # Errors
    /// The device.
    fn read(&self) -> Result<Vec<f32>, EngineError>;

    /// Sets the trained values.
    ///
    /// # Errors
    /// The device.
    fn write(&mut self, values: &[f32]) -> Result<(), EngineError>;

    /// Says which update the next forward passes belong to. What is random in them (dropout) depends on it and on their
    /// order, and on nothing else, so that a resumed run draws what the uninterrupted one would have drawn.
    fn begin(&mut self, update: u64) {
        let _ = update;
    }

    /// Log-probabilities of all labels, keeping what [`Engine::backward`] needs.
    ///
    /// # Errors
    /// Shapes, memory, the device.
    fn forward(&mut self, sequences: &[&Sequence]) -> Result<LabelLogps, EngineError>;

    /// Adds `Σ upstream[l] · ∂ logp[l] / ∂ θ` of the last forward pass to `gradients` (`[P]`), and forgets that pass.
    ///
    /// # Errors
    /// No forward pass before, or a parameter that the loss does not reach.
    fn backward(&mut self, upstream: &[f32], gradients: &mut [f32]) -> Result<(), EngineError>;

    /// Log-probabilities without keeping anything.
    ///
    /// # Errors
    /// As [`Engine::forward`].
    fn score(&self, sequences: &[&Sequence]) -> Result<LabelLogps, EngineError>;

    /// The likeliest next token of each sequence of ids; none of them is empty.
    ///
    /// # Errors
    /// As [`Engine::forward`]; [`EngineError::Unsupported`] where an engine trains and does not answer: a run then has
    /// no samples.
    fn next_tokens(&self, sequences: &[&[u32]]) -> Result<Vec<u32>, EngineError> {
        let _ = sequences;
        Err(EngineError::Unsupported("answering"))
    }
}
