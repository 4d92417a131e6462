//! The bytes that running a student takes.
//!
//! Checked against llama.cpp (ggml 0.25, CPU, default batch 2048/512) at the shapes of Llama 3.2 1B and SmolLM2 135M:
//! weights, keys and values, and the compute buffer agree to the byte it prints; docs/edge.md has the figures.

use serde::{Serialize, Serializer};

use super::student::{Student, Variant};

/// Tokens that llama.cpp computes at a time (`n_ubatch`).
const BATCH: usize = 512;

/// Cells of the cache are allocated in steps of this (`llama-context.cpp`).
const CACHE_STEP: usize = 256;

/// What the program takes itself, without the tokenizer's tables: measured, see docs/edge.md.
const PROGRAM_BYTES: u64 = 21_000_000;

/// Per token of the vocabulary, and per merge: strings and the nodes of the maps that find them. Measured likewise for
/// tokens; the merges are counted by the size of a node with its two strings.
const TOKEN_BYTES: u64 = 140;
const MERGE_BYTES: u64 = 150;

/// How keys and values are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KvType {
    /// Two bytes each, llama.cpp's default.
    F16,
    /// 34 bytes per 32 (`-ctk q8_0 -ctv q8_0`).
    Q8_0,
}

impl KvType {
    /// llama.cpp's spelling.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::F16 => "f16",
            Self::Q8_0 => "q8_0",
        }
    }

    /// Bytes of one row of `len` values; an incomplete block counts as a whole one.
    const fn bytes(self, len: usize) -> u64 {
        match self {
            Self::F16 => 2 * len as u64,
            Self::Q8_0 => len.div_ceil(32) as u64 * 34,
        }
    }
}

impl Serialize for KvType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// What running one file takes, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Memory {
    /// The weights. They are mapped from the file and have to stay in memory all the same: every token reads them all.
    pub weight_bytes: u64,
    /// Keys and values of the whole context: `2 × layers × key/value heads × head width × tokens`, in their type.
    pub kv_bytes: u64,
    /// Activations and logits of a batch.
    pub working_bytes: u64,
    /// Program, tokenizer, and on a card what its driver takes.
    pub runtime_bytes: u64,
    /// All of it.
    pub total_bytes: u64,
}

/// The bytes of `variant` with `context` tokens; `overhead_bytes` is what the place's driver takes besides.
#[must_use]
pub fn of(student: &Student, variant: &Variant, context: usize, kv: KvType, overhead_bytes: u64) -> Memory {
    let shape = &student.shape;
    let cells = context.max(1).next_multiple_of(CACHE_STEP) as u64;
    let width = shape.num_key_value_heads * shape.head_dim;
    let kv_bytes = (2 * shape.num_hidden_layers as u64).saturating_mul(kv.bytes(width)).saturating_mul(cells);
    let working_bytes = working(student, context);
    let runtime_bytes =
        PROGRAM_BYTES + TOKEN_BYTES * shape.vocab_size as u64 + MERGE_BYTES * student.merges as u64 + overhead_bytes;
    let weight_bytes = variant.weight_bytes;
    let total_bytes = [kv_bytes, working_bytes, runtime_bytes].into_iter().fold(weight_bytes, u64::saturating_add);
    Memory { weight_bytes, kv_bytes, working_bytes, runtime_bytes, total_bytes }
}

/// llama.cpp's compute buffer: the larger of what is alive at the head and inside an MLP, in f32, for one batch.
///
/// At the head these are the logits, the normed state and the state before it, `vocabulary + 2 × hidden` per token; in an
/// MLP gate and up with the same two, `2 × inner + 2 × hidden`. The room for the logits of a whole batch is reserved
/// always and filled only when all of them are asked for, as a perplexity does. One row of logits is kept for sampling.
fn working(student: &Student, context: usize) -> u64 {
    let shape = &student.shape;
    let widest = shape.vocab_size.max(2 * shape.intermediate_size) + 2 * shape.hidden_size;
    let tokens = BATCH.min(context.max(1).next_multiple_of(CACHE_STEP));
    4 * (tokens as u64) * (widest as u64) + 4 * shape.vocab_size as u64
}
