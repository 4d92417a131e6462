#!/usr/bin/env python3
"""Rows for the race of linters: `make_rows.py FOLDER`.

Their words come from the fixtures, in chunks of two to four so that sentences read half naturally and no two rows are
alike by chance. Of every hundred rows seven are copies of an earlier one, one of each class of COPIES; planted-N.json
says which of which. pairs-N.jsonl holds preference pairs, planted-N.json is about rows-N.jsonl only.
"""
import json
import pathlib
import random
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
SIZES = (300, 10_000, 100_000)


def corpus():
    text = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "fixtures/persona/posts").glob("*.md"))]
    for path in sorted((ROOT / "fixtures/persona/rows").glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            text += [value for value in json.loads(line).values() if isinstance(value, str) and " " in value]
    return re.findall(r"[A-Za-z][a-z'-]+", " ".join(text))


WORDS = corpus()


class Writer:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def sentence(self, words):
        out = []
        while len(out) < words:
            at = self.random.randrange(len(WORDS) - 4)
            out += WORDS[at : at + self.random.choice((2, 3, 4))]
        text = " ".join(out[:words]).lower()
        return text[0].upper() + text[1:]

    def text(self, least, most):
        left, out = self.random.randint(least, most), []
        while left > 0:
            words = self.random.randint(6, 16)
            out.append(self.sentence(words) + ".")
            left -= words
        return " ".join(out)

    def row(self):
        question = self.sentence(self.random.randint(7, 18)) + "?"
        context = self.text(10, 40) if self.random.random() < 0.5 else ""
        return {"instruction": question, "context": context, "response": self.text(12, 60)}

    def replaced(self, text, count):
        """So many words of a text are other words."""
        words = text.split(" ")
        for at in self.random.sample(range(len(words)), min(count, len(words))):
            mark = words[at][-1] if words[at][-1] in ".?" else ""
            words[at] = self.random.choice(WORDS).lower() + mark
        return " ".join(words)


def same(writer, row):
    """Case and spaces alone."""
    words = row["response"].split(" ")
    at = writer.random.randrange(len(words))
    return {**row, "instruction": row["instruction"].lower(), "response": " ".join(words[:at]) + "  " + " ".join(words[at:])}


def one_word(writer, row):
    return {**row, "response": writer.replaced(row["response"], 1)}


def question_word(writer, row):
    return {**row, "instruction": writer.replaced(row["instruction"], 1)}


def tenth(writer, row):
    count = {name: max(1, len(row[name].split(" ")) // 10) for name in ("instruction", "response")}
    return {**row, **{name: writer.replaced(row[name], n) for name, n in count.items()}}


def other_question(writer, row):
    return {**row, "instruction": writer.sentence(8) + "?", "response": writer.replaced(row["response"], 1)}


def reordered(writer, row):
    """The sentences of the answer in another order, a word of the question changed."""
    parts = row["response"].split(". ")
    parts[-1] = parts[-1].rstrip(".")
    writer.random.shuffle(parts)
    return {**row, "instruction": writer.replaced(row["instruction"], 1), "response": ". ".join(parts) + "."}


COPIES = {
    "exact": lambda _, row: dict(row),
    "case and spaces": same,
    "a word of the answer": one_word,
    "a word of the question": question_word,
    "a word in ten": tenth,
    "other question, same answer but a word": other_question,
    "answer's sentences moved": reordered,
}


def rows(count):
    """All rows, and of each class the numbers of copies and of what they are copies of."""
    writer = Writer(count)
    out, planted, originals = [], {name: [] for name in COPIES}, set()
    names = list(COPIES)
    for at in range(count):
        slot = at % 100
        if slot >= 100 - len(names) and at >= 100:
            # Copies are never copied, and nothing twice, so that every pair is one of its class.
            while True:
                of = writer.random.randrange(at)
                fits = of % 100 < 100 - len(names) and of not in originals and out[of]["response"].count(".") > 1
                if fits:
                    break
            originals.add(of)
            name = names[slot - 100 + len(names)]
            out.append(COPIES[name](writer, out[of]))
            planted[name].append((at, of))
        else:
            out.append(writer.row())
    return out, planted


def pairs(count):
    writer = Writer(-count)
    for at in range(count):
        chosen = writer.text(12, 60)
        words = len(chosen.split(" "))
        # A few are alike, equal, or of other length.
        kind = at % 50
        rejected = {0: chosen, 1: writer.replaced(chosen, 1), 2: writer.text(2 * words, 2 * words + 9)}.get(kind)
        rejected = rejected or writer.replaced(chosen, words // 2)
        yield {"prompt": writer.sentence(writer.random.randint(7, 18)) + "?", "chosen": chosen, "rejected": rejected}


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for count in SIZES:
        made, planted = rows(count)
        write(folder / f"rows-{count}.jsonl", made)
        (folder / f"planted-{count}.json").write_text(json.dumps(planted))
        write(folder / f"pairs-{count}.jsonl", pairs(count))


if __name__ == "__main__":
    main()
