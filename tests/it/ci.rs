//! What CI services run, without the services: the Action's script, the job for GitLab, the hook that builds.

use std::collections::BTreeMap;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{Done, command, root, run};

/// A workspace of a runner: a checkout, a folder for temporary files, and the files that a step writes to.
struct Runner {
    dir: tempfile::TempDir,
}

impl Runner {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in ["checkout", "temp", "bin"] {
            std::fs::create_dir(dir.path().join(name)).unwrap();
        }
        // The fixtures have a few rows each, and files of one are otherwise too few to train on.
        std::fs::write(dir.path().join("checkout/distill-lint.toml"), "min_rows = 1\n").unwrap();
        Self { dir }
    }

    fn path(&self, inside: &str) -> PathBuf {
        self.dir.path().join(inside)
    }

    /// Puts a fixture of the linter into the checkout.
    fn rows(&self, fixture: &str, name: &str) {
        let to = self.path("checkout").join(name);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(root("fixtures/lint").join(fixture), to).unwrap();
    }

    /// Puts a program into a folder of the PATH.
    fn program(&self, name: &str, script: &str) {
        let path = self.path("bin").join(name);
        std::fs::write(&path, script).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// A `cargo` that writes down what it was asked for and "installs" the linter under test.
    fn fake_cargo(&self) {
        self.program(
            "cargo",
            &format!(
                "#!/bin/sh\nfor word; do echo \"$word\"; done >>'{}'\n\
                 while [ \"$1\" != --root ]; do shift; done\nmkdir -p \"$2/bin\"\nln -s '{}' \"$2/bin/distill\"\n",
                self.path("asked").display(),
                env!("CARGO_BIN_EXE_distill"),
            ),
        );
    }

    fn asked(&self) -> Vec<String> {
        std::fs::read_to_string(self.path("asked")).unwrap_or_default().lines().map(str::to_owned).collect()
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.path("checkout"))
            .env_clear()
            .env("HOME", self.dir.path())
            .env("PATH", format!("{}:/usr/bin:/bin", self.path("bin").display()));
        command
    }

    /// Runs a step of the Action with inputs as action.yml hands them on.
    fn step(&self, step: &str, inputs: &[(&str, &str)]) -> Done {
        self.command("bash")
            .arg(root("ci/action.sh"))
            .arg(step)
            .env("RUNNER_TEMP", self.path("temp"))
            .env("GITHUB_OUTPUT", self.path("output"))
            .env("GITHUB_STEP_SUMMARY", self.path("summary"))
            .envs(inputs.iter().copied())
            .output()
            .unwrap()
            .into()
    }

    fn lint(&self, inputs: &[(&str, &str)]) -> Done {
        let mut all = vec![("INPUT_BINARY", env!("CARGO_BIN_EXE_distill"))];
        all.extend(inputs);
        self.step("lint", &all)
    }

    /// The outputs of all steps so far; each has one line.
    fn outputs(&self) -> BTreeMap<String, String> {
        let text = std::fs::read_to_string(self.path("output")).unwrap_or_default();
        text.lines().map(|line| line.split_once('=').unwrap()).map(|(k, v)| (k.to_owned(), v.to_owned())).collect()
    }

    /// Counts by the JSON report of a run of its own.
    fn counted(&self, paths: &[&str]) -> [usize; 3] {
        let mut args = vec!["lint", "--output-format", "json", "--max-findings", "0", "--fail-on", "never", "--"];
        args.extend(paths);
        let done = run(&args, &self.path("checkout")).expect(0);
        let findings: Vec<serde_json::Value> = serde_json::from_str(&done.out).unwrap();
        ["error", "warning", "info"].map(|severity| findings.iter().filter(|f| f["severity"] == severity).count())
    }
}

/// The commands that the runner would obey, in order.
fn obeyed(out: &str) -> Vec<String> {
    let mut fence: Option<String> = None;
    let mut commands = vec![];
    for line in out.lines() {
        match &fence {
            Some(token) if line == format!("::{token}::") => fence = None,
            Some(_) => {}
            None => match line.strip_prefix("::stop-commands::") {
                Some(token) => fence = Some(token.to_owned()),
                None if line.trim_start().starts_with("::") => commands.push(line.to_owned()),
                None => {}
            },
        }
    }
    assert!(fence.is_none(), "the fence never falls: {out}");
    commands
}

#[test]
fn the_action_annotates_counts_and_reports() {
    let runner = Runner::new();
    runner.rows("PII001/bad.jsonl", "data/qa.jsonl");
    let done = runner
        .lint(&[
            ("INPUT_PATHS", "data\n"),
            ("INPUT_FORMATS", "junit html gitlab"),
            ("INPUT_UPLOAD_SARIF", "true"),
            ("INPUT_FAIL_ON", "warning"),
        ])
        .expect(1);
    let outputs = runner.outputs();
    let [errors, warnings, notes] = runner.counted(&["data"]);
    assert!(errors > 0);
    assert_eq!(outputs["errors"], errors.to_string());
    assert_eq!(outputs["warnings"], warnings.to_string());
    assert_eq!(outputs["notes"], notes.to_string());
    assert_eq!(outputs["exit-code"], "1");
    let commands = obeyed(&done.out);
    assert!(commands.iter().any(|line| line.starts_with("::error file=data/qa.jsonl,line=")), "{commands:?}");
    let summary = std::fs::read_to_string(runner.path("summary")).unwrap();
    assert!(summary.contains("PII001") && summary.contains("distill lint"), "{summary}");

    let read = |name: &str| std::fs::read_to_string(Path::new(&outputs["reports"]).join(name)).unwrap();
    let sarif: serde_json::Value = serde_json::from_str(&read("lint.sarif")).unwrap();
    assert_eq!(outputs["sarif"], Path::new(&outputs["reports"]).join("lint.sarif").to_string_lossy());
    assert_eq!(sarif["runs"][0]["results"].as_array().unwrap().len(), errors + warnings + notes);
    let gitlab: serde_json::Value = serde_json::from_str(&read("gl-code-quality-report.json")).unwrap();
    assert_eq!(gitlab.as_array().unwrap().len(), errors + warnings + notes);
    assert!(read("junit.xml").contains("<testsuites") && read("lint.html").contains("<html"));
    // Not the address that the rule's own help has as an example.
    for text in [&done.out, &done.err, &summary, &read("lint.sarif"), &read("lint.html")] {
        assert!(!text.contains("b.person@example.com") && !text.contains("0143"), "personal data is shown: {text}");
    }
}

#[test]
fn the_exit_code_is_what_was_asked_for() {
    let runner = Runner::new();
    runner.rows("SCH001/good.jsonl", "good/rows.jsonl");
    runner.rows("PII001/bad.jsonl", "bad/rows.jsonl");
    runner.lint(&[("INPUT_PATHS", "good")]).expect(0);
    assert_eq!(runner.outputs()["errors"], "0");
    runner.lint(&[("INPUT_PATHS", "bad"), ("INPUT_FAIL_ON", "never")]).expect(0);
    assert_ne!(runner.outputs()["errors"], "0");
    runner.lint(&[("INPUT_PATHS", "bad"), ("INPUT_ARGS", "--select 'LEN001' --max-findings=5")]).expect(0);
    let done = runner.lint(&[("INPUT_PATHS", "bad"), ("INPUT_FAIL_ON", "sometimes")]).expect(2);
    assert!(done.err.contains("sometimes"));
    assert_eq!(runner.outputs()["exit-code"], "2");
    runner.lint(&[("INPUT_PATHS", "missing")]).expect(2);

    let baseline = runner.path("checkout/known.json");
    run(&["lint", "bad", "--write-baseline", baseline.to_str().unwrap()], &runner.path("checkout")).expect(0);
    runner.lint(&[("INPUT_PATHS", "bad"), ("INPUT_BASELINE", "known.json")]).expect(0);
    // One file that is fine does not make up for one that is not.
    runner.lint(&[("INPUT_PATHS", "good\r\n\nbad\n")]).expect(1);
}

#[test]
fn hostile_names_and_inputs_stay_words() {
    let runner = Runner::new();
    let names = [
        "-x.jsonl",
        "--config=none.jsonl",
        "a b;touch pwned;.jsonl",
        "$(touch pwned).jsonl",
        "`touch pwned`.jsonl",
        "'\"; touch pwned #.jsonl",
        "line\n::error title=pwned::pwned.jsonl",
        "%0A::warning title=pwned::pwned.jsonl",
        "::stop-commands::pwned.jsonl",
        "*.jsonl",
        "|<script>alert(1)<|.jsonl",
    ];
    for name in names {
        runner.rows("PII001/bad.jsonl", &format!("data/{name}"));
        runner.rows("PII001/bad.jsonl", name);
    }
    let pwned = |runner: &Runner| {
        let files = crate::support::files(runner.dir.path());
        files.into_iter().any(|path| path.file_name().is_some_and(|name| name == "pwned"))
    };
    let check = |done: &Done, runner: &Runner| {
        for line in obeyed(&done.out) {
            let known = ["::error file=", "::warning file=", "::notice file=", "::notice title=distill lint::"];
            assert!(known.iter().any(|start| line.starts_with(start)), "{line}");
            let properties = line.trim_start_matches("::").split("::").next().unwrap();
            assert!(!properties.split(',').any(|property| property.starts_with("title=pwned")), "{line}");
        }
        assert!(!pwned(runner));
        let summary = std::fs::read_to_string(runner.path("summary")).unwrap();
        assert!(!summary.contains("<script>"), "{summary}");
    };
    let all = [("INPUT_PATHS", "data"), ("INPUT_FORMATS", "sarif junit gitlab json html text")];
    check(&runner.lint(&all).expect(1), &runner);
    let outputs = runner.outputs();
    assert_eq!(outputs["errors"], runner.counted(&["data"])[0].to_string());
    assert!(outputs.keys().all(|key| key.is_ascii() && !key.contains("pwned")), "{outputs:?}");

    // One at a time, as lines of the input; a line break cannot be part of one.
    for name in names.iter().filter(|name| !name.contains('\n')) {
        check(&runner.lint(&[("INPUT_PATHS", name)]).expect(1), &runner);
        assert_ne!(runner.outputs()["errors"], "0", "{name}");
    }

    for args in ["$(touch pwned)", "; touch pwned", "`touch pwned`", "& touch pwned", "*"] {
        let done = runner.lint(&[("INPUT_PATHS", "data"), ("INPUT_ARGS", args)]);
        assert_eq!(done.code, 2, "{args}: {}", done.said());
        assert!(!pwned(&runner), "{args}");
    }
    let done = runner.lint(&[("INPUT_ARGS", "--select 'PII")]).expect(2);
    assert!(obeyed(&done.out).iter().any(|line| line.contains("a quote is not closed")), "{}", done.out);
    runner.lint(&[("INPUT_FORMATS", "../../pwned")]).expect(2);
    let done = runner.lint(&[("INPUT_CONFIG", "none\n::error title=pwned::")]).expect(2);
    assert_eq!(obeyed(&done.out).len(), 1, "{}", done.out);
}

#[test]
fn the_linter_is_built_once_and_alone() {
    let runner = Runner::new();
    runner.fake_cargo();
    runner.rows("SCH001/good.jsonl", "rows.jsonl");
    let done = runner.step("lint", &[]).expect(2);
    assert!(done.out.contains("there is no linter"));

    let done = runner.step("install", &[]).expect(0);
    assert!(done.out.contains(&format!("distill {}", env!("CARGO_PKG_VERSION"))));
    let asked = runner.asked();
    for word in ["install", "--locked", "--no-default-features", "--path"] {
        assert!(asked.iter().any(|asked| asked == word), "{asked:?}");
    }
    runner.step("install", &[]).expect(0);
    assert_eq!(runner.asked(), asked, "it was built twice");
    runner.step("lint", &[]).expect(0);

    let runner = Runner::new();
    runner.fake_cargo();
    let of = [("INPUT_VERSION", "v1.2.0"), ("ACTION_REPOSITORY", "group/distill")];
    runner.step("install", &of).expect(0);
    let asked = runner.asked().join(" ");
    assert!(asked.ends_with("--git https://github.com/group/distill --rev v1.2.0 distill"), "{asked}");

    let runner = Runner::new();
    runner.fake_cargo();
    for version in ["--branch=x", "v1;touch pwned", "v1 --path /", "$(id)", "v1\n::error::pwned"] {
        for step in ["key", "install"] {
            let done =
                runner.step(step, &[("INPUT_VERSION", version), ("ACTION_REPOSITORY", "group/distill")]).expect(2);
            assert_eq!(obeyed(&done.out).len(), 1, "{}", done.out);
        }
    }
    let done = runner.step("install", &[("INPUT_VERSION", "v1")]).expect(2);
    assert!(done.out.contains("repository"), "{}", done.out);
    runner.step("install", &[("INPUT_BINARY", "no-such-program")]).expect(2);
    assert!(runner.asked().is_empty());
}

#[test]
fn the_key_of_the_cache_follows_the_sources() {
    let runner = Runner::new();
    let sources = runner.path("checkout/action");
    std::fs::create_dir_all(sources.join("ci")).unwrap();
    std::fs::create_dir_all(sources.join(".git")).unwrap();
    std::fs::copy(root("ci/action.sh"), sources.join("ci/action.sh")).unwrap();
    let key = |inputs: &[(&str, &str)]| {
        let mut command = runner.command("bash");
        command.arg(sources.join("ci/action.sh")).arg("key").env("GITHUB_OUTPUT", runner.path("output"));
        let done: Done = command.env("RUNNER_OS", "Linux").envs(inputs.iter().copied()).output().unwrap().into();
        done.expect(0);
        runner.outputs()["key"].clone()
    };
    let first = key(&[]);
    assert!(first.starts_with("distill-lint-Linux-"), "{first}");
    std::fs::write(sources.join(".git/HEAD"), "other").unwrap();
    assert_eq!(key(&[]), first);
    std::fs::write(sources.join("Cargo.lock"), "x").unwrap();
    assert_ne!(key(&[]), first);
    assert!(key(&[("INPUT_VERSION", "v1.2.0")]).ends_with("-v1.2.0"));
}

/// An expression in a script is put in before any shell reads it, whatever is in the input.
#[test]
fn no_input_is_part_of_a_script() {
    let action = std::fs::read_to_string(root("action.yml")).unwrap();
    let scripts: Vec<&str> = action.lines().map(str::trim_start).filter(|line| line.contains("run:")).collect();
    assert_eq!(scripts.len(), 3, "{scripts:?}");
    for script in scripts {
        assert!(script.starts_with("run: bash \"$GITHUB_ACTION_PATH/ci/action.sh\" ") && !script.contains("${{"));
    }
    let used = std::fs::read_to_string(root("ci/action.sh")).unwrap();
    let handed: Vec<&str> = action.split_whitespace().filter_map(|word| word.strip_suffix(':')).collect();
    for name in handed.iter().filter(|word| word.starts_with("INPUT_")) {
        assert!(used.contains(*name), "{name} is handed on and not read");
    }
    for name in used
        .split(|c: char| !c.is_ascii_uppercase() && c != '_')
        .filter(|word| word.len() > 6 && word.starts_with("INPUT_"))
    {
        assert!(handed.contains(&name), "{name} is read and not handed on");
    }
}

/// The script of the job for GitLab, out of its block.
fn gitlab_script() -> String {
    let template = std::fs::read_to_string(root("ci/gitlab-lint.yml")).unwrap();
    let block = template.split("    - |\n").nth(1).unwrap();
    let lines = block.lines().take_while(|line| line.starts_with("      ") || line.is_empty());
    lines.map(|line| format!("{}\n", line.get(6..).unwrap_or_default())).collect()
}

#[test]
fn the_job_for_gitlab_leaves_its_artifacts() {
    let runner = Runner::new();
    symlink(env!("CARGO_BIN_EXE_distill"), runner.path("bin/distill")).unwrap();
    runner.rows("PII001/bad.jsonl", "data/$(touch pwned) *.jsonl");
    runner.rows("SCH001/good.jsonl", "good/a b.jsonl");
    let job = |variables: &[(&str, &str)]| -> Done {
        let mut command = runner.command("sh");
        command.arg("-c").arg(gitlab_script()).env("CI_PROJECT_DIR", runner.path("checkout"));
        for name in ["DISTILL_LINT_CONFIG", "DISTILL_LINT_BASELINE", "DISTILL_REPOSITORY", "DISTILL_VERSION"] {
            command.env(name, "");
        }
        command.env("DISTILL_LINT_FAIL_ON", "warning").env("DISTILL_LINT_PATHS", ".");
        command.envs(variables.iter().copied()).output().unwrap().into()
    };
    let paths = "good/a b.jsonl\ndata/$(touch pwned) *.jsonl";
    job(&[("DISTILL_LINT_PATHS", paths)]).expect(1);
    let report = std::fs::read_to_string(runner.path("checkout/gl-code-quality-report.json")).unwrap();
    let report: Vec<serde_json::Value> = serde_json::from_str(&report).unwrap();
    assert!(report.iter().any(|entry| entry["description"].as_str().is_some_and(|text| text.starts_with("PII001"))));
    assert!(report.iter().all(|entry| entry["location"]["path"] == "data/$(touch pwned) *.jsonl"));
    let junit = std::fs::read_to_string(runner.path("checkout/distill-lint.xml")).unwrap();
    assert!(junit.contains("<testsuites"));
    assert!(!runner.path("checkout/pwned").exists());
    job(&[("DISTILL_LINT_PATHS", "good")]).expect(0);
    job(&[("DISTILL_LINT_PATHS", "data"), ("DISTILL_LINT_FAIL_ON", "never")]).expect(0);
    job(&[("DISTILL_LINT_PATHS", "data"), ("DISTILL_LINT_BASELINE", "no such file")]).expect(2);

    std::fs::remove_file(runner.path("bin/distill")).unwrap();
    assert!(job(&[]).expect(2).err.contains("DISTILL_REPOSITORY"));
    runner.fake_cargo();
    job(&[("DISTILL_REPOSITORY", "https://example.org/distill"), ("DISTILL_VERSION", "v1")]).expect(1);
    assert!(runner.asked().contains(&"--no-default-features".to_owned()));
}

#[test]
fn the_hook_that_builds_builds_once() {
    let runner = Runner::new();
    runner.fake_cargo();
    let hook = runner.path("temp/ci/hook.sh");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    std::fs::copy(root("ci/hook.sh"), &hook).unwrap();
    runner.rows("PII001/bad.jsonl", "-rows.jsonl");
    runner.rows("SCH001/good.jsonl", "good.jsonl");
    std::fs::write(runner.path("checkout/package.json"), "{\"name\": \"x\"}").unwrap();
    let call = |files: &[&str]| -> Done {
        runner.command(hook.to_str().unwrap()).arg("--").args(files).output().unwrap().into()
    };
    call(&["-rows.jsonl", "good.jsonl"]).expect(1);
    let asked = runner.asked();
    assert!(asked.contains(&"--no-default-features".to_owned()), "{asked:?}");
    call(&["good.jsonl", "package.json"]).expect(0);
    let done = call(&["package.json"]).expect(0);
    assert!(done.err.contains("none of the files is a dataset"), "{}", done.err);
    assert_eq!(runner.asked(), asked, "it was built twice");
}

#[test]
fn reports_are_written_beside_the_printed_one() {
    let runner = Runner::new();
    runner.rows("PII001/bad.jsonl", "rows.jsonl");
    let dir = runner.path("checkout");
    let done = run(&["lint", "rows.jsonl", "--report", "sarif=a.sarif", "--report", "junit=b.xml"], &dir).expect(1);
    assert!(done.out.contains("PII001"));
    let sarif = std::fs::read_to_string(dir.join("a.sarif")).unwrap();
    assert_eq!(serde_json::from_str::<serde_json::Value>(&sarif).unwrap()["version"], "2.1.0");
    assert!(std::fs::read_to_string(dir.join("b.xml")).unwrap().contains("<testsuites"));
    for wrong in ["sarif", "sarif=", "pdf=x"] {
        run(&["lint", "rows.jsonl", "--report", wrong], &dir).expect(2);
    }
    let before = std::fs::read(dir.join("rows.jsonl")).unwrap();
    run(&["lint", "rows.jsonl", "--report", "json=rows.jsonl"], &dir).expect(2);
    run(&["lint", "rows.jsonl", "-o", "./rows.jsonl"], &dir).expect(2);
    assert_eq!(std::fs::read(dir.join("rows.jsonl")).unwrap(), before);
}

#[test]
fn bash_completes_and_manual_pages_are_written() {
    let dir = tempfile::tempdir().unwrap();
    let done = run(&["completions", "bash"], dir.path()).expect(0);
    std::fs::write(dir.path().join("distill.bash"), &done.out).unwrap();
    let bash = |script: &str| -> Done {
        Command::new("bash").args(["-c", script]).current_dir(dir.path()).output().unwrap().into()
    };
    bash("bash -n distill.bash").expect(0);
    let typed = |words: &str, at: usize| {
        let before = at - 1;
        let script = format!(
            ". ./distill.bash && COMP_WORDS=({words}) COMP_CWORD={at} && \
             _distill distill \"${{COMP_WORDS[{at}]}}\" \"${{COMP_WORDS[{before}]}}\" && \
             printf '%s\\n' \"${{COMPREPLY[@]}}\""
        );
        bash(&script).expect(0).out.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let commands = typed("distill ''", 1);
    assert!(commands.contains(&"lint".to_owned()) && commands.contains(&"man".to_owned()), "{commands:?}");
    assert!(!commands.iter().any(|name| name.starts_with("__")), "{commands:?}");
    assert_eq!(typed("distill lint --output-f", 2), ["--output-format", "--output-file"]);
    assert!(typed("distill lint --output-format sa", 3).contains(&"sarif".to_owned()));
    run(&["completions", "csh"], dir.path()).expect(2);
    // An option that may have a value must not take the command for one.
    run(&["--no-progress", "man"], dir.path()).expect(0);

    run(&["man", "-o", "pages"], dir.path()).expect(0);
    let pages = crate::support::files(&dir.path().join("pages"));
    assert!(pages.iter().any(|page| page.ends_with("distill.1")) && pages.len() > 12, "{pages:?}");
    let lint = std::fs::read_to_string(dir.path().join("pages/distill-lint.1")).unwrap();
    assert_eq!(run(&["man", "lint"], dir.path()).expect(0).out, lint);
    let done: Done = command(&["man", "lints"], dir.path()).output().unwrap().into();
    assert!(done.expect(2).err.contains("lint"));
}
