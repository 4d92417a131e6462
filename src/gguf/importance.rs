//! The importance matrix: how much each column of a weight counts, as mean squared activations of what the column is
//! multiplied with. In and out in llama.cpp's files.
//!
//! Sources: `tools/imatrix/imatrix.cpp`, `common/imatrix-loader.cpp` and `tools/quantize/quantize.cpp` of llama.cpp.
//! The GGUF form has, for every weight, sums of squares `NAME.in_sum2` and numbers of tokens `NAME.counts`; the form
//! before it (`.dat`) is read, not written. Files are taken to be hostile: values take at most three times the size of the
//! file, and names and entries are capped as those of a GGUF file are.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use super::error::GgufError;
use super::read::{Gguf, MAX_ENTRIES, MAX_NAME_LEN};
use super::value::{GgmlType, Value};
use super::write::{TensorSpec, Writer};
use crate::hub::{Staged, map_file};

const SUMS: &str = ".in_sum2";
const COUNTS: &str = ".counts";

/// What was gathered for one weight.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Entry {
    /// Sums of squared activations, `[matrices, columns]`; several matrices in a mixture of experts only.
    sums: Vec<f64>,
    /// Tokens that went through each matrix.
    counts: Vec<f64>,
    /// Sums over counts.
    means: Vec<f32>,
}

impl Entry {
    fn new(sums: Vec<f64>, counts: Vec<f64>) -> Self {
        let mut entry = Self { sums, counts, means: Vec::new() };
        entry.divide();
        entry
    }

    /// A matrix that no token reached counts the same in all columns, as llama-quantize has it.
    fn divide(&mut self) {
        self.means.clear();
        let columns = self.sums.len() / self.counts.len().max(1);
        for (sums, &count) in self.sums.chunks(columns.max(1)).zip(&self.counts) {
            self.means.extend(sums.iter().map(|sum| if count > 0.0 { (sum / count) as f32 } else { 1.0 }));
        }
    }

    /// Mean squared activations, one per column.
    #[must_use]
    pub fn means(&self) -> &[f32] {
        &self.means
    }

    /// Tokens, the most of all matrices.
    #[must_use]
    pub fn tokens(&self) -> f64 {
        self.counts.iter().copied().fold(0.0, f64::max)
    }
}

/// Importances by GGUF name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Importance {
    entries: BTreeMap<String, Entry>,
    datasets: Vec<String>,
    chunks: u32,
    chunk_size: u32,
}

impl Importance {
    /// Reads a file in either form.
    ///
    /// # Errors
    /// [`GgufError::Hub`] when it cannot be opened; [`GgufError::Malformed`] and [`GgufError::Unsupported`] for a
    /// file that is neither; [`GgufError::Importance`] with everything that is wrong with its entries.
    pub fn open(path: &Path) -> Result<Self, GgufError> {
        let is_gguf = map_file(path)?.starts_with(b"GGUF");
        if is_gguf { Self::from_gguf(&Gguf::open(path)?) } else { Self::from_legacy(&map_file(path)?) }
    }

    /// Takes the entries of a GGUF file.
    ///
    /// # Errors
    /// [`GgufError::Importance`].
    pub fn from_gguf(gguf: &Gguf) -> Result<Self, GgufError> {
        let mut problems = Vec::new();
        let mut found: BTreeMap<&str, [Option<Vec<f64>>; 2]> = BTreeMap::new();
        for tensor in gguf.tensors() {
            let parts = [tensor.name.strip_suffix(SUMS), tensor.name.strip_suffix(COUNTS)];
            for (which, name) in parts.into_iter().enumerate() {
                let Some(name) = name.filter(|name| !name.is_empty()) else { continue };
                let bytes = gguf.tensor(&tensor.name).map_or(&[][..], |(_, bytes)| bytes);
                if tensor.ggml_type == GgmlType::F32 {
                    let values = bytes.as_chunks().0.iter().map(|four| f64::from(f32::from_le_bytes(*four))).collect();
                    found.entry(name).or_default()[which] = Some(values);
                } else {
                    problems.push(format!("`{}` is {}, not F32", tensor.name, tensor.ggml_type.name()));
                }
            }
        }
        let mut importance = Self {
            chunks: gguf.get("imatrix.chunk_count").and_then(small).unwrap_or_default(),
            chunk_size: gguf.get("imatrix.chunk_size").and_then(small).unwrap_or_default(),
            ..Self::default()
        };
        if let Some(datasets) = gguf.get("imatrix.datasets").and_then(Value::as_array) {
            importance.datasets = datasets.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        }
        for (name, parts) in found {
            let [Some(sums), Some(counts)] = parts else {
                problems.push(format!("`{name}` has sums or counts, not both"));
                continue;
            };
            // Counts are whole; an f32 that is not is rounded, as llama.cpp rounds it.
            importance.insert(name, sums, counts.into_iter().map(f64::round).collect(), &mut problems);
        }
        importance.checked(problems)
    }

    /// Reads the form before GGUF: a count, then name, calls, number of values and values of each entry; then the
    /// number of chunks and the dataset, which old files lack.
    ///
    /// # Errors
    /// [`GgufError::Malformed`] with the place; [`GgufError::Importance`].
    pub fn from_legacy(bytes: &[u8]) -> Result<Self, GgufError> {
        let mut cursor = Cursor { bytes, at: 0 };
        let count = cursor.size("entries")?;
        // An entry has at least three numbers, a letter and a value, and takes many times that.
        if count == 0 || count > MAX_ENTRIES.min(bytes.len() / 17) {
            return Err(cursor.bad(format!("{count} entries in {} bytes", bytes.len())));
        }
        let mut importance = Self::default();
        let mut problems = Vec::new();
        for _ in 0..count {
            let name_len = cursor.size("letters of a name")?;
            if name_len > MAX_NAME_LEN {
                return Err(cursor.bad(format!("a name of {name_len} bytes, at most {MAX_NAME_LEN}")));
            }
            let name = std::str::from_utf8(cursor.take(name_len)?);
            let name = name.map_err(|_| cursor.bad("a name that is not UTF-8".to_owned()))?;
            let calls = cursor.size("calls")?;
            let len = cursor.size("values")?;
            let bytes = len.checked_mul(4).ok_or_else(|| cursor.bad(format!("{len} values")))?;
            let values = cursor.take(bytes)?.as_chunks().0;
            let sums = values.iter().map(|four| f64::from(f32::from_le_bytes(*four))).collect();
            // Values are means times calls; files from before calls were counted hold means.
            importance.insert(name, sums, vec![calls.max(1) as f64], &mut problems);
        }
        if cursor.at < bytes.len() {
            importance.chunks = u32::try_from(cursor.size("chunks")?).unwrap_or(u32::MAX);
            let len = cursor.size("letters of a dataset")?;
            let dataset = String::from_utf8_lossy(cursor.take(len)?).into_owned();
            importance.datasets.extend(Some(dataset).filter(|dataset| !dataset.is_empty()));
        }
        importance.checked(problems)
    }

    fn insert(&mut self, name: &str, sums: Vec<f64>, counts: Vec<f64>, problems: &mut Vec<String>) {
        let whole = !sums.is_empty() && !counts.is_empty() && sums.len().is_multiple_of(counts.len());
        if name.is_empty() || !whole {
            problems.push(format!("`{name}` has {} sums and {} counts", sums.len(), counts.len()));
        } else if sums.iter().chain(&counts).any(|value| !value.is_finite() || *value < 0.0) {
            problems.push(format!("`{name}` has a sum or count that is negative or not finite"));
        } else if self.entries.contains_key(name) {
            problems.push(format!("`{name}` twice"));
        } else {
            self.entries.insert(name.to_owned(), Entry::new(sums, counts));
        }
    }

    fn checked(self, mut problems: Vec<String>) -> Result<Self, GgufError> {
        if problems.is_empty() && self.entries.is_empty() {
            problems.push("the file has no entries".to_owned());
        }
        if problems.is_empty() { Ok(self) } else { Err(GgufError::Importance { problems }) }
    }

    /// Writes llama.cpp's GGUF form; the file appears under its name only when it is complete, an existing one is
    /// replaced. Sums are rounded to f32.
    ///
    /// # Errors
    /// [`GgufError::Tensors`] for a name over 55 bytes, which leaves no room for the suffix; [`GgufError::Hub`],
    /// [`GgufError::Io`] and [`GgufError::Writer`] for the file system.
    pub fn save(&self, path: &Path) -> Result<(), GgufError> {
        let staged = Staged::file(path, true)?;
        let io = |source| GgufError::Io { path: staged.path().to_owned(), source };
        let file = BufWriter::new(File::create(staged.path()).map_err(io)?);
        let file = self.write(file)?.into_inner().map_err(|error| io(error.into_error()))?;
        file.sync_all().map_err(io)?;
        staged.commit()?;
        Ok(())
    }

    fn write<W: std::io::Write>(&self, out: W) -> Result<W, GgufError> {
        let metadata = [
            ("general.type", Value::String("imatrix".to_owned())),
            ("imatrix.datasets", Value::strings(self.datasets.iter().cloned())),
            ("imatrix.chunk_count", Value::U32(self.chunks)),
            ("imatrix.chunk_size", Value::U32(self.chunk_size)),
        ]
        .map(|(key, value)| (key.to_owned(), value));
        let spec = |name: String, shape: Vec<usize>| TensorSpec { name, shape, ggml_type: GgmlType::F32 };
        let specs: Vec<TensorSpec> = self
            .entries
            .iter()
            .flat_map(|(name, entry)| {
                let matrices = entry.counts.len();
                let sums = spec(format!("{name}{SUMS}"), vec![matrices, entry.sums.len() / matrices.max(1)]);
                [sums, spec(format!("{name}{COUNTS}"), vec![matrices, 1])]
            })
            .collect();
        let mut writer = Writer::start(out, &metadata, &specs)?;
        for entry in self.entries.values() {
            for values in [&entry.sums, &entry.counts] {
                let bytes: Vec<u8> = values.iter().flat_map(|&value| (value as f32).to_le_bytes()).collect();
                writer.data(&bytes)?;
            }
        }
        Ok(writer.finish()?.0)
    }

    /// Mean squared activations of the columns of the weight with that GGUF name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&[f32]> {
        self.entries.get(name).map(Entry::means)
    }

    /// Adds sums of squared activations over `tokens` tokens, one sum per column.
    ///
    /// Returns false, and adds nothing, when the weight was seen with another number of columns.
    pub fn add(&mut self, name: &str, sums: &[f32], tokens: f32) -> bool {
        let entry = self.entries.entry(name.to_owned()).or_insert_with(|| Entry {
            sums: vec![0.0; sums.len()],
            counts: vec![0.0],
            means: Vec::new(),
        });
        if entry.sums.len() != sums.len() || entry.counts.len() != 1 {
            return false;
        }
        entry.sums.iter_mut().zip(sums).for_each(|(total, sum)| *total += f64::from(*sum));
        entry.counts.iter_mut().for_each(|count| *count += f64::from(tokens));
        entry.divide();
        true
    }

    /// Says what the sums were gathered on: names of data, and how many chunks of how many tokens.
    pub fn describe(&mut self, datasets: Vec<String>, chunks: usize, chunk_size: usize) {
        let small = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        (self.datasets, self.chunks, self.chunk_size) = (datasets, small(chunks), small(chunk_size));
    }

    /// All entries, by name.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries.iter().map(|(name, entry)| (name.as_str(), entry))
    }

    /// How many weights have an entry.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Chunks that were run.
    #[must_use]
    pub fn chunks(&self) -> u32 {
        self.chunks
    }

    /// What the sums were gathered on.
    #[must_use]
    pub fn datasets(&self) -> &[String] {
        &self.datasets
    }
}

fn small(value: &Value) -> Option<u32> {
    value.as_u64().and_then(|n| u32::try_from(n).ok())
}

/// A position in a legacy file.
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn bad(&self, what: String) -> GgufError {
        GgufError::Malformed { what: format!("importance matrix: {what}"), at: self.at as u64 }
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], GgufError> {
        let end = self.at.checked_add(len);
        let slice = end.and_then(|end| self.bytes.get(self.at..end));
        let slice = slice.ok_or_else(|| self.bad("the file ends early".to_owned()))?;
        self.at += len;
        Ok(slice)
    }

    /// A 32-bit number that must not be negative.
    fn size(&mut self, what: &str) -> Result<usize, GgufError> {
        let four = self.take(4)?;
        let number = four.first_chunk().map_or(-1, |four| i32::from_le_bytes(*four));
        usize::try_from(number).map_err(|_| self.bad(format!("{number} {what}")))
    }
}

#[cfg(test)]
mod tests;
