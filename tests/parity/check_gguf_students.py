#!/usr/bin/env python3
"""Exports of every architecture against llama.cpp's converter and tokenizer.

    python check_gguf_students.py --distill PROGRAM [--types f32 f16 bf16 q8_0] [--out DIR]

Makes the small students of make_gguf_students.py, exports each in the types that the converter writes as well, compares
every key and tensor (check_gguf_meta.py) and the token ids on hostile texts (check_gguf_tokens.py), and lets
llama-gguf-split join a set of files into the one that was exported. LLAMA_CPP_DIR is llama.cpp's source, LLAMA_BIN the
folder of its programs.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from make_gguf_students import STUDENTS, make
from parity_common import Report

HERE = Path(__file__).resolve().parent
# The converter knows none of these tokenizers by its digests, so it has to be told.
PRE = {"llama-tied": "llama-bpe", "llama": "smollm", "mistral": "gpt-2", "qwen2": "qwen2", "qwen3": "qwen2"}


def passes(report: Report, what: str, *command) -> None:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    report.check(done.returncode == 0, what)
    if done.returncode:
        print(done.stdout[-3000:] + done.stderr[-2000:])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--distill", default="distill")
    parser.add_argument("--types", nargs="*", default=["f32", "f16", "bf16", "q8_0"])
    parser.add_argument("--out", type=Path, help="keep students and files here")
    args = parser.parse_args()
    programs = Path(os.environ["LLAMA_BIN"])
    report = Report()
    with tempfile.TemporaryDirectory() as tmp:
        out = args.out or Path(tmp)
        for name in STUDENTS:
            folder = out / f"{name}-instruct-v1.2"
            make(folder, name)
            for quant in args.types:
                file = out / f"{name}-{quant}.gguf"
                passes(report, f"{name} {quant}: exported", args.distill, "export", "-m", folder, "--quant", quant, "-o", file)
                passes(report, f"{name} {quant}: keys and tensors are the converter's", sys.executable,
                       HERE / "check_gguf_meta.py", folder, file, "--pre", PRE[name])  # fmt: skip
            passes(report, f"{name}: token ids are the folder's", sys.executable, HERE / "check_gguf_tokens.py", folder,
                   out / f"{name}-{args.types[0]}.gguf", "--tokenize", programs / "llama-tokenize")  # fmt: skip
        whole = out / f"llama-{args.types[0]}.gguf"
        passes(report, "exported as a set of files", args.distill, "export", "-m", out / "llama-instruct-v1.2", "--quant",
               args.types[0], "--split-size", "1MB", "-o", out / "set.gguf")  # fmt: skip
        first = sorted(out.glob("set-00001-of-*.gguf"))
        joined = out / "joined.gguf"
        joined.unlink(missing_ok=True)
        passes(report, "llama-gguf-split joins it", programs / "llama-gguf-split", "--merge", first[0] if first else "none", joined)
        sys.path.insert(0, str(Path(os.environ["LLAMA_CPP_DIR"]) / "gguf-py"))
        import gguf

        tensors = [{t.name: t.data.tobytes() for t in gguf.GGUFReader(path).tensors} for path in (whole, joined)]
        report.check(tensors[0] == tensors[1], f"the joined file has the {len(tensors[0])} tensors of the whole one")
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
