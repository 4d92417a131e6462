//! Policies, the vault and the review, through the program.

use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use crate::support::{command, distill, text};

const CV: &str = "# Ada Quill\n\nMail ada@corp.com, call +44 7911 123456.\n\nAda leads a team of three.\n";
const PASSPHRASE: &str = "DISTILL_VAULT_PASSPHRASE";

struct Done {
    code: i32,
    out: String,
    err: String,
}

/// Runs the program with an answer a line and, when there is one, a passphrase.
fn run(args: &[&str], dir: &Path, answers: &str, passphrase: Option<&str>) -> Done {
    let mut command = command(args, dir);
    if let Some(passphrase) = passphrase {
        command.env(PASSPHRASE, passphrase);
    }
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    // Who refuses at once reads nothing.
    let _ = child.stdin.take().unwrap().write_all(answers.as_bytes());
    let done = child.wait_with_output().unwrap();
    Done { code: done.status.code().unwrap_or(-1), out: text(&done.stdout), err: text(&done.stderr) }
}

fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("cv.md"), CV).unwrap();
    dir
}

#[test]
fn policies_are_set_by_flag_and_by_file() {
    let dir = folder();
    let dir = dir.path();
    let mask = |args: &[&str]| {
        let done = run(&[&["mask", "cv.md", "--vault", "v.json"], args].concat(), dir, "", None);
        (done.code, done.out, done.err)
    };
    let (code, out, _) = mask(&["--policy", "phone=redact,email=surrogate", "--policy", "PERSON=keep"]);
    assert_eq!(code, 0);
    assert!(out.contains("call [PHONE].") && out.contains("@example.") && out.contains("Ada Quill"), "{out}");
    std::fs::write(dir.join("masked.md"), &out).unwrap();
    let back = distill(&["unmask", "masked.md", "--vault", "v.json"], dir);
    assert_eq!(text(&back.stdout), CV.replace("+44 7911 123456", "[PHONE]"));
    let again = distill(&["mask", "masked.md", "--vault", "v.json", "--set", "persona.policy.person=keep"], dir);
    assert_eq!(text(&again.stdout), out, "what the vault invented is left alone");
    std::fs::write(dir.join("distill.toml"), "[persona]\npolicy = { phone = \"hash\" }\n").unwrap();
    let (_, first, _) = mask(&[]);
    let (_, second, _) = mask(&[]);
    assert!(first.contains("[PHONE_h") && first == second, "{first}");
    let (code, _, err) = mask(&["--policy", "phon=redact"]);
    assert!(code == 2 && err.contains("did you mean `phone`?"), "{err}");
    let (code, _, err) = mask(&["--policy", "phone=surogate"]);
    assert!(code == 2 && err.contains("did you mean `surrogate`?"), "{err}");
    assert!(mask(&["--policy", "phone"]).2.contains("has no `=`"));
}

#[test]
fn a_workspace_has_one_vault() {
    let dir = folder();
    let dir = dir.path();
    std::fs::write(dir.join("distill.toml"), "").unwrap();
    let masked = text(&distill(&["mask", "cv.md"], dir).stdout);
    assert!(masked.contains("[EMAIL_1]") && dir.join(".distill/vault.json").is_file());
    std::fs::write(dir.join("b.md"), "Mail bo@corp.com, then ada@corp.com.\n").unwrap();
    assert!(text(&distill(&["mask", "b.md"], dir).stdout).contains("[EMAIL_2], then [EMAIL_1]"));
    std::fs::write(dir.join("masked.md"), &masked).unwrap();
    assert!(text(&distill(&["unmask", "masked.md"], dir).stdout).contains("ada@corp.com"));
}

#[test]
fn an_encrypted_vault_opens_with_its_passphrase_alone() {
    let dir = folder();
    let dir = dir.path();
    let vault = dir.join("v.json");
    let mask = |passphrase| run(&["mask", "cv.md", "--vault", "v.json"], dir, "", passphrase);
    let plain = mask(None).out;
    assert_eq!(run(&["vault", "encrypt", "v.json"], dir, "", None).code, 2, "nobody to ask");
    assert_eq!(run(&["vault", "encrypt", "v.json"], dir, "", Some("correct horse")).code, 0);
    let sealed = std::fs::read(&vault).unwrap();
    assert!(!text(&sealed).contains("ada@") && !text(&sealed).contains("EMAIL"));
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&vault).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
    }
    let status = run(&["vault", "status", "v.json"], dir, "", None);
    assert!(status.code == 0 && status.out.contains("encrypted (xchacha20poly1305, argon2id"), "{}", status.out);
    assert!(run(&["vault", "status", "v.json"], dir, "", Some("correct horse")).out.contains("email 1"));

    std::fs::write(dir.join("masked.md"), &plain).unwrap();
    let unmask = |passphrase| run(&["unmask", "masked.md", "--vault", "v.json"], dir, "", passphrase);
    for (passphrase, words) in [(None, "no passphrase was given"), (Some("wrong horse"), "passphrase is wrong")] {
        let (masked, restored) = (mask(passphrase), unmask(passphrase));
        assert!(masked.code == 2 && masked.err.contains(words) && masked.out.is_empty(), "{}", masked.err);
        assert!(restored.code == 2 && restored.err.contains(words) && restored.out.is_empty(), "{}", restored.err);
        assert_eq!(std::fs::read(&vault).unwrap(), sealed, "nothing is written over");
    }
    assert_eq!(unmask(Some("correct horse")).out, CV.replace("Ada leads", "Ada Quill leads"));
    std::fs::write(dir.join("cv.md"), format!("{CV}Or bo@corp.com.\n")).unwrap();
    assert!(mask(Some("correct horse")).out.contains("Or [EMAIL_2]."));
    let grown = std::fs::read(&vault).unwrap();
    assert!(grown != sealed && grown.starts_with(b"{\"sealed\":1"), "it stays encrypted");

    let mut damaged = grown.clone();
    *damaged.last_mut().unwrap() ^= 1;
    std::fs::write(&vault, &damaged).unwrap();
    assert!(mask(Some("correct horse")).err.contains("changed or damaged"));
    assert_eq!(std::fs::read(&vault).unwrap(), damaged);
    std::fs::write(&vault, &grown).unwrap();
    assert_eq!(run(&["vault", "decrypt", "v.json"], dir, "", Some("correct horse")).code, 0);
    assert!(text(&std::fs::read(&vault).unwrap()).contains("bo@corp.com"));
    assert_eq!(mask(None).code, 0);
    // One that is not there yet never touches the disk unencrypted.
    assert_eq!(run(&["vault", "encrypt", "new.json"], dir, "", Some("p")).code, 0);
    assert_eq!(run(&["mask", "cv.md", "--vault", "new.json"], dir, "", Some("p")).code, 0);
    assert!(std::fs::read(dir.join("new.json")).unwrap().starts_with(b"{\"sealed\":1"));
}

const POST: &str = "# Notes\n\nI am 34. Mail ada at corp dot com.\n\nI was born in 1987.\n";

#[test]
fn a_review_writes_what_was_decided() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    std::fs::write(dir.join("post.md"), POST).unwrap();
    let review = |answers: &str| run(&["mask", "--review", "--below", "0.95", "post.md"], dir, answers, None);

    let none = review("");
    assert!(none.code == 2 && none.err.contains("nobody to ask"), "{}", none.err);
    // Outside a workspace the lines are printed. The values come by kind: the address, the year, the age.
    let printed = review("m\nk\nx\ns\nq\n");
    assert_eq!(printed.code, 0, "{}", printed.err);
    assert!(printed.err.contains("post.md:3: I am 34. Mail »ada at corp dot com«."), "{}", printed.err);
    assert!(printed.err.contains("1/") && printed.err.contains("email 0.75, masked"), "{}", printed.err);
    assert!(printed.err.contains("that is none of them"));
    assert_eq!(printed.out, "[persona]\nallow = [\"1987\"]\ndeny = [\"email:ada at corp dot com\"]\n");

    let settings = "# mine\n[persona]\nnames = []  # nobody\nallow = [] # texts\n\n[rows]\nqa = 3 # few\n";
    std::fs::write(dir.join("distill.toml"), settings).unwrap();
    let saved = review("k\nm\n");
    assert!(saved.code == 0 && saved.err.contains("the answers end here"), "{}", saved.err);
    let written = std::fs::read_to_string(dir.join("distill.toml")).unwrap();
    assert_eq!(
        written,
        settings.replace("[] # texts", "[\"ada at corp dot com\"] # texts\ndeny = [\"date_of_birth:1987\"]")
    );
    let masked = text(&distill(&["mask", "post.md"], dir).stdout);
    assert!(masked.contains("ada at corp dot com") && !masked.contains("1987"), "{masked}");
    let rest = review("q\n").err;
    assert!(rest.contains("age 0.75") && !rest.contains("email") && !rest.contains("date of birth"), "{rest}");
}
