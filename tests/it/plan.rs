//! `distill plan`: devices, amounts of memory, one's own student.

use serde_json::Value;

use crate::support::{root, run};

fn json(args: &[&str]) -> Value {
    let dir = tempfile::tempdir().unwrap();
    let done = run(&[args, &["--output-format", "json"]].concat(), dir.path()).expect(0);
    serde_json::from_str(&done.out).unwrap()
}

#[test]
fn a_phone_gets_a_recommendation_first() {
    let dir = tempfile::tempdir().unwrap();
    let done = run(&["plan", "--device", "iPhone 15"], dir.path()).expect(0);
    let first = done.out.lines().find(|line| line.starts_with('→')).unwrap();
    assert!(first.contains("Llama 3.2 3B") && first.contains("recommended"), "{}", done.out);
    assert!(done.out.contains("rule of thumb") && done.out.contains("too large"), "{}", done.out);
}

#[test]
fn the_object_has_its_parts() {
    let found = json(&["plan", "--ram", "6GB", "--context", "4096", "--student", "llama 3.2 3b"]);
    assert_eq!(found["version"], 1);
    assert_eq!(found["device"]["memory_bytes"], 6_u64 << 30);
    let rows = found["rows"].as_array().unwrap();
    let row = rows.iter().find(|row| row["quantisation"] == "Q4_K_S").unwrap();
    let memory = &row["memory"];
    assert_eq!(memory["kv_bytes"], 469_762_048);
    let total = memory["total_bytes"].as_f64().unwrap();
    assert!((2.7e9..2.85e9).contains(&total), "{row}");
    let parts: u64 = ["weight_bytes", "kv_bytes", "working_bytes", "runtime_bytes"]
        .iter()
        .map(|key| memory[key].as_u64().unwrap())
        .sum();
    assert_eq!(parts, memory["total_bytes"].as_u64().unwrap());
    let smaller = json(&["plan", "--ram", "6GB", "--kv", "q8_0", "--student", "llama 3.2 3b"]);
    let row =
        &smaller["rows"].as_array().unwrap().iter().find(|row| row["quantisation"] == "Q4_K_S").unwrap()["memory"];
    assert_eq!(row["kv_bytes"].as_u64().unwrap() * 64, 469_762_048 * 34);
}

#[test]
fn a_folder_is_planned_for() {
    let student = root("fixtures/tiny-student");
    let found = json(&["plan", "--ram", "1GB", "--context", "128", "-m", student.to_str().unwrap()]);
    assert!(found["rows"].as_array().unwrap().iter().all(|row| row["student"] == "tiny-student"), "{found}");
    assert_eq!(found["rows"][0]["verdict"], "recommended");
}

#[test]
fn wrong_words_are_answered_with_near_ones() {
    let dir = tempfile::tempdir().unwrap();
    for (args, said) in [
        (vec!["plan", "--device", "iphone 51"], "near are"),
        (vec!["plan", "--device", "raspberry pi 5"], "may be several"),
        (vec!["plan", "--ram", "lots"], "no amount of memory"),
        (vec!["plan", "--ram", "6GB", "--student", "gpt"], "known are Llama 3.1 8B"),
        (vec!["plan", "--ram", "6GB", "--share", "2"], "between 0.01 and 1"),
        (vec!["plan", "--ram", "6GB", "--context", "0"], "between 1 and"),
        (vec!["plan", "--ram", "6GB", "-m", "absent.gguf"], "no such file"),
    ] {
        let done = run(&args, dir.path()).expect(2);
        assert!(done.err.contains(said) && done.out.is_empty(), "{args:?}: {}", done.err);
    }
    let listed = run(&["plan", "--list"], dir.path()).expect(0);
    assert!(listed.out.contains("ml.g5.xlarge") && listed.out.contains("68.0 GB/s"), "{}", listed.out);
}
