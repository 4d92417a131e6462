#!/usr/bin/env python3
"""text-dedup's MinHash with its own settings but the length of runs: `near_text_dedup.py ROWS.jsonl FOLDER`.

Runs of three words as in the others (its own are of five), 250 permutations, threshold 0.7. Prints the rows it drops.
"""
import json
import os
import pathlib
import shutil
import sys

os.environ["HF_HUB_OFFLINE"] = "1"

from text_dedup.minhash import main  # noqa: E402

rows, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
# What is cached from a run before would not be measured.
shutil.rmtree(folder, ignore_errors=True)
folder.mkdir(parents=True)
texts = folder / "texts.jsonl"
with open(rows, encoding="utf-8") as source, open(texts, "w", encoding="utf-8") as target:
    for at, line in enumerate(source):
        row = json.loads(line)
        target.write(json.dumps({"row": at, "text": row["instruction"] + " " + row["response"]}) + "\n")
count = at + 1
words = ["--path", "json", "--data_files", str(texts), "--split", "train", "--column", "text", "--ngram", "3"]
words += ["--cache_dir", str(folder / "cache"), "--output", str(folder / "out"), "--num_proc", "2", "--min_length", "0"]
main(args=words, standalone_mode=False)

from datasets import load_from_disk  # noqa: E402

kept = set(load_from_disk(str(folder / "out"))["row"])
print(json.dumps([row for row in range(count) if row not in kept]))
