"""How many of a source's words an extractor gives back, in order.

    python tests/parity/pdf_words.py --distill PATH [--markitdown PATH] FOLDER...

Every `<name>.pdf` of a folder is compared with the source beside it: `<name>.txt`, `.md`, `.html` or `.yaml`. A file
without one takes the only YAML of its folder. Words are runs of letters and digits in lower case, ligatures and
hyphenation marks resolved, addresses of links left out. `kept` is the longest common subsequence over the words of
the source, `found` the same whatever the order, `more` what the output has beyond `kept`.
"""

import argparse
import collections
import pathlib
import re
import subprocess
import unicodedata


def words(text):
    text = unicodedata.normalize("NFKC", text).replace("\u00ad", "")
    text = re.sub(r"\]\([^()\s]*(\([^()\s]*\)[^()\s]*)*\)", "]", text)
    text = re.sub(r"<(?:https?|mailto|tel):[^>\s]*>", " ", text)
    return re.findall(r"[^\W_]+", text.lower())


def from_yaml(path):
    """The values of a rendercv file, in the order of the file, dates as months and years."""
    import yaml

    months = "Jan Feb Mar Apr May June July Aug Sept Oct Nov Dec".split()

    def value(node):
        match = re.fullmatch(r"(\d{4})-(\d{2})", str(node))
        return f"{months[int(match[2]) - 1]} {match[1]}" if match else str(node)

    def walk(node, key=""):
        if isinstance(node, dict):
            for inner, child in node.items():
                if key == "sections":
                    out.append(inner.replace("_", " "))
                if inner not in ("network", "url") and child is not None:
                    walk(child, inner)
        elif isinstance(node, list):
            for child in node:
                walk(child)
        elif node is not None:
            out.append(value(node))

    out = []
    data = yaml.safe_load(path.read_text())
    walk({key: data["cv"][key] for key in ("name", "location", "email", "website", "social_networks", "sections")})
    return "\n".join(out)


def source_of(pdf):
    for ending in (".txt", ".md", ".yaml"):
        if (path := pdf.with_suffix(ending)).exists():
            return from_yaml(path) if ending == ".yaml" else path.read_text()
    found = list(pdf.parent.glob("*.yaml"))
    return from_yaml(found[0]) if len(found) == 1 else None


def common(a, b):
    """Length of the longest common subsequence, by bit vectors (Hyyrö 2004)."""
    places = {}
    for idx, word in enumerate(a):
        places[word] = places.get(word, 0) | 1 << idx
    row = full = (1 << len(a)) - 1
    for word in b:
        match = row & places.get(word, 0)
        row = ((row + match) | (row - match)) & full
    return len(a) - row.bit_count()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--distill", required=True)
    parser.add_argument("--markitdown")
    parser.add_argument("--missing", action="store_true", help="show words that are missing or out of order")
    parser.add_argument("folders", nargs="+", type=pathlib.Path)
    args = parser.parse_args()
    tools = {"distill": args.distill.split()}
    if args.markitdown:
        tools["markitdown"] = [args.markitdown]
    print("| file | words |" + "".join(f" {tool} kept | found | more |" for tool in tools))
    print("|---|--:|" + "--:|--:|--:|" * len(tools))
    totals = {tool: [] for tool in tools}
    for pdf in sorted(path for folder in args.folders for path in folder.glob("*.pdf")):
        source = source_of(pdf)
        if source is None:
            continue
        wanted = words(source)
        row = f"| {pdf.stem} | {len(wanted)} |"
        for tool, command in tools.items():
            done = subprocess.run([*command, str(pdf)], capture_output=True, text=True)
            found = words(done.stdout)
            kept = common(wanted, found)
            anywhere = (collections.Counter(wanted) & collections.Counter(found)).total()
            totals[tool].append((kept / len(wanted), anywhere / len(wanted)))
            row += f" {100 * kept / len(wanted):.1f} % | {100 * anywhere / len(wanted):.1f} % | {len(found) - kept} |"
            if args.missing and tool == "distill":
                import difflib

                for tag, i, j, k, l in difflib.SequenceMatcher(None, wanted, found, autojunk=False).get_opcodes():
                    if tag != "equal":
                        print("   ", tag, wanted[i:j][:14], "->", found[k:l][:14])
        print(row, flush=True)
    for label, pick in (("mean", lambda values: sum(values) / len(values)), ("worst", min)):
        cells = (
            f" {100 * pick(kept):.1f} % | {100 * pick(found):.1f} % |  |"
            for kept, found in (tuple(zip(*values)) for values in totals.values())
        )
        print(f"| {label} |  |" + "".join(cells))


if __name__ == "__main__":
    main()
