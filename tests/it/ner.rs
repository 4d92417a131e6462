//! `[persona] ner`: masking with a token classifier from a folder.

use crate::support::{root, run};

const NOTES: &str = "Notes of the week

we had lunch with qoreska velundo near the harbour and talked about the old boats.

ask pimebly, not the helpdesk: pimebly@example.org wrote last.

QORESKA VELUNDO told us that the release was late again.
";

#[cfg(not(feature = "train"))]
#[test]
fn a_build_without_models_says_so() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("notes.txt"), NOTES).unwrap();
    let model = root("fixtures/numeric/ner/bert");
    let done = run(&["mask", "notes.txt", "--ner", &model.to_string_lossy()], dir.path()).expect(2);
    assert!(done.out.is_empty() && done.err.contains("`train`"), "{}", done.err);
}

#[cfg(feature = "train")]
mod with_models {
    use std::io::Write;
    use std::path::Path;
    use std::process::Stdio;

    use serde_json::Value;

    use super::*;
    use crate::support::{Done, command};

    fn model() -> String {
        root("fixtures/numeric/ner/bert").to_string_lossy().into_owned()
    }

    fn notes() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("notes.txt"), NOTES).unwrap();
        dir
    }

    #[test]
    fn a_model_finds_the_names_that_the_lexicon_does_not_know() {
        let dir = notes();
        let without = run(&["mask", "notes.txt"], dir.path()).expect(0).out;
        assert!(
            without.contains("lunch with qoreska velundo near") && without.contains("ask pimebly, not"),
            "{without}"
        );
        let with = run(&["mask", "notes.txt", "--ner", &model()], dir.path()).expect(0).out;
        assert!(with.contains("we had lunch with [PERSON_1] near the harbour"), "{with}");
        assert!(with.contains("ask [PERSON_2], not the helpdesk: [EMAIL_1] wrote last"), "{with}");
        // The same person, however written.
        assert!(with.contains("[PERSON_1] told us"), "{with}");
        // Placeholders are no names.
        std::fs::write(dir.path().join("masked.md"), &with).unwrap();
        assert_eq!(run(&["mask", "masked.md", "--ner", &model()], dir.path()).expect(0).out, with);
    }

    #[test]
    fn reports_say_that_the_model_found_it() {
        let dir = notes();
        let done = run(&["mask", "notes.txt", "--report=json", "--ner", &model()], dir.path()).expect(0);
        let report: Value = serde_json::from_str(&done.out).unwrap();
        let finds = report[0]["finds"].as_array().unwrap();
        let by_model: Vec<&str> = finds
            .iter()
            .filter(|find| find["layer"] == "model")
            .map(|find| {
                let at = |key: &str| find[key].as_u64().unwrap() as usize;
                &NOTES[at("start")..at("end")]
            })
            .collect();
        assert!(by_model.contains(&"pimebly"), "{by_model:?}");
        // An address is one by its shape, whatever a model says of its letters.
        assert!(finds.iter().any(|find| find["entity"] == "email" && find["layer"] != "model"));
    }

    #[test]
    fn settings_of_a_workspace_are_relative_to_it() {
        let dir = notes();
        std::fs::create_dir(dir.path().join("me")).unwrap();
        let copy = dir.path().join("me/tagger");
        std::fs::create_dir(&copy).unwrap();
        for file in ["config.json", "tokenizer.json", "model.safetensors"] {
            std::fs::copy(Path::new(&model()).join(file), copy.join(file)).unwrap();
        }
        std::fs::write(dir.path().join("me/distill.toml"), "[persona]\nner = \"tagger\"\n").unwrap();
        let with = run(&["-C", "me", "mask", "notes.txt"], dir.path()).expect(0).out;
        assert!(with.contains("lunch with [PERSON_1] near"), "{with}");
        std::fs::write(dir.path().join("me/distill.toml"), "[persona]\nner = \"tagger\"\nner_threshold = 1.0\n")
            .unwrap();
        let none = run(&["-C", "me", "mask", "notes.txt"], dir.path()).expect(0).out;
        assert!(none.contains("lunch with qoreska velundo near"), "{none}");
        std::fs::write(dir.path().join("me/distill.toml"), "[persona]\nner_threshold = 1.5\n").unwrap();
        run(&["-C", "me", "mask", "notes.txt"], dir.path()).expect(2);
        // Not named by the flag, but by the setting of a folder that went away.
        std::fs::write(dir.path().join("me/distill.toml"), "[persona]\nner = \"gone\"\n").unwrap();
        for args in [&["-C", "me", "mask", "notes.txt"][..], &["-C", "me", "gen-qa", "notes.txt", "--dry-run"]] {
            let done = run(args, dir.path()).expect(2);
            assert!(done.out.is_empty() && done.err.contains("gone"), "{}", done.said());
        }
    }

    #[test]
    fn a_model_that_cannot_be_run_stops_everything() {
        let dir = notes();
        for (folder, said) in
            [("fixtures/tiny-student", "llama"), ("fixtures/numeric", "config.json"), ("no-such", "no folder")]
        {
            let folder = root(folder).to_string_lossy().into_owned();
            let done =
                run(&["mask", "notes.txt", "-o", "out", "--vault", "v.json", "--ner", &folder], dir.path()).expect(2);
            assert!(done.err.contains(said) && done.err.contains("hint: "), "{}", done.err);
            assert!(!dir.path().join("out").exists() && !dir.path().join("v.json").exists());
        }
        run(&["mask", "notes.txt", "--ner", ""], dir.path()).expect(2);
    }

    #[test]
    fn the_filter_has_it_too() {
        let dir = tempfile::tempdir().unwrap();
        let mut child = command(&["mask", "--jsonl", "--ner", &model()], dir.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let line = "{\"id\":1,\"text\":\"i wrote to vélkash grywin about the ticket ; Grywin never wrote back\"}\n";
        child.stdin.take().unwrap().write_all(line.as_bytes()).unwrap();
        let done = Done::from(child.wait_with_output().unwrap()).expect(0);
        let answer: Value = serde_json::from_str(&done.out).unwrap();
        assert_eq!(answer["text"], "i wrote to [PERSON_1] about the ticket ; [PERSON_1] never wrote back");
        assert_eq!((&answer["spans"][0]["start"], &answer["spans"][0]["end"]), (&11.into(), &26.into()));
    }
}
