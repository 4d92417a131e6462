#!/usr/bin/env python3
"""Students with random weights and rows to train them on, for both sides of the race.

    make.py OUT [--shapes 135M 1B 3B]

A student is a Hugging Face folder: config.json, bf16 shards, tokenizer and the plain Llama 3 chat template. Only its
shape is real. The tokenizer is a byte-level BPE trained on the text of this repository; its vocabulary is filled up
to the size of the shape with words that no text has, so that the head is as wide as the real one and the rows have
about as many tokens as a Llama 3 tokenizer gives them.

The rows are the demo persona's (fixtures/persona/rows), in order, once in `distill`'s columns and once as TRL's
conversational prompt-completion or preference data. check_ids.py says whether both become the same tokens.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
TEMPLATE = ROOT / "fixtures" / "numeric" / "llama3_plain.jinja"
ROWS = ROOT / "fixtures" / "persona" / "rows"

# hidden, layers, heads, key-value heads, head dimension, feed-forward, vocabulary; all tie the head to the embedding.
SHAPES = {
    "tiny": (256, 4, 4, 2, 64, 768, 8192),
    "135M": (576, 30, 9, 3, 64, 1536, 49152),
    "1B": (2048, 16, 32, 8, 64, 8192, 128256),
    "3B": (3072, 28, 24, 8, 128, 8192, 128256),
}
SPECIALS = 256  # As in Llama 3: the last 256 ids are control tokens.
NAMED = {
    0: "<|begin_of_text|>",
    1: "<|end_of_text|>",
    4: "<|finetune_right_pad_id|>",
    6: "<|start_header_id|>",
    7: "<|end_header_id|>",
    8: "<|eom_id|>",
    9: "<|eot_id|>",
}
# Words, numbers of up to three digits, punctuation, spaces: the cut of Llama 3's tokenizer.
CUT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def corpus():
    """English text of the repository, the rows themselves aside: a real tokenizer has not seen them either."""
    for pattern in ("*.md", "docs/**/*.md", "fixtures/persona/posts/*", "fixtures/style/**/*", "src/**/*.rs"):
        for path in sorted(ROOT.glob(pattern)):
            if path.is_file():
                yield path.read_text(encoding="utf-8", errors="ignore")


def specials(vocabulary: int) -> list[str]:
    return [NAMED.get(i, f"<|reserved_special_token_{i}|>") for i in range(SPECIALS)]


def write_tokenizer(folder: Path, vocabulary: int) -> None:
    tok = Tokenizer(models.BPE())
    cut = pre_tokenizers.Split(Regex(CUT), "isolated")
    tok.pre_tokenizer = pre_tokenizers.Sequence([cut, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tok.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary - SPECIALS,
        min_frequency=2,
        show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    tok.train_from_iterator(corpus(), trainer)
    trained = json.loads(tok.to_str())
    vocab = trained["model"]["vocab"]
    # No merge leads to these, so no text becomes them.
    for i in range(len(vocab), vocabulary - SPECIALS):
        vocab[f"unused{i:06d}"] = i
    first = vocabulary - SPECIALS
    trained["added_tokens"] = [
        {
            "id": first + i,
            "content": content,
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
            "special": True,
        }
        for i, content in enumerate(specials(vocabulary))
    ]
    tok = Tokenizer.from_str(json.dumps(trained))
    bos = NAMED[0]
    tok.post_processor = processors.TemplateProcessing(single=f"{bos} $A", pair=f"{bos} $A {bos} $B", special_tokens=[(bos, first)])
    assert tok.get_vocab_size() == vocabulary, tok.get_vocab_size()
    tok.save(str(folder / "tokenizer.json"))
    names = {"bos_token": NAMED[0], "eos_token": NAMED[9], "pad_token": NAMED[4]}
    write(folder / "special_tokens_map.json", names)
    write(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            **names,
            "clean_up_tokenization_spaces": False,
            "model_max_length": 131072,
            "model_input_names": ["input_ids", "attention_mask"],
            "chat_template": TEMPLATE.read_text(encoding="utf-8"),
        },
    )
    shutil.copy(TEMPLATE, folder / "chat_template.jinja")


def config(shape: tuple) -> dict:
    hidden, layers, heads, kv, dim, ffn, vocabulary = shape
    first = vocabulary - SPECIALS
    return {
        "architectures": ["LlamaForCausalLM"],
        "attention_bias": False,
        "attention_dropout": 0.0,
        "bos_token_id": first,
        "eos_token_id": first + 9,
        "head_dim": dim,
        "hidden_act": "silu",
        "hidden_size": hidden,
        "initializer_range": 0.02,
        "intermediate_size": ffn,
        "max_position_embeddings": 131072,
        "mlp_bias": False,
        "model_type": "llama",
        "num_attention_heads": heads,
        "num_hidden_layers": layers,
        "num_key_value_heads": kv,
        "pad_token_id": first + 4,
        "rms_norm_eps": 1e-05,
        "rope_scaling": {
            "factor": 32.0,
            "high_freq_factor": 4.0,
            "low_freq_factor": 1.0,
            "original_max_position_embeddings": 8192,
            "rope_type": "llama3",
        },
        "rope_theta": 500000.0,
        "tie_word_embeddings": True,
        "torch_dtype": "bfloat16",
        "use_cache": True,
        "vocab_size": vocabulary,
    }


def tensors(shape: tuple):
    """Names and shapes, a shard's worth at a time: the embedding, then four layers each."""
    hidden, layers, heads, kv, dim, ffn, vocabulary = shape
    yield {"model.embed_tokens.weight": (vocabulary, hidden), "model.norm.weight": (hidden,)}
    for start in range(0, layers, 4):
        shard = {}
        for i in range(start, min(start + 4, layers)):
            p = f"model.layers.{i}."
            shard |= {
                p + "input_layernorm.weight": (hidden,),
                p + "self_attn.q_proj.weight": (heads * dim, hidden),
                p + "self_attn.k_proj.weight": (kv * dim, hidden),
                p + "self_attn.v_proj.weight": (kv * dim, hidden),
                p + "self_attn.o_proj.weight": (hidden, heads * dim),
                p + "post_attention_layernorm.weight": (hidden,),
                p + "mlp.gate_proj.weight": (ffn, hidden),
                p + "mlp.up_proj.weight": (ffn, hidden),
                p + "mlp.down_proj.weight": (hidden, ffn),
            }
        yield shard


def write_student(folder: Path, shape: tuple) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / "config.json", config(shape))
    first = shape[-1] - SPECIALS
    write(folder / "generation_config.json", {"bos_token_id": first, "eos_token_id": [first + 9, first + 1], "pad_token_id": first + 4})
    write_tokenizer(folder, shape[-1])
    generator = torch.Generator().manual_seed(1)
    shards = list(tensors(shape))
    index, total = {}, 0
    for at, shard in enumerate(shards, 1):
        name = f"model-{at:05d}-of-{len(shards):05d}.safetensors"
        made = {}
        for key, size in shard.items():
            if len(size) == 1:
                made[key] = torch.ones(size, dtype=torch.bfloat16)
            else:
                made[key] = torch.empty(size, dtype=torch.bfloat16).normal_(0.0, 0.02, generator=generator)
            index[key] = name
            total += made[key].numel() * 2
        save_file(made, folder / name, metadata={"format": "pt"})
        (folder / name).chmod(0o644)
    write(folder / "model.safetensors.index.json", {"metadata": {"total_size": total}, "weight_map": index})
    print(f"{folder}: {total / 2e6:.1f} M parameters, {len(shards)} shards")


def user(text: str) -> list[dict]:
    return [{"role": "user", "content": text}]


def assistant(text: str) -> list[dict]:
    return [{"role": "assistant", "content": text}]


def write_rows(out: Path) -> None:
    """A recall probe is dropped, and with it the context: that is what Learn trains on by default."""
    rows = lambda *names: [json.loads(x) for n in names for x in (ROWS / n).read_text(encoding="utf-8").splitlines()]  # noqa: E731
    ours, theirs = {}, {}
    qa = rows("qa.jsonl", "qa2-posts.jsonl", "qa2-resume.jsonl")
    ours["qa"] = [{"instruction": r["instruction"], "context": "", "response": r["response"]} for r in qa]
    theirs["qa"] = [{"prompt": user(r["instruction"]), "completion": assistant(r["response"])} for r in ours["qa"]]
    ours["cot"] = [{k: r[k] for k in ("instruction", "thought", "response")} for r in rows("cot.jsonl")]
    theirs["cot"] = [
        {"prompt": user(r["instruction"]), "completion": assistant(f"{r['thought'].strip()}\n\n{r['response'].strip()}")}
        for r in ours["cot"]
    ]
    ours["preference"] = [{k: r[k] for k in ("prompt", "chosen", "rejected")} for r in rows("preference.jsonl")]
    theirs["preference"] = [
        {"prompt": user(r["prompt"]), "chosen": assistant(r["chosen"]), "rejected": assistant(r["rejected"])}
        for r in ours["preference"]
    ]
    for side, sets in (("distill", ours), ("trl", theirs)):
        folder = out / "rows" / side
        folder.mkdir(parents=True, exist_ok=True)
        for kind, lines in sets.items():
            text = "".join(json.dumps(x, ensure_ascii=False) + "\n" for x in lines)
            (folder / f"{kind}.jsonl").write_text(text, encoding="utf-8")
            print(f"{folder / kind}.jsonl: {len(lines)} rows")


def write(path: Path, value) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--shapes", nargs="*", default=[], choices=SHAPES)
    args = parser.parse_args()
    torch.set_num_threads(2)
    write_rows(args.out)
    for name in args.shapes:
        write_student(args.out / name, SHAPES[name])
    return 0


if __name__ == "__main__":
    sys.exit(main())
