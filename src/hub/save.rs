//! Writing a Hugging Face folder: settings, a stream of bf16 tensors and the tokenizer's files, all or nothing.
//!
//! The folder is built beside its final place and renamed at the end. A model never has to fit in memory. Tokenizer
//! files are copied byte for byte: rewriting them is how class names and templates get lost between library versions.

mod sidecars;
mod weights;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use super::files::{Staged, write_json};
use super::{Folder, HubError, LlamaConfig};

pub(super) use sidecars::SIDECARS;
pub use sidecars::{Chat, set_chat_template};
pub use weights::Rows;
pub(crate) use weights::check_space;

/// How a folder is written.
#[derive(Debug, Clone, Copy, Default)]
pub struct SaveOptions {
    /// Largest weight file; `None` writes one `model.safetensors` whatever its size.
    pub max_shard_bytes: Option<u64>,
    /// Replace an existing output instead of refusing.
    pub replace: bool,
}

/// A model folder under construction beside its final place. Dropped before [`Draft::commit`], it is removed; whatever
/// ends the process, the final name has the old folder or none, and never a part of one.
pub struct Draft {
    staged: Staged,
    options: SaveOptions,
}

impl Draft {
    /// Begins a folder that will be `out`.
    ///
    /// # Errors
    /// [`HubError::Exists`] for an output that is there and may not be replaced; [`HubError::Io`].
    pub fn new(out: &Path, options: SaveOptions) -> Result<Self, HubError> {
        Ok(Self { staged: Staged::dir(out, options.replace)?, options })
    }

    /// Where it lies meanwhile.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.staged.path()
    }

    /// Writes all tensors of `config` as bf16, on all of rayon's threads. `progress(done, total)` is in bytes; false
    /// ends the writing.
    ///
    /// # Errors
    /// [`HubError::NoSpace`] before anything is written; [`HubError::Stopped`], [`HubError::Io`],
    /// [`HubError::TensorBytes`], and whatever `rows` returns.
    pub fn weights<E: From<HubError> + Send>(
        &self,
        config: &LlamaConfig,
        rows: &dyn Rows<E>,
        progress: &mut dyn FnMut(u64, u64) -> bool,
    ) -> Result<(), E> {
        weights::write_rows(self.path(), config, self.options.max_shard_bytes, rows, progress)
    }

    /// Writes settings and tokenizer of `source`: `config.json` in both spellings, the template in both places.
    ///
    /// # Errors
    /// [`HubError::Io`], [`HubError::Json`].
    pub fn settings(&self, source: &Folder, chat: &Chat<'_>) -> Result<(), HubError> {
        write_json(&self.path().join("config.json"), &sidecars::config_json(source.config()))?;
        sidecars::copy_sidecars(source, self.path(), chat)
    }

    /// Adds a file.
    ///
    /// # Errors
    /// [`HubError::Io`].
    pub fn add(&self, name: &str, bytes: &[u8]) -> Result<(), HubError> {
        let path = self.path().join(name);
        std::fs::write(&path, bytes).map_err(HubError::io(path))
    }

    /// Gives it its name; what was there before is removed after that.
    ///
    /// # Errors
    /// [`HubError::Exists`], [`HubError::Io`].
    pub fn commit(self) -> Result<(), HubError> {
        self.staged.commit()
    }
}

/// Writes the model of `source` with new weights to `out`.
///
/// `tensor(name)` returns the tensor's bf16 bytes, little endian, row-major, in the shape `source` has. Settings are
/// written in both spellings (see `config.rs`) with bfloat16 as type; the chat template, wherever the source
/// keeps it, is written both to tokenizer_config.json and to chat_template.jinja.
///
/// # Errors
/// [`HubError::Exists`], [`HubError::Io`], [`HubError::TensorBytes`], and whatever `tensor` returns.
pub fn save_folder<E: From<HubError>>(
    source: &Folder,
    out: &Path,
    options: &SaveOptions,
    tensor: &mut dyn FnMut(&str) -> Result<Vec<u8>, E>,
) -> Result<(), E> {
    let draft = Draft::new(out, *options)?;
    write_weights(draft.path(), source.config(), options.max_shard_bytes, tensor)?;
    draft.settings(source, &Chat::default())?;
    Ok(draft.commit()?)
}

/// Writes the expected tensors of `config` into `dir` as one file or as shards with their index.
///
/// # Errors
/// As [`save_folder`]. A failure leaves partial files: callers write into a staged folder.
pub fn write_weights<E: From<HubError>>(
    dir: &Path,
    config: &LlamaConfig,
    max_shard_bytes: Option<u64>,
    tensor: &mut dyn FnMut(&str) -> Result<Vec<u8>, E>,
) -> Result<(), E> {
    let shards = weights::shards(config, max_shard_bytes);
    for shard in &shards {
        write_safetensors(&dir.join(&shard.file), "BF16", 2, &shard.tensors, tensor)?;
    }
    Ok(weights::write_index(dir, &shards)?)
}

/// Streams one safetensors file, tensor by tensor in order.
pub(super) fn write_safetensors<E: From<HubError>>(
    path: &Path,
    dtype: &str,
    element_bytes: usize,
    tensors: &[(String, Vec<usize>)],
    tensor: &mut dyn FnMut(&str) -> Result<Vec<u8>, E>,
) -> Result<(), E> {
    let io = |error| E::from(HubError::io(path)(error));
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path).map_err(io)?);
    file.write_all(&weights::header(dtype, element_bytes, tensors)).map_err(io)?;
    for (name, shape) in tensors {
        let bytes = tensor(name)?;
        let expected = shape.iter().product::<usize>() * element_bytes;
        if bytes.len() != expected {
            return Err(HubError::TensorBytes { name: name.clone(), expected, found: bytes.len() }.into());
        }
        file.write_all(&bytes).map_err(io)?;
    }
    let file = file.into_inner().map_err(|error| io(error.into_error()))?;
    // The rename that follows must not become durable before the data does.
    file.sync_all().map_err(io)
}

#[cfg(test)]
mod tests;
