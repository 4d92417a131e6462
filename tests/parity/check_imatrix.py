#!/usr/bin/env python3
"""Compares exports with an importance matrix, block for block, with llama-quantize, and reads each other's matrices.

    python check_imatrix.py --distill target/release/distill --llama-cpp BUILD/bin --model FOLDER --text FILE

Every mix is made three times: by llama-quantize with a matrix of llama-imatrix, by distill with the same matrix (in
both of its formats), and by distill without one. Then distill makes a matrix from the text, and llama-quantize has to
give the same file with it. A tensor differs when its type or any byte does. Needs gguf and numpy.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import gguf
import numpy as np

MIXES = ["Q8_0", "Q6_K", "Q5_K_M", "Q5_K_S", "Q4_K_M", "Q4_K_S", "IQ4_NL", "Q4_0", "IQ4_XS", "Q3_K_L", "Q3_K_M"]
MIXES += ["Q3_K_S", "Q2_K"]


def run(*command: object) -> None:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")


def tensors(path: Path) -> dict[str, tuple[str, np.ndarray]]:
    return {t.name: (t.tensor_type.name, t.data.reshape(-1).view(np.uint8)) for t in gguf.GGUFReader(path).tensors}


def compare(ours: Path, theirs: Path) -> tuple[int, int, list[str]]:
    """Bytes that differ, bytes in all, and what else is wrong."""
    mine, other = tensors(ours), tensors(theirs)
    problems = [f"{name} is on one side only" for name in sorted(mine.keys() ^ other.keys())]
    different = total = 0
    for name in mine.keys() & other.keys():
        (type_a, a), (type_b, b) = mine[name], other[name]
        if type_a != type_b:
            problems.append(f"{name} is {type_a} here and {type_b} there")
            continue
        different += int((a != b).sum())
        total += len(a)
    return different, total, problems


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--distill", type=Path, required=True)
    parser.add_argument("--llama-cpp", type=Path, required=True, help="the folder of its programs")
    parser.add_argument("--model", type=Path, required=True, help="a Hugging Face folder")
    parser.add_argument("--text", type=Path, required=True, help="some thousand words")
    parser.add_argument("--mixes", nargs="*", default=MIXES)
    parser.add_argument("--tokens", type=int, default=128, help="tokens of a chunk")
    args = parser.parse_args()
    failed = False

    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        exact = folder / "exact.gguf"
        # What is not called a text would be read as rows.
        text = folder / "text.txt"
        text.write_bytes(args.text.read_bytes())
        export = [args.distill, "export", "--model"]
        run(*export, args.model, "-o", exact, "--quant", "bf16")
        matrices = {}
        for form in ("gguf", "dat"):
            matrices[form] = folder / f"theirs.{form}"
            run(
                args.llama_cpp / "llama-imatrix", "-m", exact, "-f", text, "-o", matrices[form],
                "--output-format", form, "-c", args.tokens, "--chunks", 4,
            )  # fmt: skip
        matrices["ours"] = folder / "ours.gguf"
        out = folder / "out.gguf"
        run(*export, exact, "-o", out, "--quant", "q8_0", "--calibrate", text, "--save-imatrix", matrices["ours"])
        for mix in args.mixes:
            for form, matrix in [("none", None), *matrices.items()]:
                theirs = folder / "theirs-out.gguf"
                with_matrix = [] if matrix is None else ["--imatrix", matrix]
                run(args.llama_cpp / "llama-quantize", *with_matrix, exact, theirs, mix, 2)
                run(*export, exact, "-o", out, "--quant", mix.lower(), *with_matrix)
                different, total, problems = compare(out, theirs)
                # A build of llama.cpp with fused multiply-add moves a few blocks.
                failed |= bool(problems) or different > total * 0.002
                print(f"{mix:8} {form:5} {different:9} of {total} bytes differ", *problems[:3], sep="  ", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
