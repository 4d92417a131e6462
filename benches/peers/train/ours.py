#!/usr/bin/env python3
"""The same work by `distill`: one JSON line as trl_sft.py and trl_dpo.py print it.

    ours.py DISTILL sft STUDENT ROWS.jsonl [--batch 8] [--steps 12] [--set train.base=nf4]
    ours.py DISTILL dpo STUDENT PAIRS.jsonl [--batch 4] [--epochs 1]

Figures of SFT come from metrics.jsonl: rows and tokens of the steps after `--warmup`, by its clock. `seconds` of DPO is
the whole process, loading included, which is more than is counted for the peer.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

THREADS = os.environ.get("RACE_THREADS", "2")


def run(command: list[str]) -> tuple[float, float, float]:
    """Wall clock, processor time and peak of memory (MiB) of one process."""
    environment = {**os.environ, "RAYON_NUM_THREADS": THREADS, "DISTILL_NO_PROGRESS": "1"}
    begun = time.perf_counter()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    seconds = time.perf_counter() - begun
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{done.stdout}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, used, after.ru_maxrss / 1024


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("distill")
    parser.add_argument("work", choices=["sft", "dpo"])
    parser.add_argument("student")
    parser.add_argument("rows")
    parser.add_argument("--batch", type=int)
    parser.add_argument("--epochs", type=float, default=1)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--warmup", type=int, default=2)
    parser.add_argument("--limit", type=int, default=0)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    args = parser.parse_args()
    batch = args.batch or (8 if args.work == "sft" else 4)
    name = os.path.basename(args.rows)
    phase = "align" if args.work == "dpo" else "mimic" if name.startswith("cot") else "learn"
    kept = {
        "batch_rows": batch,
        "gradient_accumulation": 1,
        "shuffle": "false",
        "warmup_ratio": 0.0,
        "rank": 16,
        "alpha": 32.0,
        "weight_decay": 0.0,
        "max_grad_norm": 1.0,
        "eval_ratio": 0.0,
        "keep": '"last"',
        "checkpoint_steps": 1000000,
    }
    if args.work == "sft":
        kept |= {"max_steps": args.steps, "learning_rate": 2e-4}
    else:
        kept |= {"epochs": args.epochs, "learning_rate": 2e-4, "beta": 0.1, "nll_weight": 0.0}
    with tempfile.TemporaryDirectory(prefix="race-distill-") as out:
        rows = args.rows
        if args.limit:
            rows = os.path.join(out, name)
            lines = Path(args.rows).read_text(encoding="utf-8").splitlines()[: args.limit]
            Path(rows).write_text("\n".join(lines) + "\n", encoding="utf-8")
        given = [f"train.{phase}.{k}={v}" for k, v in kept.items()] + args.set
        command = [args.distill, "train", "--phase", phase, "--data", rows, "--student", args.student]
        command += ["--out", os.path.join(out, "run")]
        command += [x for setting in given for x in ("--set", setting)]
        seconds, used, peak = run(command)
        metrics = [json.loads(x) for x in Path(out, "run", "metrics.jsonl").read_text().splitlines()]
    common = {
        "peer": "distill",
        "work": args.work,
        "student": os.path.basename(args.student.rstrip("/")),
        "rows_file": name,
        "dtype": next((s.split("=")[1] for s in args.set if s.endswith("base") or ".base=" in s), "default"),
        "batch": batch,
        "set": args.set,
        "peak_rss_mib": round(peak),
        "first_loss": metrics[0]["loss"],
        "last_loss": metrics[-1]["loss"],
        "load_average": os.getloadavg()[0],
        "threads": int(THREADS),
        "process_seconds": round(seconds, 2),
    }
    if args.work == "sft":
        timed = metrics[args.warmup :]
        ends = [m["elapsed_secs"] for m in metrics[args.warmup - 1 :]]
        total = ends[-1] - ends[0]
        common |= {
            "steps": len(timed),
            "rows_per_second": round(batch * len(timed) / total, 3),
            "tokens_per_second": round(sum(m["tokens"] for m in timed) / total, 1),
            "median_step_seconds": round(statistics.median(b - a for a, b in zip(ends, ends[1:])), 4),
            "rows_per_processor_second": round(batch * len(metrics) / used, 3),
        }
    else:
        pairs = args.epochs * sum(1 for line in open(args.rows, encoding="utf-8") if line.strip())
        if args.limit:
            pairs = args.epochs * args.limit
        trained = metrics[-1]["elapsed_secs"]
        common |= {
            "epochs": args.epochs,
            "pairs": pairs,
            "steps": len(metrics),
            "seconds": round(seconds, 2),
            "reference_seconds": round(seconds - trained, 2),
            "pairs_per_second": round(pairs / seconds, 3),
            "pairs_per_processor_second": round(pairs / used, 3),
        }
    print(json.dumps(common))
    return 0


if __name__ == "__main__":
    sys.exit(main())
