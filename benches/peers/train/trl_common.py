"""What the TRL sides of the race share: quiet imports, loading, timing, figures of the process."""

from __future__ import annotations

import json
import os
import tempfile
import time
from importlib import metadata

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("TQDM_DISABLE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ["CUDA_VISIBLE_DEVICES"] = ""
# A cache of its own, so that neither tokens nor reference log-probabilities come from an earlier run.
os.environ["HF_DATASETS_CACHE"] = tempfile.mkdtemp(prefix="race-datasets-")
THREADS = int(os.environ.get("RACE_THREADS", "2"))
os.environ["OMP_NUM_THREADS"] = str(THREADS)

import torch  # noqa: E402
import transformers  # noqa: E402
from datasets import Dataset  # noqa: E402
from peft import LoraConfig  # noqa: E402
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback  # noqa: E402

transformers.logging.set_verbosity_error()
torch.set_num_threads(THREADS)

SEVEN = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
# f32: everything. bf16: weights in bf16 and autocast, what TRL does by default. bf16-weights: weights in bf16 without
# autocast, so that the adapters multiply in f32. autocast: weights in f32, products in bf16.
DTYPES = {
    "f32": ("float32", False),
    "bf16": ("bfloat16", True),
    "bf16-weights": ("bfloat16", False),
    "autocast": ("float32", True),
}


def peak_rss_mib() -> float:
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
    return float("nan")


def isa() -> str:
    """What torch's bf16 products run on: oneDNN looks at the processor itself."""
    flags = open("/proc/cpuinfo").read()
    for flag, name in (("amx_bf16", "AMX"), ("avx512_bf16", "AVX512_BF16"), ("avx512f", "AVX512"), ("avx2", "AVX2")):
        if flag in flags:
            return f"{name} (torch says {torch.backends.cpu.get_cpu_capability()})"
    return torch.backends.cpu.get_cpu_capability()


def versions() -> dict:
    return {name: metadata.version(name) for name in ("torch", "transformers", "peft", "trl", "accelerate", "datasets")}


def load(student: str, dtype: str, attention: str):
    name, _ = DTYPES[dtype]
    model = AutoModelForCausalLM.from_pretrained(student, dtype=getattr(torch, name), attn_implementation=attention)
    return model, AutoTokenizer.from_pretrained(student)


def lora(rank: int = 16, alpha: int = 32) -> LoraConfig:
    return LoraConfig(r=rank, lora_alpha=alpha, lora_dropout=0.0, bias="none", task_type="CAUSAL_LM", target_modules=SEVEN)


def rows(path: str) -> Dataset:
    with open(path, encoding="utf-8") as lines:
        return Dataset.from_list([json.loads(line) for line in lines])


def arguments(cls, dtype: str, **more):
    """Settings of both trainers: no evaluation, nothing saved, rows in the order of the file."""
    more.setdefault("train_sampling_strategy", "sequential")
    return cls(
        output_dir=tempfile.mkdtemp(prefix="race-out-"),
        use_cpu=True,
        bf16=DTYPES[dtype][1],
        gradient_checkpointing=False,
        logging_steps=1,
        save_strategy="no",
        eval_strategy="no",
        report_to="none",
        disable_tqdm=True,
        dataloader_pin_memory=False,
        dataloader_num_workers=0,
        learning_rate=2e-4,
        lr_scheduler_type="cosine",
        max_grad_norm=1.0,
        max_length=more.pop("max_length", 1024),
        **more,
    )


class Clock(TrainerCallback):
    """When each optimizer step ended; the first `skip` are warm-up."""

    def __init__(self) -> None:
        self.ends: list[float] = []
        self.processor: list[float] = []  # of all threads; a busy machine leaves it alone, but for threads that spin

    def on_train_begin(self, *_, **__):
        self.begin = time.perf_counter()

    def on_step_end(self, *_, **__):
        self.ends.append(time.perf_counter())
        self.processor.append(time.process_time())


class Counting:
    """The collator, and what it was given: rows, tokens, tokens with padding."""

    def __init__(self, inner) -> None:
        self.inner, self.batches = inner, []

    def __call__(self, examples):
        batch = self.inner(examples)
        ids = batch["input_ids"]
        mask = batch.get("attention_mask")
        real = ids.numel() if mask is None else int(mask.sum())
        # A packed example holds several rows.
        count = sum(len(e["seq_lengths"]) if "seq_lengths" in e else 1 for e in examples)
        self.batches.append((count, real, ids.numel()))
        return batch

    def __getattr__(self, name):
        return getattr(self.inner, name)


def load_average() -> float:
    return os.getloadavg()[0]
