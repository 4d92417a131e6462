#!/usr/bin/env python3
"""Counts how many words of a document come out of `distill extract`, in order, beside what markitdown and pandoc keep.

    apt install pandoc; python3 -m venv venv && venv/bin/pip install 'markitdown[docx]' python-docx
    venv/bin/python tests/parity/check_documents.py --distill 'target/release/distill extract' FILE.md...

Each Markdown file is turned into DOCX, ODT and HTML by pandoc; the words of pandoc's plain text of the Markdown are the
truth, so no reader is measured by itself. The fixtures made by hand have their words in this script, and JSON Resume is
measured by all its strings. Addresses of links are taken off every output: whether to show them is a matter of taste.

Kept: the words of the truth that are in the output, in order. Added: words of the output that are not in the truth.
"""

import argparse
import difflib
import json
import pathlib
import re
import shlex
import subprocess
import tempfile
import warnings

FIXTURES = pathlib.Path(__file__).resolve().parents[2] / "fixtures" / "documents"

# What a reader of layout.docx sees, by eye: the header, the body in reading order with the box after its paragraph,
# the note, the footer without the number of its page.
LAYOUT = """Zdenka Marrow zdenka@marrow.example Zdenka Marrow Tide surveyor Boxed tel +44 20 7946 0123 Second line of the box
Languages English Norn Work Surveyor Leith Harbour Board Measured tides a In winter b In summer Wrote tables Skills Knots
Charts Method 1 Listen 1.1 Twice 2 Write it down She always keeps copies 1 See her page the tables and above 020-7946 Leith
Leith Scotland Year Tide 2021 5.9 m spring Merged paragraph 1 By the harbour office References on request"""


def words(text):
    """Letters and digits; addresses of links and soft hyphens are no words."""
    text = re.sub(r"\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*\)", "]", text).replace("\u00ad", "")
    text = re.sub(r"<!--.*?-->", " ", text, flags=re.S)
    return re.findall(r"[^\W_]+", text.replace("\\", ""))


def compare(truth, output):
    same = difflib.SequenceMatcher(None, truth, output, autojunk=False)
    kept = sum(block.size for block in same.get_matching_blocks())
    return len(truth), kept, len(output) - kept


def pandoc(path, *options):
    return subprocess.run(["pandoc", *options, str(path)], capture_output=True, text=True, check=True).stdout


def strings(value):
    if isinstance(value, dict):
        return [s for key, inner in value.items() if key not in ("$schema", "meta") for s in strings(inner)]
    if isinstance(value, list):
        return [s for inner in value for s in strings(inner)]
    return [value] if isinstance(value, str) else []


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--distill", required=True, help="the command that prints a document's text")
    parser.add_argument("--worst", type=int, default=0, help="show what the worst files lose")
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    from markitdown import MarkItDown

    peer = MarkItDown(enable_plugins=False)
    readers = {
        "distill": lambda path: subprocess.run(
            [*shlex.split(args.distill), str(path)], capture_output=True, text=True, check=True
        ).stdout,
        "markitdown": lambda path: peer.convert(str(path)).text_content,
        "pandoc": lambda path: pandoc(path, "-s", "-t", "plain", "--wrap=none"),
    }
    totals, losses = {}, []

    def measure(group, path, truth, skip=()):
        for name, reader in readers.items():
            if name in skip:
                continue
            try:
                output = words(reader(path))
            except Exception as error:  # A reader that fails keeps nothing.
                print(f"{name} on {path.name}: {str(error)[:200]}")
                output = []
            n, kept, added = compare(truth, output)
            total = totals.setdefault((group, name), [0, 0, 0, 0])
            for idx, value in enumerate((1, n, kept, added)):
                total[idx] += value
            if name == "distill" and kept < n:
                losses.append((kept / n, group, path.name, truth, output))

    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for number, path in enumerate(args.files):
            try:
                plain = words(pandoc(path, "-f", "gfm", "-t", "plain", "--wrap=none"))
            except subprocess.CalledProcessError:
                continue
            if not 50 <= len(plain) <= 6_000:
                continue
            for kind in ("docx", "odt", "html"):
                made = folder / f"{number}.{kind}"
                pandoc(path, "-f", "gfm", "--wrap=none", "-o", str(made))
                measure(f"{kind} by pandoc", made, plain, skip=("markitdown",) if kind == "odt" else ())
    measure("layout.docx by hand", FIXTURES / "docx" / "layout.docx", words(LAYOUT))
    resume = FIXTURES / "json_resume" / "resume.json"
    truth = sorted(words(" ".join(strings(json.loads(resume.read_text())))))
    output = sorted(words(readers["distill"](resume).replace("](", "] (")))
    n, kept, added = compare(truth, output)
    totals["JSON Resume (words, any order)", "distill"] = [1, n, kept, added]

    print("| documents | reader | files | words | kept % | added % |\n| --- | --- | --- | --- | --- | --- |")
    for (group, name), (files, n, kept, added) in totals.items():
        print(f"| {group} | {name} | {files} | {n} | {100 * kept / n:.2f} | {100 * added / n:.2f} |")
    for share, group, name, truth, output in sorted(losses)[: args.worst]:
        print(f"\n{group} {name} {share:.4f}")
        for tag, i, j, k, m in difflib.SequenceMatcher(None, truth, output, autojunk=False).get_opcodes():
            if tag in ("delete", "replace"):
                print("  ", truth[max(0, i - 3) : i], "lost", truth[i:j][:10], "got", output[k:m][:10])


if __name__ == "__main__":
    main()
