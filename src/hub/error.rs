//! What can be wrong with a model folder, an adapter or a download.

use std::path::PathBuf;

/// Why a folder, an adapter or a download cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// The operating system refused a file.
    #[error("`{}`: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A JSON file does not parse, or is far larger than such a file can be.
    #[error("`{}` is not the expected JSON: {reason}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// The parser's words.
        reason: String,
    },
    /// A file that every folder of this kind holds is absent.
    #[error("`{}` has no `{file}`", dir.display())]
    Missing {
        /// The folder.
        dir: PathBuf,
        /// The absent file, or the alternatives.
        file: String,
    },
    /// The model is of a kind this program does not implement.
    #[error("unsupported model: {what}")]
    Unsupported {
        /// The setting and its value.
        what: String,
    },
    /// Settings that contradict themselves or leave the sane range.
    #[error("{file} cannot be used: {}", list(problems))]
    Config {
        /// `config.json`, `adapter_config.json`.
        file: &'static str,
        /// Every problem found.
        problems: Vec<String>,
    },
    /// Weights that do not match the settings; all mismatches at once.
    #[error("weights in `{}` do not match their settings: {}", path.display(), list(problems))]
    Tensors {
        /// The folder or file.
        path: PathBuf,
        /// Every problem found.
        problems: Vec<String>,
    },
    /// A `.safetensors` file whose header lies or does not parse.
    #[error("`{}` is not a sound safetensors file: {reason}", path.display())]
    SafeTensors {
        /// The file.
        path: PathBuf,
        /// The reader's words.
        reason: String,
    },
    /// A tensor name that the folder does not hold.
    #[error("no tensor `{name}`")]
    NoTensor {
        /// The name asked for.
        name: String,
    },
    /// The closure that makes a tensor returned the wrong number of bytes.
    #[error("tensor `{name}`: expected {expected} bytes, got {found}")]
    TensorBytes {
        /// The tensor.
        name: String,
        /// From its shape.
        expected: usize,
        /// What arrived.
        found: usize,
    },
    /// What is to be written does not fit on the disk.
    #[error("`{}`: {} MB have to be written and {} MB are free", path.display(), needed.div_ceil(1_000_000), free / 1_000_000)]
    NoSpace {
        /// Where.
        path: PathBuf,
        /// Bytes.
        needed: u64,
        /// Bytes.
        free: u64,
    },
    /// Whoever watches the writing ended it.
    #[error("stopped; nothing was written")]
    Stopped,
    /// The output already exists and replacing it was not asked for.
    #[error("`{}` already exists and is not empty", path.display())]
    Exists {
        /// The output.
        path: PathBuf,
    },
    /// Neither a directory nor something that can be a hub id.
    #[error("`{id}` is neither a folder nor a hub id of the form `org/name`")]
    BadId {
        /// What the user gave.
        id: String,
    },
    /// The hub says 401 or 403: gated, private, or a wrong token.
    #[error("the hub denies access to `{id}` (HTTP {status}, file `{file}`)")]
    Denied {
        /// The hub id.
        id: String,
        /// The file asked for.
        file: String,
        /// 401 or 403.
        status: u16,
    },
    /// The hub knows no such repository, revision or file.
    #[error("the hub has no `{file}` in `{id}`")]
    NotOnHub {
        /// The hub id with its revision.
        id: String,
        /// The file asked for.
        file: String,
    },
    /// Offline, and the cache does not hold the file.
    #[error("`{file}` of `{id}` is not in the local cache `{}` and the network is switched off", cache.display())]
    NotCached {
        /// The hub id.
        id: String,
        /// The absent file.
        file: String,
        /// Where we looked.
        cache: PathBuf,
    },
    /// Anything else between us and the hub.
    #[error("fetching `{file}` of `{id}`: {reason}")]
    Network {
        /// The hub id.
        id: String,
        /// The file asked for.
        file: String,
        /// The client's words.
        reason: String,
    },
}

impl HubError {
    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Denied { id, .. } => format!(
                "accept the licence at https://huggingface.co/{id} and set HF_TOKEN to a token of that account (a \
                 misspelt id is denied as well)"
            ),
            Self::NotOnHub { .. } => "check the spelling of the id and the revision after `@`".to_owned(),
            Self::NotCached { .. } => "run once without --offline, or point to a downloaded folder".to_owned(),
            Self::Network { .. } => {
                "check the connection (HF_ENDPOINT names a mirror); files fetched so far are kept in the cache"
                    .to_owned()
            }
            Self::BadId { .. } => {
                "give a folder with config.json in it, or `org/name` or `org/name@revision`".to_owned()
            }
            Self::Exists { .. } => "choose another output or ask for it to be replaced".to_owned(),
            Self::Unsupported { .. } => {
                "use Llama 2 or 3, SmolLM2, TinyLlama, Mistral, Qwen2, Qwen2.5 or Qwen3 (dense) with unquantised weights"
                    .to_owned()
            }
            Self::NoSpace { .. } => "make room, or choose an output on another disk".to_owned(),
            Self::Io { source, .. } if source.kind() == std::io::ErrorKind::StorageFull => {
                "the disk is full: make room, or choose an output on another one".to_owned()
            }
            Self::SafeTensors { .. } => "the file may be cut short: fetch it again".to_owned(),
            _ => return None,
        })
    }

    /// Puts a path on an I/O error.
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}

/// The first dozen problems on lines of their own, and how many more there are.
fn list(problems: &[String]) -> String {
    const SHOWN: usize = 12;
    let mut text = String::new();
    for problem in problems.iter().take(SHOWN) {
        text.push_str("\n  - ");
        text.push_str(problem);
    }
    if problems.len() > SHOWN {
        text.push_str(&format!("\n  - and {} more", problems.len() - SHOWN));
    }
    text
}
