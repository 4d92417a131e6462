#!/usr/bin/env python3
"""Greedy answers of `distill chat` against llama-completion --temp 0 on the same GGUF: same text, same end of turn.

    python check_chat.py FOLDER --distill PROGRAM --llama-bin DIR [--types F16 F32] [--prompts FILE.jsonl] [--count 12]

FOLDER is a merged Hugging Face folder of a model that was trained to end its turns, such as the demo's out/merged; it
is exported to every type. Prompts are the demo persona's questions and some that are hard on tokenizers, or the
`instruction` or `prompt` of every line of FILE.jsonl.

Single turns go the way of a user: llama-completion renders the template that stands in the GGUF (-cnv -st --jinja) and
says "[end of text]" where the model ended its turn by itself. Second turns are rendered here from the folder's template,
with distill's own first answer in them, and given as a whole (-no-cnv), to see that history is kept.
A control token written out in a question ("<|eot_id|>") is none of the prompts: distill takes it as text, llama.cpp's
chat reads it as the token, so the answers have to differ.

With --gguf FILE that file is asked instead, for quantised ones: there both sides round activations to 8 bits, not in
the same way, so answers part where two tokens are nearly level; --allow says how many may.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from jinja2.sandbox import ImmutableSandboxedEnvironment

from parity_common import Report, print_versions

ROOT = Path(__file__).resolve().parents[2]
EXPORT = "export --model {model} --quant {lower} -o {out}"
END = "[end of text]"
HARD = [
    "Say  two   spaces,\ta tab and\n\na blank line.",
    "Что ты ел на завтрак? 昨日は何を食べましたか？ 🚣‍♀️🫖",
    "< | eot_id | > is what I write, and <|eot is not whole, [INST] neither.",
    "12345678 buoys, 3.14159 kettles, it's, IT'S, we'LL",
    "e\u0301 \u00e9 \ufb01 \u200b \u00a0 \u2028 end",
]


def run(command: list, threads: int, stdin: str = "") -> str:
    given = [str(x) for x in command]
    variables = {**os.environ, "RAYON_NUM_THREADS": str(threads), "OMP_NUM_THREADS": str(threads), "DISTILL_NO_PROGRESS": "1"}
    done = subprocess.run(given, input=stdin.encode(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=variables)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(given)}\nstatus {done.returncode}\n{done.stderr.decode('utf-8', 'replace')[-1500:]}")
    return done.stdout.decode("utf-8", "replace")


class Asker:
    def __init__(self, args, gguf: Path) -> None:
        self.args, self.gguf = args, gguf
        config = json.loads((args.folder / "tokenizer_config.json").read_text(encoding="utf-8"))
        names = {k: v if isinstance(v, str) else v["content"] for k, v in config.items() if k in ("bos_token", "eos_token") and v}
        template = args.folder / "chat_template.jinja"
        source = template.read_text(encoding="utf-8") if template.exists() else config["chat_template"]
        environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
        self.render = lambda messages: environment.from_string(source).render(
            messages=messages, add_generation_prompt=True, **names
        ).removeprefix(names.get("bos_token", ""))  # llama.cpp puts its own in front.

    def ours(self, prompt: str, history: list[str] = ()) -> list[str]:
        """The answer to the prompt, or to every one of several."""
        command = [self.args.distill, "chat", "-m", self.gguf, "-n", self.args.tokens, "--temperature", 0]
        if not history:
            return [run([*command, "-p", "-"], self.args.threads, prompt).strip()]
        said = run(command, self.args.threads, "".join(x + "\n" for x in (*history, prompt)))
        return said.strip().split("\n")

    def theirs(self, prompt: str, whole: bool, expected: str) -> tuple[str, bool]:
        """The answer, and whether the turn was ended by the model."""
        with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8", newline="") as file:
            file.write(prompt)
            file.flush()
            command = [self.args.llama_bin / "llama-completion", "-m", self.gguf, "--temp", 0, "-n", self.args.tokens]
            command += ["-t", self.args.threads, "--no-display-prompt", "--no-escape", "-c", self.args.context]
            command += ["-no-cnv"] if whole else ["-cnv", "-st", "--jinja"]
            # A file loses one line break at its end, and so would a prompt; -bf keeps it.
            command += ["-bf" if whole else "-f", file.name, *shlex.split(self.args.llama_options)]
            for _ in range(6):
                said = run(command, self.args.threads)
                ended = END in said
                text = said.split(END)[0].strip()
                # Its log, answers included, is written by a thread that it does not wait for: again where the end lacks.
                if ended or len(text) > len(expected):
                    break
        return text, ended


def difference(a: str, b: str) -> str:
    at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
    return f"at character {at}: {a[max(0, at - 20) : at + 30]!r} against llama.cpp's {b[max(0, at - 20) : at + 30]!r}"


def prompts(args) -> list[str]:
    if args.prompts:
        rows = [json.loads(x) for x in args.prompts.read_text(encoding="utf-8").splitlines() if x.strip()]
        return [r.get("instruction") or r["prompt"] for r in rows][: args.count]
    rows = [json.loads(x) for x in (ROOT / "fixtures/persona/rows/qa.jsonl").read_text(encoding="utf-8").splitlines()]
    step = max(1, len(rows) // args.count)
    return [r["instruction"] for r in rows[::step]][: args.count] + HARD


def check(report: Report, args, name: str, gguf: Path) -> None:
    asker = Asker(args, gguf)
    asked = prompts(args)
    apart, unended, answers = [], 0, {}
    for prompt in asked:
        (mine,) = asker.ours(prompt)
        answers[prompt] = mine
        text, ended = asker.theirs(prompt, False, mine)
        if text != mine:
            apart.append(f"{prompt[:40]!r}: {difference(mine, text)}")
        unended += not ended
    report.check(
        len(apart) <= args.allow,
        f"{name}: {len(asked) - len(apart)} of {len(asked)} answers are the same" + "".join(f"\n        {x}" for x in apart[:6]),
    )
    report.check(unended <= args.allow_unended, f"{name}: llama.cpp ended {len(asked) - unended} of {len(asked)} turns by itself")
    apart, turns = [], 0
    # One line is one question, so only prompts of one line, and answers of one line, can be taken apart again.
    single = [p for p in asked[: args.count] if "\n" not in p and "\n" not in answers[p]]
    for first, second in zip(single[::2], single[1::2]):
        said = asker.ours(second, [first])
        if len(said) != 2:
            continue
        turns += 1
        messages = [("user", first), ("assistant", said[0]), ("user", second)]
        whole = asker.render([{"role": r, "content": c} for r, c in messages])
        text, _ = asker.theirs(whole, True, said[1])
        if text != said[1]:
            apart.append(f"{second[:40]!r}: {difference(said[1], text)}")
    report.check(
        len(apart) <= args.allow and turns > 0,
        f"{name}: {turns - len(apart)} of {turns} second turns are the same" + "".join(f"\n        {x}" for x in apart[:6]),
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=lambda p: Path(p).resolve())
    parser.add_argument("--distill", type=lambda p: Path(p).resolve(), required=True)
    parser.add_argument("--llama-bin", type=Path, default=os.environ.get("LLAMA_BIN"), help="the folder of llama-completion")
    parser.add_argument("--types", nargs="*", default=["F16"], type=str.upper)
    parser.add_argument("--gguf", nargs="*", default=[], type=Path, help="files that exist already")
    parser.add_argument("--prompts", type=Path)
    parser.add_argument("--count", type=int, default=12)
    parser.add_argument("--tokens", type=int, default=96)
    parser.add_argument("--context", type=int, default=1024)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--allow", type=int, default=0, help="how many answers may differ")
    parser.add_argument("--allow-unended", type=int, default=1, help="how many turns may run to the limit of tokens")
    parser.add_argument("--export", default=EXPORT, help="arguments with {model} {type} {lower} {out}")
    parser.add_argument("--llama-options", default="", help="more options of llama-completion, such as '-fa off -ctk f32'")
    args = parser.parse_args()
    if not args.llama_bin:
        parser.error("--llama-bin or LLAMA_BIN is needed")
    print_versions("jinja2")
    report = Report()
    with tempfile.TemporaryDirectory(prefix="chat-") as scratch:
        for kind in args.types:
            out = Path(scratch) / f"{kind}.gguf"
            given = {"model": args.folder, "type": kind, "lower": kind.lower(), "out": out}
            run([args.distill, *(w.format(**given) for w in shlex.split(args.export))], args.threads)
            check(report, args, kind, out)
        for file in args.gguf:
            check(report, args, file.name, file.resolve())
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
