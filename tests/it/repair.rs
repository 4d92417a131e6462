//! `lint --fix` and `--write-baseline` through the binary: nothing that somebody has is lost.

use std::fs;

use serde_json::{Value, json};

use crate::support::run;

const LINT: [&str; 5] = ["lint", "--set", "lint.min_rows=1", "--select", "DUP001,SCH007,TXT003,PRV004"];

fn row(question: &str) -> String {
    json!({"instruction": question, "context": "", "response": "The old crew did, with a borrowed pump."}).to_string()
        + "\n"
}

#[cfg(unix)]
#[test]
fn one_file_under_several_names_is_no_copy_of_itself() {
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    fs::create_dir(d.join("data")).unwrap();
    let rows = row("Who repaired the buoy?") + &row("Which rope held all night?");
    fs::write(d.join("data/rows.jsonl"), &rows).unwrap();
    std::os::unix::fs::symlink("rows.jsonl", d.join("data/latest.jsonl")).unwrap();
    fs::hard_link(d.join("data/rows.jsonl"), d.join("data/same.jsonl")).unwrap();
    for paths in [&["data"][..], &["data/rows.jsonl", "./data/rows.jsonl", "data/../data/latest.jsonl"]] {
        let args: Vec<&str> = LINT.iter().chain(paths).copied().chain(["--fix"]).collect();
        run(&args, d).expect(0);
        assert_eq!(fs::read_to_string(d.join("data/rows.jsonl")).unwrap(), rows, "{paths:?}");
    }
}

#[test]
fn a_baseline_is_not_written_over_rows_and_keeps_what_was_known() {
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    let rows = row("Who repaired the buoy?").repeat(2);
    fs::write(d.join("rows.jsonl"), &rows).unwrap();
    let lint = |more: &[&str]| {
        let args: Vec<&str> = LINT.iter().copied().chain(["rows.jsonl"]).chain(more.iter().copied()).collect();
        run(&args, d)
    };
    let over = lint(&["--write-baseline", "rows.jsonl"]).expect(2);
    assert!(over.err.contains("would be written over"), "{}", over.err);
    assert_eq!(fs::read_to_string(d.join("rows.jsonl")).unwrap(), rows);
    lint(&[]).expect(1);
    lint(&["--write-baseline", "known.json"]).expect(0);
    lint(&["--baseline", "known.json", "--write-baseline", "known.json"]).expect(0);
    lint(&["--baseline", "known.json"]).expect(0);
}

#[test]
fn a_file_that_cannot_be_repaired_does_not_keep_the_others_from_it() {
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    for name in ["a.jsonl", "z.jsonl"] {
        fs::write(d.join(name), row(&format!("Who  repaired {name}? "))).unwrap();
    }
    let mut packed = zstd::stream::encode_all(row("Is it there? ").as_bytes(), 3).unwrap();
    packed.extend(b"what is no zstd");
    fs::write(d.join("m.jsonl.zst"), packed).unwrap();
    let args: Vec<&str> = LINT.iter().copied().chain([".", "--fix"]).collect();
    let done = run(&args, d).expect(2);
    assert!(done.err.contains("m.jsonl.zst") && done.out.contains("SCH007"), "{}", done.said());
    for name in ["a.jsonl", "z.jsonl"] {
        let text = fs::read_to_string(d.join(name)).unwrap();
        assert!(text.contains(&format!("repaired {name}?\"")), "{text}");
    }
}

#[test]
fn a_manifest_follows_what_was_dropped() {
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    let rows = row("Who repaired the buoy?").repeat(3);
    fs::write(d.join("qa.jsonl"), &rows).unwrap();
    let hash = distill::id::ContentHash::of(rows.as_bytes());
    let manifest = json!({"version": 1, "stage": "rows", "inputs": hash, "files": {"qa.jsonl": hash}, "figures": {"qa": {"rows": 3}}});
    fs::write(d.join("manifest.json"), manifest.to_string()).unwrap();
    let args: Vec<&str> = LINT.iter().copied().chain(["qa.jsonl", "--fix"]).collect();
    run(&args, d).expect(0);
    let now = fs::read(d.join("qa.jsonl")).unwrap();
    let manifest: Value = serde_json::from_slice(&fs::read(d.join("manifest.json")).unwrap()).unwrap();
    assert_eq!(now, row("Who repaired the buoy?").as_bytes());
    assert_eq!(manifest["files"]["qa.jsonl"], json!(distill::id::ContentHash::of(&now)));
    assert_eq!(manifest["figures"]["qa"]["rows"], 1);
}
