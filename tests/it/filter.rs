//! `mask --jsonl`, the vault and files that are read: through the program, as people mistreat it.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::support::{Done, command, run, text};

/// Feeds `lines` to `mask --jsonl` and waits for it.
fn filter(args: &[&str], lines: &str, dir: &Path) -> Done {
    let mut child = command(&[&["mask", "--jsonl"], args].concat(), dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let lines = lines.to_owned();
    let feeder = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
    let done = child.wait_with_output().unwrap();
    // A filter that ends at a bad line does not read the others.
    let _ = feeder.join().unwrap();
    done.into()
}

#[test]
fn answers_keep_the_order_of_the_lines_and_their_numbers() {
    let dir = tempfile::tempdir().unwrap();
    let line = |n: usize| {
        let long = "word ".repeat(if n.is_multiple_of(7) { 4000 } else { 1 });
        format!("{{\"id\":{n}.50,\"text\":\"{long}mail user{n}@example.org\"}}\n")
    };
    let lines: String = (1..=200).map(line).collect();
    let done = filter(&["--vault", "v.json"], &lines, dir.path()).expect(0);
    let answers: Vec<&str> = done.out.lines().collect();
    assert_eq!(answers.len(), 200);
    for (n, answer) in (1..).zip(&answers) {
        assert!(answer.starts_with(&format!("{{\"id\":{n}.50,")), "{n}: {answer:.60}");
        assert!(answer.contains(&format!("mail [EMAIL_{n}]")), "{n}");
    }
    assert!(std::fs::read_to_string(dir.path().join("v.json")).unwrap().contains("user200@example.org"));
}

#[test]
fn a_bad_line_is_named_and_what_stands_before_it_is_answered() {
    let dir = tempfile::tempdir().unwrap();
    let lines = "{\"id\":1,\"text\":\"mail a@example.org\"}\n\nnot json\n{\"id\":4,\"text\":\"b@example.org\"}\n";
    let done = filter(&["--vault", "v.json"], lines, dir.path()).expect(1);
    assert_eq!(done.out.lines().count(), 1, "{}", done.out);
    assert!(done.err.contains("line 3"), "{}", done.err);
    assert!(std::fs::read_to_string(dir.path().join("v.json")).unwrap().contains("a@example.org"));
}

#[cfg(unix)]
#[test]
fn ctrl_c_keeps_the_vault_of_what_is_out() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = command(&["mask", "--jsonl", "--vault", "v.json"], dir.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Standard input stays open.
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"{\"id\":1,\"text\":\"mail a@example.org\"}\n").unwrap();
    let mut answers = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(answers.next().unwrap().unwrap().contains("[EMAIL_1]"), "a line is answered before the next is there");
    let pid = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let done = child.wait_with_output().unwrap();
    drop(stdin);
    assert_eq!(done.status.code(), Some(130), "{}", text(&done.stderr));
    assert!(text(&done.stderr).contains("interrupted"), "{}", text(&done.stderr));
    assert!(std::fs::read_to_string(dir.path().join("v.json")).unwrap().contains("a@example.org"));
}

/// A producer that never pauses must not keep Ctrl-C from being seen.
#[cfg(unix)]
#[test]
fn ctrl_c_is_seen_while_lines_keep_coming() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = command(&["mask", "--jsonl", "--vault", "v.json"], dir.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let feeder = std::thread::spawn(move || {
        // Until nobody reads any more.
        while stdin.write_all(b"{\"id\":1,\"text\":\"mail a@example.org\"}\n").is_ok() {}
    });
    let mut answers = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(answers.next().unwrap().unwrap().contains("[EMAIL_1]"));
    let pid = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    answers.for_each(drop);
    let done = child.wait_with_output().unwrap();
    feeder.join().unwrap();
    assert_eq!(done.status.code(), Some(130), "{}", text(&done.stderr));
    assert!(std::fs::read_to_string(dir.path().join("v.json")).unwrap().contains("a@example.org"));
}

#[test]
fn writers_of_one_vault_lose_nothing() {
    let dir = tempfile::tempdir().unwrap();
    for n in 0..8 {
        std::fs::write(dir.path().join(format!("{n}.md")), format!("Mail p{n}@example.org\n")).unwrap();
    }
    let children: Vec<_> = (0..8)
        .map(|n| {
            let file = format!("{n}.md");
            command(&["mask", &file, "--vault", "v.json"], dir.path())
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
        })
        .collect();
    let vaults = || {
        let all = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path());
        all.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("v.json"))
            .map(|path| std::fs::read_to_string(path).unwrap())
            .collect::<Vec<_>>()
    };
    for (n, child) in children.into_iter().enumerate() {
        let done = child.unwrap().wait_with_output().unwrap();
        assert!(matches!(done.status.code(), Some(0 | 2)), "{}", text(&done.stderr));
        // In the vault, or beside it with a word about it.
        assert!(vaults().iter().any(|vault| vault.contains(&format!("p{n}@example.org"))), "{n} is lost");
        if done.status.success() {
            let own = std::fs::read_to_string(dir.path().join("v.json")).unwrap();
            assert!(own.contains(&format!("p{n}@example.org")), "{n} was told that all is well");
        }
    }
}

#[cfg(unix)]
#[test]
fn a_vault_behind_a_link_leaves_no_plain_copy() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("a.md"), "Mail ada@example.org\n").unwrap();
    run(&["mask", "a.md", "--vault", "real.json"], dir.path()).expect(0);
    std::os::unix::fs::symlink("real.json", dir.path().join("link.json")).unwrap();
    let sealed =
        command(&["vault", "encrypt", "link.json"], dir.path()).env("DISTILL_VAULT_PASSPHRASE", "four words").output();
    Done::from(sealed.unwrap()).expect(0);
    assert!(dir.path().join("link.json").is_symlink());
    let real = std::fs::read(dir.path().join("real.json")).unwrap();
    assert!(!text(&real).contains("ada@example.org"));
}

#[test]
fn what_was_read_is_not_written_over() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("a.md"), "Mail ada@example.org\n").unwrap();
    let done = run(&["mask", "a.md", "-o", "."], dir.path()).expect(2);
    assert!(done.err.contains("a.md"), "{}", done.err);
    assert_eq!(std::fs::read_to_string(dir.path().join("a.md")).unwrap(), "Mail ada@example.org\n");
}

/// One line of 128 KiB of whatever repeats what a recognizer waits for: a second at most where time is linear, minutes
/// where it is not.
#[test]
fn no_line_takes_time_by_its_square() {
    let dir = tempfile::tempdir().unwrap();
    let begun = Instant::now();
    for part in [
        "1:2:",
        "DOB: ",
        "SSN: ",
        "Name: ",
        "http://",
        "Phone: ",
        "3 May 1990, ",
        "password: x",
        "born ",
        "user:pass@",
        "PO Box ",
        "Age: ",
        "ID: ",
        "born 3 May 1990 in Gera, ",
        "https://a.example/b ",
        "Ada Quill, ",
    ] {
        let line = format!("{{\"id\":1,\"text\":\"{}\"}}\n", part.repeat((128 << 10) / part.len()));
        filter(&[], &line, dir.path()).expect(0);
    }
    assert!(begun.elapsed() < Duration::from_secs(90), "{:?}", begun.elapsed());
}
