use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, ListArray, RecordBatch, StringArray, UInt32Array};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;

use crate::Error;
use crate::id::ContentHash;
use crate::row::{Kind, Row, Side, Sides};

/// Version of the Parquet columns; raised when one is added, renamed or changes meaning.
pub const SCHEMA_VERSION: u32 = 2;

/// What is true of every row of a file, kept in its metadata.
#[derive(Clone, Debug, PartialEq)]
pub struct FileInfo {
    /// The kind of all rows.
    pub kind: Kind,
    /// The tokenizer that counted.
    pub tokenizer_hash: ContentHash,
    /// Tokens allowed per field.
    pub cap: usize,
    /// Hash of the mask policy.
    pub mask_policy: ContentHash,
}

fn text<'a>(values: impl Iterator<Item = &'a str>) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(values))
}

/// Writes rows of one kind as Parquet (zstd), whole or not at all. Equal rows give equal bytes.
///
/// # Errors
/// The file system, with the path.
pub fn write(path: &Path, rows: &[Row], info: &FileInfo) -> Result<(), Error> {
    let mut columns: Vec<(String, ArrayRef)> = vec![("id".into(), text(rows.iter().map(|r| r.id.as_str())))];
    for (i, field) in info.kind.fields().iter().enumerate() {
        columns.push(((*field).into(), text(rows.iter().map(|r| r.content.fields()[i]))));
    }
    for (i, field) in info.kind.probe_fields().iter().enumerate() {
        columns.push(((*field).into(), text(rows.iter().map(|r| r.content.probe_fields()[i]))));
    }
    columns.push(("source".into(), text(rows.iter().map(|r| r.source.as_str()))));
    let spans: Int64Array = rows.iter().flat_map(|r| [r.span.0 as i64, r.span.1 as i64]).collect();
    let item = Arc::new(Field::new("item", DataType::Int64, false));
    columns.push((
        "span".into(),
        Arc::new(ListArray::new(item, OffsetBuffer::from_lengths(vec![2; rows.len()]), Arc::new(spans), None)),
    ));
    columns.push(("evidence".into(), text(rows.iter().map(|r| r.content.evidence()))));
    columns.push(("split".into(), text(rows.iter().map(|r| r.split.name()))));
    if info.kind == Kind::Preference {
        let of =
            |pick: fn(&Sides) -> Side| text(rows.iter().map(move |r| r.sides.as_ref().map_or("", |s| pick(s).name())));
        columns.push(("chosen_source".into(), of(|s| s.chosen)));
        columns.push(("rejected_source".into(), of(|s| s.rejected)));
    }
    for (i, field) in info.kind.fields().iter().enumerate() {
        columns.push((
            format!("tokens_{field}"),
            Arc::new(rows.iter().map(|r| Some(r.tokens[i])).collect::<UInt32Array>()),
        ));
    }
    columns.push(("teacher".into(), text(rows.iter().map(|r| r.provenance.teacher.as_str()))));
    columns.push(("template".into(), text(rows.iter().map(|r| r.provenance.template.as_str()))));
    columns.push(("template_version".into(), text(rows.iter().map(|r| r.provenance.template_version.as_str()))));
    columns.push(("parameters".into(), text(rows.iter().map(|r| r.provenance.parameters.as_str()))));
    columns.push(("request_hash".into(), text(rows.iter().map(|r| r.provenance.request_hash.as_str()))));
    columns.push((
        "cost_usd".into(),
        Arc::new(rows.iter().map(|r| Some(r.provenance.cost_usd)).collect::<Float64Array>()),
    ));

    let fault = |e: &dyn std::fmt::Display| Error::at(path, e.to_string());
    let fields: Vec<Field> =
        columns.iter().map(|(name, array)| Field::new(name, array.data_type().clone(), false)).collect();
    let schema = Arc::new(Schema::new(fields));
    let batch = RecordBatch::try_new(schema.clone(), columns.into_iter().map(|(_, array)| array).collect())
        .map_err(|e| fault(&e))?;
    let metadata = [
        ("distill.schema_version", SCHEMA_VERSION.to_string()),
        ("distill.kind", info.kind.name().to_owned()),
        ("distill.tokenizer_hash", info.tokenizer_hash.to_string()),
        ("distill.cap", info.cap.to_string()),
        ("distill.mask_policy", info.mask_policy.to_string()),
        ("distill.tool_version", env!("CARGO_PKG_VERSION").to_owned()),
    ];
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_key_value_metadata(Some(metadata.into_iter().map(|(k, v)| KeyValue::new(k.to_owned(), v)).collect()))
        .build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, schema, Some(properties)).map_err(|e| fault(&e))?;
    writer.write(&batch).map_err(|e| fault(&e))?;
    writer.close().map_err(|e| fault(&e))?;
    crate::edge::fs::write(path, &bytes)
}
