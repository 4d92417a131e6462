//! Export: an opened Hugging Face folder comes in, one GGUF file for llama.cpp goes out.
//!
//! Tensors are converted a few million weights at a time, so memory stays flat whatever the model. Values are taken
//! from the folder as stored: for our bf16 folders that is exactly what `convert_hf_to_gguf.py` and `llama-quantize`
//! would see. The file appears under its name only when it is complete.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use super::error::GgufError;
use super::metadata::model_metadata;
use super::mixture::Quant;
use super::names::{ROPE_FREQS, RowOrder, to_gguf};
use super::quantize::quantize_rows;
use super::tokenizer::GgufTokenizer;
use super::value::GgmlType;
use super::write::{TensorSpec, Writer};
use crate::hub::{Folder, Staged};

/// Weights converted at a time: 16 MiB as f32.
const CHUNK_ELEMENTS: usize = 4 << 20;

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportSummary {
    /// Size of the file.
    pub bytes: u64,
    /// Number of tensors by ggml type name.
    pub tensors: BTreeMap<&'static str, usize>,
}

/// Writes `folder` to the file `out` in the mix `quant`; an existing file is replaced.
///
/// `progress` receives bytes of tensor data `(done, total)`.
///
/// # Errors
/// [`GgufError::Tokenizer`] before anything is written; [`GgufError::Value`] for a weight that cannot be stored;
/// [`GgufError::Hub`], [`GgufError::Io`] and [`GgufError::Writer`] for the file system.
pub fn export(
    folder: &Folder,
    out: &Path,
    quant: Quant,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<ExportSummary, GgufError> {
    let mut metadata = model_metadata(folder, quant.file_type())?;
    let tokenizer = GgufTokenizer::from_folder(folder)?;
    metadata.extend(tokenizer.into_metadata(folder.chat_template()?));
    let plan = plan(folder, quant)?;

    let staged = Staged::file(out, true)?;
    let io = |source| GgufError::Io { path: staged.path().to_owned(), source };
    let file = BufWriter::with_capacity(1 << 20, File::create(staged.path()).map_err(io)?);
    let specs: Vec<TensorSpec> = plan.iter().map(|(_, spec)| spec.clone()).collect();
    let total_bytes = specs.iter().map(TensorSpec::bytes).sum::<Result<usize, _>>()? as u64;
    let mut writer = Writer::start(file, &metadata, &specs)?;
    let mut tensors = BTreeMap::new();
    let mut done_bytes = 0u64;
    for (source, spec) in &plan {
        *tensors.entry(spec.ggml_type.name()).or_insert(0) += 1;
        let mut emit = |bytes: &[u8]| -> Result<(), GgufError> {
            writer.data(bytes)?;
            done_bytes += bytes.len() as u64;
            progress(done_bytes, total_bytes);
            Ok(())
        };
        match source {
            Source::RopeFreqs(factors) => {
                emit(&factors.iter().flat_map(|factor| factor.to_le_bytes()).collect::<Vec<u8>>())?;
            }
            Source::Tensor(name) => convert(folder, name, spec, &mut emit)?,
        }
    }
    let (file, bytes) = writer.finish()?;
    let file = file.into_inner().map_err(|error| io(error.into_error()))?;
    file.sync_all().map_err(io)?;
    staged.commit()?;
    Ok(ExportSummary { bytes, tensors })
}

/// Where a tensor of the file comes from.
enum Source {
    RopeFreqs(Vec<f32>),
    /// Hugging Face name.
    Tensor(String),
}

/// All tensors in file order: rope factors first, then model order. A tied head is not written a second time.
fn plan(folder: &Folder, quant: Quant) -> Result<Vec<(Source, TensorSpec)>, GgufError> {
    let config = folder.config();
    let mut plan = Vec::new();
    if let Some(factors) = config.rope_freqs() {
        let spec = TensorSpec { name: ROPE_FREQS.to_owned(), shape: vec![factors.len()], ggml_type: GgmlType::F32 };
        plan.push((Source::RopeFreqs(factors), spec));
    }
    for hf_name in folder.tensor_names() {
        let name = to_gguf(hf_name)
            .ok_or_else(|| GgufError::Unsupported { what: format!("tensor `{hf_name}` has no GGUF name") })?;
        let shape = folder.shape(hf_name)?.to_vec();
        let ggml_type = quant.tensor_type(&name, &shape, config);
        plan.push((Source::Tensor(hf_name.clone()), TensorSpec { name, shape, ggml_type }));
    }
    Ok(plan)
}

/// Converts one tensor by row chunks, reordering the rows of q and k on the way.
fn convert(
    folder: &Folder,
    hf_name: &str,
    spec: &TensorSpec,
    emit: &mut dyn FnMut(&[u8]) -> Result<(), GgufError>,
) -> Result<(), GgufError> {
    let (bytes, dtype) = folder.raw(hf_name)?;
    let (columns, rows) = match spec.shape[..] {
        [columns] => (columns, 1),
        [rows, columns] => (columns, rows),
        _ => return Err(GgufError::Unsupported { what: format!("`{hf_name}` with shape {:?}", spec.shape) }),
    };
    let order = RowOrder::of(hf_name, folder.config().family, folder.config().head_dim);
    let row_bytes = columns * dtype.size();
    let fill = |row: usize, values: &mut Vec<f32>| {
        let start = order.hf_row(row) * row_bytes;
        // A row outside the tensor leaves `values` short, which the quantiser reports.
        dtype.decode_into(bytes.get(start..start + row_bytes).unwrap_or_default(), values);
    };
    let rows_per_chunk = (CHUNK_ELEMENTS / columns.max(1)).max(1);
    for start in (0..rows).step_by(rows_per_chunk) {
        let chunk = start..(start + rows_per_chunk).min(rows);
        let converted = quantize_rows(spec.ggml_type, chunk, columns, &fill).map_err(|row| GgufError::Value {
            tensor: spec.name.clone(),
            row,
            ggml_type: spec.ggml_type.name(),
        })?;
        emit(&converted)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
