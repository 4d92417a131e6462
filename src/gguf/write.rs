//! The GGUF container, version 3, little endian: header first, then tensor data streamed in the announced order.
//!
//! llama.cpp demands that offsets are the running sum of padded sizes in the order of the tensor infos, so the
//! writer computes them itself and refuses any other order. Source: `ggml/src/gguf.cpp` (numerics sheet, 8.1).

use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::error::GgufError;
use super::value::{GgmlType, Value};

/// Where tensor data starts and continues; the default every reader assumes.
pub const ALIGNMENT: usize = 32;

/// One tensor to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorSpec {
    /// GGUF name, under 64 bytes.
    pub name: String,
    /// Shape in torch order, rows first; written reversed.
    pub shape: Vec<usize>,
    /// Element type.
    pub ggml_type: GgmlType,
}

impl TensorSpec {
    /// Bytes of the data, without padding.
    ///
    /// # Errors
    /// [`GgufError::Tensors`] when a row is not a whole number of blocks.
    pub fn bytes(&self) -> Result<usize, GgufError> {
        let columns = self.shape.last().copied().unwrap_or(0);
        let rows: usize = self.shape.iter().rev().skip(1).product();
        let bytes = self.ggml_type.bytes_of(columns).and_then(|row| row.checked_mul(rows));
        bytes.ok_or_else(|| GgufError::Tensors {
            problems: vec![format!("`{}` {:?} cannot be {}", self.name, self.shape, self.ggml_type.name())],
        })
    }
}

/// Writes one file. Data must follow in the order of the specs: [`Writer::data`] any number of times per tensor.
pub struct Writer<W: Write> {
    out: W,
    /// Bytes still owed per tensor, last tensor first.
    owed: Vec<usize>,
    current_bytes: usize,
    written: u64,
}

impl<W: Write> Writer<W> {
    /// Writes the header, metadata and tensor infos.
    ///
    /// # Errors
    /// [`GgufError::Tensors`] for names or shapes that no reader accepts; [`GgufError::Writer`] when writing fails.
    pub fn start(mut out: W, metadata: &[(String, Value)], tensors: &[TensorSpec]) -> Result<Self, GgufError> {
        let mut problems = Vec::new();
        for (idx, spec) in tensors.iter().enumerate() {
            if spec.name.is_empty() || spec.name.len() >= 64 || spec.shape.is_empty() || spec.shape.len() > 4 {
                problems.push(format!("`{}` {:?}: bad name or shape", spec.name, spec.shape));
            }
            if tensors.iter().take(idx).any(|other| other.name == spec.name) {
                problems.push(format!("`{}` twice", spec.name));
            }
        }
        for (idx, (key, _)) in metadata.iter().enumerate() {
            if key.is_empty() || metadata.iter().take(idx).any(|(other, _)| other == key) {
                problems.push(format!("key `{key}` empty or twice"));
            }
        }
        if !problems.is_empty() {
            return Err(GgufError::Tensors { problems });
        }
        let mut header = Vec::new();
        header.extend_from_slice(b"GGUF");
        header.extend_from_slice(&3u32.to_le_bytes());
        header.extend_from_slice(&(tensors.len() as u64).to_le_bytes());
        header.extend_from_slice(&(metadata.len() as u64).to_le_bytes());
        for (key, value) in metadata {
            put_string(&mut header, key);
            header.extend_from_slice(&value.type_id().to_le_bytes());
            put_value(&mut header, value);
        }
        let mut offset = 0usize;
        let mut owed = Vec::with_capacity(tensors.len());
        for spec in tensors {
            put_string(&mut header, &spec.name);
            header.extend_from_slice(&(spec.shape.len() as u32).to_le_bytes());
            for dim in spec.shape.iter().rev() {
                header.extend_from_slice(&(*dim as u64).to_le_bytes());
            }
            header.extend_from_slice(&spec.ggml_type.id().to_le_bytes());
            header.extend_from_slice(&(offset as u64).to_le_bytes());
            let bytes = spec.bytes()?;
            owed.push(bytes);
            offset += bytes.next_multiple_of(ALIGNMENT);
        }
        header.resize(header.len().next_multiple_of(ALIGNMENT), 0);
        out.write_all(&header).map_err(failed)?;
        owed.reverse();
        let mut writer = Self { out, owed, current_bytes: 0, written: header.len() as u64 };
        writer.close_finished_tensors()?;
        Ok(writer)
    }

    /// Writes the next bytes of the current tensor.
    ///
    /// # Errors
    /// [`GgufError::Writer`] for more bytes than the tensor has, or when writing fails.
    pub fn data(&mut self, bytes: &[u8]) -> Result<(), GgufError> {
        match self.owed.last_mut() {
            Some(owed) if bytes.len() <= *owed => *owed -= bytes.len(),
            _ => return Err(GgufError::Writer { what: "more data than the tensors announced".to_owned() }),
        }
        self.out.write_all(bytes).map_err(failed)?;
        self.written += bytes.len() as u64;
        self.current_bytes += bytes.len();
        self.close_finished_tensors()
    }

    /// Pads behind every tensor that is complete; the last one is padded too.
    fn close_finished_tensors(&mut self) -> Result<(), GgufError> {
        while self.owed.last() == Some(&0) {
            self.owed.pop();
            let padding = self.current_bytes.next_multiple_of(ALIGNMENT) - self.current_bytes;
            self.out.write_all(&[0; ALIGNMENT][..padding]).map_err(failed)?;
            self.written += padding as u64;
            self.current_bytes = 0;
        }
        Ok(())
    }

    /// Whether every tensor has its data.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.owed.is_empty()
    }

    /// Returns the sink and the size of the file.
    ///
    /// # Errors
    /// [`GgufError::Writer`] when tensors are incomplete.
    pub fn finish(mut self) -> Result<(W, u64), GgufError> {
        if !self.owed.is_empty() {
            return Err(GgufError::Writer { what: format!("{} tensors without their data", self.owed.len()) });
        }
        self.out.flush().map_err(failed)?;
        Ok((self.out, self.written))
    }
}

/// Where the value of `key` lies in a file that starts with `metadata`, and the bytes of `value` to be put there.
///
/// # Errors
/// [`GgufError::Metadata`] for an unknown key, or a value of another type or size.
pub fn value_offset(metadata: &[(String, Value)], key: &str, value: &Value) -> Result<(u64, Vec<u8>), GgufError> {
    // Magic, version and two counts.
    let mut at = 4 + 4 + 8 + 8;
    for (name, old) in metadata {
        let mut bytes = Vec::new();
        put_value(&mut bytes, old);
        // The key with its length, and the type.
        at += 8 + name.len() as u64 + 4;
        if name == key {
            let mut new = Vec::new();
            put_value(&mut new, value);
            return if old.type_id() == value.type_id() && bytes.len() == new.len() {
                Ok((at, new))
            } else {
                Err(super::error::metadata(key, "cannot become a value of another type or size"))
            };
        }
        at += bytes.len() as u64;
    }
    Err(super::error::metadata(key, "is not there"))
}

/// The most files of a set: a name has five digits, and every reader opens all of them.
pub const MAX_SPLITS: usize = 9_999;

/// Cuts tensors into files of at most `max_bytes` of padded tensor data each, as llama-gguf-split does: in order, and
/// a tensor that is larger stands alone. Every range is not empty, unless there are no tensors at all.
///
/// # Errors
/// [`GgufError::Tensors`] for a shape that cannot be stored, [`GgufError::Writer`] for more than [`MAX_SPLITS`].
pub fn plan_splits(specs: &[TensorSpec], max_bytes: u64) -> Result<Vec<Range<usize>>, GgufError> {
    let mut plan = Vec::new();
    let (mut start, mut filled) = (0, 0u64);
    for (idx, spec) in specs.iter().enumerate() {
        let bytes = spec.bytes()?.next_multiple_of(ALIGNMENT) as u64;
        if idx > start && filled.saturating_add(bytes) > max_bytes {
            plan.push(start..idx);
            (start, filled) = (idx, 0);
        }
        filled += bytes;
    }
    plan.push(start..specs.len());
    if plan.len() > MAX_SPLITS {
        return Err(GgufError::Writer { what: format!("{} files, at most {MAX_SPLITS} make a set", plan.len()) });
    }
    Ok(plan)
}

/// The metadata of file `no` (from 0) of a set of `count` with `n_tensors` in all: everything and the three `split.*`
/// keys in the first, only those keys in the others.
#[must_use]
pub fn split_metadata(metadata: &[(String, Value)], no: usize, count: usize, n_tensors: usize) -> Vec<(String, Value)> {
    let number = |n: usize| Value::U16(u16::try_from(n).unwrap_or(u16::MAX));
    // A file that comes from a set itself still says so.
    let own = metadata.iter().filter(|(key, _)| no == 0 && !key.starts_with("split."));
    let mut keys: Vec<(String, Value)> = own.cloned().collect();
    keys.extend([
        ("split.no".to_owned(), number(no)),
        ("split.tensors.count".to_owned(), Value::I32(i32::try_from(n_tensors).unwrap_or(i32::MAX))),
        ("split.count".to_owned(), number(count)),
    ]);
    keys
}

/// `dir/name.gguf` -> `dir/name-00001-of-00003.gguf` for `no` 0 of 3.
#[must_use]
pub fn split_path(path: &Path, no: usize, count: usize) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{stem}-{:05}-of-{count:05}.gguf", no + 1))
}

fn failed(error: io::Error) -> GgufError {
    GgufError::Writer { what: error.to_string() }
}

fn put_string(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(&(text.len() as u64).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

fn put_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::U8(n) => out.push(*n),
        Value::I8(n) => out.extend_from_slice(&n.to_le_bytes()),
        Value::U16(n) => out.extend_from_slice(&n.to_le_bytes()),
        Value::I16(n) => out.extend_from_slice(&n.to_le_bytes()),
        Value::U32(n) => out.extend_from_slice(&n.to_le_bytes()),
        Value::I32(n) => out.extend_from_slice(&n.to_le_bytes()),
        Value::F32(x) => out.extend_from_slice(&x.to_le_bytes()),
        Value::Bool(flag) => out.push(u8::from(*flag)),
        Value::String(text) => put_string(out, text),
        Value::Array(element_type, items) => {
            out.extend_from_slice(&element_type.to_le_bytes());
            out.extend_from_slice(&(items.len() as u64).to_le_bytes());
            for item in items {
                put_value(out, item);
            }
        }
        Value::U64(n) => out.extend_from_slice(&n.to_le_bytes()),
        Value::I64(n) => out.extend_from_slice(&n.to_le_bytes()),
        Value::F64(x) => out.extend_from_slice(&x.to_le_bytes()),
    }
}
