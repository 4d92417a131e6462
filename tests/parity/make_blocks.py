#!/usr/bin/env python3
"""Makes fixtures/numeric/blocks.json: NF4, the 8-bit dynamic maps and AdamW with 8-bit moments by bitsandbytes.

    python make_blocks.py                  # writes ../../fixtures/numeric/blocks.json
    python make_blocks.py --check          # makes it again and compares, bit for bit where bits are stored

Needs torch and bitsandbytes; no GPU. The inputs are not in the file: `inputs` below makes them from integers alone, and
the Rust tests make the same.

Which bitsandbytes: its CPU backend quantises to 8 bits through a table of 65,536 steps over [-1, 1], which misses the
nearest code now and then and cannot tell 0 from 1.5e-5. Its GPU kernel and its reference operation (the kernel for
"any device") search exactly. The goldens come from the reference operation; `cpu_backend` says how many codes the CPU
backend gives otherwise. NF4 codes come from the same operation on every CPU.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import bitsandbytes as bnb
import bitsandbytes.backends.cpu.ops as cpu_ops
import bitsandbytes.functional as F
import torch

from parity_common import differences, read_json, versions, write_json

OUT = Path(__file__).resolve().parent.parent.parent / "fixtures" / "numeric" / "blocks.json"
REFERENCE = torch._C.DispatchKey.CompositeExplicitAutograd


def inputs(count: int, seed: int, scale: float) -> torch.Tensor:
    """Close to normal, from integers alone: sums of twelve 16-bit integers of SplitMix64, rounded to bf16."""
    mask, state, out = 2**64 - 1, seed, []
    for _ in range(count):
        total = 0
        for _ in range(3):
            state = (state + 0x9E3779B97F4A7C15) & mask
            z = state
            z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
            z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
            z ^= z >> 31
            total += sum((z >> shift) & 0xFFFF for shift in (0, 16, 32, 48))
        out.append((total - 12 * 0x8000) / 65536)
    return (torch.tensor(out, dtype=torch.float64) * scale).float().bfloat16().float()


def ties() -> torch.Tensor:
    """Every midpoint of NF4 with its f32 neighbours, in blocks whose largest magnitude is 1; then zeros of both signs
    and numbers so small that their reciprocal is infinite."""
    code = F.get_4bit_type("nf4", device="cpu")
    middle = (code[:-1] + code[1:]) / 2
    up, down = (torch.nextafter(middle, torch.tensor(to)) for to in (2.0, -2.0))
    first = torch.cat([middle, up, down, torch.tensor([-1.0])])
    first = torch.cat([first, torch.zeros(64 - len(first))])
    zeros = torch.cat([torch.zeros(32), -torch.zeros(32)])
    tiny = torch.tensor([1e-45, -1e-40, 3e-39, 0.0]).repeat(16)
    return torch.cat([first, zeros, tiny, torch.zeros(20)])


def hexed(x: torch.Tensor) -> str:
    """The bytes, little endian; their SHA-256 where they are many."""
    data = x.detach().contiguous().view(torch.uint8).numpy().tobytes()
    return data.hex() if len(data) <= 256 else "sha256:" + hashlib.sha256(data).hexdigest()


def exact_blockwise(x: torch.Tensor, code: torch.Tensor, blocksize: int) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.ops.bitsandbytes.quantize_blockwise.default._op_dk(REFERENCE, x, code, blocksize)


def exact_dequantize(codes: torch.Tensor, absmax: torch.Tensor, shape: list[int]) -> torch.Tensor:
    """The reference, since the vector kernel indexes scales by row and is wrong where blocks straddle rows."""
    op = torch.ops.bitsandbytes.dequantize_4bit.default
    return op._op_dk(REFERENCE, codes, absmax, 64, "nf4", shape, torch.float32)


def nf4(weight: torch.Tensor, shape: list[int]) -> dict:
    codes, state = F.quantize_4bit(weight.reshape(shape), quant_type="nf4")
    offset = state.absmax.mean()
    double_codes, double_absmax = exact_blockwise(state.absmax - offset, F.create_dynamic_map(), 256)
    _, compressed = F.quantize_4bit(weight.reshape(shape), quant_type="nf4", compress_statistics=True)
    scales = F.create_dynamic_map()[double_codes.int()] * double_absmax.repeat_interleave(256)[: len(double_codes)] + offset
    return {
        "shape": shape,
        "codes": hexed(codes),
        "absmax": hexed(state.absmax),
        "dequantized": hexed(exact_dequantize(codes, state.absmax, shape)),
        "double": {
            "offset": hexed(offset.reshape(1)),
            "codes": hexed(double_codes),
            "absmax": hexed(double_absmax),
            "dequantized": hexed(exact_dequantize(codes, scales, shape)),
            "cpu_backend_differs_in": int((compressed.absmax != double_codes).sum()),
        },
    }


def adamw(steps: int, exact: bool) -> tuple[list[torch.nn.Parameter], bnb.optim.AdamW8bit]:
    """Two tensors: 17 blocks of which the last is short, and one under 4,096 parameters."""
    table = cpu_ops._quant_blockwise_fp32_direct

    def search(x, code, absmax_out, codes_out, blocksize):
        codes, absmax = exact_blockwise(x, code, blocksize)
        codes_out.copy_(codes)
        absmax_out.copy_(absmax)

    parameters = [torch.nn.Parameter(inputs(count, seed, 0.02)) for count, seed in ((4196, 11), (300, 12))]
    optimizer = bnb.optim.AdamW8bit(parameters, lr=1e-3, weight_decay=0.01)
    cpu_ops._quant_blockwise_fp32_direct = search if exact else table
    try:
        for step in range(steps):
            for i, parameter in enumerate(parameters):
                # Decades of gradients within a block, so that the small second moments fall to code 0.
                decades = torch.tensor([1.0, 0.1, 0.01, 0.001]).repeat(parameter.numel() // 4)
                parameter.grad = inputs(parameter.numel(), 100 + 10 * step + i, 0.01) * decades
            optimizer.step()
    finally:
        cpu_ops._quant_blockwise_fp32_direct = table
    return parameters, optimizer


def moments(steps: int) -> dict:
    (large, small), optimizer = adamw(steps, exact=True)
    (by_table, _), with_table = adamw(steps, exact=False)
    state, plain, table = optimizer.state[large], optimizer.state[small], with_table.state[by_table]
    some = slice(None, None, 41)
    return {
        "steps": steps,
        "every": 41,
        "large": [float(x) for x in large.detach()[some]],
        "m_codes": hexed(state["state1"][some]),
        "v_codes": hexed(state["state2"][some]),
        "m_absmax": [float(x) for x in state["absmax1"]],
        "v_absmax": [float(x) for x in state["absmax2"]],
        "small": [float(x) for x in small.detach()[some]],
        "m_plain": [float(x) for x in plain["state1"][some]],
        "v_plain": [float(x) for x in plain["state2"][some]],
        "cpu_backend": {
            "m_codes_differ_in": int((table["state1"] != state["state1"]).sum()),
            "v_codes_differ_in": int((table["state2"] != state["state2"]).sum()),
            "parameters_differ_by": float((by_table - large).detach().abs().max()),
        },
    }


def everything() -> dict:
    sheet = torch.tensor([(((i * 2654435761) % 2**32) >> 8) / 2**23 - 1 for i in range(64)], dtype=torch.float32)
    return {
        "versions": versions("torch", "bitsandbytes", "numpy"),
        "dynamic_maps": {
            "signed": F.create_dynamic_map(signed=True).numpy().tobytes().hex(),
            "unsigned": F.create_dynamic_map(signed=False).numpy().tobytes().hex(),
        },
        "nf4": {
            "formula": nf4(sheet, [8, 8]),
            "straddling": nf4(inputs(6 * 40, 1, 0.02), [6, 40]),
            "odd": nf4(inputs(3 * 7, 2, 0.02), [3, 7]),
            "ties": nf4(ties(), [1, 212]),
            "layer": nf4(inputs(128 * 576, 3, 0.02), [128, 576]),
        },
        "adamw8bit": moments(5),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(1)
    if not args.check:
        write_json(args.out, everything())
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "blocks.json"
        write_json(path, everything())
        found = differences(read_json(args.out), read_json(path), rtol=1e-6, atol=1e-9)
    found = [line for line in found if "versions" not in line]
    print("\n".join(found) or "blocks.json: same")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
