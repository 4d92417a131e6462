//! One opened Hugging Face folder: a directory comes in, tensors by name and the tokenizer's settings go out.
//!
//! Weights are memory-mapped and checked against `config.json` as a whole: every expected tensor present, nothing
//! unknown, all shapes right, dtype F32, F16 or BF16. All mismatches appear in one error.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use memmap2::Mmap;
use safetensors::SafeTensors;
use serde_json::Value;

use super::dtype::{Dtype, TensorInfo};
use super::files::{map_file, read_json, read_text};
use super::{HubError, LlamaConfig};
use crate::id::{ContentHash, Hasher};

/// Where a tensor's bytes lie.
struct Entry {
    info: TensorInfo,
    shard_idx: usize,
    start: usize,
    end: usize,
}

/// The names of bos, eos and pad as the tokenizer's settings spell them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SpecialTokens {
    /// Start of text.
    pub bos: Option<String>,
    /// End of turn for chat models.
    pub eos: Option<String>,
    /// Padding.
    pub pad: Option<String>,
}

/// A checked model folder.
pub struct Folder {
    dir: PathBuf,
    config: LlamaConfig,
    shards: Vec<(PathBuf, Mmap)>,
    tensors: BTreeMap<String, Entry>,
    names: Vec<String>,
    tokenizer_config: Value,
}

impl std::fmt::Debug for Folder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Folder").field("dir", &self.dir).field("tensors", &self.names.len()).finish_non_exhaustive()
    }
}

impl Folder {
    /// Opens and checks `dir`.
    ///
    /// # Errors
    /// [`HubError::Missing`] without `config.json` or weights; [`HubError::Unsupported`] or [`HubError::Config`]
    /// for the settings; [`HubError::SafeTensors`] for a broken file; [`HubError::Tensors`] with every mismatch.
    pub fn open(dir: &Path) -> Result<Self, HubError> {
        let missing = |file: &str| HubError::Missing { dir: dir.to_owned(), file: file.to_owned() };
        let config = read_json(&dir.join("config.json"))?.ok_or_else(|| missing("config.json"))?;
        let config = LlamaConfig::from_value(&config)?;
        let tokenizer_config = read_json(&dir.join("tokenizer_config.json"))?.unwrap_or(Value::Null);

        let mut problems = Vec::new();
        let (files, weight_map) = weight_files(dir)?;
        let mut shards = Vec::new();
        let mut tensors = BTreeMap::new();
        for (shard_idx, file) in files.iter().enumerate() {
            let path = dir.join(file);
            let map = map_file(&path)?;
            // Checks offsets against the file's true length, so slicing by them below is safe.
            let (header_bytes, header) = SafeTensors::read_metadata(&map)
                .map_err(|error| HubError::SafeTensors { path: path.clone(), reason: error.to_string() })?;
            for (name, info) in header.tensors() {
                if let Some(listed) = weight_map.as_ref().map(|map| map.get(&name))
                    && listed != Some(file)
                {
                    problems.push(format!("`{name}` lies in {file}, which the index does not say"));
                }
                let Some(dtype) = Dtype::from_safetensors(info.dtype) else {
                    problems.push(format!("`{name}` is {:?}, expected F32, F16 or BF16", info.dtype));
                    continue;
                };
                let data_start = 8 + header_bytes;
                let entry = Entry {
                    info: TensorInfo { dtype, shape: info.shape.clone() },
                    shard_idx,
                    start: data_start + info.data_offsets.0,
                    end: data_start + info.data_offsets.1,
                };
                if tensors.insert(name.clone(), entry).is_some() {
                    problems.push(format!("`{name}` is stored twice"));
                }
            }
            shards.push((path, map));
        }
        let mut folder = Self { dir: dir.to_owned(), config, shards, tensors, names: Vec::new(), tokenizer_config };
        folder.check(&mut problems);
        if problems.is_empty() {
            Ok(folder)
        } else {
            problems.sort();
            Err(HubError::Tensors { path: dir.to_owned(), problems })
        }
    }

    /// Compares stored with expected tensors, settles the tied head and fixes the order of names.
    fn check(&mut self, problems: &mut Vec<String>) {
        if self.config.tie_word_embeddings && self.tensors.contains_key("lm_head.weight") {
            // Some tools store the tied head a second time. Equal, it is only waste; different, transformers unties
            // silently and llama.cpp does not, so nobody could say which model this is.
            let head = self.raw("lm_head.weight").ok();
            if head.is_some() && head == self.raw("model.embed_tokens.weight").ok() {
                self.tensors.remove("lm_head.weight");
            } else {
                problems.push(
                    "`lm_head.weight` differs from the embedding although `tie_word_embeddings` is true".to_owned(),
                );
            }
        }
        let mut known = BTreeSet::new();
        for (name, shape) in self.config.expected_tensors() {
            match self.tensors.get(&name) {
                None => problems.push(format!("`{name}` {shape:?} is missing")),
                Some(entry) if entry.info.shape != shape => {
                    problems.push(format!("`{name}` is {:?}, expected {shape:?}", entry.info.shape));
                }
                Some(_) => self.names.push(name.clone()),
            }
            known.insert(name);
        }
        for name in self.tensors.keys() {
            // Old checkpoints carry the rotary frequencies as a buffer; they follow from the settings.
            let lm_head_reported = name == "lm_head.weight" && self.config.tie_word_embeddings;
            if !known.contains(name) && !name.ends_with("rotary_emb.inv_freq") && !lm_head_reported {
                problems.push(format!("`{name}` is not part of a `{}` model", self.config.family.name()));
            }
        }
    }

    /// The directory it was opened from.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The checked settings.
    #[must_use]
    pub fn config(&self) -> &LlamaConfig {
        &self.config
    }

    /// All tensors in model order; a tied head is not among them.
    #[must_use]
    pub fn tensor_names(&self) -> &[String] {
        &self.names
    }

    fn entry(&self, name: &str) -> Result<&Entry, HubError> {
        self.tensors.get(name).ok_or_else(|| HubError::NoTensor { name: name.to_owned() })
    }

    /// Type and shape of a tensor.
    ///
    /// # Errors
    /// [`HubError::NoTensor`].
    pub fn info(&self, name: &str) -> Result<&TensorInfo, HubError> {
        Ok(&self.entry(name)?.info)
    }

    /// Shape of a tensor in torch order.
    ///
    /// # Errors
    /// [`HubError::NoTensor`].
    pub fn shape(&self, name: &str) -> Result<&[usize], HubError> {
        Ok(&self.entry(name)?.info.shape)
    }

    /// The stored bytes, little endian, not necessarily aligned.
    ///
    /// # Errors
    /// [`HubError::NoTensor`].
    pub fn raw(&self, name: &str) -> Result<(&[u8], Dtype), HubError> {
        let entry = self.entry(name)?;
        let bytes = self.shards.get(entry.shard_idx).and_then(|(_, map)| map.get(entry.start..entry.end));
        let bytes = bytes.ok_or_else(|| HubError::NoTensor { name: name.to_owned() })?;
        Ok((bytes, entry.info.dtype))
    }

    /// Gives the memory of a tensor's file pages back: whoever has copied it needs them no more. Reading it again is
    /// fine, and takes them again.
    pub fn forget(&self, name: &str) {
        if let Ok(entry) = self.entry(name)
            && let Some((_, map)) = self.shards.get(entry.shard_idx)
        {
            give_back(map, entry.start, entry.end.saturating_sub(entry.start));
        }
    }

    /// The tensor as f32, row-major; exact for every stored type.
    ///
    /// # Errors
    /// [`HubError::NoTensor`].
    pub fn load_f32(&self, name: &str) -> Result<Vec<f32>, HubError> {
        let (bytes, dtype) = self.raw(name)?;
        let mut values = Vec::with_capacity(bytes.len() / dtype.size());
        dtype.decode_into(bytes, &mut values);
        Ok(values)
    }

    /// Where `tokenizer.json` is, whether or not it exists.
    #[must_use]
    pub fn tokenizer_path(&self) -> PathBuf {
        self.dir.join("tokenizer.json")
    }

    /// `tokenizer.json`, parsed.
    ///
    /// # Errors
    /// [`HubError::Missing`], [`HubError::Json`].
    pub fn tokenizer_json(&self) -> Result<Value, HubError> {
        let missing = || HubError::Missing { dir: self.dir.clone(), file: "tokenizer.json".to_owned() };
        read_json(&self.tokenizer_path())?.ok_or_else(missing)
    }

    /// `tokenizer_config.json`, or null when the folder has none.
    #[must_use]
    pub fn tokenizer_config(&self) -> &Value {
        &self.tokenizer_config
    }

    /// The chat template: `chat_template.jinja` first, as transformers does, then tokenizer_config.json.
    ///
    /// Of several named templates the one called `default` counts.
    ///
    /// # Errors
    /// [`HubError::Io`] or [`HubError::Json`] when the file cannot be read.
    pub fn chat_template(&self) -> Result<Option<String>, HubError> {
        if let Some(template) = read_text(&self.dir.join("chat_template.jinja"))? {
            return Ok(Some(template));
        }
        Ok(match self.tokenizer_config.get("chat_template") {
            Some(Value::String(template)) => Some(template.clone()),
            Some(Value::Array(named)) => named
                .iter()
                .find(|entry| entry.get("name").is_some_and(|name| name == "default"))
                .and_then(|entry| entry.get("template"))
                .and_then(Value::as_str)
                .map(str::to_owned),
            _ => None,
        })
    }

    /// Names of bos, eos and pad from tokenizer_config.json, else special_tokens_map.json.
    ///
    /// # Errors
    /// [`HubError::Io`] or [`HubError::Json`].
    pub fn special_tokens(&self) -> Result<SpecialTokens, HubError> {
        let fallback = read_json(&self.dir.join("special_tokens_map.json"))?.unwrap_or(Value::Null);
        let name = |key: &str| {
            let entry = |value: &Value| match value.get(key)? {
                Value::String(text) => Some(text.clone()),
                other => other.get("content")?.as_str().map(str::to_owned),
            };
            entry(&self.tokenizer_config).or_else(|| entry(&fallback))
        };
        Ok(SpecialTokens { bos: name("bos_token"), eos: name("eos_token"), pad: name("pad_token") })
    }

    /// The start of `README.md`, the model card; what is not UTF-8 in it is replaced.
    ///
    /// # Errors
    /// [`HubError::Io`].
    pub fn model_card(&self) -> Result<Option<String>, HubError> {
        let path = self.dir.join("README.md");
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(HubError::io(path)(error)),
        };
        let mut bytes = Vec::new();
        file.take(CARD_BYTES).read_to_end(&mut bytes).map_err(HubError::io(path))?;
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// `generation_config.json`, or null when the folder has none.
    ///
    /// # Errors
    /// [`HubError::Io`] or [`HubError::Json`].
    pub fn generation_config(&self) -> Result<Value, HubError> {
        Ok(read_json(&self.dir.join("generation_config.json"))?.unwrap_or(Value::Null))
    }

    /// Ids that end a generation: generation_config.json's, else config.json's.
    ///
    /// # Errors
    /// [`HubError::Io`] or [`HubError::Json`].
    pub fn generation_eos_ids(&self) -> Result<Vec<u32>, HubError> {
        let id = |value: &Value| value.as_u64().and_then(|id| u32::try_from(id).ok());
        let ids: Vec<u32> = match self.generation_config()?.get("eos_token_id") {
            Some(Value::Array(list)) => list.iter().filter_map(id).collect(),
            Some(single) => id(single).into_iter().collect(),
            None => Vec::new(),
        };
        Ok(if ids.is_empty() { self.config.eos_token_ids.clone() } else { ids })
    }

    /// Hash of everything that decides what the model says: settings, weights, tokenizer and template.
    ///
    /// Reads every byte (seconds for 6 GB), so that a changed weight cannot hide.
    ///
    /// # Errors
    /// [`HubError::Io`].
    pub fn content_hash(&self) -> Result<ContentHash, HubError> {
        let mut hasher = Hasher::new();
        for file in super::save::SIDECARS.iter().chain(&["config.json"]) {
            let path = self.dir.join(file);
            match std::fs::read(&path) {
                Ok(bytes) => hasher = hasher.text(file).bytes(&bytes),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(HubError::io(path)(error)),
            }
        }
        for (path, map) in &self.shards {
            // Piece by piece, each given back: a model should not have to be in memory for its name.
            let pieces = map.chunks(HASHED_BYTES).enumerate().map(|(i, piece)| {
                give_back(map, i.saturating_sub(1) * HASHED_BYTES, HASHED_BYTES);
                piece
            });
            hasher = hasher.text(&path.file_name().unwrap_or_default().to_string_lossy()).pieces(map.len(), pieces);
            give_back(map, 0, map.len());
        }
        Ok(hasher.finish())
    }
}

/// Bytes of a model card that are read: its settings stand at the top.
const CARD_BYTES: u64 = 1 << 20;

/// Bytes of a weight file that are hashed at a time.
const HASHED_BYTES: usize = 16 << 20;

/// Gives the memory of a file's pages back; reading them again takes them again.
fn give_back(map: &Mmap, start: usize, len: usize) {
    #[cfg(unix)]
    {
        // SAFETY: the pages belong to a file that is only read; dropped ones are read from it again.
        let _ = unsafe { map.unchecked_advise_range(memmap2::UncheckedAdvice::DontNeed, start, len) };
    }
    #[cfg(not(unix))]
    let _ = (map, start, len);
}

/// The weight files in reading order, and the index's tensor -> file table when there is one.
type WeightFiles = (Vec<String>, Option<BTreeMap<String, String>>);

fn weight_files(dir: &Path) -> Result<WeightFiles, HubError> {
    // transformers looks for the single file first, so a stale index beside it does no harm there nor here.
    if dir.join("model.safetensors").exists() {
        return Ok((vec!["model.safetensors".to_owned()], None));
    }
    let path = dir.join("model.safetensors.index.json");
    let Some(index) = read_json(&path)? else {
        return Err(HubError::Missing {
            dir: dir.to_owned(),
            file: "model.safetensors (nor model.safetensors.index.json)".to_owned(),
        });
    };
    let bad = |reason: &str| HubError::Json { path: path.clone(), reason: reason.to_owned() };
    let entries = index.get("weight_map").and_then(Value::as_object).ok_or_else(|| bad("no `weight_map`"))?;
    let mut weight_map = BTreeMap::new();
    for (name, file) in entries {
        let file = file.as_str().ok_or_else(|| bad("a `weight_map` value is not a string"))?;
        // Only plain names: an index must not make us read outside its folder.
        if !file.ends_with(".safetensors") || file.contains(['/', '\\']) {
            return Err(bad(&format!("`{file}` is not a plain .safetensors name")));
        }
        weight_map.insert(name.clone(), file.to_owned());
    }
    let files: BTreeSet<String> = weight_map.values().cloned().collect();
    Ok((files.into_iter().collect(), Some(weight_map)))
}

#[cfg(test)]
mod tests;
