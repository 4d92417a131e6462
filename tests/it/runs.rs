//! Single phases through the binary: what stops them, how they go on, what they leave and what they show first.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{Done, command, files, root, run};

/// A few short updates on the student of four million parameters, a checkpoint after each.
const SET: [&str; 6] = [
    "train.max_steps=8",
    "train.batch_rows=2",
    "train.rank=4",
    "train.alpha=8",
    "train.checkpoint_steps=1",
    "train.learning_rate=0.001",
];

fn path(inside: &str) -> String {
    root(inside).display().to_string()
}

/// The arguments of one phase.
fn phase(name: &str, out: &str, more: &[&str]) -> Vec<String> {
    let data = match name {
        "learn" => "qa",
        "mimic" => "cot",
        _ => "preference",
    };
    let data = path(&format!("fixtures/persona/rows/{data}.jsonl"));
    let student = path("fixtures/tiny-student");
    let mut args: Vec<String> =
        ["train", "--phase", name, "--data", &data, "--student", &student, "--out", out].map(str::to_owned).to_vec();
    for set in SET {
        args.extend(["--set".to_owned(), set.to_owned()]);
    }
    match name {
        "mimic" => args.extend(
            ["--adapter", "learn", "--replay-data", &path("fixtures/persona/rows/qa.jsonl")].map(str::to_owned),
        ),
        "align" => args.extend(["--adapter", "mimic"].map(str::to_owned)),
        _ => {}
    }
    args.extend(more.iter().map(|&a| a.to_owned()));
    args
}

fn call(dir: &Path, args: &[String]) -> Done {
    run(&args.iter().map(String::as_str).collect::<Vec<_>>(), dir)
}

fn lines(dir: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(dir.join("metrics.jsonl")).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

fn steps(dir: &Path) -> Vec<u64> {
    lines(dir).iter().map(|line| line["step"].as_u64().unwrap()).collect()
}

/// How often a name stands in the event files of a folder.
fn in_events(dir: &Path, name: &str) -> usize {
    let events: Vec<PathBuf> =
        files(dir).into_iter().filter(|f| f.display().to_string().contains("tfevents")).collect();
    assert!(!events.is_empty());
    events.iter().map(|f| std::fs::read(f).unwrap().windows(name.len()).filter(|w| *w == name.as_bytes()).count()).sum()
}

/// Starts a phase and ends it by a signal once it has made so many updates in this sitting.
fn cut(dir: &Path, args: &[String], out: &str, after: usize, signal: &str) -> Done {
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let mut child = command(&args, dir).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(120);
    while steps(&dir.join(out)).len() < after && child.try_wait().unwrap().is_none() {
        assert!(Instant::now() < deadline, "the moment does not come");
        std::thread::sleep(Duration::from_millis(1));
    }
    let kill = format!("kill -{signal} {}", child.id());
    let sent = std::process::Command::new("/bin/sh").args(["-c", &kill]).stderr(Stdio::null()).status().unwrap();
    assert!(sent.success(), "the run was over before the moment came");
    child.wait_with_output().unwrap().into()
}

#[cfg(unix)]
#[test]
fn a_phase_that_was_stopped_ends_with_the_same_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    for name in ["learn", "mimic", "align"] {
        call(d, &phase(name, name, &[])).expect(0);
        let (cut_out, resume) = (format!("{name}-cut"), ["--resume"]);
        let killed = cut(d, &phase(name, &cut_out, &[]), &cut_out, 2, "KILL");
        assert_eq!(killed.code, -1, "{}", killed.said());
        let stopped = cut(d, &phase(name, &cut_out, &resume), &cut_out, 5, "INT").expect(130);
        assert!(stopped.err.contains("going on from step"), "{}", stopped.err);
        assert!(stopped.err.lines().last().unwrap_or_default().contains("--resume"), "{}", stopped.err);
        let done = call(d, &phase(name, &cut_out, &resume)).expect(0);
        assert!(done.err.contains("going on from step"), "{}", done.err);

        for file in ["adapter_model.safetensors", "adapter_config.json"] {
            let (whole, cut) = (std::fs::read(d.join(name).join(file)), std::fs::read(d.join(&cut_out).join(file)));
            assert!(whole.unwrap() == cut.unwrap(), "{name}: {file}");
        }
        let every: Vec<u64> = (1..=8).collect();
        for out in [name, &cut_out] {
            assert_eq!(steps(&d.join(out)), every, "{out}");
            assert_eq!(in_events(&d.join(out), "train/loss"), 8, "{out}");
            assert_eq!(in_events(&d.join(out), "train/grad_norm"), 8, "{out}");
        }
        assert!(in_events(&d.join(name), "eval/loss") > 0);
    }
    align_stands_on_mimic(d);
}

/// The reference is the frozen adapter: the first loss is ln 2, and what is saved is both adapters side by side.
fn align_stands_on_mimic(d: &Path) {
    let first = &lines(&d.join("align"))[0];
    let loss = ["dpo_loss", "preference_loss"].iter().find_map(|key| first[*key].as_f64()).unwrap();
    assert!((loss - std::f64::consts::LN_2).abs() < 1e-6, "{first}");
    assert_eq!(first["rewards/margins"].as_f64(), Some(0.0), "{first}");
    let rank = |out: &str| {
        let text = std::fs::read(d.join(out).join("adapter_config.json")).unwrap();
        serde_json::from_slice::<Value>(&text).unwrap()["r"].as_u64().unwrap()
    };
    assert_eq!((rank("mimic"), rank("align")), (4, 8));
    let mine = ["--set", "train.align.rank=2", "--set", "train.align.alpha=6", "--max-steps", "2"];
    let done = call(d, &phase("align", "align-2", &mine)).expect(0);
    assert!(done.err.contains("align: 2 steps"), "{}", done.err);
    assert_eq!(rank("align-2"), 6);
    call(d, &phase("align", "align-same", &["--set", "train.align.stack=false", "--max-steps", "2"])).expect(0);
    assert_eq!(rank("align-same"), 4);
    let first = &lines(&d.join("align-same"))[0];
    assert!(first["preference_loss"].as_f64().is_some_and(|l| (l - std::f64::consts::LN_2).abs() < 1e-6));

    // Nothing learned on top: the sum is what it stands on.
    call(d, &phase("align", "align-0", &["--set", "train.align.learning_rate=1e-12", "--max-steps", "1"])).expect(0);
    let logits = |adapter: &str| {
        let student = path("fixtures/tiny-student");
        let args = ["eval", "logits", "--model", &student, "--adapter", adapter, "--ids", "3840,17,99,4,251"];
        serde_json::from_str::<Value>(&run(&args, d).expect(0).out).unwrap()["logits"].clone()
    };
    let (sum, beneath) = (logits("align-0"), logits("mimic"));
    let flat = |v: &Value| -> Vec<f64> {
        v.as_array().unwrap().iter().flat_map(|r| r.as_array().unwrap()).map(|x| x.as_f64().unwrap()).collect()
    };
    let (sum, beneath) = (flat(&sum), flat(&beneath));
    assert!(!sum.is_empty() && sum.iter().zip(&beneath).all(|(a, b)| (a - b).abs() < 1e-4));
}

#[test]
fn resuming_another_run_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    let none = call(d, &phase("learn", "learn", &["--resume", "--max-steps", "2"])).expect(0);
    assert!(none.err.contains("no checkpoint"), "{}", none.err);
    let before = std::fs::read(d.join("learn/checkpoint.safetensors")).unwrap();
    let other = call(d, &phase("learn", "learn", &["--resume", "--set", "train.seed=7", "--max-steps", "2"])).expect(2);
    assert!(other.err.contains("another run") && other.err.contains("hint: "), "{}", other.err);
    assert!(std::fs::read(d.join("learn/checkpoint.safetensors")).unwrap() == before, "it is still there");
    // What the parameters mean belongs to the run as well as what they are.
    for set in ["train.alpha=64", "train.use_rslora=true", "train.target_modules=[\"q_proj\"]"] {
        let other = call(d, &phase("learn", "learn", &["--resume", "--set", set, "--max-steps", "2"])).expect(2);
        assert!(other.err.contains("another run"), "{set}: {}", other.err);
    }
    let anew = call(d, &phase("learn", "learn", &["--set", "train.seed=7", "--max-steps", "2"])).expect(0);
    assert!(anew.err.contains("from the beginning"), "{}", anew.err);
    assert_eq!(steps(&d.join("learn")), [1, 2]);
}

#[test]
fn memory_is_weighed_before_it_is_taken() {
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    let no = call(d, &phase("learn", "learn", &["--set", "train.memory_gib=0.03"])).expect(2);
    assert!(no.err.contains("needs about") && no.err.contains("31 MiB may be used"), "{}", no.err);
    assert!(no.err.contains("weights") && no.err.contains("hint: "), "{}", no.err);
    assert!(!d.join("learn/metrics.jsonl").exists());

    let wide = ["--set", "train.batch_rows=16", "--set", "train.max_steps=2"];
    call(d, &phase("learn", "whole", &wide)).expect(0);
    // As asked it is more than this, row by row less.
    let tight = [&wide[..], &["--set", "train.memory_gib=0.12"]].concat();
    let told = call(d, &phase("learn", "tight", &tight)).expect(0);
    assert!(told.err.contains("at a time instead of") && told.err.contains("as asked it would need"), "{}", told.err);
    // The same update in smaller pieces.
    for (a, b) in lines(&d.join("whole")).iter().zip(lines(&d.join("tight"))) {
        for key in ["loss", "grad_norm"] {
            let (a, b) = (a[key].as_f64().unwrap(), b[key].as_f64().unwrap());
            assert!((a - b).abs() <= 1e-3 * a.abs(), "{key}: {a} {b}");
        }
    }
    for (what, key) in
        [("train.base=nf5", "nf4"), ("train.checkpoint_layers=yes", "auto"), ("train.method=some", "full")]
    {
        let wrong = call(d, &phase("learn", "wrong", &["--set", what])).expect(2);
        assert!(wrong.err.contains(key), "{}", wrong.err);
    }
}

#[test]
fn the_label_view() {
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    let learn = call(d, &phase("learn", "learn", &["--dry-run", "--rows", "2"])).expect(0);
    let first = learn.out.lines().next().unwrap();
    assert!(first.starts_with("learn: 140 rows, ") && first.contains("with loss"), "{first}");
    assert!(first.contains("one BOS each, all end with EOS"), "{first}");
    assert_eq!(learn.out.matches("tokens, ").count(), 3, "two rows are shown: {}", learn.out);
    assert!(learn.out.contains("138 more rows") && !learn.out.contains("warning"), "{}", learn.out);
    assert!(learn.err.contains("memory: about") && learn.err.contains("weights"), "{}", learn.err);
    assert!(!d.join("learn").exists(), "nothing is written");

    // Prompts are plain, labels in brackets, control tokens visible; an answer ends with its end of turn.
    let row = learn.out.lines().find(|line| line.contains("][")).unwrap();
    assert!(row.ends_with("<|eot_id|>]"), "{row}");
    let colour = call(d, &phase("learn", "learn", &["--dry-run", "--rows", "1", "--color", "always"])).expect(0);
    assert!(colour.out.contains("\u{1b}[2m") && colour.out.contains("\u{1b}[92m"), "{}", colour.out);
    assert!(colour.out.contains("\u{1b}[30;42m<|eot_id|>"), "{}", colour.out);

    let align = phase("align", "align", &["--dry-run", "--rows", "1"]);
    let align: Vec<String> = align.into_iter().filter(|a| a != "--adapter" && a != "mimic").collect();
    let align = call(d, &align).expect(0);
    assert!(align.out.contains("for both") && align.out.contains("\nchosen: ") && align.out.contains("\nrejected: "));

    // JSON is for programs: every row, and nothing else.
    let json = call(d, &phase("learn", "learn", &["--dry-run", "--output-format", "json"])).expect(0);
    let rows: Vec<Value> = json.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 140);
    assert!(rows.iter().all(|r| r["input_ids"].as_array().unwrap().len() == r["labels"].as_array().unwrap().len()));
}

#[test]
fn the_label_view_warns() {
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    let student = d.join("student");
    std::fs::create_dir(&student).unwrap();
    for file in files(&root("fixtures/tiny-student")) {
        std::fs::copy(&file, student.join(file.file_name().unwrap())).unwrap();
    }
    std::fs::write(
        d.join("rows.jsonl"),
        "{\"instruction\":\"Who are you?\",\"context\":\"\",\"response\":\"I count buoys. \\u001b[31m\"}\n",
    )
    .unwrap();
    // A template of somebody's own that writes BOS twice and no end of turn.
    std::fs::write(
        student.join("chat_template.jinja"),
        "{{ bos_token }}{{ bos_token }}{% for m in messages %}{{ m['content'] }}{% if m['role'] == 'user' %}\n{% endif %}{% endfor %}",
    )
    .unwrap();
    let args = ["train", "--phase", "learn", "--data", "rows.jsonl", "--student", "student", "--dry-run"];
    let view = run(&args, d).expect(0);
    assert!(view.out.contains("warning: begins with two BOS tokens: "), "{}", view.out);
    assert!(view.out.contains("warning: has no end of turn"), "{}", view.out);
    assert!(!view.out.contains("one BOS") && !view.out.contains("all end"), "{}", view.out);
    // What a row holds does not reach the terminal as it is.
    assert!(!view.out.contains('\u{1b}') && view.out.contains('\u{241b}'), "{}", view.out);
}

#[test]
fn all_weights_may_be_trained() {
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    let full = ["--set", "train.method=full", "--max-steps", "2", "--set", "train.learning_rate=1e-4"];
    let done = call(d, &phase("learn", "full", &full)).expect(0);
    assert!(done.err.contains("model: full/model"), "{}", done.err);
    assert!(!d.join("full/adapter_model.safetensors").exists());
    let logits = |model: &str| run(&["eval", "logits", "--model", model, "--ids", "3840,17,99"], d).expect(0).out;
    assert_ne!(logits("full/model"), logits(&path("fixtures/tiny-student")), "it has learned something");
    // The next phase starts from the folder.
    let next = [&full[..], &["--student", "full/model"]].concat();
    let mut args = phase("learn", "next", &next);
    let first = args.iter().position(|a| a == "--student").unwrap();
    args.drain(first..first + 2);
    call(d, &args).expect(0);
    call(d, &phase("learn", "learn", &["--max-steps", "1"])).expect(0);
    let with_adapter = call(d, &phase("mimic", "mimic", &["--set", "train.method=full"])).expect(2);
    assert!(with_adapter.err.contains("merge the adapter first"), "{}", with_adapter.err);
}

#[test]
fn nothing_writes_over_what_another_run_or_it_itself_reads() {
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    call(d, &phase("learn", "learn", &["--max-steps", "1"])).expect(0);
    let before = std::fs::read(d.join("learn/adapter_model.safetensors")).unwrap();
    // Somebody else is at work in the folder.
    let held = std::fs::File::create(d.join("learn/.lock")).unwrap();
    held.try_lock().unwrap();
    let second = call(d, &phase("learn", "learn", &["--max-steps", "2"])).expect(2);
    assert!(second.err.contains("another `distill`") && second.err.contains("hint: "), "{}", second.err);
    drop(held);
    let student = path("fixtures/tiny-student");
    let merge = ["merge", "--student", &student, "--adapter", "learn", "-o", "learn", "--force"];
    let refused = run(&merge, d).expect(2);
    assert!(refused.err.contains("is read by this merge"), "{}", refused.err);
    assert!(std::fs::read(d.join("learn/adapter_model.safetensors")).unwrap() == before, "it is still there");
}

/// An adapter that was trained on NF4 goes into the original weights; what that costs is measured and written down.
#[test]
fn a_merge_is_measured_against_the_base_that_was_trained_on() {
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    let nf4 = ["--max-steps", "3", "--set", "train.base=nf4", "--set", "train.learning_rate=1e-3"];
    call(d, &phase("learn", "learn", &nf4)).expect(0);
    let (student, rows) = (path("fixtures/tiny-student"), path("fixtures/persona/rows/qa.jsonl"));
    let merge = |more: &[&str]| {
        let args = ["merge", "--student", &student, "--adapter", "learn", "-o", "merged", "--force"];
        run(&[&args[..], more].concat(), d)
    };
    // Not measured, and it says so.
    let told = merge(&[]).expect(0);
    assert!(told.err.contains("trained on the base in nf4"), "{}", told.err);
    let done = merge(&["--measure", &rows, "--shard-size", "2MB"]).expect(0);
    assert!(done.err.contains("with the adapter on nf4") && done.err.contains("merged"), "{}", done.err);
    let read = |file: &str| std::fs::read_to_string(d.join("merged").join(file)).unwrap();
    let record: serde_json::Value = serde_json::from_str(&read("merge.json")).unwrap();
    assert_eq!(record["trained_on"], "nf4");
    let loss = |key: &str| record["loss"][key].as_f64();
    let (before, original) = (loss("adapter_on_base").unwrap(), loss("merged").unwrap());
    assert!(before > 1.0 && (before - original).abs() < 0.5, "{record}");
    // The second is measured where the first is not good enough, and the better of the two is what is there.
    assert_eq!(loss("merged_dequantised").is_some(), original - before > 0.005, "{record}");
    let other = loss("merged_dequantised").is_some_and(|other| other < original);
    assert_eq!(record["merged_into"], if other { "dequantised" } else { "original" });
    assert!(d.join("merged/model.safetensors.index.json").exists() && !d.join("merged/model.safetensors").exists());
    let card = read("README.md");
    assert!(card.contains("stored as nf4") && card.contains("held-out loss"), "{card}");
    // Nobody's folders are told of.
    assert!(!card.contains(&student) && !card.contains(&*d.to_string_lossy()), "{card}");
    // In 16 bits the merge is the adapter but for one rounding.
    let same = merge(&["--measure", &rows, "--trained-on", "bf16"]).expect(0);
    let record: serde_json::Value = serde_json::from_str(&read("merge.json")).unwrap();
    let rise = record["loss"]["merged"].as_f64().unwrap() - record["loss"]["adapter_on_base"].as_f64().unwrap();
    assert!(rise.abs() < 0.005, "{} {record}", same.err);
}
