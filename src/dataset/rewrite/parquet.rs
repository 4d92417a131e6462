//! Parquet: the same schema, metadata and compression, other values.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::cast::AsArray;
use arrow::array::{
    Array, ArrayRef, BooleanArray, Float64Array, GenericListArray, Int64Array, LargeStringArray, OffsetSizeTrait,
    RecordBatch, StringArray, StringViewArray, StructArray,
};
use arrow::compute::{cast, filter_record_batch};
use arrow::datatypes::DataType;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::properties::WriterProperties;
use serde_json::Value;

use super::{Change, Decide, Step, way};
use crate::Error;
use crate::dataset::stream::BATCH_ROWS;
use crate::dataset::stream::parquet::records;

pub(super) fn rewrite(path: &Path, out: &mut File, without: &[String], change: Decide<'_>) -> Result<(), Error> {
    let fault = |e: &dyn std::fmt::Display| Error::at(path, "cannot be rewritten").cause(e).data();
    let file = File::open(path).map_err(|e| Error::io(path, e))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|e| fault(&e))?;
    let meta = Arc::clone(builder.metadata());
    let schema = Arc::clone(builder.schema());
    let kept: Vec<usize> = (0..schema.fields().len()).filter(|i| !without.contains(schema.field(*i).name())).collect();
    let mut properties = WriterProperties::builder();
    if let Some(group) = meta.row_groups().first() {
        for chunk in group.columns() {
            properties = properties.set_column_compression(chunk.column_path().clone(), chunk.compression());
        }
        let rows = meta.row_groups().iter().map(|group| group.num_rows()).max().unwrap_or(0);
        properties = properties.set_max_row_group_row_count(usize::try_from(rows).ok().filter(|rows| *rows > 0));
    }
    // The writer adds the Arrow schema of its own accord.
    let metadata = meta.file_metadata().key_value_metadata().cloned().unwrap_or_default();
    let metadata = metadata.into_iter().filter(|kv| kv.key != "ARROW:schema").collect();
    let properties = properties.set_key_value_metadata(Some(metadata)).build();
    let written = Arc::new(schema.project(&kept).map_err(|e| fault(&e))?);
    let mut writer = ArrowWriter::try_new(out, written, Some(properties)).map_err(|e| fault(&e))?;
    let columns: Vec<String> = schema.fields().iter().map(|field| field.name().clone()).collect();
    let mut row = 0;
    for batch in builder.with_batch_size(BATCH_ROWS).build().map_err(|e| fault(&e))? {
        let batch = batch.map_err(|e| fault(&e))?;
        let batch = changed(&batch, &columns, row, change).map_err(|why| fault(&why))?;
        row = batch.1;
        let batch = batch.0.project(&kept).map_err(|e| fault(&e))?;
        writer.write(&batch).map_err(|e| fault(&e))?;
    }
    writer.close().map_err(|e| fault(&e))?;
    Ok(())
}

/// One value of a batch that is another now.
struct Other<'p> {
    row: usize,
    steps: Vec<Step<'p>>,
    value: &'p Value,
}

/// A row of a batch, as it was, and its new values.
type Changed = (usize, crate::dataset::Record, Vec<(String, Value)>);

/// The batch after the change, and the number of the next row.
fn changed(
    batch: &RecordBatch,
    columns: &[String],
    first: u64,
    change: Decide<'_>,
) -> Result<(RecordBatch, u64), String> {
    let mut kept = vec![true; batch.num_rows()];
    let mut sets: Vec<Changed> = vec![];
    for (i, item) in records(batch, columns, first).into_iter().enumerate() {
        let crate::dataset::Item::Row(record) = item else { continue };
        match change(&record) {
            Change::Keep => {}
            Change::Drop => kept[i] = false,
            Change::Set(values) => sets.push((i, record, values)),
        }
    }
    let mut arrays = batch.columns().to_vec();
    for (array, name) in arrays.iter_mut().zip(columns) {
        let mut others = vec![];
        for (row, record, values) in &sets {
            for (path, value) in values {
                let (column, steps) = way(path, record);
                if column == name {
                    others.push(Other { row: *row, steps, value });
                }
            }
        }
        if !others.is_empty() {
            *array = rebuilt(array, &others).map_err(|why| format!("column `{name}`: {why}"))?;
        }
    }
    let batch = RecordBatch::try_new(batch.schema(), arrays).map_err(|e| e.to_string())?;
    let next = first + batch.num_rows() as u64;
    if kept.iter().all(|kept| *kept) {
        return Ok((batch, next));
    }
    filter_record_batch(&batch, &BooleanArray::from(kept)).map(|batch| (batch, next)).map_err(|e| e.to_string())
}

/// An array with other values in some places.
fn rebuilt(array: &ArrayRef, others: &[Other<'_>]) -> Result<ArrayRef, String> {
    let text = |i: usize, old: Option<&str>| -> Option<String> {
        match others.iter().rev().find(|other| other.row == i && other.steps.is_empty()) {
            Some(other) => other.value.as_str().map(str::to_owned),
            None => old.map(str::to_owned),
        }
    };
    Ok(match array.data_type() {
        DataType::Utf8 => {
            let old = array.as_string::<i32>();
            Arc::new(old.iter().enumerate().map(|(i, old)| text(i, old)).collect::<StringArray>())
        }
        DataType::LargeUtf8 => {
            let old = array.as_string::<i64>();
            Arc::new(old.iter().enumerate().map(|(i, old)| text(i, old)).collect::<LargeStringArray>())
        }
        DataType::Utf8View => {
            let old = array.as_string_view();
            Arc::new(old.iter().enumerate().map(|(i, old)| text(i, old)).collect::<StringViewArray>())
        }
        DataType::Dictionary(_, values) => {
            let plain = cast(array, values).map_err(|e| e.to_string())?;
            cast(&rebuilt(&plain, others)?, array.data_type()).map_err(|e| e.to_string())?
        }
        DataType::List(_) => list::<i32>(array, others)?,
        DataType::LargeList(_) => list::<i64>(array, others)?,
        DataType::Struct(fields) => {
            let held = array.as_struct();
            let mut columns = held.columns().to_vec();
            for (column, field) in columns.iter_mut().zip(fields) {
                let inner: Vec<Other<'_>> = others
                    .iter()
                    .filter(|other| matches!(other.steps.first(), Some(Step::Key(key)) if key == field.name()))
                    .map(|other| Other { row: other.row, steps: other.steps[1..].to_vec(), value: other.value })
                    .collect();
                if !inner.is_empty() {
                    *column = rebuilt(column, &inner)?;
                }
            }
            let made = StructArray::try_new(fields.clone(), columns, held.nulls().cloned());
            Arc::new(made.map_err(|e| e.to_string())?)
        }
        numeric if numeric.is_integer() => {
            let old = cast(array, &DataType::Int64).map_err(|e| e.to_string())?;
            let old = old.as_primitive::<arrow::datatypes::Int64Type>().clone();
            let new = |i: usize| others.iter().rev().find(|other| other.row == i).map(|other| other.value.as_i64());
            let values: Int64Array =
                (0..old.len()).map(|i| new(i).unwrap_or_else(|| (!old.is_null(i)).then(|| old.value(i)))).collect();
            cast(&values, numeric).map_err(|e| e.to_string())?
        }
        numeric if numeric.is_floating() => {
            let old = cast(array, &DataType::Float64).map_err(|e| e.to_string())?;
            let old = old.as_primitive::<arrow::datatypes::Float64Type>().clone();
            let new = |i: usize| others.iter().rev().find(|other| other.row == i).map(|other| other.value.as_f64());
            let values: Float64Array =
                (0..old.len()).map(|i| new(i).unwrap_or_else(|| (!old.is_null(i)).then(|| old.value(i)))).collect();
            cast(&values, numeric).map_err(|e| e.to_string())?
        }
        other => return Err(format!("values of type {other} cannot be changed")),
    })
}

fn list<O: OffsetSizeTrait>(array: &ArrayRef, others: &[Other<'_>]) -> Result<ArrayRef, String> {
    let held = array.as_list::<O>();
    let inner: Vec<Other<'_>> = others
        .iter()
        .filter_map(|other| match other.steps.first() {
            Some(Step::Item(item)) if *item < held.value_length(other.row).as_usize() => Some(Other {
                row: held.value_offsets()[other.row].as_usize() + item,
                steps: other.steps[1..].to_vec(),
                value: other.value,
            }),
            _ => None,
        })
        .collect();
    let values = rebuilt(held.values(), &inner)?;
    let field = match array.data_type() {
        DataType::List(field) | DataType::LargeList(field) => Arc::clone(field),
        other => return Err(format!("{other} is no list")),
    };
    let made = GenericListArray::<O>::try_new(field, held.offsets().clone(), values, held.nulls().cloned());
    Ok(Arc::new(made.map_err(|e| e.to_string())?))
}
