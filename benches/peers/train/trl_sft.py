#!/usr/bin/env python3
"""SFT by TRL and PEFT on this machine's CPU: one JSON line with rows and tokens a second and the peak of memory.

    trl_sft.py STUDENT ROWS.jsonl [--dtype bf16] [--batch 8] [--packing] [--steps 12]

LoRA r 16, alpha 32 on all seven linear layers, loss on the answer only, no checkpointing, nothing saved. Steps after
`--warmup` are timed, from the end of one step to the end of the next, so that the collator's time is in.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys

import trl_common as common
from transformers import PrinterCallback
from trl import SFTConfig, SFTTrainer


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("student")
    parser.add_argument("rows")
    parser.add_argument("--dtype", choices=common.DTYPES, default="bf16")
    parser.add_argument("--batch", type=int, default=8, help="rows, or packed sequences, of one optimizer step")
    parser.add_argument("--packing", action="store_true", help="bfd, sequences of --max-length")
    parser.add_argument("--padding-free", action="store_true")
    parser.add_argument("--group", action="store_true", help="rows of like length together")
    parser.add_argument("--max-length", type=int, default=1024)
    parser.add_argument("--attention", default="sdpa")
    parser.add_argument("--compile", action="store_true", help="torch.compile")
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--warmup", type=int, default=2)
    parser.add_argument("--profile", metavar="FILE", help="write torch.profiler's table of the timed steps")
    args = parser.parse_args()

    model, tokenizer = common.load(args.student, args.dtype, args.attention)
    more = {}
    if args.padding_free:
        more = {"padding_free": True, "max_length": None}
    elif args.packing:
        more = {"packing": True, "packing_strategy": "bfd"}
    if args.group:
        more["train_sampling_strategy"] = "group_by_length"
    settings = common.arguments(
        SFTConfig,
        args.dtype,
        max_steps=args.steps,
        per_device_train_batch_size=args.batch,
        torch_compile=args.compile,
        **{"max_length": args.max_length, **more},
    )
    clock = common.Clock()
    trainer = SFTTrainer(
        model=model,
        args=settings,
        train_dataset=common.rows(args.rows),
        processing_class=tokenizer,
        peft_config=common.lora(),
        callbacks=[clock],
    )
    trainer.remove_callback(PrinterCallback)
    counting = trainer.data_collator = common.Counting(trainer.data_collator)
    if args.profile:
        profiled(trainer, args)
    else:
        trainer.train()
    losses = [e["loss"] for e in trainer.state.log_history if "loss" in e]
    seconds = [b - a for a, b in zip(clock.ends[args.warmup - 1 :], clock.ends[args.warmup :])]
    timed = counting.batches[args.warmup : args.warmup + len(seconds)]
    total = sum(seconds)
    processor = clock.processor[len(seconds) + args.warmup - 1] - clock.processor[args.warmup - 1]
    print(
        json.dumps(
            {
                "peer": "trl",
                "work": "sft",
                "student": args.student.rstrip("/").rsplit("/", 1)[-1],
                "rows_file": args.rows.rsplit("/", 1)[-1],
                "dtype": args.dtype,
                "batch": args.batch,
                "packing": args.packing,
                "padding_free": args.padding_free,
                "group": args.group,
                "compile": args.compile,
                "steps": len(seconds),
                "rows_per_second": round(sum(r for r, _, _ in timed) / total, 3),
                "tokens_per_second": round(sum(t for _, t, _ in timed) / total, 1),
                "padded_share": round(1 - sum(t for _, t, _ in timed) / sum(p for _, _, p in timed), 3),
                "median_step_seconds": round(statistics.median(seconds), 4),
                "rows_per_processor_second": round(sum(r for r, _, _ in timed) / processor, 3),
                "peak_rss_mib": round(common.peak_rss_mib()),
                "first_loss": losses[0],
                "last_loss": losses[-1],
                "load_average": common.load_average(),
                "threads": common.THREADS,
                "isa": common.isa(),
                "versions": common.versions(),
            }
        )
    )
    return 0


def profiled(trainer, args) -> None:
    from torch.profiler import ProfilerActivity, profile, schedule

    active = args.steps - args.warmup
    with profile(activities=[ProfilerActivity.CPU], schedule=schedule(wait=args.warmup, warmup=0, active=active)) as prof:

        class Step(common.TrainerCallback):
            def on_step_end(self, *_, **__):
                prof.step()

        trainer.add_callback(Step())
        trainer.train()
    with open(args.profile, "w", encoding="utf-8") as out:
        out.write(prof.key_averages().table(sort_by="self_cpu_time_total", row_limit=60, max_name_column_width=60))


if __name__ == "__main__":
    sys.exit(main())
