#!/usr/bin/env python3
"""Small students for the GGUF checks: every architecture, with tokenizers, a model card and settings for sampling.

    python make_gguf_students.py OUT [--name llama-tied ...]

Writes OUT/<name>/ as transformers saves a folder: `llama`, `llama-tied`, `mistral`, `qwen2`, `qwen3`. Weights follow
from their names (see make_families.py). The tokenizers are byte-level BPE trained on a few sentences, with the splits
of Llama 3, SmolLM, Qwen and GPT-2, so that nothing has to be fetched.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoConfig, AutoModelForCausalLM

from make_families import weight
from parity_common import write_json

LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
TEXT = [
    "The ferry leaves at seven, and nobody who lives on the island would call that early. " * 3,
    "I've kept 1234 notes since 2019; she'll read them, he'd rather not, they're long.",
    "Grüße aus Zürich! Ça va? Привет, как дела? 你好,世界 こんにちは 안녕하세요 مرحبا שלום 👋🏽 👨‍👩‍👧‍👦",
    "def main():\n    return {'a': [1, 2, 3]}\n\n\n\tfor x in range(10):\r\n        print(x)   # done\n",
]
COMMON = {
    "hidden_size": 256,
    "intermediate_size": 320,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 4096,
    "rms_norm_eps": 1e-5,
    "hidden_act": "silu",
    "torch_dtype": "bfloat16",
}
LLAMA3_ROPE = {
    "rope_type": "llama3",
    "factor": 32.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 1024,
}
STUDENTS = {
    "llama-tied": (
        {"model_type": "llama", "tie_word_embeddings": True, "head_dim": 64, "rope_theta": 500000.0, "rope_scaling": LLAMA3_ROPE},
        "llama3",
    ),
    "llama": ({"model_type": "llama", "tie_word_embeddings": False}, "smollm"),
    "mistral": ({"model_type": "mistral", "tie_word_embeddings": False, "sliding_window": 1024, "head_dim": 32}, "gpt2"),
    "qwen2": ({"model_type": "qwen2", "tie_word_embeddings": True, "rope_theta": 1000000.0, "use_sliding_window": False}, "qwen2"),
    "qwen3": ({"model_type": "qwen3", "tie_word_embeddings": False, "head_dim": 96, "rope_theta": 1000000.0}, "qwen2"),
}  # fmt: skip
CARD = """---
license: apache-2.0
language:
- en
- no
tags:
- persona
- "question answering"
pipeline_tag: text-generation
base_model:
- meta-llama/Llama-3.2-3B-Instruct
- https://huggingface.co/some-org/other-v2
- https://example.org/elsewhere
datasets: someone/notes   # of one person
model_creator: Ada Quill
description: >-
  Answers as one person would,
  from notes.
license_name: own-terms
---
# A student

license: not this one
"""
TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}<|start_header_id|>{{ message['role'] }}<|end_header_id|>\n\n"
    "{{ message['content'] }}<|eot_id|>{% endfor %}"
)


def tokenizer(kind: str, rows: int) -> tuple[Tokenizer, dict]:
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=kind in ("gpt2", "smollm"))
    front = {
        "llama3": [pre_tokenizers.Split(Regex(LLAMA3), "isolated")],
        "qwen2": [pre_tokenizers.Split(Regex(QWEN2), "isolated")],
        "smollm": [pre_tokenizers.Digits(individual_digits=True)],
        "gpt2": [],
    }[kind]
    specials = {
        "llama3": ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"],
        "qwen2": ["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        "smollm": ["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        "gpt2": ["<unk>", "<s>", "</s>"],
    }[kind]
    made = Tokenizer(models.BPE(ignore_merges=kind == "llama3"))
    made.pre_tokenizer = pre_tokenizers.Sequence([*front, byte_level]) if front else byte_level
    made.decoder = decoders.ByteLevel()
    if kind == "qwen2":
        made.normalizer = normalizers.NFC()
    in_front = kind in ("smollm", "gpt2")
    trainer = trainers.BpeTrainer(
        vocab_size=rows - 24, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False,
        special_tokens=specials if in_front else [],
    )  # fmt: skip
    made.train_from_iterator(TEXT, trainer)
    if not in_front:
        made.add_special_tokens(specials)
    # One that is not special, one that only looks so, and one with a blank in it.
    made.add_tokens([AddedToken("<think>", normalized=False), AddedToken("<|tool|>", normalized=False), AddedToken("two words")])
    bos, eos = {
        "llama3": ("<|begin_of_text|>", "<|eot_id|>"),
        "qwen2": (None, "<|im_end|>"),
        "smollm": ("<|im_start|>", "<|im_end|>"),
        "gpt2": ("<s>", "</s>"),
    }[kind]
    if kind in ("llama3", "gpt2"):
        template = processors.TemplateProcessing(
            single=f"{bos} $A", pair=f"{bos} $A {bos} $B:1", special_tokens=[(bos, made.token_to_id(bos))]
        )
        made.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), template])
    else:
        made.post_processor = processors.ByteLevel(trim_offsets=False)
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": bos, "eos_token": eos, "pad_token": specials[0]}
    settings |= {"model_max_length": 4096, "clean_up_tokenization_spaces": False, "chat_template": TEMPLATE}
    if kind == "smollm":
        settings |= {"add_prefix_space": False, "unk_token": specials[0]}
    return made, settings


def make(out: Path, name: str) -> None:
    config, kind = STUDENTS[name]
    # More rows than tokens, as Qwen has them.
    rows = 704
    tok, settings = tokenizer(kind, rows)
    ids = {f"{key}_token_id": tok.token_to_id(settings[f"{key}_token"]) if settings[f"{key}_token"] else None for key in ("bos", "eos", "pad")}
    config = COMMON | config | ids | {"vocab_size": rows}
    out.mkdir(parents=True, exist_ok=True)
    cls = {"llama": "Llama", "mistral": "Mistral", "qwen2": "Qwen2", "qwen3": "Qwen3"}[config["model_type"]]
    write_json(out / "config.json", {"architectures": [f"{cls}ForCausalLM"]} | config)
    model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(out), dtype=torch.float32)
    # f16 would not do: some values have to be lost by every smaller type.
    tensors = {key: weight(key, value.shape) for key, value in model.state_dict().items() if not ("tied" in name and "lm_head" in key)}
    if config["tie_word_embeddings"]:
        tensors.pop("lm_head.weight", None)
    save_file({key: value.to(torch.bfloat16) for key, value in tensors.items()}, out / "model.safetensors", metadata={"format": "pt"})
    tok.save(str(out / "tokenizer.json"))
    write_json(out / "tokenizer_config.json", settings)
    write_json(out / "generation_config.json", {"temperature": 0.6, "top_k": 20, "top_p": 0.95, "repetition_penalty": 1.05, "do_sample": True})
    (out / "README.md").write_text(CARD)


def main() -> int:
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("out", type=Path)
    args.add_argument("--name", nargs="*", choices=list(STUDENTS))
    args = args.parse_args()
    torch.set_num_threads(1)
    for name in args.name or STUDENTS:
        # A name that says a size, a tuning and a version, which become keys of their own.
        make(args.out / f"{name}-instruct-v1.2", name)
        print(json.dumps({"made": str(args.out / f"{name}-instruct-v1.2")}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
