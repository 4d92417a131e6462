//! Writing a Hugging Face folder: settings, a stream of bf16 tensors and the tokenizer's files, all or nothing.
//!
//! The folder is built beside its final place and renamed at the end. Tensors are asked for one at a time, so a
//! model never has to fit in memory. Tokenizer files are copied byte for byte: rewriting them is how class names
//! and templates get lost between library versions.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

use serde_json::{Map, Value, json};

use super::files::{Staged, write_json};
use super::{Folder, HubError, LlamaConfig};

/// Files that travel with the weights, copied as they are.
pub(super) const SIDECARS: [&str; 9] = [
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "tokenizer.model",
    "chat_template.jinja",
    "generation_config.json",
];

/// How a folder is written.
#[derive(Debug, Clone, Copy, Default)]
pub struct SaveOptions {
    /// Largest weight file; `None` writes one `model.safetensors` whatever its size.
    pub max_shard_bytes: Option<u64>,
    /// Replace an existing output instead of refusing.
    pub replace: bool,
}

/// Writes the model of `source` with new weights to `out`.
///
/// `tensor(name)` returns the tensor's bf16 bytes, little endian, row-major, in the shape `source` has. Settings are
/// written in the old spelling (see `config.rs`) with `torch_dtype` bfloat16; the chat template, wherever the source
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
    let staged = Staged::dir(out, options.replace)?;
    write_weights(staged.path(), source.config(), options.max_shard_bytes, tensor)?;
    write_json(&staged.path().join("config.json"), &source.config().to_old_json())?;
    copy_sidecars(source, staged.path())?;
    Ok(staged.commit()?)
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
    let tensors = config.expected_tensors();
    let bytes_of = |shape: &[usize]| shape.iter().product::<usize>() * 2;
    let mut shards: Vec<Vec<(String, Vec<usize>)>> = vec![Vec::new()];
    let mut shard_bytes = 0u64;
    let mut total_bytes = 0u64;
    for (name, shape) in tensors {
        let bytes = bytes_of(&shape) as u64;
        total_bytes += bytes;
        if max_shard_bytes.is_some_and(|limit| shard_bytes > 0 && shard_bytes + bytes > limit) {
            shards.push(Vec::new());
            shard_bytes = 0;
        }
        shard_bytes += bytes;
        if let Some(shard) = shards.last_mut() {
            shard.push((name, shape));
        }
    }
    let mut weight_map = Map::new();
    let n_shards = shards.len();
    for (shard_idx, shard) in shards.iter().enumerate() {
        let file = match n_shards {
            1 => "model.safetensors".to_owned(),
            _ => format!("model-{:05}-of-{n_shards:05}.safetensors", shard_idx + 1),
        };
        write_safetensors(&dir.join(&file), "BF16", 2, shard, tensor)?;
        for (name, _) in shard {
            weight_map.insert(name.clone(), json!(file));
        }
    }
    if n_shards > 1 {
        let index = json!({"metadata": {"total_size": total_bytes}, "weight_map": weight_map});
        write_json(&dir.join("model.safetensors.index.json"), &index)?;
    }
    Ok(())
}

/// Streams one safetensors file: 8-byte header length, JSON padded with spaces to 8 bytes, then the data in order.
///
/// The metadata says `{"format": "pt"}`, without which several transformers 4 releases refuse the file. Written by
/// hand because the crate's writer wants every tensor at once and sorts them.
pub(super) fn write_safetensors<E: From<HubError>>(
    path: &Path,
    dtype: &str,
    element_bytes: usize,
    tensors: &[(String, Vec<usize>)],
    tensor: &mut dyn FnMut(&str) -> Result<Vec<u8>, E>,
) -> Result<(), E> {
    let io = |error| E::from(HubError::io(path)(error));
    let mut header = Map::new();
    header.insert("__metadata__".to_owned(), json!({"format": "pt"}));
    let mut offset = 0usize;
    for (name, shape) in tensors {
        let end = offset + shape.iter().product::<usize>() * element_bytes;
        header.insert(name.clone(), json!({"dtype": dtype, "shape": shape, "data_offsets": [offset, end]}));
        offset = end;
    }
    let mut header = Value::Object(header).to_string().into_bytes();
    header.resize(header.len().next_multiple_of(8), b' ');

    let mut file = BufWriter::with_capacity(1 << 20, File::create(path).map_err(io)?);
    file.write_all(&(header.len() as u64).to_le_bytes()).map_err(io)?;
    file.write_all(&header).map_err(io)?;
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

/// Copies the tokenizer's files and settles the two homes of the chat template and the stop ids.
fn copy_sidecars(source: &Folder, out: &Path) -> Result<(), HubError> {
    for file in SIDECARS {
        let from = source.dir().join(file);
        match fs::read(&from) {
            // Written, not copied: hub caches are read-only symlinks and the mode must not travel.
            Ok(bytes) => fs::write(out.join(file), bytes).map_err(HubError::io(out.join(file)))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(HubError::io(from)(error)),
        }
    }
    if let Some(template) = source.chat_template()? {
        set_chat_template(out, source.tokenizer_config(), &template)?;
    }
    let generation = out.join("generation_config.json");
    if !generation.exists() {
        let config = source.config();
        let eos = match config.eos_token_ids[..] {
            [single] => json!(single),
            ref several => json!(several),
        };
        let made = json!({
            "_from_model_config": true,
            "bos_token_id": config.bos_token_id,
            "eos_token_id": eos,
            "pad_token_id": config.pad_token_id,
        });
        write_json(&generation, &made)?;
    }
    Ok(())
}

/// Writes `template` to both places readers look: tokenizer_config.json and chat_template.jinja.
///
/// tokenizer_config.json is only rewritten when it does not already say the same, so that a copy stays a copy.
///
/// # Errors
/// [`HubError::Io`].
pub fn set_chat_template(dir: &Path, tokenizer_config: &Value, template: &str) -> Result<(), HubError> {
    let jinja = dir.join("chat_template.jinja");
    fs::write(&jinja, template).map_err(HubError::io(jinja))?;
    if tokenizer_config.get("chat_template").and_then(Value::as_str) == Some(template) {
        return Ok(());
    }
    let mut config = tokenizer_config.as_object().cloned().unwrap_or_default();
    config.insert("chat_template".to_owned(), json!(template));
    write_json(&dir.join("tokenizer_config.json"), &Value::Object(config))
}
