#!/usr/bin/env python3
"""Loads a PEFT adapter that distill wrote, with PEFT and transformers, and compares logits with distill's own.

    python check_adapter.py BASE_DIR ADAPTER_DIR LOGITS.json

LOGITS.json is what `distill eval logits` prints: {"ids": [..], "logits": [[..], ..]}, one row of logits per id, or a
list of such objects. PEFT does not fail on an adapter whose names it does not know, it only warns and behaves as the
base model, so this script also insists that every tensor of the file was taken and that the adapter changes the logits.
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import numpy as np
import torch
from peft import PeftModel, get_peft_model_state_dict
from safetensors import safe_open
from transformers import AutoModelForCausalLM

from parity_common import Report, compare_logits, load_cases, print_versions


def hf_logits(model, ids: list[int]) -> np.ndarray:
    with torch.no_grad():
        return model(input_ids=torch.tensor([ids]), use_cache=False).logits[0].float().numpy()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base")
    parser.add_argument("adapter")
    parser.add_argument("logits")
    parser.add_argument("--dtype", default="float32", choices=["float32", "bfloat16"], help="type of the base weights")
    parser.add_argument("--nmse", type=float, default=1e-6)
    parser.add_argument("--allow-no-effect", action="store_true", help="for an adapter whose B is still zero")
    args = parser.parse_args()
    print_versions("torch", "transformers", "peft", "safetensors", "numpy")
    report = Report()

    path = os.path.join(args.adapter, "adapter_model.safetensors")
    with safe_open(path, "pt") as f:
        names, metadata = set(f.keys()), f.metadata()
        shapes = {n: f.get_slice(n).get_shape() for n in names}
    report.check((metadata or {}).get("format") == "pt", f"safetensors metadata is {metadata}")

    base = AutoModelForCausalLM.from_pretrained(args.base, dtype=args.dtype, attn_implementation="eager").eval()
    cases = load_cases(args.logits)
    plain = [hf_logits(base, c["ids"]) for c in cases]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = PeftModel.from_pretrained(base, args.adapter).eval()
    for w in caught:
        if issubclass(w.category, FutureWarning):
            continue  # about names inside transformers, not about this adapter
        print(f"      warning from PEFT: {str(w.message)[:300]}")
    # Without the embedding, which PEFT would otherwise look for under the base model's recorded name.
    expected = get_peft_model_state_dict(model, save_embedding_layers=False)
    report.check(
        names == set(expected),
        f"{len(names)} tensors under PEFT's names"
        + "".join(f"\n        missing {n}" for n in sorted(set(expected) - names)[:5])
        + "".join(f"\n        unknown {n}" for n in sorted(names - set(expected))[:5]),
    )
    wrong = [n for n in names & set(expected) if list(expected[n].shape) != list(shapes[n])]
    report.check(not wrong, f"shapes agree{wrong[:5] or ''}")

    for i, case in enumerate(cases):
        logits = hf_logits(model, case["ids"])
        effect = float(np.abs(logits - plain[i]).max())
        report.check(args.allow_no_effect or effect > 1e-4, f"case {i}: the adapter moves the logits by up to {effect:.3g}")
        compare_logits(report, logits, case, args.nmse, f"case {i}")
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
