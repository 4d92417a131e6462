//! Reading GGUF version 2 and 3: bytes come in, checked metadata and tensor slices go out.
//!
//! The file is taken to be hostile. Every length is compared with what remains before anything is allocated, every
//! count is capped, tensor offsets must be the running sum llama.cpp demands, and the data must lie in the file. What
//! is parsed takes at most three times the size of the file, or 96 MiB where that is less, and never more than 512 MiB;
//! tensor data is never copied.
//!
//! A model may lie in several files, `name-00001-of-00003.gguf` and so on: opening the first opens them all.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use memmap2::Mmap;

use super::error::{GgufError, metadata};
use super::value::{GgmlType, Value};
use crate::hub::map_file;

/// For tensors, and for metadata keys.
pub(super) const MAX_ENTRIES: usize = 1 << 16;
/// Bytes of memory that the header of a small file may take. A vocabulary of 262,144 tokens with scores, types and
/// merges takes some 75 MB, and may be a file without tensors.
const MIN_BUDGET: usize = 96 << 20;
/// The same for the largest file: a vocabulary of a million tokens has room, and a model of many gigabytes may not ask
/// for as many.
const MAX_BUDGET: usize = 512 << 20;
/// An entry of [`Gguf::key_idx`]: a name and a place, in a table that may be half empty.
const INDEX_BYTES: usize = 2 * (size_of::<(String, usize)>() + 1);
/// llama.cpp's limit for names of tensors, in bytes.
pub(super) const MAX_NAME_LEN: usize = 63;
/// llama.cpp's limit for keys, in bytes.
const MAX_KEY_LEN: usize = 65_535;
/// The least bytes of an entry: a length, one letter, a type and one byte.
const MIN_KEY_BYTES: u64 = 8 + 1 + 4 + 1;
/// A length, one letter, the number of dimensions, one of them, a type and an offset.
const MIN_TENSOR_BYTES: u64 = 8 + 1 + 4 + 8 + 4 + 8;

/// Where the file's bytes live.
enum Bytes {
    Mapped(Mmap),
    Owned(Vec<u8>),
}

impl Bytes {
    fn as_slice(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Owned(bytes) => bytes,
        }
    }
}

/// One tensor of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorEntry {
    /// GGUF name.
    pub name: String,
    /// Shape in torch order, rows first.
    pub shape: Vec<usize>,
    /// Element type.
    pub ggml_type: GgmlType,
    /// Which file of the set.
    file: usize,
    /// Absolute byte range, checked against the file.
    start: usize,
    end: usize,
}

/// An opened GGUF file, or a set of them.
pub struct Gguf {
    files: Vec<Bytes>,
    metadata: Vec<(String, Value)>,
    key_idx: HashMap<String, usize>,
    tensors: Vec<TensorEntry>,
    tensor_idx: BTreeMap<String, usize>,
}

impl std::fmt::Debug for Gguf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (keys, tensors) = (self.metadata.len(), self.tensors.len());
        f.debug_struct("Gguf").field("keys", &keys).field("tensors", &tensors).finish_non_exhaustive()
    }
}

impl Gguf {
    /// Bytes of the file, or of all files of a set.
    #[must_use]
    pub fn file_bytes(&self) -> u64 {
        self.files.iter().map(|file| file.as_slice().len() as u64).sum()
    }

    /// Maps and checks a file; for the first file of a set, all of them, which lie beside it.
    ///
    /// # Errors
    /// [`GgufError::Hub`] when a file cannot be opened, [`GgufError::Metadata`] for a set that does not fit together,
    /// else as [`Gguf::from_bytes`].
    pub fn open(path: &Path) -> Result<Self, GgufError> {
        let mut whole = Self::parse(Bytes::Mapped(map_file(path)?))?;
        let Some(set) = SplitOf::read(&whole)?.filter(|set| set.count > 1) else { return Ok(whole) };
        let siblings = set.siblings(path)?;
        for (no, sibling) in siblings.iter().enumerate() {
            // Each file is held to its own size, so a set must not go on for ever.
            if whole.tensors.len() > set.n_tensors {
                break;
            }
            let part = Self::parse(Bytes::Mapped(map_file(sibling)?))?;
            if SplitOf::read(&part)? != Some(SplitOf { no: no + 1, ..set }) {
                let problem = format!("does not fit: `{}` is of another set or place", sibling.display());
                return Err(metadata("split.no", problem));
            }
            whole.append(part)?;
        }
        if set.n_tensors != whole.tensors.len() {
            let problem = format!("is {}, but the files hold {}", set.n_tensors, whole.tensors.len());
            return Err(metadata("split.tensors.count", problem));
        }
        Ok(whole)
    }

    /// Checks a file already in memory.
    ///
    /// # Errors
    /// [`GgufError::Malformed`] with the place; [`GgufError::Unsupported`] for other versions or tensor types, and for
    /// one of several files.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, GgufError> {
        let whole = Self::parse(Bytes::Owned(bytes))?;
        match SplitOf::read(&whole)? {
            Some(set) if set.count > 1 => Err(GgufError::Unsupported {
                what: format!("one of {} files, which must be opened together", set.count),
            }),
            _ => Ok(whole),
        }
    }

    /// Takes the tensors of the next file; metadata is the first one's.
    fn append(&mut self, part: Self) -> Result<(), GgufError> {
        let file = self.files.len();
        self.files.extend(part.files);
        for entry in part.tensors {
            if self.tensor_idx.insert(entry.name.clone(), self.tensors.len()).is_some() {
                return Err(GgufError::Tensors { problems: vec![format!("`{}` stands in two files", entry.name)] });
            }
            self.tensors.push(TensorEntry { file, ..entry });
        }
        Ok(())
    }

    fn parse(bytes: Bytes) -> Result<Self, GgufError> {
        let budget = bytes.as_slice().len().saturating_mul(3).clamp(MIN_BUDGET, MAX_BUDGET);
        let mut cursor = Cursor { bytes: bytes.as_slice(), at: 0, budget };
        if cursor.take(4)? != b"GGUF" {
            return Err(cursor.bad("no GGUF magic"));
        }
        let version = cursor.u32()?;
        if !matches!(version, 2 | 3) {
            return Err(GgufError::Unsupported { what: format!("version {version}, only 2 and 3 are read") });
        }
        let n_tensors = cursor.count("tensors", MAX_ENTRIES as u64, MIN_TENSOR_BYTES)?;
        let n_keys = cursor.count("metadata keys", MAX_ENTRIES as u64, MIN_KEY_BYTES)?;

        cursor.spend(n_keys, size_of::<(String, Value)>() + INDEX_BYTES)?;
        let mut metadata = Vec::with_capacity(n_keys);
        let mut key_idx = HashMap::with_capacity(n_keys);
        for _ in 0..n_keys {
            let key = cursor.name("metadata key", MAX_KEY_LEN)?;
            cursor.spend(1, heap_bytes(key.len()))?;
            let type_id = cursor.u32()?;
            let value = cursor.value(type_id, true)?;
            if key_idx.insert(key.clone(), metadata.len()).is_some() {
                return Err(cursor.bad(&format!("metadata key `{}` is repeated", short(&key))));
            }
            metadata.push((key, value));
        }
        let alignment = match key_idx.get("general.alignment").and_then(|idx: &usize| metadata.get(*idx)) {
            None => super::write::ALIGNMENT,
            Some((_, value)) => match value.as_u64() {
                Some(n) if n.is_power_of_two() && n <= 1 << 20 => n as usize,
                _ => return Err(cursor.bad("general.alignment is not a small power of two")),
            },
        };

        cursor.spend(n_tensors, size_of::<Announced>() + size_of::<TensorEntry>() + INDEX_BYTES)?;
        let mut announced = Vec::with_capacity(n_tensors);
        for _ in 0..n_tensors {
            announced.push(cursor.tensor_info()?);
        }
        let data_start = cursor.at.next_multiple_of(alignment);
        let mut tensors = Vec::with_capacity(n_tensors);
        let mut tensor_idx = BTreeMap::new();
        let mut expected_offset = 0usize;
        for (name, shape, ggml_type, offset) in announced {
            let broken = |what: String| GgufError::Malformed { what, at: cursor.at as u64 };
            if offset != expected_offset as u64 {
                return Err(broken(format!("`{name}` starts at {offset}, expected {expected_offset}")));
            }
            let size = tensor_bytes(&shape, ggml_type)
                .ok_or_else(|| broken(format!("`{name}` {shape:?} cannot be {}", ggml_type.name())))?;
            let start = data_start.checked_add(expected_offset);
            let end = start.and_then(|start| start.checked_add(size));
            let (Some(start), Some(end)) = (start, end.filter(|&end| end <= cursor.bytes.len())) else {
                return Err(broken(format!("`{name}` reaches beyond the end of the file")));
            };
            // Cannot overflow: `end` lies within the file and the alignment is small.
            expected_offset += size.next_multiple_of(alignment);
            if tensor_idx.insert(name.clone(), tensors.len()).is_some() {
                return Err(broken(format!("tensor name `{name}` is repeated")));
            }
            tensors.push(TensorEntry { name, shape, ggml_type, file: 0, start, end });
        }
        Ok(Self { files: vec![bytes], metadata, key_idx, tensors, tensor_idx })
    }

    /// All metadata in file order.
    #[must_use]
    pub fn metadata(&self) -> &[(String, Value)] {
        &self.metadata
    }

    /// One metadata value.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.key_idx.get(key).and_then(|idx| self.metadata.get(*idx)).map(|(_, value)| value)
    }

    /// A string, if the key is present and one.
    #[must_use]
    pub fn get_str(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Value::as_str)
    }

    /// A non-negative integer that must be there.
    ///
    /// # Errors
    /// [`GgufError::Metadata`].
    pub fn need_u64(&self, key: &str) -> Result<u64, GgufError> {
        let value = self.get(key).ok_or_else(|| metadata(key, "is missing"))?;
        value.as_u64().ok_or_else(|| metadata(key, "is not a whole number"))
    }

    /// An array of strings that must be there.
    ///
    /// # Errors
    /// [`GgufError::Metadata`].
    pub fn need_strings(&self, key: &str) -> Result<Vec<&str>, GgufError> {
        let items = self.get(key).and_then(Value::as_array).ok_or_else(|| metadata(key, "is missing or no array"))?;
        let strings: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
        strings.ok_or_else(|| metadata(key, "is not an array of strings"))
    }

    /// All tensors in file order.
    #[must_use]
    pub fn tensors(&self) -> &[TensorEntry] {
        &self.tensors
    }

    /// One tensor by its GGUF name, with its bytes.
    #[must_use]
    pub fn tensor(&self, name: &str) -> Option<(&TensorEntry, &[u8])> {
        let entry = self.tensors.get(*self.tensor_idx.get(name)?)?;
        Some((entry, self.files.get(entry.file)?.as_slice().get(entry.start..entry.end)?))
    }
}

/// The place of one file in its set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct SplitOf {
    no: usize,
    count: usize,
    n_tensors: usize,
}

impl SplitOf {
    /// The `split.*` keys; `None` for a file that was never split.
    fn read(gguf: &Gguf) -> Result<Option<Self>, GgufError> {
        if gguf.get("split.count").is_none() {
            return Ok(None);
        }
        let number = |key: &str, most: u64| -> Result<usize, GgufError> {
            let value = gguf.need_u64(key)?;
            match usize::try_from(value) {
                Ok(n) if value <= most => Ok(n),
                _ => Err(metadata(key, format!("is {value}, at most {most}"))),
            }
        };
        let most = super::write::MAX_SPLITS as u64;
        Ok(Some(Self {
            no: number("split.no", most)?,
            count: number("split.count", most)?,
            n_tensors: number("split.tensors.count", MAX_ENTRIES as u64)?,
        }))
    }

    /// Where the other files lie, by the name of the first. Names come from the one we were given, never from a file.
    fn siblings(&self, first: &Path) -> Result<Vec<PathBuf>, GgufError> {
        let name = first.file_name().unwrap_or_default().to_string_lossy();
        let ending = format!("-00001-of-{:05}.gguf", self.count);
        let stem = name.strip_suffix(&ending).filter(|_| self.no == 0).ok_or_else(|| {
            metadata("split.no", format!("is {}: open the first of the {} files, `NAME{ending}`", self.no, self.count))
        })?;
        let path = first.with_file_name(format!("{stem}.gguf"));
        Ok((1..self.count).map(|no| super::write::split_path(&path, no, self.count)).collect())
    }
}

/// The start of a name in a message: names in a hostile file may be as long as the file.
fn short(name: &str) -> &str {
    name.char_indices().nth(64).map_or(name, |(end, _)| name.get(..end).unwrap_or(name))
}

/// Size of the data; `None` on overflow or when a row is not a whole number of blocks.
fn tensor_bytes(shape: &[usize], ggml_type: GgmlType) -> Option<usize> {
    let (columns, rows) = shape.split_last()?;
    let row_bytes = ggml_type.bytes_of(*columns)?;
    rows.iter().try_fold(row_bytes, |bytes, dim| bytes.checked_mul(*dim))
}

/// What an allocation of `len` bytes takes, as common allocators round it.
fn heap_bytes(len: usize) -> usize {
    if len == 0 { 0 } else { len.saturating_add(8).max(32).next_multiple_of(16) }
}

/// A position in the header.
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Bytes of memory that may still be allocated.
    budget: usize,
}

type Announced = (String, Vec<usize>, GgmlType, u64);

impl<'a> Cursor<'a> {
    fn bad(&self, what: &str) -> GgufError {
        GgufError::Malformed { what: what.to_owned(), at: self.at as u64 }
    }

    /// Asks for the memory of `count` things before it is allocated.
    fn spend(&mut self, count: usize, bytes: usize) -> Result<(), GgufError> {
        let left = count.checked_mul(bytes).and_then(|bytes| self.budget.checked_sub(bytes));
        self.budget = left.ok_or_else(|| {
            self.bad(&format!("{count} more entries of the header cannot be held in {} bytes", self.budget))
        })?;
        Ok(())
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], GgufError> {
        let end = self.at.checked_add(len);
        let slice = end.and_then(|end| self.bytes.get(self.at..end)).ok_or_else(|| self.bad("the file ends early"))?;
        self.at += len;
        Ok(slice)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], GgufError> {
        let slice = self.take(N)?;
        <[u8; N]>::try_from(slice).map_err(|_| self.bad("the file ends early"))
    }

    fn u32(&mut self) -> Result<u32, GgufError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn u64(&mut self) -> Result<u64, GgufError> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// A count, refused when it exceeds `cap` or when that many items of `min_bytes` cannot fit in what remains.
    fn count(&mut self, what: &str, cap: u64, min_bytes: u64) -> Result<usize, GgufError> {
        let count = self.u64()?;
        let remaining = self.bytes.len().saturating_sub(self.at) as u64;
        if count > cap || count.checked_mul(min_bytes).is_none_or(|bytes| bytes > remaining) {
            return Err(self.bad(&format!("{count} {what} cannot be in {remaining} bytes")));
        }
        Ok(count as usize)
    }

    fn string(&mut self) -> Result<String, GgufError> {
        let len = self.u64()?;
        let len = usize::try_from(len).map_err(|_| self.bad("a string longer than memory"))?;
        let bytes = self.take(len)?;
        let text = std::str::from_utf8(bytes).map_err(|_| self.bad("a string is not UTF-8"))?;
        self.spend(1, heap_bytes(len))?;
        Ok(text.to_owned())
    }

    /// A string of one to `most` bytes.
    fn name(&mut self, what: &str, most: usize) -> Result<String, GgufError> {
        let name = self.string()?;
        if name.is_empty() || name.len() > most {
            return Err(self.bad(&format!("a {what} of {} bytes, expected 1 to {most}", name.len())));
        }
        Ok(name)
    }

    fn value(&mut self, type_id: u32, arrays_allowed: bool) -> Result<Value, GgufError> {
        Ok(match type_id {
            0 => Value::U8(u8::from_le_bytes(self.array()?)),
            1 => Value::I8(i8::from_le_bytes(self.array()?)),
            2 => Value::U16(u16::from_le_bytes(self.array()?)),
            3 => Value::I16(i16::from_le_bytes(self.array()?)),
            4 => Value::U32(self.u32()?),
            5 => Value::I32(i32::from_le_bytes(self.array()?)),
            6 => Value::F32(f32::from_le_bytes(self.array()?)),
            7 => Value::Bool(u8::from_le_bytes(self.array()?) != 0),
            8 => Value::String(self.string()?),
            // No writer nests arrays, and nesting is how a small file asks for a deep stack.
            9 if arrays_allowed => {
                let element_type = self.u32()?;
                let min_bytes = match element_type {
                    0 | 1 | 7 => 1,
                    2 | 3 => 2,
                    4..=6 => 4,
                    _ => 8,
                };
                let len = self.count("array elements", u64::MAX, min_bytes)?;
                self.spend(len, size_of::<Value>())?;
                let mut items = Vec::with_capacity(len);
                for _ in 0..len {
                    items.push(self.value(element_type, false)?);
                }
                Value::Array(element_type, items)
            }
            10 => Value::U64(self.u64()?),
            11 => Value::I64(i64::from_le_bytes(self.array()?)),
            12 => Value::F64(f64::from_le_bytes(self.array()?)),
            other => return Err(self.bad(&format!("value type {other}"))),
        })
    }

    fn tensor_info(&mut self) -> Result<Announced, GgufError> {
        let name = self.name("tensor name", MAX_NAME_LEN)?;
        self.spend(1, heap_bytes(name.len()) + heap_bytes(4 * size_of::<usize>()))?;
        let n_dims = self.u32()?;
        if !(1..=4).contains(&n_dims) {
            return Err(self.bad(&format!("`{name}` has {n_dims} dimensions")));
        }
        let mut shape = Vec::with_capacity(4);
        for _ in 0..n_dims {
            let dim = usize::try_from(self.u64()?).ok().filter(|&dim| dim > 0);
            shape.push(dim.ok_or_else(|| self.bad(&format!("`{name}` has an impossible dimension")))?);
        }
        shape.reverse();
        let type_id = self.u32()?;
        let Some(ggml_type) = GgmlType::from_id(type_id) else {
            return Err(GgufError::Unsupported { what: format!("tensor `{name}` has ggml type {type_id}") });
        };
        Ok((name, shape, ggml_type, self.u64()?))
    }
}

#[cfg(test)]
mod tests;
