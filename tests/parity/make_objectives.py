#!/usr/bin/env python3
"""Makes fixtures/numeric/objectives.json: preference losses beyond those of dpo.json, by TRL's own loss code.

    python make_objectives.py              # writes ../../fixtures/numeric/objectives.json
    python make_objectives.py --out DIR    # somewhere else; DIR needs tiny-llama and its adapter
    python make_objectives.py --check      # makes them again in a scratch folder and compares

`pure` holds losses and derivatives from given summed log-probs: TRL's trainers compute the loss with a model that
answers those numbers. `runs` holds five updates by TRL's trainers themselves on the tiny Llama of make_goldens.py.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import types
from collections import defaultdict
from pathlib import Path

import torch
import torch.nn.functional as F
from datasets import Dataset
from trl import DPOConfig, DPOTrainer, KTOConfig, KTOTrainer
from trl.experimental.cpo import CPOTrainer
from trl.experimental.orpo import ORPOTrainer

from make_goldens import (
    BETAS,
    CLIP,
    DEFAULT_OUT,
    EPS,
    LR,
    STEPS,
    VERSIONS,
    WARMUP,
    WEIGHT_DECAY,
    _Accelerator,
    dpo_rows,
    flat,
    load_adapter,
    lora_params,
    summary,
    trainer_args,
    trl_dpo_loss,
    word_tokenizer,
    words,
)
from parity_common import differences, read_json, write_json

PAIRS = {
    "policy_chosen": [-10.0, -20.0, -31.5, -4.25, -120.0, -12.0, -0.5],
    "policy_rejected": [-12.0, -15.0, -31.5, -44.0, -100.0, -12.5, -40.0],
    "reference_chosen": [-11.0, -21.0, -31.5, -9.0, -111.0, -12.25, -3.0],
    "reference_rejected": [-11.0, -16.0, -31.5, -8.5, -105.0, -12.0, -37.0],
    "chosen_tokens": [5, 8, 12, 3, 150, 4, 2],
    "rejected_tokens": [6, 7, 12, 20, 90, 5, 9],
}
DPO_CASES = (
    {"name": "sigmoid_norm", "loss_type": ["sigmoid_norm"], "beta": 0.5},
    {"name": "exo_pair", "loss_type": ["exo_pair"], "beta": 0.1, "label_smoothing": 0.001},
    {"name": "nca_pair", "loss_type": ["nca_pair"], "beta": 0.1},
    {"name": "bco_pair", "loss_type": ["bco_pair"], "beta": 0.1},
    {"name": "sppo_hard", "loss_type": ["sppo_hard"], "beta": 0.1},
    {"name": "apo_zero", "loss_type": ["apo_zero"], "beta": 0.1},
    {"name": "apo_down", "loss_type": ["apo_down"], "beta": 0.1},
    {"name": "discopop", "loss_type": ["discopop"], "beta": 0.1},
    {"name": "apo_zero_sft", "loss_type": ["apo_zero", "sft"], "beta": 0.1, "loss_weights": [1.0, 0.5]},
)
OTHER_CASES = (
    {"name": "orpo", "loss_type": ["orpo"], "beta": 0.1},
    {"name": "orpo_beta_0.5", "loss_type": ["orpo"], "beta": 0.5},
    {"name": "simpo", "loss_type": ["simpo"], "beta": 2.0, "gamma": 0.5},
    {"name": "simpo_smoothed", "loss_type": ["simpo"], "beta": 2.5, "gamma": 1.0, "label_smoothing": 0.1},
    {"name": "kto", "loss_type": ["kto"], "beta": 0.1, "divergence": 0.75},
    {"name": "kto_weighted", "loss_type": ["kto"], "beta": 0.3, "desirable_weight": 1.5, "undesirable_weight": 0.8},
    {"name": "kto_clamped", "loss_type": ["kto"], "beta": 0.1, "divergence": -2.0},
)


def orpo(me, averages):
    losses, *_ = ORPOTrainer.odds_ratio_loss(me, *averages)
    return -losses


def simpo(me, averages):
    return CPOTrainer.cpo_loss(me, *averages)[0]


def by_averages(pairs: dict, case: dict) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, dict]:
    """ORPO and SimPO: their loss methods, on log-probs averaged over tokens, which is what they are given in TRL."""
    me = types.SimpleNamespace(
        accelerator=_Accelerator(),
        beta=case["beta"],
        alpha=0.0,
        loss_type="simpo",
        simpo_gamma=case.get("gamma", 0.5),
        label_smoothing=case.get("label_smoothing", 0.0),
    )
    sums = [torch.tensor(pairs[f"policy_{s}"], requires_grad=True) for s in ("chosen", "rejected")]
    averages = [p / torch.tensor(pairs[f"{s}_tokens"]) for p, s in zip(sums, ("chosen", "rejected"))]
    loss = {"orpo": orpo, "simpo": simpo}[case["loss_type"][0]](me, averages).mean()
    grads = torch.autograd.grad(loss, sums)
    rewards = [case["beta"] * a.detach() for a in averages]
    metrics = {
        "rewards/chosen": rewards[0].mean().item(),
        "rewards/rejected": rewards[1].mean().item(),
        "rewards/margins": (rewards[0] - rewards[1]).mean().item(),
        "rewards/accuracies": (rewards[0] > rewards[1]).double().mean().item(),
    }
    return loss.detach(), *grads, metrics


def kto(pairs: dict, case: dict) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, dict]:
    """`KTOTrainer._compute_loss` with a model that answers the given log-probs, as `trl_dpo_loss` does it for DPO."""
    n = len(pairs["chosen_tokens"])
    counts = pairs["chosen_tokens"] + pairs["rejected_tokens"]
    sums = torch.tensor(pairs["policy_chosen"] + pairs["policy_rejected"], requires_grad=True)
    width = max(counts)
    mask = torch.tensor([[1] * c + [0] * (width - c) for c in counts])
    answer = types.SimpleNamespace(
        log_probs=F.pad(sums[:, None], (0, width - 1)),
        entropy=torch.zeros(2 * n, width),
        mean_logits=torch.zeros(2 * n, width),
    )
    me = types.SimpleNamespace(
        model=types.SimpleNamespace(training=True),
        accelerator=_Accelerator(),
        aux_loss_enabled=False,
        precompute_ref_logps=True,
        calculate_KL=True,
        loss_type="kto",
        beta=case["beta"],
        desirable_weight=case.get("desirable_weight", 1.0),
        undesirable_weight=case.get("undesirable_weight", 1.0),
        _compute_kl_logps=lambda *_: torch.full((2 * n,), case.get("divergence", 0.0) - 10.0),
        _metrics=defaultdict(lambda: defaultdict(list)),
        _total_train_tokens=0,
        _tp_size=1,
    )
    inputs = {
        "input_ids": torch.zeros(2 * n, width + 1, dtype=torch.long),
        "attention_mask": torch.ones(2 * n, width + 1, dtype=torch.long),
        "completion_mask": torch.cat([torch.zeros(2 * n, 1, dtype=torch.long), mask], 1),
        "label": torch.tensor([True] * n + [False] * n),
        "ref_logps": torch.tensor(pairs["reference_chosen"] + pairs["reference_rejected"]),
        "ref_KL_logps": torch.full((2 * n,), -10.0),
    }
    loss = KTOTrainer._compute_loss(me, lambda **_: answer, inputs, False)
    (grad,) = torch.autograd.grad(loss, sums)
    keep = ("rewards/chosen", "rewards/rejected", "kl")
    return loss.detach(), grad[:n], grad[n:], {k: me._metrics["train"][k][-1] for k in keep}


def pure_cases() -> list[dict]:
    out = []
    for case in DPO_CASES + OTHER_CASES:
        kind = case["loss_type"][0]
        of = {"orpo": by_averages, "simpo": by_averages, "kto": kto}.get(kind, trl_dpo_loss)
        loss, chosen, rejected, metrics = of(PAIRS, case)
        first = {**case, "loss_type": case["loss_type"][:1], "loss_weights": [1.0]}
        alone = [{k: v[i : i + 1] for k, v in PAIRS.items()} for i in range(len(PAIRS["chosen_tokens"]))]
        out.append(
            {
                **case,
                "per_pair": [of(one, first)[0].item() for one in alone],
                "loss": loss.item(),
                "d_loss_d_policy_chosen": flat(chosen),
                "d_loss_d_policy_rejected": flat(rejected),
                "rewards": metrics,
            }
        )
    return out


# -------------------------------------------------------------------------------------------------------------- runs


def steps_of(trainer) -> tuple[list[dict], dict]:
    trainer.train()
    keep = ("loss", "grad_norm", "learning_rate", "kl", "rewards/chosen", "rewards/rejected")
    logs = [{k: float(e[k]) for k in keep if k in e} for e in trainer.state.log_history if "loss" in e]
    assert len(logs) == STEPS, logs
    return logs, {k: summary(p) for k, p in lora_params(trainer.model).items()}


COMMON = {
    "max_steps": STEPS,
    "gradient_accumulation_steps": 1,
    "learning_rate": LR,
    "weight_decay": WEIGHT_DECAY,
    "warmup_steps": WARMUP,
    "lr_scheduler_type": "linear",
    "max_grad_norm": CLIP,
}


def reference(out: Path):
    """The starting adapter itself, merged: policy and reference are one at first."""
    return load_adapter(out, trainable=False).merge_and_unload()


def dpo_run(out: Path, rows: list[dict], case: dict) -> dict:
    data = {
        "prompt": [words(r["prompt"]) for r in rows],
        "chosen": [" " + words(r["chosen"]) for r in rows],
        "rejected": [" " + words(r["rejected"]) for r in rows],
    }
    more = {k: case[k] for k in ("loss_weights", "label_smoothing") if k in case}
    with trainer_args(
        DPOConfig,
        per_device_train_batch_size=len(rows),
        beta=case["beta"],
        loss_type=case["loss_type"],
        **more,
        **COMMON,
    ) as args:
        trainer = DPOTrainer(
            model=load_adapter(out),
            ref_model=reference(out),
            args=args,
            train_dataset=Dataset.from_dict(data),
            processing_class=word_tokenizer(),
        )
        steps, final = steps_of(trainer)
    return {**case, "steps": steps, "final": final}


def kto_run(out: Path, rows: list[dict], case: dict) -> dict:
    """Every pair as a desirable and an undesirable answer, in one batch.

    TRL gives every prompt the answer of the row before it in the batch. Rows in falling order, chosen ones first, make
    that the answer of the next pair, which is how distill chooses it; only the first row of either block gets the
    other side's, and the mean over the batch is the same.
    """
    order = list(reversed(rows))
    data = {
        "prompt": [words(r["prompt"]) for r in order] * 2,
        "completion": [" " + words(r[s]) for s in ("chosen", "rejected") for r in order],
        "label": [True] * len(rows) + [False] * len(rows),
    }
    more = {k: case[k] for k in ("desirable_weight", "undesirable_weight") if k in case}
    with trainer_args(
        KTOConfig, per_device_train_batch_size=2 * len(rows), beta=case["beta"], loss_type="kto", **more, **COMMON
    ) as args:
        trainer = KTOTrainer(
            model=load_adapter(out),
            ref_model=reference(out),
            args=args,
            train_dataset=Dataset.from_dict(data),
            processing_class=word_tokenizer(),
        )
        steps, final = steps_of(trainer)
    return {**case, "steps": steps, "final": final}


def check(out: Path) -> int:
    with tempfile.TemporaryDirectory() as tmp:
        for name in ("tiny-llama", "tiny-llama-lora", "tiny-llama-lora-ref"):
            shutil.copytree(out / name, Path(tmp) / name)
        make(Path(tmp))
        sides = [read_json(folder / "objectives.json") for folder in (out, Path(tmp))]
    for side in sides:
        side.pop("versions")
    found = differences(*sides, rtol=2e-4, atol=2e-5)
    print(f"{'differs' if found else 'same   '} {out / 'objectives.json'}")
    for line in found[:10]:
        print(f"        {line}")
    return 1 if found else 0


def make(out: Path) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    rows = dpo_rows()
    runs = [
        dpo_run(out, rows, {"name": "sigmoid", "loss_type": ["sigmoid"], "beta": 0.1}),
        dpo_run(
            out, rows, {"name": "apo_zero_sft", "loss_type": ["apo_zero", "sft"], "beta": 0.1, "loss_weights": [1, 0.5]}
        ),
        kto_run(out, rows, {"name": "kto", "loss_type": ["kto"], "beta": 0.1}),
        kto_run(
            out,
            rows,
            {
                "name": "kto_weighted",
                "loss_type": ["kto"],
                "beta": 0.2,
                "desirable_weight": 1.2,
                "undesirable_weight": 0.7,
            },
        ),
    ]
    write_json(
        out / "objectives.json",
        {
            "versions": VERSIONS,
            "about": "pure: losses from given summed log-probs by TRL's own loss code; per_pair is that of the first "
            "loss_type; orpo without its likelihood term. runs: five updates of tiny-llama + tiny-llama-lora, which is "
            "also the reference, over `rows` as one batch; loss, gradient norm and rewards before each update.",
            "pure": {**PAIRS, "cases": pure_cases()},
            "optimizer": {"lr": LR, "weight_decay": WEIGHT_DECAY, "betas": list(BETAS), "eps": EPS, "clip": CLIP},
            "rows": rows,
            "runs": runs,
        },
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    args = parser.parse_args()
    if args.check:
        return check(args.out)
    make(args.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
