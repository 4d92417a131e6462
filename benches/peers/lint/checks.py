#!/usr/bin/env python3
"""What a team writes with pandas and tokenizers in place of `distill lint --select LEN,TXT,DUP,SCH,PRF001-PRF005`:

    checks.py ROWS.jsonl TOKENIZER.json [--near]

Columns at a time where pandas can; loops where it cannot. The text checks are simpler than those of `distill` (fewer
patterns, hardly any exceptions). --near looks for near duplicates with datasketch's MinHashLSH.
"""
import json
import re
import sys
import unicodedata
from collections import Counter

import numpy as np
import pandas as pd
from tokenizers import Tokenizer

MOJIBAKE = r"\ufffd|â€|Ã[\x80-\xbf]|Â[\x80-\xbf]|ï»¿|ðŸ"
INVISIBLE = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ue000-\uf8ff]"
UNTIDY = r"\r\n|\u00a0|^\s|\s$|\n{3,}"
MARKUP = r"(?i)</?(?:p|br|hr|div|span|b|i|u|em|strong|ul|ol|li|h[1-6]|table|tr|td|th|a|img)(?:\s[^<>]*)?/?>|&(?:amp|lt|gt|quot|nbsp|[lr]squo|[mn]dash|#\d+);"
FENCED = re.compile(r"\s*```[^\n]*\n.*\n```\s*", re.S)
META = (
    r"(?i)\bas an? (?:ai|artificial intelligence|large) (?:language )?model\b|\bi(?: am|'m) (?:just )?an? ai\b"
    r"|^\W*(?:i'm sorry|i am sorry|sorry|unfortunately)?[,.]?\s*(?:but )?i (?:can't|cannot|am unable to|won't) (?:help|assist|answer|fulfill|comply)"
    r"|^\W*(?:sure|certainly|absolutely|of course|okay)[,!.:]*\s+(?:here's|here is|here are|below|i'll|i can|i will)\b"
    r"|^\W*(?:here's|here is|here are|below is) (?:the |your |a )*(?:json|requested|rewritten|revised|generated|answer)"
)
SLOT = r"\{\{[^}]*\}\}|\{(?:instruction|context|response|prompt|passage|question|answer)\}|<\|[a-zA-Z_]+\|>|\[/?INST\]|(?i:\[(?:insert|your) [^\]]{1,40}\])|</s>"
FILLER = {"null", "none", "nan", "n/a", "undefined", "todo", "tbd", "fixme", "string", "placeholder", "..."}
SMALL = set("a an and are as at be but by for from had has have he i if in is it its my no not of on or our so that the their they this to was we were will with you your".split())


def is_json(text):
    if not text.lstrip().startswith(("{", "[")):
        return False
    try:
        return isinstance(json.loads(text), (dict, list))
    except ValueError:
        return False


def repeats(text):
    """The shares of repeated runs that Gopher's data was filtered by."""
    words = text.lower().split()
    if len(words) < 30:
        return False
    total = sum(map(len, words))
    for n, most, often in ((2, 0.20, 4), (3, 0.18, 3), (4, 0.16, 3)):
        run, count = Counter(zip(*(words[i:] for i in range(n)))).most_common(1)[0]
        if count >= often and count * sum(map(len, run)) > most * total:
            return True
    for n, most in zip(range(5, 11), (0.15, 0.14, 0.13, 0.12, 0.11, 0.10)):
        seen, again, at = set(), 0, 0
        while at + n <= len(words):
            run = tuple(words[at : at + n])
            if run in seen:
                again += sum(map(len, run))
                at += n
            else:
                seen.add(run)
                at += 1
        if again > most * total:
            return True
    return False


def edits(a, b):
    """Likeness of two lists of tokens."""
    from rapidfuzz.distance import Levenshtein

    return Levenshtein.normalized_similarity(a, b)


def main():
    path, tokenizer = sys.argv[1], Tokenizer.from_file(sys.argv[2])
    df = pd.read_json(path, lines=True, dtype=False)
    pair = "chosen" in df
    columns = ["prompt", "chosen", "rejected"] if pair else ["instruction", "context", "response"]
    answers = columns[1:] if pair else columns[2:]
    found, flagged = {}, {}

    def note(name, mask):
        found[name] = found.get(name, 0) + int(np.count_nonzero(mask))

    note("SCH001", [column not in df for column in columns])
    for column in columns:
        note("SCH002", ~df[column].map(lambda value: isinstance(value, str)))
        if column != "context":
            note("SCH003", df[column].str.strip() == "")
        note("SCH006", df[column].str.contains(SLOT) | df[column].str.strip().str.lower().isin(FILLER))
    note("SCH004", [column not in columns for column in df])
    note("SCH005", [len(df) < 100])

    for column in columns:
        text = df[column]
        note("TXT001", text.str.contains(MOJIBAKE))
        note("TXT002", text.str.contains(INVISIBLE))
        note("TXT003", text.str.contains(UNTIDY) | ~text.map(lambda t: unicodedata.is_normalized("NFC", t)))
        note("TXT004", text.str.contains(MARKUP) | text.map(lambda t: bool(FENCED.fullmatch(t)) or is_json(t)))
        note("TXT006", text.map(repeats))
    for column in answers:
        note("TXT005", df[column].str.contains(META))

    tokens = pd.DataFrame(
        {
            column: [len(code.ids) for code in tokenizer.encode_batch_fast(df[column].tolist(), add_special_tokens=False)]
            for column in columns
        }
    )
    for column in columns:
        count, log = tokens[column], np.log1p(tokens[column])
        note("LEN001", count > 150)
        if column != "context":
            note("LEN002", count < (4 if column == columns[0] else 3))

        def far(values):
            spread = (values - values.median()).abs().median() * 1.4826
            return (values - values.median()).abs() / max(spread, 1e-9)

        # Half of the contexts are empty, which is no length.
        if column != "context":
            odd = (far(count) > 5) & (far(log) > 3)
            note("LEN005", odd | (count >= 20) & (df[column].str.len() < 1.5 * count))
    whole = tokens[columns[0]] + (tokens[answers].max(axis=1) if pair else tokens[columns[1:]].sum(axis=1))
    note("LEN003", whole + 15 > 2048)
    cut = (tokens[answers] >= 142).to_numpy() & ~df[answers].apply(lambda t: t.str.contains(r"[.!?…\"'»”)\]`]\s*$")).to_numpy()
    note("LEN004", cut if cut.mean() > 0.05 else [])

    def plain(text):
        return text.str.lower().str.replace(r"\W+", " ", regex=True).str.strip()

    normal = pd.DataFrame({column: plain(df[column]) for column in columns})
    copies = normal.duplicated().to_numpy()
    note("DUP001", copies)
    flagged["DUP001"] = np.flatnonzero(copies).tolist()
    if not pair:
        # The same question with answers that name other numbers.
        asked = normal[~copies].groupby(columns[:2], sort=False)["response"]
        several = asked.transform("size") > 1
        groups = normal[~copies][several].groupby(columns[:2], sort=False)["response"]
        numbers = groups.agg(lambda texts: len({tuple(re.findall(r"\d+", text)) for text in texts}))
        note("DUP005", numbers > 1)
    if "--near" in sys.argv:
        from near import minhash

        text = [" ".join(parts) for parts in zip(normal[columns[0]], *(normal[answer] for answer in answers))]
        near = [row for row, _ in minhash(text, threshold=0.8) if not copies[row]]
        found["DUP003"] = len(near)
        flagged["DUP003"] = near

    if pair:
        chosen, rejected = df["chosen"], df["rejected"]
        equal = chosen == rejected
        note("PRF001", equal)
        split = re.compile(r"\w+|[^\w\s]").findall
        likeness = np.array([edits(split(a), split(b)) for a, b in zip(chosen, rejected)])
        note("PRF002", (likeness >= 0.9) & ~equal)

        def content(text):
            return {word[:5] for word in re.findall(r"[^\W\d]+|\d+", text.lower()) if word not in SMALL}

        apart = []
        for a, b in zip(chosen.map(content), rejected.map(content)):
            apart.append(min(len(a), len(b)) >= 6 and len(a & b) < 0.05 * len(a | b))
        note("PRF003", apart)
        short, long = tokens[answers].clip(lower=12).min(axis=1), tokens[answers].clip(lower=12).max(axis=1)
        note("PRF004", (short / long).round(2) < 0.67)
        difference = tokens["chosen"] - tokens["rejected"]
        share = (difference > 0).sum() / max((difference != 0).sum(), 1)
        note("PRF005", [abs(difference.mean()) > 15 or max(share, 1 - share) > 0.6])
    print(json.dumps({"found": {name: count for name, count in found.items() if count}, "rows": flagged}))


if __name__ == "__main__":
    main()
