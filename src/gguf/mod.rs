//! GGUF: a merged model folder comes in, one file for llama.cpp and its kin goes out; and such files are read back.
//!
//! | file | what it does |
//! | --- | --- |
//! | `value.rs` | metadata values and tensor types |
//! | `write.rs`, `read.rs` | the container, version 3 |
//! | `quantize.rs`, `k_quants.rs`, `i_quants.rs`, `dequantize.rs` | ggml's block formats |
//! | `search.rs`, `lanes.rs` | the search for a block's scale, and the vector registers it runs in |
//! | `importance.rs` | how much each column of a matrix counts, in llama.cpp's files |
//! | `mixture.rs` | which tensor gets which type in a mix such as `Q4_K_S` |
//! | `names.rs` | tensor names in both worlds, and the order of query and key rows |
//! | `metadata.rs` | config, card and folder to `general.*` and architecture keys |
//! | `pre.rs` | pre-tokenizers and what llama.cpp calls them |
//! | `tokenizer.rs`, `rebuild.rs` | tokenizer.json to metadata and back |
//! | `source.rs` | what is exported: a folder, a folder with adapters, another GGUF |
//! | `export.rs` | source to file |
//! | `model.rs` | file to settings and tensors for a model loader |
//!
//! Deliberately absent: other architectures than `llama`, `qwen2` and `qwen3`, big-endian files.

pub mod dequantize;
pub mod error;
pub mod export;
pub mod importance;
pub mod metadata;
pub mod mixture;
pub mod model;
pub mod names;
pub mod quantize;
pub mod read;
pub mod rebuild;
pub mod source;
pub mod tokenizer;
pub mod value;
pub mod write;

mod i_quants;
mod k_quants;
mod lanes;
mod pre;
mod search;

pub use error::GgufError;
pub use export::{ExportOptions, ExportSummary, Exported, export};
pub use mixture::Quant;
pub use model::{GgufModel, QuantTensor};
pub use read::Gguf;
pub use source::{FileSource, FolderSource, Part, Source};
pub use value::{GgmlType, Value};
