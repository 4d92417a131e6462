#!/usr/bin/env python3
"""The race of linters that BENCHMARKS.md shows; run.sh makes what this needs and calls it.

    race.py --distill PROGRAM --made FOLDER [--text-dedup PYTHON] [--repeats N] [--write BENCHMARKS.md]

Every command is a process of its own and is measured from start to end: processor time (user and system, all threads
and children), wall time and the most memory. The best of the repeats counts; what takes more than 20 s of processor time
is run once.
"""
import argparse
import importlib.metadata
import json
import os
import pathlib
import platform
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
TOKENIZER = str(ROOT / "fixtures" / "tiny-student" / "tokenizer.json")
PAIRS = "LEN,TXT,SCH,DUP001,PRF001,PRF002,PRF003,PRF004,PRF005"


def measure(command, repeats):
    best = None
    for _ in range(repeats):
        with open(os.devnull, "w") as null, open(ROOT / "target" / "lint-race.err", "w") as err:
            out = ARGS.made / "out.json"
            with open(out, "w") as file:
                start = time.monotonic()
                child = subprocess.Popen(command, stdout=file, stderr=err, stdin=subprocess.DEVNULL)
                _, status, used = os.wait4(child.pid, 0)
                wall = time.monotonic() - start
        code = os.waitstatus_to_exitcode(status)
        # Findings make the exit code of distill 1.
        if code not in (0, 1) or (code == 1 and command[0] != ARGS.distill):
            print(f"{command}: exit code {code}", (ROOT / "target" / "lint-race.err").read_text()[-800:], file=sys.stderr)
            return None
        cpu = used.ru_utime + used.ru_stime
        now = {"cpu": cpu, "wall": wall, "rss": used.ru_maxrss / 1024, "out": out.read_text()}
        if best is None:
            best = now
        else:
            best.update({name: min(best[name], now[name]) for name in ("cpu", "wall")}, rss=max(best["rss"], now["rss"]))
        if cpu > 20:
            break
    print(f"{' '.join(map(str, command))[-110:]}: {best['cpu']:.2f} s, {best['wall']:.2f} s, {best['rss']:.0f} MB", file=sys.stderr)
    return best


def seconds(value):
    return f"{value:.2f} s" if value < 10 else f"{value:.0f} s"


def line(name, run, ours):
    ratio = "" if ours is None else f"{run['cpu'] / ours['cpu']:.2g} ×"
    memory = "" if ours is None else f"{run['rss'] / ours['rss']:.2g} ×"
    return f"| {name} | {seconds(run['cpu'])} | {seconds(run['wall'])} | {run['rss']:.0f} MB | {ratio} | {memory} |"


HEAD = ["| | processor | wall | memory | distill is faster | distill is smaller |", "| --- | --: | --: | --: | --: | --: |"]


def table(runs):
    """The first run is ours."""
    ours = runs[0][1]
    return HEAD + [line(name, run, None if run is ours else ours) for name, run in runs if run]


def found(run, codes=("DUP001", "DUP002", "DUP003")):
    out = run["out"]
    # Ours is an array over many lines; the others print one line, after what they log.
    rows = json.loads(out[out.index("[") :] if '"code"' in out else out.strip().splitlines()[-1])
    if rows and isinstance(rows[0], dict):
        rows = [each["row"] for each in rows if each["code"] in codes and each["row"] is not None]
    return set(rows)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--distill", required=True)
    parser.add_argument("--made", required=True, type=pathlib.Path)
    parser.add_argument("--text-dedup", help="a Python that has text-dedup, which asks for other versions")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--sizes", type=int, nargs="*", default=[10_000, 100_000])
    parser.add_argument("--write", type=pathlib.Path, help="the page whose figures to replace")
    global ARGS
    ARGS = parser.parse_args()
    (ROOT / "target").mkdir(exist_ok=True)
    python, data = sys.executable, ARGS.made
    version = importlib.metadata.version
    load = [os.getloadavg()[0]]

    def lint(rows, *words):
        command = [ARGS.distill, "lint", str(data / rows), "--no-progress", "--tokenizer", TOKENIZER, *words]
        return measure(command, ARGS.repeats)

    def other(script, *words):
        return measure([python, str(HERE / script), *map(str, words)], ARGS.repeats)

    lines = ["### All rules", "", "Sixty rules, the student's tokenizer, `--statistics`.", ""]
    lines += ["| rows | processor | wall | memory |", "| --: | --: | --: | --: |"]
    for size in [300, *ARGS.sizes]:
        run = lint(f"rows-{size}.jsonl", "--statistics")
        lines.append(f"| {size:,} | {seconds(run['cpu'])} | {seconds(run['wall'])} | {run['rss']:.0f} MB |")

    pandas = f"pandas {version('pandas')}, tokenizers {version('tokenizers')}"
    sketch = f"datasketch {version('datasketch')}"
    for size in ARGS.sizes:
        rows, model = f"rows-{size}.jsonl", data / f"model-{size}"
        if not model.exists():
            subprocess.run([python, str(HERE / "near.py"), "model", str(data / rows), str(model), TOKENIZER], check=True)
        lines += ["", f"### Checks of text, length and duplicates, {size:,} rows", ""]
        lines += table(
            [
                ("distill `--select LEN,TXT,DUP,SCH`", lint(rows, "--select", "LEN,TXT,DUP,SCH", "--statistics")),
                (f"{pandas}, near duplicates by {sketch}", other("checks.py", data / rows, TOKENIZER, "--near")),
            ]
        )
        lines.append("")
        lines += table(
            [
                ("distill without near duplicates", lint(rows, "--select", "LEN,TXT,SCH,DUP001,DUP005", "--statistics")),
                (f"{pandas}", other("checks.py", data / rows, TOKENIZER)),
            ]
        )
        lines += ["", f"### Checks of text, length and pairs, {size:,} pairs", ""]
        pairs = f"pairs-{size}.jsonl"
        lines += table(
            [
                (f"distill `--select {PAIRS}`", lint(pairs, "--select", PAIRS, "--statistics")),
                (f"{pandas}, rapidfuzz {version('rapidfuzz')}", other("checks.py", data / pairs, TOKENIZER)),
            ]
        )
        near = [
            ("distill `--select DUP`", lint(rows, "--select", "DUP", "--max-findings", "0", "--output-format", "json")),
            (f"semhash {version('semhash')}, 0.9", other("near.py", "semhash", data / rows, model)),
            (f"{sketch}, MinHash, 0.8", other("near.py", "datasketch", data / rows)),
        ]
        if ARGS.text_dedup:
            command = [ARGS.text_dedup, str(HERE / "near_text_dedup.py"), str(data / rows), str(data / "text-dedup")]
            near.append((f"text-dedup {version('text-dedup')}, MinHash, 0.7", measure(command, ARGS.repeats)))
        near = [(name, run) for name, run in near if run]
        lines += ["", f"### Near duplicates, {size:,} rows", "", *table(near), ""]
        planted = json.loads((data / f"planted-{size}.json").read_text())
        names = ["distill `--select DUP`", "distill without DUP002", *(name.split(",")[0] for name, _ in near[1:])]
        lines += ["| planted | copies | " + " | ".join(names) + " |", "| --- | --: |" + " --: |" * len(names)]
        hits = [found(near[0][1]), found(near[0][1], ("DUP001", "DUP003")), *(found(run) for _, run in near[1:])]
        for name, copies in planted.items():
            cells = [sum(bool(set(pair) & rows) for pair in copies) / len(copies) for rows in hits]
            lines.append(f"| {name} | {len(copies)} | " + " | ".join(f"{100 * cell:.1f}%" for cell in cells) + " |")
        ours = {row for copies in planted.values() for pair in copies for row in pair}
        lines.append("| rows that are no copies | | " + " | ".join(str(len(rows - ours)) for rows in hits) + " |")
        load.append(os.getloadavg()[0])

    cpu = next((row.split(":")[1].strip() for row in open("/proc/cpuinfo") if row.startswith("model name")), "")
    head = f"{cpu}, {os.cpu_count()} cores, Python {platform.python_version()}, best of {ARGS.repeats} (once what takes over 20 s), load {min(load):.0f} to {max(load):.0f}."
    page = "\n".join([head, "", *lines])
    print(page)
    if ARGS.write:
        text = ARGS.write.read_text(encoding="utf-8")
        begin, end = "<!-- lint -->\n", "<!-- lint end -->\n"
        before, rest = text.split(begin)
        ARGS.write.write_text(f"{before}{begin}\n{page}\n\n{end}{rest.split(end)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
