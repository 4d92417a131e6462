#!/usr/bin/env python3
"""Do both sides train on the same tokens? `distill train --dry-run` against TRL's prepared dataset, row by row.

    check_ids.py DISTILL STUDENT ROWS_FOLDER     (as make.py wrote them)

Also prints how long the rows are. Ends with 1 if one row differs.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys

import trl_common as common
from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer


def ours(distill: str, student: str, path: str, phase: str) -> list[dict]:
    command = [distill, "train", "--phase", phase, "--data", path, "--student", student, "--dry-run"]
    command += ["--output-format", "json", "--set", f"train.{phase}.eval_ratio=0.0"]
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return [json.loads(line) for line in out.splitlines()]


def theirs(student: str, path: str, phase: str) -> list[tuple[list[int], list[int]]]:
    model, tokenizer = common.load(student, "bf16", "sdpa")
    cls, config = (DPOTrainer, DPOConfig) if phase == "align" else (SFTTrainer, SFTConfig)
    trainer = cls(
        model=model,
        args=common.arguments(config, "bf16", per_device_train_batch_size=1),
        train_dataset=common.rows(path),
        processing_class=tokenizer,
        peft_config=common.lora(),
    )
    out = []
    for row in trainer.train_dataset:
        batch = trainer.data_collator([row])
        ids = batch["input_ids"].tolist()
        if phase == "align":
            masks = batch["completion_mask"].tolist()
            real = batch["attention_mask"].sum(-1).tolist()
            labels = [[t if m else -100 for t, m in zip(i, mask)] for i, mask in zip(ids, masks)]
            out += [(i[:n], x[:n]) for i, x, n in zip(ids, labels, real)]
        else:
            out.append((ids[0], batch["labels"].tolist()[0]))
    return out


def main() -> int:
    distill, student, folder = sys.argv[1:]
    bad = 0
    for kind, phase in (("qa", "learn"), ("cot", "mimic"), ("preference", "align")):
        left = ours(distill, student, f"{folder}/distill/{kind}.jsonl", phase)
        right = theirs(student, f"{folder}/trl/{kind}.jsonl", phase)
        same = sum((a["input_ids"], a["labels"]) == b for a, b in zip(left, right))
        fine = same == len(left) == len(right)
        bad += not fine
        lengths = [len(a["input_ids"]) for a in left]
        labels = [sum(x != -100 for x in a["labels"]) for a in left]
        print(
            f"{'ok   ' if fine else 'FAIL '} {kind}: {same} of {len(left)} and {len(right)} sequences are the same; "
            f"tokens median {statistics.median(lengths)}, mean {statistics.mean(lengths):.1f}, max {max(lengths)}; "
            f"with loss {statistics.mean(labels):.1f}"
        )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
