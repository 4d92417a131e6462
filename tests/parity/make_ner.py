#!/usr/bin/env python3
"""Makes the tiny token classifiers that `[persona] ner` is tested with, and what transformers says about them.

    python make_ner.py                 # writes ../../fixtures/numeric/ner
    python make_ner.py --out DIR       # somewhere else
    python make_ner.py --check         # makes the numbers again from the committed weights and compares

    bert/        BertForTokenClassification, 2 layers, WordPiece that lower-cases and strips accents. Trained here for
                 a few hundred steps to tag names made of invented syllables in lower-case sentences, so that a test
                 can show that masking with it does more than masking without.
    distilbert/  roberta/  deberta/    random weights, for the arithmetic and for three kinds of tokenizer
    golden.json  for each of them: ids, offsets and logits per text; for bert also the entities of transformers'
                 pipeline with aggregation_strategy="first"

Offsets are bytes of the text in UTF-8, not Python's characters. Everything is f32 on one CPU thread with eager
attention. `--check` does not train again: another torch may walk another way, and the committed weights are what the
tests read.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import torch
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    AutoModelForTokenClassification,
    BertConfig,
    BertForTokenClassification,
    DebertaV2Config,
    DebertaV2ForTokenClassification,
    DistilBertConfig,
    DistilBertForTokenClassification,
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaForTokenClassification,
    pipeline,
)

from parity_common import differences, read_json, versions, write_json

HERE = Path(__file__).resolve().parent
DEFAULT_OUT = HERE.parent.parent / "fixtures" / "numeric" / "ner"
SEED = 20261103
LABELS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]

# Nobody is called so, and no place.
ONSETS = ["qor", "das", "vel", "mru", "zib", "tok", "ael", "orv", "xan", "ulf", "pim", "gry"]
TAILS = ["venna", "til", "kash", "undo", "imbra", "eska", "owin", "zzo", "urak", "ebly"]
PLACES = ["drelmouth", "vastholm", "uxbarrow", "pellincleugh"]
SENTENCES = [
    "we had lunch with {n} near the harbour and talked about the old boats",
    "{n} told us that the release was late again",
    "last week {n} and {n} fixed the build in {p}",
    "the report from {n} says nothing about the weather",
    "ask {n} , not the helpdesk",
    "i wrote to {n} about the ticket ; {n} never wrote back",
    "the harbour of {p} is closed until the end of the week",
    "nothing in the report says that the boats are late",
    "( {n} ) signed the report for {p}",
    "thanks to {n} ' s notes the build works again",
    "we talked about the weather , the tickets and the helpdesk",
    "{n} : the old notes are in the release",
]


def a_name(rng: random.Random) -> list[str]:
    word = lambda: rng.choice(ONSETS) + rng.choice(TAILS)
    return [word()] if rng.random() < 0.3 else [word(), word()]


def example(rng: random.Random) -> tuple[list[str], list[int]]:
    words, tags = [], []
    # Up to the length of the model, so that every position learns something.
    for part in " . ".join(rng.choice(SENTENCES) for _ in range(rng.randint(1, 4))).split():
        if part == "{n}":
            name = a_name(rng)
            words += name
            tags += [1] + [2] * (len(name) - 1)
        elif part == "{p}":
            words.append(rng.choice(PLACES))
            tags.append(3)
        else:
            words.append(part)
            tags.append(0)
    return words, tags


def plain_words() -> list[str]:
    words = {w for s in SENTENCES for w in s.split() if w.isalpha()}
    return sorted(words)


def wordpiece() -> Tokenizer:
    letters = [chr(c) for c in range(ord("a"), ord("z") + 1)]
    signs = list("0123456789.,;:!?()[]'\"-_@/#&+%*=<>|")
    vocab = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocab += letters + [f"##{c}" for c in letters] + signs + [f"##{c}" for c in "0123456789"]
    vocab += [w for w in plain_words() if len(w) > 1] + ONSETS + [f"##{t}" for t in TAILS] + PLACES + ["王", "小", "明"]
    vocab = list(dict.fromkeys(vocab))
    tok = Tokenizer(models.WordPiece({w: i for i, w in enumerate(vocab)}, unk_token="[UNK]"))
    tok.normalizer = normalizers.BertNormalizer(lowercase=True, strip_accents=True)
    tok.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tok.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tok.decoder = decoders.WordPiece()
    tok.add_special_tokens(vocab[:5])
    return tok


def corpus() -> list[str]:
    rng = random.Random(SEED)
    return [" ".join(example(rng)[0]).capitalize() for _ in range(200)]


def byte_level() -> Tokenizer:
    tok = Tokenizer(models.BPE())
    tok.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    tok.train_from_iterator(corpus(), trainer)
    tok.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), trim_offsets=True, add_prefix_space=False)
    return tok


def unigram() -> Tokenizer:
    tok = Tokenizer(models.Unigram())
    # What sentencepiece's nmt_nfkc comes down to for such texts.
    tok.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(r"\s+"), " ")])
    tok.pre_tokenizer = pre_tokenizers.Metaspace()
    special = ["[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]"]
    trainer = trainers.UnigramTrainer(vocab_size=120, special_tokens=special, unk_token="[UNK]", show_progress=False)
    tok.train_from_iterator(corpus(), trainer)
    tok.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)])
    return tok


def labelled() -> dict:
    return {"id2label": dict(enumerate(LABELS)), "label2id": {l: i for i, l in enumerate(LABELS)}}


def randomise(model: torch.nn.Module, seed: int) -> None:
    """Every parameter counts: nothing stays 0 or 1, so that a forgotten bias cannot hide."""
    gen = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in sorted(model.named_parameters()):
            noise = torch.randn(p.shape, generator=gen)
            p.copy_(1 + 0.1 * noise if "LayerNorm.weight" in name or "layer_norm.weight" in name else 0.3 * noise)


def train_bert(tok: Tokenizer) -> torch.nn.Module:
    torch.manual_seed(SEED)
    config = BertConfig(
        vocab_size=tok.get_vocab_size(), hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
        intermediate_size=64, max_position_embeddings=64, **labelled(),
    )
    model = BertForTokenClassification(config)
    model.train()
    rng = random.Random(SEED)
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.01)
    steps = 3000
    decay = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: 1 - step / steps)
    for _ in range(steps):
        rows, targets = [], []
        for _ in range(32):
            words, tags = example(rng)
            coded = tok.encode(words, is_pretokenized=True)
            if len(coded.ids) > 64:
                continue
            target = []
            previous = None
            for word in coded.word_ids:
                # The first piece of a word is trained and the others are not, as most people do.
                target.append(-100 if word is None or word == previous else tags[word])
                previous = word
            rows.append(coded.ids)
            targets.append(target)
        width = max(map(len, rows))
        ids = torch.tensor([r + [0] * (width - len(r)) for r in rows])
        mask = (ids != 0).long()
        want = torch.tensor([t + [-100] * (width - len(t)) for t in targets])
        loss = model(input_ids=ids, attention_mask=mask, labels=want).loss
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        decay.step()
    print(f"bert: loss {loss.item():.4f}")
    return model.eval()


def make_models(out: Path) -> None:
    tok = wordpiece()
    save(out / "bert", train_bert(tok), tok)
    model = DistilBertForTokenClassification(
        DistilBertConfig(vocab_size=tok.get_vocab_size(), dim=16, n_layers=2, n_heads=2, hidden_dim=32,
                         max_position_embeddings=48, **labelled())
    )
    randomise(model, SEED + 1)
    save(out / "distilbert", model, tok)
    tok = byte_level()
    model = RobertaForTokenClassification(
        RobertaConfig(vocab_size=tok.get_vocab_size(), hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
                      intermediate_size=32, max_position_embeddings=130, type_vocab_size=1, layer_norm_eps=1e-5,
                      pad_token_id=1, bos_token_id=0, eos_token_id=2, **labelled())
    )
    randomise(model, SEED + 2)
    save(out / "roberta", model, tok)
    tok = unigram()
    model = DebertaV2ForTokenClassification(
        DebertaV2Config(vocab_size=tok.get_vocab_size(), hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
                        intermediate_size=32, max_position_embeddings=96, type_vocab_size=0, relative_attention=True,
                        position_buckets=8, max_relative_positions=-1, norm_rel_ebd="layer_norm", share_att_key=True,
                        pos_att_type="p2c|c2p", position_biased_input=False, layer_norm_eps=1e-7, pad_token_id=0,
                        **labelled())
    )
    randomise(model, SEED + 3)
    save(out / "deberta", model, tok)


def save(folder: Path, model: torch.nn.Module, tok: Tokenizer) -> None:
    model.save_pretrained(folder)
    tok.save(str(folder / "tokenizer.json"), pretty=False)
    # What of it is read, and no more: transformers also writes its version and defaults of text generation.
    extra = folder / "generation_config.json"
    extra.unlink(missing_ok=True)


TEXTS = [
    "we had lunch with qoreska velundo near the harbour",
    "Thanks to Xanébly's notes, the build works again.",
    "ÜLFKASH:\tthe old notes\u00a0are in the release\n\n(zibzzo)  signed",
    # Letters with their marks apart, a ligature, full-width forms, an emoji of several parts, Han without blanks.
    "ask Toke\u0301ska \U0001f469\u200d\U0001f4bb about the ﬁ, not ｐｉｍｔｉｌ or 王小明是工程师",
    "in drelmouth: mruowin, aelimbra and pimurak-grytil; x",
    "a",
]


def byte_offsets(text: str, offsets: list[tuple[int, int]]) -> list[list[int]]:
    width = lambda end: len(text[:end].encode())
    return [[width(a), width(b)] for a, b in offsets]


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """Without blanks at either end: whether a piece has the blank before it is the tokenizer's own business."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def goldens(out: Path) -> dict:
    found: dict = {"versions": versions("torch", "transformers", "tokenizers", "safetensors"), "models": {}}
    for name in ("bert", "distilbert", "roberta", "deberta"):
        folder = out / name
        model = AutoModelForTokenClassification.from_pretrained(folder, attn_implementation="eager").float().eval()
        tok = Tokenizer.from_file(str(folder / "tokenizer.json"))
        cases = []
        for text in TEXTS:
            coded = tok.encode(text)
            with torch.no_grad():
                logits = model(input_ids=torch.tensor([coded.ids])).logits[0]
            inner = [i for i, s in enumerate(coded.special_tokens_mask) if not s]
            offsets = byte_offsets(text, [trimmed(text, *coded.offsets[i]) for i in inner])
            cases.append({"text": text, "ids": coded.ids, "offsets": offsets, "logits": logits.tolist()})
        if name == "bert":
            fast = PreTrainedTokenizerFast(
                tokenizer_file=str(folder / "tokenizer.json"), unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]",
                sep_token="[SEP]", mask_token="[MASK]",
            )
            tag = pipeline("token-classification", model=model, tokenizer=fast, aggregation_strategy="first", device="cpu")
            for case in cases:
                entities = tag(case["text"])
                spans = byte_offsets(case["text"], [(e["start"], e["end"]) for e in entities])
                case["entities"] = [
                    {"group": e["entity_group"], "start": s[0], "end": s[1], "score": float(e["score"])}
                    for e, s in zip(entities, spans)
                ]
        found["models"][name] = cases
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT)
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    if args.check:
        wrong = differences(read_json(args.out / "golden.json")["models"], goldens(args.out)["models"], 1e-4, 1e-4)
        print("\n".join(wrong) or "the same")
        return 1 if wrong else 0
    make_models(args.out)
    write_json(args.out / "golden.json", goldens(args.out))
    for case in read_json(args.out / "golden.json")["models"]["bert"]:
        print(case["text"].replace("\n", " "), [(e["group"], case["text"].encode()[e["start"]:e["end"]].decode()) for e in case["entities"]])
    return 0


if __name__ == "__main__":
    sys.exit(main())
