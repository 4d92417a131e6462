//! Reading a dataset a batch of rows at a time, whatever its size and whoever wrote it.
//!
//! A row that cannot be read does not end the file, and nothing a file says of itself is believed: sizes are capped
//! before memory is taken, and a decoder that panics is an error of the file.

mod jsonl;
pub(super) mod parquet;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use super::Record;
use crate::Error;

/// Rows handed over at once, fewer when they are large.
pub const BATCH_ROWS: usize = 1024;
/// The longest JSON line, and the largest cell of a Parquet file, that is taken for a row: 64 MiB.
pub const MAX_ROW_BYTES: usize = 64 << 20;
/// Bytes of rows that a batch should not exceed by much.
const BATCH_BYTES: usize = 32 << 20;

/// What holds the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Apache Parquet.
    Parquet,
    /// One JSON object per line.
    JsonLines,
    /// One JSON array of objects.
    JsonArray,
}

/// How the bytes of a text format are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// As they are.
    Plain,
    /// gzip, one member or several.
    Gzip,
    /// Zstandard.
    Zstd,
}

/// What a file says of itself before its first row.
#[derive(Clone, Debug)]
pub struct Head {
    /// Where it is.
    pub path: PathBuf,
    /// What holds the rows.
    pub format: Format,
    /// How it is packed.
    pub packing: Packing,
    /// Column names in file order; for JSON those of the rows of the first batch.
    pub columns: Vec<String>,
    /// Key-value metadata of the file; empty for JSON.
    pub metadata: BTreeMap<String, String>,
    /// Rows that the file claims to have; `None` for JSON.
    pub claimed_rows: Option<u64>,
}

/// A row, or the news that there should have been one.
#[derive(Clone, Debug)]
pub enum Item {
    /// A row.
    Row(Record),
    /// Something that cannot be read.
    Bad(BadRow),
}

/// Something in a file that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRow {
    /// Its position among the rows, from 0; `None` for the file as a whole or its rest.
    pub row: Option<u64>,
    /// Its line, from 1; `None` for Parquet.
    pub line: Option<u64>,
    /// Why, without words of the row.
    pub why: String,
    /// Whether what stands behind it cannot be read either: the file is damaged, not a row of it.
    pub ends: bool,
}

impl BadRow {
    fn file(why: impl Into<String>) -> Self {
        Self { row: None, line: None, why: why.into(), ends: true }
    }
}

/// An open dataset.
pub struct Reader {
    head: Head,
    rows: Rows,
    /// The first batch, read to know the columns.
    peeked: Option<Vec<Item>>,
}

enum Rows {
    Json(jsonl::Lines),
    Parquet(parquet::Batches),
}

impl Reader {
    /// What is known of the file.
    #[must_use]
    pub const fn head(&self) -> &Head {
        &self.head
    }

    /// The same under another name in findings.
    #[must_use]
    pub fn named(mut self, name: &Path) -> Self {
        name.clone_into(&mut self.head.path);
        self
    }

    /// The rows that were read to know the columns, at most [`BATCH_ROWS`]; empty after the first [`Reader::batch`].
    pub fn sample(&self) -> impl Iterator<Item = &Record> {
        self.peeked.iter().flatten().filter_map(|item| match item {
            Item::Row(record) => Some(record),
            Item::Bad(_) => None,
        })
    }

    /// The next rows, in file order; `None` at the end.
    pub fn batch(&mut self) -> Option<Vec<Item>> {
        if let Some(first) = self.peeked.take() {
            return (!first.is_empty()).then_some(first);
        }
        match &mut self.rows {
            Rows::Json(lines) => lines.batch(),
            Rows::Parquet(batches) => batches.batch(),
        }
    }
}

/// Opens a dataset: Parquet, JSON lines or a JSON array by its first bytes, the latter two also packed.
///
/// # Errors
/// Names the file and says why it cannot be opened, or what makes it no dataset.
pub fn open(path: &Path) -> Result<Reader, Error> {
    let io = |e: io::Error| Error::io(path, e);
    let kind = fs::metadata(path).map_err(io)?.file_type();
    if kind.is_dir() {
        fs::read_dir(path).map_err(io)?;
        return Err(Error::at(path, "is a folder, a file was expected"));
    }
    // Opening a pipe that nobody writes to would wait for ever.
    if !kind.is_file() {
        return Err(Error::at(path, "is no regular file").hint("`-` reads standard input"));
    }
    let mut file = File::open(path).map_err(io)?;
    let mut magic = Vec::new();
    Read::by_ref(&mut file).take(4).read_to_end(&mut magic).map_err(io)?;
    io::Seek::rewind(&mut file).map_err(io)?;
    if magic == b"PAR1" {
        let (head, batches) = parquet::open(path, file)?;
        return Ok(peek(head, Rows::Parquet(batches)));
    }
    let packing = packing(&magic);
    let bytes: Box<dyn Read + Send> = match packing {
        Packing::Plain => Box::new(file),
        Packing::Gzip => Box::new(flate2::read::MultiGzDecoder::new(BufReader::new(file))),
        Packing::Zstd => Box::new(zstd::stream::read::Decoder::new(file).map_err(io)?),
    };
    Ok(text(path, packing, bytes))
}

/// JSON from a stream, standard input for example; `name` is what findings call it.
pub fn text(name: &Path, packing: Packing, bytes: Box<dyn Read + Send>) -> Reader {
    let (format, lines) = jsonl::Lines::new(bytes);
    let head =
        Head { path: name.to_owned(), format, packing, columns: vec![], metadata: BTreeMap::new(), claimed_rows: None };
    peek(head, Rows::Json(lines))
}

/// What packed the bytes, by their first four.
fn packing(magic: &[u8]) -> Packing {
    match magic {
        [0x1f, 0x8b, ..] => Packing::Gzip,
        [0x28, 0xb5, 0x2f, 0xfd] => Packing::Zstd,
        _ => Packing::Plain,
    }
}

fn peek(head: Head, rows: Rows) -> Reader {
    let mut reader = Reader { head, rows, peeked: None };
    let first = reader.batch().unwrap_or_default();
    if reader.head.format != Format::Parquet {
        for item in &first {
            let Item::Row(record) = item else { continue };
            for column in record.values.keys() {
                if !reader.head.columns.contains(column) {
                    reader.head.columns.push(column.clone());
                }
            }
        }
    }
    reader.peeked = Some(first);
    reader
}

#[cfg(test)]
mod tests;
