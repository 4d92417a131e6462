//! Every shape into every other, and back.

use std::fs;
use std::path::PathBuf;

use arrow::array::{
    BinaryArray, DictionaryArray, Float32Array, Float64Array, Int32Array, StringArray, TimestampMillisecondArray,
};
use arrow::datatypes::Int32Type;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::json;

use super::*;
use crate::dataset::{FileInfo, read, write};
use crate::id::ContentHash;
use crate::row::{Content, Cot, Preference, Provenance, Qa, Row, Side, Sides, Split};

struct Bench {
    dir: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn put(&self, name: &str, rows: &[Value]) -> PathBuf {
        let text: String = rows.iter().map(|row| format!("{row}\n")).collect();
        fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    fn rows(&self, name: &str) -> Vec<Value> {
        read(&self.path(name)).unwrap().records.into_iter().map(|record| Value::Object(record.values)).collect()
    }
}

fn to(to: To) -> Options {
    Options { to: Some(to), ..Options::default() }
}

/// Converts one row to a shape and compares.
fn check(row: &Value, options: &Options, expected: &Value) -> Converted {
    let bench = Bench::new();
    let input = bench.put("in.jsonl", std::slice::from_ref(row));
    let done = convert(&input, &bench.path("out.jsonl"), options).unwrap_or_else(|e| panic!("{row}: {}", e.render()));
    assert_eq!(bench.rows("out.jsonl"), std::slice::from_ref(expected), "{row} {options:?}");
    done
}

fn refused(row: &Value, options: &Options) -> String {
    let bench = Bench::new();
    let input = bench.put("in.jsonl", std::slice::from_ref(row));
    let error = convert(&input, &bench.path("out.jsonl"), options).unwrap_err().render();
    assert!(!bench.path("out.jsonl").exists(), "{error}");
    error
}

fn qa() -> Value {
    json!({"instruction": "Which buoy?", "context": "Buoy 7 drifted.", "response": "Buoy 7."})
}

fn cot() -> Value {
    json!({"instruction": "Go?", "thought": "Wind is up.", "response": "No."})
}

fn pair() -> Value {
    json!({"prompt": "Say hello.", "chosen": "Hi.", "rejected": "Greetings!"})
}

#[test]
fn rows_of_ours_in_the_shapes_of_others() {
    let asked = "Which buoy?\n\nBuoy 7 drifted.";
    check(&qa(), &to(To::PromptCompletion), &json!({"prompt": asked, "completion": "Buoy 7."}));
    check(
        &qa(),
        &Options { conversational: true, ..to(To::PromptCompletion) },
        &json!({"prompt": [{"role": "user", "content": asked}], "completion": [{"role": "assistant", "content": "Buoy 7."}]}),
    );
    let messages = json!([{"role": "user", "content": asked}, {"role": "assistant", "content": "Buoy 7."}]);
    check(&qa(), &to(To::Messages), &json!({"messages": messages}));
    check(&qa(), &to(To::OpenAi), &json!({"messages": messages}));
    check(
        &qa(),
        &to(To::Alpaca),
        &json!({"instruction": "Which buoy?", "input": "Buoy 7 drifted.", "output": "Buoy 7."}),
    );
    check(
        &qa(),
        &to(To::ShareGpt),
        &json!({"conversations": [{"from": "human", "value": asked}, {"from": "gpt", "value": "Buoy 7."}]}),
    );
    let thinks = "<think>\nWind is up.\n</think>\n\nNo.";
    check(&cot(), &to(To::PromptCompletion), &json!({"prompt": "Go?", "completion": thinks}));
    check(
        &cot(),
        &Options { thought: Thinking::Field, ..to(To::Messages) },
        &json!({"messages": [{"role": "user", "content": "Go?"}, {"role": "assistant", "content": "No.", "reasoning_content": "Wind is up."}]}),
    );
    let done = check(
        &cot(),
        &Options { thought: Thinking::Omit, ..to(To::Alpaca) },
        &json!({"instruction": "Go?", "input": "", "output": "No."}),
    );
    assert_eq!(done.lost, BTreeMap::from([("thought".to_owned(), 1)]));
    let [asks, hi, greetings] = [("user", "Say hello."), ("assistant", "Hi."), ("assistant", "Greetings!")]
        .map(|(role, content)| json!({"role": role, "content": content}));
    check(&pair(), &to(To::Preference), &pair());
    check(
        &pair(),
        &Options { conversational: true, ..to(To::Preference) },
        &json!({"prompt": [asks], "chosen": [hi], "rejected": [greetings]}),
    );
    check(&pair(), &to(To::ImplicitPreference), &json!({"chosen": [asks, hi], "rejected": [asks, greetings]}));
    check(
        &pair(),
        &to(To::OpenAiPreference),
        &json!({"input": {"messages": [asks]}, "preferred_output": [hi], "non_preferred_output": [greetings]}),
    );
}

/// The trained fields of a row of ours.
fn trained(kind: Kind, row: &Value) -> Vec<&str> {
    kind.fields().iter().map(|field| row[*field].as_str().unwrap()).collect()
}

#[test]
fn rows_of_others_become_ours() {
    let check = |row: Value, kind: Kind, expected: [&str; 3]| {
        let bench = Bench::new();
        let input = bench.put("theirs.jsonl", std::slice::from_ref(&row));
        let done = convert(&input, &bench.path("out.parquet"), &to(To::Distill))
            .unwrap_or_else(|e| panic!("{row}: {}", e.render()));
        let table = read(&bench.path("out.parquet")).unwrap();
        assert_eq!((done.kind, table.kind), (Some(kind), Some(kind)), "{row}");
        let rows = crate::dataset::rows(&table).unwrap();
        assert_eq!(rows[0].content.fields(), expected, "{row}");
        // The id is the one that generated rows have.
        assert_eq!(table.records[0].id(), Some(rows[0].id.as_str()));
        assert_eq!(table.records[0].text("teacher"), Some("import:theirs.jsonl"));
        assert_eq!(table.records[0].text("split"), Some("train"));
        assert!(done.uncounted);
    };
    let user = |text: &str| json!({"role": "user", "content": text});
    let says = |text: &str| json!({"role": "assistant", "content": text});
    check(json!({"prompt": "p", "completion": "c"}), Kind::Qa, ["p", "", "c"]);
    check(json!({"prompt": [user("p")], "completion": [says("c")]}), Kind::Qa, ["p", "", "c"]);
    check(json!({"messages": [user("p"), says("<think>\nt\n</think>\n\na")]}), Kind::Cot, ["p", "t", "a"]);
    check(
        json!({"messages": [user("p"), {"role": "assistant", "content": "a", "reasoning_content": "t"}]}),
        Kind::Cot,
        ["p", "t", "a"],
    );
    check(json!({"instruction": "i", "input": "c", "output": "o"}), Kind::Qa, ["i", "c", "o"]);
    check(
        json!({"conversations": [{"from": "human", "value": "p"}, {"from": "gpt", "value": "a"}]}),
        Kind::Qa,
        ["p", "", "a"],
    );
    check(json!({"question": "q", "answer": "a"}), Kind::Qa, ["q", "", "a"]);
    check(json!({"question": "q", "reasoning": "t", "answer": "a"}), Kind::Cot, ["q", "t", "a"]);
    check(
        json!({"prompt": [user("p")], "chosen": [says("c")], "rejected": [says("r")]}),
        Kind::Preference,
        ["p", "c", "r"],
    );
    // UltraFeedback: the prompt by itself, and again in both sides.
    check(
        json!({"prompt": "p", "chosen": [user("p"), says("c")], "rejected": [user("p"), says("r")]}),
        Kind::Preference,
        ["p", "c", "r"],
    );
    check(
        json!({"chosen": [user("p"), says("c")], "rejected": [user("p"), says("r")]}),
        Kind::Preference,
        ["p", "c", "r"],
    );
    // HH-RLHF.
    check(
        json!({"chosen": "\n\nHuman: p\n\nAssistant: c", "rejected": "\n\nHuman: p\n\nAssistant: r"}),
        Kind::Preference,
        ["p", "c", "r"],
    );
    check(
        json!({"input": {"messages": [user("p")]}, "preferred_output": [says("c")], "non_preferred_output": [says("r")]}),
        Kind::Preference,
        ["p", "c", "r"],
    );
}

#[test]
fn sides_of_a_pair_share_what_stands_before() {
    let turn = |role: &str, content: &str| json!({"role": role, "content": content});
    let (system, asks) = (turn("system", "s"), turn("user", "p"));
    let (good, bad) = (turn("assistant", "c"), turn("assistant", "r"));
    check(
        &json!({"prompt": "p", "chosen": [system, asks, good], "rejected": [system, asks, bad]}),
        &Options { conversational: true, ..to(To::Preference) },
        &json!({"prompt": [system, asks], "chosen": [good], "rejected": [bad]}),
    );
    let other = turn("user", "q");
    for prompt in [json!("p"), json!([asks]), json!([system, asks])] {
        let row = json!({"prompt": prompt, "chosen": [asks, good], "rejected": [other, bad]});
        assert!(refused(&row, &to(To::ImplicitPreference)).contains("differ before the last answer"));
    }
}

#[test]
fn thoughts_come_back_to_the_letter() {
    let spaced = json!({"instruction": " q\n", "thought": "\n t \n", "response": "\n a "});
    for shape in [To::PromptCompletion, To::Messages, To::Alpaca, To::ShareGpt] {
        for (thought, kind) in [(Thinking::Tags, Some(Kind::Cot)), (Thinking::Field, None)] {
            if thought == Thinking::Field && shape != To::Messages {
                continue;
            }
            let bench = Bench::new();
            let input = bench.put("a.jsonl", std::slice::from_ref(&spaced));
            convert(&input, &bench.path("b.jsonl"), &Options { thought, ..to(shape) }).unwrap();
            convert(&bench.path("b.jsonl"), &bench.path("c.jsonl"), &Options { kind, ..to(To::Distill) }).unwrap();
            assert_eq!(trained(Kind::Cot, &bench.rows("c.jsonl")[0]), trained(Kind::Cot, &spaced), "{shape:?}");
        }
    }
    let tidy = json!({"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "<think> t </think> a "}]});
    let bench = Bench::new();
    convert(&bench.put("a.jsonl", &[tidy]), &bench.path("b.jsonl"), &to(To::Distill)).unwrap();
    assert_eq!(trained(Kind::Cot, &bench.rows("b.jsonl")[0]), ["q", "t", "a"]);
}

#[test]
fn conversations_keep_their_turns_where_there_is_room() {
    let messages = json!([
        {"role": "system", "content": "s"}, {"role": "user", "content": "1"}, {"role": "assistant", "content": "2"},
        {"role": "user", "content": "3"}, {"role": "assistant", "content": "4"},
    ]);
    let turns = json!([
        {"from": "system", "value": "s"}, {"from": "human", "value": "1"}, {"from": "gpt", "value": "2"},
        {"from": "human", "value": "3"}, {"from": "gpt", "value": "4"},
    ]);
    check(&json!({"messages": messages}), &to(To::ShareGpt), &json!({"conversations": turns}));
    check(&json!({"conversations": turns}), &to(To::Messages), &json!({"messages": messages}));
    for shape in [To::Distill, To::Alpaca, To::PromptCompletion] {
        assert!(refused(&json!({"messages": messages}), &to(shape)).contains("has several turns"), "{shape:?}");
    }
}

#[test]
fn rows_that_do_not_fit_are_counted_and_the_others_written() {
    let bench = Bench::new();
    let user = json!({"role": "user", "content": "p"});
    let says = json!({"role": "assistant", "content": "a"});
    let rows = [
        json!({"messages": [user, says]}),
        json!({"messages": [user, says, user, says]}),
        json!({"messages": [user]}),
        json!({"messages": [user, {"role": "assistant", "content": "", "tool_calls": [{"id": "1"}]}]}),
        json!({"messages": [user, {"role": "assistant", "content": [{"type": "image_url"}]}]}),
        json!({"messages": [user, {"role": "tool", "content": "x"}, says]}),
        json!({"messages": "none"}),
        json!({"messages": [{"role": "system", "content": "s"}, user, {"role": "assistant", "content": "a", "weight": 0}]}),
        json!({"messages": [user, says, user, says]}),
    ];
    let input = bench.put("in.jsonl", &rows);
    fs::write(&input, format!("{}not json\n", fs::read_to_string(&input).unwrap())).unwrap();
    let done = convert(&input, &bench.path("out.jsonl"), &to(To::Distill)).unwrap();
    assert_eq!((done.rows, done.unreadable.len()), (2, 1));
    let refused: Vec<String> =
        done.refused.iter().map(|refused| format!("{} {:?} {}", refused.count, refused.rows, refused.why)).collect();
    assert_eq!(
        refused,
        [
            "2 [1, 8] has several turns, and the shape one question and one answer",
            "1 [2] does not end in an answer",
            "1 [3] calls tools",
            "1 [4] has a message that is not only text",
            "1 [5] has turns of tools",
            "1 [6] `messages` is text, a list was expected",
        ]
    );
    assert_eq!(done.lost, BTreeMap::from([("messages[].weight".to_owned(), 1), ("system prompt".to_owned(), 1)]));
    assert!(done.is_partial());
}

#[test]
fn what_does_not_fit_together_is_refused_at_once() {
    let check = |row: Value, options: Options, expected: &str| {
        let error = refused(&row, &options);
        assert!(error.contains(expected), "{error}");
    };
    check(qa(), to(To::Preference), "its qa rows have one answer");
    check(pair(), to(To::Messages), "its preference rows have two answers");
    check(cot(), Options { thought: Thinking::Field, ..to(To::Alpaca) }, "no message that could hold");
    check(qa(), Options { keep: vec!["response".into()], ..Options::default() }, "is copied with all its columns");
    check(qa(), Options { keep: vec!["nothing".into()], ..to(To::Messages) }, "has no column `nothing`");
    check(pair(), Options { keep: vec!["prompt".into()], ..to(To::Preference) }, "cannot be kept beside");
    check(json!({"text": "bare"}), to(To::Messages), "holds bare text");
    check(json!({"x": "y"}), to(To::Messages), "no shape that is known");
    check(qa(), Options { split: Some("test".into()), ..Options::default() }, "has no column `split`");
    let bench = Bench::new();
    let input = bench.put("in.jsonl", &[qa()]);
    let error = convert(&input, &bench.path("out.parquet"), &to(To::OpenAi)).unwrap_err().render();
    assert!(error.contains("plain JSON lines"), "{error}");
}

#[test]
fn named_columns_are_read_and_others_kept() {
    let bench = Bench::new();
    let input = bench.put("in.jsonl", &[json!({"frage": "q", "antwort": "a", "beleg": "w", "nr": 7, "extra": "x"})]);
    let columns = [(Role::Prompt, "frage"), (Role::Answer, "antwort"), (Role::Evidence, "beleg")];
    let columns: Vec<(Role, String)> = columns.into_iter().map(|(role, name)| (role, name.to_owned())).collect();
    let options = Options { columns, keep: vec!["nr".into()], ..to(To::PromptCompletion) };
    let done = convert(&input, &bench.path("a.jsonl"), &options).unwrap();
    assert_eq!(bench.rows("a.jsonl"), [json!({"prompt": "q", "completion": "a", "nr": 7})]);
    assert_eq!(done.lost.keys().collect::<Vec<_>>(), ["beleg", "extra"]);
    let done = convert(&input, &bench.path("b.jsonl"), &Options { to: Some(To::Distill), ..options }).unwrap();
    let row = &bench.rows("b.jsonl")[0];
    assert_eq!((trained(Kind::Qa, row), &row["evidence"], &row["nr"]), (vec!["q", "", "a"], &json!("w"), &json!(7)));
    assert_eq!(done.lost.keys().collect::<Vec<_>>(), ["extra"]);
}

fn ours(kind: Kind) -> Vec<Row> {
    let texts = ["é\n\"x\"", "", "z\t"];
    (0..3_usize)
        .map(|i| {
            let [a, b, c] = [0, 1, 2].map(|k| format!("{}{i}", texts[(i + k) % 3]));
            let evidence = "e".to_owned();
            let content = match kind {
                Kind::Qa => Content::Qa(Qa {
                    instruction: a,
                    context: b,
                    response: c,
                    paraphrase: "p".into(),
                    answer_key: "k".into(),
                    evidence,
                }),
                Kind::Cot => Content::Cot(Cot { instruction: a, thought: b, response: c, evidence }),
                Kind::Preference => Content::Preference(Preference { prompt: a, chosen: b, rejected: c, evidence }),
            };
            Row {
                id: content.id(),
                content,
                source: "resume.md".into(),
                span: (i as u64, 1 << 40),
                split: if i == 1 { Split::Test } else { Split::Train },
                tokens: [0, 7, u32::MAX],
                sides: (kind == Kind::Preference).then_some(Sides { chosen: Side::Post, rejected: Side::Student }),
                provenance: Provenance {
                    teacher: "outline".into(),
                    template: "t".into(),
                    template_version: "1".into(),
                    parameters: "{\"temperature\":0.7}".into(),
                    request_hash: ContentHash::of(b"r"),
                    cost_usd: [0.0, 0.1 + 0.2, 1e-7 / 3.0][i],
                },
            }
        })
        .collect()
}

/// Key-value metadata of a file.
type Metadata = Vec<(String, Option<String>)>;

/// Schema, batches and metadata of a Parquet file.
fn whole(path: &Path) -> (SchemaRef, Vec<RecordBatch>, Metadata) {
    let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
    let schema = Arc::clone(builder.schema());
    let metadata = builder.metadata().file_metadata().key_value_metadata().cloned().unwrap_or_default();
    let metadata = metadata.into_iter().filter(|kv| kv.key != "ARROW:schema").map(|kv| (kv.key, kv.value)).collect();
    let plain = Arc::new(Schema::new(schema.fields().clone()));
    let batches = builder.build().unwrap().map(|batch| batch.unwrap().with_schema(Arc::clone(&plain)).unwrap());
    (Arc::clone(&plain), batches.collect(), metadata)
}

#[test]
fn our_files_come_back_from_json_as_they_were() {
    for kind in Kind::ALL {
        let bench = Bench::new();
        let info =
            FileInfo { kind, tokenizer_hash: ContentHash::of(b"t"), cap: 150, mask_policy: ContentHash::of(b"m") };
        write(&bench.path("a.parquet"), &ours(kind), &info).unwrap();
        let (schema, batches, metadata) = whole(&bench.path("a.parquet"));
        assert_eq!(schema.fields(), &spell::native_fields(kind), "{kind:?}");
        for name in ["b.jsonl", "b.jsonl.gz", "b.jsonl.zst", "b.json"] {
            let done = convert(&bench.path("a.parquet"), &bench.path(name), &Options::default()).unwrap();
            assert_eq!(done.metadata_lost, ["distill.tokenizer_hash", "distill.cap", "distill.mask_policy"]);
            assert!(done.lost.is_empty() && done.retyped.is_empty(), "{done:?}");
            for options in [Options::default(), to(To::Distill)] {
                convert(&bench.path(name), &bench.path("c.parquet"), &options).unwrap();
                let (back_schema, back, back_metadata) = whole(&bench.path("c.parquet"));
                assert_eq!((&back_schema, &back), (&schema, &batches), "{kind:?} {name}");
                let told = ["distill.schema_version", "distill.kind", "distill.tool_version"];
                let expected: Vec<_> =
                    metadata.iter().filter(|(key, _)| told.contains(&key.as_str())).cloned().collect();
                assert_eq!(back_metadata, expected);
            }
        }
        // Parquet as Parquet keeps the rest, too.
        convert(&bench.path("a.parquet"), &bench.path("d.parquet"), &Options::default()).unwrap();
        assert_eq!(whole(&bench.path("d.parquet")), (Arc::clone(&schema), batches, metadata));
        // One split alone, in any container.
        let only = Options { split: Some("test".into()), ..Options::default() };
        for name in ["e.parquet", "e.jsonl"] {
            let done = convert(&bench.path("a.parquet"), &bench.path(name), &only).unwrap();
            assert_eq!((done.rows, done.other_splits), (1, 2));
            assert_eq!(bench.rows(name)[0]["split"], "test");
        }
    }
}

#[test]
fn our_rows_come_back_from_shapes_that_hold_them() {
    let keep: Vec<String> = ["source", "span", "evidence", "split", "teacher", "cost_usd"].map(String::from).to_vec();
    for (kind, shape) in [(Kind::Qa, To::Alpaca), (Kind::Cot, To::Messages), (Kind::Preference, To::ImplicitPreference)]
    {
        for name in ["b.parquet", "b.jsonl"] {
            let bench = Bench::new();
            let row = match kind {
                Kind::Qa => qa(),
                Kind::Cot => cot(),
                Kind::Preference => pair(),
            };
            let mut row = row.as_object().unwrap().clone();
            row.insert("source".into(), "a.md".into());
            row.insert("span".into(), json!([3, 9]));
            row.insert("evidence".into(), "e".into());
            row.insert("split".into(), "test".into());
            row.insert("teacher".into(), "outline".into());
            row.insert("cost_usd".into(), json!(0.25));
            let input = bench.put("a.jsonl", &[Value::Object(row)]);
            convert(&input, &bench.path("a.parquet"), &to(To::Distill)).unwrap();
            let before = bench.rows("a.parquet");
            convert(&bench.path("a.parquet"), &bench.path(name), &Options { keep: keep.clone(), ..to(shape) }).unwrap();
            convert(&bench.path(name), &bench.path("c.parquet"), &to(To::Distill)).unwrap();
            assert_eq!(bench.rows("c.parquet"), before, "{kind:?} {name}");
        }
    }
}

#[test]
fn columns_of_others_keep_type_or_are_named() {
    let bench = Bench::new();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("text", Arc::new(StringArray::from(vec![Some("x"), None]))),
        ("i", Arc::new(Int32Array::from(vec![1, 2]))),
        ("f", Arc::new(Float32Array::from(vec![0.5, f32::NAN]))),
        ("d", Arc::new(Float64Array::from(vec![0.1, 0.2]))),
        ("t", Arc::new(TimestampMillisecondArray::from(vec![0, 1_700_000_000_123]))),
        ("c", Arc::new(vec!["red", "blue"].into_iter().collect::<DictionaryArray<Int32Type>>())),
        ("blob", Arc::new(BinaryArray::from(vec![&b"\xff"[..], b"x"]))),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let path = bench.path("a.parquet");
    let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), batch.schema(), None).unwrap();
    writer.append_key_value_metadata(KeyValue::new("pandas".to_owned(), "{}".to_owned()));
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    convert(&path, &bench.path("b.parquet"), &Options::default()).unwrap();
    assert_eq!(whole(&path).1[0], whole(&bench.path("b.parquet")).1[0]);
    let error = convert(&path, &bench.path("b.jsonl"), &Options::default()).unwrap_err().render();
    assert!(error.contains("`blob` is of type Binary") && error.contains("--drop-columns blob"), "{error}");
    let drop = Options { drop: vec!["blob".into()], ..Options::default() };
    let done = convert(&path, &bench.path("b.jsonl"), &drop).unwrap();
    assert_eq!(
        bench.rows("b.jsonl"),
        [
            json!({"text": "x", "i": 1, "f": 0.5, "d": 0.1, "t": "1970-01-01T00:00:00", "c": "red"}),
            json!({"text": null, "i": 2, "f": null, "d": 0.2, "t": "2023-11-14T22:13:20.123", "c": "blue"})
        ]
    );
    let retyped: Vec<&str> = done.retyped.iter().map(|(column, _)| column.as_str()).collect();
    assert_eq!((retyped, done.not_numbers), (vec!["i", "f", "t", "c"], 1));
    assert_eq!(done.metadata_lost, ["pandas"]);
    // Kept columns have their own types in Parquet.
    let options = Options {
        columns: vec![(Role::Prompt, "c".into()), (Role::Answer, "c".into())],
        keep: vec!["i".into(), "t".into()],
        ..to(To::PromptCompletion)
    };
    let done = convert(&path, &bench.path("d.parquet"), &options).unwrap();
    let (schema, ..) = whole(&bench.path("d.parquet"));
    let types: Vec<String> = schema.fields().iter().map(|field| field.data_type().to_string()).collect();
    assert_eq!(types, ["Utf8", "Utf8", "Int32", "Timestamp(ms)"]);
    assert!(done.lost.contains_key("blob (Binary)"), "{:?}", done.lost);
}

#[test]
fn damaged_files_leave_nothing_behind() {
    let bench = Bench::new();
    let info = FileInfo {
        kind: Kind::Qa,
        tokenizer_hash: ContentHash::of(b"t"),
        cap: 150,
        mask_policy: ContentHash::of(b"m"),
    };
    write(&bench.path("a.parquet"), &ours(Kind::Qa), &info).unwrap();
    convert(&bench.path("a.parquet"), &bench.path("b.jsonl.gz"), &Options::default()).unwrap();
    let bytes = fs::read(bench.path("b.jsonl.gz")).unwrap();
    fs::write(bench.path("b.jsonl.gz"), &bytes[..bytes.len() - 20]).unwrap();
    for name in ["c.jsonl", "c.parquet"] {
        assert!(convert(&bench.path("b.jsonl.gz"), &bench.path(name), &Options::default()).is_err());
        assert!(!bench.path(name).exists());
    }
    assert_eq!(fs::read_dir(bench.dir.path()).unwrap().count(), 2);
    // Rows that no Parquet column holds together.
    let mixed = bench.put("m.jsonl", &[json!({"a": 1}), json!({"a": "x"})]);
    let error = convert(&mixed, &bench.path("m.parquet"), &Options::default()).unwrap_err().render();
    assert!(error.contains("row 1: `a` holds text here"), "{error}");
    convert(&mixed, &bench.path("m.json"), &Options::default()).unwrap();
}
