use super::*;
use crate::dataset::stats::Gather;

fn known_of(files: &[(&str, &str)]) -> (Vec<Config>, Stats) {
    let folder = tempfile::tempdir().unwrap();
    let mut gather = Gather::new(None);
    let parts = files.iter().map(|(name, rows)| {
        let path = folder.path().join(name);
        std::fs::write(&path, rows).unwrap();
        let _ = gather.file(open(&path).unwrap(), &mut |_| {});
        look(&path, (*name).to_owned()).unwrap()
    });
    let parts = parts.collect();
    (configs(parts), gather.finish())
}

const QA: &str = concat!(
    r#"{"id":"1","instruction":"zanzibar?","context":"","response":"r","split":"train","span":[0,1],"teacher":"openai:gull-7b","template":"qa","template_version":"2-ab","source":"anna.md"}"#,
    "\n",
    r#"{"id":"2","instruction":"b","context":"","response":"r","split":"test","span":[0,1],"teacher":"openai:gull-7b","template":"qa","template_version":"2-ab","source":"anna.md"}"#,
    "\n"
);
const TALK: &str = r#"{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}],"n":1.5}"#;

fn card(told: &Told, before: Option<&str>, files: &[(&str, &str)]) -> String {
    let (configs, stats) = known_of(files);
    let known = Known { told, fallback_name: "no", configs: &configs, stats: &stats, findings: None };
    render(&known, before).unwrap()
}

#[test]
fn a_card_says_what_is_known_and_no_more() {
    let made = card(&Told::default(), None, &[("qa.jsonl", QA), ("test-talk.jsonl", TALK)]);
    let check = |words: &str| assert!(made.contains(words), "{words}\n{made}");
    check("# license: TODO");
    check("# language: TODO");
    check("pretty_name: \"no\"\n"); // or YAML takes it for false
    check("size_categories:\n- n<1K\n");
    check("task_categories:\n- text-generation\n- question-answering\n");
    check("tags:\n- synthetic\n- distill\n");
    check("- config_name: qa\n  data_files:\n  - split: full\n    path: qa.jsonl\n");
    check("- config_name: messages\n  data_files:\n  - split: test\n    path: test-talk.jsonl\n");
    check("  - name: span\n    list: int64\n");
    check(
        "  - name: messages\n    list:\n    - name: role\n      dtype: string\n    - name: content\n      dtype: string\n",
    );
    check("  - name: full\n    num_bytes: 189\n    num_examples: 2\n");
    check("  dataset_size: 189\n");
    check("| `openai:gull-7b` | 2 |");
    check("not legal advice");
    assert!(!made.contains("zanzibar") && !made.contains("anna"), "{made}");
    let told = Told {
        license: Some("cc-by-4.0".into()),
        languages: vec!["en".into(), "no".into()],
        name: Some("My: \"rows\"".into()),
        teacher_terms: Some("none".into()),
    };
    let made = card(&told, None, &[("qa.jsonl", QA)]);
    let head = "---\nlicense: cc-by-4.0\nlanguage:\n- en\n- \"no\"\npretty_name: \"My: \\\"rows\\\"\"\n";
    assert!(made.starts_with(head), "{made}");
    // Whoever wrote these is not known: nothing says that a machine did.
    let made = card(&Told::default(), None, &[("talk.jsonl", TALK)]);
    assert!(!made.contains("synthetic") && made.contains("**TODO** The rows do not say who wrote them."), "{made}");
}

#[test]
fn what_was_written_by_hand_stays() {
    let made = card(&Told::default(), None, &[("qa.jsonl", QA)]);
    let edited = made
        .replace("# license: TODO", "license: mit\npaperswithcode_id: x\nextra:\n- a\n# license: TODO")
        .replace("**TODO** Whose documents", "Anna's documents")
        .replace("| `qa` |", "| tampered |");
    let again = card(&Told::default(), Some(&edited), &[("qa.jsonl", &QA.repeat(3))]);
    let check = |words: &str, expected: bool| assert_eq!(again.contains(words), expected, "{words}\n{again}");
    check("license: mit\n", true);
    check("paperswithcode_id: x\nextra:\n- a\n", true);
    check("Anna's documents", true);
    check("tampered", false);
    check("num_examples: 6", true);
    check("offered under `mit`", true);
    assert_eq!(again.matches("configs:").count(), 1);
    assert_eq!(again.matches("distill:begin rows").count(), 1);
    assert_eq!(card(&Told::default(), Some(&again), &[("qa.jsonl", &QA.repeat(3))]), again);
    let (configs, stats) = known_of(&[("qa.jsonl", QA)]);
    let told = Told::default();
    let known = Known { told: &told, fallback_name: "x", configs: &configs, stats: &stats, findings: None };
    assert!(render(&known, Some("# By hand\n")).is_err());
}

#[test]
fn files_without_rows_are_not_declared() {
    let made = card(&Told::default(), None, &[("qa.jsonl", QA), ("none.jsonl", "not json\n")]);
    assert!(!made.contains("config_name: default") && made.contains("1 row cannot be read"), "{made}");
    let made = card(&Told::default(), None, &[("none.jsonl", "")]);
    assert!(!made.contains("configs:"), "{made}");
}

#[test]
fn a_todo_is_no_answer_for_the_linter() {
    // PRV005 looks for a paragraph that names terms and the teacher: what is not known must not look like one.
    let terms = ["terms", "licence", "license", "conditions", "policy", "policies"];
    let about = ["teacher", "output", "replay", "gull"];
    let says = |told: &Told, teacher: &str| {
        let rows = QA.replace("openai:gull-7b", teacher);
        let made = card(told, None, &[("qa.jsonl", &rows)]).to_lowercase();
        let text = made.splitn(3, "---").last().unwrap_or_default().to_owned();
        text.split("\n\n").any(|part| terms.iter().any(|w| part.contains(w)) && about.iter().any(|w| part.contains(w)))
    };
    assert!(!says(&Told::default(), "replay"));
    assert!(!says(&Told::default(), "local:gull-7b"));
    assert!(says(&Told::default(), "openai:gull-7b"));
    assert!(says(&Told::default(), "outline"));
    assert!(says(&Told { teacher_terms: Some("Apache-2.0".into()), ..Told::default() }, "local:gull-7b"));
}

#[test]
fn files_with_other_columns_are_another_configuration() {
    let names = |files: &[(&str, &str)]| -> Vec<String> {
        known_of(files).0.into_iter().map(|config| format!("{} {}", config.name, config.parts.len())).collect()
    };
    assert_eq!(names(&[("a-train.jsonl", QA), ("a-test.jsonl", QA)]), ["qa 2"]);
    let other = r#"{"instruction":"a","response":"b"}"#;
    assert_eq!(names(&[("a.jsonl", QA), ("b c.jsonl", other)]), ["qa 1", "qa-b-c 1"]);
    for (name, split) in [("x/test-0001.parquet", "test"), ("latest.jsonl", "train"), ("a_dev.json", "validation")] {
        assert_eq!(split_of_name(name), split, "{name}");
    }
}

#[test]
fn types_are_those_of_all_rows() {
    let features = |rows: &str| {
        let (configs, _) = known_of(&[("x.jsonl", rows)]);
        let features = configs[0].parts[0].features.clone();
        features.map(|f| f.iter().map(|(name, f)| format!("{name}: {}", f.name())).collect::<Vec<_>>().join("; "))
    };
    assert_eq!(
        features(
            "{\"a\":null,\"b\":1,\"c\":[],\"d\":{\"x\":true}}\n{\"a\":\"t\",\"b\":1.5,\"c\":[1],\"d\":{\"y\":2}}\n"
        ),
        Some("a: string; b: float64; c: list of int64; d: object (x, y)".to_owned())
    );
    assert_eq!(features("{\"a\":1}\n{\"a\":\"1\"}\n"), None);
    assert_eq!(features("{\"a\":null}\n"), None);
}
