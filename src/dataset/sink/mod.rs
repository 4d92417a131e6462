//! Writing rows: Parquet, JSON lines or a JSON array, packed or not, by the ending of a name.

mod arrow;
mod types;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use ::arrow::array::{ArrayRef, RecordBatch};
use ::arrow::datatypes::{Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use serde_json::{Map, Value};

use super::stream::{BATCH_ROWS, Format, Packing};
use crate::Error;

pub(super) use self::arrow::{array, not_numbers, spelled};
pub(super) use types::Columns;

/// What a file is to be, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// What holds the rows.
    pub format: Format,
    /// How a text is packed.
    pub packing: Packing,
}

impl Form {
    /// By the ending: `.parquet`, `.jsonl` or `.ndjson`, `.json` (an array), the texts also with `.gz` or `.zst`.
    ///
    /// # Errors
    /// An ending that says nothing.
    pub fn of(path: &Path) -> Result<Self, Error> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        let (stem, packing) = match name.rsplit_once('.') {
            Some((stem, "gz")) => (stem, Packing::Gzip),
            Some((stem, "zst" | "zstd")) => (stem, Packing::Zstd),
            _ => (name.as_str(), Packing::Plain),
        };
        let format = match stem.rsplit_once('.').map(|(_, ending)| ending) {
            Some("parquet" | "pq") if packing == Packing::Plain => Format::Parquet,
            Some("jsonl" | "ndjson") => Format::JsonLines,
            Some("json") => Format::JsonArray,
            _ => {
                return Err(Error::at(path, "the ending of the name does not say what to write")
                    .hint("known are .parquet, .jsonl, .jsonl.gz, .jsonl.zst and .json (an array)"));
            }
        };
        Ok(Self { format, packing })
    }
}

/// Rows as JSON text.
pub(super) struct TextSink<W: Write> {
    out: Packed<W>,
    array: bool,
    rows: u64,
}

enum Packed<W: Write> {
    Plain(BufWriter<W>),
    Gzip(flate2::write::GzEncoder<BufWriter<W>>),
    Zstd(zstd::stream::write::Encoder<'static, BufWriter<W>>),
}

impl<W: Write> Write for Packed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(out) => out.write(bytes),
            Self::Gzip(out) => out.write(bytes),
            Self::Zstd(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(out) => out.flush(),
            Self::Gzip(out) => out.flush(),
            Self::Zstd(out) => out.flush(),
        }
    }
}

impl<W: Write> TextSink<W> {
    pub(super) fn new(out: W, form: Form) -> io::Result<Self> {
        let out = BufWriter::with_capacity(1 << 17, out);
        let out = match form.packing {
            Packing::Plain => Packed::Plain(out),
            Packing::Gzip => Packed::Gzip(flate2::write::GzEncoder::new(out, flate2::Compression::default())),
            Packing::Zstd => Packed::Zstd(zstd::stream::write::Encoder::new(out, 3)?),
        };
        Ok(Self { out, array: form.format == Format::JsonArray, rows: 0 })
    }

    pub(super) fn row(&mut self, values: &Map<String, Value>) -> io::Result<()> {
        if self.array {
            self.out.write_all(if self.rows == 0 { b"[\n" } else { b",\n" })?;
        }
        serde_json::to_writer(&mut self.out, values)?;
        self.rows += 1;
        if self.array { Ok(()) } else { self.out.write_all(b"\n") }
    }

    pub(super) fn finish(mut self) -> io::Result<()> {
        if self.array {
            self.out.write_all(if self.rows == 0 { b"[]\n" } else { b"\n]\n" })?;
        }
        match self.out {
            Packed::Plain(mut out) => out.flush(),
            Packed::Gzip(out) => out.finish()?.flush(),
            Packed::Zstd(out) => out.finish()?.flush(),
        }
    }
}

/// A schema and the metadata of a file without some keys.
pub(super) fn without_keys(schema: Schema, metadata: Vec<KeyValue>, keys: &[&str]) -> (SchemaRef, Vec<KeyValue>) {
    let Schema { fields, metadata: mut held } = schema;
    held.retain(|key, _| !keys.contains(&key.as_str()));
    let metadata = metadata.into_iter().filter(|kv| !keys.contains(&kv.key.as_str())).collect();
    (Arc::new(Schema::new_with_metadata(fields, held)), metadata)
}

/// Memory that rows may take before they are written.
const MOST_BYTES: usize = 256 << 20;

/// Rows as Parquet (zstd).
pub(super) struct ParquetSink<'f> {
    writer: ArrowWriter<&'f mut File>,
    schema: SchemaRef,
    rows: Vec<Map<String, Value>>,
}

impl<'f> ParquetSink<'f> {
    pub(super) fn new(out: &'f mut File, schema: SchemaRef, metadata: Vec<KeyValue>) -> Result<Self, String> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_key_value_metadata((!metadata.is_empty()).then_some(metadata))
            .build();
        let writer = ArrowWriter::try_new(out, Arc::clone(&schema), Some(properties)).map_err(|e| e.to_string())?;
        Ok(Self { writer, schema, rows: vec![] })
    }

    pub(super) fn row(&mut self, values: Map<String, Value>) -> Result<(), String> {
        self.rows.push(values);
        if self.rows.len() >= BATCH_ROWS { self.flush() } else { Ok(()) }
    }

    pub(super) fn batch(&mut self, batch: &RecordBatch) -> Result<(), String> {
        self.writer.write(batch).map_err(|e| e.to_string())?;
        if self.writer.in_progress_size() > MOST_BYTES {
            self.writer.flush().map_err(|e| e.to_string())?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), String> {
        let rows = std::mem::take(&mut self.rows);
        let schema = Arc::clone(&self.schema);
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(schema.fields().len());
        for field in schema.fields() {
            let cells: Vec<Option<&Value>> = rows.iter().map(|row| row.get(field.name())).collect();
            columns.push(array(&cells, field.data_type()).map_err(|why| format!("column `{}`: {why}", field.name()))?);
        }
        if rows.is_empty() {
            return Ok(());
        }
        self.batch(&RecordBatch::try_new(schema, columns).map_err(|e| e.to_string())?)
    }

    pub(super) fn finish(mut self) -> Result<(), String> {
        self.flush()?;
        self.writer.close().map(|_| ()).map_err(|e| e.to_string())
    }
}

#[cfg(test)]
mod tests;
