use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A path inside the repository.
pub fn root(inside: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(inside)
}

/// Runs the binary without anything of the environment that could change its answers.
pub fn distill(args: &[&str], dir: &Path) -> Output {
    command(args, dir).output().expect("the binary starts")
}

/// The same, not started yet.
pub fn command(args: &[&str], dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_distill"));
    command.args(args).current_dir(dir).env_clear().env("HOME", dir).env("PATH", "/usr/bin:/bin");
    command
}

/// Every file under a folder.
pub fn files(dir: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { out.extend(files(&path)) } else { out.push(path) }
    }
    out.sort();
    out
}

/// The strings of the persona that no artifact may hold.
pub fn canaries() -> Vec<String> {
    let notes = std::fs::read_to_string(root("fixtures/persona/NOTES.md")).unwrap();
    let block = notes.split("```canary\n").nth(1).unwrap().split("```").next().unwrap();
    block.lines().map(str::trim).filter(|l| !l.is_empty()).map(str::to_owned).collect()
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
