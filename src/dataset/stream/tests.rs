//! Files of all sorts, well and ill.

use std::io::Write;

use super::*;

/// Reads everything: rows as JSON, what cannot be read as `row line why`.
fn all(reader: &mut Reader) -> Vec<String> {
    let mut out = vec![];
    while let Some(batch) = reader.batch() {
        for item in batch {
            out.push(match item {
                Item::Row(record) => {
                    format!("{} {:?} {}", record.row, record.line, serde_json::Value::Object(record.values))
                }
                Item::Bad(bad) => format!("{:?} {:?} {}", bad.row, bad.line, bad.why),
            });
        }
    }
    out
}

fn check(bytes: &[u8], expected: &[&str]) {
    let mut reader = text(Path::new("t"), Packing::Plain, Box::new(io::Cursor::new(bytes.to_vec())));
    assert_eq!(all(&mut reader), expected, "{}", String::from_utf8_lossy(bytes));
}

#[test]
fn lines_are_rows_and_bad_ones_do_not_end_the_file() {
    check(
        b"\xef\xbb\xbf{\"a\":1}\r\n\n{\"a\":2}\n{\"a\":\n[1]\n{\"a\":\"\xff\"}\nnull\n{\"a\":3}",
        &[
            "0 Some(1) {\"a\":1}",
            "1 Some(3) {\"a\":2}",
            "Some(2) Some(4) is JSON that ends too early",
            "Some(3) Some(5) is a list, an object was expected",
            "Some(4) Some(6) is not UTF-8 at byte 6 of it",
            "Some(5) Some(7) is null, an object was expected",
            "6 Some(8) {\"a\":3}",
        ],
    );
    check(b"", &[]);
    check(b"\n \n", &[]);
    check(b"{\"a\":1} x", &["Some(0) Some(1) is no JSON at column 9"]);
}

#[test]
fn arrays_are_rows() {
    check(
        b" [\n {\"a\": \"]},{\\\"\"},\n {\"a\": {\"b\": [1, 2]}}, 7 ,\n{\"a\": oh}]",
        &[
            "0 Some(2) {\"a\":\"]},{\\\"\"}",
            "1 Some(3) {\"a\":{\"b\":[1,2]}}",
            "Some(2) Some(3) is a number, an object was expected",
            "Some(3) Some(4) is no JSON at column 7",
        ],
    );
    check(b"[]", &[]);
    check(b"[{\"a\":1},", &["0 Some(1) {\"a\":1}", "Some(1) Some(1) the array is not closed: the file may be cut off"]);
    check(
        b"[{\"a\":1",
        &[
            "Some(0) Some(1) is JSON that ends too early",
            "Some(1) Some(1) the array is not closed: the file may be cut off",
        ],
    );
}

#[test]
fn deep_and_long_rows_are_refused() {
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let mut long = b"{\"a\":\"".to_vec();
    long.resize(MAX_ROW_BYTES + 10, b'x');
    long.extend_from_slice(b"\"}\n{\"a\":1}\n");
    let mut bytes = deep.into_bytes();
    bytes.push(b'\n');
    bytes.extend(long);
    check(
        &bytes,
        &["Some(0) Some(1) is no JSON at column 132", "Some(1) Some(2) is longer than 64 MiB", "2 Some(3) {\"a\":1}"],
    );
}

#[test]
fn packed_files_are_read_and_broken_ones_said_so() {
    let dir = tempfile::tempdir().unwrap();
    let plain = b"{\"a\":1}\n{\"a\":2}\n".repeat(2000);
    let mut gzip = flate2::write::GzEncoder::new(vec![], flate2::Compression::default());
    gzip.write_all(&plain).unwrap();
    let gzip = gzip.finish().unwrap();
    let zstd = zstd::stream::encode_all(plain.as_slice(), 3).unwrap();
    for (name, bytes, packing) in [("a.jsonl.gz", gzip, Packing::Gzip), ("a.jsonl.zst", zstd, Packing::Zstd)] {
        let path = dir.path().join(name);
        fs::write(&path, &bytes).unwrap();
        let mut reader = open(&path).unwrap();
        assert_eq!((reader.head().packing, reader.head().columns.as_slice()), (packing, ["a".to_owned()].as_slice()));
        assert_eq!(all(&mut reader).len(), 4000);
        fs::write(&path, &bytes[..bytes.len() - 9]).unwrap();
        let rows = all(&mut open(&path).unwrap());
        assert!(rows.last().unwrap().contains("cannot be read on"), "{:?}", rows.last());
    }
}

#[test]
fn parquet_that_was_cut_or_lies_is_an_error_and_no_panic() {
    let good = sample();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.parquet");
    fs::write(&path, &good).unwrap();
    let rows = all(&mut open(&path).unwrap());
    assert_eq!((rows.len(), rows[1].as_str()), (3, "1 None {\"a\":\"y\"}"));
    for cut in [4, 20, good.len() / 2, good.len() - 1] {
        fs::write(&path, &good[..cut]).unwrap();
        assert!(open(&path).is_err(), "cut at {cut}");
    }
    // Every byte in turn is another one: an error, or rows, but never a panic and never more memory than there is.
    for at in 4..good.len() {
        let mut bytes = good.clone();
        bytes[at] ^= 0xff;
        fs::write(&path, &bytes).unwrap();
        if let Ok(mut reader) = open(&path) {
            while reader.batch().is_some() {}
        }
    }
}

fn sample() -> Vec<u8> {
    use arrow::array::{ArrayRef, RecordBatch, StringArray};
    let column: ArrayRef = std::sync::Arc::new(StringArray::from(vec!["x", "y", "z"]));
    let batch = RecordBatch::try_from_iter([("a", column)]).unwrap();
    let mut bytes = vec![];
    let mut writer = ::parquet::arrow::ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}
