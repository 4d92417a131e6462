#!/usr/bin/env python3
"""Makes fixtures/numeric/quants.json: blocks quantised by ggml itself, with and without importances.

    GGML_BASE=.../libggml-base.so python make_quants.py --commit HASH    # writes ../../fixtures/numeric/quants.json
    GGML_BASE=.../libggml-base.so python make_quants.py --check          # makes it again and compares

`GGML_BASE` is llama.cpp's base library as its CMake build makes it: compiled for x86-64 without fused multiply-add, on
every machine, whatever the kernels beside it are compiled for. Needs numpy. The inputs are not in the file: `rows` and
`importances` make them from integers and single f32 operations, and the Rust tests make the same.
"""

from __future__ import annotations

import argparse
import ctypes
import hashlib
import os
import sys
from pathlib import Path

import numpy as np

from parity_common import differences, read_json, write_json

OUT = Path(__file__).resolve().parent.parent.parent / "fixtures" / "numeric" / "quants.json"
# ggml's name of the function, elements and bytes per block.
TYPES = {
    "Q4_0": ("q4_0", 32, 18),
    "Q4_1": ("q4_1", 32, 20),
    "Q5_0": ("q5_0", 32, 22),
    "Q5_1": ("q5_1", 32, 24),
    "Q8_0": ("q8_0", 32, 34),
    "Q2_K": ("q2_K", 256, 84),
    "Q3_K": ("q3_K", 256, 110),
    "Q4_K": ("q4_K", 256, 144),
    "Q5_K": ("q5_K", 256, 176),
    "Q6_K": ("q6_K", 256, 210),
    "IQ4_NL": ("iq4_nl", 32, 18),
    "IQ4_XS": ("iq4_xs", 256, 136),
}
# Longer than the chunk in which our code works, and no multiple of 16 super-blocks.
COLUMNS = 4096 + 3 * 256
F = np.float32


def normal(seed: int) -> np.ndarray:
    """Close to normal, of variance 1: sums of twelve 16-bit integers of SplitMix64."""
    mask, state, out = 2**64 - 1, seed, []
    for _ in range(COLUMNS):
        total = 0
        for _ in range(3):
            state = (state + 0x9E3779B97F4A7C15) & mask
            z = state
            z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
            z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
            z ^= z >> 31
            total += sum((z >> shift) & 0xFFFF for shift in (0, 16, 32, 48))
        out.append((total - 12 * 0x8000) / 65536)
    return np.array(out, dtype=F)


def rows() -> dict[str, np.ndarray]:
    x = normal(1)
    i = np.arange(COLUMNS)
    return {
        "normal": x * F(0.02),
        "bf16": ((x * F(0.02)).view(np.uint32) & np.uint32(0xFFFF0000)).view(F),
        "heavy": x * x * x * x * x * F(0.001),
        "sparse": np.where(i * 7 % 31 < 2, x, F(0.0)),
        "constant": np.where(i // 256 % 2 == 0, F(0.5), F(-0.25)),
        "tiny": x * F(1e-8),
        "empty": x * F(1e-20),
        "mixed": x * np.exp2((i // 32 * 5 % 23).astype(F) - F(14.0)),
        "positive": np.abs(x) + F(0.3),
        "negative": F(-0.3) - np.abs(x),
        "whole": np.rint(x * F(3.0)),
    }


def importances() -> dict[str, np.ndarray | None]:
    w = normal(2)
    i = np.arange(COLUMNS)
    return {
        "none": None,
        "wide": w * w * w * w + F(1e-4),
        "sparse": np.where(i * 11 % 37 < 3, w * w, F(0.0)),
    }


def quantise(library: ctypes.CDLL, ggml_type: str, row: np.ndarray, importance: np.ndarray | None) -> bytes:
    name, block_len, block_bytes = TYPES[ggml_type]
    pointer = ctypes.POINTER(ctypes.c_float)
    function = getattr(library, f"quantize_{name}")
    function.restype = ctypes.c_size_t
    function.argtypes = [pointer, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, pointer]
    row = np.ascontiguousarray(row, dtype=F)
    out = np.zeros(len(row) // block_len * block_bytes, dtype=np.uint8)
    weights = None if importance is None else np.ascontiguousarray(importance, dtype=F).ctypes.data_as(pointer)
    written = function(row.ctypes.data_as(pointer), out.ctypes.data, 1, len(row), weights)
    assert written == len(out)
    return out.tobytes()


def restored(library: ctypes.CDLL, ggml_type: str, blocks: bytes) -> str:
    function = getattr(library, f"dequantize_row_{TYPES[ggml_type][0]}")
    function.restype = None
    function.argtypes = [ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int64]
    out = np.zeros(COLUMNS, dtype=F)
    function(blocks, out.ctypes.data, COLUMNS)
    return hashlib.sha256(out.tobytes()).hexdigest()[:16]


def initialised(path: str) -> ctypes.CDLL:
    """ggml fills its table of halves when the first context is made."""

    class Params(ctypes.Structure):
        _fields_ = [("mem_size", ctypes.c_size_t), ("mem_buffer", ctypes.c_void_p), ("no_alloc", ctypes.c_bool)]

    library = ctypes.CDLL(path)
    library.ggml_init.restype = ctypes.c_void_p
    library.ggml_init.argtypes = [Params]
    library.ggml_init(Params(1024, None, False))
    return library


def make(commit: str) -> dict:
    library = initialised(os.environ["GGML_BASE"])
    blocks = {
        ggml_type: {
            kind: {
                name: hashlib.sha256(quantise(library, ggml_type, row, importance)).hexdigest()[:16]
                for name, importance in importances().items()
            }
            for kind, row in rows().items()
        }
        for ggml_type in TYPES
    }
    mixed = rows()["mixed"]
    values = {ggml_type: restored(library, ggml_type, quantise(library, ggml_type, mixed, None)) for ggml_type in TYPES}
    return {"llama.cpp": commit, "columns": COLUMNS, "sha256": blocks, "restored": values}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--commit", default="unknown", help="llama.cpp's commit, for the record")
    args = parser.parse_args()
    if args.check:
        stored = read_json(OUT)
        problems = differences(stored, make(stored["llama.cpp"]), 0, 0)
        print("\n".join(problems) or "same")
        return 1 if problems else 0
    write_json(OUT, make(args.commit))
    return 0


if __name__ == "__main__":
    sys.exit(main())
