use std::collections::BTreeMap;
use std::path::Path;

use arrow::array::cast::AsArray;
use arrow::array::{Array, ArrayRef};
use arrow::datatypes::{
    DataType, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Map, Value};

use super::{Record, Table, kind_of};
use crate::id::ContentHash;
use crate::row::{Content, Cot, Kind, Preference, Provenance, Qa, Row, Side, Sides, Split};
use crate::{Error, edge};

/// Reads a dataset file, Parquet or JSONL by its first bytes.
///
/// # Errors
/// Names the file, and the line or column, that cannot be read.
pub fn read(path: &Path) -> Result<Table, Error> {
    let bytes = edge::fs::read(path)?;
    let mut table = if bytes.starts_with(b"PAR1") { read_parquet(path, bytes)? } else { read_jsonl(path, &bytes)? };
    let named = table.metadata.get("distill.kind").and_then(|name| Kind::ALL.into_iter().find(|k| k.name() == name));
    table.kind = named.or_else(|| kind_of(&table.columns));
    Ok(table)
}

fn read_jsonl(path: &Path, bytes: &[u8]) -> Result<Table, Error> {
    let text = std::str::from_utf8(bytes).map_err(|e| {
        let line = bytes[..e.valid_up_to()].iter().filter(|&&b| b == b'\n').count() + 1;
        Error::at(path, format!("line {line} is not UTF-8"))
            .data()
            .hint("datasets are Parquet files or UTF-8 JSON lines")
    })?;
    let mut table = Table {
        path: path.to_owned(),
        kind: None,
        columns: Vec::new(),
        metadata: BTreeMap::new(),
        records: Vec::new(),
    };
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let values: Map<String, Value> = serde_json::from_str(line.trim_start_matches('\u{feff}')).map_err(|e| {
            Error::at(path, format!("line {} is no JSON object", number + 1))
                .cause(e)
                .data()
                .hint("datasets are Parquet files or JSON lines, one object per line")
        })?;
        for column in values.keys() {
            if !table.columns.contains(column) {
                table.columns.push(column.clone());
            }
        }
        table.records.push(Record { row: table.records.len() as u64, values });
    }
    Ok(table)
}

fn read_parquet(path: &Path, bytes: Vec<u8>) -> Result<Table, Error> {
    let fault = |e: &dyn std::fmt::Display| Error::at(path, "is not a readable Parquet file").cause(e).data();
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes)).map_err(|e| fault(&e))?;
    let columns: Vec<String> = builder.schema().fields().iter().map(|f| f.name().clone()).collect();
    let metadata = builder
        .metadata()
        .file_metadata()
        .key_value_metadata()
        .into_iter()
        .flatten()
        .filter_map(|kv| Some((kv.key.clone(), kv.value.clone()?)))
        .filter(|(key, _)| key.starts_with("distill."))
        .collect();
    let mut records = Vec::new();
    for batch in builder.build().map_err(|e| fault(&e))? {
        let batch = batch.map_err(|e| fault(&e))?;
        for i in 0..batch.num_rows() {
            let mut values = Map::new();
            for (name, array) in columns.iter().zip(batch.columns()) {
                values.insert(name.clone(), value(array, i));
            }
            records.push(Record { row: records.len() as u64, values });
        }
    }
    Ok(Table { path: path.to_owned(), kind: None, columns, metadata, records })
}

/// One cell as JSON. Types that no dataset of text has become their Arrow name, so that lint can point at them.
fn value(array: &ArrayRef, i: usize) -> Value {
    if array.is_null(i) {
        return Value::Null;
    }
    let list = |items: ArrayRef| Value::Array((0..items.len()).map(|j| value(&items, j)).collect());
    match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().value(i).into(),
        DataType::LargeUtf8 => array.as_string::<i64>().value(i).into(),
        DataType::Utf8View => array.as_string_view().value(i).into(),
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
        DataType::List(_) => list(array.as_list::<i32>().value(i)),
        DataType::LargeList(_) => list(array.as_list::<i64>().value(i)),
        DataType::FixedSizeList(..) => list(array.as_fixed_size_list().value(i)),
        DataType::Struct(fields) => Value::Object(
            fields
                .iter()
                .zip(array.as_struct().columns())
                .map(|(f, column)| (f.name().clone(), value(column, i)))
                .collect(),
        ),
        other => serde_json::json!({ "arrow": other.to_string() }),
    }
}

/// The rows of a table, typed: those of our own files whole, those of others with what they have.
///
/// # Errors
/// Names file, row and field of the first value that is missing or has the wrong type.
pub fn rows(table: &Table) -> Result<Vec<Row>, Error> {
    let kind = table.kind.ok_or_else(|| {
        Error::at(&table.path, format!("the columns ({}) are those of no known kind", table.columns.join(", "))).data().hint("qa has instruction, context, response; cot has instruction, thought, response; preference has prompt, chosen, rejected")
    })?;
    table.records.iter().map(|record| row(table, kind, record)).collect()
}

fn row(table: &Table, kind: Kind, record: &Record) -> Result<Row, Error> {
    let need = |field: &str| {
        record.text(field).map(str::to_owned).ok_or_else(|| {
            Error::at(&table.path, format!("row {}: `{field}` is missing or not text", record.row))
                .data()
                .hint(format!("run `distill lint {}` to list every such row", table.path.display()))
        })
    };
    let maybe = |field: &str| record.text(field).unwrap_or_default().to_owned();
    let content = match kind {
        Kind::Qa => Content::Qa(Qa {
            instruction: need("instruction")?,
            context: maybe("context"),
            response: need("response")?,
            paraphrase: maybe("paraphrase"),
            answer_key: maybe("answer_key"),
            evidence: maybe("evidence"),
        }),
        Kind::Cot => Content::Cot(Cot {
            instruction: need("instruction")?,
            thought: need("thought")?,
            response: need("response")?,
            evidence: maybe("evidence"),
        }),
        Kind::Preference => Content::Preference(Preference {
            prompt: need("prompt")?,
            chosen: need("chosen")?,
            rejected: need("rejected")?,
            evidence: maybe("evidence"),
        }),
    };
    let number = |value: Option<&Value>| value.and_then(Value::as_u64).unwrap_or_default();
    let span =
        record.values.get("span").and_then(Value::as_array).map_or((0, 0), |s| (number(s.first()), number(s.get(1))));
    let mut tokens = [0; 3];
    for (slot, field) in tokens.iter_mut().zip(kind.fields()) {
        *slot = u32::try_from(number(record.values.get(&format!("tokens_{field}")))).unwrap_or(u32::MAX);
    }
    Ok(Row {
        id: content.id(),
        content,
        source: maybe("source"),
        span,
        split: if matches!(record.text("split"), Some("test" | "eval" | "validation")) {
            Split::Test
        } else {
            Split::Train
        },
        tokens,
        sides: side(record.text("chosen_source")).zip(side(record.text("rejected_source"))).map(sides),
        provenance: Provenance {
            teacher: maybe("teacher"),
            template: maybe("template"),
            template_version: maybe("template_version"),
            parameters: maybe("parameters"),
            request_hash: ContentHash::of(maybe("request_hash").as_bytes()),
            cost_usd: record.values.get("cost_usd").and_then(Value::as_f64).unwrap_or_default(),
        },
    })
}

fn side(name: Option<&str>) -> Option<Side> {
    [Side::Post, Side::Teacher, Side::Student].into_iter().find(|side| Some(side.name()) == name)
}

const fn sides((chosen, rejected): (Side, Side)) -> Sides {
    Sides { chosen, rejected }
}
