#!/usr/bin/env python3
"""Trains the same rows from the same adapter with `distill` and with TRL and PEFT, and compares every step.

    python check_training.py [--distill PROGRAM] [--only sft,dpo-ipo] [--set KEY=VALUE] [--bf16]

The base is fixtures/numeric/tiny-llama with a tokenizer of one word per id, so both sides read the same text and get
the same ids. The starting adapter is written by PEFT (rank 8, every linear layer, A and B non-zero) and given to both;
for DPO it is the reference as well, which TRL 1.16 does by itself for a model that brings an adapter.

SFT takes 20 optimizer steps of two micro-batches with unequal numbers of labels, with warm-up, a cosine, weight decay and
clipping that acts; `sft-linear` the same rows in one batch, with a linear schedule and no clipping.
DPO takes 20 steps of each loss. Compared are all figures of every step, and the final adapter. `mean_token_accuracy`
is compared in `sft-linear` alone: over micro-batches TRL takes the mean of their means, distill counts tokens.

A figure may differ by 1e-4 of the largest value that it takes in the run, for rewards begin at zero, where there is
nothing to be relative to; a tensor of the adapter by 1e-4 of its norm. Everything is f32 on the CPU.

With --bf16 the frozen weights are kept in bf16 on both sides, and `distill` may be no farther from TRL's f32 run than
TRL's own bf16 run is.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("TQDM_DISABLE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["HF_DATASETS_CACHE"] = tempfile.mkdtemp(prefix="parity-datasets-")

import torch
import transformers
from datasets import Dataset
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast, PrinterCallback
from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer

from parity_common import Report, print_versions, write_json
from run_all import default_program

HERE = Path(__file__).resolve().parent
TINY = HERE.parent.parent / "fixtures" / "numeric" / "tiny-llama"
VOCAB, PAD, BOS, EOS = 128, 0, 1, 2
SEVEN = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}{{ ' ' + m.content | trim }}"
    "{% if m.role == 'assistant' %}{{ ' ' + eos_token }}{% endif %}{% endfor %}"
)
STEPS = 20
TOLERANCE = 1e-4
# DiscoPOP divides log-ratios by a temperature of 0.05, and their rounding with them: two attention kernels of torch give
# gradient norms 4e-5 apart, ten times as far as with the other losses.
LOOSER = {"dpo-discopop": 3e-4}
SEED = 20240726

DPO = {
    "dpo-sigmoid": {"loss_type": ["sigmoid"]},
    "dpo-ipo": {"loss_type": ["ipo"]},
    "dpo-hinge": {"loss_type": ["hinge"]},
    "dpo-robust": {"loss_type": ["robust"], "label_smoothing": 0.1},
    "dpo-sigmoid-sft": {"loss_type": ["sigmoid", "sft"], "loss_weights": [1.0, 0.5]},
}
# What else DPOTrainer knows.
DPO |= {
    f"dpo-{name.replace('_', '-')}": {"loss_type": [name]}
    for name in ("sigmoid_norm", "nca_pair", "sppo_hard", "apo_zero", "apo_down", "discopop")
}
DPO["dpo-exo-pair"] = {"loss_type": ["exo_pair"], "label_smoothing": 0.01}
COMMON = {"learning_rate": 2e-3, "weight_decay": 0.01, "max_grad_norm": 1.0, "warmup_ratio": 0.1, "schedule": "cosine"}
# Rows of a micro-batch, micro-batches of a step, settings. Always with a warm-up: Adam's first update is the sign of the
# gradient, whatever its size, and where that is nearly nothing two of torch's own attention kernels disagree as well.
SFT = {
    "sft": (2, 2, COMMON),
    "sft-linear": (4, 1, {**COMMON, "schedule": "linear", "max_grad_norm": 1e9}),
}
FIGURES = {
    "sft": ["loss", "grad_norm", "learning_rate"],
    "sft-linear": ["loss", "grad_norm", "learning_rate", "mean_token_accuracy"],
    "dpo": [
        "loss",
        "grad_norm",
        "learning_rate",
        "rewards/chosen",
        "rewards/rejected",
        "rewards/margins",
        "rewards/accuracies",
        "logps/chosen",
        "logps/rejected",
    ],
}


# -------------------------------------------------------------------------------------------------------- what both get


def write_student(folder: Path) -> None:
    shutil.copytree(TINY, folder)
    vocab = {"<pad>": PAD, "<bos>": BOS, "<eos>": EOS} | {f"t{i}": i for i in range(3, VOCAB)}
    tok = Tokenizer(models.WordLevel(vocab, unk_token="<pad>"))
    tok.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tok.add_special_tokens(["<pad>", "<bos>", "<eos>"])
    tok = PreTrainedTokenizerFast(tokenizer_object=tok, pad_token="<pad>", bos_token="<bos>", eos_token="<eos>")
    tok.save_pretrained(folder)
    # The old form of these files, which older programs read as well.
    names = {"pad_token": "<pad>", "bos_token": "<bos>", "eos_token": "<eos>"}
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", **names, "chat_template": TEMPLATE}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    (folder / "chat_template.jinja").write_text(TEMPLATE, encoding="utf-8")


def load_base(student: Path, dtype: str = "float32"):
    return AutoModelForCausalLM.from_pretrained(student, dtype=getattr(torch, dtype), attn_implementation="eager")


def write_adapter(student: Path, folder: Path) -> None:
    config = LoraConfig(r=8, lora_alpha=16, lora_dropout=0.0, bias="none", task_type="CAUSAL_LM", target_modules=SEVEN)
    model = get_peft_model(load_base(student), config)
    gen = torch.Generator().manual_seed(SEED)
    with torch.no_grad():
        for name, p in sorted((n, p) for n, p in model.named_parameters() if p.requires_grad):
            p.copy_(torch.randn(p.shape, generator=gen) * (0.1 if "lora_A" in name else 0.03))
    model.save_pretrained(folder)


def words(gen: torch.Generator, low: int, high: int) -> str:
    n = int(torch.randint(low, high + 1, (1,), generator=gen))
    return " ".join(f"t{i}" for i in torch.randint(3, VOCAB, (n,), generator=gen).tolist())


def sft_rows() -> list[dict]:
    """Answers of 1 to 24 tokens: micro-batches of one step differ in labels by far."""
    gen = torch.Generator().manual_seed(SEED + 1)
    return [{"instruction": words(gen, 3, 20), "context": "", "response": words(gen, 1, 24)} for _ in range(4 * STEPS)]


def dpo_rows() -> list[dict]:
    gen = torch.Generator().manual_seed(SEED + 2)
    return [
        {"prompt": words(gen, 3, 12), "chosen": words(gen, 1, 16), "rejected": words(gen, 1, 16)}
        for _ in range(4 * STEPS)
    ]


def user(text: str) -> list[dict]:
    return [{"role": "user", "content": text}]


def assistant(text: str) -> list[dict]:
    return [{"role": "assistant", "content": text}]


# ------------------------------------------------------------------------------------------------------------ both sides


def by_trl(work: str, student: Path, adapter: Path, dtype: str = "float32") -> tuple[list[dict], dict]:
    sft = work in SFT
    rows, accumulation, recipe = SFT.get(work, (4, 1, COMMON))
    if sft:
        data = [{"prompt": user(r["instruction"]), "completion": assistant(r["response"])} for r in sft_rows()]
        cls, config, more = SFTTrainer, SFTConfig, {}
    else:
        data = [
            {"prompt": user(r["prompt"]), "chosen": assistant(r["chosen"]), "rejected": assistant(r["rejected"])}
            for r in dpo_rows()
        ]
        cls, config, more = DPOTrainer, DPOConfig, {"beta": 0.1, **DPO[work]}
    with tempfile.TemporaryDirectory() as out:
        args = config(
            output_dir=out,
            use_cpu=True,
            bf16=False,
            gradient_checkpointing=False,
            max_steps=STEPS,
            logging_steps=1,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            train_sampling_strategy="sequential",
            dataloader_pin_memory=False,
            per_device_train_batch_size=rows,
            gradient_accumulation_steps=accumulation,
            learning_rate=recipe["learning_rate"],
            weight_decay=recipe["weight_decay"],
            max_grad_norm=recipe["max_grad_norm"],
            warmup_steps=recipe["warmup_ratio"],
            lr_scheduler_type=recipe["schedule"],
            max_length=1024,
            **more,
        )
        trainer = cls(
            model=PeftModel.from_pretrained(load_base(student, dtype), adapter, is_trainable=True),
            args=args,
            train_dataset=Dataset.from_list(data),
            processing_class=AutoTokenizer.from_pretrained(student),
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    logs = [entry for entry in trainer.state.log_history if "loss" in entry]
    final = {
        name.replace(".default.", "."): p.detach().float().clone()
        for name, p in trainer.model.named_parameters()
        if "lora_" in name and ".default." in name
    }
    return logs, final


def by_distill(
    distill: str, work: str, student: Path, adapter: Path, scratch: Path, extra: list[str], base: str = "f32"
) -> tuple[list[dict], dict]:
    sft = work in SFT
    batch_rows, accumulation, recipe = SFT.get(work, (4, 1, COMMON))
    phase = "learn" if sft else "align"
    data, out = scratch / f"{work}.jsonl", scratch / f"{work}-{base}"
    rows = sft_rows() if sft else dpo_rows()
    data.write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    settings = {
        **recipe,
        "base": base,
        "max_steps": STEPS,
        "batch_rows": batch_rows,
        "gradient_accumulation": accumulation,
        "shuffle": "false",
        "eval_ratio": 0.0,
        "keep": "last",
    }
    if not sft:
        loss = DPO[work]
        settings |= {"beta": 0.1, "loss": loss["loss_type"][0], "label_smoothing": loss.get("label_smoothing", 0.0)}
        # TRL trains the adapter it is given, against a frozen copy of it.
        settings["stack"] = "false"
        settings["nll_weight"] = loss.get("loss_weights", [0, 0.0])[1]
    command = [distill, "train", "--phase", phase, "--data", data, "--student", student, "--adapter", adapter, "--out", out]
    for key, value in settings.items():
        command += ["--set", f"train.{phase}.{key}={value}"]
    for setting in extra:
        command += ["--set", setting]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))}\n{done.stdout}")
    logs = [json.loads(line) for line in (out / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    return logs, load_file(out / "adapter_model.safetensors")


# ------------------------------------------------------------------------------------------------------------ comparing


def apart(ours: list[float], theirs: list[float]) -> float:
    """The largest difference, relative to the largest value."""
    scale = max(max(map(abs, theirs)), 1e-12)
    return max(abs(a - b) for a, b in zip(ours, theirs)) / scale


def tensors_apart(ours: dict, theirs: dict) -> tuple[float, str]:
    return max((float((ours[k].float() - t).norm() / t.norm()), k) for k, t in theirs.items())


def compare(report: Report, work: str, ours: tuple, theirs: tuple, start: dict) -> None:
    (our_logs, our_final), (their_logs, their_final) = ours, theirs
    report.check(len(our_logs) == len(their_logs) == STEPS, f"{work}: {len(our_logs)} and {len(their_logs)} steps")
    for figure in FIGURES.get(work, FIGURES["dpo"]):
        left = [float(entry[figure]) for entry in our_logs]
        right = [float(entry[figure]) for entry in their_logs]
        worst = apart(left, right)
        at = max(range(len(right)), key=lambda i: abs(left[i] - right[i]))
        report.check(
            worst <= LOOSER.get(work, TOLERANCE),
            f"{work:16} {figure:20} first {left[0]:12.7g} {right[0]:12.7g}   last {left[-1]:12.7g} {right[-1]:12.7g}   "
            f"farthest at step {at + 1:2}: {worst:.1e}",
        )
    shapes = [{name: tuple(t.shape) for name, t in final.items()} for final in (our_final, their_final)]
    if report.check(shapes[0] == shapes[1], f"{work}: {len(our_final)} tensors of the same names and shapes"):
        worst, name = tensors_apart(our_final, their_final)
        moved = min(float((t - start[k]).norm() / t.norm()) for k, t in their_final.items())
        report.check(worst <= TOLERANCE, f"{work:16} final adapter, of the norm: {worst:.1e} ({name})")
        report.check(moved > 100 * worst, f"{work:16} every tensor has moved by {moved:.1e} of its norm at least")


def compare_bf16(report: Report, work: str, ours: tuple, theirs: tuple, exact: tuple) -> None:
    for figure in ("loss", "grad_norm"):
        reference = [float(entry[figure]) for entry in exact[0]]
        left = apart([float(entry[figure]) for entry in ours[0]], reference)
        right = apart([float(entry[figure]) for entry in theirs[0]], reference)
        report.check(left <= max(right, TOLERANCE), f"{work:16} bf16 {figure:20} {left:.1e} from f32, TRL {right:.1e}")
    left, right = tensors_apart(ours[1], exact[1])[0], tensors_apart(theirs[1], exact[1])[0]
    report.check(left <= max(right, TOLERANCE), f"{work:16} bf16 final adapter        {left:.1e} from f32, TRL {right:.1e}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--distill", default=default_program())
    parser.add_argument("--only", default="", help="comma-separated: " + ", ".join([*SFT, *DPO]))
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="further settings for distill")
    parser.add_argument("--bf16", action="store_true")
    parser.add_argument("--write", type=Path, help="also write TRL's figures as JSON")
    args = parser.parse_args()
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    print_versions("torch", "transformers", "peft", "trl", "accelerate", "datasets")
    print(f"distill: {args.distill}; each line: distill's value, TRL's value")
    report = Report()
    with tempfile.TemporaryDirectory(prefix="parity-training-") as tmp:
        scratch = Path(tmp)
        student, adapter = scratch / "student", scratch / "adapter"
        write_student(student)
        write_adapter(student, adapter)
        start = load_file(adapter / "adapter_model.safetensors")
        told = {}
        for work in args.only.split(",") if args.only else [*SFT, *DPO]:
            theirs = by_trl(work, student, adapter)
            ours = by_distill(args.distill, work, student, adapter, scratch, args.set)
            compare(report, work, ours, theirs, start)
            if work == "sft":
                norms = [float(entry["grad_norm"]) for entry in theirs[0]]
                report.check(max(norms) > COMMON["max_grad_norm"], f"{work}: clipping acts, norms up to {max(norms):.3g}")
            told[work] = theirs[0]
            if args.bf16:
                rounded = by_trl(work, student, adapter, "bfloat16")
                ours = by_distill(args.distill, work, student, adapter, scratch, args.set, "bf16")
                compare_bf16(report, work, ours, rounded, theirs)
        if args.write:
            write_json(args.write, told)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
