//! What can be wrong with a GGUF file, or with a folder on its way into one.

use std::path::PathBuf;

use crate::hub::HubError;

/// Why a GGUF could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum GgufError {
    /// The folder being exported, or the file system.
    #[error(transparent)]
    Hub(#[from] HubError),
    /// An adapter on top of the folder.
    #[error(transparent)]
    Merge(#[from] crate::merge::MergeError),
    /// An importance matrix that is not this model's.
    #[error("importance matrix: {}", problems.join("; "))]
    Importance {
        /// Every problem found.
        problems: Vec<String>,
    },
    /// Whoever watches said stop.
    #[error("stopped")]
    Stopped,
    /// Reading or writing the GGUF itself.
    #[error("`{}`: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file does not follow the format. `at` is a byte offset.
    #[error("not a sound GGUF file: {what} (at byte {at})")]
    Malformed {
        /// What was read and what was expected.
        what: String,
        /// Where.
        at: u64,
    },
    /// A metadata key is absent or has the wrong type.
    #[error("GGUF metadata: `{key}` {problem}")]
    Metadata {
        /// The key.
        key: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The file holds something this program does not implement.
    #[error("unsupported GGUF: {what}")]
    Unsupported {
        /// What.
        what: String,
    },
    /// The tensors do not add up; all problems at once.
    #[error("GGUF tensors: {}", problems.join("; "))]
    Tensors {
        /// Every problem found.
        problems: Vec<String>,
    },
    /// The tokenizer cannot be expressed in GGUF's byte-level BPE form.
    #[error("tokenizer: {what}")]
    Tokenizer {
        /// The offending part.
        what: String,
    },
    /// Not a quantisation we know.
    #[error("unknown quantisation `{name}`, known are {known}")]
    UnknownQuant {
        /// What was asked for.
        name: String,
        /// The list.
        known: String,
    },
    /// A weight that is not finite, or so large that a block's f16 scale overflows.
    #[error("tensor `{tensor}`, row {row}: a value cannot be stored as {ggml_type}")]
    Value {
        /// The tensor.
        tensor: String,
        /// The row in the written order.
        row: usize,
        /// The target type.
        ggml_type: &'static str,
    },
    /// The writer was used out of order.
    #[error("GGUF writer: {what}")]
    Writer {
        /// What was done.
        what: String,
    },
}

impl GgufError {
    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Hub(error) => return error.hint(),
            Self::Merge(error) => return error.hint(),
            Self::Importance { .. } => "make one with `--calibrate`, or leave it out".to_owned(),
            Self::Malformed { .. } => "the file may be cut short: export or fetch it again".to_owned(),
            Self::Tokenizer { .. } => {
                "GGUF export supports byte-level BPE tokenizers with splits that llama.cpp knows \
                 (Llama 3, SmolLM2, Qwen2, Qwen3, GPT-2); for another one use llama.cpp's own converter, or run the \
                 folder with vLLM or transformers"
                    .to_owned()
            }
            Self::Value { .. } => "the training diverged or the base is damaged; try bf16 or f32".to_owned(),
            _ => return None,
        })
    }
}

/// Shorthand for a metadata complaint.
pub(super) fn metadata(key: &str, problem: impl Into<String>) -> GgufError {
    GgufError::Metadata { key: key.to_owned(), problem: problem.into() }
}
