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

/// A finished command: exit code, stdout, stderr.
pub struct Done {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Done {
    /// Both streams, one after the other.
    pub fn said(&self) -> String {
        format!("{}\n{}", self.out, self.err)
    }

    /// Stops the test unless the command ended as it should, showing what it said.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self
    }
}

impl From<Output> for Done {
    #[track_caller]
    fn from(output: Output) -> Self {
        let done =
            Self { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) };
        // A panic is a bug wherever it happens, whatever the exit code.
        assert!(!done.said().contains("panicked at"), "{}", done.said());
        done
    }
}

/// [`distill`] with its output as text; a panic fails the test.
#[track_caller]
pub fn run(args: &[&str], dir: &Path) -> Done {
    distill(args, dir).into()
}

/// Copies the persona's résumé and the posts whose names start with one of these into a folder.
pub fn copy_sources(dir: &Path, posts: &[&str]) {
    std::fs::create_dir_all(dir.join("posts")).unwrap();
    std::fs::copy(root("fixtures/persona/resume.md"), dir.join("resume.md")).unwrap();
    for path in files(&root("fixtures/persona/posts")) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if posts.iter().any(|p| name.starts_with(p)) {
            std::fs::copy(&path, dir.join("posts").join(name)).unwrap();
        }
    }
}

/// The canaries that occur in these bytes, in any case.
///
/// In megabytes of weights a short one may occur by chance; there only those of six letters and more count.
pub fn canaries_in(bytes: &[u8]) -> Vec<String> {
    let shortest = if bytes.len() > 1 << 20 { 6 } else { 1 };
    let text = String::from_utf8_lossy(bytes).to_lowercase();
    canaries().into_iter().filter(|c| c.len() >= shortest && text.contains(&c.to_lowercase())).collect()
}
