#!/usr/bin/env python3
"""Makes fixtures/numeric/mixes.json: which tensor llama-quantize gives which type, for models of many shapes.

    LLAMA_QUANTIZE=.../llama-quantize python make_mixes.py --commit HASH  # writes ../../fixtures/numeric/mixes.json
    LLAMA_QUANTIZE=.../llama-quantize python make_mixes.py --check        # makes it again and compares

Models are hollow: their settings and names are whole, each matrix has two rows of zeros. llama-quantize decides on
names, layers and row lengths alone, and `--dry-run` prints what it decided. Needs gguf and numpy.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import gguf
import numpy as np

from parity_common import differences, read_json, write_json

OUT = Path(__file__).resolve().parent.parent.parent / "fixtures" / "numeric" / "mixes.json"
MIXES = ["Q8_0", "Q6_K", "Q5_K_M", "Q5_K_S", "Q4_K_M", "Q4_K_S", "IQ4_NL", "Q4_0", "IQ4_XS", "Q3_K_L", "Q3_K_M"]
MIXES += ["Q3_K_S", "Q2_K"]
# Architecture, layers, hidden, inner, heads, key-value heads, tied.
MODELS = {
    "llama-16-gqa4": ("llama", 16, 256, 512, 8, 2, True),
    "llama-28-gqa3": ("llama", 28, 768, 2048, 6, 2, False),
    "llama-80-gqa8": ("llama", 80, 256, 256, 8, 1, False),
    "llama-80-mha": ("llama", 80, 256, 256, 8, 8, True),
    "llama-30-576": ("llama", 30, 576, 1536, 9, 3, True),
    "llama-3-288": ("llama", 3, 288, 768, 6, 6, False),
    "llama-9-odd": ("llama", 9, 144, 264, 4, 1, True),
    "qwen2-24-896": ("qwen2", 24, 896, 4864, 14, 2, True),
    "qwen2-80-mha": ("qwen2", 80, 256, 256, 8, 8, False),
    "qwen3-80-gqa4": ("qwen3", 80, 256, 256, 8, 2, False),
    "qwen3-36-gqa2": ("qwen3", 36, 512, 1024, 8, 4, True),
}
PARTS = ["attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"]


def hollow(path: Path, arch: str, layers: int, hidden: int, inner: int, heads: int, kv_heads: int, tied: bool) -> None:
    writer = gguf.GGUFWriter(path, arch)
    writer.add_block_count(layers)
    writer.add_context_length(256)
    writer.add_embedding_length(hidden)
    writer.add_feed_forward_length(inner)
    writer.add_head_count(heads)
    writer.add_head_count_kv(kv_heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    writer.add_vocab_size(2)
    matrix = {columns: np.zeros((2, columns), dtype=np.float16) for columns in (hidden, inner)}
    norm = np.zeros(hidden, dtype=np.float32)
    writer.add_tensor("token_embd.weight", matrix[hidden])
    for layer in range(layers):
        writer.add_tensor(f"blk.{layer}.attn_norm.weight", norm)
        writer.add_tensor(f"blk.{layer}.ffn_norm.weight", norm)
        for part in PARTS:
            writer.add_tensor(f"blk.{layer}.{part}.weight", matrix[inner if part == "ffn_down" else hidden])
    writer.add_tensor("output_norm.weight", norm)
    if not tied:
        writer.add_tensor("output.weight", matrix[hidden])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def importance(path: Path) -> None:
    """One entry is enough: types depend on whether there is a matrix."""
    writer = gguf.GGUFWriter(path, "")
    writer.kv_data[0].clear()
    writer.add_string("general.type", "imatrix")
    writer.add_array("imatrix.datasets", ["rows"])
    writer.add_uint32("imatrix.chunk_count", 1)
    writer.add_uint32("imatrix.chunk_size", 8)
    writer.add_tensor("blk.0.attn_q.weight.in_sum2", np.ones((1, 256), dtype=np.float32))
    writer.add_tensor("blk.0.attn_q.weight.counts", np.ones((1, 1), dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def runs(types: list[str]) -> str:
    """`Q5_K*2 Q4_K*14`."""
    out: list[list] = []
    for ggml_type in types:
        if out and out[-1][0] == ggml_type:
            out[-1][1] += 1
        else:
            out.append([ggml_type, 1])
    return " ".join(f"{ggml_type}*{count}" for ggml_type, count in out)


def decided(model: Path, mix: str, layers: int, *more: str) -> dict[str, str]:
    command = [os.environ["LLAMA_QUANTIZE"], "--dry-run", *more, str(model), mix]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    text = done.stdout + done.stderr
    types = {}
    for name, line in re.findall(r"^\[ *\d+/ *\d+\] +(\S+) +-(.*)$", text, re.MULTILINE):
        arrow = re.search(r"-> .*\((\S+)\)", line)
        types[name] = (arrow or re.search(r"type = +(\w+)", line)).group(1).upper()
    out = {part: runs([types[f"blk.{layer}.{part}.weight"] for layer in range(layers)]) for part in PARTS}
    norms = {ggml_type for name, ggml_type in types.items() if "norm" in name}
    assert norms == {"F32"}, norms
    return out | {name: types[f"{name}.weight"] for name in ("token_embd", "output") if f"{name}.weight" in types}


def make(commit: str) -> dict:
    models = {}
    with tempfile.TemporaryDirectory() as folder:
        matrix = Path(folder) / "importance.gguf"
        importance(matrix)
        for name, shape in MODELS.items():
            model = Path(folder) / f"{name}.gguf"
            hollow(model, *shape)
            mixes = {}
            for mix in MIXES:
                mixes[mix] = plain = decided(model, mix, shape[1])
                weighted = decided(model, mix, shape[1], "--imatrix", str(matrix))
                if weighted != plain:
                    mixes[f"{mix} with importance"] = weighted
            # What all matrices of a mix share is said once.
            for mix, parts in mixes.items():
                same = parts["attn_q"]
                mixes[mix] = {part: types for part, types in parts.items() if part == "attn_q" or types != same}
            keys = ("architecture", "layers", "hidden", "inner", "heads", "kv_heads", "tied")
            models[name] = dict(zip(keys, shape)) | {"mixes": mixes}
    return {"llama.cpp": commit, "models": models}


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
