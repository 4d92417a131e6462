#!/usr/bin/env python3
"""Makes the golden numbers that distill's own maths is tested against.

Everything is computed by the Python projects that people know: transformers for the model, the templates and the
schedules, PEFT for adapters and merging, TRL for the training losses, torch for the optimiser. The Rust tests read the
files and need no Python. Only someone who changes the goldens needs the packages of requirements.txt.

    python make_goldens.py                 # writes ../../fixtures/numeric
    python make_goldens.py --out DIR       # somewhere else
    python make_goldens.py --check         # makes them again in a scratch folder and compares with what is there

What it writes:

    tiny-llama/            a two-layer Llama with random weights, f32, in the old config form (rope_theta, rope_scaling)
    tiny-llama-v5-config.json  the config.json that this transformers itself writes for the same model
    tiny-llama-lora/       a PEFT adapter on it, rank 4, every linear layer, both A and B non-zero
    tiny-llama-lora-ref/   the same adapter with every B halved, the reference model of the DPO case
    llama3_plain.jinja     our own plain template (input, not output: it must be there)
    logits.json  lora_sft.json  dpo.json  merged.json  schedule.json  templates.json

The weights come from one seeded generator, sequentially, so that two runs with the same torch give the same bytes.
All numbers are f32 computed on the CPU with one thread and `attn_implementation="eager"`, written with nine
significant digits. Each file with model numbers has a `noise` entry: how far the same f32 computation moves when
torch uses another attention kernel. A test tolerance should stay well above it.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import types
from collections import defaultdict
from contextlib import contextmanager
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("TQDM_DISABLE", "1")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import torch
import torch.nn.functional as F
import trl
from datasets import Dataset
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    AutoModelForCausalLM,
    LlamaConfig,
    PreTrainedTokenizerFast,
    TrainerCallback,
    get_scheduler,
)
from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer

from parity_common import differences, read_json, versions, write_json

HERE = Path(__file__).resolve().parent
DEFAULT_OUT = HERE.parent.parent / "fixtures" / "numeric"
VERSIONS = versions(
    "torch", "transformers", "peft", "trl", "accelerate", "datasets", "safetensors", "tokenizers", "jinja2", "numpy"
)

SEED = 20240726
VOCAB, HIDDEN, INTER, LAYERS, HEADS, KV_HEADS, HEAD_DIM = 128, 64, 128, 2, 4, 2, 16
PAD, BOS, EOS = 0, 1, 2
RANK, ALPHA = 4, 8
LINEARS = {
    "self_attn.q_proj": (HEADS * HEAD_DIM, HIDDEN),
    "self_attn.k_proj": (KV_HEADS * HEAD_DIM, HIDDEN),
    "self_attn.v_proj": (KV_HEADS * HEAD_DIM, HIDDEN),
    "self_attn.o_proj": (HIDDEN, HEADS * HEAD_DIM),
    "mlp.gate_proj": (INTER, HIDDEN),
    "mlp.up_proj": (INTER, HIDDEN),
    "mlp.down_proj": (HIDDEN, INTER),
}
# Key order as a 2024 Llama folder has it; everything a reader may look for is spelled out.
CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "attention_bias": False,
    "attention_dropout": 0.0,
    "bos_token_id": BOS,
    "eos_token_id": EOS,
    "head_dim": HEAD_DIM,
    "hidden_act": "silu",
    "hidden_size": HIDDEN,
    "initializer_range": 0.02,
    "intermediate_size": INTER,
    "max_position_embeddings": 2048,
    "mlp_bias": False,
    "model_type": "llama",
    "num_attention_heads": HEADS,
    "num_hidden_layers": LAYERS,
    "num_key_value_heads": KV_HEADS,
    "pad_token_id": PAD,
    "pretraining_tp": 1,
    "rms_norm_eps": 1e-05,
    "rope_scaling": {
        "factor": 32.0,
        "high_freq_factor": 4.0,
        "low_freq_factor": 1.0,
        "original_max_position_embeddings": 64,
        "rope_type": "llama3",
    },
    "rope_theta": 500000.0,
    "tie_word_embeddings": True,
    "torch_dtype": "float32",
    "use_cache": True,
    "vocab_size": VOCAB,
}
# The optimiser of the five-step run.
STEPS, WARMUP, LR, WEIGHT_DECAY, BETAS, EPS, CLIP = 5, 1, 1e-2, 0.01, (0.9, 0.999), 1e-8, 1.0


# ------------------------------------------------------------------------------------------------ model and adapter


def base_tensors() -> dict[str, torch.Tensor]:
    """Weights with a spread that makes mistakes visible: norm weights are not 1, attention is not flat."""
    gen = torch.Generator().manual_seed(SEED)

    def normal(shape, std, mean=0.0):
        return torch.randn(shape, generator=gen, dtype=torch.float32) * std + mean

    out = {"model.embed_tokens.weight": normal((VOCAB, HIDDEN), 0.3)}
    for i in range(LAYERS):
        p = f"model.layers.{i}."
        out[p + "input_layernorm.weight"] = normal((HIDDEN,), 0.1, 1.0)
        for name, shape in LINEARS.items():
            out[f"{p}{name}.weight"] = normal(shape, 0.15 if shape[1] == HIDDEN else 0.1)
        out[p + "post_attention_layernorm.weight"] = normal((HIDDEN,), 0.1, 1.0)
    out["model.norm.weight"] = normal((HIDDEN,), 0.1, 1.0)
    return out


def lora_tensors(b_scale: float = 1.0) -> dict[str, torch.Tensor]:
    """The adapter, under the names PEFT uses on disk. A and B are both non-zero, so every gradient is."""
    gen = torch.Generator().manual_seed(SEED + 1)
    out = {}
    for i in range(LAYERS):
        for name, (rows, cols) in LINEARS.items():
            p = f"base_model.model.model.layers.{i}.{name}."
            out[p + "lora_A.weight"] = torch.randn((RANK, cols), generator=gen) * 0.1
            out[p + "lora_B.weight"] = torch.randn((rows, RANK), generator=gen) * 0.05 * b_scale
    return out


def write_base(out: Path) -> None:
    folder = out / "tiny-llama"
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "config.json", CONFIG)
    write_json(folder / "generation_config.json", {"bos_token_id": BOS, "eos_token_id": EOS, "pad_token_id": PAD})
    save_file(base_tensors(), folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "model.safetensors").chmod(0o644)


def load_base(out: Path, attn: str = "eager"):
    model = AutoModelForCausalLM.from_pretrained(out / "tiny-llama", dtype=torch.float32, attn_implementation=attn)
    return model.eval()


def load_adapter(out: Path, name: str = "tiny-llama-lora", attn: str = "eager", trainable: bool = True) -> PeftModel:
    return PeftModel.from_pretrained(load_base(out, attn), out / name, is_trainable=trainable)


def write_adapter(out: Path, name: str, b_scale: float) -> None:
    """Saved by PEFT itself, so that the folder has exactly PEFT's layout and file format."""
    config = LoraConfig(
        r=RANK,
        lora_alpha=ALPHA,
        lora_dropout=0.0,
        bias="none",
        task_type="CAUSAL_LM",
        target_modules=[n.rsplit(".", 1)[1] for n in LINEARS],
    )
    model = get_peft_model(load_base(out), config)
    wanted = lora_tensors(b_scale)
    with torch.no_grad():
        for key, p in lora_params(model).items():
            p.copy_(wanted.pop(key))
    assert not wanted, f"PEFT has no parameter for {sorted(wanted)}"
    folder = out / name
    model.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    (folder / "adapter_model.safetensors").chmod(0o644)
    config_file = folder / "adapter_config.json"
    saved = read_json(config_file)
    # A folder of ours names no local path, and a set has no stable order.
    saved["base_model_name_or_path"] = "tiny-llama"
    saved["target_modules"] = sorted(saved["target_modules"])
    write_json(config_file, saved)


def lora_params(model) -> dict[str, torch.nn.Parameter]:
    """Trainable parameters under their names on disk (without the adapter's name)."""
    return {k.replace(".default.", "."): p for k, p in model.named_parameters() if p.requires_grad}


# ---------------------------------------------------------------------------------------------------------- numbers


def flat(t: torch.Tensor) -> list[float]:
    return t.detach().to(torch.float64).flatten().tolist()


def summary(t: torch.Tensor) -> dict:
    """What stands for a tensor when all of it would be too long. Sum and norm are added up in f64."""
    d = t.detach().double()
    return {"shape": list(t.shape), "sum": d.sum().item(), "norm": d.norm().item(), "first": flat(t)[:8]}


def max_diff(a: dict, b: dict) -> float:
    return max((a[k] - b[k]).abs().max().item() for k in a)


def random_ids(gen: torch.Generator, n: int, eos: bool = False) -> list[int]:
    """Ordinary ids 3..127, so that padding, BOS and EOS stand only where they are meant."""
    ids = torch.randint(3, VOCAB, (n,), generator=gen).tolist()
    if eos:
        ids[-1] = EOS
    return ids


def padded(rows: list[list[int]], fill: int) -> torch.Tensor:
    width = max(map(len, rows))
    return torch.tensor([r + [fill] * (width - len(r)) for r in rows])


def batch_of(micro: dict) -> dict[str, torch.Tensor]:
    """Right padding, a mask by length, padded labels -100: what TRL's collator does."""
    ids = micro["input_ids"]
    return {
        "input_ids": padded(ids, PAD),
        "attention_mask": padded([[1] * len(r) for r in ids], 0),
        "labels": padded(micro["labels"], -100),
    }


def token_logps(model, ids: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
    """log p(ids[t+1] | ids[..t]) at every t, from f32 logits."""
    logits = model(input_ids=ids, attention_mask=mask, use_cache=False).logits.float()
    return F.log_softmax(logits[:, :-1], -1).gather(-1, ids[:, 1:, None]).squeeze(-1)


def sum_loss(model, batch) -> torch.Tensor:
    """-sum of log p over the counted labels of one micro-batch."""
    labels = batch["labels"][:, 1:]
    logps = token_logps(model, batch["input_ids"], batch["attention_mask"])
    return -(logps * (labels != -100)).sum()


def counted(batch) -> int:
    return int((batch["labels"][:, 1:] != -100).sum())


# ---------------------------------------------------------------------------------------------- files of one kind each


def logits_file(out: Path) -> None:
    gen = torch.Generator().manual_seed(SEED + 2)
    cases = []
    noise = 0.0
    model, other = load_base(out), load_base(out, "sdpa")
    for n, positions in ((24, [0, 1, 11, 23]), (90, [0, 31, 63, 64, 89])):
        ids = [BOS] + random_ids(gen, n - 1)
        with torch.no_grad():
            t = torch.tensor([ids])
            logits = model(input_ids=t, use_cache=False).logits[0]
            noise = max(noise, (logits - other(input_ids=t, use_cache=False).logits[0]).abs().max().item())
            logps = token_logps(model, t)[0]
        cases.append(
            {
                "ids": ids,
                "positions": positions,
                "logits": [flat(logits[p]) for p in positions],
                "next_token_logps": flat(logps),
                "argmax": logits.argmax(-1).tolist(),
            }
        )
    inv_freq = model.model.rotary_emb.inv_freq
    write_json(
        out / "logits.json",
        {
            "versions": VERSIONS,
            "about": "tiny-llama. next_token_logps[t] = log p(ids[t+1] | ids[..=t]); logits[i] belongs to positions[i]",
            "noise": {"logits": noise},
            "rope_inv_freq": flat(inv_freq),
            "rope_attention_scaling": float(model.model.rotary_emb.attention_scaling),
            "cases": cases,
        },
    )
    v5 = LlamaConfig.from_pretrained(out / "tiny-llama")
    with tempfile.TemporaryDirectory() as tmp:
        v5.save_pretrained(tmp)
        write_json(out / "tiny-llama-v5-config.json", read_json(Path(tmp) / "config.json"))
        again = LlamaConfig.from_pretrained(tmp)
        again._attn_implementation = "eager"
        rebuilt = AutoModelForCausalLM.from_config(again)
        assert torch.equal(rebuilt.model.rotary_emb.inv_freq, inv_freq), "old and new config give different rope"


def sft_micro_batches() -> list[dict]:
    """Three rows (20, 13 and 31 tokens) in two micro-batches of different token counts."""
    gen = torch.Generator().manual_seed(SEED + 3)
    rows = []
    for length, prompt in ((20, 9), (13, 8), (31, 12)):
        ids = [BOS] + random_ids(gen, length - 1, eos=True)
        rows.append((ids, [-100] * prompt + ids[prompt:]))
    return [
        {"input_ids": [r[0] for r in rows[:2]], "labels": [r[1] for r in rows[:2]]},
        {"input_ids": [rows[2][0]], "labels": [rows[2][1]]},
    ]


def sft_gradients(model, batches) -> tuple[list[float], dict[str, torch.Tensor]]:
    """Token-weighted over the whole optimiser step: each micro-batch is divided by the count of all."""
    model.zero_grad()
    n = sum(map(counted, batches))
    losses = []
    for b in batches:
        loss = sum_loss(model, b) / n
        loss.backward()
        losses.append(loss.item())
    return losses, {k: p.grad.clone() for k, p in lora_params(model).items()}


def sft_training(model, batches) -> list[dict]:
    params = list(lora_params(model).values())
    optimizer = torch.optim.AdamW(params, lr=LR, betas=BETAS, eps=EPS, weight_decay=WEIGHT_DECAY)
    scheduler = get_scheduler("linear", optimizer, num_warmup_steps=WARMUP, num_training_steps=STEPS)
    steps = []
    for _ in range(STEPS):
        losses, _ = sft_gradients(model, batches)
        norm = torch.nn.utils.clip_grad_norm_(params, CLIP)
        lr = scheduler.get_last_lr()[0]
        optimizer.step()
        scheduler.step()
        steps.append({"loss": sum(losses), "grad_norm": norm.item(), "learning_rate": lr})
    return steps


def word_tokenizer() -> PreTrainedTokenizerFast:
    """One word per id, so that TRL can be fed exact ids through its ordinary string path."""
    vocab = {"<pad>": PAD, "<bos>": BOS, "<eos>": EOS} | {f"t{i}": i for i in range(3, VOCAB)}
    tok = Tokenizer(models.WordLevel(vocab, unk_token="<pad>"))
    tok.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=tok, pad_token="<pad>", bos_token="<bos>", eos_token="<eos>")


def words(ids: list[int]) -> str:
    return " ".join({BOS: "<bos>", EOS: "<eos>"}.get(i, f"t{i}") for i in ids)


class Watch(TrainerCallback):
    """Notes the gradients just before each optimiser step."""

    def __init__(self) -> None:
        self.grads: list[dict[str, torch.Tensor]] = []

    def on_pre_optimizer_step(self, args, state, control, model=None, **kwargs):
        self.grads.append({k: p.grad.clone() for k, p in lora_params(model).items()})


@contextmanager
def trainer_args(cls, **kwargs):
    with tempfile.TemporaryDirectory() as tmp:
        yield cls(
            output_dir=tmp,
            use_cpu=True,
            bf16=False,
            gradient_checkpointing=False,
            logging_steps=1,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            train_sampling_strategy="sequential",
            dataloader_pin_memory=False,
            adam_beta1=BETAS[0],
            adam_beta2=BETAS[1],
            adam_epsilon=EPS,
            **kwargs,
        )


def trl_sft(out: Path, micro: list[dict]) -> tuple[list[dict], dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """The same five steps by TRL's own trainer, rows in the same order, on the same starting adapter."""
    rows = {k: [r for m in micro for r in m[k]] for k in ("input_ids", "labels")}
    watch = Watch()
    with trainer_args(
        SFTConfig,
        max_steps=STEPS,
        per_device_train_batch_size=2,
        gradient_accumulation_steps=2,
        learning_rate=LR,
        weight_decay=WEIGHT_DECAY,
        warmup_steps=WARMUP,
        lr_scheduler_type="linear",
        max_grad_norm=CLIP,
        packing=False,
        max_length=1024,
    ) as args:
        trainer = SFTTrainer(
            model=load_adapter(out),
            args=args,
            train_dataset=Dataset.from_dict(rows),
            processing_class=word_tokenizer(),
            callbacks=[watch],
        )
        trainer.train()
    keep = ("loss", "grad_norm", "learning_rate", "mean_token_accuracy", "entropy", "num_tokens")
    logs = [{k: float(e[k]) for k in keep if k in e} for e in trainer.state.log_history if "loss" in e]
    final = {k: p.detach().clone() for k, p in lora_params(trainer.model).items()}
    return logs, final, watch.grads[0]


FULL_GRADS = (
    "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight",
    "base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight",
    "base_model.model.model.layers.0.self_attn.k_proj.lora_B.weight",
    "base_model.model.model.layers.0.mlp.gate_proj.lora_A.weight",
    "base_model.model.model.layers.1.self_attn.v_proj.lora_A.weight",
    "base_model.model.model.layers.1.mlp.down_proj.lora_A.weight",
    "base_model.model.model.layers.1.mlp.down_proj.lora_B.weight",
)


def lora_sft_file(out: Path) -> None:
    micro = sft_micro_batches()
    batches = [batch_of(m) for m in micro]
    model, other = load_adapter(out), load_adapter(out, attn="sdpa")

    ids = torch.tensor([read_json(out / "logits.json")["cases"][0]["ids"]])
    with torch.no_grad():
        logits = model(input_ids=ids, use_cache=False).logits[0]
        noise = {"logits": (logits - other(input_ids=ids, use_cache=False).logits[0]).abs().max().item()}
        plain = load_base(out)(input_ids=ids, use_cache=False).logits[0]
    assert (logits - plain).abs().max() > 0.1, "the adapter changes nothing"

    losses, grads = sft_gradients(model, batches)
    _, other_grads = sft_gradients(other, batches)
    noise["gradients"] = max_diff(grads, other_grads)
    with torch.no_grad():
        by_row = [sum_loss(model, batch_of({k: [r] for k, r in zip(("input_ids", "labels"), row)})).item()
                  for m in micro for row in zip(m["input_ids"], m["labels"])]  # fmt: skip

    steps = sft_training(model, batches)
    sft_training(other, batches)
    final = {k: p.detach() for k, p in lora_params(model).items()}
    noise["final"] = max_diff(final, {k: p.detach() for k, p in lora_params(other).items()})

    trl_steps, trl_final, _ = trl_sft(out, micro)
    agreement = {
        "loss": max(abs(a["loss"] - b["loss"]) for a, b in zip(steps, trl_steps)),
        "grad_norm": max(abs(a["grad_norm"] - b["grad_norm"]) for a, b in zip(steps, trl_steps)),
        "learning_rate": max(abs(a["learning_rate"] - b["learning_rate"]) for a, b in zip(steps, trl_steps)),
        "final": max_diff(final, trl_final),
    }
    print(f"SFT: written-out loop against TRL's trainer, largest differences: {agreement}")
    assert len(trl_steps) == STEPS and agreement["loss"] < 2e-5 and agreement["learning_rate"] < 1e-12, trl_steps
    assert agreement["grad_norm"] < 1e-3 and agreement["final"] < 1e-3

    write_json(
        out / "lora_sft.json",
        {
            "versions": VERSIONS,
            "about": "tiny-llama + tiny-llama-lora. One optimiser step takes both micro-batches; loss = -sum log p over "
            "counted labels / counted_labels of the whole step. gradients are before clipping, at the starting "
            "adapter. final: the adapter after the steps. trl_steps: the same run by trl.SFTTrainer.",
            "noise": noise,
            "agreement_with_trl": agreement,
            "logits": {"ids": ids[0].tolist(), "positions": [5, 23], "logits": [flat(logits[p]) for p in (5, 23)]},
            "micro_batches": micro,
            "counted_labels": [counted(b) for b in batches],
            "row_nll_sums": by_row,
            "micro_losses": losses,
            "loss": sum(losses),
            "gradient_norm": torch.stack([g.double().norm() for g in grads.values()]).norm().item(),
            "gradients": {k: summary(g) for k, g in grads.items()},
            "full_gradients": {k: flat(grads[k]) for k in FULL_GRADS},
            "training": {
                "optimizer": {"lr": LR, "weight_decay": WEIGHT_DECAY, "betas": list(BETAS), "eps": EPS, "clip": CLIP},
                "schedule": {"name": "linear", "warmup": WARMUP, "steps": STEPS},
                "steps": steps,
                "final": {k: summary(p) for k, p in final.items()},
                "trl_steps": trl_steps,
            },
        },
    )


# -------------------------------------------------------------------------------------------------------------- DPO

# Summed log-probs over the completion and its token counts. The first two pairs are those of the facts sheet.
PAIRS = {
    "policy_chosen": [-10.0, -20.0, -31.5, -4.25, -900.0, -12.0],
    "policy_rejected": [-12.0, -15.0, -31.5, -44.0, -100.0, -12.5],
    "reference_chosen": [-11.0, -21.0, -31.5, -9.0, -300.0, -12.25],
    "reference_rejected": [-11.0, -16.0, -31.5, -8.5, -400.0, -12.0],
    "chosen_tokens": [5, 8, 12, 3, 150, 4],
    "rejected_tokens": [6, 7, 12, 20, 90, 5],
}
PURE_CASES = (
    {"name": "sigmoid", "loss_type": ["sigmoid"], "beta": 0.1},
    {"name": "sigmoid_beta_0.5", "loss_type": ["sigmoid"], "beta": 0.5},
    {"name": "ipo", "loss_type": ["ipo"], "beta": 0.1},
    {"name": "hinge", "loss_type": ["hinge"], "beta": 0.1},
    {"name": "robust", "loss_type": ["robust"], "beta": 0.1, "label_smoothing": 0.1},
    {"name": "sigmoid_sft", "loss_type": ["sigmoid", "sft"], "beta": 0.1, "loss_weights": [1.0, 0.5]},
)


class _Accelerator:
    """What TRL's loss asks of accelerate on a single process: nothing."""

    device = torch.device("cpu")

    @staticmethod
    def gather(x):
        return x

    gather_for_metrics = gather


def trl_dpo_loss(pairs: dict, case: dict) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, dict]:
    """Calls `DPOTrainer._compute_loss` itself, with a model that answers the given log-probs.

    Each completion stands behind one prompt token, chosen rows first. Its first token carries the whole summed
    log-prob and the others 0, so that no rounding comes from adding up shares.
    Returns the loss and its derivatives with respect to the summed policy log-probs.
    """
    counts = pairs["chosen_tokens"] + pairs["rejected_tokens"]
    sums = torch.tensor(pairs["policy_chosen"] + pairs["policy_rejected"], requires_grad=True)
    width = max(counts)
    mask = torch.tensor([[1] * n + [0] * (width - n) for n in counts])
    per_token = F.pad(sums[:, None], (0, width - 1))
    rows = len(counts)
    answer = types.SimpleNamespace(
        log_probs=per_token,
        entropy=torch.zeros(rows, width),
        mean_logits=torch.zeros(rows, width),
        is_top1=torch.zeros(rows, width, dtype=torch.bool),
    )
    me = types.SimpleNamespace(
        model=types.SimpleNamespace(training=True),
        accelerator=_Accelerator(),
        aux_loss_enabled=False,
        ld_alpha=None,
        precompute_ref_logps=True,
        f_divergence_type="reverse_kl",
        beta=case["beta"],
        loss_types=case["loss_type"],
        loss_weights=case.get("loss_weights", [1.0] * len(case["loss_type"])),
        label_smoothing=case.get("label_smoothing", 0.0),
        use_weighting=False,
        args=types.SimpleNamespace(discopop_tau=0.05),
        _metrics=defaultdict(lambda: defaultdict(list)),
        _total_train_tokens=0,
        _tp_size=1,
    )
    inputs = {
        "input_ids": torch.zeros(rows, width + 1, dtype=torch.long),
        "attention_mask": torch.ones(rows, width + 1, dtype=torch.long),
        "completion_mask": torch.cat([torch.zeros(rows, 1, dtype=torch.long), mask], 1),
        "ref_chosen_logps": torch.tensor(pairs["reference_chosen"]),
        "ref_rejected_logps": torch.tensor(pairs["reference_rejected"]),
    }
    loss = DPOTrainer._compute_loss(me, lambda **_: answer, inputs, False)
    (grad,) = torch.autograd.grad(loss, sums)
    metrics = {k: v[-1] for k, v in me._metrics["train"].items() if k.startswith("rewards/")}
    half = rows // 2
    return loss.detach(), grad[:half], grad[half:], metrics


def own_dpo_loss(pairs: dict, case: dict) -> tuple[torch.Tensor, torch.Tensor]:
    """The formulas written out once more, as a check on how TRL is called above. Per-pair loss, and the nll term."""
    t = {k: torch.tensor(v, dtype=torch.float64) for k, v in pairs.items()}
    c = t["policy_chosen"] - t["reference_chosen"]
    r = t["policy_rejected"] - t["reference_rejected"]
    z = case["beta"] * (c - r)
    e = case.get("label_smoothing", 0.0)
    nll = -t["policy_chosen"].sum() / t["chosen_tokens"].sum()
    per_pair = {
        "sigmoid": lambda: -F.logsigmoid(z),
        "hinge": lambda: torch.relu(1 - z),
        "ipo": lambda: (c / t["chosen_tokens"] - r / t["rejected_tokens"] - 1 / (2 * case["beta"])) ** 2,
        "robust": lambda: (-(1 - e) * F.logsigmoid(z) + e * F.logsigmoid(-z)) / (1 - 2 * e),
    }[case["loss_type"][0]]()
    return per_pair, nll


def pure_cases() -> list[dict]:
    out = []
    for case in PURE_CASES:
        loss, grad_chosen, grad_rejected, metrics = trl_dpo_loss(PAIRS, case)
        per_pair = []
        first = {**case, "loss_type": case["loss_type"][:1], "loss_weights": [1.0]}
        for i in range(len(PAIRS["policy_chosen"])):
            one = {k: v[i : i + 1] for k, v in PAIRS.items()}
            per_pair.append(trl_dpo_loss(one, first)[0].item())
        own, nll = own_dpo_loss(PAIRS, case)
        assert torch.allclose(own, torch.tensor(per_pair, dtype=torch.float64), rtol=1e-5, atol=1e-6), case
        entry = {
            **case,
            "per_pair": per_pair,
            "loss": loss.item(),
            "d_loss_d_policy_chosen": flat(grad_chosen),
            "d_loss_d_policy_rejected": flat(grad_rejected),
            "rewards": metrics,
        }
        if "sft" in case["loss_type"]:
            entry["nll"] = nll.item()
            assert abs(own.mean().item() + case["loss_weights"][1] * nll.item() - loss.item()) < 1e-4
        out.append(entry)
    # The numbers that the facts sheet already had.
    assert abs(sum(out[0]["per_pair"][:2]) / 2 - 0.6456430) < 1e-6
    assert abs(sum(out[3]["per_pair"][:2]) / 2 - 0.9) < 1e-6
    assert abs(sum(out[4]["per_pair"][:2]) / 2 - 0.6331430) < 1e-6
    return out


def dpo_rows() -> list[dict]:
    gen = torch.Generator().manual_seed(SEED + 4)
    rows = []
    for prompt, chosen, rejected in ((7, 9, 5), (4, 6, 12), (11, 3, 8)):
        rows.append(
            {
                "prompt": [BOS] + random_ids(gen, prompt - 1),
                "chosen": random_ids(gen, chosen, eos=True),
                "rejected": random_ids(gen, rejected, eos=True),
            }
        )
    # The adapter happens to favour every chosen side; turned round, the second pair counts as wrong.
    rows[1]["chosen"], rows[1]["rejected"] = rows[1]["rejected"], rows[1]["chosen"]
    return rows


def summed_logps(model, rows: list[dict], side: str) -> torch.Tensor:
    """Sum over the completion's tokens of their log-probs, one row at a time (no padding)."""
    sums = []
    for r in rows:
        ids = torch.tensor([r["prompt"] + r[side]])
        sums.append(token_logps(model, ids)[0, len(r["prompt"]) - 1 :].sum())
    return torch.stack(sums)


def trl_dpo(out: Path, rows: list[dict], case: dict) -> tuple[dict, dict[str, torch.Tensor]]:
    """One step of the real trainer over the three pairs as one batch."""
    watch = Watch()
    data = Dataset.from_dict(
        {
            "prompt": [words(r["prompt"]) for r in rows],
            "chosen": [" " + words(r["chosen"]) for r in rows],
            "rejected": [" " + words(r["rejected"]) for r in rows],
        }
    )
    with trainer_args(
        DPOConfig,
        max_steps=1,
        per_device_train_batch_size=len(rows),
        learning_rate=LR,
        max_grad_norm=1e9,
        beta=case["beta"],
        loss_type=case["loss_type"],
        loss_weights=case.get("loss_weights"),
        label_smoothing=case.get("label_smoothing", 0.0),
    ) as args:
        trainer = DPOTrainer(
            model=load_adapter(out),
            # TRL 1.16 cannot take an adapter model here, so the reference is merged first.
            ref_model=load_adapter(out, "tiny-llama-lora-ref", trainable=False).merge_and_unload(),
            args=args,
            train_dataset=data,
            processing_class=word_tokenizer(),
            callbacks=[watch],
        )
        trainer.train()
    (entry,) = [e for e in trainer.state.log_history if "loss" in e]
    drop = ("epoch", "learning_rate")
    return {k: float(v) for k, v in entry.items() if k not in drop}, watch.grads[0]


def model_cases(out: Path) -> dict:
    rows = dpo_rows()
    model, other = load_adapter(out), load_adapter(out, attn="sdpa")
    ref = load_adapter(out, "tiny-llama-lora-ref", trainable=False)
    sides = ("chosen", "rejected")
    with torch.no_grad():
        ref_logps = {s: summed_logps(ref, rows, s) for s in sides}
    cases = []
    for case in (PURE_CASES[0], PURE_CASES[2], PURE_CASES[5]):

        def loss_and_grads(m):
            m.zero_grad()
            logps = {s: summed_logps(m, rows, s) for s in sides}
            c = logps["chosen"] - ref_logps["chosen"]
            r = logps["rejected"] - ref_logps["rejected"]
            lens = {s: torch.tensor([len(row[s]) for row in rows]) for s in sides}
            if case["loss_type"][0] == "ipo":
                per_pair = (c / lens["chosen"] - r / lens["rejected"] - 1 / (2 * case["beta"])) ** 2
            else:
                per_pair = -F.logsigmoid(case["beta"] * (c - r))
            loss = per_pair.mean()
            if "sft" in case["loss_type"]:
                loss = loss + case["loss_weights"][1] * -logps["chosen"].sum() / lens["chosen"].sum()
            loss.backward()
            return loss.item(), per_pair.detach(), logps, {k: p.grad.clone() for k, p in lora_params(m).items()}

        loss, per_pair, logps, grads = loss_and_grads(model)
        noise = max_diff(grads, loss_and_grads(other)[3])
        rewards = {s: case["beta"] * (logps[s].detach() - ref_logps[s]) for s in sides}
        trl_log, trl_grads = trl_dpo(out, rows, case)
        agreement = {"loss": abs(loss - trl_log["loss"]), "gradients": max_diff(grads, trl_grads)}
        print(f"DPO {case['name']}: written out against TRL's trainer: {agreement}")
        assert agreement["loss"] < 2e-5 and agreement["gradients"] < 1e-4
        cases.append(
            {
                **case,
                "noise": {"gradients": noise},
                "agreement_with_trl": agreement,
                "loss": loss,
                "per_pair": flat(per_pair),
                "logps_chosen": flat(logps["chosen"]),
                "logps_rejected": flat(logps["rejected"]),
                "rewards_chosen": flat(rewards["chosen"]),
                "rewards_rejected": flat(rewards["rejected"]),
                "metrics": {
                    "rewards/chosen": rewards["chosen"].mean().item(),
                    "rewards/rejected": rewards["rejected"].mean().item(),
                    "rewards/margins": (rewards["chosen"] - rewards["rejected"]).mean().item(),
                    "rewards/accuracies": (rewards["chosen"] > rewards["rejected"]).double().mean().item(),
                    "logps/chosen": logps["chosen"].mean().item(),
                    "logps/rejected": logps["rejected"].mean().item(),
                },
                "trl_log": trl_log,
                "gradient_norm": torch.stack([g.double().norm() for g in grads.values()]).norm().item(),
                "gradients": {k: summary(g) for k, g in grads.items()},
            }
        )
    return {
        "rows": rows,
        "reference_logps_chosen": flat(ref_logps["chosen"]),
        "reference_logps_rejected": flat(ref_logps["rejected"]),
        "cases": cases,
    }


def dpo_file(out: Path) -> None:
    write_json(
        out / "dpo.json",
        {
            "versions": VERSIONS,
            "about": "pure: losses from given summed log-probs, by trl.DPOTrainer's own loss code; per_pair is that of "
            "the first loss_type. model: policy tiny-llama + tiny-llama-lora, reference tiny-llama + "
            "tiny-llama-lora-ref; all rows are one batch. nll = -sum of chosen log-probs / chosen tokens of the batch.",
            "pure": {**PAIRS, "cases": pure_cases()},
            "model": model_cases(out),
        },
    )


# ------------------------------------------------------------------------------------------------- merge and the rest


def bf16_bits(t: torch.Tensor) -> list[int]:
    return [v & 0xFFFF for v in t.detach().to(torch.bfloat16).view(torch.int16).flatten().tolist()]


def merged_file(out: Path) -> None:
    model = load_adapter(out, trainable=False)
    ids = torch.tensor([read_json(out / "logits.json")["cases"][0]["ids"]])
    position = ids.shape[1] - 1
    with torch.no_grad():
        before = model(input_ids=ids, use_cache=False).logits[0, position]
        merged = model.merge_and_unload()
        after = merged(input_ids=ids, use_cache=False).logits[0, position]
    linears = {}
    for name, p in merged.named_parameters():
        if any(name.endswith(f"{n}.weight") for n in LINEARS):
            linears[name] = {**summary(p), "first_bf16_bits": bf16_bits(p)[:8]}
    assert len(linears) == LAYERS * len(LINEARS)
    write_json(
        out / "merged.json",
        {
            "versions": VERSIONS,
            "about": "peft merge_and_unload of tiny-llama-lora into tiny-llama, f32; first_bf16_bits: the first values "
            "rounded once to bf16, as bit patterns. Every other tensor is the base model's.",
            "noise": {"adapter_against_merged_logits": (before - after).abs().max().item()},
            "linears": linears,
            "logits": {"ids": ids[0].tolist(), "position": position, "logits": flat(after)},
        },
    )


def schedule_file(out: Path) -> None:
    cases = []
    for steps, warmup in ((10, 2), (7, 0)):
        for ours, theirs in (("linear", "linear"), ("cosine", "cosine"), ("constant", "constant_with_warmup")):
            p = torch.nn.Parameter(torch.zeros(1))
            optimizer = torch.optim.SGD([p], lr=1.0)
            scheduler = get_scheduler(theirs, optimizer, num_warmup_steps=warmup, num_training_steps=steps)
            factors = []
            for _ in range(steps):
                factors.append(scheduler.get_last_lr()[0])
                optimizer.step()
                scheduler.step()
            cases.append({"name": ours, "steps": steps, "warmup": warmup, "factors": factors})
    about = "factor of the learning rate at update 0, 1, ..; transformers.get_scheduler (constant: constant_with_warmup)"
    write_json(out / "schedule.json", {"versions": VERSIONS, "about": about, "cases": cases})


CONVERSATIONS = {
    "one_turn": [("user", "Hi")],
    "answered": [("user", "Hi"), ("assistant", "Yo")],
    "with_system": [("system", "You answer briefly."), ("user", "What is the leave policy?")],
    "two_turns": [
        ("system", "You answer briefly."),
        ("user", "What is the leave policy?"),
        ("assistant", "25 days a year."),
        ("user", "And for part-timers?"),
        ("assistant", "Pro rata.\nAsk your manager."),
    ],
    "to_be_trimmed": [
        ("system", "\n  You answer briefly. \t"),
        ("user", "  two  inner  spaces stay \n\n"),
        ("assistant", "\n\n- one\n- two\n"),
    ],
    "awkward_text": [
        ("user", "{{ bos_token }} {% if x %} & <b>\"quotes\"</b> 'and' \\n é 世界 🦙 \u00a0"),
        ("assistant", "{# no comment #}"),
    ],
    "empty_answer": [("user", "Hi"), ("assistant", "")],
}


def templates_file(out: Path) -> None:
    tok = Tokenizer(models.WordLevel({"<|begin_of_text|>": 0, "<|eot_id|>": 1}, unk_token="<|eot_id|>"))
    tok = PreTrainedTokenizerFast(tokenizer_object=tok, bos_token="<|begin_of_text|>", eos_token="<|eot_id|>")
    plain = (out / "llama3_plain.jinja").read_text(encoding="utf-8")
    folder = Path(trl.__file__).parent / "chat_templates"
    date = "26 Jul 2024"

    def render(template, messages, prompt):
        return tok.apply_chat_template(
            messages, chat_template=template, tokenize=False, add_generation_prompt=prompt, date_string=date
        )

    cases = []
    for name, turns in CONVERSATIONS.items():
        messages = [{"role": r, "content": c} for r, c in turns]
        for prompt in (False, True):
            ours = render(plain, messages, prompt)
            assert ours == render((folder / "llama3.jinja").read_text(), messages, prompt), name
            cases.append(
                {
                    "name": name,
                    "messages": messages,
                    "add_generation_prompt": prompt,
                    "plain": ours,
                    "llama3_2": render((folder / "llama3_2.jinja").read_text(), messages, prompt),
                }
            )
    write_json(
        out / "templates.json",
        {
            "versions": VERSIONS,
            "about": "rendered by transformers. plain: llama3_plain.jinja beside this file, equal in output to TRL's "
            "llama3.jinja; llama3_2: TRL's llama3_2.jinja, whose text is not kept here",
            "bos_token": "<|begin_of_text|>",
            "date_string": date,
            "cases": cases,
        },
    )


# ------------------------------------------------------------------------------------------------------------- main


def make(out: Path) -> None:
    torch.manual_seed(SEED)
    write_base(out)
    write_adapter(out, "tiny-llama-lora", 1.0)
    write_adapter(out, "tiny-llama-lora-ref", 0.5)
    logits_file(out)
    lora_sft_file(out)
    dpo_file(out)
    merged_file(out)
    schedule_file(out)
    templates_file(out)


def check(out: Path) -> int:
    """Makes everything again elsewhere; counts what moved by more than f32 noise."""
    bad = 0
    with tempfile.TemporaryDirectory() as tmp:
        again = Path(tmp)
        (again / "llama3_plain.jinja").write_bytes((out / "llama3_plain.jinja").read_bytes())
        make(again)
        for new in sorted(again.rglob("*")):
            old = out / new.relative_to(again)
            if new.suffix == ".json":
                a, b = read_json(old), read_json(new)
                for side in (a, b):
                    for key in ("versions", "noise", "agreement_with_trl"):
                        side.pop(key, None)
                    for case in side.get("model", {}).get("cases", []):
                        case.pop("noise"), case.pop("agreement_with_trl")
                found = differences(a, b, rtol=2e-4, atol=2e-5)
            elif new.suffix == ".safetensors":
                a, b = load_file(old), load_file(new)
                found = [k for k in a.keys() | b.keys() if k not in a or k not in b or not torch.equal(a[k], b[k])]
            else:
                continue
            print(f"{'differs' if found else 'same   '} {old}")
            for line in found[:10]:
                print(f"        {line}")
            bad += bool(found)
    return 1 if bad else 0


def main() -> int:
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--out", type=Path, default=DEFAULT_OUT)
    args.add_argument("--check", action="store_true", help="compare instead of writing")
    args = args.parse_args()
    torch.set_num_threads(1)
    print("versions: " + ", ".join(f"{k} {v}" for k, v in VERSIONS.items()))
    args.out.mkdir(parents=True, exist_ok=True)
    template = args.out / "llama3_plain.jinja"
    if not template.exists():
        template.write_bytes((DEFAULT_OUT / template.name).read_bytes())
    if args.check:
        return check(args.out)
    make(args.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
