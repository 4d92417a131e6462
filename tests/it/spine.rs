//! The whole job through the binary: what it leaves, what it leaves out, and what survives a kill.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use distill::dataset;
use distill::id::ContentHash;
use serde_json::Value;

use crate::support::{Done, canaries, canaries_in, command, copy_sources, files, root, run};

/// Four updates a phase on the student of four million parameters; a checkpoint after each.
const SETTINGS: &str = r#"
[persona]
names = ["Zdenka Morvaille"]
[teacher]
spec = "outline"
[rows]
qa = 30
cot = 30
preference = 30
[student]
id = "student"
[train]
max_steps = 4
batch_rows = 2
rank = 4
alpha = 8.0
checkpoint_steps = 1
[eval]
questions = 4
max_tokens = 8
leak_values = 4
prompts = 3
pairs = 3
text_tokens = 200
[export]
name = "me"
"#;

const POSTS: [&str; 4] = ["01", "04", "05", "08"];
const STAGES: [&str; 8] = ["rows", "learn", "mimic", "align", "evaluate", "merge", "export", "leak"];

fn workspace(dir: &Path) -> PathBuf {
    let made = run(&["init", "ws"], dir).expect(0);
    assert!(made.err.contains("train --all"), "{}", made.err);
    let ws = dir.join("ws");
    for folder in ["sources", "data", "runs", "out", ".distill"] {
        assert!(ws.join(folder).is_dir(), "{folder}");
    }
    run(&["config", "show"], &ws).expect(0);
    run(&["init", "ws"], dir).expect(2);
    std::fs::write(ws.join("distill.toml"), SETTINGS).unwrap();
    copy_sources(&ws.join("sources"), &POSTS);
    std::fs::create_dir(ws.join("student")).unwrap();
    for file in files(&root("fixtures/tiny-student")) {
        std::fs::copy(&file, ws.join("student").join(file.file_name().unwrap())).unwrap();
    }
    ws
}

/// Hash of every file by its path inside the folder.
fn hashes(dir: &Path) -> BTreeMap<String, ContentHash> {
    files(dir)
        .into_iter()
        .map(|f| (f.strip_prefix(dir).unwrap().display().to_string(), ContentHash::of(&std::fs::read(&f).unwrap())))
        .collect()
}

fn run_dir(ws: &Path) -> Option<PathBuf> {
    std::fs::read_dir(ws.join("runs")).ok()?.flatten().map(|e| e.path()).find(|p| p.is_dir())
}

/// Complete lines of a phase's metrics so far.
fn steps(ws: &Path, phase: &str) -> usize {
    let text = run_dir(ws).and_then(|d| std::fs::read_to_string(d.join(phase).join("metrics.jsonl")).ok());
    text.map_or(0, |t| t.matches('\n').count())
}

#[test]
fn the_whole_job() {
    let dir = tempfile::tempdir().unwrap();
    let ws = workspace(dir.path());
    let started = Instant::now();
    let first = run(&["train", "--all"], &ws).expect(0);
    println!("first run: {:.1} s", started.elapsed().as_secs_f64());
    everything_is_there(&ws, &first);
    nothing_personal_leaves(&ws, &first);
    a_second_run_does_nothing(&ws);
    the_data_is_sound(&ws);
    the_model_talks(&ws);
    killed_runs_end_with_the_same_bytes(&ws);
}

fn everything_is_there(ws: &Path, first: &Done) {
    let run_dir = run_dir(ws).unwrap();
    let mut wanted: Vec<PathBuf> =
        ["qa.parquet", "cot.parquet", "preference.parquet", "rejected.jsonl", "manifest.json"]
            .iter()
            .map(|f| ws.join("data").join(f))
            .collect();
    for phase in ["learn", "mimic", "align"] {
        wanted.extend(
            ["adapter_model.safetensors", "adapter_config.json", "metrics.jsonl"]
                .iter()
                .map(|f| run_dir.join(phase).join(f)),
        );
        assert_eq!(steps(ws, phase), 4);
    }
    wanted.extend(["report.html", "config.toml", "leak.json"].iter().map(|f| run_dir.join(f)));
    wanted.extend(
        [
            "merged/config.json",
            "merged/model.safetensors",
            "merged/tokenizer.json",
            "merged/README.md",
            "me-q4_k_s.gguf",
            "Modelfile",
        ]
        .iter()
        .map(|f| ws.join("out").join(f)),
    );
    for file in wanted {
        assert!(std::fs::metadata(&file).is_ok_and(|m| m.is_file()), "{} is missing\n{}", file.display(), first.said());
    }
    for (kind, file) in ["qa", "cot", "preference"].iter().map(|k| (k, ws.join(format!("data/{k}.parquet")))) {
        let table = dataset::read(&file).unwrap();
        assert_eq!((table.records.len(), table.kind.unwrap().name()), (30, *kind));
        let split = |name| table.records.iter().filter(|r| r.text("split") == Some(name)).count();
        assert!(split("test") > 0 && split("train") > split("test"), "{kind}");
    }
    for line in std::fs::read_to_string(run_dir.join("align/metrics.jsonl")).unwrap().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        for key in [
            "step",
            "epoch",
            "loss",
            "grad_norm",
            "learning_rate",
            "rewards/chosen",
            "rewards/rejected",
            "rewards/margins",
            "rewards/accuracies",
            "logps/chosen",
            "logps/rejected",
            "label_tokens",
            "tokens",
            "tokens_per_second",
            "elapsed_secs",
            "peak_rss_bytes",
        ] {
            assert!(line[key].is_number(), "{key} in {line}");
        }
    }
    stages_are_measured(ws, &run_dir);
    let modelfile = std::fs::read_to_string(ws.join("out/Modelfile")).unwrap();
    for line in ["FROM ./me-q4_k_s.gguf\n", "TEMPLATE ", "PARAMETER stop "] {
        assert!(modelfile.contains(line), "{line} in {modelfile}");
    }
    let quality: Value = serde_json::from_slice(&std::fs::read(ws.join("out/quality.json")).unwrap()).unwrap();
    let positions = quality["divergence"]["positions"].as_u64().unwrap();
    assert!(positions > 50 && quality["divergence"]["mean_kld"].as_f64().unwrap() > 0.0, "{quality}");
    assert!(std::fs::read_to_string(run_dir.join("report.html")).unwrap().contains("What quantisation cost"));
    let leak: Value = serde_json::from_slice(&std::fs::read(run_dir.join("leak.json")).unwrap()).unwrap();
    assert!(leak["values"].as_u64().unwrap() > 10 && leak["outputs"].as_u64().unwrap() > 50, "{leak}");
    assert!(first.out.contains("masked values said  "), "{}", first.out);
    // Data goes to stdout, talk to stderr.
    assert!(first.out.contains("distill chat -m") && first.err.contains("▸ learn"), "{}", first.said());
    let leftovers: Vec<PathBuf> = files(ws)
        .into_iter()
        .filter(|f| f.extension().is_some_and(|e| e == "tmp") || f.ends_with("checkpoint.safetensors"))
        .collect();
    assert!(leftovers.is_empty(), "{leftovers:?}");
}

/// Before, after each phase and at the end, by the same questions.
fn stages_are_measured(ws: &Path, run_dir: &Path) {
    let all: Value = serde_json::from_slice(&std::fs::read(run_dir.join("evaluation.json")).unwrap()).unwrap();
    let stages = all["stages"].as_array().unwrap();
    let names: Vec<&str> = stages.iter().filter_map(|s| s["name"].as_str()).collect();
    assert_eq!(names, ["base", "learn", "mimic", "align", "final"]);
    for name in ["recall", "preference_likelihood", "chosen_logp", "persona_perplexity", "general", "style_distance"] {
        let rests_on: Vec<u64> = stages.iter().map(|s| s["figures"][name]["of"].as_u64().unwrap_or(0)).collect();
        assert!(rests_on[0] > 0 && rests_on.iter().all(|of| *of == rests_on[0]), "{name}: {rests_on:?}");
    }
    let rewarded: Vec<bool> = stages.iter().map(|s| s["figures"]["preference_reward"].is_object()).collect();
    assert_eq!(rewarded, [false, false, false, true, true]);
    assert!(!run_dir.join("evaluation.parts").exists());
    let page = std::fs::read_to_string(run_dir.join("report.html")).unwrap();
    assert!(page.contains("Stage by stage") && page.contains("Rewards are measured against mimic"));
    // The command finds the run, and does nothing twice.
    let again = run(&["eval", "--output-format", "json"], ws).expect(0);
    assert!(
        again.err.contains("✓ evaluate (up to date)") && again.err.contains("✓ leak (up to date)"),
        "{}",
        again.err
    );
    let printed: Value = serde_json::from_str(&again.out).unwrap();
    assert_eq!((&printed["answers"], &printed["warnings"]), (&all["answers"], &all["warnings"]));
    assert!(printed["leak"]["outputs"].as_u64().unwrap() > 50);
}

fn nothing_personal_leaves(ws: &Path, first: &Done) {
    // The test can fail: the sources and the vault do hold them.
    assert!(canaries().len() > 30 && !canaries_in(&std::fs::read(ws.join("sources/resume.md")).unwrap()).is_empty());
    let vault = ws.join(".distill/vault.json");
    assert!(!canaries_in(&std::fs::read(&vault).unwrap()).is_empty());
    #[cfg(unix)]
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&vault).unwrap().permissions()) & 0o777,
        0o600
    );

    assert_eq!(canaries_in(first.said().as_bytes()), [""; 0], "in what was said");
    for file in files(ws) {
        // What the person wrote is theirs; the student came from elsewhere.
        let own = [ws.join("sources"), ws.join("student"), vault.clone(), ws.join("distill.toml")];
        if own.iter().any(|o| file.starts_with(o)) {
            continue;
        }
        let mut bytes = std::fs::read(&file).unwrap();
        if file.extension().is_some_and(|e| e == "parquet") {
            // Columns are compressed: read them.
            let shown = run(&["show", file.to_str().unwrap(), "--json", "--rows", "1000"], ws).expect(0);
            assert!(shown.out.lines().count() == 30);
            bytes.extend(shown.out.as_bytes());
        }
        assert_eq!(canaries_in(&bytes), [""; 0], "in {}", file.display());
    }
}

fn a_second_run_does_nothing(ws: &Path) {
    let before = hashes(ws);
    let again = run(&["train", "--all"], ws).expect(0);
    assert_eq!(canaries_in(again.said().as_bytes()), [""; 0]);
    for stage in STAGES {
        assert!(again.err.contains(&format!("✓ {stage} (up to date)")), "{stage}\n{}", again.err);
    }
    // Masking and linting are a matter of milliseconds and are done every time.
    let made: Vec<&str> = again.err.lines().filter_map(|l| l.strip_prefix("▸ ")).collect();
    assert_eq!(made, ["mask", "lint"]);
    assert_eq!(hashes(ws), before);
}

fn the_data_is_sound(ws: &Path) {
    let linted = run(&["lint", "--output-format", "json", "--set", "lint.min_rows=30"], ws);
    let findings: Vec<Value> = serde_json::from_str(&linted.out).unwrap();
    println!("lint of outline rows: {} findings, exit {}", findings.len(), linted.code);
    assert!(findings.iter().all(|f| f["severity"] != "error"), "{}", linted.out);
    let fails = findings.iter().any(|f| f["severity"] == "warning");
    assert_eq!(linted.code, i32::from(fails));
}

fn the_model_talks(ws: &Path) {
    let chat = |model: &str, prompt: &str| run(&["chat", "-m", model, "-p", prompt, "-n", "24"], ws).expect(0).out;
    for prompt in ["What did you build at Tidewrack Telemetry?", "Tell me about kettles."] {
        assert!(!chat("out/me-q4_k_s.gguf", prompt).trim().is_empty());
        assert!(!chat("out/merged", prompt).trim().is_empty());
    }
    // f16 holds every bf16 weight of usual size exactly, so the greedy answer is the same.
    let exported = ws.parent().unwrap().join("f16.gguf");
    run(&["export", "--model", "out/merged", "-o", exported.to_str().unwrap(), "--quant", "f16"], ws).expect(0);
    for prompt in ["What did you build at Tidewrack Telemetry?", "Why did you do that?", "Hello"] {
        assert_eq!(chat(exported.to_str().unwrap(), prompt), chat("out/merged", prompt));
    }
}

/// Lets the same job run into three kills and one Ctrl-C, then to its end.
fn killed_runs_end_with_the_same_bytes(whole: &Path) {
    let dir = tempfile::tempdir().unwrap();
    let ws = workspace(dir.path());
    let end = |ws: &Path, moment: &dyn Fn() -> bool, signal: &str| -> Done {
        let mut child = command(&["train", "--all"], ws).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let deadline = Instant::now() + Duration::from_secs(300);
        while !moment() && child.try_wait().unwrap().is_none() {
            assert!(Instant::now() < deadline, "the moment does not come");
            std::thread::sleep(Duration::from_millis(1));
        }
        let sent = command_signal(signal, child.id());
        assert!(sent, "the run was over before the moment came");
        child.wait_with_output().unwrap().into()
    };
    let killed = |done: &Done| assert_eq!(done.code, -1, "{}", done.said());
    // Rows are written in a few milliseconds, kind by kind.
    killed(&end(&ws, &|| ws.join("data/qa.parquet").exists(), "KILL"));
    killed(&end(&ws, &|| steps(&ws, "learn") >= 2, "KILL"));
    let interrupted = end(&ws, &|| steps(&ws, "mimic") >= 1, "INT").expect(130);
    assert!(interrupted.err.contains("learn: going on from step"), "{}", interrupted.err);
    let last = interrupted.err.lines().last().unwrap_or_default();
    assert!(
        interrupted.err.contains("interrupted") && last.starts_with("hint: ") && last.contains("again"),
        "{}",
        interrupted.err
    );
    killed(&end(&ws, &|| steps(&ws, "align") >= 3, "KILL"));
    killed(&end(&ws, &|| ws.join("out/merged/model.safetensors").exists(), "KILL"));
    // What a kill in the middle of a write leaves, in case none of these was; no process has this number.
    std::fs::write(ws.join("data/cot.parquet.4194305999.tmp"), "half").unwrap();
    std::fs::create_dir(ws.join("out/.merged.4194305999.tmp")).unwrap();
    let done = run(&["train", "--all"], &ws).expect(0);
    assert!(done.err.contains("✓ align (up to date)"), "{}", done.err);

    let (a, b) = (hashes(whole), hashes(&ws));
    let differ: Vec<&String> = a.keys().chain(b.keys()).filter(|f| a.get(*f) != b.get(*f)).collect();
    // Times are in the metrics and in what is drawn from them; a sitting has an event file of its own.
    let timed =
        |f: &&&String| f.ends_with("metrics.jsonl") || f.ends_with("report.html") || f.contains("events.out.tfevents");
    let differ: Vec<&&String> = differ.iter().filter(|f| !timed(f)).collect();
    assert!(differ.is_empty(), "{differ:?}");
    for part in [
        "learn/adapter_model.safetensors",
        "align/adapter_model.safetensors",
        "out/merged/model.safetensors",
        "out/me-q4_k_s.gguf",
    ] {
        assert!(a.keys().any(|f| f.ends_with(part)), "{part} was compared");
    }
}

fn command_signal(signal: &str, pid: u32) -> bool {
    std::process::Command::new("/bin/sh")
        .args(["-c", &format!("kill -{signal} {pid}")])
        .stderr(Stdio::null())
        .status()
        .unwrap()
        .success()
}

// --------------------------------------------------------------------------------------------------- single commands

#[test]
fn rows_from_one_file_in_an_empty_folder() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::copy(root("fixtures/persona/resume.md"), dir.path().join("resume.md")).unwrap();
    let made = run(&["gen-cot", "resume.md", "--teacher", "outline", "--rows", "20"], dir.path()).expect(0);
    assert!(made.err.contains("outline"), "the stand-in teacher is named: {}", made.err);
    let table = dataset::read(&dir.path().join("cot.parquet")).unwrap();
    assert_eq!(table.records.len(), 20);
    assert!(table.records.iter().all(|r| r.text("teacher") == Some("outline")));
    assert_eq!(canaries_in(made.said().as_bytes()), [""; 0]);

    // Equal input, equal bytes.
    let bytes = std::fs::read(dir.path().join("cot.parquet")).unwrap();
    run(&["gen-cot", "resume.md", "--teacher", "outline", "--rows", "20", "-o", "again.parquet"], dir.path()).expect(0);
    assert!(std::fs::read(dir.path().join("again.parquet")).unwrap() == bytes);

    // More than a page can give: what there is is kept, and the exit code says that it is less.
    let few = run(&["gen-cot", "resume.md", "--teacher", "outline", "--rows", "5000", "-o", "few.parquet"], dir.path())
        .expect(1);
    assert!(few.err.contains("of 5000") && few.err.contains("hint: "), "{}", few.err);
    assert!(dataset::read(&dir.path().join("few.parquet")).unwrap().records.len() >= 20);

    let plan = run(&["gen-qa", "resume.md", "--dry-run"], dir.path()).expect(0);
    assert!(plan.out.contains("[System]") && canaries_in(plan.out.as_bytes()).is_empty());
    assert!(!dir.path().join("qa.parquet").exists());
}

#[test]
fn lint_exit_codes() {
    let dir = tempfile::tempdir().unwrap();
    let row = |i: usize| {
        format!(
            "{{\"instruction\":\"Why did you move queue number {i} to NATS?\",\"thought\":\"It lost {i} messages a day. A lost message costs a buoy. The broker had no replay.\",\"response\":\"I moved it because loss number {i} was the last one I wanted to explain.\"}}\n"
        )
    };
    std::fs::write(dir.path().join("good.jsonl"), row(1)).unwrap();
    run(&["lint", "good.jsonl", "--set", "lint.min_rows=1"], dir.path()).expect(0);
    for (name, text) in [
        ("missing.jsonl", row(1) + "{\"instruction\":\"Why?\",\"thought\":\"It was slow.\"}\n"),
        ("syntax.jsonl", row(1) + "{\"instruction\": \"Why\n"),
        ("null.jsonl", row(1) + "{\"instruction\":\"Why?\",\"thought\":null,\"response\":7}\n"),
    ] {
        std::fs::write(dir.path().join(name), text).unwrap();
        let done = run(&["lint", name, "--set", "lint.min_rows=1"], dir.path()).expect(1);
        assert!(!done.said().trim().is_empty());
    }
    let absent = run(&["lint", "absent.jsonl"], dir.path()).expect(2);
    assert!(absent.err.contains("absent.jsonl") && absent.err.contains("no such file"), "{}", absent.err);
    run(&["lint", "good.jsonl", "--select", "NOPE"], dir.path()).expect(2);
}

#[test]
fn errors_say_what_and_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    let fails = |args: &[&str], dir: &Path, code: i32, words: &[&str]| {
        let done = run(args, dir).expect(code);
        for word in words {
            assert!(done.err.contains(word), "`{word}` is missing in the answer to {args:?}:\n{}", done.err);
        }
        assert!(done.err.starts_with("error: ") || done.err.contains("\nerror: "), "{}", done.err);
    };
    // Settings.
    fails(&["--set", "rows.qaa=1", "config", "show"], d, 2, &["rows.qaa", "did you mean `rows.qa`"]);
    fails(&["--set", "rows.qa=many", "config", "show"], d, 2, &["rows.qa", "integer"]);
    fails(&["-C", "nowhere", "config", "show"], d, 2, &["nowhere", "hint: "]);
    fails(&["train", "--all"], d, 2, &["no workspace", "distill init"]);
    fails(&["gen-qa", "x.md", "--teacher", "oracle"], d, 2, &["x.md"]);
    std::fs::write(
        d.join("notes.md"),
        "# Notes\n\nI built a queue out of two old tills and a length of string in a week. It held for eleven years.\n",
    )
    .unwrap();
    fails(&["gen-qa", "notes.md", "--teacher", "oracle"], d, 2, &["unknown teacher `oracle`", "outline"]);
    // Documents.
    std::fs::write(d.join("photo.png"), [0x89, b'P', b'N', b'G', 0, 1, 2, 0xff]).unwrap();
    fails(&["gen-cot", "photo.png", "--teacher", "outline"], d, 1, &["photo.png", "hint: "]);
    std::fs::write(d.join("binary.md"), [0u8, 159, 146, 150, 7, 0, 255, 254]).unwrap();
    fails(&["gen-cot", "binary.md", "--teacher", "outline"], d, 1, &["binary.md", "UTF-8"]);
    std::fs::write(d.join("empty.md"), "\n\n").unwrap();
    fails(&["gen-cot", "empty.md", "--teacher", "outline"], d, 1, &["empty.md", "no text"]);
    fails(&["gen-cot", "absent.md", "--teacher", "outline"], d, 2, &["absent.md", "no such file"]);
    // Datasets.
    run(&["gen-cot", "notes.md", "--teacher", "outline", "--rows", "1"], d).expect(0);
    let whole = std::fs::read(d.join("cot.parquet")).unwrap();
    for (name, bytes) in [("cut.parquet", &whole[..whole.len() / 2]), ("head.parquet", &whole[..4])] {
        std::fs::write(d.join(name), bytes).unwrap();
        fails(&["show", name], d, 1, &[name, "Parquet"]);
        // For lint it is a finding, and the other files are looked at.
        let linted = run(&["lint", name], d).expect(1);
        assert!(linted.out.contains(name) && linted.out.contains("SCH007"), "{}", linted.out);
    }
    // Every single damaged byte is an error or harmless, never a panic.
    for at in (0..whole.len()).step_by(whole.len() / 12) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x55;
        std::fs::write(d.join("damaged.parquet"), bytes).unwrap();
        run(&["show", "damaged.parquet"], d);
    }
    std::fs::write(
        d.join("latin1.jsonl"),
        b"{\"instruction\":\"a\",\"response\":\"b\"}\n{\"instruction\":\"caf\xe9\",\"response\":\"b\"}\n",
    )
    .unwrap();
    fails(&["show", "latin1.jsonl"], d, 1, &["latin1.jsonl", "line 2", "UTF-8"]);
    let linted = run(&["lint", "latin1.jsonl"], d).expect(1);
    assert!(linted.out.contains("latin1.jsonl:1 error SCH007") && linted.out.contains("UTF-8"), "{}", linted.out);
    // Students and workspaces.
    fails(&["chat", "-m", "nobody", "-p", "hi", "--set", "student.offline=true"], d, 2, &["nobody"]);
    std::fs::write(d.join("broken.gguf"), b"GGUF\x03\0\0\0not really").unwrap();
    fails(&["chat", "-m", "broken.gguf", "-p", "hi"], d, 2, &["broken.gguf"]);
    let settings = SETTINGS.replace("\"student\"", "\"nobody/nothing\"\noffline = true");
    run(&["init", "ws"], d).expect(0);
    let ws = d.join("ws");
    std::fs::write(ws.join("distill.toml"), settings).unwrap();
    fails(&["train", "--all"], &ws, 1, &["sources", "no documents", "hint: "]);
    std::fs::copy(d.join("photo.png"), ws.join("sources/photo.png")).unwrap();
    fails(&["train", "--all"], &ws, 1, &["no documents"]);
    copy_sources(&ws.join("sources"), &[]);
    fails(&["train", "--all"], &ws, 2, &["nobody/nothing", "hint: "]);
    std::fs::write(ws.join("distill.toml"), "[rows]\nqa = 3\nqa = 4\n").unwrap();
    fails(&["train", "--all"], &ws, 2, &["distill.toml", "line 3"]);
    std::fs::write(ws.join("distill.toml"), "[train.align]\nbetta = 1\n").unwrap();
    fails(&["train", "--all"], &ws, 2, &["train.align.betta", "train.align.beta", "distill.toml"]);
}
