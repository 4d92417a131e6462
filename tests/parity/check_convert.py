#!/usr/bin/env python3
"""Converts datasets with `distill` and opens what it wrote with `datasets` and TRL; splits them and looks at both sides.

    python check_convert.py DISTILL [FILE.parquet..]

DISTILL is the binary. Without files of ours (qa, cot, preference), rows of each kind are made up. TRL's data functions
work without torch: `pip install --no-deps trl accelerate` beside datasets, transformers and Jinja2 is enough.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")

import pyarrow as pa
import pyarrow.parquet as pq
from datasets import Dataset, load_dataset
from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast
from trl.data_utils import extract_prompt, is_conversational, maybe_apply_chat_template, maybe_convert_to_chatml

from parity_common import Report, differences, print_versions

TEMPLATE = (
    "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}</>{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)
FIELDS = {
    "qa": ("instruction", "context", "response"),
    "cot": ("instruction", "thought", "response"),
    "preference": ("prompt", "chosen", "rejected"),
}
CONTAINERS = (".parquet", ".jsonl", ".jsonl.gz", ".jsonl.zst", ".json")
SHAPES = {
    "qa": ("prompt-completion", "messages", "alpaca", "sharegpt", "openai"),
    "cot": ("prompt-completion", "messages", "alpaca", "sharegpt", "openai"),
    "preference": ("preference", "implicit-preference", "openai-preference"),
}


class Bench:
    def __init__(self, distill: str, folder: Path, report: Report) -> None:
        self.distill, self.folder, self.report = distill, folder, report

    def run(self, *args: str | Path, code: int = 0) -> str:
        done = subprocess.run([self.distill, *map(str, args)], capture_output=True, text=True, check=False)
        if done.returncode != code:
            self.report.check(False, f"distill {' '.join(map(str, args))}: exit {done.returncode}\n{done.stderr}")
        return done.stdout + done.stderr

    def load(self, path: Path) -> Dataset:
        builder = "parquet" if path.name.endswith(".parquet") else "json"
        return load_dataset(builder, data_files=str(path), split="train", cache_dir=str(self.folder / "cache" / path.name))


def made_up(folder: Path) -> list[Path]:
    """Rows as our files have them; `distill convert` fills in what is missing."""
    out = []
    for kind, fields in FIELDS.items():
        rows = [
            {f: f"{f} {i} — “é”\n" + "x" * (i % 7) for f in fields}
            | {"source": f"s{i % 4}.md", "span": [i // 3 * 100, i // 3 * 100 + 90], "evidence": f"e{i}", "cost_usd": 0.1 * i / 3}
            for i in range(60)
        ]
        path = folder / f"{kind}-rows.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        out.append(path)
    return out


def kind_of(path: Path) -> str:
    columns = pq.read_schema(path).names
    return next(kind for kind, fields in FIELDS.items() if set(fields) <= set(columns))


def round_trips(bench: Bench, path: Path, kind: str) -> None:
    report, whole = bench.report, pq.read_table(path)
    for container in CONTAINERS[1:]:
        text, back = bench.folder / f"{kind}-copy{container}", bench.folder / f"{kind}-back.parquet"
        bench.run("convert", path, text, "--force")
        rows = bench.load(text)
        # `datasets` reads arrays with pandas, which rounds fractions to ten digits.
        near = differences(rows.to_list(), whole.to_pylist(), 0, 1e-9 if container == ".json" else 0)
        report.check(not near, f"{kind} {container}: `datasets` reads the {len(rows)} rows of the Parquet file {near[:3]}")
        bench.run("convert", text, back, "--force")
        table = pq.read_table(back)
        report.check(table.schema.equals(whole.schema), f"{kind} {container}: the same schema in Parquet again")
        report.check(table.equals(whole), f"{kind} {container}: the same rows in Parquet again")


def asked(row: dict) -> str:
    context = row.get("context", "").strip()
    question = row.get("instruction", row.get("prompt", ""))
    return f"{question.strip()}\n\n{context}" if context else question


def answer(row: dict) -> str:
    thought = row.get("thought")
    return f"<think>\n{thought}\n</think>\n\n{row['response']}" if thought else row["response"]


def shapes(bench: Bench, path: Path, kind: str) -> None:
    report, rows = bench.report, pq.read_table(path).to_pylist()
    plain = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.BPE()))
    plain.chat_template = TEMPLATE
    for shape in SHAPES[kind]:
        for flags in ([], ["--conversational"]) if shape in ("prompt-completion", "preference") else ([],):
            for container in (".jsonl",) if shape.startswith("openai") else (".parquet", ".jsonl"):
                out = bench.folder / f"{kind}-{shape}{len(flags)}{container}"
                bench.run("convert", path, out, "--to", shape, "--keep-columns", "source", *flags, "--force")
                data, name = bench.load(out), f"{kind} {shape} {' '.join(flags)}{container}"
                report.check([r["source"] for r in data] == [r["source"] for r in rows], f"{name}: {len(data)} rows with their source")
                check_shape(report, name, shape, bool(flags), data, rows, plain)
                back = bench.folder / "back.parquet"
                bench.run("convert", out, back, "--to", "distill", "--kind", kind, "--force")
                again = pq.read_table(back).to_pylist()
                same = all(
                    asked(a) == asked(b) and all(a[f] == b[f] for f in FIELDS[kind][1:] if f != "context")
                    for a, b in zip(again, rows, strict=True)
                )
                report.check(same, f"{name}: our rows again")


def check_shape(report: Report, name: str, shape: str, conversational: bool, data: Dataset, rows: list[dict], tokenizer) -> None:
    pairs = list(zip(data, rows, strict=True))
    user = lambda r: {"role": "user", "content": asked(r)}  # noqa: E731
    says = lambda text: {"role": "assistant", "content": text}  # noqa: E731
    if shape == "alpaca":
        report.check(all(d["output"] == answer(r) and d["input"] == r.get("context", "") for d, r in pairs), f"{name}: columns")
    elif shape == "sharegpt":
        # It renames the keys and leaves the speakers, whom chat templates do not know.
        said = maybe_convert_to_chatml(data[0])["messages"]
        wanted = [("human", asked(rows[0])), ("gpt", answer(rows[0]))]
        report.check([(m["role"], m["content"]) for m in said] == wanted, f"{name}: TRL makes messages of it")
    elif shape == "openai-preference":
        sides = all(d["preferred_output"] == [says(r["chosen"])] and d["input"] == {"messages": [user(r)]} for d, r in pairs)
        report.check(sides, f"{name}: columns")
    else:
        talks = shape in ("messages", "openai", "implicit-preference") or conversational
        report.check(is_conversational(data[0]) == talks, f"{name}: TRL takes it for {'messages' if talks else 'texts'}")
        if shape == "implicit-preference":
            data = data.map(extract_prompt)
            report.check(all(d["prompt"] == [user(r)] for d, r in zip(data, rows, strict=True)), f"{name}: TRL finds the prompt")
        if shape in ("messages", "openai"):
            report.check(all(d["messages"] == [user(r), says(answer(r))] for d, r in pairs), f"{name}: messages")
        texts = [maybe_apply_chat_template(d, tokenizer) for d in data]
        prompt = (lambda r: f"<user>{asked(r)}</><assistant>") if talks else asked
        close = "</>" if talks else ""
        if shape in ("messages", "openai"):
            ok = all(t["text"] == prompt(r) + answer(r) + close for t, r in zip(texts, rows, strict=True))
        elif shape == "prompt-completion":
            ok = all(t["prompt"] == prompt(r) and t["completion"] == answer(r) + close for t, r in zip(texts, rows, strict=True))
        else:
            ok = all(
                t["prompt"] == prompt(r) and t["chosen"] == r["chosen"] + close and t["rejected"] == r["rejected"] + close
                for t, r in zip(texts, rows, strict=True)
            )
        report.check(ok, f"{name}: maybe_apply_chat_template gives our texts")


def foreign(bench: Bench) -> None:
    """Columns that are none of ours, as pandas and `datasets` write them."""
    report = bench.report
    table = pa.table(
        {
            "text": ["a", None, "é"],
            "n": [1, 2, 3],
            "f": [0.1, 1e-300, None],
            "ok": [True, None, False],
            "nested": [[{"k": "v", "xs": [1, 2]}], [], None],
            "obj": [{"a": {"b": 1.5}}, {"a": None}, {"a": {"b": 2.5}}],
        }
    )
    path, text, back = (bench.folder / name for name in ("foreign.parquet", "foreign.jsonl.zst", "foreign-back.parquet"))
    Dataset(table).to_parquet(path)
    bench.run("convert", path, text)
    bench.run("convert", text, back)
    report.check(bench.load(text).to_list() == table.to_pylist(), "foreign: `datasets` reads the JSON lines")
    report.check(pq.read_table(back).to_pylist() == table.to_pylist(), "foreign: the same rows in Parquet again")
    types = {f.name: f.type for f in pq.read_schema(back)}
    report.check(all(types[f.name] == f.type for f in table.schema if f.name not in ("nested",)), f"foreign: the same types {types}")
    dropped = bench.folder / "foreign-dropped.parquet"
    bench.run("convert", path, dropped, "--drop-columns", "obj,f")
    report.check(bench.load(dropped).column_names == ["text", "n", "ok", "nested"], "foreign: `datasets` reads it without two columns")
    copy = bench.folder / "split-foreign"
    bench.run("split", path, "-o", copy, "--test", "0.34")
    report.check(bench.load(copy / path.name).column_names == [*table.column_names, "split"], "foreign: `datasets` reads it with a split")


def splits(bench: Bench, paths: list[Path]) -> None:
    report, folder = bench.report, bench.folder / "splits"
    bench.run("split", *paths, "-o", folder, "--test", "0.2")
    passages: dict[str, set] = {"train": set(), "test": set()}
    for path in paths:
        before, after = pq.read_table(path), pq.read_table(folder / path.name)
        report.check(after.schema.equals(before.schema), f"split {path.name}: the same schema")
        report.check(after.drop_columns("split").equals(before.drop_columns("split")), f"split {path.name}: only the split differs")
        for row in after.to_pylist():
            passages[row["split"]].add((row["source"], *row["span"]))
    over = [(a, b) for a in passages["train"] for b in passages["test"] if a[0] == b[0] and a[1] < b[2] and b[1] < a[2]]
    report.check(not over, f"split: {len(passages['train'])} and {len(passages['test'])} passages, none on both sides {over[:3]}")
    for path in paths:
        parts = bench.folder / f"parts-{path.stem}"
        bench.run("split", path, "-o", parts, "--parts", "--by", "row", "--test", "0.25")
        data = load_dataset(str(parts), cache_dir=str(bench.folder / "cache" / parts.name))
        rows = pq.read_metadata(path).num_rows
        sizes = {name: len(part) for name, part in data.items()}
        report.check(sizes == {"train": rows - round(rows / 4), "test": round(rows / 4)}, f"{path.name}: load_dataset finds the parts {sizes}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("distill")
    parser.add_argument("files", nargs="*", type=Path)
    args = parser.parse_args()
    print_versions("datasets", "trl", "transformers", "pyarrow")
    report = Report()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(args.distill, Path(folder), report)
        paths = []
        for path in args.files or made_up(bench.folder):
            ours = bench.folder / f"{path.stem}.parquet"
            bench.run("convert", path, ours, "--to", "distill")
            paths.append(ours)
        for path in paths:
            round_trips(bench, path, kind_of(path))
            shapes(bench, path, kind_of(path))
        foreign(bench)
        splits(bench, paths)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
