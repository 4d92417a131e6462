#!/usr/bin/env python3
"""Two GGUFs tensor by tensor: the share of bytes that differ, by type. One JSON line, and a table with --table.

    same_bytes.py OURS.gguf THEIRS.gguf --llama-cpp DIR [--table]

Tensors are found by name, so their order may differ. A tensor with another type or shape counts as wholly different and
is named. For the tensor that differs most the line also has its share.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np


def raw(tensor) -> np.ndarray:
    return np.ascontiguousarray(tensor.data).view(np.uint8).reshape(-1)


def compare(ours: dict, theirs: dict) -> dict:
    types: dict[str, dict] = {}
    odd = [f"{n}: only in one file" for n in sorted(ours.keys() ^ theirs.keys())]
    for name in sorted(ours.keys() & theirs.keys()):
        a, b = ours[name], theirs[name]
        kind = types.setdefault(b.tensor_type.name, {"tensors": 0, "equal": 0, "bytes": 0, "differ": 0, "worst": 0.0, "worst_name": ""})
        size = int(b.n_bytes)
        if a.tensor_type != b.tensor_type or list(a.shape) != list(b.shape):
            odd.append(f"{name}: {a.tensor_type.name} {list(a.shape)} against {b.tensor_type.name} {list(b.shape)}")
            differ = size
        else:
            differ = int(np.count_nonzero(raw(a) != raw(b)))
        kind["tensors"] += 1
        kind["equal"] += differ == 0
        kind["bytes"] += size
        kind["differ"] += differ
        if differ / max(size, 1) > kind["worst"]:
            kind["worst"], kind["worst_name"] = differ / size, name
    every = sum(k["bytes"] for k in types.values())
    return {"share": sum(k["differ"] for k in types.values()) / max(every, 1), "bytes": every, "odd": odd, "types": types}


def table(found: dict) -> str:
    lines = ["| type | tensors | of them equal | MB | bytes that differ | worst tensor |", "| --- | --: | --: | --: | --: | --- |"]
    for name, k in sorted(found["types"].items()):
        worst = f"{k['worst_name']} {100 * k['worst']:.3f} %" if k["differ"] else "-"
        share = 100 * k["differ"] / max(k["bytes"], 1)
        lines.append(f"| {name} | {k['tensors']} | {k['equal']} | {k['bytes'] / 1e6:.1f} | {share:.4f} % | {worst} |")
    return "\n".join([*lines, *(f"! {o}" for o in found["odd"][:20])])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ours")
    parser.add_argument("theirs")
    parser.add_argument("--llama-cpp", type=Path, required=True, help="its gguf-py reads both files")
    parser.add_argument("--table", action="store_true")
    args = parser.parse_args()
    sys.path.insert(0, str(args.llama_cpp / "gguf-py"))
    import gguf

    ours, theirs = ({t.name: t for t in gguf.GGUFReader(p).tensors} for p in (args.ours, args.theirs))
    found = compare(ours, theirs)
    print(table(found) if args.table else json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
