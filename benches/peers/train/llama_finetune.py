#!/usr/bin/env python3
"""llama.cpp's finetune example against `distill`: full fine-tuning in f32, the one thing that both can do.

    llama_finetune.py DISTILL LLAMA_FINETUNE STUDENT [--context 128] [--steps 48] [--runs 3]

STUDENT is a folder of make.py's ("tiny" is enough). llama.cpp trains on the next token of one plain text, an AdamW
step for every `context` tokens, and knows neither rows nor a mask; so `distill` gets rows of `context` tokens, one a
step, with loss on all but a prompt of one word. Its tokens a second are the slope between a short and a long run, which
leaves loading and saving out; those of `distill` come from metrics.jsonl. By turns, medians.

To build it from the source in llama-cpp-python's sdist (tests/parity/README.md):
    cmake -S llama-src/vendor/llama.cpp -B build -DCMAKE_BUILD_TYPE=Release -DLLAMA_BUILD_TESTS=OFF -DLLAMA_OPENSSL=OFF
    cmake --build build -t llama-finetune
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tokenizers import Tokenizer

HERE = Path(__file__).resolve().parent
THREADS = os.environ.get("RACE_THREADS", "2")


def text() -> str:
    root = HERE.parents[2]
    return "\n\n".join(p.read_text(encoding="utf-8") for p in sorted((root / "docs").glob("*.md")))


def pieces(tok: Tokenizer, context: int, count: int, overhead: int) -> list[str]:
    """Texts of `context` tokens, less what the template puts around them."""
    encoded = tok.encode(text(), add_special_tokens=False)
    size, out, at = context - overhead, [], 0
    whole = text()
    while len(out) < count and at + size < len(encoded.ids):
        begin, end = encoded.offsets[at][0], encoded.offsets[at + size - 1][1]
        out.append(whole[begin:end].strip() or "-")
        at += size
    assert len(out) == count, f"the text of docs/ has only {len(out)} pieces"
    return out


def child(command: list) -> tuple[float, str, float]:
    begun = time.perf_counter()
    process = subprocess.Popen([str(x) for x in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output = process.stdout.read().decode(errors="replace")
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begun
    if status != 0:
        sys.exit(f"{command}\n{output[-2000:]}")
    return seconds, output, usage.ru_maxrss / 1024


def llama(program: str, gguf: Path, tok: Tokenizer, context: int, steps: int, scratch: Path) -> tuple[float, float, int]:
    """Seconds, the peak of memory in MiB, and the steps that were made."""
    whole = text()
    # A data point begins every half context, and one more token is looked at.
    encoded = tok.encode(whole, add_special_tokens=False)
    end = encoded.offsets[(steps + 1) * (context // 2) + context // 2 + 1][1]
    file = scratch / "text.txt"
    file.write_text(whole[:end], encoding="utf-8")
    command = [program, "-m", gguf, "--file", file, "-c", context, "-b", context, "-ub", context, "-t", THREADS]
    command += ["-tb", THREADS, "-epochs", 1, "-val-split", 0, "-opt", "adamw", "-o", scratch / "tuned.gguf", "-fa", "off"]
    seconds, output, peak = child(command)
    done = re.findall(r"train: .*?data=0*(\d+)/0*(\d+)", output)
    trained = int(done[-1][0]) if done else 0
    return seconds, peak, trained


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("distill", type=lambda p: Path(p).resolve())
    parser.add_argument("finetune", type=lambda p: Path(p).resolve())
    parser.add_argument("student", type=Path)
    parser.add_argument("--context", type=int, default=128)
    parser.add_argument("--steps", type=int, default=48)
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    tok = Tokenizer.from_file(str(args.student / "tokenizer.json"))
    with tempfile.TemporaryDirectory(prefix="race-llama-") as tmp:
        scratch = Path(tmp)
        gguf = scratch / "student.gguf"
        child([args.distill, "export", "--model", args.student, "--quant", "f32", "-o", gguf])
        # BOS, two headers, two ends of turn and the word of the prompt.
        rows = [{"instruction": "Go", "context": "", "response": p} for p in pieces(tok, args.context, args.steps, 11)]
        data = scratch / "qa.jsonl"
        data.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), encoding="utf-8")
        ours_command = [sys.executable, HERE / "ours.py", args.distill, "sft", args.student, data, "--batch", "1"]
        ours_command += ["--steps", args.steps, "--set", "train.learn.method=full", "--set", "train.learn.base=f32"]
        theirs, ours, memory = [], [], {"llama.cpp": [], "distill": []}
        for turn in range(args.runs):
            load = os.getloadavg()[0]
            short, _, few = llama(args.finetune, gguf, tok, args.context, args.steps // 4, scratch)
            long, peak, many = llama(args.finetune, gguf, tok, args.context, args.steps, scratch)
            theirs.append((many - few) * args.context / (long - short))
            memory["llama.cpp"].append(peak)
            found = json.loads(child(ours_command)[1].strip().splitlines()[-1])
            ours.append(found["tokens_per_second"])
            memory["distill"].append(found["peak_rss_mib"])
            print(f"turn {turn + 1}: llama.cpp {theirs[-1]:.1f} tokens/s ({many} steps), distill {ours[-1]:.1f}, load {load:.1f}")
    ratio = statistics.median(a / b for a, b in zip(ours, theirs))
    print("| who | tokens/s | peak MiB |\n| --- | --: | --: |")
    for name, rates in (("llama.cpp", theirs), ("distill", ours)):
        print(f"| {name} | {statistics.median(rates):.1f} | {statistics.median(memory[name]):.0f} |")
    print(f"distill is {ratio:.2f} times as fast")
    return 0


if __name__ == "__main__":
    sys.exit(main())
