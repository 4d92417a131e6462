//! The student on candle: weights come in, hidden states and logits go out.
//!
//! candle-transformers' Llama cannot be trained: its norms, rotary embedding and softmax leave the autograd graph
//! without a word, and it returns logits of the last position only. This forward uses differentiable operations
//! throughout, serves training and generation alike, and takes its linear layers dense, adapted or quantised.

mod frozen;
mod generate;
pub mod guided;
mod linear;
mod llama;
mod load;
pub mod ner;

pub use generate::{Generated, Sampling, Session};
pub use linear::{Dora, Linear, Lora, Weight};
pub use llama::{Cache, Layer, Llama};
pub use load::{
    LoadError, Student, encoder, encoder_of_gguf, from_folder, from_gguf, llama_from_folder, with_adapters,
};

/// The seven linear modules of a decoder layer, in PEFT's names and in the order parameters are stored.
pub const TARGET_MODULES: [&str; 7] = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];

/// Path of a module of layer `layer`: `model.layers.3.mlp.up_proj`.
#[must_use]
pub fn module_path(layer: usize, module: &str) -> String {
    let block = if matches!(module, "gate_proj" | "up_proj" | "down_proj") { "mlp" } else { "self_attn" };
    format!("model.layers.{layer}.{block}.{module}")
}
