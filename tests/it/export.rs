//! `distill export`: a folder to a measured file, what it leaves alone, and talking to it.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::{files, root, run};

fn student() -> String {
    root("fixtures/tiny-student").to_str().unwrap().to_owned()
}

/// Questions of a kind that distill reads, without a split.
fn rows(dir: &Path) -> PathBuf {
    let path = dir.join("rows.jsonl");
    let lines = (0..12).map(|i| {
        let row = json!({
            "instruction": format!("How long did migration {i} take?"),
            "context": "",
            "response": format!("Migration {i} took {} weeks, and nobody noticed the last one.", i + 2),
        });
        format!("{row}\n")
    });
    std::fs::write(&path, lines.collect::<String>()).unwrap();
    path
}

#[test]
fn a_file_is_calibrated_measured_and_answers() {
    let dir = tempfile::tempdir().unwrap();
    rows(dir.path());
    let student = student();
    let export = |more: &[&str]| -> Value {
        let args = ["export", "-m", &student, "--check", "rows.jsonl", "--json", "--set", "export.max_kld=0"];
        let done = run(&[&args[..], more].concat(), dir.path()).expect(0);
        serde_json::from_str(&done.out).unwrap()
    };
    let kld = |found: &Value| found["quality"]["divergence"]["mean_kld"].as_f64().unwrap();
    let made = export(&["-o", "a.gguf", "--calibrate", "rows.jsonl", "--save-imatrix", "im.gguf"]);
    let (positions, available) = (&made["quality"]["divergence"]["positions"], &made["quality"]["available"]);
    assert!(positions.as_u64().unwrap() > 100 && available == 12, "{made}");
    assert_eq!(made["quality"]["better"], "Q4_K_M", "no limit of 0 is kept: {made}");
    // The kept matrix gives the same file, and better types stand nearer.
    let again = export(&["-o", "b.gguf", "--imatrix", "im.gguf"]);
    assert_eq!(kld(&made), kld(&again));
    let finer = [("q6_k", "c.gguf"), ("q8_0", "d.gguf"), ("bf16", "e.gguf")]
        .map(|(quant, out)| kld(&export(&["-o", out, "--quant", quant])));
    assert!(kld(&made) > finer[0] && finer[0] > finer[1] && finer[1] > finer[2], "{} {finer:?}", kld(&made));
    assert!(finer[2].abs() < 1e-4, "bf16 of a bf16 folder: {finer:?}");
    let strict = run(
        &["export", "-m", &student, "-o", "f.gguf", "--check", "rows.jsonl", "--strict", "--set", "export.max_kld=0"],
        dir.path(),
    )
    .expect(1);
    assert!(strict.err.contains("KL divergence") && strict.err.contains("--quant q4_k_m"), "{}", strict.err);
    let said = run(&["chat", "-m", "a.gguf", "-p", "Hello", "-n", "5", "-v"], dir.path()).expect(0);
    assert!(said.err.contains("made at"), "{}", said.err);
    assert!(files(dir.path()).iter().all(|f| f.extension().is_none_or(|e| e != "tmp")));
}

#[test]
fn nothing_but_a_gguf_is_written_over() {
    let dir = tempfile::tempdir().unwrap();
    let (student, rows) = (student(), rows(dir.path()));
    let before = std::fs::read(&rows).unwrap();
    let refused = |args: &[&str]| {
        let done = run(&[&["export", "-m", &student], args].concat(), dir.path()).expect(2);
        assert!(done.err.contains("give another"), "{args:?}: {}", done.err);
    };
    refused(&["-o", "rows.jsonl"]);
    refused(&["-o", "."]);
    refused(&["-o", "x.gguf", "--calibrate", "rows.jsonl", "--save-imatrix", "rows.jsonl"]);
    refused(&["-o", "x.gguf", "--calibrate", "rows.jsonl", "--save-imatrix", "x.gguf"]);
    #[cfg(unix)]
    refused(&["-o", "/dev/null"]);
    assert_eq!(std::fs::read(&rows).unwrap(), before);
    run(&["export", "-m", &student, "-o", "x.gguf", "--quant", "q8_0"], dir.path()).expect(0);
    let first = std::fs::read(dir.path().join("x.gguf")).unwrap();
    // A file that cannot be made leaves the old one.
    run(&["export", "-m", &student, "-o", "x.gguf", "--check", "absent.jsonl"], dir.path()).expect(2);
    assert!(std::fs::read(dir.path().join("x.gguf")).unwrap() == first);
    run(&["export", "-m", "x.gguf", "-o", "y.gguf"], dir.path()).expect(2);
    run(&["export", "-m", "x.gguf", "-o", "x.gguf", "--allow-requantize"], dir.path()).expect(2);
}

#[test]
fn programs_get_folders_of_their_own() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("README.md"), "mine").unwrap();
    let student = student();
    run(&["export", "-m", &student, "-o", "me.gguf", "--for", "ollama,lmstudio,llamacpp,vllm"], dir.path()).expect(0);
    for made in ["me-ollama/Modelfile", "me-lmstudio/models/distill/me/me.gguf", "me-llamacpp/README.md", "me-vllm"] {
        assert!(dir.path().join(made).exists(), "{made}");
    }
    assert_eq!(std::fs::read_to_string(dir.path().join("README.md")).unwrap(), "mine");
    let set = ["export", "-m", &student, "-o", "set.gguf", "--split-size", "1MB"];
    let refused = run(&[&set[..], &["--for", "ollama"]].concat(), dir.path()).expect(2);
    assert!(refused.err.contains("one file"), "{}", refused.err);
    run(&set, dir.path()).expect(0);
    let first = files(dir.path()).into_iter().find(|f| f.to_string_lossy().contains("set-00001-of-")).unwrap();
    run(&["chat", "-m", first.to_str().unwrap(), "-p", "Hi", "-n", "3"], dir.path()).expect(0);
    run(&["export", "-m", first.to_str().unwrap(), "-o", "set.gguf", "--allow-requantize"], dir.path()).expect(2);
}
