#!/usr/bin/env python3
"""The race that BENCHMARKS.md shows: `just peers`, which makes what this needs and calls it.

    race.py --distill PROGRAM --redact-core PROGRAM [--resumes FOLDER] [--megabytes N] [--write BENCHMARKS.md]

Maskers read the labelled documents of fixtures/mask/documents, one after another in one process of each, all on the
same core. Readers of PDF and DOCX read the fixtures and, where a folder is given, other people's résumés.
"""
import argparse
import importlib.metadata
import json
import os
import pathlib
import platform
import re
import resource
import statistics
import subprocess
import sys
import time
import warnings

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "parity"))

import pdf_corpus  # noqa: E402
from check_documents import LAYOUT  # noqa: E402
from pdf_words import common, source_of, words  # noqa: E402

# What tools find that the marks do not speak of: counted where it is right, never where it is not.
SOFT = re.compile(r"DATE|TIME|LOCATION|ORGANI[SZ]ATION|NRP|ISBN|GUID|UUID|PRICE|HEX_COLOR|_HASH|COMPANY|AGE", re.I)
MARK = re.compile(r"⟦([^|⟧]*)\|([^⟧]*)⟧")


# Masking


def labelled():
    """Text, what has to go, what may go."""
    documents = []
    for path in sorted((ROOT / "fixtures" / "mask" / "documents").glob("*.txt")):
        source = path.read_text(encoding="utf-8").split("\n", 1)[1].replace("~~", "")
        text, gold, either, end = "", [], [], 0
        for mark in MARK.finditer(source):
            text += source[end : mark.start()]
            span = (len(text), len(text) + len(mark[2]))
            text += mark[2]
            end = mark.end()
            # What is only tempting has to stay.
            if not mark[1].startswith("!"):
                (either if mark[1].startswith("?") else gold).append((*span, mark[1]))
        documents.append((text + source[end:], gold, either))
    return documents


def children():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def filtered(command, texts):
    """The answers, and the seconds of processor time from start to end, on the first core.

    Processor time, for a wall clock also counts what else the machine does.
    """
    lines = "".join(json.dumps({"id": at, "text": text}, ensure_ascii=False) + "\n" for at, text in enumerate(texts))
    pin = (lambda: os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})) if hasattr(os, "sched_setaffinity") else None
    begun = children()
    done = subprocess.run(command, input=lines.encode(), stdout=subprocess.PIPE, cwd=HERE, preexec_fn=pin, check=True)
    took = children() - begun
    answers = [json.loads(line)["spans"] for line in done.stdout.decode().splitlines()]
    assert len(answers) == len(texts), f"{command}: {len(answers)} answers to {len(texts)} texts"
    return answers, took


def score(documents, answers):
    """By the criterion of `labelled_documents` in src/mask/tests.rs."""
    total = masked = names = names_masked = finds = right = 0
    for (text, gold, either), spans in zip(documents, answers):
        at = [0]
        for character in text:
            at.append(at[-1] + len(character.encode()))
        character_of = {byte: character for character, byte in enumerate(at)}
        spans = [(character_of[s["start"]], character_of[s["end"]], s["entity"]) for s in spans]
        hidden = bytearray(len(text))
        for start, end, _ in spans:
            hidden[start:end] = b"\1" * (end - start)
        for start, end, kind in gold:
            places = [at for at in range(start, end) if text[at].isalnum()]
            gone = 10 * sum(not hidden[at] for at in places) <= len(places)
            total, masked = total + 1, masked + gone
            names, names_masked = names + (kind == "PERSON"), names_masked + (kind == "PERSON" and gone)
        for start, end, entity in spans:
            touches = lambda marks: any(s < end and start < e for s, e, _ in marks)  # noqa: E731
            if touches(gold):
                finds, right = finds + 1, right + 1
            elif not touches(either) and not SOFT.search(entity):
                finds += 1
    return masked / total, names_masked / names, right / max(finds, 1), total


def speed(command, documents, once, megabytes):
    """Megabytes a second, what the program needs to start taken off. `once` is what all documents took."""
    texts = [text for text, _, _ in documents]
    size = sum(len(text.encode()) for text in texts)
    start = min(filtered(command, texts[:1])[1] for _ in range(2))
    once = max(once - start, 1e-3)
    if once > 3:  # The slow ones have had their turn.
        return size / 1e6 / once, start
    times = max(1, min(round(megabytes * 1e6 / size), int(15 / once)))
    took = min(filtered(command, texts * times)[1] for _ in range(3)) - start
    return size * times / 1e6 / max(took, 1e-6), start


def masking(maskers, megabytes):
    documents = labelled()
    rows = []
    for name, command in maskers.items():
        answers, once = filtered(command, [text for text, _, _ in documents])
        recall, names, precision, total = score(documents, answers)
        rate, start = speed(command, documents, once, megabytes)
        rows.append((name, recall, names, precision, rate, start))
        print(f"masked by {name}: {recall:.3f} of the values, {rate:.3f} MB/s", file=sys.stderr)
    size = sum(len(text.encode()) for text, _, _ in documents)
    ours = rows[0]
    lines = [
        f"{len(documents)} labelled documents of `fixtures/mask/documents`, {size / 1e3:.0f} kB, {total:,} values.",
        "",
        "| masker | values masked | of the names | precision | MB/s | start | ours: values | ours: leaks | ours: speed |",
        "| --- | --: | --: | --: | --: | --: | --: | --: | --: |",
    ]
    for name, recall, names, precision, rate, start in rows:
        ratios = "| | | |"
        if name != ours[0]:
            ratios = f"| {ratio(ours[1], recall)} | {ratio(1 - ours[1], 1 - recall)} | {ratio(ours[4], rate)} |"
        lines.append(
            f"| {name} | {recall:.1%} | {names:.1%} | {precision:.1%} | {figure(rate)} | {start:.2f} s {ratios}"
        )
    return lines


def figure(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def ratio(ours, theirs):
    return "∞" if theirs == 0 else f"{figure(ours / theirs)} ×"


# Extraction


def fixtures():
    """PDF fixtures with the words that pdf_corpus.py put there, and the Word document whose words were told by eye."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        scratch = pathlib.Path(folder) / "made"
        # The same page with the side column at the right.
        lines = pdf_corpus.html_truth().split("\n")
        turn = lines.index(pdf_corpus.NAME)
        truths = {
            "chromium-right": "\n".join(lines[turn:] + lines[:turn]),
            "latex-cv": pdf_corpus.latex_cv()[1],
            "reportlab-flow": pdf_corpus.reportlab_flow(scratch),
            "reportlab-placed": pdf_corpus.reportlab_placed(scratch),
            "typst-columns": pdf_corpus.typst_columns()[1],
            "typst-dates": pdf_corpus.typst_dates()[1],
            "weasyprint-float": pdf_corpus.html_truth(),
            "word-tabs": pdf_corpus.docx_plain(scratch),
        }
    documents = ROOT / "fixtures" / "documents"
    found = [(documents / "pdf" / f"{name}.pdf", truth) for name, truth in truths.items()]
    return found + [(documents / "docx" / "layout.docx", LAYOUT)]


def resumes(folder):
    return [(path, truth) for path in sorted(folder.glob("*.pdf")) if (truth := source_of(path))]


def extraction(distill, groups):
    warnings.simplefilter("ignore")
    from markitdown import MarkItDown

    peer = MarkItDown(enable_plugins=False)

    def ours(path):
        done = subprocess.run([distill, "extract", str(path)], capture_output=True, cwd=HERE, check=True)
        return done.stdout.decode()

    readers = {"distill": ours, "markitdown": lambda path: peer.convert(str(path)).text_content}
    lines = [
        "| file | words | distill in order | markitdown in order | ours: words lost | distill | markitdown | ours: speed |",
        "| --- | --: | --: | --: | --: | --: | --: | --: |",
    ]
    for group, files in groups.items():
        shares, seconds, lost = ({name: [] for name in readers} for _ in range(3))
        for path, truth in files:
            wanted = words(truth)
            for name, read in readers.items():
                times = []
                while len(times) < 3 and sum(times) < 5:
                    begun = children() + time.process_time()
                    text = read(path)
                    times.append(children() + time.process_time() - begun)
                kept = common(wanted, words(text))
                shares[name].append(kept / len(wanted))
                lost[name].append(len(wanted) - kept)
                seconds[name].append(min(times))
            row = [shares[name][-1] for name in readers], [seconds[name][-1] for name in readers]
            lines.append(reading(path.name, len(wanted), *row, [lost[name][-1] for name in readers]))
        mean = [statistics.mean(shares[name]) for name in readers]
        sums = [sum(seconds[name]) for name in readers]
        lines.append(reading(f"**{group}: mean**", "", mean, sums, [sum(lost[name]) for name in readers]))
        worst = [min(shares[name]) for name in readers]
        lines.append(f"| **{group}: worst** | | {worst[0]:.1%} | {worst[1]:.1%} | | | | |")
        print(f"{group}: {mean}", file=sys.stderr)
    return lines


def reading(name, size, shares, seconds, lost):
    less = "0" if lost[0] == 0 else ratio(*lost) if lost[1] else f"{lost[0]} to 0"
    return (
        f"| {name} | {size} | {shares[0]:.1%} | {shares[1]:.1%} | {less} | {1e3 * seconds[0]:.0f} ms "
        f"| {1e3 * seconds[1]:.0f} ms | {ratio(seconds[1], seconds[0])} |"
    )


# The page


def machine():
    model = platform.processor() or platform.machine()
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    if cpuinfo.exists():
        found = dict(re.findall(r"^(vendor_id|cpu family|model|model name)\s*: (.+)$", cpuinfo.read_text(), re.M))
        model = f"{found.get('model name', model)} (family {found.get('cpu family')}, model {found.get('model')})"
    return f"{model}, {os.cpu_count()} cores"


def commit():
    def git(*words):
        return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True).stdout.strip()

    return git("rev-parse", "--short", "HEAD") + (" with changes" if git("status", "--porcelain", "src") else "")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--distill", required=True, type=pathlib.Path)
    parser.add_argument("--redact-core", required=True, type=pathlib.Path)
    parser.add_argument("--resumes", type=pathlib.Path, help="PDFs with their sources beside them")
    parser.add_argument("--megabytes", type=float, default=4, help="how much the fast ones are asked to mask")
    parser.add_argument("--write", type=pathlib.Path, help="the page whose figures to replace")
    args = parser.parse_args()
    distill = str(args.distill.resolve())

    version = importlib.metadata.version
    pinned = re.search(r'redact-core = "=([\d.]+)"', (HERE / "redact-core" / "Cargo.toml").read_text())[1]
    python = [sys.executable, str(HERE / "filters.py")]
    maskers = {
        "distill": [distill, "mask", "--jsonl"],
        f"Presidio {version('presidio-analyzer')}": [*python, "presidio"],
        f"scrubadub {version('scrubadub')}": [*python, "scrubadub"],
        f"DataFog {version('datafog')}": [*python, "datafog"],
        f"CommonRegex {version('commonregex')}": [*python, "commonregex"],
        f"redact-core {pinned}": [str(args.redact_core.resolve())],
    }
    groups = {"fixtures": fixtures()}
    if args.resumes:
        groups["résumés of others"] = resumes(args.resumes)
    lines = [
        f"Checkout {commit()}, Python {platform.python_version()}, {machine()}.",
        "",
        "### Masking",
        "",
        *masking(maskers, args.megabytes),
        "",
        "### Extraction",
        "",
        f"Beside markitdown {version('markitdown')}.",
        "",
        *extraction(distill, groups),
    ]
    page = "\n".join(lines)
    print(page)
    if args.write:
        text = args.write.read_text(encoding="utf-8")
        begin, end = "<!-- peers -->\n", "<!-- end -->\n"
        before, rest = text.split(begin)
        args.write.write_text(f"{before}{begin}\n{page}\n\n{end}{rest.split(end)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
