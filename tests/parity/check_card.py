#!/usr/bin/env python3
"""Holds cards of `distill card` against the libraries that read them.

    distill card FOLDER -o FOLDER/README.md --license cc-by-4.0 --language en
    python check_card.py FOLDER..

`huggingface_hub` has to take the header and write it again without loss, and `datasets.load_dataset` has to load every
configuration from the folder alone, with the columns and the number of rows that the header promises.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")

from datasets import get_dataset_config_names, load_dataset
from huggingface_hub import DatasetCard, DatasetCardData

from parity_common import Report, print_versions

SIZES = [(1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M")]
NEEDED = ("license", "language", "size_categories", "task_categories", "pretty_name", "configs", "dataset_info")


def check_folder(report: Report, folder: Path) -> None:
    name = folder.name
    card = DatasetCard((folder / "README.md").read_text(encoding="utf-8"))
    report.check(isinstance(card.data, DatasetCardData), f"{name}: huggingface_hub takes the header")
    header = card.data.to_dict()
    again = DatasetCard(f"---\n{card.data.to_yaml()}\n---\n").data.to_dict()
    report.check(again == header, f"{name}: it is written again without loss")
    lacking = [key for key in NEEDED if not header.get(key)]
    report.check(not lacking, f"{name}: what the Hub asks for is there; lacking: {lacking or 'nothing'}")

    promised = {info["config_name"]: info for info in header["dataset_info"]}
    configs = get_dataset_config_names(str(folder))
    declared = [config["config_name"] for config in header["configs"]]
    report.check(sorted(configs) == sorted(declared), f"{name}: configurations {configs}, declared {declared}")
    total = 0
    with tempfile.TemporaryDirectory() as cache:
        for config in configs:
            loaded = load_dataset(str(folder), config, cache_dir=cache)
            rows = {split: len(part) for split, part in loaded.items()}
            expected = {split["name"]: split["num_examples"] for split in promised[config]["splits"]}
            report.check(rows == expected, f"{name}: {config} loads {rows}, promised {expected}")
            columns = [feature["name"] for feature in promised[config].get("features", [])]
            for split, part in loaded.items():
                same = not columns or part.column_names == columns
                report.check(same, f"{name}: {config} {split} has the columns {part.column_names}")
                report.check(len(part[0]) == len(part.column_names), f"{name}: {config} {split} gives its first row")
            total += sum(rows.values())
    size = next((size for limit, size in SIZES if total < limit), "1M<n<10M")
    report.check(header["size_categories"] == [size], f"{name}: size category {header['size_categories']} of {total} rows")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    args = parser.parse_args()
    print_versions("huggingface_hub", "datasets", "pyarrow")
    report = Report()
    for folder in args.folders:
        check_folder(report, folder)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
