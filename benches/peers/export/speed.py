#!/usr/bin/env python3
"""Tokens a second of `distill` beside llama-bench on the same GGUF with the same threads, by turns.

    speed.py DISTILL LLAMA_BIN_DIR FILE.gguf.. [--prompt 512] [--generate 64] [--runs 5] [--ours bench|chat]

llama-bench runs one repetition a turn, after its own warm-up: `prompt` is prompt tokens read in one go, `generate` is
tokens written one by one from an empty context.

Ours is measured in one of two ways:

- `bench`: `distill plan --bench` (--bench-command, MEASURED and RATES below), which chooses its own numbers of tokens.
- `chat`: `distill chat` as anybody runs it, by the slope between runs that differ only in the tokens asked for (8
  against 8 + `generate`) and only in the length of the prompt. Loading falls out. It needs a model that does not end its
  answer early, which one with random weights does not; the answer's tokens are counted with llama-tokenize, and a run
  that wrote fewer is told of. The prompt's slope is a small difference of long times on a busy machine.

The best run of each side stands beside the median: two threads that wait for each other lose most of their speed when
something else takes one of two cores, so on a busy machine the best run says more.
"""

from __future__ import annotations

import argparse
import json
import shlex
import statistics
import sys
import tempfile
from pathlib import Path

from process import Failed, measure, processor

BENCH = "plan --bench --model {model} --output-format json"
# Where `plan --bench` says what it measured, and under which names.
MEASURED = ("measured", "decoder")
RATES = {"prompt": "prompt_tokens_per_second", "generate": "tokens_per_second"}
SHORT = 8
WORDS = "the buoy said it was in the sea and the sea said nothing at all so I wrote it down and went home to sleep ".split()


def theirs(args, gguf: Path) -> dict:
    command = [args.llama_bin / "llama-bench", "-m", gguf, "-p", args.prompt, "-n", args.generate, "-t", args.threads]
    found = measure([*command, "-r", 1, "-o", "jsonl", *shlex.split(args.llama_options)], args.threads)
    rates = {"load": found["load"], "peak_mib": found["peak_mib"], "own_mib": found["own_mib"]}
    for line in found["output"].splitlines():
        test = json.loads(line)
        rates["prompt" if test["n_prompt"] else "generate"] = test["avg_ts"]
    return rates


def bench(args, gguf: Path) -> dict:
    words = shlex.split(args.bench_command)
    given = {"model": gguf, "prompt": args.prompt, "generate": args.generate, "threads": args.threads}
    found = measure([args.distill, *(w.format(**given) for w in words)], args.threads)
    said = json.loads(found["output"])
    for key in MEASURED:
        said = said.get(key) or {}
    if not said:
        raise SystemExit("this program's bench runs no GGUF: take `--ours chat`")
    rates = {name: said[key] for name, key in RATES.items()}
    return rates | {"load": found["load"], "peak_mib": found["peak_mib"], "own_mib": found["own_mib"]}


def tokens(args, gguf: Path, text: str) -> int:
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        command = [args.llama_bin / "llama-tokenize", "-m", gguf, "-f", file.name, "--ids", "--no-bos", "--log-disable"]
        return len(json.loads(measure(command, args.threads)["output"]))


def chat(args, gguf: Path) -> dict:
    def once(prompt: str, count: int) -> dict:
        return measure([args.distill, "chat", "-m", gguf, "-p", prompt, "-n", count, "--temperature", 0], args.threads)

    # Twice as many words are twice as many tokens; how many, llama-tokenize says.
    words = (WORDS * (args.prompt // len(WORDS) + 1))[: args.prompt]
    little, much = " ".join(words[:SHORT]), " ".join(words)
    short, long, read = once(little, SHORT), once(little, SHORT + args.generate), once(much, SHORT)
    rates = {k: long[k] for k in ("load", "peak_mib", "own_mib")}
    written = tokens(args, gguf, long["output"].rstrip("\n"))
    if written < 0.8 * (SHORT + args.generate):
        rates["note"] = f"only {written} tokens in the answer"
    rates["generate"] = args.generate / max(long["seconds"] - short["seconds"], 1e-9)
    more = tokens(args, gguf, much) - tokens(args, gguf, little)
    rates["prompt"] = more / max(read["seconds"] - short["seconds"], 1e-9)
    return rates | {"load_seconds": short["seconds"]}


def table(gguf: Path, turns: dict[str, list[dict]]) -> list[str]:
    out = []
    for what in ("prompt", "generate"):
        for who, runs in turns.items():
            rates = [r[what] for r in runs]
            every = ", ".join(f"{x:.1f}" for x in rates)
            peak = statistics.median(r["peak_mib"] for r in runs)
            out.append(f"| {gguf.name} | {what} | {who} | {statistics.median(rates):.1f} | {max(rates):.1f} | {every} | {peak:.0f} |")
        a, b = ([r[what] for r in turns[who]] for who in ("distill", "llama.cpp"))
        each = statistics.median(x / y for x, y in zip(a, b))
        out.append(f"| {gguf.name} | {what} | **distill / llama.cpp** | {each:.2f} | {max(a) / max(b):.2f} | | |")
    return out


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("distill", type=lambda p: Path(p).resolve())
    parser.add_argument("llama_bin", type=lambda p: Path(p).resolve())
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--prompt", type=int, default=512)
    parser.add_argument("--generate", type=int, default=64)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--ours", choices=["bench", "chat"], default="bench")
    parser.add_argument("--bench-command", default=BENCH)
    parser.add_argument("--llama-options", default="", help="more options of llama-bench, such as '-fa on'")
    parser.add_argument("--out", type=Path, default=Path("speed.md"))
    args = parser.parse_args()
    lines = []
    with args.out.with_suffix(".jsonl").open("a", encoding="utf-8") as log:
        for gguf in args.files:
            turns: dict[str, list[dict]] = {"llama.cpp": [], "distill": []}
            for turn in range(args.runs):
                sides = [("llama.cpp", theirs), ("distill", bench if args.ours == "bench" else chat)]
                for who, how in sides if turn % 2 == 0 else reversed(sides):
                    try:
                        found = how(args, gguf)
                    except Failed as error:
                        raise SystemExit(str(error)) from None
                    turns[who].append(found)
                    line = json.dumps({"file": gguf.name, "turn": turn + 1, "who": who, **found})
                    print(line, flush=True)
                    log.write(line + "\n")
                    log.flush()
            lines += table(gguf, turns)
    ours = "its own bench" if args.ours == "bench" else "slopes between runs of chat"
    text = [
        f"{processor()}, {args.threads} threads, {args.prompt} tokens read, {args.generate} written, {args.runs} runs by turns; "
        f"distill by {ours}.",
        "",
        "| file | | who | tokens/s, median | best | every run | peak MiB |",
        "| --- | --- | --- | --: | --: | --- | --: |",
        *lines,
    ]
    args.out.write_text("\n".join(text) + "\n", encoding="utf-8")
    print("\n".join(text))
    return 0


if __name__ == "__main__":
    sys.exit(main())
