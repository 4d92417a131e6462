//! `distill profile` on the persona.

use serde_json::Value;

use crate::support::{canaries, root, run};

fn fixture(inside: &str) -> String {
    root("fixtures").join(inside).to_string_lossy().into_owned()
}

#[test]
fn the_page_shows_habits_and_no_personal_data() {
    let dir = tempfile::tempdir().unwrap();
    let persona = fixture("persona/posts");
    let resume = fixture("persona/resume.md");
    let done = run(&["profile", &persona, &resume], dir.path()).expect(0);
    for part in [
        "16 texts",
        "yes (20 texts or 2,000 words are enough)",
        "never",
        "“Rule:” (16 of 16)",
        "“Fine” (16×)",
        "kettle",
        "Sentences of about 6 words",
        "resume.md",
        "left out",
    ] {
        assert!(done.out.contains(part), "{part} not in\n{}", done.out);
    }
    assert!(done.out.lines().all(|line| line.chars().count() <= 80), "{}", done.out);
    for canary in canaries() {
        assert!(!done.said().contains(&canary), "{canary}");
    }
    assert!(!done.out.contains("PERSON_"), "{}", done.out);
}

#[test]
fn others_are_compared_by_distance_and_reasons() {
    let dir = tempfile::tempdir().unwrap();
    let persona = fixture("persona/posts");
    std::fs::write(dir.path().join("own.md"), "# Tea\n\nI read the logs. The fix was one line. Fine.\n").unwrap();
    std::fs::write(
        dir.path().join("posts.json"),
        "[{\"text\": \"Storage never complains.\", \"date\": \"2024-05-06\"},
          {\"text\": \"I'm thrilled to share a truly remarkable journey! 🚀\", \"date\": \"2024-05-07\"}]",
    )
    .unwrap();
    let args = ["profile", &persona, "--compare", "own.md", "--compare", "posts.json", "--output-format", "json"];
    let done = run(&args, dir.path()).expect(0);
    let page: Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!(page["texts"], 16);
    assert_eq!(page["reliable"], true);
    assert_eq!(page["per_1000_words"]["exclamation"], 0.0);
    let compared = page["compared"].as_array().unwrap();
    let seen: Vec<(&str, bool)> =
        compared.iter().map(|text| (text["name"].as_str().unwrap(), text["in_tone"].as_bool().unwrap())).collect();
    assert_eq!(seen, [("own.md", true), ("posts.json #1", true), ("posts.json #2", false)]);
    assert!(compared[2]["reasons"].to_string().contains("exclamation mark"), "{}", compared[2]);
    assert_eq!(compared[2]["markers"][0]["tier"], 1);
    // The same again.
    assert_eq!(run(&args, dir.path()).expect(0).out, done.out);
}

#[test]
fn a_resume_is_no_text_of_ones_own() {
    let dir = tempfile::tempdir().unwrap();
    let resume = fixture("persona/resume.md");
    let done = run(&["profile", &resume], dir.path()).expect(1);
    assert!(done.err.contains("no text of your own") && done.err.contains("--facts"), "{}", done.err);
    let done = run(&["profile", &resume, "--facts"], dir.path()).expect(0);
    assert!(done.out.contains("no: it takes 20 texts or 2,000 words"), "{}", done.out);
    run(&["profile"], dir.path()).expect(2);
}
