//! What is not touched stays as it was, to the byte.

use super::*;
use crate::dataset::read;

/// Drops rows whose `a` is "drop", capitalises those that are lower case, leaves the others.
fn shout(record: &Record) -> Change {
    match record.text("a") {
        Some("drop") => Change::Drop,
        Some(text) if text.chars().any(char::is_lowercase) => {
            Change::Set(vec![("a".to_owned(), text.to_uppercase().into())])
        }
        _ => Change::Keep,
    }
}

fn check(name: &str, before: &str, without: &[&str], after: &str) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    std::fs::write(&path, before).unwrap();
    let without: Vec<String> = without.iter().map(|column| (*column).to_owned()).collect();
    rewrite(&path, &without, shout).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), after, "{before}");
    // Once more changes nothing.
    assert!(!rewrite(&path, &without, shout).unwrap().anything());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), after);
}

#[test]
fn lines_keep_their_bytes() {
    check(
        "a.jsonl",
        "\u{feff}{ \"a\" : \"x\\u0041\" ,\"n\":1.50}\r\n\n{\"a\":\"drop\"}\n{\"b\": 1e2,  \"a\":\"X\"}\nnot json\n{\"a\":\"y\"}",
        &[],
        "\u{feff}{ \"a\" : \"XA\" ,\"n\":1.50}\r\n\n{\"b\": 1e2,  \"a\":\"X\"}\nnot json\n{\"a\":\"Y\"}",
    );
    check("a.jsonl", "{\"a\": \"X\", \"b\": 1, \"c\": 2}\n", &["a"], "{\"b\": 1, \"c\": 2}\n");
    check("a.jsonl", "{\"a\": \"X\", \"b\": 1, \"c\": 2}\n", &["b"], "{\"a\": \"X\", \"c\": 2}\n");
    check("a.jsonl", "{\"a\": \"X\", \"b\": 1, \"c\": 2}\n", &["c", "b"], "{\"a\": \"X\"}\n");
}

#[test]
fn arrays_keep_their_bytes() {
    check(
        "a.json",
        "[\n  {\"a\": \"x, ]\"},\n  {\"a\": \"drop\"},\n  {\"a\": \"Z\"}\n]\n",
        &[],
        "[\n  {\"a\": \"X, ]\"},\n  {\"a\": \"Z\"}\n]\n",
    );
    check("a.json", "[{\"a\":\"drop\"}, {\"a\":\"drop\"}, {\"a\":\"Z\"}]", &[], "[ {\"a\":\"Z\"}]");
    check("a.json", "[{\"a\":\"Z\"}, {\"a\":\"drop\"}]", &[], "[{\"a\":\"Z\"}]");
    check("a.json", "[{\"a\":\"drop\"}]", &[], "[]");
}

#[test]
fn paths_lead_into_messages() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.jsonl.gz");
    let mut packed = flate2::write::GzEncoder::new(vec![], flate2::Compression::fast());
    packed.write_all(b"{\"m.x\":\"o\",\"messages\":[{\"content\":\"a\"},{\"content\":\"b\"}]}\n").unwrap();
    std::fs::write(&path, packed.finish().unwrap()).unwrap();
    let change =
        |_: &Record| Change::Set(vec![("messages[1].content".to_owned(), "c".into()), ("m.x".to_owned(), "p".into())]);
    assert_eq!(rewrite(&path, &[], change).unwrap(), Done { changed: 1, dropped: 0 });
    let record = &read(&path).unwrap().records[0];
    assert_eq!(
        serde_json::Value::Object(record.values.clone()).to_string(),
        r#"{"m.x":"p","messages":[{"content":"a"},{"content":"c"}]}"#
    );
}

#[test]
fn parquet_keeps_schema_metadata_and_values() {
    use ::parquet::arrow::ArrowWriter;
    use arrow::array::{ArrayRef, ListArray, RecordBatch, StringArray, StructArray, UInt32Array};
    use arrow::buffer::OffsetBuffer;
    use arrow::datatypes::{DataType, Field, Fields};
    use std::sync::Arc;

    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.parquet");
    let text: ArrayRef = Arc::new(StringArray::from(vec![Some("X"), Some("drop"), None, Some("y")]));
    let counts: ArrayRef = Arc::new(UInt32Array::from(vec![1, 2, 3, 4]));
    let fields: Fields = vec![Field::new("content", DataType::Utf8, true)].into();
    let said: ArrayRef = Arc::new(StringArray::from(vec!["p", "q", "r", "s", "t"]));
    let inner = StructArray::new(fields.clone(), vec![said], None);
    let item = Arc::new(Field::new("item", DataType::Struct(fields), true));
    let messages: ArrayRef =
        Arc::new(ListArray::new(item, OffsetBuffer::from_lengths([1, 1, 1, 2]), Arc::new(inner), None));
    let batch = RecordBatch::try_from_iter([("a", text), ("n", counts), ("messages", messages)]).unwrap();
    let mut bytes = vec![];
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.append_key_value_metadata(::parquet::file::metadata::KeyValue::new(
        "distill.kind".to_owned(),
        "qa".to_owned(),
    ));
    writer.close().unwrap();
    std::fs::write(&path, bytes).unwrap();

    let before = read(&path).unwrap();
    let done = rewrite(&path, &[], |record| match shout(record) {
        Change::Set(mut sets) => {
            sets.push(("messages[1].content".to_owned(), "T".into()));
            sets.push(("n".to_owned(), 40.into()));
            Change::Set(sets)
        }
        other => other,
    });
    assert_eq!(done.unwrap(), Done { changed: 1, dropped: 1 });
    let after = read(&path).unwrap();
    assert_eq!((after.columns.len(), after.metadata), (3, before.metadata));
    let rows: Vec<String> =
        after.records.iter().map(|r| serde_json::Value::Object(r.values.clone()).to_string()).collect();
    assert_eq!(
        rows,
        [
            r#"{"a":"X","n":1,"messages":[{"content":"p"}]}"#,
            r#"{"a":null,"n":3,"messages":[{"content":"r"}]}"#,
            r#"{"a":"Y","n":40,"messages":[{"content":"s"},{"content":"T"}]}"#,
        ]
    );
    rewrite(&path, &["n".to_owned()], |_| Change::Keep).unwrap();
    assert_eq!(read(&path).unwrap().columns, ["a", "messages"]);
}
