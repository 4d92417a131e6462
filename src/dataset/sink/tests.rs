//! What is written is what is read.

use std::fs;

use serde_json::json;

use super::*;
use crate::dataset::{Item, open};

fn rows(path: &Path) -> Vec<Value> {
    let mut reader = open(path).unwrap();
    let mut out = vec![];
    while let Some(batch) = reader.batch() {
        for item in batch {
            match item {
                Item::Row(record) => out.push(Value::Object(record.values)),
                Item::Bad(bad) => panic!("{bad:?}"),
            }
        }
    }
    out
}

fn objects(values: &[Value]) -> Vec<Map<String, Value>> {
    values.iter().map(|value| value.as_object().unwrap().clone()).collect()
}

#[test]
fn names_say_what_is_written() {
    let check = |name: &str, expected: Option<(Format, Packing)>| {
        let form = Form::of(Path::new(name)).ok().map(|form| (form.format, form.packing));
        assert_eq!(form, expected, "{name}");
    };
    check("a/b.parquet", Some((Format::Parquet, Packing::Plain)));
    check("b.JSONL", Some((Format::JsonLines, Packing::Plain)));
    check("b.v2.jsonl.gz", Some((Format::JsonLines, Packing::Gzip)));
    check("b.ndjson.zst", Some((Format::JsonLines, Packing::Zstd)));
    check("b.json", Some((Format::JsonArray, Packing::Plain)));
    check("b.json.gz", Some((Format::JsonArray, Packing::Gzip)));
    check("b.parquet.gz", None);
    check("b.csv", None);
    check("b", None);
}

#[test]
fn texts_are_read_again_however_packed() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["a.jsonl", "a.jsonl.gz", "a.jsonl.zst", "a.json", "a.json.gz"] {
        for values in [vec![], vec![json!({"a": "x\n\"é", "b": [1, null]}), json!({"a": null})]] {
            let path = dir.path().join(name);
            let mut sink = TextSink::new(File::create(&path).unwrap(), Form::of(&path).unwrap()).unwrap();
            objects(&values).iter().for_each(|row| sink.row(row).unwrap());
            sink.finish().unwrap();
            assert_eq!(rows(&path), values, "{name}");
        }
    }
}

/// Writes rows as Parquet with the types that they need, reads them again.
fn there_and_back(values: &[Value]) -> (Vec<String>, Vec<Value>) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.parquet");
    let mut columns = Columns::default();
    objects(values).iter().for_each(|row| columns.widen(row).unwrap());
    let mut out = File::create(&path).unwrap();
    let mut sink = ParquetSink::new(&mut out, columns.schema(), vec![]).unwrap();
    objects(values).into_iter().for_each(|row| sink.row(row).unwrap());
    sink.finish().unwrap();
    let types = columns.schema().fields().iter().map(|f| format!("{} {}", f.name(), f.data_type())).collect();
    (types, rows(&path))
}

#[test]
fn parquet_holds_what_json_holds() {
    let values = [
        json!({"s": "x", "i": 1, "u": u64::MAX, "f": 1, "b": true, "n": null, "m": [{"role": "user", "content": "é"}], "e": []}),
        json!({"s": null, "i": -5, "u": 0, "f": 0.1, "b": null, "n": null, "m": null, "e": []}),
        json!({"s": "", "i": 1_i64 << 60, "u": null, "f": null, "b": false, "n": null, "m": [], "e": null}),
    ];
    let (types, back) = there_and_back(&values);
    assert_eq!(types[..5], ["s Utf8", "i Int64", "u UInt64", "f Float64", "b Boolean"].map(str::to_owned), "{types:?}");
    let mut expected = values.to_vec();
    expected[0]["f"] = json!(1.0);
    assert_eq!(back, expected);
    // Keys that are there in some rows are null in the others.
    let (_, back) = there_and_back(&[json!({"a": {"x": 1}}), json!({"b": "y", "a": {"z": [{"k": 1.5}]}})]);
    assert_eq!(
        back,
        [json!({"a": {"x": 1, "z": null}, "b": null}), json!({"a": {"x": null, "z": [{"k": 1.5}]}, "b": "y"})]
    );
}

#[test]
fn what_has_no_common_type_is_named() {
    let check = |values: &[Value], expected: &str| {
        let mut columns = Columns::default();
        let why = objects(values).iter().try_for_each(|row| columns.widen(row)).unwrap_err();
        assert_eq!(why, expected);
    };
    check(&[json!({"a": 1}), json!({"a": "1"})], "`a` holds text here and a whole number before");
    check(
        &[json!({"m": [{"content": "x"}, {"content": [{"text": "x"}]}]})],
        "`m`[].content holds a list here and text before",
    );
    check(&[json!({"a": u64::MAX, "b": 1}), json!({"a": -1})], "`a` holds whole numbers that no type holds");
    check(
        &[json!({"a": (1_i64 << 53) + 1}), json!({"a": 0.5})],
        "`a` holds whole numbers too large for a column with fractions",
    );
}

#[test]
fn objects_without_keys_are_told() {
    let values = [json!({"a": {}, "b": [{"c": {}}]})];
    let mut columns = Columns::default();
    columns.widen(values[0].as_object().unwrap()).unwrap();
    assert_eq!(columns.empty_objects(), ["a", "b[].c"]);
    assert_eq!(there_and_back(&values).1, [json!({"a": "{}", "b": [{"c": "{}"}]})]);
}

#[test]
fn floats_are_the_nearest_to_their_digits() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.jsonl");
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let floats: Vec<f64> = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        f64::from_bits(state)
    })
    .filter(|float| float.is_finite())
    .take(2000)
    .chain([0.1 + 0.2, 1e-7 / 3.0, 5e-324, 1.7e308])
    .collect();
    let lines: Vec<String> = floats.iter().map(|float| format!("{{\"a\":[{{\"b\":{float:?}}}]}}\n")).collect();
    fs::write(&path, lines.concat()).unwrap();
    for (row, float) in rows(&path).iter().zip(&floats) {
        assert_eq!(row["a"][0]["b"].as_f64().map(f64::to_bits), Some(float.to_bits()), "{float:?}");
    }
}
