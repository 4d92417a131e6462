//! The teacher `local:PATH` through the binary. The tiny student writes nonsense: what counts is how that ends.

use crate::support::{root, run};

#[test]
fn a_teacher_that_writes_nonsense_ends_honestly() {
    let dir = tempfile::tempdir().unwrap();
    let resume = std::fs::read_to_string(root("fixtures/persona/resume.md")).unwrap();
    let beginning: String = resume.split_inclusive("\n\n").take(8).collect();
    std::fs::write(dir.path().join("resume.md"), beginning).unwrap();
    let teacher = format!("local:{}", root("fixtures/tiny-student").display());
    let ask = ["gen-qa", "resume.md", "--rows", "3", "--teacher", &teacher, "--set", "rows.max_rounds=1"];
    let done = run(&ask, dir.path()).expect(1);
    assert!(done.err.contains("nothing leaves the machine"), "{}", done.err);
    assert!(done.err.contains("of 3 qa rows"), "{}", done.err);
    assert!(done.err.contains("hint: "), "{}", done.err);
    let rejected = std::fs::read_to_string(dir.path().join("qa.rejected.jsonl")).unwrap();
    assert!(rejected.lines().count() > 0);
    // Whatever it is, it is JSON of the right shape: rejected for what it says, or because it did not end.
    for line in rejected.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let (code, reason) = (line["code"].as_str().unwrap(), line["reason"].as_str().unwrap());
        assert!(code != "unparsable" || reason.contains("missing field"), "{line}");
    }
}
