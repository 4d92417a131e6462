#!/usr/bin/env python3
"""The race: the peer at its best and `distill`, by turns, on the same rows; medians, ratios, a Markdown table.

    compare.py DISTILL WORK_FOLDER [--races sft-135M dpo-135M] [--runs 5] [--ours bf16=train.base=bf16] [--out FILE.md]

WORK_FOLDER is what make.py wrote. For every race the peer's variants (f32 or bf16, padded, flattened or packed) are run
once; the fastest of them then runs by turns with `distill`: peer, distill, peer, distill, and so on. A further `--ours`
adds a variant of `distill` to every turn: NAME=KEY=VALUE[,KEY=VALUE], or just NAME for the settings as they are.

Every run is a process of its own with two threads, and every line has the load average of the machine. All lines are
also kept as JSON beside the table.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Peer's variants to choose from, by race: options of trl_sft.py or trl_dpo.py. Packed sequences of 512 tokens hold some
# ten rows; 8 rows have about 430.
SFT_VARIANTS = [
    ["--dtype", dtype, *more]
    for dtype in ("bf16", "f32")
    for more in (
        ["--batch", "8"],
        ["--batch", "8", "--padding-free"],
        ["--batch", "1", "--packing", "--max-length", "512"],
    )
]
DPO_VARIANTS = [["--dtype", "bf16"], ["--dtype", "f32"]]
RACES = {
    "sft-135M": ("sft", "135M", "qa", SFT_VARIANTS, [], ["--batch", "8"]),
    "sft-cot-135M": ("sft", "135M", "cot", SFT_VARIANTS, [], ["--batch", "8"]),
    "sft-1B": ("sft", "1B", "qa", SFT_VARIANTS, [], ["--batch", "8"]),
    "sft-3B": ("sft", "3B", "qa", [], [], ["--batch", "8"]),
    "dpo-135M": ("dpo", "135M", "preference", DPO_VARIANTS, ["--epochs", "1"], []),
    "dpo-135M-3": ("dpo", "135M", "preference", DPO_VARIANTS, ["--epochs", "3"], []),
}
# A student that is as small as that says nothing about speed: for trying the scripts.
RACES |= {
    "sft-tiny": ("sft", "tiny", "qa", SFT_VARIANTS[:3], [], ["--batch", "8"]),
    "dpo-tiny": ("dpo", "tiny", "preference", DPO_VARIANTS, ["--epochs", "1"], []),
}


class Runner:
    def __init__(self, args, log: Path) -> None:
        self.args, self.log = args, log.open("a", encoding="utf-8")

    def run(self, race: str, name: str, command: list) -> dict | None:
        before = os.getloadavg()[0]
        done = subprocess.run([str(x) for x in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        lines = done.stdout.strip().splitlines()
        if done.returncode != 0 or not lines:
            print(f"{race}: {name} failed ({done.returncode}): {(done.stderr or done.stdout).strip()[-400:]}", file=sys.stderr)
            return None
        found = json.loads(lines[-1]) | {"race": race, "name": name, "load_before": before}
        self.log.write(json.dumps(found) + "\n")
        self.log.flush()
        print(f"{race}: {name}: {speed(found):.3f}/s, {found['peak_rss_mib']} MiB, load {before:.1f}", file=sys.stderr)
        return found


def speed(found: dict) -> float:
    return found["rows_per_second" if found["work"] == "sft" else "pairs_per_second"]


def race(runner: Runner, name: str, ours: dict[str, list[str]]) -> tuple[list[str], list[str]]:
    args = runner.args
    work, shape, kind, variants, shared, own = RACES[name]
    student, rows = args.folder / shape, args.folder / "rows"
    script = HERE / f"trl_{work}.py"
    steps = ["--steps", args.steps] if work == "sft" else []
    if args.limit:
        shared = [*shared, *([] if work == "sft" else ["--limit", args.limit])]

    def peer(variant):
        command = [sys.executable, script, student, rows / "trl" / f"{kind}.jsonl", *variant, *shared, *steps]
        return runner.run(name, "TRL " + " ".join(variant).replace("--", ""), command)

    def mine(label):
        command = [sys.executable, HERE / "ours.py", args.distill, work, student, rows / "distill" / f"{kind}.jsonl"]
        command += [*own, *shared, *steps, *(x for s in ours[label] for x in ("--set", s))]
        return runner.run(name, f"distill {label}".strip(), command)

    scouted = [(found, v) for v in variants if (found := peer(v))]
    best = max(scouted, key=lambda x: speed(x[0]))[1] if scouted else None
    turns: dict[str, list[dict]] = {}
    for _ in range(args.runs):
        for found in [peer(best) if best else None, *(mine(label) for label in ours)]:
            if found:
                turns.setdefault(found["name"], []).append(found)
    return table(name, turns), [scout_line(name, found) for found, _ in scouted]


def scout_line(race: str, found: dict) -> str:
    return f"| {race} | {found['name']} | {speed(found):.2f} | {found['peak_rss_mib']} | {found['load_before']:.1f} |"


def table(race: str, turns: dict[str, list[dict]]) -> list[str]:
    out = []
    theirs = next((runs for name, runs in turns.items() if name.startswith("TRL")), None)
    for name, runs in turns.items():
        median = statistics.median(map(speed, runs))
        memory = statistics.median(r["peak_rss_mib"] for r in runs)
        ratio = share = "-"
        if theirs and runs is not theirs:
            # Each run against the peer's of the same turn, so that a load that lasts weighs on both.
            ratio = f"{statistics.median(speed(a) / speed(b) for a, b in zip(runs, theirs)):.2f}"
            share = f"{memory / statistics.median(r['peak_rss_mib'] for r in theirs):.2f}"
        every = ", ".join(f"{speed(r):.2f}" for r in runs)
        loads = ", ".join(f"{r['load_before']:.1f}" for r in runs)
        out.append(f"| {race} | {name} | {median:.2f} | {ratio} | {memory:.0f} | {share} | {every} | {loads} |")
    return out


def processor() -> str:
    for line in open("/proc/cpuinfo", encoding="utf-8"):
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("distill", type=lambda p: Path(p).resolve())
    parser.add_argument("folder", type=Path)
    parser.add_argument("--races", nargs="+", default=["sft-135M", "dpo-135M", "dpo-135M-3", "sft-1B"], choices=RACES)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--steps", type=int, default=12, help="optimizer steps of SFT, two of them for warming up")
    parser.add_argument("--limit", type=int, default=0, help="take only the first pairs for DPO")
    parser.add_argument("--ours", action="append", default=[], metavar="NAME=KEY=VALUE,..")
    parser.add_argument("--out", type=Path, default=None)
    args = parser.parse_args()
    ours = {}
    for given in args.ours or [""]:
        label, _, settings = given.partition("=")
        ours[label] = [s for s in settings.split(",") if s]
    out = args.out or args.folder / "race.md"
    runner = Runner(args, out.with_suffix(".jsonl"))
    results, scouted = [], []
    for name in args.races:
        lines, tried = race(runner, name, ours)
        results += lines
        scouted += tried
    text = [
        f"{processor()}, 2 threads, {args.runs} runs by turns, medians; ratios are medians over the turns.",
        "",
        "| race | who | rows or pairs/s | times the peer | peak MiB | of the peer's | every run | load before it |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
        *results,
        "",
        "The peer's variants, one run each:",
        "",
        "| race | variant | rows or pairs/s | peak MiB | load before it |",
        "| --- | --- | --- | --- | --- |",
        *scouted,
    ]
    out.write_text("\n".join(text) + "\n", encoding="utf-8")
    print("\n".join(text))
    return 0


if __name__ == "__main__":
    sys.exit(main())
