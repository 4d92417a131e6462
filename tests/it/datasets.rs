//! `show`, `stats`, `diff` and `card` on rows of the outline teacher.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::run;

const NOTES: &str = "# Harbour\n\nThe outage lasted 17 minutes. It began when every terminal asked the same question.\n\n## Repair\n\nThe fix was a random wait of up to 90 seconds. Eleven lines of client code did it.\n";

/// A folder with `notes.md` and the rows made of it, `qa.parquet`.
fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("notes.md"), NOTES).unwrap();
    run(&["gen-qa", "notes.md", "--teacher", "outline", "--rows", "3"], dir.path());
    assert!(dir.path().join("qa.parquet").exists());
    dir
}

fn rows(dir: &Path) -> Vec<Value> {
    let shown = run(&["show", "qa.parquet", "--json", "--rows", "1000"], dir).expect(0);
    shown.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn rows_are_shown_as_a_table_filtered_and_in_full() {
    let dir = folder();
    let d = dir.path();
    let all = rows(d);
    let table = run(&["show", "qa.parquet"], d).expect(0);
    assert_eq!(table.out.lines().count(), all.len() + 1, "{}", table.out);
    assert!(table.out.lines().all(|line| line.chars().count() < 100), "{}", table.out);
    assert!(!table.out.contains('\u{1b}'));
    let one = run(&["show", "qa.parquet", "--where", "response~seconds", "--where", "tokens_response>1", "--json"], d);
    let expected = all.iter().filter(|row| row["response"].as_str().unwrap().contains("seconds")).count();
    assert_eq!(one.out.lines().count(), expected);
    let id = all[0]["id"].as_str().unwrap();
    let full = run(&["show", "qa.parquet", "--id", &id[..8], "--source", "notes.md"], d).expect(0);
    assert!(full.out.contains("instruction (prompt)") && full.out.contains('»'), "{}", full.out);
    for (args, code, words) in [
        (&["show", "qa.parquet", "--row", "999"][..], 1, "no such row"),
        (&["show", "qa.parquet", "--id", "zzzz"], 1, "no row has the id"),
        (&["show", "qa.parquet", "--where", "nope=1"], 2, "no row has a field `nope`"),
        (&["show", "qa.parquet", "--where", "nope"], 2, "is no condition"),
    ] {
        let done = run(args, d).expect(code);
        assert!(done.err.contains(words), "{}", done.err);
    }
}

#[test]
fn datasets_are_described_compared_and_carded() {
    let dir = folder();
    let d = dir.path();
    let all = rows(d);
    let stats = run(&["stats", "qa.parquet", "--output-format", "json"], d).expect(0);
    let stats: Value = serde_json::from_str(&stats.out).unwrap();
    assert_eq!(stats["rows"], all.len());
    assert_eq!(stats["teachers"]["outline"], all.len());
    assert!(run(&["stats", "qa.parquet", "--output-format", "html"], d).expect(0).out.contains("</html>"));
    assert!(run(&["stats", "qa.parquet"], d).expect(0).out.contains("qa response in tokens"));

    // The same rows in another format and order are the same.
    let write = |name: &str, rows: &[Value]| {
        fs::write(d.join(name), rows.iter().map(|row| format!("{row}\n")).collect::<String>()).unwrap();
    };
    write("same.jsonl", &all.iter().rev().cloned().collect::<Vec<_>>());
    run(&["diff", "qa.parquet", "same.jsonl"], d).expect(0);
    let mut changed = all.clone();
    changed[0]["response"] = "zanzibar".into();
    write("changed.jsonl", &changed);
    let diff = run(&["diff", "qa.parquet", "changed.jsonl"], d).expect(1);
    assert!(diff.out.contains("0 added, 0 removed, 1 changed") && !diff.out.contains("zanzibar"), "{}", diff.out);
    assert!(run(&["diff", "qa.parquet", "changed.jsonl", "--show"], d).expect(1).out.contains("{+zanzibar+}"));

    fs::create_dir(d.join("data")).unwrap();
    fs::rename(d.join("qa.parquet"), d.join("data/qa.parquet")).unwrap();
    let card = run(&["card", "data", "-o", "data/README.md"], d).expect(0);
    assert!(card.err.contains("--license, --language"), "{}", card.err);
    let card = fs::read_to_string(d.join("data/README.md")).unwrap();
    fs::write(d.join("data/README.md"), card.replace("**TODO** Whose", "Ours, whose")).unwrap();
    run(&["card", "data", "-o", "data/README.md", "--license", "mit", "--language", "en"], d).expect(0);
    let card = fs::read_to_string(d.join("data/README.md")).unwrap();
    for words in ["license: mit\n", "language:\n- en\n", "path: qa.parquet\n", "Ours, whose", "`outline`", "## Lint"] {
        assert!(card.contains(words), "{words}\n{card}");
    }
    fs::write(d.join("data/README.md"), "# Mine\n").unwrap();
    let refused = run(&["card", "data", "-o", "data/README.md"], d).expect(2);
    assert!(refused.err.contains("--force"), "{}", refused.err);
    run(&["card", "data/qa.parquet", "-o", "elsewhere/README.md"], d).expect(2);
}

#[test]
fn bad_rows_are_named_and_the_others_looked_at() {
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    let rows =
        "{\"prompt\":\"one\",\"completion\":\"\\u001b[2Ja\"}\nnot json\n{\"prompt\":\"two\",\"completion\":\"b\"}\n";
    fs::write(d.join("x.jsonl"), rows).unwrap();
    for command in [&["show", "x.jsonl"][..], &["stats", "x.jsonl"], &["diff", "x.jsonl", "x.jsonl"]] {
        let done = run(command, d).expect(1);
        assert!(done.err.contains("line 2") && !done.said().contains('\u{1b}'), "{}", done.said());
    }
    assert!(run(&["show", "x.jsonl"], d).out.contains("two"));
}
