#!/usr/bin/env python3
"""DPO by TRL and PEFT on this machine's CPU: one JSON line with pairs a second over the whole run.

    trl_dpo.py STUDENT PAIRS.jsonl [--dtype bf16] [--batch 4] [--epochs 1]

Beta 0.1, sigmoid, LoRA r 16, alpha 32 on all seven linear layers, the reference's log-probabilities computed once in
advance. `seconds` runs from the building of the trainer, which computes them, to the end of the last step; imports and
loading of the model are not in it.
"""

from __future__ import annotations

import argparse
import json
import sys
import time

import trl_common as common
from transformers import PrinterCallback
from trl import DPOConfig, DPOTrainer


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("student")
    parser.add_argument("rows")
    parser.add_argument("--dtype", choices=common.DTYPES, default="bf16")
    parser.add_argument("--batch", type=int, default=4, help="pairs of one optimizer step")
    parser.add_argument("--epochs", type=float, default=1)
    parser.add_argument("--limit", type=int, default=0, help="take only the first pairs of the file")
    parser.add_argument("--attention", default="sdpa")
    args = parser.parse_args()

    model, tokenizer = common.load(args.student, args.dtype, args.attention)
    data = common.rows(args.rows)
    if args.limit:
        data = data.select(range(args.limit))
    settings = common.arguments(
        DPOConfig,
        args.dtype,
        num_train_epochs=args.epochs,
        per_device_train_batch_size=args.batch,
        beta=0.1,
        precompute_ref_log_probs=True,
    )
    clock = common.Clock()
    begun, used = time.perf_counter(), time.process_time()
    trainer = DPOTrainer(
        model=model,
        args=settings,
        train_dataset=data,
        processing_class=tokenizer,
        peft_config=common.lora(),
        callbacks=[clock],
    )
    trainer.remove_callback(PrinterCallback)
    built = time.perf_counter()
    trainer.train()
    seconds = time.perf_counter() - begun
    processor = time.process_time() - used
    pairs = len(data) * args.epochs
    logs = [e for e in trainer.state.log_history if "loss" in e]
    print(
        json.dumps(
            {
                "peer": "trl",
                "work": "dpo",
                "student": args.student.rstrip("/").rsplit("/", 1)[-1],
                "rows_file": args.rows.rsplit("/", 1)[-1],
                "dtype": args.dtype,
                "batch": args.batch,
                "epochs": args.epochs,
                "pairs": pairs,
                "steps": len(clock.ends),
                "seconds": round(seconds, 2),
                "reference_seconds": round(built - begun, 2),
                "pairs_per_second": round(pairs / seconds, 3),
                "pairs_per_processor_second": round(pairs / processor, 3),
                "peak_rss_mib": round(common.peak_rss_mib()),
                "first_loss": logs[0]["loss"],
                "last_loss": logs[-1]["loss"],
                "load_average": common.load_average(),
                "threads": common.THREADS,
                "isa": common.isa(),
                "versions": common.versions(),
            }
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
