#!/usr/bin/env python3
"""Runs every parity script there is something for on this machine: `just parity`.

    python run_all.py [--distill PROGRAM] [--only training,adapter] [--list]

What the scripts open is made here first, by the program: an adapter after a few steps on fixtures/tiny-student, logits,
a merged folder, a GGUF, datasets with their card. A script whose packages or programs are missing is named and skipped;
`--strict` counts that as a failure. Ends with 1 if any script failed.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
STUDENT = ROOT / "fixtures" / "tiny-student"
ROWS = ROOT / "fixtures" / "persona" / "rows"
# BOS, a header, some words, the end of a turn: any ids do.
IDS = [3840, 3846, *range(300, 360), 3849]


def default_program() -> str:
    """DISTILL, or the newest build, or what is on the path."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    found = [p for p in (target / "release" / "distill", target / "debug" / "distill") if p.exists()]
    return os.environ.get("DISTILL") or (str(max(found, key=lambda p: p.stat().st_mtime)) if found else "distill")


class Made:
    """Files of the program's, each made when the first script asks for it."""

    def __init__(self, distill: str, folder: Path) -> None:
        self.distill, self.folder = distill, folder

    def run(self, *arguments, to: Path | None = None) -> None:
        done = subprocess.run([self.distill, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"distill {' '.join(map(str, arguments))}\n{done.stderr}")
        if to:
            to.write_text(done.stdout, encoding="utf-8")

    def once(self, name: str, make) -> Path:
        path = self.folder / name
        if not path.exists():
            make(path)
        return path

    def adapter(self, **more) -> Path:
        # Without probes, which would be measured before and after.
        rows = [json.loads(line) for line in (ROWS / "qa.jsonl").read_text(encoding="utf-8").splitlines()[:24]]
        data = self.folder / "few.jsonl"
        keep = ("instruction", "response")
        data.write_text("".join(json.dumps({k: r[k] for k in keep}) + "\n" for r in rows), encoding="utf-8")
        few = {"max_steps": 6, "batch_rows": 4, "eval_ratio": 0.0, "keep": "last", "learning_rate": 1e-3, "warmup_ratio": 0.0}
        few |= {name: "true" for name in more}
        settings = [x for k, v in few.items() for x in ("--set", f"train.learn.{k}={v}")]
        given = ["--phase", "learn", "--data", data, "--student", STUDENT]
        return self.once("-".join(["adapter", *more]), lambda out: self.run("train", *given, "--out", out, *settings))

    def merged(self) -> Path:
        given = ["--student", STUDENT, "--adapter", self.adapter()]
        return self.once("merged", lambda out: self.run("merge", *given, "--output", out))

    def gguf(self) -> Path:
        return self.once("f32.gguf", lambda out: self.run("export", "--model", self.merged(), "--quant", "f32", "-o", out))

    def logits(self, model: Path, *more) -> Path:
        ids = ",".join(map(str, IDS))
        return self.once(
            f"logits-{model.name}-{'-'.join(Path(m).name for m in more)}.json",
            lambda out: self.run("eval", "logits", "-m", model, *more, "--ids", ids, to=out),
        )

    def tables(self) -> list[Path]:
        def convert(out: Path, kind: str) -> None:
            out.parent.mkdir(exist_ok=True)
            self.run("convert", ROWS / f"{kind}.jsonl", out, "--to", "distill")

        return [self.once(f"data/{k}.parquet", lambda out, k=k: convert(out, k)) for k in ("qa", "cot", "preference")]

    def card(self) -> Path:
        folder = self.tables()[0].parent
        given = ["--license", "cc-by-4.0", "--language", "en"]
        self.once("data/README.md", lambda out: self.run("card", folder, "-o", out, *given))
        return folder

    def sarif(self) -> Path:
        def lint(out: Path) -> None:
            done = subprocess.run([self.distill, "lint", self.tables()[0], "--output-format", "sarif"], stdout=subprocess.PIPE)
            out.write_bytes(done.stdout)  # Findings end with 1.

        return self.once("lint.sarif", lint)


# Name, script, arguments, what it needs: modules, or programs and variables in capitals.
def scripts(made: Made) -> list[tuple[str, str, object, list[str]]]:
    torch = ["torch", "transformers", "peft"]
    trl = [*torch, "trl", "datasets"]

    def adapter(**more) -> list:
        folder = made.adapter(**more)
        return [STUDENT, folder, made.logits(STUDENT, "--adapter", folder)]

    def merged() -> list:
        return [made.merged(), made.logits(made.merged()), "--base", STUDENT, "--adapter", made.adapter()]

    def gguf() -> list:
        texts = made.once("texts.json", lambda out: out.write_text(json.dumps({"prompts": [], "texts": []})))
        return [made.gguf(), texts, "--logits", made.logits(made.gguf()), "--hf", made.merged()]

    with_llama = ["--distill", made.distill]
    return [
        ("goldens", "make_goldens.py", lambda: ["--check"], trl),
        ("objectives", "make_objectives.py", lambda: ["--check"], trl),
        ("ner", "make_ner.py", lambda: ["--check"], ["torch", "transformers"]),
        ("training", "check_training.py", lambda: ["--distill", made.distill], trl),
        ("blocks", "make_blocks.py", lambda: ["--check"], ["torch", "bitsandbytes"]),
        ("quants", "make_quants.py", lambda: ["--check"], ["numpy", "GGML_BASE"]),
        ("mixes", "make_mixes.py", lambda: ["--check"], ["gguf", "LLAMA_QUANTIZE"]),
        ("families", "make_families.py", lambda: ["--check"], torch),
        ("adapter", "check_adapter.py", adapter, torch),
        ("dora", "check_adapter.py", lambda: adapter(use_dora=True), torch),
        ("rslora", "check_adapter.py", lambda: adapter(use_rslora=True), torch),
        ("merged", "check_merged.py", merged, torch),
        ("merge", "check_merge.py", lambda: ["--distill", made.distill], torch),
        ("gguf", "check_gguf.py", gguf, ["llama_cpp"]),
        (
            "gguf-meta",
            "check_gguf_meta.py",
            lambda: [made.merged(), made.gguf(), "--pre", "llama-bpe"],
            ["torch", "LLAMA_CPP_DIR"],
        ),
        ("gguf-students", "check_gguf_students.py", lambda: ["--distill", made.distill], ["torch", "sentencepiece", "LLAMA_CPP_DIR", "LLAMA_BIN"]),
        (
            "imatrix",
            "check_imatrix.py",
            lambda: [*with_llama, "--llama-cpp", os.environ["LLAMA_BIN"], "--model", STUDENT, "--text", ROOT / "README.md"],
            ["gguf", "LLAMA_BIN"],
        ),
        # A model that knows something and ends its turns: the merged folder of a demo.
        ("gate", "check_gate.py", lambda: [os.environ["TRAINED_MODEL"], *with_llama], ["numpy", "LLAMA_BIN", "TRAINED_MODEL"]),
        ("chat", "check_chat.py", lambda: [os.environ["TRAINED_MODEL"], *with_llama], ["jinja2", "LLAMA_BIN", "TRAINED_MODEL"]),
        ("parquet", "check_parquet.py", made.tables, ["pandas", "pyarrow", "datasets"]),
        ("convert", "check_convert.py", lambda: [made.distill], ["datasets", "trl", "zstandard"]),
        ("card", "check_card.py", lambda: [made.card()], ["datasets", "huggingface_hub"]),
        ("sarif", "check_sarif.py", lambda: [os.environ["SARIF_SCHEMA"], made.sarif()], ["jsonschema", "SARIF_SCHEMA"]),
        ("ci", "check_ci.py", lambda: ["--distill", made.distill], ["yaml", "pre_commit", "check_jsonschema"]),
    ]


def missing(needs: list[str]) -> list[str]:
    def there(name: str) -> bool:
        return name in os.environ if name.isupper() else importlib.util.find_spec(name) is not None

    return [name for name in needs if not there(name)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--distill", default=default_program())
    parser.add_argument("--only", default="", help="names, parted by commas")
    parser.add_argument("--list", action="store_true", help="name the scripts and what they need")
    parser.add_argument("--strict", action="store_true", help="a script that cannot run counts as failed")
    args = parser.parse_args()
    program = shutil.which(args.distill)
    if not program and not args.list:
        return parser.error(f"no program {args.distill}: build one, or name it by --distill or DISTILL")
    with tempfile.TemporaryDirectory(prefix="parity-") as folder:
        made = Made(os.path.abspath(program or args.distill), Path(folder))
        known = scripts(made)
        wanted = [w for w in args.only.split(",") if w]
        unknown = set(wanted) - {name for name, *_ in known}
        if unknown:
            return parser.error(f"no script is called {', '.join(sorted(unknown))}")
        summary, failed = [], 0
        for name, script, arguments, needs in known:
            if wanted and name not in wanted:
                continue
            lacking = missing(needs)
            if args.list:
                print(f"{name:10} {script:20} needs {', '.join(needs)}" + (f"; lacking {', '.join(lacking)}" if lacking else ""))
                continue
            if lacking:
                summary.append(f"skipped {name}: needs {', '.join(lacking)}")
                failed += args.strict
                continue
            print(f"== {name}", flush=True)
            begun = time.monotonic()
            try:
                command = [sys.executable, HERE / script, *arguments()]
                fine = subprocess.run([str(x) for x in command], check=False).returncode == 0
            except RuntimeError as error:  # The program itself did not make what the script opens.
                print(error)
                fine = False
            summary.append(f"{'ok     ' if fine else 'FAILED '} {name} ({time.monotonic() - begun:.0f} s)")
            failed += not fine
    if summary:
        print("==")
        print("\n".join(summary))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
