#!/usr/bin/env python3
"""How far torch's own bf16 is from its f32 on the tiny student: what the fast engine's bf16 is measured by.

Log-probabilities and gradients of a LoRA of rank 5 on all linears, five sequences, weights that bf16 holds exactly.
Prints ‖bf16 − f32‖ / ‖f32‖ for bf16 weights with f32 adapters (PEFT's default) and for autocast. The engine's distance
to its own f32 oracle on such a model is printed by `cargo test --test it narrow_products -- --nocapture`; it has to stay
below these. Last run (torch 2.15.0, transformers 5.23.0, peft 0.21.2): bf16 weights 5.1e-03 and 2.8e-02, autocast
4.4e-03 and 2.4e-02; the engine 3.9e-03 and 2.1e-02.
"""

from __future__ import annotations

from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

STUDENT = Path(__file__).resolve().parents[2] / "fixtures" / "numeric" / "tiny-llama"
MODULES = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def student(dtype: torch.dtype) -> torch.nn.Module:
    base = AutoModelForCausalLM.from_pretrained(STUDENT, dtype=torch.float32)
    for parameter in base.parameters():
        parameter.data = parameter.data.to(torch.bfloat16).to(torch.float32)
    model = get_peft_model(base.to(dtype), LoraConfig(r=5, lora_alpha=10, target_modules=MODULES))
    draw = torch.Generator().manual_seed(3)
    for name, parameter in model.named_parameters():
        if "lora_" in name:
            parameter.data = (torch.randn(parameter.shape, generator=draw) * 0.08).to(parameter.dtype)
    return model


def measure(model: torch.nn.Module, sequences: list[torch.Tensor], autocast: bool = False) -> list[torch.Tensor]:
    found = []
    for ids in sequences:
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
            logits = model(input_ids=ids[None]).logits[0].float()
        logps = torch.log_softmax(logits[:-1], -1).gather(1, ids[1:, None])[:, 0]
        found.append(logps[len(ids) // 3 :])
    logps = torch.cat(found)
    weights = torch.tensor([((i * 7) % 5) * 0.03 - 0.05 for i in range(len(logps))])
    (logps * weights).sum().backward()
    gradients = [p.grad.float().flatten() for p in model.parameters() if p.grad is not None]
    return [logps.detach(), torch.cat(gradients)]


def main() -> None:
    torch.set_num_threads(1)
    draw = torch.Generator().manual_seed(5)
    sequences = [torch.randint(3, 123, (n,), generator=draw) for n in (20, 40, 60, 80, 90)]
    exact = measure(student(torch.float32), sequences)
    runs = {
        "bf16 weights, f32 adapters": measure(student(torch.bfloat16), sequences),
        "f32 weights, autocast to bf16": measure(student(torch.float32), sequences, autocast=True),
    }
    for name, run in runs.items():
        logps, gradients = (((a - b).norm() / b.norm()).item() for a, b in zip(run, exact))
        print(f"{name}: log-probabilities {logps:.1e}, gradients {gradients:.1e}")


if __name__ == "__main__":
    main()
