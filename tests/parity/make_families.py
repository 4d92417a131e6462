#!/usr/bin/env python3
"""Students beyond Llama: numbers that transformers and PEFT really computed, for `tests/it/families.rs`.

    python make_families.py            writes fixtures/numeric/families
    python make_families.py --check    computes everything again and compares

Three tiny models (Qwen2, Qwen3, Mistral) whose weights follow from their names, so that no weight file is needed: the
Rust test computes the same ones. Four adapters as PEFT saves them: plain LoRA, DoRA beside biases, rsLoRA with ranks
and alphas of their own on one layer, DoRA on everything. Of each adapter: logits, loss and gradients of one SFT step,
and logits after `merge_and_unload`. Of each model also the gradients of every weight.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import numpy as np
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoConfig, AutoModelForCausalLM

from parity_common import differences, read_json, versions, write_json

DEFAULT_OUT = Path(__file__).resolve().parents[2] / "fixtures" / "numeric" / "families"
LENGTH, POSITIONS = 40, (7, 39)
COMMON = {
    "vocab_size": 128,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
    "rms_norm_eps": 1e-6,
    "hidden_act": "silu",
    "bos_token_id": 1,
    "eos_token_id": 2,
    "attention_dropout": 0.0,
    "torch_dtype": "bfloat16",
}
MODELS = {
    # As Qwen2.5's small ones: tied, theta a million, a window that is switched off.
    "qwen2": COMMON
    | {
        "architectures": ["Qwen2ForCausalLM"],
        "model_type": "qwen2",
        "rope_theta": 1000000.0,
        "tie_word_embeddings": True,
        "use_sliding_window": False,
        "sliding_window": 16,
        "max_window_layers": 1,
    },
    # Heads are 32 wide although hidden / heads is 16.
    "qwen3": COMMON
    | {
        "architectures": ["Qwen3ForCausalLM"],
        "model_type": "qwen3",
        "head_dim": 32,
        "rope_theta": 1000000.0,
        "rope_scaling": None,
        "attention_bias": False,
        "tie_word_embeddings": False,
        "use_sliding_window": False,
        "sliding_window": None,
        "max_window_layers": 2,
    },
    "mistral": COMMON
    | {
        "architectures": ["MistralForCausalLM"],
        "model_type": "mistral",
        "rms_norm_eps": 1e-5,
        "rope_theta": 10000.0,
        "sliding_window": LENGTH,
        "tie_word_embeddings": False,
    },
}
EVERY = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
ADAPTERS = {
    "qwen2-lora": ("qwen2", {"r": 2, "lora_alpha": 4, "target_modules": "all-linear"}),
    "qwen2-dora": (
        "qwen2",
        {
            "r": 2,
            "lora_alpha": 4,
            "use_dora": True,
            "target_modules": ["q_proj", "model.layers.1.self_attn.v_proj", "mlp.up_proj"],
            "alpha_pattern": {r"layers\.1\..*q_proj": 6},
        },
    ),
    "qwen3-rslora": (
        "qwen3",
        {
            "r": 4,
            "lora_alpha": 4,
            "use_rslora": True,
            "lora_dropout": 0.05,
            "target_modules": EVERY,
            "layers_to_transform": [1],
            "rank_pattern": {"^model.layers.1.mlp.down_proj": 1, "k_proj": 3},
            "alpha_pattern": {"k_proj": 9},
        },
    ),
    "mistral-dora": ("mistral", {"r": 2, "lora_alpha": 4, "use_dora": True, "target_modules": EVERY}),
}


# ------------------------------------------------------------------------------------------------------- the formula


def uniform(name: str, count: int) -> np.ndarray:
    """Numbers in [-1, 1) that depend on the name: SplitMix64 (Steele et al. 2014) from an FNV-1a hash, 24 bits of each."""
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = ((seed ^ byte) * 0x100000001B3) % 2**64
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return (z >> np.uint64(40)).astype(np.float64) / 2**23 - 1


def weight(name: str, shape) -> torch.Tensor:
    """What a tensor of the base holds: bf16 values, so that they survive every file format."""
    if name.endswith("norm.weight"):
        spread, mean = 0.2, 1.0
    elif name.endswith(".bias"):
        spread, mean = 0.5, 0.0
    else:
        spread, mean = (0.5, 0.0) if "embed" in name else (0.25, 0.0)
    values = (uniform(name, int(np.prod(shape))) * spread + mean).astype(np.float32)
    return torch.from_numpy(values).reshape(tuple(shape)).to(torch.bfloat16).to(torch.float32)


def load_base(name: str):
    with tempfile.TemporaryDirectory() as tmp:
        (Path(tmp) / "config.json").write_text(json.dumps(MODELS[name]))
        config = AutoConfig.from_pretrained(tmp)
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32, attn_implementation="eager")
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            parameter.copy_(weight(key, parameter.shape))
    return model.eval()


def ids(salt: str, count: int) -> list[int]:
    return [1] + [3 + int((u + 1) / 2 * 125) for u in uniform(salt, count - 1)]


# ----------------------------------------------------------------------------------------------------------- numbers


def logits_of(model) -> dict:
    row = ids("logits", LENGTH)
    with torch.no_grad():
        out = model(input_ids=torch.tensor([row]), use_cache=False).logits[0]
    return {"ids": row, "positions": list(POSITIONS), "logits": [out[p].tolist() for p in POSITIONS]}


def batch() -> tuple[list[list[int]], list[list[int]]]:
    """Two rows of different lengths, prompts without loss."""
    rows = [ids("row 0", 17), ids("row 1", 11)]
    labels = [[-100] * prompt + row[prompt:] for row, prompt in zip(rows, (6, 4))]
    return rows, labels


def gradients(model) -> tuple[float, dict]:
    """Token-weighted loss of one step and what it says of every trained tensor."""
    rows, labels = batch()
    model.zero_grad(set_to_none=True)
    total, counted = torch.zeros(()), 0
    for row, label in zip(rows, labels):
        out = model(input_ids=torch.tensor([row]), use_cache=False).logits[0, :-1].float()
        target = torch.tensor(label[1:])
        total = total + torch.nn.functional.cross_entropy(out, target, ignore_index=-100, reduction="sum")
        counted += int((target != -100).sum())
    loss = total / counted
    loss.backward()
    found = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            g = parameter.grad.double().flatten()
            # PEFT's name on disk, without its prefix and without the adapter's own name.
            name = name.removeprefix("base_model.model.").replace(".default", "")
            found[name] = {
                "shape": list(parameter.shape),
                "norm": g.norm().item(),
                "sum": g.sum().item(),
                "first": g[:8].tolist(),
            }
    return loss.item(), found


def make(out: Path, adapters_from: Path | None) -> None:
    golden: dict = {
        "versions": versions("torch", "transformers", "peft"),
        "batch": dict(zip(("input_ids", "labels"), batch())),
        "models": {},
        "adapters": {},
    }
    for name, config in MODELS.items():
        model = load_base(name)
        loss, found = gradients(model)
        golden["models"][name] = {"config": config, "logits": logits_of(model), "loss": loss, "gradients": found}
    for name, (base, settings) in ADAPTERS.items():
        if adapters_from is None:
            model = get_peft_model(load_base(base), LoraConfig(task_type="CAUSAL_LM", bias="none", **settings))
            with torch.no_grad():
                for key, parameter in model.named_parameters():
                    if "lora_magnitude" in key:
                        parameter.mul_(torch.from_numpy(1 + 0.2 * uniform(key, parameter.numel())).float())
                    elif "lora_" in key:
                        values = 0.2 * uniform(key, parameter.numel())
                        parameter.copy_(torch.from_numpy(values).float().reshape(parameter.shape))
            model.peft_config["default"].base_model_name_or_path = f"tiny-{base}"
            model.save_pretrained(out / name, save_embedding_layers=False)
            (out / name / "README.md").unlink(missing_ok=True)
            (out / name / "adapter_model.safetensors").chmod(0o644)
        source = out if adapters_from is None else adapters_from
        model = PeftModel.from_pretrained(load_base(base), source / name, is_trainable=True).eval()
        loss, found = gradients(model)
        golden["adapters"][name] = {"base": base, "logits": logits_of(model), "loss": loss, "gradients": found}
        golden["adapters"][name]["merged"] = logits_of(model.merge_and_unload())["logits"]
    write_json(out / "golden.json", golden)


def main() -> int:
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--out", type=Path, default=DEFAULT_OUT)
    args.add_argument("--check", action="store_true", help="compare instead of writing")
    args = args.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    args.out.mkdir(parents=True, exist_ok=True)
    if not args.check:
        make(args.out, None)
        return 0
    with tempfile.TemporaryDirectory() as tmp:
        make(Path(tmp), args.out)
        old, new = read_json(args.out / "golden.json"), read_json(Path(tmp) / "golden.json")
    for side in (old, new):
        side.pop("versions")
    found = differences(old, new, rtol=2e-4, atol=2e-5)
    print("\n".join(found[:20]) or "the same")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
