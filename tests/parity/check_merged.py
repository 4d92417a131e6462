#!/usr/bin/env python3
"""Loads a merged Hugging Face folder with transformers and compares logits with distill's own.

    python check_merged.py MERGED_DIR LOGITS.json [--base BASE_DIR --adapter ADAPTER_DIR]

With --base and --adapter PEFT merges the same adapter in f32, the result is rounded once to the folder's dtype, and
every tensor is compared bit by bit.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import torch
from peft import PeftModel
from safetensors import safe_open
from transformers import AutoModelForCausalLM, AutoTokenizer

from check_adapter import hf_logits
from parity_common import Report, compare_logits, load_cases, print_versions, read_json

def weight_files(folder: Path) -> list[Path]:
    index = folder / "model.safetensors.index.json"
    if index.exists():
        return [folder / f for f in sorted(set(read_json(index)["weight_map"].values()))]
    return [folder / "model.safetensors"]


def check_files(report: Report, folder: Path) -> dict[str, torch.Tensor]:
    """What readers trip over before any number is wrong."""
    config = read_json(folder / "config.json")
    report.check("rope_theta" in config and "torch_dtype" in config, "config.json has the old rope_theta and torch_dtype")
    tensors = {}
    for file in weight_files(folder):
        with safe_open(file, "pt") as f:
            report.check((f.metadata() or {}).get("format") == "pt", f"{file.name}: metadata {f.metadata()}")
            tensors |= {k: f.get_tensor(k) for k in f.keys()}
    index = folder / "model.safetensors.index.json"
    if index.exists():
        index = read_json(index)
        report.check(set(index["weight_map"]) == set(tensors), "the index names exactly the tensors in the files")
        size = sum(t.numel() * t.element_size() for t in tensors.values())
        report.check(index["metadata"]["total_size"] == size, f"total_size {index['metadata']['total_size']}, counted {size}")
    listed = {f.name for f in weight_files(folder)}
    stray = [f.name for f in folder.glob("model*.safetensors") if f.name not in listed]
    report.check(not stray, f"no stray weight files {stray or ''}")
    tied = config.get("tie_word_embeddings", False)
    has_head = "lm_head.weight" in tensors
    report.check(tied != has_head, f"tie_word_embeddings {tied}, lm_head.weight {'present' if has_head else 'absent'}")
    dtypes = sorted({str(t.dtype).removeprefix("torch.") for t in tensors.values()})
    report.check(dtypes == [config.get("torch_dtype")], f"tensors are {dtypes}, torch_dtype says {config.get('torch_dtype')}")
    return tensors


def check_weights(report: Report, ours: dict[str, torch.Tensor], base: str, adapter: str) -> None:
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    merged = PeftModel.from_pretrained(model, adapter).merge_and_unload().state_dict()
    merged = {k: v for k, v in merged.items() if k in ours or k != "lm_head.weight"}
    report.check(set(merged) == set(ours), f"the same {len(ours)} tensor names as PEFT's merge")
    total = differing = 0
    for name in sorted(set(merged) & set(ours)):
        reference = merged[name].to(ours[name].dtype)
        same = reference == ours[name]
        total += same.numel()
        n = int((~same).sum())
        if n:
            differing += n
            delta = (reference.float() - ours[name].float()).abs().max().item()
            print(f"      {name}: {n} of {same.numel()} values differ, by up to {delta:.3g}")
    # Two f32 products added up in another order may round to another neighbour now and then.
    share = differing / max(total, 1)
    limit = 1e-3 if next(iter(ours.values())).dtype != torch.float32 else 1.0
    report.check(share <= limit, f"{differing} of {total} merged values differ from PEFT's ({100 * share:.4f} %)")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("merged")
    parser.add_argument("logits")
    parser.add_argument("--base")
    parser.add_argument("--adapter")
    parser.add_argument("--nmse", type=float, default=1e-6, help="1e-3 if the logits are those of base and adapter, unmerged")
    args = parser.parse_args()
    print_versions("torch", "transformers", "peft", "safetensors", "numpy")
    report = Report()
    folder = Path(args.merged)
    tensors = check_files(report, folder)

    # bf16 weights hold exactly in f32; computing in f32 leaves only the weights to differ.
    model, info = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager", output_loading_info=True
    )
    problems = {k: sorted(v) for k, v in info.items() if v}
    report.check(not problems, f"transformers found every tensor{problems or ''}")
    for i, case in enumerate(load_cases(args.logits)):
        compare_logits(report, hf_logits(model.eval(), case["ids"]), case, args.nmse, f"case {i}")

    if (folder / "tokenizer.json").exists():
        tokenizer = AutoTokenizer.from_pretrained(folder)
        rows = model.get_input_embeddings().weight.shape[0]
        report.check(len(tokenizer) <= rows, f"{type(tokenizer).__name__} with {len(tokenizer)} tokens for {rows} rows")
        if tokenizer.chat_template:
            text = tokenizer.apply_chat_template([{"role": "user", "content": "Hi"}], tokenize=False, add_generation_prompt=True)
            ids = tokenizer(text, add_special_tokens=False)["input_ids"]
            report.check(ids.count(tokenizer.bos_token_id) <= 1, f"rendered chat has at most one BOS: {text!r}")
    else:
        print("      no tokenizer.json in the folder")
    if args.base and args.adapter:
        check_weights(report, tensors, args.base, args.adapter)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
