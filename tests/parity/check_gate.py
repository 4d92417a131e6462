#!/usr/bin/env python3
"""The export gate's figures against llama-perplexity --kl-divergence, on one model, one file and one text.

    python check_gate.py MERGED_FOLDER --distill PROGRAM --llama-bin DIR [--types Q4_K_S Q8_0] [--text FILE]
                         [--base bf16] [--imatrix FILE] [--llama-cpp DIR --exact] [--out FILE.json]

The model has to know something: with random weights every next token is about as likely, and a divergence says nothing.
A tiny one trained by `distill demo` will do (its out/merged). Without --text the text is the demo persona's questions
and answers (fixtures/persona/rows), one after the other.

Made by `distill export`: the base (bf16, unquantised) and a file of every type. llama-perplexity scores the base once
and keeps its log-probabilities, then scores every other file against them; `distill export --check` gives its own
figures on the same text, of which both take 64 windows at most (--ours, --ours-imatrix: its arguments). With --exact a third opinion: transformers in f32 with
the weights that the file stands for (gguf-py's values), so without any rounding of activations.

How close is close: llama.cpp's rounding of activations and of the base's (bf16) is in its figures. On the demo's student
(26 windows, 6630 positions) it printed a mean KLD of 0.00100 for Q8_0 and 0.0442 for Q4_K_S where --exact finds 0.00039
and 0.0425, and 97.8 % and 87.5 % equal tops against 98.8 % and 87.8 %. A gate that rounds in another way, or not at all,
may be as far from it, which is what --floor, --share and --top allow.

How llama-perplexity counts (tools/perplexity/perplexity.cpp, read at llama.cpp 0.5.0, ggml 0.25.3):

- The file's last newline, if it ends with one, is taken off. The whole text is tokenised at once with what the
  tokenizer adds (BOS, where tokenizer.ggml.add_bos_token says so) and without reading control tokens in it
  (parse_special = false). It has to have 2 * n_ctx tokens at least.
- Windows are n_ctx = 512 tokens that do not overlap; what is left over at the end is not scored. Each starts with an
  empty cache. Where add_bos_token holds the first token of EVERY window is replaced by BOS (not put before it), so one
  token of text a window is never seen; in the first window it is the BOS of the tokenizer itself.
- Positions n_ctx/2 .. n_ctx-2, 255 of them, predict the tokens n_ctx/2+1 .. n_ctx-1. The logits of the last position
  are not used, nor is anything of the first half. All windows weigh the same; sums run over all positions.
- Four windows are computed at once as sequences of one batch (n_batch 2048); this changes nothing but rounding. The
  cache is f16 and flash attention is on where it can be; activations are quantised to 8 bits before products with
  quantised weights, and rounded to bf16 or f16 before products with weights of these types.
- The base's log-probabilities are kept as 16-bit whole numbers, not as f16: per position a scale and a smallest value in
  f32, log p = scale * n + least, over the range [max(lowest logit, highest - 16), highest]. So the error is at most half
  a step, 16 / 65535 / 2 = 0.00012 nats, and every logit more than 16 below the best counts as exactly 16 below.
- KLD of a position is the sum over the vocabulary of p_base * (log p_base - log p), in f32 exponentials and a double
  sum, p from this run's own logits; entries whose log p_base is not above -16 are left out. It can come out slightly
  negative.
- "Same top p": the first largest logit of this run is at the same token as the first largest stored log p.
- Percentiles: over the sorted values of all positions, linear between the two neighbours of fraction * (count - 1).
- PPL = exp(mean nll). "Mean PPL(Q)/PPL(base)" is the exponential of the difference of the mean nll of both. PPL(base)
  comes from the 16-bit values, in which nothing is less likely than the best / e^16, and PPL(Q) from full logits: where
  a model is often very sure and wrong, as a tiny one is on plain text, the printed ratio is too high (by 0.8 % on the
  demo's). Here `ratio` is PPL(Q) over the PPL that it printed when it scored the base; `ratio_printed` is its own. The
  mean KLD does not suffer: the base gives those tokens nothing. No statistics are printed for less than 100 positions.
- The uncertainties are standard errors of means over positions taken as independent: sqrt((mean of squares - square of
  mean) / (count - 1)); for the share of equal tops sqrt(s (1 - s) / (count - 1)); for ln of the ratio by the covariance of
  both nll; for a ratio or a PPL the value times that of its logarithm.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from parity_common import Report, print_versions

ROOT = Path(__file__).resolve().parents[2]
OURS = "export --model {model} --quant {lower} -o {out} --check {text} --json"
PLAIN = "export --model {model} --quant {lower} -o {out}"
# Names here and in `quality.divergence` of what the program prints.
KEYS = {"kld": "mean_kld", "kld_99": "kld_99", "top": "same_top", "ratio": "perplexity_ratio", "positions": "positions"}
# The gate reads no more windows of a text than this.
MOST_WINDOWS = 64
FINAL = r"Final estimate: PPL = ([\d.]+) \+/- ([\d.]+)"
NUMBER = r"\s*:\s*(-?[\d.]+(?:e[+-]?\d+)?|-?nan|-?inf)"
PRINTED = {
    "ppl": r"Mean PPL\(Q\)",
    "ppl_base": r"Mean PPL\(base\)",
    "ln_ratio": r"Mean ln\(PPL\(Q\)/PPL\(base\)\)",
    "ratio_printed": r"Mean PPL\(Q\)/PPL\(base\)",
    "kld": r"Mean\s+KLD",
    "kld_max": r"Maximum KLD",
    "kld_999": r"99\.9%\s+KLD",
    "kld_99": r"99\.0%\s+KLD",
    "kld_95": r"95\.0%\s+KLD",
    "kld_median": r"Median\s+KLD",
    "kld_min": r"Minimum KLD",
    "p_rms": r"RMS Δp",
    "top": r"Same top p",
}


def run(command: list, threads: int) -> tuple[str, str]:
    given = [str(x) for x in command]
    variables = {**os.environ, "RAYON_NUM_THREADS": str(threads), "OMP_NUM_THREADS": str(threads), "DISTILL_NO_PROGRESS": "1"}
    done = subprocess.run(given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace", env=variables)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(given)}\nstatus {done.returncode}\n{done.stdout[-1500:]}{done.stderr[-1500:]}")
    return done.stdout, done.stderr


def rows_text() -> str:
    out = []
    for path in sorted((ROOT / "fixtures" / "persona" / "rows").glob("qa*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            out.append(f"{row['instruction'].strip()}\n\n{row['response'].strip()}")
    return "\n\n".join(out)


class Llama:
    def __init__(self, args, text: Path, scratch: Path) -> None:
        self.args, self.text, self.kept = args, text, scratch / "base.kld"

    def perplexity(self, gguf: Path, *more) -> str:
        command = [self.args.llama_bin / "llama-perplexity", "-m", gguf, "-c", self.args.context, "-t", self.args.threads]
        return "".join(run([*command, *more, *shlex.split(self.args.llama_options)], self.args.threads))

    def base(self, gguf: Path) -> dict:
        given = ("-f", self.text, "--kl-divergence-base", self.kept, "--chunks", MOST_WINDOWS)
        found, said = self.until(lambda said: "need at least" in said or re.search(FINAL, said), gguf, *given)
        if found is True:
            raise RuntimeError(f"llama-perplexity did not score the base\n{said[-800:]}")
        windows, context = self.tokens().shape
        return {"windows": windows, "context": context, "ppl": float(found[1]), "ppl_error": float(found[2])}

    def until(self, wanted, gguf: Path, *more):
        """Its log is written by a thread that it does not wait for at the end, so the last lines may be lost: again, then."""
        for _ in range(8):
            said = self.perplexity(gguf, *more)
            if found := wanted(said):
                return found, said
        raise RuntimeError(f"llama-perplexity did not print its figures\n{said[-2500:]}")

    def against_base(self, gguf: Path) -> dict:
        def figures(said: str) -> dict | None:
            found = {n: re.search(p + NUMBER + r"(?:\s*±\s*([\d.]+|nan))?", said) for n, p in PRINTED.items()}
            return found if all(found.values()) else None

        found, _ = self.until(figures, gguf, "--kl-divergence-base", self.kept, "--kl-divergence")
        out = {}
        for name, match in found.items():
            scale = 0.01 if name in ("top", "p_rms") else 1.0
            out[name] = float(match[1]) * scale
            if match[2]:
                out[name + "_error"] = float(match[2]) * scale
        return out

    def tokens(self) -> np.ndarray:
        """The windows as llama.cpp cut them, from the head of the kept file: [windows, context]."""
        with self.kept.open("rb") as file:
            assert file.read(8) == b"_logits_"
            context, _vocabulary, windows = struct.unpack("<Iii", file.read(12))
            return np.frombuffer(file.read(4 * context * windows), dtype="<i4").reshape(windows, context)


def export(args, kind: str, out: Path, text: Path, matrix: Path | None) -> dict | None:
    """Writes the file; the gate's figures if the program has them."""
    given = {"model": args.folder, "type": kind, "lower": kind.lower(), "out": out, "text": text}
    more = [w.format(imatrix=matrix) for w in shlex.split(args.ours_imatrix)] if matrix else []
    try:
        said, _ = run([args.distill, *(w.format(**given) for w in shlex.split(args.ours)), *more], args.threads)
    except RuntimeError as error:
        if "unexpected argument" not in str(error) and "invalid value" not in str(error):
            raise
        print("info  this program has no gate on a text: " + str(error).splitlines()[2])
        run([args.distill, *(w.format(**given) for w in shlex.split(args.plain)), *more], args.threads)
        return None
    found = json.loads(said)["quality"]["divergence"]
    return {name: found[key] for name, key in KEYS.items()} | {"ppl_base": found["reference_perplexity"]}


class Exact:
    """The same figures by transformers in f32, with the values that the file's weights stand for."""

    def __init__(self, args, windows: np.ndarray) -> None:
        import torch
        from transformers import AutoModelForCausalLM

        sys.path.insert(0, str(args.llama_cpp / "gguf-py"))
        import gguf

        torch.set_num_threads(args.threads)
        self.torch, self.gguf, self.windows = torch, gguf, windows.copy()
        self.model = AutoModelForCausalLM.from_pretrained(args.folder, dtype=torch.float32, attn_implementation="eager").eval()
        self.original = {k: v.clone() for k, v in self.model.state_dict().items()}
        config = json.loads((args.folder / "config.json").read_text(encoding="utf-8"))
        self.heads = config["num_attention_heads"]
        self.kv = config.get("num_key_value_heads") or self.heads
        self.bos = config["bos_token_id"]
        self.base = self.log_probs()

    def log_probs(self):
        half = self.windows.shape[1] // 2
        out = []
        with self.torch.no_grad():
            for window in self.windows:
                ids = self.torch.tensor(window[None].astype(np.int64))
                out.append(self.model(ids).logits[0, half:-1].double().log_softmax(-1).float())
        return out

    def load(self, gguf: Path) -> None:
        reader = self.gguf.GGUFReader(str(gguf))
        field = reader.fields.get("tokenizer.ggml.add_bos_token")
        if field and field.contents():
            self.windows[:, 0] = self.bos
        architecture = reader.fields["general.architecture"].contents()
        names = self.gguf.get_tensor_name_map(next(k for k, v in self.gguf.MODEL_ARCH_NAMES.items() if v == architecture), 200)
        ours = {}
        for key in self.original:
            found = names.get_name(key, try_suffixes=(".weight", ".bias"))
            if found:
                ours[found] = key
        state = dict(self.original)
        for tensor in reader.tensors:
            key = ours.get(tensor.name)
            if key is None:
                continue
            value = self.gguf.quants.dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
            value = value.reshape(self.original[key].shape)
            if architecture == "llama" and (".attn_q." in tensor.name or ".attn_k." in tensor.name):
                heads = self.heads if ".attn_q." in tensor.name else self.kv
                rows, rest = value.shape[0], value.shape[1:]
                # The converter puts the halves of a head's rotation side by side; here they lie one after the other.
                value = value.reshape(heads, rows // heads // 2, 2, *rest).swapaxes(1, 2).reshape(value.shape)
            state[key] = self.torch.from_numpy(np.ascontiguousarray(value))
        if self.model.config.tie_word_embeddings:
            state["lm_head.weight"] = state["model.embed_tokens.weight"]
        self.model.load_state_dict(state)

    def against_base(self, gguf: Path) -> dict:
        self.load(gguf)
        half = self.windows.shape[1] // 2
        divergences, nll, nll_base, same = [], [], [], []
        for window, base, now in zip(self.windows, self.base, self.log_probs()):
            divergences.append((base.double().exp() * (base.double() - now.double())).sum(-1))
            target = self.torch.tensor(window[half + 1 :].astype(np.int64))[:, None]
            nll.append(-now.gather(1, target)[:, 0].double())
            nll_base.append(-base.gather(1, target)[:, 0].double())
            same.append(now.argmax(-1) == base.argmax(-1))
        kld, nll, nll_base, same = (self.torch.cat(x).double().numpy() for x in (divergences, nll, nll_base, same))
        return {
            "kld": float(kld.mean()),
            "kld_error": float(kld.std() / np.sqrt(len(kld) - 1)),
            "kld_99": float(np.quantile(kld, 0.99)),
            "kld_median": float(np.median(kld)),
            "kld_max": float(kld.max()),
            "top": float(same.mean()),
            "ratio": float(np.exp(nll.mean() - nll_base.mean())),
            "ppl": float(np.exp(nll.mean())),
            "ppl_base": float(np.exp(nll_base.mean())),
            "positions": len(kld),
        }


def line(who: str, f: dict) -> str:
    return f"      {who:9} KLD {f['kld']:.5f}, 99 % {f['kld_99']:.4f}, same top {100 * f['top']:.2f} %, PPL ratio {f['ratio']:.4f}"


def compare(report: Report, args, what: str, ours: dict, theirs: dict, positions: int) -> None:
    def near(name: str, allowed: float) -> None:
        gap = abs(ours[name] - theirs[name])
        report.check(gap <= allowed, f"{what}: {name} {ours[name]:.5f} against {theirs[name]:.5f} (at most {allowed:.5f} apart)")

    near("kld", max(args.share * theirs["kld"], args.floor))
    near("kld_99", max(2 * args.share * theirs["kld_99"], 5 * args.floor))
    near("top", args.top)
    near("ratio", max(args.share * abs(theirs["ratio"] - 1), args.ratio))
    if ours.get("positions") is not None:
        report.check(ours["positions"] == positions, f"{what}: {ours['positions']:.0f} positions, llama.cpp has {positions}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=lambda p: Path(p).resolve(), help="a merged Hugging Face folder")
    parser.add_argument("--distill", type=lambda p: Path(p).resolve(), required=True)
    parser.add_argument("--llama-bin", type=Path, default=os.environ.get("LLAMA_BIN"), help="the folder of llama-perplexity")
    parser.add_argument("--llama-cpp", type=Path, default=os.environ.get("LLAMA_CPP_DIR"), help="for --exact: has gguf-py")
    parser.add_argument("--text", type=Path)
    parser.add_argument("--types", nargs="+", default=["Q8_0", "Q6_K", "Q5_K_S", "Q4_K_M", "Q4_K_S"], type=str.upper)
    parser.add_argument("--base", default="BF16", type=str.upper, help="type of the base: F32, F16 or BF16")
    parser.add_argument("--imatrix", type=Path, help="score every type with this importance matrix too")
    parser.add_argument("--exact", action="store_true")
    parser.add_argument("--context", type=int, default=512)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--llama-options", default="", help="more options of llama-perplexity, such as '-fa off -ctk f32'")
    parser.add_argument("--ours", default=OURS, help="arguments with {model} {type} {lower} {out} {text}")
    parser.add_argument("--plain", default=PLAIN, help="the same without the gate")
    parser.add_argument("--ours-imatrix", default="--imatrix {imatrix}")
    parser.add_argument("--share", type=float, default=0.1, help="by how much of llama.cpp's mean KLD ours may differ")
    parser.add_argument("--floor", type=float, default=0.002, help="what the mean KLD may differ by in any case")
    parser.add_argument("--top", type=float, default=0.015, help="what the share of equal tops may differ by")
    parser.add_argument("--ratio", type=float, default=0.005, help="what the ratio of perplexities may differ by")
    parser.add_argument("--keep", type=Path, help="keep the GGUFs and the base's log-probabilities in this folder")
    parser.add_argument("--out", type=Path, help="all figures as JSON")
    args = parser.parse_args()
    if not args.llama_bin:
        parser.error("--llama-bin or LLAMA_BIN is needed")
    if args.exact and not args.llama_cpp:
        parser.error("--exact needs --llama-cpp or LLAMA_CPP_DIR")
    print_versions(*(["torch", "transformers", "numpy"] if args.exact else ["numpy"]))
    report = Report()
    with tempfile.TemporaryDirectory(prefix="gate-") as tmp:
        scratch = args.keep or Path(tmp)
        scratch.mkdir(parents=True, exist_ok=True)
        text = scratch / "text.txt"
        words = args.text.read_text(encoding="utf-8") if args.text else rows_text()
        text.write_text(words.rstrip("\n"), encoding="utf-8")
        base = scratch / f"{args.base}.gguf"
        given = {"model": args.folder, "type": args.base, "lower": args.base.lower(), "out": base}
        run([args.distill, *(w.format(**given) for w in shlex.split(args.plain))], args.threads)
        llama = Llama(args, text, scratch)
        found = llama.base(base)
        positions = found["windows"] * (found["context"] - 1 - found["context"] // 2)
        print(f"base {args.base}: {found['windows']} windows, {positions} positions, PPL {found['ppl']:.4f} ± {found['ppl_error']:.4f}")
        exact = None
        if args.exact:
            exact = Exact(args, llama.tokens())
            exact.load(base)  # Sees whether windows begin with BOS.
            exact.base = exact.log_probs()
        results = {"folder": args.folder.name, "base": found | {"type": args.base, "positions": positions}, "files": {}}
        for matrix in (None, args.imatrix) if args.imatrix else (None,):
            for kind in args.types:
                what = kind + (" + imatrix" if matrix else "")
                file = scratch / f"{kind}{'-imatrix' if matrix else ''}.gguf"
                ours = export(args, kind, file, text, matrix)
                entry = {"llama.cpp": llama.against_base(file), "bytes": file.stat().st_size}
                entry["llama.cpp"]["ratio"] = entry["llama.cpp"]["ppl"] / found["ppl"]
                if ours:
                    entry["distill"] = ours
                if exact:
                    entry["exact"] = exact.against_base(file)
                results["files"][what] = entry
                print(what)
                for who in ("llama.cpp", "distill", "exact"):
                    if who in entry:
                        print(line(who, entry[who]))
                if ours:
                    compare(report, args, what, ours, entry["llama.cpp"], positions)
        if args.imatrix:
            for kind in args.types:
                with_matrix, without = (results["files"][kind + m]["llama.cpp"]["kld"] for m in (" + imatrix", ""))
                report.check(with_matrix <= without, f"{kind}: KLD {with_matrix:.5f} with the matrix, {without:.5f} without")
        if args.out:
            args.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
