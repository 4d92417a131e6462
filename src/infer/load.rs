//! A file or a folder to a decoder with all that is needed to talk to it.

use std::path::Path;
use std::sync::Arc;

use super::decoder::{DecodeError, Decoder};
use crate::batch::Encoder;
use crate::gguf::GgufModel;
use crate::hub::{Adapter, Folder};
use crate::merge::Merged;
use crate::model::{self, LoadError};
use crate::train::engine::EngineError;
use crate::train::estimate::Base;

/// A speaker could not be made.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Tokenizer, template, folder or file.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The weights.
    #[error(transparent)]
    Decode(#[from] DecodeError),
}

impl From<crate::gguf::GgufError> for OpenError {
    fn from(error: crate::gguf::GgufError) -> Self {
        Self::Load(error.into())
    }
}

/// A decoder with its tokenizer.
pub struct Speaker {
    /// Layers and head.
    pub decoder: Decoder,
    /// Tokenizer and template.
    pub encoder: Encoder,
    /// Ids that end a turn.
    pub stop_ids: Vec<u32>,
}

impl Speaker {
    /// A GGUF, whose weights stay in the mapped file.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn of_gguf(path: &Path, threads: usize) -> Result<Self, OpenError> {
        let file = Arc::new(GgufModel::open(path)?);
        let encoder = model::encoder_of_gguf(&file)?;
        let stop_ids = file.stop_ids().to_vec();
        Ok(Self { decoder: Decoder::of_gguf(&file, threads, path.to_owned())?, encoder, stop_ids })
    }

    /// A folder with adapters merged into it, in bf16.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn of_folder(folder: &Folder, adapters: &[Adapter], threads: usize) -> Result<Self, OpenError> {
        let path = folder.dir().to_owned();
        let decoder = if adapters.is_empty() {
            Decoder::new(folder, Base::Bf16, threads, path)?
        } else {
            let merged = Merged::new(folder, adapters).map_err(|e| DecodeError::from(EngineError::from(e)))?;
            Decoder::new(&merged, Base::Bf16, threads, path)?
        };
        let stop_ids = folder.generation_eos_ids().map_err(LoadError::from)?;
        Ok(Self { decoder, encoder: model::encoder(folder)?, stop_ids })
    }
}
