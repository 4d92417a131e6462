//! Answering on the CPU: a GGUF or a folder comes in, tokens go out.
//!
//! | file | what it does |
//! | --- | --- |
//! | `dot/` | one token's products: quantised rows times quantised activations |
//! | `cache.rs`, `attend.rs` | keys and values, and one token's attention over them |
//! | `decoder.rs` | layers and head in order; long prompts go through the training engine's tiles |
//! | `sample.rs`, `talk.rs` | the next token, and a conversation |
//! | `load.rs`, `bench.rs` | from a file or a folder to a decoder, and how fast it is here |
//!
//! On a card `model` answers on candle's operations.

mod attend;
mod bench;
mod cache;
mod decoder;
pub mod dot;
mod load;
mod sample;
mod talk;
#[cfg(test)]
mod tests;

pub use bench::{Speed, bench};
pub use cache::Cache;
pub use decoder::{DecodeError, Decoder};
pub use load::{OpenError, Speaker};
pub use sample::{Sampler, Sampling};
pub use talk::{Said, Talk};
