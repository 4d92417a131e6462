//! Descriptions of what was exported: read from the GGUF, or from the merged folder.

use std::collections::BTreeMap;
use std::path::Path;

use super::Description;
use crate::error::Error;
use crate::gguf::{GgufModel, Value};
use crate::hub::Folder;

/// Tokens of context where nobody asks for another number: what a phone can hold, and more than a student was trained
/// on at once.
const CONTEXT: usize = 4096;

/// A little warmth for conversation; `distill chat` itself takes the likeliest token unless told otherwise.
const TEMPERATURE: f64 = 0.7;

impl Description {
    /// Reads what a GGUF says of itself.
    ///
    /// # Errors
    /// What is not a GGUF of a student.
    pub fn of_gguf(name: &str, path: &Path) -> Result<Self, Error> {
        let model = GgufModel::open(path).map_err(|e| Error::at(path, e.to_string()).maybe_hint(e.hint()))?;
        let gguf = model.gguf();
        let texts = gguf.need_strings("tokenizer.ggml.tokens").map_err(|e| Error::at(path, e.to_string()))?;
        let text_of = |id: u64| usize::try_from(id).ok().and_then(|id| texts.get(id)).map(|text| (*text).to_owned());
        let named =
            |key: &str| gguf.get(&format!("tokenizer.ggml.{key}_token_id")).and_then(Value::as_u64).and_then(text_of);
        let names = [("bos_token", "bos"), ("eos_token", "eos"), ("pad_token", "padding")];
        // Without the key llama.cpp adds bos for Llama's tokenizers and no others.
        let by_pre = matches!(gguf.get_str("tokenizer.ggml.pre"), Some("llama-bpe" | "llama3" | "llama-v3"));
        let adds = gguf.get("tokenizer.ggml.add_bos_token").and_then(Value::as_bool);
        Ok(Self {
            gguf: Some(path.to_owned()),
            chat_template: model.chat_template().map(str::to_owned),
            tokens: names.into_iter().filter_map(|(name, key)| Some((name.to_owned(), named(key)?))).collect(),
            adds_bos: adds.unwrap_or(by_pre),
            stops: model.stop_ids().iter().filter_map(|id| text_of(u64::from(*id))).collect(),
            context: model.config().context_limit().min(CONTEXT),
            ..Self::empty(name)
        })
    }

    /// Reads what a merged folder says of itself.
    ///
    /// # Errors
    /// A tokenizer or template that cannot be read.
    pub fn of_folder(name: &str, folder: &Folder) -> Result<Self, Error> {
        let fault = |e: crate::hub::HubError| Error::at(folder.dir(), e.to_string()).maybe_hint(e.hint());
        let special = folder.special_tokens().map_err(fault)?;
        let names = [("bos_token", special.bos), ("eos_token", special.eos.clone()), ("pad_token", special.pad)];
        Ok(Self {
            folder: Some(folder.dir().to_owned()),
            chat_template: folder.chat_template().map_err(fault)?,
            tokens: names.into_iter().filter_map(|(name, token)| Some((name.to_owned(), token?))).collect(),
            stops: special.eos.into_iter().collect(),
            context: folder.config().context_limit().min(CONTEXT),
            ..Self::empty(name)
        })
    }

    fn empty(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            publisher: "distill".to_owned(),
            gguf: None,
            folder: None,
            chat_template: None,
            tokens: BTreeMap::new(),
            adds_bos: false,
            stops: Vec::new(),
            context: CONTEXT,
            temperature: TEMPERATURE,
            system: None,
            license: None,
        }
    }
}
