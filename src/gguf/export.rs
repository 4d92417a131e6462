//! Export: a model comes in, whole or as a base with adapters, and one GGUF file for llama.cpp goes out.
//!
//! Tensors are read, converted and written a few million weights at a time, in one pass and with no file in between,
//! so memory stays flat whatever the model. The bytes are those of merging first, converting to bf16 and quantising
//! that. The file appears under its name only when it is complete and whoever asked for it has agreed
//! ([`Exported::commit`]).

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use super::error::GgufError;
use super::importance::Importance;
use super::mixture::Quant;
use super::quantize::quantize_rows;
use super::source::{Part, Source};
use super::value::Value;
use super::write::{TensorSpec, Writer, plan_splits, split_metadata, split_path, value_offset};
use crate::hub::{Staged, check_space};

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
    /// Most bytes of tensors in one file; more become a set, as `llama-gguf-split` makes it.
    pub max_file_bytes: Option<u64>,
    /// Metadata behind the model's own. Values can be set again before [`Exported::commit`].
    pub notes: Vec<(String, Value)>,
}

impl ExportOptions<'_> {
    /// A mix and nothing else.
    #[must_use]
    pub const fn new(quant: Quant) -> Self {
        Self { quant, importance: None, max_file_bytes: None, notes: Vec::new() }
    }
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportSummary {
    /// Size of the file, or of all files of a set.
    pub bytes: u64,
    /// How many there are.
    pub files: usize,
    /// Number of tensors by ggml type name.
    pub tensors: BTreeMap<&'static str, usize>,
    /// Bits per weight, all tensors together, in thousandths.
    pub millibits_per_weight: u64,
}

/// Finished files under temporary names. Dropped without [`Exported::commit`] they are gone.
pub struct Exported {
    staged: Staged,
    out: PathBuf,
    paths: Vec<PathBuf>,
    /// What is in them.
    pub summary: ExportSummary,
    metadata: Vec<(String, Value)>,
}

impl Exported {
    /// Where the file, or the first of a set, lies meanwhile.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.paths.first().map_or(self.staged.path(), PathBuf::as_path)
    }

    /// Writes another value of the same type and size over one of the metadata.
    ///
    /// # Errors
    /// [`GgufError::Metadata`] for an unknown key or another size; [`GgufError::Io`].
    pub fn set(&mut self, key: &str, value: Value) -> Result<(), GgufError> {
        let (at, bytes) = value_offset(&self.metadata, key, &value)?;
        let io = |source| GgufError::Io { path: self.path().to_owned(), source };
        let mut file = OpenOptions::new().write(true).open(self.path()).map_err(io)?;
        file.seek(SeekFrom::Start(at)).map_err(io)?;
        file.write_all(&bytes).map_err(io)?;
        file.sync_all().map_err(io)?;
        if let Some((_, old)) = self.metadata.iter_mut().find(|(name, _)| name == key) {
            *old = value;
        }
        Ok(())
    }

    /// Gives the files their names; one that had the name is replaced. Returns the file to open, of a set the first.
    ///
    /// The first of an older set goes before anything else and that of the new one comes last: whenever a set can be
    /// opened it is whole, and of one model.
    ///
    /// # Errors
    /// [`GgufError::Hub`] or [`GgufError::Io`] when one cannot be renamed.
    pub fn commit(self) -> Result<(PathBuf, ExportSummary), GgufError> {
        if self.paths.len() == 1 {
            self.staged.commit()?;
            return Ok((self.out, self.summary));
        }
        let place = |path: &Path| self.out.with_file_name(path.file_name().unwrap_or_default());
        let first = place(self.path());
        match std::fs::remove_file(&first) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                return Err(GgufError::Io { path: first, source });
            }
            _ => {}
        }
        for path in self.paths.iter().rev() {
            let to = place(path);
            std::fs::rename(path, &to).map_err(|source| GgufError::Io { path: to, source })?;
        }
        Ok((first, self.summary))
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

    let total = specs.iter().map(TensorSpec::bytes).sum::<Result<usize, _>>()? as u64;
    let mut tensors = BTreeMap::new();
    for spec in &specs {
        *tensors.entry(spec.ggml_type.name()).or_insert(0) += 1;
    }
    let cut = match options.max_file_bytes {
        Some(most) => plan_splits(&specs, most)?,
        None => Vec::new(),
    };
    let (staged, files) = if cut.len() > 1 {
        let staged = Staged::dir(out, true)?;
        let name = staged.path().join(out.file_name().unwrap_or_default());
        let files = cut.iter().enumerate().map(|(no, range)| Piece {
            path: split_path(&name, no, cut.len()),
            metadata: split_metadata(&metadata, no, cut.len(), specs.len()),
            specs: specs[range.clone()].to_vec(),
        });
        (staged, files.collect())
    } else {
        let staged = Staged::file(out, true)?;
        let path = staged.path().to_owned();
        (staged, vec![Piece { path, metadata: metadata.clone(), specs: specs.clone() }])
    };
    let dir = staged.path().parent().unwrap_or(Path::new("."));
    check_space(dir, total)?;
    let paths: Vec<PathBuf> = files.iter().map(|file| file.path.clone()).collect();
    // Writing waits for the disk, converting for the processor: each on threads of its own.
    let bytes = std::thread::scope(|scope| {
        let (to_disk, chunks) = mpsc::sync_channel::<Vec<u8>>(WAITING_CHUNKS);
        let disk = scope.spawn(move || -> Result<u64, GgufError> {
            let mut set = Set::new(files);
            for chunk in chunks {
                set.data(&chunk)?;
            }
            set.finish()
        });
        let mut done = 0;
        let mut sent = || -> Result<(), GgufError> {
            for (part, spec) in parts.iter().zip(&specs) {
                let listens = convert(source, part, spec, options.importance, &mut |chunk| {
                    done += chunk.len() as u64;
                    // The other end hangs up when it fails; its own error is the one to tell.
                    let listens = to_disk.send(chunk).is_ok();
                    if progress(done, total) { Ok(listens) } else { Err(GgufError::Stopped) }
                })?;
                source.forget(part);
                if !listens {
                    break;
                }
            }
            Ok(())
        };
        let converted = sent();
        drop(to_disk);
        let written = disk.join().unwrap_or_else(|_| Err(GgufError::Writer { what: "the writer died".to_owned() }));
        // A failed conversion leaves tensors unfinished, which the writer would complain about.
        converted.and(written)
    })?;
    let millibits_per_weight = total * 8_000 / weights.max(1);
    let summary = ExportSummary { bytes, files: paths.len(), tensors, millibits_per_weight };
    Ok(Exported { staged, out: out.to_owned(), paths, summary, metadata })
}

/// One file to be written.
struct Piece {
    path: PathBuf,
    metadata: Vec<(String, Value)>,
    specs: Vec<TensorSpec>,
}

/// The files of an export, written one after the other.
struct Set {
    waiting: std::vec::IntoIter<Piece>,
    current: Option<(PathBuf, Writer<BufWriter<File>>)>,
    bytes: u64,
}

impl Set {
    fn new(files: Vec<Piece>) -> Self {
        Self { waiting: files.into_iter(), current: None, bytes: 0 }
    }

    /// Some bytes of the current tensor.
    fn data(&mut self, chunk: &[u8]) -> Result<(), GgufError> {
        if self.current.as_ref().is_none_or(|(_, writer)| writer.is_complete()) {
            self.next()?;
        }
        match &mut self.current {
            Some((_, writer)) => writer.data(chunk),
            None => Err(GgufError::Writer { what: "more data than the tensors announced".to_owned() }),
        }
    }

    /// Closes a file and opens the one after it.
    fn next(&mut self) -> Result<(), GgufError> {
        self.close()?;
        if let Some(Piece { path, metadata, specs }) = self.waiting.next() {
            let file = File::create(&path).map_err(|source| GgufError::Io { path: path.clone(), source })?;
            self.current = Some((path, Writer::start(BufWriter::with_capacity(1 << 20, file), &metadata, &specs)?));
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), GgufError> {
        let Some((path, writer)) = self.current.take() else { return Ok(()) };
        let io = |source| GgufError::Io { path: path.clone(), source };
        let (file, bytes) = writer.finish()?;
        let file = file.into_inner().map_err(|error| io(error.into_error()))?;
        file.sync_all().map_err(io)?;
        self.bytes += bytes;
        Ok(())
    }

    fn finish(mut self) -> Result<u64, GgufError> {
        self.close()?;
        match self.waiting.len() {
            0 => Ok(self.bytes),
            n => Err(GgufError::Writer { what: format!("{n} files without their data") }),
        }
    }
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

/// Converts one tensor by chunks of whole rows, reordering them on the way. False when `emit` said so, which ends it.
fn convert(
    source: &dyn Source,
    part: &Part,
    spec: &TensorSpec,
    importance: Option<&Importance>,
    emit: &mut dyn FnMut(Vec<u8>) -> Result<bool, GgufError>,
) -> Result<bool, GgufError> {
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
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests;
