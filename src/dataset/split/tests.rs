//! What must stay together does, whatever the order.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};

use super::*;
use crate::dataset::{ConvertOptions, convert, read};

fn options(test: f64) -> Options {
    Options { test, by: None, stratify: Stratify::Kind, seed: 0, place: None, force: false }
}

struct Bench(tempfile::TempDir);

impl Bench {
    fn put(&self, name: &str, rows: &[Value]) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, rows.iter().map(|row| format!("{row}\n")).collect::<String>()).unwrap();
        path
    }

    /// Splits copies and gives the values of a column on the test side.
    fn held(&self, files: &[PathBuf], options: &Options, column: &str) -> BTreeSet<String> {
        let folder = self.0.path().join("out");
        let place = Some(Place::Copies(folder.clone()));
        split(files, &Options { place, force: true, ..options.clone() }).unwrap_or_else(|e| panic!("{}", e.render()));
        let mut out = BTreeSet::new();
        for file in files {
            for record in read(&folder.join(file.file_name().unwrap())).unwrap().records {
                if record.text("split") == Some("test") {
                    out.insert(record.values[column].to_string());
                }
            }
        }
        out
    }
}

fn bench() -> Bench {
    Bench(tempfile::tempdir().unwrap())
}

/// Questions that have few words in common.
fn question(i: usize) -> String {
    const WORDS: [&str; 12] =
        ["buoy", "tide", "engine", "chart", "anchor", "mast", "harbour", "storm", "pump", "hull", "rope", "sail"];
    let word = |k: usize| WORDS[(i / 12_usize.pow(k as u32) + k * 5) % 12];
    format!("{} {} {} q{i} r{i} s{i}?", word(0), word(1), word(2))
}

fn qa(i: usize, source: &str, span: (u64, u64)) -> Value {
    json!({"id": i, "instruction": question(i), "context": "", "response": format!("answer {i}"), "source": source, "span": [span.0, span.1]})
}

#[test]
fn passages_stay_whole_across_files_and_kinds() {
    let bench = bench();
    // Forty passages that overlap in pairs, five rows each; the thoughts are about the same ones.
    let span = |p: usize| ((p * 100) as u64, (p * 100 + if p.is_multiple_of(2) { 120 } else { 90 }) as u64);
    let rows: Vec<Value> = (0..200).map(|i| qa(i, "a.md", span(i / 5))).collect();
    let thoughts: Vec<Value> = (0..80)
        .map(|i| json!({"id": i, "instruction": question(1000 + i), "thought": "t", "response": "r", "source": "a.md", "span": [span(i / 2).0, span(i / 2).1]}))
        .collect();
    let files = [bench.put("qa.jsonl", &rows), bench.put("cot.jsonl", &thoughts)];
    let account = split(&files, &options(0.2)).unwrap();
    assert_eq!((account.by.clone(), account.groups, account.largest), (By::Passage, 20, 14));
    assert_eq!(account.total(), (224, 56));
    assert_eq!(account.strata, [("cot".to_owned(), 64, 16), ("qa".to_owned(), 160, 40)]);
    let starts = |name: usize| bench.held(&files[name..=name], &options(0.2), "span");
    assert_eq!(starts(0).len() % 2, 0, "both passages of a pair");
    let folder = bench.0.path().join("both");
    split(&files, &Options { place: Some(Place::Copies(folder.clone())), ..options(0.2) }).unwrap();
    let pairs = |name: &str, side: &str| -> BTreeSet<u64> {
        let records = read(&folder.join(name)).unwrap().records;
        let of = records.iter().filter(|record| record.text("split") == Some(side));
        of.map(|record| record.values["span"][0].as_u64().unwrap() / 200).collect()
    };
    assert_eq!(pairs("qa.jsonl", "test"), pairs("cot.jsonl", "test"));
    assert!(pairs("qa.jsonl", "test").is_disjoint(&pairs("cot.jsonl", "train")));
}

#[test]
fn neither_order_nor_container_matters_and_the_seed_does() {
    let bench = bench();
    let rows: Vec<Value> = (0..300).map(|i| qa(i, "", (0, 0))).collect();
    let file = bench.put("a.jsonl", &rows);
    let held = bench.held(std::slice::from_ref(&file), &options(0.1), "id");
    assert_eq!(held.len(), 30);
    let mut turned = rows.clone();
    turned.reverse();
    turned.rotate_left(77);
    let turned = bench.put("b.jsonl", &turned);
    assert_eq!(bench.held(&[turned], &options(0.1), "id"), held);
    let parquet = bench.0.path().join("a.parquet");
    convert(&file, &parquet, &ConvertOptions::default()).unwrap();
    assert_eq!(bench.held(&[parquet], &options(0.1), "id"), held);
    let halves = [bench.put("h1.jsonl", &rows[150..]), bench.put("h2.jsonl", &rows[..150])];
    assert_eq!(bench.held(&halves, &options(0.1), "id"), held);
    let other = bench.held(&[file], &Options { seed: 1, ..options(0.1) }, "id");
    assert!(other.len() == 30 && other.intersection(&held).count() < 15);
}

#[test]
fn questions_that_are_nearly_the_same_stay_together() {
    let bench = bench();
    let mut rows: Vec<Value> = (0..40).map(|i| json!({"prompt": question(i), "completion": "a"})).collect();
    let asks = [
        "Which engine part failed first in the storm of March?",
        "which engine part failed first, in the storm of March",
        "Which engine part failed first in the storm of May?",
    ];
    rows.extend(asks.iter().map(|ask| json!({"prompt": ask, "completion": "b"})));
    let file = bench.put("a.jsonl", &rows);
    let account = split(std::slice::from_ref(&file), &options(0.2)).unwrap();
    assert_eq!((account.by, account.groups, account.largest), (By::Row, 41, 3));
    for seed in 0..20 {
        let sides: BTreeSet<String> =
            bench.held(std::slice::from_ref(&file), &Options { seed, ..options(0.2) }, "prompt");
        let near = sides.iter().filter(|prompt| prompt.contains("engine part failed")).count();
        assert!(near == 0 || near == 3, "seed {seed}: {near}");
    }
}

/// All pairs, one by one.
#[test]
fn near_questions_are_those_that_brute_force_finds() {
    use crate::row::rouge::{Numbered, rouge};
    let words = ["the", "a", "what", "is", "was", "boat", "tide", "of", "x1", "x2", "x3", "x4", "x5", "x6"];
    let mut state = 7_u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as usize % below
    };
    let mut texts: Vec<String> = vec![];
    for _ in 0..300 {
        let text = match texts.len() {
            n if n > 10 && next(2) == 0 => {
                let mut old: Vec<String> = texts[next(n)].split(' ').map(str::to_owned).collect();
                let at = next(old.len());
                old[at] = words[next(words.len())].to_owned();
                old.join(" ")
            }
            _ => (0..3 + next(8)).map(|_| words[next(words.len())]).collect::<Vec<_>>().join(" "),
        };
        texts.push(text);
    }
    let mut numbered = Numbered::default();
    let lists: Vec<Vec<u32>> = texts.iter().map(|text| numbered.words(text)).collect();
    let mut of: Vec<usize> = (0..texts.len()).collect();
    for i in 0..texts.len() {
        for j in 0..i {
            if rouge(&lists[i], &lists[j]) >= 0.8 && of[i] != of[j] {
                let (from, to) = (of[i], of[j]);
                of.iter_mut().filter(|group| **group == from).for_each(|group| *group = to);
            }
        }
    }
    let groups = of.iter().collect::<BTreeSet<_>>().len();
    let rows: Vec<Value> = texts.iter().map(|text| json!({"prompt": text, "completion": "a"})).collect();
    let bench = bench();
    let account = split(&[bench.put("a.jsonl", &rows)], &options(0.3)).map(|account| account.groups as usize);
    let Ok(found) = account else { panic!("{}", account.unwrap_err().render()) };
    assert!(groups > 20 && groups < 280, "{groups}");
    assert_eq!(found, groups);
}

#[test]
fn strata_are_as_frequent_on_both_sides() {
    let bench = bench();
    let topics = ["a", "b", "c", "d", "e", "f", "g"];
    let rows: Vec<Value> = (0..700)
        .map(|i| {
            let topic = if i < 400 { "a" } else { topics[i % 7] };
            json!({"prompt": question(i), "completion": "x", "topic": topic})
        })
        .collect();
    let file = bench.put("a.jsonl", &rows);
    let by = |stratify| Options { stratify, ..options(0.1) };
    let account = split(std::slice::from_ref(&file), &by(Stratify::Column("topic".into()))).unwrap();
    assert_eq!(account.total(), (630, 70));
    for (name, train, test) in &account.strata {
        let wanted = (train + test) as f64 / 10.0;
        assert!((*test as f64 - wanted).abs() <= 1.0, "{name}: {test} of {}", train + test);
    }
    // More strata than there are rows to hold out: the whole is still right.
    let account = split(std::slice::from_ref(&file), &by(Stratify::Column("prompt".into()))).unwrap();
    assert_eq!(account.total(), (630, 70));
    let error = split(&[file], &by(Stratify::Column("nothing".into()))).unwrap_err().render();
    assert!(error.contains("has no column `nothing`"), "{error}");
}

#[test]
fn groups_that_are_too_large_are_told() {
    let bench = bench();
    let rows: Vec<Value> =
        (0..100).map(|i| json!({"prompt": question(i), "completion": "x", "user": i / 50})).collect();
    let file = bench.put("a.jsonl", &rows);
    let by_user = Options { by: Some(By::Column("user".into())), ..options(0.1) };
    let account = split(std::slice::from_ref(&file), &by_user).unwrap();
    assert_eq!((account.total(), account.misses, account.groups, account.largest), ((50, 50), true, 2, 50));
    let rows: Vec<Value> = (0..9).map(|i| json!({"prompt": "the same", "completion": i.to_string()})).collect();
    let error = split(&[bench.put("b.jsonl", &rows)], &options(0.1)).unwrap_err().render();
    assert!(error.contains("hang together"), "{error}");
    // Large groups do not push the share past what was asked for while small ones reach it.
    let rows: Vec<Value> = (0..200)
        .map(|i| json!({"prompt": question(i), "completion": "x", "user": if i < 100 { 0 } else { i }}))
        .collect();
    let file = bench.put("c.jsonl", &rows);
    for seed in 0..10 {
        assert_eq!(
            split(std::slice::from_ref(&file), &Options { seed, ..by_user.clone() }).unwrap().total(),
            (180, 20)
        );
    }
}

#[test]
fn files_change_by_their_split_alone() {
    let bench = bench();
    let rows: Vec<Value> = (0..20).map(|i| qa(i, "a.md", (i as u64 * 10, i as u64 * 10 + 5))).collect();
    let file = bench.put("a.jsonl", &rows);
    let parquet = bench.0.path().join("a.parquet");
    convert(&file, &parquet, &ConvertOptions::default()).unwrap();
    let parts = Options { place: Some(Place::Parts(bench.0.path().join("parts"))), ..options(0.25) };
    let account = split(std::slice::from_ref(&file), &parts).unwrap();
    let [train, test] = account.written.as_slice() else { panic!("{:?}", account.written) };
    assert_eq!(test.file_name().unwrap(), "a-test.jsonl");
    let lines = |path: &Path| fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect::<BTreeSet<_>>();
    assert_eq!((lines(train).len(), lines(test).len()), (15, 5));
    assert_eq!(&lines(train) | &lines(test), lines(&file));
    assert!(split(std::slice::from_ref(&file), &parts).unwrap_err().render().contains("--force"));
    let before = read(&parquet).unwrap();
    let in_place = Options { place: Some(Place::InPlace), ..options(0.25) };
    for (path, moved) in [(&file, 0), (&parquet, 0), (&file, 0)] {
        assert_eq!(split(std::slice::from_ref(path), &in_place).unwrap().moved, moved);
    }
    let after = read(&parquet).unwrap();
    assert_eq!(after.columns, [before.columns, vec!["split".to_owned()]].concat());
    let text = read(&file).unwrap();
    for ((old, new), line) in before.records.iter().zip(&after.records).zip(&text.records) {
        assert_eq!((new.text("split"), old.text("response")), (line.text("split"), new.text("response")));
    }
    assert!(fs::read_to_string(&file).unwrap().starts_with("{\"id\":0,\"instruction\":\"buoy"));
    let account = split(std::slice::from_ref(&file), &Options { seed: 9, ..in_place }).unwrap();
    assert!(account.moved > 0);
    assert!(split(&[file.clone(), file], &options(0.1)).is_err());
    let bad = bench.0.path().join("bad.jsonl");
    fs::write(&bad, "{\"prompt\":\"a\",\"completion\":\"b\"}\nno\n").unwrap();
    assert!(split(&[bad], &options(0.5)).unwrap_err().render().contains("line 2 "));
}
