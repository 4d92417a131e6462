//! Export: a model comes in, whole or as a base with adapters, and one GGUF file for llama.cpp goes out.
//!
//! Tensors are read, converted and written a few million weights at a time, in one pass and with no file in between,
//! so memory stays flat whatever the model. The bytes are those of merging first, converting to bf16 and quantising
//! that. The file appears under its name only when it is complete and whoever asked for it has agreed
//! ([`Exported::commit`]).

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::mpsc;

use super::error::GgufError;
use super::importance::Importance;
use super::mixture::Quant;
use super::quantize::quantize_rows;
use super::source::{Part, Source};
use super::value::Value;
use super::write::{TensorSpec, Writer, value_offset};
use crate::hub::Staged;

/// Weights converted at a time: 16 MiB as f32.
const CHUNK_ELEMENTS: usize = 4 << 20;
/// Converted chunks that may wait for the disk.
const WAITING_CHUNKS: usize = 4;

/// How a model is written.
#[derive(Clone, Debug)]
pub struct ExportOptions<'a> {
    /// The mix of types.
    pub quant: Quant,
    /// How much each column of a matrix matters.
    pub importance: Option<&'a Importance>,
    /// Metadata behind the model's own. Values can be set again before [`Exported::commit`].
    pub notes: Vec<(String, Value)>,
}

impl ExportOptions<'_> {
    /// A mix and nothing else.
    #[must_use]
    pub const fn new(quant: Quant) -> Self {
        Self { quant, importance: None, notes: Vec::new() }
    }
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportSummary {
    /// Size of the file.
    pub bytes: u64,
    /// Number of tensors by ggml type name.
    pub tensors: BTreeMap<&'static str, usize>,
    /// Bits per weight, all tensors together, in thousandths.
    pub millibits_per_weight: u64,
}

/// A finished file under a temporary name. Dropped without [`Exported::commit`] it is gone.
pub struct Exported {
    staged: Staged,
    /// What is in it.
    pub summary: ExportSummary,
    metadata: Vec<(String, Value)>,
}

impl Exported {
    /// Where it lies meanwhile.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.staged.path()
    }

    /// Writes another value of the same type and size over one of the metadata.
    ///
    /// # Errors
    /// [`GgufError::Metadata`] for an unknown key or another size; [`GgufError::Io`].
    pub fn set(&mut self, key: &str, value: Value) -> Result<(), GgufError> {
        let (at, bytes) = value_offset(&self.metadata, key, &value)?;
        let io = |source| GgufError::Io { path: self.staged.path().to_owned(), source };
        let mut file = OpenOptions::new().write(true).open(self.staged.path()).map_err(io)?;
        file.seek(SeekFrom::Start(at)).map_err(io)?;
        file.write_all(&bytes).map_err(io)?;
        file.sync_all().map_err(io)?;
        if let Some((_, old)) = self.metadata.iter_mut().find(|(name, _)| name == key) {
            *old = value;
        }
        Ok(())
    }

    /// Gives the file its name; one that had it is replaced.
    ///
    /// # Errors
    /// [`GgufError::Hub`] when it cannot be renamed.
    pub fn commit(self) -> Result<ExportSummary, GgufError> {
        self.staged.commit()?;
        Ok(self.summary)
    }
}

/// Writes a model beside `out`, where [`Exported::commit`] puts it.
///
/// `progress` receives bytes of tensor data `(done, total)`; false stops.
///
/// # Errors
/// [`GgufError::Unsupported`] and [`GgufError::Tokenizer`] before anything is written; [`GgufError::Value`] for a weight
/// that cannot be stored; [`GgufError::Importance`] for a matrix of another model; [`GgufError::Stopped`];
/// [`GgufError::Hub`], [`GgufError::Merge`], [`GgufError::Io`] and [`GgufError::Writer`] for the file system.
pub fn export(
    source: &dyn Source,
    out: &Path,
    options: &ExportOptions<'_>,
    progress: &mut dyn FnMut(u64, u64) -> bool,
) -> Result<Exported, GgufError> {
    let mut metadata = source.metadata(options.quant)?;
    metadata.extend(options.notes.iter().cloned());
    let parts = source.parts()?;
    let specs: Vec<TensorSpec> = parts.iter().map(|part| spec(source, part, options)).collect();
    let weights: u64 = specs.iter().map(|s| s.shape.iter().product::<usize>() as u64).sum();
    check_importance(&specs, options.importance)?;

    let staged = Staged::file(out, true)?;
    let io = |source| GgufError::Io { path: staged.path().to_owned(), source };
    let total = specs.iter().map(TensorSpec::bytes).sum::<Result<usize, _>>()? as u64;
    let file = File::create(staged.path()).map_err(io)?;
    let mut writer = Writer::start(BufWriter::with_capacity(1 << 20, file), &metadata, &specs)?;
    let mut tensors = BTreeMap::new();
    for spec in &specs {
        *tensors.entry(spec.ggml_type.name()).or_insert(0) += 1;
    }
    // Writing waits for the disk, converting for the processor: each on threads of its own.
    let (bytes, file) = std::thread::scope(|scope| {
        let (to_disk, chunks) = mpsc::sync_channel::<Vec<u8>>(WAITING_CHUNKS);
        let disk = scope.spawn(move || -> Result<(u64, BufWriter<File>), GgufError> {
            for chunk in chunks {
                writer.data(&chunk)?;
            }
            writer.finish().map(|(file, bytes)| (bytes, file))
        });
        let mut done = 0;
        let mut sent = || -> Result<(), GgufError> {
            for (part, spec) in parts.iter().zip(&specs) {
                convert(source, part, spec, options.importance, &mut |chunk| {
                    done += chunk.len() as u64;
                    // The other end hangs up when it fails; its own error is the one to tell.
                    Ok(to_disk.send(chunk).is_ok())
                        .and_then(|listens| if progress(done, total) { Ok(listens) } else { Err(GgufError::Stopped) })
                })?;
                source.forget(part);
            }
            Ok(())
        };
        let converted = sent();
        drop(to_disk);
        let written = disk.join().unwrap_or_else(|_| Err(GgufError::Writer { what: "the writer died".to_owned() }));
        // A failed conversion leaves tensors unfinished, which the writer would complain about.
        converted.and(written)
    })?;
    let file = file.into_inner().map_err(|error| io(error.into_error()))?;
    file.sync_all().map_err(io)?;
    let bits = specs.iter().map(TensorSpec::bytes).sum::<Result<usize, _>>()? as u64 * 8_000;
    let millibits_per_weight = bits / weights.max(1);
    Ok(Exported { staged, summary: ExportSummary { bytes, tensors, millibits_per_weight }, metadata })
}

fn spec(source: &dyn Source, part: &Part, options: &ExportOptions<'_>) -> TensorSpec {
    let importance = options.importance.is_some();
    let ggml_type = options.quant.tensor_type(&part.name, &part.shape, source.config(), importance);
    TensorSpec { name: part.name.clone(), shape: part.shape.clone(), ggml_type }
}

/// A matrix of another model would be worse than none.
fn check_importance(specs: &[TensorSpec], importance: Option<&Importance>) -> Result<(), GgufError> {
    let Some(importance) = importance else { return Ok(()) };
    let mut problems = Vec::new();
    for spec in specs {
        let columns = spec.shape.last().copied().unwrap_or(0);
        if let Some(row) = importance.get(&spec.name)
            && row.len() != columns
        {
            problems.push(format!("`{}` has {columns} columns, the matrix {}", spec.name, row.len()));
        }
    }
    if !specs.iter().any(|spec| importance.get(&spec.name).is_some()) {
        problems.push("it names none of the model's tensors".to_owned());
    }
    if problems.is_empty() { Ok(()) } else { Err(GgufError::Importance { problems }) }
}

/// Converts one tensor by chunks of whole rows, reordering them on the way. `emit` returning false ends it early.
fn convert(
    source: &dyn Source,
    part: &Part,
    spec: &TensorSpec,
    importance: Option<&Importance>,
    emit: &mut dyn FnMut(Vec<u8>) -> Result<bool, GgufError>,
) -> Result<(), GgufError> {
    let (rows, columns) = part.size();
    let importance = importance.and_then(|importance| importance.get(&spec.name));
    // Rows move within a head, so a chunk holds whole heads.
    let unit = part.order.span();
    let rows_per_chunk = (CHUNK_ELEMENTS / columns.max(1) / unit * unit).max(unit);
    let mut values = Vec::new();
    for start in (0..rows).step_by(rows_per_chunk) {
        let chunk = start..(start + rows_per_chunk).min(rows);
        source.rows(part, chunk.clone(), &mut values)?;
        let fill = |row: usize, to: &mut Vec<f32>| {
            let at = (part.order.hf_row(row) - start) * columns;
            // A row outside the chunk leaves `to` short, which the quantiser reports.
            to.extend_from_slice(values.get(at..at + columns).unwrap_or_default());
        };
        let bytes = quantize_rows(spec.ggml_type, chunk, columns, importance, &fill)
            .map_err(|row| GgufError::Value { tensor: spec.name.clone(), row, ggml_type: spec.ggml_type.name() })?;
        if !emit(bytes)? {
            return Ok(());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
