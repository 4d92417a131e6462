//! Hugging Face model folders: a hub id or a directory comes in, checked tensors and settings go out, and back again.
//!
//! | file | what it does |
//! | --- | --- |
//! | `resolve.rs` | finds or downloads a model folder |
//! | `config.rs` | `config.json` of Llama, Mistral, Qwen2 and Qwen3, old and new spelling |
//! | `card.rs` | the front matter of a model card |
//! | `dtype.rs` | element types and their way to f32 |
//! | `folder.rs` | one opened folder: tensors by name, tokenizer files, chat template |
//! | `save.rs` | writes such a folder, one tensor at a time, all or nothing |
//! | `adapter.rs` | PEFT LoRA adapters |
//! | `weights.rs` | one file of tensors, whatever model they belong to |
//!
//! Nothing here computes: weights are bytes with a shape, and every file is taken to be hostile until checked.
//! Deliberately absent: pickled weights (`.bin`), which run code when they are read.

pub mod adapter;
pub mod config;
pub mod error;
pub mod folder;
pub mod resolve;
pub mod save;
pub mod weights;

mod card;
mod dtype;
mod files;

pub use adapter::{Adapter, AdapterConfig, LoraModule, LoraPair, TargetModules};
pub use config::{Family, Llama3Rope, LlamaConfig};
pub use dtype::{Dtype, TensorInfo};
pub use error::HubError;
pub use folder::{Folder, SpecialTokens};
pub use resolve::resolve;
pub use save::{Chat, Draft, Rows, SaveOptions, save_folder, set_chat_template, write_weights};
pub use weights::Weights;

pub(crate) use card::Card;
pub(crate) use files::{Staged, map_file, read_json};
pub(crate) use save::check_space;
