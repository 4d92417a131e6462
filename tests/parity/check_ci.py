#!/usr/bin/env python3
"""Holds the files for CI services to the services' published schemas, and the pre-commit hooks to pre-commit itself.

    python check_ci.py [--distill target/debug/distill]

With `--distill` the hook is also run by `pre-commit try-repo` in a small repository made for it.
Needs PyYAML, check-jsonschema (which brings the schemas along) and pre-commit; nothing is downloaded.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from parity_common import Report, print_versions

ROOT = Path(__file__).resolve().parents[2]

# Tags of other people's actions that were seen to exist.
KNOWN_ACTIONS = {"actions/cache@v5", "github/codeql-action/upload-sarif@v4"}


def load(name: str):
    with open(ROOT / name, encoding="utf-8") as file:
        return yaml.safe_load(file)


def tool(report: Report, what: str, *command: str, cwd: Path | None = None) -> None:
    done = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, cwd=cwd)
    said = (done.stdout + done.stderr).strip()[-600:]
    report.check(done.returncode == 0, f"{what}: {'valid' if done.returncode == 0 else said}")


def check_action(report: Report) -> None:
    action = load("action.yml")
    tool(report, "action.yml", "check_jsonschema", "--builtin-schema", "vendor.github-actions", str(ROOT / "action.yml"))
    steps = action["runs"]["steps"]
    used = {step["uses"] for step in steps if "uses" in step}
    report.check(used <= KNOWN_ACTIONS, f"action.yml: actions by known tags {sorted(used)}")
    scripts = [step["run"] for step in steps if "run" in step]
    report.check(all("${{" not in script for script in scripts), f"action.yml: no expression in {len(scripts)} scripts")
    report.check(all(step.get("shell") == "bash" for step in steps if "run" in step), "action.yml: each script has its shell")
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    report.check("secrets." not in text and "token" not in text.lower(), "action.yml: no secrets")
    named = set(re.findall(r"inputs\.([a-z-]+)", text))
    report.check(named == set(action["inputs"]), f"action.yml: every input is used, every one used is declared {named ^ set(action['inputs'])}")
    outputs = set(re.findall(r"steps\.lint\.outputs\.([a-z-]+)", text))
    report.check(set(action["outputs"]) <= outputs, "action.yml: every output has its source")
    strings = all(isinstance(value["default"], str) for value in action["inputs"].values())
    report.check(strings, "action.yml: defaults are strings")
    script = (ROOT / "ci/action.sh").read_text(encoding="utf-8")
    told = set(re.findall(r"output ([a-z-]+) ", script)) | {"errors", "warnings", "notes"}
    report.check(outputs | {"key", "path"} == told, f"ci/action.sh: tells what action.yml takes {told ^ (outputs | {'key', 'path'})}")


def check_gitlab(report: Report) -> None:
    tool(report, "ci/gitlab-lint.yml", "check_jsonschema", "--builtin-schema", "vendor.gitlab-ci", str(ROOT / "ci/gitlab-lint.yml"))
    job = load("ci/gitlab-lint.yml")["distill-lint"]
    artifacts = job["artifacts"]
    report.check(artifacts["when"] == "always", "ci/gitlab-lint.yml: reports of failed jobs are kept")
    script = "\n".join(job["script"])
    for kind, file in artifacts["reports"].items():
        report.check(file in script and file in artifacts["paths"], f"ci/gitlab-lint.yml: {kind} is {file}")
    done = subprocess.run(["sh", "-n", "-c", script], capture_output=True, text=True)
    report.check(done.returncode == 0, f"ci/gitlab-lint.yml: a script for sh {done.stderr}")


def check_hooks(report: Report) -> None:
    tool(report, ".pre-commit-hooks.yaml", "pre_commit", "validate-manifest", str(ROOT / ".pre-commit-hooks.yaml"))
    hooks = {hook["id"]: hook for hook in load(".pre-commit-hooks.yaml")}
    report.check(set(hooks) == {"distill-lint", "distill-lint-build"}, f"hooks: {sorted(hooks)}")
    takes = ["a.parquet", "d/a.jsonl", "a.jsonl.gz", "a.jsonl.zst", "a.json", "a.ndjson", "a.json.gz"]
    leaves = ["a.parquet.gz", "a.md", "ajsonl", "a.jsonl.bz2", "a.json5"]
    for hook in hooks.values():
        files = re.compile(hook["files"])
        wrong = [name for name in takes if not files.search(name)] + [name for name in leaves if files.search(name)]
        report.check(not wrong, f"hooks: {hook['id']} takes datasets and nothing else {wrong}")
        report.check(hook["require_serial"] and hook["pass_filenames"], f"hooks: {hook['id']} is one process with names")


def try_hook(report: Report, distill: Path) -> None:
    """Runs the hook as it is for other people: a repository with data, hooks of another one, the linter on the PATH."""
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        hooks, data, path = top / "hooks", top / "data", top / "bin"
        for each in (hooks, data, path):
            each.mkdir()
        (path / "distill").symlink_to(distill)
        shutil.copy(ROOT / ".pre-commit-hooks.yaml", hooks)
        env = os.environ | {"PATH": f"{path}{os.pathsep}{os.environ['PATH']}", "PRE_COMMIT_HOME": str(top / "cache")}
        env |= {f"GIT_{who}_{what}": "ci@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}

        def git(where: Path, *words: str) -> None:
            subprocess.run(["git", *words], cwd=where, env=env, check=True, capture_output=True)

        for each in (hooks, data):
            git(each, "init", "-q")
            git(each, "add", "-A")
            git(each, "commit", "-q", "--allow-empty", "-m", "first")

        def run() -> tuple[int, str]:
            git(data, "add", "-A")
            command = [sys.executable, "-m", "pre_commit", "try-repo", str(hooks), "distill-lint", "--all-files"]
            done = subprocess.run(command, cwd=data, env=env, capture_output=True, text=True)
            return done.returncode, done.stdout + done.stderr

        (data / "package.json").write_text('{"name": "x"}\n')
        # The fixtures have a few rows each, too few to train on.
        (data / "distill-lint.toml").write_text("min_rows = 1\n")
        shutil.copy(ROOT / "fixtures/lint/SCH001/good.jsonl", data / "good.jsonl")
        code, said = run()
        report.check(code == 0 and "Passed" in said, f"pre-commit: rows that are fine pass {said[-300:] if code else ''}")
        for name in ("-bad.jsonl", "two words.jsonl", "$(touch pwned).jsonl"):
            shutil.copy(ROOT / "fixtures/lint/PII001/bad.jsonl", data / name)
        code, said = run()
        report.check(code == 1 and "exit code: 1" in said, "pre-commit: rows that are not fine fail")
        named = all(name in said for name in ("-bad.jsonl", "two words.jsonl", "$(touch pwned).jsonl"))
        report.check(named and "package.json" not in said, "pre-commit: every bad file is named, others are not looked at")
        report.check(not (data / "pwned").exists(), "pre-commit: names are not commands")
        print("\n".join(said.splitlines()[-16:]))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--distill", type=Path)
    args = parser.parse_args()
    print_versions("PyYAML", "check-jsonschema", "pre-commit")
    report = Report()
    check_action(report)
    check_gitlab(report)
    check_hooks(report)
    if args.distill:
        try_hook(report, args.distill.resolve())
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
