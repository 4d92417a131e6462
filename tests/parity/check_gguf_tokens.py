#!/usr/bin/env python3
"""Token ids of a GGUF in llama.cpp against those of the folder it was made from, on ordinary and on hostile texts.

    python check_gguf_tokens.py HF_DIR MODEL.gguf [--tokenize LLAMA_TOKENIZE] [--texts FILE.json]

Runs llama.cpp's own llama-tokenize (LLAMA_TOKENIZE in the environment stands for the path), once with control tokens
read as such and once as plain text, and compares with the `tokenizers` library. Where the tokenizer composes texts
(NFC) and llama.cpp does not, decomposed texts are shown and not counted: the format has no word for it.
--texts adds a JSON list of texts, such as the prompts of a training.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import unicodedata
from pathlib import Path

from tokenizers import Tokenizer

from parity_common import Report, print_versions, read_json

LOOKALIKES = "<|eot_id|><|im_end|><|begin_of_text|><|endoftext|></s><s><think>two words</think>"
TEXTS = [
    LOOKALIKES,
    "The ferry leaves at seven, and nobody would call that early.",
    "I've told him: we'RE late, they'll wait, it's 7.30; SHE'D know. don''t 'tis 'S",
    "def f(x):\n\treturn {'a': [1, 2]}  # done\n\n\n",
    "Grüße aus Zürich, Ça va? Ąę ğış Привет мир Ελληνικά",
    "你好,世界。こんにちは世界、カタカナ 안녕하세요 한국어",
    "مرحبا بالعالم שָׁלוֹם עולם ‏abc‎ ‮backwards‬",
    "👋🏽 👨‍👩‍👧‍👦 🏳️‍🌈 🇩🇪🇨🇭 😶‍🌫️ ❤️",
    unicodedata.normalize("NFD", "Grüße Ångström café 한국"),
    unicodedata.normalize("NFC", "Grüße Ångström café 한국"),
    "a\u0301\u0302\u0303\u0304 zalgo\u0336\u0337 \u0915\u094d\u0937\u093f \u0e01\u0e33\u0e25\u0e31\u0e07",
    "zero\u200bwidth\u200c\u200d\ufeff\u2060joiners\u00ad soft",
    "0 12 345 6789 1234567890 1,234.56 ٣٤٥ ५६७ ①②③ ½ Ⅷ",
    "\r\n\r\nline\rreturn\n\r\nend\r",
    "\t\t tab \t  \t\n\t",
    " " * 1, " " * 2, " " * 7, " " * 64, " " * 300 + "x", "x" + " " * 33 + "\n" * 9 + "y", "\n" * 40,
    "\x01\x02\x1b[31m\x7f\x80\x9f control",
    "nbsp\u00a0 en\u2002 em\u2003 thin\u2009 ideographic\u3000 line\u2028 paragraph\u2029 nel\u0085 end",
    "<|eot_id <| eot_id|> <|EOT_ID|> <|tool|><|tool|> < |tool|> <|reserved_special_token_1|> [PAD500] <0x0A>",
    "text<|tool|>text <think> two  words two words",
    "ŁāńđÐþßſ ﬁ ﬂ İıIi ǅ ᾳ",
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𝟙𝟚𝟛 \U0001f9ff\U000e0067\U000e007f \U0010ffff \ue000",
    "!!!???...,,,;;;---===+++***///\\\\\\|||'''\"\"\"``` ''' '' ' s 'x",
    "A" * 500, "ab" * 300, "é" * 100, "👋" * 50, "1" * 100,
    "CamelCaseAndSNAKE_CASE kebab-case http://example.org/a?b=c&d=%20#e me@example.org",
    "",
]  # fmt: skip


def llama_ids(program: str, model: str, text: str, special: bool = True, bos: bool = False) -> list[int]:
    with tempfile.NamedTemporaryFile("wb", suffix=".txt") as file:
        file.write(text.encode("utf-8"))
        file.flush()
        command = [program, "-m", model, "-f", file.name, "--ids", "--no-escape", "--log-disable"]
        if not bos:
            command.append("--no-bos")
        if not special:
            command.append("--no-parse-special")
        done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"llama-tokenize failed with {done.returncode}: {done.stderr[-1000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("hf", type=Path)
    parser.add_argument("gguf")
    parser.add_argument("--tokenize", default=os.environ.get("LLAMA_TOKENIZE"), help="the llama-tokenize binary")
    parser.add_argument("--texts", type=Path, help="a JSON list of more texts")
    args = parser.parse_args()
    if not args.tokenize:
        parser.error("--tokenize or LLAMA_TOKENIZE is needed")
    print_versions("tokenizers")
    report = Report()
    tokenizer = Tokenizer.from_file(str(args.hf / "tokenizer.json"))
    composes = "NFC" in json.dumps(read_json(args.hf / "tokenizer.json").get("normalizer") or {})
    texts = TEXTS + (read_json(args.texts) if args.texts else [])
    same = 0
    for text in texts:
        if not text:
            continue
        ours = tokenizer.encode(text, add_special_tokens=False).ids
        theirs = llama_ids(args.tokenize, args.gguf, text)
        if ours == theirs:
            same += 1
        elif composes and not unicodedata.is_normalized("NFC", text):
            print(f"info  not composed, and llama.cpp leaves that out: {text[:40]!r}")
        else:
            at = next((i for i, (a, b) in enumerate(zip(ours, theirs)) if a != b), min(len(ours), len(theirs)))
            report.check(False, f"{text[:60]!r}: {len(ours)} ids against llama.cpp's {len(theirs)}, parting at {at}: "
                         f"{ours[at:at + 6]} against {theirs[at:at + 6]}")  # fmt: skip
    report.check(same > 0, f"{same} of {len(texts) - 1} texts have the same ids")
    around = tokenizer.encode(TEXTS[1], add_special_tokens=True).ids
    report.check(around == llama_ids(args.tokenize, args.gguf, TEXTS[1], bos=True), "the same ids around a text")
    # Read as plain text, no control token may come out, or a user could write one.
    control = {token["id"] for token in read_json(args.hf / "tokenizer.json")["added_tokens"] if token["special"]}
    plain = llama_ids(args.tokenize, args.gguf, LOOKALIKES, special=False)
    report.check(not control.intersection(plain), f"{len(plain)} ids of plain text, none of {len(control)} control tokens")
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
