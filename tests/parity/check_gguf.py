#!/usr/bin/env python3
"""Runs an exported GGUF in llama.cpp (through llama-cpp-python) and compares greedy answers with distill's.

    python check_gguf.py MODEL.gguf TEXTS.json [--max-tokens N] [--hf DIR] [--logits LOGITS.json]

TEXTS.json: {"prompts": [..], "texts": [..]}, and optionally "ids" (per prompt the generated token ids, which makes the
comparison exact where a text could be cut into tokens in two ways). A prompt is a user message, or a list of
{"role", "content"}. It is rendered with the template inside the GGUF.

Where the answers part, the script prints the first differing token and how far apart llama.cpp saw the two best
tokens there. Below --near-tie it is counted as rounding, not as an error: llama.cpp multiplies quantised weights with
quantised activations, so exact agreement cannot be had. With --hf the same prompts are also tokenised by transformers.
With --logits ({"ids": [..], "logits": [[..], ..]}) the logits of given ids are compared as well.
"""

from __future__ import annotations

import argparse
import os
import sys

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import llama_cpp
import numpy as np
from llama_cpp.llama_chat_format import Jinja2ChatFormatter

from parity_common import Report, compare_logits, load_cases, print_versions, read_json

F32 = 0


class Gguf:
    """The few things that are asked of llama.cpp here, with its vocabulary's own idea of when a turn ends."""

    def __init__(self, path: str, n_ctx: int, threads: int) -> None:
        # An f32 cache and plain attention: the closest to the usual formula.
        self.llm = llama_cpp.Llama(
            model_path=path, n_ctx=n_ctx, n_threads=threads, n_threads_batch=threads, type_k=F32, type_v=F32,
            flash_attn=False, seed=0, verbose=False,
        )  # fmt: skip
        self.vocab = llama_cpp.llama_model_get_vocab(self.llm.model)
        self.n_vocab = self.llm.n_vocab()
        self.metadata = self.llm.metadata

    def piece(self, token: int) -> str:
        return self.llm.detokenize([token], special=True).decode("utf-8", "replace")

    def text(self, tokens: list[int], special: bool = False) -> str:
        # A leading token is given as context, so that no space is eaten at the start.
        return self.llm.detokenize(tokens, prev_tokens=[self.llm.token_bos()], special=special).decode("utf-8", "replace")

    def ends(self, token: int) -> bool:
        return llama_cpp.llama_vocab_is_eog(self.vocab, token)

    def tokenize(self, text: str) -> list[int]:
        return self.llm.tokenize(text.encode("utf-8"), add_bos=False, special=True)

    def render(self, prompt) -> str:
        messages = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else prompt
        bos, eos = self.llm.token_bos(), self.llm.token_eos()
        formatter = Jinja2ChatFormatter(
            template=self.metadata["tokenizer.chat_template"],
            bos_token=self.piece(bos) if bos >= 0 else "",
            eos_token=self.piece(eos) if eos >= 0 else "",
        )
        return formatter(messages=messages).prompt

    def last_logits(self) -> np.ndarray:
        pointer = llama_cpp.llama_get_logits_ith(self.llm.ctx, -1)
        return np.ctypeslib.as_array(pointer, shape=(self.n_vocab,)).copy()

    def all_logits(self, ids: list[int]) -> np.ndarray:
        self.llm.reset()
        rows = []
        for token in ids:
            self.llm.eval([token])
            rows.append(self.last_logits())
        return np.stack(rows)

    def greedy(self, prompt: list[int], limit: int) -> tuple[list[int], list[np.ndarray], bool]:
        """Tokens (without the one that ends the turn), the logits each was taken from, and whether it ended."""
        self.llm.reset()
        self.llm.eval(prompt)
        tokens, logits = [], []
        while len(tokens) < limit:
            row = self.last_logits()
            best = int(row.argmax())
            logits.append(row)
            if self.ends(best):
                return tokens, logits, True
            tokens.append(best)
            if len(tokens) < limit:
                self.llm.eval([best])
        return tokens, logits, False


def check_vocab(report: Report, model: Gguf) -> None:
    meta = model.metadata
    print(f"      {meta.get('general.name')}: {meta.get('general.architecture')}, file type {meta.get('general.file_type')}, "
          f"pre {meta.get('tokenizer.ggml.pre')}, {model.n_vocab} tokens")  # fmt: skip
    report.check("tokenizer.chat_template" in meta, "the file carries a chat template")
    for key in ("bos", "eos"):
        value = meta.get(f"tokenizer.ggml.{key}_token_id")
        shown = model.piece(int(value)) if value is not None else None
        report.check(value is not None, f"{key} is {value} {shown!r}")
    eos = model.llm.token_eos()
    report.check(model.ends(eos), "the eos token ends a turn")


def compare(report: Report, model: Gguf, i: int, prompt: list[int], text: str, ids: list[int] | None, args) -> None:
    limit = args.max_tokens if ids is None else max(args.max_tokens, len(ids))
    tokens, logits, ended = model.greedy(prompt, limit)
    theirs = model.text(tokens)
    how = "ended by itself" if ended else f"stopped at {limit} tokens"
    if ids is None:
        if theirs == text or (not ended and text.startswith(theirs)) or (not ended and theirs.startswith(text)):
            report.check(True, f"prompt {i}: the same {len(tokens)} tokens, {how}: {theirs[:60]!r}")
            return
        ids = model.tokenize(text)
    while ids and model.ends(ids[-1]):
        ids = ids[:-1]
    n = min(len(tokens), len(ids))
    at = next((k for k in range(n) if tokens[k] != ids[k]), n)
    if at == n and len(tokens) == len(ids):
        report.check(True, f"prompt {i}: the same {n} tokens, {how}: {theirs[:60]!r}")
        return
    if at == n and at >= len(logits):  # llama.cpp was cut off by the limit, nothing to compare any more
        report.check(True, f"prompt {i}: the same {n} tokens up to the limit")
        return
    row = logits[at]
    best, second = np.argsort(row)[::-1][:2]
    ours = ids[at] if at < len(ids) else None
    # Where distill stopped, its token was one that ends the turn: the likeliest of those stands for it.
    behind = row[ours] if ours is not None else max(row[t] for t in range(model.n_vocab) if model.ends(t))
    gap, away = float(row[best] - row[second]), float(row[best] - behind)
    shown = model.piece(ours) if ours is not None else "end of turn"
    report.check(
        away <= args.near_tie,
        f"prompt {i}: parts at token {at} of {len(tokens)}: llama.cpp {model.piece(int(best))!r}, distill {shown!r}; "
        f"its two best ({model.piece(int(best))!r}, {model.piece(int(second))!r}) are {gap:.4f} apart, "
        f"distill's token {away:.4f} behind",
    )
    if away > args.near_tie:
        print(f"        llama.cpp: {theirs[:200]!r}\n        distill:   {text[:200]!r}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gguf")
    parser.add_argument("texts")
    parser.add_argument("--max-tokens", type=int, default=64)
    parser.add_argument("--near-tie", type=float, default=0.05, help="logit distance that still counts as rounding")
    parser.add_argument("--hf", help="Hugging Face folder whose tokenizer and template must give the same prompt ids")
    parser.add_argument("--logits", help="logits of distill's to compare with llama.cpp's")
    parser.add_argument("--nmse", type=float, default=1e-4, help="for --logits; allow more for quantised files")
    parser.add_argument("--n-ctx", type=int, default=2048)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    print_versions("llama-cpp-python", "numpy", "transformers")
    report = Report()
    given = read_json(args.texts)
    prompts, texts = given["prompts"], given["texts"]
    ids = given.get("ids") or [None] * len(prompts)
    report.check(len(prompts) == len(texts) == len(ids) > 0, f"{len(prompts)} prompts with {len(texts)} texts")
    model = Gguf(args.gguf, args.n_ctx, args.threads)
    check_vocab(report, model)
    hf = None
    if args.hf:
        from transformers import AutoTokenizer

        hf = AutoTokenizer.from_pretrained(args.hf)
    bos = model.llm.token_bos()
    for i, prompt in enumerate(prompts):
        rendered = model.render(prompt)
        tokens = model.tokenize(rendered)
        if llama_cpp.llama_vocab_get_add_bos(model.vocab):
            report.check(tokens[:1] == [bos] and tokens.count(bos) == 1, f"prompt {i}: exactly one BOS, in front")
        if hf is not None:
            messages = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else prompt
            expected = hf.apply_chat_template(messages, add_generation_prompt=True, return_dict=False)
            report.check(list(expected) == tokens, f"prompt {i}: {len(tokens)} prompt ids as in transformers")
        compare(report, model, i, tokens, texts[i], ids[i], args)
    for i, case in enumerate(load_cases(args.logits) if args.logits else []):
        compare_logits(report, model.all_logits(case["ids"]), case, args.nmse, f"logits {i}")
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
