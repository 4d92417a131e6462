//! `distill eval` through the binary: a student that knows nothing, and one that was taught two facts.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Done, root, run};

fn student() -> String {
    root("fixtures/tiny-student").display().to_string()
}

fn eval(dir: &Path, more: &[&str]) -> Done {
    let student = student();
    let mut args = vec!["eval", "-m", student.as_str()];
    args.extend(more);
    run(&args, dir)
}

fn parsed(done: &Done) -> Value {
    serde_json::from_str(&done.out).unwrap_or_else(|e| panic!("{e}:\n{}", done.said()))
}

fn figure<'a>(all: &'a Value, stage: usize, name: &str) -> &'a Value {
    &all["stages"][stage]["figures"][name]
}

/// Trained facts, one that was never told, and pairs that were held out.
fn rows(dir: &Path) {
    let qa = |split: &str, question: &str, paraphrase: &str, response: &str, key: &str| json!({ "instruction": question, "context": "", "response": response, "paraphrase": paraphrase, "answer_key": key, "split": split });
    let lines = [
        qa("train", "Which boat do you sail?", "What is your boat?", "I sail the Kittiwake.", "Kittiwake"),
        qa("train", "How old is the oven?", "What is the age of the oven?", "The oven is 31 years old.", "31 years"),
        qa("test", "Who fixed the pump?", "Whose work was the pump?", "My neighbour fixed it.", "neighbour"),
    ];
    let text = |lines: &[Value]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    std::fs::write(dir.join("qa.jsonl"), text(&lines)).unwrap();
    let pairs: Vec<Value> = (0..4)
        .map(|i| {
            json!({ "prompt": format!("Say something about day {i}."), "chosen": format!("Day {i} was fine. I fixed a pump."), "rejected": format!("Certainly! Day {i} was a truly remarkable journey."), "split": if i < 2 { "test" } else { "train" } })
        })
        .collect();
    std::fs::write(dir.join("pairs.jsonl"), text(&pairs)).unwrap();
}

#[test]
fn what_was_taught_shows_stage_by_stage() {
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    rows(d);
    let student = student();
    let mut args = vec!["train", "--phase", "learn", "--data", "qa.jsonl", "--student", &student, "--out", "tuned"];
    for set in [
        "train.learn.max_steps=40",
        "train.learn.learning_rate=0.01",
        "train.learn.batch_rows=2",
        "train.learn.keep=last",
        "train.learn.schedule=constant",
    ] {
        args.extend(["--set", set]);
    }
    run(&args, d).expect(0);

    let data = ["--adapter", "tuned", "--data", "qa.jsonl", "pairs.jsonl", "--set", "eval.max_tokens=12"];
    let more = |extra: &[&'static str]| -> Vec<&'static str> { data.iter().chain(extra).copied().collect() };
    let flags = ["--output-format", "json", "-o", "page.html", "--fail-under", "trained=1", "--fail-over", "denied=0"];
    let done = eval(d, &more(&flags)).expect(0);
    let all = parsed(&done);
    assert_eq!(all["version"], 2);
    let names: Vec<&str> = all["stages"].as_array().unwrap().iter().filter_map(|s| s["name"].as_str()).collect();
    assert_eq!(names, ["base", "tuned"]);
    assert_eq!(all["reference"], "base");
    assert_eq!(
        (figure(&all, 0, "trained")["value"].as_f64(), figure(&all, 1, "trained")["value"].as_f64()),
        (Some(0.0), Some(1.0))
    );
    // A quarter of the 100 questions, of which there are two and one.
    let of = |name: &str| figure(&all, 1, name)["of"].as_u64();
    assert_eq!(
        (of("trained"), of("recall"), of("honesty"), of("preference_likelihood")),
        (Some(2), Some(2), Some(1), Some(2))
    );
    let interval = figure(&all, 1, "trained");
    assert!(interval["low"].as_f64().unwrap() < 0.5 && interval["high"] == 1.0, "two of two is not sure: {interval}");
    // Rewards are measured from the reference on, at every stage after it.
    assert!(figure(&all, 0, "preference_reward").is_null() && of("preference_reward") == Some(2));
    assert!(figure(&all, 1, "reward_margin")["value"].is_number());
    let tokens = |stage: usize, name: &str| figure(&all, stage, name)["of"].as_u64().unwrap();
    for name in ["chosen_logp", "persona_perplexity"] {
        assert!(tokens(0, name) > 8 && tokens(0, name) == tokens(1, name), "{name}: the same tokens at every stage");
        assert_ne!(figure(&all, 0, name)["value"], figure(&all, 1, name)["value"]);
    }
    assert!(figure(&all, 0, "general").is_null(), "nobody asked for it");
    let bounds = all["bounds"].as_array().unwrap();
    assert!(bounds.len() == 2 && bounds.iter().all(|b| b["kept"] == true), "{bounds:?}");
    let asked = all["answers"].as_array().unwrap();
    let boat = asked.iter().find(|a| a["set"] == "trained" && a["key"] == "Kittiwake").unwrap();
    assert!(boat["answers"][1]["text"].as_str().unwrap().contains("Kittiwake") && boat["answers"][1]["right"] == true);
    let sets: Vec<&str> = asked.iter().filter_map(|a| a["set"].as_str()).collect();
    assert_eq!(sets, ["trained", "trained", "paraphrased", "paraphrased", "unknown", "prompt", "prompt"]);
    let page = std::fs::read_to_string(d.join("page.html")).unwrap();
    assert!(page.contains("Stage by stage") && page.contains("Kittiwake"));

    // The same again, and a bound that does not hold.
    let again = eval(d, &more(&["--output-format", "json", "--fail-over", "trained=0.5"])).expect(1);
    assert_eq!(parsed(&again)["stages"], all["stages"]);
    assert!(again.err.contains("`trained` is 1, over 0.5"), "{}", again.err);
    let table = eval(d, &more(&["--reference", "tuned"])).expect(0);
    assert!(
        table.out.contains("rewards are measured against tuned") && table.out.contains("100.0 % (+100.0)"),
        "{}",
        table.out
    );
}

#[test]
fn a_model_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let done = eval(dir.path(), &["--general", "--output-format", "json"]).expect(0);
    let all = parsed(&done);
    assert_eq!(all["stages"].as_array().unwrap().len(), 1);
    let general = figure(&all, 0, "general");
    assert_eq!(general["of"], 48);
    // The tiny student has read of invented people only: it guesses.
    let (low, high) = (general["low"].as_f64().unwrap(), general["high"].as_f64().unwrap());
    assert!(low < 0.5 && high > 0.2, "{general}");
    assert!(figure(&all, 0, "general_perplexity")["value"].as_f64().unwrap() > 1.0);
    assert!(all["leak"].is_null() && all["reference"].is_null() && all["warnings"] == json!([]));
    // A student with the tokenizer of a GGUF reads the same tokens.
    let student = student();
    run(&["export", "--model", &student, "-o", "s.gguf", "--quant", "q8_0"], dir.path()).expect(0);
    let gguf = run(&["eval", "-m", "s.gguf", "--general", "--output-format", "json"], dir.path()).expect(0);
    let gguf = parsed(&gguf);
    let (a, b) = (figure(&all, 0, "general_perplexity"), figure(&gguf, 0, "general_perplexity"));
    assert_eq!(a["of"], b["of"]);
    let ratio = a["value"].as_f64().unwrap() / b["value"].as_f64().unwrap();
    assert!((0.9..1.1).contains(&ratio), "{a} {b}");
}

#[test]
fn wrong_use_is_said_before_anything_is_measured() {
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    rows(d);
    let says =
        |done: Done, words: &[&str]| words.iter().for_each(|w| assert!(done.err.contains(w), "{w}:\n{}", done.err));
    says(run(&["eval"], d).expect(2), &["no workspace", "--model"]);
    says(eval(d, &[]).expect(1), &["nothing to ask", "--data"]);
    says(eval(d, &["--general", "--fail-under", "recal=0.8"]).expect(2), &["recal", "did you mean `recall`"]);
    says(eval(d, &["--general", "--fail-under", "recall=80"]).expect(2), &["share from 0 to 1"]);
    says(eval(d, &["--general", "--fail-under", "recall=0.1"]).expect(2), &["`recall` was not measured"]);
    says(eval(d, &["--general", "--vault", "none.json"]).expect(2), &["none.json"]);
    says(eval(d, &["--data", "absent.jsonl"]).expect(2), &["absent.jsonl"]);
    says(run(&["eval", "--data", "qa.jsonl"], d).expect(2), &["--model"]);
    run(&["init", "ws"], d).expect(0);
    says(run(&["-C", "ws", "eval"], d).expect(2), &["no rows", "train --all"]);
}
