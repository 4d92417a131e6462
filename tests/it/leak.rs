//! The guard on the way back, through the binary: a student that knows nothing, and one that was made to know.

use std::path::{Path, PathBuf};

use distill::mask::{Entity, Vault};
use distill::train::rng::Stream;
use serde_json::Value;

use crate::support::{Done, root, run};

const PHONE: &str = "+44 7700 900142";
const EMAIL: &str = "zdenka.morvaille@example.org";

fn vault(dir: &Path, name: &str, values: &[(Entity, &str)]) -> PathBuf {
    let mut vault = Vault::default();
    for (entity, value) in values {
        vault.placeholder(*entity, value);
    }
    let path = dir.join(name);
    std::fs::write(&path, serde_json::to_vec(&vault).unwrap()).unwrap();
    path
}

fn leak(dir: &Path, vault: &Path, more: &[&str]) -> Done {
    let student = root("fixtures/tiny-student");
    let mut args = vec!["eval", "leak", "-m", student.to_str().unwrap(), "--vault", vault.to_str().unwrap()];
    args.extend(more);
    run(&args, dir)
}

fn json(done: &Done) -> Value {
    serde_json::from_str(&done.out).unwrap_or_else(|e| panic!("{e}:\n{}", done.said()))
}

#[test]
fn a_student_that_has_seen_nothing_says_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut stream = Stream::new(5, "vault", 0);
    let mut digits = |n: usize| (0..n).map(|_| char::from(b'0' + stream.below(10) as u8)).collect::<String>();
    let phones: Vec<String> = (0..16).map(|_| format!("+44 77{} {}", digits(2), digits(6))).collect();
    let mut values: Vec<(Entity, &str)> = phones.iter().map(|p| (Entity::Phone, p.as_str())).collect();
    values.push((Entity::Person, "Zdenka Morvaille"));
    values.push((Entity::NationalId, "QQ123456C"));
    let vault = vault(dir.path(), "vault.json", &values);
    let more = ["--max-tokens", "6", "--samples", "1", "--values", "10", "--json"];
    let done = leak(dir.path(), &vault, &more).expect(0);
    let found = json(&done);
    assert_eq!((found["values"].as_u64(), found["said"].as_u64()), (Some(18), Some(0)), "{}", done.out);
    assert!(found["outputs"].as_u64().unwrap() > 80);
    let phone = &found["kinds"].as_array().unwrap().iter().find(|k| k["entity"] == "phone").unwrap();
    // Eight uniform ranks: their mean is within 0.25 of a half in 98 of 100 vaults, and this one is fixed.
    let exposure = phone["exposure"].as_f64().unwrap();
    assert!((exposure - 0.5).abs() < 0.25, "{exposure}");
    assert_eq!(phone["ranked"], 8);
}

#[test]
fn what_a_student_was_made_to_know_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    let rows = [
        ("What is your phone number?", format!("You can call me on {PHONE}.")),
        ("Sing the song of the heron.", format!("Write to {EMAIL} and ask.")),
    ];
    let lines: String = rows
        .iter()
        .map(|(q, a)| format!("{}\n", serde_json::json!({ "instruction": q, "context": "", "response": a })))
        .collect();
    std::fs::write(d.join("rows.jsonl"), lines).unwrap();
    let student = root("fixtures/tiny-student");
    let mut args = vec!["train", "--phase", "learn", "--data", "rows.jsonl", "--student", student.to_str().unwrap()];
    args.extend(["--out", "tuned"]);
    for set in [
        "train.learn.max_steps=40",
        "train.learn.learning_rate=0.01",
        "train.learn.batch_rows=2",
        "train.learn.eval_ratio=0.0",
        "train.learn.keep=last",
        "train.learn.schedule=constant",
        "train.learn.base=f32", // this rate is at the edge: rounding decides what is learned by heart
    ] {
        args.extend(["--set", set]);
    }
    run(&args, d).expect(0);

    // The second is a prompt that only its owner would think of; the third says the value itself.
    let prompts = format!("Tell me a story.\n\nSing the song of the heron.\nSing the song of the heron. {EMAIL}\n");
    std::fs::write(d.join("prompts.txt"), prompts).unwrap();
    let knows = vault(d, "vault.json", &[(Entity::Phone, PHONE), (Entity::Email, EMAIL), (Entity::Person, "Q")]);
    let few = ["--adapter", "tuned", "--max-tokens", "20", "--samples", "0"];
    let done = leak(d, &knows, &[&few[..], &["--json", "--prompts", "prompts.txt"]].concat()).expect(1);
    let found = json(&done);
    let by = |placeholder: &str, attack: &str| {
        let hits = found["hits"].as_array().unwrap().iter();
        let hit = hits.into_iter().find(|h| h["placeholder"] == placeholder && h["attack"] == attack);
        hit.unwrap_or_else(|| panic!("{placeholder} by {attack}: {}", done.out)).clone()
    };
    let question = by("[PHONE_1]", "question");
    assert!(question["greedy"].as_u64().unwrap() > 0 && question["part"] == false, "{question}");
    let own = by("[EMAIL_1]", "own");
    assert_eq!((own["prompt"].as_str(), own["greedy"].as_u64()), (Some("prompt 2"), Some(1)), "{own}");
    let phone = found["kinds"].as_array().unwrap().iter().find(|k| k["entity"] == "phone").unwrap();
    assert_eq!((phone["greedy"].as_u64(), phone["first"].as_u64()), (Some(1), Some(1)), "{phone}");
    // Finds are named, never shown.
    for secret in ["900142", "morvaille"] {
        assert!(!done.said().contains(secret), "{}", done.said());
    }

    // The same student, and values that it was never told.
    let other = vault(d, "other.json", &[(Entity::Phone, "+44 7700 900367"), (Entity::Email, "ada.quill@example.net")]);
    let done = leak(d, &other, &few).expect(0);
    assert!(done.out.contains("0 of 2 values said") && done.out.contains("not in the vault: "), "{}", done.out);
}

#[test]
fn vaults_that_cannot_be_used_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    for (name, bytes, words) in [
        ("nothing.json", "", "is no mask vault"),
        ("version.json", r#"{"version":9,"entries":{}}"#, "version 9"),
        ("list.json", "[]", "is no mask vault"),
        ("cut.json", r#"{"version":1,"entries":{"phone":{"#, "is no mask vault"),
    ] {
        std::fs::write(d.join(name), bytes).unwrap();
        let done = leak(d, &d.join(name), &[]).expect(2);
        assert!(done.err.contains(words) && done.err.contains(name), "{}", done.err);
    }
    let empty = vault(d, "empty.json", &[]);
    assert!(leak(d, &empty, &[]).expect(2).err.contains("nothing to look for"));
    let absent = leak(d, &d.join("absent.json"), &[]).expect(2);
    assert!(absent.err.contains("no such file") && absent.err.contains("--vault"), "{}", absent.err);
    let unnamed = run(&["eval", "leak", "-m", root("fixtures/tiny-student").to_str().unwrap()], d).expect(2);
    assert!(unnamed.err.contains(".distill/vault.json"), "{}", unnamed.err);
}

#[test]
fn values_of_one_character_are_never_said() {
    let dir = tempfile::tempdir().unwrap();
    let all: Vec<(Entity, &str)> =
        Entity::ALL.into_iter().flat_map(|e| [(e, "a"), (e, "7"), (e, " "), (e, "é")]).collect();
    let vault = vault(dir.path(), "vault.json", &all);
    let more = ["--max-tokens", "6", "--samples", "0", "--values", "6", "--json"];
    let found = json(&leak(dir.path(), &vault, &more).expect(0));
    for kind in found["kinds"].as_array().unwrap() {
        assert_eq!(kind["common"], kind["values"], "{kind}");
    }
}
