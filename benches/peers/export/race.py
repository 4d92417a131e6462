#!/usr/bin/env python3
"""`distill export` beside convert_hf_to_gguf.py + llama-quantize, by turns, on the same folder with the same threads.

    race.py DISTILL LLAMA_CPP_DIR LLAMA_BIN_DIR WORK [--shapes 135M 1B] [--types Q4_K_S Q8_0] [--runs 3] [--imatrix]

WORK holds the students of ../train/make.py. A turn is: the peer's conversion to bf16 once, then for every type
llama-quantize and `distill export`, in the other order every second turn. The peer's time for a type is conversion plus
quantisation, its memory the larger of the two, its extra disk the file between them. With --imatrix llama-imatrix makes
one matrix from the text of docs/ (--chunks windows of 512 tokens) and every type runs again with that file on both sides.

In the first turn the two files are compared tensor by tensor (same_bytes.py). Every run is a line of JSON beside the
table. Busy machines disturb the wall clock more than processor time; every line has the load before it.
"""

from __future__ import annotations

import argparse
import json
import shlex
import statistics
import subprocess
import sys
from pathlib import Path

from process import Failed, fail, measure, processor

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
# Placeholders are filled in per word. {lower} is the type in small letters; the words of --ours-imatrix are added where
# there is a matrix.
OURS = "export --model {model} --quant {lower} -o {out}"
OURS_IMATRIX = "--imatrix {imatrix}"


class Race:
    def __init__(self, args) -> None:
        self.args = args
        self.out: Path = args.out or args.work / "export.md"
        self.scratch: Path = args.scratch or args.work / "export"
        self.scratch.mkdir(parents=True, exist_ok=True)
        self.log = self.out.with_suffix(".jsonl").open("a", encoding="utf-8")
        self.bytes: list[str] = []
        self.skipped: list[str] = []

    def run(self, what: dict, command: list) -> dict:
        found = measure(command, self.args.threads)
        line = what | {k: v for k, v in found.items() if k not in ("output", "talk")}
        self.log.write(json.dumps(line) + "\n")
        self.log.flush()
        print(json.dumps(line), flush=True)
        return line

    def tool(self, name: str) -> Path:
        return self.args.llama_bin / name

    def convert(self, shape: str, turn: int) -> Path:
        out = self.scratch / f"{shape}-bf16.gguf"
        script = [sys.executable, HERE / "convert.py", self.args.llama_cpp, self.args.pre]
        given = [self.args.work / shape, "--outtype", "bf16", "--outfile", out]
        self.run({"shape": shape, "turn": turn, "who": "convert"}, [*script, *given])
        return out

    def matrix(self, shape: str, source: Path) -> Path:
        """Not timed: both sides are given the same file."""
        out = self.scratch / f"{shape}.imatrix.gguf"
        text = self.scratch / "text.txt"
        text.write_text("\n\n".join(p.read_text(encoding="utf-8") for p in sorted((ROOT / "docs").glob("*.md"))), encoding="utf-8")
        command = [self.tool("llama-imatrix"), "-m", source, "-f", text, "-o", out, "-c", 512, "--chunks", self.args.chunks]
        self.run({"shape": shape, "turn": 0, "who": "llama-imatrix"}, [*command, "-t", self.args.threads])
        return out

    def theirs(self, shape: str, kind: str, turn: int, source: Path, matrix: Path | None) -> Path:
        out = self.scratch / f"{shape}-{kind}-theirs.gguf"
        command = [self.tool("llama-quantize"), *(["--imatrix", matrix] if matrix else []), source, out, kind]
        what = {"shape": shape, "turn": turn, "who": "llama-quantize", "type": kind, "imatrix": bool(matrix)}
        self.run(what, [*command, self.args.threads])
        return out

    def ours(self, shape: str, kind: str, turn: int, matrix: Path | None) -> Path:
        out = self.scratch / f"{shape}-{kind}-ours.gguf"
        words = shlex.split(self.args.ours) + (shlex.split(self.args.ours_imatrix) if matrix else [])
        given = {"model": self.args.work / shape, "type": kind, "lower": kind.lower(), "out": out, "imatrix": matrix}
        what = {"shape": shape, "turn": turn, "who": "distill", "type": kind, "imatrix": bool(matrix)}
        self.run(what, [self.args.distill, *(w.format(**given) for w in words)])
        return out

    def compare(self, shape: str, kind: str, matrix: bool, ours: Path, theirs: Path) -> None:
        command = [sys.executable, HERE / "same_bytes.py", ours, theirs, "--llama-cpp", self.args.llama_cpp]
        found = json.loads(subprocess.run([str(x) for x in command], stdout=subprocess.PIPE, text=True, check=True).stdout)
        self.log.write(json.dumps({"shape": shape, "type": kind, "imatrix": matrix, "bytes": found}) + "\n")
        for name, k in sorted(found["types"].items()):
            share = f"{100 * k['differ'] / max(k['bytes'], 1):.4f} %"
            worst = f"{100 * k['worst']:.3f} %" if k["differ"] else "-"
            self.bytes.append(
                f"| {shape} | {label(kind, matrix)} | {name} | {k['tensors']} | {k['equal']} | {k['bytes'] / 1e6:.1f} | {share} | {worst} |"
            )
        for odd in found["odd"]:
            print(f"! {shape} {kind}: {odd}", file=sys.stderr)
            self.bytes.append(f"| {shape} | {label(kind, matrix)} | {odd} | | | | | |")

    def shape(self, shape: str) -> None:
        jobs, matrix = [(kind, False) for kind in self.args.types], None
        if self.args.imatrix:
            jobs += [(kind, True) for kind in self.args.types if not kind.startswith(("F", "BF"))]
        broken = set()
        for turn in range(1, self.args.runs + 1):
            source = self.convert(shape, turn)
            if self.args.imatrix and matrix is None:
                matrix = self.matrix(shape, source)
            for job in jobs:
                if job in broken:
                    continue
                kind, with_matrix = job
                given = matrix if with_matrix else None
                both = [lambda: self.theirs(shape, kind, turn, source, given), lambda: self.ours(shape, kind, turn, given)]  # noqa: B023
                files = {}
                for which in (0, 1) if turn % 2 else (1, 0):
                    try:
                        files[which] = both[which]()
                    except Failed as error:
                        self.skipped.append(f"{shape} {label(kind, with_matrix)}: {error.short}")
                        print(error, file=sys.stderr)
                        broken.add(job)
                if turn == 1 and len(files) == 2:
                    self.compare(shape, kind, with_matrix, files[1], files[0])
                for file in files.values():
                    if not self.args.keep:
                        file.unlink()
            if not self.args.keep:
                source.unlink()


def label(kind: str, matrix: bool) -> str:
    return f"{kind}, imatrix" if matrix else kind


def rows(log: Path, begun: int) -> tuple[list[str], list[str]]:
    """The table of times and that of the peer's steps, from the lines of this race."""
    lines = [json.loads(x) for x in log.read_text(encoding="utf-8").splitlines()[begun:]]
    timed = [x for x in lines if "seconds" in x and x["turn"]]
    conversions = {(x["shape"], x["turn"]): x for x in timed if x["who"] == "convert"}
    jobs: dict[tuple, dict[str, list]] = {}
    for line in timed:
        if line["who"] in ("distill", "llama-quantize"):
            sides = jobs.setdefault((line["shape"], line["type"], line["imatrix"]), {"distill": [], "llama-quantize": []})
            sides[line["who"]].append(line)
    times, steps, first = [], [], []
    middle = lambda xs, key: statistics.median(x[key] for x in xs)  # noqa: E731
    for (shape, kind, matrix), sides in jobs.items():
        theirs = []
        for quantised in sides["llama-quantize"]:
            converted = conversions[shape, quantised["turn"]]
            both = {k: converted[k] + quantised[k] for k in ("seconds", "cpu_seconds")}
            theirs.append(both | {k: max(converted[k], quantised[k]) for k in ("peak_mib", "own_mib")} | {"turn": quantised["turn"]})
        for who, runs in (("convert + llama-quantize", theirs), ("distill export", sides["distill"])):
            if runs:
                every = ", ".join(f"{x['seconds']:.1f}" for x in runs)
                cells = [f"{middle(runs, 'seconds'):.1f}", every, f"{middle(runs, 'cpu_seconds'):.1f}"]
                cells += [f"{middle(runs, 'peak_mib'):.0f}", f"{middle(runs, 'own_mib'):.0f}"]
                times.append(f"| {shape} | {label(kind, matrix)} | {who} | {' | '.join(cells)} |")
        pairs = [(a, b) for a in sides["distill"] for b in theirs if a["turn"] == b["turn"]]
        if pairs:
            ratio = lambda key: f"{statistics.median(a[key] / b[key] for a, b in pairs):.2f}"  # noqa: E731
            cells = [ratio("seconds"), "", ratio("cpu_seconds"), ratio("peak_mib"), ratio("own_mib")]
            times.append(f"| {shape} | {label(kind, matrix)} | **distill / peer** | {' | '.join(cells)} |")
        if sides["llama-quantize"]:
            q = sides["llama-quantize"]
            steps.append(
                f"| {shape} | llama-quantize {label(kind, matrix)} | {middle(q, 'seconds'):.1f} | {middle(q, 'cpu_seconds'):.1f} "
                f"| {middle(q, 'peak_mib'):.0f} | {middle(q, 'own_mib'):.0f} |"
            )
    for shape in dict.fromkeys(s for s, _ in conversions):
        c = [x for (s, _), x in conversions.items() if s == shape]
        first.append(
            f"| {shape} | convert_hf_to_gguf bf16 | {middle(c, 'seconds'):.1f} | {middle(c, 'cpu_seconds'):.1f} "
            f"| {middle(c, 'peak_mib'):.0f} | {middle(c, 'own_mib'):.0f} |",
        )
    return times, first + steps


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("distill", type=lambda p: Path(p).resolve())
    parser.add_argument("llama_cpp", type=lambda p: Path(p).resolve(), help="llama.cpp's source")
    parser.add_argument("llama_bin", type=lambda p: Path(p).resolve(), help="the folder of llama-quantize and llama-imatrix")
    parser.add_argument("work", type=Path)
    parser.add_argument("--shapes", nargs="+", default=["135M", "1B"])
    parser.add_argument("--types", nargs="+", default=["Q4_K_S", "Q4_K_M", "Q8_0"], type=str.upper)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--imatrix", action="store_true", help="run every type with an importance matrix too")
    parser.add_argument("--chunks", type=int, default=8)
    parser.add_argument("--pre", default="llama-bpe", help="the pre-tokenizer that the converter is told of")
    parser.add_argument("--ours", default=OURS, help="distill's arguments, with {model} {type} {lower} {out}")
    parser.add_argument("--ours-imatrix", default=OURS_IMATRIX)
    parser.add_argument("--scratch", type=Path, help="where files go: room for the bf16 file and two quantised ones")
    parser.add_argument("--keep", action="store_true", help="leave the files there")
    parser.add_argument("--out", type=Path, help="the table; its lines of JSON go beside it")
    args = parser.parse_args()
    race = Race(args)
    log = race.out.with_suffix(".jsonl")
    begun = len(log.read_text(encoding="utf-8").splitlines())
    for shape in args.shapes:
        if not (args.work / shape / "config.json").exists():
            fail(f"no student {args.work / shape}: run ../train/make.py first")
        race.shape(shape)
    race.log.flush()
    times, steps = rows(log, begun)
    text = [
        f"{processor()}, {args.threads} threads, {args.runs} runs by turns, medians; ratios are medians over the turns.",
        "Peak counts pages of mapped files, own does not.",
        "",
        "| shape | type | who | seconds | every run | processor seconds | peak MiB | own MiB |",
        "| --- | --- | --- | --: | --- | --: | --: | --: |",
        *times,
        "",
        "| shape | the peer's steps | seconds | processor seconds | peak MiB | own MiB |",
        "| --- | --- | --: | --: | --: | --: |",
        *steps,
        "",
        "| shape | file | tensors of type | tensors | of them equal | MB | bytes that differ | worst tensor |",
        "| --- | --- | --- | --: | --: | --: | --: | --: |",
        *race.bytes,
        *(["", "Did not run:", "", *(f"- {x}" for x in race.skipped)] if race.skipped else []),
    ]
    race.out.write_text("\n".join(text) + "\n", encoding="utf-8")
    print("\n".join(text))
    return 0


if __name__ == "__main__":
    sys.exit(main())
