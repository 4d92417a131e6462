#!/usr/bin/env python3
"""Opens Parquet files that distill wrote with pandas and with `datasets`, as a trainer would, and checks their columns.

    python check_parquet.py FILE.parquet.. [--kind qa|cot|preference]

The kind is taken from the columns unless it is given.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")

import pandas as pd
import pyarrow.parquet as pq
from datasets import load_dataset

from parity_common import Report, print_versions

KINDS = {
    "cot": ("instruction", "thought", "response"),
    "qa": ("instruction", "context", "response"),
    "preference": ("prompt", "chosen", "rejected"),
}
MAY_BE_EMPTY = {"context"}


def kind_of(columns: list[str]) -> str | None:
    return next((k for k, needed in KINDS.items() if set(needed) <= set(columns)), None)


def check_file(report: Report, path: str, kind: str | None) -> None:
    file = pq.ParquetFile(path)
    meta = file.metadata
    codecs = {meta.row_group(g).column(c).compression for g in range(meta.num_row_groups) for c in range(meta.num_columns)}
    print(f"{path}: {meta.num_rows} rows, {meta.num_row_groups} row groups, {sorted(codecs)}, written by {meta.created_by}")
    for field in file.schema_arrow:
        print(f"        {field.name}: {field.type}")
    for key, value in (meta.metadata or {}).items():
        if key != b"ARROW:schema":
            print(f"        metadata {key.decode()}: {value.decode('utf-8', 'replace')[:100]}")

    frame = pd.read_parquet(path)
    with tempfile.TemporaryDirectory() as cache:
        rows = load_dataset("parquet", data_files=path, split="train", cache_dir=cache)
        report.check(len(frame) == len(rows) == meta.num_rows, f"pandas and datasets both read {meta.num_rows} rows")
        report.check(list(frame.columns) == rows.column_names, f"the same {len(rows.column_names)} columns in both")
        kind = kind or kind_of(rows.column_names)
        if not report.check(kind is not None, f"kind: {kind}"):
            return
        for column in KINDS[kind]:
            if not report.check(column in rows.column_names, f"column {column}"):
                continue
            values = rows[column][:]
            report.check(values == frame[column].tolist(), f"{column}: the same values in both")
            report.check(all(isinstance(v, str) for v in values), f"{column}: text in every row")
            if column not in MAY_BE_EMPTY:
                report.check(all(str(v).strip() for v in values), f"{column}: nowhere empty")
        if kind == "preference":
            pairs = zip(rows["chosen"][:], rows["rejected"][:])
            report.check(all(c != r for c, r in pairs), "chosen and rejected differ in every row")
        if "id" in rows.column_names:
            report.check(len(set(rows["id"][:])) == len(rows), "ids are unique")
        if len(rows):
            print("        first row: " + ", ".join(f"{c}={str(rows[0][c])[:70]!r}" for c in KINDS[kind] if c in rows.column_names))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+")
    parser.add_argument("--kind", choices=sorted(KINDS))
    args = parser.parse_args()
    print_versions("pandas", "pyarrow", "datasets")
    report = Report()
    for path in args.files:
        check_file(report, path, args.kind)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
