//! What is exported: a folder, a folder with adapters, or another GGUF.

use std::ops::Range;

use rayon::prelude::*;

use super::dequantize::dequantize_row;
use super::error::GgufError;
use super::metadata::model_metadata;
use super::mixture::Quant;
use super::model::GgufModel;
use super::names::{ROPE_FREQS, RowOrder, to_gguf};
use super::tokenizer::GgufTokenizer;
use super::value::{GgmlType, Value};
use crate::hub::{Adapter, Folder, LlamaConfig};
use crate::merge::Merged;

/// One tensor of the file to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// GGUF name.
    pub name: String,
    /// Torch order.
    pub shape: Vec<usize>,
    /// How rows are ordered in the file, against the source's own order.
    pub order: RowOrder,
    /// The source's name for it, or its values.
    from: From,
}

#[derive(Debug, Clone, PartialEq)]
enum From {
    Named(String),
    Values(Vec<f32>),
}

impl Part {
    /// Rows and columns; a vector is one row.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        let columns = self.shape.last().copied().unwrap_or(0);
        (self.shape.iter().rev().skip(1).product(), columns)
    }
}

/// A model to be exported.
pub trait Source {
    /// Its settings.
    fn config(&self) -> &LlamaConfig;

    /// Metadata of the file, tokenizer and template included.
    ///
    /// # Errors
    /// What GGUF cannot express.
    fn metadata(&self, quant: Quant) -> Result<Vec<(String, Value)>, GgufError>;

    /// All tensors in file order.
    ///
    /// # Errors
    /// A tensor without a GGUF name.
    fn parts(&self) -> Result<Vec<Part>, GgufError>;

    /// Rows of a tensor in the source's order, row-major f32; `out` is written over.
    ///
    /// # Errors
    /// Weights that cannot be read or are no numbers.
    fn rows(&self, part: &Part, rows: Range<usize>, out: &mut Vec<f32>) -> Result<(), GgufError>;

    /// Gives the memory of a tensor's file pages back.
    fn forget(&self, part: &Part) {
        let _ = part;
    }
}

/// A Hugging Face folder with adapters, in order, merged into it on the way: values are those of the merged bf16
/// folder. Without adapters they are those of the folder, whatever it stores.
pub struct FolderSource<'a> {
    folder: &'a Folder,
    merged: Option<Merged<'a>>,
}

impl<'a> FolderSource<'a> {
    /// `adapters` may be empty.
    ///
    /// # Errors
    /// [`GgufError::Merge`] for adapters that do not fit.
    pub fn new(folder: &'a Folder, adapters: &'a [Adapter]) -> Result<Self, GgufError> {
        let merged = (!adapters.is_empty()).then(|| Merged::new(folder, adapters)).transpose()?;
        Ok(Self { folder, merged })
    }
}

impl Source for FolderSource<'_> {
    fn config(&self) -> &LlamaConfig {
        self.folder.config()
    }

    fn metadata(&self, quant: Quant) -> Result<Vec<(String, Value)>, GgufError> {
        let mut metadata = model_metadata(self.folder, quant.file_type())?;
        let tokenizer = GgufTokenizer::from_folder(self.folder)?;
        metadata.extend(tokenizer.into_metadata(self.folder.chat_template()?));
        Ok(metadata)
    }

    /// Rope factors first, then model order. A tied head is not written a second time.
    fn parts(&self) -> Result<Vec<Part>, GgufError> {
        let config = self.config();
        let mut parts = Vec::new();
        if let Some(factors) = config.rope_freqs() {
            parts.push(Part {
                name: ROPE_FREQS.to_owned(),
                shape: vec![factors.len()],
                order: RowOrder::default(),
                from: From::Values(factors),
            });
        }
        for name in self.folder.tensor_names() {
            let gguf = to_gguf(name)
                .ok_or_else(|| GgufError::Unsupported { what: format!("tensor `{name}` has no GGUF name") })?;
            parts.push(Part {
                name: gguf,
                shape: self.folder.shape(name)?.to_vec(),
                order: RowOrder::of(name, config.family, config.head_dim),
                from: From::Named(name.clone()),
            });
        }
        Ok(parts)
    }

    fn rows(&self, part: &Part, rows: Range<usize>, out: &mut Vec<f32>) -> Result<(), GgufError> {
        let name = match &part.from {
            From::Values(values) => {
                values.clone_into(out);
                return Ok(());
            }
            From::Named(name) => name,
        };
        let columns = part.size().1;
        if let Some(merged) = &self.merged {
            return Ok(merged.rows_f32(name, rows, out)?);
        }
        let (bytes, dtype) = self.folder.raw(name)?;
        let row_bytes = columns * dtype.size();
        let bytes = bytes.get(rows.start * row_bytes..rows.end * row_bytes);
        let bytes = bytes.ok_or_else(|| GgufError::Tensors { problems: vec![format!("`{name}` has no such rows")] })?;
        out.resize(rows.len() * columns, 0.0);
        if row_bytes > 0 {
            out.par_chunks_mut(columns).zip(bytes.par_chunks(row_bytes)).with_min_len(16).for_each(|(to, from)| {
                dtype.decode(from, to);
            });
        }
        Ok(())
    }

    fn forget(&self, part: &Part) {
        if let From::Named(name) = &part.from {
            self.folder.forget(name);
        }
    }
}

/// Another GGUF, its metadata and order of tensors kept.
pub struct FileSource<'a> {
    model: &'a GgufModel,
}

impl<'a> FileSource<'a> {
    /// # Errors
    /// [`GgufError::Unsupported`] when its weights are quantised already, unless `again` says that this is meant:
    /// what one quantisation has lost, the next cannot know.
    pub fn new(model: &'a GgufModel, again: bool) -> Result<Self, GgufError> {
        let wide = |t: GgmlType| matches!(t, GgmlType::F32 | GgmlType::F16 | GgmlType::BF16);
        let narrow = model.gguf().tensors().iter().find(|entry| !wide(entry.ggml_type));
        match narrow {
            Some(entry) if !again => Err(GgufError::Unsupported {
                what: format!(
                    "quantising what is quantised: `{}` is {}; export the folder, or a GGUF in f32, f16 or bf16",
                    entry.name,
                    entry.ggml_type.name()
                ),
            }),
            _ => Ok(Self { model }),
        }
    }
}

impl Source for FileSource<'_> {
    fn config(&self) -> &LlamaConfig {
        self.model.config()
    }

    fn metadata(&self, quant: Quant) -> Result<Vec<(String, Value)>, GgufError> {
        let own = |key: &str| matches!(key, "general.file_type" | "general.quantization_version");
        // Of parts only the reader knows, alignment is the writer's own, and what was measured or used belongs to the
        // file it was measured on or used for.
        let dropped = |key: &str| {
            key == "general.alignment"
                || ["split.", "quantize.imatrix.", "distill.gate."].iter().any(|prefix| key.starts_with(prefix))
        };
        let kept = self.model.gguf().metadata().iter().filter(|(key, _)| !own(key) && !dropped(key));
        let mut metadata: Vec<(String, Value)> = kept.cloned().collect();
        metadata.push(("general.quantization_version".to_owned(), Value::U32(2)));
        metadata.push(("general.file_type".to_owned(), Value::U32(quant.file_type())));
        Ok(metadata)
    }

    fn parts(&self) -> Result<Vec<Part>, GgufError> {
        let entries = self.model.gguf().tensors().iter();
        Ok(entries
            .map(|entry| Part {
                name: entry.name.clone(),
                shape: entry.shape.clone(),
                order: RowOrder::default(),
                from: From::Named(entry.name.clone()),
            })
            .collect())
    }

    fn rows(&self, part: &Part, rows: Range<usize>, out: &mut Vec<f32>) -> Result<(), GgufError> {
        let gone = || GgufError::Tensors { problems: vec![format!("`{}` has no such rows", part.name)] };
        let (entry, bytes) = self.model.gguf().tensor(&part.name).ok_or_else(gone)?;
        let columns = part.size().1;
        let row_bytes = entry.ggml_type.bytes_of(columns).filter(|&bytes| bytes > 0).ok_or_else(gone)?;
        let bytes = bytes.get(rows.start * row_bytes..rows.end * row_bytes).ok_or_else(gone)?;
        out.resize(rows.len() * columns, 0.0);
        out.par_chunks_mut(columns).zip(bytes.par_chunks(row_bytes)).with_min_len(16).for_each(|(to, from)| {
            dequantize_row(entry.ggml_type, from, to);
        });
        Ok(())
    }
}
