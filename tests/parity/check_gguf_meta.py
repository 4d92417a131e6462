#!/usr/bin/env python3
"""Compares a GGUF of distill's with the one llama.cpp makes from the same Hugging Face folder.

    python check_gguf_meta.py HF_DIR MODEL.gguf --llama-cpp DIR [--quantize LLAMA_QUANTIZE] [--pre llama-bpe]

Runs llama.cpp's own convert_hf_to_gguf.py (and llama-quantize where the file is quantised), then compares key by key
and tensor by tensor: names, shapes, types, bytes. For tensors whose bytes differ it prints the share, and for quantised
ones the error of both against the unquantised values.

The converter recognises a tokenizer by a digest and refuses those it does not know, such as the small ones of our own
tests; --pre answers for it. LLAMA_CPP_DIR and LLAMA_QUANTIZE in the environment stand for the two paths.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from parity_common import Report, print_versions

# Ours alone, or made by llama-quantize from files of its own: shown, but free to differ.
FREE = ("quantize.imatrix", "distill.")
# More than the converter writes, and welcome: what llama.cpp would guess by text or by name is said.
EXTRA = (
    "tokenizer.ggml.bos_token_id",
    "tokenizer.ggml.eot_token_id",
    "tokenizer.ggml.eom_token_id",
    "tokenizer.ggml.add_bos_token",
    "tokenizer.ggml.add_eos_token",
    "general.alignment",
)
CONVERTER_TYPES = {0: "f32", 1: "f16", 7: "q8_0", 32: "bf16"}
QUANTIZE_TYPES = {
    2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S", 12: "Q3_K_M", 13: "Q3_K_L",
    14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K", 30: "IQ4_XS",
}  # fmt: skip
# Runs the converter with the answer to "which pre-tokenizer is it" already given.
WITH_PRE = """
import runpy, sys
root, pre = sys.argv[1:3]
sys.path[:0] = [root + "/gguf-py", root]
from conversion.base import TextModel
TextModel.get_vocab_base_pre = lambda self, tokenizer: pre
sys.argv = ["convert_hf_to_gguf.py", *sys.argv[3:]]
runpy.run_path(root + "/convert_hf_to_gguf.py", run_name="__main__")
"""


def run(command: list[str], what: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "HF_HUB_OFFLINE": "1"})
    if done.returncode:
        print(done.stdout[-2000:] + done.stderr[-4000:])
        raise SystemExit(f"{what} failed with status {done.returncode}")


def convert(llama_cpp: Path, folder: str, outtype: str, out: Path, pre: str | None) -> None:
    rest = [folder, "--outtype", outtype, "--outfile", str(out)]
    script = [sys.executable, str(llama_cpp / "convert_hf_to_gguf.py")]
    if pre:
        script = [sys.executable, "-c", WITH_PRE, str(llama_cpp), pre]
    run(script + rest, "convert_hf_to_gguf.py")


def fields(reader) -> dict[str, tuple[str, object]]:
    """Key -> (type, value), without the header entries that the reader presents as fields."""
    out = {}
    for key, field in reader.fields.items():
        if not key.startswith("GGUF."):
            out[key] = ("/".join(t.name for t in field.types), field.contents())
    return out


def short(value: object) -> str:
    if isinstance(value, list):
        return f"[{len(value)} items]"
    text = repr(value)
    return text if len(text) < 80 else text[:77] + "..."


def compare_keys(report: Report, ours: dict, theirs: dict) -> None:
    same = 0
    for key in sorted(ours.keys() | theirs.keys()):
        free = key.startswith(FREE) or (key in EXTRA and key not in theirs)
        a, b = ours.get(key), theirs.get(key)
        if key == "tokenizer.chat_templates" and a and b:
            # The converter takes the names from a set, in any order.
            a, b = (a[0], sorted(a[1])), (b[0], sorted(b[1]))
        if a == b:
            same += 1
            continue
        if a is None or b is None:
            line = f"{key}: only in {'llama.cpp' if a is None else 'distill'}'s file: {short((b if a is None else a)[1])}"
        elif a[0] != b[0]:
            line = f"{key}: type {a[0]} against llama.cpp's {b[0]}"
        else:
            line = f"{key}: {short(a[1])} against llama.cpp's {short(b[1])}"
            if isinstance(a[1], list) and isinstance(b[1], list):
                n = sum(x != y for x, y in zip(a[1], b[1]))
                at = next((i for i, (x, y) in enumerate(zip(a[1], b[1])) if x != y), None)
                line += f", {n} differ" + (f", first at {at}: {a[1][at]!r} against {b[1][at]!r}" if at is not None else "")
        if free:
            print(f"info  {line}")
        else:
            report.check(False, line)
    report.check(same > 0, f"{same} keys equal in type and value")
    order = [[key for key in side if key in ours and key in theirs] for side in (ours, theirs)]
    report.check(order[0] == order[1], "the keys stand in the converter's order")


def raw(tensor) -> np.ndarray:
    return np.ascontiguousarray(tensor.data).view(np.uint8).reshape(-1)


def compare_tensors(report: Report, gguf, ours: dict, theirs: dict, exact: dict, max_share: float) -> None:
    report.check(
        ours.keys() == theirs.keys(),
        f"{len(theirs)} tensors"
        + "".join(f"\n        missing {n}" for n in sorted(theirs.keys() - ours.keys())[:8])
        + "".join(f"\n        too many: {n}" for n in sorted(ours.keys() - theirs.keys())[:8]),
    )
    if list(ours) != list(theirs):
        print("info  tensors stand in another order than llama.cpp's, which is allowed")
    equal = 0
    kinds: dict[str, int] = {}
    for name in [n for n in theirs if n in ours]:
        a, b = ours[name], theirs[name]
        kinds[b.tensor_type.name] = kinds.get(b.tensor_type.name, 0) + 1
        if list(a.shape) != list(b.shape):
            report.check(False, f"{name}: shape {list(a.shape)} against {list(b.shape)}")
            continue
        if a.tensor_type != b.tensor_type:
            report.check(False, f"{name}: {a.tensor_type.name} against llama.cpp's {b.tensor_type.name}")
            continue
        x, y = raw(a), raw(b)
        if np.array_equal(x, y):
            equal += 1
            continue
        share = float((x != y).mean())
        type_name = b.tensor_type.name
        values = [gguf.quants.dequantize(t.data, t.tensor_type).astype(np.float64).reshape(-1) for t in (a, b)]
        line = f"{name} ({type_name}): {100 * share:.3f} % of {x.size} bytes differ, values by up to {np.abs(values[0] - values[1]).max():.3g}"
        if type_name == "F32" and name.startswith("rope_freqs"):
            # Worked out from the configuration, so the last bit may differ.
            report.check(np.allclose(values[0], values[1], rtol=2e-6, atol=0), line)
            continue
        if name in exact and type_name not in ("F32", "F16", "BF16"):
            t = exact[name]
            true = gguf.quants.dequantize(t.data, t.tensor_type).astype(np.float64).reshape(-1)
            errors = [float(np.sqrt(np.mean((v - true) ** 2))) for v in values]
            line += f"; RMSE {errors[0]:.4g} against llama.cpp's {errors[1]:.4g} ({100 * (errors[0] / errors[1] - 1):+.2f} %)"
            report.check(share <= max_share, line)
        else:
            report.check(False, line)
    report.check(equal > 0, f"{equal} of {len(theirs)} tensors equal byte for byte; types {kinds}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("hf")
    parser.add_argument("gguf")
    parser.add_argument("--llama-cpp", default=os.environ.get("LLAMA_CPP_DIR"), help="source folder of llama.cpp")
    parser.add_argument("--quantize", default=os.environ.get("LLAMA_QUANTIZE"), help="the llama-quantize binary")
    parser.add_argument("--pre", help="tokenizer.ggml.pre for a tokenizer that the converter does not know")
    parser.add_argument("--from", dest="source", choices=["f32", "bf16", "f16"], default=None,
                        help="type of the file that llama-quantize starts from (default: the folder's)")  # fmt: skip
    parser.add_argument("--max-share", type=float, default=0.005, help="share of bytes per quantised tensor that may differ")
    parser.add_argument("--keep", type=Path, help="keep llama.cpp's files in this folder")
    args = parser.parse_args()
    if not args.llama_cpp:
        parser.error("--llama-cpp or LLAMA_CPP_DIR is needed")
    llama_cpp = Path(args.llama_cpp)
    # The reader that belongs to this llama.cpp; the package of the same name may be older.
    sys.path.insert(0, str(llama_cpp / "gguf-py"))
    import gguf

    print_versions("numpy", "torch", "transformers")
    report = Report()
    reader = gguf.GGUFReader(args.gguf)
    ours = fields(reader)
    file_type = ours.get("general.file_type", (None, None))[1]
    print(f"      {args.gguf}: general.file_type {file_type}")
    with tempfile.TemporaryDirectory() as tmp:
        folder = args.keep or Path(tmp)
        folder.mkdir(parents=True, exist_ok=True)
        if file_type in CONVERTER_TYPES:
            reference = folder / f"reference-{CONVERTER_TYPES[file_type]}.gguf"
            convert(llama_cpp, args.hf, CONVERTER_TYPES[file_type], reference, args.pre)
            source = reference
        elif file_type in QUANTIZE_TYPES:
            if not args.quantize:
                parser.error(f"the file is {QUANTIZE_TYPES[file_type]}: --quantize or LLAMA_QUANTIZE is needed")
            source = folder / f"reference-{args.source or 'auto'}.gguf"
            convert(llama_cpp, args.hf, args.source or "auto", source, args.pre)
            reference = folder / f"reference-{QUANTIZE_TYPES[file_type]}.gguf"
            run([args.quantize, str(source), str(reference), QUANTIZE_TYPES[file_type], "1"], "llama-quantize")
        else:
            raise SystemExit(f"general.file_type {file_type} is not one that this script knows")
        theirs = gguf.GGUFReader(reference)
        exact = gguf.GGUFReader(source)
        compare_keys(report, ours, fields(theirs))
        by_name = [{t.name: t for t in r.tensors} for r in (reader, theirs, exact)]
        compare_tensors(report, gguf, *by_name, args.max_share)
        offsets = [t.data_offset for t in reader.tensors]
        report.check(all(o % 32 == 0 for o in offsets) and offsets == sorted(offsets), "data is aligned and in order")
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
