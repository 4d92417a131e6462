//! Parquet, a batch at a time.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Once};

use arrow::array::cast::AsArray;
use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::datatypes::{
    DataType, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, SchemaRef, UInt8Type,
    UInt16Type, UInt32Type, UInt64Type,
};
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::file::metadata::{KeyValue, ParquetMetaData};
use serde_json::{Map, Value};

use super::{BATCH_BYTES, BATCH_ROWS, BadRow, Format, Head, Item, MAX_ROW_BYTES, Packing};
use crate::Error;
use crate::dataset::Record;

/// Bytes of one column chunk from which its cells are taken to be too large, when few cells make them up.
const MAX_CHUNK: u64 = 512 << 20;

pub(in crate::dataset) struct Batches {
    /// Every key of the file's metadata but the one that the writer makes of its own accord.
    pub metadata: Vec<KeyValue>,
    schema: SchemaRef,
    batches: Option<ParquetRecordBatchReader>,
    columns: Vec<String>,
    row: u64,
    claimed: u64,
}

pub(in crate::dataset) fn open(path: &Path, file: File) -> Result<(Head, Batches), Error> {
    let fault = |cause: String| Error::at(path, "is not a readable Parquet file").cause(cause).data();
    let builder = guarded(|| ParquetRecordBatchReaderBuilder::try_new(file))
        .map_err(|panic| fault(panic.to_owned()))?
        .map_err(|e| fault(e.to_string()))?;
    let columns: Vec<String> = builder.schema().fields().iter().map(|f| f.name().clone()).collect();
    let meta = builder.metadata();
    let metadata: BTreeMap<String, String> = meta
        .file_metadata()
        .key_value_metadata()
        .into_iter()
        .flatten()
        .filter_map(|kv| Some((kv.key.clone(), kv.value.clone()?)))
        .filter(|(key, _)| key.starts_with("distill."))
        .collect();
    let every = meta.file_metadata().key_value_metadata().into_iter().flatten();
    let every = every.filter(|kv| kv.key != "ARROW:schema").cloned().collect();
    let schema = Arc::clone(builder.schema());
    let claimed = u64::try_from(meta.file_metadata().num_rows())
        .map_err(|_| fault("it claims a negative number of rows".to_owned()))?;
    if let Some(why) = oversized(meta) {
        return Err(fault(why));
    }
    let size = batch_size(meta);
    let batches = guarded(|| builder.with_batch_size(size).build())
        .map_err(|panic| fault(panic.to_owned()))?
        .map_err(|e| fault(e.to_string()))?;
    let head = Head {
        path: path.to_owned(),
        format: Format::Parquet,
        packing: Packing::Plain,
        columns: columns.clone(),
        metadata,
        claimed_rows: Some(claimed),
    };
    Ok((head, Batches { metadata: every, schema, batches: Some(batches), columns, row: 0, claimed }))
}

thread_local! {
    /// Whether this thread is in a decoder, whose panics are no news.
    static DECODING: Cell<bool> = const { Cell::new(false) };
}

/// Runs a decoder that may panic on hostile bytes; such a panic is an error of the file and prints nothing.
fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, &'static str> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |news| {
            if !DECODING.get() {
                usual(news);
            }
        }));
    });
    let outer = DECODING.replace(true);
    let done = catch_unwind(AssertUnwindSafe(work)).map_err(|_| "its pages contradict its footer");
    DECODING.set(outer);
    done
}

/// Why the cells of a column are too large to be looked at, when they are.
fn oversized(meta: &ParquetMetaData) -> Option<String> {
    meta.row_groups().iter().enumerate().find_map(|(group, row_group)| {
        row_group.columns().iter().find_map(|chunk| {
            let bytes = u64::try_from(chunk.uncompressed_size()).unwrap_or(u64::MAX);
            let cells = u64::try_from(chunk.num_values()).unwrap_or(0).max(1);
            (bytes > MAX_CHUNK && bytes / cells > MAX_ROW_BYTES as u64 / 64).then(|| {
                format!(
                    "column `{}` of row group {group} holds {} MiB in {cells} cells, more than a cell may have",
                    chunk.column_path().string(),
                    bytes >> 20,
                )
            })
        })
    })
}

/// Rows per batch, so that a batch stays small however large its rows are said to be.
fn batch_size(meta: &ParquetMetaData) -> usize {
    let largest = meta
        .row_groups()
        .iter()
        .map(|group| usize::try_from(group.total_byte_size() / group.num_rows().max(1)).unwrap_or(1))
        .max();
    (BATCH_BYTES / largest.unwrap_or(1).max(1)).clamp(1, BATCH_ROWS)
}

impl Batches {
    /// Names and types of the columns.
    pub(in crate::dataset) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Number of the next row.
    pub(in crate::dataset) const fn row(&self) -> u64 {
        self.row
    }

    pub(super) fn batch(&mut self) -> Option<Vec<Item>> {
        let batch = match self.arrow()? {
            Ok(batch) => batch,
            Err(bad) => return Some(vec![Item::Bad(bad)]),
        };
        let first = self.row - batch.num_rows() as u64;
        match guarded(|| records(&batch, &self.columns, first)) {
            Ok(items) => Some(items),
            Err(why) => {
                self.row = first;
                Some(vec![Item::Bad(self.broken(why))])
            }
        }
    }

    /// The next rows as they stand in the file; `None` at the end.
    pub(in crate::dataset) fn arrow(&mut self) -> Option<Result<RecordBatch, BadRow>> {
        let next = guarded(|| self.batches.as_mut().and_then(Iterator::next));
        let why = match next {
            Ok(Some(Ok(batch))) => {
                self.row += batch.num_rows() as u64;
                return Some(Ok(batch));
            }
            Ok(Some(Err(e))) => e.to_string(),
            Ok(None) if self.batches.take().is_some() && self.row != self.claimed => {
                format!("the file claims {} rows and has {}", self.claimed, self.row)
            }
            Ok(None) => return None,
            Err(why) => why.to_owned(),
        };
        Some(Err(self.broken(&why)))
    }

    /// What lies behind an unreadable page cannot be told from it.
    fn broken(&mut self, why: &str) -> BadRow {
        self.batches = None;
        self.claimed = self.row;
        BadRow::file(format!("cannot be read from row {} on: {why}", self.row))
    }
}

/// The rows of a batch; `first` is the number of its first one.
pub(in crate::dataset) fn records(batch: &RecordBatch, names: &[String], first: u64) -> Vec<Item> {
    let columns: Vec<ArrayRef> = batch.columns().iter().map(plain).collect();
    (0..batch.num_rows())
        .map(|i| {
            let row = first + i as u64;
            let mut values = Map::new();
            for (name, array) in names.iter().zip(&columns) {
                match value(array, i, 0) {
                    Ok(value) => values.insert(name.clone(), value),
                    Err(why) => {
                        let why = format!("column `{name}` {why}");
                        return Item::Bad(BadRow { row: Some(row), line: None, why, ends: false });
                    }
                };
            }
            Item::Row(Record { row, line: None, values })
        })
        .collect()
}

/// A dictionary-encoded column as the column it stands for.
fn plain(array: &ArrayRef) -> ArrayRef {
    match array.data_type() {
        DataType::Dictionary(_, values) => {
            arrow::compute::cast(array, values).unwrap_or_else(|_| ArrayRef::clone(array))
        }
        _ => ArrayRef::clone(array),
    }
}

/// Lists in lists in lists: nobody's dataset, somebody's attack.
const MAX_DEPTH: usize = 24;

/// One cell as JSON. Types that no dataset of text has become their Arrow name, so that lint can point at them.
fn value(array: &ArrayRef, i: usize, depth: usize) -> Result<Value, String> {
    if array.is_null(i) {
        return Ok(Value::Null);
    }
    if depth > MAX_DEPTH {
        return Err(format!("is nested more than {MAX_DEPTH} deep"));
    }
    let text = |text: &str| -> Result<Value, String> {
        if text.len() > MAX_ROW_BYTES {
            return Err(format!("holds a cell of {} MiB, at most {} are read", text.len() >> 20, MAX_ROW_BYTES >> 20));
        }
        Ok(text.into())
    };
    let list = |items: ArrayRef| -> Result<Value, String> {
        let items = plain(&items);
        (0..items.len()).map(|j| value(&items, j, depth + 1)).collect::<Result<_, _>>().map(Value::Array)
    };
    Ok(match array.data_type() {
        DataType::Null => Value::Null,
        DataType::Utf8 => return text(array.as_string::<i32>().value(i)),
        DataType::LargeUtf8 => return text(array.as_string::<i64>().value(i)),
        DataType::Utf8View => return text(array.as_string_view().value(i)),
        DataType::Boolean => array.as_boolean().value(i).into(),
        DataType::Int8 => array.as_primitive::<Int8Type>().value(i).into(),
        DataType::Int16 => array.as_primitive::<Int16Type>().value(i).into(),
        DataType::Int32 => array.as_primitive::<Int32Type>().value(i).into(),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(i).into(),
        DataType::UInt8 => array.as_primitive::<UInt8Type>().value(i).into(),
        DataType::UInt16 => array.as_primitive::<UInt16Type>().value(i).into(),
        DataType::UInt32 => array.as_primitive::<UInt32Type>().value(i).into(),
        DataType::UInt64 => array.as_primitive::<UInt64Type>().value(i).into(),
        DataType::Float16 => f64::from(array.as_primitive::<Float16Type>().value(i)).into(),
        DataType::Float32 => f64::from(array.as_primitive::<Float32Type>().value(i)).into(),
        DataType::Float64 => array.as_primitive::<Float64Type>().value(i).into(),
        DataType::List(_) => return list(array.as_list::<i32>().value(i)),
        DataType::LargeList(_) => return list(array.as_list::<i64>().value(i)),
        DataType::FixedSizeList(..) => return list(array.as_fixed_size_list().value(i)),
        DataType::Struct(fields) => {
            let mut values = Map::new();
            for (field, column) in fields.iter().zip(array.as_struct().columns()) {
                values.insert(field.name().clone(), value(column, i, depth + 1)?);
            }
            Value::Object(values)
        }
        other => serde_json::json!({ "arrow": other.to_string() }),
    })
}
