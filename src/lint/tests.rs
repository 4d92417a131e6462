//! The registry tests itself: fixtures, documentation, and reports.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::finding::Plan;
use super::*;
use crate::dataset::Record;
use crate::id::ContentHash;
use crate::row::{Kind, TokenCounter};

/// A token is a word between spaces: enough to count in a fixture.
pub(super) struct Words;

impl TokenCounter for Words {
    fn count(&self, text: &str) -> usize {
        text.split_whitespace().count()
    }

    fn hash(&self) -> ContentHash {
        ContentHash::of(b"words")
    }
}

/// One record of strings.
pub(super) fn record(row: u64, fields: &[(&str, &str)]) -> Record {
    let values = fields.iter().map(|(field, text)| ((*field).to_owned(), (*text).into())).collect();
    Record { row, line: None, values }
}

/// Shows one record to one check.
pub(super) fn findings(check: &mut dyn Check, kind: Kind, fields: &[(&str, &str)]) -> Vec<Finding> {
    findings_with(check, kind, BTreeMap::new(), &record(0, fields), &Context::default())
}

/// The same with the file's metadata and a context.
pub(super) fn findings_with(
    check: &mut dyn Check,
    kind: Kind,
    metadata: BTreeMap<String, String>,
    record: &Record,
    cx: &Context<'_>,
) -> Vec<Finding> {
    let columns = record.values.keys().cloned().collect();
    let table = Arc::new(TableInfo::new(0, "t", columns, metadata, Some(Layout::native(kind))));
    let plan = Plan { files: vec!["t".into()], cap: u64::MAX, ..Plan::default() };
    let mut out = Findings::new(Arc::new(plan));
    check.table(&table, &mut out);
    let view = View::new(&table, record, cx);
    check.row(&view, &mut out);
    check.remember(&view, &mut out);
    check.finish(&mut out);
    out.list
}

pub(super) fn table(path: &str, jsonl: &str) -> Table {
    let mut columns: Vec<String> = vec![];
    let mut records = vec![];
    for (row, line) in (0..).zip(jsonl.lines().filter(|line| !line.trim().is_empty())) {
        let values: serde_json::Map<_, _> = serde_json::from_str(line).unwrap_or_else(|e| panic!("{path}:{row}: {e}"));
        columns.extend(values.keys().filter(|key| !columns.contains(key)).cloned().collect::<Vec<_>>());
        records.push(Record { row, line: None, values });
    }
    Table { path: PathBuf::from(path), kind: None, columns, metadata: BTreeMap::new(), records }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All datasets of a rule's fixture folder whose names begin with `bad` or `good`.
fn fixture(code: &str, stem: &str) -> Vec<PathBuf> {
    let folder = root().join("fixtures/lint").join(code);
    let mut paths: Vec<PathBuf> = fs::read_dir(&folder)
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().unwrap().to_string_lossy().starts_with(stem))
        .filter(|path| path.extension().is_some_and(|e| e == "jsonl" || e == "json" || e == "parquet"))
        .filter(|path| !path.ends_with(format!("{stem}-manifest.json")))
        .collect();
    paths.sort();
    paths
}

/// What a fixture folder may hold besides: the masked documents, the author's texts, what a vault knows.
#[derive(Default)]
struct Besides {
    sources: BTreeMap<String, String>,
    profile: Option<crate::style::Profile>,
    vault: Option<crate::mask::Vault>,
    beside: BTreeMap<String, Beside>,
}

fn besides(code: &str, stem: &str, paths: &[PathBuf]) -> Besides {
    let folder = root().join("fixtures/lint").join(code);
    let mut out = Besides::default();
    let texts = |name: &str| -> Vec<(String, String)> {
        let files = fs::read_dir(folder.join(name)).into_iter().flatten().map(|entry| entry.unwrap().path());
        files
            .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read_to_string(&path).unwrap()))
            .collect()
    };
    out.sources = texts("sources").into_iter().collect();
    let mut own = texts("author");
    own.sort();
    let own: Vec<&str> = own.iter().flat_map(|(_, text)| text.split("\n\n")).collect();
    out.profile = (!own.is_empty()).then(|| crate::style::Profile::measure(&own));
    if let Ok(values) = fs::read_to_string(folder.join("vault.txt")) {
        let mut vault = crate::mask::Vault::with_salt([7; 32]);
        for line in values.lines() {
            let (entity, value) = line.split_once(' ').unwrap();
            vault.placeholder(entity.parse().unwrap(), value);
        }
        out.vault = Some(vault);
    }
    let read = |name: String| fs::read_to_string(folder.join(name)).ok();
    let beside = Beside {
        card: read(format!("{stem}-README.md")),
        manifest: read(format!("{stem}-manifest.json")),
        private: false,
        hashes: paths
            .iter()
            .map(|path| {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                (name, ContentHash::of(&fs::read(path).unwrap()))
            })
            .collect(),
    };
    if beside.card.is_some() || beside.manifest.is_some() {
        out.beside.insert(code.to_owned(), beside);
    }
    out
}

/// All rules over the files of a fixture, by the real reader, with as few rows as fixtures have.
fn run_fixture(code: &str, stem: &str) -> Report {
    let paths = fixture(code, stem);
    let besides = besides(code, stem, &paths);
    let settings = LintSettings { min_rows: 2, ..LintSettings::default() };
    let cx = Context {
        sources: (!besides.sources.is_empty()).then_some(&besides.sources),
        profile: besides.profile.as_ref(),
        originals: besides.vault.as_ref(),
        beside: (!besides.beside.is_empty()).then_some(&besides.beside),
        ..Context::with_counter(Some(&Words))
    };
    let mut linter = Linter::new(&settings, &cx).unwrap();
    for path in &paths {
        let name = format!("{code}/{}", path.file_name().unwrap().to_string_lossy());
        match crate::dataset::open(path) {
            Ok(reader) => linter.file(reader.named(Path::new(&name)), &mut |_| {}),
            Err(error) => linter.unreadable(&name, &error.to_string()),
        }
    }
    linter.finish()
}

/// All rules over tables in memory.
fn run(tables: &[Table]) -> Report {
    let settings = LintSettings { min_rows: 2, ..LintSettings::default() };
    lint(tables.iter(), &settings, &Context::with_counter(Some(&Words))).unwrap()
}

/// A row's note, under `_note` so that it is no unknown column.
fn notes(path: &Path) -> Vec<(u64, String)> {
    let mut out = vec![];
    let Ok(mut reader) = crate::dataset::open(path) else { return out };
    while let Some(batch) = reader.batch() {
        for item in batch {
            if let Item::Row(record) = item {
                out.push((record.row, record.text("_note").unwrap_or_default().to_owned()));
            }
        }
    }
    out
}

#[test]
fn bad_fixtures_give_exactly_their_rule() {
    let mut wrong = String::new();
    for rule in RULES {
        let code = rule.meta().code;
        let report = run_fixture(code, "bad");
        let codes: BTreeSet<&str> = report.findings.iter().map(|finding| finding.code).collect();
        if codes != BTreeSet::from([code]) {
            wrong += &format!("== {code}, bad:\n{}\n", report::text::render(&report, false));
        }
        if report.findings.iter().filter(|finding| finding.code == code).all(|finding| finding.row.is_none()) {
            continue;
        }
        // Every row is a case of its own unless its note says that it is fine.
        for path in fixture(code, "bad") {
            let file = format!("{code}/{}", path.file_name().unwrap().to_string_lossy());
            for (row, note) in notes(&path) {
                let found = report.findings.iter().any(|f| f.file == file && f.row == Some(row));
                if found == note.starts_with("fine") {
                    wrong += &format!("== {code}: {file}:{row} {note:?} is {}found\n", if found { "" } else { "not " });
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn good_fixtures_give_nothing() {
    let mut wrong = String::new();
    for rule in RULES {
        let report = run_fixture(rule.meta().code, "good");
        if !report.findings.is_empty() {
            wrong += &format!("== {}, good:\n{}\n", rule.meta().code, report::text::render(&report, false));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn empty_datasets_only_have_too_few_rows() {
    let codes = |tables: &[Table], min_rows: u64| {
        let settings = LintSettings { min_rows, ..LintSettings::default() };
        let report = lint(tables.iter(), &settings, &Context::default()).unwrap();
        assert!(report.skipped.is_empty(), "{:?}", report.skipped);
        report.findings.iter().map(|finding| finding.code).collect::<Vec<_>>()
    };
    let empty = Table { kind: None, ..table("empty.jsonl", "") };
    let columns: Vec<String> = Kind::Cot.fields().iter().map(|field| (*field).to_owned()).collect();
    let typed = Table { kind: Some(Kind::Cot), columns, ..table("cot.parquet", "") };
    assert_eq!(codes(&[], 100), [""; 0]);
    assert_eq!(codes(std::slice::from_ref(&typed), 0), [""; 0]);
    assert_eq!(codes(&[typed], 100), ["SCH005"]);
    assert_eq!(codes(std::slice::from_ref(&empty), 0), [""; 0]);
    assert_eq!(codes(&[empty], 100), ["SCH005"]);
}

#[test]
fn codes_and_names_follow_the_rules() {
    let metas: Vec<&Meta> = RULES.iter().map(|rule| rule.meta()).collect();
    let unique = |key: fn(&&&Meta) -> &'static str| metas.iter().map(|meta| key(&meta)).collect::<BTreeSet<_>>().len();
    assert_eq!((unique(|meta| meta.code), unique(|meta| meta.name)), (metas.len(), metas.len()));
    let code = regex::Regex::new("^[A-Z]{3}[0-9]{3}$").unwrap();
    let name = regex::Regex::new("^[a-z]+(-[a-z]+)*$").unwrap();
    for meta in metas {
        assert!(code.is_match(meta.code) && name.is_match(meta.name), "{} {}", meta.code, meta.name);
        assert!(!meta.kinds.is_empty() && !meta.summary.ends_with('.'), "{}", meta.code);
        let headings: Vec<&str> = meta.explanation.lines().filter(|line| line.starts_with('#')).collect();
        assert_eq!(headings, ["## Why it matters", "## Example", "## How to fix"], "{}", meta.code);
    }
    let folders: BTreeSet<String> = fs::read_dir(root().join("fixtures/lint"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(folders, RULES.iter().map(|rule| rule.meta().code.to_owned()).collect());
}

#[test]
fn the_page_of_rules_is_fresh() {
    let path = root().join("docs/lint-rules.md");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, docs()).unwrap();
    }
    let stored = fs::read_to_string(&path).unwrap_or_default();
    assert!(stored == docs(), "docs/lint-rules.md is stale: run the tests with BLESS=1");
}

#[test]
fn rules_explain_themselves_by_code_and_name() {
    let page = explain("pii001").unwrap();
    assert_eq!(explain("leaked-personal-data").as_ref(), Some(&page));
    assert!(page.starts_with("# PII001 leaked-personal-data\n") && page.contains("\n## How to fix\n"), "{page}");
    assert_eq!(explain("PII"), None);
}

#[test]
fn no_report_prints_personal_data() {
    let rows = r#"{"id":"b.person@example.com","instruction":"Mail a.person@example.com or {{ answer }}?","context":"","response":"As an AI language model, I call +1 202-555-0143 now."}"#;
    let report = run(&[table("leak.jsonl", rows)]);
    let reports = [report::text::render(&report, true), report::json::render(&report), format!("{report:?}")];
    for shown in reports {
        assert!(shown.contains("EMAIL") && shown.contains("TXT005"), "{shown}");
        assert!(!shown.contains("person@") && !shown.contains("0143"), "{shown}");
    }
}

#[test]
fn json_is_an_array_of_exactly_nine_keys() {
    let report = run(&[table("q.jsonl", r#"{"instruction":"Who did all this?","response":" ","context":""}"#)]);
    let parsed: Vec<serde_json::Map<String, serde_json::Value>> =
        serde_json::from_str(&report::json::render(&report)).unwrap();
    let keys: Vec<&String> = parsed[0].keys().collect();
    assert_eq!(keys, ["code", "name", "severity", "file", "row", "id", "field", "message", "fix"]);
    assert_eq!((&parsed[0]["code"], &parsed[0]["row"]), (&"SCH005".into(), &serde_json::Value::Null));
    assert_eq!((&parsed[1]["code"], &parsed[1]["row"]), (&"SCH003".into(), &0.into()));
    assert_eq!((&parsed[1]["severity"], &parsed[1]["fix"]), (&"error".into(), &"unsafe".into()));
    assert_eq!(report::json::render(&run(&[])), "[]\n");
}

#[test]
fn text_shows_place_mark_and_summary() {
    let rows = "{\"instruction\":\"Why is it so?\",\"context\":\"\",\"response\":\"all is fine.<|im_end|>\"}\n\
                {\"instruction\":\"Where do tides turn?\",\"context\":\"\",\"response\":\"all is well\"}";
    let shown = report::text::render(&run(&[table("q\u{1b}.jsonl", rows)]), false);
    let expected = "q·.jsonl:0 error SCH006 `response` holds a chat control token (template-residue)\n    \
                    response: all is fine.⟦<|im_end|>⟧\n\n     1 error SCH006 template-residue\n\
                    skipped DUP006: no row has a `split`: test and training rows cannot be told apart\n\
                    1 error in 2 rows of 1 file\n";
    assert_eq!(shown, expected);
}

#[test]
fn a_known_kind_names_each_missing_column() {
    let mut one = table("p.parquet", r#"{"prompt":"a","chosen":"b"}"#);
    one.kind = Some(Kind::Preference);
    one.records.push(Record { row: 1, ..one.records[0].clone() });
    let settings = LintSettings { min_rows: 0, select: vec!["SCH".to_owned()], ..LintSettings::default() };
    let report = lint([&one].into_iter(), &settings, &Context::default()).unwrap();
    let found: Vec<_> = report.findings.iter().map(|f| (f.code, f.row, f.field.as_deref())).collect();
    assert_eq!(found, [("SCH001", None, Some("rejected"))]);
}

#[test]
fn duplicates_and_overlaps_reach_over_files() {
    let row = |split: &str, end: &str| {
        format!(
            r#"{{"instruction":"Who fixed the pump?","context":"","response":"I did it{end}","split":"{split}","answer_key":"I"}}"#
        )
    };
    let (train, again) = (table("a.jsonl", &row("train", ".")), table("b.jsonl", &row("train", " .")));
    let test = table("c.jsonl", &row("test", "."));
    let settings = LintSettings { min_rows: 0, ..LintSettings::default() };
    // The test file comes first: order does not matter.
    let report = lint([&test, &train, &again].into_iter(), &settings, &Context::with_counter(Some(&Words))).unwrap();
    let found: Vec<_> = report.findings.iter().map(|f| (f.code, f.file.as_str(), f.message.as_str())).collect();
    let nearly = "the question is worded as that of row 0 of a.jsonl (ROUGE-L 1.00)";
    let words = "the row has nearly the words of row 0 of a.jsonl (Jaccard of word triples 1.00)";
    let trained = "the test prompt is the prompt of training row 0 of a.jsonl";
    assert_eq!(found, [("DUP002", "b.jsonl", nearly), ("DUP003", "b.jsonl", words), ("DUP006", "c.jsonl", trained)]);
    let same = table("b.jsonl", &row("train", "."));
    let report = lint([&train, &same].into_iter(), &settings, &Context::with_counter(Some(&Words))).unwrap();
    assert_eq!(report.findings[0].message, "the row says the same as row 0 of a.jsonl");
    assert!(report.fails() && report.has_errors());
}

#[test]
fn settings_refuse_unknown_keys() {
    let settings: LintSettings = serde_json::from_str(r#"{"cap":64,"thresholds":{"overlap_words":13}}"#).unwrap();
    assert_eq!((settings.cap, settings.min_rows, settings.thresholds.overlap_words), (64, 100, 13));
    assert!(serde_json::from_str::<LintSettings>(r#"{"kap":64}"#).is_err());
}
